"""The commands of the program that look at what runs leave."""
import json
import os
import subprocess

from case import MAKE, Case, flip_last_byte, main, record


class Runs(Case):
    makes = "run"  # one to step 10, and one that has gone on from step 4 to step 6

    def record(self):
        return json.loads((self.made / "run.json").read_text())

    def put_record(self, **members):
        (self.made / "run.json").write_text(json.dumps({**self.record(), **members}))

    def test_all_runs_are_listed_in_their_order(self):
        runs = self.json("runs", "made")["runs"]
        self.assertEqual([(one["first_step"], one["step"], one["exit_status"]) for one in runs], [(0, 10, 0), (4, 6, 0)])
        self.assertEqual(runs[1]["session"], self.record()["session"])
        self.assertEqual(list(runs[0]), ["path", "session", "title", "begin", "updated", "end", "outcome", "exit_status", "first_step",
                                         "step", "runs", "recoveries", "warnings", "damage"])
        lines = self.text("runs", "made").splitlines()
        self.assertRegex(lines[1], r"0 to 10  stopped by the caller at step 10: that was all$")
        self.assertRegex(lines[2], r"4 to 6   stopped by the caller at step 6: that was all$")

    def test_a_damaged_record_is_told_with_status_1(self):
        (self.made / "run.json").write_text("{")
        self.assertIn("damaged: 'made/run.json' is no JSON", self.text("runs", "made", status=1))
        self.assertEqual([bool(one["damage"]) for one in self.json("runs", "made", status=1)["runs"]], [True, False])

    def test_a_record_of_anything_is_damaged_and_not_a_crash(self):
        record = self.record()
        for text in ("", "[]", "7", "[" * 100000 + "]" * 100000, '{"schema": "another"}'):
            with self.subTest(text[:30]):
                (self.made / "run.json").write_text(text)
                self.text("runs", "made", status=1)
        for member, value in (("outcome", "running"), ("outcome", [{}]), ("values", [1, {}]), ("command", "x"), ("step", 1e300),
                              ("begin", 7), ("begin", "2026-99-99T99:99:99.999Z"), ("values", json.loads("[" * 500 + "]" * 500))):
            with self.subTest(member):
                (self.made / "run.json").write_text(json.dumps({**record, member: value}))
                for command in ("runs", "outcome"):
                    self.assertIn(self.call(command, "made").returncode, (0, 1))
                    self.assertIn(self.call(command, "made", "--json").returncode, (0, 1))

    def test_the_outcome_is_not_that_of_a_run_that_came_while_another_was_there(self):
        refused = {"kind": "failed", "text": "failed at step 0: ALREADY_EXISTS"}
        place = self.made / "earlier" / "ffff"
        place.mkdir()
        (place / "run.json").write_text(json.dumps({**self.record(), "session": "ffff", "begin": "2999-01-01T00:00:00.000Z", "outcome": refused}))
        self.assertEqual(self.json("runs", "made")["runs"][-1]["session"], "ffff")
        self.assertEqual(self.json("outcome", "made")["session"], self.record()["session"])

    def test_the_outcome_of_the_newest_run_is_told(self):
        text = self.text("outcome", "made")
        self.assertTrue(text.startswith("stopped by the caller at step 6: that was all\n"), text)
        self.assertRegex(text, r"\n  values +loss 3(\.0)? \(step 6\)")
        document = self.json("outcome", "made")
        self.assertEqual((document["failed"], document["outcome"]["kind"], document["step"]), (False, "stopped", 6))
        self.assertEqual(document["values"]["loss"], {"step": 6, "value": 3})

    def test_a_failed_run_is_status_1(self):
        subprocess.run([MAKE, "failed", "failed"], cwd=self.folder, stderr=subprocess.DEVNULL, check=True)
        self.assertTrue(self.text("outcome", "failed", status=1).startswith("failed: DATA_LOSS in step at step 3: the data is gone\n"))
        self.assertTrue(self.json("outcome", "failed", status=1)["failed"])
        self.json("runs", "failed")  # nothing is wrong with its record

    def test_a_run_whose_process_is_gone_is_lost_with_status_1(self):
        with subprocess.Popen(["true"]) as process:
            process.wait()
        self.put_record(end=None, exit_status=None, outcome={"kind": "running", "text": "running at step 6"}, pid=process.pid)
        document = self.json("outcome", "made", status=1)
        self.assertEqual((document["outcome"]["kind"], document["failed"]), ("lost", True))
        self.assertTrue(self.text("outcome", "made", status=1).startswith("ended without a word; last heard of running at step 6\n"))

    def test_a_run_whose_process_may_be_there_is_running(self):
        running = {"kind": "running", "text": "running at step 6"}
        self.put_record(end=None, outcome=running, pid=os.getpid())
        self.assertEqual(self.json("outcome", "made")["outcome"], running)
        with subprocess.Popen(["true"]) as process:
            process.wait()
        self.put_record(end=None, outcome=running, pid=process.pid, host="another-" + self.record()["host"])
        self.assertEqual(self.json("outcome", "made")["outcome"], running)

    def test_nothing_there_is_status_2(self):
        (self.folder / "bare").mkdir()
        for command in ("runs", "outcome", "metrics", "events"):
            with self.subTest(command):
                self.assertIn("give the directory of a run", self.refused(command, "bare"))
                self.assertIn("there is no directory 'nowhere'", self.refused(command, "nowhere"))

    def test_looking_writes_nothing(self):
        before = self.content()
        for command in ("runs", "outcome", "metrics", "events"):
            self.text(command, "made")
        self.assertEqual(self.content(), before)


class Metrics(Case):
    makes = "run"

    def test_rows_that_a_restart_has_made_obsolete_are_left_out(self):
        document = self.json("metrics", "made", "loss")
        self.assertEqual([(row["step"], row["loss"]) for row in document["rows"]], [(step, step / 2) for step in range(1, 7)])
        self.assertEqual(list(document), ["files", "names", "obsolete_rows", "damaged_lines", "last", "rows"])
        self.assertEqual((document["files"], document["obsolete_rows"], document["damaged_lines"]), (["made/metrics.jsonl"], 6, 0))
        self.assertEqual(document["last"], {"loss": {"step": 6, "value": 3.0}})

    def test_the_rows_are_those_of_the_documented_filter(self):
        rows = [json.loads(line) for line in (self.made / "metrics.jsonl").read_text().splitlines()]
        kept, least = [], float("inf")
        for row in reversed(rows):
            if row.get("event") == "start":
                least = min(least, row["step"])
            if row["step"] <= least:
                kept.insert(0, row)
        names = self.json("metrics", "made")["names"]
        expected = [row for row in kept if any(name in row for name in names)]
        self.assertEqual(self.json("metrics", "made")["rows"], expected)
        self.assertLess(len(expected), len(rows) - 2)

    def test_people_get_a_table(self):
        lines = self.text("metrics", "made").splitlines()
        self.assertEqual(lines[0].split(), ["step", "loss", "phase", "event"])
        self.assertRegex(lines[4], r"^   4 +2  one of\\nmany$")
        self.assertEqual(len(lines), 7)

    def test_only_the_last_values_are_shown_on_request(self):
        self.assertEqual([line.split() for line in self.text("metrics", "made", "--last").splitlines()[:2]],
                         [["name", "last", "step"], ["loss", "3", "6"]])
        self.assertNotIn("rows", self.json("metrics", "made", "--last"))

    def test_the_older_half_comes_first(self):
        lines = (self.made / "metrics.jsonl").read_text().splitlines(keepends=True)
        (self.made / "metrics.1.jsonl").write_text("".join(lines[:5]))
        (self.made / "metrics.jsonl").write_text("".join(lines[5:]))
        document = self.json("metrics", "made", "loss")
        self.assertEqual(document["files"], ["made/metrics.1.jsonl", "made/metrics.jsonl"])
        self.assertEqual([row["step"] for row in document["rows"]], [1, 2, 3, 4, 5, 6])

    def test_half_a_row_at_the_end_is_being_written(self):
        with open(self.made / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write('{"step": 7, "lo')
        self.assertEqual(self.json("metrics", "made/metrics.jsonl")["damaged_lines"], 0)

    def test_a_line_that_is_no_row_is_told_with_status_1(self):
        with open(self.made / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write("no row\n")
        done = self.call("metrics", "made", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)["damaged_lines"]), (1, 1))
        self.assertEqual(done.stderr, "runhook: 1 line of made/metrics.jsonl is no row: left out\n")

    def test_an_unknown_name_is_status_2_and_the_nearest_is_named(self):
        self.assertIn("did you mean 'loss'?", self.refused("metrics", "made", "los"))


class Events(Case):
    makes = "run"

    def test_tags_are_shown_without_values_of_undone_steps(self):
        document = self.json("events", "made")
        tags = {one["tag"]: one for one in document["tags"]}
        self.assertEqual(tags["loss"], {"tag": "loss", "kind": "scalar", "count": 6, "first_step": 1, "last_step": 6, "last": 3})
        self.assertEqual((tags["phase"]["kind"], tags["phase"]["count"], tags["phase"]["last"]), ("text", 1, None))
        self.assertEqual(document["obsolete_values"], 7)
        self.assertEqual([one["damage"] for one in document["files"]], [None, None])
        self.assertRegex(self.text("events", "made"), r"\nloss   scalar       6  1 to 6     3\n")

    def test_a_damaged_file_is_read_up_to_the_damage_with_status_1(self):
        path = sorted(self.made.glob("events.out.tfevents.*"))[0]
        flip_last_byte(path)
        document = self.json("events", path, status=1)
        self.assertEqual(document["files"][0]["damage"]["code"], "DATA_LOSS")
        self.assertGreater(document["files"][0]["events"], 5)
        self.assertIn("damaged: the record at byte", self.text("events", path, status=1))

    def test_fields_of_other_types_are_not_read_as_what_they_should_be(self):
        event = b"\x10\x05" + b"\x2a\x0a" + b"\x0a\x08" + b"\x08\x07" + b"\x12\x01x" + b"\x3a\x01y"  # tag, simple_value, 7
        for one in (event, b"\x28\x07\x38\x07", b"\x2a\x04\x0a\x02\x42\x00"):
            (self.folder / "tfevents").write_bytes(record(one))
            self.assertEqual(self.json("events", "tfevents")["files"][0]["events"], 1)
        (self.folder / "tfevents").write_bytes(record(b"\x2a\x7f"))
        self.json("events", "tfevents", status=1)

    def test_a_file_of_anything_is_damaged_and_not_a_crash(self):
        (self.folder / "tfevents").write_bytes(os.urandom(4096))
        self.assertEqual(self.json("events", "tfevents", status=1)["tags"], [])


if __name__ == "__main__":
    main()
