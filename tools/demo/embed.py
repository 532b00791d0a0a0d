"""Writes a file as a C array: embed.py INPUT OUTPUT NAME."""

import sys

source, target, name = sys.argv[1:]
with open(source, "rb") as file:
    data = file.read()
with open(target, "w", encoding="ascii") as file:
    file.write(f'#include "photo.h"\n\nconst size_t {name}_size = {len(data)};\nconst uint8_t {name}[] = {{\n')
    for start in range(0, len(data), 24):
        file.write(",".join(str(byte) for byte in data[start : start + 24]) + ",\n")
    file.write("};\n")
