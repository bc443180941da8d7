"""Faces: the 36 characters of one style as small pictures, drawn from our skeletons or from a free font."""
import functools
import glob
import os

import cv2
import numpy as np

import glyphs

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TALL = 64                       # height of a capital in a face's pictures
FOLDERS = ("/usr/share/fonts/truetype", "/usr/share/fonts/opentype")
UNWANTED = ("italic", "oblique", "symbol", "dingbat", "math", "serif", "ornament", "icons", "dots", "ocra", "thin",
            "hairline", "chancery", "c059", "p052", "bookman", "zapf", "standardsymbols", "d050", "z003", "free-serif",
            "extralight", "ultralight", "lobster", "emoji", "mplus-1mn", "noto")


@functools.lru_cache(maxsize=1)
def fonts():
    """The free fonts at hand, in a fixed order; none at all is no error."""
    found = []
    for folder in FOLDERS:
        for name in sorted(glob.glob(folder + "/**/*.[to]tf", recursive=True)):
            base = os.path.basename(name).lower()
            if not any(word in base for word in UNWANTED) or base.startswith("sansserif"):
                found.append(name)
    return found


def _trim(mask):
    cols = np.flatnonzero(mask.max(0) > 40)
    return mask[:, cols[0]:cols[-1] + 1] if len(cols) else mask[:, :1]


def _stroke_glyph(char, p, wide, thick):
    """One skeleton thickened and clipped: a mask TALL high."""
    over = 2
    h, w, t = TALL * over, max(int(wide * TALL * over), 4), thick * TALL * over
    mask = np.zeros((h, w), np.uint8)
    half = t / 2
    for stroke in glyphs.DRAW[char](p):
        points = stroke.copy()
        if p["flat"] and char in glyphs.OPEN_ENDED:
            for end, inner in ((0, 1), (-1, -2)):
                x, y = points[end]
                if y in (0.0, 1.0) and points[inner][1] != y:
                    points[end] = points[end] + (points[end] - points[inner]) * (half * 1.3 / h / max(abs(points[end][1] - points[inner][1]), .05))
        if p["flat"] and char in "EFLTZ27":
            points[:, 0] = np.where(points[:, 0] >= .85, points[:, 0] + half / w * 1.4 * (points[:, 1] != .5), points[:, 0])
            if char in "TZ7":
                points[:, 0] = np.where(points[:, 0] <= 0, points[:, 0] - half / w * 1.2, points[:, 0])
        xy = np.stack([half + points[:, 0] * (w - t), half + points[:, 1] * (h - t)], 1)
        cv2.polylines(mask, [np.round(xy * 16).astype(np.int32)], False, 255, max(int(round(t)), 1), cv2.LINE_AA, 4)
    return cv2.resize(mask, (max(w // over, 2), TALL), interpolation=cv2.INTER_AREA)


NARROW = {"I": .0, "1": .62, "J": .85}
WIDER = {"M": 1.22, "W": 1.3, "N": 1.04, "Q": 1.05, "O": 1.05}


def _strokes(rng):
    """A face of our own skeletons."""
    p = glyphs.style(rng)
    thick = rng.uniform(0.085, 0.215)
    letter = rng.uniform(0.42, 0.86)
    digit = letter * rng.choice([1.0, 1.0, .95, .9, .82])
    mono = rng.random() < 0.25
    face = {}
    for char in ALPHABET:
        wide = digit if char.isdigit() else letter
        if char == "I":
            wide = thick + .01 if p["i"] == "stem" else max(wide * .6, thick * 2.2)
        elif char == "1":
            wide = thick + .01 if p["one"] == "stem" else max(wide * rng.uniform(.55, .9), thick * 1.9)
        elif not mono:
            wide *= WIDER.get(char, NARROW.get(char, 1.0))
        face[char] = _stroke_glyph(char, p, max(wide, thick * 1.05), min(thick, wide / 2.3) if char not in "1I" else thick)
    return face, (max(m.shape[1] for c, m in face.items() if c not in "MW") if mono else 0)


def _typeface(rng):
    """A face of a free font, narrowed or widened, fattened or thinned."""
    name = fonts()[int(rng.integers(len(fonts())))]
    ft = cv2.freetype.createFreeType2()
    ft.loadFontData(name, 0)
    squeeze = rng.uniform(0.62, 1.15)
    weigh = int(rng.integers(-1, 4))
    face = {}
    for char in ALPHABET:
        canvas = np.zeros((220, 260, 3), np.uint8)
        ft.putText(canvas, char, (60, 160), 110, (255, 255, 255), -1, cv2.LINE_AA, True)
        mask = canvas[:, :, 0]
        rows = np.flatnonzero(mask.max(1) > 40)
        if len(rows) < 20:
            raise ValueError(f"{name} draws no {char}")
        if weigh > 0 or (weigh and mask[rows[0]:rows[-1] + 1].mean() > 60):
            mask = (cv2.dilate if weigh > 0 else cv2.erode)(mask, np.ones((abs(weigh) * 2 + 1,) * 2, np.uint8))
            rows = np.flatnonzero(mask.max(1) > 40)
        mask = _trim(mask[rows[0]:rows[-1] + 1])
        wide = max(int(mask.shape[1] * TALL / mask.shape[0] * squeeze), 3)
        face[char] = cv2.resize(mask, (wide, TALL), interpolation=cv2.INTER_AREA)
    return face, 0


@functools.lru_cache(maxsize=4096)
def face(seed, number):
    """The face of that number: (masks by character, fixed advance or 0), the same for the same seed."""
    rng = np.random.default_rng([seed, 77, number])
    if rng.random() < 0.42 and fonts():
        try:
            return _typeface(rng)
        except (ValueError, IndexError, cv2.error):
            pass
    return _strokes(rng)
