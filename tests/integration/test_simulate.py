"""`greenlane simulate` from outside: stories of single vehicles, in simulated time. They read as the specification of the deciding core.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_simulate.py
"""

import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
GREENLANE = BUILD / "bin/greenlane"
START = datetime.datetime(2026, 11, 23, 11, 0, 0, tzinfo=datetime.timezone.utc)

CONFIG = """
post: {id: north, timezone: Europe/Tallinn}
mqtt: {url: "mqtt://127.0.0.1:1883"}
feed: {source: mqtt, collections: [movements, declarations], live: 120s, soft: 5m, hard: 30m, down: 24h}
profiles:
  truck:
    mode: open
    classes: {truck: declared, car: desk}
    require: [plate, trailer, declaration]
    decide_within: 12s
    release: {hold: 30s, ends: exit-loop}
    tailgate_within: 10s
    random: RANDOM
lanes:
  in-1:
    profile: truck
    direction: in
    devices:
      entry-loop: {use: gpio, line: chip0/4}
      front: {use: anpr/isapi, at: 10.0.1.11, role: vehicle}
      rear: {use: anpr/isapi, at: 10.0.1.12, role: trailer, after: 2s..25s}
      qr: {use: code/line, at: /dev/qr1, required: false}
      exit-loop: {use: gpio, line: chip0/5}
    outputs: {red: chip0/8, green: chip0/9}
clients:
  desk-1: {role: officer, commands: [override, typed-plate, inspection-result, lane-mode, close]}
  customs: {role: authority, commands: [override]}
"""

GMR, OTHER_GMR, MRN = "GMRA12345678", "GMRB87654321", "26EE1234567890ABJ3"
TRUCK, TRAILER = "123ABC", "456DE"


def movement(ref=GMR, version=1, **more):
    body = {
        "ref": {"type": "gmr", "value": ref},
        "version": version,
        "kind": "goods",
        "state": "ready",
        "channel": "release",
        "direction": "in",
        "means": [{"role": "vehicle", "plate": TRUCK, "country": "EE"}, {"role": "trailer", "plate": TRAILER, "country": "EE"}],
        "declarations": [{"type": "mrn", "value": MRN}],
    }
    body.update(more)
    return body


def declaration(version=1, **more):
    return {"ref": {"type": "mrn", "value": MRN}, "version": version, "state": "released", **more}


class Story:
    """Events at seconds from START, in any order of telling."""

    def __init__(self):
        self.events = []
        self.seq = {"movements": 0, "declarations": 0}

    @staticmethod
    def time(at):
        return (START + datetime.timedelta(seconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def add(self, at, type_, data, subject=None):
        event = {"time": self.time(at), "type": "greenlane." + type_, "data": data}
        if subject:
            event["subject"] = subject
        self.events.append((at, len(self.events), event))
        return self

    def feed(self, at, collection, op, body=None, seq=None):
        if seq is None and op != "heartbeat":
            self.seq[collection] += 1
            seq = self.seq[collection]
        data = {"collection": collection, "epoch": "e1", "seq": seq, "op": op, "as_of": self.time(at)}
        if body:
            data["body"] = body
        return self.add(at, "feed." + collection, data)

    def heartbeats(self, first, last, every=30):
        for at in range(first, last + 1, every):
            for collection in self.seq:
                self.feed(at, collection, "heartbeat")
        return self

    def lodged(self, at=-60, last=300, movements=None, declarations=None):
        """What a healthy feed says before the vehicle comes, and its heartbeats."""
        for body in movements if movements is not None else [movement()]:
            self.feed(at, "movements", "upsert", body)
        for body in declarations if declarations is not None else [declaration()]:
            self.feed(at, "declarations", "upsert", body)
        return self.heartbeats(at + 1, last)

    def loop(self, at, zone, occupied):
        return self.add(at, "reading.presence", {"value": {"zone": zone, "occupied": occupied}}, f"device/in-1.{zone}-loop")

    def plate(self, at, text, device="front", confidence=0.97, **more):
        return self.add(at, "reading.plate", {"value": {"text": text}, "confidence": confidence, **more}, f"device/in-1.{device}")

    def qr(self, at, value, type_="gmr"):
        value = {"symbology": "]Q1", "text": value, "reference": {"type": type_, "value": value}}
        return self.add(at, "reading.code", {"value": value}, "device/in-1.qr")

    def device(self, at, device, state, reason=""):
        return self.add(at, "state.device", {"state": state, "reason": reason}, f"device/{device}")

    def arrives(self, at=0, truck=TRUCK, trailer=TRAILER):
        self.loop(at, "entry", True).plate(at + 1, truck).loop(at + 5, "entry", False)
        return self.plate(at + 6, trailer, "rear") if trailer else self

    def leaves(self, at):
        return self.loop(at, "exit", True).loop(at + 3, "exit", False)

    def command(self, at, client, name, **data):
        return self.add(at, "command." + name, data, "client/" + client)

    def lines(self):
        """In order of time; a heartbeat tells the last number sent before it."""
        told, sent = [], {}
        for _, _, event in sorted(self.events, key=lambda e: e[:2]):
            data = event["data"]
            if event["type"].startswith("greenlane.feed."):
                if data["seq"] is None:
                    event = {**event, "data": {**data, "seq": sent.get(data["collection"], 0)}}
                else:
                    sent[data["collection"]] = data["seq"]
            told.append(json.dumps(event) + "\n")
        return "".join(told)


class Simulation:
    def __init__(self, text, random="0%", arguments=()):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "post.yaml"
            config.write_text(CONFIG.replace("RANDOM", random))
            done = subprocess.run([GREENLANE, "simulate", "--config", config, *arguments], input=text, capture_output=True, text=True, timeout=60)
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.events = [json.loads(line) for line in self.out.splitlines()]

    def of(self, type_):
        return [e for e in self.events if e["type"] == "greenlane." + type_]

    def data(self, type_):
        return [e["data"] for e in self.of(type_)]

    def signals(self):
        return [s["signal"] for s in self.data("state.signal")]


def obstacles(decision):
    return {r["rule"]: r["result"] for r in decision["rules"] if r["result"] in ("fail", "unknown")}


class SimulateTest(unittest.TestCase):
    maxDiff = None

    def run_story(self, story, **how):
        s = Simulation(story.lines(), **how)
        self.assertEqual(s.status, 0, s.err)
        return s

    def first(self, s, outcome, level=None, **rules):
        """The first decision, and that exactly these rules failed. Where waiting cannot help it comes before everything is known."""
        self.assertTrue(s.of("decision"), "nothing was decided")
        d = s.data("decision")[0]
        self.assertEqual((d["outcome"], d["level"]), (outcome, level))
        found = {rule: result for rule, result in obstacles(d).items() if result == "fail" or rule in rules}
        self.assertEqual(found, rules)
        if outcome == "release":
            self.assertEqual(obstacles(d), {})
        return d

    # ---- release ----

    def test_all_is_well(self):
        s = self.run_story(Story().lodged().arrives().leaves(20))
        d = self.first(s, "release")
        self.assertEqual(len(s.of("decision")), 1)
        self.assertEqual(d["match"]["movements"], [{"type": "gmr", "value": GMR}])
        self.assertEqual(d["match"]["declarations"], [{"type": "mrn", "value": MRN}])
        self.assertEqual((d["match"]["by"], d["feed"]), ("exact", "live"))
        self.assertEqual(s.signals(), ["stop", "release", "stop"])
        last = s.data("passage")[-1]
        self.assertEqual((last["state"], last["exit"], last["known"]["plate"], last["known"]["trailer"]), ("closed", "confirmed", TRUCK, TRAILER))
        self.assertEqual(s.of("alarm"), [])

    def test_the_release_waits_for_the_trailer(self):
        s = self.run_story(Story().lodged().arrives())
        self.assertEqual(s.of("decision")[0]["time"], Story.time(6))
        self.assertEqual(s.data("state.signal")[1]["until"], Story.time(36))

    def test_every_alphabet_is_one_plate(self):
        s = self.run_story(Story().lodged().arrives(truck="123 АВС", trailer="456-de").leaves(20))
        self.first(s, "release")

    def test_a_document_stands_in_for_an_unreadable_plate(self):
        s = self.run_story(Story().lodged().arrives(truck=None).qr(8, GMR).leaves(20))
        d = self.first(s, "release")
        self.assertEqual(d["match"]["by"], "reference")
        self.assertEqual([r["result"] for r in d["rules"] if r["rule"] == "NO_READ"], ["note"])

    # ---- what was lodged ----

    def test_nothing_lodged(self):
        s = self.run_story(Story().lodged(movements=[], declarations=[]).arrives())
        self.first(s, "inspect", "desk", NO_DECLARATION="fail")
        self.assertEqual(s.of("decision")[0]["time"], Story.time(12), "whatever may still come has its time")
        self.assertEqual(s.signals(), ["stop", "inspect"])

    def test_lodged_while_it_waits(self):
        story = Story().lodged(movements=[]).arrives()
        s = self.run_story(story.feed(9, "movements", "upsert", movement()))
        self.first(s, "release")
        self.assertEqual(s.of("decision")[0]["time"], Story.time(9))

    def test_cancelled(self):
        story = Story().lodged().arrives()
        s = self.run_story(story.feed(-30, "movements", "cancel", {"ref": {"type": "gmr", "value": GMR}, "version": 2}))
        d = self.first(s, "inspect", "desk", DECL_CANCELLED="fail")
        self.assertIn(GMR, [r["declaration"] for r in d["rules"] if r["rule"] == "DECL_CANCELLED"])

    def test_cancelled_while_the_light_is_green(self):
        story = Story().lodged().arrives()
        s = self.run_story(story.feed(10, "movements", "cancel", {"ref": {"type": "gmr", "value": GMR}, "version": 2}))
        first, second = s.of("decision")
        self.assertEqual((first["data"]["outcome"], second["data"]["outcome"]), ("release", "inspect"))
        self.assertEqual(second["data"]["supersedes"], first["id"])
        self.assertEqual(s.signals(), ["stop", "release", "inspect"])

    def test_a_cancelled_declaration_is_enough(self):
        s = self.run_story(Story().lodged(declarations=[declaration(state="cancelled")]).arrives())
        self.first(s, "inspect", "desk", DECL_CANCELLED="fail")

    def test_a_listed_declaration_is_missing(self):
        s = self.run_story(Story().lodged(declarations=[]).arrives())
        self.first(s, "inspect", "desk", DECL_MISSING="fail")

    def test_not_released_by_its_office(self):
        s = self.run_story(Story().lodged(declarations=[declaration(state="under_control")]).arrives())
        self.first(s, "inspect", "desk", DECL_NOT_RELEASED="fail")

    def test_over_its_time(self):
        s = self.run_story(Story().lodged(movements=[movement(valid_to=Story.time(-3600))]).arrives())
        self.first(s, "inspect", "desk", DECL_EXPIRED="fail")

    def test_two_movements_fit(self):
        s = self.run_story(Story().lodged(movements=[movement(), movement(OTHER_GMR)]).arrives())
        self.first(s, "inspect", "desk", AMBIGUOUS_MATCH="fail")

    def test_a_document_tells_which(self):
        s = self.run_story(Story().lodged(movements=[movement(), movement(OTHER_GMR)]).arrives().qr(8, OTHER_GMR))
        d = self.first(s, "release")
        self.assertEqual(d["match"]["movements"], [{"type": "gmr", "value": OTHER_GMR}])

    def test_the_document_of_another_vehicle(self):
        s = self.run_story(Story().lodged().arrives(truck="999XYZ").qr(8, GMR))
        self.first(s, "inspect", "desk", PLATE_MISMATCH="fail")

    def test_the_other_direction(self):
        s = self.run_story(Story().lodged(movements=[movement(direction="out")]).arrives())
        self.first(s, "inspect", "desk", WRONG_DIRECTION="fail")

    def test_used_before(self):
        s = self.run_story(Story().lodged().arrives().leaves(20).arrives(60))
        second = s.data("decision")[-1]
        self.assertEqual(len(s.of("decision")), 2)
        self.assertEqual((second["outcome"], obstacles(second)["DECL_ALREADY_USED"]), ("inspect", "fail"))
        self.assertEqual(s.signals(), ["stop", "release", "stop", "inspect"])

    def test_backed_out_may_come_again(self):
        story = Story().lodged().arrives()
        story.plate(20, TRUCK, value={"text": TRUCK, "direction": "leave"}).loop(21, "entry", True).loop(24, "entry", False).arrives(60)
        s = self.run_story(story)
        self.assertEqual([p["exit"] for p in s.data("passage") if p["state"] == "closed"], ["backed_out"])
        turned = s.data("decision")[0]["passage"]
        again = [d["outcome"] for d in s.data("decision") if d["passage"] != turned]
        self.assertEqual(again[:1], ["release"], "what was reserved for it is free again")
        green = [e["data"]["signal"] for e in s.of("state.signal") if Story.time(20) <= e["time"] < Story.time(60)]
        self.assertNotIn("release", green, "the light goes out as soon as it turns back")
        self.assertTrue(green)

    # ---- what the authority wants ----

    def test_the_authority_wants_to_look(self):
        s = self.run_story(Story().lodged(movements=[movement(channel="physical")]).arrives())
        self.first(s, "inspect", "physical", AUTHORITY_CONTROL="fail")

    def test_the_authority_refuses(self):
        s = self.run_story(Story().lodged(movements=[movement(channel="refuse")]).arrives())
        self.first(s, "inspect", "refuse", ENTRY_DENIED="fail")

    def test_the_authority_has_not_decided(self):
        s = self.run_story(Story().lodged(movements=[movement(channel=None)]).arrives())
        self.first(s, "inspect", "desk", DECISION_PENDING="unknown")

    def test_random_control(self):
        s = self.run_story(Story().lodged().arrives(), random="100%")
        self.first(s, "inspect", "physical", RANDOM="fail")

    def test_the_key_draws(self):
        story, keys = Story().lodged().arrives(), [f"{k:064x}" for k in range(12)]
        drawn = [self.run_story(story, random="50%", arguments=["--key", k]).data("decision")[0]["outcome"] for k in keys]
        again = [self.run_story(story, random="50%", arguments=["--key", k]).data("decision")[0]["outcome"] for k in keys[:3]]
        self.assertEqual(set(drawn), {"release", "inspect"})
        self.assertEqual(drawn[:3], again)

    # ---- trailers ----

    def test_another_trailer(self):
        s = self.run_story(Story().lodged().arrives(trailer="777XX"))
        self.first(s, "inspect", "physical", TRAILER_MISMATCH="fail")

    def test_no_trailer_where_one_is_declared(self):
        s = self.run_story(Story().lodged().arrives(trailer=None))
        d = self.first(s, "inspect", "desk", TRAILER_MISSING="fail")
        self.assertIn(TRAILER, [r["detail"] for r in d["rules"] if r["rule"] == "TRAILER_MISSING"][0])

    def test_a_trailer_that_nobody_declared(self):
        alone = movement(means=[{"role": "vehicle", "plate": TRUCK}])
        s = self.run_story(Story().lodged(movements=[alone]).arrives())
        self.first(s, "inspect", "desk", TRAILER_EXTRA="fail")

    # ---- the feed ----

    def test_a_hole_in_the_feed(self):
        story = Story().lodged()
        story.seq["movements"] += 1  # number 2 never comes
        s = self.run_story(story.feed(-30, "movements", "upsert", movement(OTHER_GMR, means=[{"role": "vehicle", "plate": "1X"}])).arrives())
        self.first(s, "inspect", "desk", CACHE_GAP="fail")

    def test_a_hole_that_a_heartbeat_tells(self):
        s = self.run_story(Story().lodged().feed(-20, "movements", "heartbeat", seq=7).arrives())
        self.first(s, "inspect", "desk", CACHE_GAP="fail")

    def test_the_feed_is_silent(self):
        s = self.run_story(Story().lodged(at=-31 * 60, last=-31 * 60 + 1).arrives())
        self.first(s, "inspect", "desk", CACHE_STALE="fail")

    def test_the_feed_was_never_heard(self):
        s = self.run_story(Story().arrives())
        self.assertIn("CACHE_DOWN", obstacles(s.data("decision")[0]))

    def test_the_feed_falls_silent_under_a_green_light(self):
        s = self.run_story(Story().lodged(at=-29 * 60 - 50, last=-29 * 60 - 49).arrives().device(30, "in-1.qr", "online"))
        self.assertEqual([d["outcome"] for d in s.data("decision")], ["release", "inspect"])
        self.assertIn("CACHE_STALE", obstacles(s.data("decision")[1]))

    # ---- readings ----

    def test_a_late_reading_never_decides(self):
        s = self.run_story(Story().lodged().plate(0, TRUCK, late=True).plate(6, TRAILER, "rear", late=True).heartbeats(30, 30))
        self.assertEqual((len(s.of("reading.plate")), s.of("passage"), s.of("decision")), (2, [], []))
        self.assertEqual([r["passage"] for r in s.data("reading.plate")], [None, None])

    def test_a_late_trailer_does_not_complete(self):
        s = self.run_story(Story().lodged().arrives(trailer=None).plate(6, TRAILER, "rear", late=True))
        self.first(s, "inspect", "desk", TRAILER_MISSING="fail")

    def test_not_sure_enough(self):
        s = self.run_story(Story().lodged().loop(0, "entry", True).plate(1, TRUCK, confidence=0.5).plate(6, TRAILER, "rear"))
        self.first(s, "inspect", "desk", LOW_CONFIDENCE="fail")

    def test_two_plates_for_one_vehicle(self):
        s = self.run_story(Story().lodged().loop(0, "entry", True).plate(1, TRUCK).plate(2, "999XYZ").plate(6, TRAILER, "rear"))
        self.first(s, "inspect", "desk", AMBIGUOUS_MATCH="fail")

    def test_no_plate_at_all(self):
        s = self.run_story(Story().lodged().loop(0, "entry", True).loop(5, "entry", False))
        self.assertEqual(obstacles(s.data("decision")[0]), {"NO_READ": "unknown", "NO_DECLARATION": "unknown"})

    def test_a_car_goes_to_the_desk(self):
        story = Story().lodged().add(0.5, "reading.class", {"value": {"class": "car"}}, "device/in-1.front").arrives()
        s = self.run_story(story)
        self.assertIn("CLASS_POLICY", obstacles(s.data("decision")[0]))

    # ---- devices ----

    def test_a_camera_is_away(self):
        s = self.run_story(Story().lodged().device(-10, "in-1.rear", "offline", "no answer").arrives())
        d = self.first(s, "inspect", "desk", SENSOR_FAULT="fail")
        self.assertIn("no answer", [r["detail"] for r in d["rules"] if r["rule"] == "SENSOR_FAULT"][0])

    def test_a_reader_that_is_not_required_is_away(self):
        s = self.run_story(Story().lodged().device(-10, "in-1.qr", "offline", "unplugged").arrives())
        self.first(s, "release")

    def test_a_camera_dies_under_a_green_light(self):
        s = self.run_story(Story().lodged().arrives().device(10, "in-1.front", "offline", "no answer"))
        self.assertEqual(s.signals(), ["stop", "release", "inspect"])

    def test_without_loops_and_lights(self):
        s = self.run_story(Story().lodged().arrives().device(10, "in-1.gpio", "offline", "gone"))
        self.assertEqual(s.signals(), ["stop", "release", "fault"])

    # ---- one green, one vehicle ----

    def test_the_light_does_not_wait_for_ever(self):
        s = self.run_story(Story().lodged().arrives().heartbeats(60, 60))
        self.assertEqual([d["outcome"] for d in s.data("decision")], ["release", "inspect"])
        self.assertIn("RELEASE_EXPIRED", obstacles(s.data("decision")[1]))
        self.assertEqual(s.of("decision")[1]["time"], Story.time(36))
        self.assertEqual(s.signals(), ["stop", "release", "inspect"])

    def test_a_tailgater(self):
        s = self.run_story(Story().lodged().arrives().leaves(20).loop(25, "exit", True).loop(27, "exit", False))
        self.assertEqual([(a["kind"], a["action"]) for a in s.data("alarm")], [("tailgate", "raise")])

    def test_a_tailgater_with_a_plate(self):
        s = self.run_story(Story().lodged().arrives().arrives(12, "999XYZ", None).leaves(20).leaves(25))
        self.assertEqual([a["kind"] for a in s.data("alarm")], ["tailgate"])
        self.assertEqual(s.signals()[:3], ["stop", "release", "stop"])
        self.assertNotIn("release", s.signals()[2:])

    def test_two_trucks_one_after_the_other(self):
        second = movement(OTHER_GMR, means=[{"role": "vehicle", "plate": "999XYZ"}, {"role": "trailer", "plate": "777XX"}])
        story = Story().lodged(movements=[movement(), second]).arrives().leaves(15)
        s = self.run_story(story.arrives(30, "999XYZ", "777XX").leaves(45))
        self.assertEqual([(d["outcome"], d["match"]["movements"][0]["value"]) for d in s.data("decision")], [("release", GMR), ("release", OTHER_GMR)])
        self.assertEqual(s.signals(), ["stop", "release", "stop", "release", "stop"])
        self.assertEqual(s.of("alarm"), [])

    def test_the_second_truck_waits_for_the_first(self):
        second = movement(OTHER_GMR, means=[{"role": "vehicle", "plate": "999XYZ"}])
        story = Story().lodged(movements=[movement(means=[{"role": "vehicle", "plate": TRUCK}]), second]).arrives(0, TRUCK, None)
        s = self.run_story(story.arrives(8, "999XYZ", None).leaves(14))
        first = s.data("decision")[0]["passage"]
        for e in s.of("decision"):
            self.assertEqual(e["data"]["passage"] == first, e["time"] < Story.time(17), "nobody is decided behind another")

    def test_a_lane_is_closed_under_a_green_light(self):
        story = Story().lodged().arrives()
        s = self.run_story(story.command(10, "desk-1", "lane-mode", lane="in-1", mode="closed"))
        self.assertEqual(s.signals()[:2], ["stop", "release"])
        self.assertNotIn("release", s.signals()[2:], "a lane that is closed under a green light turns red")

    def test_leaving_without_being_let(self):
        s = self.run_story(Story().lodged(movements=[], declarations=[]).arrives().leaves(20))
        self.assertEqual([a["kind"] for a in s.data("alarm")], ["exit_unreleased"])

    def test_onto_the_exit_from_nowhere(self):
        s = self.run_story(Story().lodged().leaves(5))
        self.assertEqual([a["kind"] for a in s.data("alarm")], ["wrong_way"])

    # ---- officers ----

    def order(self, story, client, name, at=20, **data):
        """Runs the story once to learn passage and decision, as an officer would see them, and once more with the order."""
        before = self.run_story(story)
        d = before.of("decision")[-1]
        data = {"lane": "in-1", "passage": d["data"]["passage"], "decision": d["id"], "officer": {"id": "officer-7", "role": "officer"},
                "reason": "papers seen", **data}
        return self.run_story(story.command(at, client, name, **data)), d

    def test_an_officer_lets_it_go(self):
        s, d = self.order(Story().lodged(movements=[], declarations=[]).arrives(), "desk-1", "override", outcome="release")
        self.assertEqual([r["ok"] for r in s.data("reply")], [True])
        last = s.data("decision")[1]
        self.assertEqual((last["outcome"], last["supersedes"], last["officer"]["id"], last["reason"]), ("release", d["id"], "officer-7", "papers seen"))
        self.assertEqual(s.signals(), ["stop", "inspect", "release", "inspect"], "an officer's green light has an end, too")

    def test_what_an_officer_may_not_lift(self):
        story = Story().lodged(declarations=[declaration(state="cancelled")]).arrives()
        s, _ = self.order(story, "desk-1", "override", outcome="release")
        self.assertEqual([r["ok"] for r in s.data("reply")], [False])
        self.assertIn("DECL_CANCELLED", s.data("reply")[0]["error"])
        self.assertNotIn("release", s.signals())

    def test_the_authority_may(self):
        story = Story().lodged(declarations=[declaration(state="cancelled")]).arrives()
        s, _ = self.order(story, "customs", "override", outcome="release")
        self.assertEqual([r["ok"] for r in s.data("reply")], [True])
        self.assertEqual(s.signals()[:3], ["stop", "inspect", "release"])

    def test_an_order_about_an_older_decision(self):
        s, _ = self.order(Story().lodged(movements=[]).arrives(), "desk-1", "override", outcome="release", decision="00000000-0000-7000-8000-000000000000")
        self.assertEqual([r["ok"] for r in s.data("reply")], [False])
        self.assertNotIn("release", s.signals())

    def test_an_order_that_came_too_late(self):
        s, _ = self.order(Story().lodged(movements=[]).arrives(), "desk-1", "override", outcome="release", expires_at=Story.time(19))
        self.assertIn("expired", s.data("reply")[0]["error"])

    def test_an_order_twice_is_done_once(self):
        story = Story().lodged(movements=[]).arrives()
        d = self.run_story(story).of("decision")[-1]
        data = {"lane": "in-1", "passage": d["data"]["passage"], "decision": d["id"], "officer": {"id": "officer-7"}, "reason": "seen", "outcome": "release"}
        for at in (20, 21):
            story.add(at, "command.override", data, "client/desk-1")
            story.events[-1][2]["id"] = "the-same"
        self.assertEqual([r["ok"] for r in self.run_story(story).data("reply")], [True, False])

    def test_inspected_and_found_in_order(self):
        story = Story().lodged().arrives()
        d = self.run_story(story, random="100%").of("decision")[-1]
        data = {"lane": "in-1", "passage": d["data"]["passage"], "decision": d["id"], "officer": {"id": "officer-7"}, "reason": "all in order",
                "outcome": "release"}
        story.command(20, "desk-1", "override", **data).command(60, "desk-1", "inspection-result", **data)
        s = self.run_story(story, random="100%")
        self.assertEqual([r["ok"] for r in s.data("reply")], [False, True], "a random control is carried out, not waved through")
        self.assertEqual(s.signals()[:3], ["stop", "inspect", "release"])

    def test_a_stranger(self):
        s, _ = self.order(Story().lodged(movements=[]).arrives(), "nobody", "override", outcome="release")
        self.assertEqual([r["ok"] for r in s.data("reply")], [False])

    def test_a_typed_plate(self):
        story = Story().lodged().arrives(truck=None)
        s, _ = self.order(story, "desk-1", "typed-plate", plate=TRUCK)
        self.assertEqual([d["outcome"] for d in s.data("decision")][:2], ["inspect", "release"])

    def test_a_closed_lane(self):
        s = self.run_story(Story().lodged().command(-5, "desk-1", "lane-mode", lane="in-1", mode="closed").arrives())
        self.first(s, "inspect", "desk", LANE_MODE="fail")
        self.assertNotIn("release", s.signals())

    # ---- the tool ----

    def test_the_same_again(self):
        text = Story().lodged().arrives().leaves(20).arrives(60).lines()
        self.assertEqual(Simulation(text).out, Simulation(text).out)

    def test_its_own_output_is_input(self):
        """What it printed, without its decisions, is the same day again."""
        story = Story().lodged().arrives().leaves(20)
        once = self.run_story(story)
        again = [json.loads(line) for line in story.lines().splitlines() if "greenlane.feed." in line] + [e for e in once.events if e["type"] != "greenlane.state.signal"]
        again.sort(key=lambda e: e["time"])
        s = Simulation("".join(json.dumps(e) + "\n" for e in again))
        self.assertEqual(s.status, 0, s.err)
        self.assertEqual([d["outcome"] for d in s.data("decision")], ["release"])
        self.assertIn("skipped", s.err)

    def bad(self, text, *words):
        s = Simulation(text)
        self.assertEqual(s.status, 1)
        for word in words:
            self.assertIn(word, s.err)

    def test_bad_lines(self):
        good = Story().lodged(last=0).lines()
        n = good.count("\n") + 1
        reading = {"time": Story.time(1), "type": "greenlane.reading.plate", "subject": "device/in-1.front", "data": {"value": {"text": "X1"}}}
        self.bad(good + "{]\n", f"line {n}: ", "JSON")
        self.bad(good + json.dumps({**reading, "time": Story.time(-500)}) + "\n", f"line {n}: ", "time", "earlier")
        self.bad(good + json.dumps({**reading, "time": "yesterday"}) + "\n", f"line {n}: ", "time")
        self.bad(good + json.dumps({**reading, "time": "2027-11-23T11:00:00Z"}) + "\n", f"line {n}: ", "31 days")
        self.bad(good + json.dumps({**reading, "subject": "device/in-1.nobody"}) + "\n", f"line {n}: ", "in-1.nobody")
        self.bad(good + json.dumps({**reading, "subject": "device/in-1.front", "data": {"lane": "in-9", "value": {"text": "X"}}}) + "\n", "in-9")
        self.bad(good + json.dumps({**reading, "type": "greenlane.reading.smell"}) + "\n", "smell")
        self.bad(good + json.dumps({**reading, "data": {"value": {"text": 7}}}) + "\n", "value.text")
        self.bad(good + json.dumps({"time": Story.time(1), "type": "greenlane.feed.movements", "data": {}}) + "\n", f"line {n}: ", "collection")
        self.bad(good + json.dumps({"time": Story.time(1), "type": "greenlane.command.override", "data": {}}) + "\n", "client")

    def test_what_was_said_before_a_bad_line_is_printed(self):
        s = Simulation(Story().lodged().arrives().leaves(20).lines() + "nonsense\n")
        self.assertEqual((s.status, len(s.of("decision"))), (1, 1))

    def test_nothing(self):
        s = Simulation("")
        self.assertEqual((s.status, s.out), (0, ""))

    def test_command_line(self):
        for arguments, status, word in [(["simulate", "--help"], 0, "Usage"), (["simulate", "--nonsense"], 2, "--nonsense"), (["simulat"], 2, "simulate"),
                                        (["simulate", "--key", "12"], 2, "64"), (["simulate", "more"], 2, "more"),
                                        (["simulate", "--config", "/nonexistent.yaml"], 1, "/nonexistent.yaml"), (["--version"], 0, "greenlane")]:
            done = subprocess.run([GREENLANE, *arguments], input="", capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, status, arguments)
            self.assertIn(word, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
