"""report_browser.py PAGES: looks at run reports with Chromium, and at pages with faults, which it must find."""
import pathlib
import sys
import time

import report_chromium

HERE = pathlib.Path(__file__).resolve().parent
CHECKS = (HERE / "report_checks.js").read_text()
WIDTHS = (1280, 375, 320)

# What a screen reader must be able to say of each page.
SAID = {
    "stopped.html": "Stopped by hook 'accuracy' at step 12,000: 'accuracy' has reached 0.88: 0.8812",
    "failed.html": "Failed in hook 'NaN guard' at step 9,440: 'loss' is NaN",
    "running.html": "Running at step 12,000 when this page was written",
    "many.html": "End of input at step 12,000: the input was used up",
    "forty.html": "Completed at step 12,000",
    "second.html": "Completed at step 7",
    "week.html": "Stopped by SIGTERM at step 72,000,000",
    "completed.html": "Completed at step 0",
    "empty.html": "Running at step 0",
    "hostile.html": "</title></style><script>document.title='owned'</script>",
}
CHARTS = {"stopped.html": 6, "failed.html": 8, "running.html": 6, "many.html": 50, "hostile.html": 8, "forty.html": 37,
          "second.html": 1, "week.html": 4}


def loaded(browser, url):
    """What the page fetched, and what it complained about."""
    for event in browser.events:
        method, told = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent" and told["request"]["url"] != url:
            yield f"request: {told['request']['url']}"
        elif method == "Log.entryAdded":
            yield f"console: {told['entry']['text']}"
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            yield f"console: {told}"


def spoken(browser, name, images):
    """What is missing for who listens to the page."""
    tree = {node["nodeId"]: node for node in browser.call("Accessibility.getFullAXTree")["nodes"]}
    nodes, waiting = [], [next(iter(tree))]
    while waiting:  # in the order of reading
        node = tree[waiting.pop()]
        nodes.append(node)
        waiting += reversed([child for child in node.get("childIds", []) if child in tree])

    def named(role):
        return [node.get("name", {}).get("value", "") for node in nodes
                if not node.get("ignored") and node.get("role", {}).get("value") == role]

    text = "".join(named("StaticText"))
    if SAID[name] not in text:
        yield f"not said: {SAID[name]}"
    for landmark in ("banner", "main", "contentinfo"):
        if len(named(landmark)) != 1:
            yield f"landmark: {landmark}"
    charts = named("image") + named("img")
    if len(charts) != images or images != CHARTS.get(name, 0):
        yield f"charts: {len(charts)} are told of, {images} are there, not {CHARTS.get(name, 0)}"
    if not all(charts) or not all(named("region")):
        yield "chart or region without a name"
    if "outcome" not in [region.lower() for region in named("region")]:
        yield "landmark: no outcome"


def look(browser, path):
    """All problems of a page."""
    url = path.resolve().as_uri()
    problems = []
    grounds = {}
    browser.size(WIDTHS[0])
    browser.scheme("light")
    browser.open(url)
    for scheme, widths in (("light", WIDTHS), ("dark", WIDTHS[:1])):  # the scheme does not change the layout
        browser.scheme(scheme)
        for width in widths:
            browser.size(width, mobile=width < 600)
            seen = browser.evaluate(CHECKS)
            problems += [f"{scheme}, {width} px: {problem}" for problem in seen["problems"]]
            grounds[scheme] = seen["ground"]
        if seen["title"] in ("", "owned"):
            problems.append("title: " + seen["title"])
    if not (grounds["light"] > 0.8 and grounds["dark"] < 0.05):
        problems.append(f"scheme: the grounds are {grounds}")
    problems += spoken(browser, path.name.removeprefix("faulty-"), seen["images"])
    return problems + list(loaded(browser, url))


# A fault: what it is called when it is found, and how it is made.
FAULTS = (
    ("overflow", "</main>", '<div style="width:500px">wide</div></main>'),
    ("320 px: overflow", "</main>", '<div style="width:340px">wide</div></main>'),
    ("light, 1280 px: contrast", "</main>", '<p style="color:#888">pale</p></main>'),
    ("dark, 1280 px: contrast", "</main>", '<p style="color:#333">dark on dark</p></main>'),
    ("request", "</main>", '<img alt="x" src="http://127.0.0.1:9/x.png"></main>'),
    ("console", "</main>", '<img alt="x" src="data:,x"></main>'),
    ("console", "</main>", "<script>1</script></main>"),
    ("heading level 4", "</main>", "<h4>too deep</h4></main>"),
    ("without a name", '<title id="chart-1-name">loss by step</title>', '<title id="chart-1-name"></title>'),
    ("without a target", 'aria-labelledby="chart-1-name"', 'aria-labelledby="nothing"'),
    ("an id twice", 'id="hooks"', 'id="steps"'),
    ("scheme", "@media (prefers-color-scheme: dark)", "@media (width: 1px)"),
    ("a table without a caption", "</main>", "<table><tr><td>1</td></tr></table></main>"),
    ("without a scope", 'scope="row"', ""),
    ("not by keyboard", 'tabindex="0"', ""),
    ("not said", " at step 12,000: ", " at some step: "),
    ("no outcome", '<h2 id="outcome">Outcome</h2>', ""),
    ("landmark: main", "main>", "div>"),
    ("no language", ' lang="en"', ""),
)


def main():
    pages = pathlib.Path(sys.argv[1])
    began = time.monotonic()
    failures = 0
    browser = report_chromium.Chromium()
    try:
        for name in SAID:
            problems = look(browser, pages / name)
            print(f"{name}: {problems or 'good'}")
            failures += bool(problems)
        page = (pages / "stopped.html").read_text()
        faulty = pages / "faulty-stopped.html"
        for found, old, new in FAULTS:
            if old not in page:
                raise RuntimeError(f"the fault '{found}' cannot be made")
            text = page.replace(old, new)
            if found == "request":  # which the policy would not let it make
                text = text.replace("default-src 'none'", "img-src *")
            faulty.write_text(text)
            problems = look(browser, faulty)
            caught = any(found in problem for problem in problems)
            print(f"fault '{found}': {'found' if caught else f'NOT FOUND, but {problems}'}")
            failures += not caught
    finally:
        browser.close()
    print(f"{failures} failures, {time.monotonic() - began:.1f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
