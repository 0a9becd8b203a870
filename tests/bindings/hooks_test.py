"""What programs in Python rely on: what hooks raise comes back, how a run ended can be read, nothing is freed early."""

import gc
import pickle
import sys
import tempfile
import threading
import unittest
import weakref
from array import array

import runhook
from runhook import Code, Kind, Origin, Phase, Policy

CALLBACKS = ["begin", "after_create_session", "before_run", "after_run", "on_error", "end", "cleanup"]


def hook_with(name="hook", **callbacks):
    """Makes a hook whose callbacks are functions of the context."""
    methods = {callback: lambda self, context, body=body: body(context) for callback, body in callbacks.items()}
    return type("TestHook", (runhook.Hook,), {"name": name, **methods})()


def raising(exception):
    def body(_context):
        raise exception

    return body


def config_of(*hooks, step=lambda context: context.set_double("loss", 0.5), **options):
    config = runhook.Config()
    config.set_step(step, outputs=["loss", "count"])
    for hook in hooks:
        config.add_hook(hook, **options)
    return config


def run(config, steps=3):
    """Runs and closes; returns the session and what the first of these calls that failed has raised."""
    session = None
    try:
        session = runhook.MonitoredSession(config)
        with session:
            session.run_until_stop(max_steps=steps)
    except BaseException as exception:
        return session, exception
    return session, None


class Checkpoints(unittest.TestCase):
    def test_program_and_hook_go_on_where_they_were(self):
        class Remembering(runhook.Hook):
            name = "remembering"
            restored = None

            def save(self, context):
                context.set_state(array("q", [context.global_step]))  # 8 bytes, though its length is 1

            def restore(self, context):
                self.restored = context.state

        with tempfile.TemporaryDirectory() as directory:
            for begin in (0, 3, 6):
                remembered = bytes(array("q", [begin])) if begin else None
                program = {"x": 0}

                def step(context):
                    program["x"] += 1
                    context.set_double("loss", 0.5)

                hook = Remembering()
                config = config_of(hook, step=step)
                config.add_checkpoints(
                    directory, lambda: pickle.dumps(program), lambda state: program.update(pickle.loads(state)))
                session, error = run(config)
                self.assertIsNone(error)
                self.assertEqual((program["x"], hook.restored), (begin + 3, remembered))

    def test_what_save_raises_fails_the_run(self):
        def save():
            raise ValueError("on purpose")

        with tempfile.TemporaryDirectory() as directory:
            config = config_of()
            config.add_checkpoints(directory, save, None)
            _session, error = run(config)
            self.assertIn("ValueError: on purpose", error.message)


class Raising(unittest.TestCase):
    def test_every_callback_fails_the_run_and_is_its_cause(self):
        for callback in [name for name in CALLBACKS if name != "on_error"]:
            with self.subTest(callback):
                exception = ValueError("on purpose")
                session, error = run(config_of(hook_with("bad", **{callback: raising(exception)})))
                self.assertIs(type(error), runhook.RunhookError)
                self.assertEqual((error.code, error.hook, error.callback), (Code.UNKNOWN, "bad", callback))
                self.assertEqual(error.message, "ValueError: on purpose")
                self.assertIs(error.__cause__, exception)
                if session is not None:
                    outcome = session.outcome()
                    self.assertEqual((outcome.kind, outcome.error.callback), (Kind.FAILED, callback))
                    self.assertIs(outcome.error.__cause__, exception)

    def test_on_error_is_suppressed_by_what_it_is_told_of(self):
        told = []

        def on_error(context):
            told.append((context.error.code, context.error.message))
            raise KeyError("too")

        def step(_context):
            raise runhook.RunhookError("lost", Code.DATA_LOSS)

        _, error = run(config_of(hook_with("bad", on_error=on_error), step=step))
        self.assertEqual(told, [(Code.DATA_LOSS, "lost")])
        self.assertEqual((error.code, error.message, error.hook), (Code.DATA_LOSS, "lost", ""))
        [later] = error.suppressed
        self.assertEqual((later.hook, later.callback, type(later.__cause__)), ("bad", "on_error", KeyError))

    def test_code_of_a_raised_error_is_the_runs(self):
        error = runhook.RunhookError("denied", Code.PERMISSION_DENIED)
        _, failed = run(config_of(hook_with(after_run=raising(error))))
        self.assertEqual((failed.code, failed.message, failed.step), (Code.PERMISSION_DENIED, "denied", 1))
        self.assertIs(failed.__cause__, error)

    def test_text_that_c_cannot_hold_loses_no_cause(self):
        exception = ValueError("a\0b\udc80")
        _, error = run(config_of(hook_with(end=raising(exception))))
        self.assertEqual(error.message, "ValueError: a b?")
        self.assertIs(error.__cause__, exception)

    def test_outputs_that_are_refused_fail_the_creation(self):
        config = config_of()
        config.set_step(print, outputs=["same", "same"])
        session, error = run(config)
        self.assertIsNone(session)
        self.assertEqual((error.code, error.__cause__.code), (Code.ALREADY_EXISTS, Code.ALREADY_EXISTS))

    def test_fail_makes_the_callback_fail_though_it_returns(self):
        _, error = run(config_of(hook_with("picky", before_run=lambda c: c.fail("no", Code.INVALID_ARGUMENT))))
        self.assertEqual((error.code, error.message, error.hook), (Code.INVALID_ARGUMENT, "no", "picky"))

    def test_interrupt_reaches_the_program_whatever_the_policy(self):
        for policy in Policy:
            for exception in [KeyboardInterrupt(), SystemExit(3)]:
                with self.subTest(policy=policy, exception=exception):
                    hook = hook_with("asked", after_run=raising(exception))
                    session, raised = run(config_of(hook, policy=policy), steps=100)
                    self.assertIs(raised, exception)
                    self.assertLessEqual(session.outcome().runs, 1)
                    self.assertEqual(session.outcome().error.suppressed, [])

    def test_exception_in_the_block_fails_the_run(self):
        with self.assertRaises(ZeroDivisionError):
            with runhook.MonitoredSession(config_of()) as session:
                1 / 0
        self.assertEqual((session.outcome().kind, session.outcome().error.code), (Kind.FAILED, Code.UNKNOWN))


class Options(unittest.TestCase):
    def test_warn_lets_the_run_go_on(self):
        hook = hook_with(after_run=raising(ValueError("x")))
        session, error = run(config_of(hook, policy=Policy.WARN), steps=3)
        self.assertIsNone(error)
        outcome = session.outcome()
        self.assertEqual((outcome.kind, outcome.runs, outcome.warnings), (Kind.COMPLETED, 3, 3))

    def test_disable_ends_the_calls_after_so_many_failures(self):
        hook = hook_with(after_run=raising(ValueError("x")))
        session, error = run(config_of(hook, policy=Policy.DISABLE, max_failures=2), steps=5)
        self.assertIsNone(error)
        self.assertEqual((session.outcome().runs, session.outcome().warnings), (5, 2))

    def test_phase_decides_the_order(self):
        called, config = [], config_of()
        for phase in [Phase.SAVER, Phase.NORMAL, Phase.GUARD]:
            config.add_hook(hook_with(after_run=lambda _, phase=phase: called.append(phase)), phase=phase)
        run(config, steps=1)
        self.assertEqual(called, [Phase.GUARD, Phase.NORMAL, Phase.SAVER])

    def test_every_steps_calls_it_in_those_steps_only(self):
        seen, config = [], config_of()
        hook = hook_with(before_run=lambda context: seen.append(context.global_step))
        config.add_hook(hook, every_steps=4)
        run(config, steps=10)
        self.assertEqual(seen, [0, 4, 8])

    def test_refused_options_say_so_and_release_the_hook(self):
        for options in [{"phase": 7}, {"every_steps": 0}]:
            with self.subTest(**options):
                config, hook = config_of(), hook_with(end=print)
                with self.assertRaises(runhook.RunhookError) as refused:
                    config.add_hook(hook, **options)
                self.assertEqual(refused.exception.code, Code.INVALID_ARGUMENT)
                alive = weakref.ref(hook)
                del hook
                gc.collect()
                self.assertIsNone(alive())

    def test_same_hook_twice_is_refused(self):
        hook = hook_with(end=print)
        with self.assertRaises(runhook.RunhookError) as refused:
            config_of(hook, hook)
        self.assertEqual(refused.exception.code, Code.ALREADY_EXISTS)

    def test_recovery_goes_on_unless_there_is_none(self):
        for attempts, kind, recoveries in [(None, Kind.COMPLETED, 1), (5, Kind.COMPLETED, 1), (0, Kind.FAILED, 0)]:
            with self.subTest(attempts=attempts):
                seen, created = [], []

                def step(_context):
                    if len(created) == 1:
                        raise runhook.RunhookError("gone", Code.UNAVAILABLE)

                watch = hook_with(
                    after_create_session=lambda _: created.append(1), before_run=lambda c: seen.append(c.attempt)
                )
                config = config_of(watch, step=step)
                if attempts is not None:
                    config.set_recovery(attempts)
                session, _ = run(config, steps=1)
                self.assertEqual((session.outcome().kind, session.outcome().recoveries), (kind, recoveries))
                self.assertEqual(seen, [1, 2][: recoveries + 1])


class Reading(unittest.TestCase):
    def test_outcome_tells_who_stopped_it_and_why(self):
        seen = []

        def after_run(context):
            if context.global_step == 2:
                self.assertTrue(context.request_stop("enough", code=7))
            seen.append((context.global_step, context.stop_requested))

        outcomes = []
        hook = hook_with("judge", after_run=after_run, cleanup=lambda c: outcomes.append(c.outcome))
        session, error = run(config_of(hook), steps=9)
        self.assertIsNone(error)
        self.assertEqual(seen, [(1, False), (2, True)])
        for outcome in [session.outcome(), *outcomes]:
            self.assertEqual(outcome.kind, Kind.STOPPED)
            self.assertEqual((outcome.step, outcome.runs, outcome.error), (2, 2, None))
            self.assertEqual(outcome.stop_reason, (Origin.HOOK, "judge", "enough", 7, 2, False))
            self.assertIn("judge", str(outcome))

    def test_number_of_a_step_is_what_it_reaches(self):
        config = runhook.Config()
        config.set_inline(max_steps=2)
        with runhook.MonitoredSession(config) as session:
            self.assertEqual([(step.global_step, step.number) for step in session], [(0, 1), (1, 2)])

    def test_what_is_logged_reaches_on_values_and_what_has_been_so_far_after_run(self):
        seen, so_far = [], []

        def after_run(context):
            so_far.append(context.logged)
            context.log("rate", 0.5)
            context.log("count", 3)
            context.log("phase", "warm-up")

        def step(context):
            context.log("loss", 0.25)

        hook = hook_with("hook", after_run=after_run, on_values=lambda context: seen.append(context.logged))
        _session, error = run(config_of(hook, step=step), steps=1)
        self.assertIsNone(error)
        self.assertEqual(so_far, [{"loss": 0.25}])
        self.assertEqual(seen, [{"loss": 0.25, "rate": 0.5, "count": 3, "phase": "warm-up"}])
        self.assertIs(type(seen[0]["count"]), int)

    def test_name_that_cannot_be_logged_is_refused(self):
        _session, error = run(config_of(hook_with("hook", after_run=lambda context: context.log("step", 1))))
        self.assertEqual((error.code, error.callback), (Code.INVALID_ARGUMENT, "after_run"))

    def test_end_of_input_is_a_clean_end(self):
        batches = iter([1.0, 2.0])
        session, error = run(config_of(step=lambda context: context.set_double("loss", next(batches))), steps=9)
        self.assertIsNone(error)
        self.assertEqual((session.outcome().kind, session.outcome().runs), (Kind.END_OF_INPUT, 2))

    def test_results_reach_the_hook_and_the_caller(self):
        read = []

        def step(context):
            context.set_double("loss", 0.25)
            context.set_int64("count", 2**53 + 1)

        def before_run(context):
            context.add_fetch("loss")
            context.add_fetch("count")

        def after_run(context):
            read.append((context.get_double("loss"), context.get_int64("count")))

        hook = hook_with(before_run=before_run, after_run=after_run)
        with runhook.MonitoredSession(config_of(hook, step=step)) as session:
            self.assertEqual(session.outcome().kind, Kind.RUNNING)
            self.assertEqual(session.run(["loss"]), {"loss": 0.25})
            with self.assertRaises(runhook.RunhookError) as missing:
                session.run(["nothing"])
            self.assertEqual(missing.exception.code, Code.NOT_FOUND)
        self.assertEqual(read, [(0.25, 2**53 + 1)])

    def test_closed_session_says_so(self):
        session, _ = run(config_of())
        session.close()
        with self.assertRaises(runhook.RunhookError) as closed:
            session.run()
        self.assertEqual(closed.exception.code, Code.CLOSED)


class Lifetimes(unittest.TestCase):
    def test_hook_lives_until_the_last_session_is_gone(self):
        called = []
        hook = hook_with(before_run=lambda _: gc.collect(), end=lambda _: called.append("end"))
        alive = weakref.ref(hook)
        config = config_of(hook)
        del hook
        session = runhook.MonitoredSession(config)
        del config
        gc.collect()
        session.run_until_stop(max_steps=2)
        session.close()
        self.assertEqual(called, ["end"])
        self.assertIsNotNone(alive())
        session.destroy()
        gc.collect()
        self.assertIsNone(alive())
        self.assertEqual(runhook._alive, {})

    def test_context_that_was_kept_reaches_nothing(self):
        kept, later = [], []

        def after_run(context):
            kept.append(context)
            later.append(kept[0].global_step)  # though there is a callback again

        run(config_of(hook_with(after_run=after_run)), steps=2)
        self.assertEqual(later, [1, -1])
        self.assertFalse(kept[0].request_stop("late"))
        with self.assertRaises(runhook.RunhookError) as late:
            kept[0].get_double("loss")
        self.assertEqual(late.exception.code, Code.INVALID_ARGUMENT)

    def test_another_thread_runs_while_this_one_stops_it(self):
        begun, ended = threading.Event(), []
        hook = hook_with(after_run=lambda _: begun.set())
        session = runhook.MonitoredSession(config_of(hook))
        thread = threading.Thread(target=lambda: ended.append(session.run_until_stop()))
        thread.start()
        self.assertTrue(begun.wait(30))
        self.assertTrue(session.request_stop("from outside", code=1))
        thread.join(30)
        session.close()
        self.assertEqual(session.outcome().stop_reason[:4], (Origin.CALLER, "", "from outside", 1))
        self.assertEqual(ended, [session.outcome().runs])

    def test_session_within_a_hook_keeps_the_causes_apart(self):
        inner = ValueError("inner")

        def after_run(_context):
            _, error = run(config_of(hook_with("inner", after_run=raising(inner))))
            self.assertIs(error.__cause__, inner)
            raise error

        _, error = run(config_of(hook_with("outer", after_run=after_run)))
        self.assertEqual((error.hook, error.message), ("outer", "ValueError: inner"))
        self.assertIs(error.__cause__.__cause__, inner)


class StayingWhereItIs(unittest.TestCase):
    def open(self, *hooks, **options):
        config = runhook.Config()
        config.set_inline(**options)
        for hook in hooks:
            config.add_hook(hook)
        return runhook.MonitoredSession(config)

    def test_body_publishes_numbers_that_hooks_fetch(self):
        seen = []

        def ask(context):
            context.add_fetch("loss")
            context.add_fetch("count")

        def look(context):
            seen.append((context.get_double("loss"), context.get_int64("count")))

        with self.open(hook_with(before_run=ask, after_run=look), outputs=["loss", "count"], max_steps=2) as session:
            for step in session:
                step["loss"] = 0.5 * step.global_step
                step["count"] = (1 << 53) + 1
        self.assertEqual(seen, [(0.0, (1 << 53) + 1), (0.5, (1 << 53) + 1)])
        self.assertEqual((session.outcome().kind, session.outcome().runs), (Kind.COMPLETED, 2))

    def test_name_that_was_not_declared_is_refused(self):
        with self.assertRaises(runhook.RunhookError) as caught, self.open(outputs=[]) as session:
            for step in session:
                step["loss"] = 1
        self.assertEqual(caught.exception.code, Code.NOT_FOUND)

    def test_step_that_is_open_when_the_block_is_left_counts(self):
        with self.open() as session:
            for step in session:
                if step.global_step == 2:
                    break
        self.assertEqual((session.outcome().kind, session.outcome().step), (Kind.COMPLETED, 3))
        self.assertEqual(step.global_step, -1)  # it is over

    def test_stop_of_the_body_ends_the_loop(self):
        with self.open(initial_step=10) as session:
            for step in session:
                step.request_stop("enough")
        self.assertEqual(str(session.outcome()), "stopped by the caller at step 11: enough")

    def test_exception_in_a_step_is_raised_by_the_loop_as_its_cause(self):
        exception, after = ValueError("on purpose"), []
        with self.assertRaises(runhook.RunhookError) as caught, self.open() as session:
            for step in session:
                with step:
                    raise exception
                after.append(step.global_step)
        self.assertEqual((caught.exception.code, caught.exception.message), (Code.UNKNOWN, "ValueError: on purpose"))
        self.assertIs(caught.exception.__cause__, exception)
        self.assertEqual(after, [0])
        self.assertEqual(session.outcome().kind, Kind.FAILED)
        self.assertEqual(session.outcome().error.suppressed, [])

    def test_recoverable_exception_gives_the_step_again(self):
        given = []
        with self.open(max_steps=2) as session:
            for step in session:
                with step:
                    given.append((step.global_step, step.attempt))
                    if len(given) == 1:
                        raise runhook.RunhookError("for a while", Code.UNAVAILABLE)
        self.assertEqual(given, [(0, 1), (0, 2), (1, 1)])
        self.assertEqual((session.outcome().kind, session.outcome().recoveries), (Kind.COMPLETED, 1))

    def test_step_that_is_given_again_gets_the_same_item(self):
        items = []
        with self.open() as session:
            for step, item in session.over("abc"):
                with step:
                    items.append(item)
                    if len(items) == 2:
                        raise runhook.RunhookError("for a while", Code.UNAVAILABLE)
        self.assertEqual("".join(items), "abbc")
        self.assertEqual((session.outcome().kind, session.outcome().runs), (Kind.END_OF_INPUT, 3))

    def test_exception_that_leaves_the_session_cancels_the_step_and_fails_the_run(self):
        told = []
        hook = hook_with(on_error=lambda context: told.append(context.error.code), after_run=told.append)
        for exception in [KeyError("gone"), KeyboardInterrupt()]:
            with self.subTest(repr(exception)):
                told.clear()
                with self.assertRaises(type(exception)), self.open(hook) as session:
                    for step in session:
                        raise exception
                self.assertEqual(told, [Code.CANCELLED])
                self.assertEqual((session.outcome().kind, session.outcome().runs), (Kind.FAILED, 0))

    def test_ctrl_c_in_a_step_is_not_kept_from_the_program(self):
        with self.assertRaises(KeyboardInterrupt), self.open() as session:
            for step in session:
                with step:
                    raise KeyboardInterrupt
        self.assertEqual(session.outcome().kind, Kind.FAILED)

    def test_abandoned_step_does_not_count(self):
        with self.open() as session:
            step = next(session)
            step.set_global_step(7)
            step = next(session)
            self.assertEqual(step.global_step, 7)
            step.abandon()
        self.assertEqual((session.outcome().kind, session.outcome().runs), (Kind.COMPLETED, 1))


if __name__ == "__main__":
    sys.exit(unittest.main())
