"""How `greenlane run` begins and ends: a bad configuration starts nothing and says where it is bad; SIGTERM leaves red lights, no process, and
`offline` for who asks later; the death of the supervisor takes the gateway along."""
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest

import rig
from rig import Vehicle, fresh, lodge, until


def run(folder, name, program="greenlane"):
    args = [os.path.join(rig.BUILD, "bin", program)] + (["run"] if program == "greenlane" else []) + ["--config", name]
    return subprocess.run(args, cwd=folder, capture_output=True, text=True, timeout=30)


class BadConfiguration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.path.exists(os.path.join(rig.BUILD, "bin", "greenlane")):
            raise unittest.SkipTest("no gateway in " + rig.BUILD)
        folder = tempfile.TemporaryDirectory(prefix="gl-fault-")
        cls.addClassCleanup(folder.cleanup)
        cls.post = rig.Post(rig.BUILD, os.path.join(folder.name, "post"))
        with open(cls.post.path("post.yaml"), encoding="utf-8") as f:
            cls.good = f.read()

    def bad(self, text, told):
        """Whoever starts it: the supervisor, which asks the plugins too, or systemd, program by program."""
        self.post._file("bad.yaml", text if isinstance(text, bytes) else text.encode())
        for program in ("greenlane", "greenlaned", "greenlane-link") if told != "isapy" else ("greenlane",):
            got = run(self.post.work, "bad.yaml", program)
            self.assertEqual(got.returncode, 1, (program, got))
            self.assertRegex(got.stderr, r"bad\.yaml:\d+:\d+: ", program)
            self.assertIn(told, got.stderr, program)
        self.assertEqual(os.listdir(self.post.path("run")), [], "a socket was made")
        self.assertEqual(os.listdir(self.post.path("state")), [], "a database was made")

    def test_1_where_and_what(self):
        line = next(i for i, text in enumerate(self.good.splitlines(), 1) if "decide_within: 4s" in text)
        self.post._file("bad.yaml", self.good.replace("decide_within: 4s", "decide_within: 4").encode())
        got = run(self.post.work, "bad.yaml")
        self.assertEqual(got.returncode, 1, got)
        self.assertTrue(re.search(r"bad\.yaml:%d:\d+: .*decide_within" % line, got.stderr), got.stderr)

    def test_2_many_ways(self):
        for change, told in (((("hold: 20s", "hold: 20")), "hold"), (("mode: open", "mode: opne"), "opne"), (("direction: in", "direction: up"), "up"),
                             (("anpr/isapi", "anpr/isapy"), "isapy"), (("require-sync: false", "require-sync: no"), "no"),
                             (("post: {id: north", "post: {id: North"), "North"), (("profile: truck", "profile: lorry"), "lorry"),
                             (("    mode: open", "\tmode: open"), "bad.yaml"), (("clients:", "clients: &a"), "bad.yaml"),
                             (("random: 5%", "random: 500%"), "random")):
            with self.subTest(change=change):
                self.assertIn(change[0], self.good)
                self.bad(self.good.replace(*change, 1), told)

    def test_3_no_file(self):
        got = run(self.post.work, "absent.yaml")
        self.assertEqual(got.returncode, 1, got)
        self.assertIn("absent.yaml", got.stderr)

    def test_4_no_yaml(self):
        self.bad(self.good.encode() + b"\xff\xfe\n", "bad.yaml")
        self.bad(b"a: [" * 1000, "bad.yaml")
        self.bad(b"\0", "bad.yaml")


class Ending(rig.Case):
    leaves_well = False

    def gone(self, pids):
        def alive(pid):
            try:
                with open("/proc/%d/cmdline" % pid, "rb") as f:
                    return self.post.path("post.yaml").encode() in f.read()
            except OSError:
                return False
        return not any(alive(p) for p in pids)

    def test_1_terminated_under_a_release(self):
        post = self.post
        lodge(post, fresh(post), "TE11RMS", "TE12RMS")
        v = Vehicle(post, "in-1", "TE11RMS", "TE12RMS").arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.lit("release")
        pids, at = list(post.pids().values()), time.monotonic()
        self.assertEqual(len(pids), len(rig.DEVICES) + 3)   # and greenlaned, the link, the loader
        self.assertEqual(post.programs["gateway"].stop(), 0)
        self.assertLess(time.monotonic() - at, 8)
        self.assertTrue(self.gone(pids), "a process was left behind")
        until("red lines", lambda: all(post.shows(lane, "stop") for lane in rig.LINES))
        until("offline", lambda: post.state("gateway")["state"] == "offline")
        self.assertEqual(os.listdir(post.path("run")), [], "a socket was left behind")
        late = subprocess.run(["mosquitto_sub", "-V", "mqttv5", "-h", "127.0.0.1", "-p", str(post.ports["broker"]), "-C", "1", "-W", "10",
                               "-t", "greenlane/v1/north/state/gateway"], capture_output=True, text=True)
        self.assertIn('"state":"offline"', late.stdout.replace(" ", ""))

    def test_2_started_again(self):
        """What was open is inspected; nothing of it is released by itself."""
        post = self.post
        mark = post.chip_mark()
        post.gateway_start()
        post.ready()
        until("the inspection", lambda: post.shows("in-1", "inspect"))
        self.assertFalse(post.was_green("in-1", mark))
        post.empty("in-1")
        until("every number", lambda: not post.missing(replayed=False), 30)

    def test_3_supervisor_killed(self):
        """No half of a gateway stays behind, and no light."""
        post = self.post
        lodge(post, fresh(post), "SU11PER", "SU12PER")
        post.trust("in-1")
        v = Vehicle(post, "in-1", "SU11PER", "SU12PER").arrive()
        v.decided()
        v.lit("release")
        pids = list(post.pids().values())
        post.programs["gateway"].stop(signal.SIGKILL)
        until("the end of all", lambda: self.gone(pids), 15)
        until("red lines", lambda: all(post.shows(lane, "stop") for lane in rig.LINES))
        post.gateway_start()
        post.ready()
        post.empty("in-1")

    def test_4_two_gateways(self):
        """A second one on the same folders is refused, and does not disturb the first."""
        post = self.post
        pid = post.pid("greenlaned")
        second = subprocess.run([os.path.join(post.bin, "greenlaned"), "--config", "post.yaml"], cwd=post.work, capture_output=True, text=True,
                                timeout=30)
        self.assertEqual(second.returncode, 1, second)
        self.assertTrue("already serves" in second.stderr or "locked" in second.stderr or "in use" in second.stderr, second.stderr)
        self.assertEqual(post.pid("greenlaned"), pid)
        self.assertTrue(post.all_online())
        self.assertEqual(post.verify().returncode, 0)

    def test_5_interrupted_at_its_start(self):
        post = self.post
        self.assertEqual(post.programs["gateway"].stop(signal.SIGINT), 0)
        p = post.start("gateway", "greenlane", "run", "--config", "post.yaml")
        time.sleep(0.05)
        pids = list(post.pids().values())
        self.assertEqual(p.stop(), 0)
        self.assertTrue(self.gone(pids))
        post.gateway_start()


if __name__ == "__main__":
    unittest.main(verbosity=2)
