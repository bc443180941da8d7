"""A box burns. Promises: a backup is made while vehicles pass, and is whole; what was decided before stays provable on another box; that box gives out no
number twice, says which ones it does not know, and lets an officer decide each vehicle, for nobody knows which movements were used since."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import rig
from rig import Vehicle, fresh, lodge, until

SKIP = 1000000


class Backup(rig.Case):
    leaves_well = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.TemporaryDirectory(prefix="gl-backup-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.folder.cleanup)

    def at(self, name):
        return os.path.join(self.folder.name, name)

    def greenlane(self, *args, status=0):
        done = subprocess.run([os.path.join(self.post.bin, "greenlane"), *args], cwd=self.post.work, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def passes(self, plate, trailer):
        lodge(self.post, fresh(self.post), plate, trailer)
        v = Vehicle(self.post, "in-1", plate, trailer).arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.lit("release")
        v.leave()
        return v.decision["passage"]

    def test_1_made_while_vehicles_pass(self):
        post, cls = self.post, type(self)
        cls.before = self.passes("BA11CKA", "BA12CKA")
        made = subprocess.Popen([os.path.join(post.bin, "greenlane"), "backup", self.at("copy"), "--config", "post.yaml"], cwd=post.work,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.passes("BA21CKA", "BA22CKA")
        out = made.communicate(timeout=120)[0]
        self.assertEqual(made.returncode, 0, out)
        self.assertEqual(sorted(os.listdir(self.at("copy"))), ["evidence", "journal.db", "manifest.json", "post.yaml"])
        with open(self.at("copy/manifest.json"), encoding="utf-8") as f:
            manifest = json.load(f)
        self.assertEqual((manifest["post"], sorted(manifest["lanes"])), ("north", ["in-1", "in-2"]))
        self.assertEqual(len(manifest["journal"]["sha256"]), 64)
        self.assertTrue(any(s["path"].endswith("random.key") for s in manifest["secrets"]))
        with open(post.path("random.key"), "rb") as f:
            key = f.read()
        for top, _, names in os.walk(self.at("copy")):
            for name in names:
                with open(os.path.join(top, name), "rb") as f:
                    self.assertNotIn(key, f.read(), name)
        self.assertFalse(os.path.exists(post.path("state/backup.db")))
        self.greenlane("backup", self.at("copy"), "--config", "post.yaml", status=3)   # never over another one
        self.greenlane("backup", self.at("lean"), "--without-evidence", "--config", "post.yaml")
        self.assertNotIn("evidence", os.listdir(self.at("lean")))
        self.assertEqual(post.verify().returncode, 0)

    def test_2_another_box(self):
        post = self.post
        told = self.greenlane("explain", self.before, "--json", "--config", "post.yaml")
        self.passes("BA31CKA", "BA32CKA")    # after the backup: this box goes on numbering
        last = post.streams()
        post.kill("greenlaned")
        os.mkdir(self.at("state"))
        os.mkdir(self.at("state/evidence"))
        out = self.greenlane("restore", self.at("copy"), "--to", self.at("state"))
        for word in ("The journal is whole", "random.key", "Every lane is manual"):
            self.assertIn(word, out)
        self.assertEqual(sorted(os.listdir(self.at("state"))), ["evidence", "journal.db"])

        with open(post.path("post.yaml"), encoding="utf-8") as f:
            config = f.read().replace("state: state", "state: " + self.at("state")).replace("run: run", "run: " + self.at("run"))
        self.other = post.path("other.yaml")
        with open(self.other, "w", encoding="utf-8") as f:
            f.write(config)
        log = open(self.at("log"), "w", encoding="utf-8")
        gateway = subprocess.Popen([os.path.join(post.bin, "greenlaned"), "--config", self.other], cwd=post.work, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
        log.close()
        try:
            self.taken_over(told, last)
        finally:
            gateway.terminate()
            self.assertEqual(gateway.wait(20), 0)

    def taken_over(self, told, last):
        def answers():
            done = subprocess.run([os.path.join(self.post.bin, "greenlane"), "passages", "--config", self.other], cwd=self.post.work, capture_output=True)
            return done.returncode == 0
        until("the other box", answers, 40)
        verified = json.loads(self.greenlane("journal", "verify", "--json", "--config", self.other))
        self.assertEqual(verified["broken_at"], 0)
        self.assertEqual(verified["skipped"] % SKIP, 0)
        self.assertGreater(verified["skipped"], 0)
        self.assertEqual(self.greenlane("explain", self.before, "--json", "--config", self.other), told)
        for lane in ("in-1", "in-2"):
            self.assertRegex(self.greenlane("status", "--config", self.other, status=1), lane + r" +manual")
        refused = self.greenlane("restore", self.at("copy"), "--to", self.at("state"), status=3)
        self.assertIn("there is a state already", refused)
        refused = self.greenlane("restore", self.at("copy"), "--to", self.at("state"), "--replace", status=3)
        self.assertIn("a gateway is running", refused)
        with tempfile.TemporaryDirectory(prefix="gl-backup-look-") as folder:
            for name in ("journal.db", "journal.db-wal"):
                shutil.copy(self.at("state/" + name), folder)
            with rig.contextlib.closing(rig.sqlite3.connect(folder + "/journal.db")) as db:
                streams = dict(db.execute("SELECT name, last_seq FROM stream WHERE name<>'local'"))
                alarms = [json.loads(p)["data"] for (p,) in db.execute("SELECT payload FROM record WHERE type='greenlane.alarm' AND seq>?", (SKIP,))]
        for stream, number in last.items():
            if stream in streams:
                self.assertGreater(streams[stream], number, "a number that the first box has given out")
        self.assertEqual({a["kind"] for a in alarms}, {"restored"})
        self.assertEqual(len(alarms), len(streams))

    def test_3_replaced(self):
        out = self.greenlane("restore", self.at("copy"), "--to", self.at("state"), "--replace")
        aside = [n for n in os.listdir(self.at("state")) if n.startswith("replaced-")]
        self.assertEqual(len(aside), 1, out)
        self.assertIn("journal.db", os.listdir(self.at("state/" + aside[0])))

    def test_4_damaged(self):
        """One byte, a whole record, another manifest: nothing is put in place."""
        def damage_byte(copy):
            with open(copy + "/journal.db", "r+b") as f:
                f.seek(9000)
                byte = f.read(1)
                f.seek(9000)
                f.write(bytes([byte[0] ^ 1]))

        def change_record(copy):
            with rig.contextlib.closing(rig.sqlite3.connect(copy + "/journal.db")) as db, db:
                db.execute("UPDATE record SET payload=payload||' ' WHERE n=3")
            edit(copy, lambda m: m["journal"].update(sha256=rig_hash(copy + "/journal.db")))

        def edit(copy, how):
            with open(copy + "/manifest.json", encoding="utf-8") as f:
                manifest = json.load(f)
            how(manifest)
            with open(copy + "/manifest.json", "w", encoding="utf-8") as f:
                json.dump(manifest, f)

        def rig_hash(path):
            return subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]

        cases = [(damage_byte, "SHA-256"), (change_record, "broken at record 3"),
                 (lambda c: edit(c, lambda m: m["journal"].update(head="0" * 64)), "not the one that its manifest speaks of")]
        for i, (how, word) in enumerate(cases):
            copy, state = self.at("bad%d" % i), self.at("state%d" % i)
            shutil.copytree(self.at("copy"), copy)
            os.mkdir(state)
            how(copy)
            self.assertIn(word, self.greenlane("restore", copy, "--to", state, status=1))
            self.assertEqual(os.listdir(state), [])
        self.greenlane("restore", self.at("none"), "--to", self.at("state0"), status=3)
        self.greenlane("restore", self.at("copy"), status=2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
