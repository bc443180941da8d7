"""A whole post on loopback, for the demonstration and the black-box tests: a real Mosquitto, the real programs, simulated devices that speak the
real wire protocols, a feed, an officer, and two independent witnesses: mosquitto_sub with a persistent session, and the chip's output lines."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import queue
import shutil
import signal
import socket
import string
import subprocess
import sys
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "tools"))

from ports import free_port  # noqa: E402

LINES = {"in-1": {"entry": 4, "exit": 5, "red": 8, "amber": 9, "green": 10, "barrier": 11, "heartbeat": 12},
         "in-2": {"entry": 20, "exit": 21, "red": 24, "amber": 25, "green": 26, "barrier": 27, "heartbeat": 28}}
# The third lane has nothing but loops, lights, and a plain camera; only the demonstration has it, where the reader of pictures is built.
PICTURES = {"in-3": {"entry": 36, "exit": 37, "red": 40, "amber": 41, "green": 42, "barrier": 43, "heartbeat": 44}}
EVERY = {**LINES, **PICTURES}
PICTURES_LANE = """  in-3:
    profile: pictures
    direction: in
    devices:
      entry-loop: {use: gpio, line: "sim:chip.sock/36"}
      front: {use: anpr/frames, at: "rtsp://127.0.0.1:${front3}/", role: vehicle, direction: down, silence: 4s, repeat: 0s}
      exit-loop: {use: gpio, line: "sim:chip.sock/37"}
    outputs: {red: "sim:chip.sock/40", amber: "sim:chip.sock/41", green: "sim:chip.sock/42", barrier: "sim:chip.sock/43", heartbeat: "sim:chip.sock/44"}
"""


def now_text(offset=0.0):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (t.microsecond // 1000)


class Timeout(AssertionError):
    pass


def wait(what, check, seconds=15.0):
    """Polls until check() gives something true; the limit is generous and only ends a run that has gone wrong."""
    end = time.monotonic() + seconds
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > end:
            raise Timeout("waited %g s in vain for: %s" % (seconds, what))
        time.sleep(0.02)


class Program:
    """A child process whose lines are kept; commands go to its standard input."""

    def __init__(self, args, log, **kw):
        self.args = args
        self.lines = []
        self.log = open(log, "ab")
        self.p = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, **kw)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.p.stdout:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    def say(self, line):
        self.p.stdin.write((line + "\n").encode())
        self.p.stdin.flush()

    def stop(self, how=signal.SIGTERM, seconds=10):
        if self.p.poll() is None:
            self.p.send_signal(how)
            try:
                self.p.wait(seconds)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
        for f in (self.p.stdin, self.log):
            try:
                f.close()
            except OSError:
                pass
        return self.p.returncode


def canonical(body):
    """RFC 8785, for bodies without fractions."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Post:
    def __init__(self, build, work, template=os.path.join(HERE, "post.yaml.in"), gateway=True, pictures=False):
        self.bin = os.path.join(build, "bin")
        self.plugins = os.path.join(build, "lib", "greenlane")
        self.work = work
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(os.path.join(work, "state"))
        os.makedirs(os.path.join(work, "run"))
        self.pictures = pictures
        self.ports = {k: free_port() for k in ("broker", "front1", "rear1", "qr1", "front2", "rear2", "front3", "rpm2", "tags")}  # loopback only
        self.key = hashlib.sha256(b"the demonstration's key").digest()
        self._file("random.key", self.key, 0o600)
        self._file("rear.secret", b"gate:demo-only\n", 0o600)
        with open(template, encoding="utf-8") as f:
            lane3 = string.Template(PICTURES_LANE if pictures else "").substitute(self.ports)
            text = string.Template(f.read()).substitute(self.ports, plugins=self.plugins, work=work, lane3=lane3)
        self._file("post.yaml", text.encode())
        self.programs = {}
        self.events = []          # everything the witness saw: (topic, event)
        self.seen = set()
        self.raw = []             # the same with repeats: (topic, event, retained)
        self._at = 0
        self.epoch = "demo-" + uuid.uuid4().hex[:8]
        self.seq = {"movements": 0, "declarations": 0, "tags": 0, "lookouts": 0, "traders": 0}
        self.heartbeats = True
        self.outbound = queue.Queue()
        self.gateway_wanted = gateway

    # ---- files, processes ----
    def _file(self, name, data, mode=0o644):
        path = os.path.join(self.work, name)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def path(self, name):
        return os.path.join(self.work, name)

    def start(self, name, *args, program=None):
        exe = program or os.path.join(self.bin, args[0])
        self.programs[name] = Program([exe, *args[1:]], self.path(name + ".log"), cwd=self.work)
        return self.programs[name]

    def up(self):
        self._file("mosquitto.conf", ("listener %d 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location %s/\n"
                                      "max_queued_messages 0\nuser root\n" % (self.ports["broker"], self.work)).encode())
        self.broker_start()
        self.witness_start()
        self.start("chip", "greenlane-sim-chip", "--socket", "chip.sock")
        self.start("rear1", "greenlane-sim-isapi", "--serve", "127.0.0.1:%d" % self.ports["rear1"], "--user", "gate", "--password", "demo-only",
                   "--heartbeat", "1")
        self.start("qr1", "greenlane-sim-line", "--listen", "127.0.0.1:%d" % self.ports["qr1"])
        self.start("qr2", "greenlane-sim-line", "--pty", "qr2.tty")
        self.start("rpm2", "greenlane-sim-tsa", "--listen", "127.0.0.1:%d" % self.ports["rpm2"])
        self.programs["rpm2"].say("setup")  # as a controller says it when it starts
        self.start("tags", "greenlane-sim-llrp", "--listen", "127.0.0.1:%d" % self.ports["tags"])
        for cam in ("front1", "front2", "rear2"):
            self.start(cam, "greenlane-sim-isapi", "--push", "http://127.0.0.1:%d/event" % self.ports[cam])
        if self.pictures:
            self.start("front3", "greenlane-sim-frames", "--listen", "127.0.0.1:%d" % self.ports["front3"])
        wait("the simulated devices", lambda: os.path.exists(self.path("chip.sock")) and os.path.exists(self.path("qr2.tty")))
        self.publisher = threading.Thread(target=self._publish_loop, daemon=True)
        self.publisher.start()
        if self.gateway_wanted:
            self.gateway_start()

    def gateway_start(self):
        self.start("gateway", "greenlane", "run", "--config", "post.yaml")
        self.wait_online(30)

    def down(self):
        self.heartbeats = False
        self.outbound.put(None)
        status = {}
        for name in ("gateway", "front1", "front2", "front3", "rear1", "rear2", "qr1", "qr2", "rpm2", "tags", "chip", "witness", "broker"):
            if name in self.programs:
                status[name] = self.programs[name].stop()
        with open(self.path("witness.txt"), "w", encoding="utf-8") as f:  # for tests/contract/validate.py
            f.write("\n".join(self.programs["witness"].lines) + "\n")
        return status

    # ---- the broker and its witness ----
    def broker_start(self):
        exe = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.start("broker", exe, "-c", "mosquitto.conf", program=exe)

        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.ports["broker"])) == 0
        wait("the broker", answers)
        self.broker_up = True

    def broker_stop(self):
        self.broker_up = False
        self.programs["broker"].stop()

    def witness_start(self):
        exe = shutil.which("mosquitto_sub")
        self.start("witness", exe, "-V", "mqttv5", "-h", "127.0.0.1", "-p", str(self.ports["broker"]), "-c", "-i", "witness", "-x", "3600",
                   "-q", "1", "--retain-as-published", "-t", "greenlane/v1/north/#", "-F", "%r %t %p", program=exe)
        wait("the witness", lambda: self.programs["witness"].p.poll() is None)

    def look(self):
        """Takes in what the witness has printed since the last look. Duplicates, lawful with QoS 1, are dropped by id."""
        lines = self.programs["witness"].lines
        while self._at < len(lines):
            line = lines[self._at]
            self._at += 1
            parts = line.split(" ", 2)
            if len(parts) < 3 or not parts[2].startswith("{"):
                continue
            retained, topic, event = parts[0] == "1", parts[1].split("/", 3)[3], json.loads(parts[2])
            self.raw.append((topic, event, retained))
            key = (topic, event["id"])
            if key in self.seen:
                continue
            self.seen.add(key)
            self.events.append((topic, event))
        return self.events

    def state(self, topic):
        found = [e for t, e in self.look() if t == "state/" + topic]
        return found[-1]["data"] if found else None

    def offline(self):
        """What is not online yet, with the state that was last told of it."""
        want = [lane + "." + d for lane in LINES for d in ("front", "rear", "qr", "gpio")] + ["in-2.rpm", "in-2.tag"]
        want += ["in-3.front", "in-3.gpio"] if self.pictures else []
        told = {d: self.state("device/" + d) or {} for d in want}
        return ["%s: %s" % (d, " ".join((t.get("state", "not heard of"), t.get("reason") or "")).strip()) for d, t in told.items() if t.get("state") != "online"]

    def all_online(self):
        return not self.offline()

    def wait_online(self, seconds):
        try:
            wait("every device online", self.all_online, seconds)
        except Timeout as e:
            with open(self.path("gateway.log"), encoding="utf-8", errors="replace") as f:
                raise Timeout("%s; %s; the gateway said:\n%s" % (e, self.offline(), "".join(f.readlines()[-40:]))) from None

    # ---- publishing: feed and officers ----
    def _publish_loop(self):
        import paho.mqtt.client as mqtt
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties
        c = mqtt.Client("customs-feed-and-officers", protocol=mqtt.MQTTv5)
        c.reconnect_delay_set(1, 1)
        c.connect_async("127.0.0.1", self.ports["broker"])
        c.loop_start()
        last = 0.0
        while True:
            try:
                item = self.outbound.get(timeout=0.1)
                if item is None:
                    break
                topic, event, expiry = item
                props = Properties(PacketTypes.PUBLISH)
                if expiry:
                    props.MessageExpiryInterval = expiry
                c.publish("greenlane/v1/north/" + topic, json.dumps(event), qos=1, properties=props)
            except queue.Empty:
                pass
            if self.heartbeats and time.monotonic() - last > 1.0:
                last = time.monotonic()
                for collection in self.seq:
                    self.feed(collection, "heartbeat")
        c.loop_stop()

    def cloudevent(self, type_, data, subject):
        return {"specversion": "1.0", "id": str(uuid.uuid4()), "source": "/customs/demo", "type": type_, "time": now_text(), "subject": subject,
                "datacontenttype": "application/json", "data": data}

    def feed(self, collection, op, body=None, lose=False):
        if op != "heartbeat":
            self.seq[collection] += 1
        data = {"collection": collection, "epoch": self.epoch, "seq": self.seq[collection], "op": op, "as_of": now_text(), "body": body}
        event = self.cloudevent("greenlane.feed." + collection, data, "feed/" + collection)
        if not lose:
            self.outbound.put(("feed/" + collection, event, None))
        return event

    def snapshot(self, collection, name, bodies=(), before_end=lambda: None):
        """Everything that is alive, as it stands now."""
        def tell(op, body, **more):
            data = {"collection": collection, "epoch": self.epoch, "seq": self.seq[collection], "op": op, "as_of": now_text(), "body": body, **more}
            self.outbound.put(("feed/" + collection, self.cloudevent("greenlane.feed." + collection, data, "feed/" + collection), None))
        tell("snapshot_begin", {"snapshot": name, "count": len(bodies)})
        digest = hashlib.sha256()
        for n, body in enumerate(bodies, 1):
            tell("upsert", body, snapshot=name, seq=n)
            digest.update(hashlib.sha256(canonical(body)).digest())
        before_end()
        tell("snapshot_end", {"snapshot": name, "count": len(bodies), "sha256": base64.b64encode(digest.digest()).decode()})

    def new_epoch(self):
        """The producer numbers from 1 again, and first says what is alive: nothing."""
        self.epoch += "x"
        self.seq = dict.fromkeys(self.seq, 0)
        for collection in self.seq:
            self.snapshot(collection, "first-of-" + self.epoch[-20:])

    def feed_again(self, collection, event):
        self.outbound.put(("feed/" + collection, event, None))

    def command(self, client, name, officer="officer-7", **data):
        data.setdefault("officer", {"id": officer, "role": {"hq": "authority", "rad-1": "radiation"}.get(client, "officer")})
        data.setdefault("expires_at", now_text(30))
        event = self.cloudevent("greenlane.command." + name, data, "client/" + client)
        self.outbound.put(("command/%s/%s" % (client, name), event, 30))

        def answered():
            return [e["data"] for t, e in self.look() if t.startswith("reply/%s/" % client) and e["data"].get("command") == event["id"]]
        return wait("the answer to " + name, answered)[-1]

    def drawn(self, reference, rate=0.05):
        """The keyed random control, computed independently: an auditor with the key can tell afterwards."""
        mac = hmac.new(self.key, ("random/" + reference).encode(), hashlib.sha256).digest()
        return int.from_bytes(mac[:4], "big") < rate * 4294967296.0

    # ---- the lane ----
    def sim(self, lane, device):
        return self.programs[device + lane[-1]]

    def loop(self, lane, which, on):
        self.programs["chip"].say("set %d %d" % (EVERY[lane][which], 1 if on else 0))

    def lights(self, lane):
        """The output lines as the chip saw them last."""
        level = {}
        for line in list(self.programs["chip"].lines):
            w = line.split()
            if len(w) >= 3 and w[0] == "OUT":
                level[int(w[1])] = w[2] == "1"
        return {n: level.get(k, False) for n, k in EVERY[lane].items() if n in ("red", "amber", "green", "barrier")}

    def shows(self, lane, signal_):
        want = {"stop": {"red"}, "release": {"green", "barrier"}, "inspect": {"red", "amber"}, "fault": {"red"}}[signal_]
        return {n for n, on in self.lights(lane).items() if on} == want

    def passage_at(self, lane, since):
        """The newest open passage of a lane among the events after `since`."""
        found = [e["data"]["passage"] for t, e in self.look()[since:] if t == "lane/%s/passage" % lane]
        return found[-1] if found else None

    def decisions(self, lane, since=0):
        return [e for t, e in self.look()[since:] if t == "lane/%s/decision" % lane]

    def alarms(self, lane, since=0):
        return [e["data"] for t, e in self.look()[since:] if t == "lane/%s/alarm" % lane]
