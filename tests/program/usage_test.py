"""What all commands of the program have in common, their completion and their manual page."""
import contextlib
import os
import pathlib
import re
import select
import shutil
import subprocess

from case import ENVIRONMENT, MAKE, PROGRAM, SOURCE, Case, main


class Usage(Case):
    makes = "checkpoints"

    def test_wrong_usage_is_status_2_and_one_line(self):
        for words in ((), ("look",), ("list",), ("list", "made", "more"), ("list", "--jsn", "made"), ("show", "made", "x"),
                      ("show", "made", "1.5"), ("show", "made", "-1"), ("compare", "made"), ("export", "made"),
                      ("compare", "made", "made", "--atol", "-1"), ("completion",), ("completion", "csh")):
            with self.subTest(words):
                done = self.call(*words)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, r"\Arunhook: [^\n]*: see 'runhook (\w+ )?--help'\n\Z")

    def test_help_and_version_are_status_0(self):
        self.assertRegex(self.text("--version"), r"^runhook \d+\.\d+\.\d+\n$")
        self.assertIn("compare", self.text("--help"))
        self.assertIn("--keep-last", self.text("prune", "--help"))

    def test_a_pipe_that_closes_is_no_failure(self):
        for command, status in ((["list", "made"], 0), (["compare", "made@100", "@200"], 1)):
            read, write = os.pipe()
            os.close(read)
            done = subprocess.run([PROGRAM, *command], stdout=write, stderr=subprocess.PIPE, cwd=self.folder, check=False)
            os.close(write)
            self.assertEqual((done.returncode, done.stderr), (status, b""))

    def test_a_full_disk_is_status_2(self):
        for words in (["list", "made"], ["list", "--help"], ["--version"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=self.folder, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("standard output", done.stderr)

    def test_there_is_no_control_sequence_on_a_terminal_either(self):
        parent, child = self.terminal()
        subprocess.run([PROGRAM, "list", "made"], stdout=child, cwd=self.folder, check=True)
        os.close(child)
        self.assertNotIn(b"\033", os.read(parent, 65536))
        os.close(parent)

    def test_looking_writes_nothing(self):
        before = self.content()
        for words in (("list", "made"), ("show", "made"), ("verify", "made"), ("compare", "made", "made")):
            self.text(*words)
        self.assertEqual(self.content(), before)


COMPLETE = """
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_runhook runhook "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(Case):
    makes = "checkpoints"

    def completed(self, *words):
        script = self.folder / "script"
        script.write_text(self.text("completion", "bash"))
        done = subprocess.run(["bash", "--norc", "-c", COMPLETE, "bash", script, "runhook", *words], capture_output=True, text=True,
                              cwd=self.folder, env=ENVIRONMENT, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_completes_commands_options_directories_and_choices(self):
        self.assertEqual(self.completed("ver"), ["verify"])
        self.assertEqual(self.completed("p"), ["pin", "prune"])
        self.assertEqual(self.completed("prune", "--keep-"), ["--keep-last", "--keep-best", "--keep-every"])
        self.assertEqual(self.completed("prune", "made", "--dr"), ["--dry-run"])
        self.assertEqual(self.completed("list", "ma"), ["made"])
        self.assertEqual(self.completed("list", "--json", "ma"), ["made"])
        self.assertEqual(self.completed("list", "made", "ma"), [])
        self.assertEqual(self.completed("prune", "--metric", "ma"), [])
        self.assertEqual(self.completed("prune", "--metric", "loss", "ma"), ["made"])
        self.assertEqual(self.completed("compare", "made", "ma"), ["made"])
        self.assertEqual(self.completed("export", "made", "--to", "scr"), ["script"])
        self.assertEqual(self.completed("completion", ""), ["bash", "zsh", "fish"])
        self.assertEqual(self.completed("look", ""), [])

    def test_bash_completes_as_one_types(self):
        """In a bash that has a terminal: a command and an option, with the tabulator."""
        script = self.folder / "script"
        script.write_text(self.text("completion", "bash"))
        parent, child = self.terminal()
        programs = self.folder / "programs"
        programs.mkdir()
        (programs / "runhook").symlink_to(PROGRAM)  # as it is called when it is installed
        environment = {**ENVIRONMENT, "PATH": f"{programs}:{os.environ['PATH']}", "TERM": "dumb",
                       "INPUTRC": "/dev/null", "HISTFILE": ""}
        script.write_text(script.read_text() + "PS1='ready> '\n")
        with subprocess.Popen(["bash", "--rcfile", script, "-i"], stdin=child, stdout=child, stderr=child, cwd=self.folder, env=environment,
                              start_new_session=True) as shell:
            os.close(child)
            seen = b""

            def type_and_see(keys, answer):
                """As a person does: the next keys come when the answer to the ones before is there."""
                nonlocal seen
                begin = len(seen)
                os.write(parent, keys)
                while answer not in seen[begin:]:
                    self.assertTrue(select.select([parent], [], [], 30)[0], seen)
                    seen += os.read(parent, 4096)

            type_and_see(b"", b"ready> ")
            type_and_see(b"runhook verif\t", b"verify ")
            type_and_see(b"mad\t", b"made/")
            type_and_see(b" --js\t", b"--json ")
            os.write(parent, b"> whole; exit\n")
            with contextlib.suppress(OSError):  # how a terminal ends
                while more := os.read(parent, 4096):
                    seen += more
            shell.wait(30)
        os.close(parent)
        self.assertIn('"whole": true', (self.folder / "whole").read_text(), seen)

    def test_other_shells_understand_their_scripts(self):
        for shell in ("zsh", "fish"):
            script = self.text("completion", shell)
            self.assertIn("--keep-last" if shell == "zsh" else "-l keep-last", script)
            if shutil.which(shell):
                (self.folder / shell).write_text(script)
                done = subprocess.run([shell, "-n", shell], cwd=self.folder, env={**ENVIRONMENT, "HOME": str(self.folder)},
                                      capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))


class Manual(Case):
    page = pathlib.Path(SOURCE) / "src/program/runhook.1"

    def commands(self):
        listed = self.text("--help").split("Subcommands:\n")[1].split("\n\n")[0]
        return re.findall(r"^  (\w+) ", listed, re.M)

    def test_groff_has_no_complaint(self):
        done = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-z", self.page], capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        broken = self.folder / "broken.1"
        broken.write_text(self.page.read_text() + ".NOSUCHMACRO\n")
        done = subprocess.run(["groff", "-ww", "-man", "-Tutf8", "-z", broken], capture_output=True, text=True, check=True)
        self.assertIn("NOSUCHMACRO", done.stderr)

    def test_every_command_and_option_is_described(self):
        text = self.page.read_text().replace("\\-", "-")
        synopsis, _, rest = text.partition(".SH DESCRIPTION")
        commands = self.commands()
        self.assertGreater(len(commands), 10)
        for command in commands:
            self.assertIn(f".B runhook {command}", synopsis)
            self.assertRegex(rest, rf"\.TP\n\.B {command}\n")
            for option in re.findall(r"^  (?:-\w,)?(--[\w-]+)", self.text(command, "--help"), re.M):
                self.assertRegex(rest, rf"\n\.BI? (?:R? ?-\w \", \" )?{option}\b|\n\.BR -\w \", \" {option}\b")

    def test_every_member_of_a_document_is_described(self):
        subprocess.run([MAKE, "checkpoints", "made"], cwd=self.folder, check=True)
        subprocess.run([MAKE, "run", "run"], cwd=self.folder, check=True)
        text = self.page.read_text()
        documents = [self.json(*words) for words in (
            ("list", "made"), ("show", "made"), ("show", "made", "--variable", "weights"), ("verify", "made"), ("compare", "made", "@500"),
            ("export", "made", "--to", "x"), ("prune", "made", "--keep-last", 5), ("runs", "run"), ("events", "run"))]
        documents.append(self.json("compare", "made", "@100", status=1))
        documents.append({**self.json("outcome", "run"), "outcome": {}, "values": {}})
        documents.append(self.json("metrics", "run", "--last"))
        documents[-1]["last"] = documents[-1]["last"]["loss"]

        def members(value):
            if isinstance(value, dict):
                for key, inner in value.items():
                    yield key
                    if key not in ("metrics", "outcome"):
                        yield from members(inner)
            elif isinstance(value, list):
                for inner in value:
                    yield from members(inner)

        all_members = {key for document in documents for key in members(document)}
        self.assertGreater(len(all_members), 50)
        described = set(re.findall(r"\w+", text.partition(".SH JSON")[2].partition(".SH EXIT STATUS")[0]))
        self.assertEqual(all_members - described, set())


if __name__ == "__main__":
    main()
