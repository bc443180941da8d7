"""Cameras that ask who is there: Basic and Digest, by HTTP and by RTSP, with the right password, a wrong one and none. The operator reads what is wrong, and the
password is written nowhere.

Run with:  BUILD=build/release /usr/bin/python3 tests/integration/test_frames_access.py
"""

import base64
import hashlib
import pathlib
import re
import socketserver
import threading
import time
import unittest

import test_frames
from test_device import WITHIN

USER, PASSWORD, REALM, NONCE = "gate", "p@ss:w/rd%20", "camera", "5f1c0de5"


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def answers(method, header):
    """Whether a digest is the one of our user for this request."""
    v = dict(re.findall(r'(\w+)="?([^",]*)"?', header.split(" ", 1)[1]))
    first, second = md5(f"{USER}:{REALM}:{PASSWORD}"), md5(f"{method}:{v['uri']}")
    want = md5(f"{first}:{NONCE}:{v['nc']}:{v['cnonce']}:{v['qop']}:{second}") if "qop" in v else md5(f"{first}:{NONCE}:{second}")
    return v["nonce"] == NONCE and v["response"] == want


class Camera(socketserver.ThreadingTCPServer):
    """Asks for a password; who knows it gets the picture again and again, by HTTP, or is told that there is nothing at this path, by RTSP."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, scheme, refusal, picture):
        super().__init__(("127.0.0.1", 0), Ask)
        self.scheme, self.refusal, self.picture, self.let_in = scheme, refusal, picture, 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}/video"

    def knows(self, method, header):
        if header.startswith("Basic "):
            return self.auth == "Basic" and base64.b64decode(header[6:]).decode() == f"{USER}:{PASSWORD}"
        return header.startswith("Digest ") and self.auth == "Digest" and answers(method, header)


class Ask(socketserver.StreamRequestHandler):
    def handle(self):
        with_error = (OSError, ValueError, KeyError)
        try:
            while self.one():
                pass
        except with_error:
            pass

    def one(self):
        line = self.rfile.readline(4096).decode("latin-1").split()
        headers = {}
        while (text := self.rfile.readline(4096).decode("latin-1").strip()):
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        if len(line) < 3:
            return False
        camera, rtsp = self.server, line[2].startswith("RTSP")
        head = f"{'RTSP/1.0' if rtsp else 'HTTP/1.1'} %s\r\nCSeq: {headers.get('cseq', '0')}\r\n"
        if rtsp and line[0] == "OPTIONS":
            self.wfile.write((head % "200 OK" + "Public: DESCRIBE, SETUP, PLAY\r\n\r\n").encode())
            return True
        if not camera.knows(line[0], headers.get("authorization", "")):
            ask = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5' if camera.auth == "Digest" else f'Basic realm="{REALM}"'
            ask = f"WWW-Authenticate: {ask}\r\n" if camera.refusal == "401 Unauthorized" or "authorization" not in headers else ""
            self.wfile.write((head % (camera.refusal if "authorization" in headers else "401 Unauthorized") + ask + "Content-Length: 0\r\n\r\n").encode())
            return True
        camera.let_in += 1
        if rtsp:
            self.wfile.write((head % "404 Not Found" + "\r\n").encode())
            return True
        self.wfile.write((head % "200 OK" + "Content-Type: multipart/x-mixed-replace; boundary=f\r\n\r\n").encode())
        while True:
            part = b"--f\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(camera.picture)
            self.wfile.write(part + camera.picture + b"\r\n")
            time.sleep(0.1)


class AccessTest(test_frames.FramesTest):
    for _name in [n for n in dir(test_frames.FramesTest) if n.startswith("test_")]:
        locals()[_name] = None
    del _name

    def picture(self):
        sim = self.camera()
        path = self.dir / "one.jpg"
        self.say(sim, f"save {path}")
        deadline = time.monotonic() + WITHIN
        while not path.exists() or path.read_bytes()[-2:] != b"\xff\xd9":
            self.assertLess(time.monotonic(), deadline, "no picture")
            time.sleep(0.05)
        return path.read_bytes()

    def asked(self, scheme, auth, secret, refusal="401 Unauthorized"):
        """The camera, and the gateway's side of a device that was given this secret."""
        camera = Camera(scheme, refusal, self.jpeg)
        camera.auth = auth
        self.addCleanup(camera.server_close)
        self.addCleanup(camera.shutdown)
        more = {}
        if secret is not None:
            path = self.dir / "secret"
            path.write_text(secret + "\n")
            path.chmod(0o600)
            more = {"secret": f'"{path}"'}
        with_socket = self.dir / "run/device.sock"
        with_socket.unlink(missing_ok=True)
        return camera, self.serve(camera.address, trigger="always", **more)

    def kept_secret(self):
        shown = pathlib.Path(f"/proc/{self.dev.pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{self.dev.pid}/environ").read_bytes()
        self.assertNotIn(PASSWORD.encode(), shown)
        log = self.text_of_log()
        for word in (PASSWORD, "p%40ss", base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()):
            self.assertNotIn(word, log)

    def over(self, core):
        self.dev.terminate()
        self.ends(self.dev, 0)
        core.close()

    def test_who_is_let_in(self):
        self.jpeg = self.picture()
        right, wrong = f"{USER}:{PASSWORD}", f"{USER}:{PASSWORD}x"
        refused = "user and password are not accepted, or are wanted: set `secret`"
        for scheme in ("http", "rtsp"):
            for auth in ("Basic", "Digest"):
                for secret, refusal in ((right, "401 Unauthorized"), (wrong, "401 Unauthorized"), (wrong, "403 Forbidden"), (None, "401 Unauthorized")):
                    with self.subTest(scheme=scheme, auth=auth, secret=secret, refusal=refusal):
                        camera, core = self.asked(scheme, auth, secret, refusal)
                        if secret != right:
                            core.next("status", state="offline", reason=lambda r: refused in r)
                        elif scheme == "http":
                            core.next("status", state="online")
                        else:
                            core.next("status", state="offline", reason=lambda r: "nothing at this path" in r)
                        self.assertEqual(camera.let_in > 0, secret == right)
                        self.kept_secret()
                        for m in core.seen:
                            self.assertNotIn(PASSWORD, str(m))
                        self.over(core)


if __name__ == "__main__":
    unittest.main()
