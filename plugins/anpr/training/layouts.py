"""What stands on plates: the lands' layouts as a table, and texts drawn from them.

In a pattern A is a letter, 9 a digit, ? either; a blank is a gap, - and . are marks that are not read, * is a place for a
seal or a crest, # a province's character or an emblem (never read), ~ a picture between groups, | begins a second line,
s makes the rest smaller (a region).
"""
from collections import namedtuple

Layout = namedtuple("Layout", "name weight kind patterns")

# kind: eu (white, band), eu_old (without band), gb, nl (yellow), it (two bands), us, br, mercosur, cn, plain
LAYOUTS = (
    Layout("D", 6, "eu", ("A*AA 9999", "A*A 999", "AA*AA 999", "AA*A 9999", "AAA*AA 99", "AAA*A 999", "A*A 9999", "A*AA 999", "AA*AA 9999")),
    Layout("PL", 2, "eu", ("AA 99999", "AAA 9999", "AA 9999A", "AAA A999", "AA 999AA")),
    Layout("GB", 2, "gb", ("AA99 AAA", "A999 AAA", "AA99|AAA")),
    Layout("F", 2, "it", ("AA-999-AA", "AA.999.AA")),
    Layout("I", 2, "it", ("AA 999AA", "AA*999AA")),
    Layout("E", 1.5, "eu", ("9999 AAA", "9999AAA", "A-9999-AA")),
    Layout("NL", 1.5, "nl", ("99-AAA-9", "AA-999-A", "9-AAA-99", "A-999-AA", "AA-AA-99")),
    Layout("CZ", 1.5, "eu", ("9A9 9999", "9AA 9999", "9A9*9999")),
    Layout("SK", 1.5, "eu", ("AA*999AA", "AA*999 AA")),
    Layout("H", 1.5, "eu", ("AAA-999", "AA AA-999", "AAA*999")),
    Layout("HR", 1.5, "eu", ("AA*999-AA", "AA*9999-A", "AA*999-A")),
    Layout("RO", 2, "eu", ("AA 99 AAA", "A 999 AAA", "A 99 AAA", "AA 99|AAA")),
    Layout("BG", 1, "eu", ("AA 9999 AA", "A 9999 AA")),
    Layout("UA", 1, "eu", ("AA 9999 AA",)),
    Layout("LT", 1, "eu", ("AAA 999", "AAA*999", "AA-9999", "999 AAA")),
    Layout("S", 1, "eu", ("AAA 999", "AAA 99A", "AA 99 999", "AA 99999", "AAA-999")),
    Layout("CH", .7, "eu_old", ("AA*99999", "AA*999999", "AA*9999", "AA|99999")),
    Layout("A", 1, "eu", ("A*9999A", "AA*999AA", "A*99999A")),
    Layout("B", 1, "eu", ("9-AAA-999", "AAA-999", "999-AAA")),
    Layout("P", 1, "eu", ("AA-99-AA", "99-99-AA", "99-AA-99")),
    Layout("GR", 1, "eu", ("AAA-9999", "AA A9-999", "AA*999-AA", "AAA 999")),
    Layout("TR", 1, "eu", ("99 AAA 999", "99 AA 9999", "99 A 9999", "99 AAA 99")),
    Layout("IRL", .7, "eu", ("999-A-9999", "99-A-99999", "999-AA-999")),
    Layout("RU", 1, "eu_old", ("A999AAs 99", "A999AAs 999", "AA999As 99")),
    Layout("BY", .7, "eu_old", ("9999 AA-9", "AA 9999-9", "999 AAAs 99", "999AAAs 99")),
    Layout("US", 13, "us", ("AAA 9999", "999 AAA", "AAA999", "9AAA999", "AAA-9999", "AA 99999", "999-AAA", "A99 AAA", "99A AAA", "AAA 999",
                            "A99-99A", "9999 AA", "AAA~999", "999~AAA", "AAA~9999", "9A 9999", "AA9 9AA", "A999999", "9999999", "999 9999",
                            "AA~9999", "AAA 99A", "??????", "???????", "AAAAA", "AAAAAA", "AAAAAAA", "??? ???", "???~???", "?? ????", "#AAA 999",
                            "AAA 999#", "999#AAA", "AAA#9999", "9A9 9999", "A 999999", "99 A9999", "9 AA 9999", "AA99999", "999999A")),
    Layout("BR", 7, "br", ("AAA-9999", "AAA 9999", "AAA.9999", "AAA-9999", "AAA-9999", "AAA|9999")),
    Layout("MS", 3, "mercosur", ("AAA9A99", "AAA9A99", "AA 999 AA", "AA999AA", "AAA|9A99")),
    Layout("MX", .7, "us", ("AAA-99-99", "AAA-999-A", "999-AAA", "AA-99-999")),
    Layout("AR", .6, "br", ("AAA 999", "AAA-999")),
    Layout("CL", .5, "plain", ("AAAA.99", "AA.AA.99", "AA 9999")),
    Layout("CN", 2.5, "cn", ("#A.99999", "#A.A9999", "#A.9A999", "#A.?9?99", "#AA99999", "#A|99999", "#A.999A9")),
    Layout("IN", .6, "plain", ("AA 99 AA 9999", "AA 99|AA 9999", "AA99AA9999")),
    Layout("AU", .6, "plain", ("AAA-999", "AA 99 AA", "9AA 9AA", "999 AAA")),
    Layout("IL", .5, "nl", ("99-999-99", "999-99-999")),
)
WEIGHTS = [layout.weight for layout in LAYOUTS]
RANDOM = .36                    # share of texts of no land: the net learns shapes from them, not spelling
KINDS = ("eu", "eu_old", "gb", "nl", "it", "us", "us", "br", "mercosur", "cn", "plain", "plain")
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"


def random_pattern(rng):
    """A pattern of no land: four to nine characters (now and then three or ten) with gaps and marks anywhere."""
    count = int(rng.choice([3, 4, 5, 6, 6, 7, 7, 7, 8, 8, 9, 10]))
    letters = rng.random() * .8 + .1
    out, line_break = "", rng.random() < .14 and count > 4
    for n in range(count):
        if n and rng.random() < .16:
            out += rng.choice(list("    --.*~"))
        if line_break and n == count // 2:
            out += "|"
        out += "A" if rng.random() < letters else "9"
    return ("#" if rng.random() < .05 else "") + out


def draw(rng):
    """A layout and a pattern filled: (kind, [line, ...]); each line a list of (mark or character, scale)."""
    if rng.random() < RANDOM:
        kind, pattern = KINDS[int(rng.integers(len(KINDS)))], random_pattern(rng)
    else:
        total = rng.random() * sum(WEIGHTS)
        for layout in LAYOUTS:
            total -= layout.weight
            if total < 0:
                break
        kind, pattern = layout.kind, layout.patterns[int(rng.integers(len(layout.patterns)))]
    lines, scale = [[]], 1.0
    small = rng.uniform(.6, .8)
    twin = rng.random() < .14       # a run of one character: repeats are hard to keep apart
    thin = rng.random() < .16       # so are thin ones from the plate's edge and from each other
    edge = rng.random() < .1        # a thin one at the end is the first to be lost
    last = {}
    for mark in pattern:
        if mark == "|":
            lines.append([])
        elif mark == "s":
            scale = small
        elif mark in "A9?":
            pool = LETTERS if mark == "A" else DIGITS if mark == "9" else LETTERS + DIGITS
            char = last.get(mark) if twin and mark in last and rng.random() < .6 else pool[int(rng.integers(len(pool)))]
            if thin and rng.random() < .3:
                char = {"A": "I", "9": "1"}.get(mark, "1I"[int(rng.integers(2))])
            last[mark] = char
            lines[-1].append((char, scale))
        else:
            lines[-1].append((mark, scale))
    if edge:
        line = lines[-1]
        at = max((n for n, (mark, _) in enumerate(line) if mark.isalnum()), default=None)
        if at is not None and pattern[-1] in "A9?":
            line[at] = ({"A": "I", "9": "1"}.get(pattern[-1], "1I"[int(rng.integers(2))]), line[at][1])
    return kind, lines
