"""The canonical form of JSON (RFC 8785) and its digest, computed once more here and compared: documents drawn at random, spelled in many ways.

Run with:  BUILD=build/sanitize python3 -m unittest tests/integration/test_canonical.py
"""

import hashlib
import math
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/sanitize")).resolve()
PROGRAM = BUILD / "bin/test_canonical"
DOCUMENTS = 4000
SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


# ---- the oracle: from values to canonical text ----

def number(v):
    """As ECMAScript's Number::toString, from the shortest digits that read back, which repr() has."""
    if v == 0:
        return "0"
    sign, v = ("-" if v < 0 else ""), abs(v)
    mantissa, _, exponent = repr(v).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent or 0)
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.lstrip("0").rstrip("0")
    if 0 < point <= 21:
        text = digits.ljust(point, "0") if len(digits) <= point else digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + f"e{point - 1:+d}"
    return sign + text


def string(s):
    return '"' + "".join(SHORT.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in s) + '"'


def canonical(v):
    if v is None or isinstance(v, bool):
        return {None: "null", True: "true", False: "false"}[v]
    if isinstance(v, (int, float)):
        return number(float(v))
    if isinstance(v, str):
        return string(v)
    if isinstance(v, list):
        return "[" + ",".join(map(canonical, v)) + "]"
    names = sorted(v, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(string(name) + ":" + canonical(v[name]) for name in names) + "}"


# ---- documents, and one of their many spellings ----

class Source:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def character(self):
        low, high = self.r.choice([(1, 0x1F), (0x20, 0x7F), (0x20, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)])
        return chr(self.r.randint(low, high))

    def text(self):
        return "".join(self.character() for _ in range(self.r.choice([0, 1, 1, 2, 3, 8])))

    def double(self):
        while True:
            v = struct.unpack("<d", self.r.randbytes(8))[0]
            if math.isfinite(v):
                return v

    def value(self, depth=0):
        r = self.r
        kind = r.randrange(10 if depth < 4 else 7)
        if kind < 3:
            return r.choice([self.double, lambda: r.uniform(-1e6, 1e6), lambda: round(r.uniform(0, 1e5), 2), lambda: r.randint(-2**63, 2**63 - 1),
                             lambda: r.randint(-1000, 1000), lambda: float(10**r.randint(0, 25)), lambda: 10.0**-r.randint(0, 12), lambda: -0.0,
                             lambda: float(2**r.randint(0, 80)) + r.choice([0, 1]), lambda: 5e-324])()
        if kind < 6:
            return self.text()
        if kind == 6:
            return r.choice([None, True, False])
        if kind == 7:
            return [self.value(depth + 1) for _ in range(r.randrange(5))]
        return {self.text(): self.value(depth + 1) for _ in range(r.randrange(7))}

    def blank(self):
        return self.r.choice(["", "", " ", "\t", "  "])

    def spell_string(self, s):
        out = []
        for c in s:
            units = c.encode("utf-16-be")
            escaped = "".join(self.r.choice(["\\u%04x", "\\u%04X"]) % u for u in struct.unpack(f">{len(units) // 2}H", units))
            plain = SHORT.get(c) or (escaped if c < " " else "\\/" if c == "/" and self.r.random() < 0.5 else c)
            out.append(escaped if self.r.random() < 0.2 else plain)
        return '"' + "".join(out) + '"'

    def spell(self, v):
        if isinstance(v, float):
            text = self.r.choice([repr(v), f"{v:.17e}", f"{v:.16E}" if float(f"{v:.16E}") == v else repr(v)])
        elif isinstance(v, (bool, int)) or v is None:
            text = canonical(v) if v is None or isinstance(v, bool) else str(v)
        elif isinstance(v, str):
            text = self.spell_string(v)
        elif isinstance(v, list):
            text = "[" + ",".join(map(self.spell, v)) + self.blank() + "]"
        else:
            names = list(v)
            self.r.shuffle(names)
            text = "{" + ",".join(self.blank() + self.spell_string(n) + self.blank() + ":" + self.spell(v[n]) for n in names) + "}"
        return self.blank() + text + self.blank()


class CanonicalTest(unittest.TestCase):
    def test_the_oracle_knows_the_rules(self):
        for v, text in ((1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-6, "0.000001"), (1e-7, "1e-7"), (-1.5, "-1.5"), (333333333.33333329, "333333333.3333333"),
                        (1.7976931348623157e308, "1.7976931348623157e+308"), (5e-324, "5e-324"), (-0.0, "0"), (4.5, "4.5"), (2e-3, "0.002")):
            self.assertEqual(number(v), text)
        self.assertEqual(canonical({"\ufb33": 1, "\U0001f600": 2, "a": "\x0f/\u2028\""}), '{"a":"\\u000f/\u2028\\"","\U0001f600":2,"\ufb33":1}')

    def test_both_say_the_same(self):
        source = Source(8785)
        values = [source.value() for _ in range(DOCUMENTS)]
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n", suffix=".jsonl") as f:
            f.writelines(source.spell(v) + "\n" for v in values)
            f.flush()
            done = subprocess.run([PROGRAM, "--of", f.name], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        lines = done.stdout.split(b"\n")[:-1]
        self.assertEqual(len(lines), DOCUMENTS)
        for v, line in zip(values, lines):
            wanted = canonical(v).encode()
            self.assertEqual(line, hashlib.sha256(wanted).hexdigest().encode() + b" " + wanted)


if __name__ == "__main__":
    unittest.main()
