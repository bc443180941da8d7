"""What may come in on a camera's port and a reader's line: strangers, noise, half events, bombs, crawlers, crowds. The process lives, says so and
counts it, nothing of it becomes a reading, and a good event afterwards works."""
import contextlib
import os
import socket
import threading
import time
import unittest

import rig
from rig import until

NOTICE = """<?xml version="1.0" encoding="UTF-8"?>
%s<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<ipAddress>10.0.1.11</ipAddress><channelID>1</channelID><dateTime>%s</dateTime><eventType>ANPR</eventType><eventState>active</eventState>
<ANPR><country>15</country><licensePlate>%s</licensePlate><line>1</line><direction>forward</direction><confidenceLevel>97</confidenceLevel>
<vehicleType>truck</vehicleType></ANPR><UUID>%s</UUID></EventNotificationAlert>
"""


def event(plate, doctype="", uuid=None):
    return (NOTICE % (doctype, time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()), plate, uuid or os.urandom(8).hex())).encode()


def multipart(xml, boundary="boundary"):
    return (b"--%s\r\nContent-Disposition: form-data; name=\"anpr.xml\"; filename=\"anpr.xml\"\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
            % (boundary.encode(), len(xml)) + xml + b"\r\n--%s--\r\n" % boundary.encode())


def request(body, length=None, path="/event", kind="multipart/form-data; boundary=boundary", method="POST"):
    n = len(body) if length is None else length
    return ("%s %s HTTP/1.1\r\nHost: gate\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (method, path, kind, n)).encode() + body


class Camera(rig.Case):
    def setUp(self):
        self.process = self.post.pid("in-2.front")
        self.post.look()
        self.from_event = len(self.post.events)
        self.addCleanup(lambda: self.assertEqual(self.post.pid("in-2.front"), self.process, "the camera's process was started anew"))

    def connect(self, source="127.0.0.1"):
        s = socket.create_connection(("127.0.0.1", self.post.ports["front2"]), timeout=15, source_address=(source, 0))
        self.addCleanup(s.close)
        return s

    def push(self, data, source="127.0.0.1", cut=False):
        """The answer's status; None when the connection was ended without one."""
        s = self.connect(source)
        with contextlib.suppress(OSError):   # it may be ended before all of it is out
            s.sendall(data)
            if cut:
                s.shutdown(socket.SHUT_WR)
        got = b""
        with contextlib.suppress(ConnectionResetError, socket.timeout):
            while b"\r\n" not in got:
                more = s.recv(4096)
                if not more:
                    break
                got += more
        s.close()
        return int(got.split()[1]) if got.startswith(b"HTTP/1.") else None

    def plates(self):
        return [e["data"]["value"]["text"] for t, e in self.post.look()[self.from_event:] if t == "lane/in-2/reading/plate"]

    def good_one_works(self, plate):
        until("a good event", lambda: self.push(request(multipart(event(plate)))) == 200)
        until("its reading", lambda: plate in self.plates())
        self.assertEqual(self.plates(), [plate], "something else became a reading, too")

    def test_0_as_a_camera_does(self):
        self.good_one_works("AAA111")

    def test_1_wrong_address(self):
        self.assertEqual(self.push(request(multipart(event("EVIL1"))), "127.0.0.2"), 403)
        self.assertEqual(self.push(request(b"", length=10 ** 12), "127.0.0.3"), 403)
        self.good_one_works("BBB111")
        self.assertEqual(self.post.device("in-2.front")["state"], "online", "a stranger made a camera look unwell")

    def test_2_requests(self):
        self.assertEqual(self.push(request(multipart(event("EVIL2")), path="/other")), 404)
        self.assertEqual(self.push(request(b"", method="GET")), 405)
        self.assertEqual(self.push(request(b"", length=10 ** 12)), 413)
        self.assertEqual(self.push(request(b"x" * 100, length=9 * 2 ** 20)), 413)
        for noise in (os.urandom(3000), b"\0" * 3000, b"POST /event HTTP/9.9\r\n\r\n", b"POST " + b"/" * 100000 + b" HTTP/1.1\r\n\r\n",
                      b"POST /event HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000):
            self.assertNotEqual(self.push(noise + b"\r\n\r\n", cut=True), 200)
        chunks = b"POST /event HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        self.assertNotEqual(self.push(chunks + (b"100000\r\n" + b"y" * 0x100000 + b"\r\n") * 9, cut=True), 200)
        self.good_one_works("CCC111")

    def test_3_bodies(self):
        doctype = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]>\n'
        whole = multipart(event("EVIL3"))
        bad = {"doctype": multipart(event("EVIL3&c;", doctype)), "external entity": multipart(event("&x;", '<!DOCTYPE r [<!ENTITY x SYSTEM "/etc/passwd">]>')),
               "noise": os.urandom(5000), "no xml": multipart(b"hello"), "xml cut": multipart(event("EVIL3")[:300]),
               "another boundary": multipart(event("EVIL3"), "other"), "deep": multipart(b"<a>" * 20000),
               "endless head": b"--boundary\r\n" + b"X: y\r\n" * 5000, "no utf-8": multipart(event("EVIL3").replace(b"EVIL3", b"\xff\xfe"))}
        for name, body in bad.items():
            with self.subTest(body=name):
                self.assertIn(self.push(request(body)), (200, 400))   # understood or not: the camera shall not send it again for ever
        until("the camera to be degraded", lambda: self.post.device("in-2.front")["state"] == "degraded")
        for cut in (100, len(whole) // 2, len(whole) - 40):
            self.push(request(whole[:cut], length=len(whole)), cut=True)
        self.good_one_works("DDD111")

    def test_4_crawlers(self):
        """Connections that send a byte now and then, some before their header is whole: the camera still gets in, and they do not stay."""
        crawlers = [self.connect() for _ in range(2)] + [self.connect(a) for a in ("127.0.0.2", "127.0.0.3", "127.0.0.4") for _ in range(4)]
        for i, s in enumerate(crawlers):
            with contextlib.suppress(OSError):
                s.sendall(b"POST /event HTTP/1.1\r\nX: " if i % 2 else request(b"x", length=5000))
        stop = threading.Event()

        def crawl():
            while not stop.wait(0.5):
                for s in crawlers:
                    with contextlib.suppress(OSError):
                        s.sendall(b"y")
        thread = threading.Thread(target=crawl, daemon=True)
        thread.start()
        try:
            time.sleep(1)
            self.good_one_works("EEE111")
        finally:
            stop.set()
            thread.join()

    def test_5_a_crowd(self):
        crowd = [self.connect("127.0.0.%d" % (1 + i % 3)) for i in range(20)]
        for s in crowd:
            with contextlib.suppress(OSError):
                s.sendall(request(b"x", length=1000))
        time.sleep(0.5)
        for s in crowd:
            s.close()
        self.good_one_works("FFF111")

    def test_6_a_flood(self):
        """More than any camera sees: bounded, and the lane goes on."""
        for i in range(60):
            self.push(request(multipart(event("FL%04d" % i))))
        until("the last", lambda: "FL0059" in self.plates())
        self.from_event = len(self.post.look())
        time.sleep(1.1)
        self.good_one_works("GGG111")


    def test_9_counted(self):
        """Every refusal so far has its name and its number; they are published every ten seconds."""
        least = {"refused.wrong_address": 2, "refused.wrong_path": 1, "refused.body_too_large": 2, "refused.body_cut": 3}

        def counted():
            got = self.post.counters("in-2.front")
            rest = sum(v for k, v in got.items() if k.startswith("refused.") and k not in least)
            return all(got.get(k, 0) >= n for k, n in least.items()) and rest >= 9
        until("the counters", counted, 25)


class Stream(rig.Case):
    def test_camera_that_sends_noise(self):
        """One that is read from: noise and half events, then a good one; the stream is taken up again."""
        post = self.post
        process = post.pid("in-1.rear")
        for line in ("garbage 5000", "cut", "garbage 2000000"):
            post.sim("in-1", "rear").say("wait 10000")   # until somebody reads
            post.sim("in-1", "rear").say(line)
            time.sleep(0.5)
        until("a refusal that is counted", lambda: any(k.startswith("refused.") for k in post.counters("in-1.rear")), 30)
        until("the camera to be heard again", lambda: post.device("in-1.rear").get("state") in ("online", "degraded"), 40)
        n = len(post.look())

        def read():
            post.sim("in-1", "rear").say("plate TT22TT country=GB confidence=95 direction=forward")
            time.sleep(0.5)
            return [e for t, e in post.look()[n:] if t == "lane/in-1/reading/plate" and e["data"]["value"]["text"] == "TT22TT"]
        until("a good event", read, 40)
        self.assertEqual(post.pid("in-1.rear"), process)
        post.wait_online(90)


class Reader(rig.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.post.programs["qr1"].stop()

    def setUp(self):
        self.process = self.post.pid("in-1.qr")
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.post.ports["qr1"]))
        self.listener.listen(4)
        self.listener.settimeout(40)
        self.addCleanup(self.listener.close)
        self.take()

    def take(self):
        self.s, _ = self.listener.accept()
        self.addCleanup(self.s.close)

    def tearDown(self):
        self.assertEqual(self.post.pid("in-1.qr"), self.process, "the reader's process was started anew")
        for lane in rig.LINES:
            self.post.empty(lane)

    def codes(self):
        return [e["data"]["value"]["text"] for t, e in self.post.look()[self.n:] if t == "lane/in-1/reading/code"]

    def works(self, code):
        """Whatever was before it: the next whole line is read."""
        for _ in range(3):
            with contextlib.suppress(OSError):
                self.s.sendall(b"\r\n" + code.encode() + b"\r\n")
                return until("the code", lambda: code in self.codes())
            self.take()
        return self.fail("no connection")

    def test_1_noise(self):
        self.n = len(self.post.look())
        for noise in (b"\0" * 500, bytes(range(1, 10)) * 50 + b"\r\n", b"\xff\xfe\xfd\r\n", b"\x1b[2J\r\n", b"\r\n" * 500, "\u202eabc\r\n".encode()):
            with contextlib.suppress(OSError):
                self.s.sendall(noise)
        self.works("GMRAREADER1")
        self.assertEqual([c for c in self.codes() if c and any(ord(x) < 32 for x in c)], [])

    def test_2_endless(self):
        self.n = len(self.post.look())
        for _ in range(64):
            with contextlib.suppress(OSError):
                self.s.sendall(b"A" * 65536)
        self.post.logged("in-1.qr: input refused: too_long")
        self.works("GMRAREADER2")
        self.assertEqual(self.codes(), ["GMRAREADER2"])
        with open("/proc/%d/statm" % self.process, encoding="ascii") as f:
            self.assertLess(int(f.read().split()[1]) * 4096, 300 * 2 ** 20)

    def test_3_drops(self):
        """Dropped in the middle of a code, again and again: half a code is none, and the reader is found again."""
        self.n = len(self.post.look())
        for _ in range(3):
            self.s.sendall(b"GMRAHALF")
            self.s.close()
            until("offline", lambda: self.post.device("in-1.qr").get("state") == "offline")
            self.take()
            until("back", lambda: self.post.device("in-1.qr").get("state") in ("online", "degraded"))
        self.works("GMRAREADER3")
        self.assertEqual(self.codes(), ["GMRAREADER3"])

    def test_4_never_speaks(self):
        """A whole line cut into single bytes is one code."""
        self.n = len(self.post.look())
        for c in b"\nGMRASLOWLY\n":
            self.s.sendall(bytes([c]))
            time.sleep(0.03)
        until("the code", lambda: "GMRASLOWLY" in self.codes())


if __name__ == "__main__":
    unittest.main(verbosity=2)
