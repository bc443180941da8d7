"""`trigger: loop`: the test stands in for greenlaned and says whether a vehicle is in the lane; the camera's pictures are looked at only then, and whenever
nobody knows.

Run with:  BUILD=build/release /usr/bin/python3 -m unittest tests/integration/test_trigger.py
"""

import struct
import threading
import time
import unittest

import test_frames
from test_frames import PLATE

PRESENCE = 18
UNKNOWN, NO, YES = 0, 1, 2
EVERY, GOOD_FOR, AFTER = 0.2, 2.0, 3.0


def presence(present, lane="in-1"):
    until = int((time.clock_gettime(time.CLOCK_BOOTTIME) + GOOD_FOR) * 1000)
    body = struct.pack(">H", len(lane)) + lane.encode() + struct.pack(">Bq", present, until)
    return struct.pack(">HHI", PRESENCE, 0, len(body)) + body


class Teller:
    """Says the same again and again, as greenlaned does, until it is told otherwise."""

    def __init__(self, core):
        self.core, self.present, self.over = core, None, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def say(self, present):
        self.present = present
        self.once()

    def once(self):
        if self.present is not None:
            try:
                self.core.peer.send(presence(self.present))
            except OSError:
                self.over.set()

    def run(self):
        while not self.over.wait(EVERY):
            self.once()

    def close(self):
        self.over.set()
        self.thread.join()


class TriggerTest(test_frames.FramesTest):
    # The pieces of FramesTest, without its cases.
    for _name in [n for n in dir(test_frames.FramesTest) if n.startswith("test_")]:
        locals()[_name] = None
    del _name

    def configure(self, devices, outputs=""):
        super().configure(devices + "\n      entry-loop: {use: gpio, line: chip0/4}", outputs)

    def start(self, **settings):
        self.sim = self.camera()
        core = self.serve(f"rtsp://127.0.0.1:{self.port}/", trigger="loop", repeat="0s", **settings)
        core.next("status", state="online")
        teller = Teller(core)
        self.addCleanup(teller.close)
        return core, teller

    def drives_up(self):
        self.say(self.sim, "vehicle AB_123_CD drive=1000")

    def is_not_looked_at(self, core, seconds=6):
        """The video lives all the while, and nothing is read in it."""
        seen = len(core.seen)
        first = core.next("status")["counters"].get("alive", 0)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            m = core.next("status")
            self.assertEqual(m["state"], "online", m)
        core.next("status", counters=lambda c: c.get("alive", 0) >= first + 2)
        self.assertFalse([m for m in core.seen[seen:] if m["type"] == "reading"])

    def test_only_while_a_vehicle_is_in_the_lane(self):
        core, teller = self.start(silence="3s")
        teller.say(NO)
        self.drives_up()
        self.is_not_looked_at(core)
        teller.say(YES)  # it stands there, and moves no more
        self.reads(core, PLATE)
        self.say(self.sim, "gone")
        teller.say(NO)
        time.sleep(AFTER + 2.5)  # and what is still to be said of it is said
        while core.receive(time.monotonic() + 0.05):
            pass
        self.drives_up()
        self.is_not_looked_at(core)

    def test_a_little_longer(self):
        core, teller = self.start()
        teller.say(YES)
        time.sleep(1)
        teller.say(NO)
        self.drives_up()
        self.reads(core, PLATE)

    def test_nothing_was_ever_said(self):
        core, _ = self.start()
        self.drives_up()
        self.reads(core, PLATE)

    def test_nobody_knows(self):
        core, teller = self.start()
        teller.say(NO)
        self.drives_up()
        self.is_not_looked_at(core, 2)
        teller.say(UNKNOWN)
        self.reads(core, PLATE)

    def test_greenlaned_is_silent(self):
        core, teller = self.start()
        teller.say(NO)
        self.drives_up()
        self.is_not_looked_at(core, 2)
        teller.close()
        self.reads(core, PLATE)

    def test_another_lane_is_none_of_its_business(self):
        core, teller = self.start()
        teller.close()
        for _ in range(10):
            core.peer.send(presence(NO, "in-2"))
            time.sleep(0.1)
        self.drives_up()
        self.reads(core, PLATE)
        self.assertIn('presence of lane "in-2": ignored', self.text_of_log())

    def test_who_waits_for_nothing_may_be_told(self):
        """Another camera, another protocol: it is the same to them."""
        self.sim = self.camera()
        core = self.serve(f"rtsp://127.0.0.1:{self.port}/", trigger="motion")
        core.next("status", state="online")
        teller = Teller(core)
        self.addCleanup(teller.close)
        teller.say(NO)
        self.drives_up()
        self.reads(core, PLATE)


if __name__ == "__main__":
    unittest.main()
