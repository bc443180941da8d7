"""The stories of what was lodged: look-outs, documents that are asked for, snapshots, lost numbers that are asked for again, a contingency."""
import json
import time

from post import now_text, wait
from stories import Vehicle, fresh, lodge, rules, settle

CC060C = """<?xml version="1.0" encoding="UTF-8"?>
<ncts:CC060C PhaseID="NCTS5.1" xmlns:ncts="http://ncts.dgtaxud.ec">
  <messageSender>NTA.GB</messageSender>
  <messageRecipient>demonstration</messageRecipient>
  <preparationDateAndTime>%(prepared)s</preparationDateAndTime>
  <messageIdentification>demonstration-1</messageIdentification>
  <messageType>CC060C</messageType>
  <TransitOperation>
    <MRN>%(mrn)s</MRN>
    <controlNotificationDateAndTime>%(prepared)s</controlNotificationDateAndTime>
    <notificationType>2</notificationType>
  </TransitOperation>
  <CustomsOfficeOfDeparture><referenceNumber>GB000246</referenceNumber></CustomsOfficeOfDeparture>
  <RequestedDocument><sequenceNumber>1</sequenceNumber><documentType>N853</documentType></RequestedDocument>
</ncts:CC060C>
"""


def requests(post, collection, since):
    return [e["data"] for t, e in post.look()[since:] if t == "request/feed/" + collection]


# ---- the stories --------------------------------------------------------------------------------------------------------------------------
def silent_lookout(post):
    """somebody looks for this plate, and the driver is not to notice why he is wanted"""
    lodge(post, fresh(post), "WA11 TED", "WA12 TED")
    post.feed("lookouts", "upsert", {"ref": {"type": "lookout", "value": "L-1"}, "version": 1, "state": "active", "what": "plate", "text": "WA11 TED",
                                     "action": "physical", "silent": True, "reason": "known to smuggle"})
    settle(post)
    since = len(post.look())
    v = Vehicle(post, "in-1", "WA11TED", "WA12TED").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and d["level"] == "physical" and "REFERRED" in rules(d), (rules(d), d)  # at once: before its trailer
    assert "L-1" not in json.dumps(d) and "WATCHLIST" not in json.dumps(d) and "smuggle" not in json.dumps(d), d
    v.lit("inspect")
    hit = wait("the hit, for those entitled", lambda: [e["data"] for t, e in post.look()[since:] if t == "restricted/lane/in-1/lookout"])[-1]
    assert "L-1" in json.dumps(hit), hit
    post.feed("lookouts", "cancel", {"ref": {"type": "lookout", "value": "L-1"}, "version": 2})
    settle(post)
    v.led_away()
    return "inspect physical"


def documents_wanted(post):
    """the office of departure asks for a document (CC060C, as it came); once it is there, the declaration is released again"""
    mrn = {"type": "mrn", "value": "26GB000246K1X5M0J3"}
    declared = {"ref": mrn, "version": 1, "state": "released", "gross_kg": 9000}
    post.feed("declarations", "upsert", declared)
    body = {"ref": {"type": "gmr", "value": fresh(post)}, "version": 1, "kind": "goods", "state": "ready", "channel": "release", "direction": "in",
            "eta": now_text(), "valid_to": now_text(86400), "declarations": [mrn],
            "means": [{"role": "vehicle", "plate": "DO11 CUM"}, {"role": "trailer", "plate": "DO12 CUM"}]}
    post.feed("movements", "upsert", body)
    post.feed("declarations", "document", {"media_type": "application/xml", "text": CC060C % {"mrn": mrn["value"], "prepared": now_text()[:19]}})
    settle(post)
    v = Vehicle(post, "in-1", "DO11CUM", "DO12CUM").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and d["level"] == "desk" and "DOCS_MISSING" in rules(d), (rules(d), d)
    assert any("N853" in r["detail"] for r in d["rules"] if r["rule"] == "DOCS_MISSING"), d
    v.lit("inspect")
    post.feed("declarations", "upsert", dict(declared, version=int(time.time() * 1000), documents=[{"type": "N853", "ref": "CVED-77", "required": True}]))
    d = v.decided(2)
    assert d["outcome"] == "release" and d["supersedes"], (rules(d), d)
    v.lit("release")
    v.leave()
    return "inspect desk, then release"


def snapshot_switch(post):
    """the feed sends everything anew; the lane goes on with what it has, and then with what came"""
    gone = lodge(post, fresh(post), "SN11 OLD", "SN12 OLD")
    stays = lodge(post, fresh(post), "SN21 NEW", "SN22 NEW")
    seen = []

    def meanwhile():
        v = Vehicle(post, "in-1", "SN11OLD", "SN12OLD").arrive()
        seen.append(v.decided()["outcome"])
        v.lit("release")
        v.leave()

    post.snapshot("movements", "snapshot-1", [stays], meanwhile)
    assert seen == ["release"], seen
    wait("the new collection", lambda: (c := next(c for c in post.state("feed")["collections"] if c["collection"] == "movements"))["snapshot"] is None
         and c["state"] == "live", 20)
    settle(post)
    v = Vehicle(post, "in-1", "SN11OLD", "SN12OLD").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and "NO_DECLARATION" in rules(d), (gone["ref"], rules(d))
    v.led_away()
    v = Vehicle(post, "in-1", "SN21NEW", "SN22NEW").arrive()
    assert v.decided()["outcome"] == "release"
    v.lit("release")
    v.leave()
    return "release, inspect desk, release"


def number_asked_for(post):
    """a number of the feed is lost; the gateway asks for it, gets it, and goes on"""
    body = lodge(post, fresh(post), "AS11 KED", "AS12 KED")
    since = len(post.look())
    lost = post.feed("movements", "control", {"ref": body["ref"], "version": 2, "channel": "physical"}, lose=True)
    asked = wait("the gateway to ask", lambda: [r for r in requests(post, "movements", since) if r["want"] == "replay"], 30)[0]
    assert asked["from"] == lost["data"]["seq"] == asked["to"], asked
    post.feed_again("movements", lost)
    settle(post)
    v = Vehicle(post, "in-1", "AS11KED", "AS12KED").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and d["level"] == "physical" and "AUTHORITY_CONTROL" in rules(d), (rules(d), d)
    v.led_away()
    return "inspect physical"


def contingency(post):
    """the feed is away for long; headquarters orders a contingency, an officer releases on a document; afterwards it turns out to have been cancelled"""
    body = lodge(post, fresh(post), "CO11 NTG", "CO12 NTG")
    since = len(post.look())
    post.heartbeats = False
    wait("the feed to be stale", lambda: all(c["state"] in ("stale", "down") for c in post.state("feed")["collections"]), 30)
    begun = post.command("hq", "contingency", action="begin", reference="BCP-2026-7", until=now_text(3600), reason="the customs system is down")
    assert begun["ok"] is True, begun
    v = Vehicle(post, "in-1", "CO11NTG", "CO12NTG").arrive()
    d = v.decided()
    assert d["outcome"] == "inspect" and {"CONTINGENCY", "CACHE_STALE"} <= rules(d) and d["contingency"] == "BCP-2026-7", (rules(d), d)
    v.lit("inspect")
    order = {"lane": "in-1", "passage": d["passage"], "decision": v.event["id"], "outcome": "release", "reason": "paper seen"}
    no = post.command("desk-1", "override", **order)
    assert no["ok"] is False and "evidence" in no["error"], no
    yes = post.command("desk-1", "override", evidence=body["declarations"][0], **order)
    assert yes["ok"] is True, yes
    assert v.decided(2)["outcome"] == "release"
    v.lit("release")
    v.leave()
    post.feed("movements", "cancel", {"ref": body["ref"], "version": 2})
    post.heartbeats = True
    settle(post)
    ended = post.command("hq", "contingency", action="end", reference="BCP-2026-7", reason="the customs system is back")
    assert ended["ok"] is True, ended
    review = wait("the review", lambda: [e["data"] for t, e in post.look()[since:] if t == "lane/in-1/review"], 20)[-1]
    assert review["passage"] == d["passage"], review
    return "inspect desk, then release; listed afterwards"


STORIES = [silent_lookout, documents_wanted, number_asked_for, snapshot_switch, contingency]
