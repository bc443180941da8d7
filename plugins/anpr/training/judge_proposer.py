#!/usr/bin/python3
"""Measures a proposer on pictures with boxes: how many plates are among its first 1, 4 and 12 proposals, and what it costs.

  judge_proposer.py --model ../frames/models/proposer.onnx --truths TRUTHS.tsv [--folder PICTURES] [--sheet sheet.png]
  judge_proposer.py --model ../frames/models/proposer.onnx --drawn 300

The truths are a table as tests/bench/plates.py reads it; a picture without boxes is only drawn. --sheet shows what was found.
--drawn measures on scenes of a seed that no training uses: the lines found, and how far off their ends, tops and bottoms are.
"""
import argparse
import os
import sys
import time

import cv2
import numpy as np

import proposer
import scenes

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tests", "bench"))
import plates

RANKS = (1, 4, 12)
UNSEEN = 990


def propose(net, grey):
    """The proposals of a picture, their upright boxes in its pixels, and the CPU ms."""
    started = time.process_time()
    sheet, factor = proposer.fit(grey)
    net.setInput(sheet[None, None])
    found = proposer.decode(net.forward()[0], max(RANKS))
    ms = 1000 * (time.process_time() - started)
    quads = [proposer.corners(p, factor) for p in found]
    return found, quads, [(*q.min(0), *q.max(0)) for q in quads], ms


def found_by(box, truth):
    """The proposal covers the plate, or is one line of it: it lies within and is at least half as wide."""
    wide, tall = min(box[2], truth[2]) - max(box[0], truth[0]), min(box[3], truth[3]) - max(box[1], truth[1])
    if plates.overlap(box, truth) >= plates.COVERS:
        return True
    area = (box[2] - box[0]) * (box[3] - box[1])
    return wide > 0 and tall > 0.3 * (truth[3] - truth[1]) and wide * tall > 0.8 * area and wide > 0.5 * (truth[2] - truth[0])


def draw(grey, found, quads, truths):
    picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    thick = max(1, grey.shape[1] // 500)
    for t in truths:
        if t.box:
            cv2.rectangle(picture, (int(t.box[0]), int(t.box[1])), (int(t.box[2]), int(t.box[3])), (255, 160, 0), thick)
    for k, (p, q) in enumerate(zip(found, quads)):
        cv2.polylines(picture, [q.astype(int)], True, (0, 255, 0) if k == 0 else (0, 200, 255), thick)
        cv2.putText(picture, "%d:%.2f" % (k + 1, p[0]), tuple(int(v) for v in q[3] + (0, 12 * thick)), cv2.FONT_HERSHEY_SIMPLEX, 0.45 * thick, (0, 255, 255), thick)
    return cv2.resize(picture, (400, 225), interpolation=cv2.INTER_AREA)


def judge_drawn(net, count):
    """Lines of unseen scenes: found when a proposal's box and theirs share half of their union; errors in heights of their characters."""
    ranks, sizes, ends, sides = [], [], [], []
    for number in range(count):
        s = scenes.scene(UNSEEN, number)
        found, quads, boxes, _ = propose(net, s.picture)
        for quad in (c for p in s.plates for _, c in p.lines):
            tall = scenes.line_height(quad)
            shared = [plates.overlap(b, (*quad.min(0), *quad.max(0))) for b in boxes] + [0.0]
            best = int(np.argmax(shared))
            ranks.append(best if shared[best] >= 0.5 else 99)
            sizes.append(tall)
            if shared[best] >= 0.5:
                apart = np.abs(quads[best] - quad) / tall
                ends += list(apart[:, 0])
                sides += list(apart[:, 1])
    ranks, sizes = np.array(ranks), np.array(sizes)
    for low, high in ((0, 1e9), (0, 8), (8, 14), (14, 25), (25, 1e9)):
        chosen = ranks[(sizes >= low) & (sizes < high)]
        name = "all" if high > 1e8 and low == 0 else "%.0f px and more" % low if high > 1e8 else "%.0f-%.0f px" % (low, high)
        print("%-16s %5d  %s" % (name, len(chosen), "  ".join("first %d: %5.1f" % (n, 100 * np.mean(chosen < n)) for n in RANKS)))
    print("off in heights of characters, p50 / p90: ends %.2f / %.2f, tops and bottoms %.2f / %.2f" %
          (*np.percentile(ends, (50, 90)), *np.percentile(sides, (50, 90))))


def main():
    parser = argparse.ArgumentParser(description="Measures a proposer on pictures with boxes.")
    parser.add_argument("--model", required=True)
    parser.add_argument("--truths")
    parser.add_argument("--folder")
    parser.add_argument("--sheet")
    parser.add_argument("--drawn", type=int, help="measure on that many unseen scenes instead")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    net = cv2.dnn.readNetFromONNX(a.model)
    if a.drawn:
        return judge_drawn(net, a.drawn)
    rows, cells, costs, empty = [], [], [], []
    for picture in plates.load_truths(a.truths, a.folder or os.path.dirname(os.path.abspath(a.truths))):
        grey = cv2.imread(picture.path, cv2.IMREAD_GRAYSCALE)
        found, quads, boxes, ms = propose(net, grey)
        costs.append(ms)
        for t in picture.truths:
            if t.box:
                rank = next((k for k, b in enumerate(boxes) if found_by(b, t.box)), len(boxes) + max(RANKS))
                rows.append((rank, found[rank][0] if rank < len(found) else 0.0, [*picture.conditions, plates.height_group(t.box)]))
        if not picture.truths:
            empty.append(found[0][0] if found else 0.0)
        cells.append(draw(grey, found, quads, picture.truths))
    for group in [None] + sorted({g for _, _, groups in rows for g in groups}):
        ranks = [r for r, _, groups in rows if group is None or group in groups]
        print("%-18s %5d  %s" % (group or "all", len(ranks), "  ".join("first %d: %5.1f" % (n, 100 * np.mean([r < n for r in ranks])) for n in RANKS)))
    if empty:
        print("best score without a plate: median %.2f, highest %.2f" % (np.median(empty), max(empty)))
    print("CPU ms: p50 %.1f" % plates.percentile(costs, 50))
    if a.sheet:
        cells += [np.zeros_like(cells[0])] * (-len(cells) % 5)
        cv2.imwrite(a.sheet, np.vstack([np.hstack(cells[i:i + 5]) for i in range(0, len(cells), 5)]))


if __name__ == "__main__":
    main()
