"""Holds the sources to the layers of ARCHITECTURE.md: a layer includes itself and those before it.

layers.py ROOT             prints every #include that runs upward, and every file that is of no layer
layers.py --self-test ROOT the same on what is planted: succeeds if all of it is found
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'#include "([^"]+)"')


class Tree:
    """The sources as a mapping from path to lines; `architecture` is the text of ARCHITECTURE.md."""

    def __init__(self, files, architecture):
        self.files = files
        self.layers = re.findall(r"^\| `((?:src|capi/src)(?:/\w+)?)` \|", architecture, re.M)
        self.header_only = {
            path: "src/" + layer
            for path, layer in re.findall(r"`(include/runhook/\S+\.hpp)`(?: is)? of `(\w+)`", architecture)
        }
        self.implemented = self.public_headers()

    @classmethod
    def read(cls, root):
        paths = [path for folder in ("src", "capi/src", "include") for path in (root / folder).rglob("*.?pp")]
        files = {str(path.relative_to(root)): path.read_text().splitlines() for path in paths}
        return cls(files, (root / "ARCHITECTURE.md").read_text())

    def public_headers(self):
        """Maps a public header to the layer of its .cpp, which has its name and includes it first."""
        layers = {}
        for path, lines in self.files.items():
            first = next((match[1] for line in lines if (match := INCLUDE.match(line))), "")
            if not path.startswith("src/") or not path.endswith(".cpp") or not first.startswith("runhook/"):
                continue
            stem = pathlib.PurePath(first).stem
            name = pathlib.PurePath(path).stem
            if name in (stem, stem + "_hook") or (name, stem) == ("signal_subscription", "signals"):
                layers["include/" + first] = str(pathlib.PurePath(path).parent)
        return layers

    def layer(self, path):
        if path in self.header_only:
            return self.header_only[path]
        if path in self.implemented:
            return self.implemented[path]
        return str(pathlib.PurePath(path).parent)

    def target(self, path, included):
        """The file that an #include of `path` names, if it is one of this tree's."""
        roots = ["capi/src/", ""] if path.startswith("capi/") else ["src/"]
        for candidate in [root + included for root in roots] + ["include/" + included]:
            if candidate in self.files:
                return candidate
        return None

    def complaints(self):
        for path, lines in sorted(self.files.items()):
            layer = self.layer(path)
            if layer not in self.layers:
                yield f"{path}:1: is of no layer that ARCHITECTURE.md has"
                continue
            for number, line in enumerate(lines, 1):
                match = INCLUDE.match(line)
                target = self.target(path, match[1]) if match else None
                if target is None or self.layer(target) not in self.layers:
                    continue
                if path.startswith("src/") and target.startswith("capi/"):
                    yield f"{path}:{number}: the core includes the C ABI: {line}"
                elif path.startswith("capi/") == target.startswith("capi/") and (
                    self.layers.index(self.layer(target)) > self.layers.index(layer)
                ):
                    yield f"{path}:{number}: {layer} includes {self.layer(target)}, which is above it: {line}"


PLANTED = [
    ("src/base/utf8.cpp", '#include "loop/gate.hpp"', "src/base includes src/loop"),
    ("src/stop/clock.cpp", '#include "runhook/monitored_session.hpp"', "src/stop includes src/loop"),
    ("include/runhook/stop.hpp", '#include "runhook/hooks/watchdog.hpp"', "src/stop includes src/hooks"),
    ("capi/src/boundary/text.hpp", '#include "call/hook.hpp"', "capi/src/boundary includes capi/src/call"),
    ("src/cellar/wine.cpp", "", "is of no layer"),
    ("include/runhook/nowhere.hpp", "", "is of no layer"),
]


def self_test(root):
    missed = 0
    for path, line, expected in PLANTED:
        tree = Tree.read(root)
        planted = Tree({**tree.files, path: tree.files.get(path, []) + [line]}, (root / "ARCHITECTURE.md").read_text())
        found = [complaint for complaint in planted.complaints() if complaint.startswith(path) and expected in complaint]
        print(f"{'found' if found else 'MISSED'}: {line or 'a file'} in {path}")
        missed += not found
    return missed


def main():
    root = pathlib.Path(sys.argv[-1])
    if sys.argv[1] == "--self-test":
        return self_test(root)
    tree = Tree.read(root)
    complaints = list(tree.complaints())
    print("\n".join(complaints))
    print(f"{len(tree.files)} files in {len(tree.layers)} layers, {len(complaints)} complaints")
    return len(complaints) > 0 or len(tree.files) < 100


if __name__ == "__main__":
    sys.exit(main())
