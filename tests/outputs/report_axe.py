"""report_axe.py AXE PAGES: run reports judged by axe in Chromium, and pages with faults, which it must find."""
import pathlib
import sys
import time

import report_chromium

# What is looked at: the scheme, the width and the medium. What can be opened is open on a phone.
VIEWS = (("light", 1280, "screen"), ("dark", 1280, "screen"), ("light", 375, "screen"), ("dark", 794, "print"))
RUN = """(async () => {
  const open = innerWidth < 600 && document.body.innerHTML.length < 100000;
  document.querySelectorAll('details').forEach((details) => { details.open = open; });
  const {violations, passes} = await axe.run(document, {resultTypes: ['violations']});
  const found = violations.map(({id, nodes}) => `${id}: ${nodes[0].html.slice(0, 160)}`);
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) found.push(`overflow: ${wide.scrollWidth} in ${wide.clientWidth}`);
  if (passes.length < 10) found.push('hardly anything was judged');
  return found;
})()"""
# A fault: the rule that finds it, and how it is made.
FAULTS = (
    ("color-contrast", "</main>", '<p style="color:#999;background:#fff">pale</p></main>'),
    ("html-has-lang", ' lang="en"', ""),
    ("document-title", "<title>", "<title></title><template>"),
    ("image-alt", "</main>", '<img src="data:,x"></main>'),
    ("heading-order", "</main>", "<h6>too deep</h6></main>"),
    ("svg-img-alt", '<title id="chart-1-name">loss by step</title>', '<title id="chart-1-name"></title>'),
    ("scrollable-region-focusable", ' tabindex="0"', ""),
    ("definition-list", '<dl class="figures">', '<dl class="figures"><p>lost</p>'),
    ("overflow", "</main>", '<div style="width:90rem">wide</div></main>'),
)


def look(browser, axe, path, views):
    """All problems of a page."""
    browser.open(path.resolve().as_uri())
    browser.evaluate(axe)
    problems = []
    for scheme, width, medium in views:
        browser.scheme(scheme, medium)
        browser.size(width, mobile=width < 600)
        problems += [f"{scheme}, {width} px, {medium}: {problem}" for problem in browser.evaluate(RUN)]
    return problems


def main():
    axe, pages = pathlib.Path(sys.argv[1]).read_text() + "\n;0", pathlib.Path(sys.argv[2])
    began = time.monotonic()
    failures = 0
    browser = report_chromium.Chromium()
    try:
        paths = sorted(pages.glob("*.html"))
        for path in paths:
            large = path.stat().st_size > 200_000  # which takes axe its time
            problems = look(browser, axe, path, VIEWS[2:3] if large else VIEWS)
            failures += bool(problems)
            if problems:
                print(f"axe: {path.name}:", *problems, sep="\n  ")
        page = (pages / "stopped.html").read_text()
        faulty = pages.parent / "faulty-for-axe.html"
        for found, old, new in FAULTS:
            if old not in page:
                raise RuntimeError(f"the fault '{found}' cannot be made")
            faulty.write_text(page.replace(old, new))
            problems = look(browser, axe, faulty, VIEWS[2:3])
            if not any(found in problem for problem in problems):
                failures += 1
                print(f"axe: does not find the fault '{found}', but {problems}")
    finally:
        browser.close()
    if failures == 0:
        print(f"axe: {len(paths)} pages are good in {len(VIEWS)} views, and {len(FAULTS)} faults are found, "
              f"{time.monotonic() - began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
