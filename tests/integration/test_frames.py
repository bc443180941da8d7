"""Plates from pictures: the simulated camera's video by RTSP, MJPEG, as single pictures and from files, read by greenlane-device. MODELS names the reader's
models where they are not in the build.

Run with:  BUILD=build/release /usr/bin/python3 -m unittest tests/integration/test_frames.py
"""

import os
import pathlib
import socket
import subprocess
import threading
import time
import unittest

import test_device
from test_device import BUILD, WITHIN, free_port

MODELS = pathlib.Path(os.environ.get("MODELS", BUILD / "models"))
PLATE = "AB123CD"
APPROACH = 1


@unittest.skipUnless((BUILD / "lib/greenlane/modules/anpr-frames.so").exists(), "the module of frames is not built")
class FramesTest(test_device.DeviceTest):
    # The pieces of DeviceTest, without its cases.
    for _name in [n for n in dir(test_device.DeviceTest) if n.startswith("test_")]:
        locals()[_name] = None
    del _name

    def camera(self, *more):
        self.port = free_port()
        return self.simulator("frames", "--listen", f"127.0.0.1:{self.port}", *more)

    def serve(self, at, **settings):
        more = "".join(f", {k}: {v}" for k, v in {"models": f'"{MODELS}"', "role": "vehicle", **settings}.items())
        self.configure(f'      front: {{use: anpr/frames, at: "{at}"{more}}}')
        core = self.start_core()
        self.dev = self.device("front")
        core.accept()
        return core

    def reads(self, core, text, **want):
        """The next reading of that plate; the first readings of a far one may be less sure."""
        return core.next("reading", kind="plate", text=text, **want)

    def passes(self, sim, core):
        self.say(sim, f"vehicle {PLATE[:2]}_{PLATE[2:5]}_{PLATE[5:]}")
        r = self.reads(core, PLATE, confidence=lambda c: c >= 0.8)
        self.assertEqual((r["role"], len(r["characters"]), r["candidates"][0][0]), (1, len(PLATE), PLATE))
        roles = {e["role"]: e for e in r["evidence"]}
        self.assertEqual(set(roles), {"plate", "scene"})
        for e in roles.values():
            data = (self.dir / "state/evidence" / e["ref"]).read_bytes()
            self.assertEqual((data[:2], data[-2:], e["media_type"]), (b"\xff\xd8", b"\xff\xd9", "image/jpeg"))
        return r

    def alive(self):
        self.assertIsNone(self.dev.poll(), self.text_of_log())

    # ---- the four ways
    def test_rtsp(self):
        sim = self.camera()
        core = self.serve(f"rtsp://127.0.0.1:{self.port}/")
        core.next("status", state="online")
        r = self.passes(sim, core)
        self.assertLess(abs(r["time"] / 1000 - time.time()), WITHIN)
        self.dev.terminate()
        core.next("status", state="offline", reason="its process has ended")
        self.ends(self.dev, 0)

    def test_mjpeg_and_the_way_of_driving(self):
        sim = self.camera()
        core = self.serve(f"http://127.0.0.1:{self.port}/mjpeg", direction="down", vote="4s")
        core.next("status", state="online")
        self.say(sim, "vehicle AB_123_CD drive=6000")
        self.reads(core, PLATE, direction=APPROACH)

    def test_single_pictures(self):
        sim = self.camera()
        core = self.serve(f"http://127.0.0.1:{self.port}/snapshot.jpg", trigger="always")
        core.next("status", state="online")
        self.passes(sim, core)
        states = [m["state"] for m in core.seen if m["type"] == "status"]   # the camera may be slower to begin than the device
        self.assertNotIn("offline", states[states.index("online"):])

    def test_files(self):
        sim = self.camera()
        folder = self.dir / "pictures"
        folder.mkdir()
        self.say(sim, "vehicle AB_123_CD drive=1")
        time.sleep(0.5)
        self.say(sim, f"save {folder}/one.jpg")
        deadline = time.monotonic() + WITHIN
        while not (folder / "one.jpg").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        (folder / "broken.jpg").write_bytes((folder / "one.jpg").read_bytes()[:300])
        (folder / "empty.jpg").write_bytes(b"")
        core = self.serve(f"file:{folder}", trigger="always")
        self.reads(core, PLATE)
        core.next("status", counters=lambda c: c.get("refused.picture_broken", 0) >= 1)
        self.alive()

    # ---- what is in the picture
    def test_same_vehicle_is_told_once_and_the_next_anew(self):
        sim = self.camera()
        core = self.serve(f"rtsp://127.0.0.1:{self.port}/", repeat="1h")
        core.next("status", state="online")
        self.passes(sim, core)
        time.sleep(4)
        self.say(sim, "leave")
        time.sleep(1)
        self.say(sim, "vehicle KL_845_TU")
        self.reads(core, "KL845TU")
        texts = [m["text"] for m in core.seen if m["type"] == "reading"]
        self.assertLessEqual(texts.count(PLATE), 3, texts)

    def test_region_leaves_out_the_neighbour(self):
        sim = self.camera()
        core = self.serve(f"rtsp://127.0.0.1:{self.port}/", region='"0,0,30,100"', trigger="always")
        core.next("status", state="online")
        self.say(sim, "vehicle AB_123_CD drive=1")
        core.next("status", counters=lambda c: c.get("alive", 0) >= 5)
        self.assertFalse([m for m in core.seen if m["type"] == "reading"])

    # ---- what goes wrong
    def test_stalls_and_comes_back(self):
        sim = self.camera()
        core = self.serve(f"rtsp://127.0.0.1:{self.port}/", silence="2s")
        core.next("status", state="online")
        self.say(sim, "stall")
        core.next("status", state="offline", reason=lambda r: "silent for 2 s" in r)
        self.say(sim, "resume")
        core.next("status", state="online")
        self.passes(sim, core)

    def test_cut_and_back(self):
        sim = self.camera()
        core = self.serve(f"http://127.0.0.1:{self.port}/mjpeg")
        core.next("status", state="online")
        self.say(sim, "cut")
        core.next("status", state="offline", reason=lambda r: "video" in r)
        core.next("status", state="online")
        self.passes(sim, core)

    def test_another_size(self):
        for scheme, path in (("http", "mjpeg"), ("rtsp", "")):
            with self.subTest(scheme=scheme):
                sim = self.camera()
                core = self.serve(f"{scheme}://127.0.0.1:{self.port}/{path}")
                core.next("status", state="online")
                self.say(sim, "size 640 368")
                self.say(sim, "vehicle AB_123_CD near=30")
                self.reads(core, PLATE)
                self.alive()
                self.dev.terminate()
                self.ends(self.dev, 0)
                core.close()
                (self.dir / "run/device.sock").unlink()

    def test_garbage_degrades_and_a_plate_is_read_afterwards(self):
        for scheme, path in (("http", "mjpeg"), ("rtsp", "")):
            with self.subTest(scheme=scheme):
                sim = self.camera()
                core = self.serve(f"{scheme}://127.0.0.1:{self.port}/{path}")
                core.next("status", state="online")
                self.say(sim, "stall")
                for _ in range(5):
                    self.say(sim, "garbage 20000")
                    time.sleep(0.3)
                self.say(sim, "resume")
                if scheme == "http":  # packets of RTP that are none are thrown away, and the pictures go on
                    core.next("status", state=lambda s: s in ("degraded", "offline"))
                    core.next("status", state="online")
                self.assertFalse([m for m in core.seen if m["type"] == "reading" and m["text"]])
                self.passes(sim, core)
                self.dev.terminate()
                self.ends(self.dev, 0)
                core.close()
                (self.dir / "run/device.sock").unlink()

    def test_a_picture_without_end(self):
        sim = self.camera("--rate", "50")
        core = self.serve(f"http://127.0.0.1:{self.port}/mjpeg")
        core.next("status", state="online")
        self.say(sim, "endless")
        core.next("status", state="offline")
        self.alive()
        with open(f"/proc/{self.dev.pid}/statm", encoding="ascii") as f:
            self.assertLess(int(f.read().split()[1]) * 4096, 900 * 2 ** 20)  # sanitized builds have their quarantine
        self.say(sim, "cut")
        self.say(sim, "resume")
        core.next("status", state="online")

    def test_no_video_there(self):
        sim = self.camera()
        core = self.serve(f"http://127.0.0.1:{self.port}/elsewhere")
        status = core.next("status", state="offline", reason=lambda r: "nothing at this path" in r)
        self.assertNotIn("@", status["reason"])
        del sim

    def test_a_camera_cannot_lead_elsewhere(self):
        """An answer that points at a file of this machine, or at another address, is not followed there."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(WITHIN)
            asked = []

            def answer():
                while True:
                    try:
                        peer, _ = server.accept()
                    except OSError:
                        return
                    with peer:
                        asked.append(peer.recv(4096))
                        body = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"
                        peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-mpegurl\r\n\r\n" + body)
            threading.Thread(target=answer, daemon=True).start()
            core = self.serve(f"http://127.0.0.1:{server.getsockname()[1]}/video")
            core.next("status", state="offline", reason=lambda r: "no video" in r)
            core.next("status", state="offline")
            self.alive()

    # ---- who loads what
    def test_only_this_process_loads_the_large_libraries(self):
        def libraries(pid):
            maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
            return [n for n in ("libopencv", "libavcodec", "anpr-frames") if n in maps]
        sim = self.camera()
        core = self.serve(f"rtsp://127.0.0.1:{self.port}/")
        core.next("status", state="online")
        self.assertEqual(len(libraries(self.dev.pid)), 3)
        port = free_port()
        self.configure(f'      front: {{use: anpr/isapi, at: "http-listen://127.0.0.1:{port}/e"}}')
        core.close()
        (self.dir / "run/device.sock").unlink()
        core = self.start_core()
        other = self.device("front")
        core.accept()
        core.next("status")
        self.assertEqual(libraries(other.pid), [])
        del sim

    def test_a_video_device_that_is_none(self):
        """No camera of this machine is needed to be told clearly that there is none."""
        plain = self.dir / "plain"
        plain.write_text("no device\n")
        for path, why in (("/dev/video-none", "No such file or directory"), (plain, "it is no video device"), ("/dev/null", "it is no video device")):
            with self.subTest(path=str(path)):
                (self.dir / "run/device.sock").unlink(missing_ok=True)
                core = self.serve(f"v4l2:{path}", trigger="always")
                core.next("status", state="offline", reason=lambda r: why in r)
                self.alive()
                self.dev.terminate()
                self.ends(self.dev, 0)
                core.close()

    def test_check_refuses_what_cannot_be(self):
        for at, why in (("v4l2:video0", "full path"), ("rtsp://user:pw@10.0.0.1/", "secret"), ("tcp://10.0.0.1:80", "not reached that way"),
                        ("file:", "name a picture"), ("ftp://10.0.0.1/x", "no known form")):
            with self.subTest(at=at):
                self.configure(f'      front: {{use: anpr/frames, at: "{at}"}}')
                out = subprocess.run([BUILD / "bin/greenlane", "check", self.dir / "post.yaml"], capture_output=True, text=True, check=False)
                self.assertNotEqual(out.returncode, 0)
                self.assertIn(why, out.stdout + out.stderr)


if __name__ == "__main__":
    unittest.main()
