"""A device's bytes offered to others: the real greenlane-device between a device that the test plays and clients that the test plays.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_rebroadcast.py
"""

import contextlib
import os
import socket
import time
import unittest

import test_device
from test_device import WITHIN, connect, free_port

LINE = b"A" * 1023 + b"\r"  # the same code again and again: whatever the plugin makes of it, the bytes pass


class RebroadcastTest(unittest.TestCase):
    setUp = test_device.DeviceTest.setUp
    tearDown = test_device.DeviceTest.tearDown
    configure = test_device.DeviceTest.configure
    start_core = test_device.DeviceTest.start_core
    spawn = test_device.DeviceTest.spawn
    device = test_device.DeviceTest.device
    simulator = test_device.DeviceTest.simulator
    say = test_device.DeviceTest.say
    wait_line = test_device.DeviceTest.wait_line
    ends = test_device.DeviceTest.ends
    text_of_log = test_device.DeviceTest.text_of_log

    # ---- pieces
    def start(self):
        """The device of the test listens; the gateway's process connects to it."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)
        self.listener.settimeout(WITHIN)
        self.port = free_port()
        at = f'"tcp://127.0.0.1:{self.listener.getsockname()[1]}", rebroadcast: "127.0.0.1:{self.port}"'
        self.configure(f"      qr: {{use: code/line, at: {at}}}")
        core = self.start_core()
        self.dev = self.device("qr")
        core.accept()
        return core

    def upstream(self, core):
        peer, _ = self.listener.accept()
        self.addCleanup(peer.close)
        peer.settimeout(WITHIN)
        core.next("status", state="online")
        return peer

    def client(self, core, n, small=False):
        """The n-th client, connected and known to the gateway."""
        s = socket.socket()
        self.addCleanup(s.close)
        if small:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(WITHIN)
        s.connect(("127.0.0.1", self.port))
        core.next("status", counters=lambda c: c.get("rebroadcast.clients", 0) == n)
        return s

    def receive(self, s, n):
        data = b""
        while len(data) < n:
            more = s.recv(min(65536, n - len(data)))
            if not more:
                break
            data += more
        return data

    def closed(self, s):
        """All that still came, when the gateway has closed the connection."""
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while more := s.recv(65536):
                data += more
        return data

    # ---- bytes
    def test_every_byte_as_it_came(self):
        core = self.start()
        peer = self.upstream(core)
        early = [self.client(core, 1), self.client(core, 2)]
        bytes_1 = b"half a li" + bytes(range(256)) * 40 + os.urandom(5000)  # the codec refuses most of it
        peer.sendall(bytes_1)
        for s in early:
            self.assertEqual(self.receive(s, len(bytes_1)), bytes_1)
        late = self.client(core, 3)
        bytes_2 = b"ne\r\nWHOLE 1\r\n" + LINE * 100
        for i in range(0, len(bytes_2), 777):
            peer.sendall(bytes_2[i : i + 777])
        for s in [*early, late]:
            self.assertEqual(self.receive(s, len(bytes_2)), bytes_2)
        core.next("reading", kind="code", text="WHOLE 1")

    def test_a_simulator_at_the_other_end(self):
        port, self.port = free_port(), free_port()
        self.configure(f'      qr: {{use: code/line, at: "127.0.0.1:{port}", rebroadcast: "127.0.0.1:{self.port}"}}')
        core = self.start_core()
        sim = self.simulator("line", "--listen", f"127.0.0.1:{port}")
        self.device("qr")
        core.accept()
        core.next("status", state="online")
        one, two = self.client(core, 1), self.client(core, 2)
        self.say(sim, "code MSCU9981402")
        self.say(sim, "raw 00 ff 41 0d")
        for s in (one, two):
            self.assertEqual(self.receive(s, 16), b"MSCU9981402\r\x00\xffA\r")

    def test_what_clients_send_is_thrown_away(self):
        core = self.start()
        peer = self.upstream(core)
        client = self.client(core, 1)
        for _ in range(64):
            client.sendall(b"open the gate\r" * 1000)
        peer.sendall(LINE)
        self.assertEqual(self.receive(client, len(LINE)), LINE)
        self.dev.terminate()
        self.assertEqual(self.closed(peer), b"")  # all that the device ever heard
        self.ends(self.dev, 0)

    # ---- clients that do not keep up
    def test_a_stalled_client_is_dropped_and_the_other_goes_on(self):
        core = self.start()
        peer = self.upstream(core)
        stalled, reads = self.client(core, 1, small=True), self.client(core, 2)
        sent = 0
        for _ in range(32):  # 8 MiB, as fast as the good client takes it
            block = LINE * 256
            peer.sendall(block)
            self.assertTrue(self.receive(reads, len(block)) == block)
            sent += len(block)
        core.next("status", counters=lambda c: c.get("rebroadcast.dropped") == 1)
        got = self.closed(stalled)
        self.assertLess(len(got), sent)
        self.assertTrue((LINE * (sent // len(LINE))).startswith(got))
        self.assertIn("does not keep up", self.text_of_log())
        self.client(core, 3)  # it may come again

    def test_eight_clients_and_no_more(self):
        core = self.start()
        peer = self.upstream(core)
        clients = [connect(self.port) for _ in range(7)] + [None]
        clients[7] = self.client(core, 8)
        for s in clients:
            self.addCleanup(s.close)
        with connect(self.port) as ninth:
            ninth.settimeout(WITHIN)
            self.assertEqual(self.closed(ninth), b"")
        core.next("status", counters=lambda c: c.get("rebroadcast.refused") == 1)
        clients[3].close()
        deadline = time.monotonic() + WITHIN
        while True:  # its place is free once its end was seen
            s = connect(self.port)
            self.addCleanup(s.close)
            peer.sendall(b"x\r")
            s.settimeout(WITHIN)
            if s.recv(1) == b"x" or time.monotonic() > deadline:
                break
        self.assertLess(time.monotonic(), deadline)

    # ---- the device goes away
    def test_upstream_lost_closes_the_clients(self):
        core = self.start()
        peer = self.upstream(core)
        one, two = self.client(core, 1), self.client(core, 2)
        peer.sendall(b"the last\r")
        self.assertEqual(self.receive(one, 9), b"the last\r")
        peer.close()
        self.assertEqual(self.closed(one), b"")
        self.assertEqual(self.closed(two), b"the last\r")
        core.next("status", state="offline")
        peer = self.upstream(core)  # connected again
        again = self.client(core, 3)
        peer.sendall(b"anew\r")
        self.assertEqual(self.receive(again, 5), b"anew\r")

    def test_who_comes_while_the_device_is_away_is_turned_away(self):
        self.port, port = free_port(), free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{port}", rebroadcast: "127.0.0.1:{self.port}"}}')
        core = self.start_core()
        self.device("qr")
        core.accept()
        core.next("status", state="offline", reason=lambda r: r.startswith("no peer"))
        with connect(self.port) as s:
            s.settimeout(WITHIN)
            self.assertEqual(self.closed(s), b"")
        core.next("status", counters=lambda c: c.get("rebroadcast.refused") == 1)
        with connect(port) as old:
            core.next("status", state="online")
            client = self.client(core, 1)
            with connect(port) as new:  # replaces the old one: another stream begins
                self.assertEqual(self.closed(client), b"")
                client = self.client(core, 2)
                new.sendall(b"new\r")
                self.assertEqual(self.receive(client, 4), b"new\r")
            old.close()

    # ---- the port
    def test_a_port_that_is_taken_is_told_and_tried_again(self):
        self.port = free_port()
        taken = socket.socket()
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", self.port))
        taken.listen(1)
        port = free_port()
        self.configure(f'      qr: {{use: code/line, at: "tcp-listen://127.0.0.1:{port}", rebroadcast: "127.0.0.1:{self.port}"}}')
        core = self.start_core()
        dev = self.device("qr")
        core.accept()
        with connect(port) as peer:
            core.next("status", state="online", reason=lambda r: f"cannot listen on 127.0.0.1:{self.port}" in r and "in use" in r)
            peer.sendall(b"WORKS\r")
            core.next("reading", text="WORKS")  # the device itself goes on
            taken.close()
            core.next("status", state="online", reason="")
            client = self.client(core, 1)
            peer.sendall(b"again\r")
            self.assertEqual(self.receive(client, 6), b"again\r")
        dev.terminate()
        self.ends(dev, 0)

    def test_ends_cleanly_with_clients(self):
        core = self.start()
        peer = self.upstream(core)
        client = self.client(core, 1)
        peer.sendall(LINE)
        self.assertEqual(self.receive(client, len(LINE)), LINE)
        self.dev.terminate()
        self.ends(self.dev, 0)
        self.assertEqual(self.closed(client), b"")


if __name__ == "__main__":
    unittest.main()
