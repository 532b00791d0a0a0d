#!/usr/bin/env python3
"""Adds up what a run of `meson test` counted.

usage: count_results.py TESTLOG.json

A test program counts with the numbers of its last line `N passed, N failed` or `N passed, N failed, N skipped`, or else
with those of cmocka's summary; any other test counts as one case. A program that fails without counting a failure adds
one. The sum is printed as a last line of the same form; the exit status is 1 if anything failed.
"""
import json
import re
import sys

COUNTS = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.MULTILINE)
CMOCKA = re.compile(r"^\[ +(PASSED|FAILED|SKIPPED) +\] (\d+) test\(s\)", re.MULTILINE)
GOOD = {"OK", "EXPECTEDFAIL"}


def counted(text):
    """Passed, failed and skipped cases as the program's output tells them, or None."""
    lines = COUNTS.findall(text)
    if lines:
        return [int(number or 0) for number in lines[-1]]
    groups = CMOCKA.findall(text)
    if groups:
        return [sum(int(n) for word, n in groups if word == wanted) for wanted in ("PASSED", "FAILED", "SKIPPED")]
    return None


def count(test):
    """Passed, failed and skipped cases of one test."""
    result = test["result"]
    good = result in GOOD or result == "SKIP"
    cases = counted(f"{test.get('stdout') or ''}\n{test.get('stderr') or ''}")
    if cases is None:
        return int(result in GOOD), int(not good), int(result == "SKIP")
    passed, failed, skipped = cases
    return passed, failed if good else max(failed, 1), skipped


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
