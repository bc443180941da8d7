"""The way to the control room breaks: the link is killed, the broker is killed and forgets everything. Promise: nothing is lost. What a witness has
not seen, a client may ask for again."""
import contextlib
import os
import signal
import socket
import threading
import time
import unittest

import rig
from rig import Vehicle, fresh, lodge, now_text, settle, until


class Away(rig.Case):
    def pass_through(self, plate):
        lodge(self.post, fresh(self.post), plate + "1", plate + "2")
        v = Vehicle(self.post, "in-1", plate + "1", plate + "2").arrive()
        v.lit("release")
        return v

    def complete(self):
        until("every number at the witness", lambda: not self.post.missing(replayed=False), 40)

    def test_1_link_killed(self):
        post = self.post
        v = self.pass_through("LK1AA")
        post.kill("greenlane-link")
        until("the last will", lambda: post.state("gateway")["state"] == "offline")
        v.lit("release")   # lights need no link
        until("the link's return", lambda: post.state("gateway")["state"] == "online")
        v.leave()
        self.complete()

    def test_2_link_killed_with_a_backlog(self):
        """Killed while it works off what has piled up: what was not acknowledged is sent again."""
        post = self.post
        link = post.pid("greenlane-link")
        os.kill(link, signal.SIGSTOP)
        for i in range(150):
            post.loop("in-2", "exit", i % 2 == 0)
            time.sleep(0.06 if i % 2 == 0 else 0.07)
        os.kill(link, signal.SIGCONT)
        time.sleep(0.02)
        post.kill("greenlane-link")
        until("the link's return", lambda: post.pids().get("greenlane-link") not in (None, link), 40)
        post.ready()
        self.assertGreater(post.streams()["lane/in-2"], 100)
        self.complete()

    def test_3_broker_restarted_with_its_memory(self):
        post = self.post
        post.broker_stop()
        v = Vehicle(post, "in-1", "BR33AAA")
        v.arrive()
        v.lit("inspect")
        post.broker_start()
        v.decided(seconds=40)
        settle(post)
        v.led_away()
        self.complete()

    def test_4_broker_killed_and_forgetful(self):
        """Killed, and it starts with no memory at all: sessions, retained messages, what it had acknowledged and not delivered, all gone."""
        post = self.post
        v = Vehicle(post, "in-1", "BK44AAA").arrive()
        v.decided()
        broker = post.programs["broker"]
        broker.p.kill()
        broker.p.wait()
        for name in ("mosquitto.db", "mosquitto.db.new"):
            if os.path.exists(post.path(name)):
                os.unlink(post.path(name))
        with open(post.path("mosquitto.conf"), encoding="utf-8") as f:
            conf = f.read().replace("persistence true", "persistence false")
        post._file("mosquitto.conf", conf.encode())
        raw = len(post.raw)
        post.loop("in-2", "entry", True)
        time.sleep(0.3)
        post.loop("in-2", "entry", False)
        post.broker_start()
        until("the states, published anew", lambda: post.look() is not None and
              any(t == "state/gateway" and e["data"]["state"] == "online" for t, e, _ in post.raw[raw:]), 40)
        settle(post)
        v.led_away()
        post.empty("in-2")
        self.ask_for_what_is_missing()
        until("nothing missing", lambda: not post.missing(), 30)

    def ask_for_what_is_missing(self):
        """As a consumer does that keeps its numbers: it asks for the holes."""
        post = self.post
        time.sleep(1)   # what is on its way comes first
        for stream, holes in post.missing().items():
            answer = post.command("hq", "replay", stream=stream, **{"from": holes[0], "to": holes[-1]})
            self.assertTrue(answer["ok"], answer)

    def test_5_states_are_there_for_who_comes_late(self):
        """After a broker that forgot: the retained states are back, and no plate among them."""
        post = self.post
        late = post.start("late", "mosquitto_sub", "-V", "mqttv5", "-h", "127.0.0.1", "-p", str(post.ports["broker"]), "-q", "1", "-t",
                          "greenlane/v1/north/#", "--retained-only", "-W", "2", "-F", "%t %p", program="/usr/bin/mosquitto_sub")
        late.p.wait(20)
        late.thread.join(5)
        late.stop()
        topics = {line.split(" ", 1)[0].split("/", 3)[3] for line in late.lines if line.startswith("greenlane/")}
        want = {"state/gateway", "state/feed", "state/contingency", "state/uses"} | {"state/device/" + d for d in rig.DEVICES}
        want |= {"state/lane/%s/%s" % (lane, what) for lane in rig.LINES for what in ("signal", "mode")}
        self.assertEqual(topics, want)
        self.assertNotIn("BK44", " ".join(late.lines))

    def test_7_order_of_what_was_replayed(self):
        """A replayed range comes in order, on the asker's own topic, marked."""
        post = self.post
        post.look()
        raw = len(post.raw)
        answer = post.command("hq", "replay", stream="lane/in-1", to=10, expires_at=now_text(20), **{"from": 3})
        self.assertTrue(answer["ok"], answer)

        def replayed():
            post.look()
            return [(t, e) for t, e, _ in post.raw[raw:] if "/replay/" in t]
        until("eight events", lambda: len(replayed()) >= 8)
        got = replayed()
        self.assertEqual([t for t, _ in got], ["reply/hq/replay/lane/in-1"] * 8)
        self.assertEqual([int(e["sequence"]) for _, e in got], list(range(3, 11)))
        self.assertTrue(all(e["replayed"] is True for _, e in got))


class Between(threading.Thread):
    """Stands between the link and the broker: forwards, talks nonsense, or takes everything and says nothing."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.to, self.mode, self.open, self.met = port, "forward", [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            self.met += 1
            self.open.append(a)
            if self.mode == "nonsense":
                a.sendall(os.urandom(4096))
                a.close()
            elif self.mode == "forward":
                b = socket.create_connection(("127.0.0.1", self.to))
                self.open.append(b)
                for pair in ((a, b), (b, a)):
                    threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                while self.mode == "hold":
                    time.sleep(0.05)
                b.sendall(data)
        for s in (a, b):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def become(self, mode, cut=True):
        self.mode = mode
        for s in self.open if cut else []:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)


class NoBroker(rig.Case):
    @classmethod
    def prepare(cls, post):
        cls.way = Between(post.ports["broker"])
        cls.addClassCleanup(cls.way.listener.close)
        with open(post.path("post.yaml"), encoding="utf-8") as f:
            text = f.read().replace('"mqtt://127.0.0.1:%d"}' % post.ports["broker"], '"mqtt://127.0.0.1:%d", keepalive: 2s}' % cls.way.port)
        assert str(cls.way.port) in text
        post._file("post.yaml", text.encode())

    def through(self, plate):
        v = Vehicle(self.post, "in-1", plate)
        self.post.broker_up = False
        v.arrive()
        self.post.broker_up = True
        v.lit("inspect")
        return v

    def again(self, v):
        self.way.become("forward")
        self.assertEqual(v.decided(seconds=60)["outcome"], "inspect")
        until("every number at the witness", lambda: not self.post.missing(replayed=False), 40)

    def test_1_nonsense(self):
        """Something else listens there and talks nonsense: lanes go on, and the real broker is found again."""
        met = self.way.met
        self.way.become("nonsense")
        until("three attempts", lambda: self.way.met >= met + 3, 30)
        self.again(self.through("FA11KEB"))

    @unittest.skipUnless(os.environ.get("LONG"), "takes a minute: LONG=1 runs it")
    def test_2_says_nothing(self):
        """Takes the connection and never answers."""
        met = self.way.met
        self.way.become("silent")
        until("an attempt", lambda: self.way.met > met, 30)
        self.again(self.through("SI11ENT"))

    def test_3_half_open(self):
        """The connection stands and nothing comes through: the keep-alive finds out."""
        since = len(self.post.log())
        self.way.become("hold", cut=False)
        v = self.through("HA11FOP")
        self.post.logged("broker lost", since, 30)
        self.again(v)


if __name__ == "__main__":
    rig.main()
