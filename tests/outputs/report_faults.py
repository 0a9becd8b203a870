"""report_faults.py PAGE FOLDER: a page with each of these faults, which every validator of HTML must find."""
import pathlib
import sys

FAULTS = {
    "end": ("</main>", ""),
    "attribute": ("<main>", '<main class="a" class="b">'),
    "entity": ("</main>", "<p>1 < 2 & <3</p></main>"),
    "id": ('id="hooks"', 'id="steps"'),
    "nesting": ("</main>", "<p><table><tr><td>1</td></tr></table></p></main>"),
    "element": ("</main>", "<font>old</font></main>"),
    "list": ("<dl class=\"figures\">", "<dl class=\"figures\"><p>lost</p>"),
}


def main():
    page, folder = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
    for name, (old, new) in FAULTS.items():
        if old not in page:
            raise RuntimeError(f"the fault '{name}' cannot be made")
        (folder / f"{name}.html").write_text(page.replace(old, new, 1))


if __name__ == "__main__":
    main()
