#!/usr/bin/python3
"""Scores a plate reader on a folder of pictures with a table of truths, and prints one table: how many plates were located and read, by condition.

  plates.py --program build/dev/greenlane-plate --truths pictures/truths.tsv [--leading] [--failures] [--sheet failures.png]

The truths are tab-separated lines: the picture's name, then any of these columns, known by their looks:
  texts       AB123;CD456     several plates are separated by ';', '-' is a plate that nobody can read
  boxes       1,2,3,4;...     x1,y1,x2,y2, or eight numbers of a quadrilateral
  conditions  night,blur      words in small letters; without them, a name such as night_07.jpg says it
A picture with neither texts nor boxes has no plate: whatever is read there is false.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time

FOLD = str.maketrans("OQI", "001")
SURE = 0.95
COVERS = 0.3
NEAR = 2
CANDIDATES = 10
HEIGHTS = ((14, "plate < 14 px"), (22, "plate 14-21 px"), (36, "plate 22-35 px"), (1e9, "plate >= 36 px"))

Truth = collections.namedtuple("Truth", "text box")
Picture = collections.namedtuple("Picture", "path truths conditions")
Verdict = collections.namedtuple("Verdict", "picture truth plate groups located exact folded ten ten_folded without_lead read")


# ---- truths -------------------------------------------------------------------------------------------------------------------------------
def box_of(text):
    """The upright box x1,y1,x2,y2 of four or eight numbers."""
    v = [float(n) for n in text.split(",")]
    return (min(v[0::2]), min(v[1::2]), max(v[0::2]), max(v[1::2]))


def parse_line(line, folder):
    """One line of the table as a Picture."""
    name, *columns = line.rstrip("\r\n").split("\t")
    texts, boxes, conditions = [], [], re.findall(r"^(day|night|blur|dusk)_", os.path.basename(name))
    for column in filter(None, (c.strip() for c in columns)):
        if re.fullmatch(r"[-0-9.,;]+", column) and column.count(",") >= 3:
            boxes = [box_of(b) for b in column.split(";")]
        elif re.fullmatch(r"[a-z][a-z0-9,-]*", column):
            conditions = column.split(",")
        else:
            texts = [None if t == "-" else re.sub(r"[^A-Z0-9]", "", t.upper()) for t in column.split(";")]
    if texts and boxes and len(texts) != len(boxes):
        sys.exit("%s: %d texts but %d boxes" % (name, len(texts), len(boxes)))
    n = max(len(texts), len(boxes))
    truths = [Truth(t, b) for t, b in zip(texts or [None] * n, boxes or [None] * n)]
    return Picture(os.path.join(folder, name), truths, conditions)


def load_truths(path, folder):
    """Every picture of the table that lies under the folder; a picture that is missing is an error, since it would flatter the figures."""
    with open(path, encoding="utf-8") as f:
        pictures = [parse_line(line, folder) for line in f if line.strip() and not line.startswith("#")]
    missing = [p.path for p in pictures if not os.path.exists(p.path)]
    if missing:
        sys.exit("%d pictures of %s are not there, the first: %s" % (len(missing), path, missing[0]))
    return pictures


# ---- the reader ---------------------------------------------------------------------------------------------------------------------------
def read_pictures(program, arguments, pictures):
    """What the program says of every picture, and what it cost: {path: {"plates", "ms"} or {"error"}}, resources, wall seconds."""
    started = time.monotonic()
    child = subprocess.Popen([program, *arguments, *[p.path for p in pictures]], stdout=subprocess.PIPE, text=True)
    said = {}
    for line in child.stdout:
        record = json.loads(line)
        said[os.path.realpath(record["image"])] = record
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        print("the program ended with %d" % child.returncode)
    return {p.path: said.get(os.path.realpath(p.path), {"error": "nothing was said of it"}) for p in pictures}, used, time.monotonic() - started


# ---- comparing ----------------------------------------------------------------------------------------------------------------------------
def overlap(a, b):
    """Intersection over union of two upright boxes."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def distance(a, b):
    """Levenshtein's distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def candidates(plate):
    """The plate's texts, best first."""
    return ([plate["text"]] + [c["text"] for c in plate.get("candidates", []) if c["text"] != plate["text"]])[:CANDIDATES]


def find(truth, plates):
    """The plate that is this truth: the box that covers it best or, where no box is known, the nearest text; None when there is none."""
    if truth.box:
        best = max(plates, key=lambda p: overlap(p["box"], truth.box), default=None)
        return best if best and overlap(best["box"], truth.box) >= COVERS else None
    if truth.text is None:
        return None
    near = [(min(distance(t, truth.text) for t in candidates(p)), i) for i, p in enumerate(plates)]
    best = min(near, default=(NEAR + 1, 0))
    return plates[best[1]] if best[0] <= NEAR else None


def height_group(box):
    h = box[3] - box[1]
    return next(name for most, name in HEIGHTS if h < most)


def judge(picture, truth, plates):
    plate = find(truth, plates)
    texts = candidates(plate) if plate else []
    folded, want = [t.translate(FOLD) for t in texts], (truth.text or "").translate(FOLD)
    box = truth.box or (plate["box"] if plate else None)
    groups = list(picture.conditions) + ([height_group(box)] if box else [])
    return Verdict(picture, truth, plate, groups, plate is not None, texts[:1] == [truth.text], folded[:1] == [want], truth.text in texts,
                   want in folded, bool(texts) and want in (folded[0], folded[0][1:]), truth.text is not None)


def strays(picture, plates, leading):
    """Plates with a text that are none of the picture's truths, not even misread."""
    def known(plate):
        if any(t.box and overlap(plate["box"], t.box) > 0.1 for t in picture.truths):
            return True
        texts = [plate["text"], plate["text"][1:]] if leading else [plate["text"]]
        return any(t.text and distance(t.text, text) <= NEAR for t in picture.truths for text in texts)
    return [p for p in plates if p["text"] and not known(p)]


def sure_and_wrong(picture, plates, leading):
    """(reads of high confidence, those of them that are wrong); plates whose text nobody knows are left out."""
    sure, wrong = 0, []
    for p in plates:
        if not p["text"] or p["confidence"] < SURE:
            continue
        there = [t for t in picture.truths if t.box and overlap(p["box"], t.box) >= COVERS]
        if any(t.text is None for t in there or picture.truths if t.box is None or t in there):
            continue
        texts = {p["text"], p["text"][1:]} if leading else {p["text"]}
        sure += 1
        if not any(t.text in texts for t in there or picture.truths):
            wrong.append(p)
    return sure, wrong


# ---- the table ----------------------------------------------------------------------------------------------------------------------------
def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))] if ordered else 0


def share(part, whole):
    return "%5.1f" % (100 * part / whole) if whole else "    -"


def print_row(name, verdicts, leading):
    read = [v for v in verdicts if v.read]
    columns = [share(sum(v.located for v in verdicts), len(verdicts))]
    columns += [share(sum(getattr(v, what) for v in read), len(read)) for what in ("exact", "folded", "ten", "ten_folded")]
    columns += [share(sum(v.without_lead for v in read), len(read))] if leading else []
    print("%-18s %6d  %7s %7s %7s %7s %8s%s" % (name, len(verdicts), *columns[:5], "  %7s" % columns[5] if leading else ""))


def print_table(verdicts, leading):
    print("%-18s %6s  %7s %7s %7s %7s %8s%s" % ("", "plates", "located", "top-1", "fold", "top-10", "10 fold", "  no lead" if leading else ""))
    print_row("all", verdicts, leading)
    for group in sorted({g for v in verdicts for g in v.groups}):
        print_row(group, [v for v in verdicts if group in v.groups], leading)


def print_figures(pictures, said, used, wall, leading):
    plates = {p.path: said[p.path].get("plates", []) for p in pictures}
    empty = [p for p in pictures if not p.truths]
    if empty:
        false = [p for p in empty if any(q["text"] for q in plates[p.path])]
        print("pictures without a plate: %d, with a false one: %d (%s %%)" % (len(empty), len(false), share(len(false), len(empty)).strip()))
    print("plates read beside the true ones: %d" % sum(len(strays(p, plates[p.path], leading)) for p in pictures if p.truths))
    pairs = [sure_and_wrong(p, plates[p.path], leading) for p in pictures]
    sure, wrong = sum(s for s, _ in pairs), sum(len(w) for _, w in pairs)
    print("confidence of %.2f and more: %d, wrong: %d (%s %%)" % (SURE, sure, wrong, share(wrong, sure).strip()))
    ms = [r["ms"] for r in said.values() if "ms" in r]
    print("CPU ms a picture: p50 %.0f, p95 %.0f; RSS %.0f MB; CPU %.1f s, wall %.1f s" %
          (percentile(ms, 50), percentile(ms, 95), used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, wall))
    errors = [(path, r["error"]) for path, r in said.items() if "error" in r]
    print("".join("error: %s: %s\n" % e for e in errors), end="")


def what_was_read(verdict):
    return "%s(%.2f)" % (verdict.plate["text"], verdict.plate["confidence"]) if verdict.plate else "not located"


def failed(verdict, leading):
    if not verdict.read:
        return not verdict.located
    return not (verdict.folded or (leading and verdict.without_lead))


def print_failures(verdicts, pictures, said, leading):
    for v in verdicts:
        if failed(v, leading):
            print("%s\t%s\t%s" % (os.path.basename(v.picture.path), v.truth.text or "?", what_was_read(v)))
    for p in pictures:
        for plate in strays(p, said[p.path].get("plates", []), leading):
            print("%s\tbeside\t%s(%.2f) %s" % (os.path.basename(p.path), plate["text"], plate["confidence"], plate["box"]))


def draw_sheet(path, verdicts, leading, columns=6):
    """A contact sheet of the failures, each as it lies in its picture."""
    import cv2
    import numpy as np
    cells = []
    for v in verdicts:
        if not failed(v, leading):
            continue
        picture = cv2.imread(v.picture.path)
        box = v.truth.box or (v.plate["box"] if v.plate else (0, 0, picture.shape[1], picture.shape[0]))
        margin = 0.25 * (box[2] - box[0])
        x1, y1, x2, y2 = (int(max(0, n)) for n in (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin))
        crop = picture[y1:y2, x1:x2]
        scale = min(240 / crop.shape[1], 140 / crop.shape[0])
        crop = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        cell = np.zeros((176, 244, 3), np.uint8)
        cell[:crop.shape[0], :crop.shape[1]] = crop
        for y, line in ((152, "%s: %s" % (os.path.splitext(os.path.basename(v.picture.path))[0], v.truth.text or "?")),
                        (170, "read: " + what_was_read(v))):
            cv2.putText(cell, line, (2, y), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA)
        cells.append(cell)
    if cells:
        cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
        cv2.imwrite(path, np.vstack([np.hstack(cells[i:i + columns]) for i in range(0, len(cells), columns)]))


def main():
    parser = argparse.ArgumentParser(description="Scores a plate reader on pictures whose plates are known.")
    parser.add_argument("--program", required=True, help="greenlane-plate, or anything else that prints its JSON lines")
    parser.add_argument("--argument", action="append", default=[], help="an argument for the program, before the pictures (--argument=--models ...)")
    parser.add_argument("--truths", required=True, help="the table of truths")
    parser.add_argument("--folder", help="what the table's names are relative to (the table's own folder)")
    parser.add_argument("--leading", action="store_true", help="the truths lack a leading character: say apart what is right without the read's first one")
    parser.add_argument("--failures", action="store_true", help="list what was missed, misread, and read beside")
    parser.add_argument("--sheet", help="draw the failures into this picture")
    a = parser.parse_args()
    pictures = load_truths(a.truths, a.folder or os.path.dirname(os.path.abspath(a.truths)))
    said, used, wall = read_pictures(a.program, a.argument, pictures)
    verdicts = [judge(p, t, said[p.path].get("plates", [])) for p in pictures for t in p.truths]
    print_table(verdicts, a.leading)
    print_figures(pictures, said, used, wall, a.leading)
    if a.failures:
        print_failures(verdicts, pictures, said, a.leading)
    if a.sheet:
        draw_sheet(a.sheet, verdicts, a.leading)


if __name__ == "__main__":
    main()
