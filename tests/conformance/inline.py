#!/usr/bin/env python3
"""Runs tests of a Rig once more with sessions whose loop stays where it is: each run() is begin_step(), the engine's part
as a body, and end_step().

  inline.py LIST PROGRAM      all tests of the program but those that LIST names, which must be there: what is left out
                              is left out by name, with the reason, and all others have to run and pass
  inline.py LIST PROGRAM --control    each run makes a step too many; success means that tests notice it
"""

import os
import re
import subprocess
import sys


def tests_of(program):
    output = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout
    suite = ""
    for line in output.splitlines():
        if line.startswith("  "):
            yield suite + line.split("#")[0].strip()
        elif re.match(r"[\w/]+\.", line):
            suite = line.split("#")[0].strip()


def left_out(path, program):
    """The tests of the program that the list names; a line is `PROGRAM TEST REASON`."""
    with open(path) as lines:
        words = [line.split(maxsplit=2) for line in lines if line.strip() and not line.startswith("#")]
    for entry in words:
        if len(entry) != 3:
            sys.exit(f"{path}: no reason is given for {' '.join(entry)}")
    return {test for where, test, _ in words if where == os.path.basename(program)}


def main():
    path, program = sys.argv[1:3]
    control = "--control" in sys.argv
    tests, skipped = set(tests_of(program)), left_out(path, program)
    if skipped - tests:
        sys.exit(f"there are no such tests: {', '.join(sorted(skipped - tests))}")
    environment = dict(os.environ, CONFORMANCE_LOOP="planted" if control else "inline")
    command = [program, "--gtest_brief=1", "--gtest_filter=" + ":".join(sorted(tests - skipped))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    passed = re.search(r"\[  PASSED  \] (\d+) test", done.stdout)
    passed = int(passed[1]) if passed else 0
    print(f"{passed} of {len(tests)} tests have passed, {len(skipped)} are left out")
    if control:
        return 0 if passed < len(tests - skipped) else 1
    if passed != len(tests - skipped) or done.returncode != 0:
        print(done.stdout[-20000:], done.stderr[-2000:])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
