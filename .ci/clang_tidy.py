"""clang-tidy on the library: clang_tidy.py BUILD, a build with compile commands of Clang.

Most of what clang-tidy does with a file it does with headers, again and again. So the files are included by a few others,
which are looked at instead; what is found is told with the file and line where it is. That the main file of these has
"UnifiedSource" in its name is what the analyzer wants to see before it follows paths through what is included.

It differs in this from looking at each file alone: a function that other files call may be analyzed with the arguments of
these calls only; an analysis that does not come to an end is given up after a third of the steps; and unused
using-declarations and namespace aliases, which clang-tidy looks for in main files only, are looked for here.

First faults are planted, of each kind that is looked for, in a file and in a header: they must be found.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = re.compile(re.escape(str(ROOT)) + r"/(src|capi/src)/.*\.cpp")
FOUND = re.compile(r"^(/[^:\n]+):(\d+):\d+: (?:error|warning): .*\[([\w.,-]+)\]$", re.MULTILINE)
LARGEST = 300_000  # bytes of sources that are looked at together
FEWER_STEPS = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=75000"]

# Of each kind one, {} being the place. The paths that the analyzer follows begin in files that are no headers.
FAULTS = {
    "bugprone-integer-division": "double half_{}(int x) {{ return x / 2; }}",
    "bugprone-use-after-move": "inline int moved_{}(std::string a) {{ std::string b(std::move(a)); return take(b, a); }}",
    "misc-redundant-expression": "inline bool same_{}(int x) {{ return x == x; }}",
    "misc-unused-parameters": "inline int unused_{}(int x, int y) {{ return x; }}",
    "misc-uniqueptr-reset-release": "inline void pass_{}(Owner& a, Owner& b) {{ a.reset(b.release()); }}",
    "modernize-use-nullptr": "inline int* none_{}() {{ return 0; }}",
    "modernize-use-override": "struct Derived_{} : Base {{ virtual void call() {{}} }};",
    "performance-for-range-copy": "inline void each_{}(const Texts& all) {{ for (const auto one : all) see(one); }}",
    "clang-analyzer-deadcode.DeadStores": "inline int dead_{}(int x) {{ int y = x; y = 3; return x; }}",
    "clang-analyzer-core.NullDereference": "int null_{}(bool no) {{ int x = 0; int* p = no ? nullptr : &x; return *p; }}",
    "clang-analyzer-cplusplus.NewDeleteLeaks": "int leak_{}(int x) {{ int* p = new int(x); return *p; }}",
    "misc-unused-using-decls": "using faults::see_{};",
    "misc-unused-alias-decls": "namespace alias_{} = std::chrono;",
}
ONLY_IN_FILES = {"clang-analyzer-core.NullDereference", "clang-analyzer-cplusplus.NewDeleteLeaks",
                 "misc-unused-using-decls", "misc-unused-alias-decls"}
SET_UP = """#include <chrono>
#include <memory>
#include <string>
#include <vector>
namespace faults {
using Owner = std::unique_ptr<int>;
using Texts = std::vector<std::string>;
struct Base { virtual ~Base() = default; virtual void call(); };
int take(const std::string& a, const std::string& b);
void see(const std::string& text);
void see_file(int x);
"""


def compile_commands(build):
    """The files of the library, by the options with which they are compiled."""
    parts = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if SOURCES.fullmatch(entry["file"]):
            words = shlex.split(entry["command"])
            options = [word for word in words if word.startswith(("-I", "-std", "-DNDEBUG"))]
            options += [f"-isystem{after}" for word, after in zip(words, words[1:]) if word == "-isystem"]
            defines = {word for word in words if word.startswith("-D")}
            files, all_defines = parts.setdefault(tuple(options), ([], set()))
            files.append(pathlib.Path(entry["file"]))
            all_defines |= defines
    return [(sorted(files), [*options, *sorted(defines)]) for options, (files, defines) in parts.items()]


def groups(build):
    for files, options in compile_commands(build):
        size = sum(file.stat().st_size for file in files)
        count = -(-size // LARGEST)
        for i in range(count):
            yield files[i * len(files) // count:(i + 1) * len(files) // count], options


def look_at(folder, number, files, options):
    """What is found, as file, line and check, and what is to be said: nothing if all is well."""
    unified = folder / f"UnifiedSource{number}.cpp"
    unified.write_text("".join(f'#include "{file}"  // NOLINT(bugprone-suspicious-include)\n' for file in files))
    command = ["clang-tidy", "-quiet", f"--config-file={ROOT / '.clang-tidy'}", str(unified), "--", *options, *FEWER_STEPS]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {(file, int(line), check.split(",")[0]) for file, line, check in FOUND.findall(ran.stdout)}
    text = "" if ran.returncode == 0 else ran.stdout + ("" if found else ran.stderr)
    for file in files:
        for line, check, what in unused(file):
            found.add((str(file), line, check))
            text += f"{file}:{line}:1: error: {what} is unused [{check}]\n"
    return found, text


def unused(file):
    """What is declared for the rest of a file, and does not appear in it."""
    text = file.read_text()
    for pattern, check in ((r"^using (?!namespace|enum)[\w:]*::(\w+);$", "misc-unused-using-decls"),
                           (r"^namespace (\w+) = ", "misc-unused-alias-decls")):
        for declared in re.finditer(pattern, text, re.MULTILINE):
            code = re.sub(r"//.*|^using .*;", "", text[declared.end():], flags=re.MULTILINE)
            if not re.search(rf"\b{declared[1]}\b", code):
                yield text.count("\n", 0, declared.start()) + 1, check, f"'{declared[1]}'"


def planted(folder):
    """A header and a file with faults, and where these are."""
    header, file = folder / "src" / "faults.hpp", folder / "src" / "faults.cpp"
    header.parent.mkdir(parents=True, exist_ok=True)
    texts = {header: "#pragma once\n" + SET_UP, file: f'#include "{header}"\nnamespace faults {{\n'}
    expected = set()
    for path, place in ((header, "header"), (file, "file")):
        for check, fault in FAULTS.items():
            if path == header and check in ONLY_IN_FILES:
                continue
            texts[path] += ("inline " if fault.startswith("double") else "") + fault.format(place) + "\n"
            expected.add((str(path), texts[path].count("\n"), check))
            if path == file and check == "misc-redundant-expression":
                texts[path] += "inline bool again(int x) { return x == x; }  // NOLINT(misc-redundant-expression): not found\n"
        texts[path] += "}  // namespace faults\n"
        path.write_text(texts[path])
    return file, expected


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    folder = build / "lint"
    folder.mkdir(parents=True, exist_ok=True)
    file, expected = planted(folder)
    found, text = look_at(folder, "OfFaults", [file], ["-std=c++20"])
    if found != expected:
        print(f"clang-tidy: of the planted faults these are not found: {sorted(expected - found)}, "
              f"and these are found that are none: {sorted(found - expected)}\n{text}")
        return 1
    todo = list(groups(build))
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        results = list(threads.map(lambda work: look_at(folder, work[0], *work[1]), enumerate(todo)))
    if any(text for _, text in results):
        print("".join(text for _, text in results))
        return 1
    count = sum(len(files) for files, _ in todo)
    if count == 0:
        print(f"clang-tidy: {build} has no compile commands of the library")
        return 1
    print(f"clang-tidy: {count} files, nothing found but the {len(expected)} faults that were planted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
