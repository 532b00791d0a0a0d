#!/usr/bin/env python3
"""Writes a C file that holds the text of each program, with its local includes resolved, and a hash of it.

usage: embed.py OUTPUT.c PROGRAM.cl...
"""
import hashlib
import os
import re
import sys

INCLUDE = re.compile(r'^\s*#include "([^"]+)"\s*$')


def resolve(path, seen):
    """The lines of a file, each include replaced by its file the first time it is met. The dialect of C
    stays away: only devices read these texts."""
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            match = INCLUDE.match(line)
            if not match:
                lines.append(line.rstrip("\n"))
                continue
            included = os.path.join(os.path.dirname(path), match.group(1))
            if included in seen or match.group(1) == "dcn_dialect_native.h":
                continue
            seen.add(included)
            lines += resolve(included, seen)
    return lines


def strip_comments(text):
    """Comments cost compile time on every device and every start."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def write_lookup(file, function, values):
    """A function from a program's name to a value, NULL for any other name."""
    file.write("const char *%s(const char *program)\n{\n" % function)
    for name, value in values.items():
        file.write('    if (strcmp(program, "%s") == 0)\n        return %s;\n' % (name, value))
    file.write("    return NULL;\n}\n")


def main():
    output, programs = sys.argv[1], sys.argv[2:]
    hashes = {}
    with open(output, "w", encoding="utf-8") as file:
        file.write('#include "kernels.h"\n\n#include <string.h>\n\n')
        for path in programs:
            name = os.path.splitext(os.path.basename(path))[0]
            text = strip_comments("\n".join(resolve(path, set()))) + "\n"
            hashes[name] = hashlib.sha256(text.encode("ascii")).hexdigest()[:32]
            # Numbers, because compilers need to accept only 4095 characters in a string literal.
            codes = [str(byte) for byte in text.encode("ascii")] + ["0"]
            rows = [", ".join(codes[i:i + 24]) for i in range(0, len(codes), 24)]
            file.write("static const char %s[] = {\n    %s};\n\n" % (name, ",\n    ".join(rows)))
        write_lookup(file, "dcn_kernel_source", {name: name for name in hashes})
        write_lookup(file, "dcn_kernel_source_hash", {name: '"%s"' % value for name, value in hashes.items()})


main()
