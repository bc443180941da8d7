"""What may happen to a reader of tags that two lanes share: gone, half-open, taken by another client, with a wrong clock, flooded, talking nonsense.
Promises: it never releases by a tag that may be old or another vehicle's, never takes a lane along, and is found again."""
import os
import signal
import socket
import time
import unittest

import rig
from rig import Vehicle, fresh, lodge, rules, until
from sensors import issue_tag

READER = "in-2.tag"
DAY_MS = 86400 * 1000


def sooner(text):
    """A reader that is silent is found out within seconds."""
    text = text.replace("{use: rfid/llrp,", "{use: rfid/llrp, silence: 4s, keepalive: 1s, timeout: 2s,")
    return text.replace("decide_within: 8s", "decide_within: 5s")


class Case(rig.Case):
    edit = staticmethod(sooner)
    made = 0

    def setUp(self):
        self.post.look()
        self.since, self.mark, self.from_chip = len(self.post.events), len(self.post.raw), self.post.chip_mark()

    # ---- the reader ----
    def reader(self, *commands):
        for command in commands:
            self.post.programs["tags"].say(command)

    def restart_reader(self, *options):
        self.stop_reader()
        self.post.start("tags", "greenlane-sim-llrp", "--listen", "127.0.0.1:%d" % self.post.ports["tags"], *options)

    def stop_reader(self):
        old = self.post.programs["tags"]
        old.stop(signal.SIGKILL)
        old.thread.join(10)
        old.p.stdout.close()

    def is_state(self, state, reason="", seconds=30):
        """Until the reader's device is told so; also when it no longer is."""
        def told():
            self.post.look()
            return [e["data"] for t, e, _ in self.post.raw[self.mark:] if t == "state/device/" + READER and e["data"]["state"] == state and
                    reason in (e["data"]["reason"] or "")]
        return until("%s to be %s: %s" % (READER, state, reason), told, seconds)[-1]

    def is_back(self, seconds=60):
        until("the reader to be back", lambda: self.post.device(READER).get("state") == "online", seconds)

    def counted(self, name, least, seconds=25):
        until("%d times %s" % (least, name), lambda: self.post.counters(READER).get(name, 0) >= least, seconds)

    @classmethod
    def new_epc(cls):
        cls.made += 1
        return "3416BD0C400000000%07X" % (os.getpid() % 4096 * 4096 + cls.made)

    def seen(self, epc, lane="in-1"):
        return [e["data"] for t, e in self.post.look()[self.since:] if t == "lane/%s/reading/tag" % lane and e["data"]["value"]["epc"] == epc]

    def reads(self, antenna=1, seconds=40):
        """Whatever was before: a tag is read. Another one each time, as a reader that is not there yet may lose it."""
        tried = []

        def read():
            tried.append(self.new_epc())
            self.reader("tag %s antenna=%d" % (tried[-1], antenna))
            time.sleep(0.5)
            return [r for epc in tried for r in self.seen(epc, "in-%d" % antenna)]
        return until("a tag to be read", read, seconds)[0]

    # ---- vehicles ----
    def tagged(self, plate):
        """A declared truck whose plate cannot be read, and its registered tag."""
        epc = self.new_epc()
        lodge(self.post, fresh(self.post), plate + "A", plate + "B")
        issue_tag(self.post, epc, plate + "A")
        return Vehicle(self.post, "in-1", "", plate + "B"), epc

    def goes_through(self, plate):
        """A truck whose plate is read, and nothing else: the lane works."""
        lodge(self.post, fresh(self.post), plate + "A", plate + "B")
        v = Vehicle(self.post, "in-1", plate + "A", plate + "B").arrive()
        d = v.decided()
        self.assertEqual(d["outcome"], "release", d)
        v.lit("release")
        v.leave()
        return d

    def released_by_tag(self, v, epc):
        d = v.decided()
        self.assertEqual((d["outcome"], d["match"]["by"]), ("release", "tag"), d)
        self.assertIn({"kind": "tag", "text": epc}, d["match"]["identifiers"])
        v.lit("release")
        return d

    def inspected(self, v, *why):
        d = v.decided()
        self.assertEqual(d["outcome"], "inspect", d)
        for rule in why:
            self.assertIn(rule, rules(d), d)
        v.lit("inspect")
        return d


class Line(Case):
    """The connection ends, or stands and says nothing; somebody else has it."""

    def test_1_dropped(self):
        self.reader("drop")
        self.is_state("offline")
        self.goes_through("DR11OP")
        self.is_back()
        self.assertFalse(self.reads()["late"])

    def test_2_closed(self):
        """It says beforehand that it closes."""
        self.reader("close")
        self.is_state("offline")
        self.is_back()
        self.reads()

    def test_3_half_open(self):
        """It stays connected and says nothing any more, not even that it is alive."""
        self.reader("mute")
        self.is_state("offline", "silent")
        self.reader("unmute")
        self.is_back()
        self.reads()

    def test_0_place_taken(self):
        """The one place for a client is held by one that is dead: told, tried again, and taken as soon as it is free."""
        pid, lines = self.post.pid(READER), self.post.programs["tags"].lines
        gone = lines.count("peer gone")
        os.kill(pid, signal.SIGSTOP)    # for a moment, so that this test is the first to call
        try:
            self.reader("drop")
            until("the reader to be free", lambda: lines.count("peer gone") > gone)
            dead = socket.create_connection(("127.0.0.1", self.post.ports["tags"]), timeout=10)
            self.addCleanup(dead.close)
            self.assertTrue(dead.recv(100))   # its greeting
        finally:
            os.kill(pid, signal.SIGCONT)
        self.post.logged("slot_taken", len(self.post.log()) // 2)
        until("it to be told", lambda: any(t == "state/device/" + READER and e["data"]["state"] != "online" and "slot" in (e["data"]["reason"] or "")
                                           for t, e, _ in self.post.look() and self.post.raw[self.mark:]))
        turned_away = lines.count("another peer is turned away")
        until("another try", lambda: lines.count("another peer is turned away") > turned_away)
        self.assertNotEqual(self.post.device(READER)["state"], "online")
        self.goes_through("TA11KN")
        dead.close()
        self.is_back()
        self.reads()

    def test_5_its_process_killed(self):
        """The reader and its process are gone; neither lane needs it, and both say so."""
        self.stop_reader()
        self.post.kill(READER)
        self.is_state("offline")
        self.assertIn("SENSOR_FAULT", rules(self.goes_through("KI11LL"), "note"))
        self.post.start("tags", "greenlane-sim-llrp", "--listen", "127.0.0.1:%d" % self.post.ports["tags"])
        self.is_back()
        self.reads()


class Nonsense(Case):
    def test_1_nonsense(self):
        """Bytes that are no messages: the connection is made anew. A report that is broken within itself costs that report alone."""
        pid = self.post.pid(READER)
        for name, command in (("a broken report", "raw 043d000000140000000200f00006ffff8d1234"), ("noise", "garbage 500"),
                              ("a cut message", "raw 043d00000014000000010f")):
            with self.subTest(what=name):
                self.reader(command)
                self.is_state("degraded" if "report" in name else "offline")
                self.reads()
                self.setUp()
        self.reader("split on")
        self.reads()
        self.reader("split off")
        self.assertEqual(self.post.pid(READER), pid)

    def test_2_message_without_end(self):
        """Its first octets say that it is long; the rest never comes, and what comes meanwhile is taken for it. Such a reader is not well."""
        self.reader("raw 043d000f000000000001")
        try:
            self.is_state("offline", seconds=25)
        finally:
            self.reader("drop")
        self.is_back()
        self.reads()


class Time(Case):
    """Readers keep what they read while nobody listened, and their clocks are wrong. What is old decides nothing; what is new does all the same."""

    def test_1_clocks(self):
        for i, (name, clock) in enumerate((("three hours fast", "10800000"), ("three hours slow", "-10800000"),
                                           ("of 1970", str(DAY_MS - int(time.time() * 1000))), ("none, it counts from its start", "uptime"))):
            with self.subTest(clock=name):
                self.setUp()
                other = self.new_epc()   # another each time: the same one again within three seconds would be held back
                issue_tag(self.post, other, "XX0%dOLD" % i)
                self.restart_reader("--clock", clock)
                self.is_state("offline")
                v, epc = self.tagged("CL%dCK" % i)
                self.is_back()
                time.sleep(5 if clock == "uptime" else 0)   # it cannot be older than the reader
                v.arrive(read="unknown")
                self.reader("old %s age=%d antenna=1" % (other, 4 if clock == "uptime" else 900), "tag %s antenna=1" % epc)
                self.released_by_tag(v, epc)
                late = until("the old read", lambda: self.seen(other))
                self.assertEqual([(r["late"], r["passage"]) for r in late], [(True, None)])
                self.assertEqual([(r["late"], r["passage"]) for r in self.seen(epc)], [(False, v.decision["passage"])])
                v.leave()

    def test_2_replayed(self):
        """After an outage old reads come in a burst, the truck's own tag of an hour ago among them."""
        self.restart_reader()
        self.is_state("offline")
        self.is_back()
        v, epc = self.tagged("RE11PL")
        self.reader("drop", "replay 300 age=3600 antenna=1", "old %s age=3000 antenna=1" % epc)
        self.is_back()
        v.arrive(read="unknown")
        self.reader("old %s age=60 antenna=1" % epc, "replay 300 age=3600 antenna=1")
        self.inspected(v, "NO_READ")
        self.assertEqual([r for r in self.seen(epc) if not r["late"] or r["passage"]], [])
        self.counted("late_read", 300)
        self.assertFalse(self.post.was_green("in-1", self.from_chip))
        v.led_away()


class Crowd(Case):
    def rss(self):
        with open("/proc/%d/status" % self.post.pid(READER), encoding="ascii") as f:
            return int(next(line for line in f if line.startswith("VmRSS")).split()[1]) * 1024

    def test_1_a_load_of_tags(self):
        """Three thousand tags around the truck's own: it is released by its own, or not at all; nobody is released by the load."""
        pid = self.post.pid(READER)
        v, epc = self.tagged("LO11AD")
        self.reads()
        before = self.rss()
        v.arrive(read="unknown")
        self.reader("tags 1500 antenna=1", "tag %s antenna=1 rssi=-40" % epc, "tags 1500 antenna=1")
        d = v.decided()
        if d["outcome"] == "release":
            self.released_by_tag(v, epc)
        else:
            self.assertIn("NO_READ", rules(d), d)
        v.led_away()
        lodge(self.post, fresh(self.post), "LO22ADA", "LO22ADB")
        w = Vehicle(self.post, "in-1", "", "LO22ADB").arrive(read="unknown")
        self.reader("tags 1000 antenna=1")
        self.inspected(w, "NO_READ")
        w.led_away()
        self.counted("crowd", 3000)
        self.assertEqual(self.post.pid(READER), pid)
        self.assertLess(self.rss() - before, 20 * 2 ** 20)
        self.is_back()


class Whose(Case):
    """One reader, an antenna for each lane."""

    def test_1_antennas(self):
        one, two, three = (self.new_epc() for _ in range(3))
        self.reader("tag %s antenna=1" % one, "tag %s antenna=2" % two, "tag %s antenna=3" % three)
        until("both lanes' tags", lambda: self.seen(one, "in-1") and self.seen(two, "in-2"))
        self.assertEqual([r for lane, epc in (("in-2", one), ("in-1", two), ("in-1", three), ("in-2", three)) for r in self.seen(epc, lane)], [])
        self.counted("antenna_unmapped", 1)
        self.reader("antenna 2 off")
        self.is_state("degraded", "antenna 2")
        self.reads(antenna=1)
        self.reader("antenna 2 on")
        self.is_back()
        self.reads(antenna=2)

    def test_2_same_tag_in_both_lanes(self):
        """Which vehicle carries it? It stands for neither, and contradicts neither."""
        post = self.post
        v, epc = self.tagged("SA11ME")
        lodge(post, fresh(post), "SA22MEA", "SA22MEB")
        w = Vehicle(post, "in-2", "SA22MEA", "SA22MEB")
        v.portal = w.portal = None
        w.arrive()
        post.loop("in-1", "entry", True)
        v.passage()
        self.reader("tag %s antenna=1" % epc, "tag %s antenna=2" % epc)
        until("the tag in both lanes", lambda: self.seen(epc, "in-1") and self.seen(epc, "in-2"))
        post.sim("in-1", "front").say("unknown")
        post.sim("in-1", "rear").say("plate SA11MEB country=GB confidence=95 direction=forward")
        post.loop("in-1", "entry", False)
        self.inspected(v, "NO_READ")
        d = w.decided()
        self.assertEqual((d["outcome"], "TAG_MISMATCH" in rules(d)), ("inspect", False), d)
        self.assertFalse(post.was_green("in-1", self.from_chip) or post.was_green("in-2", self.from_chip))


class Registry(Case):
    """What the feed says about tags, while a truck stands on the strength of one."""

    def test_1_withdrawn_under_a_release(self):
        for plate, op, more in (("WI11TH", "cancel", {}), ("WI22TH", "upsert", {"state": "withdrawn"})):
            with self.subTest(op=op):
                v, epc = self.tagged(plate)
                v.arrive(read="unknown")
                self.reader("tag %s antenna=1" % epc)
                self.released_by_tag(v, epc)
                body = {"ref": {"type": "epc", "value": epc}, "version": 2}
                if more:
                    body.update(more, role="vehicle", plate=plate + "A", country="GB")
                self.post.feed("tags", op, body)
                until("the release to be taken back", lambda: v.newest()["outcome"] == "inspect")
                self.assertIn("NO_READ", rules(v.decision), v.decision)
                v.lit("inspect")
                v.led_away()

    def test_2_gap(self):
        """A record of the registry is missing: it may be the withdrawal of a stolen tag, and the post leans on it."""
        post = self.post
        lodge(post, fresh(post), "GA11PPA", "GA11PPB")
        lost = post.feed("tags", "cancel", {"ref": {"type": "epc", "value": self.new_epc()}, "version": 2}, lose=True)
        until("tags to be gap", lambda: post.collection("tags")["state"] == "gap")
        v = Vehicle(post, "in-1", "GA11PPA", "GA11PPB").arrive()
        d = self.inspected(v, "CACHE_GAP")
        self.assertEqual(d["feed"], "gap")
        v.led_away()
        post.feed_again("tags", lost)
        self.goes_through("GA22PP")


if __name__ == "__main__":
    unittest.main(verbosity=2)
