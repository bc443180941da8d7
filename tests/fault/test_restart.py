"""greenlaned dies, or hangs, while a release shows. Promises: outputs fall to red by themselves; after the restart every lane shows stop, the passage
that was open is inspected, the journal is whole, no number is lost or given twice, what was reserved stays reserved."""
import os
import signal
import sqlite3
import time

import rig
from rig import Vehicle, fresh, lodge, rules, until

SILENCE = 2.0   # seconds that the outputs bear without a word from greenlaned
SLACK = 3.0     # for a slow machine


def released(post, plate, trailer):
    ref = fresh(post)
    lodge(post, ref, plate, trailer)
    v = Vehicle(post, "in-1", plate, trailer).arrive()
    assert v.decided()["outcome"] == "release", v.decision
    v.lit("release")
    return v, ref


class Killed(rig.Case):
    def test_1_killed_under_a_release(self):
        post, boot = self.post, self.post.boot()
        v, ref = released(self.post, "KI11LED", "KI12LED")
        since, mark = len(post.look()), post.chip_mark()
        at = time.monotonic()
        post.kill("greenlaned")
        until("red lines", lambda: post.shows("in-1", "stop") and post.shows("in-2", "stop"), SILENCE + SLACK)
        self.assertLess(time.monotonic() - at, SILENCE + SLACK)
        until("another boot", lambda: post.boot() not in (None, boot), 40)
        post.ready()

        d = v.decided(2, 30)
        self.assertEqual((d["outcome"], d["passage"]), ("inspect", v.decision["passage"]))
        self.assertIn("GATEWAY_RESTARTED", rules(d))
        v.lit("inspect")
        until("lane in-2 to show stop", lambda: post.shows("in-2", "stop"))
        state = [e for t, e, _ in post.raw if t == "state/gateway"][-1]
        self.assertEqual((state["data"]["state"], state["boot"]), ("online", post.boot()))
        shown = [e["data"]["signal"] for t, e in post.look()[since:] if t.startswith("state/lane/") and t.endswith("/signal")]
        self.assertNotIn("release", shown)
        self.assertFalse(post.was_green("in-1", mark), "a lamp went green again without a decision")

        state = post.journal("SELECT state, passage FROM used WHERE ref_value=?", ref)
        self.assertEqual(state, [(1, v.decision["passage"])], "the movement is no longer reserved for the passage that it released")
        v.led_away()
        w = Vehicle(post, "in-1", "KI11LED", "KI12LED").arrive()
        self.assertIn("DECL_ALREADY_USED", rules(w.decided()))
        w.led_away()

    def test_2_killed_again_and_again(self):
        """Killed at any moment, also in the middle of traffic: what is recorded stays a gapless chain."""
        post = self.post
        for i in range(2):
            boot = post.boot()
            post.loop("in-2", "entry", True)
            post.sim("in-2", "front").say("plate AG%dAIN country=GB confidence=97 direction=forward type=truck" % i)
            time.sleep(0.05 * i)
            post.kill("greenlaned")
            post.loop("in-2", "entry", False)
            until("another boot", lambda b=boot: post.boot() not in (None, b), 60)

    def test_9_nothing_lost_nothing_twice(self):
        post = self.post
        until("every number at the witness", lambda: not post.missing(replayed=False), 30)
        seen = {}
        for _, e, _ in post.raw:
            if "sequence" in e:
                seen.setdefault((e["stream"], e["sequence"]), set()).add(e["id"])
        self.assertEqual([k for k, ids in seen.items() if len(ids) > 1], [], "one number was given to two events")
        whole = post.verify()
        self.assertEqual(whole.returncode, 0, whole)
        n = post.journal("SELECT count(*), max(n), min(n) FROM record")[0]
        self.assertEqual(n[:2] + (1,), (n[1], n[1], n[2]))
        self.assertGreater(n[0], 50)


class Hanging(rig.Case):
    def test_1_greenlaned(self):
        """A greenlaned that neither works nor ends: the outputs do not wait for it."""
        post = self.post
        v, _ = released(post, "HA11NGS", "HA12NGS")
        pid = post.pid("greenlaned")
        os.kill(pid, signal.SIGSTOP)
        try:
            until("red lines", lambda: post.shows("in-1", "stop"), SILENCE + SLACK)
            mark = post.chip_mark()
            time.sleep(2.5)   # now longer than device-silence: what it knew of its devices is old
        finally:
            os.kill(pid, signal.SIGCONT)
        post.ready()
        until("the release to be superseded", lambda: post.decisions("in-1", v.since)[-1]["data"]["outcome"] == "inspect")
        self.assertFalse(post.was_green("in-1", mark), "a release came back by itself after the hang")
        v.led_away()

    def test_2_link_and_device(self):
        """A device process that hangs is offline within device-silence; a link that hangs stops no lane."""
        post = self.post
        since = len(post.look())
        pid = post.pid("in-2.front")
        os.kill(pid, signal.SIGSTOP)
        until("the camera to be offline", lambda: post.device("in-2.front").get("state") == "offline")
        os.kill(pid, signal.SIGCONT)
        post.ready()
        ref = fresh(post)
        lodge(post, ref, "LH11AAA", "LH12BBB")
        link = post.pid("greenlane-link")
        os.kill(link, signal.SIGSTOP)
        post.broker_up = False   # the witness hears nothing meanwhile
        try:
            v = Vehicle(post, "in-1", "LH11AAA", "LH12BBB").arrive()
            v.lit("release")
        finally:
            os.kill(link, signal.SIGCONT)
            post.broker_up = True
        self.assertEqual(v.decided(seconds=40)["outcome"], "release")
        post.ready()
        v.leave()
        self.assertGreater(len(post.look()), since)


class Verifies(rig.Case):
    def test_verify_can_fail(self):
        """A record changed behind the gateway's back is found."""
        post = self.post
        self.assertEqual(post.verify().returncode, 0)
        n = post.journal("SELECT min(n) FROM record WHERE payload LIKE '%presence%'")[0][0]
        self.assertEqual(post.programs["gateway"].stop(), 0)
        db = sqlite3.connect(post.path("state/journal.db"), timeout=10)
        with db:
            db.execute("UPDATE record SET payload=replace(payload, 'presence', 'presents') WHERE n=?", (n,))
        db.close()
        post.gateway_start()
        broken = post.verify()
        self.assertEqual(broken.returncode, 1, broken)
        self.assertIn('"broken_at":%d' % n, broken.stdout.replace(" ", ""))


if __name__ == "__main__":
    rig.main()
