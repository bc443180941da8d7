"""A camera that works by the loop, on a whole post: what passes by is not read, who comes onto the loop is; and when nobody can say any more how the loop
stands, whatever moves is looked at."""
import signal
import time
import unittest

import rig
from rig import until

import pictures


@unittest.skipUnless(pictures.possible(rig.BUILD), "the reader of pictures or its models are not built")
class Trigger(rig.Case):
    pictures = True
    leaves_well = False
    edit = staticmethod(lambda text: text.replace("silence: 4s, repeat: 0s}", "silence: 4s, repeat: 0s, trigger: loop}"))

    def setUp(self):
        until("every device online", self.post.all_online, 90)
        self.post.programs["front3"].say("gone")
        time.sleep(4)   # the camera looks a little longer
        self.since = len(self.post.look())

    def tearDown(self):
        self.post.programs["front3"].say("gone")
        self.post.empty("in-3")
        super().tearDown()

    def drives_up(self, plate):
        self.post.programs["front3"].say("vehicle %s_%s_%s drive=800" % (plate[:2], plate[2:5], plate[5:]))

    def read(self, plate=None):
        return [e for t, e in self.post.look()[self.since:] if t == "lane/in-3/reading/plate" and plate in (None, e["data"]["value"]["text"])]

    def frames(self):
        return self.post.counters("in-3.front").get("alive", 0)

    def is_passed_over(self):
        n = self.frames()
        until("the video to go on", lambda: self.frames() >= n + 3, 60)
        self.assertEqual(self.read(), [])

    def test_1_the_loop(self):
        with open(self.post.path("post.yaml"), encoding="utf-8") as f:
            self.assertIn("trigger: loop", f.read())
        self.drives_up("AB123CD")
        self.is_passed_over()
        self.post.loop("in-3", "entry", True)
        reading = until("the plate", lambda: self.read("AB123CD"), 40)[0]
        self.assertEqual(reading["data"]["passage"], self.post.passage_at("in-3", self.since))
        self.post.loop("in-3", "entry", False)

    def test_2_the_inputs_stand_still(self):
        self.drives_up("KL845TU")
        self.is_passed_over()
        self.post.kill("in-3.gpio", signal.SIGSTOP)
        try:
            until("the plate", lambda: self.read("KL845TU"), 60)
            self.assertEqual(self.post.device("in-3.gpio")["state"], "offline")
        finally:
            self.post.kill("in-3.gpio", signal.SIGCONT)


if __name__ == "__main__":
    unittest.main(verbosity=2)
