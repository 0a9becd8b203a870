"""Reads metrics with pandas and DuckDB, by the lines that the header has for it: metrics_filter.py HEADER FOLDER.

The metrics in the folder are written here: a run that was restarted twice, once from an earlier step and once from the
beginning. Exit status 1 and a line that says what is wrong if anything is.
"""
import json
import pathlib
import re
import sys

import duckdb
import pandas

ROWS = [("a", 1, "start", 0, None)] + [("a", 1, None, step, 1.0) for step in range(1, 11)]
ROWS += [("a", 2, "start", 6, None)] + [("a", 2, None, step, 2.0) for step in range(7, 9)]
ROWS += [("b", 1, "start", 4, None)] + [("b", 1, None, step, 3.0) for step in range(5, 12)]
# What counts in the end: step and loss.
EXPECTED = [(step, 1.0) for step in range(1, 5)] + [(step, 3.0) for step in range(5, 12)]


def documented(header):
    """The line for pandas and the one for DuckDB, which goes on in a second one."""
    lines = [re.sub(r"^(//| \*)\s*", "", line) for line in pathlib.Path(header).read_text().splitlines()]
    in_pandas = next(line for line in lines if line.startswith("pandas "))
    at = next(number for number, line in enumerate(lines) if line.startswith("DuckDB "))
    return in_pandas.removeprefix("pandas").strip(), lines[at].removeprefix("DuckDB").strip() + " " + lines[at + 1].strip()


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "metrics.jsonl", "w", encoding="utf-8") as lines, \
            open(folder / "metrics.csv", "w", encoding="utf-8") as table:
        table.write("step,wall_time,elapsed,session,attempt,event,loss\n")
        for number, (session, attempt, event, step, loss) in enumerate(ROWS):
            row = {"step": step, "wall_time": 1.7e9 + number, "elapsed": float(number), "session": session,
                   "attempt": attempt}
            if event is not None:
                row["event"] = event
            if loss is not None:
                row["loss"] = loss
            lines.write(json.dumps(row) + "\n")
            table.write(",".join(str(row.get(key, "")) for key in
                                 ("step", "wall_time", "elapsed", "session", "attempt", "event", "loss")) + "\n")


def main():
    in_pandas, in_duckdb = documented(sys.argv[1])
    folder = pathlib.Path(sys.argv[2])
    write(folder)
    wrong = False
    # A file that was begun anew may have no start at all.
    (folder / "anew.jsonl").write_text("".join(
        json.dumps({"step": step, "session": "c", "attempt": 1, "event": None, "loss": 1.5}) + "\n" for step in range(5, 9)))
    everything = [(step, 1.5) for step in range(5, 9)]
    frame = pandas.read_json(folder / "anew.jsonl", lines=True)
    found = list(eval(in_pandas, {"df": frame})[["step", "loss"]].itertuples(index=False, name=None))
    query = in_duckdb.replace("metrics.jsonl", str(folder / "anew.jsonl"))
    for reader, rows in (("pandas", found), ("DuckDB", duckdb.sql(f"SELECT step, loss FROM ({query})").fetchall())):
        if rows != everything:
            print(f"WRONG: {reader}, a file that was begun anew: {rows}")
            wrong = True
    for name, read in (("metrics.jsonl", lambda path: pandas.read_json(path, lines=True)), ("metrics.csv", pandas.read_csv)):
        frame = read(folder / name)
        everything = list(frame[frame.loss.notna()][["step", "loss"]].itertuples(index=False, name=None))
        kept = eval(in_pandas, {"df": frame})  # what is documented is what is tested
        found = list(kept[kept.loss.notna()][["step", "loss"]].itertuples(index=False, name=None))
        if found != EXPECTED or everything == EXPECTED:
            print(f"WRONG: pandas, {name}: {found}")
            wrong = True
        query = in_duckdb.replace("metrics.jsonl", str(folder / name))
        found = duckdb.sql(f"SELECT step, loss FROM ({query}) WHERE loss IS NOT NULL").fetchall()
        if found != EXPECTED:
            print(f"WRONG: DuckDB, {name}: {found}")
            wrong = True
    if wrong:
        return 1
    print("pandas and DuckDB leave out what restarts have made obsolete")
    return 0


if __name__ == "__main__":
    sys.exit(main())
