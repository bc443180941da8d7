"""The scenes and the proposer's training: the same for the same seed, learnable, and exported so that OpenCV reads it as torch does."""
import os
import sys
import tempfile
import unittest

try:
    import cv2
    import numpy as np
    import torch
except ImportError as missing:
    why = "skipped: the training needs Debian's python3-torch, python3-opencv and python3-numpy: %s" % missing
    if __name__ == "__main__":
        sys.exit(print(why))
    raise unittest.SkipTest(why)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "plugins", "anpr", "training"))

import proposer  # noqa: E402
import scenes  # noqa: E402
import train_proposer  # noqa: E402


def with_plates(count, seed=5):
    """Scenes that have plates to be seen."""
    number = 0
    while count:
        s = scenes.scene(seed, number)
        number += 1
        if s.plates:
            count -= 1
            yield s


def lines_of(s):
    return np.array([corners for p in s.plates for _, corners in p.lines], np.float32)


class ScenesTest(unittest.TestCase):
    def test_same_seed_same_scene(self):
        for number in range(4):
            one, two = scenes.scene(3, number), scenes.scene(3, number)
            self.assertTrue((one.picture == two.picture).all())
            self.assertEqual([p.text for p in one.plates], [p.text for p in two.plates])
        self.assertTrue((scenes.scene(3, 0).picture != scenes.scene(4, 0).picture).any())

    def test_truths_lie_in_the_picture(self):
        for s in with_plates(20):
            for p in s.plates:
                self.assertRegex(p.text, "^[A-Z0-9]{4,9}$")
                self.assertEqual(p.text, "".join(text for text, _ in p.lines))
                points = np.vstack([corners for _, corners in p.lines])
                self.assertTrue((points >= 0).all() and (points < (640, 384)).all())

    def test_a_bare_scene_has_no_plate(self):
        for number in range(6):
            s = scenes.scene(6, number, bare=True)
            self.assertEqual(([], []), (s.plates, s.hidden))


class ProposerTest(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        torch.set_num_threads(1)

    def test_what_is_to_be_learnt_decodes_to_the_lines(self):
        for s in with_plates(12):
            lines = lines_of(s)
            values, _, sized = proposer.targets(lines, [False] * len(lines), 640, 384)
            self.assertTrue(sized.any())
            out = values.copy()
            out[0] = np.where(values[0] >= 0.999, 9, -9)
            found = proposer.decode(out)
            self.assertLessEqual(len(found), len(lines))
            for quad in [q for q in lines if scenes.line_height(q) > 9]:  # the lines of a plate smaller than that share a cell
                apart = min(np.abs(proposer.corners(p).mean(0) - quad.mean(0)).max() for p in found)
                self.assertLess(apart, 3.0)

    def test_hidden_lines_count_neither_way(self):
        quad = np.array([[(100, 100), (200, 100), (200, 120), (100, 120)]], np.float32)
        values, known, sized = proposer.targets(quad, [True], 640, 384)
        self.assertEqual((0, 0), (values[0].max(), sized.max()))
        self.assertEqual(0, known[110 // 8, 150 // 8])

    def test_a_few_steps_lower_the_loss(self):
        rng = np.random.default_rng(1)
        drawn = list(with_plates(6))
        samples = [train_proposer.window(rng, s.picture, lines_of(s), [False] * sum(len(p.lines) for p in s.plates)) for s in drawn]
        x = torch.from_numpy(np.stack([v for v, _ in samples]))[:, None]
        wanted = [torch.from_numpy(np.stack([t[k] for _, t in samples])) for k in range(3)]
        net = proposer.Proposer()
        optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
        losses = []
        for _ in range(12):
            error = proposer.loss(net(x), *wanted)
            optimiser.zero_grad()
            error.backward()
            optimiser.step()
            losses.append(float(error))
        self.assertLess(losses[-1], 0.7 * losses[0])

    def test_export_is_read_the_same_by_opencv(self):
        net = proposer.Proposer()
        with torch.no_grad():
            for values in net.state_dict().values():  # equal constants become one in the file, which OpenCV does not read: trained ones never are
                values += 0.01 * torch.randn_like(values) if values.dtype.is_floating_point else 0
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "proposer.onnx")
            self.assertLess(train_proposer.export(net, path), 1e-3)
            self.assertLess(os.path.getsize(path), 2 << 20)

    def test_the_shipped_model_finds_plates_of_scenes_it_has_not_seen(self):
        path = os.path.join(ROOT, "plugins", "anpr", "frames", "models", "proposer.onnx")
        if not os.path.exists(path):
            self.skipTest("no proposer is shipped")
        net, hit, lines = cv2.dnn.readNetFromONNX(path), 0, 0
        for s in with_plates(25, seed=77):
            sheet, factor = proposer.fit(s.picture)
            net.setInput(sheet[None, None])
            found = proposer.decode(net.forward()[0])
            for quad in lines_of(s):
                lines += 1
                hit += any(np.abs(proposer.corners(p, factor) - quad).max() < 12 for p in found)
        self.assertGreater(hit / lines, 0.5)


if __name__ == "__main__":
    unittest.main()
