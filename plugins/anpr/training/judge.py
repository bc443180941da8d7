"""How well the recogniser reads crops: exact, folded (O, Q as 0; I as 1), among ten candidates, and how true its confidence is.

    judge.py [--model FILE.onnx | --checkpoint FILE.pt] [--synthetic N] [--crops TSV] [--boxes TSV] [--skip-first] [--failures]

A list of crops is lines of "picture<TAB>text"; a list of boxes is "picture<TAB>text;text<TAB>x1,y1,x2,y2;..".  --skip-first leaves out the
first seventh of each listed crop (a province's character that is not read).
"""
import argparse
import os

import cv2
import numpy as np

import crops
import ctc
import net
import shards

FOLD = str.maketrans("OQI", "001")
TIGHT = .13                     # share of a plate's box cut away above and below: boxes are of whole plates, crops of lines
HELD_OUT = 900_001              # seed of crops and faces that no training uses


class Onnx:
    """An exported model, run as the gateway runs it."""

    def __init__(self, path):
        self.net = cv2.dnn.readNetFromONNX(path)

    def __call__(self, pictures):
        rows = []
        for x in shards.standard(pictures):
            self.net.setInput(x[None])
            rows.append(self.net.forward()[0].copy())
        return np.stack(rows)


class Checkpoint:
    """The running average of a training run."""

    def __init__(self, path):
        import torch
        self.torch, self.model = torch, net.Recogniser().eval()
        self.model.load_state_dict(torch.load(path, map_location="cpu")["average"])

    def __call__(self, pictures):
        x = self.torch.from_numpy(shards.standard(pictures))
        with self.torch.no_grad():
            return np.concatenate([self.model(part).numpy() for part in x.split(64)])


def synthetic(count, seed=HELD_OUT):
    """Held-out crops: [(picture, text, notes of kind and size)]."""
    out = []
    for n in range(count):
        made = crops.sample(seed, n)
        size = "empty" if not made.text else next(name for least, name in SIZES if made.size >= least)
        out.append((made.picture, made.text, {made.kind, size}))
    return out


def _rows(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                yield [os.path.join(os.path.dirname(path), line.split("\t")[0])] + line.rstrip("\n").split("\t")[1:]


SIZES = ((24, "24 px and more"), (16, "16-24 px"), (11, "11-16 px"), (0, "7-11 px"))


def fit(picture):
    """A grey cut at the recogniser's size."""
    how = cv2.INTER_AREA if picture.shape[1] > 160 else cv2.INTER_LINEAR
    return cv2.resize(picture, (crops.WIDTH, crops.HEIGHT), interpolation=how)


def listed(path, skip_first, root=None):
    """Crops of a list; where it has boxes, those with a text, several separated by semicolons."""
    out = []
    for where, *rest in _rows(path):
        picture = cv2.imread(os.path.join(root, os.path.relpath(where, os.path.dirname(path))) if root else where, cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise SystemExit(f"{where}: cannot be read as a picture")
        if len(rest) == 1:
            first = picture.shape[1] * 2 // 15 if skip_first else 0
            out.append((fit(picture[:, first:]), rest[0], {"listed"}))
            continue
        for text, box in zip(rest[0].split(";"), rest[1].split(";")):
            x1, y1, x2, y2 = (int(float(v)) for v in box.split(","))
            tight = int((y2 - y1) * TIGHT)
            y1, y2 = y1 + tight, y2 - tight
            if text.isalnum():
                out.append((fit(picture[max(y1, 0):y2 + 1, max(x1, 0):x2 + 1]), text, {"listed"}))
    return out


def fold(text):
    """The text with letters that look like digits as these."""
    return text.translate(FOLD)


def score(samples, read, temperature):
    """One row of figures for samples: a dictionary, and the failures."""
    logits = read(np.stack([picture for picture, _, _ in samples]))
    hits = {"exact": 0, "folded": 0, "top10": 0}
    sure, sure_wrong, failures, notes = 0, 0, [], {}
    for (picture, truth, note), rows in zip(samples, logits):
        found = ctc.beam(rows, temperature=temperature)
        text, confidence = found[0][0], float(np.exp(found[0][1]))
        right = fold(text) == fold(truth)
        hits["exact"] += text == truth
        hits["folded"] += right
        hits["top10"] += fold(truth) in [fold(t) for t, _ in found]
        if confidence >= .95 and text:
            sure += 1
            sure_wrong += text != truth
        for word in note:
            tally = notes.setdefault(word, [0, 0])
            tally[0] += 1
            tally[1] += right
        if not right:
            failures.append((picture, truth, text, confidence))
    row = {name: 100 * n / len(samples) for name, n in hits.items()}
    row.update(count=len(samples), sure=100 * sure / len(samples), sure_wrong=100 * sure_wrong / max(sure, 1))
    return row, failures, notes


def sheet(failures, path):
    """A picture of failures: crop, truth, reading."""
    tiles = []
    for picture, truth, text, confidence in failures[:160]:
        tile = np.zeros((58, 132), np.uint8)
        tile[:32, 2:130] = picture
        for y, words in ((43, truth or "(none)"), (55, f"{text} {confidence:.2f}")):
            cv2.putText(tile, words, (2, y), 0, .37, 255, 1, cv2.LINE_AA)
        tiles.append(tile)
    tiles += [np.zeros((58, 132), np.uint8)] * (-len(tiles) % 10)
    if tiles:
        cv2.imwrite(path, np.vstack([np.hstack(tiles[n:n + 10]) for n in range(0, len(tiles), 10)]))


def main():
    """Read the command line and print the table."""
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--model")
    parse.add_argument("--checkpoint")
    parse.add_argument("--temperature", type=float, default=1.0)
    parse.add_argument("--synthetic", type=int, default=0)
    parse.add_argument("--crops")
    parse.add_argument("--boxes")
    parse.add_argument("--root", help="folder that the list's pictures are in, if not the list's own")
    parse.add_argument("--skip-first", action="store_true")
    parse.add_argument("--failures", help="write a picture of the failures there")
    given = parse.parse_args()
    if bool(given.model) == bool(given.checkpoint):
        parse.error("name one: --model or --checkpoint")
    read = Onnx(given.model) if given.model else Checkpoint(given.checkpoint)
    sets = []
    if given.synthetic:
        sets.append(("synthetic", synthetic(given.synthetic)))
    for path, skip in ((given.crops, given.skip_first), (given.boxes, False)):
        if path:
            sets.append((os.path.basename(path), listed(path, skip, given.root)))
    for title, samples in sets:
        row, failures, notes = score(samples, read, given.temperature)
        print(f"{title:14} n {row['count']:5}  exact {row['exact']:5.1f}  folded {row['folded']:5.1f}  top-10 {row['top10']:5.1f}  "
              f"sure {row['sure']:5.1f} of these wrong {row['sure_wrong']:4.2f}")
        if len(notes) > 1:
            print("   " + "  ".join(f"{note}: {100 * good / n:.0f} of {n}" for note, (n, good) in sorted(notes.items())))
        if given.failures:
            sheet(failures, given.failures)


if __name__ == "__main__":
    main()
