"""greenlane-sim-tsa from outside: what it streams follows the controller's own rules, worked out here once more from the lines alone.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_sim_tsa.py
"""

import math
import os
import pathlib
import re
import select
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
PROGRAM = BUILD / "bin/greenlane-sim-tsa"
WITHIN = 20.0
PILLARS = [(0, 1, 2, 3), (0, 1), (2, 3)]
ROUNDING = 0.06  # sigmas: backgrounds are cut to whole counts on the wire


def sigma(samples, background, group):
    counts, expected = sum(s[d] for s in samples for d in group), sum(background[d] for d in group)
    return (counts - expected) / math.sqrt(expected)


class Occupancy:
    """From the first line after idle to GX."""

    def __init__(self, lines, background):
        self.lines, self.background = lines, background
        self.gamma = [(tag, f) for tag, *f in lines if tag in ("GS", "GA")]
        self.neutron = [(tag, f) for tag, *f in lines if tag in ("NS", "NA")]
        self.speeds = [f for tag, *f in lines if tag == "SP"]
        self.end = next(f for tag, *f in lines if tag == "GX")
        self.alarms = sum(tag == "GA" for tag, _ in self.gamma)

    def sigmas(self, groups=PILLARS):
        """The highest sigma after each sample; None while the window fills."""
        counts = [f for _, f in self.gamma]
        windows = [counts[i - 4 : i + 1] if i >= 4 else None for i in range(len(counts))]
        return [w and max(sigma(w, self.background, g) for g in groups) for w in windows]

    def darkest(self):
        counts = [sum(f) for _, f in self.gamma]
        return 1 - min(sum(counts[i : i + 5]) for i in range(len(counts) - 4)) / sum(self.background)


class SimulatorTest(unittest.TestCase):
    def setUp(self):
        if not PROGRAM.exists():
            self.skipTest("greenlane-sim-tsa is not built")

    background = None  # as it was last said

    def start(self, *options, fast=50, at=("--listen", "127.0.0.1:0")):
        self.sim = subprocess.Popen(
            [PROGRAM, *at, "--fast", str(fast), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(self.finish)
        if at[0] == "--listen":
            self.port = int(self.said("listening on port").split()[-1])
            self.peer = self.connect()

    def finish(self):
        self.sim.kill()
        self.sim.wait()
        for stream in (self.sim.stdin, self.sim.stdout, self.sim.stderr):
            stream.close()

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), WITHIN)
        self.addCleanup(s.close)
        self.data = b""
        return s

    def say(self, *commands):
        self.sim.stdin.write("".join(c + "\n" for c in commands))
        self.sim.stdin.flush()

    def said(self, part):
        deadline = time.monotonic() + WITHIN
        seen = []
        while time.monotonic() < deadline:
            seen.append(self.sim.stdout.readline())
            if part in seen[-1] or not seen[-1]:
                break
        self.assertIn(part, seen[-1], seen)
        return seen[-1].strip()

    def line(self):
        while b"\r\n" not in self.data:
            more = self.peer.recv(65536)
            if not more:
                return None
            self.data += more
        line, self.data = self.data.split(b"\r\n", 1)
        if line[:3] in (b"GB,", b"GH,", b"GL,"):
            self.background = [int(x) for x in line.split(b",")[1:]]
        return line.decode()

    def lines_until(self, tag):
        lines = []
        while not lines or not lines[-1].startswith(tag + ","):
            lines.append(self.line())
            self.assertIsNotNone(lines[-1], lines[-5:])
        return lines

    def fields(self, line):
        tag, *f = line.split(",")
        return [tag, *(int(x) if x.isdigit() else x for x in f)]

    def occupancy(self):
        """The next one; its background is the last that was said before, in whatever occupancy that was."""
        lines = [self.fields(l) for l in self.lines_until("GX")]
        inside = [l for l in lines if l[0] not in ("NB", "GB", "NB1", "NC", "NX", "RW", "AC", "AB1", "AR")]
        return Occupancy(inside, self.background)

    def check_labels(self, o, limit=5.0, groups=PILLARS):
        for (tag, f), s in zip(o.gamma, o.sigmas(groups)):
            if s is None or s < limit - ROUNDING:
                self.assertEqual(tag, "GS", (f, s))
            elif s > limit + ROUNDING:
                self.assertEqual(tag, "GA", (f, s))

    # ---- the stream
    def test_idle_backgrounds(self):
        self.start("--background", "397,398,427,433")
        self.lines_until("GB")
        for _ in range(20):
            nb, gb = self.line(), self.line()
            self.assertRegex(nb, r"^NB(,\d{6}){4}$")
            self.assertRegex(gb, r"^GB(,\d{6}){4}$")
            for got, true in zip(self.fields(gb)[1:], (397, 398, 427, 433)):
                self.assertLess(abs(got - true), 6 * math.sqrt(true / 20) + 1)

    def test_an_occupancy(self):
        self.start()
        self.lines_until("GB")
        self.say("vehicle seconds=6 speed=8 shield=41")
        o = self.occupancy()
        tags = [l[0] for l in o.lines]
        self.assertEqual(tags[:9], ["SP", "NS", "GS", "GS", "GS", "GS", "GS", "GS", "GS"])
        self.assertEqual(len(o.gamma), 5 + 6 * 5 + 10)  # history, in the beam, hold-in
        rest = [t for t in tags[8:] if t not in ("SP", "GX")]
        self.assertEqual(rest, (["GS"] * 4 + ["NS"] + ["GS"]) * (len(rest) // 6) + rest[len(rest) // 6 * 6 :])
        self.assertEqual(len(o.neutron), 1 + (len(o.gamma) - 6) // 5)
        t, mph, kmh, n = o.speeds[0]
        self.assertEqual((t, mph, kmh, n), ("0.1372", "04.971", "008.00", 0))
        self.assertEqual(o.end[0], 1)
        self.assertTrue(1500 < o.end[1] < 4000 and o.end[2:] == [0, 0], o.end)
        self.assertTrue(0.33 < o.darkest() < 0.52, o.darkest())
        self.assertEqual(o.alarms, 0)
        self.assertRegex(self.said("occupancy"), r"^occupancy 1 over gamma=0 neutron=0 samples=45 sigma=\d\.\d\d$")
        self.say("vehicle seconds=0")
        self.assertEqual(len(self.occupancy().gamma), 16)

    def test_labels_follow_the_counts(self):
        self.start("--seed", "7")
        self.lines_until("GB")
        strengths = [0, 3, 4.5, 5, 5.5, 6, 8, 15, 30]
        for g in strengths:
            self.say(f"vehicle seconds=4 gamma={g} at=0.4 pillar={1 + int(g) % 2}")
        self.say("vehicle seconds=6 load=40", "vehicle seconds=6 load=3")
        seen = []
        for g in [*strengths, 40, 3]:
            seen.append(self.occupancy())
            self.check_labels(seen[-1])
        self.assertEqual(seen[0].alarms, 0)
        self.assertTrue(3 <= seen[7].alarms <= 10, seen[7].alarms)  # a point source: about a second
        self.assertGreater(seen[9].alarms, 20)  # a load: nearly the whole vehicle
        self.assertTrue(10 < max(s for s in seen[7].sigmas() if s) < 22)
        one, two = (max(sigma([f for _, f in seen[9].gamma[i : i + 5]], seen[9].background, g) for i in range(20, 30)) for g in PILLARS[1:])
        self.assertLess(abs(one - two), 0.3 * one)

    def test_other_groups_and_threshold(self):
        self.start("--sigma", "4.0", "--flags", "0100", "--seed", "3")
        self.lines_until("GB")
        for g in (3, 4, 5, 6, 10):
            self.say(f"vehicle seconds=3 gamma={g}")
        for _ in range(5):
            self.check_labels(self.occupancy(), 4.0, [(0, 2), (1, 3)])
        self.say("setup")
        dump = self.lines_until("SN2")[-5:]
        self.assertEqual(dump[0], "SG1,002000,000068,05,10,04.0,P")
        self.assertEqual(dump[1].split(",")[5], "0100")

    def test_newer_firmware_and_its_neutron_test(self):
        self.start("--firmware", "new", "--neutrons", "6.5")
        self.say("vehicle seconds=5", "vehicle seconds=8 neutron=60")
        coefficients = bounds = None
        z, undecided, alarms, checked = 0.0, 0, 0, 0
        value = None
        for line in self.lines_until("GX") + self.lines_until("GX"):
            tag, *f = line.split(",")
            if tag == "NC":
                coefficients = [float(x) for x in f]
            elif tag == "NX":
                bounds = [float(x) for x in f]
            elif tag == "NB1":
                m0 = sum(float(x) for x in f)
                n = math.floor(5 * m0)
                m1 = (n + math.ceil(4.89 * math.sqrt(n))) / 5
                self.assertAlmostEqual(coefficients[0], -(m1 - m0), 5)
                self.assertAlmostEqual(coefficients[1], math.log(m1 / m0), 5)
            elif tag == "NZ":
                value = float(f[0])
            elif tag in ("NS", "NA"):
                z += sum(int(x) for x in f) * coefficients[1] + coefficients[0]
                self.assertAlmostEqual(z, value, 4)
                self.assertEqual(tag, "NA" if z >= bounds[0] else "NS")
                alarms += tag == "NA"
                checked += 1
                undecided += 1
                if z >= bounds[0] or z <= bounds[1] or undecided == 3:
                    z, undecided = 0.0, 0
            elif tag == "GX":
                z, undecided = 0.0, 0
            elif tag == "AX":
                self.assertRegex(line, r"^AX(,\s*-?\d+\.\d{4}){5}$")
        self.assertGreater(alarms, 0)
        self.assertGreater(checked, 12)

    # ---- vehicles by hand, sources, spoilt backgrounds
    def test_enter_and_leave(self):
        self.start()
        self.say("enter speed=none", "sleep 300", "leave", "wait", "leave")
        o = self.occupancy()
        self.assertEqual(o.speeds, [])
        self.assertGreater(len(o.gamma), 40)  # 15 s of its own time
        self.said("failed: leave")

    def test_a_source_held_in(self):
        self.start()
        self.lines_until("GB")
        self.say("enter seconds=10", "sleep 40", "source gamma=12", "sleep 60", "source off", "leave")
        o = self.occupancy()
        self.assertGreater(o.alarms, 5)
        self.check_labels(o)

    def test_a_vehicle_beside_the_beam_spoils_the_background(self):
        self.start()
        before = sum(self.fields(self.lines_until("GB")[-1])[1:])
        self.say("vehicle clear-after=30")
        self.lines_until("GX")
        backgrounds = [sum(self.fields(self.lines_until("GB")[-1])[1:]) for _ in range(12)]
        self.assertLess(min(backgrounds), 0.9 * before)
        self.assertGreater(backgrounds[-1], 0.95 * before)

    # ---- faults, tampering, lies
    def test_faults(self):
        self.start()
        self.say("background high")
        self.lines_until("GH")
        self.say("background low")
        self.lines_until("GL")
        self.say("background normal", "neutrons high")
        self.lines_until("NH")
        self.say("neutrons normal", "dead 3")
        while self.fields(self.lines_until("GL")[-1])[3] != 0:
            pass
        self.say("dead none", "tamper open", "tamper closed", "line QQ,hello", "raw 5a 5a 0d 0a")
        for tag in ("TT", "TC", "QQ"):
            self.lines_until(tag)
        self.assertEqual(self.line(), "ZZ")
        self.say("sideways", "background loud", "vehicle wings=2", "dead 5")
        for part in ("unknown command: sideways", "failed: background loud", "failed: vehicle wings=2", "failed: dead 5"):
            self.said(part)

    def test_lies(self):
        self.start()
        self.lines_until("GB")
        self.say("alarm", "vehicle", "wait", "alarm neutron", "vehicle", "wait", "quiet", "vehicle gamma=30 neutron=200", "wait", "honest", "vehicle gamma=30")
        wolf, neutron, quiet, honest = (self.occupancy() for _ in range(4))
        self.assertEqual(wolf.alarms, len(wolf.gamma))
        self.assertLess(max(s for s in wolf.sigmas() if s), 5)
        self.assertEqual({tag for tag, _ in neutron.neutron}, {"NA"})
        self.assertEqual(quiet.alarms, 0)
        self.assertEqual({tag for tag, _ in quiet.neutron}, {"NS"})
        self.assertGreater(max(s for s in quiet.sigmas() if s), 10)
        self.assertGreater(honest.alarms, 0)

    def test_counter_and_reset(self):
        self.start()
        self.say("vehicle seconds=0", "vehicle seconds=0", "wait", "reset", "vehicle seconds=0 speed=garbage")
        self.assertEqual([self.occupancy().end[0] for _ in range(2)], [1, 2])
        self.assertTrue(any(l.startswith("SG3") for l in self.lines_until("SN2")))
        last = self.occupancy()
        self.assertEqual(last.end[0], 1)
        self.assertEqual({tuple(f[1:3]) for f in last.speeds}, {("99.999", "160.93")})

    # ---- the line
    def test_one_client_at_a_time(self):
        self.start()
        self.lines_until("GB")
        with socket.create_connection(("127.0.0.1", self.port), WITHIN) as second:
            for _ in range(3):
                self.lines_until("GB")
            self.assertEqual(select.select([second], [], [], 0)[0], [])  # it waits
            self.peer.close()
            second.settimeout(WITHIN)
            self.assertRegex(second.recv(100), rb"^(NB|GB),")

    def test_drop_off_on_freeze(self):
        self.start()
        self.say("vehicle seconds=20")
        self.lines_until("GS")
        self.say("drop")
        while self.line() is not None:
            pass
        self.peer = self.connect()
        joined = self.lines_until("GX")
        self.assertNotIn("NB", [l[:2] for l in joined])  # on its way: the vehicle is still in
        self.assertIn("GS", [l[:2] for l in joined])
        self.say("freeze")
        self.said("done: freeze")
        self.say("vehicle", "wait", "thaw")
        self.said("occupancy 2")
        self.said("done: thaw")
        self.assertFalse(any(l.startswith("GX,000002") for l in self.lines_until("GB")))
        self.say("off")
        self.said("done: off")
        while self.line() is not None:
            pass
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.port), WITHIN)
        self.say("on")
        self.said("listening on port")

    def test_the_end_of_input(self):
        self.start()
        self.say("vehicle seconds=2")
        self.sim.stdin.close()
        self.assertTrue(self.lines_until("GX"))  # the vehicle still passes
        self.assertEqual(self.sim.wait(WITHIN), 0, self.sim.stderr.read())

    def test_behind_a_serial_line(self):
        with tempfile.TemporaryDirectory(prefix="gl-sim-") as folder:
            link = pathlib.Path(folder, "portal")
            self.start(at=("--pty", str(link)))
            deadline = time.monotonic() + WITHIN
            while not link.is_symlink() and time.monotonic() < deadline:
                time.sleep(0.02)
            fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
            self.said("peer connected")
            data = b""
            while data.count(b"GB,") < 2:
                data += os.read(fd, 4096)
            self.assertTrue(re.search(rb"NB(,\d{6}){4}\r\nGB(,\d{6}){4}\r\n", data), data)
            os.close(fd)
            self.said("peer gone")
            self.say("off")
            self.said("done: off")
            self.assertFalse(link.is_symlink())

    def test_options_that_make_no_sense(self):
        for options in ([], ["--listen", "nowhere"], ["--listen", "127.0.0.1:0", "--flags", "12"], ["--listen", "127.0.0.1:0", "--background", "1,2,3"]):
            done = subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WITHIN, check=False)
            self.assertIn(done.returncode, (1, 2), options)
            self.assertIn("--", done.stderr)
        done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, timeout=WITHIN, check=False)
        self.assertEqual(done.returncode, 0)
        for word in ("vehicle", "tamper", "freeze", "--firmware"):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
