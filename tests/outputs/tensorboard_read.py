"""Asks TensorBoard what it shows of the files of tensorboard_runs: tensorboard_read.py TENSORBOARD FOLDER.

TENSORBOARD is its program, which is started on the folder and asked over HTTP, as its page asks it. Exit status 1 and a
line that says what is wrong if anything is.
"""
import json
import math
import pathlib
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class Wrong(Exception):
    pass


def check(good, what):
    if not good:
        raise Wrong(what)


class TensorBoard:
    def __init__(self, program, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "--logdir", folder, "--host", "127.0.0.1", "--port", str(self.port), "--load_fast", "false"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def raw(self, path, **parameters):
        url = f"http://127.0.0.1:{self.port}/data/{path}"
        if parameters:
            url += "?" + urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()

    def ask(self, path, **parameters):
        return json.loads(self.raw(path, **parameters))

    def wait_for(self, runs):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            check(self.process.poll() is None, "TensorBoard has ended")
            try:
                if set(self.ask("runs")) >= runs and runs <= set(self.ask("plugin/scalars/tags")):
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.3)
        raise Wrong(f"TensorBoard does not show the runs {sorted(runs)}")


def check_kinds(board):
    check("train/loss" in board.ask("plugin/scalars/tags")["kinds"], "kinds: no scalars")
    points = board.ask("plugin/scalars/scalars", run="kinds", tag="train/loss")
    check([step for _, step, _ in points] == [1, 2, 3, 4, 5], f"kinds: scalars of steps {points}")
    check(all(math.isclose(value, 1 / step, rel_tol=1e-6) for _, step, value in points), f"kinds: scalars {points}")
    check("numbers" in board.ask("plugin/histograms/tags")["kinds"], "kinds: no histograms")
    histograms = board.ask("plugin/histograms/histograms", run="kinds", tag="numbers")
    check([entry[1] for entry in histograms] == [1, 2, 3, 4, 5], "kinds: histograms of other steps")
    for _, step, buckets in histograms:
        check(sum(count for _, _, count in buckets) == 101, f"kinds: histogram of step {step} has not 101 numbers")
    check("numbers" in board.ask("plugin/distributions/tags")["kinds"], "kinds: no distributions")
    check("note" in board.ask("plugin/text/tags")["kinds"], "kinds: no texts")
    texts = board.ask("plugin/text/text", run="kinds", tag="note")
    check([entry["step"] for entry in texts] == [1, 2, 3, 4, 5], "kinds: texts of other steps")
    check("<strong>ü</strong>" in texts[2]["text"], f"kinds: text {texts[2]}")
    check("image" in board.ask("plugin/images/tags")["kinds"], "kinds: no images")
    images = board.ask("plugin/images/images", run="kinds", tag="image", sample=0)
    check([entry["step"] for entry in images] == [1, 2, 3, 4, 5], f"kinds: images of steps {images}")
    picture = board.raw("plugin/images/individualImage?" + images[0]["query"])
    check(picture.startswith(b"\x89PNG"), "kinds: the picture is no PNG")
    check(struct.unpack(">II", picture[16:24]) == (3, 4), "kinds: the picture has another size")


def check_restarted(board):
    points = board.ask("plugin/scalars/scalars", run="restarted", tag="loss")
    shown = [(step, value) for _, step, value in points]
    expected = [(step, 1) for step in range(1, 6)] + [(step, 2) for step in range(6, 9)]
    check(shown == expected, f"restarted: {shown}")


def check_limited(board, folder):
    files = sorted((folder / "limited").iterdir())
    check(len(files) == 2, f"limited: {[file.name for file in files]}")
    check(sum(file.stat().st_size for file in files) <= 20000, "limited: too large")
    points = board.ask("plugin/scalars/scalars", run="limited", tag="loss")
    steps = [step for _, step, _ in points]
    check(steps == list(range(steps[0], 1001)) and len(steps) > 100, f"limited: {len(steps)} steps, from {steps[0]} to {steps[-1]}")
    check(all(step == value for _, step, value in points), "limited: values of other steps")


def main():
    folder = pathlib.Path(sys.argv[2])
    try:
        with TensorBoard(sys.argv[1], str(folder)) as board:
            board.wait_for({"kinds", "restarted", "limited"})
            check_kinds(board)
            check_restarted(board)
            check_limited(board, folder)
    except (Wrong, ValueError, KeyError, IndexError) as error:
        print(f"WRONG: {error!r}")
        return 1
    print("TensorBoard shows scalars, histograms, texts, images, a restart and a limited run as they were written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
