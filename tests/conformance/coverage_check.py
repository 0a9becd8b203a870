#!/usr/bin/env python3
"""Fails if a row of the reference's behaviour is neither tested nor listed as not applicable.

Reads rows.txt (one "ID KIND" a line, sorted). An ID XX-01 is covered by a test whose name begins with XX_01_ in one of
the test files given, or by a line of a table in README.md whose first cell is the ID.
"""
import argparse
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TEST = re.compile(r"^TEST(?:_F|_P)?\(\s*\w+\s*,\s*([A-Z]{2,3})_(\d{2})_\w+\s*\)", re.MULTILINE)
LISTED = re.compile(r"^\|[ \t]*([A-Z]{2,3}-\d{2})[ \t]*\|[ \t]*([^|\s][^|\n]*)\|", re.MULTILINE)


def read_rows(path):
    rows = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split()
        if len(fields) != 2 or not re.fullmatch(r"[A-Z]{2,3}-\d{2}", fields[0]):
            raise SystemExit(f"{path}:{number}: not an ID and a kind: {line!r}")
        if fields[0] in rows:
            raise SystemExit(f"{path}:{number}: {fields[0]} is there twice")
        rows[fields[0]] = fields[1]
    if list(rows) != sorted(rows):
        raise SystemExit(f"{path}: not sorted")
    if not rows:
        raise SystemExit(f"{path}: no rows")
    return rows


def tested(folders):
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.cpp")):
            for match in TEST.finditer(path.read_text(encoding="utf-8")):
                found.setdefault(f"{match[1]}-{match[2]}", []).append(path.name)
    return found


def listed(readme):
    return {match[1]: match[2] for match in LISTED.finditer(readme.read_text(encoding="utf-8"))}


def check(rows_file, own, others, readme):
    """Returns a list of complaints; empty if all is well. Tests of other folders may have IDs that are no rows."""
    rows, reasons = read_rows(rows_file), listed(readme)
    own_tests = tested([own])
    tests = {**tested(others), **own_tests}
    complaints = [f"{row} ({kind}) is neither tested nor listed" for row, kind in rows.items()
                  if row not in tests and row not in reasons]
    complaints += [f"{row} is listed in {readme.name}, but is no row" for row in reasons if row not in rows]
    complaints += [f"{row} is tested in {names[0]}, but is no row" for row, names in own_tests.items() if row not in rows]
    return complaints


def self_test():
    """Shows that the check can fail: each broken input must give exactly the complaint that it is made for."""
    cases = [
        ("all covered", "AB-01 K\nAB-02 F\n", "TEST(X, AB_01_Works) {}\n", "| AB-02 | no need |\n", 0),
        ("several lines of a table", "AB-01 K\nAB-02 F\nAB-03 K\n", "",
         "| ID | Why |\n|---|---|\n| AB-01 | a |\n| AB-02 | b |\n| AB-03 | c |\n", 0),
        ("ID of three letters", "ABC-01 K\nABC-02 K\n", "TEST_F(X, ABC_01_Works) {}\n", "| ABC-02 | no need |\n", 0),
        ("untested row", "AB-01 K\nAB-03 K\n", "TEST(X, AB_01_Works) {}\n", "", 1),
        ("ID not at the front", "AB-01 K\n", "TEST(X, Works_AB_01_Really) {}\n", "", 1),
        ("test in a comment", "AB-01 K\n", "// TEST(X, AB_01_Works) {}\n", "", 1),
        ("reason missing", "AB-01 K\n", "", "| AB-01 | |\n", 1),
        ("mentioned outside a table", "AB-01 K\n", "", "AB-01 is not for us.\n", 1),
        ("listed, no row", "AB-01 K\n", "TEST(X, AB_01_Works) {}\n", "| AB-09 | gone |\n", 1),
        ("tested, no row", "AB-01 K\n", "TEST(X, AB_01_Works) {}\nTEST(X, AB_09_Works) {}\n", "", 1),
    ]
    for name, rows, tests, readme, expected in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "rows.txt").write_text(rows, encoding="utf-8")
            (root / "x_test.cpp").write_text(tests, encoding="utf-8")
            (root / "README.md").write_text(readme, encoding="utf-8")
            complaints = check(root / "rows.txt", root, [], root / "README.md")
        if len(complaints) != expected:
            print(f"self-test '{name}': expected {expected} complaints, got {complaints}")
            return 1
    print(f"self-test: {len(cases)} cases as expected")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--self-test", action="store_true", help="check the checker")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    complaints = check(HERE / "rows.txt", HERE, [HERE.parent / "core"], HERE / "README.md")
    for complaint in complaints:
        print(complaint)
    if not complaints:
        print(f"all {len(read_rows(HERE / 'rows.txt'))} rows are tested or listed")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
