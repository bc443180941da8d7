"""`greenlane import --dry-run` on documents of foreign formats: the records, the notes, what is refused, and the exit status. No gateway runs.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_import.py
"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
SAMPLES = ROOT / "tests/samples"
JULY = 1783000000  # when a file was written, in seconds


class ImportTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, text):
        file = pathlib.Path(self.folder.name) / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.utime(file, (JULY, JULY))
        return str(file)

    def run_import(self, *args, status=0):
        env = {k: v for k, v in os.environ.items() if k not in ("TZ", "GREENLANE_CONFIG")}
        done = subprocess.run([str(BUILD / "bin/greenlane"), "import", "--dry-run", *map(str, args)], capture_output=True, text=True, timeout=60, env=env)
        self.assertEqual(done.returncode, status, done)
        return done

    def records(self, *args):
        return [json.loads(line) for line in self.run_import(*args).stdout.splitlines()]

    def test_every_ncts_sample(self):
        for sample in sorted((SAMPLES / "ncts").glob("*.xml")):
            with self.subTest(sample.name):
                done = self.run_import(sample)
                self.assertEqual(done.stdout, sample.with_suffix(".golden").read_text())
                self.assertIn(": 1 records read, 0 refused", done.stderr)

    def test_what_loads_nothing_is_told_and_well(self):
        done = self.run_import(self.write("cancel.xml", "<CC014C/>"))
        self.assertEqual(done.stdout, "")
        self.assertIn("cancel.xml: /CC014C: note: a request to cancel", done.stderr)
        self.assertIn("0 records read, 0 refused", done.stderr)

    def test_what_is_refused(self):
        done = self.run_import(self.write("bad.xml", "<CC015C>\n<TransitOperation><limitDate>soon</limitDate></TransitOperation></CC015C>"), status=1)
        self.assertIn("/CC015C/TransitOperation/limitDate: line 2: \"soon\" is no date", done.stderr)
        done = self.run_import(self.write("page.html", "<html/>"), status=1)
        self.assertIn("html is no message that is known", done.stderr)
        done = self.run_import(self.write("evil.xml", '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><CC015C>&b;</CC015C>'), status=1)
        self.assertIn("DOCTYPE", done.stderr)

    def test_one_bad_file_among_good_ones(self):
        good = SAMPLES / "ncts/cc060c-documents.xml"
        done = self.run_import(good, self.write("cut.xml", good.read_bytes()[:-40]), good, status=1)
        self.assertEqual(len(done.stdout.splitlines()), 2)

    # Local times, and the child that cannot open the data of time zones.
    CHECKED_IN = json.dumps([{"gmrId": "GMRA00000001", "updatedDateTime": "2026-07-15T10:00:00Z", "isUnaccompanied": False, "vehicleRegNum": "NC15 REG",
                              "checkedInCrossing": {"routeId": "1", "localDateTimeOfArrival": "2026-07-15T12:00"}}])

    @unittest.skipUnless(os.path.exists("/usr/share/zoneinfo/Europe/London"), "this machine has no data of time zones")
    def test_local_times_need_a_zone(self):
        file = self.write("gmr.json", self.CHECKED_IN)
        self.assertIn("zone", self.run_import(file, status=1).stderr)
        self.assertEqual(self.records("--zone", "Europe/London", file)[0]["body"]["eta"], "2026-07-15T11:00:00.000Z")
        self.assertEqual(self.records("--zone", "UTC", file)[0]["body"]["eta"], "2026-07-15T12:00:00.000Z")
        self.assertIn("knows no such time zone", self.run_import("--zone", "Mars/Base", file, status=2).stderr)
        self.assertIn("knows no such time zone", self.run_import("--zone", "../../etc/passwd", file, status=2).stderr)

    MAPPING = 'record = movements\nref = "No" type booking\nkind = always goods\nstate = always ready\nvehicle = "Truck"\neta = "Due" time "DD.MM.YYYY hh:mm"\n'

    def test_csv_with_its_mapping(self):
        mapping, rows = self.write("own.map", self.MAPPING), self.write("rows.csv", "No,Truck,Due\nB1,NC15 REG,15.07.2026 12:00\nB2,-,never\n")
        done = self.run_import("--zone", "UTC", "--mapping", mapping, rows, status=1)
        record = json.loads(done.stdout)
        self.assertEqual(record["body"]["ref"], {"type": "booking", "value": "B1"})
        self.assertEqual(record["body"]["eta"], "2026-07-15T12:00:00.000Z")
        self.assertIn("rows.csv: 1 records read, 1 refused", done.stderr)
        self.run_import("--mapping", "/nowhere.map", rows, status=3)
        self.assertIn("longer than 64 KiB", self.run_import("--mapping", self.write("long.map", "#" * 70000), rows, status=3).stderr)

    def recorded(self):
        body = {"ref": {"type": "gmr", "value": "GMRA00000001"}, "version": 1, "kind": "goods", "state": "ready", "means": [{"role": "vehicle", "plate": "A1"}]}
        line = {"collection": "movements", "epoch": "e9", "as_of": "2026-07-15T10:00:00Z"}
        frame = {"snapshot": "s1", "count": 1}
        lines = [dict(line, seq=0, op="snapshot_begin", body=frame), dict(line, seq=1, op="upsert", snapshot="s1", body=body),
                 dict(line, seq=0, op="snapshot_end", body=dict(frame, sha256="A" * 43 + "=")), dict(line, seq=7, op="upsert", body=dict(body, version=2))]
        return self.write("recorded.jsonl", "".join(json.dumps(x) + "\n" for x in lines))

    def test_a_file_is_no_feed(self):
        done = self.run_import(self.recorded())
        records = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(r["epoch"], r["seq"], r.get("snapshot"), r["op"], r["body"]["version"]) for r in records],
                         [(None, 0, None, "upsert", 1), (None, 0, None, "upsert", 2)])
        self.assertIn("recorded.jsonl: 2 records read, 0 refused", done.stderr)
        self.assertIn("4 epochs and numbers ignored, 2 beginnings and ends of snapshots left out", done.stderr)

    def test_a_recorded_feed_is_restored_on_demand(self):
        done = self.run_import("--as-feed", "the disk was lost", self.recorded())
        records = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(r["epoch"], r["seq"], r["op"]) for r in records],
                         [("e9", 0, "snapshot_begin"), ("e9", 1, "upsert"), ("e9", 0, "snapshot_end"), ("e9", 7, "upsert")])
        self.assertNotIn("ignored", done.stderr)
        for why in ("", "  ", "x" * 65):
            self.assertIn("a reason of at most 64 bytes", self.run_import("--as-feed", why, self.recorded(), status=2).stderr)

    def test_records_without_a_time_are_as_old_as_their_file(self):
        sample = SAMPLES / "asycuda/t1-seals.xml"
        file = self.write("sad.xml", sample.read_bytes())
        self.assertTrue(all(r["as_of"] == "2026-07-02T13:46:40.000Z" for r in self.records("--zone", "UTC", file)))

    def test_a_gigabyte_of_blanks(self):
        file = self.write("hole.xml", "<CC015C>")
        os.truncate(file, 1 << 30)
        self.assertIn("longer than 256 MiB", self.run_import(file, status=3).stderr)
        os.truncate(file, 200 << 20)
        self.run_import(file, status=1)


if __name__ == "__main__":
    unittest.main()
