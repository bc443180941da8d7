"""What the hour, the weather and the camera do to a drawn picture."""
import cv2
import numpy as np

import scenery


def gradient(rng, width, height, low, high):
    """An even change of light across the picture, float32 about 1."""
    corners = rng.uniform(low, high, (2, 2)).astype(np.float32)
    return cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR)


def like(picture, plane):
    """A single plane, once for every channel of the picture."""
    return plane if picture.ndim == 2 else cv2.merge([plane] * picture.shape[2])


def times(picture, plane):
    return cv2.multiply(picture, like(picture, plane), dtype=cv2.CV_8U)


def shadow(rng, picture):
    """The hard edge of a shadow across everything."""
    h, w = picture.shape[:2]
    mask = np.ones((h, w), np.float32)
    points = rng.uniform((-0.3 * w, -0.3 * h), (1.3 * w, 1.3 * h), (rng.integers(3, 6), 2))
    cv2.fillPoly(mask, [points.astype(np.int32)], float(rng.uniform(0.3, 0.8)))
    return times(picture, cv2.blur(mask, (int(rng.integers(1, 12)),) * 2))


def day(rng, picture):
    h, w = picture.shape[:2]
    picture = times(picture, gradient(rng, w, h, 0.55, 1.35))
    for _ in range(rng.choice([0, 0, 1, 2])):
        picture = shadow(rng, picture)
    if rng.random() < 0.15:  # haze, or the sun in the lens
        picture = cv2.addWeighted(picture, rng.uniform(0.4, 0.8), np.full_like(picture, 255), rng.uniform(0.1, 0.35), 0)
    return picture


def night(rng, picture, plates, lamps, infrared):
    """Dark, but for lamps with their halos, and plates which throw light back."""
    h, w = picture.shape[:2]
    ambient = rng.uniform(0.02, 0.4)
    light = gradient(rng, w, h, ambient * 0.5, ambient * 1.5)
    back = rng.uniform(0.5, 1.6) if infrared else rng.uniform(0.25, 1.1)
    mask = np.zeros((h, w), np.float32)
    for quad in plates:
        cv2.fillPoly(mask, [np.round(quad * 16).astype(np.int32)], float(rng.uniform(0.7, 1.2) * back), cv2.LINE_AA, 4)
    picture = times(picture, cv2.max(light, mask))
    glow = np.zeros((max(1, h // 4), max(1, w // 4), 3), np.uint8)
    for x, y, r, colour in lamps:
        if rng.random() < 0.8:
            c = scenery.shade(colour, rng.uniform(0.3, 1.4))
            cv2.circle(glow, (int(x / 4), int(y / 4)), max(1, int(r * rng.uniform(0.5, 1.5) / 4)), tuple(c), -1)
    near = cv2.GaussianBlur(glow, (0, 0), rng.uniform(0.5, 2))
    far = cv2.GaussianBlur(glow, (0, 0), rng.uniform(4, 18))
    glow = cv2.addWeighted(near, 1.2, far, rng.uniform(0.3, 2.5), 0)
    glow = cv2.resize(glow, (w, h), interpolation=cv2.INTER_LINEAR)
    return cv2.add(picture, cv2.cvtColor(glow, cv2.COLOR_BGR2GRAY) if picture.ndim == 2 else glow)


def rain(rng, picture):
    """Streaks, and drops on the glass."""
    h, w = picture.shape[:2]
    layer = np.zeros((h, w), np.uint8)
    lean, length = rng.uniform(-4, 4), rng.uniform(6, 30)
    for x, y in rng.uniform((0, 0), (w, h), (rng.integers(40, 250), 2)):
        cv2.line(layer, (int(x), int(y)), (int(x + lean), int(y + length)), int(rng.integers(40, 160)), 1)
    return cv2.add(cv2.addWeighted(picture, 0.9, np.full_like(picture, 128), 0.1, 0), like(picture, layer))


def moved(rng, picture, most):
    """The blur of a vehicle that did not stop."""
    n = int(rng.integers(2, max(3, most)))
    angle = rng.choice([0, 90, rng.uniform(0, 180)])
    kernel = np.zeros((n, n), np.float32)
    c = (n - 1) / 2
    d = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * c
    cv2.line(kernel, tuple(int(round(v)) for v in (c - d[0], c - d[1])), tuple(int(round(v)) for v in (c + d[0], c + d[1])), 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def soft(rng, picture, tall):
    return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, max(0.4, min(3.0, tall * 0.09))))


def coarse(rng, picture, tall):
    """Fewer pixels, made larger again."""
    f = rng.uniform(max(0.4, min(1.0, 7.0 / tall)), 1.0)
    h, w = picture.shape[:2]
    return cv2.resize(cv2.resize(picture, None, fx=f, fy=f, interpolation=cv2.INTER_AREA), (w, h), interpolation=cv2.INTER_CUBIC)


def ringing(_, picture, __):
    return cv2.addWeighted(picture, 1.8, cv2.GaussianBlur(picture, (0, 0), 1.2), -0.8, 0)


LENSES = {"sharp": lambda rng, picture, tall: picture, "soft": soft, "moved": lambda rng, picture, tall: moved(rng, picture, int(min(16, tall * 0.35)) + 2),
          "coarse": coarse, "ringing": ringing}


def camera(rng, picture, tall, lens=None):
    """Lens, sensor; the blur is bounded by the height of the smallest characters, so that a plate stays one. Returns the picture and the lens's name."""
    lens = lens or rng.choice(list(LENSES), p=[0.28, 0.3, 0.15, 0.2, 0.07])
    picture = LENSES[lens](rng, picture, tall)
    table = (255 * (np.arange(256) / 255.0) ** np.exp(rng.normal(0, 0.3)) * rng.uniform(0.75, 1.1) + rng.uniform(-10, 25)).clip(0, 255)
    picture = cv2.LUT(picture, table.astype(np.uint8))
    if rng.random() < 0.7:
        noise = rng.standard_normal(picture.shape[:2], np.float32) * rng.uniform(1, 12)
        picture = cv2.add(picture, like(picture, noise), dtype=cv2.CV_8U)
    return picture, lens


def squeezed(picture, quality):
    """There and back through JPEG."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
