"""What the recogniser's logits say: the best path and a prefix beam, as the reader in C does it."""
import numpy as np

import net

NEVER = -1e30


def log_softmax(logits, temperature=1.0):
    """Logarithms of probabilities along the last axis."""
    x = logits / temperature
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def greedy(logits):
    """The text of the best path."""
    best, text, last = logits.argmax(-1), "", 0
    for c in best:
        if c and c != last:
            text += net.ALPHABET[c - 1]
        last = c
    return text


def beam(logits, width=16, top=10, temperature=1.0, floor=-12.0):
    """The likeliest texts and the logarithms of their probabilities: [(text, log probability)], best first."""
    held = {"": (0.0, NEVER)}                   # text: it ended in a blank, it ended in its last character
    for row in log_softmax(logits.astype(np.float64), temperature):
        grown = {}

        def add(text, which, value):
            pair = grown.setdefault(text, [NEVER, NEVER])
            pair[which] = np.logaddexp(pair[which], value)

        chosen = [c for c in np.flatnonzero(row > floor) if c]
        for text, (blank, char) in held.items():
            either = np.logaddexp(blank, char)
            add(text, 0, either + row[0])
            for c in chosen:
                letter = net.ALPHABET[c - 1]
                if text.endswith(letter):
                    add(text, 1, char + row[c])
                    add(text + letter, 1, blank + row[c])
                else:
                    add(text + letter, 1, either + row[c])
        ranked = sorted(grown.items(), key=lambda item: -np.logaddexp(*item[1]))[:width]
        held = {text: tuple(pair) for text, pair in ranked}
    return [(text, float(np.logaddexp(*pair))) for text, pair in held.items()][:top]
