#!/bin/sh
# The installed library as its users see it: installs a build into a temporary folder and compiles and runs programs
# against that, with nothing but a compiler and pkg-config.
#
# usage: run.sh MESON BUILD_DIR SOURCE_DIR
# Exits with 77, "skipped", where pkg-config is missing. $CC, $CXX and $PKG_CONFIG are respected.

set -eu

[ $# -eq 3 ] || {
    echo 'usage: run.sh MESON BUILD_DIR SOURCE_DIR' >&2
    exit 2
}
meson=$1 build=$2 source=$3
cc=${CC:-cc} cxx=${CXX:-c++} pkg_config=${PKG_CONFIG:-pkg-config}
passed=0 failed=0 skipped=0

skip() {
    echo "skip $1: $2"
    skipped=$((skipped + 1))
}

# check NAME COMMAND...: one case; the command exits with 77 to be left out. Its output is shown unless it passes.
check() {
    name=$1 status=0
    shift
    "$@" >"$work/log" 2>&1 || status=$?
    case $status in
    0)
        echo "ok   $name"
        passed=$((passed + 1))
        ;;
    77) skip "$name" "$(cat "$work/log")" ;;
    *)
        echo "FAIL $name: $* exited with $status"
        cat "$work/log"
        failed=$((failed + 1))
        ;;
    esac
}

# pc_flags ARGS...: what the installed .pc file answers. The staged tree is not where its prefix says.
pc_flags() {
    PKG_CONFIG_PATH=$(dirname "$pc") "$pkg_config" --define-variable=prefix="$work/stage$prefix" "$@"
}

# compile COMPILER SOURCE PROGRAM [OTHER PACKAGE]
compile() {
    others=''
    [ $# -lt 4 ] || others=$("$pkg_config" --cflags --libs "$4")
    # Flags and a compiler may be several words.
    # shellcheck disable=SC2046,SC2086
    $1 -Wall -Wextra -pedantic -Werror "$2" -o "$work/$3" $(pc_flags --cflags --libs dcnv4) $others
}

run() {
    LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$@"
}

one_call_prints() {
    run "$work/one_call" | diff "$source/tests/consumer/one_call.expected" -
}

version_matches() {
    [ "$(run "$work/version")" = "$(pc_flags --modversion dcnv4)" ]
}

exports_only_the_api() {
    nm -D --defined-only "$libdir/libdcnv4.so" | awk '$3 !~ /^dcn_/ { print; bad = 1 } END { exit bad }'
}

command -v "$pkg_config" >/dev/null || {
    echo 'left out: pkg-config is missing'
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
DESTDIR=$work/stage "$meson" install -C "$build" --no-rebuild >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
pc=$(find "$work/stage" -name dcnv4.pc)
libdir=$(dirname "$(find "$work/stage" -name libdcnv4.so)")
prefix=$(sed -n 's/^prefix=//p' "$pc")

check 'one_call compiles' compile "$cc -std=c11" "$source/examples/one_call.c" one_call
check 'one_call prints what it should' one_call_prints
if command -v "${cxx%% *}" >/dev/null; then
    check 'a C++ program compiles' compile "$cxx -std=c++11" "$source/tests/consumer/version.cpp" version
    check 'the library has the version of its .pc file' version_matches
else
    skip 'a C++ program compiles and runs' 'no C++ compiler'
fi
if "$pkg_config" --exists OpenCL; then
    check 'own_opencl compiles' compile "$cc -std=c11" "$source/examples/own_opencl.c" own_opencl OpenCL
    check 'own_opencl runs' run "$work/own_opencl"
else
    skip 'own_opencl compiles and runs' 'no OpenCL headers and loader'
fi
if command -v nm >/dev/null; then
    check 'only dcn_* is exported' exports_only_the_api
else
    skip 'only dcn_* is exported' 'nm is missing'
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
