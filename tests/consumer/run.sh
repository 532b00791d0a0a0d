#!/bin/sh
# The library as its users have it: installs a build into a temporary folder, moves it, and there looks at what was
# installed and builds and runs programs against it, by pkg-config, CMake and Meson; then builds it as a Meson subproject.
#
# usage: run.sh MESON BUILD_DIR SOURCE_DIR PREFIX VERSION
# $CC, $CXX, $PKG_CONFIG and $CUDA_HOME are respected. What lacks a tool is left out, with the reason.

set -eu

[ $# -eq 5 ] || {
    echo 'usage: run.sh MESON BUILD_DIR SOURCE_DIR PREFIX VERSION' >&2
    exit 2
}
meson=$1 build=$2 source=$3 prefix=$4 version=$5
here=$source/tests/consumer
cc=${CC:-cc} cxx=${CXX:-c++} pkg_config=${PKG_CONFIG:-pkg-config} cuda=${CUDA_HOME:-/usr/local/cuda}
left_out=77
passed=0 failed=0 skipped=0

# --- Cases ------------------------------------------------------------------------------------------------------------

skip() {
    echo "skip $1: $2"
    skipped=$((skipped + 1))
}

# check NAME COMMAND...: one case; the command exits with 77 to be left out, its last line being the reason. Its output
# is shown unless it passes.
check() {
    name=$1 status=0
    shift
    "$@" >"$work/log" 2>&1 || status=$?
    case $status in
    0)
        echo "ok   $name"
        passed=$((passed + 1))
        ;;
    "$left_out") skip "$name" "$(tail -n 1 "$work/log")" ;;
    *)
        echo "FAIL $name: $* exited with $status"
        cat "$work/log"
        failed=$((failed + 1))
        ;;
    esac
}

# need COMMAND: for a case; leaves it out when the command is missing. A compiler may be several words.
need() {
    command -v "${1%% *}" >/dev/null || {
        echo "$1 is missing"
        return $left_out
    }
}

# --- Building and running ---------------------------------------------------------------------------------------------

# compile COMPILER SOURCE PROGRAM FLAGS...
compile() {
    compiler=$1 text=$2 program=$3
    shift 3
    # A compiler may be several words.
    # shellcheck disable=SC2086
    $compiler -Wall -Wextra -pedantic -Werror "$text" -o "$work/$program" "$@"
}

run() {
    LD_LIBRARY_PATH=$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$@"
}

# prints FILE COMMAND...: does it print what the file holds? Its exit status is passed on if it is not 0.
prints() {
    expected=$1
    shift
    run "$@" >"$work/printed" || return
    diff "$expected" "$work/printed"
}

# uses_shared PROGRAM: does the loader look for the shared library?
uses_shared() {
    readelf -d "$1" | grep -q 'NEEDED.*libdcnv4'
}

by_pkg_config() {
    need "$pkg_config" || return
    # Flags are several words.
    # shellcheck disable=SC2046
    compile "$cc -std=c11" "$source/examples/one_call.c" one_call $("$pkg_config" --cflags --libs dcnv4) &&
        uses_shared "$work/one_call" && prints "$here/one_call.expected" "$work/one_call"
}

# By name, since the linker takes a shared library first; what it needs must be in the other flags.
by_pkg_config_static() {
    need "$pkg_config" || return
    # shellcheck disable=SC2046
    compile "$cc -std=c11" "$source/examples/one_call.c" one_call_static \
        $("$pkg_config" --cflags --libs --static dcnv4 | sed 's/-ldcnv4/-l:libdcnv4.a/') &&
        ! uses_shared "$work/one_call_static" && prints "$here/one_call.expected" "$work/one_call_static"
}

pkg_config_says_version() {
    need "$pkg_config" || return
    [ "$("$pkg_config" --modversion dcnv4)" = "$version" ]
}

by_cmake() {
    need cmake && need "$cxx" && need ninja || return
    cmake -G Ninja -S "$here/cmake" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/moved" \
        -DEXPECTED_VERSION="$version" -DEXPECTED_PREFIX="$work/moved" -DC_SOURCE="$source/examples/one_call.c" &&
        cmake --build "$work/cmake" && uses_shared "$work/cmake/shared_user" &&
        ! uses_shared "$work/cmake/static_user" && ! uses_shared "$work/cmake/static_c_user"
}

# cmake_program_prints FILE PROGRAM
cmake_program_prints() {
    [ -x "$work/cmake/$2" ] || {
        echo 'it was not built'
        return $left_out
    }
    prints "$1" "$work/cmake/$2"
}

# meson_setup FOLDER OPTIONS...: without optimisation, which is most of the time that the library takes to build. By name
# for the subproject, where Meson may take what the library itself asks for.
meson_setup() {
    folder=$1
    shift
    "$meson" setup "$work/$folder" "$work/parent" -Dbuildtype=debug -Ddcnv4:buildtype=debug "$@"
}

meson_builds_and_prints() {
    "$meson" compile -C "$work/$1" && prints "$here/one_call.expected" "$work/$1/one_call"
}

by_meson() {
    need "$pkg_config" || return
    meson_setup installed --wrap-mode=nofallback && meson_builds_and_prints installed &&
        uses_shared "$work/installed/one_call"
}

# The parent's choice of static libraries is followed. Without the kernels that are most of what there is to compile.
as_subproject_static() {
    meson_setup subproject --force-fallback-for=dcnv4 -Ddefault_library=static \
        -Ddcnv4:cuda=disabled -Ddcnv4:native_isa=baseline &&
        meson_builds_and_prints subproject && ! uses_shared "$work/subproject/one_call"
}

as_subproject_shared() {
    "$meson" configure "$work/subproject" -Ddcnv4:default_library=shared && meson_builds_and_prints subproject &&
        uses_shared "$work/subproject/one_call"
}

# No programs, no tests and no targets to run but the parent's own.
subproject_is_the_library_alone() {
    [ "$("$meson" introspect --tests "$work/subproject")" = '[]' ] &&
        "$meson" introspect --targets "$work/subproject" | python3 -c '
import json, sys
others = [t["name"] for t in json.load(sys.stdin) if t["type"] in ("executable", "run") and t["name"] != "one_call"]
sys.exit(f"also has {others}" if others else 0)'
}

# The options that the parent's own file is compiled with.
parent_options() {
    python3 -c '
import json, shlex, sys
commands = [entry for entry in json.load(open(sys.argv[1])) if entry["file"].endswith("one_call.c")]
words = [word for entry in commands for word in shlex.split(entry["command"])]
print(len(commands), *sorted(w for w in words if w[0] == "-" and w[1] not in "IMoc"))' \
        "$work/$1/compile_commands.json"
}

subproject_adds_no_options() {
    need "$pkg_config" || return
    [ "$(parent_options installed)" = "$(parent_options subproject)" ] || {
        parent_options installed
        parent_options subproject
        return 1
    }
}

own_opencl() {
    need "$pkg_config" || return
    "$pkg_config" --exists OpenCL || {
        echo 'no OpenCL headers and loader'
        return $left_out
    }
    # shellcheck disable=SC2046
    compile "$cc -std=c11" "$source/examples/own_opencl.c" own_opencl \
        $("$pkg_config" --cflags --libs dcnv4 OpenCL) && prints "$here/own_queue.expected" "$work/own_opencl"
}

# cuda_compile SOURCE PROGRAM FLAGS...: the driver's header and library, or the stub that stands for it, are where the
# toolkit has them if not where the compiler looks.
cuda_compile() {
    text=$1 program=$2
    shift 2
    compile "$cc -std=c11" "$text" "$program" "$@" -isystem "$cuda/include" -L"$cuda/lib64/stubs" -lcuda
}

own_cuda() {
    need "$pkg_config" || return
    printf '#include <cuda.h>\nint main(void)\n{\n    (void)cuInit(0);\n    return 0;\n}\n' >"$work/probe.c"
    cuda_compile "$work/probe.c" probe || {
        echo "no CUDA driver's header and library, neither where $cc looks nor in $cuda"
        return $left_out
    }
    "$work/probe" || {
        echo 'no CUDA driver'
        return $left_out
    }
    # shellcheck disable=SC2046
    cuda_compile "$source/examples/own_cuda.c" own_cuda $("$pkg_config" --cflags --libs dcnv4) &&
        prints "$here/own_queue.expected" "$work/own_cuda"
}

# --- What was installed -----------------------------------------------------------------------------------------------

headers_stand_alone() {
    for header in "$include"/dcnv4/*.h; do
        printf "#include <dcnv4/%s>\nextern int none_is_empty;\n" "$(basename "$header")" >"$work/header.c"
        # shellcheck disable=SC2086
        $cc -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$include" "$work/header.c" || return
    done
}

soname() {
    readelf -d "$shared" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p'
}

soname_has_the_major() {
    [ "$(soname)" = "libdcnv4.so.${version%%.*}" ] && [ -L "$libdir/$(soname)" ]
}

# Every function of the installed headers, under the version that the soname has, and no other symbol.
exports_the_api_alone() {
    node=dcn_$(soname | sed 's/.*\.//')
    sh "$here/api.sh" "$include"/dcnv4/*.h | sed "s/\$/@@$node/" >"$work/api"
    [ -s "$work/api" ] && nm -D --defined-only "$shared" | awk -v node="$node" '!($2 == "A" && $3 == node) { print $3 }' |
        LC_ALL=C sort | diff "$work/api" -
}

static_names_begin_with_dcn() {
    nm -g --defined-only "$libdir/libdcnv4.a" >"$work/names" &&
        awk 'NF == 3 { n++; if ($3 !~ /^dcn_/) { print; bad = 1 } } END { exit bad || n == 0 }' "$work/names"
}

# libc, and what has been or is a part of it; its loader gives thread-local storage.
needs_only_the_c_library() {
    readelf -d "$shared" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >"$work/needed"
    [ -s "$work/needed" ] &&
        ! grep -Ev '^(lib(c|m|pthread|dl)\.so(\.[0-9]+)?|libc\.musl-.*|ld(-linux.*|64)?\.so\.[0-9]+)$' "$work/needed"
}

has_no_rpath() {
    for file in "$shared" "$program"; do
        [ ! -e "$file" ] || ! readelf -d "$file" | grep -E 'RPATH|RUNPATH' || return 1
    done
}

# Debug information may name it.
names_no_build_folder() {
    find "$work/moved" -type f >"$work/files"
    [ -s "$work/files" ] || return
    while read -r file; do
        cp "$file" "$work/stripped"
        case $file in
        "$program" | *.so.* | *.a) strip -g "$work/stripped" || return ;;
        esac
        for folder in "$build" "$source/src" "$source/backends" "$source/kernels"; do
            ! grep -qF "$folder" "$work/stripped" || {
                echo "$file has $folder in it"
                return 1
            }
        done
    done <"$work/files"
}

# --- The run ----------------------------------------------------------------------------------------------------------

for tool in readelf nm strip; do
    command -v "$tool" >/dev/null || {
        echo "left out: $tool is missing"
        exit $left_out
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Away from the build: Meson lets ninja's tools loose on the current folder too.
cd "$work"
DESTDIR=$work/stage "$meson" install -C "$build" --no-rebuild >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
mv "$work/stage$prefix" "$work/moved"
pc=$(find "$work/moved" -name dcnv4.pc)
shared=$(find "$work/moved" -type f -name 'libdcnv4.so.*')
libdir=$(dirname "$shared")
include=$(dirname "$(dirname "$(find "$work/moved" -name dcnv4.h)")")
program=$work/moved/bin/dcnv4 # where the build has one
# The variable is the file's.
# shellcheck disable=SC2016
grep -q '^prefix=${pcfiledir}' "$pc" || {
    echo 'left out: the build has -Dpkgconfig.relocatable=false, so what it installs cannot be moved here'
    exit $left_out
}
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
cp -r "$here/meson" "$work/parent"
cp "$source/examples/one_call.c" "$work/parent"
mkdir "$work/parent/subprojects"
ln -s "$source" "$work/parent/subprojects/dcnv4"
echo "$version: 2.500" >"$work/user.expected"

check 'each installed header stands alone' headers_stand_alone
check 'the soname has the major version' soname_has_the_major
check 'the API and nothing else is exported, with its version' exports_the_api_alone
check 'the names in the static library begin with dcn_' static_names_begin_with_dcn
check 'the shared library needs the C library alone' needs_only_the_c_library
check 'no run path' has_no_rpath
check 'no name of the build folder' names_no_build_folder
check 'pkg-config knows the version' pkg_config_says_version
check 'C, pkg-config' by_pkg_config
check 'C, pkg-config --static' by_pkg_config_static
check 'CMake: found by version, builds' by_cmake
check 'CMake: C++ with the shared library' cmake_program_prints "$work/user.expected" shared_user
check 'CMake: C++ with the static library' cmake_program_prints "$work/user.expected" static_user
check 'CMake: C with the static library' cmake_program_prints "$here/one_call.expected" static_c_user
check 'Meson: installed library' by_meson
check 'Meson: subproject, static' as_subproject_static
check 'Meson: subproject, shared' as_subproject_shared
check 'Meson: subproject builds the library alone' subproject_is_the_library_alone
check 'Meson: subproject adds no options to its parent' subproject_adds_no_options
check 'own OpenCL queue' own_opencl
[ ! -e "$source/examples/own_cuda.c" ] || check 'own CUDA stream' own_cuda
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
