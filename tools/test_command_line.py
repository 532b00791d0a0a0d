#!/usr/bin/env python3
"""Runs the dcnv4 program as users do, on the native CPU device: exit codes, messages, and what its commands write.

usage: test_command_line.py DCNV4 PHOTO

Ends with the line `N passed, N failed, N skipped`.
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

PROGRAM, PHOTO = sys.argv[1:]
ENVIRONMENT = dict(os.environ, DCNV4_DEVICE="cpu")
counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(name, right, shown=""):
    counts["passed" if right else "failed"] += 1
    if not right:
        print(f"FAIL {name}: {shown}")


def run(*arguments, **environment):
    result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300,
                            env=dict(ENVIRONMENT, **environment))
    return result.returncode, result.stdout, result.stderr


def missing(*arguments):
    """Whether the build lacks a library that the command needs. It says so, and with exit code 2."""
    code, output, errors = run(*arguments)
    if "this build was made without" not in errors:
        return False
    check(f"{arguments} without its library", code == 2 and not output, errors)
    counts["skipped"] += 1
    return True


def check_refusals():
    """Each is refused with its exit code, nothing on stdout, and a message that names what is wrong."""
    with open(os.devnull, encoding="ascii") as nothing:
        empty = nothing.name
    refusals = [
        (2, r"Usage: dcnv4 COMMAND", []),
        (2, r"no command 'nonsense'", ["nonsense"]),
        (2, r"no option '--nonsense'", ["--nonsense"]),
        (2, r"dcnv4 info: .*--nonsense", ["info", "--nonsense"]),
        (2, r"dcnv4 info: .*'surplus'", ["info", "surplus"]),
        (2, r"dcnv4 bench: .*'surplus'", ["bench", "surplus"]),
        (2, r"--shape is '1x2x3x4', but must be NxHxWxGxD", ["bench", "--shape", "1x2x3x4"]),
        (2, r"--shape is '1x2x3x4x5x6'", ["bench", "--shape", "1x2x3x4x5x6"]),
        (2, r"--shape is '-1x2x3x4x5'", ["bench", "--shape=-1x2x3x4x5"]),
        (2, r"--shape is '1x0x3x4x5'", ["bench", "--shape", "1x0x3x4x5"]),
        (2, r"--shape is '1x2x3x4x99999999999999999999'", ["bench", "--shape", "1x2x3x4x99999999999999999999"]),
        (2, r"dcnv4 bench: ", ["bench", "--shape", "2147483647x2147483647x2147483647x2147483647x2147483647"]),
        (2, r"--dtype is 'f64', but must be f32, f16 or bf16", ["bench", "--dtype", "f64"]),
        (2, r"--kernel is '0'", ["bench", "--kernel", "0"]),
        (2, r"--kernel is '3x'", ["bench", "--kernel", "3x"]),
        (2, r"--offsets is 'normal'", ["bench", "--offsets", "normal"]),
        (2, r"--offsets is 'uniform:-1'", ["bench", "--offsets", "uniform:-1"]),
        (2, r"--offsets is 'uniform:nan'", ["bench", "--offsets", "uniform:nan"]),
        (2, r"--launches is '0'", ["bench", "--launches", "0"]),
        (2, r"--op is 'conv', but must be dcnv4, dcnv3 or flash_deform_attn", ["bench", "--op", "conv"]),
        (2, r"--direction is 'back', but must be forward or backward", ["bench", "--direction", "back"]),
        (2, r"--shape is '1x2x3x4x5', but must be NxQxGxDxK:HxW,",
         ["bench", "--shape", "1x2x3x4x5", "--op", "flash_deform_attn"]),
        (2, r"--shape is '1x2x3x4x5:6x7,'", ["bench", "--op", "flash_deform_attn", "--shape", "1x2x3x4x5:6x7,"]),
        (2, r"--shape is '1x2x3x4x5:6'", ["bench", "--op", "flash_deform_attn", "--shape", "1x2x3x4x5:6"]),
        (2, r"--shape is '1x2x3x4x5:6x7'", ["bench", "--shape", "1x2x3x4x5:6x7"]),
        (2, r"nonsense", ["bench", "--shape", "1x4x4x1x4", "--path", "nonsense"]),
        (3, r"no device fits \"nonsense\"", ["bench", "--device", "nonsense"]),
    ]
    if not missing("demo", empty):
        refusals += [
            (2, r"missing\.png: cannot open", ["demo", "missing.png"]),
            (2, r"cannot read: Is a directory", ["demo", "."]),
            (2, r"neither a PNG nor a JPEG file: 0 bytes", ["demo", empty]),
            (2, r"takes one PHOTO, but got 2", ["demo", "one", "two"]),
            (3, r"no device fits \"nonsense\"", ["demo", "--device", "nonsense"]),
        ]
    for code, message, arguments in refusals:
        result, output, errors = run(*arguments)
        check(arguments, result == code and not output and re.search(message, errors), (result, output, errors))


def check_help():
    for arguments in (["--help"], ["help"], ["info", "--help"], ["bench", "--help"], ["demo", "-h"]):
        if arguments[0] != "demo" or not missing("demo", os.devnull):
            code, output, errors = run(*arguments)
            check(arguments, code == 0 and output.startswith("Usage: dcnv4") and not errors, (code, errors))
    code, output, _ = run("--version")
    check("--version", code == 0 and re.fullmatch(r"dcnv4 \d+\.\d+\.\d+\n", output), output)


def check_info():
    code, output, errors = run("info")
    check("info", code == 0 and not errors and re.search(r"^  cpu +1 device$", output, re.MULTILINE), output + errors)
    if missing("info", "--json"):
        return
    code, output, errors = run("info", "--json")
    info = json.loads(output)
    check("info --json", code == 0 and not errors and "version" in info, errors)
    cpu = [device for device in info["devices"] if device["name"] == "cpu"]
    check("info --json: cpu", len(cpu) == 1 and cpu[0]["type"] == "cpu" and cpu[0]["unusable"] is None, cpu)
    for backend in info["backends"]:
        check("info --json: reasons", backend["devices"] > 0 or backend["reason"], backend)


def check_kernel_cache():
    """What `info` says of the folder, which it neither makes nor changes."""
    with tempfile.TemporaryDirectory() as base:
        folder = os.path.join(base, "kernels")
        code, output, errors = run("info", DCNV4_CACHE_DIR=folder, DCNV4_CACHE_LIMIT="3")
        told = f"\nKernel cache\n  folder   {folder}\n  size     0 bytes of at most 3 MiB, in 0 files\n"
        check("info: cache", code == 0 and not errors and output.endswith(told), output + errors)
        check("info makes no folder", not os.path.exists(folder))
        _, output, _ = run("info", DCNV4_CACHE="off")
        check("info: no cache", output.endswith("\nKernel cache\n  not used DCNV4_CACHE is off\n"), output)
        if missing("info", "--json"):
            return
        os.mkdir(folder, 0o700)
        for name, size in (("0123456789abcdef.dcnv4-kernel", 1000), ("another", 24)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(bytes(size))
        _, output, _ = run("info", "--json", DCNV4_CACHE_DIR=folder)
        told = {"folder": folder, "reason": None, "size": 1000, "limit": 256 << 20, "entries": 1}
        check("info --json: cache", json.loads(output)["kernel_cache"] == told, output)
        _, output, _ = run("info", "--json", DCNV4_CACHE="off")
        cache = json.loads(output)["kernel_cache"]
        check("info --json: no cache", cache["folder"] is None and "off" in cache["reason"], output)


def check_bench():
    arguments = ["bench", "--shape", "2x9x7x3x5", "--kernel", "5x3", "--offsets", "normal:2", "--launches", "3"]
    for dtype in ("f32", "f16", "bf16"):
        code, output, errors = run(*arguments, "--dtype", dtype)
        row = re.search(rf"^2x9x7x3x5 +{dtype} +5x3 ", output, re.MULTILINE)
        check(f"bench {dtype}", code == 0 and not errors and row, output + errors)
    attention = ["bench", "--op", "flash_deform_attn", "--shape", "2x7x2x5x3:4x5,2x3", "--launches", "3"]
    code, output, errors = run(*attention)
    row = re.search(r"^2x7x2x5x3:4x5,2x3 +f32 ", output, re.MULTILINE)
    check("bench attention", code == 0 and not errors and row, output + errors)
    code, output, errors = run(*arguments, "--op", "dcnv3")
    check("bench dcnv3", code == 0 and "dcnv3 forward" in output, output + errors)
    if missing("bench", "--json", "--shape", "1x2x2x1x1", "--launches", "1"):
        return
    code, output, errors = run(*arguments, "--json")
    row = json.loads(output)
    given = {"device": "cpu", "op": "dcnv4", "dtype": "f32", "shape": "2x9x7x3x5", "kernel": "5x3",
             "offsets": "normal:2", "direction": "forward", "launches": 3}
    check("bench --json: case", code == 0 and given.items() <= row.items(), output + errors)
    # 2 x 9 x 7 pixels of 15 channels in and out, and rows of 3 groups x 15 points x 3 = 135, padded to 136.
    check("bench --json: bytes", row["bytes"] == 4 * 2 * 9 * 7 * (15 + 136 + 15), row)
    code, output, errors = run(*attention, "--json")
    # 26 pixels of 10 channels; 7 queries of 2 groups of 2 levels of 3 points; 7 queries of 10 channels.
    check("bench --json: attention", json.loads(output)["bytes"] == 4 * 2 * (26 * 10 + 7 * 2 * 18 + 7 * 10), output)
    times = [row[key] for key in ("device_us_median", "device_us_back_to_back", "host_us_median", "gb_per_s", "share")]
    check("bench --json: times", all(time > 0 for time in times), row)


def png(path, width, height, pixels):
    """Writes 8-bit RGB."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[y * width * 3 : (y + 1) * width * 3] for y in range(height))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def png_size(path):
    with open(path, "rb") as file:
        return struct.unpack(">II", file.read(24)[16:])


def check_pictures(name, arguments, folder, width, height, gain):
    """The demo on one photograph: that rectifying gains so many decibels, and what it writes."""
    code, output, errors = run("demo", *arguments, "--device", "cpu", "-o", folder)
    check(f"demo {name}", code == 0 and re.search(r"^cpu .* ms .* GB/s ", output, re.MULTILINE), output + errors)
    found = re.search(r"([\d.]+) dB through the lens, ([\d.]+) dB rectified", output)
    check(f"demo {name}: rectified", found and float(found[2]) > float(found[1]) + gain, output)
    side = (height - 4) // 2
    sizes = {"before": (width, height), "after": (width, height), "lens": (2 * width + 4, height),
             "points": (width + 2 * (side + 4), height)}
    for picture, size in sizes.items():
        written = png_size(os.path.join(folder, f"dcnv4-demo-{picture}.png"))
        check(f"demo {name}: {picture}", written == size, (written, size))


def check_demo():
    if missing("demo", os.devnull):
        return
    with tempfile.TemporaryDirectory() as folder:
        check_pictures("without a photograph", [], folder, 640, 427, 15)
        check_pictures("photo.jpg", [PHOTO], folder, 640, 427, 15)
        # Stripes; larger than what the demo works on.
        width, height = 1000, 300
        stripes = bytes(255 * ((x // 40 + y // 40) % 2) for y in range(height) for x in range(width) for _ in "rgb")
        path = os.path.join(folder, "stripes.png")
        png(path, width, height, stripes)
        check_pictures("stripes.png", [path], folder, 800, 240, 10)
        with open(path, "rb") as file:
            whole = file.read()
        with open(PHOTO, "rb") as file:
            jpeg = file.read()
        tiny = os.path.join(folder, "tiny.png")
        png(tiny, 20, 20, bytes(1200))
        with open(tiny, "rb") as file:
            tiny = file.read()
        huge = whole[:16] + struct.pack(">II", 40000, 30000) + whole[24:29]
        huge += struct.pack(">I", zlib.crc32(huge[12:29])) + whole[33:]
        hostile = {"half a PNG": whole[: len(whole) // 2], "half a JPEG": jpeg[: len(jpeg) // 2], "huge": huge,
                   "tiny": tiny, "text": b"no picture"}
        for name, data in hostile.items():
            path = os.path.join(folder, "hostile")
            with open(path, "wb") as file:
                file.write(data)
            code, output, errors = run("demo", path, "-o", folder)
            refused = code == 2 and not output and errors.startswith("dcnv4 demo: ")
            check(f"demo: {name}", refused, (code, output, errors))
        code, _, errors = run("demo", "--device", "cpu", "-o", os.path.join(folder, "missing"))
        check("demo: no folder", code == 2 and "cannot write" in errors, (code, errors))


for part in (check_refusals, check_help, check_info, check_kernel_cache, check_bench, check_demo):
    part()
print(", ".join(f"{count} {name}" for name, count in counts.items()))
sys.exit(1 if counts["failed"] else 0)
