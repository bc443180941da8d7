"""Events for systems outside, on their topics and as files in a folder. Promises: each event of the journal becomes exactly one file, whenever
greenlaned dies; a folder that is full or gone is an alarm, holds up no lane, and is caught up with by itself."""
import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree as ET

import rig
from rig import Vehicle, fresh, settle, until

sys.path.append(os.path.join(rig.ROOT, "tests", "contract"))
import validate  # noqa: E402

MRN = "26EE1234567890ABJ3"
SHARE = """
share:
  customs:
    outgoing: out
    recintos: {site: "9801303"}
    cc007c: {office: EE1000EE, trader: EE12345678, location: {type: A, office: EE1000EE}}
"""
ENDINGS = {"recintos-access": "json", "ncts-cc007c": "xml"}


class Outgoing(rig.Case):
    """What all of these need."""

    @staticmethod
    def edit(text):
        return text + SHARE

    @classmethod
    def prepare(cls, post):
        os.mkdir(post.path("out"))
        os.mkdir(post.path("fetched"))

    def files(self, *folders):
        """The complete ones, in all the folders named."""
        return sorted(n for f in folders or ("out",) for n in os.listdir(self.post.path(f)) if not n.startswith("."))

    def expected(self):
        """The files that the journal's events are to become, by name, and their documents."""
        found = {}
        rows = self.post.journal("SELECT r.seq, r.payload FROM record r JOIN stream s ON s.id=r.stream WHERE s.name='share/customs'")
        for seq, payload in rows:
            e = json.loads(payload)
            d = e["data"]
            found["%012d-%s-%s.%s" % (seq, d["kind"], e["id"], ENDINGS[d["kind"]])] = d.get("text") or d["document"]
        return found

    def complete(self, seconds=60):
        """Until every event is one file, and every file an event with these very contents."""
        until("every file", lambda: self.files("out", "fetched") == sorted(self.expected()), seconds)
        for name, document in self.expected().items():
            folder = "out" if name in self.files() else "fetched"
            with open(self.post.path(folder + "/" + name), encoding="utf-8") as f:
                text = f.read()
            self.assertEqual(text if name.endswith("xml") else json.loads(text), document, name)
        return self.expected()

    def through(self, lane="in-1"):
        """Somebody drives through, unrecognised: in, and out again."""
        for zone in ("entry", "exit"):
            for occupied in (True, False):
                self.post.loop(lane, zone, occupied)
                time.sleep(0.25)   # loops are debounced

    def alarms(self, since):
        return [(e["data"]["action"], e["data"]["detail"]) for t, e in self.post.look()[since:]
                if t == "alarm" and e["data"]["kind"] == "outgoing"]


class Files(Outgoing):
    def lodge_transit(self, ref):
        post = self.post
        declaration = {"ref": {"type": "mrn", "value": MRN}, "type": "T1", "version": 1, "state": "released",
                       "offices": [{"role": "destination", "office": "EE1000EE"}]}
        post.feed("declarations", "upsert", declaration)
        post.feed("movements", "upsert", {
            "ref": {"type": "gmr", "value": ref}, "version": 1, "kind": "goods", "state": "ready", "channel": "release", "direction": "in",
            "means": [{"role": "vehicle", "plate": "OU11TGO"}, {"role": "trailer", "plate": "OU12TGO"}],
            "declarations": [declaration["ref"]]})
        settle(post)

    def test_1_topics_and_files(self):
        post, since = self.post, len(self.post.look())
        self.lodge_transit(fresh(post))
        v = Vehicle(post, "in-1", "OU11TGO", "OU12TGO").arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.lit("release")
        v.leave()

        def shared():
            return {t: e for t, e in post.look()[since:] if t.startswith("share/")}
        until("both events", lambda: len(shared()) == 2)
        self.assertEqual(set(shared()), {"share/customs/recintos/access", "share/customs/ncts/cc007c"})
        self.assertEqual(shared()["share/customs/recintos/access"]["data"]["document"]["placa"], "OU11TGO")
        files = self.complete()
        self.assertEqual([n.split("-", 1)[1].split("-0")[0] for n in sorted(files)], ["recintos-access", "ncts-cc007c"])
        xml = next(d for n, d in files.items() if n.endswith(".xml"))
        self.assertEqual(ET.fromstring(xml.encode()).findtext("TransitOperation/MRN"), MRN)
        told = subprocess.run([os.path.join(post.bin, "greenlane"), "explain", v.decision["passage"], "--config", "post.yaml"], cwd=post.work,
                              capture_output=True, text=True, timeout=60).stdout
        self.assertIn("told to customs: recintos-access", told)
        self.assertIn("told to customs: ncts-cc007c " + MRN, told)
        for name in files:
            self.assertEqual(os.stat(post.path("out/" + name)).st_mode & 0o777, 0o640)

    def test_2_what_was_fetched_stays_away(self):
        post, boot = self.post, self.post.boot()
        self.complete()
        time.sleep(1)   # the cursor is durable with the next commit
        for name in self.files():
            os.rename(post.path("out/" + name), post.path("fetched/" + name))
        post.kill("greenlaned")
        until("another boot", lambda: post.boot() not in (None, boot), 60)
        post.ready()
        before = set(self.expected())
        self.through()
        until("the new file", lambda: set(self.expected()) - before and self.files() == sorted(set(self.expected()) - before), 30)

    def test_3_replayed_to_who_asks(self):
        post = self.post
        post.look()
        raw = len(post.raw)
        answer = post.command("hq", "replay", stream="share/customs", to=2, **{"from": 1})
        self.assertTrue(answer["ok"], answer)
        until("two events", lambda: post.look() and len([t for t, _, _ in post.raw[raw:] if t == "reply/hq/replay/share/customs"]) >= 2)

    def test_5_killed_at_any_moment(self):
        """Between the record, the file, its name and the cursor: none is lost, none is there under two names."""
        post, draw = self.post, random.Random(7)
        for _ in range(4):
            boot = post.boot()
            self.through()
            time.sleep(draw.choice((0, 0.01, 0.03, 0.1, 0.3)))
            post.kill("greenlaned")
            until("another boot", lambda b=boot: post.boot() not in (None, b), 60)
            post.ready()
            post.empty("in-1")
            post.trust("in-1")
        self.through()
        self.assertGreaterEqual(len(self.complete()), 3)
        self.assertEqual([n for n in os.listdir(post.path("out")) if n.startswith(".")], [])
        self.assertEqual(post.verify().returncode, 0)

    def test_6_died_just_there(self):
        """Half a file, or a whole one whose cursor is not durable yet: the same file comes of it."""
        post = self.post
        self.complete()
        names = [n for n in self.files() if n not in os.listdir(post.path("fetched"))][-2:]
        self.assertEqual(len(names), 2)
        contents = {}
        for name in names:
            with open(post.path("out/" + name), "rb") as f:
                contents[name] = f.read()
        time.sleep(1)
        post.programs["gateway"].stop()
        os.unlink(post.path("out/" + names[0]))
        with open(post.path("out/.%s.part" % names[0]), "wb") as f:
            f.write(contents[names[0]][:20])
        with contextlib.closing(sqlite3.connect(post.path("state/journal.db"))) as db:
            rows = db.execute("UPDATE cursor SET sent=sent-2 WHERE destination='outgoing' AND sent>=2").rowcount
            db.commit()
        self.assertEqual(rows, 1)
        post.gateway_start()
        post.ready()
        self.complete()
        for name in names:
            with open(post.path("out/" + name), "rb") as f:
                self.assertEqual(f.read(), contents[name])
        self.assertEqual([n for n in os.listdir(post.path("out")) if n.startswith(".")], [])

    def test_9_nothing_lost_and_all_by_the_contract(self):
        post = self.post
        until("every number at the witness", lambda: not post.missing(replayed=False), 30)
        recording = validate.Recording(as_published=True, sent_only=True)
        for line in list(post.programs["witness"].lines):
            recording.line(line)
        self.assertEqual([v for v in recording.finish() if "share/" in v or "retained" in v], [])
        self.assertGreater(recording.count["greenlane/v1/{post}/share/customs/recintos/access"], 3)


class Gone(Outgoing):
    def test_folder_gone_and_back(self):
        post, since = self.post, len(self.post.look())
        os.rename(post.path("out"), post.path("elsewhere"))
        self.through()
        until("the alarm", lambda: [a for a, _ in self.alarms(since)] == ["raise"], 20)
        self.assertIn("No such file", self.alarms(since)[0][1])
        at = len(post.look())
        self.through()   # the lane goes on as before
        until("a passage that closes", lambda: any(t == "lane/in-1/passage" and e["data"]["state"] == "closed" for t, e in post.look()[at:]))
        time.sleep(3)
        self.assertEqual(len(self.alarms(since)), 1, "one alarm, however often it is tried")
        os.rename(post.path("elsewhere"), post.path("out"))
        self.assertEqual(len(self.complete()), 2)
        until("the end of the alarm", lambda: [a for a, _ in self.alarms(since)] == ["raise", "clear"], 20)


class Full(Outgoing):
    @classmethod
    def prepare(cls, post):
        super().prepare(post)
        out = post.path("out")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=65536", "greenlane-test", out], capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest("this test needs the right to mount a small tmpfs: " + done.stderr.strip())
        cls.addClassCleanup(lambda: subprocess.run(["umount", "-l", out], check=True))

    def test_full_and_free_again(self):
        post, since = self.post, len(self.post.look())
        ballast = post.path("out/.ballast")
        with open(ballast, "wb") as f:
            f.write(b"\0" * 65536)
        self.through()
        until("the alarm", lambda: [a for a, _ in self.alarms(since)] == ["raise"], 20)
        self.assertEqual(self.files(), [])
        boot = post.boot()
        post.kill("greenlaned")   # and once more, while it cannot write
        until("another boot", lambda: post.boot() not in (None, boot), 60)
        post.ready()
        until("the alarm anew", lambda: len([a for a, _ in self.alarms(since) if a == "raise"]) == 2, 20)
        os.unlink(ballast)
        self.assertEqual(len(self.complete()), 1)
        until("the end of the alarm", lambda: self.alarms(since)[-1][0] == "clear", 20)


if __name__ == "__main__":
    rig.main()
