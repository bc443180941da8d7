"""The numbered feed, with holes, doubles, old epochs, lies about the time, and what is no record at all. Promise: what may be a missing
cancellation stops every release; what is not believed changes nothing."""
import copy
import time
import unittest

import rig
from rig import Vehicle, fresh, lodge, now_text, rules, settle, until


class Feed(rig.Case):
    def book(self):
        return self.post.collection("movements")

    def is_state(self, state, seconds=20):
        until("movements to be %s" % state, lambda: self.book()["state"] == state, seconds)

    def decision(self, plate, trailer):
        time.sleep(1.1)   # longer than the cameras' own memory of plates
        v = Vehicle(self.post, "in-1", plate, trailer).arrive()
        d = v.decided()
        v.lit(d["outcome"])
        v.led_away()
        return d

    def test_1_hole_and_refill(self):
        post = self.post
        lodge(post, fresh(post), "HO11LES", "HO12LES")
        lost = post.feed("movements", "upsert", self.other(), lose=True)
        self.is_state("gap")
        self.assertGreaterEqual(self.book()["holes"], 1)
        mark = post.chip_mark()
        d = self.decision("HO11LES", "HO12LES")
        self.assertEqual((d["outcome"], d["feed"], "CACHE_GAP" in rules(d)), ("inspect", "gap", True))
        self.assertFalse(post.was_green("in-1", mark))
        post.feed_again("movements", lost)
        settle(post)
        self.assertEqual(self.decision("HO11LES", "HO12LES")["outcome"], "release")

    def other(self):
        return {"ref": {"type": "gmr", "value": fresh(self.post)}, "version": 1, "kind": "goods", "state": "ready", "direction": "in",
                "means": [{"role": "vehicle", "plate": "NOBODY1"}], "declarations": []}

    def test_2_duplicates_and_disorder(self):
        post = self.post
        a = post.feed("movements", "upsert", self.other(), lose=True)
        b = post.feed("movements", "upsert", self.other(), lose=True)
        for e in (b, b, a, a, b):
            post.feed_again("movements", e)
        settle(post)
        self.assertEqual((self.book()["holes"], self.book()["state"]), (0, "live"))

    def test_3_a_double_with_another_body(self):
        """The first record of a number counts: a second one under the same number cannot bring a cancelled movement back."""
        post = self.post
        body = lodge(post, fresh(post), "DO11BLE", "DO12BLE")
        cancel = post.feed("movements", "cancel", {"ref": body["ref"], "version": 2})
        settle(post)
        lie = copy.deepcopy(cancel)
        lie["id"] += "x"
        lie["data"]["op"], lie["data"]["body"] = "upsert", dict(body, version=9)
        post.feed_again("movements", lie)
        settle(post)
        self.assertIn("DECL_CANCELLED", rules(self.decision("DO11BLE", "DO12BLE")))

    def test_4_refused(self):
        """What cannot be read counts as not received; the same number, corrected, closes the hole. What can at least be told by its reference is void
        alone, until it comes again under a later number."""
        post = self.post
        body = lodge(post, fresh(post), "RE11FUS", "RE12FUS")
        post.feed("movements", "upsert", dict(body, version=2, state="fine"))
        settle(post)
        self.assertIn("NO_DECLARATION", rules(self.decision("RE11FUS", "RE12FUS")))
        post.feed("movements", "upsert", dict(body, version=3))
        settle(post)
        self.assertEqual(self.decision("RE11FUS", "RE12FUS")["outcome"], "release")
        good = post.feed("movements", "upsert", self.other(), lose=True)
        rejects = self.book()["rejects"]
        bad = copy.deepcopy(good)
        bad["data"]["body"]["ref"] = "unknown"
        post.publish("feed/movements", bad)
        self.is_state("gap")
        until("a reject", lambda: self.book()["rejects"] > rejects)
        post.publish("feed/movements", b'{"specversion": "1.0", "data": {"collection"')
        post.publish("feed/movements", b"\xff\xfe\x00")
        post.publish("feed/nonsense", good)
        until("more rejects", lambda: self.book()["rejects"] >= rejects + 3)
        self.assertEqual(self.book()["state"], "gap")
        post.feed_again("movements", good)
        settle(post)

    def test_5_retained(self):
        """A retained heartbeat is as old as can be: it keeps nothing alive, nor does a retained record."""
        post = self.post
        post.heartbeats = False
        try:
            beat = post.feed("movements", "heartbeat")
            self.is_state("stale", 30)
            beat["data"]["as_of"] = now_text()
            post.publish("feed/movements", beat, retain=True)
            self.addCleanup(post.publish, "feed/movements", b"", retain=True)
            time.sleep(1.5)
            self.assertNotIn(self.book()["state"], ("live", "aged"))
        finally:
            post.heartbeats = True
        settle(post)

    def test_6_future(self):
        """A record from the future is not believed, and does not make the feed look younger than it is."""
        post = self.post
        rejects = self.book()["rejects"]
        good = post.feed("movements", "upsert", self.other(), lose=True)
        ahead = copy.deepcopy(good)
        ahead["data"]["as_of"] = now_text(3600)
        post.publish("feed/movements", ahead)
        until("a reject", lambda: self.book()["rejects"] > rejects)
        self.is_state("gap")
        post.feed_again("movements", good)
        settle(post)
        self.assertLess(self.book()["age_s"], 60)

    def test_7_epochs(self):
        """A new epoch voids what was there; the old one's records come too late then, and cannot bring it back."""
        post = self.post
        lodge(post, fresh(post), "EP11OCH", "EP12OCH")
        old = post.feed("movements", "upsert", self.other(), lose=True)
        old_epoch = post.epoch
        rejects = self.book()["rejects"]
        post.epoch += "-next"
        post.seq = dict.fromkeys(post.seq, 0)
        post.feed("movements", "upsert", self.other())
        self.is_state("gap")   # what the old epoch had cancelled is forgotten, too
        self.assertIn("CACHE_GAP", rules(self.decision("EP11OCH", "EP12OCH")))
        for collection in post.seq:
            post.snapshot(collection, "all-that-is-alive")
        settle(post)
        self.assertEqual(self.book()["epoch"], post.epoch)
        self.assertIn("NO_DECLARATION", rules(self.decision("EP11OCH", "EP12OCH")))
        post.publish("feed/movements", old)
        old["data"]["as_of"] = now_text()
        post.publish("feed/movements", old)
        until("two rejects", lambda: self.book()["rejects"] >= rejects + 2)
        settle(post)
        self.assertNotEqual(self.book()["epoch"], old_epoch)
        self.assertIn("NO_DECLARATION", rules(self.decision("EP11OCH", "EP12OCH")))

    def test_8_restart_of_the_producer(self):
        """Numbers that go back within an epoch: its books and ours differ, so nothing is released until a new epoch."""
        post = self.post
        lodge(post, fresh(post), "NB11ACK", "NB12ACK")
        kept = dict(post.seq)
        post.seq["movements"] = 0
        self.is_state("gap")
        self.assertEqual(self.decision("NB11ACK", "NB12ACK")["outcome"], "inspect")
        post.new_epoch()
        settle(post)
        self.assertGreater(kept["movements"], 0)

    def test_9_books_survive(self):
        """After a restart of greenlaned the hole is still known."""
        post, boot = self.post, self.post.boot()
        lost = post.feed("movements", "upsert", self.other(), lose=True)
        self.is_state("gap")
        post.heartbeats = False
        post.kill("greenlaned")
        until("another boot", lambda: post.boot() not in (None, boot), 40)
        until("the state of the feed", lambda: self.book()["holes"] == 1)
        self.assertNotEqual(self.book()["state"], "live")
        post.heartbeats = True
        post.feed_again("movements", lost)
        settle(post)


if __name__ == "__main__":
    unittest.main(verbosity=2)
