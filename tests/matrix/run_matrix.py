#!/usr/bin/env python3
"""The hook matrix: every callback x every behaviour x every position x every phase, against the model.

  run_matrix.py DRIVER                    the matrix, and 2,000 random hook programs
  run_matrix.py DRIVER --random N --seed S    random hook programs only
  run_matrix.py DRIVER --control NAME     the driver misreports on purpose; success means that this was noticed, in cases
                                          that are fine when it does not
  run_matrix.py DRIVER --case TEXT        one case in the driver's form; its trace beside the expected one
  run_matrix.py DRIVER --shape halves     every run is begin_step(), a body, end_step(): the same traces are expected
  run_matrix.py DRIVER --shape next       likewise, but each step is ended by the next() that opens the following one

Left out of the matrix, because it makes no sense:
  - rm_next without a next hook, rm_prev without a previous one (positions only, last; only, first);
  - phases in which a callback is not called (begin during recovery, end of a failed run, ...): see SITUATIONS;
  - in destroy, which has no context and no result: whatever needs one (fail, return values, stop from the context).
In a loop that stays where it is (halves, next) the body notes the engine's step and fails where the engine would, and a
saver's restore notes that a session is created and fails where the creator would. What cannot be said there:
  - that a session is closed: X is expected nowhere;
  - with which clean end a first half has ended: it gives no step and no error, "R=END". In next, where no call is one
    run, nothing is said of R at all;
  - a step in which the session is destroyed before the engine's part. Destroying takes effect when the first half is
    over, and there is no body then. Such cases are not compared, but counted.

Where the manual leaves open what happens, only the invariants are checked; such cases are counted.
"""

import argparse
import random
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import model  # noqa: E402

FAILING = ["fail:INVALID_ARGUMENT", "fail:ABORTED", "fail:OUT_OF_RANGE", "fail:STOPPED", "fail_then_ok",
           "v0", "v1", "vm1", "vmax", "stale", "throw_rt", "throw_int", "throw_move", "throw_bad", "stop_fail"]
THROWING = ["throw_rt", "throw_int", "throw_move", "throw_bad"]
USING = ["run", "run_thread", "close", "destroy_session", "rm_self", "rm_next", "rm_prev", "add", "stop_thread"]
BEHAVIOURS = ["ok", "stop"] + FAILING + USING
IN_DESTROY = ["ok"] + THROWING + USING
POSITIONS = {"only": (1, 0), "first": (3, 0), "middle": (3, 1), "last": (3, 2)}
CALLBACKS = ["begin", "after_create_session", "before_run", "after_run", "on_error", "end", "cleanup"]

ABORT = {"session": {2: "ABORTED"}}  # the second step fails once and is recovered
# callback -> [(phase, which call of it, the rest of the case)]
SITUATIONS = {
    "begin": [("first", 1, {})],
    "after_create_session": [("first", 1, {}), ("creation_retried", 1, {"creator": {1: "UNAVAILABLE"}}),
                             ("recovery", 2, ABORT)],
    "before_run": [("first", 1, {}), ("later", 2, {}), ("recovery", 3, ABORT)],
    "after_run": [("first", 1, {}), ("later", 2, {}), ("recovery", 2, ABORT)],
    "on_error": [("first", 1, {"session": {1: "INTERNAL"}}), ("later", 1, {"session": {2: "INTERNAL"}}),
                 ("last", 1, {"session": {3: "INTERNAL"}}), ("recovery", 1, ABORT)],
    "end": [("first", 1, {"steps": 0}), ("teardown", 1, {}), ("recovery", 1, ABORT),
            ("end_of_input", 1, {"session": {2: "OUT_OF_RANGE"}}), ("destroyed", 1, {"finish": "destroy"})],
    "cleanup": [("first", 1, {"steps": 0}), ("teardown", 1, {}), ("recovery", 1, ABORT),
                ("failed", 1, {"session": {3: "INTERNAL"}}), ("destroyed", 1, {"finish": "destroy"}),
                ("creation_failed", 1, {"creator": {1: "INTERNAL"}})],
    "destroy": [("teardown", 1, {}), ("destroyed", 1, {"finish": "destroy"}),
                ("creation_failed", 1, {"creator": {1: "INTERNAL"}})],
}


def positions(behaviour):
    for position, (hooks, index) in POSITIONS.items():
        if behaviour == "rm_next" and index == hooks - 1 or behaviour == "rm_prev" and index == 0:
            continue
        yield position, hooks, index


def case(name, hooks, actions, rest):
    return {"id": name, "hooks": hooks, "act": actions, **rest}


def matrix():
    for callback in CALLBACKS + ["destroy"]:
        for behaviour in IN_DESTROY if callback == "destroy" else BEHAVIOURS:
            for position, hooks, index in positions(behaviour):
                for phase, n, rest in SITUATIONS[callback]:
                    yield case(f"{callback}/{behaviour}/{position}/{phase}", hooks,
                               {f"{index}.{callback}.{n}": behaviour}, rest)
    yield from added_and_removed()
    yield from policies()
    yield from phases()


def added_and_removed():
    """A hook that the caller adds before run 2, or removes before run 2."""
    for callback in ("begin", "after_create_session", "before_run", "after_run", "end", "cleanup"):
        for behaviour in BEHAVIOURS:
            if behaviour != "rm_next":
                yield case(f"added/{callback}/{behaviour}", 2, {f"2.{callback}.1": behaviour}, {"caller_add": 2})
    for behaviour in BEHAVIOURS:
        if behaviour != "rm_prev":
            yield case(f"removed/cleanup/{behaviour}", 3, {"0.cleanup.1": behaviour}, {"caller_remove": 2})
    for behaviour in IN_DESTROY:
        if behaviour != "rm_prev":
            yield case(f"removed/destroy/{behaviour}", 3, {"0.destroy.1": behaviour}, {"caller_remove": 2})


def policies():
    for policy in (1, 2):
        for failures in (1, 2) if policy == 2 else (1,):
            for callback in CALLBACKS:
                for behaviour in FAILING:
                    for position, hooks, index in [("only", 1, 0), ("middle", 3, 1)]:
                        for phase, n, rest in SITUATIONS[callback]:
                            digits = "0" * index + str(policy)
                            acts = {f"{index}.{callback}.{k}": behaviour for k in {n, n + 1}}
                            yield case(f"policy{policy}.{failures}/{callback}/{behaviour}/{position}/{phase}", hooks,
                                       acts, {"policies": digits, "max_failures": failures, **rest})


def phases():
    for order in ("021", "210", "102", "120"):
        for callback in CALLBACKS:
            for behaviour in ("ok", "stop", "fail:INVALID_ARGUMENT", "fail:ABORTED", "add", "rm_self"):
                for index in range(3):
                    for phase, n, rest in SITUATIONS[callback]:
                        yield case(f"phases{order}/{callback}/{behaviour}/{index}/{phase}", 3,
                                   {f"{index}.{callback}.{n}": behaviour}, {"phases": order, **rest})


def random_programs(count, seed):
    rng = random.Random(seed)
    mild = ["stop", "run", "run_thread", "close", "add", "rm_self", "rm_next", "rm_prev", "stop_thread"]
    for number in range(count):
        hooks = rng.randint(1, 4)
        actions = {}
        for _ in range(rng.randint(1, 5)):
            callback = rng.choice(CALLBACKS + ["before_run", "after_run"])
            n = rng.randint(1, 5) if callback in ("before_run", "after_run") else rng.randint(1, 2)
            kind = rng.choice([FAILING, ["fail:ABORTED"], mild, mild])
            behaviour = "destroy_session" if rng.random() < 0.03 else rng.choice(kind)
            actions[f"{rng.randrange(hooks + 1)}.{callback}.{n}"] = behaviour
        rest = {"steps": 6, "max": rng.choice([0, 1, 5, 5]), "finish": rng.choice(["close", "close", "destroy"])}
        codes = ["ABORTED", "UNAVAILABLE", "ABORTED", "INTERNAL", "OUT_OF_RANGE", "STOPPED"]
        rest["session"] = {rng.randint(1, 7): rng.choice(codes) for _ in range(rng.choice([0, 0, 1, 2]))}
        rest["creator"] = {rng.randint(1, 3): rng.choice(["ABORTED", "INTERNAL"])} if rng.random() < 0.15 else {}
        if rng.random() < 0.3:
            rest["phases"] = "".join(rng.choice("012") for _ in range(hooks))
        if rng.random() < 0.2:
            rest["policies"] = "".join(rng.choice("0012") for _ in range(hooks))
        yield case(f"random/{seed}/{number}", hooks, actions, rest)


def to_text(c):
    words = [c["id"]]
    for key, value in c.items():
        if key == "act":
            words += [f"act={where}/{what}" for where, what in value.items()]
        elif key in ("session", "creator"):
            if value:
                words.append(f"{key}=" + ",".join(f"{n}:{code}" for n, code in value.items()))
        elif key != "id":
            words.append(f"{key}={value}")
    return " ".join(words)


def from_text(text):
    words = text.split()
    c = {"id": words[0], "act": {}}
    for word in words[1:]:
        key, value = word.split("=", 1)
        if key == "act":
            where, what = value.split("/", 1)
            c["act"][where] = what
        elif key in ("session", "creator"):
            c[key] = {int(part.split(":")[0]): part.split(":")[1] for part in value.split(",")}
        else:
            c[key] = value if key in ("phases", "policies", "finish") else int(value)
    return c


CLEAN_END = re.compile(r"R=(STOPPED|OUT_OF_RANGE)(@[\w.]+)?(\+\d+)?,1")


def destroyed_before_the_body(want):
    """Whether in some run the session is destroyed before the engine's step, which is made nevertheless."""
    gone = False
    for t in want:
        if t == "R":
            gone = False
        gone = gone or t == ">destroy_session"
        if gone and re.match(r"S\d", t):
            return True
    return False


def as_said_in(shape, trace):
    """The part of a trace that a shape of the loop has a word for."""
    if shape == "run":
        return trace
    return [t for t in trace if not re.match(r"X\d", t) and not (shape == "next" and re.match(r"R($|=)", t))]


def matches(want, have):
    if re.fullmatch(r"R=END,\d", have):
        return have.endswith(",1") and CLEAN_END.fullmatch(want) is not None
    return model.matches(want, have)


def execute(driver, cases):
    """Feeds all cases to one driver process; after a crash the rest goes to another. Yields (case, trace, crash)."""
    rest = list(cases)
    while rest:
        process = subprocess.run(driver, input="\n".join(map(to_text, rest)) + "\n", capture_output=True, text=True)
        lines = process.stdout.split("\n")
        complete = [line.split(" ") for line in lines[:-1]]
        for c, words in zip(rest, complete):
            if words[0] != c["id"]:
                sys.exit(f"the driver answered {words[0]} for {c['id']}")
            yield c, words[1:], None
        if process.returncode == 0 and len(complete) == len(rest):
            return
        if len(complete) == len(rest):  # it failed after the last case
            sys.exit(f"the driver ended with {process.returncode}: {process.stderr[-2000:]}")
        yield rest[len(complete)], [], f"driver ended with {process.returncode}: {process.stderr.strip()[-300:]}"
        rest = rest[len(complete) + 1:]


def comparable(trace):
    """Without destroy, whose moment is left open, and without what a destroy did. Also returns wrong answers there."""
    kept, wrong, in_destroy = [], [], False
    for t in trace:
        if t.endswith(".destroy"):
            in_destroy = True
        elif in_destroy and t.startswith(">"):
            if t in (">run=OK", ">run_thread=OK"):
                wrong.append(f"in destroy: {t}")
        else:
            in_destroy = False
            kept.append(t)
    return kept, wrong


NOT_COMPARED = "a destroy that changes the session"
NOT_SAID = "a loop that stays where it is, destroyed before its body"


def has_open_destroy(c):
    """A destroy that changes the session: nothing says what follows."""
    return any(".destroy." in where and what in ("add", "destroy_session", "rm_self", "rm_next", "rm_prev", "stop_thread")
               for where, what in c["act"].items())


def check(c, trace, crash, shape="run"):
    """Returns (list of differences, whether the model had an answer)."""
    if crash:
        return [crash], True
    want, open_question = model.expected(c)
    found = model.violations(c, trace)
    have, wrong = comparable(trace)
    found += wrong
    if want is None or has_open_destroy(c) or shape != "run" and destroyed_before_the_body(want):
        return found, False
    want, have = as_said_in(shape, want), as_said_in(shape, have)
    for place in range(max(len(want), len(have))):
        w = want[place] if place < len(want) else "(end)"
        h = have[place] if place < len(have) else "(end)"
        if not matches(w, h):
            found.append(f"token {place}: expected {w}, got {h}")
            break
    return found, True


def show(c, trace, found, shape):
    print(f"DIFFERENCE {to_text(c)}")
    for line in found:
        print(f"    {line}")
    want, open_question = model.expected(c)
    want = as_said_in(shape, want) if want else None
    print(f"    expected: {' '.join(want) if want else 'open: ' + str(open_question)}")
    print(f"    got:      {' '.join(trace)}")


def control(options, driver, cases):
    """Whether the runner notices what the driver misreports."""
    wrong = []
    for extra in ([], [f"--control={options.control}"]):
        runs = execute(driver + extra, cases)
        wrong.append({c["id"] for c, trace, crash in runs if check(c, trace, crash, options.shape)[0]})
    noticed = len(wrong[1] - wrong[0])
    print(f"control {options.control}: noticed in {noticed} of {len(cases)} cases, {len(wrong[0])} differ without it")
    return 0 if noticed else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("driver")
    parser.add_argument("--random", type=int)
    parser.add_argument("--seed", type=int, default=0, help="0: a new one")
    parser.add_argument("--control", choices=["drop-after-run", "cleanup-order", "zero-is-ok", "end-twice"])
    parser.add_argument("--shape", choices=["run", "halves", "next"], default="run")
    parser.add_argument("--at-least", type=int, default=0, help="how many cases have to be compared with the model")
    parser.add_argument("--case")
    parser.add_argument("--show", type=int, default=20, help="how many differences are printed")
    parser.add_argument("--open", action="store_true", help="tell which questions the manual leaves open, and how often")
    options = parser.parse_args()
    seed = options.seed or random.SystemRandom().randrange(1, 1 << 31)
    started = time.monotonic()

    if options.case:
        cases = [from_text(options.case)]
    elif options.random is not None:
        cases = list(random_programs(options.random, seed))
    else:
        cases = list(matrix()) + ([] if options.control else list(random_programs(2000, seed)))
    driver = [options.driver, f"--shape={options.shape}"]
    if options.control:
        return control(options, driver, cases)
    different, with_model, asked = 0, 0, {}
    for c, trace, crash in execute(driver, cases):
        found, answered = check(c, trace, crash, options.shape)
        with_model += answered
        if not answered:
            want, question = model.expected(c)
            if want is not None:
                question = NOT_COMPARED if has_open_destroy(c) else NOT_SAID
            asked[question] = asked.get(question, 0) + 1
        if found:
            different += 1
        if options.case or found and different <= options.show:
            show(c, trace, found, options.shape)
    print(f"{len(cases)} cases, {with_model} compared with the model, {len(cases) - with_model} for invariants only, "
          f"{different} different, seed {seed}, {time.monotonic() - started:.1f} s")
    if options.open:
        for question, count in sorted(asked.items(), key=lambda item: -item[1]):
            print(f"  {count:6} {question}")
    if with_model < options.at_least:
        print(f"at least {options.at_least} cases have to be compared with the model")
    return 1 if different or with_model < options.at_least else 0


if __name__ == "__main__":
    sys.exit(main())
