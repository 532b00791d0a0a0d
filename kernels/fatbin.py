#!/usr/bin/env python3
"""Compiles programs with nvcc for every GPU architecture and writes a C file that holds them.

usage: fatbin.py OUTPUT.c DEPFILE [NVCC PROGRAM.cl...]

Without NVCC the list in the C file is empty.
"""
import concurrent.futures
import os
import subprocess
import sys
import tempfile

STORAGES = 3
INDEX_BITS = (32, 64)
# Machine code for these, as far as nvcc knows them, and PTX of the oldest and of the newest for all others.
ARCHITECTURES = ("75", "80", "86", "89", "90", "100", "120")
WORD = 8  # bytes of an element of the array in the C file


def architecture_options(nvcc):
    """All machine code but the newest comes from the oldest's PTX, since making PTX takes most of the time."""
    listed = subprocess.run([nvcc, "--list-gpu-code"], check=True, capture_output=True, text=True).stdout.split()
    known = [a for a in ARCHITECTURES if "sm_" + a in listed]
    newest = known.pop()
    codes = {newest: ["sm_" + newest, "compute_" + newest]}
    if known:
        codes[known[0]] = ["sm_" + a for a in known] + ["compute_" + known[0]]
    return ["-gencode=arch=compute_%s,code=[%s]" % (a, ",".join(code)) for a, code in codes.items()]


def compile_fatbin(nvcc, options, source, storage, bits, folder):
    """The bytes of one program for one storage type and index width."""
    output = os.path.join(folder, "%s_%d_%d.fatbin" % (os.path.basename(source), storage, bits))
    subprocess.run([nvcc, "-x", "cu", "-fatbin", "-Xfatbin=-compress-all", "--fmad=false", "-DDCN_STORAGE=%d" % storage,
                    "-DDCN_INDEX_BITS=%d" % bits, "-DDCN_LANES=1", *options, "-o", output, source], check=True)
    with open(output, "rb") as file:
        return file.read()


def rows_of(data):
    """The bytes as words of a little-endian machine, as every host of such a GPU is: a fifth of the time to compile."""
    data += bytes(-len(data) % WORD)
    words = ["0x%x" % int.from_bytes(data[i:i + WORD], "little") for i in range(0, len(data), WORD)]
    return ",\n    ".join(", ".join(words[i:i + 6]) for i in range(0, len(words), 6))


def main():
    output, depfile, nvcc, sources = sys.argv[1], sys.argv[2], sys.argv[3:4], sys.argv[4:]
    jobs = [(source, storage, bits) for source in sources for storage in range(STORAGES) for bits in INDEX_BITS]
    options = architecture_options(nvcc[0]) if nvcc else []
    entries = []
    with tempfile.TemporaryDirectory() as folder, open(output, "w", encoding="utf-8") as file, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        file.write('#include "kernels.h"\n\n')
        for job, data in zip(jobs, pool.map(lambda job: compile_fatbin(nvcc[0], options, *job, folder), jobs)):
            program = os.path.splitext(os.path.basename(job[0]))[0]
            name = "%s_%d_%d" % (program, job[1], job[2])
            # The driver reads a fatbin's header in place.
            file.write("static const _Alignas(16) uint64_t %s[] = {\n    %s};\n\n" % (name, rows_of(data)))
            entries.append('{"%s", (dcn_dtype)%d, %d, %s, %d}' % (program, job[1], job[2], name, len(data)))
        entries.append("{NULL, (dcn_dtype)0, 0, NULL, 0}")
        file.write("const dcn_fatbin dcn_fatbins[] = {\n    %s,\n};\n" % ",\n    ".join(entries))
    folders = sorted({os.path.dirname(source) for source in sources})
    headers = [os.path.join(folder, name) for folder in folders
               for name in sorted(os.listdir(folder)) if name.endswith(".h")]
    with open(depfile, "w", encoding="utf-8") as file:
        file.write("%s: %s\n" % (output, " ".join(headers)))


main()
