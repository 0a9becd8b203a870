"""Kills runs at random moments and looks at what they leave: killed_runs.py PROGRAM FOLDER RUNS [SEED].

The runs follow each other in one directory, which has to tell the truth each time: rows are whole and say whose they are,
run.json says that the run has not ended, what earlier runs have left is kept, and the next run has a session of its own.
Every tenth run is ended by SIGTERM, and has to say so. Exit status 1 and a line that says what is wrong if anything is.
"""
import json
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

KNOWN = re.compile(r"run\.json|report\.html|metrics\.jsonl|timeline-\d+\.json|events\.out\.tfevents\..+|earlier")
BESIDE = re.compile(r"(run\.json|report\.html|timeline-\d+\.json)\.\d+\.\d+\.new")  # what was not yet in its place
LEAST = 0.15  # seconds within which a run is killed; more where one takes long to begin


class Wrong(Exception):
    pass


def check(good, what):
    if not good:
        raise Wrong(what)


def read_record(path):
    try:
        record = json.loads(path.read_text())
    except ValueError as error:
        raise Wrong(f"{path} is not whole: {error}") from None
    check(record["schema"] == "runhook/run" and record["schema_version"] == 1, f"{path}: schema")
    return record


def check_ended(record, path, how):
    running = how == "killed"
    kinds = ("running" if path.parent.name != record["session"] else "lost",) if running else ("stopped",)
    check(record["outcome"]["kind"] in kinds, f"{path}: outcome {record['outcome']} of a run {how}")
    check((record["end"] is None) == running, f"{path}: end {record['end']} of a run {how}")
    check(record["exit_status"] == (None if running else 128 + signal.SIGTERM), f"{path}: exit status of a run {how}")


def read_rows(path):
    text = path.read_text() if path.exists() else ""
    check(text == "" or text.endswith("\n"), f"the last row is torn: {text[text.rfind(chr(10)) + 1:]!r}")
    return [json.loads(line) for line in text.splitlines()]


def check_rows(rows, known):
    before = None
    for number, row in enumerate(rows, 1):
        what = f"row {number}"
        check(row["session"] in known, f"{what}: nothing is known of session {row['session']}")
        if before is None or row["session"] != before["session"]:
            check(row.get("event") == "start" and row["attempt"] == 1, f"{what}: a session does not begin with its start")
        else:
            check(row.get("event") is None, f"{what}: {row.get('event')} within a session")
            check(row["step"] > before["step"], f"{what}: step {row['step']} after {before['step']}")
        before = row


def valid_rows(rows):
    """What the one line in the documentation leaves: no row of a later step before a start."""
    kept, limit = [], float("inf")
    for row in reversed(rows):
        if row.get("event") == "start":
            limit = min(limit, row["step"])
        if row["step"] <= limit:
            kept.append(row)
    return kept[::-1]


def check_directory(folder, how):
    """Returns the ids of the sessions of which there are records."""
    for path in folder.iterdir():
        check(KNOWN.fullmatch(path.name) or BESIDE.fullmatch(path.name), f"{path.name} is a stray file")
        if path.name.startswith("timeline-") and path.suffix == ".json":
            json.loads(path.read_text())
        if path.name == "report.html":
            check(path.read_text().rstrip().endswith("</html>"), "the report is not whole")
    sessions = {}
    for path in [folder / "run.json", *folder.glob("earlier/*/run.json")]:
        if not path.exists():
            continue
        record = read_record(path)
        # There are two for a moment while a run puts aside that of the one before it, and is killed then.
        is_put_aside = record["pid"] != next(reversed(how))
        check(is_put_aside or record["session"] not in sessions, f"{path}: another record of session {record['session']}")
        check(path.parent == folder or path.parent.name == record["session"], f"{path}: of session {record['session']}")
        sessions[record["session"]] = record
        if how.get(record["pid"]) is not None:
            check_ended(record, path, how[record["pid"]])
    check_rows(read_rows(folder / "metrics.jsonl"), sessions)
    return sessions


def is_recorded(folder, pid):
    try:
        return read_record(folder / "run.json")["pid"] == pid
    except FileNotFoundError:  # there is none while a run puts aside what the last one has left
        return False


def time_to_begin(program, folder):
    """Seconds until there is a record of a run."""
    begin = time.monotonic()
    process = subprocess.Popen([program, str(folder)])
    try:
        wait_for_record(folder, process.pid)
        return time.monotonic() - begin
    finally:
        process.kill()
        process.wait()


def wait_for_record(folder, pid):
    deadline = time.monotonic() + 30
    while not is_recorded(folder, pid):
        check(time.monotonic() < deadline, "there is no record of a run that has begun")
        time.sleep(0.001)


def run(program, folder, rng, number, how, longest):
    process = subprocess.Popen([program, str(folder)])
    try:
        how[process.pid] = end(process, folder, rng, number % 10 == 9, longest)
    finally:
        process.kill()  # one that went on would keep the output of this test open


def end(process, folder, rng, by_term, longest):
    """Kills the process at a random moment or, by_term, asks it to end. Returns which."""
    if by_term:  # one that is to end by itself has to have its handlers first
        wait_for_record(folder, process.pid)
    time.sleep(0.1 if by_term else rng.uniform(0, longest))
    process.send_signal(signal.SIGTERM if by_term else signal.SIGKILL)
    status = process.wait(30)
    check(status == (128 + signal.SIGTERM if by_term else -signal.SIGKILL), f"the run has ended with {status}")
    return "ended" if by_term else "killed"


def main():
    program, folder, runs = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(2**32)
    rng = random.Random(seed)
    how = {}
    number = 0
    try:
        # On a slow disk, or a busy machine, most runs are to have a record nevertheless before they are killed.
        with tempfile.TemporaryDirectory(dir=folder.absolute().parent) as other:
            begins = [time_to_begin(program, pathlib.Path(other) / "run") for _ in range(5)]
        longest = max(LEAST, 4 * statistics.median(begins))
        known = 0
        for number in range(runs):
            run(program, folder, rng, number, how, longest)
            sessions = check_directory(folder, how) if folder.exists() else {}
            check(len(sessions) in (known, known + 1), f"{len(sessions)} records, {known} before")
            known = len(sessions)
        rows = read_rows(folder / "metrics.jsonl")
        check(known > runs / 2 and len(rows) > runs, f"{known} records and {len(rows)} rows of {runs} runs: too few to tell")
        steps = [row["step"] for row in valid_rows(rows)]
        check(steps == sorted(steps), "what is left of the rows is not one course")
        leftovers = [path.name for path in folder.iterdir() if BESIDE.fullmatch(path.name)]
        check(len(leftovers) <= 3, f"files of killed runs stay: {leftovers}")
    except Wrong as error:
        print(f"WRONG after {number + 1} runs, seed {seed}: {error}")
        return 1
    print(f"{runs} runs were killed or ended, {known} have left records and {len(rows)} rows: all is told truly (seed {seed})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
