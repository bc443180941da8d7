"""What weather, lamps, lenses, sensors and encoders do to a small grey picture (float32, 0..255)."""
import cv2
import numpy as np

import textures


def light(rng, picture):
    """Uneven light, shadows, glare, dirt: on the scene, before the camera."""
    h, w = picture.shape
    if rng.random() < .5:
        slope = np.linspace(-1, 1, w, dtype=np.float32) * rng.uniform(-.45, .45)
        picture = picture * (1 + slope)
    if rng.random() < .22:      # the edge of a shadow
        a = rng.uniform(-3, 3)
        y, x = np.ogrid[0:h, 0:w]
        side = (x - w * rng.uniform(0, 1)) * np.cos(a) + (y - h * rng.uniform(0, 1)) * np.sin(a)
        depth = rng.uniform(.3, .85)
        picture = picture * (1 - (1 - depth) / (1 + np.exp(-np.clip(side / rng.uniform(.4, 5), -30, 30)))).astype(np.float32)
    if rng.random() < .3:       # dirt, rust, chipped paint
        rough = textures.cloud(rng, h, w)
        cover = np.clip((rough - rng.uniform(.6, 2.2)) * rng.uniform(.5, 3), 0, rng.uniform(.3, .9))
        picture = picture + cover * (rng.uniform(20, 200) - picture)
    if rng.random() < .12:      # glare or a lamp's halo
        y, x = np.ogrid[0:h, 0:w]
        r = rng.uniform(.3, 2) * h
        spot = np.exp(-(((x - w * rng.uniform(0, 1)) / r) ** 2 + ((y - h * rng.uniform(-.3, 1.3)) / r) ** 2))
        picture = picture + (spot * rng.uniform(40, 260)).astype(np.float32)
    return picture


def lens(rng, picture, size):
    """Defocus, movement, sharpening; size is the height of the characters, which bounds what is still a plate."""
    roll = rng.random()
    if roll < .35:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(.3, max(.5, min(.09 * size, 2.4))))
    elif roll < .55:
        reach = int(np.clip(rng.uniform(.05, .3) * size, 2, 6))
        kernel = np.zeros((7, 7), np.float32)
        a = rng.choice([0, 0, np.pi / 2, rng.uniform(0, np.pi)])
        dx, dy = np.cos(a) * reach / 2, np.sin(a) * reach / 2
        cv2.line(kernel, (int(round(3 - dx)), int(round(3 - dy))), (int(round(3 + dx)), int(round(3 + dy))), 1)
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    if rng.random() < .2:
        soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(.8, 2))
        picture = picture + (picture - soft) * rng.uniform(.4, 2.2)
    return picture


def sensor(rng, picture):
    """Exposure, gamma, interlace, noise, rounding and JPEG; gives uint8."""
    low, high = float(picture.min()), float(picture.max())
    if rng.random() < .55:      # a contrast and a brightness of its own
        span = rng.uniform(18, 250) if rng.random() < .35 else rng.uniform(70, 255)
        base = rng.uniform(0, 255 - span * .8)
        picture = (picture - low) * (span / max(high - low, 1)) + base
        picture = np.clip(picture, 0, 255)
    if rng.random() < .3:
        picture = 255 * (np.clip(picture, 0, 255) / 255) ** np.exp(rng.uniform(-.8, .8))
    if rng.random() < .04:
        picture[1::2] = np.roll(picture[1::2], int(rng.integers(1, 3)), 1)
    if rng.random() < .6:
        grain = textures.clouds()[0 if rng.random() < .6 else 1]
        h, w = picture.shape
        y, x = int(rng.integers(grain.shape[0] - h + 1)), int(rng.integers(grain.shape[1] - w + 1))
        spread = min(rng.exponential(5), 22, .35 * float(picture.std()) + 1)
        picture = picture + grain[y:y + h, x:x + w] * spread
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < .6:
        quality = int(rng.integers(25, 96))
        ok, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
        picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if ok else picture
    return picture
