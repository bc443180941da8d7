"""A gateway without devices, its broker, and a producer of movements that keeps the truth, numbers its changes and answers what it is asked for."""
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import paho.mqtt.client as mqtt

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "tools"))

from ports import free_port  # noqa: E402

BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build", "release")))
BASE = "greenlane/v1/north/"
FEED = "feed: {source: mqtt, collections: [movements], live: 4s, soft: 10s, hard: 30s, down: 10m, replay-wait: 1s, snapshot-silence: 5s}\n"


def now_text(ahead=0.0):
    t = time.time() + ahead
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + ".%03dZ" % (t % 1 * 1000)


def digest(body):
    """SHA-256 of the canonical form; these bodies hold nothing but ASCII texts and integers, so sorting is all there is to it."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).digest()


def base64(data):
    import base64 as b
    return b.b64encode(data).decode()


class Gateway:
    """Broker, greenlaned, loader and link, each a process of its own that can be killed and started again."""

    PROGRAMS = {"greenlaned": ["greenlaned"], "loader": ["greenlane-loader"], "link": ["greenlane-link"]}

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="greenlane-feed-")
        self.port = free_port()
        with open(os.path.join(ROOT, "config/examples/post.yaml"), encoding="utf-8") as f:
            text = f.read()
        text = re.sub(r"(?m)^mqtt:\n(?:  .*\n)*", 'mqtt: {url: "mqtt://127.0.0.1:%d", keepalive: 5s}\n' % self.port, text)
        text = re.sub(r"(?m)^paths:.*\n(?:  .*\n)*", "paths: {state: %s/state, run: %s/run}\n" % (self.folder, self.folder), text)
        text = re.sub(r"(?m)^feed:.*\n(?:  .*\n)*", FEED, text)
        text = re.sub(r"(?m)^(post:.*\n(?:  .*\n)*)", r"\1clock: {require-sync: false}\n", re.sub(r"(?m)^clock:.*\n(?:  .*\n)*", "", text))
        self.config = self.write("post.yaml", text)
        self.write("mosquitto.conf", "listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n" % self.port)
        self.running, self.logs = {}, {}
        self.start("broker")
        while not self.answers():
            time.sleep(0.05)
        for name in self.PROGRAMS:
            self.start(name)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def start(self, name):
        args = [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", "mosquitto.conf"]
        if name != "broker":
            args = [os.path.join(BUILD, "bin", self.PROGRAMS[name][0]), "--config", self.config]
        log = open(os.path.join(self.folder, name + ".log"), "ab")
        self.running[name] = subprocess.Popen(args, cwd=self.folder, stdout=log, stderr=log)
        log.close()

    def kill(self, name):
        p = self.running[name]
        p.send_signal(signal.SIGKILL)
        p.wait()

    def keep_running(self):
        """What systemd does: who ended by himself is started again."""
        for name, p in self.running.items():
            if p.poll() is not None:
                self.start(name)

    def ask(self, *args):
        p = subprocess.run([os.path.join(BUILD, "bin/greenlane"), "feed", "--config", self.config, *args], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, timeout=60, check=False)
        return [json.loads(line) for line in p.stdout.splitlines()]

    def movements(self):
        lines = self.ask("--json", "--rejects", "0")
        found = [c for line in lines for c in line.get("collections", []) if c["collection"] == "movements"]
        return found[0] if found else {"state": "nobody answers", "seq": 0, "epoch": None, "rejects": 0, "snapshot": None, "holes": 0}

    def quarantined(self):
        return [q["reason"] for q in self.ask("--json", "--rejects", "100") if "reason" in q]

    def dump(self):
        return {r["body"]["ref"]["value"]: (r["body"]["means"][0]["plate"], r["body"]["channel"])
                for r in self.ask("--dump", "movements") if r["body"]["state"] == "ready"}

    def stop(self):
        for p in self.running.values():
            p.terminate()
        for p in self.running.values():
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        text = ""
        for name in self.running:
            with open(os.path.join(self.folder, name + ".log"), encoding="utf-8", errors="replace") as f:
                text += f.read()
        shutil.rmtree(self.folder)
        return text


class Producer:
    """Numbers, heartbeats, answers. `truth` is what is: reference -> (plate, channel)."""

    def __init__(self, port, seed, answers=True):
        self.random, self.lock = random.Random(seed), threading.RLock()
        self.epoch, self.seq, self.version, self.snapshots = "p-" + uuid.uuid4().hex[:6], 0, 0, 0
        self.truth, self.log, self.answers, self.requests = {}, [], answers, []
        self.stopping = False
        self.c = mqtt.Client("producer-" + uuid.uuid4().hex[:6], protocol=mqtt.MQTTv5)
        self.c.max_inflight_messages_set(200)
        self.c.reconnect_delay_set(1, 1)
        self.c.on_connect = lambda c, *a: c.subscribe(BASE + "request/feed/+", qos=1)
        self.c.on_message = self.on_request
        self.c.connect("127.0.0.1", port)
        self.c.loop_start()
        self.beats = threading.Thread(target=self.beat, daemon=True)
        self.beats.start()

    def beat(self):
        while not self.stopping:
            with self.lock:
                self.send("heartbeat", self.seq)
            time.sleep(1)

    def send(self, op, seq, body=None, retain=False, **more):
        data = {"collection": "movements", "epoch": self.epoch, "seq": seq, "op": op, "as_of": now_text(), **more}
        if body is not None:
            data["body"] = body
        event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/producer", "type": "greenlane.feed.movements", "data": data}
        self.c.publish(BASE + "feed/movements", json.dumps(event), qos=1, retain=retain)

    def body(self, ref):
        plate, channel = self.truth[ref]
        return {"ref": {"type": "gmr", "value": ref}, "version": self.version, "kind": "goods", "state": "ready", "channel": channel,
                "means": [{"role": "vehicle", "plate": plate}]}

    def change(self, op=None, ref=None, lose=False):
        with self.lock:
            ref = ref or "GMRA%08d" % self.random.randrange(600)
            op = op or self.random.choice(["upsert"] * 4 + ["cancel", "control"])
            self.seq, self.version = self.seq + 1, self.version + 1
            if op == "upsert":
                self.truth[ref] = ("AB%04dX" % self.random.randrange(10000), self.random.choice(["release", "desk"]))
                body = self.body(ref)
            else:
                body = {"ref": {"type": "gmr", "value": ref}, "version": self.version}
            if op == "cancel":
                self.truth.pop(ref, None)
            if op == "control":
                body["channel"] = "physical"
                if ref in self.truth:
                    self.truth[ref] = (self.truth[ref][0], "physical")
            self.log.append((op, body))
            if not lose:
                self.send(op, self.seq, body)

    def snapshot(self, spoil=None):
        with self.lock:
            self.snapshots += 1
            name, sums = "s-%d" % self.snapshots, hashlib.sha256()
            self.send("snapshot_begin", self.seq, {"snapshot": name, "count": len(self.truth)})
            for place, ref in enumerate(sorted(self.truth), 1):
                body = self.body(ref)
                sums.update(digest(body))
                if spoil != place:
                    self.send("upsert", place, body, snapshot=name)
            sha = hashlib.sha256(b"").digest() if spoil == "digest" else sums.digest()
            self.send("snapshot_end", self.seq, {"snapshot": name, "count": len(self.truth), "sha256": base64(sha)})

    def on_request(self, _client, _user, m):
        q = json.loads(m.payload)["data"]
        with self.lock:
            self.requests.append(q)
            if not self.answers:
                return
            if q["want"] == "snapshot":
                self.snapshot()
            elif q["epoch"] == self.epoch:
                for n in range(q["from"], min(q["to"], self.seq) + 1):
                    op, body = self.log[n - 1]
                    self.send(op, n, body)

    def new_epoch(self):
        with self.lock:
            self.epoch, self.seq, self.log = "p-" + uuid.uuid4().hex[:6], 0, []

    def stop(self):
        self.stopping = True
        self.beats.join()
        self.c.disconnect()
        self.c.loop_stop()
