"""Commands that come late, twice, retained, from the wrong hand, or about something else than what stands there now; and what each mode means."""
import time

import rig
from rig import Vehicle, fresh, lodge, now_text, rules, until


class Refused(rig.Case):
    def mode(self, lane="in-1"):
        return self.post.state("lane/%s/mode" % lane)["mode"]

    def event(self, name="lane-mode", client="hq", **data):
        data = dict({"lane": "in-1", "mode": "closed", "officer": {"id": "officer-7", "role": "officer"}, "expires_at": now_text(30)}, **data)
        return self.post.cloudevent("greenlane.command." + name, data, "client/" + client)

    def refused(self, why, client="hq", name="lane-mode", **data):
        answer = self.post.ask(client, name, self.event(name, client, **data))
        self.assertFalse(answer["ok"], answer)
        self.assertIn(why, answer["error"])

    def test_1_late(self):
        self.refused("expired", expires_at=now_text(-1))
        self.refused("expires_at", expires_at=None)
        self.assertEqual(self.mode(), "open")

    def test_2_retained(self):
        """Neither when it is published nor when the link comes back and the broker hands it out once more."""
        post, event = self.post, self.event()
        post.publish("command/hq/lane-mode", event, retain=True)
        self.addCleanup(post.publish, "command/hq/lane-mode", b"", retain=True)
        self.assertTrue(post.ask("hq", "lane-mode", lane="in-2", mode="open")["ok"])
        post.kill("greenlane-link")
        until("the link's return", lambda: post.boot() is None)
        until("the link's return", post.boot, 40)
        self.assertTrue(post.ask("hq", "lane-mode", lane="in-2", mode="open")["ok"])
        self.assertEqual(post.replies("hq", event["id"]), [])
        self.assertEqual(self.mode(), "open")

    def test_3_wrong_hand(self):
        self.refused("may not send", client="desk-1")
        self.refused("not configured", client="stranger")
        self.refused("self-destruct", name="self-destruct")
        self.assertEqual(self.mode(), "open")
        # Whom the payload names does not count: the topic does.
        self.refused("may not send", client="desk-1", officer={"id": "hq", "role": "authority"})

    def test_4_not_understood(self):
        post = self.post
        good = self.event()
        for name, payload in (("cut", b'{"specversion": "1.0", "id"'), ("empty", b""), ("binary", bytes(range(256))), ("huge", b'"' + b"x" * 300000),
                              ("deep", b"[" * 50000), ("another type", dict(good, type="greenlane.command.close")), ("a list", [good]),
                              ("a number for a lane", dict(good, data=dict(good["data"], lane=7))),
                              ("no such mode", dict(good, data=dict(good["data"], mode="party"))), ("no id", {k: v for k, v in good.items() if k != "id"}),
                              ("twice the same key", b'{"id":"a","id":"b"}'), ("NUL", b'{"id":"a\\u0000b"}')):
            with self.subTest(payload=name):
                post.publish("command/hq/lane-mode", payload)
                self.assertTrue(post.ask("hq", "lane-mode", lane="in-2", mode="open")["ok"])
                self.assertEqual(self.mode(), "open")

    def test_5_replayed(self):
        post, event = self.post, self.event(mode="manual")
        self.assertTrue(post.ask("hq", "lane-mode", event)["ok"])
        self.assertTrue(post.ask("hq", "lane-mode", lane="in-1", mode="open")["ok"])
        again = post.ask("hq", "lane-mode", event)
        self.assertFalse(again["ok"], again)
        self.assertIn("already taken", again["error"])
        self.assertEqual(self.mode(), "open")

    def test_6_replayed_after_a_restart(self):
        post, event, boot = self.post, self.event(mode="closed"), self.post.boot()
        self.assertTrue(post.ask("hq", "lane-mode", event)["ok"])
        self.assertTrue(post.ask("hq", "lane-mode", lane="in-1", mode="open")["ok"])
        post.kill("greenlaned")
        until("another boot", lambda: post.boot() not in (None, boot), 40)
        post.ready()
        self.assertEqual(self.mode(), "open", "the mode is kept over a restart")
        again = post.ask("hq", "lane-mode", event)
        self.assertFalse(again["ok"], "a command was done twice: before a restart, and after it")
        self.assertEqual(self.mode(), "open")

    def test_7_another_decision(self):
        """What the officer saw on the screen no longer stands."""
        post = self.post
        v = Vehicle(post, "in-1", "OL11DER").arrive()
        first = v.decided()
        seen = v.event["id"]
        self.assertTrue(post.ask("desk-1", "typed-plate", lane="in-1", passage=first["passage"], plate="OL22DER")["ok"])
        self.assertTrue(post.ask("desk-1", "override", lane="in-1", passage=first["passage"], decision=seen, outcome="inspect", level="physical",
                                 reason="look into it")["ok"])
        v.decided(2)
        late = post.ask("desk-1", "override", lane="in-1", passage=first["passage"], decision=seen, outcome="release", reason="in a hurry")
        self.assertFalse(late["ok"], late)
        for data, why in ((dict(passage="0" * 36), "not open"), (dict(lane="in-9"), "does not exist"), (dict(lane="in-2"), "not open")):
            d = dict(lane="in-1", passage=first["passage"], decision=v.event["id"], outcome="release", reason="in order")
            answer = post.ask("desk-1", "override", **dict(d, **data))
            self.assertFalse(answer["ok"])
            self.assertIn(why, answer["error"])
        for gone in ("reason", "outcome"):
            d = dict(lane="in-1", passage=first["passage"], decision=v.event["id"], outcome="release", reason="in order")
            del d[gone]
            self.assertIn(gone, post.ask("desk-1", "override", **d)["error"])
        v.lit("inspect")

    def test_8_response_topic(self):
        post = self.post
        for given, want in (("greenlane/v1/north/reply/hq/mine", "reply/hq/mine"), ("greenlane/v1/north/state/lane/in-1/signal", "reply/hq/lane-mode"),
                            ("greenlane/v1/north/reply/desk-1/x", "reply/hq/lane-mode")):
            e = self.event(lane="in-2", mode="open")
            post.publish("command/hq/lane-mode", e, response_topic=given)
            got = until("the answer", lambda e=e: [t for t, x in post.look() if t.startswith("reply/") and x["data"].get("command") == e["id"]])
            self.assertEqual(got, [want])


class Modes(rig.Case):
    def declared(self, plate):
        lodge(self.post, fresh(self.post), plate + "1", plate + "2")
        return Vehicle(self.post, "in-1", plate + "1", plate + "2")

    def set(self, mode):
        self.assertTrue(self.post.ask("hq", "lane-mode", lane="in-1", mode=mode)["ok"])
        until("the mode " + mode, lambda: self.post.state("lane/in-1/mode")["mode"] == mode)

    def test_1_closed(self):
        post, mark = self.post, self.post.chip_mark()
        self.set("closed")
        v = self.declared("CL1AA").arrive()
        d = v.decided()
        self.assertEqual((d["outcome"], "LANE_MODE" in rules(d)), ("inspect", True))
        v.lit("inspect")
        no = post.ask("desk-1", "override", lane="in-1", passage=d["passage"], decision=v.event["id"], outcome="release", reason="known to us")
        self.assertIn("closed", no["error"])
        self.assertFalse(post.was_green("in-1", mark))

    def test_2_manual(self):
        post = self.post
        self.set("manual")
        v = self.declared("MA1AA").arrive()
        d = v.decided()
        self.assertIn("LANE_MODE", rules(d))
        v.lit("inspect")
        self.assertTrue(post.ask("desk-1", "override", lane="in-1", passage=d["passage"], decision=v.event["id"], outcome="release",
                                 reason="papers seen")["ok"])
        v.lit("release")
        v.leave()

    def test_3_shadow(self):
        post = self.post
        self.set("shadow")
        until("stop", lambda: post.shows("in-1", "stop"))
        post.look()
        mark, raw = post.chip_mark(), len(post.raw)
        v = self.declared("SH1AA").arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        time.sleep(1)
        self.assertTrue(post.shows("in-1", "stop"))
        self.assertFalse(post.was_green("in-1", mark))
        self.assertEqual([e for t, e, _ in post.raw[raw:] if t == "state/lane/in-1/signal" and e["data"]["signal"] != "stop"], [])

    def test_4_closed_under_a_release(self):
        post = self.post
        for mode, plate in (("closed", "CU1AA"), ("shadow", "SU1AA"), ("manual", "MU1AA")):
            with self.subTest(mode=mode):
                v = self.declared(plate).arrive()
                v.decided()
                v.lit("release")
                self.set(mode)
                until("no green", lambda: not post.lights("in-1")["green"] and not post.lights("in-1")["barrier"])
                mark = post.chip_mark()
                if mode == "shadow":   # its decision stands, but a light that was broken off does not come back with it
                    self.set("open")
                    time.sleep(0.5)
                post.empty("in-1")
                self.assertFalse(post.was_green("in-1", mark), "the same release lit the lane twice")
                self.set("open")

    def test_5_alarm_acknowledged(self):
        post = self.post
        since = len(post.look())
        post.loop("in-2", "exit", True)
        alarm = until("the alarm", lambda: post.alarms("in-2", since))[0]
        post.loop("in-2", "exit", False)
        self.assertEqual((alarm["kind"], alarm["action"]), ("wrong_way", "raise"))
        self.assertTrue(post.ask("desk-1", "alarm-acknowledge", lane="in-2", alarm=alarm["alarm"])["ok"])
        told = until("its acknowledgement", lambda: [a for a in post.alarms("in-2", since) if a["action"] == "acknowledge"])[0]
        self.assertEqual((told["alarm"], told["by"]), (alarm["alarm"], "officer-7"))

    def test_6_ack(self):
        """Moves what is safe, never beyond what was sent, never back."""
        post = self.post

        def safe():
            return dict(post.journal("SELECT stream, safe FROM cursor")).get("lane/in-1", 0)
        until("five events", lambda: post.streams().get("lane/in-1", 0) >= 5)
        time.sleep(0.5)
        self.assertTrue(post.ask("hq", "ack", stream="lane/in-1", to=3)["ok"])
        until("the cursor", lambda: safe() == 3)
        self.assertTrue(post.ask("hq", "ack", stream="lane/in-1", to=2)["ok"])
        self.assertTrue(post.ask("hq", "ack", stream="lane/in-1", to=10 ** 12)["ok"])
        until("the cursor", lambda: safe() > 3)
        self.assertLessEqual(safe(), post.streams()["lane/in-1"])

    def test_7_replay(self):
        """The same events, the same ids, on the asker's own topic alone, marked, in order."""
        post = self.post
        v = self.declared("RP1AA").arrive()
        v.decided()
        v.lit("release")
        v.leave()
        until("every number", lambda: not post.missing(replayed=False))
        first = {int(e["sequence"]): e for _, e, _ in post.raw if e.get("stream") == "lane/in-1"}
        raw, last = len(post.raw), post.streams()["lane/in-1"]
        self.assertTrue(post.ask("hq", "replay", stream="lane/in-1", **{"from": 1})["ok"])

        def replayed():
            post.look()
            return [(t, e) for t, e, _ in post.raw[raw:] if e.get("replayed")]
        until("%d events" % last, lambda: len(replayed()) >= last)
        for topic, e in replayed():
            self.assertEqual(topic, "reply/hq/replay/lane/in-1")
            self.assertEqual(dict(e, replayed=True), dict(first[int(e["sequence"])], replayed=True))
        self.assertEqual([int(e["sequence"]) for _, e in replayed()], list(range(1, last + 1)))
        self.assertIn("may not send", post.ask("desk-1", "replay", stream="lane/in-1")["error"])

    def test_8_every_command_is_journalled(self):
        post = self.post
        post.ask("desk-1", "lane-mode", lane="in-1", mode="closed")
        n = post.journal("SELECT count(*) FROM record WHERE type LIKE '%command%' AND payload LIKE '%desk-1%lane-mode%'")
        self.assertGreaterEqual(n[0][0], 1, post.journal("SELECT type, payload FROM record ORDER BY n DESC LIMIT 3"))


if __name__ == "__main__":
    rig.main()
