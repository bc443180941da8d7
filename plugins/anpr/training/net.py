"""The recogniser: a small convolutional net with a recurrent reading of 32 steps, for CTC."""
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


class Recogniser(nn.Module):
    """1x1x32x128 standardised grey -> 1x32x37 logits; class 0 is the blank."""

    def __init__(self, widths=(20, 40, 64, 96, 128), hidden=96):
        super().__init__()
        a, b, c, d, e = widths
        self.eyes = nn.Sequential(
            block(1, a, stride=(2, 2)),                     # 16 x 64
            block(a, b), block(b, b, stride=(2, 2)),        # 8 x 32
            block(b, c), block(c, c), block(c, d, stride=(2, 1)),  # 4 x 32
            block(d, d), block(d, e, kernel=(4, 3), padding=(0, 1)))  # 1 x 32
        self.reader = nn.GRU(e, hidden, bidirectional=True)
        self.head = nn.Linear(2 * hidden, CLASSES)

    def forward(self, x):
        """Logits, time in the middle: N x 32 x 37."""
        seen = self.eyes(x).squeeze(2).permute(2, 0, 1)
        read, _ = self.reader(seen)
        return self.head(read).permute(1, 0, 2)
