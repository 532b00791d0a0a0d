#!/usr/bin/env python3
"""Adds up what a run of `meson test` counted.

usage: count_results.py TESTLOG.json

A test program that ends with a line `N passed, N failed` or `N passed, N failed, N skipped` counts with those numbers;
any other test counts as one case. A program that fails without counting a failure adds one. The sum is printed as a
last line of the same form; the exit status is 1 if anything failed.
"""
import json
import re
import sys

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.MULTILINE)
GOOD = {"OK", "EXPECTEDFAIL"}


def count(test):
    """Passed, failed and skipped cases of one test."""
    lines = COUNTS.findall(test.get("stdout") or "") or COUNTS.findall(test.get("stderr") or "")
    result = test["result"]
    if not lines:
        return int(result in GOOD), int(result not in GOOD and result != "SKIP"), int(result == "SKIP")
    passed, failed, skipped = (int(number or 0) for number in lines[-1])
    if failed == 0 and result not in GOOD and result != "SKIP":
        failed = 1
    return passed, failed, skipped


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as log:
        counts = [count(json.loads(line)) for line in log if line.strip()]
    passed, failed, skipped = (sum(column) for column in zip(*counts)) if counts else (0, 0, 0)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
