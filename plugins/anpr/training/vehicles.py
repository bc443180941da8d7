"""Fronts and rears of vehicles, drawn on a panel in millimetres: x from the middle to the right, y up from the ground. Every face returns where its
plates may hang: [(x, y of the middle, room in mm)], its lamps [(x, y, radius, colour)] and half its width and its height."""
import collections

import cv2
import numpy as np

import panel
import scenery

Face = collections.namedtuple("Face", "mounts lamps half tall")

RED, WARM, GLASS, RUBBER = (40, 30, 190), (220, 240, 255), (60, 50, 45), (28, 28, 28)


def paint(rng):
    """A body's colour: mostly white, silver, grey, black; then any."""
    if rng.random() < 0.35:
        return scenery.colour(rng, 30, 200, 0.0)
    return scenery.colour(rng, *((10, 60), (90, 190), (190, 250))[rng.integers(0, 3)], 0.95)


def body(rng, plane, outline, colour, depth):
    """The silhouette pushed back by its depth, then the face itself in bands of changing shade."""
    outline = np.array(outline, float)
    behind = plane.see(outline * (0.97, 1.0), depth)
    hull = cv2.convexHull(np.vstack([behind, plane.see(outline)]).astype(np.float32))[:, 0]
    panel.fill(plane.picture, plane.see([(outline[:, 0].min() * 1.1, 0), (outline[:, 0].max() * 1.1, 0), (outline[:, 0].max(), 260), (outline[:, 0].min(), 260)]), RUBBER)
    panel.fill(plane.picture, hull, scenery.shade(colour, rng.uniform(0.4, 0.8)))
    plane.fill(outline, colour)
    low, high, bands = outline[:, 1].min(), outline[:, 1].max(), rng.integers(1, 7)
    for k in range(bands):
        y1, y2 = low + (high - low) * k / bands, low + (high - low) * (k + 1) / bands
        half = 0.96 * min(width_at(outline, y1), width_at(outline, y2))
        plane.box(-half, y1, half, y2, scenery.shade(colour, rng.uniform(0.75, 1.2)))


def width_at(outline, y):
    """Half the outline's width at a height."""
    right = outline[outline[:, 0] >= 0]
    right = right[np.argsort(right[:, 1])]
    return float(np.interp(y, right[:, 1], right[:, 0]))


def lamp(rng, plane, x, y, wide, tall, colour):
    plane.box(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2, scenery.shade(colour, rng.uniform(0.5, 1.1)), tall * 0.3)
    if rng.random() < 0.7:
        plane.disc(x + rng.uniform(-0.2, 0.2) * wide, y, min(wide, tall) * 0.35, min(wide, tall) * 0.35, scenery.shade(colour, rng.uniform(0.8, 1.6)))
    if rng.random() < 0.4:
        plane.line(x - wide / 2, y, x + wide / 2, y, tall * 0.1, scenery.shade(colour, rng.uniform(0.3, 1.6)))


def grille(rng, plane, x1, y1, x2, y2):
    """Bars, slats or a mesh: the plainest impostor of characters."""
    back, front = scenery.colour(rng, 5, 60, 0.95), scenery.colour(rng, 40, 230, 0.95)
    plane.box(x1, y1, x2, y2, back, rng.choice([0, 30, 80]))
    upright, flat = [(True, False), (False, True), (True, True)][rng.integers(0, 3)]
    step, thick = rng.uniform(25, 110), rng.uniform(5, 30)
    if upright:
        for x in np.arange(x1 + step / 2, x2, step):
            plane.line(x, y1, x, y2, thick, front)
    if flat:
        for y in np.arange(y1 + step / 2, y2, step * rng.uniform(0.5, 1)):
            plane.line(x1, y, x2, y, thick, front)


def badge(rng, plane, x, y, size):
    ink = scenery.colour(rng, 120, 250, 0.9)
    kind = rng.integers(0, 5)
    if kind < 2:
        plane.disc(x, y, size, size * rng.uniform(0.6, 1), ink)
        plane.disc(x, y, size * 0.7, size * 0.5, scenery.colour(rng, 20, 200, 0.6))
    elif kind == 2:
        for k in range(4):
            cx = x + (k - 1.5) * size * 0.8
            plane.disc(cx, y, size * 0.5, size * 0.5, ink)
            plane.disc(cx, y, size * 0.38, size * 0.38, scenery.colour(rng, 20, 120, 0.9))
    else:
        scenery.write(rng, plane, scenery.word(rng)[:8], x, y, size * rng.uniform(0.6, 1.2), ink)


def stickers(rng, plane, half, low, high, most):
    for _ in range(rng.integers(0, most + 1)):
        x, y, tall = rng.uniform(-half, half) * 0.85, rng.uniform(low, high), rng.uniform(30, 130)
        paper = scenery.colour(rng, 60, 255, 0.2) if rng.random() < 0.6 else None
        ink = scenery.colour(rng, 0, 80, 0.3) if paper is None or np.mean(paper) > 120 else (240, 240, 240)
        if paper is not None and rng.random() < 0.3:
            plane.disc(x, y, tall, tall * 0.75, paper)
            paper = None
        scenery.write(rng, plane, scenery.word(rng), x, y, tall, ink, paper, half)


def glass(rng, plane, half_low, half_high, y1, y2):
    c = scenery.shade(GLASS, rng.uniform(0.4, 2.2))
    plane.fill([(-half_low, y1), (half_low, y1), (half_high, y2), (-half_high, y2)], c)
    if rng.random() < 0.6:
        x = rng.uniform(-0.8, 0.4) * half_high
        plane.fill([(x, y1), (x + 0.3 * half_low, y1), (x + 0.5 * half_high, y2), (x + 0.25 * half_high, y2)], scenery.shade(c, rng.uniform(1.1, 2.2)))
    if rng.random() < 0.25:
        for k in np.linspace(y1, y2, 9)[1:-1]:
            plane.line(-half_low * 0.9, k, half_low * 0.9, k, 8, scenery.shade(c, 0.7))


def car_outline(half, belt, top):
    return [(-half * 0.96, 200), (half * 0.96, 200), (half, 500), (half * 0.98, belt), (half * 0.72, top), (-half * 0.72, top), (-half * 0.98, belt)]


def car_rear(rng, plane):
    half, belt, top = rng.uniform(820, 950), rng.uniform(850, 1100), rng.uniform(1380, 1900)
    c = paint(rng)
    body(rng, plane, car_outline(half, belt, top), c, rng.uniform(2500, 4500))
    glass(rng, plane, half * 0.8, half * 0.66, belt + 40, top - 90)
    lamp_y, wide, tall = rng.uniform(650, belt - 50), rng.uniform(180, 420), rng.uniform(90, 300)
    for side in (-1, 1):
        lamp(rng, plane, side * (half - wide / 2 - 20), lamp_y, wide, tall, RED)
    bumper = rng.uniform(420, 560)
    if rng.random() < 0.6:
        plane.box(-half, 230, half, bumper, scenery.shade(c if rng.random() < 0.6 else (60, 60, 60), rng.uniform(0.6, 1.1)), 60)
    plane.line(-half * 0.95, bumper, half * 0.95, bumper, 12, scenery.shade(c, 0.4))
    on_lid = rng.random() < 0.65
    y = rng.uniform(620, min(belt - 60, 860)) if on_lid else rng.uniform(330, 480)
    if rng.random() < 0.75:
        w, h = rng.uniform(290, 420), rng.uniform(85, 170)
        plane.fill([(-w, y - h * 0.9), (w, y - h * 0.9), (w * rng.uniform(0.85, 1.1), y + h), (-w * rng.uniform(0.85, 1.1), y + h)], scenery.shade(c, rng.uniform(0.45, 0.95)))
    if rng.random() < 0.6:
        chrome = scenery.colour(rng, 20, 240, 0.95)
        plane.box(-360, y + rng.uniform(90, 130), 360, y + 160, chrome, 10)
    badge(rng, plane, 0, y + rng.uniform(190, 260), rng.uniform(40, 75))
    for _ in range(rng.integers(0, 3)):
        scenery.write(rng, plane, scenery.word(rng)[:8], rng.choice([-1, 1]) * half * 0.55, y + rng.uniform(60, 200), rng.uniform(30, 60), scenery.colour(rng, 20, 240, 0.95))
    stickers(rng, plane, half, 300, top - 100, 1)
    lamps = [(s * (half - wide / 2 - 20), lamp_y, tall * 0.5, RED) for s in (-1, 1)]
    return Face([(rng.normal(0, 15), y, 1.0)], lamps, half, top)


def car_front(rng, plane):
    half, belt, top = rng.uniform(820, 950), rng.uniform(800, 1000), rng.uniform(1380, 1800)
    c = paint(rng)
    body(rng, plane, car_outline(half, belt, top), c, rng.uniform(2500, 4500))
    glass(rng, plane, half * 0.85, half * 0.66, belt + 60, top - 60)
    lamp_y, wide, tall = rng.uniform(620, 760), rng.uniform(220, 420), rng.uniform(90, 220)
    for side in (-1, 1):
        lamp(rng, plane, side * (half - wide / 2 - 30), lamp_y, wide, tall, (210, 220, 220))
    g = rng.uniform(250, 480)
    grille(rng, plane, -g, lamp_y - rng.uniform(40, 130), g, lamp_y + rng.uniform(30, 100))
    badge(rng, plane, 0, lamp_y + rng.uniform(-30, 140), rng.uniform(40, 80))
    if rng.random() < 0.7:
        grille(rng, plane, -half * 0.6, 240, half * 0.6, rng.uniform(300, 380))
    for side in (-1, 1):
        if rng.random() < 0.6:
            plane.disc(side * half * 0.75, 350, 60, 60, (200, 210, 210))
    y = rng.uniform(360, 520)
    if rng.random() < 0.5:
        plane.box(-300, y - 80, 300, y + 80, scenery.colour(rng, 10, 80, 0.95), 10)
    stickers(rng, plane, half * 0.7, belt + 80, top - 100, 1)
    return Face([(rng.normal(0, 40), y, 1.0)], [(s * (half - wide / 2 - 30), lamp_y, tall * 0.6, WARM) for s in (-1, 1)], half, top)


def truck_front(rng, plane):
    half, top = rng.uniform(1150, 1270), rng.uniform(2700, 3800)
    c = paint(rng)
    body(rng, plane, [(-half, 250), (half, 250), (half, top - 200), (half * 0.9, top), (-half * 0.9, top), (-half, top - 200)], c, rng.uniform(3000, 9000))
    glass(rng, plane, half * 0.95, half * 0.9, 1750, min(top - 500, 2650))
    if rng.random() < 0.6:
        scenery.write(rng, plane, scenery.word(rng), 0, min(top - 300, 2800), rng.uniform(120, 260), scenery.colour(rng, 0, 250), None, half * 1.7)
    grille(rng, plane, -half * 0.75, rng.uniform(700, 850), half * 0.75, rng.uniform(1200, 1600))
    scenery.write(rng, plane, scenery.word(rng)[:8], 0, 1650, rng.uniform(80, 160), scenery.colour(rng, 20, 250, 0.9), None, half * 1.4)
    badge(rng, plane, 0, 1250, 90)
    y = rng.uniform(380, 620)
    plane.box(-half, 280, half, 680, scenery.shade(c, rng.uniform(0.4, 1.0)), 80)
    for side in (-1, 1):
        lamp(rng, plane, side * half * 0.8, 560, 300, 180, (210, 220, 220))
        plane.box(side * (half + 60), 1900, side * (half + 260), 2500, RUBBER, 30)
    stickers(rng, plane, half, 1800, 2500, 2)
    return Face([(rng.normal(0, 60), y, 1.0)], [(s * half * 0.8, 560, 110, WARM) for s in (-1, 1)], half, top)


def trailer_rear(rng, plane):
    half, top = rng.uniform(1200, 1280), rng.uniform(2600, 4000)
    c = paint(rng)
    body(rng, plane, [(-half, 1000), (half, 1000), (half, top), (-half, top)], c, rng.uniform(6000, 12000))
    if rng.random() < 0.5:
        plane.line(0, 1000, 0, top, 20, scenery.shade(c, 0.4))
        for x in rng.uniform(0.15, 0.9, 2):
            for side in (-1, 1):
                plane.line(side * x * half, 1050, side * x * half, top - 50, 35, scenery.colour(rng, 100, 230, 0.95))
    for _ in range(rng.integers(0, 5)):
        scenery.write(rng, plane, scenery.word(rng), rng.uniform(-0.4, 0.4) * half, rng.uniform(1250, top - 200), rng.uniform(80, 420), scenery.colour(rng, 0, 250), None, half * 1.8)
    plane.box(-half * 0.95, 450, half * 0.95, 980, scenery.colour(rng, 15, 90, 0.9))
    if rng.random() < 0.7:
        stripes = rng.integers(6, 16)
        y, h = rng.choice([480, 1020]), rng.uniform(80, 140)
        for k in range(stripes):
            x = -half + 2 * half * k / stripes
            plane.box(x, y, x + 2 * half / stripes, y + h, (40, 40, 200) if k % 2 else (235, 235, 235))
    lamp_y = rng.uniform(650, 950)
    for side in (-1, 1):
        lamp(rng, plane, side * half * 0.78, lamp_y, 420, 140, RED)
    if rng.random() < 0.3:  # the orange board of dangerous goods
        x, y = rng.uniform(-0.6, 0.6) * half, rng.uniform(1100, 1500)
        plane.box(x - 200, y - 150, x + 200, y + 150, (20, 130, 250))
        scenery.write(rng, plane, str(rng.integers(20, 99)), x, y + 75, 100, RUBBER, None, 300)
        scenery.write(rng, plane, str(rng.integers(1000, 3500)), x, y - 75, 100, RUBBER, None, 340)
    stickers(rng, plane, half, 1100, 2200, 3)
    y = rng.uniform(620, 920)
    mounts = [(rng.uniform(-0.45, 0.45) * half, y, 1.0)]
    if rng.random() < 0.25:
        mounts.append((-np.sign(mounts[0][0]) * rng.uniform(0.3, 0.5) * half, y, 1.0))
    return Face(mounts, [(s * half * 0.78, lamp_y, 80, RED) for s in (-1, 1)], half, top)


def container(rng, plane):
    """A box of corrugated steel on a chassis, with its number on it."""
    half, top = 1220.0, rng.uniform(3600, 4000)
    c = paint(rng)
    body(rng, plane, [(-half, 1100), (half, 1100), (half, top), (-half, top)], c, 12000)
    for x in np.arange(-half, half, rng.uniform(90, 250)):
        plane.line(x, 1100, x, top, 25, scenery.shade(c, rng.uniform(0.6, 1.2)))
    ink = scenery.colour(rng, 200, 255, 0.9) if np.mean(c) < 140 else RUBBER
    y = top - rng.uniform(250, 500)
    scenery.write(rng, plane, "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTU"), 3)) + "U %06d %d" % (rng.integers(0, 1000000), rng.integers(0, 10)), half * 0.35, y, 130, ink, None, half * 1.2)
    scenery.write(rng, plane, "22G1", half * 0.35, y - 180, 110, ink)
    for k in range(rng.integers(0, 6)):
        scenery.write(rng, plane, "MAX GROSS %d KGS" % rng.integers(1000, 39999), half * 0.4, y - 450 - k * 130, 80, ink)
    plane.box(-half * 0.95, 450, half * 0.95, 1080, scenery.colour(rng, 15, 90, 0.9))
    for side in (-1, 1):
        lamp(rng, plane, side * half * 0.78, 800, 420, 140, RED)
    return Face([(rng.uniform(-0.4, 0.4) * half, rng.uniform(600, 900), 1.0)], [(s * half * 0.78, 800, 80, RED) for s in (-1, 1)], half, top)


FACES = (car_rear, car_rear, car_rear, car_front, car_front, truck_front, trailer_rear, container)
