"""A box burns. Promises: a backup is made while vehicles pass, and is whole; what was decided before stays provable on another box; that box gives out no
number twice, says which ones it does not know, and lets an officer decide each vehicle, for nobody knows which movements were used since. What was lodged
before is not released until the authority has said, of this very restore, that it is known."""
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import rig
from rig import Vehicle, fresh, lodge, now_text, rules, settle, until

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


class Restored(rig.Case):
    """The same post, on another box: its state is what the backup had."""
    def greenlane(self, *args, status=0):
        done = subprocess.run([os.path.join(self.post.bin, "greenlane"), *args], cwd=self.post.work, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def inspected(self, plate, trailer):
        v = Vehicle(self.post, "in-1", plate, trailer).arrive()
        d = v.decided()
        self.assertEqual(d["outcome"], "inspect", d)
        self.assertIn("USE_UNKNOWN", rules(d))
        return v

    def test_1_what_was_used_since_the_backup(self):
        post, cls = self.post, type(self)
        cls.ref = fresh(post)
        lodge(post, fresh(post), "RE01STO", "RE02STO")
        v = Vehicle(post, "in-1", "RE01STO", "RE02STO").arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.leave()
        self.greenlane("backup", post.path("copy"), "--config", "post.yaml")
        lodge(post, cls.ref, "RE11STO", "RE12STO")
        v = Vehicle(post, "in-1", "RE11STO", "RE12STO").arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.lit("release")
        v.leave()
        self.assertIs(post.state("uses")["active"], False)
        self.assertNotIn("Restored", self.greenlane("status", "--config", "post.yaml"))

        self.assertEqual(post.programs["gateway"].stop(), 0)
        out = self.greenlane("restore", post.path("copy"), "--to", post.path("state"), "--replace")
        post.gateway_start()
        cls.state = until("the restore to be known", lambda: (post.state("uses") or {}).get("active") and post.state("uses"))
        self.assertIn(cls.state["alarm"], out)
        until("the same restore in its alarm", lambda: {e["data"]["alarm"] for t, e in post.look() if t == "lane/in-1/alarm" and e["data"]["kind"] == "restored"}
              == {cls.state["alarm"]})
        self.assertRegex(self.greenlane("status", "--config", "post.yaml", status=1), r"\nRestored\n! .*uses-known, alarm " + cls.state["alarm"])
        post.new_epoch()
        settle(post)
        for lane in rig.LINES:
            post.trust(lane)
        lodge(post, cls.ref, "RE11STO", "RE12STO", lodged_at=now_text(-3600))
        v = self.inspected("RE11STO", "RE12STO")   # this box knows nothing of its release
        refused = post.ask("desk-1", "override", lane="in-1", passage=v.decision["passage"], decision=self.decision_id(v),
                           outcome="release", reason="looks good")
        self.assertIn("USE_UNKNOWN may be lifted by the authority only", refused["error"])
        v.led_away()

    def decision_id(self, v):
        return [e["id"] for t, e in self.post.look() if t == "lane/in-1/decision" and e["data"]["passage"] == v.decision["passage"]][-1]

    def test_2_what_was_lodged_since(self):
        """Only where the clock is known to be right; else everything counts as lodged before."""
        post, ref = self.post, fresh(self.post)
        until_then = post.state("uses")["until"]
        declaration = {"ref": {"type": "mrn", "value": "26EE1200HU000012R1"}, "type": "T1", "version": 1, "state": "released", "lodged_at": now_text()}
        post.feed("declarations", "upsert", declaration)
        post.feed("movements", "upsert", {
            "ref": {"type": "gmr", "value": ref}, "version": 1, "kind": "goods", "state": "ready", "channel": "release", "direction": "in", "lodged_at": now_text(),
            "means": [{"role": "vehicle", "plate": "RE21STO"}, {"role": "trailer", "plate": "RE22STO"}], "declarations": [declaration["ref"]]})
        settle(post)
        v = Vehicle(post, "in-1", "RE21STO", "RE22STO").arrive()
        self.assertEqual("USE_UNKNOWN" in rules(v.decided()), until_then is None, (until_then, v.decision))
        self.assertEqual(v.decision["outcome"], "inspect" if until_then is None else "release")
        if until_then is None:
            v.led_away()
        else:
            v.leave()

    def test_3_it_outlives_a_restart(self):
        post, boot = self.post, self.post.boot()
        post.kill("greenlaned")
        until("another boot", lambda: post.boot() not in (None, boot), 40)
        post.ready()
        until("the restore to be told again", lambda: post.state("uses")["alarm"] == self.state["alarm"] and post.state("uses")["active"])
        for lane in rig.LINES:
            post.trust(lane)
        self.inspected("RE11STO", "RE12STO").led_away()

    def test_4_the_authority_ends_it(self):
        post, ref = self.post, fresh(self.post)
        lodge(post, ref, "RE31STO", "RE32STO", lodged_at=now_text(-3600))
        v = self.inspected("RE31STO", "RE32STO")
        said = {"alarm": self.state["alarm"], "reason": "the movements of the lost hour are marked as arrived"}
        self.assertIn("may not send", post.ask("desk-1", "uses-known", **said)["error"])
        self.assertIn("not the one named", post.ask("hq", "uses-known", **dict(said, alarm=post.boot()))["error"])
        self.assertTrue(post.state("uses")["active"])
        self.assertEqual(post.ask("hq", "uses-known", **said)["error"], None)
        known = until("it to be known", lambda: not post.state("uses")["active"] and post.state("uses"))
        self.assertEqual((known["by"], known["reason"], known["alarm"]), ("officer-7", said["reason"], said["alarm"]))
        d = v.decided(2)
        self.assertEqual((d["outcome"], d["passage"]), ("release", v.decision["passage"]), d)   # the vehicle that stands there, at once
        v.lit("release")
        v.leave()
        self.assertIn("no restore", post.ask("hq", "uses-known", **said)["error"])
        self.assertNotIn("Restored", self.greenlane("status", "--config", "post.yaml"))
        self.assertEqual(post.verify().returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
