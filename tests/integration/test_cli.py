"""`greenlane` against a running gateway without devices: import, the questions, run and its end.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_cli.py
"""

import contextlib
import json
import os
import pathlib
import pty
import pwd
import select
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
GREENLANE = BUILD / "bin/greenlane"
WITHIN = 20.0  # seconds that anything may take before the test gives up

CONFIG = """
post: {id: north, timezone: UTC}
paths: {state: STATE, run: RUN}
feed: {source: import, collections: [movements, declarations]}
clock: {require-sync: false}
profiles:
  truck:
    mode: open
    classes: {truck: declared}
    require: [plate, declaration]
    release: {hold: 10s, ends: time}
lanes:
  in-1:
    profile: truck
    direction: in
    devices:
      front: {use: anpr/isapi, at: 127.0.0.1:1}
"""


def movement(number, **more):
    body = {"ref": {"type": "gmr", "value": f"GMRA{number:08d}"}, "version": 1, "kind": "empty", "state": "ready", "channel": "release",
            "means": [{"role": "vehicle", "plate": f"X{number:06d}"}]}
    return {"collection": "movements", "body": {**body, **more}}


def until(what, fn):
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        value = fn()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {WITHIN:.0f} s: {what}")


class CliTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gl-cli."))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.config = self.dir / "post.yaml"
        self.config.write_text(CONFIG.replace("STATE", str(self.dir / "state")).replace("RUN", str(self.dir / "run")))
        self.env = {**os.environ, "GREENLANE_CONFIG": str(self.config)}
        self.env.pop("JOURNAL_STREAM", None)

    def greenlane(self, *arguments, status=0, text=None):
        done = subprocess.run([GREENLANE, *arguments], input=text, capture_output=True, text=True, timeout=60, env=self.env)
        self.assertEqual(done.returncode, status, (arguments, done.stdout, done.stderr))
        return done

    def start(self, *arguments):
        """`greenlane run`; returns once its gateway answers."""
        self.log = open(self.dir / "log", "w+")
        p = subprocess.Popen([GREENLANE, "run", *arguments], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.env)

        def end():
            if p.poll() is None:
                p.kill()
                p.wait()
            self.log.close()

        self.addCleanup(end)
        until("a gateway", lambda: (self.dir / "run/control.sock").exists() or p.poll() is not None)
        self.assertIsNone(p.poll(), self.logged())
        return p

    def logged(self):
        return (self.dir / "log").read_text()

    def write(self, name, *records):
        path = self.dir / name
        path.write_text("".join((r if isinstance(r, str) else json.dumps(r)) + "\n" for r in records))
        return path

    @staticmethod
    def children(pid):
        return [int(c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    # ---- without a gateway ----

    def test_nobody_answers(self):
        for question in (["status"], ["passages"], ["explain", "abcdef"], ["watch"], ["journal", "verify"], ["import", str(self.write("m.jsonl", movement(1)))]):
            self.assertIn("greenlane run", self.greenlane(*question, status=3).stderr)

    def test_check(self):
        self.assertIn("north", self.greenlane("check", str(self.config)).stdout)
        self.assertIn("in-1.front               failed", self.greenlane("check", "--probe", status=1).stdout)
        self.config.write_text(self.config.read_text().replace("direction: in", "direction: up"))
        line = 1 + self.config.read_text().splitlines().index("    direction: up")
        self.assertIn(f"post.yaml:{line}:16: ", self.greenlane("check", str(self.config), status=1).stderr)
        self.assertIn(f"post.yaml:{line}:16: ", self.greenlane("run", status=1).stderr)
        self.assertFalse((self.dir / "run").exists(), "nothing was started")

    def test_help_of_every_command(self):
        listed = [line.split()[0] for line in self.greenlane("--help").stdout.splitlines() if line.startswith("  ") and not line.startswith("  greenlane")]
        self.assertIn("simulate", listed)
        for command in listed:
            text = self.greenlane(command, "--help").stdout
            self.assertTrue(text.startswith(f"Usage: greenlane {command}"), command)
            self.assertIn("Exit status: 0", text)
        text = self.greenlane("simulate", "--help").stdout
        for collection in ("movements", "declarations", "tags", "lookouts", "traders"):
            self.assertIn(collection, text)
        self.greenlane(status=2)
        self.assertIn("did you mean 'passages'", self.greenlane("pasages", status=2).stderr)

    def test_dry_run(self):
        good = self.write("good.jsonl", movement(1), movement(2))
        done = self.greenlane("import", "--dry-run", str(good))
        self.assertEqual([json.loads(line)["body"]["ref"]["value"] for line in done.stdout.splitlines()], ["GMRA00000001", "GMRA00000002"])
        self.assertIn("good.jsonl: 2 records read, 0 refused", done.stderr)
        bad = self.write("bad.jsonl", movement(1), '{"collection": "movements"}', "{]", movement(2))
        done = self.greenlane("import", "--dry-run", str(bad), status=1)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        self.assertIn("bad.jsonl: line 2: body", done.stderr)
        self.assertIn("bad.jsonl: line 3: ", done.stderr)
        self.assertIn("2 records read, 2 refused", done.stderr)

    def test_files_that_are_none(self):
        good = self.write("good.jsonl", movement(1))
        for file, word in ((self.dir / "none", "No such file"), (self.dir, "folder"), (self.write("junk", "\x01\x02"), "neither"), ("/dev/zero", "256 MiB")):
            done = self.greenlane("import", "--dry-run", str(file), str(good), status=3)
            self.assertIn(word, done.stderr)
            self.assertEqual(len(done.stdout.splitlines()), 1, "the others are read all the same")

    def test_the_reader_is_locked_in(self):
        """It hangs on a pipe that nobody has written to yet: time to look at what it may do."""
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        p = subprocess.Popen([GREENLANE, "import", "--dry-run", fifo], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with open(fifo, "w") as f:
            (child,) = until("the reader", lambda: self.children(p.pid))
            limits = until("its limits", lambda: (t := pathlib.Path(f"/proc/{child}/limits").read_text()) and "Max open files            5 " in t and t)
            self.assertRegex(limits, r"Max file size +0 +0 ")
            said = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{child}/status").read_text().splitlines())
            self.assertEqual(said["NoNewPrivs"], "1")
            if b"__asan_init" not in GREENLANE.read_bytes():
                until("its filter", lambda: "Seccomp:\t2" in pathlib.Path(f"/proc/{child}/status").read_text())
            f.write(json.dumps(movement(1)) + "\n")
        out, err = p.communicate(timeout=WITHIN)
        self.assertEqual((p.returncode, len(out.splitlines())), (0, 1), err)

    # ---- with one ----

    def test_import_and_questions(self):
        self.start()
        many = self.write("many.jsonl", *(movement(i) for i in range(200)))
        self.assertIn("200 records loaded, 0 refused", self.greenlane("import", str(many)).stdout)
        self.assertIn("0 records loaded, 1 older than what is known, 0 refused",
                      self.greenlane("import", str(self.write("y", movement(1, version=0)))).stdout)
        self.assertIn("1 records loaded, 1 refused", self.greenlane("import", str(self.write("x", movement(1), "{}")), status=1).stdout)
        declaration = {"collection": "declarations", "body": {"ref": {"type": "mrn", "value": "26EE1234567890ABJ3"}, "version": 1, "state": "released"}}
        self.greenlane("import", str(self.write("d.jsonl", declaration)))
        self.assertIn("No vehicle has passed yet", self.greenlane("passages").stdout)
        self.assertIn("no passage", self.greenlane("explain", "00000000", status=1).stderr)
        self.assertIn("--last", self.greenlane("passages", "--last", "0", status=2).stderr)
        self.assertIn("in-7", self.greenlane("passages", "--lane", "in-7", status=2).stderr)
        self.assertIn("whole", self.greenlane("journal", "verify").stdout)
        until("the feed", lambda: "movements     live" in self.greenlane("status", status=1).stdout)
        text = self.greenlane("status", status=1).stdout
        self.assertIn("!  in-1.front  offline", text)
        states = [json.loads(line)["topic"] for line in self.greenlane("status", "--json", status=1).stdout.splitlines()]
        self.assertIn("state/gateway", states)

    def test_status_shows_a_contingency(self):
        """Who, since when, until when and why: whoever looks at the post must not have to know a topic for it."""
        p = self.start()
        self.assertNotIn("Contingency", self.greenlane("status", status=1).stdout)
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(timeout=WITHIN), 0, self.logged())
        with contextlib.closing(sqlite3.connect(self.dir / "state/journal.db")) as db, db:
            db.execute("REPLACE INTO contingency(one, active, reference, since, until, by, reason, alarm) VALUES(1, 2, 'ORDER-7', ?, ?, 'director-1', "
                       "'line\u202e cut', '')", (1795000000000, 4102444800000))
        self.start()
        text = self.greenlane("status", status=1).stdout
        self.assertIn("\nContingency\n! ORDER-7 by director-1, since 2026-11-18 11:06:40, until 2100-01-01 00:00:00: line? cut\n", text)

    def test_a_recorded_feed(self):
        """Believed when somebody says so, by name and with a reason; else a file as any other."""
        gateway = self.start()
        numbered = self.write("recorded.jsonl", dict(movement(1), epoch="e9", seq=1, op="upsert", as_of="2026-11-23T11:00:00Z"))
        done = self.greenlane("import", str(numbered))
        self.assertIn("1 records loaded", done.stdout)
        self.assertIn("1 epochs and numbers ignored", done.stdout)
        self.assertNotIn("e9", self.greenlane("feed", "--json", status=1).stdout)
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30))  # a new numbering begins after what was heard last
        numbered = self.write("recorded.jsonl", dict(movement(1), epoch="e9", seq=1, op="upsert", as_of=later))
        self.assertIn("1 records loaded", self.greenlane("import", "--as-feed", "the disk was lost", str(numbered)).stdout)
        self.assertIn("e9", self.greenlane("feed", "--json", status=1).stdout)
        gateway.terminate()
        gateway.wait(WITHIN)
        db = sqlite3.connect(next(self.dir.glob("state/**/journal.db")))
        self.addCleanup(db.close)
        said = [json.loads(row[0])["data"] for row in db.execute("SELECT payload FROM record WHERE type='greenlane.feed.restored'")]
        self.assertEqual(said, [{"who": pwd.getpwuid(os.getuid()).pw_name, "reason": "the disk was lost"}])

    def test_watch_on_a_terminal(self):
        self.start()
        pid, fd = pty.fork()
        if pid == 0:
            os.execve(GREENLANE, ["greenlane", "watch"], self.env)
        seen = b""

        def read():
            nonlocal seen
            if select.select([fd], [], [], 0.1)[0]:
                try:
                    seen += os.read(fd, 65536)
                except OSError:
                    return True
            return b"in-1.front is offline" in seen

        until("the picture", read)
        self.assertTrue(seen.startswith(b"\x1b[?1049h"))
        os.write(fd, b"q")
        until("its end", lambda: read() and b"\x1b[?1049l" in seen)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        os.close(fd)

    def test_run_stops_cleanly(self):
        p = self.start()
        until("gateway, loader, camera: no broker, no link", lambda: len(self.children(p.pid)) == 3)
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(timeout=WITHIN), 0, self.logged())
        self.assertIn("stopped", self.logged())
        self.assertFalse((self.dir / "run/control.sock").exists())

    def test_what_ends_is_started_again(self):
        p = self.start()
        first = self.children(p.pid)[0]
        os.kill(first, signal.SIGKILL)
        until("another", lambda: len(self.children(p.pid)) == 3 and first not in self.children(p.pid))
        self.assertIn("greenlaned was ended by signal 9", self.logged())
        until("an answer", lambda: subprocess.run([GREENLANE, "status"], env=self.env, capture_output=True).returncode == 1)

    def test_nothing_outlives_it(self):
        p = self.start()
        children = until("all children", lambda: len(self.children(p.pid)) == 3 and self.children(p.pid))
        p.kill()
        p.wait()

        def gone(pid):
            try:
                return pathlib.Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z"
            except FileNotFoundError:
                return True

        until("their end", lambda: all(map(gone, children)))


if __name__ == "__main__":
    unittest.main()
