"""What the fault tests share: a whole post on loopback (tests/stories/post.py) in a folder of its own, its processes by name, its journal read
from outside, and the packed messages of its sockets, written here a second time so that a hostile peer can be played."""
import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "stories"))

import post as base  # noqa: E402
import stories  # noqa: E402
from post import LINES, now_text, wait  # noqa: E402,F401
from stories import Vehicle, fresh, lodge, rules, settle  # noqa: E402,F401

BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build", "release")))
DEVICES = [lane + "." + d for lane in LINES for d in ("front", "rear", "qr", "gpio")] + ["in-2.rpm", "in-2.tag"]
HELLO, READING, DEVICE_STATUS, LINK_STATE, FEED, COMMAND, QUERY = 1, 2, 3, 8, 9, 11, 13


def until(what, check, seconds=20):
    return wait(what, check, seconds)


class Post(base.Post):
    """A post whose processes can be found and hurt one by one, by their ids alone."""

    def gateway_start(self):
        boot = self.boot()
        self.start("gateway", "greenlane", "run", "--config", "post.yaml")
        until("a gateway anew", lambda: self.boot() not in (None, boot), 40)
        self.wait_online(60)

    def pids(self):
        """The gateway's processes now: "greenlaned", "greenlane-link", and each device by its id."""
        found = {}
        top = self.programs["gateway"].p.pid
        for entry in os.listdir("/proc"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                pid = int(entry)
                with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
                    state, parent = f.read().rsplit(")", 1)[1].split()[:2]
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    args = f.read().decode().split("\0")
                if int(parent) != top or state == "Z" or "run-child" in args:
                    continue
                found[args[args.index("--device") + 1] if "--device" in args else os.path.basename(args[0])] = pid
        return found

    def pid(self, name):
        return until("the process " + name, lambda: self.pids().get(name), 40)

    def kill(self, name, how=signal.SIGKILL):
        pid = self.pid(name)
        os.kill(pid, how)
        if how == signal.SIGKILL:
            until("the end of " + name, lambda: self.pids().get(name) != pid)
        return pid

    def log(self):
        with open(self.path("gateway.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def logged(self, text, since=0, seconds=15):
        """Until the gateway has logged `text` behind character `since`."""
        return until("the log line: " + text, lambda: text in self.log()[since:], seconds)

    def look(self):
        """As in the stories, but what these tests publish themselves need not be an event."""
        lines = self.programs["witness"].lines
        while self._at < len(lines):
            parts = lines[self._at].split(" ", 2)
            self._at += 1
            with contextlib.suppress(ValueError, IndexError, KeyError, TypeError, RecursionError):
                topic, event = parts[1].split("/", 3)[3], json.loads(parts[2])
                key = (topic, event["id"], type(event["data"]) is dict)
                self.raw.append((topic, event, parts[0] == "1"))
                if key not in self.seen:
                    self.seen.add(key)
                    self.events.append((topic, event))
        return self.events

    def state(self, topic):
        """What the witness was told last, repeats and all."""
        self.look()
        found = [e for t, e, _ in self.raw if t == "state/" + topic]
        return found[-1]["data"] if found else None

    def device(self, name):
        return self.state("device/" + name) or {}

    def counters(self, name):
        return {c["name"]: c["value"] for c in self.device(name).get("counters", [])}

    def signal(self, lane):
        return (self.state("lane/%s/signal" % lane) or {}).get("signal")

    def boot(self):
        """Of the gateway that is online; None while none is."""
        s = self.state("gateway")
        return s["boot"] if s and s["state"] == "online" else None

    def collection(self, name):
        return next(c for c in self.state("feed")["collections"] if c["collection"] == name)

    def chip_mark(self):
        return len(self.programs["chip"].lines)

    def was_green(self, lane, mark):
        """Whether the lane's green lamp or barrier was switched on behind `mark`."""
        on = {"OUT %d 1" % LINES[lane][k] for k in ("green", "barrier")}
        return any(" ".join(line.split()[:3]) in on for line in list(self.programs["chip"].lines)[mark:])

    def ready(self, seconds=60):
        """Everything well again: devices online, feed live, lanes empty."""
        self.wait_online(seconds)
        settle(self)

    def empty(self, lane):
        """Officers close whatever still stands in a lane."""
        def one_open():
            last = {}
            for topic, e in self.look():
                if topic == "lane/%s/passage" % lane:
                    last[e["data"]["passage"]] = e["data"]["state"]
            return [p for p, s in last.items() if s != "closed"]
        for passage in one_open():
            for client in ("desk-1", "rad-1"):   # whom the portal's alarm concerns, a radiation officer alone leads away
                if self.command(client, "close", lane=lane, passage=passage, exit="unknown")["ok"]:
                    break
        until("lane %s to be empty" % lane, lambda: not one_open())

    def trust(self, lane):
        """An officer has looked: who stands where is known again. A lane whose loops were away releases nobody before."""
        self.ask("hq", "lane-mode", lane=lane, mode="open")

    # ---- the journal, from outside ----
    def journal(self, sql, *args):
        """greenlaned lets nobody else open its files; a copy of them is what a power cut would leave."""
        def ask():
            with tempfile.TemporaryDirectory(prefix="gl-journal-") as folder:
                for name in ("journal.db", "journal.db-wal"):
                    with contextlib.suppress(FileNotFoundError):
                        shutil.copy(self.path("state/" + name), folder)
                with contextlib.closing(sqlite3.connect(os.path.join(folder, "journal.db"))) as db:
                    return [db.execute(sql, args).fetchall()]   # in a list: an empty answer is an answer
        for _ in range(5):
            with contextlib.suppress(sqlite3.DatabaseError):    # copied in the middle of a checkpoint
                return ask()[0]
        return ask()[0]

    def streams(self):
        return {name: last for name, last in self.journal("SELECT name, last_seq FROM stream") if name != "local"}

    def numbers(self, replayed=True):
        """The numbers that the witness has seen, per stream."""
        self.look()
        seen = {}
        for topic, e, _ in self.raw:
            if "sequence" in e and e.get("stream") and (replayed or not e.get("replayed")):
                seen.setdefault(e["stream"], set()).add(int(e["sequence"]))
        return seen

    def missing(self, replayed=True):
        """Per stream, the durable numbers that the witness has not seen; empty when nothing is lost."""
        seen = self.numbers(replayed)
        holes = {s: sorted(set(range(1, last + 1)) - seen.get(s, set())) for s, last in self.streams().items()}
        return {s: h for s, h in holes.items() if h}

    def verify(self):
        return subprocess.run([os.path.join(self.bin, "greenlane"), "journal", "verify", "--config", "post.yaml", "--json"], cwd=self.work,
                              capture_output=True, text=True, timeout=60)

    # ---- MQTT by hand ----
    def publish(self, topic, payload, retain=False, expiry=None, **properties):
        """One message as it is; mosquitto_pub, so that nothing of the post's own publisher is in the way."""
        args = ["mosquitto_pub", "-V", "mqttv5", "-h", "127.0.0.1", "-p", str(self.ports["broker"]), "-q", "1", "-t",
                "greenlane/v1/north/" + topic, "-n" if payload == b"" else "-s"] + (["-r"] if retain else [])
        for name, value in [("message-expiry-interval", expiry)] + list(properties.items()):
            if value is not None:
                args += ["-D", "publish", name.replace("_", "-"), str(value)]
        text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        subprocess.run(args, input=text, check=True, timeout=20, env=dict(os.environ, LD_PRELOAD=""))

    def replies(self, client, command):
        return [e["data"] for t, e in self.look() if t.startswith("reply/%s/" % client) and e["data"].get("command") == command]

    def ask(self, client, name, event=None, **data):
        """A command and its answer. With `event`, that very event."""
        if event is None:
            data.setdefault("officer", {"id": "officer-7", "role": "officer"})
            data.setdefault("expires_at", now_text(30))
            event = self.cloudevent("greenlane.command." + name, data, "client/" + client)
        before = len(self.replies_all())
        self.publish("command/%s/%s" % (client, name), event)
        return until("the answer to " + name, lambda: [d for d in self.replies_all()[before:] if d.get("command") == event["id"]])[-1]

    def replies_all(self):
        """Every answer, with repeats: the same command may be answered twice."""
        self.look()
        return [e["data"] for t, e, _ in self.raw if t.startswith("reply/") and "command" in e["data"]]


class Case(unittest.TestCase):
    """One post per class. Each test leaves it as it found it."""
    edit = staticmethod(lambda text: text)   # of the post's configuration, before the gateway starts
    pictures = False                         # with lane in-3, whose camera is only a video
    leaves_well = True                       # after each test devices are online and lanes empty

    @classmethod
    def setUpClass(cls):
        if not os.path.exists(os.path.join(BUILD, "bin", "greenlaned")):
            raise unittest.SkipTest("no gateway in %s: build it, or name its folder in BUILD" % BUILD)
        folder = tempfile.TemporaryDirectory(prefix="gl-fault-", ignore_cleanup_errors=True)
        cls.addClassCleanup(folder.cleanup)
        cls.post = post = Post(BUILD, os.path.join(folder.name, "post"), pictures=cls.pictures)
        with open(post.path("post.yaml"), encoding="utf-8") as f:
            text = cls.edit(f.read())
        post._file("post.yaml", text.encode())
        cls.prepare(post)
        cls.addClassCleanup(cls._down)
        post.up()
        settle(post)

    @classmethod
    def prepare(cls, post):
        pass

    @classmethod
    def _down(cls):
        status = cls.post.down()
        for program in cls.post.programs.values():
            program.p.stdout.close()
        log = cls.post.log() if os.path.exists(cls.post.path("gateway.log")) else ""
        found = [line for line in log.splitlines() if "ERROR: AddressSanitizer" in line or "runtime error:" in line or "(a bug)" in line]
        if found or status.get("gateway") not in (0, None):
            raise AssertionError("the gateway ended with status %s; %s" % (status.get("gateway"), found))

    def run(self, result=None):
        at = time.monotonic()
        super().run(result)
        print("    %.1f s" % (time.monotonic() - at), file=sys.stderr, flush=True)
        return result

    def tearDown(self):
        result = self._outcome.result
        if any(getattr(test, "test_case", test) is self for test, _ in result.failures + result.errors):
            print("--- the end of the gateway's log:\n" + "\n".join(self.post.log().splitlines()[-30:]), file=sys.stderr, flush=True)
        if self.leaves_well:
            self.post.ready()
            for lane in LINES:
                self.post.empty(lane)
                self.post.trust(lane)


# ---- the sockets' messages ----
def text(s):
    raw = s if isinstance(s, bytes) else s.encode()
    return struct.pack(">H", len(raw)) + raw


def datagram(kind, body):
    return struct.pack(">HHI", kind, 0, len(body)) + body


def hello(device="", version=1, program="greenlane-device"):
    return datagram(HELLO, struct.pack(">q", version) + text(device) + text(program) + struct.pack(">q", os.getpid()))


def presence(device, zone, occupied, lane="in-1"):
    """A reading of a loop. zone: 1 entry, 2 exit; occupied: 1 no, 2 yes."""
    now = int(time.time() * 1000)
    body = struct.pack(">B", 7) + text("") + struct.pack(">qq", now, 0) + text(lane) + text(device) + text("") + struct.pack(">q", now)
    body += struct.pack(">BB", zone, occupied) + struct.pack(">d", float("nan")) + struct.pack(">HHB", 0, 0, 0) + text("")
    return datagram(READING, body)


class Peer:
    """A process that may not be what it says."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.connect(path)   # blocking: the listener's queue is short
        self.s.settimeout(10)

    def say(self, *datagrams):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for d in datagrams:
                self.s.send(d)
        return self

    def ended(self, seconds=10):
        """True when the other side ends the connection in time."""
        end = time.monotonic() + seconds
        self.s.settimeout(0.2)
        while time.monotonic() < end:
            try:
                if self.s.recv(200000) == b"":
                    return True
            except socket.timeout:
                continue
            except (ConnectionResetError, BrokenPipeError):
                return True
        return False

    def close(self):
        self.s.close()


def main():
    unittest.main(verbosity=2)
