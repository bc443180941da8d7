"""The stories of lane in-3, which has no camera that reads: its passages are decided from pictures alone."""
import os
import time

from post import wait
from stories import Vehicle, fresh, lodge, rules

PLATES = ("AB123CD", "KL845TU", "HN562EP", "RS738DF")


def possible(build):
    """The reader is built, and its models are there."""
    models = (os.path.join(build, "models"), os.path.join(build, "share", "greenlane", "models"))
    return os.path.exists(os.path.join(build, "lib", "greenlane", "modules", "anpr-frames.so")) and \
        any(os.path.exists(os.path.join(m, "recogniser.onnx")) for m in models)


class Filmed(Vehicle):
    """A truck that is only seen: it drives into the picture of a plain camera."""

    def __init__(self, post, plate):
        super().__init__(post, "in-3", plate)

    def arrive(self, more=""):
        p = self.post
        time.sleep(0.3)
        p.loop(self.lane, "entry", True)
        self.passage()
        shown = self.plate[:2] + "_" + self.plate[2:5] + "_" + self.plate[5:]
        p.programs["front3"].say("vehicle %s drive=1200 %s" % (shown, more))
        return self

    def moves_on(self):
        self.post.loop(self.lane, "entry", False)

    def out_of_sight(self):
        self.post.programs["front3"].say("gone")
        time.sleep(2.5)  # until the reader has seen that it is gone

    def read(self):
        return [e["data"] for t, e in self.post.look()[self.since:] if t == "lane/in-3/reading/plate" and e["data"]["value"]["text"] == self.plate]


def declared_by_picture(post):
    """no camera that reads, only a video: the plate of a declared truck is read from it"""
    lodge(post, fresh(post), PLATES[0])
    v = Filmed(post, PLATES[0]).arrive()
    d = v.decided()
    v.moves_on()
    assert d["outcome"] == "release" and d["match"]["by"] == "exact", (rules(d), d)
    v.lit("release")
    seen = wait("the reading", v.read)[0]
    assert {e["role"] for e in seen["evidence"]} == {"plate", "scene"}, seen
    v.leave()
    v.out_of_sight()
    return "release"


def undeclared_by_picture(post):
    """nothing was lodged for the truck in the video"""
    v = Filmed(post, PLATES[1]).arrive()
    d = v.decided()
    v.moves_on()
    assert d["outcome"] == "inspect" and d["level"] == "desk" and "NO_DECLARATION" in rules(d), d
    assert d["passage"] == wait("the reading", v.read)[0]["passage"], d
    v.lit("inspect")
    v.led_away()
    v.out_of_sight()
    return "inspect desk"


def video_stalls(post):
    """the video stands still while a declared truck drives up"""
    lodge(post, fresh(post), PLATES[2])
    post.programs["front3"].say("stall")
    wait("the camera to be missed", lambda: post.state("device/in-3.front")["state"] == "offline", 30)
    assert "silent" in post.state("device/in-3.front")["reason"], post.state("device/in-3.front")
    v = Filmed(post, PLATES[2]).arrive()
    d = v.decided()
    v.moves_on()
    assert d["outcome"] == "inspect" and "SENSOR_FAULT" in rules(d), (rules(d), d)
    v.lit("inspect")
    v.led_away()
    v.out_of_sight()
    post.programs["front3"].say("resume")
    wait("the camera to be back", post.all_online, 60)
    return "inspect desk"


STORIES = [declared_by_picture, undeclared_by_picture, video_stalls]
