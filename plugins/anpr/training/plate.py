"""One whole plate on a bit of car, head on and clean, in grey; wear.py and crops.py make a camera's view of it."""
from collections import namedtuple

import cv2
import numpy as np

import faces
import layouts
import textures

CAP = 32                        # height of the characters on the canvas, pixels
FACES = 1500                    # faces in use per seed
Line = namedtuple("Line", "text left top right bottom")
Drawn = namedtuple("Drawn", "picture lines plate kind")     # float32 grey, [Line], (left, top, right, bottom) of the plate, kind of layout


def ink(picture, mask, x, y, level, strength=1.0):
    """Blend a mask (0..255) of one grey level onto the picture, clipped at its edges."""
    h, w = mask.shape
    x, y = int(round(x)), int(round(y))
    top, left = max(-y, 0), max(-x, 0)
    bottom, right = min(h, picture.shape[0] - y), min(w, picture.shape[1] - x)
    if bottom <= top or right <= left:
        return
    cut = mask[top:bottom, left:right].astype(np.float32) * (strength / 255)
    spot = picture[y + top:y + bottom, x + left:x + right]
    spot += cut * (level - spot)


def small_text(rng, picture, x, y, height, width, level, face):
    """A strip of small letters (a state's or a dealer's name) of about that width."""
    pool = textures.words()
    at = x
    while at < x + width:
        if pool and rng.random() < .4:
            mask = textures.pick(rng, pool)
        else:
            mask = face[faces.ALPHABET[int(rng.integers(10, 36))]]
        wide = max(int(mask.shape[1] * height / 64), 2)
        ink(picture, cv2.resize(mask, (wide, max(int(height), 3)), interpolation=cv2.INTER_AREA), at, y, level)
        at += wide + height * .15
        if rng.random() < .1:
            at += height * .5


def _mark(rng, picture, mark, x, middle, level, ground):
    """Draw what is not read; returns how far it reaches."""
    if mark == " ":
        return CAP * rng.uniform(.15, .55)
    if mark == "-":
        wide, thick = CAP * rng.uniform(.14, .4), max(int(CAP * rng.uniform(.06, .14)), 1)
        cv2.rectangle(picture, (int(x), int(middle - thick / 2)), (int(x + wide), int(middle + thick / 2)), level, -1)
        return wide
    if mark == ".":
        r = max(int(CAP * rng.uniform(.05, .11)), 1)
        y = middle if rng.random() < .7 else middle + CAP * .45
        cv2.circle(picture, (int(x + r), int(y)), r, level, -1, cv2.LINE_AA)
        return 2 * r
    if mark == "*":
        r = CAP * rng.uniform(.14, .3)
        for y in (middle - CAP * .26, middle + CAP * .26) if rng.random() < .7 else (middle,):
            if rng.random() < .85:
                cv2.circle(picture, (int(x + r), int(y)), int(r), float(rng.uniform(20, 235)), -1, cv2.LINE_AA)
                if rng.random() < .7:
                    ink(picture, cv2.resize(textures.pick(rng, textures.signs()), (max(int(r * 1.5), 3), max(int(r * 1.5), 3)),
                                            interpolation=cv2.INTER_AREA), x + r * .25, y - r * .75, rng.uniform(0, 255), .8)
        return 2 * r
    sign = textures.pick(rng, textures.signs())
    high = CAP * (rng.uniform(.85, 1.1) if mark == "#" else rng.uniform(.5, 1.3))
    wide = max(int(high * rng.uniform(.5, .95)), 3)
    shade = level if mark == "#" else level + (ground - level) * rng.uniform(0, .7)
    ink(picture, cv2.resize(sign, (wide, int(high)), interpolation=cv2.INTER_AREA), x, middle - high / 2, shade)
    return wide


def _width(face, advance, line, gap):
    """A generous guess of the width of a line before it is drawn."""
    return sum(max(face[c].shape[1], advance) * CAP / 64 * s + gap if c in face else CAP * .55 for c, s in line)


def _text(rng, picture, face, advance, line, x, top, gap, level, ground, emboss):
    """Draw one line; returns Line with the box of what is read."""
    text, left, right = "", None, x
    for mark, scale in line:
        if mark not in face:
            if gap > CAP * .1 or mark != " ":
                x += rng.uniform(.02, .2) * CAP
            x += _mark(rng, picture, mark, x, top + CAP / 2, level, ground) + rng.uniform(.05, .2) * CAP
            continue
        mask = face[mark]
        high, wide = int(round(CAP * scale)), max(int(round(mask.shape[1] * CAP / 64 * scale)), 2)
        room = max(advance * CAP / 64 * scale, wide)
        mask = cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA)
        at = x + (room - wide) / 2
        if emboss:
            ink(picture, mask, at + 1, top + 1, ground * (.55 if emboss > 0 else 1.4), .7)
            ink(picture, mask, at - 1, top - 1, min(ground * 1.35 + 20, 255), .5)
        ink(picture, mask, at, top + rng.uniform(-.4, .4), level)
        left = at if left is None else left
        right = at + wide
        text += mark
        x += room + gap
    return Line(text, left if left is not None else x, top, right, top + CAP)


def _colours(rng, kind):
    """Grey levels of the ground and of the characters."""
    dark, light = rng.uniform(5, 75), rng.uniform(150, 250)
    if kind in ("nl", "gb"):
        light = rng.uniform(130, 240)
    inverse = {"cn": .8, "br": .3, "us": .22, "plain": .3, "nl": .05}.get(kind, .06)
    if rng.random() < inverse:
        return rng.uniform(10, 110), rng.uniform(150, 250)
    if kind == "br":
        return rng.uniform(110, 210), rng.uniform(5, 70)
    if kind == "us":
        return light, rng.uniform(5, min(120, light - 75))
    return light, dark


def _band(rng, picture, left, top, wide, bottom, face, ring=True):
    """The blue band with stars and the letters of a land."""
    shade = rng.uniform(15, 110)
    cv2.rectangle(picture, (int(left), int(top)), (int(left + wide), int(bottom)), shade, -1)
    bright = rng.uniform(150, 250)
    if ring:
        r, cx, cy = wide * .3, left + wide / 2, top + (bottom - top) * .3
        for n in range(12):
            a = n * np.pi / 6
            picture[int(cy + r * np.sin(a)), int(cx + r * np.cos(a))] = bright
    count = int(rng.choice([1, 1, 2, 2, 3]))
    high = int((bottom - top) * rng.uniform(.2, .34))
    x = left + wide * (.32 if count == 1 else .12)
    for _ in range(count):
        mask = face[faces.ALPHABET[int(rng.integers(10, 36))]]
        w = max(min(int(mask.shape[1] * high / 64), int(wide * .85 / count)), 2)
        ink(picture, cv2.resize(mask, (w, max(high, 3)), interpolation=cv2.INTER_AREA), x, bottom - high * 1.25, bright)
        x += w + 1


def _body(rng, height, width):
    """A bit of car behind the plate."""
    base = rng.uniform(5, 235)
    body = np.full((height, width), base, np.float32)
    kind = rng.random()
    if kind < .45:
        body += textures.cloud(rng, height, width) * rng.uniform(2, 25)
    elif kind < .65:
        body += textures.bars(rng, height, width) * rng.uniform(10, 70)
    body += np.linspace(-1, 1, height, dtype=np.float32)[:, None] * rng.uniform(-50, 50)
    for _ in range(int(rng.integers(0, 4))):
        y = int(rng.integers(height))
        cv2.rectangle(body, (0, y), (width, y + int(rng.integers(1, 14))), rng.uniform(0, 255), -1)
    return body


def _trimmings(rng, picture, kind, box, face):
    """Frames, names above and below, stickers, screws: (left, top, right, bottom) of the plate."""
    left, top, right, bottom = (int(v) for v in box)
    wide = right - left
    if rng.random() < .55:      # the plate's own rim
        inset = int(rng.integers(0, 4))
        cv2.rectangle(picture, (left + inset, top + inset), (right - inset, bottom - inset), rng.uniform(0, 230), int(rng.integers(1, 3)))
    if rng.random() < .45:      # a holder, often with the dealer's name below or above
        thick, shade = int(rng.integers(1, 9)), rng.uniform(0, 240)
        cv2.rectangle(picture, (left - thick // 2 - 1, top - thick // 2 - 1), (right + thick // 2 + 1, bottom + thick // 2 + 1), shade, thick)
        if rng.random() < .6:
            high = CAP * rng.uniform(.2, .4)
            below = rng.random() < .75
            y = bottom + 1 if below else top - high - 3
            cv2.rectangle(picture, (left, int(y)), (right, int(y + high + 2)), shade, -1)
            small_text(rng, picture, left + wide * rng.uniform(.02, .3), y + 1, high * .8, wide * rng.uniform(.4, .7), 255 - shade, face)
    for _ in range(int(rng.integers(0, 4 if kind != "us" else 5))):     # stickers
        size = CAP * rng.uniform(.15, .55)
        x, y = rng.uniform(left, right - size), rng.choice([top + 2, bottom - size - 2, rng.uniform(top, max(bottom - size, top + 1))], p=[.5, .42, .08])
        if y > top + CAP * .35 and y < bottom - CAP * .8:
            size *= .25         # one over the characters hides none of them
        cv2.rectangle(picture, (int(x), int(y)), (int(x + size), int(y + size * rng.uniform(.6, 1.2))), rng.uniform(0, 255), -1)


def _screws(rng, picture, box):
    left, top, right, bottom = box
    shade, r = rng.uniform(0, 255), max(int(CAP * rng.uniform(.05, .14)), 1)
    for share in rng.choice([.05, .12, .2, .3, .5, .7, .8, .88, .95], int(rng.integers(1, 5)), replace=False):
        y = rng.choice([top + (bottom - top) * .12, (top + bottom) / 2, bottom - (bottom - top) * .12])
        cv2.circle(picture, (int(left + share * (right - left)), int(y)), r, shade, -1, cv2.LINE_AA)
        if r > 2:
            cv2.circle(picture, (int(left + share * (right - left)), int(y)), r // 2, 255 - shade, -1, cv2.LINE_AA)


def draw(rng, seed=1):
    """Draw a random plate; Drawn, deterministic for the state of rng and the seed of the faces."""
    kind, lines = layouts.draw(rng)
    face, advance = faces.face(seed, int(rng.integers(FACES)))
    gap = CAP * rng.uniform(.05, .3) if not advance else CAP * rng.uniform(.03, .15)
    pad = int(CAP * 2.2)
    header = kind in ("us", "br", "mercosur") or (kind == "plain" and rng.random() < .3)
    above = CAP * (rng.uniform(.32, .95) if header else rng.uniform(.12, .38))
    below = CAP * (rng.uniform(.25, .9) if kind == "us" else rng.uniform(.12, .38))
    left_band = CAP * rng.uniform(.42, .75) if kind in ("eu", "it", "nl", "gb") and rng.random() < {"gb": .4}.get(kind, .85) else 0
    right_band = CAP * rng.uniform(.42, .7) if kind == "it" and rng.random() < .9 else 0
    side = CAP * rng.uniform(.1, .7)
    pitch = CAP * rng.uniform(1.15, 1.5)
    wide = max(_width(face, advance, line, gap) for line in lines) + 2 * side + left_band + right_band
    high = above + below + CAP + pitch * (len(lines) - 1)
    picture = _body(rng, int(high) + 2 * pad, int(wide) + 2 * pad + CAP)
    ground, level = _colours(rng, kind)
    box = (pad, pad, pad + wide, pad + high)
    cv2.rectangle(picture, (pad, pad), (int(box[2]), int(box[3])), ground, -1)
    inside = picture[pad:int(box[3]), pad:int(box[2])]
    if kind == "us" and rng.random() < .75:
        inside += textures.cloud(rng, *inside.shape) * rng.uniform(.02, .24) * abs(ground - level) * (1 if rng.random() < .5 else np.linspace(0, 1.5, inside.shape[0], dtype=np.float32)[:, None])
        inside += np.linspace(-1, 1, inside.shape[0], dtype=np.float32)[:, None] * rng.uniform(-60, 60)
        if rng.random() < .35:
            ink(picture, cv2.resize(textures.pick(rng, textures.signs()), (int(CAP * rng.uniform(1, 4)), int(CAP * rng.uniform(.8, 2.5)))),
                rng.uniform(pad, box[2]), rng.uniform(pad - CAP / 2, box[3] - CAP), rng.uniform(60, 255), rng.uniform(.15, .6))
    else:
        inside += textures.cloud(rng, *inside.shape) * rng.uniform(0, 6)
    if left_band:
        _band(rng, picture, pad, pad, left_band, box[3], face, rng.random() < .8)
    if right_band:
        _band(rng, picture, box[2] - right_band, pad, right_band, box[3], face, rng.random() < .5)
    if header and rng.random() < .85:
        hat = CAP * rng.uniform(.18, .5)
        if kind == "mercosur":
            cv2.rectangle(picture, (pad, pad), (int(box[2]), int(pad + above * .75)), rng.uniform(20, 120), -1)
            small_text(rng, picture, pad + wide * .3, pad + above * .15, above * .45, wide * .35, 230, face)
        else:
            small_text(rng, picture, pad + wide * rng.uniform(.05, .35), pad + above - hat - CAP * rng.uniform(.03, .3), hat, wide * rng.uniform(.2, .65),
                       level + rng.uniform(-30, 60), face)
    if kind == "us" and rng.random() < .75:
        foot = CAP * rng.uniform(.15, .4)
        small_text(rng, picture, pad + wide * rng.uniform(.05, .3), box[3] - below + CAP * rng.uniform(.03, .3), foot, wide * rng.uniform(.3, .75),
                   level + rng.uniform(-30, 60), face)
    _trimmings(rng, picture, kind, box, face)
    emboss = rng.choice([0, 0, 1, -1]) if ground > 60 else 0
    found = []
    for n, line in enumerate(lines):
        room = wide - left_band - right_band - _width(face, advance, line, gap)
        x = pad + left_band + max(side * .4, room * rng.uniform(.25, .6))
        found.append(_text(rng, picture, face, advance, line, x, pad + above + n * pitch, gap, level, ground, emboss))
    if rng.random() < .45:
        _screws(rng, picture, box)
    np.clip(picture, 0, 255, out=picture)
    return Drawn(picture, found, box, kind)
