"""What must go goes, what must stay stays, and both can be proved: a gateway whose retention is a few seconds long.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_retention.py
"""
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
WITHIN = 60.0  # seconds that anything may take before the test gives up
HELLO, READING = 1, 2

CONFIG = """
post: {id: north, timezone: UTC}
paths: {state: STATE, run: RUN}
feed: {source: import, collections: [movements]}
clock: {require-sync: false}
retention: {passages: 10s, records-without-passage: 10s, hard: HARD, used: 30d}
profiles:
  truck:
    mode: open
    decide_within: 2s
    abandon_after: 20s
    classes: {truck: declared}
    require: [plate]
    release: {hold: 10s, ends: time}
lanes:
  in-1:
    profile: truck
    direction: in
    devices:
      front: {use: anpr/isapi, at: 127.0.0.1:1}
      entry-loop: {use: gpio, line: "sim:CHIP/0"}
"""


def until(what, fn):
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        value = fn()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"not within {WITHIN:.0f} s: {what}")


def text(s):
    return struct.pack(">H", len(s)) + s.encode()


def datagram(kind, body):
    return struct.pack(">HHI", kind, 0, len(body)) + body


def at_loop(occupied):
    now = int(time.time() * 1000)
    body = struct.pack(">B", 7) + text("") + struct.pack(">qq", now, 0) + text("in-1") + text("in-1.entry-loop") + text("") + struct.pack(">q", now)
    body += struct.pack(">BB", 1, 2 if occupied else 1) + struct.pack(">d", float("nan")) + struct.pack(">HHB", 0, 0, 0) + text("")
    return datagram(READING, body)


class Retention(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gl-keep."))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.state = self.dir / "state"

    def start(self, hard="60s", broker=""):
        config = CONFIG.replace("STATE", str(self.state)).replace("RUN", str(self.dir / "run")).replace("HARD", hard)
        self.config = self.dir / "post.yaml"
        self.config.write_text(config.replace("CHIP", str(self.dir / "chip")) + broker)
        log = open(self.dir / "log", "a")
        self.gateway = subprocess.Popen([BUILD / "bin/greenlaned", "--config", self.config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        self.addCleanup(self.end, self.gateway)
        until("a gateway", lambda: self.ask("passages")[0] == 0)

    @staticmethod
    def end(p):
        if p.poll() is None:
            p.kill()
            p.wait()

    def stop(self):
        self.gateway.send_signal(signal.SIGTERM)
        self.assertEqual(self.gateway.wait(WITHIN), 0, (self.dir / "log").read_text())

    def ask(self, *arguments):
        done = subprocess.run([BUILD / "bin/greenlane", *arguments, "--config", self.config], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def lines(self, *arguments):
        status, out, _ = self.ask(*arguments, "--json")
        return status, [json.loads(line) for line in out.splitlines()]

    def loop(self, occupied):
        """The lane's loop speaks, as a process of its own: one that has been silent was disconnected meanwhile."""
        device = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(device.close)
        device.connect(str(self.dir / "run/device.sock"))
        hello = struct.pack(">q", 1) + text("in-1.gpio") + text("greenlane-device") + struct.pack(">q", os.getpid())
        device.send(datagram(HELLO, hello))
        device.send(at_loop(occupied))

    def vehicle(self):
        """Somebody stands on the entry loop; the passage's id."""
        self.loop(True)
        return until("a passage", lambda: self.lines("passages")[1])[0]["passage"]

    @contextlib.contextmanager
    def journal(self):
        with contextlib.closing(sqlite3.connect(self.state / "journal.db")) as db, db:
            yield db

    # ---- ----

    def test_a_passage_and_its_time(self):
        old, odd = self.state / "evidence/2020-01-01T00", self.state / "evidence/notes"
        old.mkdir(parents=True)
        for i in range(120):
            (old / (hashlib.sha256(b"%d" % i).hexdigest() + ".jpg")).write_bytes(b"%d" % i)
        odd.mkdir()
        self.start()
        passage = self.vehicle()
        self.assertEqual(self.ask("explain", passage)[0], 0)

        # Beyond its time, but the vehicle has not left: it stays, and the proof says why.
        status, lines = until("a due record", lambda: (r := self.lines("purge", "--verify"))[1][0].get("why") == "passage open" and r)
        self.assertEqual(status, 1)
        self.assertGreaterEqual(lines[-1]["remaining"], 1)
        self.assertEqual(self.ask("explain", passage)[0], 0)

        # It leaves; it is given up and closed; its time passes; it goes. What no gateway has made is told of, and not touched.
        self.loop(False)
        until("nobody to know it", lambda: not self.lines("passages")[1] and self.ask("explain", passage)[0] == 1)
        last = until("nothing left of it", lambda: (r := self.lines("purge", "--verify")[1][-1])["remaining"] == r["passages"] == 0 and r)
        self.assertEqual((last["broken_at"], last["evidence_due"], last["evidence_strange"]), (0, 0, 1))
        self.assertFalse(old.exists())
        odd.rmdir()
        self.assertEqual(self.ask("purge", "--verify")[0], 0)
        status, (verified,) = self.lines("journal", "verify")
        self.assertEqual((status, verified["broken_at"]), (0, 0))
        self.assertGreater(verified["purged"], 3)
        self.stop()
        self.assertNotIn(passage.encode(), (self.state / "journal.db").read_bytes())

        # Each purge is in the journal itself, before anything was gone, and names what went.
        with self.journal() as db:
            purges = [json.loads(p)["data"] for (p,) in db.execute("SELECT payload FROM record WHERE type='greenlane.purge' ORDER BY n")]
            gone = [n for (n,) in db.execute("SELECT n FROM gone")]
        self.assertIn("2020-01-01T00", [f for p in purges for f in p["evidence"]])
        self.assertGreaterEqual(sum(p["passages"] for p in purges), 1)
        for n in gone:
            self.assertTrue(any(p["from"] <= n <= p["to"] for p in purges), n)

    def test_gone_without_a_word(self):
        """Somebody takes a record's content away, and puts the right hash in its place: the chain fits, but nobody had said so."""
        self.start()
        self.vehicle()
        self.stop()
        with self.journal() as db:
            n, salt, kind, topic, ident, passage, at, payload, internal = db.execute(
                "SELECT n, salt, type, topic, id, passage, time, payload, internal FROM record WHERE passage<>'' ORDER BY n LIMIT 1").fetchone()
            said = salt + b"".join(s.encode() + b"\0" for s in (kind, topic, ident, passage)) + struct.pack(">q", at)
            content = hashlib.sha256(said + payload.encode() + b"\0" + (internal or "").encode()).digest()
            db.execute("INSERT INTO gone SELECT n, stream, seq, written, purge_after, ?, hash FROM record WHERE n=?", (content, n))
            db.execute("DELETE FROM record WHERE n=?", (n,))
        self.start()
        status, out, _ = self.ask("journal", "verify")
        self.assertEqual(status, 1)
        self.assertIn(f"record {n}: what it said is gone, and no purge has said", out)
        status, lines = self.lines("purge", "--verify")
        self.assertEqual((status, lines[-1]["broken_at"], lines[-1]["unsaid"]), (1, n, True))

    def test_a_destination_that_never_takes_anything(self):
        self.start(hard="30s", broker="mqtt: {url: 'mqtt://127.0.0.1:1'}\n")
        self.vehicle()
        self.loop(False)
        until("a held message", lambda: any(r.get("why") == "unacknowledged" for r in self.lines("purge", "--verify")[1]))
        self.assertEqual(self.ask("purge", "--now")[0], 0)   # it is not forced by asking for it
        self.assertEqual(self.lines("journal", "verify")[1][0]["broken_at"], 0)
        until("what was held to go all the same", lambda: self.forced())
        self.assertEqual(self.lines("journal", "verify")[1][0]["broken_at"], 0)

    def forced(self):
        """From a copy: greenlaned lets nobody else open its files."""
        with tempfile.TemporaryDirectory(prefix="gl-keep-copy.") as folder:
            for name in ("journal.db", "journal.db-wal"):
                shutil.copy(self.state / name, folder)
            with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(folder + "/journal.db")) as db:
                return bool(db.execute("SELECT 1 FROM standing WHERE kind='retention_forced'").fetchone())

    def test_a_clock_that_has_run_ahead(self):
        """The newest record is two months old: nothing goes before somebody has looked at the clock."""
        self.start()
        self.stop()
        with self.journal() as db:
            db.execute("INSERT OR IGNORE INTO stream(id, name, last_seq) VALUES(77, 'post', 1)")
            month = 30 * 86400000
            written = int(time.time() * 1000) - 2 * month
            n = db.execute("SELECT coalesce(max(n), 0) + 1 FROM record").fetchone()[0]
            db.execute("INSERT INTO record(n, stream, seq, written, purge_after, type, topic, id, passage, time, payload, salt, hash)"
                       " VALUES(?, 77, 1, ?, ?, 't', '', 'i', '', ?, '{}', zeroblob(16), zeroblob(32))", (n, written, written + 10000, written))
        self.start()
        until("the alarm", lambda: "off by more than the time" in (self.dir / "log").read_text())
        time.sleep(3)   # several looks long
        self.assertEqual(self.lines("purge", "--verify")[1][0]["n"], n)
        status, lines = self.lines("purge", "--now")
        self.assertEqual((status, lines[-1]["records"]), (0, 1))

    def test_what_was_lodged(self):
        """What has ended and is old goes from the cache, too; what is alive stays, however old; what has ended of late stays, so that nothing brings it back."""
        month, now = 30 * 86400000, int(time.time() * 1000)

        def movement(number, state, **more):
            return {"collection": "movements", "body": {"ref": {"type": "gmr", "value": f"GMRA{number:08d}"}, "version": 1, "kind": "empty", "state": state,
                                                        "channel": "release", "means": [{"role": "vehicle", "plate": f"RET{number:04d}"}], **more}}
        lodged = [movement(1, "exited"), movement(2, "ready", valid_to=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now / 1000 - 60 * 86400))),
                  movement(3, "ready"), movement(4, "exited")]
        (self.dir / "lodged.jsonl").write_text("".join(json.dumps(m) + "\n" for m in lodged))
        self.start()
        status, out, err = self.ask("import", str(self.dir / "lodged.jsonl"))
        self.assertEqual(status, 0, out + err)
        self.stop()

        def kept():
            with contextlib.closing(sqlite3.connect(self.state / "cache/movements.db")) as db:
                return [v[-1] for (v,) in db.execute("SELECT ref_value FROM record ORDER BY 1")]
        self.assertEqual(kept(), ["1", "2", "3", "4"])
        with contextlib.closing(sqlite3.connect(self.state / "cache/movements.db")) as db, db:
            db.execute("UPDATE record SET written_at=? WHERE ref_value<'GMRA00000004'", (now - 2 * month,))
        self.start()
        self.assertEqual(self.ask("purge", "--now")[0], 0)
        status, lines = self.lines("purge", "--verify")
        self.assertEqual((lines[-1]["lodged"], lines[-1]["broken_at"]), (0, 0))
        self.stop()
        self.assertEqual(kept(), ["3", "4"])
        for name in ("movements.db", "movements.db-wal"):
            path = self.state / "cache" / name
            self.assertNotIn(b"RET0001", path.read_bytes() if path.exists() else b"", name)
        with self.journal() as db:
            purges = [json.loads(p)["data"] for (p,) in db.execute("SELECT payload FROM record WHERE type='greenlane.purge' ORDER BY n")]
        self.assertEqual([(p["collection"], p["lodged"]) for p in purges if p["lodged"]], [("movements", 2)])

    def test_usage(self):
        self.start()
        for arguments in (["purge"], ["purge", "--now", "--verify"], ["purge", "now"]):
            self.assertEqual(self.ask(*arguments)[0], 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
