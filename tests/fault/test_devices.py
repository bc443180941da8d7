"""Device processes die, one after the other. Promises: the device is told offline and comes back by itself; without its camera a lane inspects;
without its loops and lights a lane shows fault; nothing that was released before is released again by itself."""
import signal
import time
import unittest

import rig
from rig import Vehicle, fresh, lodge, rules, until


class Killed(rig.Case):
    def states_since(self, device, raw):
        self.post.look()
        return [e["data"]["state"] for t, e, _ in self.post.raw[raw:] if t == "state/device/" + device]

    def test_1_each_in_turn(self):
        post = self.post
        for device in rig.DEVICES:
            with self.subTest(device=device):
                post.look()
                raw, old = len(post.raw), post.pid(device)
                post.kill(device)
                until(device + " to be told offline", lambda d=device, r=raw: "offline" in self.states_since(d, r))
                until(device + " to be back", lambda d=device: post.device(d).get("state") == "online", 40)
                self.assertNotEqual(post.pid(device), old)
                others = [d for d in rig.DEVICES if d != device and "offline" in self.states_since(d, raw)]
                self.assertEqual(others, [], "one device's death took others along")

    def test_2_gpio_under_a_release(self):
        post = self.post
        lodge(post, fresh(post), "GP11AAA", "GP12BBB")
        v = Vehicle(post, "in-1", "GP11AAA", "GP12BBB").arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.lit("release")
        post.look()
        raw = len(post.raw)
        post.kill("in-1.gpio")
        until("fault", lambda: any(t == "state/lane/in-1/signal" and e["data"]["signal"] == "fault" for t, e, _ in
                                   post.look() and post.raw[raw:]))
        until("red lines, once its process is back", lambda: not post.lights("in-1")["green"] and post.lights("in-1")["red"], 40)
        mark = post.chip_mark()
        post.ready()
        d = until("the release to be superseded", lambda: post.decisions("in-1", v.since)[-1]["data"]["outcome"] == "inspect" and
                  post.decisions("in-1", v.since)[-1]["data"])
        self.assertIn("SENSOR_FAULT", rules(d))
        v.lit("inspect")
        self.assertFalse(post.was_green("in-1", mark))
        self.assertNotIn("release", [e["data"]["signal"] for t, e, _ in post.raw[raw:] if t == "state/lane/in-1/signal"])
        self.assertEqual([e for t, e, _ in post.raw[raw:] if t == "state/lane/in-2/signal"], [], "the other lane was touched")

    def test_3_gpio_before_the_decision(self):
        """It was away while the vehicle stood there: what the loops would have said is not known, though all else is in order."""
        post = self.post
        lodge(post, fresh(post), "GQ11AAA", "GQ12BBB")
        v = Vehicle(post, "in-2", "GQ11AAA", "GQ12BBB")
        mark = post.chip_mark()
        post.loop("in-2", "entry", True)
        v.passage()
        post.sim("in-2", "front").say("plate GQ11AAA country=GB confidence=97 direction=forward type=truck")
        until("the plate", lambda: any(t == "lane/in-2/reading/plate" for t, _ in post.look()[v.since:]))
        post.kill("in-2.gpio")
        post.sim("in-2", "rear").say("plate GQ12BBB country=GB confidence=95 direction=forward")
        d = v.decided()
        self.assertEqual(d["outcome"], "inspect", d)
        self.assertIn("SENSOR_FAULT", rules(d))
        until("the loops to be back", lambda: post.device("in-2.gpio").get("state") == "online", 40)
        post.loop("in-2", "entry", False)
        time.sleep(0.5)
        self.assertFalse(post.was_green("in-2", mark))

    def test_4_chip_taken_away(self):
        """The chip itself dies and comes back: outputs are red, the lane shows fault meanwhile."""
        post = self.post
        post.look()
        raw = len(post.raw)
        post.programs["chip"].stop(signal.SIGKILL)
        for lane in rig.LINES:
            until("fault in " + lane, lambda n=lane: post.signal(n) == "fault")
        post.start("chip", "greenlane-sim-chip", "--socket", "chip.sock")
        for lane in rig.LINES:
            until("stop in " + lane, lambda n=lane: post.signal(n) == "stop", 40)
            until("red lines in " + lane, lambda n=lane: post.shows(n, "stop"))
        self.assertNotIn("release", [e["data"]["signal"] for t, e, _ in post.raw[raw:] if t.endswith("/signal")])

    def test_5_camera_and_reader_unplugged(self):
        """A camera's stream and a reader's connection end and come back: the device says so, and works again."""
        post = self.post
        post.programs["rear1"].stop(signal.SIGKILL)
        post.programs["qr1"].stop(signal.SIGKILL)
        for device in ("in-1.rear", "in-1.qr"):
            until(device + " to be offline", lambda d=device: post.device(d).get("state") == "offline")
        lodge(post, fresh(post), "UN11AAA", "UN12BBB")
        v = Vehicle(post, "in-1", "UN11AAA", "UN12BBB").arrive(trailer_read="none")
        self.assertIn("SENSOR_FAULT", rules(v.decided()))
        v.lit("inspect")
        v.led_away()
        post.start("rear1", "greenlane-sim-isapi", "--serve", "127.0.0.1:%d" % post.ports["rear1"], "--user", "gate", "--password", "demo-only",
                   "--heartbeat", "1")
        post.start("qr1", "greenlane-sim-line", "--listen", "127.0.0.1:%d" % post.ports["qr1"])
        post.ready()
        time.sleep(1.1)   # longer than the camera's own memory of plates
        w = Vehicle(post, "in-1", "UN11AAA", "UN12BBB").arrive()
        self.assertEqual(w.decided()["outcome"], "release", w.decision)
        w.lit("release")
        w.leave()


if __name__ == "__main__":
    unittest.main(verbosity=2)
