"""What a loop of the reference's shape costs in Python. Its layers (facade, recovery, coordinator, hooks, raw session), its
context, arguments and values, its checks before each run and its stop check through all the layers are there, as the
reference has them; the session does nothing, and options and metadata are plain objects where the reference has protobufs.
Prints nanoseconds per step: python_loop.py HOOKS STEPS."""
import sys
import threading
import time
from collections import namedtuple


class SessionRunArgs(namedtuple("SessionRunArgs", ["fetches", "feed_dict", "options"])):
    def __new__(cls, fetches, feed_dict=None, options=None):
        return super().__new__(cls, fetches, feed_dict, options)


class SessionRunValues(namedtuple("SessionRunValues", ["results", "options", "run_metadata"])):
    pass


class SessionRunContext:
    def __init__(self, original_args, session):
        self._original_args = original_args
        self._session = session
        self._stop_requested = False

    @property
    def original_args(self):
        return self._original_args

    @property
    def session(self):
        return self._session

    @property
    def stop_requested(self):
        return self._stop_requested

    def request_stop(self):
        self._stop_requested = True


class Hook:
    def __init__(self):
        self.count = 0

    def before_run(self, run_context):
        self.count += 1
        return None

    def after_run(self, run_context, run_values):
        self.count += 1


class RunOptions:
    def __init__(self):
        self.trace_level = 0
        self.timeout_in_ms = 0


class RunMetadata:
    def __init__(self):
        self.step_stats = None


class Preempted(Exception):
    pass


class RawSession:
    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        return {key: None for key in fetches}


class Coordinator:
    def __init__(self):
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._error = None

    def should_stop(self):
        return self._stop_event.is_set()

    def raise_requested_exception(self):
        with self._lock:
            if self._error is not None:
                raise self._error


class WrappedSession:
    def __init__(self, session):
        self._session = session
        self._wraps_layer = isinstance(session, WrappedSession)

    def should_stop(self):
        if self._check_stop():
            return True
        if self._session is not None:
            return self._wraps_layer and self._session.should_stop()
        return True

    def _check_stop(self):
        return False

    def run(self, *args, **kwargs):
        return self._session.run(*args, **kwargs)


class HookedSession(WrappedSession):
    def __init__(self, session, hooks):
        super().__init__(session)
        self._hooks = hooks
        self._should_stop = False

    def _check_stop(self):
        return self._should_stop

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        if self.should_stop():
            raise RuntimeError("run after a stop")
        table = {"caller": fetches}
        context = SessionRunContext(original_args=SessionRunArgs(fetches, feed_dict), session=self._session)
        options = options or RunOptions()
        feed_dict = self._ask_hooks(context, table, feed_dict, options)
        run_metadata = run_metadata or RunMetadata()
        results = super().run(fetches=table, feed_dict=feed_dict, options=options, run_metadata=run_metadata)
        for hook in self._hooks:
            hook.after_run(
                context,
                SessionRunValues(
                    results=results[hook] if hook in results else None, options=options, run_metadata=run_metadata
                ),
            )
        self._should_stop = self._should_stop or context.stop_requested
        return results["caller"]

    def _ask_hooks(self, context, table, feed_dict, options):
        hook_feeds = {}
        for hook in self._hooks:
            request = hook.before_run(context)
            if request is not None:
                if request.fetches is not None:
                    table[hook] = request.fetches
                if request.feed_dict:
                    if hook_feeds.keys() & request.feed_dict.keys():
                        raise RuntimeError("fed by two hooks")
                    hook_feeds.update(request.feed_dict)
        if not hook_feeds:
            return feed_dict
        if not feed_dict:
            return hook_feeds
        if hook_feeds.keys() & feed_dict.keys():
            raise RuntimeError("fed by a hook and the caller")
        return {**feed_dict, **hook_feeds}


class CoordinatedSession(WrappedSession):
    def __init__(self, session, coordinator):
        super().__init__(session)
        self._coordinator = coordinator

    def _check_stop(self):
        self._coordinator.raise_requested_exception()
        return self._coordinator.should_stop()

    def run(self, *args, **kwargs):
        try:
            return self._session.run(*args, **kwargs)
        except Preempted:
            raise
        except Exception:
            self._coordinator.raise_requested_exception()
            raise


class RecoverableSession(WrappedSession):
    def _check_stop(self):
        try:
            if self._session is None:
                return True
            return self._session._check_stop()
        except Exception:
            return True

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        while True:
            try:
                return self._session.run(fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata)
            except Preempted:
                continue


class MonitoredSession:
    def __init__(self, hooks):
        self._session = RecoverableSession(CoordinatedSession(HookedSession(RawSession(), hooks), Coordinator()))

    def should_stop(self):
        return self._session is None or self._session.should_stop()

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        return self._session.run(fetches, feed_dict=feed_dict, options=options, run_metadata=run_metadata)


def main():
    hooks, steps = int(sys.argv[1]), int(sys.argv[2])
    session = MonitoredSession([Hook() for _ in range(hooks)])
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter_ns()
        done = 0
        while not session.should_stop() and done < steps:
            session.run(None)
            done += 1
        best = min(best, (time.perf_counter_ns() - begin) / steps)
    print(best)


main()
