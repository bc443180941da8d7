"""Whole pictures of vehicles with the truth about their plates: the same for the same seed and number.

  scenes.py FOLDER [--seed 20]     writes pictures and truths.tsv, a test set of our own making
"""
import argparse
import collections
import os

import cv2
import numpy as np

import boards
import light
import panel
import scenery
import vehicles

Plate = collections.namedtuple("Plate", "text quad lines")  # quad: four corners in pixels; lines: [(text, four corners)]
Scene = collections.namedtuple("Scene", "picture plates hidden conditions")  # hidden: plates too small, dark, cut or covered to be held against anybody

SMALLEST = 4.5  # pixels a character must be high at 640 pixels of width to be a truth at all
FAINTEST = 5.0  # the deviation of grey that a plate must show


def mapped(corners, matrix):
    return cv2.perspectiveTransform(corners[None].astype(np.float64), matrix)[0]


def line_height(quad):
    return (np.hypot(*(quad[3] - quad[0])) + np.hypot(*(quad[2] - quad[1]))) / 2


def hang(rng, plane, board, x, y):
    """Mounts a board in its frame on a panel; returns its Plate, or None outside the picture."""
    half, tall = board.wide / 2, board.tall / 2
    if rng.random() < 0.5:
        edge, below = rng.uniform(4, 18), rng.uniform(4, 40)
        frame = scenery.colour(rng, 10, 90, 0.9) if rng.random() < 0.8 else scenery.colour(rng, 100, 240, 0.9)
        plane.box(x - half - edge, y - tall - below, x + half + edge, y + tall + edge, frame, 8)
        if below > 20 and rng.random() < 0.7:
            scenery.write(rng, plane, scenery.word(rng), x, y - tall - below / 2, below * 0.6, scenery.colour(rng, 150, 250, 0.5), None, half * 1.6)
    quad, matrix = plane.paste(board.image, x - half, y - tall, x + half, y + tall)
    if matrix is None:
        return None
    lines = [(text, mapped(corners, matrix)) for text, corners in board.lines]
    return Plate("".join(text for text, _ in lines), quad, lines)


def in_sight(plate, width, height):
    """Every character lies in the picture and is large enough."""
    points = np.vstack([corners for _, corners in plate.lines])
    inside = (points.min(0) >= 1).all() and (points.max(0) <= (width - 2, height - 2)).all()
    return inside and min(line_height(c) for _, c in plate.lines) >= SMALLEST * width / 640


def to_be_seen(picture, plate, least=FAINTEST):
    """The light left some contrast on it."""
    points = np.vstack([corners for _, corners in plate.lines])
    (x1, y1), (x2, y2) = points.min(0).astype(int), points.max(0).astype(int) + 1
    return picture[y1:y2, x1:x2].std() >= least


def view(rng):
    """How a camera looks at a vehicle: yaw, pitch, roll; mostly from a little above, sometimes from anywhere."""
    wild = rng.random() < 0.2
    return tuple(rng.normal((0, -0.08, 0), (0.65, 0.3, 0.12) if wild else (0.33, 0.14, 0.035)).clip(-1.0, 1.0))


def vehicle(rng, picture, kind, at, scale, bare=False, turn=None):
    """One vehicle with its plates where `at` is, `scale` pixels a millimetre; returns its plates and its lamps in pixels."""
    turn = view(rng) if turn is None else turn
    face = vehicles.FACES[rng.integers(0, len(vehicles.FACES))]
    plane = panel.Panel(picture, (0, 500), at, scale, turn, rng.uniform(0.9, 2.5))
    drawn = face(rng, plane)
    plates = []
    for x, y, _ in drawn.mounts:
        if not bare:
            plates.append(hang(rng, plane, boards.board(rng, kind), x, y))
    lamps = []
    for x, y, r, colour in drawn.lamps:
        sx, sy = plane.see([(x, y)])[0]
        lamps.append((sx, sy, r * scale, colour))
    return [p for p in plates if p], lamps


def loose(rng, picture):
    """A plate on anything: nothing but itself says what it is."""
    h, w = picture.shape[:2]
    tall = np.exp(rng.uniform(np.log(6), np.log(45))) * w / 640
    board = boards.board(rng)
    quad = board.lines[0][1]
    scale = tall / (line_height(quad) / boards.DOT)
    plane = panel.Panel(picture, (0, 0), rng.uniform((0.15 * w, 0.1 * h), (0.85 * w, 0.9 * h)), scale, tuple(rng.normal(0, (0.4, 0.25, 0.08)).clip(-0.9, 0.9)), 1.6)
    plate = hang(rng, plane, board, 0, 0)
    return [plate] if plate else []


def loose_ones(rng, picture):
    """Some of them, those in front over those behind; returns those to be seen, and all."""
    plates, every = [], []
    for _ in range(rng.integers(1, 4)):
        before = picture.copy()
        new = loose(rng, picture)
        plates = [p for p in plates if not changed(before, picture, p.quad)] + new
        every += new
    return plates, every


def traffic(rng, picture, kind, bare, turn):
    """Vehicles from the far ones to the near one; returns the plates to be seen, all of them, and the lamps."""
    h, w = picture.shape[:2]
    plates, every, lamps = [], [], []
    for k in reversed(range(rng.choice([1, 1, 1, 2, 3]))):
        wide = np.exp(rng.uniform(np.log(0.3), np.log(2.2))) * w if k == 0 else rng.uniform(0.15, 0.5) * w
        scale = wide / 1800
        at = (rng.uniform(0.2, 0.8) * w, rng.uniform(0.35, 0.85) * h)
        before = picture.copy() if plates else None
        there, lit = vehicle(rng, picture, kind, at, scale, bare, turn)
        plates = [p for p in plates if not changed(before, picture, p.quad)] + there if plates else there
        lamps += lit
        every += there
    return plates, every, lamps


def changed(before, after, quad):
    """Something was drawn over what the quadrilateral encloses."""
    h, w = after.shape[:2]
    x1, y1 = np.clip(np.floor(quad.min(0)).astype(int), 0, (w - 1, h - 1))
    x2, y2 = np.clip(np.ceil(quad.max(0)).astype(int), 1, (w, h))
    return bool((before[y1:y2, x1:x2] != after[y1:y2, x1:x2]).any())


def scene(seed, number, size=(640, 384), grey=True, kind=None, hour=None, bare=None, turn=None, lens=None):
    """The picture of that number. What is None is chosen; the picture is grey or BGR."""
    rng = np.random.default_rng([seed, 5, number])
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    scenery.background(rng, picture)
    bare = bare if bare is not None else rng.random() < 0.12
    if kind is None and bare is False and rng.random() < 0.3:
        (plates, every), lamps = loose_ones(rng, picture), []
    else:
        plates, every, lamps = traffic(rng, picture, kind, bare, turn)
    plates = [p for p in plates if in_sight(p, width, height)]
    hour = hour or rng.choice(["day", "night", "infrared"], p=[0.68, 0.2, 0.12])
    conditions = [hour]
    picture = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if grey or hour == "infrared" else picture
    if hour == "day":
        picture = light.day(rng, picture)
    else:
        picture = light.night(rng, picture, [p.quad for p in every], lamps + scenery.far_lamps(rng, picture), hour == "infrared")
    if rng.random() < 0.06:
        conditions.append("rain")
        picture = light.rain(rng, picture)
    tall = min((line_height(c) for p in plates for _, c in p.lines), default=12)
    picture, lens = light.camera(rng, picture, tall, lens)
    conditions += ["blur"] if lens in ("soft", "moved", "coarse") else []
    if rng.random() < 0.12:
        picture = scenery.stamp(rng, picture)
    if rng.random() < 0.6:
        picture = light.squeezed(picture, rng.integers(30, 95))
    plates = [p for p in plates if to_be_seen(picture, p)]
    return Scene(picture, plates, [p for p in every if not any(p is q for q in plates)], conditions)


# ---- a test set of our own ----------------------------------------------------------------------------------------------------------------
# (how many, kind of plate, hour, lens, turn, name of the condition)
WANTED = ((5, "europe", "day", "sharp", (0.1, -0.05, 0.0), ""), (3, "europe", "night", "sharp", None, ""), (2, "europe", "infrared", "sharp", None, ""),
          (3, "europe", "day", "soft", None, ""), (2, "europe", "day", "moved", None, ""), (3, "europe", "day", "sharp", (0.6, -0.2, 0.05), "angle"),
          (4, "stacked", "day", "sharp", None, "two-line"), (4, "state", "day", "sharp", None, "state"), (2, "brazil", "day", "sharp", None, "brazil"),
          (2, "mercosur", "day", "sharp", None, "mercosur"))
BARE = (("day", "sharp"), ("day", "soft"), ("night", "sharp"), ("infrared", "sharp"), ("day", "moved")) * 2
READABLE, CLEAR = (14, 42), 22.0  # pixels: the height of characters in a test; the deviation of grey on its plates


def good(s):
    """Fit for a test: one plate, all of it to be read, and no other half hidden."""
    heights = [line_height(c) for p in s.plates for _, c in p.lines]
    return len(s.plates) == 1 and not s.hidden and to_be_seen(s.picture, s.plates[0], CLEAR) and READABLE[0] <= min(heights) and max(heights) <= READABLE[1]


def calm(number):
    """A view that no camera at a lane would be ashamed of."""
    return tuple(np.random.default_rng([6, number]).normal((0, -0.08, 0), (0.22, 0.1, 0.03)))


def test_set(folder, seed):
    """Writes the pictures and truths.tsv."""
    os.makedirs(folder, exist_ok=True)
    number, rows = 0, ["# image\ttext\tcorners of the plate\tconditions"]

    def keep(s, *conditions):
        name = "scene_%02d.jpg" % len(rows)
        cv2.imwrite(os.path.join(folder, name), s.picture, [cv2.IMWRITE_JPEG_QUALITY, 76, cv2.IMWRITE_JPEG_OPTIMIZE, 1])
        corners = ";".join(",".join("%.0f" % v for v in p.quad.ravel()) for p in s.plates)
        rows.append("\t".join([name, ";".join(p.text for p in s.plates), corners, ",".join(filter(None, [*s.conditions, *conditions]))]))

    for count, kind, hour, lens, turn, condition in WANTED:
        while count:
            s = scene(seed, number, (800, 480), False, kind, hour, False, turn or calm(number), lens)
            number += 1
            if good(s):
                keep(s, condition)
                count -= 1
    for hour, lens in BARE:
        keep(scene(seed, number, (640, 384), False, None, hour, True, None, lens))
        number += 1
    with open(os.path.join(folder, "truths.tsv"), "w", encoding="utf-8") as f:
        f.write("\n".join(rows) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Draws a small test set of scenes.")
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=20)
    a = parser.parse_args()
    cv2.setNumThreads(1)
    test_set(a.folder, a.seed)


if __name__ == "__main__":
    main()
