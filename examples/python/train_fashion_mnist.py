#!/usr/bin/env python3
"""Trains the C model of ../fashion_mnist with a hook in Python that evaluates it, and asks for a stop at the target.

With --fail the hook raises on purpose: the run fails with that message, and the exit status is 2.
"""

import argparse
import contextlib
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

import runhook
from runhook_abi import ERROR


class Model:
    """The C model."""

    def __init__(self, path):
        lib = ctypes.CDLL(path)
        self.dataset_load = lib.fashion_dataset_load
        self.dataset_load.restype = c_void_p
        self.dataset_load.argtypes = [c_char_p, c_char_p, c_char_p, c_size_t]
        self.dataset_destroy = lib.fashion_dataset_destroy
        self.dataset_destroy.restype = None
        self.dataset_destroy.argtypes = [c_void_p]
        self.create = lib.fashion_model_create
        self.create.restype = c_void_p
        self.create.argtypes = [c_void_p, c_int64, c_uint64, c_double, ERROR]
        self.evaluate = lib.fashion_model_evaluate
        self.evaluate.restype = c_int32
        self.evaluate.argtypes = [c_void_p, c_void_p, POINTER(c_double), ERROR]

    def load(self, directory, part):
        message = ctypes.create_string_buffer(4352)
        data = self.dataset_load(directory.encode(), part.encode(), message, len(message))
        if data is None:
            raise OSError(message.value.decode())
        return data


class TargetHook(runhook.Hook):
    """Watches the loss, evaluates every so many steps and asks for a stop when the target is reached."""

    name = "python target"

    def __init__(self, model, test_set, target, every, fail):
        self.model = model
        self.test_set = test_set
        self.target = target
        self.every = every
        self.fail = fail

    def before_run(self, context):
        context.add_fetch("loss")

    def after_run(self, context):
        step = context.global_step
        loss = context.get_double("loss")
        if self.fail and step == 3:
            raise ValueError(f"on purpose, at a loss of {loss:.3f}")
        if step % self.every != 0:
            return
        accuracy = c_double()
        runhook.call(self.model.evaluate, context.session, self.test_set, byref(accuracy))
        context.log("test accuracy", accuracy.value)  # for every output that the run has
        print(f"step {step}  loss {loss:.4f}  test accuracy {accuracy.value:.4f}", file=sys.stderr)
        if accuracy.value >= self.target:
            context.request_stop(f"test accuracy {accuracy.value:.4f} has reached {self.target:.4f}")


def train(options):
    """Returns how the run ended."""
    model = Model(options.model)
    with contextlib.ExitStack() as stack:  # in reverse order: the data sets go last, because all else looks at them

        def owned(handle, destroy):
            stack.callback(destroy, handle)
            return handle

        training_set = owned(model.load(options.data, "train"), model.dataset_destroy)
        test_set = owned(model.load(options.data, "t10k"), model.dataset_destroy)
        graph = owned(runhook.call(model.create, training_set, 64, 1, 0.1), runhook.lib.runhook_graph_destroy)

        config = runhook.Config()
        stack.callback(config.destroy)
        config.set_graph(graph)
        config.add_hook(TargetHook(model, test_set, options.target, 100, options.fail))
        session = runhook.MonitoredSession(config)
        stack.callback(session.destroy)
        with session:
            session.run_until_stop(["train"], options.max_steps)
        return session.outcome()


def main():
    parser = argparse.ArgumentParser(description="Trains on Fashion-MNIST with a hook in Python.")
    parser.add_argument("--model", default=os.environ.get("FASHION_MODEL_LIBRARY", "libfashion_model.so"))
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--target", type=float, default=0.83)
    parser.add_argument("--max-steps", type=int, default=10000)
    parser.add_argument("--fail", action="store_true", help="raise in the hook, to see the run fail")
    try:
        outcome = train(parser.parse_args())
    except (OSError, runhook.RunhookError) as error:
        print(f"training failed: {error}", file=sys.stderr)
        if error.__cause__ is not None:
            print(f"because of {error.__cause__!r}", file=sys.stderr)
        return 2
    print(outcome)
    return outcome.exit_status


if __name__ == "__main__":
    sys.exit(main())
