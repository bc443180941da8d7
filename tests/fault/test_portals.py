"""What may happen to a radiation portal while a truck is in it: unplugged, frozen, unwell, opened, lying, talking nonsense; its process or greenlaned
killed. Promises: who was not measured whole, alone and believably is inspected, with the reason; an alarm is never lost; afterwards all is well again."""
import csv
import hashlib
import time
import unittest

import rig
from rig import Vehicle, fresh, lodge, now_text, rules, until

FAST = 3          # the portal's own time runs so much faster; its lines are the same
LANE, RPM = "in-2", "in-2.rpm"


def shorter(text):
    """A portal that is silent is found out within seconds, and a vehicle that it missed is told sooner."""
    return text.replace("{use: radiation/tsa,", "{use: radiation/tsa, silence: 3s,").replace("decide_within: 8s", "decide_within: 5s")


class Case(rig.Case):
    edit = staticmethod(shorter)

    @classmethod
    def prepare(cls, post):
        start = post.start

        def fast(name, *args, **more):
            return start(name, *args, *(("--fast", str(FAST)) if name == "rpm2" else ()), **more)
        post.start = fast

    def setUp(self):
        self.post.look()
        self.since, self.mark, self.from_chip = len(self.post.events), len(self.post.raw), self.post.chip_mark()

    # ---- the portal ----
    def rpm(self, *commands):
        for command in commands:
            self.post.programs["rpm2"].say(command)

    def portal_empty(self):
        lines = self.post.programs["rpm2"].lines
        n = lines.count("done: wait")
        self.rpm("wait")
        until("the beam to be free", lambda: lines.count("done: wait") > n)

    def readings(self, phase, since=None):
        found = self.post.look()[self.since if since is None else since:]
        return [e["data"] for t, e in found if t == "lane/%s/reading/radiation" % LANE and e["data"]["value"]["phase"] == phase]

    def reading(self, phase, n=1, since=None):
        return until("reading %d of the portal: %s" % (n, phase), lambda: len(self.readings(phase, since)) >= n and
                     self.readings(phase, since)[n - 1])

    def alarms(self, kind, action="raise"):
        return [a for a in self.post.alarms(LANE, self.since) if (a["kind"], a["action"]) == (kind, action)]

    def alarm(self, kind, action="raise"):
        return until("the alarm %s: %s" % (kind, action), lambda: self.alarms(kind, action))[-1]

    def is_state(self, state, reason="", seconds=20):
        """Until the portal's device is told so; also when it no longer is."""
        def told():
            self.post.look()
            return [e["data"] for t, e, _ in self.post.raw[self.mark:] if t == "state/device/" + RPM and e["data"]["state"] == state and
                    reason in (e["data"]["reason"] or "")]
        return until("%s to be %s: %s" % (RPM, state, reason), told, seconds)[-1]

    # ---- vehicles ----
    def declared(self, plate):
        lodge(self.post, fresh(self.post), plate + "A", plate + "B")
        return Vehicle(self.post, LANE, plate + "A", plate + "B")

    def in_portal(self, plate, how="enter seconds=2 speed=8"):
        """A declared truck of which everything is known, and which is in the beam now."""
        v = self.declared(plate)
        v.portal = None
        v.arrive()
        self.rpm(how)
        self.reading("start", since=v.since)
        return v

    def inspected(self, v, *why, n=1, seconds=20):
        d = v.decided(n, seconds)
        self.assertEqual(d["outcome"], "inspect", d)
        for rule in why:
            self.assertIn(rule, rules(d), d)
        v.lit("inspect")
        return d

    def led_away(self, v):
        """And it was never released on its way."""
        self.assertNotIn("release", [e["data"]["outcome"] for e in self.post.decisions(LANE, v.since)])
        self.assertFalse(self.post.was_green(LANE, self.from_chip))
        self.portal_empty()
        self.post.empty(LANE)
        v.dark()

    def goes_through(self, plate):
        """The next truck is measured and released: all is well again."""
        v = self.declared(plate)
        v.arrive()
        d = v.decided(seconds=20)
        self.assertEqual((d["outcome"], rules(d)), ("release", set()), d)
        v.lit("release")
        v.leave()
        return self.readings("occupancy", v.since)[0]


class Unplugged(Case):
    """The truck is in the beam when something is pulled, restarted or killed."""

    def test_1_cable(self):
        v = self.in_portal("UN11PL")
        self.rpm("off")
        self.is_state("offline")
        self.assertEqual(self.reading("occupancy")["value"]["fault"], "interrupted")
        self.inspected(v, "RPM_FAULT")
        self.rpm("leave", "on")
        until("the portal to be back", self.post.all_online, 40)
        self.assertIn("RPM_FAULT", rules(v.newest()), "a portal that is back has not measured the truck")
        self.led_away(v)

    def test_2_dropped_and_joined(self):
        """The connection is back at once, and the truck is still in: its beginning was not seen."""
        v = self.in_portal("DR11OP")
        self.rpm("drop")
        self.reading("start", 2)
        self.rpm("leave")
        self.assertEqual([self.reading("occupancy", n)["value"]["fault"] for n in (1, 2)], ["interrupted", "joined"])
        self.inspected(v, "RPM_FAULT")
        self.led_away(v)

    def test_3_frozen(self):
        v = self.in_portal("FR11OZ")
        self.rpm("freeze")
        self.is_state("offline", "silent")
        self.inspected(v, "RPM_FAULT")
        self.rpm("leave")
        self.portal_empty()
        self.rpm("thaw")
        until("the portal to be back", self.post.all_online, 40)
        self.led_away(v)
        self.goes_through("FR22OZ")

    def test_4_controller_starts_anew(self):
        """It says its setup, counts from one again, and believes that nobody is there: the first half of the truck had no end."""
        v = self.in_portal("RE11SE")
        self.rpm("reset", "line NB,000000,000000,000000,000000", "sleep 500", "leave")
        self.assertEqual(self.reading("occupancy")["value"]["fault"], "no_end")
        self.reading("occupancy", 2)
        self.inspected(v, "RPM_FAULT")
        self.led_away(v)

    def test_5_counter_reset_between_vehicles(self):
        counters = [self.goes_through("CO11UN")["value"]["occupancy"]["counter"]]
        self.rpm("reset")
        counters.append(self.goes_through("CO22UN")["value"]["occupancy"]["counter"])
        self.assertEqual(counters[1], 1)

    def test_6_its_process_killed(self):
        v = self.in_portal("KI11LL")
        self.post.kill(RPM)
        self.is_state("offline")
        self.inspected(v, "RPM_FAULT")
        self.rpm("leave")
        until("the portal to be back", self.post.all_online, 40)
        self.assertIn("RPM_FAULT", rules(v.newest()))
        self.led_away(v)

    def test_9_greenlaned_killed_behind_an_alarm_of_nobody(self):   # the last here, as it concerns who comes within ten seconds
        """The one who caused it may be the next to come over the loop; a restart in between changes nothing about that."""
        post, boot = self.post, self.post.boot()
        v = self.declared("BE11HD")
        self.rpm("vehicle gamma=20 seconds=1 speed=8")
        self.alarm("gamma")
        self.portal_empty()
        post.kill("greenlaned")
        until("another boot", lambda: post.boot() not in (None, boot), 40)
        post.wait_online(60)
        v.since = len(post.look())
        time.sleep(2)   # the portal tells its background
        v.arrive()
        self.inspected(v, "RPM_GAMMA")
        self.led_away(v)

    def test_8_greenlaned_killed_while_a_fault_stands(self):
        """The alarm that was raised before is cleared after, when the portal is well again."""
        post, boot = self.post, self.post.boot()
        self.rpm("background high")
        raised = self.alarm("portal_fault")
        post.kill("greenlaned")
        until("another boot", lambda: post.boot() not in (None, boot), 40)
        self.is_state("degraded", "background_high")
        self.rpm("background normal")
        until("the portal to be well", post.all_online, 60)
        until("it to be cleared", lambda: raised["alarm"] in [a["alarm"] for a in self.alarms("portal_fault", "clear")])

    def test_7_greenlaned_killed_while_the_alarm_stands(self):
        post, boot = self.post, self.post.boot()
        v = self.in_portal("GA11MM", "enter gamma=20 seconds=2")
        self.inspected(v, "RPM_GAMMA")
        self.rpm("leave")
        self.reading("occupancy")
        passage = v.newest()["passage"]
        n = len(post.decisions(LANE, v.since))
        post.kill("greenlaned")
        until("another boot", lambda: post.boot() not in (None, boot), 40)
        d = self.inspected(v, "RPM_GAMMA", "GATEWAY_RESTARTED", n=n + 1, seconds=40)
        self.assertEqual((d["passage"], d["level"]), (passage, "physical"))
        post.wait_online(60)
        no = post.ask("desk-1", "override", lane=LANE, passage=passage, decision=v.event["id"], outcome="release", reason="it was restarted")
        self.assertIn("radiation officers", no["error"])
        post.empty(LANE)
        self.assertFalse(post.was_green(LANE, self.from_chip))


class Unwell(Case):
    """The portal says itself that it is not well, or lies."""

    def faulty(self, fault, begin, end):
        v = self.declared("F%dAU" % len(fault))
        self.rpm(begin)
        raised = self.alarm("portal_fault")
        self.assertEqual(raised["detail"], fault)
        self.is_state("degraded", fault)
        v.arrive()
        self.inspected(v, "RPM_FAULT")
        self.assertEqual(self.reading("occupancy")["value"]["fault"], fault)
        self.rpm(end)
        cleared = self.alarm("portal_fault", "clear")
        self.assertEqual(cleared["alarm"], raised["alarm"])
        until("the portal to be well", self.post.all_online, 30)
        self.assertIn("RPM_FAULT", rules(v.newest()))
        self.led_away(v)

    def test_1_background_high(self):
        self.faulty("background_high", "background high", "background normal")

    def test_2_background_low(self):
        self.faulty("background_low", "background low", "background normal")

    def test_3_neutrons_high(self):
        self.faulty("neutron_background_high", "neutrons high", "neutrons normal")
        self.goes_through("WE11LL")

    def test_4_opened(self):
        self.rpm("tamper open")
        raised = self.alarm("tamper")
        self.is_state("degraded", "tamper")
        v = self.declared("TA11MP").arrive()
        self.inspected(v, "RPM_FAULT")
        self.rpm("tamper closed")
        self.assertEqual(self.alarm("tamper", "clear")["alarm"], raised["alarm"])
        until("the portal to be well", self.post.all_online)
        self.assertIn("RPM_FAULT", rules(v.newest()))
        self.led_away(v)
        self.goes_through("TA22MP")

    def test_a_opened_and_its_process_killed(self):
        """Nobody has closed it since; that its process starts anew does not heal it."""
        self.rpm("tamper open")
        self.alarm("tamper")
        self.post.kill(RPM)
        self.is_state("offline")
        until("it to be heard again", lambda: self.post.device(RPM).get("state") != "offline", 40)
        time.sleep(2)   # it tells its background
        v = self.declared("TA33MP").arrive()
        try:
            self.inspected(v, "RPM_FAULT")
            self.assertEqual(self.alarms("tamper", "clear"), [], "cleared, though the portal has not said so")
        finally:
            self.rpm("tamper closed")
        self.alarm("tamper", "clear")
        self.led_away(v)

    def lie(self, plate, said, how, *why):
        self.rpm(said)
        try:
            v = self.in_portal(plate, "enter speed=8 seconds=2" + how)
            time.sleep(1)
            self.rpm("leave")
            value = self.reading("occupancy", since=v.since)["value"]
            d = self.inspected(v)
            until("the reasons", lambda: set(why) <= rules(v.newest()))
            self.assertNotEqual(d["outcome"], "release")
        finally:
            self.rpm("honest")
        self.led_away(v)
        self.assertEqual(value["fault"], "disagrees")
        return value

    def test_5_cries_wolf(self):
        """Alarms though its counts are calm: they count as alarms, and the portal is not believed."""
        value = self.lie("WO11LF", "alarm", "", "RPM_GAMMA", "RPM_FAULT")
        self.assertEqual((value["gamma_alarm"], value["gamma"]["agrees"]), (True, False))
        self.assertEqual(len(self.alarms("gamma")), 1)

    def test_6_keeps_quiet(self):
        """Its counts call for an alarm, and it says nothing."""
        value = self.lie("QU11ET", "quiet", " gamma=20", "RPM_FAULT")
        self.assertEqual((value["gamma_alarm"], value["gamma"]["agrees"]), (False, False))
        value = self.lie("QU22ET", "quiet", " neutron=80", "RPM_FAULT")
        self.assertEqual((value["neutron_alarm"], value["neutron"]["agrees"]), (False, False))
        self.goes_through("QU33ET")

    def test_7_dead_detector(self):
        self.rpm("dead 3")
        v = self.declared("DE11AD").arrive()
        self.assertIn(self.reading("occupancy")["value"]["fault"], ("counts_implausible", "background_low"))
        self.inspected(v, "RPM_FAULT")
        self.rpm("dead none", "background normal")
        self.led_away(v)
        until("the portal to be well", self.post.all_online, 30)
        self.rpm("background normal")

    def test_8_end_lost(self):
        """The line that ends the occupancy does not arrive."""
        v = self.in_portal("EN11ND")
        self.rpm("leave", "sleep 300", "freeze")
        self.portal_empty()
        self.rpm("thaw")
        self.assertEqual(self.reading("occupancy")["value"]["fault"], "no_end")
        self.inspected(v, "RPM_FAULT")
        self.led_away(v)

    def test_9_end_too_early(self):
        """An end that cannot be one: so short no vehicle is. What goes on behind it does not heal that."""
        v = self.in_portal("EA11LY", "enter seconds=2 speed=8")
        self.rpm("line GX,000099,002391,000000,000000", "sleep 500", "leave")
        self.assertEqual(self.reading("occupancy")["value"]["fault"], "no_samples")
        self.inspected(v, "RPM_FAULT")
        self.reading("occupancy", 2)
        self.assertIn("RPM_FAULT", rules(v.newest()))
        self.led_away(v)


class Nonsense(Case):
    """What no portal says, in the middle of an occupancy."""

    def test_1_unreadable(self):
        for i, (name, *commands) in enumerate((
                ("noise", "garbage 300"), ("half a line", "raw 47532c3030"), ("a huge line", "line " + "A" * 4000),
                ("an alarm that is cut", "raw 47410d0a"), ("10,000 lines", *["raw " + b"GS,,\r\n".hex() * 250] * 40))):
            with self.subTest(what=name):
                process = self.post.pid(RPM)
                v = self.in_portal("NO%dSE" % i)
                self.rpm(*commands)
                self.rpm("leave")
                value = self.reading("occupancy", since=v.since)["value"]
                self.assertEqual(value["fault"], "unreadable", value)
                self.inspected(v, "RPM_FAULT")
                self.is_state("degraded", "input refused")
                self.led_away(v)
                self.assertEqual(self.post.pid(RPM), process)
        self.assertGreaterEqual(until("the counter", lambda: self.post.counters(RPM).get("refused.line_malformed", 0) >= 10000 and
                                      self.post.counters(RPM)["refused.line_malformed"], 25), 10000)
        until("the portal to be well", self.post.all_online, 30)
        self.goes_through("NO99SE")

    def test_2_unknown_tags(self):
        """Newer firmware says more than is known here: counted, and no reason to distrust the rest."""
        before = self.post.counters(RPM).get("unknown_tag", 0)
        v = self.in_portal("UN33KN")
        self.rpm("line QZ,000001,000002", "line XY1,-0.5", "leave")
        d = v.decided()
        self.assertEqual((d["outcome"], rules(d)), ("release", set()), d)
        v.lit("release")
        v.leave()
        until("the counter", lambda: self.post.counters(RPM).get("unknown_tag", 0) >= before + 2, 25)
        self.assertEqual(self.post.device(RPM)["state"], "online")


class Whose(Case):
    """Which vehicle an occupancy and an alarm belong to."""

    def released(self):
        return [e["data"]["passage"] for e in self.post.decisions(LANE, self.since) if e["data"]["outcome"] == "release"]

    def drives_off(self):
        for on in (True, False):
            self.post.loop(LANE, "exit", on)
            time.sleep(0.3)

    def test_1_nose_to_tail(self):
        """Two trucks, one occupancy: neither was measured alone."""
        a = self.in_portal("NT11AA")
        b = self.declared("NT22BB")
        b.portal = None
        b.arrive()
        self.rpm("leave")
        self.inspected(a, "RPM_MISSED")
        a.led_away()
        d = until("the decision about the second", lambda: [e["data"] for e in self.post.decisions(LANE, b.since)
                                                            if e["data"]["passage"] != a.decision["passage"]])[-1]
        self.assertEqual((d["outcome"], "RPM_MISSED" in rules(d)), ("inspect", True), d)
        self.assertFalse(self.post.was_green(LANE, self.from_chip))

    def test_2_close_but_each_its_own(self):
        """The second comes while the first is still in the beam; then it breaks the beam itself, and the doubt is over."""
        a = self.in_portal("CL11AA")
        b = self.declared("CL22BB")
        b.portal = None
        b.arrive()
        self.rpm("leave", "wait", "vehicle seconds=2 speed=8")
        gone = []
        for v in (a, b):
            until("a release", lambda: [p for p in self.released() if p not in gone])
            gone.append([p for p in self.released() if p not in gone][0])
            v.lit("release")
            self.drives_off()
        self.assertEqual(len(set(gone)), 2)
        b.dark()

    def test_3_alarm_when_it_has_left(self):
        """The trailer came with a gap: its alarm comes when the truck has left the lane, and names the truck's passage."""
        v = self.declared("LE11FT")
        v.arrive()
        self.assertEqual(v.decided()["outcome"], "release", v.decision)
        v.lit("release")
        self.portal_empty()
        self.rpm("enter speed=8 seconds=2")
        self.reading("start", 2)
        self.drives_off()
        until("the passage to close", lambda: any(t == "lane/%s/passage" % LANE and e["data"]["state"] == "closed" for t, e in
                                                  self.post.look()[v.since:]))
        v.dark()
        self.rpm("source gamma=30")
        alarm = self.alarm("gamma")
        self.rpm("source off", "leave")
        self.portal_empty()
        self.assertEqual(alarm["passage"], v.decision["passage"])

    def test_4_alarm_of_nobody(self):   # the last here: what it leaves behind concerns who comes within ten seconds
        """No vehicle is in the lane: the alarm is the lane's, nobody is released by it, and the next one is inspected for it."""
        self.rpm("vehicle gamma=20 seconds=2 speed=8")
        self.portal_empty()
        alarm = self.alarm("gamma")
        self.assertIsNone(alarm["passage"])
        self.assertIsNone(self.reading("occupancy")["passage"])
        self.assertEqual(self.post.decisions(LANE, self.since), [])
        v = self.declared("AF11TE").arrive()
        self.inspected(v, "RPM_GAMMA")
        self.led_away(v)


class Officers(Case):
    def test_1_two_radiation_officers(self):
        """Nobody else lifts an alarm, not even the authority; nor does one of them twice."""
        post = self.post
        v = self.declared("OF11CR")
        v.portal = "gamma=20 neutron=80"
        v.arrive()
        self.inspected(v, "RPM_GAMMA")
        v.clear_portal()
        until("both alarms", lambda: {"RPM_GAMMA", "RPM_NEUTRON"} <= rules(v.newest()))
        self.assertEqual({a["passage"] for a in self.alarms("gamma") + self.alarms("neutron")}, {v.decision["passage"]})

        def answer(client, name, officer, role, outcome="release"):
            return post.ask(client, name, lane=LANE, passage=v.decision["passage"], decision=v.event["id"], outcome=outcome,
                            reason="medical isotope, certificate checked", officer={"id": officer, "role": role})
        for client, name, officer, role in (("desk-1", "override", "officer-7", "officer"), ("desk-1", "override", "rad-3", "radiation"),
                                            ("hq", "override", "chief-1", "authority"), ("desk-1", "inspection-result", "officer-7", "officer"),
                                            ("hq", "inspection-result", "chief-1", "authority")):
            with self.subTest(client=client, name=name, role=role):
                no = answer(client, name, officer, role)
                self.assertFalse(no["ok"], no)
                self.assertIn("radiation officers only", no["error"])
        no = post.ask("desk-1", "close", lane=LANE, passage=v.decision["passage"], exit="unknown")
        self.assertIn("radiation officer", no["error"])
        for _ in range(2):
            first = answer("rad-1", "override", "rad-3", "radiation")
            self.assertFalse(first["ok"], first)
            self.assertIn("a second one", first["error"])
        self.assertFalse(post.was_green(LANE, self.from_chip))
        self.assertTrue(answer("rad-1", "override", "rad-4", "radiation")["ok"])
        until("the release", lambda: v.newest()["outcome"] == "release")
        v.lit("release")
        v.leave()

    def test_2_acknowledged(self):
        """The alarm stands until an officer acknowledges it: that is no release."""
        v = self.in_portal("AC11KN", "enter gamma=20 seconds=2")
        self.inspected(v, "RPM_GAMMA")
        alarm = self.alarm("gamma")
        self.assertTrue(self.post.ask("desk-1", "alarm-acknowledge", lane=LANE, alarm=alarm["alarm"], expires_at=now_text(30))["ok"])
        until("its acknowledgement", lambda: [a for a in self.post.alarms(LANE, self.since) if a["action"] == "acknowledge" and
                                              a["alarm"] == alarm["alarm"]])
        self.rpm("leave")
        self.reading("occupancy")
        self.assertEqual(v.newest()["outcome"], "inspect")
        self.led_away(v)

    def test_9_alarm_after_an_officers_release(self):   # the last here, as before
        """What an officer lifted was not the alarm: it takes his release back, and is no longer his to lift."""
        v = self.declared("LI11FT")
        v.portal = None
        v.arrive()
        self.inspected(v, "RPM_MISSED")
        yes = self.post.ask("desk-1", "override", lane=LANE, passage=v.decision["passage"], decision=v.event["id"], outcome="release",
                            reason="measured by hand")
        self.assertTrue(yes["ok"], yes)
        v.lit("release")
        self.rpm("vehicle gamma=20 seconds=2 speed=8")
        until("the release to be taken back", lambda: v.newest()["outcome"] == "inspect" and "RPM_GAMMA" in rules(v.decision))
        v.lit("inspect")
        no = self.post.ask("desk-1", "override", lane=LANE, passage=v.decision["passage"], decision=v.event["id"], outcome="release",
                           reason="measured by hand")
        self.assertIn("radiation officers", no["error"])
        self.portal_empty()

    def test_4_neutrons_after_two_officers_release(self):
        """They lifted a gamma alarm; then the trailer comes, with neutrons."""
        v = self.declared("TR11LR")
        v.portal = "gamma=20"
        v.arrive()
        self.inspected(v, "RPM_GAMMA")
        v.clear_portal()
        v.newest()
        for officer in ("rad-3", "rad-4"):
            last = self.post.ask("rad-1", "override", lane=LANE, passage=v.decision["passage"], decision=v.event["id"], outcome="release",
                                 reason="medical isotope", officer={"id": officer, "role": "radiation"})
        self.assertTrue(last["ok"], last)
        v.lit("release")
        self.rpm("vehicle neutron=80 seconds=2 speed=8")
        until("the release to be taken back", lambda: v.newest()["outcome"] == "inspect" and "RPM_NEUTRON" in rules(v.decision))
        v.lit("inspect")
        self.portal_empty()

    def test_3_evidence(self):
        """The profile: on disk, whole, with one row for each sample."""
        reading = self.goes_through("EV11ID")
        piece = next(e for e in reading["evidence"] if e["role"] == "profile")
        with open(self.post.path("state/evidence/" + piece["ref"]), "rb") as f:
            data = f.read()
        self.assertEqual(hashlib.sha256(data).hexdigest(), piece["sha256"])
        rows = list(csv.DictReader(data.decode("ascii").splitlines()))
        for kind in ("gamma", "neutron"):
            self.assertEqual(len([r for r in rows if r["kind"] == kind]), reading["value"][kind]["samples"])
        self.assertEqual({r["kind"] for r in rows}, {"gamma", "neutron"})
        self.assertTrue(all(int(r["sum"]) == sum(int(r["d%d" % d]) for d in (1, 2, 3, 4)) for r in rows))


if __name__ == "__main__":
    unittest.main(verbosity=2)
