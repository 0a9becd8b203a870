"""Reads the files of metrics_rows with Python's json and csv and compares: metrics_read.py JSON-LINES CSV.

Everything has to be equal to what was fed, bit for bit. Exit status 1 and a line that says what is wrong if it is not.
"""
import csv
import json
import math
import struct
import sys

ROWS = 35
OWN = ["step", "wall_time", "elapsed", "session", "attempt"]
LENGTHS = (20, 15)  # of the sessions
SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 5e-324]
TEXTS = ["plain", 'say "no", please', "two\nlines\r\nand\ttab", "", " spaced ", "ü€😀", '\x01 {"a": [1]}']
TEXT = 'te"xt, of\né'


class Wrong(Exception):
    pass


def check(good, what):
    if not good:
        raise Wrong(what)


def single(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def fed(n):
    return {
        "third": n / 3,
        "single": single(single(n) / single(3)),
        "huge": 1e300 * n,
        "whole": n * 1e6,
        "special": SPECIAL[n % 5],
        "least": -2**63 + n,
        "most": 2**64 - 1 - n,
        "even": n % 2 == 0,
        TEXT: TEXTS[n % 7],
        "bytes": "00ff",
        "square": [[single(0.1 * n), 1.0], [-2.5, single(1 / n)]],
        "none": None,
    }


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (math.isnan(a) and math.isnan(b))
    return type(a) is type(b) and a == b


def refuse_constant(name):
    raise Wrong(f"{name} is no JSON")


def check_row(n, row, what):
    check(float(row["wall_time"]) > 1.7e9, f"{what}: wall_time")
    check(float(row["elapsed"]) >= 0, f"{what}: elapsed")
    check(int(row["step"]) == (n if n <= 20 else n - 20), f"{what}: step {row['step']}")


def without_starts(rows, what):
    """The rows with values: each session begins with one that has none and says so."""
    starts = [n for n, row in enumerate(rows) if row.get("event") == "start"]
    check(starts == [0, LENGTHS[0] + 1], f"{what}: sessions start in rows {starts}")
    for start, length in zip(starts, LENGTHS):
        of_session = rows[start:start + length + 1]
        check(len({row["session"] for row in of_session}) == 1, f"{what}: a session has several ids")
        check({int(row["attempt"]) for row in of_session} == {1}, f"{what}: attempts")
        check(int(rows[start]["step"]) == 0, f"{what}: the step of a start")
    check(rows[0]["session"] != rows[starts[1]]["session"], f"{what}: two sessions have one id")
    return [row for row in rows if row.get("event") != "start"]


def check_json_lines(path):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    check(text.endswith("\n"), "JSON Lines: ends within a line")
    rows = without_starts([json.loads(line, parse_constant=refuse_constant) for line in text[:-1].split("\n")],
                          "JSON Lines")
    check(len(rows) == ROWS, f"JSON Lines: {len(rows)} rows")
    for n, row in enumerate(rows, 1):
        check_row(n, row, f"JSON Lines, row {n}")
        expected = fed(n)
        check(sorted(row) == sorted([*expected, *OWN]), f"JSON Lines, row {n}: keys {list(row)}")
        for key, value in expected.items():
            got = row[key]
            if key == "special" and isinstance(got, str):
                check(not math.isfinite(value), f"JSON Lines, row {n}: {key} is {got!r}")
                got = float(got)
            check(same(got, value), f"JSON Lines, row {n}: {key} is {got!r}, not {value!r}")


def from_csv(key, field):
    if key in ("least", "most"):
        return int(field)
    if key == "even":
        return {"true": True, "false": False}[field]
    if key == "square":
        return json.loads(field)
    if key == "none":
        return None if field == "" else field
    return field if key in (TEXT, "bytes") else float(field)


def check_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = without_starts(list(csv.DictReader(file, strict=True)), "CSV")
    check(len(rows) == ROWS, f"CSV: {len(rows)} rows")
    for n, row in enumerate(rows, 1):
        check(None not in row and None not in row.values(), f"CSV, row {n}: not as many fields as columns")
        check_row(n, row, f"CSV, row {n}")
        for key, value in fed(n).items():
            got = from_csv(key, row[key])
            check(same(got, value), f"CSV, row {n}: {key} is {got!r}, not {value!r}")
    with open(path, "rb") as file:
        check(file.read().endswith(b"\n"), "CSV: ends within a line")


def main():
    try:
        check_json_lines(sys.argv[1])
        check_csv(sys.argv[2])
    except (Wrong, ValueError, KeyError, csv.Error) as error:
        print(f"WRONG: {error!r}")
        return 1
    print(f"{ROWS} rows are as they were fed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
