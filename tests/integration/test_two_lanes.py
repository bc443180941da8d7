"""What two lanes may not do to each other: `greenlane simulate` with the same vehicle, or its double, in both.

Run with:  BUILD=build/release python3 tests/integration/test_two_lanes.py
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from test_simulate import GMR, GREENLANE, TRAILER, TRUCK, Story, declaration, movement  # noqa: E402

LANE = """  in-{n}:
    profile: truck
    direction: in
    devices:
      entry-loop: {{use: gpio, line: chip0/{n}4}}
      front: {{use: anpr/isapi, at: 10.0.{n}.11, role: vehicle}}
      rear: {{use: anpr/isapi, at: 10.0.{n}.12, role: trailer, after: 2s..25s}}
      exit-loop: {{use: gpio, line: chip0/{n}5}}
    outputs: {{red: chip0/{n}8, green: chip0/{n}9}}
"""
CONFIG = """
post: {id: north, timezone: Europe/Tallinn}
mqtt: {url: "mqtt://127.0.0.1:1883"}
feed: {source: mqtt, collections: [movements, declarations], live: 120s, soft: 5m, hard: 30m, down: 24h}
clock: {require-sync: false}
profiles:
  truck:
    mode: open
    classes: {truck: declared}
    require: [plate, trailer, declaration]
    decide_within: 12s
    release: {hold: 30s, ends: exit-loop}
lanes:
""" + LANE.format(n=1) + LANE.format(n=2)


def arrives(story, at, lane):
    def see(after, kind, value, device, **more):
        story.add(at + after, "reading." + kind, {"value": value, **more}, f"device/{lane}.{device}")
    see(0, "presence", {"zone": "entry", "occupied": True}, "entry-loop")
    see(1, "plate", {"text": TRUCK}, "front", confidence=0.97)
    see(4, "plate", {"text": TRAILER}, "rear", confidence=0.97)


def heartbeats(story, first, last):
    """Numbered by what was told before, as a producer does."""
    told = {c: [(at, e["data"]["seq"]) for at, _, e in story.events if e["type"] == "greenlane.feed." + c] for c in story.seq}
    for at in range(first, last, 10):
        for c in story.seq:
            story.feed(at, c, "heartbeat", seq=max([n for t, n in told[c] if t <= at], default=0))


def run(story):
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "post.yaml"
        config.write_text(CONFIG)
        lines = [json.dumps(e) for _, _, e in sorted(story.events, key=lambda x: x[:2])]
        p = subprocess.run([GREENLANE, "simulate", "--config", config], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=60)
        assert p.returncode == 0 and not p.stderr, p.stderr
    return [json.loads(line) for line in p.stdout.splitlines()]


class TwoLanes(unittest.TestCase):
    def test_a_movement_lodged_late_releases_one_of_two(self):
        """Both wait for what only then comes, so both are judged in the same step: one green, one vehicle."""
        s = Story().feed(-50, "declarations", "upsert", declaration())
        s.feed(25, "movements", "upsert", movement())
        heartbeats(s, -40, 60)
        arrives(s, 0, "in-1")
        arrives(s, 0, "in-2")
        decisions = [e["data"] for e in run(s) if e["type"] == "greenlane.decision"]
        released = [d for d in decisions if d["outcome"] == "release"]
        self.assertEqual([d["match"]["movements"] for d in released], [[{"type": "gmr", "value": GMR}]])
        other = [d for d in decisions if d["lane"] != released[0]["lane"]][-1]
        self.assertIn("DECL_ALREADY_USED", [r["rule"] for r in other["rules"] if r["result"] == "fail"])


if __name__ == "__main__":
    unittest.main()
