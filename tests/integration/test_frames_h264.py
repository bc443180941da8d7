"""Video as most cameras send it: H.264, by RTSP (RFC 7826's predecessor 2326, interleaved; RTP payload of RFC 6184) and in files. Debian's ffmpeg encodes the
simulated camera's pictures; the server here cuts them into packets.

Run with:  BUILD=build/release /usr/bin/python3 tests/integration/test_frames_h264.py
"""

import base64
import re
import socketserver
import struct
import subprocess
import threading
import time
import unittest

import test_frames
from test_device import WITHIN

PLATE, RATE, PACKET = "AB123CD", 10, 1200
KEY, PARAMETERS = 5, (7, 8)


def units(stream):
    """The NAL units of an Annex B stream."""
    return [u.rstrip(b"\0") for u in re.split(b"\0\0\0?\1", stream) if u]


def pictures(stream):
    """What makes one picture each: key pictures with their parameters before them."""
    found, now = [], []
    for u in units(stream):
        now.append(u)
        if u[0] & 31 in (1, KEY):
            found.append(now)
            now = []
    return found


def is_key(picture):
    return picture[-1][0] & 31 == KEY


def packets(picture):
    """RTP payloads (RFC 6184): a unit that fits, or fragments (FU-A) of one that does not; and which is the picture's last."""
    out = []
    for u in picture:
        if len(u) <= PACKET:
            out.append(u)
            continue
        body, kind, importance = u[1:], u[0] & 31, u[0] & 0xE0
        for at in range(0, len(body), PACKET):
            first, last = at == 0, at + PACKET >= len(body)
            out.append(bytes((importance | 28, (0x80 if first else 0) | (0x40 if last else 0) | kind)) + body[at:at + PACKET])
    return [(p, p is out[-1]) for p in out]


class Server(socketserver.ThreadingTCPServer):
    """One stream for all who ask: `show` says which pictures come next, over and over."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, shown, parameters):
        super().__init__(("127.0.0.1", 0), Session)
        self.shown, self.parameters, self.played = shown, parameters, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"rtsp://127.0.0.1:{self.server_address[1]}/stream"

    def sdp(self):
        sets = ",".join(base64.b64encode(p).decode() for p in self.parameters)
        return ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=video\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
                f"a=fmtp:96 packetization-mode=1" + (f";sprop-parameter-sets={sets}" if sets else "") + "\r\na=control:track1\r\n")


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while self.one():
                pass
        except (OSError, ValueError):
            pass

    def answer(self, cseq, more="", body=""):
        length = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n" if body else ""
        self.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{more}{length}\r\n{body}".encode())

    def one(self):
        line, headers = self.rfile.readline(4096).decode("latin-1").split(), {}
        while (text := self.rfile.readline(4096).decode("latin-1").strip()):
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        if len(line) < 3:
            return False
        cseq = headers["cseq"]
        if line[0] == "OPTIONS":
            self.answer(cseq, "Public: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n")
        elif line[0] == "DESCRIBE":
            self.answer(cseq, f"Content-Base: {line[1]}/\r\n", self.server.sdp())
        elif line[0] == "SETUP":
            self.answer(cseq, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 7;timeout=60\r\n")
        elif line[0] == "PLAY":
            self.answer(cseq, "Session: 7\r\nRange: npt=0.000-\r\n")
            self.play()
            return False
        else:
            return False
        return True

    def play(self):
        sequence, clock, shown, at = 0, 0, None, 0
        while True:
            if shown is not self.server.shown:
                shown, at = self.server.shown, 0
            for payload, last in packets(shown[at % len(shown)]):
                rtp = struct.pack(">BBHII", 0x80, 96 | (0x80 if last else 0), sequence & 0xFFFF, clock & 0xFFFFFFFF, 7) + payload
                self.wfile.write(struct.pack(">cBH", b"$", 0, len(rtp)) + rtp)
                sequence += 1
            at, clock, self.server.played = at + 1, clock + 90000 // RATE, self.server.played + 1
            time.sleep(1 / RATE)


class H264Test(test_frames.FramesTest):
    for _name in [n for n in dir(test_frames.FramesTest) if n.startswith("test_")]:
        locals()[_name] = None
    del _name

    def picture(self, sim, name):
        path = self.dir / name
        time.sleep(0.5)
        self.say(sim, f"save {path}")
        deadline = time.monotonic() + WITHIN
        while not path.exists() or path.read_bytes()[-2:] != b"\xff\xd9":
            self.assertLess(time.monotonic(), deadline, "no picture")
            time.sleep(0.05)
        return path

    def encode(self, picture, to, *options, seconds=4):
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-loop", "1", "-framerate", str(RATE), "-i", picture, "-t", str(seconds), "-pix_fmt", "yuv420p", *options, to],
                       check=True, timeout=120)
        return to

    def h264(self, picture):
        """A key picture every two seconds, and differences between them."""
        to = self.encode(picture, picture.with_suffix(".h264"), "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(2 * RATE), "-bf", "0",
                         "-x264-params", "slices=1:repeat-headers=1:sliced-threads=0")
        return pictures(to.read_bytes())

    def scenes(self):
        sim = self.camera()
        empty = self.picture(sim, "empty.jpg")
        self.say(sim, "vehicle AB_123_CD drive=1")
        return empty, self.picture(sim, "truck.jpg")

    def serving(self, shown, parameters):
        server = Server(shown, parameters)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server, self.serve(server.address, trigger="always")

    def test_rtsp(self):
        """With the parameters in the description, and without; fragments and whole units."""
        _, truck = self.scenes()
        video = self.h264(truck)
        self.assertTrue(any(len(u) > PACKET for p in video for u in p) and any(len(u) <= PACKET for p in video for u in p))
        self.assertTrue(is_key(video[0]) and not is_key(video[1]))
        for told in (True, False):
            with self.subTest(told=told):
                (self.dir / "run/device.sock").unlink(missing_ok=True)
                _, core = self.serving(video, [u for u in video[0] if u[0] & 31 in PARAMETERS] if told else [])
                core.next("status", state="online")
                self.reads(core, PLATE)
                self.dev.terminate()
                self.ends(self.dev, 0)
                core.close()

    def test_differences_alone_show_nothing(self):
        """Who joins between two key pictures has seen nothing yet: a picture made of differences alone may look like any."""
        _, truck = self.scenes()
        video = self.h264(truck)
        differences = [p for p in video if not is_key(p)]
        server, core = self.serving(differences, [u for u in video[0] if u[0] & 31 in PARAMETERS])
        deadline = time.monotonic() + WITHIN
        while server.played < 3 * RATE:
            self.assertLess(time.monotonic(), deadline, self.text_of_log())
            time.sleep(0.1)
        server.shown = video
        self.reads(core, PLATE)
        self.assertFalse([m for m in core.seen[:-1] if m["type"] == "reading"])

    def test_files(self):
        """Each as it ends and begins again; one that is cut off or empty is an error, and the device goes on."""
        _, truck = self.scenes()
        whole = {name: self.encode(truck, self.dir / name, *options) for name, options in (
            ("film.mp4", ("-c:v", "libx264", "-preset", "ultrafast")), ("film.avi", ("-c:v", "mjpeg", "-q:v", "3")), ("film.ts", ("-c:v", "libx264", "-preset", "ultrafast")))}
        for name, path in whole.items():
            with self.subTest(name=name):
                (self.dir / "run/device.sock").unlink(missing_ok=True)
                core = self.serve(f"file:{path}", trigger="always")
                core.next("status", state="online")
                self.reads(core, PLATE)
                self.dev.terminate()
                self.ends(self.dev, 0)
                core.close()
        cut, nothing = self.dir / "cut.mp4", self.dir / "nothing.mp4"
        cut.write_bytes(whole["film.mp4"].read_bytes()[:2000])
        nothing.write_bytes(b"")
        for path in (cut, nothing):
            with self.subTest(name=path.name):
                (self.dir / "run/device.sock").unlink(missing_ok=True)
                core = self.serve(f"file:{path}", trigger="always")
                core.next("status", state="offline", reason=lambda r: "no video" in r)
                self.alive()
                self.dev.terminate()
                self.ends(self.dev, 0)
                core.close()


if __name__ == "__main__":
    unittest.main()
