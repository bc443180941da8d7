"""Skeletons of the characters on plates, drawn by ourselves.

Every glyph is a list of strokes in a unit box (x to the right, y down) with numbers of a style worked in; a face
(faces.py) scales them to its width, thickens them and clips them to the box.  A stroke's end that lies on the edge of
the box runs past it in a flat style, so that the clipping leaves a square end.
"""
import numpy as np


def style(rng):
    """A random style: what differs from one land's letters to another's."""
    return {
        "power": rng.choice([2.0, 2.3, 2.8, 3.6, 5.0]),     # roundness of the big bowls: ellipse .. box
        "small_power": rng.choice([2.0, 2.3, 2.8, 3.6]),    # and of the small ones
        "flat": bool(rng.random() < 0.65),
        "zero": rng.choice(["plain", "plain", "plain", "plain", "slash", "dot", "narrow", "cut"]),
        "one": rng.choice(["flag", "flag", "flag", "foot", "stem", "long"]),
        "i": rng.choice(["stem", "stem", "serif"]),
        "four": rng.choice(["closed", "closed", "open", "tall"]),
        "three": rng.choice(["round", "round", "flat"]),
        "six": rng.choice(["curl", "curl", "straight"]),
        "seven": rng.choice(["straight", "straight", "bent", "curved"]),
        "g": rng.choice(["bar", "bar", "hook", "spur"]),
        "j": rng.choice(["plain", "plain", "serif"]),
        "q": rng.choice(["out", "in", "cross"]),
        "r": rng.choice(["leg", "leg", "straight"]),
        "m": rng.uniform(0.45, 1.0),
        "w": rng.uniform(0.1, 0.6),
        "waist": rng.uniform(0.44, 0.53),
        "bar": rng.uniform(0.5, 0.72),
        "open": rng.uniform(0.0, 0.45),
        "inset": rng.uniform(0.0, 0.12),
    }


def arc(cx, cy, rx, ry, start, stop, power=2.0, n=None):
    """Points of a superellipse from one angle to another, degrees, clockwise from the right."""
    n = n or max(5, int(abs(stop - start) / 12))
    a = np.radians(np.linspace(start, stop, n))
    c, s = np.cos(a), np.sin(a)
    return np.stack([cx + rx * np.sign(c) * np.abs(c) ** (2 / power), cy + ry * np.sign(s) * np.abs(s) ** (2 / power)], 1)


def line(*points):
    """A polyline."""
    return np.array(points, float)


def join(*parts):
    """One stroke of several pieces."""
    return np.concatenate(parts)


def _zero(p):
    ring = arc(.5, .5, .5, .5, 0, 360, p["power"], 40)
    if p["zero"] == "slash":
        return [ring, line((.18, .85), (.82, .15))]
    if p["zero"] == "dot":
        return [ring, line((.5, .46), (.5, .54))]
    if p["zero"] == "cut":
        return [arc(.5, .5, .5, .5, -35, 300, p["power"], 36)]
    if p["zero"] == "narrow":
        return [arc(.5, .5, .42, .5, 0, 360, p["power"], 40)]
    return [ring]


def _one(p):
    if p["one"] == "stem":
        return [line((.5, 0), (.5, 1))]
    if p["one"] == "foot":
        return [line((.1, .25), (.5, 0), (.5, 1)), line((.05, 1), (.95, 1))]
    if p["one"] == "long":
        return [line((.0, .45), (.62, 0), (.62, 1))]
    return [line((.15, .25), (.6, 0), (.6, 1))]


def _two(p):
    top = arc(.5, .28, .5, .28, 180, 375, p["small_power"], 14)
    return [join(top, line((.0, 1.0))), line((.0, 1), (1, 1))]


def _three(p):
    w = p["waist"]
    low = arc(.5, (w + 1) / 2, .5, (1 - w) / 2, -90, 165, p["small_power"], 16)
    if p["three"] == "flat":
        return [line((.05, 0), (.95, 0), (.42, w)), join(line((.42, w)), low)]
    high = arc(.48, w / 2, .46, w / 2, -160, 90, p["small_power"], 16)
    return [high, low, line((.35, w), (.5, w))]


def _four(p):
    b = p["bar"] + .08
    if p["four"] == "open":
        return [line((.28, 0), (.0, b), (1, b)), line((.72, .4), (.72, 1))]
    if p["four"] == "tall":
        return [line((.75, 1), (.75, 0), (.0, b), (1, b))]
    return [line((.7, 1), (.7, 0), (.02, b), (1, b))]


def _five(p):
    bowl = arc(.48, .68, .52, .32, -130, 160, p["small_power"], 18)
    return [line((.92, 0), (.14, 0), (.08, .5)), join(line((.08, .5)), bowl)]


def _six(p):
    y = 1 - p["waist"] / 2 - .08
    low = arc(.5, y, .5, 1 - y, 0, 360, p["small_power"], 30)
    if p["six"] == "straight":
        return [low, line((.03, y - .06), (.62, 0))]
    return [low, join(line((.0, y)), arc(.5, .5, .5, .5, 180, 320, p["power"], 14))]


def _turn(strokes):
    return [1 - s for s in strokes]


def _seven(p):
    if p["seven"] == "bent":
        return [line((0, 0), (1, 0), (.45, .5), (.35, 1))]
    if p["seven"] == "curved":
        return [line((0, 0), (1, 0)), arc(1.0, 1.0, .65, 1.0, 270, 180, 2.0, 10)]
    return [line((0, 0), (1, 0), (.3, 1))]


def _eight(p):
    w = p["waist"]
    return [arc(.5, w / 2, .44, w / 2, 0, 360, p["small_power"], 26),
            arc(.5, (1 + w) / 2, .5, (1 - w) / 2, 0, 360, p["small_power"], 26)]


def _bowls(p, top, bottom, reach):
    q = p["small_power"]
    return join(line((0, top), (.4, top)), arc(reach - .35, (top + bottom) / 2, .35, (bottom - top) / 2, -90, 90, q, 14),
                line((0, bottom)))


def _c(p):
    a = 18 + 30 * p["open"] * 2
    return [arc(.5, .5, .5, .5, -a, -360 + a, p["power"], 36)]


def _g(p):
    a = 18 + 30 * p["open"] * 2
    y = p["waist"] + .06
    if p["g"] == "spur":
        return [arc(.5, .5, .5, .5, -a, -330, p["power"], 34), line((.6, y), (1, y), (1, 1))]
    hook = line((.95, .8), (1, y), (.52, y)) if p["g"] == "bar" else line((.95, .82), (1, y), (.72, y))
    return [join(arc(.5, .5, .5, .5, -a, -325, p["power"], 34), hook)]


def _q(p):
    tail = {"out": line((.58, .68), (1.0, 1.06)), "in": line((.5, .6), (.92, .95)), "cross": line((.62, .8), (1.08, 1.02))}
    return [arc(.5, .5, .5, .5, 0, 360, p["power"], 40), tail[p["q"]]]


def _s(p):
    w, q, a = p["waist"], p["small_power"], 12 + 40 * p["open"]
    return [join(arc(.5, w / 2, .48, w / 2, -a, -200, q, 16), line((.5, w), (.52, w)),
                 arc(.5, (1 + w) / 2, .5, (1 - w) / 2, -30, 180 - a, q, 18))]


def _j(p):
    stem = join(line((.8, 0), (.8, .6)), arc(.4, .7, .4, .3, 0, 165, p["power"], 12))
    return [stem, line((.3, 0), (.8, 0))] if p["j"] == "serif" else [stem]


def _i(p):
    if p["i"] == "serif":
        return [line((.5, 0), (.5, 1)), line((.1, 0), (.9, 0)), line((.1, 1), (.9, 1))]
    return [line((.5, 0), (.5, 1))]


def _r(p):
    y = p["waist"] + .04
    leg = line((.45, y), (1, 1)) if p["r"] == "leg" else line((.62, y), (.98, 1))
    return [line((0, 0), (0, 1)), _bowls(p, 0, y, 1), leg]


def _m(p):
    i = p["inset"] * .6
    return [line((0 + 0, 1), (i, 0), (.5, p["m"]), (1 - i, 0), (1, 1))]


def _w(p):
    i = p["inset"]
    return [line((0, 0), (.2 + i, 1), (.5, p["w"]), (.8 - i, 1), (1, 0))]


DRAW = {
    "0": _zero, "1": _one, "2": _two, "3": _three, "4": _four, "5": _five, "6": _six, "7": _seven, "8": _eight,
    "9": lambda p: _turn(_six(p)),
    "A": lambda p: [line((0, 1), (.5 - p["inset"] * .5, 0), (.5 + p["inset"] * .5, 0), (1, 1)),
                    line((.5 * (1 - p["bar"]) + .04, p["bar"]), (.96 - .5 * (1 - p["bar"]), p["bar"]))],
    "B": lambda p: [line((0, 0), (0, 1)), _bowls(p, 0, p["waist"], .94), _bowls(p, p["waist"], 1, 1)],
    "C": _c,
    "D": lambda p: [line((0, 0), (0, 1)), join(line((0, 0), (.4, 0)), arc(.42, .5, .58, .5, -90, 90, p["power"], 20), line((0, 1)))],
    "E": lambda p: [line((1, 0), (0, 0), (0, 1), (1, 1)), line((0, p["waist"]), (.88, p["waist"]))],
    "F": lambda p: [line((1, 0), (0, 0), (0, 1)), line((0, p["waist"] + .04), (.85, p["waist"] + .04))],
    "G": _g,
    "H": lambda p: [line((0, 0), (0, 1)), line((1, 0), (1, 1)), line((0, p["waist"]), (1, p["waist"]))],
    "I": _i, "J": _j,
    "K": lambda p: [line((0, 0), (0, 1)), line((.98, 0), (.02, .62)), line((.34, .42), (1, 1))],
    "L": lambda p: [line((0, 0), (0, 1), (1, 1))],
    "M": _m,
    "N": lambda p: [line((0, 1), (0, 0), (1, 1), (1, 0))],
    "O": lambda p: [arc(.5, .5, .5, .5, 0, 360, p["power"], 40)],
    "P": lambda p: [line((0, 0), (0, 1)), _bowls(p, 0, p["waist"] + .06, 1)],
    "Q": _q, "R": _r, "S": _s,
    "T": lambda p: [line((0, 0), (1, 0)), line((.5, 0), (.5, 1))],
    "U": lambda p: [join(line((0, 0), (0, .5)), arc(.5, .62, .5, .38, 180, 0, p["power"], 18), line((1, .5), (1, 0)))],
    "V": lambda p: [line((0, 0), (.5, 1), (1, 0))],
    "W": _w,
    "X": lambda p: [line((0, 0), (1, 1)), line((1, 0), (0, 1))],
    "Y": lambda p: [line((0, 0), (.5, p["waist"] + .05), (1, 0)), line((.5, p["waist"] + .05), (.5, 1))],
    "Z": lambda p: [line((0, 0), (1, 0), (0, 1), (1, 1))],
}

# Ends that lie on the upper or lower edge and are strokes of their own run out of the box in a flat style.
OPEN_ENDED = set("1479AFHIJKMNPRTUVWXY")
