"""The way to the control room breaks: the link is killed, the broker is killed and forgets everything. Promise: nothing is lost. What a witness has
not seen, a client may ask for again."""
import os
import signal
import time

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
        conf = open(post.path("mosquitto.conf"), encoding="utf-8").read().replace("persistence true", "persistence false")
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
        want = {"state/gateway", "state/feed"} | {"state/device/" + d for d in rig.DEVICES}
        want |= {"state/lane/%s/%s" % (lane, what) for lane in rig.LINES for what in ("signal", "mode")}
        self.assertEqual(topics, want)
        self.assertNotIn("BK44", " ".join(late.lines))

    def test_6_broker_is_no_broker(self):
        """Something else listens on the broker's port and talks nonsense: lanes go on, and the real broker is found again."""
        import socket
        post = self.post
        post.broker_stop()
        fake = socket.socket()
        fake.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        fake.bind(("127.0.0.1", post.ports["broker"]))
        fake.listen(8)
        fake.settimeout(10)
        conn, _ = fake.accept()
        conn.sendall(os.urandom(4096))
        v = Vehicle(post, "in-1", "FA11KEB").arrive()
        v.lit("inspect")
        conn.close()
        fake.close()
        post.broker_start()
        self.assertEqual(v.decided(seconds=40)["outcome"], "inspect")
        settle(post)
        v.led_away()
        self.complete_or_replayed()

    def complete_or_replayed(self):
        self.ask_for_what_is_missing()
        until("nothing missing", lambda: not self.post.missing(), 30)

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


if __name__ == "__main__":
    rig.main()
