"""greenlane-device from outside: a listener of the test's own stands in for greenlaned, simulators stand in for the devices.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_device.py
"""

import os
import pathlib
import pty
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from wire import Cursor

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
sys.path.insert(0, str(ROOT / "tests/tools"))

from ports import free_port  # noqa: E402

WITHIN = 20.0  # seconds that anything may take before the test gives up

HELLO, READING, STATUS, OUTPUT = 1, 2, 3, 4
STATES = [None, "online", "offline", "degraded"]
KINDS = [None, "plate", "tag", "seal", "code", "container", "radiation", "presence", "class"]
SIGNALS = {"stop": 1, "release": 2, "inspect": 3, "fault": 4}


def unpack(datagram):
    kind, zero, length = struct.unpack_from(">HHI", datagram)
    assert zero == 0 and length == len(datagram) - 8
    c = Cursor(datagram[8:])
    if kind == HELLO:
        return {"type": "hello", "version": c.take("q"), "device": c.text(), "program": c.text(), "pid": c.take("q")}
    if kind == STATUS:
        m = {"type": "status", "device": c.text(), "lane": c.text(), "state": STATES[c.take("B")], "since": c.take("q"), "reason": c.text()}
        m["counters"] = {c.text(): c.take("q") for _ in range(c.take("H"))}
        return m
    assert kind == READING, kind
    m = {"type": "reading", "kind": KINDS[c.take("B")]}
    m.update(id=c.text(), time=c.take("q"), mono=c.take("q"), lane=c.text(), device=c.text(), passage=c.text(), received_at=c.take("q"))
    if m["kind"] == "code":
        m.update(symbology=c.text(), text=c.text())
    elif m["kind"] == "presence":
        m.update(zone=c.take("B"), occupied=c.take("B") == 2)
    elif m["kind"] == "plate":
        m.update(text=c.text(), country=c.text())
        region, role, direction = c.text(), c.take("B"), c.take("B")
        characters = [c.take("d") for _ in range(c.take("H"))]
        m.update(region=region, role=role, direction=direction, characters=characters, confidence=c.take("d"))
        m["candidates"] = [(c.text(), c.take("d")) for _ in range(c.take("H"))]
        m["evidence"] = [{k: c.text() for k in ("role", "media_type", "sha256", "ref")} for _ in range(c.take("H"))]
    return m


def output(lane, signal, lease_ms=0, silence_ms=5000):
    until = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000) + lease_ms
    body = struct.pack(">H", len(lane)) + lane.encode() + struct.pack(">Bqq", SIGNALS[signal], until, silence_ms)
    return struct.pack(">HHI", OUTPUT, 0, len(body)) + body


def connect(port):
    """Connects to a listener that may not stand yet."""
    deadline = time.monotonic() + WITHIN
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), WITHIN)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Core:
    """What greenlaned is to a device process: a socket to which it says hello."""

    def __init__(self, run):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(run / "device.sock"))
        self.listener.listen(4)
        self.listener.settimeout(WITHIN)
        self.peer = None
        self.seen = []

    def accept(self):
        self.peer, _ = self.listener.accept()
        return self.next("hello")

    def receive(self, deadline):
        self.peer.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self.peer.recv(1 << 18)
        except (socket.timeout, ConnectionResetError):
            return None
        if not data:
            return None
        m = unpack(data)
        self.seen.append(m)
        return m

    def next(self, message, **want):
        """The next message of that type with these members; a callable is a test of the member."""
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            m = self.receive(deadline)
            if m is None:
                break
            if m["type"] == message and all(v(m[k]) if callable(v) else m[k] == v for k, v in want.items()):
                return m
        raise AssertionError(f"no {message} with {want}; seen: {self.seen[-8:]}")

    def close(self):
        for s in (self.peer, self.listener):
            if s:
                s.close()


class DeviceTest(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gl-device-"))
        self.children = []
        self.core = None
        for name in ("run", "state"):
            (self.dir / name).mkdir()

    def tearDown(self):
        for c in self.children:
            if c.poll() is None:
                c.kill()
            c.wait()
            for stream in (c.stdin, c.stdout):
                if stream:
                    stream.close()
        if self.core:
            self.core.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- pieces
    def configure(self, devices, outputs=""):
        text = f"""
post: {{id: north, timezone: Europe/Tallinn}}
mqtt: {{url: "mqtt://127.0.0.1:1883"}}
paths: {{state: {self.dir}/state, run: {self.dir}/run, plugins: {BUILD}/lib/greenlane}}
clock: {{require-sync: false}}
feed: {{source: import, collections: [movements, declarations]}}
profiles:
  any:
    mode: open
    classes: {{truck: desk, car: desk}}
    require: [declaration]
    decide_within: 8s
    release: {{hold: 30s, ends: time}}
lanes:
  in-1:
    profile: any
    direction: in
    devices:
{devices}
{outputs}
"""
        (self.dir / "post.yaml").write_text(text)

    def start_core(self):
        self.core = Core(self.dir / "run")
        return self.core

    def spawn(self, *argv, **kw):
        child = subprocess.Popen([str(a) for a in argv], text=True, **kw)
        self.children.append(child)
        return child

    def device(self, name):
        self.log = open(self.dir / "log", "a+", encoding="utf-8")
        self.addCleanup(self.log.close)
        return self.spawn(BUILD / "bin/greenlane-device", "--config", self.dir / "post.yaml", "--device", f"in-1.{name}", stderr=self.log)

    def simulator(self, name, *argv):
        program = BUILD / "bin" / f"greenlane-sim-{name}"
        if not program.exists():
            self.skipTest(f"{program.name} is not built")
        return self.spawn(program, *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, child, line):
        child.stdin.write(line + "\n")
        child.stdin.flush()

    def wait_line(self, child, part):
        deadline = time.monotonic() + WITHIN
        lines = []
        while time.monotonic() < deadline:
            line = child.stdout.readline()
            lines.append(line)
            if part in line:
                return line
            if not line:
                break
        self.fail(f"no line with {part!r}: {lines}")

    def ends(self, child, code):
        self.assertEqual(child.wait(WITHIN), code, self.text_of_log())

    def text_of_log(self):
        return (self.dir / "log").read_text()

    # ---- a reader over TCP
    def test_tcp_connect(self):
        port = free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp://127.0.0.1:{port}"}}')
        core = self.start_core()
        dev = self.device("qr")
        hello = core.accept()
        self.assertEqual((hello["version"], hello["device"], hello["program"], hello["pid"]), (1, "in-1.qr", "greenlane-device", dev.pid))
        core.next("status", state="offline", reason=lambda r: f"127.0.0.1:{port}" in r and "refused" in r)
        sim = self.simulator("line", "--listen", f"127.0.0.1:{port}")
        status = core.next("status", state="online")
        self.assertEqual((status["device"], status["lane"], status["reason"]), ("in-1.qr", "in-1", ""))
        self.say(sim, "code MSCU9981402")
        r = core.next("reading", kind="code")
        self.assertEqual((r["text"], r["lane"], r["device"], r["id"], r["passage"]), ("MSCU9981402", "in-1", "in-1.qr", "", ""))
        self.assertLess(abs(r["received_at"] / 1000 - time.time()), WITHIN)
        self.assertGreater(r["mono"], 0)
        self.assertGreater(r["time"], 0)
        status = core.next("status", counters=lambda c: c.get("bytes", 0) >= 12 and c.get("readings", 0) >= 1)
        self.assertEqual(status["counters"]["connects"], 1)
        self.say(sim, "drop")
        core.next("status", state="offline")
        core.next("status", state="online", counters=lambda c: c["connects"] == 2)
        dev.terminate()
        core.next("status", state="offline", reason="its process has ended")
        self.ends(dev, 0)

    def test_a_host_name_is_looked_up_inside_the_sandbox(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(WITHIN)
            self.configure(f'      qr: {{use: code/line, at: "tcp://localhost:{server.getsockname()[1]}"}}')
            core = self.start_core()
            self.device("qr")
            core.accept()
            peer, _ = server.accept()
            with peer:
                core.next("status", state="online")
                peer.sendall(b"named\r")
                self.assertEqual(core.next("reading")["text"], "named")

    def test_tcp_listen_newer_peer_wins(self):
        port = free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{port}"}}')
        core = self.start_core()
        self.device("qr")
        core.accept()
        core.next("status", state="offline", reason=lambda r: r.startswith("no peer"))
        with connect(port) as old:
            core.next("status", state="online")
            old.sendall(b"half a co")
            core.next("status", counters=lambda c: c.get("bytes") == 9)
            with connect(port) as new:
                old.settimeout(WITHIN)
                self.assertEqual(old.recv(1), b"")
                new.sendall(b"whole\r")
                self.assertEqual(core.next("reading")["text"], "whole")
            core.next("status", state="offline", reason=lambda r: r.startswith("no peer"))

    def test_serial(self):
        link = self.dir / "qr"
        master, slave = pty.openpty()
        os.set_blocking(master, False)
        os.symlink(os.ttyname(slave), link)
        self.configure(f'      qr: {{use: code/line, at: "serial:{link}?baud=115200"}}')
        core = self.start_core()
        self.device("qr")
        core.accept()
        core.next("status", state="online")
        os.write(master, b"serial 1\r")
        self.assertEqual(core.next("reading")["text"], "serial 1")
        os.close(slave)
        os.close(master)  # unplugged
        core.next("status", state="offline", reason=lambda r: "serial line" in r)
        master, slave = pty.openpty()  # plugged in again, under another name behind the same link
        os.unlink(link)
        os.symlink(os.ttyname(slave), link)
        core.next("status", state="online")
        os.write(master, b"serial 2\r")
        self.assertEqual(core.next("reading")["text"], "serial 2")
        os.close(slave)
        os.close(master)

    def test_refused_input_degrades_for_a_while(self):
        port = free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{port}"}}')
        core = self.start_core()
        self.device("qr")
        core.accept()
        core.next("status", state="offline", reason=lambda r: r.startswith("no peer"))
        with connect(port) as s:
            core.next("status", state="online")
            s.sendall(b"a\x00b\r")
            status = core.next("status", state="degraded")
            self.assertIn("refused", status["reason"])
            self.assertTrue(any(k.startswith("refused.") for k in status["counters"]), status)
            core.next("status", state="online")

    def test_silence(self):
        port = free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{port}", silence: 1s}}')
        core = self.start_core()
        self.device("qr")
        core.accept()
        core.next("status", state="offline", reason=lambda r: r.startswith("no peer"))
        with connect(port) as s:
            core.next("status", state="online")
            core.next("status", state="offline", reason=lambda r: "silent for 1 s" in r)
            s.settimeout(WITHIN)
            self.assertEqual(s.recv(1), b"")  # dropped
        with connect(port) as s:
            core.next("status", state="offline", reason="silent for 1 s")  # a connection alone is no sign of life
            s.sendall(b"x\r")
            core.next("status", state="online")

    # ---- greenlaned comes late, goes, stalls
    def test_waits_for_greenlaned_and_ends_with_it(self):
        port = free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{port}"}}')
        dev = self.device("qr")
        time.sleep(0.5)
        self.assertIsNone(dev.poll())
        core = self.start_core()
        core.accept()
        core.peer.close()
        self.ends(dev, 1)
        self.assertIn("lost greenlaned", self.text_of_log())

    def test_a_malformed_message_from_greenlaned_ends_it(self):
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{free_port()}"}}')
        core = self.start_core()
        dev = self.device("qr")
        core.accept()
        core.peer.send(b"\x00\x04\x00\x00\x00\x00\x00\x01!")
        self.ends(dev, 1)

    def test_ends_when_nobody_takes_its_readings(self):
        port = free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{port}", repeat: 0ms}}')
        core = self.start_core()
        dev = self.device("qr")
        core.accept()  # and reads no more
        deadline = time.monotonic() + 60
        with connect(port) as s:
            s.settimeout(WITHIN)
            n = 0
            while dev.poll() is None and time.monotonic() < deadline:
                try:
                    s.sendall(b"%07d" % n + b"x" * 4000 + b"\r")
                except OSError:
                    break
                n += 1
                time.sleep(0.008)  # within the quota of readings
        self.ends(dev, 1)
        self.assertIn("greenlaned", self.text_of_log())

    def test_wrong_device_and_bad_configuration(self):
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{free_port()}"}}')
        self.ends(self.device("nothing"), 2)
        self.assertIn("in-1.nothing", self.text_of_log())
        (self.dir / "post.yaml").write_text("post: {id: [\n")
        self.ends(self.device("qr"), 2)

    # ---- the sandbox
    def test_sandbox_is_entered(self):
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{free_port()}"}}')
        core = self.start_core()
        dev = self.device("qr")
        core.accept()
        status = dict(l.split(":\t", 1) for l in pathlib.Path(f"/proc/{dev.pid}/status").read_text().splitlines() if ":\t" in l)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Seccomp"], "2")

    # ---- cameras
    def camera(self, at):
        if not (BUILD / "lib/greenlane/anpr.so").exists():
            self.skipTest("the anpr plugin is not built")
        self.configure(f"      front: {{use: anpr/isapi, at: {at}, role: vehicle}}")
        core = self.start_core()
        dev = self.device("front")
        core.accept()
        return core, dev

    def evidence_is_there(self, reading):
        self.assertGreater(len(reading["evidence"]), 0)
        for e in reading["evidence"]:
            file = self.dir / "state/evidence" / e["ref"]
            self.assertTrue(file.is_file(), e)
            digest = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout.split()[0]
            self.assertEqual(digest, e["sha256"])
            self.assertRegex(e["ref"], rf"^20[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}/{digest}\.jpg$")
        self.assertEqual([p for p in (self.dir / "state/evidence").rglob("*.part")], [])

    def test_http_push(self):
        port = free_port()
        core, dev = self.camera(f'"http-listen://127.0.0.1:{port}/anpr?from=127.0.0.1"')
        core.next("status", state="online")
        sim = self.simulator("isapi", "--push", f"http://127.0.0.1:{port}/anpr")
        self.say(sim, "plate NC15REG country=GB confidence=97 direction=forward")
        self.wait_line(sim, "200")
        r = core.next("reading", kind="plate")
        self.assertEqual((r["text"], r["role"]), ("NC15REG", 1))
        self.evidence_is_there(r)
        self.assert_refusals(core, port)
        dev.terminate()
        self.ends(dev, 0)

    def post(self, url, body=b"x", source=None, **headers):
        port = int(url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), WITHIN, source_address=(source, 0) if source else None) as s:
            head = {"Host": "x", "Content-Length": str(len(body)), "Connection": "close", **headers}
            path = "/" + url.split("/", 3)[3]
            s.sendall(f"POST {path} HTTP/1.1\r\n".encode() + b"".join(f"{k}: {v}\r\n".encode() for k, v in head.items()) + b"\r\n" + body)
            s.settimeout(WITHIN)
            return int(s.recv(4096).split()[1])

    def assert_refusals(self, core, port):
        base = f"http://127.0.0.1:{port}"
        self.assertEqual(self.post(f"{base}/other"), 404)
        core.next("status", counters=lambda c: c.get("refused.wrong_path") == 1)
        self.assertEqual(self.post(f"{base}/anpr", source="127.0.0.9"), 403)
        core.next("status", counters=lambda c: c.get("refused.wrong_address") == 1)
        self.assertEqual(self.post(f"{base}/anpr", **{"Content-Length": "999999999999"}), 413)
        core.next("status", counters=lambda c: c.get("refused.body_too_large") == 1)
        with connect(port) as s:
            s.sendall(b"POST /anpr HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000\r\n\r\n--b\r\n")
            time.sleep(0.2)
        core.next("status", counters=lambda c: c.get("refused.body_cut") == 1)
        with self.assertRaises(urllib.error.HTTPError) as e:
            urllib.request.urlopen(f"{base}/anpr", timeout=WITHIN)
        self.assertEqual(e.exception.code, 405)
        e.exception.close()

    def test_http_pull_with_digest(self):
        port = free_port()
        secret = self.dir / "secret"
        secret.write_text("admin:right\n")
        secret.chmod(0o600)
        sim = self.simulator("isapi", "--serve", f"127.0.0.1:{port}", "--user", "admin", "--password", "right", "--heartbeat", "1")
        core, dev = self.camera(f'"http://127.0.0.1:{port}", secret: {secret}')
        core.next("status", state="online")
        self.say(sim, "plate NC15REG country=GB confidence=97 direction=forward")
        r = core.next("reading", kind="plate")
        self.assertEqual(r["text"], "NC15REG")
        self.evidence_is_there(r)
        core.next("status", counters=lambda c: c.get("alive", 0) >= 1)
        sim.kill()
        core.next("status", state="offline", reason=lambda r: f"127.0.0.1:{port}" in r)
        dev.terminate()
        self.ends(dev, 0)

    def test_http_pull_with_a_wrong_password(self):
        port = free_port()
        secret = self.dir / "secret"
        secret.write_text("admin:wrong\n")
        secret.chmod(0o600)
        self.simulator("isapi", "--serve", f"127.0.0.1:{port}", "--user", "admin", "--password", "right")
        core, _ = self.camera(f'"http://127.0.0.1:{port}", secret: {secret}')
        core.next("status", state="offline", reason=lambda r: "401" in r)

    def test_a_full_evidence_store_keeps_readings_coming(self):
        port = free_port()
        core, _ = self.camera(f'"http-listen://127.0.0.1:{port}/anpr"')
        core.next("status", state="online")
        for hour in range(3):  # files where folders are wanted: nothing can be stored, for root either
            name = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() + 30 * 86400 + hour * 3600))
            (self.dir / f"state/evidence/{name}").write_text("")
        sim = self.simulator("isapi", "--push", f"http://127.0.0.1:{port}/anpr")
        self.say(sim, "plate NC15REG")
        r = core.next("reading", kind="plate")
        self.assertEqual((r["text"], r["evidence"]), ("NC15REG", []))
        status = core.next("status", state="degraded", reason=lambda r: "evidence" in r)
        self.assertGreaterEqual(status["counters"]["evidence.failed"], 1)

    # ---- lines
    def test_gpio(self):
        if not (BUILD / "lib/greenlane/gpio.so").exists():
            self.skipTest("the gpio plugin is not built")
        chip = self.dir / "chip"
        sim = self.simulator("chip", "--socket", chip)
        self.wait_line(sim, "READY")
        self.configure(
            f'      entry-loop: {{use: gpio, line: "sim:{chip}/4"}}\n      exit-loop: {{use: gpio, line: "sim:{chip}/5"}}',
            f'    outputs: {{red: "sim:{chip}/8", green: "sim:{chip}/9", barrier: "sim:{chip}/10"}}',
        )
        dev = self.device("gpio")
        self.wait_line(sim, "OUT 8 1")  # red before greenlaned is there
        core = self.start_core()
        self.assertEqual(core.accept()["device"], "in-1.gpio")
        # How the loops stand was read before greenlaned was there, and was kept for it.
        first = [core.next("reading", kind="presence") for _ in range(2)]
        self.assertEqual(sorted((r["device"], r["occupied"]) for r in first), [("in-1.entry-loop", False), ("in-1.exit-loop", False)])
        core.next("status", state="online")
        self.say(sim, "set 4 1")
        core.next("reading", kind="presence", device="in-1.entry-loop", occupied=True)
        core.peer.send(output("in-1", "release", lease_ms=60000))
        self.wait_line(sim, "OUT 9 1")
        core.peer.send(output("in-2", "stop"))  # of another lane: ignored
        core.peer.close()
        core.peer = None
        self.wait_line(sim, "OUT 9 0")
        self.ends(dev, 1)


if __name__ == "__main__":
    unittest.main()
