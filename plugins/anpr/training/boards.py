"""Whole number plates as they are mounted on vehicles: a picture, its size in millimetres, and where its lines of characters are."""
import collections
import functools

import cv2
import numpy as np

import faces
import scenery

Board = collections.namedtuple("Board", "image wide tall lines")  # lines: [(text, four corners in the image's pixels)]

DOT = 0.6  # pixels a millimetre: a capital of 75 mm is 45 pixels high
FACES = 160
LETTERS, DIGITS = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"
WHITE, YELLOW, BLACK, BLUE, RED, GREEN = (235, 238, 238), (30, 190, 240), (25, 25, 28), (150, 60, 20), (40, 30, 170), (70, 120, 30)
# One-line cars of Europe and beyond; A is a letter, 9 a digit, a space a gap, X any.
EUROPE = ("AA 999 AA", "A 999 AAA", "AAA 9999", "AA A 9999", "AAA 999", "AA 999 A", "999 AAA", "9A9 9999", "A99 999", "AA99 AAA", "AA 9999 AA", "9-AAA-999",
          "AA 99 AAA", "AAA A99", "9999 AAA", "AA 9999", "A 9999 AA", "AA 99999", "99-AA-99", "AAA 99A", "XXXXX", "XXXXXX", "XXXXXXX", "XXXXXXXX")
STATES = ("AAA 9999", "9AAA999", "AAA 999", "999 AAA", "AA 99999", "999-AAA", "AAA999", "99A 999", "A99 99A", "99999AA", "AAA9999", "XXXXXX", "XXXXXXX", "999 9999")
SYNTAX = {"europe": EUROPE, "state": STATES, "brazil": ("AAA-9999",), "mercosur": ("AAA9A99", "AA 999 AA"), "china": ("A.XXXXX", "A.99999"),
          "russia": ("A999AA",), "british": ("AA99 AAA",)}
# What stands on two lines, upper and lower.
TWO_LINES = (("AA", "999 AA"), ("A 99", "AAA"), ("AAA", "9999"), ("AA 99", "AAA"), ("9AA", "9999"), ("99 AA", "999"), ("AAA", "999"), ("AAA", "9A99"), ("A99", "9999"))


@functools.lru_cache(maxsize=8)
def numbers(seed):
    return faces.face(0, seed)


def text_of(rng, pattern):
    pools = {"A": LETTERS if rng.random() < 0.7 else LETTERS + "IOQ", "9": DIGITS, "X": LETTERS + DIGITS}
    return "".join(rng.choice(list(pools[c])) if c in pools else c for c in pattern)


def line_mask(rng, face, text, spread):
    """A line of characters as (mask, height of a capital): glyphs side by side, gaps where spaces are, hyphens and dots."""
    masks, advance = face
    tall = faces.TALL
    parts, gap = [], int(tall * spread)
    for c in text:
        if c in masks:
            glyph = masks[c]
            room = max(advance, glyph.shape[1])
            cell = np.zeros((tall, room), np.uint8)
            at = (room - glyph.shape[1]) // 2
            cell[:, at:at + glyph.shape[1]] = glyph
        else:
            cell = np.zeros((tall, int(tall * rng.uniform(0.18, 0.38))), np.uint8)
            if c in "-.":
                wide = cell.shape[1] * 4 // 5 if c == "-" else cell.shape[1] // 3
                cell[tall // 2 - 3:tall // 2 + 4, cell.shape[1] // 2 - wide // 2:cell.shape[1] // 2 + wide // 2 + 1] = 255
        parts += [cell, np.zeros((tall, gap), np.uint8)]
    return np.hstack(parts[:-1])


def put(image, mask, x, y, tall, ink, widest):
    """Lays a line's mask with its middle at x, y; returns its corners. What is too wide is condensed."""
    wide = min(mask.shape[1] * tall / mask.shape[0], widest)
    size = (max(4, int(round(wide))), max(4, int(round(tall))))
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    x1, y1 = int(round(x - size[0] / 2)), int(round(y - size[1] / 2))
    region = image[y1:y1 + size[1], x1:x1 + size[0]]
    if region.shape[:2] != mask.shape:
        raise ValueError("a line of %dx%d at %d, %d leaves a board of %dx%d" % (*size, x1, y1, image.shape[1], image.shape[0]))
    a = mask[..., None].astype(np.float32) / 255
    region[:] = (region * (1 - a) + np.array(ink, np.float32) * a).astype(np.uint8)
    return np.array([(x1, y1), (x1 + size[0], y1), (x1 + size[0], y1 + size[1]), (x1, y1 + size[1])], float)


def sheet(rng, wide, tall, paper, edge):
    """An empty plate, wide and tall in mm, with its border."""
    image = np.empty((int(tall * DOT), int(wide * DOT), 3), np.uint8)
    image[:] = scenery.shade(paper, rng.uniform(0.75, 1.05))
    if edge is not None:
        cv2.rectangle(image, (1, 1), (image.shape[1] - 2, image.shape[0] - 2), edge, int(rng.integers(1, 5)))
    return image


def band(rng, image, left=True, width=0.08):
    """The blue band with a ring of stars and a country's letters."""
    h, w = image.shape[:2]
    wide = int(w * width)
    x = 0 if left else w - wide
    image[:, x:x + wide] = BLUE
    cv2.circle(image, (x + wide // 2, int(h * 0.33)), max(2, int(wide * 0.28)), (40, 200, 230), max(1, wide // 12), cv2.LINE_AA)
    name = "".join(rng.choice(list(LETTERS), rng.integers(1, 4)))
    cv2.putText(image, name, (x + 2, int(h * 0.85)), cv2.FONT_HERSHEY_SIMPLEX, wide / 24 / len(name) ** 0.5, WHITE, 1, cv2.LINE_AA)
    return wide


def screws(rng, image):
    h, w = image.shape[:2]
    for _ in range(rng.choice([0, 0, 2, 2, 4])):
        at = (int(rng.choice([0.12, 0.3, 0.7, 0.88]) * w), int(rng.choice([0.1, 0.5, 0.9]) * h))
        cv2.circle(image, at, int(rng.integers(2, 6)), scenery.colour(rng, 20, 220, 0.9), -1, cv2.LINE_AA)


def small(rng, image, text, y, tall, ink):
    """Small print across the plate."""
    scale = tall / 22.0
    (w, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    cv2.putText(image, text, (int((image.shape[1] - w) / 2), int(y + tall / 2)), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, int(rng.integers(1, 3)), cv2.LINE_AA)


def worn(rng, image):
    """Dirt, dents and the light on it."""
    if rng.random() < 0.4:
        scenery.texture(rng, image, rng.uniform(2, 14), (3, 9, 40))
    if rng.random() < 0.3:
        corners = rng.uniform(0.45, 1.15, (2, 3)).astype(np.float32)
        light = cv2.resize(corners, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR)
        image[:] = cv2.multiply(image, cv2.merge([light] * 3), dtype=cv2.CV_8U)


# ---- the kinds: each returns image, size in mm, ink, and where lines go: (share of width from, to, middle and height of the line) ----------
def europe(rng):
    paper = WHITE if rng.random() < 0.85 else YELLOW
    image = sheet(rng, 520, rng.uniform(105, 125), paper, BLACK if rng.random() < 0.8 else None)
    left, right = 0.03, 0.97
    if rng.random() < 0.8:
        left += band(rng, image, True) / image.shape[1]
        if rng.random() < 0.25:
            right -= band(rng, image, False) / image.shape[1]
    ink = BLACK if rng.random() < 0.85 else scenery.colour(rng, 0, 110, 0.1)
    return image, 520, ink, [(left, right, 0.5, rng.uniform(0.62, 0.76))]


def dark(rng):
    """Light on dark: old plates, army, China's blue."""
    paper = [BLACK, BLUE, RED, GREEN, (160, 80, 10)][rng.integers(0, 5)]
    wide = rng.choice([440, 520, 400, 305])
    image = sheet(rng, wide, wide * rng.uniform(0.22, 0.34) if wide > 310 else 152, paper, WHITE if rng.random() < 0.7 else None)
    return image, wide, WHITE, [(0.05, 0.95, 0.5, rng.uniform(0.5, 0.72))]


def china(rng):
    image = sheet(rng, 440, 140, [BLUE, BLUE, (30, 190, 240), (150, 200, 120)][rng.integers(0, 4)], WHITE)
    ink = WHITE if image[6, 6, 0] > 90 and image[6, 6, 2] < 90 else BLACK
    for _ in range(6):  # a province's character, of which only the look matters
        a = rng.integers((12, 14), (40, 70), (2, 2))
        cv2.line(image, tuple(int(v) for v in a[0]), tuple(int(v) for v in a[1]), ink, 3, cv2.LINE_AA)
    return image, 440, ink, [(0.17, 0.96, 0.5, 0.64)]


def state(rng):
    """North America: pictures and colours behind, a name above, a slogan below."""
    paper = [WHITE, WHITE, scenery.colour(rng, 120, 250, 0.2), YELLOW, scenery.colour(rng, 20, 110, 0.2)][rng.integers(0, 5)]
    image = sheet(rng, 305, 152, paper, None if rng.random() < 0.5 else scenery.colour(rng))
    if rng.random() < 0.5:
        scenery.texture(rng, image, rng.uniform(3, 14), (2, 5))
    if rng.random() < 0.4:
        h = image.shape[0]
        for part in (image[:h // 4], image[-h // 5:])[:rng.integers(1, 3)]:
            part[:] = cv2.addWeighted(part, 0.4, np.full_like(part, scenery.colour(rng, 30, 230, 0.1)), 0.6, 0)
    ink = scenery.colour(rng, 0, 90, 0.2) if np.mean(paper) > 115 else scenery.colour(rng, 200, 250, 0.4)
    if rng.random() < 0.9:
        small(rng, image, scenery.WORDS[rng.integers(0, len(scenery.WORDS))], image.shape[0] * 0.13, rng.uniform(8, 16), ink)
    if rng.random() < 0.7:
        small(rng, image, "".join(rng.choice(scenery.WORDS, 3)), image.shape[0] * 0.9, rng.uniform(5, 10), ink)
    return image, 305, ink, [(0.04, 0.96, rng.uniform(0.5, 0.55), rng.uniform(0.42, 0.52))]


def brazil(rng):
    paper, ink = ((190, 192, 192), BLACK) if rng.random() < 0.75 else (RED, WHITE)
    image = sheet(rng, 400, 130, paper, ink)
    small(rng, image, "%s - %s" % (scenery.word(rng)[:2], scenery.word(rng)[:12]), image.shape[0] * 0.13, 9, ink)
    return image, 400, ink, [(0.06, 0.94, 0.6, rng.uniform(0.48, 0.56))]


def mercosur(rng):
    image = sheet(rng, 400, 130, WHITE, BLACK)
    image[:int(image.shape[0] * 0.22)] = BLUE
    small(rng, image, scenery.WORDS[rng.integers(0, len(scenery.WORDS))], image.shape[0] * 0.11, 11, WHITE)
    return image, 400, BLACK if rng.random() < 0.7 else scenery.colour(rng, 0, 120, 0.1), [(0.06, 0.94, 0.6, rng.uniform(0.5, 0.6))]


def russia(rng):
    image = sheet(rng, 520, 112, WHITE, BLACK)
    h, w = image.shape[:2]
    cv2.line(image, (int(w * 0.77), 0), (int(w * 0.77), h), BLACK, 2)
    cv2.putText(image, str(rng.integers(1, 799)), (int(w * 0.82), int(h * 0.55)), cv2.FONT_HERSHEY_SIMPLEX, 1.0, BLACK, 3, cv2.LINE_AA)
    cv2.putText(image, "RUS", (int(w * 0.82), int(h * 0.88)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, BLACK, 1, cv2.LINE_AA)
    return image, 520, BLACK, [(0.04, 0.74, 0.52, 0.66)]


def british(rng):
    image = sheet(rng, 520, 111, WHITE if rng.random() < 0.4 else YELLOW, None)
    left = 0.03 + (band(rng, image) / image.shape[1] if rng.random() < 0.4 else 0)
    return image, 520, BLACK, [(left, 0.97, 0.5, rng.uniform(0.68, 0.74))]


def stacked(rng):
    """Two lines: motorcycles, trailers, lorries."""
    wide = rng.choice([280, 340, 305, 240, 200])
    paper, ink = [(WHITE, BLACK), (YELLOW, BLACK), (WHITE, RED), (BLACK, WHITE), ((190, 192, 192), BLACK)][rng.integers(0, 5)]
    image = sheet(rng, wide, 200, paper, ink if rng.random() < 0.8 else None)
    left = 0.05
    if rng.random() < 0.4:
        image[:image.shape[0] // 2, :int(image.shape[1] * 0.12)] = BLUE
        left = 0.15
    return image, wide, ink, [(left, 0.95, 0.28, 0.36), (0.05, 0.95, 0.72, 0.36)]


KINDS = {"europe": europe, "state": state, "brazil": brazil, "mercosur": mercosur, "china": china, "dark": dark, "russia": russia, "british": british, "stacked": stacked}
WEIGHTS = {"europe": 0.3, "state": 0.2, "brazil": 0.1, "mercosur": 0.05, "china": 0.07, "dark": 0.06, "russia": 0.04, "british": 0.06, "stacked": 0.12}


def board(rng, kind=None):
    """A plate of that kind, or of any."""
    kind = kind or rng.choice(list(WEIGHTS), p=list(WEIGHTS.values()))
    image, wide, ink, places = KINDS[kind](rng)
    face = numbers(int(rng.integers(0, FACES)))
    patterns = TWO_LINES[rng.integers(0, len(TWO_LINES))] if kind == "stacked" else (rng.choice(SYNTAX.get(kind, EUROPE)),)
    h, w = image.shape[:2]
    spread, lines = rng.uniform(0.08, 0.22), []
    for pattern, (left, right, middle, tall) in zip(patterns, places):
        text = text_of(rng, pattern)
        mask = line_mask(rng, face, text, spread)
        room = (right - left) * w - 4
        wide_line = min(room, mask.shape[1] * tall * h / mask.shape[0])
        x = left * w + 2 + wide_line / 2 + (room - wide_line) * rng.choice([0.5, rng.uniform(0.1, 0.9)])
        if kind == "china":
            x = left * w + 2 + room / 2
        corners = put(image, mask, x, middle * h, tall * h, ink, room)
        lines.append(("".join(c for c in text if c.isalnum()), corners))
    screws(rng, image)
    worn(rng, image)
    return Board(image, float(wide), h / DOT, lines)
