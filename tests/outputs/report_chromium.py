"""Chromium without a window, spoken to through two pipes: DevTools messages, each ended by a zero byte."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Chromium:
    LIMIT = 60  # seconds that an answer may take

    def __init__(self):
        self._home = tempfile.mkdtemp(prefix="runhook-chromium-")
        their_in, self._out = os.pipe()
        self._in, their_out = os.pipe()
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   "--disable-breakpad", "--disable-background-networking", "--disable-component-update", "--disable-extensions",
                   "--hide-scrollbars", "--no-first-run", "--user-data-dir=" + self._home, "--remote-debugging-pipe",
                   "about:blank"]
        shell = ["sh", "-c", 'r=$1; w=$2; shift 2; eval "exec \\"\\$@\\" 3<&$r 4>&$w"', "sh",
                 str(their_in), str(their_out)]
        self._log = open(os.path.join(self._home, "log"), "w+b")
        environment = dict(os.environ, HOME=self._home, XDG_CONFIG_HOME=self._home, XDG_CACHE_HOME=self._home)
        self._process = subprocess.Popen(shell + command, pass_fds=(their_in, their_out), stdin=subprocess.DEVNULL,
                                         stdout=self._log, stderr=self._log, env=environment)
        os.close(their_in)
        os.close(their_out)
        self._bytes = b""
        self._number = 0
        self.events = []
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Network", "Runtime", "Log", "Accessibility"):
                self.call(domain + ".enable")
        except BaseException:
            self.close()
            raise

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        answer = self._until(lambda heard: heard.get("id") == self._number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def open(self, url):
        """Loads a page; afterwards `events` is what happened since, and its load is over."""
        self.events = []
        failure = self.call("Page.navigate", url=url).get("errorText")
        if failure:
            raise RuntimeError(f"{url}: {failure}")
        if not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self._until(lambda heard: heard.get("method") == "Page.loadEventFired")

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def size(self, width, height=800, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def scheme(self, name, medium="screen"):
        self.call("Emulation.setEmulatedMedia", media=medium, features=[{"name": "prefers-color-scheme", "value": name}])

    def close(self):
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _until(self, wanted):
        end = time.monotonic() + self.LIMIT
        while True:
            while b"\0" in self._bytes:
                line, self._bytes = self._bytes.split(b"\0", 1)
                heard = json.loads(line)
                self.events.append(heard)
                if wanted(heard):
                    return heard
            ready, _, _ = select.select([self._in], [], [], max(0, end - time.monotonic()))
            more = os.read(self._in, 1 << 20) if ready else b""
            if not more:
                self._log.seek(0)
                raise RuntimeError(f"chromium does not answer; it said: {self._log.read().decode(errors='replace')}")
            self._bytes += more
