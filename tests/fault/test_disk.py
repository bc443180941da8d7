"""The disk is full. Promises: what cannot be recorded is not shown: outputs fall to red, nothing is released; when there is room again the gateway
recovers by itself, and its journal is whole."""
import os
import subprocess
import time
import unittest

import rig
from rig import Vehicle, fresh, lodge, settle, until

SIZE = 24 * 2 ** 20


class Full(rig.Case):
    leaves_well = False

    @classmethod
    def prepare(cls, post):
        state = post.path("state")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % SIZE, "greenlane-test", state], capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest("this test needs the right to mount a small tmpfs: " + done.stderr.strip())
        cls.addClassCleanup(lambda: subprocess.run(["umount", "-l", state], check=True))

    def fill(self):
        """Takes what room there is, to the last page."""
        fd = os.open(self.post.path("state/ballast"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for size in (65536, 4096):
            try:
                while os.write(fd, b"\0" * size) > 0:
                    pass
            except OSError:
                pass
        os.close(fd)

    def empty_again(self):
        os.unlink(self.post.path("state/ballast"))

    def test_1_full_and_free_again(self):
        post, boot = self.post, self.post.boot()
        lodge(post, fresh(post), "FU11LLD", "FU12LLD")
        self.fill()
        since, mark, events = len(post.log()), post.chip_mark(), len(post.look())
        post.logged("could not be written", since, 60)   # heartbeats of the feed alone come to that
        until("red lines", lambda: all(post.shows(lane, "stop") for lane in rig.LINES), 10)
        # A vehicle in perfect order: the gateway cannot say so, for nobody could prove it later.
        post.loop("in-1", "entry", True)
        post.sim("in-1", "front").say("plate FU11LLD country=GB confidence=97 direction=forward type=truck")
        time.sleep(0.3)
        post.sim("in-1", "rear").say("plate FU12LLD country=GB confidence=95 direction=forward")
        end = time.monotonic() + 6
        while time.monotonic() < end:
            self.fill()   # what it frees in vain is taken again
            for lane in rig.LINES:
                self.assertFalse(post.was_green(lane, mark))
            time.sleep(0.2)
        self.assertEqual([e for e in post.decisions("in-1", events) if e["data"]["outcome"] == "release"], [])
        post.loop("in-1", "entry", False)

        self.empty_again()
        until("a gateway anew", lambda: post.boot() not in (None, boot), 90)
        post.wait_online(90)
        settle(post)
        self.assertFalse(post.was_green("in-1", mark))
        post.empty("in-1")
        post.trust("in-1")
        until("stop", lambda: post.shows("in-1", "stop"))
        lodge(post, fresh(post), "FR11EEE", "FR12EEE")
        v = Vehicle(post, "in-1", "FR11EEE", "FR12EEE").arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.lit("release")
        v.leave()

    def test_2_journal_whole(self):
        post = self.post
        until("every number", lambda: not post.missing(replayed=False), 40)
        self.assertEqual(post.verify().returncode, 0)

    def test_3_started_on_a_full_disk(self):
        """Nothing can be opened or made: no lane shows anything but red; it starts by itself once there is room."""
        post, boot = self.post, self.post.boot()
        self.fill()
        post.kill("greenlaned")
        mark = post.chip_mark()
        time.sleep(3)
        for lane in rig.LINES:
            self.assertTrue(post.shows(lane, "stop"))
            self.assertFalse(post.was_green(lane, mark))
        self.empty_again()
        until("a gateway anew", lambda: post.boot() not in (None, boot), 90)
        post.wait_online(90)


if __name__ == "__main__":
    unittest.main(verbosity=2)
