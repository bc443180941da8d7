"""Gate events for systems outside, from `greenlane simulate`: when they are made, what stands in them, and what corrects them.

Run with:  BUILD=build/release python3 -m unittest tests/integration/test_share.py
"""

import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "contract")]

import test_simulate as base  # noqa: E402
from test_simulate import MRN, TRAILER, TRUCK, Simulation, Story, declaration, movement  # noqa: E402
from validate import Contract  # noqa: E402

RECINTOS = """
    recintos: {site: "9801303", gates: {in-1: 5a1c0a52-6f0e-4b7d-9a10-0c2f6f1d2e01}, cameras: {in-1.front: 77b0}}"""
CC007C = """
    cc007c: {office: EE1000EE, trader: EE12345678, location: {type: B, authorisation: EEACE0042}}"""
NS = "{http://ncts.dgtaxud.ec}"
CONTRACT = Contract()


def transit(version=1, office="EE1000EE", kind="T1", **more):
    offices = [{"role": "departure", "office": "LV000101"}, {"role": "destination", "office": office}]
    return declaration(version, type=kind, offices=offices, **more)


class Case(unittest.TestCase):
    maxDiff = None
    share = RECINTOS + CC007C

    def run_story(self, story):
        plain = base.CONFIG
        base.CONFIG = plain + ("share:\n  customs:" + self.share + "\n" if self.share else "")
        try:
            s = Simulation(story.lines())
        finally:
            base.CONFIG = plain
        self.assertEqual(s.status, 0, s.err)
        for i, e in enumerate(self.shared(s)):
            self.assertEqual((e["stream"], e["sequence"]), ("share/customs", str(i + 1)))
            self.assertEqual(CONTRACT.schemas.errors(e["dataschema"].rsplit(":", 1)[1] + ".json", e), [])
        return s

    def shared(self, s):
        return [e for e in s.events if e["type"].startswith("greenlane.share.")]

    def accesses(self, s):
        return [e["data"] for e in s.of("share.recintos-access")]

    def arrivals(self, s):
        return [ET.fromstring(d["text"].encode()) for d in s.data("share.ncts-cc007c")]


class Access(Case):
    share = RECINTOS

    def test_a_vehicle_that_left(self):
        s = self.run_story(Story().lodged().arrives().leaves(20))
        data, = self.accesses(s)
        document = data["document"]
        self.assertEqual((document["tipoOperacao"], document["direcao"], document["placa"], document["ocrPlaca"]), ("I", "E", TRUCK, True))
        self.assertEqual(document["dataHoraOcorrencia"], Story.time(23).replace("Z", "+0000"))
        self.assertEqual(document["listaSemirreboque"], [{"idElemento": "1", "placa": TRAILER, "ocrPlaca": True, "vazio": False}])
        self.assertEqual([c["protocoloCamera"] for c in document["listaCameras"]], ["77b0", "in-1.rear"])
        self.assertEqual([d["numeroDeclaracao"] for d in document["listaDeclaracaoAduaneira"]], [MRN])
        self.assertFalse(document["contingencia"])
        self.assertEqual(data["decision"], s.of("decision")[-1]["id"])
        self.assertEqual(data["passage"], s.data("passage")[-1]["passage"])
        self.assertIsNone(data["operator"])
        self.assertEqual(document["idEvento"], s.of("share.recintos-access")[0]["id"])

    def test_nothing_is_shared_unless_it_is_configured(self):
        type(self).share, kept = "", self.share
        try:
            self.assertEqual(self.shared(self.run_story(Story().lodged(declarations=[transit()]).arrives().leaves(20))), [])
        finally:
            type(self).share = kept

    def test_who_has_not_left_is_not_told(self):
        self.assertEqual(self.shared(self.run_story(Story().lodged().arrives())), [])
        story = Story().lodged().arrives()
        story.plate(20, TRUCK, value={"text": TRUCK, "direction": "leave"}).loop(21, "entry", True).loop(24, "entry", False)
        s = self.run_story(story)
        self.assertEqual([p["exit"] for p in s.data("passage") if p["state"] == "closed"], ["backed_out"])
        self.assertEqual(self.shared(s), [])

    def test_who_left_without_a_release_is_told_all_the_same(self):
        s = self.run_story(Story().lodged(movements=[], declarations=[]).arrives().leaves(20))
        data, = self.accesses(s)
        self.assertNotIn("listaManifestos", data["document"])
        self.assertIn("listaSemirreboque[0].vazio", data["missing"])
        self.assertNotIn("vazio", data["document"]["listaSemirreboque"][0])

    def test_lodged_as_empty(self):
        s = self.run_story(Story().lodged(movements=[movement(kind="empty", declarations=[])], declarations=[]).arrives().leaves(20))
        self.assertEqual([t["vazio"] for t in self.accesses(s)[0]["document"]["listaSemirreboque"]], [True])

    def test_a_typed_plate_was_not_read(self):
        story = Story().lodged().arrives(truck="999XYZ")
        first = self.run_story(story)
        passage = first.data("passage")[0]["passage"]
        story.command(15, "desk-1", "typed-plate", lane="in-1", passage=passage, officer={"id": "12345678901"}, plate=TRUCK,
                      expires_at=Story.time(60))
        s = self.run_story(story.leaves(40))
        data, = self.accesses(s)
        self.assertEqual((data["document"]["placa"], data["document"]["ocrPlaca"]), (TRUCK, False))
        self.assertTrue(data["document"]["listaSemirreboque"][0]["ocrPlaca"])

    def test_a_device_that_was_away_is_contingency(self):
        story = Story().lodged().arrives(trailer=None).device(-10, "in-1.rear", "offline", "no answer")
        data, = self.accesses(self.run_story(story.leaves(40)))
        self.assertTrue(data["document"]["contingencia"])

    def test_the_officer_who_decided(self):
        story = Story().lodged(movements=[movement(channel="physical")]).arrives()
        first = self.run_story(story)
        d = first.of("decision")[-1]
        story.command(30, "customs", "override", lane="in-1", passage=d["data"]["passage"], decision=d["id"], outcome="release", reason="seen",
                      officer={"id": "K-17"}, expires_at=Story.time(60))
        s = self.run_story(story.leaves(40))
        self.assertTrue(all(r["ok"] for r in s.data("reply")), s.data("reply"))
        data, = self.accesses(s)
        self.assertEqual(data["operator"], "K-17")
        self.assertIn("cpfOperadorRegistro", data["missing"])


class Corrections(Case):
    share = RECINTOS

    def story(self, *typed, **last):
        """A vehicle that left, and plates typed for it afterwards."""
        story = Story().lodged().arrives().leaves(20)
        passage = self.run_story(story).data("passage")[-1]["passage"]
        for i, plate in enumerate(typed):
            story.command(40 + i, "desk-1", "typed-plate", **{"lane": "in-1", "passage": passage, "officer": {"id": "K-17"}, "plate": plate,
                                                              "expires_at": Story.time(90), **last})
        return self.run_story(story)

    def test_a_plate_corrected_afterwards(self):
        s = self.story("124ABC")
        first, second = self.accesses(s)
        self.assertTrue(s.data("reply")[0]["ok"], s.data("reply"))
        self.assertEqual((first["corrects"], first["document"]["tipoOperacao"]), (None, "I"))
        self.assertEqual((second["corrects"], second["document"]["tipoOperacao"]), (first["document"]["idEvento"], "R"))
        self.assertEqual((second["document"]["placa"], second["document"]["ocrPlaca"]), ("124ABC", False))
        self.assertEqual(second["operator"], "K-17")
        self.assertIn("protocoloEventoRetificadoOuExcluido", second["missing"])
        self.assertEqual(second["document"]["dataHoraOcorrencia"], first["document"]["dataHoraOcorrencia"])
        self.assertEqual(second["document"]["dataHoraRegistro"], Story.time(40).replace("Z", "+0000"))
        self.assertEqual(s.data("passage")[-1]["known"]["plate"], "124ABC")

    def test_all_corrections_name_the_first(self):
        events = self.accesses(self.story("124ABC", "125ABC"))
        self.assertEqual([e["corrects"] for e in events], [None] + [events[0]["document"]["idEvento"]] * 2)

    def test_what_says_nothing_new_is_not_said(self):
        s = self.story("124ABC", "124ABC")
        self.assertEqual(len(self.accesses(s)), 2)
        self.assertEqual([r["ok"] for r in s.data("reply")], [True, True])

    def test_the_trailer(self):
        first, second = self.accesses(self.story("456DF", role="trailer"))
        self.assertEqual((second["document"]["placa"], second["document"]["ocrPlaca"]), (TRUCK, True))
        self.assertEqual([(t["placa"], t["ocrPlaca"]) for t in second["document"]["listaSemirreboque"]], [("456DF", False)])

    def test_refused(self):
        for wrong in ({"passage": "0197a000-0000-7000-8000-000000000001"}, {"officer": None}, {"plate": "--"}, {"expires_at": Story.time(30)}):
            s = self.story("124ABC", **wrong)
            self.assertEqual(len(self.accesses(s)), 1, wrong)
            self.assertEqual([r["ok"] for r in s.data("reply")], [False], wrong)
        s = self.story("124ABC", passage="0197a000-0000-7000-8000-000000000001")
        self.assertIn("is not open in lane in-1", s.data("reply")[0]["error"])


class Arrival(Case):
    share = CC007C

    def test_a_released_transit(self):
        s = self.run_story(Story().lodged(declarations=[transit()]).arrives().leaves(20))
        data, = s.data("share.ncts-cc007c")
        self.assertEqual((data["reference"], data["media_type"]), (MRN, "application/xml"))
        root, = self.arrivals(s)
        self.assertEqual((root.tag, root.get("PhaseID")), (NS + "CC007C", "NCTS5.1"))
        order = ["messageSender", "messageRecipient", "preparationDateAndTime", "messageIdentification", "messageType", "TransitOperation",
                 "CustomsOfficeOfDestinationActual", "TraderAtDestination", "Consignment"]
        self.assertEqual([e.tag for e in root], order)
        self.assertEqual([(e.tag, e.text) for e in root.find("TransitOperation")],
                         [("MRN", MRN), ("arrivalNotificationDateAndTime", "2026-11-23T11:00:23"), ("simplifiedProcedure", "0"), ("incidentFlag", "0")])
        self.assertEqual(root.findtext("messageIdentification"), s.of("share.ncts-cc007c")[0]["id"].replace("-", ""))

    def test_its_schema(self):
        xsd = os.path.join(HERE, "..", "samples", "ncts", "cc007c.xsd")
        s = self.run_story(Story().lodged(declarations=[transit()]).arrives().leaves(20))
        try:
            subprocess.run(["xmllint", "--version"], capture_output=True, check=True)
        except FileNotFoundError:
            self.skipTest("xmllint is not there: apt-get install libxml2-utils")
        text = s.data("share.ncts-cc007c")[0]["text"]
        swapped = text.replace("    <simplifiedProcedure>0</simplifiedProcedure>\n    <incidentFlag>0</incidentFlag>",
                               "    <incidentFlag>0</incidentFlag>\n    <simplifiedProcedure>0</simplifiedProcedure>")
        for sample, good in ((text, True), (swapped, False), (text.replace(MRN, MRN[:-1]), False)):
            with tempfile.NamedTemporaryFile(suffix=".xml") as f:
                f.write(sample.encode())
                f.flush()
                done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", xsd, f.name], capture_output=True, text=True)
            self.assertEqual(done.returncode == 0, good, done.stderr)

    def test_what_is_no_arrival_here(self):
        for d in (transit(office="EE2000EE"), transit(kind="IM4"), declaration(type="T1")):
            self.assertEqual(self.arrivals(self.run_story(Story().lodged(declarations=[d]).arrives().leaves(20))), [], d)

    def test_no_release_no_arrival(self):
        story = Story().lodged(declarations=[transit()], movements=[movement(channel="physical")])
        self.assertEqual(self.arrivals(self.run_story(story.arrives().leaves(20))), [])

    def test_a_lane_in_shadow_released_nobody(self):
        story = Story().lodged(declarations=[transit()]).arrives().leaves(20)
        story.command(-5, "desk-1", "lane-mode", lane="in-1", mode="shadow", officer={"id": "K-17"}, expires_at=Story.time(60))
        s = self.run_story(story)
        self.assertEqual(s.data("decision")[-1]["outcome"], "release")
        self.assertEqual(self.arrivals(s), [])

    def test_each_transit_once(self):
        other = dict(transit(), ref={"type": "mrn", "value": "26EE1234567890ABK4"})
        refs = [{"type": "mrn", "value": v} for v in (MRN, "26EE1234567890ABK4")]
        s = self.run_story(Story().lodged(movements=[movement(declarations=refs)], declarations=[transit(), other]).arrives().leaves(20))
        self.assertEqual(sorted(d["reference"] for d in s.data("share.ncts-cc007c")), sorted(r["value"] for r in refs))
        self.assertEqual(len({a.findtext("messageIdentification") for a in self.arrivals(s)}), 2)

    def test_an_mrn_that_is_none(self):
        """Nothing is sent that the receiver must refuse, and nothing is lost in silence."""
        short = {"type": "mrn", "value": "26EE12345"}
        s = self.run_story(Story().lodged(movements=[movement(declarations=[short])], declarations=[dict(transit(), ref=short)]).arrives().leaves(20))
        self.assertEqual(self.arrivals(s), [])
        self.assertEqual([(a["kind"], a["action"]) for a in s.data("alarm")], [("share", "raise")])
        self.assertIn("26EE12345", s.data("alarm")[0]["detail"])


if __name__ == "__main__":
    unittest.main()
