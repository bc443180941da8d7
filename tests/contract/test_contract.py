"""The contract itself: the AsyncAPI document is sound, its examples fit their schemas, and the validator finds what is wrong in a recording."""
import copy
import json
import os
import re
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from validate import CONFIG, Contract, Draft202012Validator, Recording, Schemas, load_json  # noqa: E402

OFFICIAL = os.path.join(HERE, "node_modules", "@asyncapi", "specs", "schemas", "3.0.0-without-$id.json")
CONTRACT = Contract()
DOCUMENT = CONTRACT.document


def messages():
    return DOCUMENT["components"]["messages"]


def example(name, index=0):
    return copy.deepcopy(messages()[name]["examples"][index]["payload"])


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def without_ids(value):
    """A schema without members called $id that are schemas themselves: jsonschema 4.10 takes them for names."""
    if isinstance(value, dict):
        return {k: without_ids(v) for k, v in value.items() if k != "$id" or isinstance(v, str)}
    return [without_ids(v) for v in value] if isinstance(value, list) else value


class Document(unittest.TestCase):
    def test_official_schema(self):
        if not os.path.exists(OFFICIAL):
            self.skipTest("the schema of AsyncAPI is not there: run `npm ci` in tests/contract")
        from jsonschema import Draft7Validator
        official = Draft7Validator(without_ids(load_json(OFFICIAL)))
        errors = list(official.iter_errors(DOCUMENT))
        self.assertEqual([], ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:200]) for e in errors])
        for place, wrong in ((("operations", "sendPassage", "action"), "shout"), (("info", "version"), 1), (("channels", "passage", "adress"), "x")):
            document = copy.deepcopy(DOCUMENT)
            node = document
            for step in place[:-1]:
                node = node.setdefault(step, {})
            node[place[-1]] = wrong
            self.assertFalse(official.is_valid(document), "%s: %r was not noticed" % ("/".join(place), wrong))

    def test_references_lead_somewhere(self):
        for ref in references(DOCUMENT):
            if ref.startswith("./"):
                self.assertTrue(os.path.exists(os.path.join(CONFIG, ref)), ref)
                continue
            node = DOCUMENT
            for step in ref[2:].split("/"):
                self.assertIn(step, node, ref)
                node = node[step]

    def test_addresses_and_parameters_agree(self):
        for key, channel in DOCUMENT["channels"].items():
            self.assertEqual(set(re.findall(r"\{([^}]*)\}", channel["address"])), set(channel["parameters"]), key)
            self.assertTrue(channel["address"].startswith("greenlane/v1/{post}/"), key)

    def test_only_states_are_retained(self):
        for key, operation in DOCUMENT["operations"].items():
            channel = DOCUMENT["channels"][operation["channel"]["$ref"].rsplit("/", 1)[1]]
            mqtt = operation["bindings"]["mqtt"]
            self.assertEqual(channel["address"].startswith("greenlane/v1/{post}/state/"), mqtt["retain"], key)
            self.assertEqual(1, mqtt["qos"], key)

    def test_every_channel_has_one_operation(self):
        used = [o["channel"]["$ref"].rsplit("/", 1)[1] for o in DOCUMENT["operations"].values()]
        self.assertEqual(sorted(DOCUMENT["channels"]), sorted(used))

    def test_every_schema_has_a_message(self):
        used = {os.path.basename(m["payload"]["schema"]["$ref"]) for m in messages().values()}
        self.assertEqual(used | {"envelope.json", "common.json"}, set(Schemas().files))

    def test_message_names_are_the_types(self):
        for key, message in messages().items():
            schema = CONTRACT.schemas.files[os.path.basename(message["payload"]["schema"]["$ref"])]
            self.assertEqual(schema["properties"]["type"]["const"], message["name"], key)


class SchemaFiles(unittest.TestCase):
    def test_they_are_schemas(self):
        for name, schema in CONTRACT.schemas.files.items():
            with self.subTest(name):
                Draft202012Validator.check_schema(schema)

    def test_every_member_is_described(self):
        def walk(node, path):
            for name, member in node.get("properties", {}).items() if isinstance(node, dict) else ():
                if not isinstance(member, dict):
                    continue
                self.assertTrue(member.get("description") or "$ref" in member or "allOf" in member, "%s.%s" % (path, name))
                walk(member, path + "." + name)
                walk(member.get("items", {}), path + "." + name + "[]")
        for name, schema in CONTRACT.schemas.files.items():
            walk(schema.get("properties", {}).get("data", {}), name)
            for key, part in schema.get("$defs", {}).items():
                walk(part, name + "." + key)

    def test_they_name_the_place_of_an_error(self):
        event = example("readingPlate")
        event["data"]["value"]["role"] = "lorry"
        self.assertRegex(CONTRACT.schemas.errors("reading-plate.json", event)[0], r"^data\.value\.role: 'lorry'")

    def test_what_we_send_has_no_other_members(self):
        for name, schema in CONTRACT.schemas.files.items():
            if not name.startswith(("reading-", "state-", "passage", "decision", "alarm", "reply", "review", "lookout")):
                continue
            message = next(m for m in messages().values() if m["payload"]["schema"]["$ref"].endswith("/" + name))
            for place in ("event", "data"):
                event = copy.deepcopy(message["examples"][0]["payload"])
                (event if place == "event" else event["data"])["surprise"] = 1
                self.assertTrue(CONTRACT.schemas.errors(name, event), "%s takes a stranger in its %s" % (name, place))
            for member in list(message["examples"][0]["payload"]["data"]):
                event = copy.deepcopy(message["examples"][0]["payload"])
                del event["data"][member]
                self.assertTrue(CONTRACT.schemas.errors(name, event), "%s does without data.%s" % (name, member))

    def test_others_may_add_attributes_of_their_own(self):
        event = example("feedMovements")
        event["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        self.assertEqual([], CONTRACT.schemas.errors("feed-movements.json", event))
        event["data_base64"] = "AA=="
        self.assertTrue(CONTRACT.schemas.errors("feed-movements.json", event))

    def test_the_feed_owes_a_body_to_what_is_said(self):
        for op, body, right in (("upsert", None, False), ("cancel", None, False), ("heartbeat", None, True), ("heartbeat", {"ref": 1}, False),
                                ("cancel", {"ref": {"type": "gmr", "value": "X"}}, True), ("upsert", {"ref": {"type": "gmr", "value": "X"}}, False)):
            event = example("feedMovements")
            event["data"].update(op=op, body=body)
            self.assertEqual(right, not CONTRACT.schemas.errors("feed-movements.json", event), (op, body))

    def test_a_tag_is_known_by_its_epc(self):
        for value, right in (("3034257BF7194E4000001A85", True), ("30 34-25 7b", True), ("E2", True), ("303", False), ("", False), ("30G4", False),
                             ("urn:epc:raw:8.x30", False), ("30" * 32, True), ("30" * 33, False)):
            for number in (0, 1, 2):
                event = example("feedTags", number)
                event["data"]["body"]["ref"]["value"] = value
                self.assertEqual(right, not CONTRACT.schemas.errors("feed-tags.json", event), value)
        for member, value in (("ref", {"type": "gmr", "value": "30"}), ("plate", None), ("state", "lost"), ("role", "cargo"), ("vehicle", "X")):
            event = example("feedTags")
            event["data"]["body"][member] = value
            self.assertTrue(CONTRACT.schemas.errors("feed-tags.json", event), member)
        self.assertFalse(CONTRACT.schemas.errors("feed-tags.json", example("feedTags", 1)))
        for number, member, value in ((1, "plate", "NC15REG"), (1, "role", "vehicle"), (1, "seal", None), (0, "state", "broken"), (0, "seal", "1234"),
                                      (0, "container", "MSKU1234565"), (0, "on", {"type": "gmr", "value": "X"})):
            event = example("feedTags", number)
            event["data"]["body"][member] = value
            self.assertTrue(CONTRACT.schemas.errors("feed-tags.json", event), member)

    def test_a_portal_says_one_thing_at_a_time(self):
        for number, phase in enumerate(("alarm", "occupancy", "fault", "tamper")):
            event = example("readingRadiation", number)
            self.assertEqual(phase, event["data"]["value"]["phase"])
            del event["data"]["value"]["gamma"]
            self.assertTrue(CONTRACT.schemas.errors("reading-radiation.json", event), "%s: null and absent are not the same" % phase)


class Examples(unittest.TestCase):
    def test_they_fit_their_schemas(self):
        for key, message in messages().items():
            self.assertTrue(message["examples"], key)
            for e in message["examples"]:
                with self.subTest("%s: %s" % (key, e["name"])):
                    self.assertEqual([], CONTRACT.schemas.errors(os.path.basename(message["payload"]["schema"]["$ref"]), e["payload"]))


PREFIX = "greenlane/v1/north/"


class Recordings(unittest.TestCase):
    """What the validator lets pass and what it finds."""

    def setUp(self):
        self.recording = Recording(CONTRACT, as_published=True)

    def take(self, topic, event, retained=False):
        self.recording.message(PREFIX + topic, json.dumps(event), retained)

    def decision(self, sequence, id_=None):
        event = example("decision")
        event["sequence"] = str(sequence)
        event["id"] = id_ or "019aafc7-0110-7000-8000-%012d" % sequence
        return event

    def assertFinds(self, *patterns):
        found = self.recording.finish()
        self.assertEqual(len(patterns), len(found), found)
        for pattern, violation in zip(patterns, found):
            self.assertRegex(violation, pattern)

    def test_good_traffic(self):
        self.take("state/gateway", example("stateGateway"), True)
        self.take("state/lane/in-1/signal", example("stateSignal"), True)
        self.take("lane/in-1/reading/plate", example("readingPlate"))
        self.recording.last.clear()
        self.take("lane/in-1/decision", self.decision(9000))
        self.take("lane/in-1/decision", self.decision(9001))
        self.take("lane/in-1/decision", self.decision(9000))  # a duplicate, as QoS 1 allows
        self.take("lane/in-1/decision", self.decision(9001))
        self.take("lane/in-1/decision", self.decision(9002))
        self.take("reply/desk-1/replay/lane/in-1", {"replayed": True, **self.decision(9001)})
        self.take("reply/desk-1/override", example("reply"))
        self.take("reply/desk-1/my/own/place", example("reply"))
        self.take("command/desk-1/override", example("commandOverride"))
        self.take("feed/movements", example("feedMovements", 2))
        self.take("feed/tags", example("feedTags"))
        self.assertFinds()
        self.assertIn("14 messages, 0 violations", self.recording.summary())

    def test_lines(self):
        text = json.dumps(example("stateGateway"))
        for line in ("1 %sstate/gateway %s\n" % (PREFIX, text), "%sstate/gateway %s\n" % (PREFIX, text)):
            self.recording.line(line)
        self.recording.line("Connection error: Connection Refused\n")
        self.assertFinds("^line 3: .*no message")

    def test_unknown_topic(self):
        self.take("lane/in-1/mood", example("passage"))
        self.assertFinds("no channel")

    def test_type_of_another_topic(self):
        self.take("lane/in-1/passage", example("decision"))
        self.assertFinds("greenlane.decision.* not among")

    def test_topic_and_payload_disagree(self):
        self.take("lane/in-2/passage", example("passage"))
        self.assertFinds(r"data\.lane is in-1", "stream is lane/in-1")

    def test_a_look_out_has_a_stream_of_its_own(self):
        event = example("lookout")
        self.take("restricted/lane/in-1/lookout", event)
        self.take("reply/hq-1/replay/restricted/in-1", {"replayed": True, **event})
        self.assertFinds()
        event["stream"] = "lane/in-1"
        self.take("restricted/lane/in-1/lookout", event)
        self.assertFinds("stream is lane/in-1")

    def test_retained_event(self):
        self.take("lane/in-1/passage", example("passage"), True)
        self.assertFinds("only what stands under state/", "holds a plate")

    def test_state_not_retained(self):
        self.take("state/gateway", example("stateGateway"), False)
        self.assertFinds("everything under state/ must be")

    def test_gap(self):
        for n in (7, 8, 10, 11):
            self.take("lane/in-1/decision", self.decision(n))
        self.assertFinds("gap in stream lane/in-1: 10 follows 8")

    def test_event_that_comes_too_late(self):
        for n in (7, 8, 6):
            self.take("lane/in-1/decision", self.decision(n))
        self.assertFinds("goes back: a new event 6 follows 8")

    def test_number_given_twice(self):
        self.take("lane/in-1/decision", self.decision(7))
        self.take("lane/in-1/decision", self.decision(7, "019aafc7-ffff-7000-8000-000000000000"))
        self.assertFinds("was another event before")

    def test_replay_that_changes_history(self):
        self.take("lane/in-1/decision", self.decision(7))
        other = {"replayed": True, **self.decision(7)}
        other["data"]["level"] = "desk"
        self.take("reply/desk-1/replay/lane/in-1", other)
        self.assertFinds("was another event before")

    def test_plate_in_a_state(self):
        state = example("stateDevice")
        state["data"]["reason"] = "waits for nc15 reg"
        self.take("state/device/in-1.front", state, True)
        self.take("lane/in-1/reading/plate", example("readingPlate"))
        self.assertFinds("state/device.* holds a plate")

    def test_plate_of_the_registry_in_a_state(self):
        state = example("stateDevice")
        state["data"]["reason"] = "waits for NC-15 REG"
        self.take("state/device/in-1.front", state, True)
        self.take("feed/tags", example("feedTags"))
        self.assertFinds("state/device.* holds a plate")

    def test_readings_of_antenna_and_portal(self):
        self.take("lane/in-1/reading/tag", example("readingTag"))
        self.take("lane/in-1/reading/radiation", example("readingRadiation"))
        self.assertFinds()
        self.take("lane/in-1/reading/tag", example("readingTag"), True)
        self.assertFinds("is retained")

    def test_json_that_means_two_things(self):
        self.recording.message(PREFIX + "state/gateway", '{"id":"1","id":"2"}', True)
        self.assertFinds("stands twice")

    def test_others_may_be_left_out(self):
        self.recording = Recording(CONTRACT, sent_only=True)
        self.take("command/desk-1/override", {"hello": 1})
        self.take("command/desk-1/dance", {"hello": 1})
        self.assertFinds()
        self.take("lane/in-1/dance", {"hello": 1})
        self.assertFinds("no channel")


if __name__ == "__main__":
    unittest.main()
