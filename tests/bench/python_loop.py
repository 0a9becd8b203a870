"""What a loop of the reference's shape costs in Python: layers, contexts, argument and value tuples; a session that does
nothing. Prints nanoseconds per step: python_loop.py HOOKS STEPS."""
import sys
import time
from collections import namedtuple

Args = namedtuple("Args", "fetches feed_dict options", defaults=(None, None))
Values = namedtuple("Values", "results options metadata")


class Context:
    def __init__(self, original_args, session):
        self.original_args = original_args
        self.session = session
        self.stop_requested = False

    def request_stop(self):
        self.stop_requested = True


class Hook:
    def __init__(self):
        self.count = 0

    def before_run(self, context):
        self.count += 1
        return None

    def after_run(self, context, values):
        self.count += 1


class RawSession:
    def run(self, fetches, feed_dict=None, options=None, metadata=None):
        return {key: None for key in fetches}


class HookedSession:
    def __init__(self, session, hooks):
        self.session = session
        self.hooks = hooks
        self.stopped = False

    def should_stop(self):
        return self.stopped

    def run(self, fetches, feed_dict=None, options=None, metadata=None):
        if self.should_stop():
            raise RuntimeError("run after a stop")
        table = {"caller": fetches}
        context = Context(Args(fetches, feed_dict), self.session)
        options = options or {}
        feeds = self.ask(context, table, feed_dict, options)
        metadata = metadata or {}
        results = self.session.run(table, feeds, options, metadata)
        for hook in self.hooks:
            hook.after_run(context, Values(results.get(hook), options, metadata))
        self.stopped = self.stopped or context.stop_requested
        return results["caller"]

    def ask(self, context, table, feed_dict, options):
        hook_feeds = {}
        for hook in self.hooks:
            request = hook.before_run(context)
            if request is not None:
                if request.fetches is not None:
                    table[hook] = request.fetches
                if request.feed_dict:
                    hook_feeds.update(request.feed_dict)
        return {**(feed_dict or {}), **hook_feeds} if hook_feeds else feed_dict


class CoordinatedSession:
    def __init__(self, session):
        self.session = session

    def should_stop(self):
        return self.session.should_stop()

    def run(self, *args, **kwargs):
        try:
            return self.session.run(*args, **kwargs)
        except (ConnectionAbortedError, ConnectionResetError):
            raise


class RecoverableSession:
    def __init__(self, session):
        self.session = session

    def should_stop(self):
        return self.session.should_stop()

    def run(self, fetches, feed_dict=None, options=None, metadata=None):
        while True:
            try:
                return self.session.run(fetches, feed_dict=feed_dict, options=options, metadata=metadata)
            except (ConnectionAbortedError, ConnectionResetError):
                continue


def main():
    hooks, steps = int(sys.argv[1]), int(sys.argv[2])
    session = RecoverableSession(CoordinatedSession(HookedSession(RawSession(), [Hook() for _ in range(hooks)])))
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
