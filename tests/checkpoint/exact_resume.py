"""Kills runs at random moments, starts them again until they have ended, and compares: exact_resume.py PROGRAM FOLDER RUNS
[OPTION,... [SEED]].

PROGRAM is exact_resume, OPTION one of its options. One run is never interrupted. Each of the others is killed at least once,
and has to end with the same checkpoints, byte for byte, and the same metrics and events as (step, name, value), after what
the README leaves out of them that a restart has made obsolete. A value may be there twice, though, with the same step: one
that waited for its row when the session was saved. Only steps per second are left out of account: they depend on the time.
Nothing that is in a log may be taken out again, but for half a row. Exit status 1 and a line that begins with WRONG if
anything differs.
"""
import csv
import io
import json
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

OWN_KEYS = {"step", "wall_time", "elapsed", "session", "attempt", "event"}
START = 1  # of a session log
LONGEST = 300  # seconds, for a run that waits for a slow disk


class Wrong(Exception):
    pass


def valid_rows(rows):
    """What the one line in the documentation leaves: no row of a later step before a start."""
    kept, limit = [], float("inf")
    for row in reversed(rows):
        if row["event"] == "start":
            limit = min(limit, int(row["step"]))
        elif int(row["step"]) <= limit:
            kept.append(row)
    return kept[::-1]


def values_of(rows):
    values = []
    for row in valid_rows(rows):
        for name in sorted(row.keys() - OWN_KEYS):
            if row[name] not in (None, ""):
                values.append((int(row["step"]), name, row[name]))
    return values


def json_values(path):
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return values_of([{"event": None, **row} for row in rows])


def csv_values(path):
    with path.open(newline="") as file:
        return values_of(list(csv.DictReader(file)))


def varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return number, at


def fields(data):
    """Of a message of protocol buffers: (number, value)."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        else:
            size = {1: 8, 5: 4}.get(key & 7)
            if size is None:
                size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield key >> 3, value


def event_values(folder):
    """As TensorBoard sees them: the start of a session discards what was written before for its step and later ones."""
    values = []
    # Files of one second are in the order of the processes' numbers by their names; the last part is the rest of the time.
    paths = sorted(folder.glob("events.out.tfevents.*"), key=lambda path: (path.name.split(".")[3], path.name.split(".")[-1]))
    for path in paths:
        data, at = path.read_bytes(), 0
        while at + 16 <= len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            if at + 16 + size > len(data):  # the process was killed while it wrote this one
                break
            event = dict(fields(data[at + 12:at + 12 + size]))
            at += 16 + size
            step = event.get(2, 0)
            if 7 in event and dict(fields(event[7])).get(1) == START:
                values = [value for value in values if value[0] < step]
            for number, value in fields(event.get(5, b"")):
                parts = dict(fields(value))
                if number == 1 and parts[1] != b"global_step/sec":
                    values.append((step, parts[1].decode(), parts.get(2) or parts.get(5) or parts.get(8)))
    return values


def series(values):
    """Name by name, as they were written. One that waited when the session was saved may have been before and after a kill."""
    return sorted(dict.fromkeys(values), key=lambda value: value[1])


def outcome(printed, folder):
    return {
        "checkpoints": printed.splitlines(),
        "metrics.jsonl": series(json_values(folder / "metrics.jsonl")),
        "thinned.csv": series(csv_values(folder / "thinned.csv")),
        "events": series(event_values(folder)),
        "thinned events": series(event_values(folder / "thinned")),
    }


def compare(got, wanted):
    for what, values in wanted.items():
        found = got[what]
        for i, value in enumerate(values):
            if i >= len(found) or found[i] != value:
                here = found[i] if i < len(found) else "nothing"
                raise Wrong(f"{what}: {str(here)[:200]} where the run that was not interrupted has {str(value)[:200]}")
        if len(found) > len(values):
            raise Wrong(f"{what}: {str(found[len(values)])[:200]} is too much")


def log(path):
    """A log as it is, without a last row that is not whole. A CSV file may get more columns."""
    data = path.read_bytes() if path.exists() else b""
    if "tfevents" in path.name:
        return data
    end = data.rfind(b"\n") + 1
    if path.suffix != ".csv":
        return data[:end]
    while data.count(b'"', 0, end) % 2:  # within a text of several lines
        end = data.rfind(b"\n", 0, end - 1) + 1
    rows = csv.DictReader(io.StringIO(data[:end].decode(), newline=""))
    return [{name: field for name, field in row.items() if field} for row in rows]


def logs(folder):
    paths = (folder / "metrics.jsonl", folder / "thinned.csv", *folder.glob("**/events.out.tfevents.*"))
    return {path: log(path) for path in paths}


class Runs:
    def __init__(self, program, options):
        self.command = [program, None, *options]
        self.kills = 0
        self.took = 0.0

    def start(self, folder):
        self.command[1] = str(folder)
        return subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)

    def finish(self, process):
        try:
            printed, _ = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Wrong(f"a run has not ended in {LONGEST} s") from None
        if process.returncode != 0:
            raise Wrong(f"a run has ended with {process.returncode}")
        return printed

    def kill(self, folder, rng):
        """Returns whether the run has not ended before."""
        process = self.start(folder)
        time.sleep(rng.uniform(0, self.took))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode not in (0, -signal.SIGKILL):
            raise Wrong(f"a run has ended with {process.returncode}")
        self.kills += process.returncode != 0
        return process.returncode != 0

    def interrupted(self, folder, rng):
        while True:
            shutil.rmtree(folder, ignore_errors=True)
            if self.kill(folder, rng):
                break
        while True:
            before = logs(folder)
            if rng.random() < 0.5:
                self.kill(folder, rng)
                printed = None
            else:
                printed = self.finish(self.start(folder))
            for path, text in before.items():
                if log(path)[:len(text)] != text:
                    raise Wrong(f"{path.name} has lost what was in it")
            if printed is not None:
                return printed


def main():
    program, folder, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    options = [option for option in sys.argv[4].split(",") if option] if len(sys.argv) > 4 else []
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else random.randrange(2**32)
    rng = random.Random(seed)
    runs = Runs(program, options)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begin = time.monotonic()
    printed = runs.finish(runs.start(folder / "whole"))
    runs.took = time.monotonic() - begin
    for _ in range(4):  # the shortest of them: a machine may be busy
        begin = time.monotonic()
        runs.finish(runs.start(folder / "another"))
        runs.took = min(runs.took, time.monotonic() - begin)
        shutil.rmtree(folder / "another")
    wanted = outcome(printed, folder / "whole")
    number = 0
    try:
        for number in range(count):
            compare(outcome(runs.interrupted(folder / "killed", rng), folder / "killed"), wanted)
    except Wrong as error:
        print(f"WRONG after {number + 1} runs, {runs.kills} kills, seed {seed}: {error}")
        return 1
    values = sum(len(values) for values in wanted.values())
    print(f"{count} runs, {runs.kills} kills, {values} values each: all are as without (seed {seed}, a run takes {runs.took:.3f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
