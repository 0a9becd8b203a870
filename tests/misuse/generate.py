#!/usr/bin/env python3
"""Writes the misuse tests: one for each function that the C headers declare.

  generate.py --headers DIR --fixture FILE --output FILE... [--nm NM --library FILE] [--symbols FILE]
  generate.py --headers DIR --fixture FILE --hooks FILE
  generate.py --headers DIR --fixture FILE --self-test

What a function is called with is known by the types of its arguments (fixture.hpp), so that a new function is covered
without a change here. A type that nobody knows, or a difference between the headers and what is exported, is an error.
With --hooks it lists the functions that make a built-in hook, for tests that are made of every one of them.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

COMMENT = re.compile(r"/\*.*?\*/", re.S)
PROTOTYPE = re.compile(r"(?:/\*\*((?:(?!\*/).)*)\*/\s*)?^RUNHOOK_API\s+([^;(]*?)\b(runhook_\w+)\s*\(([^;]*?)\)\s*;", re.S | re.M)
INTEGER = re.compile(r"\b(int32_t|int64_t)\s+(\w+)\s*;")
HANDLE = re.compile(r"^typedef struct (runhook_\w+) \1;", re.M)
STRUCT = re.compile(r"^typedef struct (runhook_\w+) \{(.*?)^\} \1;", re.S | re.M)


class Failure(Exception):
    pass


def normal(text):
    """The type as the fixture spells it."""
    text = re.sub(r"\s+", " ", text.strip())
    return re.sub(r" ?\* ?", "*", text).replace("*const*", "*const*")


def split_argument(text):
    match = re.match(r"(.*?)(\w+)$", text.strip(), re.S)
    if not match:
        raise Failure("cannot read the argument: " + text)
    return normal(match[1]), match[2]


def paragraph(doc, command):
    """What a documentation comment says after a command, up to the next one."""
    text = re.sub(r"\n\s*\*", "\n", doc)
    found = re.findall(r"\\%s\b(.*?)(?=\n\s*\\|\Z)" % command, text, re.S)
    return [re.sub(r"\s+", " ", part).strip() for part in found]


def brief(doc):
    return re.sub(r"\s+", " ", re.sub(r"\n\s*\*", "\n", doc).split("\\")[0]).strip()


class Function:
    def __init__(self, context, doc, result, name, arguments):
        self.name = name
        self.result = normal(result)
        self.arguments = []
        notes = {}
        for part in paragraph(doc, "param"):
            notes[part.split(" ", 1)[0]] = part
        self.doc = brief(doc) + " " + " ".join(paragraph(doc, "returns"))
        if arguments.strip() != "void":
            for argument in arguments.split(","):
                kind, argument_name = split_argument(argument)
                note = notes.get(argument_name, "")
                nullable = bool(re.search(r"NULL:|may be NULL|NULL for", note, re.I))
                # What is said of one argument holds for those of the same type and name in the header, and a message
                # can be left out everywhere.
                said = context.setdefault((kind, argument_name), nullable) if note else context.get((kind, argument_name))
                nullable = nullable or (not note and bool(said)) or argument_name == "message"
                lenient = "not UTF-8" in note  # takes any bytes
                consumed = "consumed" in note or "Consumed" in note
                self.arguments.append((kind, argument_name, nullable, lenient, consumed))

    def is_destroy(self):
        return self.name.endswith("_destroy")

    def is_owned(self):
        return any(part.lower().startswith("owned") for part in paragraph_of_returns(self.doc))

    def neutral(self):
        """What the function returns for a handle that is not valid."""
        if self.result == "void":
            return "Neutral::nothing"
        if self.result == "runhook_status":
            return "Neutral::status"
        if self.result == "const char*":
            return "Neutral::text" if "never NULL" in self.doc else "Neutral::zero"
        if "RUNHOOK_CALLBACK_FAILED" in self.doc:
            return "Neutral::callback_failed"
        if re.search(r"Returns 1 .*also for a handle that is not valid", self.doc):
            return "Neutral::one"
        if "-1" in self.doc:
            return "Neutral::minus_one"
        return "Neutral::zero"


def paragraph_of_returns(doc):
    return [sentence for sentence in re.split(r"(?<=[.;])\s+", doc)]


def parse(headers):
    functions, handles, structs = [], [], {}
    for path in sorted(pathlib.Path(headers, "runhook").glob("*.h")):
        text = path.read_text()
        plain = COMMENT.sub("", text)
        handles += HANDLE.findall(plain)
        for name, body in STRUCT.findall(plain):
            structs[name] = body
        said = {}
        found = [Function(said, doc or "", *rest) for doc, *rest in PROTOTYPE.findall(text)]
        count = len(re.findall(r"^RUNHOOK_API\b", plain, re.M))
        if count != len(found):
            raise Failure(f"{path.name}: {count} functions, of which {len(found)} were understood")
        functions += found
    if not functions:
        raise Failure("no functions in " + str(headers))
    return functions, handles, structs


def members(body):
    """The names of a struct's members, in order."""
    names = []
    for line in body.split(";"):
        match = re.search(r"\(\*(\w+)\)\s*\(|(\w+)\s*$", line.strip())
        if match:
            names.append(match[1] or match[2])
    return names


def known_types(fixture):
    return {normal(kind) for kind in re.findall(r"^RUNHOOK_SANE(?:_TOO)?\(([^)]*)\)", fixture, re.M)}


def nested_tables(structs, name):
    """How many tables with user data a struct points to, all of which a call takes over."""
    return sum(1 for kind in re.findall(r"\bconst (\w+)\s*\*\s*\w+\s*;", structs[name])
               if "destroy" in members(structs.get(kind, "")))


def plain_options(functions, structs, fixture):
    """Structs without callbacks that nobody has said more of: what their INIT macro makes is all right for a call."""
    known = known_types(fixture)
    given = {kind for function in functions for kind, *_ in function.arguments}
    return sorted(name for name, body in structs.items()
                  if f"const {name}*" in given - known and "destroy" not in members(body))


def check_types(functions, handles, structs, fixture):
    known = known_types(fixture) | {f"const {name}*" for name in plain_options(functions, structs, fixture)}
    listed = set(re.findall(r"(runhook_\w+)\*", re.search(r"using Handles =\s*std::tuple<(.*?)>;", fixture, re.S)[1]))
    for handle in handles:
        if handle not in listed:
            raise Failure(f"{handle} is a new kind of handle: give fixture.hpp a live one, in Handles")
    for function in functions:
        for kind, name, *_ in function.arguments:
            base = re.sub(r"^const |\*$", "", kind)
            if kind.endswith("*") and base in handles:
                continue
            if kind not in known:
                raise Failure(f"{function.name}: nobody knows what to give for `{name}` of type `{kind}`: "
                              "add a RUNHOOK_SANE to fixture.hpp")


def compare(what, declared, exported):
    missing, surplus = sorted(declared - exported), sorted(exported - declared)
    if missing or surplus:
        raise Failure(f"{what}: declared but missing: {missing}; there but not declared: {surplus}")


def sane_options(names):
    return [f"template <>\nstruct Sane<const {name}*> {{\n  static const {name}* make(World& world, const char*) {{\n"
            f"    const {name} init = {name.upper()}_INIT;\n    return &world.keep(init);\n  }}\n}};" for name in names]


def emit_hooks(functions, options):
    makers = [function for function in functions if re.fullmatch(r"runhook_\w+_hook_create", function.name)]
    if not makers:
        raise Failure("no function makes a built-in hook")
    lines = ["// Generated by generate.py from the C headers.", "namespace runhook_test {", *sane_options(options),
             "", "inline const BuiltinHook kBuiltinHooks[] = {"]
    for function in makers:
        names = ", ".join(f'"{name}"' for _, name, *_ in function.arguments)
        lines.append(f'    builtin_hook<{function.name}>("{function.name}", {{{names}}}),')
    return "\n".join([*lines, "};", "", "}  // namespace runhook_test", ""])


def emit(functions, structs, options):
    lines = ["// Generated by generate.py from the C headers.", '#include "extremes.hpp"', "", "namespace runhook_test {", ""]
    used = {re.sub(r"^const |\*$", "", kind) for function in functions for kind, *_ in function.arguments}
    for name in sorted(used & set(structs)):
        last = members(structs[name])[-1]
        lines.append(f"template <>\nstruct SizeOfFirstRelease<{name}> {{\n  static constexpr std::size_t value = "
                     f"offsetof({name}, {last}) + sizeof({name}::{last});\n}};")
        tables = nested_tables(structs, name)
        if tables:
            lines.append(f"template <>\ninline constexpr int kTablesIn<{name}> = {tables};")
        integers = [member for _, member in INTEGER.findall(structs[name])]
        if integers:
            listed = "".join(f'{{"{member}", offsetof({name}, {member}), sizeof({name}::{member})}}, ' for member in integers)
            lines.append(f"inline constexpr IntegerMember k_integers_of_{name}[] = {{{listed.rstrip(', ')}}};\ntemplate <>\n"
                         f"inline constexpr std::span<const IntegerMember> kIntegerMembers<{name}> = k_integers_of_{name};")
    lines += sane_options(options)
    lines += ["", "}  // namespace runhook_test", "", "namespace {", "", "using namespace runhook_test;", ""]
    for function in functions:
        arguments = "".join(f'{{"{name}", {", ".join(str(flag).lower() for flag in flags)}}}, '
                            for _, name, *flags in function.arguments)
        what = (f'{{"{function.name}", {function.neutral()}, {str(function.is_owned()).lower()}, '
                f'{str(function.is_destroy()).lower()}, {{{arguments.rstrip(", ")}}}}}')
        lines.append(f"const Function k_{function.name} = {what};")
        for test, call in (("Arguments", "arguments"), ("Extremes", "extremes"), ("InCallback", "in_callback"),
                           ("Busy", "busy"), ("GoneMeanwhile", "gone_meanwhile")):
            lines.append(f"TEST({test}, {function.name}) {{ {call}(k_{function.name}, {function.name}); }}")
    lines += ["", "}  // namespace", ""]
    return "\n".join(lines)


def generate(headers, fixture_path, nm=None, library=None, symbols=None):
    functions, handles, structs = parse(headers)
    names = [function.name for function in functions]
    if len(set(names)) != len(names):
        raise Failure("a function is declared twice")
    check_types(functions, handles, structs, pathlib.Path(fixture_path).read_text())
    if library:
        output = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
        compare(library, set(names), {line.split()[-1] for line in output.splitlines()})
    if symbols:
        compare(symbols, set(names), set(pathlib.Path(symbols).read_text().split()))
    return functions, structs, plain_options(functions, structs, pathlib.Path(fixture_path).read_text())


def self_test(headers, fixture):
    """Plants mistakes in a copy of the headers: each must be noticed."""
    planted = [
        ("a function that is exported nowhere", "RUNHOOK_API int32_t runhook_planted(runhook_value *value);", "runhook_planted"),
        ("an argument of an unknown type", "RUNHOOK_API int32_t runhook_planted(float number);", "float"),
        ("a new kind of handle", "typedef struct runhook_planted runhook_planted;", "new kind of handle"),
        ("a declaration that is not understood", "RUNHOOK_API int32_t runhook_planted;", "understood"),
    ]
    with tempfile.TemporaryDirectory() as folder:
        functions, _, _ = parse(headers)
        symbols = os.path.join(folder, "symbols")
        pathlib.Path(symbols).write_text("\n".join(function.name for function in functions))
        generate(headers, fixture, symbols=symbols)
        for number, (what, text, expected) in enumerate(planted):
            copy = os.path.join(folder, str(number))
            shutil.copytree(headers, copy)
            with open(os.path.join(copy, "runhook", "clock.h"), "a") as header:
                header.write("\n" + text + "\n")
            try:
                generate(copy, fixture, symbols=symbols)
            except Failure as failure:
                if expected in str(failure):
                    print(f"noticed: {what}: {failure}"[:160])
                    continue
                raise Failure(f"{what}: noticed as something else: {failure}")
            raise Failure("not noticed: " + what)
        # A planted function is among the tests as soon as it is exported, too.
        copy = os.path.join(folder, "covered")
        shutil.copytree(headers, copy)
        with open(os.path.join(copy, "runhook", "clock.h"), "a") as header:
            header.write("\n" + planted[0][1] + "\n")
        with open(symbols, "a") as file:
            file.write("\nrunhook_planted\n")
        functions, structs, plain = generate(copy, fixture, symbols=symbols)
        if "TEST(Arguments, runhook_planted)" not in emit(functions, structs, plain):
            raise Failure("a new function has got no test")
        print(f"{len(functions) - 1} functions, and the planted one is covered")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--headers", required=True)
    parser.add_argument("--fixture", required=True)
    parser.add_argument("--output", nargs="+", help="the tests are dealt out to these files")
    parser.add_argument("--hooks", help="the file to write the list of built-in hooks to")
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--library")
    parser.add_argument("--symbols")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    try:
        if options.self_test:
            self_test(options.headers, options.fixture)
            return 0
        functions, structs, plain = generate(options.headers, options.fixture, options.nm, options.library, options.symbols)
        if options.hooks:
            pathlib.Path(options.hooks).write_text(emit_hooks(functions, plain))
        for number, output in enumerate(options.output or []):
            pathlib.Path(output).write_text(emit(functions[number :: len(options.output)], structs, plain))
    except Failure as failure:
        print("generate.py: " + str(failure), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
