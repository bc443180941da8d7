"""The feed while the power goes: greenlaned, loader, link and broker are killed at any moment, in the middle of snapshots and changes. Promise: what is
known in the end is what is true, and nothing is said to be live that is not."""
import os
import random
import time
import unittest

import feed_rig
from feed_rig import Gateway, Producer

ROUNDS = int(os.environ.get("GREENLANE_ROUNDS", "30"))


def until(what, check, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError("this did not happen: " + what)


@unittest.skipUnless(os.path.exists(os.path.join(feed_rig.BUILD, "bin", "greenlane-loader")), "no gateway in %s" % feed_rig.BUILD)
class Feed(unittest.TestCase):
    def setUp(self):
        self.gateway = Gateway()
        self.producer = Producer(self.gateway.port, 7)
        self.addCleanup(self.end)

    def end(self):
        self.producer.stop()
        log = self.gateway.stop()
        for word in ("Sanitizer", "runtime error"):
            self.assertNotIn(word, log)

    def settled(self):
        self.gateway.keep_running()
        m, p = self.gateway.movements(), self.producer
        calm = m["state"] == "live" and m["epoch"] == p.epoch and m["seq"] == p.seq and m["snapshot"] is None
        with p.lock:
            return calm and self.gateway.dump() == p.truth

    def rest(self, seconds=120):
        try:
            until("the gateway to know everything", self.settled, seconds)
        except AssertionError as e:
            raise AssertionError("%s\n%s\nproducer: %s %d\n%s" % (e, self.gateway.movements(), self.producer.epoch, self.producer.seq,
                                                                "\n".join(self.gateway.quarantined()[:10]))) from e
        with self.producer.lock:
            self.assertEqual(self.gateway.dump(), self.producer.truth)

    def test_1_killed_at_any_moment(self):
        chance = random.Random(11)
        for _ in range(300):
            self.producer.change("upsert")
        self.producer.snapshot()
        for i in range(ROUNDS):
            for _ in range(chance.randrange(40)):
                self.producer.change(lose=chance.random() < 0.05)
            if chance.random() < 0.5:
                self.producer.snapshot()
            if chance.random() < 0.1:
                self.producer.new_epoch()
                self.producer.snapshot()
            time.sleep(chance.random() * 0.6)
            victim = chance.choice(["greenlaned", "loader", "link", "greenlaned", "loader", "link", "broker"])
            self.gateway.kill(victim)
            self.gateway.start(victim)
            self.gateway.keep_running()
        self.rest()

    def test_2_wrong_snapshots(self):
        """A wrong digest, a missing record, an end that is never said: given up, what was known stays, and it is asked for again."""
        p = self.producer
        for _ in range(20):
            p.change("upsert")
        self.rest()
        p.answers = False
        before = self.gateway.dump()
        for spoil, reason in (("digest", "sha256"), (3, "was next")):
            p.snapshot(spoil=spoil)
            until("the reason in quarantine", lambda: any(reason in q for q in self.gateway.quarantined()))
            self.assertEqual(self.gateway.dump(), before)
        p.send("snapshot_begin", p.seq, {"snapshot": "endless", "count": 5})
        until("the snapshot to run", lambda: (self.gateway.movements()["snapshot"] or {}).get("name") == "endless")
        until("silence to end it", lambda: any("nothing more came" in q for q in self.gateway.quarantined()))
        until("the producer to be asked", lambda: p.requests and p.requests[-1]["want"] == "snapshot")
        p.answers = True
        self.rest()

    def test_3_lies(self):
        """Numbers that go back, times that lie ahead, retained messages, an epoch of yesterday: nothing of it makes anything live."""
        p = self.producer
        for _ in range(10):
            p.change("upsert")
        self.rest()
        p.answers = False
        p.send("snapshot_begin", p.seq + 5, {"snapshot": "retained", "count": 0}, retain=True)
        p.send("snapshot_begin", p.seq, {"snapshot": "ahead", "count": 0}, as_of=feed_rig.now_text(3600))
        until("the time to be refused", lambda: any("future" in q for q in self.gateway.quarantined()))
        p.send("snapshot_begin", max(p.seq - 3, 0), {"snapshot": "older", "count": 0})
        until("the number to be refused", lambda: any("older than what is here" in q for q in self.gateway.quarantined()))
        self.assertIsNone(self.gateway.movements()["snapshot"])
        self.assertEqual(self.gateway.dump(), p.truth)
        with p.lock:
            kept, p.seq = p.seq, p.seq - 4
        until("a gap", lambda: self.gateway.movements()["state"] == "gap")
        with p.lock:
            p.seq, p.answers = kept, True
        self.rest()

    def test_4_without_a_loader(self):
        p = self.producer
        for _ in range(10):
            p.change("upsert")
        self.rest()
        self.gateway.kill("loader")
        p.snapshot()
        until("the reason", lambda: any("no loader" in q or "loader is gone" in q for q in self.gateway.quarantined()))
        self.assertEqual(self.gateway.dump(), p.truth)
        self.gateway.start("loader")
        p.new_epoch()
        p.snapshot()
        self.rest()


if __name__ == "__main__":
    unittest.main(verbosity=2)
