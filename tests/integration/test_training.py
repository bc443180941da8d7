"""The plate recogniser's workshop: the generator gives the same crops again, a few steps learn, and the export reads in OpenCV as in torch.

Run with:  python3 -m unittest tests/integration/test_training.py      (Debian's python3-torch, python3-opencv, python3-numpy)
"""

import pathlib
import sys
import tempfile
import unittest
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "plugins/anpr/frames/models"
sys.path.insert(0, str(ROOT / "plugins/anpr/training"))

try:
    import cv2
    import numpy
    import torch
except ImportError as missing:
    WHY = "skipped: the training needs Debian's python3-torch, python3-opencv and python3-numpy: %s" % missing
    if __name__ == "__main__":
        sys.exit(print(WHY))
    raise unittest.SkipTest(WHY)

import crops  # noqa: E402  (these need the above)
import ctc  # noqa: E402
import export  # noqa: E402
import net  # noqa: E402
import plate  # noqa: E402
import shards  # noqa: E402
import train_recogniser  # noqa: E402

torch.set_num_threads(1)


class GeneratorTest(unittest.TestCase):
    def test_the_same_seed_and_index_give_the_same_crop(self):
        for index in (0, 7, 31):
            picture, text = crops.crop(5, index)
            again, same = crops.crop(5, index)
            self.assertEqual(text, same)
            self.assertTrue(numpy.array_equal(picture, again))
        self.assertFalse(numpy.array_equal(crops.crop(5, 1)[0], crops.crop(6, 1)[0]))

    def test_crops_have_the_recognisers_size_and_texts_its_alphabet(self):
        pictures, targets = shards.make(5, 0, 64)
        self.assertEqual(pictures.shape, (64, net.HEIGHT, net.WIDTH))
        self.assertEqual(pictures.dtype, numpy.uint8)
        texts = [shards.decode(row) for row in targets]
        self.assertIn("", texts)
        self.assertTrue(all(len(text) <= shards.LONGEST and set(text) <= set(net.ALPHABET) for text in texts), texts)

    def test_a_plate_tells_where_its_lines_are(self):
        drawn = plate.draw(numpy.random.default_rng(3), 5)
        left, top, right, bottom = drawn.plate
        for line in drawn.lines:
            self.assertLessEqual(top, line.top)
            self.assertLess(line.bottom, bottom)
            self.assertLess(left, line.left)
            self.assertLess(line.left, line.right)


class BeamTest(unittest.TestCase):
    def test_the_beam_sums_over_the_paths_of_a_text(self):
        logits = numpy.full((3, net.CLASSES), -30.0)
        logits[:, 0], logits[:, 2] = 0.0, 0.0           # the blank and '1' alike at every step
        found = dict(ctc.beam(logits))
        chance = {text: float(numpy.exp(log)) for text, log in found.items()}
        self.assertAlmostEqual(chance["1"], 6 / 8, places=4)
        self.assertAlmostEqual(chance[""], 1 / 8, places=4)
        self.assertAlmostEqual(chance["11"], 1 / 8, places=4)


class TrainingTest(unittest.TestCase):
    def test_a_few_steps_lower_the_loss_and_the_export_reads_the_same(self):
        pictures, targets = shards.make(5, 1, 64)
        trainer = train_recogniser.Trainer(seed=1, top=0.2)
        losses = [trainer.learn(pictures, targets) for _ in range(14)]
        self.assertLess(losses[-1], 0.6 * losses[0], losses)
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = pathlib.Path(folder) / "recogniser.onnx"
            self.assertLess(export.write(trainer.average, str(path)), 1e-3)
            self.assertLess(path.stat().st_size, 2_600_000)

    def test_the_shipped_model_reads_clean_held_out_crops(self):
        reader = cv2.dnn.readNetFromONNX(str(MODELS / "recogniser.onnx"))
        right = wanted = 0
        for index in range(60):
            picture, text = crops.crop(424242, index)
            reader.setInput(shards.standard(picture[None]))
            logits = reader.forward()
            self.assertEqual(logits.shape, (1, net.STEPS, net.CLASSES))
            right += ctc.greedy(logits[0]) == text
            wanted += 1
        self.assertGreater(right, 0.35 * wanted)

    def test_the_temperature_stands_beside_the_model(self):
        values = dict(line.split("=") for line in (MODELS / "recogniser.txt").read_text().split())
        self.assertGreater(float(values["temperature"]), 0.3)


if __name__ == "__main__":
    unittest.main()
