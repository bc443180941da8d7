"""A camera that is only a video, and what may happen to it: its process dies as by a decoder's bug, its address speaks nonsense. The lane inspects, says why,
everything else goes on, and afterwards plates are read again."""
import os
import socket
import threading
import time
import unittest

import rig
from rig import until

import pictures


def noise(kind):
    """What a hostile peer answers, again and again, until the connection is over."""
    head = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
    part = b"--frame\r\nContent-Type: image/jpeg\r\n"
    huge = bytes.fromhex("ffd8ffc0001108fffffffff303012200021101031101")   # a picture of 65535x65523
    return {"nothing": b"", "random": os.urandom(4000), "endless header": b"RTSP/1.0 200 OK\r\nX: " + b"x" * 4000, "http": head + part + b"\r\n",
            "huge": head + part + b"Content-Length: %d\r\n\r\n" % len(huge) + huge, "long": head + part + b"Content-Length: 2147483647\r\n\r\n\xff\xd8",
            "sdp": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 999999999\r\n\r\nv=0\r\n"}[kind]


class Nonsense:
    def __init__(self, port, kind):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.kind, self.calls, self.over = kind, 0, False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        self.listener.settimeout(0.2)
        while not self.over:
            try:
                peer, _ = self.listener.accept()
            except socket.timeout:
                continue
            self.calls += 1
            with peer:
                peer.settimeout(0.5)
                for _ in range(50):
                    try:
                        peer.sendall(noise(self.kind) or b"\0")
                        time.sleep(0.02)
                    except OSError:
                        break

    def close(self):
        self.over = True
        self.thread.join()
        self.listener.close()


@unittest.skipUnless(pictures.possible(rig.BUILD), "the reader of pictures or its models are not built")
class Frames(rig.Case):
    pictures = True
    leaves_well = False

    def works(self, plate):
        post = self.post
        post.wait_online(90)
        n = len(post.look())
        post.programs["front3"].say("gone")
        time.sleep(3)
        post.programs["front3"].say("vehicle %s_%s_%s drive=500" % (plate[:2], plate[2:5], plate[5:]))

        def read():
            return [e for t, e in post.look()[n:] if t == "lane/in-3/reading/plate" and e["data"]["value"]["text"] == plate]
        until("the plate", read, 40)
        post.programs["front3"].say("gone")
        self.empty()

    def empty(self):
        passage = self.post.passage_at("in-3", 0)
        state = [e["data"]["state"] for t, e in self.post.look() if t == "lane/in-3/passage" and e["data"]["passage"] == passage]
        if passage and state[-1] != "closed":
            self.post.command("desk-1", "close", lane="in-3", passage=passage, exit="unknown")

    def test_1_its_process_dies(self):
        post = self.post
        since = len(post.look())
        post.loop("in-3", "entry", True)
        until("a passage", lambda: post.passage_at("in-3", since))
        others = {k: v for k, v in post.pids().items() if k != "in-3.front"}
        post.kill("in-3.front")
        d = until("a decision", lambda: post.decisions("in-3", since), 30)[0]["data"]
        self.assertEqual(d["outcome"], "inspect")
        self.assertIn("SENSOR_FAULT", rig.rules(d))
        post.loop("in-3", "entry", False)
        self.assertEqual({k: v for k, v in post.pids().items() if k != "in-3.front"}, others)
        self.empty()
        self.works("AB123CD")

    def test_2_its_address_speaks_nonsense(self):
        post = self.post
        process = post.pid("in-3.front")
        post.programs["front3"].stop()
        until("the camera to be offline", lambda: post.device("in-3.front")["state"] == "offline", 40)
        for kind in ("nothing", "random", "endless header", "http", "huge", "long", "sdp"):
            with self.subTest(kind=kind):
                peer = Nonsense(post.ports["front3"], kind)
                try:
                    until("a call", lambda: peer.calls >= 1, 60)
                    time.sleep(1)
                finally:
                    peer.close()
                self.assertEqual(post.pid("in-3.front"), process, "its process was started anew")
                self.assertNotEqual(post.device("in-3.front")["state"], "online")
        post.start("front3", "greenlane-sim-frames", "--listen", "127.0.0.1:%d" % post.ports["front3"])
        self.works("KL845TU")


if __name__ == "__main__":
    unittest.main(verbosity=2)
