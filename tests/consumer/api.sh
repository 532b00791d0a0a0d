#!/bin/sh
# The names of the functions that public headers declare, sorted.
#
# usage: api.sh HEADER...

set -eu

sed -n 's/^DCN_API [^(]*[ *]\(dcn_[a-z0-9_]*\)(.*/\1/p' "$@" | LC_ALL=C sort
