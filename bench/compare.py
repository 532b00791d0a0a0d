#!/usr/bin/env python3
"""Two runs of `dcnv4 bench --json` side by side: compare.py [--key KEY] FIRST SECOND."""

import argparse
import json
import math
import statistics
import sys

CASE = {"op": None, "dtype": None, "shape": None, "kernel": "3x3", "offsets": "uniform:1", "direction": None}


def load(path, key):
    """{case: time}, the median where a case stands in the file more than once."""
    times = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                case = tuple(row[name] if default is None else row.get(name, default) for name, default in CASE.items())
                time = float(row[key])
                if not (time > 0 and math.isfinite(time)):
                    raise ValueError(f"{key} is {time}, but must be above 0")
            except (KeyError, TypeError, ValueError) as error:
                sys.exit(f"{path}:{number}: not a result: {error!r}")
            times.setdefault(case, []).append(time)
    return {case: statistics.median(values) for case, values in times.items()}


def print_table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        words = [word.ljust(width) for word, width in zip(row[: len(CASE)], widths)]
        numbers = [number.rjust(width) for number, width in zip(row[len(CASE) :], widths[len(CASE) :])]
        print("  ".join(words + numbers).rstrip())


def main():
    parser = argparse.ArgumentParser(description="Two runs of 'dcnv4 bench --json' side by side.")
    parser.add_argument("--key", default="device_us_median", help="which time to compare (default: %(default)s)")
    parser.add_argument("first")
    parser.add_argument("second")
    arguments = parser.parse_args()
    first, second = load(arguments.first, arguments.key), load(arguments.second, arguments.key)
    common = [case for case in first if case in second]
    if not common:
        sys.exit("the files have no case in common")
    rows = [(*CASE, "first us", "second us", "second/first")]
    for case in common:
        rows.append((*case, f"{first[case]:.1f}", f"{second[case]:.1f}", f"{second[case] / first[case]:.2f}"))
    print_table(rows)
    mean = math.exp(statistics.fmean(math.log(second[case] / first[case]) for case in common))
    print(f"geometric mean of second/first over {len(common)} cases: {mean:.2f}")
    for name, here, other in (("first", first, second), ("second", second, first)):
        missing = sum(case not in other for case in here)
        if missing:
            print(f"{missing} cases are only in the {name} file")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(str(error))
