"""greenlane-link from outside: a real broker on one side, a listener of the test's own stands in for greenlaned on the other.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_link.py
Needs mosquitto, openssl and python3-paho-mqtt.
"""

import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from wire import Cursor

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
sys.path.insert(0, str(ROOT / "tests/tools"))

from ports import free_port  # noqa: E402

WITHIN = 10.0  # seconds that anything may take before the test gives up

HELLO, PUBLISH, WELCOME, PUBLISHED, LINK_STATE, FEED, FEED_REFUSED, COMMAND = 1, 5, 6, 7, 8, 9, 10, 11
FALSE, TRUE = 1, 2
NULL_INT = -(2**63)
WILL = '{"state":"offline"}'
BASE = "greenlane/v1/north/"


def text(value):
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def pack(kind, body):
    return struct.pack(">HHI", kind, 0, len(body)) + body


def unpack(datagram):
    kind, zero, length = struct.unpack_from(">HHI", datagram)
    assert zero == 0 and length == len(datagram) - 8
    c = Cursor(datagram[8:])
    m = {"kind": kind}
    if kind == HELLO:
        m.update(version=c.take("q"), device=c.text(), program=c.text(), pid=c.take("q"))
    elif kind == PUBLISHED:
        m.update(token=c.take("q"), refused=c.take("B") == TRUE, reason=c.text())
    elif kind == LINK_STATE:
        m.update(connected=c.take("B") == TRUE, reason=c.text())
    elif kind == FEED:
        m.update(collection=c.take("B"), epoch=c.text(), seq=c.take("q"), op=c.take("B"))
    elif kind == FEED_REFUSED:
        m.update(collection=c.take("B"), epoch=c.text(), seq=c.take("q"), op=c.take("B"), snapshot=c.text(), ref=(c.text(), c.text()),
                 was=(c.text(), c.text()), digest=c.raw(), reason=c.text())
    elif kind == COMMAND:
        m.update(id=c.text(), client=c.text(), name=c.take("B"), response=c.text(), correlation=c.raw(), lane=c.text())
    return m


class Daemon:
    """Stands in for greenlaned: one socket, one link."""

    def __init__(self, folder):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(folder / "link.sock"))
        self.listener.listen(1)
        self.listener.settimeout(WITHIN)
        self.peer = None
        self.kept = []

    def welcome(self, post="north"):
        self.peer, _ = self.listener.accept()
        self.peer.settimeout(WITHIN)
        hello = self.take(HELLO)
        self.peer.send(pack(WELCOME, text(post) + text("0190aaaa-0000-7000-8000-000000000001") + text(WILL)))
        return hello

    def publish(self, token, topic, payload, retain=False, expiry=0, correlation=b""):
        body = struct.pack(">q", token) + text(BASE + topic) + struct.pack(">Bq", TRUE if retain else FALSE, expiry)
        self.peer.send(pack(PUBLISH, body + struct.pack(">H", len(correlation)) + correlation + text(payload)))

    def take(self, kind, **wanted):
        """The next message of this kind with these members; others are kept for later."""

        def fits(m):
            return m["kind"] == kind and all(m[k] == v for k, v in wanted.items())

        for m in self.kept:
            if fits(m):
                self.kept.remove(m)
                return m
        until = time.monotonic() + WITHIN
        while time.monotonic() < until:
            raw = self.peer.recv(200000)
            if not raw:
                raise AssertionError(f"the link went away; kept: {self.kept}")
            m = unpack(raw)
            if fits(m):
                return m
            self.kept.append(m)
        raise AssertionError(f"no message {kind} {wanted}; kept: {self.kept}")

    def close(self):
        for s in (self.peer, self.listener):
            if s:
                s.close()


class Broker:
    """Mosquitto on a loopback port."""

    def __init__(self, folder, lines=()):
        self.folder, self.port = folder, free_port()
        self.conf = folder / "mosquitto.conf"
        self.conf.write_text("\n".join([f"listener {self.port} 127.0.0.1", "persistence false", "user root", *lines]) + "\n")
        self.start()

    def start(self):
        with open(self.folder / "broker.log", "a") as log:
            self.process = subprocess.Popen(["mosquitto", "-c", str(self.conf)], stdout=log, stderr=log)
        until = time.monotonic() + WITHIN
        while time.monotonic() < until:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the broker does not start: " + (self.folder / "broker.log").read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(WITHIN)


class Breaker(threading.Thread):
    """A relay to the broker that closes both ends as soon as it sees a certain text."""

    def __init__(self, port, poison):
        super().__init__(daemon=True)
        self.target, self.poison, self.closed = port, poison, 0
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(8)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            b = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.relay, args=(a, b, True), daemon=True).start()
            threading.Thread(target=self.relay, args=(b, a, False), daemon=True).start()

    def relay(self, source, sink, watch):
        try:
            while data := source.recv(65536):
                if watch and self.poison in data:
                    self.closed += 1
                    break
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()  # the other direction's thread closes the other one


class Client:
    """A client of the broker: what a desk or a dashboard is."""

    def __init__(self, port, topic=BASE + "#", tls=None):
        self.messages = queue.Queue()
        self.ready = threading.Event()
        self.c = mqtt.Client(protocol=mqtt.MQTTv5)
        if tls:
            self.c.tls_set(*[str(f) for f in tls])
        self.c.on_message = lambda c, u, m: self.messages.put(m)
        self.c.on_subscribe = lambda *a: self.ready.set()
        self.c.on_connect = lambda *a: self.c.subscribe(topic, qos=1)
        self.c.connect("localhost" if tls else "127.0.0.1", port)
        self.c.loop_start()
        assert self.ready.wait(WITHIN)

    def send(self, topic, payload, retain=False, **props):
        p = Properties(PacketTypes.PUBLISH)
        for name, value in props.items():
            setattr(p, name, value)
        payload = payload if isinstance(payload, (str, bytes)) else json.dumps(payload)
        self.c.publish(BASE + topic, payload, qos=1, retain=retain, properties=p).wait_for_publish(WITHIN)

    def take(self, topic):
        until = time.monotonic() + WITHIN
        while (left := until - time.monotonic()) > 0:
            try:
                m = self.messages.get(timeout=left)
            except queue.Empty:
                break
            if m.topic == BASE + topic:
                return m
        raise AssertionError(f"nothing came on {topic}")

    def close(self):
        self.c.disconnect()
        self.c.loop_stop()


def command(name="close", ident="c-1", **data):
    data = {"lane": "in-1", "expires_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60)), **data}
    return {"specversion": "1.0", "id": ident, "source": "/desk", "type": f"greenlane.command.{name}", "data": data}


def heartbeat(seq, collection="movements"):
    data = {"collection": collection, "epoch": "e1", "seq": seq, "op": "heartbeat", "as_of": "2026-11-23T11:16:50Z"}
    return {"specversion": "1.0", "id": f"h-{seq}", "source": "/hub", "type": f"greenlane.feed.{collection}", "data": data}


class LinkTest(unittest.TestCase):
    BROKER = ["allow_anonymous true", "max_packet_size 40000"]

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="greenlane-link-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.log = open(self.folder / "link.log", "w+")
        self.addCleanup(self.log.close)

    def broker(self, lines=None):
        broker = Broker(self.folder, lines if lines is not None else self.BROKER)
        self.addCleanup(broker.stop)
        return broker

    def client(self, *args, **kwargs):
        client = Client(*args, **kwargs)
        self.addCleanup(client.close)
        return client

    def start(self, port, url=None, extra=""):
        self.daemon = Daemon(self.folder)
        self.addCleanup(self.daemon.close)
        # The checks of devices are not the link's: the example's lanes will do.
        example = (ROOT / "config/examples/post.yaml").read_text()
        example = re.sub(r"(?m)^mqtt:\n(?:  .*\n)*", f'mqtt:\n  url: "{url or f"mqtt://127.0.0.1:{port}"}"\n  keepalive: 5s\n{extra}', example)
        example = re.sub(r"(?m)^paths:\n(?:  .*\n)*", f"paths: {{state: {self.folder}, run: {self.folder}}}\n", example)
        (self.folder / "post.yaml").write_text(example)
        self.process = subprocess.Popen(
            [str(BUILD / "bin/greenlane-link"), "--config", str(self.folder / "post.yaml")], stderr=self.log, cwd=self.folder
        )
        self.addCleanup(self.end)
        return self.daemon

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.seek(0)
        written = self.log.read()
        self.assertNotIn("Sanitizer", written)
        self.assertNotIn("runtime error", written)

    def up(self, port, **kwargs):
        daemon = self.start(port, **kwargs)
        try:
            self.hello = daemon.welcome()
            daemon.take(LINK_STATE, connected=True)
        except (AssertionError, OSError) as e:
            raise AssertionError(f"no connection: {e}\n{self.logged()}") from e
        return daemon

    def logged(self):
        self.log.flush()
        return (self.folder / "link.log").read_text()

    def await_log(self, says):
        until = time.monotonic() + WITHIN
        while says not in self.logged() and time.monotonic() < until:
            time.sleep(0.1)
        self.assertIn(says, self.logged())

    def test_password_and_a_huge_feed_record(self):
        """A password from a file; a record beyond what is taken is refused, and the next one still comes through."""
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(self.folder / "passwords"), "link", "s3cret"], check=True)
        secret = self.folder / "secret"
        secret.write_text("s3cret\n")
        secret.chmod(0o600)
        lines = ["allow_anonymous true", "max_packet_size 8000000", f"password_file {self.folder}/passwords"]
        port = self.broker(lines).port
        daemon = self.up(port, extra=f"  username: link\n  password-file: {secret}\n")
        client = self.client(port)
        client.send("feed/movements", b" " * 4200000)
        self.assertIn("at most 4194304", daemon.take(FEED_REFUSED)["reason"])
        client.send("feed/movements", b" " * 4400000)  # beyond the packet size that the link asks for: the broker keeps it
        client.send("feed/movements", heartbeat(8))
        self.assertEqual(daemon.take(FEED)["seq"], 8)
        self.assertFalse([m for m in daemon.kept if m["kind"] == FEED_REFUSED])

    def test_hello_says_who_it_is(self):
        self.up(self.broker().port)
        self.assertEqual((self.hello["program"], self.hello["device"], self.hello["version"]), ("greenlane-link", "", 1))

    def test_it_has_given_up_its_rights(self):
        self.up(self.broker().port)
        for thread in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():  # those of the MQTT library too
            status = (thread / "status").read_text()
            self.assertRegex(status, r"NoNewPrivs:\s1\n")
            self.assertRegex(status, r"Seccomp:\s2\n")

    def test_published_messages_are_acknowledged(self):
        broker = self.broker()
        client = self.client(broker.port)
        daemon = self.up(broker.port)
        for token in range(1, 257):
            daemon.publish(token, "lane/in-1/passage", json.dumps({"n": token}), expiry=60, correlation=b"\x00\x01")
        tokens = [daemon.take(PUBLISHED) for _ in range(256)]
        self.assertEqual([m["token"] for m in tokens], list(range(1, 257)))
        self.assertFalse(any(m["refused"] for m in tokens))
        m = client.take("lane/in-1/passage")
        self.assertEqual((json.loads(m.payload), m.qos, m.retain), ({"n": 1}, 1, False))
        self.assertEqual(m.properties.ContentType, "application/cloudevents+json")
        self.assertEqual(m.properties.PayloadFormatIndicator, 1)
        self.assertEqual(m.properties.CorrelationData, b"\x00\x01")
        self.assertLessEqual(m.properties.MessageExpiryInterval, 60)

    def test_states_are_retained_and_not_answered(self):
        broker = self.broker()
        daemon = self.up(broker.port)
        daemon.publish(0, "state/feed", "{}", retain=True)
        daemon.publish(5, "lane/in-1/passage", "{}")
        self.assertEqual(daemon.take(PUBLISHED)["token"], 5)
        self.assertTrue(self.client(broker.port).take("state/feed").retain)

    def test_waits_for_greenlaned_and_ends_with_it(self):
        broker = self.broker()
        daemon = self.up(broker.port)
        daemon.peer.close()
        self.assertEqual(self.process.wait(WITHIN), 1)
        self.assertIn("greenlaned is gone", self.logged())
        self.assertEqual(self.client(broker.port).take("state/gateway").payload.decode(), WILL)

    def test_another_post_is_refused(self):
        self.start(self.broker().port).welcome("south")
        self.assertEqual(self.process.wait(WITHIN), 1)
        self.assertIn("another post", self.logged())

    def test_reconnects_when_the_broker_comes_back(self):
        broker = self.broker()
        daemon = self.up(broker.port)
        broker.stop()
        self.assertNotEqual(daemon.take(LINK_STATE, connected=False)["reason"], "")
        daemon.publish(9, "lane/in-1/passage", "{}")  # nobody answers: it will be sent again
        broker.start()
        daemon.take(LINK_STATE, connected=True)
        client = self.client(broker.port)
        daemon.publish(9, "lane/in-1/passage", '{"again":true}')
        self.assertEqual(daemon.take(PUBLISHED), {"kind": PUBLISHED, "token": 9, "refused": False, "reason": ""})
        self.assertEqual(client.take("lane/in-1/passage").payload, b'{"again":true}')
        client.send("command/desk/close", command())  # subscribed again, too
        self.assertEqual(daemon.take(COMMAND)["client"], "desk")

    def test_the_last_will_says_offline(self):
        for how, status in ((signal.SIGKILL, -9), (signal.SIGTERM, 0)):
            with self.subTest(how=how):
                broker = self.broker()
                client = self.client(broker.port)
                self.up(broker.port)
                self.process.send_signal(how)
                self.assertEqual(self.process.wait(WITHIN), status)
                self.assertEqual(client.take("state/gateway").payload.decode(), WILL)
                self.assertTrue(self.client(broker.port).take("state/gateway").retain)
                self.daemon.close()
                (self.folder / "link.sock").unlink()
                broker.stop()

    def test_commands_come_through_with_what_the_topic_says(self):
        broker = self.broker()
        daemon = self.up(broker.port)
        client = self.client(broker.port)
        client.send("command/desk-1/close", command(), ResponseTopic=BASE + "reply/desk-1/tab-3", CorrelationData=b"k1")
        m = daemon.take(COMMAND)
        self.assertEqual((m["id"], m["client"], m["name"], m["lane"]), ("c-1", "desk-1", 5, "in-1"))
        self.assertEqual((m["response"], m["correlation"]), (BASE + "reply/desk-1/tab-3", b"k1"))

    def test_a_response_topic_of_others_is_not_used(self):
        broker = self.broker()
        daemon = self.up(broker.port)
        self.client(broker.port).send("command/desk-1/close", command(), ResponseTopic=BASE + "state/gateway")
        self.assertEqual(daemon.take(COMMAND)["response"], BASE + "reply/desk-1/close")
        self.assertIn("response topic", self.logged())

    def test_retained_messages_are_dropped(self):
        broker = self.broker()
        client = self.client(broker.port)
        client.send("command/desk/close", command(ident="before"), retain=True)
        daemon = self.up(broker.port)
        client.send("command/desk/close", command(ident="retained"), retain=True)
        client.send("feed/movements", heartbeat(3), retain=True)
        client.send("command/desk/close", command(ident="plain"))
        self.assertEqual(daemon.take(COMMAND)["id"], "plain")
        self.assertFalse([m for m in daemon.kept if m["kind"] in (COMMAND, FEED)])
        self.assertIn("retained", self.logged())

    def test_a_command_that_cannot_be_read_is_answered(self):
        broker = self.broker()
        self.up(broker.port)
        client = self.client(broker.port)
        client.send("command/desk/close", '{"specversion":', CorrelationData=b"k2")
        m = client.take("reply/desk/close")
        event = json.loads(m.payload)
        self.assertEqual((event["type"], event["source"]), ("greenlane.reply", "/greenlane/north"))
        self.assertEqual((event["data"]["client"], event["data"]["name"], event["data"]["ok"]), ("desk", "close", False))
        self.assertIn("no valid JSON", event["data"]["error"])
        self.assertEqual(m.properties.CorrelationData, b"k2")

    def test_a_flood_of_nonsense_does_not_stop_what_matters(self):
        broker = self.broker()
        daemon = self.up(broker.port)
        client = self.client(broker.port, topic=BASE + "lane/#")
        for _ in range(3000):
            client.c.publish(BASE + "command/desk/close", "nonsense", qos=0)
        daemon.publish(1, "lane/in-1/decision", "{}")
        self.assertFalse(daemon.take(PUBLISHED)["refused"])
        client.send("command/desk/close", command())
        self.assertEqual(daemon.take(COMMAND)["id"], "c-1")
        self.assertFalse([m for m in daemon.kept if m["kind"] == LINK_STATE])

    def test_feed_records_and_their_refusals(self):
        broker = self.broker()
        daemon = self.up(broker.port)
        client = self.client(broker.port)
        client.send("feed/movements", heartbeat(3))
        m = daemon.take(FEED)
        self.assertEqual((m["collection"], m["epoch"], m["seq"], m["op"]), (1, "e1", 3, 3))
        client.send("feed/declarations", heartbeat(4))
        m = daemon.take(FEED_REFUSED)
        self.assertEqual((m["collection"], m["epoch"], m["seq"]), (2, "e1", 4))
        client.send("feed/movements", "nonsense")
        self.assertEqual(daemon.take(FEED_REFUSED)["seq"], NULL_INT)

    def test_what_the_broker_refuses_is_told(self):
        acl = self.folder / "acl"
        acl.write_text(f"topic deny {BASE}lane/forbidden/#\ntopic readwrite {BASE}#\n")
        daemon = self.up(self.broker([*self.BROKER, f"acl_file {acl}"]).port)
        daemon.publish(1, "lane/forbidden/passage", "{}")
        daemon.publish(2, "lane/in-1/passage", json.dumps({"x": "y" * 50000}))
        daemon.publish(3, "lane/in-1/passage", "{}")
        answers = {m["token"]: m for m in (daemon.take(PUBLISHED) for _ in range(3))}
        self.assertTrue(answers[1]["refused"])
        self.assertIn("authorized", answers[1]["reason"].lower())
        self.assertTrue(answers[2]["refused"])
        self.assertIn("at most 40000", answers[2]["reason"])
        self.assertFalse(answers[3]["refused"])

    def test_a_broker_that_wants_no_strangers_says_so(self):
        self.start(self.broker(["allow_anonymous false"]).port).welcome()
        self.await_log("the broker refuses the connection: Not authorized")
        self.assertFalse([m for m in self.daemon.kept if m["kind"] == LINK_STATE and m["connected"]])

    def test_a_message_that_closes_the_connection_is_set_aside(self):
        breaker = Breaker(self.broker().port, b"POISON")
        self.addCleanup(breaker.listener.close)
        daemon = self.up(breaker.port)
        open_tokens = {1: "a", 2: "b", 3: "POISON", 4: "c", 5: "d"}
        refused = {}
        until = time.monotonic() + 3 * WITHIN
        while open_tokens and time.monotonic() < until:
            for token, payload in open_tokens.items():
                daemon.publish(token, "lane/in-1/passage", json.dumps({"x": payload}))
            while open_tokens:
                raw = daemon.peer.recv(200000)
                m = unpack(raw)
                if m["kind"] == PUBLISHED:
                    open_tokens.pop(m["token"], None)
                    if m["refused"]:
                        refused[m["token"]] = m["reason"]
                elif m["kind"] == LINK_STATE and m["connected"]:
                    break
        self.assertEqual(list(refused), [3])
        self.assertIn("closes the connection", refused[3])
        self.assertGreaterEqual(breaker.closed, 3)

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_tls_with_a_certificate_of_its_own(self):
        pki = self.folder / "pki"
        pki.mkdir()
        make_certificates(pki)
        acl = (ROOT / "config/mosquitto/acl.example").read_text()
        (self.folder / "acl").write_text(acl)
        lines = (ROOT / "config/mosquitto/greenlane.conf").read_text()
        lines = re.sub(r"(?m)^(persistence|autosave|listener|log_type|per_listener|connection).*\n", "", lines)
        lines = lines.replace("/etc/mosquitto/certs/", f"{pki}/").replace("/etc/mosquitto/greenlane.acl", str(self.folder / "acl"))
        port = self.broker(lines.splitlines()).port
        extra = f"  ca: {pki}/ca.crt\n  cert: {pki}/link.crt\n  key: {pki}/link.key\n"
        daemon = self.up(port, url=f"mqtts://localhost:{port}", extra=extra)
        desk = self.client(port, topic=BASE + "reply/desk-1/#", tls=(pki / "ca.crt", pki / "desk-1.crt", pki / "desk-1.key"))
        desk.send("command/centre/close", command(ident="forged"))
        desk.send("command/desk-1/close", command(ident="own"))
        self.assertEqual(daemon.take(COMMAND)["id"], "own")
        daemon.publish(1, "reply/desk-1/close", "{}")
        self.assertFalse(daemon.take(PUBLISHED)["refused"])
        self.assertEqual(desk.take("reply/desk-1/close").payload, b"{}")

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl")
    def test_a_broker_with_a_strange_certificate_is_not_believed(self):
        pki, other = self.folder / "pki", self.folder / "other"
        for folder in (pki, other):
            folder.mkdir()
            make_certificates(folder)
        lines = ["allow_anonymous true", f"cafile {other}/ca.crt", f"certfile {other}/server.crt", f"keyfile {other}/server.key"]
        port = self.broker(lines).port
        self.start(port, url=f"mqtts://localhost:{port}", extra=f"  ca: {pki}/ca.crt\n").welcome()
        self.await_log("no TLS connection")


def make_certificates(folder):
    def openssl(*args):
        subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def key():
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    openssl("req", "-x509", *key(), "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority", "-days", "2")
    for name, subject in (("server", "localhost"), ("link", "link"), ("desk-1", "desk-1")):
        openssl("req", *key(), "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        (folder / "ext").write_text("subjectAltName=DNS:localhost\n" if name == "server" else "extendedKeyUsage=clientAuth\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.crt", "-days", "2", "-extfile", "ext")
        os.chmod(folder / f"{name}.key", 0o600)


if __name__ == "__main__":
    unittest.main()
