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


def architecture_options(nvcc):
    listed = subprocess.run([nvcc, "--list-gpu-code"], check=True, capture_output=True, text=True).stdout.split()
    known = [a for a in ARCHITECTURES if "sm_" + a in listed]
    options = ["-gencode=arch=compute_%s,code=sm_%s" % (a, a) for a in known]
    return options + ["-gencode=arch=compute_%s,code=compute_%s" % (a, a) for a in (known[0], known[-1])]


def compile_fatbin(nvcc, options, source, storage, bits, folder):
    """The bytes of one program for one storage type and index width."""
    output = os.path.join(folder, "%s_%d_%d.fatbin" % (os.path.basename(source), storage, bits))
    subprocess.run([nvcc, "-x", "cu", "-fatbin", "-Xfatbin=-compress-all", "--fmad=false", "-DDCN_STORAGE=%d" % storage,
                    "-DDCN_INDEX_BITS=%d" % bits, "-DDCN_LANES=1", *options, "-o", output, source], check=True)
    with open(output, "rb") as file:
        return file.read()


def rows_of(data):
    codes = [str(byte) for byte in data]
    return ",\n    ".join(", ".join(codes[i:i + 24]) for i in range(0, len(codes), 24))


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
            file.write("static const _Alignas(16) unsigned char %s[] = {\n    %s};\n\n" % (name, rows_of(data)))
            entries.append('{"%s", (dcn_dtype)%d, %d, %s, sizeof %s}' % (program, job[1], job[2], name, name))
        entries.append("{NULL, (dcn_dtype)0, 0, NULL, 0}")
        file.write("const dcn_fatbin dcn_fatbins[] = {\n    %s,\n};\n" % ",\n    ".join(entries))
    folders = sorted({os.path.dirname(source) for source in sources})
    headers = [os.path.join(folder, name) for folder in folders
               for name in sorted(os.listdir(folder)) if name.endswith(".h")]
    with open(depfile, "w", encoding="utf-8") as file:
        file.write("%s: %s\n" % (output, " ".join(headers)))


main()
