"""The commands of the program that look at checkpoints, or change them."""
import array
import contextlib
import json
import os
import resource
import shutil
import struct
import subprocess
import tempfile
import time
import unittest

from case import MAKE, PROGRAM, UTC, Case, flip_last_byte, main, safetensors, step_directory


class List(Case):
    makes = "checkpoints"

    def test_checkpoints_are_listed_from_the_lowest_step_with_their_facts(self):
        lines = self.text("list", "made").splitlines()
        self.assertEqual(lines[0].split(), ["step", "saved", "size", "session", "metrics", "condition"])
        self.assertEqual([line.split()[0] for line in lines[1:6]], ["100", "200", "300", "400", "500"])
        self.assertRegex(lines[1], r"^ 100  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \d+ B  0123abcd  loss 0.01, accuracy 0.75 +pinned$")
        self.assertRegex(lines[2], r" 0123abcd  loss 0.125, accuracy 0.5$")
        self.assertRegex(lines[6], r"^5 checkpoints, 4\.\d KiB in made$")

    def test_json_has_the_documented_members(self):
        document = self.json("list", "made")
        self.assertEqual(list(document), ["directory", "checkpoints", "beside"])
        self.assertEqual((document["directory"], document["beside"]), ("made", []))
        first = document["checkpoints"][0]
        self.assertEqual(list(first), ["step", "path", "saved", "saved_unix_ns", "session", "bytes", "metrics", "pinned",
                                       "damage"])
        self.assertEqual((first["step"], first["path"], first["session"]), (100, "made/step-0000000100", "0123abcd"))
        self.assertEqual((first["metrics"], first["pinned"], first["damage"]), ({"loss": 0.01, "accuracy": 0.75}, True, None))
        self.assertRegex(first["saved"], f"^{UTC}$")
        self.assertAlmostEqual(first["saved_unix_ns"] / 1e9, time.time(), delta=600)
        data = sum(path.stat().st_size for path in step_directory(self.made, 100).glob("*.safetensors"))
        self.assertEqual(first["bytes"], data)

    def test_a_damaged_checkpoint_is_told_with_its_reason_and_status_1(self):
        (step_directory(self.made, 300) / "state.safetensors").unlink()
        self.assertIn("damaged: checkpoint 'made/step-0000000300' lacks its file 'state.safetensors'",
                      self.text("list", "made", status=1))
        conditions = {one["step"]: one["damage"] for one in self.json("list", "made", status=1)["checkpoints"]}
        self.assertEqual(conditions[300]["code"], "DATA_LOSS")
        self.assertEqual([step for step, damage in conditions.items() if damage], [300])

    def test_what_stands_beside_the_checkpoints_is_told(self):
        for name in ("undone-step-0000000600.12-0a0b0c0d", "damaged-step-0000000200.12-0a0b0c0d", ".tmp-step-0000000700.1-0a0b0c0d"):
            (self.made / name).mkdir()
        self.assertIn("beside them, undone: undone-step-0000000600.12-0a0b0c0d\n", self.text("list", "made"))
        self.assertEqual({(one["step"], one["why"]) for one in self.json("list", "made")["beside"]},
                         {(600, "undone"), (200, "damaged"), (700, "unfinished")})

    def test_the_checkpoints_of_a_run_are_found(self):
        (self.folder / "run").mkdir()
        self.made.rename(self.folder / "run/checkpoints")
        self.assertEqual(self.json("list", "run/")["directory"], "run/checkpoints")

    def test_nothing_there_is_status_2(self):
        self.assertIn("there is no directory 'nowhere'", self.refused("list", "nowhere"))
        (self.folder / "bare").mkdir()
        self.assertIn("there are no checkpoints in 'bare': give", self.refused("list", "bare"))
        (self.folder / "file").touch()
        self.assertIn("'file' is no directory", self.refused("list", "file"))

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"), "root may read everything")
    def test_an_unreadable_directory_is_status_2(self):
        self.folder.chmod(0o755)
        self.made.chmod(0o700)
        command = [PROGRAM, "list", str(self.made)]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + command
        else:
            self.made.chmod(0)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.made.chmod(0o700)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("Permission denied", done.stderr)

    def test_a_name_that_is_no_text_makes_no_line_of_its_own(self):
        odd = self.folder / "two\nlines"
        self.made.rename(odd)
        self.assertEqual(len(self.text("show", odd).split("\n\n")[0].splitlines()), 6)
        self.assertEqual(self.json("list", odd)["directory"], str(odd))


class ManyCheckpoints(Case):
    def test_ten_thousand_are_listed_in_less_than_a_second(self):
        # On a disk making them takes far longer than looking at them.
        memory = tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else self.folder)
        self.addCleanup(memory.cleanup)
        many = memory.name + "/many"
        subprocess.run([MAKE, "many", many, "10000"], check=True)
        begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        document = self.json("list", many)
        took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(len(document["checkpoints"]), 10000)
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"10,000 checkpoints: {took:.2f} s, {processor:.2f} s of the processor")
        self.assertLess(processor, 1)  # whatever else the machine does


class Show(Case):
    makes = "checkpoints"

    def test_the_newest_is_shown_with_its_variables_and_state(self):
        text = self.text("show", "made")
        self.assertTrue(text.startswith("step 500\n  path     made/step-0000000500\n"), text)
        for line in (r"weights   float32     2x3     24 B", r"z         complex128  scalar  16 B", r"note      string               9 B",
                     r"empty     float64     0x3      0 B", r"sampler         8 B"):
            self.assertIn(f"\n{line}\n", text)

    def test_json_has_the_documented_members(self):
        document = self.json("show", "made", 100)
        self.assertEqual(list(document)[-3:], ["damage", "variables", "state"])
        self.assertEqual((document["step"], document["pinned"], document["damage"]), (100, True, None))
        variables = {one.pop("name"): one for one in document["variables"]}
        self.assertEqual(variables["weights"], {"kind": "tensor", "dtype": "float32", "shape": [2, 3], "bytes": 24})
        self.assertEqual(variables["raw"], {"kind": "bytes", "dtype": None, "shape": [], "bytes": 3})
        self.assertEqual(document["state"], [{"name": "runhook/steps", "bytes": 4}, {"name": "sampler", "bytes": 8}])

    def test_all_names_of_a_checkpoint_show_the_same(self):
        (self.folder / "run").mkdir()
        (self.folder / "run/checkpoints").symlink_to(self.made)
        ways = (("made", 200), ("made@200",), ("made/step-0000000200",), ("made/step-0000000200/",), (self.made, 200), ("run@200",))
        for words in ways:
            with self.subTest(words):
                self.assertEqual(self.json("show", *words)["step"], 200)
        inside = subprocess.run([PROGRAM, "show", ".", "--json"], capture_output=True, check=True, cwd=step_directory(self.made, 200))
        self.assertEqual(json.loads(inside.stdout)["step"], 200)
        at = self.folder / "made@7"
        self.made.rename(at)
        self.assertEqual(self.json("show", "made@7")["step"], 500)
        self.assertEqual(self.json("show", "made@7@300")["step"], 300)

    def test_two_steps_are_refused(self):
        self.assertIn("'made@200' names a step already", self.refused("show", "made@200", 300))

    def test_a_step_that_is_not_there_is_status_2(self):
        self.assertIn("there is no checkpoint of step 7 in 'made': 'runhook list made' shows which there are",
                      self.refused("show", "made", 7))
        self.refused("show", "made@7")
        self.refused("show", "made/step-0000000007")

    def test_a_damaged_newest_is_passed_over_and_told(self):
        (step_directory(self.made, 500) / "manifest.json").write_text("{}")
        done = self.call("show", "made", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["step"]), (0, 400))
        self.assertIn("a newer checkpoint is passed over: 'made/step-0000000500/manifest.json'", done.stderr)

    def test_a_damaged_one_that_is_asked_for_is_status_1(self):
        (step_directory(self.made, 500) / "variables.safetensors").write_bytes(b"short")
        self.assertIn("  damaged  checkpoint 'made/step-0000000500' has 5 bytes", self.text("show", "made", 500, status=1))
        document = self.json("show", "made", 500, status=1)
        self.assertEqual((document["damage"]["code"], document["variables"]), ("DATA_LOSS", []))

    def test_damaged_state_is_told_with_the_variables(self):
        flip_last_byte(step_directory(self.made, 500) / "state.safetensors")
        document = self.json("show", "made", status=1)
        self.assertIn("is damaged: the checksum of its piece 0", document["damage"]["message"])

    def test_a_variable_is_shown_with_its_range_mean_and_nans(self):
        document = self.json("show", "made", "--variable", "weights")
        self.assertEqual(list(document), ["step", "name", "kind", "dtype", "shape", "bytes", "count", "min", "max", "mean", "nan_count",
                                          "infinite_count", "first"])
        self.assertEqual((document["min"], document["max"], document["mean"]), (-1.5, "Infinity", "Infinity"))
        self.assertEqual((document["count"], document["nan_count"], document["infinite_count"]), (6, 1, 1))
        self.assertEqual(document["first"], [-1.5, 0.25, 2, "NaN", "Infinity", 500])
        text = self.text("show", "made", "--variable", "weights")
        self.assertIn("  first     -1.5, 0.25, 2, NaN, Infinity, 500\n", text)

    def test_large_whole_numbers_are_shown_exactly(self):
        document = self.json("show", "made", "--variable", "counts")
        self.assertEqual((document["min"], document["max"]), (2**60, 2**60 + 5))

    def test_what_is_no_real_tensor_is_shown_as_it_is(self):
        z = self.json("show", "made", "--variable", "z")
        self.assertEqual((z["first"], z["min"], z["mean"]), ([[3, -4]], None, None))
        self.assertEqual(self.json("show", "made", "--variable", "note")["first"], "two\nlines")
        self.assertIn("  text  two\\nlines\n", self.text("show", "made", "--variable", "note"))
        self.assertEqual(self.json("show", "made", "--variable", "raw")["first"], "00ff10")
        self.assertEqual(self.json("show", "made", "--variable", "flag")["first"], [True])
        empty = self.json("show", "made", "--variable", "empty")
        self.assertEqual((empty["count"], empty["max"], empty["first"]), (0, None, []))

    def test_an_unknown_variable_is_status_2_and_the_nearest_is_named(self):
        self.assertIn("did you mean 'weights'?", self.refused("show", "made", "--variable", "weigths"))


class Verify(Case):
    makes = "checkpoints"

    def test_whole_ones_are_told_with_status_0(self):
        self.assertEqual(self.text("verify", "made").split()[2:], [word for step in range(100, 600, 100) for word in (str(step), "whole")])
        document = self.json("verify", "made")
        self.assertEqual((document["whole"], len(document["checkpoints"])), (True, 5))

    def test_a_changed_byte_of_data_is_found_with_status_1(self):
        flip_last_byte(step_directory(self.made, 200) / "variables.safetensors")
        self.text("list", "made")  # which does not look at data
        text = self.text("verify", "made", status=1)
        self.assertRegex(text, r"\n 200  damaged: 'made/step-0000000200/variables.safetensors' is damaged: the checksum")
        document = self.json("verify", "made", status=1)
        self.assertFalse(document["whole"])
        self.assertEqual([one["condition"] for one in document["checkpoints"]], ["whole", "damaged", "whole", "whole", "whole"])

    def test_a_link_in_the_place_of_a_checkpoint_is_damage(self):
        shutil.rmtree(step_directory(self.made, 300))
        (self.made / "step-0000000300").symlink_to(self.folder)
        self.assertEqual({one["step"]: one["condition"] for one in self.json("verify", "made", status=1)["checkpoints"]}[300], "damaged")

    def test_only_the_steps_that_are_given_are_read(self):
        flip_last_byte(step_directory(self.made, 200) / "variables.safetensors")
        self.assertEqual([one["step"] for one in self.json("verify", "made", 500, 100)["checkpoints"]], [500, 100])
        self.assertEqual(len(self.json("verify", "made@200", status=1)["checkpoints"]), 1)

    def test_a_step_that_is_not_there_is_status_2(self):
        self.assertIn("there is no checkpoint of step 7", self.refused("verify", "made", 100, 7))


class Compare(Case):
    makes = "checkpoints"

    def test_a_checkpoint_is_equal_to_itself_with_status_0(self):
        self.assertEqual(self.text("compare", "made", "made@500"), "equal: 8 of 8 variables, 2 of 2 states\n")
        document = self.json("compare", "made", "@500")
        self.assertTrue(document["equal"])
        self.assertEqual({one["result"] for one in document["variables"] + document["state"]}, {"identical"})

    def test_differing_values_are_measured_with_status_1(self):
        text = self.text("compare", "made@100", "@200", status=1)
        self.assertRegex(text, r"\nvariable  weights +1 of 6 elements differ, by at most 100 at \[1,2\], relative 0.5\n")
        self.assertRegex(text, r"\nstate     sampler +8 bytes that differ\n")
        self.assertTrue(text.endswith("\nequal: 5 of 8 variables, 1 of 2 states\n"))
        document = self.json("compare", "made@100", "made/step-0000000200", status=1)
        self.assertEqual((document["equal"], document["a"]["step"], document["b"]["step"]), (False, 100, 200))
        results = {one["name"]: one for one in document["variables"]}
        self.assertEqual(results["weights"], {"name": "weights", "result": "values", "differing": 1, "count": 6, "max_absolute": 100,
                                              "max_relative": 0.5, "at": 5})
        self.assertEqual(results["counts"]["max_absolute"], 1)  # of numbers that are one in doubles
        self.assertEqual(results["note"], {"name": "note", "result": "identical"})

    def test_a_difference_within_the_tolerance_is_passed_over(self):
        words = ("compare", "made@100", "@200", "--ignore-state")
        self.json(*words, status=1)
        document = self.json(*words, "--atol", 100)
        self.assertEqual({one["name"]: one["result"] for one in document["variables"]}["weights"], "close")
        self.json(*words, "--rtol", 0.5)
        self.json(*words, "--rtol", 0.49, status=1)

    def test_what_is_missing_or_of_another_type_is_told(self):
        other = self.folder / "other"
        subprocess.run([MAKE, "others", other], check=True)
        results = {one["name"]: one["result"] for one in self.json("compare", "made", "other", status=1)["variables"]}
        self.assertEqual(results, {"counts": "shape", "empty": "only_in_a", "extra": "only_in_b", "flag": "dtype", "note": "kind",
                                   "raw": "values", "step": "values", "weights": "values", "z": "only_in_a"})
        text = self.text("compare", "made", "other", status=1)
        for line in (r"counts +int64\[2\] and int64\[3\]", r"flag +boolean\[\] and int32\[\]", r"note +a string and bytes",
                     r"extra +only in the second", r"step +differs by 2, relative 0.4", r"weights +\d of 6 elements differ, by at most NaN at \[0,0\]"):
            self.assertRegex(text, line)

    def test_a_damaged_one_is_status_1_and_named(self):
        flip_last_byte(step_directory(self.made, 200) / "variables.safetensors")
        self.assertIn("made/step-0000000200/variables.safetensors' is damaged", self.refused("compare", "made@100", "@200", status=1))

    def test_one_that_is_not_there_is_status_2(self):
        self.refused("compare", "made@100", "@7")
        self.refused("compare", "made@100", "nowhere")


class Export(Case):
    makes = "checkpoints"

    def test_the_file_has_all_variables_for_readers_of_the_format(self):
        self.assertRegex(self.text("export", "made", 300, "--to", "x.safetensors"), r"^step 300: 8 variables, \d+ B in x.safetensors\n$")
        tensors, metadata = safetensors(self.folder / "x.safetensors")
        self.assertEqual(tensors["counts"], ("I64", [2], struct.pack("<qq", 2**60, 2**60 + 3)))
        self.assertEqual(array.array("f", tensors["weights"][2])[5], 300)
        self.assertEqual(tensors["z"], ("F64", [2], struct.pack("<dd", 3, -4)))
        self.assertEqual(tensors["note"], ("U8", [9], b"two\nlines"))
        self.assertEqual(tensors["raw"], ("U8", [3], b"\x00\xff\x10"))
        self.assertEqual((tensors["empty"], tensors["flag"]), (("F64", [0, 3], b""), ("BOOL", [], b"\x01")))
        self.assertEqual((metadata["step"], metadata["session"], metadata["runhook:note"]), ("300", "0123abcd", "string"))

    def test_json_says_what_was_written(self):
        document = self.json("export", "made", "--to", "x")
        self.assertEqual(document, {"step": 500, "path": "x", "variables": 8, "bytes": (self.folder / "x").stat().st_size})

    def test_a_file_that_is_there_is_replaced_with_force_only(self):
        target = self.folder / "x"
        target.write_text("mine")
        target.chmod(0o640)
        before = self.content()
        self.assertIn("'x' is there already: give --force to replace it", self.refused("export", "made", "--to", "x"))
        self.assertEqual(self.content(), before)
        (self.folder / "link").symlink_to("x")
        self.text("export", "made", "--to", "link", "--force")
        self.assertEqual(len(safetensors(target)[0]), 8)
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertEqual(target.stat().st_mode & 0o777, 0o640)

    def test_a_failure_leaves_nothing(self):
        flip_last_byte(step_directory(self.made, 200) / "variables.safetensors")
        before = self.content()
        self.refused("export", "made", 200, "--to", "x", status=1)
        self.refused("export", "made", "--to", "nowhere/x")
        self.refused("export", "made", "--to", "made")
        self.refused("export", "made", "--to", "/dev/full")
        self.assertEqual(self.content(), before)

    def test_a_new_file_has_the_mode_of_new_files(self):
        self.text("export", "made", "--to", "x")
        (self.folder / "y").touch()
        self.assertEqual((self.folder / "x").stat().st_mode, (self.folder / "y").stat().st_mode)


class Prune(Case):
    makes = "checkpoints"  # of which 100 is pinned, and 500 has the lowest loss

    def steps(self, directory="made"):
        return [one["step"] for one in self.json("list", directory)["checkpoints"]]

    @contextlib.contextmanager
    def held(self, *words):
        with subprocess.Popen([MAKE, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.folder) as process:
            self.assertEqual(process.stdout.readline(), b"ready\n")
            yield
            process.stdin.close()

    def test_the_last_ones_and_pinned_ones_are_kept(self):
        text = self.text("prune", "made", "--keep-last", 2)
        self.assertRegex(text, r"^deleted step 200\ndeleted step 300\ndeleted: 2 checkpoints, 1\.\d KiB; 3 kept\n$")
        self.assertEqual(self.steps(), [100, 400, 500])

    def test_a_dry_run_says_the_same_and_deletes_nothing(self):
        before = self.content()
        document = self.json("prune", "made", "--keep-last", 2, "--dry-run")
        self.assertEqual(self.content(), before)
        self.assertEqual((document["dry_run"], document["deleted"], document["kept"]), (True, [200, 300], 3))
        self.assertTrue(self.text("prune", "made", "--keep-last", 2, "-n").startswith("would delete step 200\n"))
        self.assertEqual(self.json("prune", "made", "--keep-last", 2), {**document, "dry_run": False})

    def test_the_best_by_a_metric_are_kept(self):
        self.text("unpin", "made", 100)
        self.assertEqual(self.json("prune", "made", "--keep-best", 1, "--metric", "accuracy", "--higher", "-n")["deleted"], [200, 300, 400])
        self.assertEqual(self.json("prune", "made", "--keep-best", 2, "--metric", "loss", "-n")["deleted"], [100, 200, 300])

    def test_every_so_many_steps_are_kept(self):
        self.assertEqual(self.json("prune", "made", "--keep-every", 200, "-n")["deleted"], [300])

    def test_a_metric_that_no_checkpoint_has_is_refused(self):
        before = self.content()
        self.assertIn("no checkpoint has a metric 'los'; did you mean 'loss'?", self.refused("prune", "made", "--keep-best", 1, "--metric", "los"))
        self.assertEqual(self.content(), before)

    def test_what_is_to_be_kept_has_to_be_said(self):
        self.assertIn("it is not said what to keep", self.refused("prune", "made"))
        self.refused("prune", "made", "--keep-last", 0)
        self.refused("prune", "made", "--keep-best", 1)
        self.refused("prune", "made", "--keep-last", 1, "--metric", "loss")
        self.refused("prune", "made", "--keep-last", 1, "--higher")
        self.assertEqual(self.steps(), [100, 200, 300, 400, 500])

    def test_an_owned_directory_is_refused_and_its_owner_named(self):
        with self.held("own", "owned"):
            before = self.content()
            message = self.refused("prune", "owned", "--keep-last", 1)
            self.assertRegex(message, r"have an owner already: process \d+ on .*, session owner-1: it prunes by itself")
            self.assertEqual(self.json("prune", "owned", "--keep-last", 1, "-n")["deleted"], [200, 300, 400])
            self.assertEqual(self.content(), before)
        self.text("prune", "owned", "--keep-last", 1)
        self.assertEqual(self.steps("owned"), [100, 500])

    def test_one_that_somebody_reads_is_left_and_told(self):
        with self.held("read", "owned", "300"):
            document = self.json("prune", "owned", "--keep-last", 1)
            self.assertEqual((document["deleted"], document["in_use"]), ([200, 400], [300]))
            self.assertIn("left step 300, which somebody is reading\n", self.text("prune", "owned", "--keep-last", 1))
        self.assertEqual(self.steps("owned"), [100, 300, 500])

    def test_a_damaged_one_is_not_deleted(self):
        (step_directory(self.made, 200) / "manifest.json").unlink()
        self.assertEqual(self.json("prune", "made", "--keep-last", 1)["deleted"], [300, 400])
        self.assertTrue(step_directory(self.made, 200).exists())

    def test_nothing_is_made_where_nothing_is(self):
        self.refused("prune", "nowhere", "--keep-last", 1)
        (self.folder / "bare").mkdir()
        self.refused("prune", "bare", "--keep-last", 1)
        self.assertEqual(os.listdir(self.folder / "bare"), [])
        self.assertFalse((self.folder / "nowhere").exists())

    def test_pin_and_unpin_say_and_do_so(self):
        self.assertEqual(self.json("pin", "made", 200), {"step": 200, "path": "made/step-0000000200", "pinned": True})
        self.assertEqual(self.text("unpin", "made@100"), "step 100 is pinned no longer\n")
        self.assertEqual([one["step"] for one in self.json("list", "made")["checkpoints"] if one["pinned"]], [200])
        self.assertIn("there is no checkpoint of step 7", self.refused("pin", "made", 7))


if __name__ == "__main__":
    main()
