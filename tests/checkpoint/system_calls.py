"""Kills a process at each call of the system that saving a checkpoint takes, and has each of them fail:
system_calls.py PROGRAM FOLDER SCENARIO kills|errors [ERROR...]

PROGRAM is steps, SCENARIO what it is to do. After each kill, and after each error, what was acknowledged is there, and the
next start leaves nothing over. Of an error it is said in which file and at what it has happened, or it has cost nothing.
Exit status 1 and a line that says what is wrong if anything is.
"""
import collections
import concurrent.futures
import errno
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# What a kernel may do for a process here; memory and output are none of it.
CALLS = re.compile(
    r"open(at)?|close|read|pread64|write|pwrite64|fsync|fdatasync|fallocate|f?truncate|mkdir(at)?|rmdir|unlink(at)?"
    r"|rename(at2?)?|link(at)?|flock|f?statfs|getdents64|(new)?fstat(at)?(64)?|l?stat|statx")
ERRORS = ("EIO", "ENOSPC", "EROFS", "EACCES", "EDQUOT")


class Wrong(Exception):
    pass


def check(good, what):
    if not good:
        raise Wrong(what)


class Scenario:
    def __init__(self, program, folder, name):
        self.program, self.name = program, name
        self.folder = pathlib.Path(folder).resolve()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.prepared = self.folder / "prepared"
        self.oldest = 0 if name == "first" else 2  # what nobody may lose
        if name == "first":
            self.prepared.mkdir()
        else:
            subprocess.run([program, "prepare", self.prepared], check=True)
        self.before, self.counts, self.lines = self.count_calls()

    def fresh(self):
        place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(self.prepared, place / "run")
        return place / "run"

    def count_calls(self):
        """Which calls there are before the mark, how many of each after it, and what is said if all goes well."""
        run, trace = self.fresh(), self.folder / "trace"
        done = subprocess.run(["strace", "-f", "-qq", "-o", trace, self.program, self.name, run],
                              stdout=subprocess.PIPE, check=True, text=True)
        parts = [collections.Counter(), collections.Counter(), collections.Counter()]
        part = 0
        for line in trace.read_text().splitlines():
            call = re.match(r"\d+ +(\w+)\(", line)
            if call and call[1] == "getppid":
                part += 1
            elif call and CALLS.fullmatch(call[1]):
                parts[part][call[1]] += 1
        check(part == 2 and sum(parts[1].values()) > 40, f"the trace with {dict(parts[1])} is not that of a run")
        return parts[0], parts[1], done.stdout.splitlines()

    def run(self, call, number, what):
        """Runs with one call changed; returns the exit status, what was said, and what is said of the folder then."""
        run = self.fresh()
        when = self.before[call] + number
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{what}:when={when}",
             self.program, self.name, run], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        after = subprocess.run([self.program, "check", run], stdout=subprocess.PIPE, text=True)
        shutil.rmtree(run.parent)
        lines = done.stdout.splitlines()
        about = f"{self.name}, {call} {number} of {self.counts[call]}, {what}"
        said = "\n  ".join(["", *lines, done.stderr.strip(), "after it:", *after.stdout.splitlines()])
        newest = re.match(r"newest (\d+)\n", after.stdout)
        check(after.returncode == 0 and newest, f"{about}: it cannot be restored{said}")
        check(after.stdout.count("\n") == 1, f"{about}: it is not as it should be{said}")
        told = [int(line.split()[1]) for line in lines if re.match(r"(saved|restored) \d+$", line)]
        check(int(newest[1]) >= max(told, default=self.oldest), f"{about}: what was acknowledged is lost{said}")
        return done.returncode, lines, run, about + said


def kill(scenario, call, number):
    status, _, _, about = scenario.run(call, number, "signal=KILL")
    check(status in (-9, 137), f"{about}\nit was not killed, but ended with {status}")
    return "killed"


def fail(scenario, call, number, name):
    status, lines, run, about = scenario.run(call, number, f"error={name}")
    text = re.escape(os.strerror(getattr(errno, name)))
    place = re.escape(str(run))
    told = [line for line in lines if line.startswith(("failed ", "warning "))]
    for line in told:
        check(re.search(rf"\w+ing [a-z ]*'{place}[^']*' failed: {text}", line)
              or re.search(rf"'{place}[^']*' .*read.* \({name}\)", line),
              f"{about}\nwhere is not said, or why: {line}")
    if any(line.startswith(("failed start", "failed restore")) for line in lines):
        check(status == 3, f"{about}\nit has ended with {status}")
        return "refused"
    check(status == 0, f"{about}\nit has ended with {status}")
    saved = [line for line in scenario.lines if line.startswith("saved")]
    check([line for line in lines if line.startswith("saved")] == saved, f"{about}\na save could not be tried again")
    if told:
        return "reported"
    check(lines == scenario.lines, f"{about}\nnothing is said of what it has cost")
    return "harmless"


def main():
    program, folder, name, kind = sys.argv[1:5]
    errors = sys.argv[5:] or ERRORS
    if shutil.which("strace") is None:
        print("strace is missing: apt-get install strace")
        return 1
    try:
        scenario = Scenario(program, folder, name)
        jobs = []
        for call, count in sorted(scenario.counts.items()):
            for number in range(1, count + 1):
                if kind == "kills":
                    jobs.append((kill, scenario, call, number))
                else:
                    jobs += [(fail, scenario, call, number, error) for error in errors]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = [pool.submit(*job) for job in jobs]
            try:
                ends = collections.Counter(result.result() for result in results)
            finally:
                pool.shutdown(cancel_futures=True)
    except Wrong as error:
        print(f"WRONG: {error}")
        return 1
    told = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
    print(f"{name}: {len(jobs)} {kind}: {told}; all that was acknowledged is there")
    print("  of " + ", ".join(f"{count} {call}" for call, count in sorted(scenario.counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
