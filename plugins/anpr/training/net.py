"""The recogniser: a small convolutional net that reads 32 steps from left to right, for CTC.

A recurrent reader was as good and cost OpenCV as much time as all the convolutions; a convolution over 13 steps is context enough.
"""
import torch
from torch import nn

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CLASSES = 1 + len(ALPHABET)
HEIGHT, WIDTH, STEPS = 32, 128, 32


def block(inward, outward, kernel=3, stride=1, padding=None):
    """Convolution, normalisation, rectifier."""
    if padding is None:
        padding = kernel // 2
    return nn.Sequential(nn.Conv2d(inward, outward, kernel, stride, padding, bias=False), nn.BatchNorm2d(outward),
                         nn.LeakyReLU(0.1, inplace=True))


class Context(nn.Module):
    """What the neighbours along the line say, added to what is there."""

    def __init__(self, width, reach):
        super().__init__()
        self.look = block(width, width, kernel=(1, reach), padding=(0, reach // 2))

    def forward(self, x):
        """The same shape."""
        return x + self.look(x)


class Recogniser(nn.Module):
    """1x1x32x128 standardised grey -> 1x32x37 logits; class 0 is the blank."""

    def __init__(self, widths=(20, 40, 64, 96, 128)):
        super().__init__()
        a, b, c, d, e = widths
        self.eyes = nn.Sequential(
            block(1, a, stride=(2, 2)),                     # 16 x 64
            block(a, b), block(b, b, stride=(2, 2)),        # 8 x 32
            block(b, c), block(c, c), block(c, d, stride=(2, 1)),  # 4 x 32
            block(d, d), block(d, e, kernel=(4, 3), padding=(0, 1)))  # 1 x 32
        self.reader = nn.Sequential(Context(e, 5), Context(e, 5), Context(e, 5), nn.Dropout(0.05))
        self.head = nn.Conv2d(e, CLASSES, 1)

    def forward(self, x):
        """Logits, time in the middle: N x 32 x 37."""
        return self.head(self.reader(self.eyes(x))).reshape(-1, CLASSES, STEPS).permute(0, 2, 1)
