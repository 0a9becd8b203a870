"""What a monitored session does, as a small simulation written from the manual and not from the code.

expected(case) returns the trace that the driver is to print for a case, or None where the manual leaves open what
happens. A token that begins with "~" is a regular expression. The tokens:

  C, R, K, K2, D    the caller creates, runs, closes, closes again, destroys; then "C=...", "R=...", "K=...", "D." with
                    the code, the place of the error, "+n" suppressed errors (however deep), and for R whether to stop
  h0.begin          a callback; before_run, after_run and on_error with attempt and global step, on_error with the
                    error, end with the step, cleanup with the kind of the outcome
  >run=REENTRANT    what a callback did, and the answer
  M1 S2 X1 N1       session 1 created, step 2 of the engine, session 1 closed, notice of recovery 1; "!CODE" if it failed
  O=...             the outcome, L=0,0 handles and engines left over
"""

import re

# Rules that a reader could take for details. Each is changed here, and nowhere else, if the manual changes.
RECOVERABLE = {"ABORTED", "UNAVAILABLE"}
CLEAN = {"STOPPED", "OUT_OF_RANGE"}


class Silent(Exception):
    """The manual does not say what happens."""


class Error:
    def __init__(self, code, hook="", callback=""):
        self.code, self.hook, self.callback, self.suppressed = code, hook, callback, []

    def place(self):
        return f"{self.code}@{self.hook}.{self.callback}" if self.hook else self.code

    def add(self, later):
        self.suppressed.append(later)

    def count(self):
        return sum(1 + e.count() for e in self.suppressed)

    def text(self):
        return self.place() + (f"+{self.count()}" if self.suppressed else "")


def token(before, error, after=""):
    return before + ("OK" if error is None else error.text()) + after


class Hook:
    def __init__(self, index, case):
        self.index, self.name = index, f"h{index}"
        digit = lambda text, other: int(text[index]) if index < len(text) else other
        self.phase = digit(case.get("phases", ""), 1)
        self.policy = ("fail", "warn", "disable")[digit(case.get("policies", ""), 0)]
        self.entered = self.disabled = False
        self.failures = 0
        self.calls = {}


class World:
    def __init__(self, case):
        self.case, self.trace = case, []
        self.made = [Hook(i, case) for i in range(case.get("hooks", 3))]
        self.hooks = sorted(self.made, key=lambda h: h.phase)
        self.changes = []  # added and removed hooks, for the next boundary
        self.changing = []  # at the boundary: those taking effect
        self.stop = self.end_of_input = self.late_stop = False
        self.ending = self.closed = self.destroyed = self.creating = False
        self.handle_gone = False  # the caller has destroyed it: what its last callbacks ask of the handle is refused
        self.failure = None  # of the last run
        self.session = None
        self.lost = None  # why there is no session any more
        self.creations = self.engine_steps = self.recovery = 0
        self.cause = None
        self.runs = self.step = self.recoveries = self.warnings = 0
        self.open_recoveries = False

    def note(self, text):
        self.trace.append(text)

    # ---- one callback ----

    def act(self, hook, callback):
        """What the callback does; returns the Error with which it fails, or None."""
        n = hook.calls[callback] = hook.calls.get(callback, 0) + 1
        what = self.case.get("act", {}).get(f"{hook.index}.{callback}.{n}", "ok")
        fails = lambda code: Error(code, hook.name, callback)
        if what == "ok":
            return None
        if what in ("v0", "v1", "vm1", "vmax", "stale", "throw_rt", "throw_int", "throw_move"):
            return fails("HOOK_FAILED")
        if what == "throw_bad":
            return fails("NO_MEMORY")
        if what.startswith("fail:"):
            return fails(what[5:])
        if what == "fail_then_ok":
            return fails("INVALID_ARGUMENT")
        if what in ("stop", "stop_fail", "stop_thread"):
            if self.ending:  # whether it still can be asked for from the context is open
                self.late_stop = True
                self.note(rf"~>{'stop_thread' if what == 'stop_thread' else 'stop'}=[01]")
            else:
                self.note(f">{'stop_thread' if what == 'stop_thread' else 'stop'}={0 if self.stop else 1}")
                self.stop = True
            return fails("INVALID_ARGUMENT") if what == "stop_fail" else None
        if self.destroyed and what != "destroy_session":
            raise Silent("a destroyed session is used")
        if what == "run" or what == "close":
            self.note(f">{what}={'INVALID_ARGUMENT' if self.handle_gone else 'REENTRANT'}")
        elif what == "run_thread":
            self.note(f">run_thread={'INVALID_ARGUMENT' if self.handle_gone else 'BUSY'}")
        elif what == "destroy_session":
            if self.creating:
                raise Silent("a session is destroyed while it is created")
            self.note(">destroy_session")
            self.destroyed = True
        elif what.startswith("rm_"):
            self.remove(hook.index + {"rm_self": 0, "rm_next": 1, "rm_prev": -1}[what])
        elif what == "add":
            self.add()
        else:
            raise ValueError(what)
        return None

    def refusal(self):
        """What adding or removing a hook is refused with, or None."""
        if self.handle_gone:
            return "INVALID_ARGUMENT"
        if self.creating:
            return "REENTRANT"
        return "CLOSED" if self.ending else None

    def add(self):
        hook = Hook(len(self.made), self.case)
        self.made.append(hook)
        self.note(f">add={self.refusal() or 'OK'}")
        if not self.refusal():
            self.changes.append(("add", hook))

    def remove(self, index):
        if self.refusal():
            self.note(f">rm={self.refusal()}")
            return
        target = self.made[index] if 0 <= index < len(self.made) else None
        if target is not None and any(h is target for _, h in self.changes + self.changing):
            raise Silent("a hook whose addition or removal is pending is removed")
        if target not in self.hooks:
            self.note(">rm=NOT_FOUND")
            return
        self.note(">rm=OK")
        self.changes.append(("remove", target))

    def call(self, hook, callback, arguments=""):
        """Calls it and applies the failure policy; returns (error that counts, failed at all)."""
        if hook.disabled and callback != "cleanup":
            return None, None
        self.note(f"{hook.name}.{callback}" + (f"({arguments})" if arguments else ""))
        error = self.act(hook, callback)
        if error is None or hook.policy == "fail":
            return error, error
        if callback in ("begin", "after_create_session") or error.code in CLEAN:
            raise Silent("which failures a policy turns into warnings")
        self.warnings += 1
        hook.failures += 1
        if hook.policy == "disable" and hook.failures >= self.case.get("max_failures", 1):
            hook.disabled = True
        return None, error

    @staticmethod
    def merge(first, later):
        if first is None:
            return later
        if later is not None:
            first.add(later)
        return first

    def with_gravest_primary(self, error):
        """Of the errors of one attempt the primary one says what becomes of the run: a lighter one hides no heavier."""
        recovers = self.case.get("max", 5) > 0
        weight = lambda e: 0 if e.code in CLEAN else 1 if recovers and e.code in RECOVERABLE else 2
        if error is None or not error.suppressed:
            return error
        heaviest = max(error.suppressed, key=weight)
        if weight(heaviest) <= weight(error):
            return error
        others = [e for e in error.suppressed if e is not heaviest]
        error.suppressed = []
        heaviest.suppressed += [error] + others
        return heaviest

    # ---- creating and recovering ----

    def create_once(self):
        self.creations += 1
        code = self.case.get("creator", {}).get(self.creations)
        self.note(f"M{self.creations}" + (f"!{code}" if code else ""))
        if code:
            return Error(code)
        self.session = self.creations
        ends = None
        for hook in list(self.hooks):
            error, _ = self.call(hook, "after_create_session")
            if error is not None and error.code not in CLEAN:
                return error
            ends = self.merge(ends, error)  # the session may be used again: no hook misses it
        return ends

    def close_session(self):
        if self.session is not None:
            self.note(f"X{self.session}")
            self.session = None

    def remember(self, error):
        """Keeps an error that is recovered from, behind the first one since the last completed step."""
        if self.cause is None:
            self.cause = error
        elif self.cause is not error:
            self.cause.add(error)

    def create_session(self, cause):
        """Makes a session; recoverable failures are tried again. `cause`: the error that is recovered from, or None."""
        error = cause
        if cause is not None:
            self.remember(cause)
        else:
            error = self.create_once()
            if error is not None:
                self.open_recoveries = True
        tried = False
        while error is not None and error.code in RECOVERABLE and self.recovery < self.case.get("max", 5):
            if self.stop and tried:
                raise Silent("a second recovery while a stop is pending")
            if error is not cause:
                self.remember(error)
            tried = True
            self.recovery += 1
            self.close_session()
            self.note(f"N{self.recovery}")
            error = self.create_once()
            self.recoveries += 1
            if error is not None:
                self.open_recoveries = True
        if error is not None:
            half_made = error is not cause
            if error.code in RECOVERABLE:  # given up: the first error is the primary one
                if tried:
                    self.remember(error)
                    error = self.cause
            elif self.cause is not None:
                error.add(self.cause)
            # A hook that ends the run while the session is new leaves it to be closed in the ordinary way.
            ends_cleanly = error.code in CLEAN and self.session is not None
            if half_made and not ends_cleanly:
                self.close_session()
                self.lost = error
        return error

    def construct(self):
        self.note("C")
        self.creating = True
        error = None
        for hook in list(self.hooks):
            hook.entered = True
            error, _ = self.call(hook, "begin")
            if error is not None:
                break
        if error is None:
            error = self.create_session(None)
        if error is not None:
            self.ending = True
            self.close_session()
            kind = "FAILED" if error.code not in CLEAN else None
            self.clean_up(kind, error)
        self.creating = False
        self.recovery = 0
        self.cause = None
        self.note(token("C=", error))
        return error is None

    # ---- one run ----

    def boundary(self):
        """Lets added and removed hooks take effect, and those that are added and removed meanwhile."""
        while self.changes:
            if len(self.changes) > 1 and {kind for kind, _ in self.changes} != {"add"}:
                raise Silent("the order in which pending changes take effect")
            self.changing, self.changes = self.changes, []
            for kind, hook in self.changing:
                self.let_go(hook) if kind == "remove" else self.take_in(hook)
            self.changing = []

    def let_go(self, hook):
        _, failed = self.call(hook, "cleanup", "RUNNING")
        if failed:
            raise Silent("a removed hook's cleanup fails")
        self.hooks.remove(hook)

    def take_in(self, hook):
        hook.entered = True
        self.hooks = sorted(self.hooks + [hook], key=lambda h: h.phase)
        for callback in ("begin", "after_create_session"):
            _, failed = self.call(hook, callback)
            if failed:
                raise Silent("an added hook fails to begin")

    def attempt(self, number):
        arguments = f"a{number},s{self.step}"
        asked, error = [], None
        for hook in list(self.hooks):
            if hook.disabled:
                continue
            error, failed = self.call(hook, "before_run", arguments)
            if failed is not None and error is None:  # left out of the attempt
                was_disabled, hook.disabled = hook.disabled, False
                self.call(hook, "on_error", f"{arguments},{failed.place()}")
                hook.disabled = hook.disabled or was_disabled
                continue
            asked.append(hook)
            if error is not None:
                break
        if error is None:
            self.engine_steps += 1
            code = self.case.get("session", {}).get(self.engine_steps)
            self.note(f"S{self.engine_steps}" + (f"!{code}" if code else ""))
            error = Error(code) if code else None
        if error is not None:
            for hook in reversed(asked):
                later, _ = self.call(hook, "on_error", f"{arguments},{error.place()}")
                error = self.merge(error, later)
            return error
        for hook in asked:
            later, _ = self.call(hook, "after_run", f"a{number},s{self.step + 1}")
            error = self.merge(error, later)
        return error

    def run(self):
        self.note("R")
        if self.destroyed or self.closed or self.stop or self.end_of_input:
            code = "INVALID_ARGUMENT" if self.destroyed else "CLOSED" if self.closed else "STOPPED"
            self.note(f"R={code},1")
            return
        if self.lost is not None:
            self.note(token("R=", self.lost, ",1"))
            return
        self.boundary()
        if self.stop:  # asked for at the boundary: no step begins
            if self.destroyed:
                self.tear_down()
            self.note("R=STOPPED,1")
            return
        error = self.create_session(None) if self.session is None else None
        number = 1
        while error is None:
            error = self.with_gravest_primary(self.attempt(number))
            if error is None or error.code not in RECOVERABLE or self.case.get("max", 5) == 0:
                if error is not None and error.code not in CLEAN and self.cause is not None:
                    error.add(self.cause)  # what it was recovered from before
                    self.cause = None
                break
            if self.stop and number > 1:
                raise Silent("a second recovery while a stop is pending")
            if self.recovery >= self.case.get("max", 5):
                raise Silent("what is left of the session when recovery is given up")
            error = self.create_session(error)
            number += 1
        if error is None:
            self.runs += 1
            self.step += 1
            self.recovery = 0
            self.cause = None
            if self.failure is not None:  # the caller has gone on after it
                self.warnings += 1
            self.failure = None
        elif error.code in CLEAN:
            if self.failure is not None:
                raise Silent("a clean end after a failed run")
            self.stop = self.stop or error.code == "STOPPED"
            self.end_of_input = self.end_of_input or error.code == "OUT_OF_RANGE"
        else:
            self.failure = error
        if any(e.code in CLEAN for e in (error.suppressed if error else [])):
            raise Silent("whether a suppressed error ends the run")
        if self.destroyed:
            self.tear_down()
        lost = self.session is None and not self.closed
        stopped = self.destroyed or self.stop or self.end_of_input or lost
        self.note(token("R=", error, f",{1 if stopped else 0}"))

    # ---- the end ----

    def clean_up(self, kind, error):
        for hook in reversed(self.hooks):
            if hook.entered:
                if kind is None or (self.late_stop and kind in ("COMPLETED", "END_OF_INPUT")):
                    place = len(self.trace)
                    later, _ = self.call(hook, "cleanup", "x")
                    self.trace[place] = rf"~{hook.name}\.cleanup\([A-Z_]+\)"
                else:
                    later, _ = self.call(hook, "cleanup", kind)
                error = self.merge(error, later)
                if later is not None:
                    kind = "FAILED"  # for those that come after it
        return error

    def tear_down(self):
        self.ending = True
        error = None
        if self.failure is not None:
            kind = "FAILED"
        elif self.stop and self.end_of_input:
            kind = None
        else:
            kind = "STOPPED" if self.stop else "END_OF_INPUT" if self.end_of_input else "COMPLETED"
        if self.failure is None:
            for hook in list(self.hooks):
                later, _ = self.call(hook, "end", f"s{self.step}")
                error = self.merge(error, later)
        if error is not None:
            kind = "FAILED"
        self.close_session()
        error = self.clean_up(kind, error)
        if error is not None:
            kind = "FAILED"
        self.closed = True
        self.kind = None if self.late_stop and kind != "FAILED" else kind
        return error

    def finish(self):
        if self.case.get("finish", "close") == "close":
            self.note("K")
            if self.destroyed:
                self.note("K=INVALID_ARGUMENT")
                self.note("K2")
            else:
                self.note(token("K=", self.tear_down()))
                self.note("K2")
                if not self.destroyed:
                    recoveries = r"\d+" if self.open_recoveries else str(self.recoveries)
                    self.note(rf"~O={self.kind or '[A-Z_]+'},runs{self.runs},recoveries{recoveries},"
                              rf"warnings{self.warnings}")
                    self.note("R=CLOSED,1")
        self.note("D")
        self.handle_gone = True
        if not self.closed:
            self.tear_down()
        self.note("D.")

    def simulate(self):
        if self.construct():
            for step in range(1, self.case.get("steps", 3) + 1):
                if self.case.get("caller_add") == step or self.case.get("caller_remove") == step:
                    if self.destroyed:
                        raise Silent("a destroyed session is used")
                    self.add() if self.case.get("caller_add") == step else self.remove(0)
                self.run()
            self.finish()
        self.note("L=0,0")
        return self.trace


def expected(case):
    world = World(case)
    try:
        return world.simulate(), None
    except Silent as silent:
        return None, str(silent)


def matches(want, have):
    return re.fullmatch(want[1:], have) is not None if want.startswith("~") else want == have


def violations(case, trace):
    """What must hold for every trace, whatever the model says."""
    made = [Hook(i, case) for i in range(case.get("hooks", 3) + sum(t.startswith(">add") for t in trace))]
    found, seen = [], {h.name: [] for h in made}
    stopped = False
    final = []
    for t in trace:
        if "!" in t and not re.match(r"[SM]\d+!", t):
            found.append(f"the driver complains: {t}")
        if t.startswith("S") and stopped:
            found.append(f"{t} after a stop was seen")
        if t.startswith("R=") and t.endswith(",1"):
            stopped = True
        if t == "K" or t == "D":
            final = []
        match = re.match(r"(h\d+)\.(\w+)(?:\((.*)\))?$", t)
        if match:
            seen[match[1]].append(match[2])
            if match[2] == "cleanup" and match[3] != "RUNNING":
                final.append(made[int(match[1][1:])])
    for hook in made:
        calls = seen[hook.name]
        if calls.count("begin") > 1:
            found.append(f"{hook.name}: begin {calls.count('begin')} times")
        if calls.count("cleanup") != calls.count("begin"):
            found.append(f"{hook.name}: cleanup {calls.count('cleanup')} times, begin {calls.count('begin')} times")
        if calls.count("destroy") != 1:
            found.append(f"{hook.name}: destroy {calls.count('destroy')} times")
        if calls and "destroy" in calls and calls[-1] != "destroy":
            found.append(f"{hook.name}: {calls[-1]} after destroy")
        if "cleanup" in calls and any(c != "destroy" for c in calls[calls.index("cleanup") + 1:]):
            found.append(f"{hook.name}: called after cleanup")
        open_attempt = False
        for c in calls:
            if c == "before_run":
                if open_attempt:
                    found.append(f"{hook.name}: before_run twice without after_run or on_error")
                open_attempt = True
            elif c in ("after_run", "on_error"):
                if not open_attempt:
                    found.append(f"{hook.name}: {c} without before_run")
                open_attempt = False
            elif c in ("end", "cleanup") and open_attempt:
                found.append(f"{hook.name}: {c} with an attempt left open")
                open_attempt = False
    order = [(h.phase, h.index) for h in final]
    if order != sorted(order, reverse=True):
        found.append("cleanup is not in reverse order")
    if trace[-1:] != ["L=0,0"]:
        found.append(f"left over: {trace[-1:]}")
    return found
