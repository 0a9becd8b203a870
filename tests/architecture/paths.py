"""Holds the documents to what is there: every path that they name exists.

paths.py ROOT             prints the paths that do not
paths.py --self-test ROOT succeeds if a path that is not there is found
"""
import pathlib
import re
import sys

DOCUMENTS = ("ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "README.md", "tests/README.md")
FOLDERS = ("src", "include", "capi", "tests", "cmake", "examples", ".ci")
PATH = re.compile(r"[`( ]((?:\.?\w[\w.-]*/)*\.?\w[\w.-]*\.(?:md|txt|cpp|hpp|c|h|py|rs|sh|json|cmake)|(?:%s)(?:/[\w.-]+)*)[`), \n]"
                  % "|".join(map(re.escape, FOLDERS)))


def named(text):
    """The paths that a document names: in code, in links, and in commands."""
    code = re.findall(r"`[^`\n]+`|\]\([^)\n]+\)|^```\w*\n.*?^```", text, re.M | re.S)
    return sorted({match for piece in code for match in PATH.findall(piece.replace("](", "(") + "\n")})


def missing(root, document, text):
    known = [root, (root / document).parent, root / "capi/include", root / "include", root / "src"]
    for path in named(text):
        if "/" not in path and not path.endswith(".md"):
            continue  # a file name by itself is an example's, or what a run leaves
        if path.split("/")[0] not in FOLDERS and not path.endswith(".md"):
            continue  # in a build, or of another project
        if not any((base / path).exists() for base in known):
            yield f"{document}: there is no {path}"


def main():
    root = pathlib.Path(sys.argv[-1])
    if sys.argv[1] == "--self-test":
        planted = "as `src/loop/no_such_file.cpp` says, and [so](tests/nowhere/README.md)\n"
        found = list(missing(root, "ARCHITECTURE.md", planted))
        print("\n".join(found))
        return len(found) != 2
    complaints = [complaint for document in DOCUMENTS
                  for complaint in missing(root, document, (root / document).read_text())]
    count = sum(len(named((root / document).read_text())) for document in DOCUMENTS)
    print("\n".join(complaints))
    print(f"{count} paths in {len(DOCUMENTS)} documents, {len(complaints)} of them are not there")
    return len(complaints) > 0 or count < 30


if __name__ == "__main__":
    sys.exit(main())
