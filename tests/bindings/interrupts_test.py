"""Ctrl-C: the loop stops, whatever Python or C was doing when the signal came, and nothing is lost.

    interrupts_test.py [--model LIBRARY] [--runs N] [unittest's arguments]

The model is the shared library of ../../examples/fashion_mnist, for a step that is in C altogether.
"""

import argparse
import contextlib
import gc
import os
import pathlib
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import runhook
from runhook import Code, Kind, Origin

OPTIONS = argparse.Namespace(model=None, runs=50)
TIMEOUT = 30


class Watch(runhook.Hook):
    """Notes what an orderly end calls, and has finalizers called in between."""

    def __init__(self):
        self.called = []

    def after_run(self, context):
        Garbage()

    def end(self, context):
        self.called.append("end")

    def cleanup(self, context):
        self.called.append("cleanup")


class Idle(runhook.Hook):
    def after_run(self, context): ...


class Garbage:
    def __init__(self):
        self.itself = self  # so that the collector calls __del__, at any moment

    def __del__(self):
        self.itself = None


def python_config(step):
    config = runhook.Config()
    config.set_step(step)
    return config


def inline_config():
    config = runhook.Config()
    config.set_inline()
    return config


def model_config(library):
    """A config whose steps, each of about a millisecond, are in C. There are no hooks in Python but of the end."""
    sys.path.insert(0, str(pathlib.Path(runhook.__file__).parent))
    import train_fashion_mnist

    model = train_fashion_mnist.Model(library)
    data = model.load("/usr/share/datasets/fashion-mnist", "t10k")
    graph = runhook.call(model.create, data, 8, 1, 0.1)

    def make():
        config = runhook.Config()
        config.set_graph(graph)
        return config

    return make


def until_stop(*fetches):
    return lambda session: session.run_until_stop(fetches)


def run_after_run(session):
    while not session.should_stop:
        session.run()


def plain_loop(session):
    for step in session:
        step["loss"] = sum(range(50))


def guarded_loop(session):
    for step in session:
        with step:
            step["loss"] = sum(range(50))


def shapes(model):
    """By name: what makes a config, the loop, and how a hook is called."""

    def slow(_context):
        time.sleep(0.02)

    def stuck(_context):
        print("stuck", flush=True)
        time.sleep(600)

    def trivial(_context):
        pass

    found = {
        "trivial step in Python": (lambda: python_config(trivial), until_stop(), {}),
        "slow step in Python": (lambda: python_config(slow), until_stop(), {}),
        "run by run": (lambda: python_config(trivial), run_after_run, {}),
        "loop that stays where it is": (inline_config, plain_loop, {}),
        "with step": (inline_config, guarded_loop, {}),
        "stuck": (lambda: python_config(stuck), until_stop(), {}),
    }
    if model is not None:
        found["step in C"] = (model_config(model), until_stop("train"), {"every_steps": 1 << 40})
    return found


class Tries:
    """In the other process: sessions one after the other, each of which gets one signal."""

    def __init__(self, shape):
        self.config, self.loop, self.options = shapes(OPTIONS.model)[shape]
        self.unraisable, self.kept = [], []
        sys.unraisablehook = lambda lost: self.unraisable.append(lost.exc_value)

    def in_the_loop(self):
        """Must end as stopped by the signal."""
        hook, config = Watch(), self.config()
        config.add_hook(hook, **self.options)
        with runhook.MonitoredSession(config) as session:
            print("now", flush=True)
            self.loop(session)
        outcome = session.outcome()
        assert (outcome.kind, outcome.stop_reason.origin) == (Kind.STOPPED, Origin.SIGNAL), outcome
        assert outcome.stop_reason.code == signal.SIGINT and outcome.error is None, outcome
        assert hook.called == ["end", "cleanup"], hook.called
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        return "stopped"

    def at_any_moment(self):
        """Must end as stopped or, outside of the loop, by KeyboardInterrupt."""
        try:
            print("now", flush=True)
            config = self.config()
            config.add_hook(Idle())
            # Kept, since an exception in a finalizer outside of a session is lost by Python itself.
            self.kept.append(config)
            with runhook.MonitoredSession(config) as session:
                self.kept.append(session)
                session.run_until_stop(max_steps=300)
            if session.outcome().kind == Kind.STOPPED:
                return "stopped"
            for _ in range(100 * TIMEOUT):  # a signal just before a long sleep would be noticed after it
                time.sleep(0.01)
            raise AssertionError(f"the signal was lost: {session.outcome()}")
        except KeyboardInterrupt:
            return "raised"

    def run(self, which, count):
        for _ in range(count):
            try:
                result = getattr(self, which)()
            except BaseException as exception:
                result = f"{type(exception).__name__}: {exception}"
            lost, self.unraisable[:] = len(self.unraisable), []
            print(f"{lost} lost, {result}", flush=True)


class Child:
    """Another process, which says on standard output how far it is."""

    def __init__(self, *arguments):
        model = [] if OPTIONS.model is None else ["--model", OPTIONS.model]
        command = [sys.executable, __file__, *model, *map(str, arguments)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.process.kill()
        self.process.communicate()

    def interrupt(self):
        os.kill(self.process.pid, signal.SIGINT)

    def line(self):
        """Returns the next line; without the time-out a signal that was lost would be waited for for ever."""
        text = b""
        while not text.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], TIMEOUT)[0]:
                return "TIMED OUT"
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                return "ENDED: " + self.process.stderr.read().decode()
            text += byte
        return text.decode().strip()


class RealSignals(unittest.TestCase):
    def interrupt(self, which, shape, count, longest):
        """Returns how often what came of it."""
        results = {}
        with Child("--try", which, "--shape", shape, "--runs", count) as child:
            for _ in range(count):
                line = child.line()
                self.assertEqual(line, "now")
                time.sleep(random.uniform(0, longest))
                child.interrupt()
                line = child.line()
                results[line] = results.get(line, 0) + 1
                if line.startswith(("TIMED", "ENDED")):
                    self.fail(f"{line}, after {results}")
            child.process.stdout.close()
            self.assertEqual(child.process.wait(TIMEOUT), 0, results)
            errors = child.process.stderr.read().decode()
            self.assertEqual([line for line in errors.splitlines() if not line.startswith("runhook: SIGINT: ")], [])
        return results

    def test_every_loop_ends_as_stopped_by_it(self):
        for shape in [name for name in shapes(OPTIONS.model) if name != "stuck"]:
            with self.subTest(shape):
                results = self.interrupt("in_the_loop", shape, OPTIONS.runs, 0.02)
                print(f"{shape}: {results}")
                self.assertEqual(results, {"0 lost, stopped": OPTIONS.runs})

    def test_signal_at_any_moment_stops_the_loop_or_reaches_the_program(self):
        results = self.interrupt("at_any_moment", "trivial step in Python", 4 * OPTIONS.runs, 0.0015)
        print(f"at any moment: {results}")
        self.assertEqual(set(results) - {"0 lost, stopped", "0 lost, raised"}, set())

    def test_third_one_ends_the_process(self):
        with Child("--try", "in_the_loop", "--shape", "stuck") as child:
            self.assertEqual([child.line(), child.line()], ["now", "stuck"])
            for _ in range(3):
                self.assertIsNone(child.process.poll())
                child.interrupt()
                time.sleep(2)  # sooner it would be taken for the same one
            self.assertEqual(child.process.wait(TIMEOUT), -signal.SIGINT)


def interrupt():
    """Has the signal arrive here and now."""
    os.kill(os.getpid(), signal.SIGINT)


class Once(runhook.Hook):
    """Interrupts in one of its callbacks."""

    def __init__(self, callback):
        def interrupting(_context):
            if not self.__dict__.pop("over", False):
                interrupt()

        self.callback = interrupting

    @staticmethod
    def of(callback):
        kind = type("Once", (Once,), {callback: lambda self, context: self.callback(context)})
        return kind(callback)


def open_session(*hooks, step=lambda _context: None, **options):
    config = python_config(step)
    for hook in hooks:
        config.add_hook(hook)
    return runhook.MonitoredSession(config, **options)


class Places(unittest.TestCase):
    def tearDown(self):
        gc.collect()
        self.assertIs(signal.getsignal(signal.SIGINT), signal.default_int_handler)
        self.assertEqual(runhook._listeners, set())
        with self.assertRaises(KeyboardInterrupt):
            interrupt()

    def assert_stopped(self, session, step):
        outcome = session.outcome()
        self.assertEqual((outcome.kind, outcome.step), (Kind.STOPPED, step))
        self.assertEqual((outcome.stop_reason.origin, outcome.stop_reason.code), (Origin.SIGNAL, signal.SIGINT))

    def test_every_callback(self):
        for callback, steps in [("begin", 0), ("after_create_session", 0), ("before_run", 1), ("after_run", 1)]:
            with self.subTest(callback):
                with open_session(Once.of(callback)) as session:
                    session.run_until_stop(max_steps=5)
                self.assert_stopped(session, steps)

    def test_signal_after_the_loop_is_raised_by_close(self):
        for callback in ["end", "cleanup"]:
            with self.subTest(callback):
                session = open_session(Once.of(callback))
                session.run_until_stop(max_steps=5)
                with self.assertRaises(KeyboardInterrupt):
                    session.close()
                session.close()
                self.assertEqual((session.outcome().kind, session.outcome().step), (Kind.COMPLETED, 5))

    def test_creation_that_fails_does_not_hide_it(self):
        class Failing(runhook.Hook):
            def begin(self, context):
                interrupt()
                raise ValueError("on purpose")

        with self.assertRaises(KeyboardInterrupt) as caught:
            open_session(Failing())
        self.assertIsInstance(caught.exception.__cause__.__cause__, ValueError)

    def test_before_the_first_step_and_between_steps(self):
        with open_session() as session:
            interrupt()
            self.assertEqual(session.run_until_stop(), 0)
        self.assert_stopped(session, 0)
        with open_session() as session:
            session.run()
            interrupt()
            self.assertTrue(session.should_stop)
        self.assert_stopped(session, 1)

    def test_body_of_a_step_is_completed(self):
        completed = []
        with runhook.MonitoredSession(inline_config()) as session:
            for step in session:
                with step:
                    interrupt()
                    completed.append(step.global_step)
        self.assertEqual(completed, [0])
        self.assert_stopped(session, 1)

    def test_destroy_callbacks(self):
        class Interrupting(runhook.Hook):
            def end(self, context): ...

            def __del__(self):
                interrupt()

        with open_session() as session:
            config = python_config(print)
            config.add_hook(Interrupting())
            config.destroy()
            session.run_until_stop()
        self.assert_stopped(session, 0)

    def test_session_that_is_dropped_leaves_the_signal_as_it_was(self):
        open_session().run()

    def test_sessions_within_each_other_all_stop(self):
        with open_session() as outer, open_session() as inner:
            interrupt()
            inner.run_until_stop()
            inner.close()
            self.assertEqual(outer.run_until_stop(), 0)
        self.assert_stopped(inner, 0)
        self.assert_stopped(outer, 0)

    def test_session_that_does_not_listen_leaves_it_alone(self):
        with self.assertRaises(KeyboardInterrupt), open_session(interruptible=False) as session:
            interrupt()
        self.assertEqual(session.outcome().kind, Kind.FAILED)

    def test_handler_of_the_program_is_called_as_well(self):
        called = []
        signal.signal(signal.SIGINT, lambda number, _frame: called.append(number))
        self.addCleanup(signal.signal, signal.SIGINT, signal.default_int_handler)
        try:
            with open_session(Once.of("after_run")) as session:
                session.run_until_stop()
            self.assert_stopped(session, 1)
            interrupt()
            self.assertEqual(called, [signal.SIGINT] * 2)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def test_signal_that_the_process_ignores_stays_ignored(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with open_session(Once.of("after_run")) as session:
                self.assertEqual(session.run_until_stop(max_steps=3), 3)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def test_another_threads_session_stops_and_the_main_thread_is_told(self):
        sessions, begun = [], threading.Event()

        class Begun(runhook.Hook):
            def after_run(self, context):
                begun.set()

        def work():
            with open_session(Begun()) as session:
                session.run_until_stop()
            sessions.append(session)

        thread = threading.Thread(target=work)
        thread.start()
        self.assertTrue(begun.wait(TIMEOUT))
        with self.assertRaises(KeyboardInterrupt):
            interrupt()
            thread.join(TIMEOUT)
        thread.join(TIMEOUT)
        self.assertEqual(sessions[0].outcome().stop_reason.origin, Origin.SIGNAL)

    def test_main_threads_session_may_end_before_another_threads(self):
        with contextlib.ExitStack() as stack:
            other, opened, ended = [], threading.Event(), threading.Event()

            def work():
                with open_session() as session:
                    other.append(session)
                    opened.set()
                    ended.wait(TIMEOUT)

            thread = threading.Thread(target=work)
            with open_session() as session:
                thread.start()
                self.assertTrue(opened.wait(TIMEOUT))
            stack.callback(thread.join, TIMEOUT)
            stack.callback(ended.set)
            with self.assertRaises(KeyboardInterrupt):
                interrupt()
            self.assertTrue(other[0].should_stop)
        with open_session():  # puts back what the other thread could not
            pass

    def test_child_process_is_interrupted_as_ever(self):
        with open_session() as session:
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    interrupt()
                    time.sleep(0)
                except KeyboardInterrupt:
                    status = 0
                finally:
                    os._exit(status)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            self.assertEqual(session.run_until_stop(max_steps=2), 2)


class DefaultHooks(unittest.TestCase):
    def run_with(self, folder, number, **options):
        config = runhook.Config()
        config.set_step(lambda context: context.set_double("loss", 0.5), outputs=["loss"])
        config.add_default_hooks(folder, ["loss"], left_out=runhook.DefaultHook.PROGRESS, interval=0.001, **options)
        with runhook.MonitoredSession(config) as session:
            session.run_until_stop(max_steps=3)
            os.kill(os.getpid(), number)
            session.run_until_stop(max_steps=3)
        return session.outcome()

    def test_files_are_written_and_both_signals_stop(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            with self.subTest(number), tempfile.TemporaryDirectory() as folder:
                outcome = self.run_with(folder, number, title="a run")
                self.assertEqual((outcome.kind, outcome.step), (Kind.STOPPED, 3))
                self.assertEqual((outcome.stop_reason.origin, outcome.stop_reason.code), (Origin.SIGNAL, number))
                names = os.listdir(folder)
                self.assertIn("metrics.jsonl", names)
                self.assertIn("a run", (pathlib.Path(folder) / "report.html").read_text())

    def test_what_is_refused_is_said(self):
        with self.assertRaises(runhook.RunhookError) as caught:
            runhook.Config().add_default_hooks("", [])
        self.assertEqual(caught.exception.code, Code.INVALID_ARGUMENT)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--runs", type=int, default=OPTIONS.runs)
    parser.add_argument("--try", dest="which")
    parser.add_argument("--shape")
    _, others = parser.parse_known_args(namespace=OPTIONS)
    # What a shell has started in the background ignores the signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if OPTIONS.which is None:
        return unittest.main(argv=sys.argv[:1] + others)
    Tries(OPTIONS.shape).run(OPTIONS.which, OPTIONS.runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
