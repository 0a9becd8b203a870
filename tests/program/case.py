"""What tests of the program share: each is called as TEST PROGRAM MAKE_DIRECTORIES SOURCE [SUBJECT...].

A class is a subject, and each of its tests says in its name which situation it is and what comes of it. Directories are
made by a program of the library, and damaged here.
"""
import json
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM, MAKE, SOURCE = sys.argv[1:4]
ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class Case(unittest.TestCase):
    """A folder of its own, with what `makes` says as `self.made`."""

    makes = None

    @classmethod
    def setUpClass(cls):
        cls.original = tempfile.TemporaryDirectory(prefix="runhook-program-")
        if cls.makes:
            subprocess.run([MAKE, cls.makes, cls.original.name + "/made"], check=True, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.original.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="runhook-program-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.made = self.folder / "made"
        if self.makes:
            shutil.copytree(pathlib.Path(self.original.name) / "made", self.made)

    def call(self, *words, **options):
        return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, env=ENVIRONMENT, timeout=60,
                              cwd=self.folder, check=False, **options)

    def text(self, *words, status=0):
        """What is on standard output; nothing may be on standard error."""
        done = self.call(*words)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        return done.stdout

    def json(self, *words, status=0):
        return json.loads(self.text(*words, "--json", status=status))

    def refused(self, *words, status=2):
        """The one line on standard error; nothing may be on standard output, nor with --json."""
        for all_words in (words, (*words, "--json")):
            done = self.call(*all_words)
            self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
            self.assertRegex(done.stderr, r"\Arunhook: [^\n]*[^\n.]\n\Z")
        return done.stderr

    def terminal(self):
        """Both ends of one."""
        try:
            return pty.openpty()
        except OSError as failed:
            return self.skipTest(f"there are no terminals here: {failed}")

    def content(self):
        """All files, to see whether anything has been written."""
        return {str(path): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


def step_directory(directory, step):
    return directory / f"step-{step:010}"


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(data):
    """A record of an event file, with its checksums."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def safetensors(path):
    """The tensors of a file as type, shape and bytes, and its metadata; read by the description of the format."""
    content = path.read_bytes()
    size, = struct.unpack_from("<Q", content)
    header = json.loads(content[8:8 + size])
    data = content[8 + size:]
    metadata = header.pop("__metadata__", {})
    return {name: (one["dtype"], one["shape"], data[slice(*one["data_offsets"])]) for name, one in header.items()}, metadata


def main():
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=2)
