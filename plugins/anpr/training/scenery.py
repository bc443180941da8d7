"""What lies around vehicles: roads, walls, foliage, fences, signs, lettering. All procedural; each function draws into a BGR picture in place."""
import cv2
import numpy as np

import panel

WORDS = ("TRANS CARGO SPED LOG NORD SUD OST WEST MAR TERRA EXPRES FRIGO PAN EURO INTER BALT ALPI DANU VIA LINE TRUCK MOTO AUTO BUS FARM AGRO MILK FISH "
         "BETON STAHL HOLZ PAPER BOX LIFT POST TAXI SCHOOL STOP EXIT TOLL GATE LANE CUSTOMS BORDER CONTROL SLOW ZOLL OPEN CLOSED WIDE LONG LOAD").split()
FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)


def colour(rng, low=0, high=255, grey=0.5):
    """A random colour, more or less grey."""
    level = rng.uniform(low, high)
    return tuple(np.clip(level + rng.normal(0, 60 * (1 - grey), 3), 0, 255))


def shade(c, by):
    return tuple(np.clip(np.asarray(c, float) * by, 0, 255))


def cloud(rng, width, height, cells, stretch=1.0):
    """Smooth noise about 0 with a deviation of about 1, `cells` across."""
    w, h = max(2, int(cells)), max(2, int(cells * height / width * stretch))
    return cv2.resize(rng.standard_normal((h, w), np.float32), (width, height), interpolation=cv2.INTER_CUBIC)


def texture(rng, region, amount, cells=(8, 40, 160)):
    """Adds noise of several grains to a region of a picture."""
    h, w = region.shape[:2]
    if h < 2 or w < 2:
        return
    grain = sum(cloud(rng, w, h, min(c, w), rng.uniform(0.5, 2)) for c in cells) * amount
    region[:] = cv2.add(region, cv2.merge([grain] * 3), dtype=cv2.CV_8U)


def word(rng):
    kind = rng.integers(0, 6)
    if kind == 0:
        return "".join(rng.choice(list("0123456789"), rng.integers(2, 10)))
    if kind == 1:
        return "%04d %d" % (rng.integers(0, 10000), rng.integers(100000, 999999))
    if kind == 2:
        return "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVWZ"), rng.integers(2, 6))) + str(rng.integers(1, 999))
    return "".join(rng.choice(WORDS, rng.integers(1, 3)))


def lettering(rng, text, ink, paper=None, height=40):
    """A line of text as (image, mask); without paper only the letters cover."""
    font, thick = FONTS[rng.integers(0, len(FONTS))], int(rng.integers(1, 6))
    scale = height / 30.0
    (w, h), base = cv2.getTextSize(text, font, scale, thick)
    size = (h + base + 8, w + 8)
    mask = np.zeros(size, np.uint8)
    cv2.putText(mask, text, (4, h + 4), font, scale, 255, thick, cv2.LINE_AA)
    image = np.empty(size + (3,), np.uint8)
    image[:] = ink
    if paper is None:
        return image, mask
    a = mask[..., None].astype(np.float32) / 255
    sheet = np.empty_like(image)
    sheet[:] = paper
    return (image * a + sheet * (1 - a)).astype(np.uint8), np.full(size, 255, np.uint8)


def write(rng, plane, text, x, y, tall, ink, paper=None, widest=1e9):
    """Letters `tall` mm high with their middle at x, y."""
    image, mask = lettering(rng, text, ink, paper)
    wide = min(tall * image.shape[1] / image.shape[0] * rng.uniform(0.7, 1.3), widest)
    plane.paste(image, x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2, mask)


# ---- surfaces: each covers a box of pixels ------------------------------------------------------------------------------------------------
def plain(rng, picture, x1, y1, x2, y2):
    region = picture[y1:y2, x1:x2]
    top, bottom = colour(rng, 30, 240), colour(rng, 30, 240)
    t = np.linspace(0, 1, max(1, y2 - y1), dtype=np.float32)[:, None, None]
    region[:] = (np.array(top, np.float32) * (1 - t) + np.array(bottom, np.float32) * t).astype(np.uint8)


def asphalt(rng, picture, x1, y1, x2, y2):
    picture[y1:y2, x1:x2] = colour(rng, 50, 150, 0.9)
    texture(rng, picture[y1:y2, x1:x2], rng.uniform(2, 7))
    vanish = (rng.uniform(x1, x2), y1 - rng.uniform(0, 0.3) * (y2 - y1))
    for _ in range(rng.integers(0, 5)):
        foot, wide, white = rng.uniform(x1 - 200, x2 + 200), rng.uniform(4, 30), rng.uniform(150, 240)
        dashes = rng.integers(1, 9)
        for k in range(dashes):
            a, b = (k / dashes) ** 1.5, ((k + rng.uniform(0.4, 1.0)) / dashes) ** 1.5
            corners = [(vanish[0] + (foot + side - vanish[0]) * t, vanish[1] + (y2 - vanish[1]) * t) for t, side in ((a, 0), (a, wide), (b, wide), (b, 0))]
            panel.fill(picture, np.array(corners), (white,) * 3)


def bricks(rng, picture, x1, y1, x2, y2):
    base, joint = colour(rng, 60, 200), colour(rng, 60, 220, 0.9)
    picture[y1:y2, x1:x2] = joint
    tall, wide = rng.integers(6, 30), rng.integers(12, 80)
    for row, y in enumerate(range(y1, y2, tall)):
        for x in range(x1 - (row % 2) * wide // 2, x2, wide):
            c = shade(base, rng.uniform(0.85, 1.15))
            cv2.rectangle(picture, (max(x1, x), y), (min(x2, x + wide - 2) - 1, min(y2, y + tall - 2) - 1), c, -1)


def windows(rng, picture, x1, y1, x2, y2):
    """A front of a building: a grid of panes."""
    plain(rng, picture, x1, y1, x2, y2)
    nx, ny = rng.integers(2, 12), rng.integers(1, 7)
    w, h = (x2 - x1) / nx, (y2 - y1) / ny
    c, fx, fy = colour(rng, 10, 220), rng.uniform(0.3, 0.85), rng.uniform(0.3, 0.85)
    for i in range(nx):
        for j in range(ny):
            x, y = x1 + (i + (1 - fx) / 2) * w, y1 + (j + (1 - fy) / 2) * h
            panel.fill(picture, panel.rounded(x, y, x + w * fx, y + h * fy, 0), shade(c, rng.uniform(0.6, 1.4)))


def foliage(rng, picture, x1, y1, x2, y2):
    c = colour(rng, 20, 130, 0.8)
    picture[y1:y2, x1:x2] = (c[0] * 0.7, c[1] * 1.15, c[2])
    texture(rng, picture[y1:y2, x1:x2], rng.uniform(8, 30), (6, 30, 100, 250))


def bars(rng, picture, x1, y1, x2, y2):
    """Fences, gratings, shutters, corrugated walls."""
    picture[y1:y2, x1:x2] = colour(rng, 20, 220)
    c, step, wide, lean = colour(rng, 20, 240), rng.integers(5, 40), rng.uniform(0.2, 0.7), rng.choice([0, 0, 0, 0.5, 1])
    flat = rng.random() < 0.4
    for k in range(-(y2 - y1) if lean else 0, (y2 - y1) if flat else (x2 - x1), step):
        if flat:
            p = [(x1, y1 + k), (x2, y1 + k), (x2, y1 + k + step * wide), (x1, y1 + k + step * wide)]
        else:
            off = lean * (y2 - y1)
            p = [(x1 + k, y1), (x1 + k + step * wide, y1), (x1 + k + step * wide + off, y2), (x1 + k + off, y2)]
        panel.fill(picture, np.clip(np.array(p, float), (x1, y1), (x2, y2)), c)


def stones(rng, picture, x1, y1, x2, y2):
    """Strong texture of any grain."""
    picture[y1:y2, x1:x2] = colour(rng, 40, 200)
    texture(rng, picture[y1:y2, x1:x2], rng.uniform(10, 45), tuple(rng.integers(5, 200, 2)))


SURFACES = (plain, plain, asphalt, bricks, windows, windows, foliage, foliage, bars, stones)


# ---- things that look like plates and are none --------------------------------------------------------------------------------------------
def sign(rng, picture):
    """A board with words, or letters straight on what is there."""
    h, w = picture.shape[:2]
    plane = panel.Panel(picture, (0, 0), (rng.uniform(0, w), rng.uniform(0, h)), 1.0, tuple(rng.normal(0, (0.3, 0.15, 0.06))))
    tall, rows = np.exp(rng.uniform(np.log(6), np.log(60))), rng.integers(1, 4)
    ink, paper = colour(rng, 0, 90, 0.3), colour(rng, 150, 255, 0.3)
    if rng.random() < 0.5:
        ink, paper = paper, ink
    board = rng.random() < 0.6
    if board:
        wide = tall * rng.uniform(3, 9)
        plane.box(-wide / 2, -tall * (rows * 0.75), wide / 2, tall * (rows * 0.75), paper, rng.choice([0, tall / 3]))
    for k in range(rows):
        write(rng, plane, word(rng), 0, (k - (rows - 1) / 2) * tall * 1.4, tall, ink, widest=wide if board else 1e9)


def far_lamps(rng, picture):
    """Lamps of a street at night as (x, y, radius, colour): a few, or dozens in rows."""
    h, w = picture.shape[:2]
    lamps = []
    for _ in range(rng.choice([0, 1, 2, 4])):
        c, r, step = colour(rng, 150, 255, 0.3), rng.uniform(0.8, 5) * w / 640, rng.uniform(8, 90)
        x, y, rise = rng.uniform(0, w), rng.uniform(0, 0.75 * h), rng.normal(0, 0.5)
        lamps += [(x + k * step, y + k * step * rise, r * rng.uniform(0.5, 1.5), c) for k in range(rng.integers(1, 14))]
    return [lamp for lamp in lamps if 0 <= lamp[0] < w and 0 <= lamp[1] < h]


def stamp(rng, picture):
    """The time and the place that a camera writes into its picture."""
    h, w = picture.shape[:2]
    text = "%04d-%02d-%02d %02d:%02d:%02d" % tuple(rng.integers((2005, 1, 1, 0, 0, 0), (2030, 13, 29, 24, 60, 60)))
    text = text if rng.random() < 0.7 else word(rng)
    ink = (255, 255, 255) if rng.random() < 0.7 else colour(rng, 0, 255, 0.2)
    at = (int(rng.uniform(0, 0.7) * w), int(rng.choice([rng.uniform(0.03, 0.1), rng.uniform(0.9, 0.99)]) * h))
    image = np.ascontiguousarray(picture)
    cv2.putText(image, text, at, FONTS[rng.integers(0, len(FONTS))], rng.uniform(0.3, 0.9) * w / 640, ink[:1] * 3 if picture.ndim == 2 else ink, int(rng.integers(1, 3)), cv2.LINE_AA)
    return image


def street(rng, picture):
    """Road below, something above: the ordinary picture."""
    h, w = picture.shape[:2]
    horizon = int(h * rng.uniform(0.05, 0.6))
    plain(rng, picture, 0, 0, w, horizon)
    if rng.random() < 0.5:
        texture(rng, picture[:horizon], rng.uniform(1, 8), (4, 10))
    x = 0
    while x < w and rng.random() < 0.9:
        wide = int(rng.uniform(0.1, 0.6) * w)
        top = int(horizon * rng.uniform(0, 0.9))
        SURFACES[rng.integers(0, len(SURFACES))](rng, picture, x, top, min(w, x + wide) if x + wide > x + 1 else x + 2, horizon)
        x += wide
    (asphalt if rng.random() < 0.8 else stones)(rng, picture, 0, horizon, w, h)


def patches(rng, picture):
    """Surfaces anywhere: a picture from too near, a hall, a yard."""
    h, w = picture.shape[:2]
    SURFACES[rng.integers(0, len(SURFACES))](rng, picture, 0, 0, w, h)
    for _ in range(rng.integers(0, 5)):
        x1, y1 = int(rng.integers(0, w - 20)), int(rng.integers(0, h - 20))
        x2, y2 = int(rng.integers(x1 + 10, w + 1)), int(rng.integers(y1 + 10, h + 1))
        SURFACES[rng.integers(0, len(SURFACES))](rng, picture, x1, y1, x2, y2)


def background(rng, picture):
    (street if rng.random() < 0.7 else patches)(rng, picture)
    for _ in range(rng.choice([0, 0, 1, 2, 4])):
        sign(rng, picture)
