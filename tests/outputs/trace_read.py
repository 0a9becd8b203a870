"""Reads traces and looks at what lies within what: trace_read.py FOLDER [PACKAGE VIEWER...].

Without PACKAGE the rule by which the trace viewer of Chrome nests is used. With it, the folder of the package that has the
viewers (see .ci/traces), they are asked themselves: "trace-viewer" and "perfetto". Exit status 1 and a line that says what
is wrong if a span is not where it belongs or has another time, or if a failure is not told of.
"""
import dataclasses
import decimal
import json
import math
import pathlib
import sys

STEPS = 100
ERROR = {"code": "DATA_LOSS", "message": 'a "bad" disk', "hook": "failing", "callback": "after_run", "step": STEPS}
OF_A_STEP = ("before_run", "session_run", "after_run", "on_error")


class Wrong(Exception):
    pass


def check(good, what):
    if not good:
        raise Wrong(what)


@dataclasses.dataclass
class Span:
    name: str
    begin_ns: int
    end_ns: int
    step: int
    parent: "Span | None" = None

    def __str__(self):
        return f"'{self.name}' at {self.begin_ns} ns"


def nanoseconds(time):
    exact = decimal.Decimal(time) * 1000
    check(exact == exact.to_integral_value(), f"{time} us are not whole nanoseconds")
    return int(exact)


def load(path):
    return json.loads(path.read_text(), parse_float=decimal.Decimal)


def complete_events(trace):
    return [event for event in trace["traceEvents"] if event["ph"] == "X"]


def by_exact_times(trace):
    """What lies within what when nothing is rounded. Spans on a track must not overlap otherwise."""
    tracks = {}
    for event in complete_events(trace):
        begin = nanoseconds(event["ts"])
        span = Span(event["name"], begin, begin + nanoseconds(event["dur"]), event["args"]["step"])
        tracks.setdefault(event["tid"], []).append(span)
    for spans in tracks.values():
        spans.sort(key=lambda span: (span.begin_ns, -span.end_ns))
        around = []
        for span in spans:
            while around and around[-1].end_ns <= span.begin_ns:
                around.pop()
            span.parent = around[-1] if around else None
            check(not around or span.end_ns <= around[-1].end_ns, f"{span} overlaps {around[-1] if around else ''}")
            around.append(span)
    return [span for spans in tracks.values() for span in spans]


def by_rule_of_trace_viewer(trace):
    """With times in doubles, in the order of the file where spans begin together, rounded to the unit of the trace."""
    per_ms = {"ms": 1e3, "ns": 1e6}[trace["displayTimeUnit"]]
    tracks = {}
    for event in complete_events(trace):
        begin, duration = float(event["ts"]) / 1000, float(event["dur"]) / 1000
        span = Span(event["name"], round(begin * 1e6), round((begin + duration) * 1e6), event["args"]["step"])
        tracks.setdefault(event["tid"], []).append((begin, begin + duration, span))

    def rounded(ms):
        return math.floor(ms * per_ms + 0.5)

    for spans in tracks.values():
        spans.sort(key=lambda entry: entry[0])
        around = []
        for begin, end, span in spans:
            while around and not (rounded(around[-1][0]) <= rounded(begin) and rounded(end) <= rounded(around[-1][1])):
                around.pop()
            span.parent = around[-1][2] if around else None
            around.append((begin, end, span))
    return [entry[2] for spans in tracks.values() for entry in spans]


def key(span):
    return (span.begin_ns, -span.end_ns, span.name)


def compare(exact, seen):
    """Whoever it is that looks at a trace sees what is in it."""
    check(len(exact) == len(seen), f"{len(seen)} spans, not {len(exact)}")
    for expected, span in zip(sorted(exact, key=key), sorted(seen, key=key)):
        check(key(expected) == key(span), f"{span} to {span.end_ns}, not {expected} to {expected.end_ns}")
        within, right = span.parent and span.parent.name, expected.parent and expected.parent.name
        check(within == right, f"{span} is within '{within}', not within '{right}'")
        check(span.step == expected.step, f"{span} is of step {span.step}, not of {expected.step}")


def check_steps(spans):
    for span in spans:
        if span.name.split()[0] in OF_A_STEP:
            check(span.parent and span.parent.name == f"step {span.step}", f"{span} is not within its step")
        elif span.name.startswith("step "):
            check(span.parent is None, f"{span} is within '{span.parent and span.parent.name}'")


def check_failure(trace, spans):
    steps = {span.step for span in spans if span.name.startswith("step ")}
    check(steps == set(range(STEPS)), f"the steps are {sorted(steps)}")
    errors = [event for event in trace["traceEvents"] if event["ph"] == "i"]
    check(len(errors) == 1, f"{len(errors)} events tell of the error")
    check(errors[0]["args"] == ERROR, f"the error is {errors[0]['args']}")
    check(errors[0]["s"] in "gpt", f"the scope of the error is {errors[0]['s']}")
    last = max((span for span in spans if span.name == "after_run failing"), key=key)
    check(nanoseconds(errors[0]["ts"]) == last.end_ns, "the error is not where the hook has failed")
    red = {event["name"] for event in complete_events(trace) if event.get("cname")}
    failed = {event["name"] for event in complete_events(trace) if event["args"].get("failed")}
    expected = {"step 19", "session_run", f"step {STEPS - 1}", "after_run failing"}
    check(red == failed == expected, f"what has failed is {failed}, and red is {red}")


def main():
    folder = pathlib.Path(sys.argv[1])
    viewers = {"the rule of the trace viewer": lambda path, trace: by_rule_of_trace_viewer(trace)}
    if len(sys.argv) > 2:
        import trace_viewers

        package = pathlib.Path(sys.argv[2])
        viewers = {name: trace_viewers.VIEWERS[name](package, Span) for name in sys.argv[3:]}
    count = 0
    try:
        for path in sorted(folder.glob("*.json")):
            trace = load(path)
            spans = by_exact_times(trace)
            check_steps(spans)
            if path.name == "timeline-failure.json":
                check_failure(trace, spans)
            for name, look in viewers.items():
                try:
                    compare(spans, look(path, trace))
                except Wrong as wrong:
                    raise Wrong(f"{path.name}, {name}: {wrong}") from wrong
                count += len(spans)
        check(count > 0, "there is nothing to look at")
    except (Wrong, ValueError, KeyError) as error:
        print(f"WRONG: {error}")
        return 1
    finally:
        for look in viewers.values():
            getattr(look, "close", lambda: None)()
    print(f"{count} spans are where they belong, by {' and by '.join(viewers)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
