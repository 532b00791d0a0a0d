#!/bin/sh
# oclgrind.sh CONFORMANCE FOLDER: every kernel on oclgrind, a simulator of an OpenCL device that reports accesses out of
# bounds, data races between work-items, and calls that OpenCL does not allow. Fails if it says anything.
#
# Exits with 77 if oclgrind is not installed.

set -eu

conformance=$1
folder=$2

program=$(command -v oclgrind) || {
    echo 'oclgrind is not installed'
    exit 77
}
driver=
for file in "${program%/bin/*}"/lib/oclgrind/liboclgrind-rt-icd.so "${program%/bin/*}"/lib*/*/liboclgrind-rt-icd.so \
    "${program%/bin/*}"/lib*/liboclgrind-rt-icd.so; do
    [ ! -e "$file" ] || driver=$file
done
[ -n "$driver" ] || {
    echo "the OpenCL driver of $program was not found"
    exit 77
}

rm -rf "$folder"
mkdir -p "$folder/vendors"
echo "$driver" >"$folder/vendors/oclgrind.icd"
export OCL_ICD_VENDORS="$folder/vendors" OPENCL_VENDOR_PATH="$folder/vendors" DCNV4_CACHE=off
export OCLGRIND_LOG="$folder/log" OCLGRIND_DATA_RACES=1 OCLGRIND_CHECK_API=1
# Optimised kernels may hold intrinsics of the compiler that oclgrind lacks; and as they stand, no access is optimised
# away before it is looked at.
export OCLGRIND_BUILD_OPTIONS=-disable-llvm-passes

passed=0 failed=0 skipped=0

# check ARGS...: runs the suite and counts; that oclgrind says anything is a failure of its own.
check() {
    status=0
    : >"$folder/log"
    echo "conformance $*"
    "$conformance" --device opencl --optional "$@" >"$folder/said" 2>&1 || status=$?
    cat "$folder/said"
    [ "$status" -ne 77 ] || [ "$failed" -gt 0 ] || exit 77
    grep -q '^opencl:.* (Oclgrind' "$folder/said" || status=1
    counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$folder/said" | tail -n 1)
    while read -r p f s; do
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
        [ "$f" -eq 0 ] || status=0
    done <<TEXT
${counts:-0 0 0}
TEXT
    if [ -s "$folder/log" ]; then
        head -n 60 "$folder/log"
        status=1
    fi
    [ "$status" -eq 0 ] || failed=$((failed + 1))
}

# Few output pixels: it runs some hundred thousand instructions a second. All shapes, widths and paces, ...
check --filter image_1x1_float32,image_1x1_wide_float16,image_1x1_wide_bfloat16,attention_l2k3_d5_float16
# ... fast kernels of attention, softmax, several tiles, ...
check --path wide --filter attention_q1_float32,softmax_k1_bfloat16,stride_over_image_float16
check --path wide,index64 --filter attention_q1_bfloat16
# ... and cells with so many points that they have kernels of their own.
check --path wide --filter one_place_float32

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
