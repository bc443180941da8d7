"""LLRP against programs that are not ours: the reader and the client of npm's llrpjs (tests/peers), and the dissector of Wireshark.

Run with:  npm ci --ignore-scripts --prefix tests/peers
           BUILD=build/release python3 -m unittest tests/integration/test_llrp.py
"""

import json
import pathlib
import queue
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import test_device
from test_device import BUILD, ROOT, WITHIN, connect, free_port
from wire import Cursor

PEERS = ROOT / "tests/peers"
TAG, OTHER = "3034257BF7194E4000001A85", "E2801160600002"
REN, REPORT, KEEPALIVE, ERROR = 63, 61, 62, 100
ROSPEC = bytes.fromhex(
    "00b1 0041 00000007 00 00"  # id 7, disabled
    "00b2 0012 00b3 0005 01 00b6 0009 00 00000000"  # starts at once, ends never
    "00b7 0018 0001 0000 00b8 0009 00 00000000 00ba 0007 0001 01"  # all antennas
    "00ed 000d 01 0001 00ee 0006 1780".replace(" ", "")  # each tag at once, with antenna, signal, times, count
)


class Core(test_device.Core):
    """greenlaned's side, which reads tags too."""

    def receive(self, deadline):
        self.peer.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            data = self.peer.recv(1 << 18)
        except (socket.timeout, ConnectionResetError):
            return None
        if not data:
            return None
        m = test_device.unpack(data)
        if m.get("kind") == "tag":
            c = Cursor(data[9:])
            c.text(), c.take("q"), c.take("q"), c.text(), c.text(), c.text(), c.take("q")
            m.update(epc=c.text(), tid=c.text(), uri=c.text(), antenna=c.take("q"), rssi=c.take("d"), count=c.take("q"), confidence=c.take("d"))
            candidates, evidence, late = c.take("H"), c.take("H"), c.take("B")
            assert (candidates, evidence) == (0, 0)
            m["late"] = late == 2
        self.seen.append(m)
        return m


class Lines:
    """What a child prints, read in the background so that it never blocks."""

    def __init__(self, child):
        self.child, self.all, self.queue = child, [], queue.Queue()
        threading.Thread(target=self.pump, daemon=True).start()

    def pump(self):
        for line in self.child.stdout:
            self.queue.put(line.rstrip("\n"))
        self.queue.put(None)

    def next(self, fits):
        deadline = time.monotonic() + WITHIN
        while True:
            try:
                line = self.queue.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"the line did not come; seen: {self.all[-12:]}")
            self.all.append(line)
            if fits(line):
                return line

    def with_text(self, part):
        return self.next(lambda line: part in line)

    def json(self, *members):
        return json.loads(self.next(lambda line: line.startswith("{") and all(m in json.loads(line) for m in members)))


class Tap:
    """Stands between a client and a reader, and keeps what each sends."""

    def __init__(self, port):
        self.target, self.pieces = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        client, _ = self.listener.accept()
        with client, connect(self.target) as reader:
            other = {client: reader, reader: client}
            while True:
                for s in select.select([client, reader], [], [])[0]:
                    try:
                        data = s.recv(65536)
                        self.pieces.append((s is reader, data))
                        other[s].sendall(data)
                    except ConnectionError:  # who leaves while he is spoken to resets the connection
                        return
                    if not data:
                        return

    def close(self):
        self.thread.join(WITHIN)
        self.listener.close()


def whole(pieces):
    """The same as whole messages, each where its last byte came; less one that the reader had begun when the client left."""
    held, out = {True: b"", False: b""}, []
    for side, data in pieces:
        held[side] += data
        while len(held[side]) >= 10 and len(held[side]) >= struct.unpack_from(">I", held[side], 2)[0]:
            length = struct.unpack_from(">I", held[side], 2)[0]
            out.append((side, held[side][:length]))
            held[side] = held[side][length:]
    assert not held[False], held
    return out


def messages(pieces, from_reader):
    """The types of the messages that one side sent, in order."""
    return [struct.unpack_from(">H", data)[0] & 0x3FF for side, data in whole(pieces) if side == from_reader]


def without_identification(message):
    """A GET_READER_CONFIG_RESPONSE less its Identification: the dissector's arithmetic leaves two of its bytes out, and finds fault with all of them."""
    if struct.unpack_from(">H", message)[0] & 0x3FF != 12:
        return message
    at = 10
    while at < len(message):
        kind, length = struct.unpack_from(">HH", message, at)
        if kind == 218:
            message = message[:at] + message[at + length :]
            break
        at += length
    return message[:2] + struct.pack(">I", len(message)) + message[6:]


def write_pcap(path, pieces):
    """A recording as a sniffer would have made it: Ethernet, IPv4, TCP from and to port 5084. At most 1400 bytes a segment."""
    at = {False: 1000, True: 5000}  # sequence numbers, by whether the reader sends
    frames = []

    def frame(from_reader, flags, data=b""):
        ports = (5084, 40000) if from_reader else (40000, 5084)
        hosts = (b"\x0a\0\0\x02", b"\x0a\0\0\x01") if from_reader else (b"\x0a\0\0\x01", b"\x0a\0\0\x02")
        ack = at[not from_reader] if flags & 0x10 else 0
        tcp = struct.pack(">HHIIBBHHH", *ports, at[from_reader], ack, 0x50, flags, 65535, 0, 0) + data
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), len(frames) + 1, 0x4000, 64, 6, 0) + hosts[0] + hosts[1]
        frames.append(b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0" + ip + tcp)
        at[from_reader] += len(data) + (1 if flags & 0x03 else 0)

    frame(False, 0x02)
    frame(True, 0x12)
    frame(False, 0x10)
    for from_reader, data in pieces:
        for i in range(0, len(data), 1400):
            frame(from_reader, 0x18, data[i : i + 1400])
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for i, data in enumerate(frames):
            f.write(struct.pack("<IIII", 1700000000 + i, 0, len(data), len(data)) + data)


def complaints(path):
    """What Wireshark's dissector finds wrong, a text for each; and how many messages it saw."""
    shown = subprocess.run(
        ["tshark", "-r", str(path), "-d", "tcp.port==5084,llrp", "-T", "fields", "-E", "occurrence=a", "-E", "separator=|",
         "-e", "llrp.type", "-e", "_ws.expert.message", "-e", "_ws.malformed", "-Y", "llrp"],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip
    found, seen = [], 0
    for line in shown.splitlines():
        types, expert, malformed = line.split("|")
        seen += len(types.split(","))
        if expert or malformed:
            found.append(f"{types}: {expert} {malformed}")
    return found, seen


class Client:
    """A bare client of the test's own: bytes in, bytes out."""

    def __init__(self, port):
        self.socket = connect(port)
        self.socket.settimeout(WITHIN)
        self.id = 0

    def take(self, n):
        data = b""
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def receive(self):
        head, length, number = struct.unpack(">HII", self.take(10))
        return head & 0x3FF, number, self.take(length - 10)

    def send(self, kind, body=b"", version=1, reserved=0):
        self.id += 1
        self.socket.sendall(struct.pack(">HII", reserved << 13 | version << 10 | kind, len(body) + 10, self.id) + body)

    def until(self, kind):
        while True:
            m = self.receive()
            if m[0] == kind:
                return m

    def ask(self, kind, body=b"", answer=None, **kw):
        """The status that answers a request; its id must be the request's."""
        self.send(kind, body, **kw)
        kind, number, body = self.until(answer or (4 if kind == 14 else kind + 10))
        assert number == self.id, (number, self.id)
        assert struct.unpack_from(">H", body)[0] == 287, body.hex()
        return struct.unpack_from(">H", body, 4)[0]

    def set_up(self, hold=False):
        steps = [self.ask(3, bytes.fromhex("00 00e2 0005" + ("80" if hold else "00"))), self.ask(41, bytes(4)), self.ask(21, bytes(4))]
        steps += [self.ask(20, ROSPEC), self.ask(24, bytes(4))]
        assert steps == [0] * 5, steps
        self.send(64)

    def close(self):
        self.socket.close()


class Rig(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="gl-llrp-"))
        self.addCleanup(shutil.rmtree, self.dir, True)
        for name in ("run", "state"):
            (self.dir / name).mkdir()

    def end(self, child):
        if child.poll() is None:
            child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream:
                stream.close()

    def spawn(self, *argv, **kw):
        child = subprocess.Popen([str(a) for a in argv], text=True, stdin=subprocess.PIPE, **kw)
        self.addCleanup(self.end, child)
        return child

    def say(self, child, line):
        child.stdin.write(line + "\n")
        child.stdin.flush()

    def peer(self, script, port):
        node = shutil.which("node")
        self.assertTrue(node, "node is missing: install the packages of tests/tools/packages.sh")
        self.assertTrue((PEERS / "node_modules/llrpjs").exists(), "llrpjs is missing: npm ci --ignore-scripts --prefix tests/peers")
        child = self.spawn(node, PEERS / script, "127.0.0.1", port, stdout=subprocess.PIPE)
        return child, Lines(child)

    def simulator(self, *options):
        program = BUILD / "bin/greenlane-sim-llrp"
        self.assertTrue(program.exists(), f"{program} is not built")
        child = self.spawn(program, "--listen", "127.0.0.1:0", *options, stdout=subprocess.PIPE)
        lines = Lines(child)
        return child, lines, int(lines.with_text("listening on port").split()[-1])

    def quit(self, child):
        """Ends a simulator, and with it finds what a sanitizer has to say."""
        self.say(child, "quit")
        self.assertEqual(child.wait(WITHIN), 0)

    def device(self, at, more=""):
        (self.dir / "post.yaml").write_text(f"""
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
      tag: {{use: rfid/llrp, at: "{at}", repeat: 0s{more}}}
""")
        core = Core(self.dir / "run")
        self.addCleanup(core.close)
        log = open(self.dir / "log", "a+", encoding="utf-8")
        self.addCleanup(log.close)
        child = self.spawn(BUILD / "bin/greenlane-device", "--config", self.dir / "post.yaml", "--device", "in-1.tag", stderr=log)
        core.accept()
        return core, child

    def assert_sound(self, pieces):
        self.assertTrue(shutil.which("tshark"), "tshark is missing: install the packages of tests/tools/packages.sh")
        said = whole(list(pieces))  # the two may still be talking
        write_pcap(self.dir / "wire.pcap", [(side, without_identification(data)) for side, data in said])
        found, seen = complaints(self.dir / "wire.pcap")
        self.assertEqual(found, [])
        self.assertEqual(seen, len(said))


class OurClient(Rig):
    def test_inventories_a_reader_that_is_not_ours(self):
        port = free_port()
        reader, lines = self.peer("reader.js", port)
        lines.json("event")
        tap = Tap(port)
        core, device = self.device(f"tcp://127.0.0.1:{tap.port}")
        lines.next(lambda line: "ENABLE_EVENTS_AND_REPORTS" in line)
        core.next("status", state="online")
        for epc, antenna, rssi in ((TAG, 2, -51), (OTHER, 1, -67)):
            self.say(reader, f"tag {epc} {antenna} {rssi}")
            r = core.next("reading", kind="tag", epc=epc)
            self.assertEqual((r["antenna"], r["rssi"], r["count"], r["late"]), (antenna, rssi, 1, False))
        self.say(reader, "keepalive")
        self.assertEqual(lines.next(lambda line: "KEEPALIVE_ACK" in line)[:9], '{"request')
        self.say(reader, "empty")
        self.say(reader, f"tag {TAG} 3 -40")
        core.next("reading", kind="tag", antenna=3)
        device.terminate()
        device.wait(WITHIN)
        lines.next(lambda line: "disconnected" in line)
        tap.close()
        requests = messages(tap.pieces, False)
        self.assertLess(requests.index(20), requests.index(24), requests)
        self.assert_sound(tap.pieces)

    def test_inventories_our_reader(self):
        sim, lines, port = self.simulator()
        tap = Tap(port)
        core, device = self.device(f"tcp://127.0.0.1:{tap.port}")
        lines.with_text("active")
        core.next("status", state="online")
        self.say(sim, f"tag {TAG} antenna=2 rssi=-51")
        r = core.next("reading", kind="tag", epc=TAG)
        self.assertEqual((r["uri"], r["antenna"], r["rssi"]), ("urn:epc:id:sgtin:0614141.812345.6789", 2, -51))
        self.say(sim, f"old {OTHER} age=600")
        self.assertTrue(core.next("reading", kind="tag", epc=OTHER)["late"])
        self.say(sim, "split on")
        self.say(sim, f"tag {OTHER} antenna=4 count=3")
        self.assertEqual(core.next("reading", kind="tag", antenna=4)["count"], 3)
        device.terminate()
        device.wait(WITHIN)
        lines.with_text("peer gone")
        self.quit(sim)
        tap.close()
        self.assert_sound(tap.pieces)


    def assert_reads(self, core, sim, lines):
        """A tag seen now is a reading of now, whatever the reader's clock says."""
        lines.with_text("events and reports enabled")
        core.next("status", state="online")
        self.say(sim, f"tag {TAG}")
        r = core.next("reading", kind="tag", epc=TAG)
        self.assertLess(abs(r["time"] / 1000 - time.time()), WITHIN)
        self.assertFalse(r["late"])
        self.quit(sim)

    def copes_with(self, *options):
        sim, lines, port = self.simulator(*options)
        core, _ = self.device(f"tcp://127.0.0.1:{port}")
        self.assert_reads(core, sim, lines)

    def test_misses_an_antenna_that_is_off_from_the_start(self):
        sim, lines, port = self.simulator()
        for antenna in (2, 3):
            self.say(sim, f"antenna {antenna} off")
            lines.with_text(f"done: antenna {antenna} off")
        core, _ = self.device(f"tcp://127.0.0.1:{port}", ", antennas: [1, 2, 4]")
        reason = "antenna 2 disconnected"  # nobody needs the third
        core.next("status", state="degraded", reason=reason)
        lines.with_text("events and reports enabled")
        self.say(sim, f"tag {TAG}")
        self.assertEqual(core.next("reading", kind="tag", epc=TAG)["antenna"], 1)
        self.say(sim, "antenna 2 on")
        core.next("status", state="online")
        self.quit(sim)

    def test_reads_the_tid_bank(self):
        sim, lines, port = self.simulator()
        tap = Tap(port)
        core, device = self.device(f"tcp://127.0.0.1:{tap.port}", ", tid: 6")
        lines.with_text("active")
        core.next("status", state="online")
        self.say(sim, f"tag {TAG}")
        first = core.next("reading", kind="tag", epc=TAG)["tid"]
        self.say(sim, f"tag {OTHER}")
        other = core.next("reading", kind="tag", epc=OTHER)["tid"]
        self.assertRegex(first, "^E2801105[0-9A-F]{16}$")
        self.assertNotEqual(first, other)
        device.terminate()
        device.wait(WITHIN)
        tap.close()
        self.assert_sound(tap.pieces)

    def test_copes_with_a_reader_without_a_clock(self):
        self.copes_with("--clock", "uptime")

    def test_copes_with_a_reader_that_is_a_day_late(self):
        self.copes_with("--clock", "-86400000")

    def test_copes_with_a_reader_that_cannot_withhold(self):
        self.copes_with("--no-hold")

    def test_copes_with_a_reader_that_can_more(self):
        self.copes_with("--impinj", "--v11", "--antennas", "32", "--max-rospecs", "8")

    def test_is_called_by_a_reader(self):
        port = free_port()
        core, _ = self.device(f"tcp-listen://127.0.0.1:{port}")
        sim = self.spawn(BUILD / "bin/greenlane-sim-llrp", "--connect", f"127.0.0.1:{port}", stdout=subprocess.PIPE)
        self.assert_reads(core, sim, Lines(sim))

    def test_comes_back(self):
        sim, lines, port = self.simulator()
        core, _ = self.device(f"tcp://127.0.0.1:{port}")
        lines.with_text("events and reports enabled")
        for how in ("close", "drop"):
            self.say(sim, how)
            lines.with_text("peer gone")
            self.say(sim, f"old {OTHER} age=60")  # kept by the reader
            lines.with_text("events and reports enabled")
            self.assertTrue(core.next("reading", kind="tag", epc=OTHER)["late"])
        self.say(sim, f"tag {TAG}")
        self.assertFalse(core.next("reading", kind="tag", epc=TAG)["late"])
        self.quit(sim)


class OurReader(Rig):
    def test_is_inventoried_by_a_client_that_is_not_ours(self):
        sim, out, port = self.simulator()
        tap = Tap(port)
        client, lines = self.peer("client.js", tap.port)
        answers = {}
        while True:
            m = lines.json()
            self.assertNotIn("error", m)
            if m.get("event") == "running":
                break
            if "request" in m:
                self.assertEqual((m["id"], m["answer"]), (m["sent"], m["request"] + "_RESPONSE"))
                answers.setdefault(m["request"], []).append(m["data"])
        status = {k: [a["LLRPStatus"]["StatusCode"] for a in v] for k, v in answers.items()}
        self.assertEqual(status.pop("ADD_ROSPEC"), ["M_Success", "M_FieldError"])
        self.assertEqual(status.pop("START_ROSPEC"), ["M_FieldError"])
        self.assertEqual({s for v in status.values() for s in v}, {"M_Success"})
        self.assertEqual(answers["START_ROSPEC"][0]["LLRPStatus"]["FieldError"], {"FieldNum": 1, "ErrorCode": "A_Invalid"})
        band = answers["GET_READER_CAPABILITIES"][0]["RegulatoryCapabilities"]["UHFBandCapabilities"]
        self.assertEqual(band["TransmitPowerLevelTableEntry"][-1], {"Index": 81, "TransmitPowerValue": 3000})
        self.assertEqual(len(band["FrequencyInformation"]["FrequencyHopTable"]["Frequency"]), 50)
        self.assertEqual(answers["GET_ROSPECS"][0]["ROSpec"]["CurrentState"], "Active")
        self.assertEqual(answers["GET_ACCESSSPECS"][0]["AccessSpec"]["CurrentState"], "Active")

        self.say(sim, f"tag {TAG} antenna=2 rssi=-51 count=7 pc=3400")
        tag = lines.json("report")["report"]["TagReportData"]
        self.assertEqual(tag["EPC_96"]["EPC"], TAG)
        self.assertEqual((tag["AntennaID"]["AntennaID"], tag["PeakRSSI"]["PeakRSSI"], tag["TagSeenCount"]["TagCount"]), (2, -51, 7))
        self.assertEqual((tag["ROSpecID"]["ROSpecID"], tag["C1G2_PC"]["PC_Bits"], tag["AccessSpecID"]["AccessSpecID"]), (7, 0x3400, 5))
        self.assertEqual((tag["C1G2ReadOpSpecResult"]["Result"], tag["C1G2ReadOpSpecResult"]["OpSpecID"]), ("Success", 9))
        self.say(sim, f"tag {OTHER}")
        self.assertEqual(lines.json("report")["report"]["TagReportData"]["EPCData"]["EPC"], OTHER)
        self.say(sim, "empty")
        self.assertEqual(lines.json("report")["report"], {})
        self.say(sim, "antenna 3 off")
        event = lines.json("notification")["notification"]["ReaderEventNotificationData"]["AntennaEvent"]
        self.assertEqual(event, {"EventType": "Antenna_Disconnected", "AntennaID": 3})
        lines.next(lambda line: "keepalive" in line)
        self.say(client, "close")
        self.assertEqual(lines.json("request")["data"]["LLRPStatus"]["StatusCode"], "M_Success")
        out.with_text("peer gone")
        self.quit(sim)
        tap.close()
        self.assert_sound(tap.pieces)

    def test_the_dissector_notices_what_is_wrong(self):
        """Else the tests above could not fail."""
        good = struct.pack(">HII", 0x0400 | 20, len(ROSPEC) + 10, 1) + ROSPEC
        bad = bytearray(good)
        bad[13] += 9  # the ROSpec is longer than its message
        for data, wrong in ((good, False), (bytes(bad), True)):
            write_pcap(self.dir / "x.pcap", [(False, data)])
            found, seen = complaints(self.dir / "x.pcap")
            self.assertEqual((bool(found), seen), (wrong, 1), found)

    def connect(self, port, status=0):
        client = Client(port)
        self.addCleanup(client.close)
        kind, _, body = client.receive()
        self.assertEqual((kind, body[-2:]), (REN, struct.pack(">H", status)))
        return client

    def test_speaks_the_version_that_it_should(self):
        sim, _, port = self.simulator()
        client = self.connect(port)
        self.assertEqual(client.ask(46, version=2, answer=ERROR), 110)
        self.assertEqual(client.ask(1, b"\0", version=3, answer=ERROR), 110)
        self.assertEqual(client.ask(999, answer=ERROR), 109)
        self.assertEqual(client.ask(1023, struct.pack(">IBI", 25882, 21, 0), answer=ERROR), 109)
        self.assertEqual(client.ask(60, reserved=1, answer=ERROR), 101)
        self.assertEqual(client.ask(14), 0)
        self.quit(sim)

    def test_speaks_version_two_when_asked(self):
        sim, _, port = self.simulator("--v11", "--impinj")
        client = self.connect(port)
        client.send(46, version=2)
        kind, _, body = client.receive()
        self.assertEqual((kind, body), (56, bytes.fromhex("0102 011f 0008 0000 0000")))
        self.assertEqual(client.ask(47, b"\x02", version=2), 0)
        self.assertEqual(client.ask(47, b"\x02", version=2), 112)
        self.assertEqual(client.ask(21, bytes(4), version=2), 0)
        self.assertEqual(client.ask(21, bytes(4), answer=ERROR), 110)
        client.send(1023, struct.pack(">IBI", 25882, 21, 0), version=2)
        self.assertEqual(client.until(1023)[2].hex(), "0000651a16011f000800000000")
        self.quit(sim)

    def test_has_one_place(self):
        sim, lines, port = self.simulator()
        first = self.connect(port)
        second = self.connect(port, 2)
        self.assertEqual(second.socket.recv(1), b"")
        self.assertEqual(first.until(REN)[2][-2:], b"\0\4")
        self.say(sim, "drop")
        lines.with_text("peer gone")
        self.connect(port)
        self.quit(sim)

    def test_refuses_what_is_wrong_in_a_rospec(self):
        sim, lines, port = self.simulator()
        client = self.connect(port)
        wrong = [(7, 0, 101), (9, 1, 100), (1, 0xB2, 102), (11, 0xB9, 100), (37, 9, 100), (-1, 0x81, 100), (-9, 3, 100)]
        for at, value, status in wrong:
            body = bytearray(ROSPEC)
            body[at] = value
            self.assertEqual(client.ask(20, bytes(body)), status, (at, value))
        self.assertEqual(client.ask(20), 103)
        self.assertEqual(client.ask(20, ROSPEC[:-1]), 100)
        self.assertEqual(client.ask(22, struct.pack(">I", 7)), 101)
        self.assertEqual(client.ask(20, ROSPEC), 0)
        self.assertEqual(client.ask(22, struct.pack(">I", 7)), 101)  # still disabled
        other = bytearray(ROSPEC)
        other[7] = 8
        self.assertEqual(client.ask(20, bytes(other)), 105)  # it holds one
        self.assertEqual(client.ask(24, bytes(4)), 0)
        lines.with_text("rospec 7 active")
        self.quit(sim)

    def test_keeps_what_nobody_took(self):
        sim, lines, port = self.simulator()
        client = self.connect(port)
        client.set_up(hold=True)
        lines.with_text("events and reports enabled")
        client.close()
        lines.with_text("peer gone")
        self.say(sim, "tags 1100")
        lines.with_text("done: tags 1100")
        client = self.connect(port)
        self.assertEqual(client.ask(21, bytes(4)), 0)  # the ROSpec goes, what it saw does not
        client.send(64)
        kind, _, body = client.receive()
        self.assertEqual((kind, body[-4:].hex()), (REN, "00fb0004"))  # it has lost some
        tags = 0
        while tags < 1024:
            kind, _, body = client.receive()
            self.assertEqual(kind, REPORT)
            tags += body.count(bytes.fromhex("8d3034257bf7194e40"))
        self.assertEqual(tags, 1024)
        self.quit(sim)

    def test_drops_who_does_not_answer(self):
        sim, lines, port = self.simulator("--keepalive", "20", "--miss", "3")
        client = self.connect(port)
        beats = 0
        try:
            while True:
                beats += client.receive()[0] == KEEPALIVE
        except (EOFError, ConnectionResetError):
            pass
        self.assertEqual(beats, 3)
        lines.with_text("peer gone")
        self.quit(sim)

    def test_mute(self):
        sim, lines, port = self.simulator("--trace")
        client = self.connect(port)
        client.set_up()
        lines.with_text("events and reports enabled")
        self.say(sim, "mute")
        lines.with_text("done: mute")
        client.send(26)
        lines.with_text("received GET_ROSPECS")
        self.say(sim, f"tag {TAG}")
        lines.with_text("done: tag")
        self.say(sim, "unmute")
        self.assertEqual(client.receive()[0], REPORT)  # the request of that time stays unanswered
        self.assertEqual(client.ask(26), 0)
        self.quit(sim)

    def test_hostile_clients(self):
        sim, lines, port = self.simulator("--impinj")
        noise = bytes((i * 167 + i // 7 * 13) & 0xFF for i in range(4000))
        pieces = [noise[i:] for i in range(0, 400, 7)]  # most of them no message at all
        pieces += [struct.pack(">HII", 0x0400 | t, 10 + n, 1) + noise[t : t + n] for t in range(0, 128) for n in (0, 3, 40)]
        pieces += [struct.pack(">HII", 0x0414, 9, 1), struct.pack(">HII", 0x0414, 0xFFFFFFFF, 1)]
        pieces += [struct.pack(">HII", 0x0414, 10 + len(ROSPEC), 1) + ROSPEC[:i] + noise[i : len(ROSPEC)] for i in range(len(ROSPEC))]
        for data in pieces:
            client = self.connect(port)
            try:
                client.socket.sendall(data)
                client.socket.shutdown(socket.SHUT_WR)
                while client.socket.recv(65536):
                    pass
            except OSError:
                pass
            client.close()
            lines.with_text("peer gone")
        self.connect(port).set_up()
        self.quit(sim)


if __name__ == "__main__":
    unittest.main()
