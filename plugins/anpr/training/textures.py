"""Pools of grey patterns that backgrounds, dirt and pictures without a plate are made of."""
import functools

import cv2
import numpy as np

import faces

TEXTURE = (192, 640)            # rows, columns of one pattern
LOWER = "abcdeghkmnopqrsuvwxyz"


@functools.lru_cache(maxsize=1)
def clouds():
    """Forty-eight noise patterns of mean 0 and spread 1, from fine to very coarse."""
    rng = np.random.default_rng(4242)
    pool = []
    for n in range(48):
        size = 2.0 ** (n % 8 * .85)
        total = np.zeros(TEXTURE, np.float32)
        for octave, share in ((1, 1.0), (.5, .5), (.25, .25)):
            step = max(size * octave, 1)
            small = rng.standard_normal((int(TEXTURE[0] / step) + 3, int(TEXTURE[1] / step) + 3)).astype(np.float32)
            total += share * cv2.resize(small, (TEXTURE[1], TEXTURE[0]), interpolation=cv2.INTER_CUBIC)
        pool.append((total - total.mean()) / total.std())
    return pool


def cloud(rng, height, width):
    """A random cut of a random pattern, of that size."""
    pool = clouds()
    whole = pool[int(rng.integers(len(pool)))]
    if height > whole.shape[0] or width > whole.shape[1]:
        return cv2.resize(whole, (width, height))
    y, x = int(rng.integers(whole.shape[0] - height + 1)), int(rng.integers(whole.shape[1] - width + 1))
    cut = whole[y:y + height, x:x + width]
    return cut[::-1] if rng.random() < .5 else cut


def bars(rng, height, width):
    """A grating as of a radiator, a fence, a louvre: values -1 .. 1."""
    angle = rng.choice([0, 0, 90, 90, rng.uniform(0, 180)]) * np.pi / 180
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    phase = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / rng.uniform(4, 40)) + rng.uniform(0, 6)
    wave = np.sin(phase)
    return np.sign(wave) * np.abs(wave) ** .3 if rng.random() < .5 else wave


@functools.lru_cache(maxsize=1)
def words():
    """Masks of small-letter words, 64 rows high: lettering that is no plate."""
    rng = np.random.default_rng(4243)
    pool = []
    names = faces.fonts()
    for _ in range(160 if names else 0):
        ft = cv2.freetype.createFreeType2()
        ft.loadFontData(names[int(rng.integers(len(names)))], 0)
        text = "".join(rng.choice(list(LOWER), int(rng.integers(3, 9))))
        canvas = np.zeros((150, 900, 3), np.uint8)
        ft.putText(canvas, text, (20, 100), 70, (255, 255, 255), -1, cv2.LINE_AA, True)
        mask = canvas[:, :, 0]
        rows, cols = np.flatnonzero(mask.max(1) > 40), np.flatnonzero(mask.max(0) > 40)
        if len(rows) < 10:
            continue
        mask = mask[rows[0]:rows[-1] + 1, cols[0]:cols[-1] + 1]
        pool.append(cv2.resize(mask, (max(int(mask.shape[1] * 64 / mask.shape[0]), 8), 64), interpolation=cv2.INTER_AREA))
    return pool


@functools.lru_cache(maxsize=1)
def signs():
    """Masks of made-up signs of many strokes: crests, provinces' characters, badges, states' outlines."""
    rng = np.random.default_rng(4244)
    pool = []
    for n in range(240):
        mask = np.zeros((64, 56), np.uint8)
        thick = int(rng.integers(3, 8))
        if n % 3 == 0:          # strokes as of a Chinese character
            for _ in range(int(rng.integers(4, 9))):
                a = rng.integers((4, 4), (52, 60))
                step = (int(rng.integers(12, 46)), int(rng.integers(-3, 4)))
                b = a + (step if rng.random() < .5 else step[::-1])
                cv2.line(mask, tuple(map(int, a)), tuple(map(int, b)), 255, thick, cv2.LINE_AA)
        elif n % 3 == 1:        # a filled outline
            corners = int(rng.integers(5, 14))
            angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
            reach = rng.uniform(10, 30, corners)
            shape = np.stack([28 + reach * np.cos(angle) * .9, 32 + reach * np.sin(angle)], 1).astype(np.int32)
            cv2.fillPoly(mask, [shape], 255, cv2.LINE_AA)
        else:                   # a round badge
            cv2.ellipse(mask, (28, 32), (int(rng.integers(12, 26)), int(rng.integers(12, 30))), 0, 0, 360, 255,
                        -1 if rng.random() < .5 else thick, cv2.LINE_AA)
            for _ in range(int(rng.integers(0, 4))):
                cv2.circle(mask, tuple(map(int, rng.integers((14, 14), (42, 50)))), int(rng.integers(2, 8)),
                           int(rng.choice([0, 255])), -1, cv2.LINE_AA)
        pool.append(mask)
    return pool


def pick(rng, pool):
    """One of a pool."""
    return pool[int(rng.integers(len(pool)))]
