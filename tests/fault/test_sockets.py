"""Hostile peers on the sockets between the processes. Who sends what it may not is ended and named in the log; greenlaned lives, the real peers
work on, and nothing of what was said is believed."""
import os
import random
import struct
import subprocess
import time

import rig
from rig import COMMAND, DEVICE_STATUS, FEED, LINK_STATE, QUERY, READING, Peer, datagram, hello, presence, text, until


class Hostile(rig.Case):
    def setUp(self):
        self.greenlaned = self.post.pid("greenlaned")
        self.since = len(self.post.log())

    def tearDown(self):
        self.assertEqual(self.post.pid("greenlaned"), self.greenlaned, "greenlaned was started anew")
        super().tearDown()

    def peer(self, sock):
        p = Peer(self.post.path("run/" + sock))
        self.addCleanup(p.close)
        return p

    def garbage(self):
        rng = random.Random(7)
        yield "empty", b""
        yield "one byte", b"\0"
        yield "a header alone", datagram(READING, b"")
        yield "too short", datagram(rig.HELLO, b"x" * 40)[:-3]
        yield "a length that lies", struct.pack(">HHI", 1, 0, 4000000000) + b"x"
        yield "not zero", struct.pack(">HHI", 1, 7, 0)
        yield "no such type", datagram(77, b"abc")
        yield "type none", datagram(0, b"")
        yield "huge", b"\1" * 140000
        yield "text beyond its field", datagram(rig.HELLO, struct.pack(">q", 1) + text("d" * 500) + text("p") + struct.pack(">q", 1))
        yield "text that is no UTF-8", datagram(rig.HELLO, struct.pack(">q", 1) + text(b"\xff\xfe") + text("p") + struct.pack(">q", 1))
        yield "something behind the end", datagram(rig.HELLO, hello("in-1.front")[8:] + b"more")
        for i in range(20):
            yield "noise %d" % i, bytes(rng.randrange(256) for _ in range(rng.randrange(8, 600)))

    def test_9_garbage(self):
        for sock in ("device.sock", "link.sock", "control.sock"):
            for name, data in self.garbage():
                with self.subTest(socket=sock, data=name):
                    p = self.peer(sock).say(data)
                    self.assertTrue(p.ended(), "it was not ended")
                    p.close()
        for told in ("device.sock: a connection was ended", "link.sock: a connection was ended", "malformed message", "unknown type 77"):
            self.post.logged(told, self.since)

    def test_2_before_hello(self):
        for sock, data in (("device.sock", presence("in-1.entry-loop", 1, 2)), ("link.sock", datagram(LINK_STATE, b"\2" + text(""))),
                           ("link.sock", datagram(FEED, b"\0" * 50)), ("device.sock", datagram(QUERY, text("status") + text("") + b"\0" * 8))):
            self.assertTrue(self.peer(sock).say(data).ended())
        self.post.logged("hello", self.since)

    def test_3_wrong_version(self):
        for sock in ("device.sock", "link.sock"):
            p = self.peer(sock).say(hello("in-1.front" if sock == "device.sock" else "", version=2))
            self.assertTrue(p.ended(), sock)
        self.post.logged("another version", self.since)
        self.assertTrue(self.post.all_online())

    def test_4_unknown_device(self):
        self.assertTrue(self.peer("device.sock").say(hello("in-9.front")).ended())
        self.post.logged("'in-9.front', which is not configured", self.since)

    def test_5_in_another_devices_name(self):
        """One that took the place of a camera speaks for the loops: ended, nothing of it believed, and the camera's own process returns."""
        post = self.post
        post.look()
        before, mark = len(post.events), post.chip_mark()
        p = self.peer("device.sock").say(hello("in-2.qr"), presence("in-2.entry-loop", 1, 2, "in-2"))
        self.assertTrue(p.ended())
        post.logged("in another device's name", self.since)
        post.ready()
        q = self.peer("device.sock").say(hello("in-2.qr"), presence("in-2.exit-loop", 2, 2, "in-1"), hello("in-2.qr"))
        self.assertTrue(q.ended())
        post.ready()
        said = [t for t, _ in post.look()[before:] if t.startswith("lane/")]
        self.assertEqual(said, [])
        self.assertFalse(post.was_green("in-2", mark))

    def test_6_taken_over_and_silent(self):
        """One that says hello in a camera's name and nothing else counts as silent, not as well."""
        post = self.post
        post.look()
        raw = len(post.raw)
        p = self.peer("device.sock").say(hello("in-2.rear"))
        until("the camera to be offline", lambda: any(t == "state/device/in-2.rear" and e["data"]["state"] == "offline"
                                                      for t, e, _ in post.look() and post.raw[raw:]))
        p.close()
        post.ready()

    def test_1_wrong_types(self):
        """Each socket takes its own kinds alone: no command from a device, no reading from a link, no feed by the operator's socket."""
        post = self.post
        for sock, first, kind in (("device.sock", hello("in-2.qr"), COMMAND), ("device.sock", hello("in-2.qr"), 4), ("link.sock", b"", READING),
                                  ("link.sock", b"", DEVICE_STATUS), ("control.sock", b"", COMMAND), ("control.sock", b"", FEED)):
            p = self.peer(sock).say(*([first] if first else []), datagram(kind, b"\0" * 64))
            self.assertTrue(p.ended(), (sock, kind))
            p.close()
            post.ready()
        post.logged("may not send", self.since)

    def test_b_a_hundred_connections(self):
        """A hundred that say nothing: they are ended in time, and meanwhile lanes, link and operator are served."""
        post = self.post
        crowd = [self.peer("device.sock") for _ in range(100)]
        self.assertEqual(post.verify().returncode, 0)
        post.loop("in-2", "exit", True)
        n = len(post.look())
        until("the loop's reading", lambda: any(t == "lane/in-2/reading/presence" for t, _ in post.look()[n - 1:]))
        post.loop("in-2", "exit", False)
        # The real ones still get in.
        post.kill("in-2.qr")
        until("the reader's process to be back", lambda: post.device("in-2.qr").get("state") == "online", 40)
        self.assertTrue(all(p.ended(30) for p in crowd), "a connection that never says hello is held for ever")

    def test_8_operators_socket_full(self):
        post = self.post
        crowd = [self.peer("control.sock") for _ in range(20)]
        time.sleep(0.3)
        for p in crowd:
            p.close()
        until("the operator to be served", lambda: post.verify().returncode == 0)

    def test_a_descriptors(self):
        """What came and went leaves nothing open."""
        def count():
            return len(os.listdir("/proc/%d/fd" % self.greenlaned))
        before = until("a calm moment", lambda: self.post.all_online() and count())
        for _ in range(50):
            self.peer("device.sock").say(b"x").close()
            self.peer("link.sock").close()
            self.peer("control.sock").say(b"x").close()
        until("the descriptors to be closed", lambda: count() <= before + 2)
        self.assertLess(int(subprocess.run(["ps", "-o", "rss=", "-p", str(self.greenlaned)], capture_output=True, text=True,
                                           check=True).stdout), 400000)


if __name__ == "__main__":
    rig.main()
