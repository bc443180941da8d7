"""The vehicles of the demonstration: each function is one story. It drives the simulated sensors and says what must come of it."""
import os
import signal
import subprocess
import time

from post import LINES, now_text, wait

LODGED = {"state": "released", "version": 1}


class Vehicle:
    """One truck on its way through one lane."""

    def __init__(self, post, lane, plate, trailer=None):
        self.post, self.lane, self.plate, self.trailer = post, lane, plate, trailer
        self.since = len(post.look())
        self.decision = None
        self.portal = ""  # lane in-2: what it carries through the portal; None = the portal does not see it
        self.tag = None   # the tag on its windscreen

    def arrive(self, read="plate", trailer_read="plate", kind="truck", leave_portal=True):
        p = self.post
        time.sleep(0.3)  # vehicles keep a distance; loops are debounced
        p.loop(self.lane, "entry", True)
        if p.broker_up:
            self.passage()
        else:
            time.sleep(0.5)
        if read == "plate":
            p.sim(self.lane, "front").say("plate %s country=GB confidence=97 direction=forward type=%s" % (self.plate, kind))
        elif read == "unknown":
            p.sim(self.lane, "front").say("unknown")
        self.enter_portal()
        if self.tag:
            p.programs["tags"].say("tag %s antenna=%d rssi=-48 count=3" % (self.tag, 2 if self.lane == "in-2" else 1))
        time.sleep(0.2)
        if self.trailer and trailer_read == "plate":
            p.sim(self.lane, "rear").say("plate %s country=GB confidence=95 direction=forward" % self.trailer)
        time.sleep(0.2)
        p.loop(self.lane, "entry", False)
        if leave_portal:
            self.leave_portal()
        return self

    def enter_portal(self):
        if self.lane != "in-2" or self.portal is None:
            return
        rpm = self.post.programs["rpm2"]
        if self.portal == "unplugged":
            rpm.say("enter seconds=2")
            time.sleep(0.8)
            rpm.say("off")
        else:
            rpm.say("enter seconds=2 " + self.portal)
        if self.portal:
            time.sleep(1.2)  # what it carries comes into the beam

    def leave_portal(self):
        if self.lane == "in-2" and self.portal is not None:
            time.sleep(0.3 if self.portal else 0.1)
            self.post.programs["rpm2"].say("leave")

    def clear_portal(self):
        """Until the portal has said that it is empty: it holds an occupancy for two seconds after the beam is free, and who comes before that
        is not measured alone."""
        def empty():
            phases = [e["data"]["value"]["phase"] for t, e in self.post.look()[self.since:] if t == "lane/%s/reading/radiation" % self.lane]
            return phases.count("start") <= phases.count("occupancy")
        wait("the portal to be empty", empty)

    def newest(self):
        self.event = self.post.decisions(self.lane, self.since)[-1]
        self.decision = self.event["data"]
        return self.decision

    def decided(self, n=1, seconds=15):
        """The n-th decision about this vehicle, and the lights that follow from it."""
        found = wait("decision %d in lane %s" % (n, self.lane), lambda: len(self.post.decisions(self.lane, self.since)) >= n and
                     self.post.decisions(self.lane, self.since)[n - 1], seconds)
        self.event = found
        self.decision = found["data"]
        return self.decision

    def lit(self, shown):
        """Waits for the lights; tells what the lane shows, on which lines, and why."""
        wait("lane %s to show %s (now %s)" % (self.lane, shown, self.post.lights(self.lane)), lambda: self.post.shows(self.lane, shown))
        lines = " ".join(n for n, on in self.post.lights(self.lane).items() if on)
        why = ""
        if self.decision and shown in ("release", "inspect"):
            failed = [r["detail"] for r in self.decision["rules"] if r["result"] in ("fail", "unknown")]
            why = self.decision["reason"] or "; ".join(failed[:2]) or "every rule passes"
        print("      %-5s %-18s %-8s lines: %-14s %s" % (self.lane, " ".join(filter(None, (self.plate, self.trailer))) or "(no plate)", shown, lines,
                                                        why), flush=True)

    def passage(self):
        return wait("a passage in lane " + self.lane, lambda: self.post.passage_at(self.lane, self.since))

    def leave(self):
        p = self.post
        passage = self.passage()
        p.loop(self.lane, "exit", True)
        time.sleep(0.3)
        p.loop(self.lane, "exit", False)
        self.clear_portal()
        wait("the passage to close", lambda: any(t == "lane/%s/passage" % self.lane and e["data"]["passage"] == passage and
                                                 e["data"]["state"] == "closed" for t, e in p.look()[self.since:]))
        self.dark()

    def dark(self):
        wait("lane %s to show stop (now %s)" % (self.lane, self.post.lights(self.lane)), lambda: self.post.shows(self.lane, "stop"))

    def led_away(self, client="desk-1"):
        """An officer takes it out of the lane, to the desk or the inspection hall."""
        self.post.command(client, "close", lane=self.lane, passage=self.passage(), exit="unknown")
        self.clear_portal()
        self.dark()


def rules(decision, *results):
    return {r["rule"] for r in decision["rules"] if r["result"] in (results or ("fail", "unknown"))}


def lodge(post, ref, plate, trailer=None, declarations=1, **more):
    """A movement and its released declarations, as customs would send them."""
    refs = []
    for i in range(declarations):
        mrn = {"type": "lrn", "value": "%s-D%d" % (ref, i + 1)}
        refs.append(mrn)
        post.feed("declarations", "upsert", dict(LODGED, ref=mrn, gross_kg=18200, goods=[{"hs": "392690", "gross_kg": 18200}]))
    means = [{"role": "vehicle", "plate": plate}]
    if trailer:
        means.append({"role": "trailer", "plate": trailer})
    body = {"ref": {"type": "gmr", "value": ref}, "version": 1, "kind": "goods", "state": "ready", "channel": "release", "direction": "in",
            "eta": now_text(), "valid_to": now_text(86400), "means": means, "declarations": refs}
    body.update(more)
    post.feed("movements", "upsert", body)
    settle(post)
    return body


def settle(post):
    """Until the gateway says that it has everything that was sent."""
    def caught_up():
        s = post.state("feed")
        return s and all(c["seq"] == post.seq[c["collection"]] and c["state"] == "live" for c in s["collections"])
    wait("the feed to be taken in", caught_up, 20)


def fresh(post, drawn=False, n=[0]):
    """A movement reference that the keyed random control draws, or does not."""
    while True:
        n[0] += 1
        ref = "GMRA%08d" % n[0]
        if post.drawn(ref) == drawn:
            return ref


# ---- the stories --------------------------------------------------------------------------------------------------------------------------
def clean_release(post):
    """declared truck and trailer, all in order"""
    lodge(post, fresh(post), "NC15 REG", "NC16 REG")
    v = Vehicle(post, "in-1", "NC15REG", "NC16REG").arrive()
    d = v.decided()
    assert d["outcome"] == "release" and d["match"]["by"] == "exact", (rules(d), d)
    v.lit("release")
    v.leave()
    return "release"


def qr_reference(post):
    """unreadable plate, the driver shows the movement's code"""
    ref = fresh(post)
    lodge(post, ref, "KX21 MUD", "KX22 TRL")
    v = Vehicle(post, "in-1", "", "KX22TRL").arrive(read="unknown")
    post.sim("in-1", "qr").say("code " + ref)
    d = v.decided()
    assert d["outcome"] == "release" and d["match"]["by"] == "reference" and "NO_READ" in rules(d, "note"), d
    v.lit("release")
    v.leave()
    return "release"


def swapped_trailer(post):
    """another trailer than the declared one"""
    lodge(post, fresh(post), "SW11 AAA", "SW12 BBB")
    v = Vehicle(post, "in-1", "SW11AAA", "ZZ99ZZZ").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and d["level"] == "physical" and "TRAILER_MISMATCH" in rules(d), d
    v.lit("inspect")
    v.led_away()
    return "inspect physical"


def cancelled(post):
    """the movement was cancelled minutes ago"""
    body = lodge(post, fresh(post), "CA11 NCL", "CA12 NCL")
    post.feed("movements", "cancel", {"ref": body["ref"], "version": 2})
    settle(post)
    v = Vehicle(post, "in-1", "CA11NCL", "CA12NCL").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and "DECL_CANCELLED" in rules(d), d
    v.lit("inspect")
    v.led_away()
    return "inspect desk"


def undeclared(post):
    """nothing was lodged for this truck"""
    v = Vehicle(post, "in-1", "NO11DCL").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and d["level"] == "desk" and "NO_DECLARATION" in rules(d), d
    v.lit("inspect")
    v.led_away()
    return "inspect desk"


def cyrillic(post):
    """declared with Cyrillic letters, read in Latin ones"""
    lodge(post, fresh(post), "АВ 1234 СЕ", "АХ 5678 ВТ")
    v = Vehicle(post, "in-1", "AB1234CE", "AX5678BT").arrive()
    d = v.decided()
    assert d["outcome"] == "release", d
    v.lit("release")
    v.leave()
    return "release"


def random_control(post):
    """all in order, but drawn by the keyed random control; released after inspection"""
    lodge(post, fresh(post, drawn=True), "RA11 NDM", "RA12 NDM")
    v = Vehicle(post, "in-1", "RA11NDM", "RA12NDM").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and d["level"] == "physical" and rules(d) == {"RANDOM"}, d
    v.lit("inspect")
    no = post.command("desk-1", "override", lane="in-1", passage=d["passage"], decision=v.event["id"], outcome="release", reason="in a hurry")
    assert no["ok"] is False and "RANDOM" in no["error"], no
    yes = post.command("desk-1", "inspection-result", lane="in-1", passage=d["passage"], decision=v.event["id"], outcome="release",
                       reason="opened, counted, in order")
    assert yes["ok"] is True, yes
    assert v.decided(2)["outcome"] == "release"
    v.lit("release")
    v.leave()
    return "inspect physical, then release"


def camera_killed(post):
    """the camera's process is killed while the truck stands before it"""
    lodge(post, fresh(post), "CK11 AAA", "CK12 BBB")
    v = Vehicle(post, "in-1", "CK11AAA", "CK12BBB")
    post.loop("in-1", "entry", True)
    v.passage()
    pid = subprocess.run(["pgrep", "-f", "greenlane-device --config %s --device in-1.front" % post.path("post.yaml")], capture_output=True,
                         text=True, check=True).stdout.split()
    for p in pid:
        os.kill(int(p), signal.SIGKILL)
    d = v.decided()
    assert d["outcome"] == "inspect" and "SENSOR_FAULT" in rules(d), d
    v.lit("inspect")
    post.loop("in-1", "entry", False)
    v.led_away()
    wait("the camera's process to be back", post.all_online, 30)
    return "inspect desk"


def broker_away(post):
    """the broker is stopped; lane, lights and journal go on without it"""
    lodge(post, fresh(post), "BR11 KER", "BR12 KER")
    v = Vehicle(post, "in-1", "BR11KER", "BR12KER")
    post.broker_stop()
    v.arrive()
    v.lit("release")
    post.broker_start()
    d = v.decided(seconds=40)
    assert d["outcome"] == "release", d
    settle(post)
    v.leave()
    return "release"


def stale_feed(post):
    """nothing is heard from the feed: a cancellation may be unseen; then it recovers"""
    lodge(post, fresh(post), "ST11 ALE", "ST12 ALE")
    post.heartbeats = False
    wait("the feed to be stale", lambda: any(c["state"] == "stale" for c in post.state("feed")["collections"]), 30)
    v = Vehicle(post, "in-1", "ST11ALE", "ST12ALE").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and "CACHE_STALE" in rules(d) and d["feed"] == "stale", d
    v.lit("inspect")
    post.heartbeats = True
    d = v.decided(2, seconds=30)
    assert d["outcome"] == "release" and d["supersedes"], d
    v.lit("release")
    v.leave()
    return "inspect desk, then release"


def lost_number(post):
    """a numbered feed record is lost: it could be a cancellation, and it is"""
    body = lodge(post, fresh(post), "LO11 STN", "LO12 STN")
    lost = post.feed("movements", "cancel", {"ref": body["ref"], "version": 2}, lose=True)
    wait("the hole to be noticed", lambda: any(c["state"] == "gap" for c in post.state("feed")["collections"]), 20)
    v = Vehicle(post, "in-1", "LO11STN", "LO12STN").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and "CACHE_GAP" in rules(d), d
    v.lit("inspect")
    post.feed_again("movements", lost)
    settle(post)
    v.led_away()
    w = Vehicle(post, "in-1", "LO11STN", "LO12STN").arrive()
    d = w.decided()
    assert "DECL_CANCELLED" in rules(d), d
    w.led_away()
    return "inspect desk"


def tailgater(post):
    """a second vehicle slips through behind a released one"""
    lodge(post, fresh(post), "TG11 AAA", "TG12 BBB")
    v = Vehicle(post, "in-1", "TG11AAA", "TG12BBB").arrive()
    assert v.decided()["outcome"] == "release"
    v.lit("release")
    v.leave()
    since = len(post.look())
    post.loop("in-1", "exit", True)
    alarm = wait("the alarm", lambda: post.alarms("in-1", since))[0]
    post.loop("in-1", "exit", False)
    assert alarm["kind"] == "tailgate" and alarm["action"] == "raise", alarm
    print("      in-1  %-18s ALARM    %s: %s" % ("(unseen vehicle)", alarm["kind"], alarm["detail"]), flush=True)
    v.dark()
    return "release, then alarm tailgate"


def used_twice(post):
    """the same movement comes a second time: a copied plate, or a second trip"""
    v = Vehicle(post, "in-1", "TG11AAA", "TG12BBB").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and "DECL_ALREADY_USED" in rules(d), d
    v.lit("inspect")
    v.led_away()
    return "inspect desk"


def officers_override(post):
    """undeclared by an error of the office; the officer lets it go, by name and with a reason"""
    v = Vehicle(post, "in-1", "OV11RDE").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and "NO_DECLARATION" in rules(d), d
    stale = post.command("desk-1", "override", lane="in-1", passage=d["passage"], decision="0" * 8 + "-0000-7000-8000-" + "0" * 12,
                         outcome="release", reason="the wrong decision is named")
    assert stale["ok"] is False, stale
    yes = post.command("desk-1", "override", lane="in-1", passage=d["passage"], decision=v.event["id"], outcome="release",
                       reason="paper declaration seen and stamped")
    assert yes["ok"] is True, yes
    d2 = v.decided(2)
    assert d2["outcome"] == "release" and d2["supersedes"] == v.event["id"] or d2["officer"]["id"] == "officer-7", d2
    v.lit("release")
    v.leave()
    return "inspect desk, then release"


def a_car(post):
    """a private car in a truck lane goes to the desk"""
    v = Vehicle(post, "in-2", "CAR111").arrive(kind="saloon")
    d = v.decided()
    assert d["outcome"] == "inspect" and d["level"] == "desk" and "CLASS_POLICY" in rules(d), d
    v.lit("inspect")
    v.led_away()
    return "inspect desk"


def imported_transit(post):
    """an NCTS release for transit (CC029C), imported from a file; the MRN is scanned from a serial reader"""
    out = subprocess.run([os.path.join(post.bin, "greenlane"), "import", "--config", "post.yaml",
                          os.path.join(os.path.dirname(os.path.abspath(__file__)), "transit-cc029c.xml")], cwd=post.work, capture_output=True,
                         text=True)
    assert out.returncode == 0, out
    v = Vehicle(post, "in-2", "TR77ANS", "TR78ANS").arrive()
    post.sim("in-2", "qr").say("code 26PL40101012345J07")
    d = v.decided()
    assert d["outcome"] == "release" and d["match"]["declarations"][0]["value"] == "26PL40101012345J07", d
    v.lit("release")
    v.leave()
    return "release"


def closed_lane(post):
    """headquarters closes the lane; what comes all the same goes to the desk, and the light never turns green"""
    lodge(post, fresh(post), "CL11 OSD", "CL12 OSD")
    assert post.command("hq", "lane-mode", lane="in-2", mode="closed", reason="night shift")["ok"] is True
    v = Vehicle(post, "in-2", "CL11OSD", "CL12OSD").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and "LANE_MODE" in rules(d), d
    v.lit("inspect")
    no = post.command("desk-1", "override", lane="in-2", passage=d["passage"], decision=v.event["id"], outcome="release", reason="let it through")
    assert no["ok"] is False and "closed" in no["error"], no
    v.led_away()
    assert post.command("hq", "lane-mode", lane="in-2", mode="open", reason="morning")["ok"] is True
    return "inspect desk"


def wrong_way(post):
    """something drives in through the exit"""
    since = len(post.look())
    time.sleep(6)  # longer than the time in which it would be a tailgater
    post.loop("in-2", "exit", True)
    alarm = wait("the alarm", lambda: post.alarms("in-2", since))[0]
    time.sleep(0.3)
    post.loop("in-2", "exit", False)
    assert alarm["kind"] == "wrong_way", alarm
    wait("lane in-2 to show stop", lambda: post.shows("in-2", "stop"))
    print("      in-2  %-18s ALARM    %s: %s" % ("(unknown)", alarm["kind"], alarm["detail"]), flush=True)
    return "alarm wrong_way"


import lodged  # noqa: E402  (they use what stands above)
import sensors  # noqa: E402

STORIES = [clean_release, qr_reference, swapped_trailer, cancelled, undeclared, cyrillic, random_control, camera_killed, broker_away, stale_feed,
           lost_number, tailgater, used_twice, officers_override, a_car, imported_transit, closed_lane, wrong_way] + lodged.STORIES + sensors.STORIES
LANES = sorted(LINES)
