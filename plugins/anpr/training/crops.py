"""The recogniser's pictures: 128x32 grey crops of one line of a plate, deterministic for (seed, index)."""
from collections import namedtuple

import cv2
import numpy as np

import plate
import textures
import wear

HEIGHT, WIDTH = 32, 128
EMPTY = 0.09                    # share of crops without a line
Sample = namedtuple("Sample", "picture text kind size")     # uint8 32x128, what it says, kind of layout, pixels the characters were high


def _quadrilateral(rng, line):
    """The four corners of an inexact proposal around a line, on the canvas."""
    cap = line.bottom - line.top
    share = rng.normal(.68, .045) if rng.random() < .75 else rng.uniform(.46, .86)
    high = cap / min(max(share, .46), .86)
    middle = (line.top + line.bottom) / 2 + np.clip(rng.normal(0, 1.1), -3, 3) * cap / 22
    near = lambda: rng.uniform(.2, 1.5) if rng.random() < .3 else np.clip(rng.normal(.6, .2), .12, 1.5)
    left, right = line.left - near() * cap, line.right + near() * cap
    if rng.random() < .1:       # a tight edge: the last character, or the first, must still be read
        right = line.right + rng.uniform(.02, .2) * cap
    if rng.random() < .06:
        left = line.left - rng.uniform(.02, .2) * cap
    corners = np.array([[left, middle - high / 2], [right, middle - high / 2], [right, middle + high / 2], [left, middle + high / 2]])
    centre = corners.mean(0)
    wide = right - left
    angle = np.clip(rng.normal(0, 1.7), -6, 6) if rng.random() < .8 else rng.uniform(-6.5, 6.5)
    angle *= np.pi / 180 * min(1, 6 * cap / wide)
    shear = np.clip(rng.normal(0, 4.5), -14, 14) * np.pi / 180
    corners -= centre
    corners[:, 1] += corners[:, 0] * np.tan(angle)
    corners[:, 0] += corners[:, 1] * np.tan(shear)
    corners += centre + rng.normal(0, .025 * cap, (4, 2))
    return corners.astype(np.float32), wide / high


def _view(rng, picture, corners, aspect):
    """A camera's view of the quadrilateral at a random resolution, then stretched to the recogniser's size."""
    size = float(np.clip(np.exp(rng.normal(2.95, .42)), 7, 40))       # height of the characters in the camera's pixels
    high = max(int(round(size / .69)), 9)
    wide = int(np.clip(round(high * aspect * rng.uniform(.65, 1.1)), 24, 320))
    if size < plate.CAP * .8:
        picture = cv2.GaussianBlur(picture, (0, 0), .42 * plate.CAP / size)
    if rng.random() < .06:      # a bent plate
        bend = np.arange(picture.shape[1], dtype=np.float32)
        lift = (rng.uniform(-2.5, 2.5) * np.sin(bend / picture.shape[1] * rng.uniform(3, 9) + rng.uniform(0, 6))).astype(np.float32)
        grid = np.mgrid[0:picture.shape[0], 0:picture.shape[1]].astype(np.float32)
        picture = cv2.remap(picture, grid[1], grid[0] + lift, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    goal = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, goal)
    seen = cv2.warpPerspective(picture, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = wear.sensor(rng, wear.lens(rng, wear.light(rng, seen), size))
    shrink = wide > WIDTH * 1.3 and rng.random() < .6
    how = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC if rng.random() < .15 else cv2.INTER_LINEAR
    return cv2.resize(seen, (WIDTH, HEIGHT), interpolation=how), size


def _empty(rng, seed):
    """A proposal that holds no line: gratings, lamps, badges, small-letter words, edges of plates, bare plates."""
    roll = rng.random()
    if roll < .25:              # beside the line
        drawn = plate.draw(rng, seed)
        left, top, right, bottom = drawn.plate
        y = top - plate.CAP * rng.uniform(1.0, 1.4) if rng.random() < .5 else bottom + plate.CAP * rng.uniform(-.1, .4)
        x = rng.uniform(left - plate.CAP, right)
        line = plate.Line("", x, y, x + plate.CAP * rng.uniform(2, 6), y + plate.CAP)
        if drawn.lines[-1].bottom < y or drawn.lines[0].top > line.bottom:
            return (drawn.picture,) + _quadrilateral(rng, line)
    high, wide = 96, int(rng.integers(160, 340))
    picture = np.full((high, wide), rng.uniform(10, 240), np.float32)
    picture += textures.cloud(rng, high, wide) * rng.uniform(1, 60)
    if rng.random() < .4:
        picture += textures.bars(rng, high, wide) * rng.uniform(10, 100)
    for _ in range(int(rng.integers(0, 5))):
        at = (int(rng.integers(wide)), int(rng.integers(high)))
        if rng.random() < .5:
            cv2.ellipse(picture, at, (int(rng.integers(4, 70)), int(rng.integers(4, 40))), rng.uniform(0, 180), 0, 360, rng.uniform(0, 255),
                        -1 if rng.random() < .6 else int(rng.integers(1, 6)), cv2.LINE_AA)
        else:
            cv2.rectangle(picture, at, (at[0] + int(rng.integers(4, 120)), at[1] + int(rng.integers(2, 40))), rng.uniform(0, 255),
                          -1 if rng.random() < .6 else int(rng.integers(1, 4)))
    if textures.words() and rng.random() < .45:
        mask = textures.pick(rng, textures.words())
        tall = int(rng.integers(18, 50))
        mask = cv2.resize(mask, (max(int(mask.shape[1] * tall / 64), 4), tall), interpolation=cv2.INTER_AREA)
        plate.ink(picture, mask, (wide - mask.shape[1]) / 2 + rng.uniform(-20, 20), high / 2 - tall / 2 + rng.uniform(-4, 4), rng.uniform(0, 255))
    elif rng.random() < .35:
        x = rng.uniform(40, 100)
        for _ in range(int(rng.integers(1, 5))):
            plate.ink(picture, cv2.resize(textures.pick(rng, textures.signs()), (int(rng.integers(14, 40)), 32)), x, 32, rng.uniform(0, 255))
            x += rng.uniform(25, 60)
    line = plate.Line("", 60, 32, wide - 60, 64)
    return (np.clip(picture, 0, 255),) + _quadrilateral(rng, line)


def sample(seed, index):
    """Crop number index of a seed, and what is known of it; the text is empty where there is no line."""
    rng = np.random.default_rng([seed, index])
    if rng.random() < EMPTY:
        picture, corners, aspect = _empty(rng, seed)
        seen, size = _view(rng, picture, corners, aspect)
        return Sample(seen, "", "empty", size)
    while True:
        drawn = plate.draw(rng, seed)
        line = drawn.lines[int(rng.integers(len(drawn.lines)))]
        if 2 <= len(line.text) <= 10:
            break
    corners, aspect = _quadrilateral(rng, line)
    seen, size = _view(rng, drawn.picture, corners, aspect)
    return Sample(seen, line.text, drawn.kind, size)


def crop(seed, index):
    """The same, as the trainer wants it: (uint8 32x128, text)."""
    return sample(seed, index)[:2]
