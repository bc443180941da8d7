#!/usr/bin/python3
"""Holds recorded MQTT traffic against the contract: config/asyncapi.yaml and the schemas under config/schema/.

    mosquitto_sub -V mqttv5 --retain-as-published -t 'greenlane/v1/#' -F '%r %t %p' >RECORDING
    tests/contract/validate.py --as-published RECORDING

A line is `TOPIC PAYLOAD`, or `RETAINED TOPIC PAYLOAD` with 0 or 1 before it. What is checked:

- a channel of the document has this topic, and a message of this CloudEvents type, and the payload fits its schema;
- nothing outside state/ is retained and, where the recording kept the flag as published, everything under state/ is;
- in each stream the sequence has no gap and never changes its mind; it may start anywhere, and messages may come twice;
- a replayed event is what it was the first time;
- no retained message holds a plate that is known from the traffic.

Needs Debian's python3-jsonschema and python3-yaml."""
import argparse
import collections
import json
import os
import re
import sys
import warnings

import yaml

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from jsonschema import Draft202012Validator, RefResolver

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONFIG = os.path.join(ROOT, "config")
MAX_SHOWN = 5      # violations shown of one message
SHORTEST_PLATE = 4  # shorter ones would be found in anything

# Texts that are no place for a plate to hide in, and may hold its letters by chance.
OPAQUE = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(-online|-offline)?|\d{4}-\d\d-\d\dT[0-9:.]+Z")


def load_yaml(path):
    with open(path, encoding="utf-8") as f:
        return yaml.safe_load(f)


def load_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def once(pairs):
    """For json.loads: an object whose members stand twice has two meanings."""
    if len({k for k, _ in pairs}) != len(pairs):
        raise ValueError("a member stands twice in one object")
    return dict(pairs)


def canonical(text):
    """A plate, or a text that may hold one, without case and separators."""
    return re.sub(r"[^0-9A-Z]", "", text.upper())


class Schemas:
    """The files under config/schema/, each a validator by name."""

    def __init__(self, folder=os.path.join(CONFIG, "schema")):
        self.base = "file://" + os.path.abspath(folder) + "/"
        self.files = {name: load_json(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name.endswith(".json")}
        self.store = {self.base + name: schema for name, schema in self.files.items()}
        self.validators = {}

    def validator(self, name):
        if name not in self.validators:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                resolver = RefResolver(self.base + name, self.files[name], store=self.store)
            self.validators[name] = Draft202012Validator(self.files[name], resolver=resolver)
        return self.validators[name]

    def errors(self, name, event):
        """What is wrong with an event, in words, the place first."""
        found = sorted(self.validator(name).iter_errors(event), key=lambda e: [str(p) for p in e.absolute_path])
        return ["%s: %s" % (".".join(str(p) for p in e.absolute_path) or "event", e.message[:300]) for e in found]


class Channel:
    """One channel of the document: its topics and, by CloudEvents type, the schema files of its messages."""

    def __init__(self, key, channel, document):
        self.key = key
        self.address = channel["address"]
        self.received = any(o["action"] == "receive" and o["channel"]["$ref"] == "#/channels/" + key for o in document["operations"].values())
        self.retained = any(o["bindings"]["mqtt"]["retain"] for o in document["operations"].values() if o["channel"]["$ref"] == "#/channels/" + key)
        self.many = channel.get("x-many-levels")
        self.pattern = re.compile("".join(self._level(part) for part in re.split(r"(\{[^}]*\})", self.address)))
        self.fixed = re.sub(r"\{[^}]*\}", "", self.address)
        self.schemas = {}
        for m in channel["messages"].values():
            message = document["components"]["messages"][m["$ref"].rsplit("/", 1)[1]]
            self.schemas[message["name"]] = os.path.basename(message["payload"]["schema"]["$ref"])

    def _level(self, part):
        if not part.startswith("{"):
            return re.escape(part)
        return ".+" if part == "{%s}" % self.many else "[^/]+"


class Contract:
    """The document. check() holds one message against it."""

    def __init__(self, path=os.path.join(CONFIG, "asyncapi.yaml"), schemas=None):
        self.document = load_yaml(path)
        self.schemas = schemas or Schemas()
        channels = [Channel(k, c, self.document) for k, c in self.document["channels"].items()]
        # The most particular first: fewest parameters that take several levels, then the longest fixed text.
        self.channels = sorted(channels, key=lambda c: (bool(c.many), -len(c.fixed)))

    def channel(self, topic):
        return next((c for c in self.channels if c.pattern.fullmatch(topic)), None)

    def check(self, channel, topic, event):
        if not isinstance(event, dict):
            return ["the payload is no JSON object"]
        schema = channel.schemas.get(event.get("type"))
        if schema is None:
            return ["type %r is not among the messages of %s" % (event.get("type"), channel.address)]
        errors = self.schemas.errors(schema, event)
        if not channel.received and not errors:
            errors = self._labels(topic, event)
        return errors

    @staticmethod
    def _labels(topic, event):
        """What topic and envelope say twice must agree."""
        post, rest = topic.split("/", 3)[2:]
        lane = rest.split("/")[1] if rest.startswith("lane/") else rest.split("/")[2] if rest.startswith(("state/lane/", "restricted/lane/")) else None
        errors = []
        if event["source"] != "/greenlane/" + post:
            errors.append("source is %s on a topic of post %s" % (event["source"], post))
        if lane is not None and event["data"].get("lane") != lane:
            errors.append("data.lane is %s on a topic of lane %s" % (event["data"].get("lane"), lane))
        if rest.startswith(("lane/", "restricted/")) and event["stream"] != ("restricted/" if rest[0] == "r" else "lane/") + lane:
            errors.append("stream is %s on a topic of lane %s" % (event["stream"], lane))
        return errors


class Recording:
    """Takes messages in the order in which they came; finish() gives every violation."""

    def __init__(self, contract=None, as_published=False, sent_only=False):
        self.contract = contract or Contract()
        self.as_published = as_published  # the retain flag is the publisher's, not the subscription's
        self.sent_only = sent_only        # what others send to the gateway may be wrong on purpose
        self.count = collections.Counter()
        self.violations = []
        self.last = {}       # (post, stream) -> sequence
        self.events = {}     # (post, stream, sequence) -> event
        self.plates = set()
        self.retained = []   # (topic, payload)
        self.lines = 0

    def say(self, topic, text):
        self.violations.append("%s%s: %s" % ("line %d: " % self.lines if self.lines else "", topic, text))

    def line(self, text):
        self.lines += 1
        text = text.rstrip("\n")
        m = re.match(r"(?:([01]) )?(greenlane/\S+) ?(.*)$", text, re.S)
        if not m:
            self.say("?", "no message: %.60r; TOPIC PAYLOAD is needed" % text)
            return
        self.message(m.group(2), m.group(3), None if m.group(1) is None else m.group(1) == "1")

    def message(self, topic, payload, retained=None):
        """retained: the flag, None when the recording has none."""
        channel = self.contract.channel(topic)
        if channel is None and self.sent_only and re.match(r"greenlane/v1/[^/]+/(feed|command)/", topic):
            return
        if channel is None:
            self.say(topic, "no channel of the document has this topic")
            return
        self.count[channel.address] += 1
        self._retain(channel, topic, payload, retained)
        if channel.received and self.sent_only:
            return
        try:
            event = json.loads(payload, object_pairs_hook=once)
        except ValueError as e:
            self.say(topic, "no valid JSON: %s" % e)
            return
        errors = self.contract.check(channel, topic, event)
        for error in errors[:MAX_SHOWN]:
            self.say(topic, error)
        if not errors:
            self._plates(event["data"])
            self._sequence(topic, event)

    def _retain(self, channel, topic, payload, retained):
        if retained and not channel.retained:
            self.say(topic, "is retained; only what stands under state/ may be")
        if retained is False and channel.retained and self.as_published:
            self.say(topic, "is not retained; everything under state/ must be")
        if channel.retained or retained:
            self.retained.append((topic, payload))

    def _sequence(self, topic, event):
        if "sequence" not in event or "stream" not in event:
            return
        post, n = topic.split("/")[2], int(event["sequence"])
        stream = (post, event["stream"])
        plain = {k: v for k, v in event.items() if k != "replayed"}
        known = self.events.setdefault(stream + (n,), plain)
        if known != plain:
            self.say(topic, "sequence %d of stream %s was another event before" % (n, event["stream"]))
        if event.get("replayed"):
            if "/reply/" not in topic:
                self.say(topic, "is marked as replayed outside reply/")
            return
        last = self.last.get(stream)
        if last is None or n == last + 1:
            self.last[stream] = n
        elif n > last:
            self.say(topic, "gap in stream %s: %d follows %d" % (event["stream"], n, last))
            self.last[stream] = n
        elif known is plain:
            self.say(topic, "stream %s goes back: a new event %d follows %d" % (event["stream"], n, last))

    def _plates(self, data):
        """Collects the plates that the traffic speaks of, wherever they stand."""
        if isinstance(data, list):
            for item in data:
                self._plates(item)
        if not isinstance(data, dict):
            return
        for key, value in data.items():
            named = key in ("plate", "trailer") or (key == "text" and ("role" in data or data.get("kind") in ("plate", "trailer")))
            if named and isinstance(value, str) and len(canonical(value)) >= SHORTEST_PLATE:
                self.plates.add(canonical(value))
            self._plates(value)

    def _texts(self, value):
        if isinstance(value, dict):
            value = list(value.keys()) + list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from self._texts(item)
        elif isinstance(value, str) and not OPAQUE.fullmatch(value):
            yield canonical(value)

    def finish(self):
        self.lines = 0
        for topic, payload in self.retained:
            try:
                texts = set(self._texts(json.loads(payload)))
            except ValueError:
                texts = {canonical(payload)}
            if any(plate in text for plate in self.plates for text in texts):
                self.say(topic, "a retained message holds a plate")
        self.retained = []
        return self.violations

    def summary(self):
        rows = ["%7d  %s" % (n, address) for address, n in sorted(self.count.items())]
        rows += ["stream %s of %s up to %d" % (s, post, n) for (post, s), n in sorted(self.last.items())]
        return "\n".join(rows + ["%d messages, %d violations" % (sum(self.count.values()), len(self.violations))])


def main():
    a = argparse.ArgumentParser(description="Holds recorded MQTT traffic against config/asyncapi.yaml and config/schema/.")
    a.add_argument("recording", nargs="+", help="file of lines `[RETAINED] TOPIC PAYLOAD`; - is standard input")
    a.add_argument("--as-published", action="store_true", help="the retain flags are the publishers' own (mosquitto_sub --retain-as-published)")
    a.add_argument("--sent-only", action="store_true", help="leave feed/ and command/ unchecked: what others send may be wrong on purpose")
    args = a.parse_args()
    recording = Recording(as_published=args.as_published, sent_only=args.sent_only)
    for path in args.recording:
        with (sys.stdin if path == "-" else open(path, encoding="utf-8", errors="replace")) as f:
            for line in f:
                recording.line(line)
    violations = recording.finish()
    print(recording.summary())
    for v in violations:
        print(v, file=sys.stderr)
    return 1 if violations or not recording.count else 0


if __name__ == "__main__":
    sys.exit(main())
