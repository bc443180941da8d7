"""The proposer: a fully convolutional net that sees a whole grey picture and says where lines of a plate's characters are."""
import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

WIDTH, HEIGHT, STRIDE = 640, 384, 8
CHANNELS = 6  # heat (logit), x and y of the centre from the cell's middle in cells, log half height / 8, log half width / 32, slope
CONTRAST = 8.0  # a picture's deviation counts for at least that much grey


def block(inward, outward, stride=1, kernel=3):
    return nn.Sequential(nn.Conv2d(inward, outward, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outward), nn.LeakyReLU(0.1))


class Proposer(nn.Module):
    """N x 1 x H x W standardised grey -> N x 6 x H/8 x W/8; H and W are multiples of 32."""

    def __init__(self, a=8, b=20, c=40, d=48, e=48):
        super().__init__()
        self.down8 = nn.Sequential(block(1, a, 2), block(a, b, 2), block(b, b), block(b, c, 2), block(c, c))
        self.down16 = nn.Sequential(block(c, d, 2), block(d, d))
        self.down32 = nn.Sequential(block(d, e, 2), block(e, e), block(e, e))
        self.side8, self.side16, self.side32 = block(c, c, 1, 1), block(d, d, 1, 1), block(e, d, 1, 1)
        self.join16, self.join8 = block(d, c), block(c, c)
        self.head = nn.Conv2d(c, CHANNELS, 1)
        nn.init.constant_(self.head.bias, 0)
        nn.init.constant_(self.head.bias[:1], -4)

    def forward(self, x):
        x8 = self.down8(x)
        x16 = self.down16(x8)
        y = self.side16(x16) + functional.interpolate(self.side32(self.down32(x16)), scale_factor=2.0, mode="nearest")
        y = self.side8(x8) + functional.interpolate(self.join16(y), scale_factor=2.0, mode="nearest")
        return self.head(self.join8(y))


# ---- in ---------------------------------------------------------------------------------------------------------------------------------
def standardised(grey):
    """Grey values about 0."""
    return (grey.astype(np.float32) - grey.mean()) / max(float(grey.std()), CONTRAST)


def fit(grey):
    """A picture of any size as the net's input, with the factor that was applied: it keeps its shape, lies in the upper left corner, and what is left
    is its mean (0)."""
    factor = min(WIDTH / grey.shape[1], HEIGHT / grey.shape[0])
    size = (min(WIDTH, int(round(grey.shape[1] * factor))), min(HEIGHT, int(round(grey.shape[0] * factor))))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
    sheet = np.zeros((HEIGHT, WIDTH), np.float32)
    sheet[:size[1], :size[0]] = standardised(small)
    return sheet, factor


# ---- out --------------------------------------------------------------------------------------------------------------------------------
def decode(out, most=12, least=0.05):
    """The proposals in one output (6 x h x w), best first: (score, centre x, centre y, half width, half height, slope) in the input's pixels."""
    heat = 1 / (1 + np.exp(-out[0]))
    peak = heat >= cv2.dilate(heat, np.ones((3, 3), np.uint8))
    found = []
    for row, column in zip(*np.nonzero(peak & (heat >= least))):
        v = out[:, row, column]
        found.append((float(heat[row, column]), (column + 0.5 + v[1]) * STRIDE, (row + 0.5 + v[2]) * STRIDE,
                      32 * np.exp(min(v[4], 3)), 8 * np.exp(min(v[3], 3)), float(v[5])))
    kept = []
    for p in sorted(found, reverse=True):
        if len(kept) < most and not any(same(p, q) for q in kept):
            kept.append(p)
    return kept


def same(p, q):
    """Two proposals of one line: their upright boxes share more than half of their union."""
    w = min(p[1] + p[3], q[1] + q[3]) - max(p[1] - p[3], q[1] - q[3])
    h = min(p[2] + p[4], q[2] + q[4]) - max(p[2] - p[4], q[2] - q[4])
    if w <= 0 or h <= 0:
        return False
    return w * h > 0.5 * (4 * p[3] * p[4] + 4 * q[3] * q[4] - w * h)


def corners(p, factor=1.0):
    """A proposal's quadrilateral in the original picture: upper left, upper right, lower right, lower left; its sides are upright."""
    _, x, y, half, tall, slope = p
    return np.array([(x - half, y - slope * half - tall), (x + half, y + slope * half - tall), (x + half, y + slope * half + tall),
                     (x - half, y - slope * half + tall)]) / factor


# ---- what is to be learnt ---------------------------------------------------------------------------------------------------------------
def measures(quad):
    """(centre x, centre y, half width, half height, slope) of a line's four corners."""
    left, right = (quad[0] + quad[3]) / 2, (quad[1] + quad[2]) / 2
    x, y = (left + right) / 2
    dx, dy = right - left
    tall = (quad[3, 1] - quad[0, 1] + quad[2, 1] - quad[1, 1]) / 4
    return x, y, max(dx / 2, 1.0), max(tall, 1.0), dy / max(dx, 1.0)


def targets(lines, hidden, width, height):
    """The maps for lines (N x 4 x 2 pixels): (values 6 x h x w, weight of the heat h x w, weight of the measures h x w). A line that is hidden, or that
    the picture's edge cuts, counts neither way."""
    h, w = height // STRIDE, width // STRIDE
    values, known, sized = np.zeros((CHANNELS, h, w), np.float32), np.ones((h, w), np.float32), np.zeros((h, w), np.float32)
    ys, xs = np.mgrid[0:h, 0:w] + 0.5
    for quad, unseen in zip(lines, hidden):
        x, y, half, tall, slope = measures(quad)
        if x + half < 0 or x - half > width or y + tall < 0 or y - tall > height:
            continue
        dx, dy = x / STRIDE - xs, y / STRIDE - ys
        near = np.exp(-0.5 * ((dx / max(0.7, 0.14 * half / STRIDE * 2)) ** 2 + ((dy + slope * -dx) / max(0.7, 0.5 * tall / STRIDE)) ** 2))
        if unseen or x - half < -2 or x + half > width + 2 or y - tall < -2 or y + tall > height + 2 or tall < 2:
            known[(np.abs(dx) < half / STRIDE) & (np.abs(dy) < tall / STRIDE + 1)] = 0
            continue
        i, j = min(h - 1, max(0, int(y / STRIDE))), min(w - 1, max(0, int(x / STRIDE)))
        near[i, j] = 1.0
        mine = (near > 0.5) & (near > values[0])
        values[0] = np.maximum(values[0], near)
        for k, v in enumerate((dx, dy, np.log(tall / 8), np.log(half / 32), slope), 1):
            values[k][mine] = v[mine] if isinstance(v, np.ndarray) else v
        sized[mine] = near[mine]
    return values, known, sized


def loss(out, values, known, sized):
    """The focal loss of the heat and the distance of the measures."""
    heat, truth = out[:, 0], values[:, 0]
    p = torch.sigmoid(heat)
    sure = truth >= 0.999
    hit = -functional.logsigmoid(heat) * (1 - p) ** 2 * sure
    miss = -functional.logsigmoid(-heat) * p ** 2 * (1 - truth) ** 4 * ~sure
    total = ((hit + miss) * known).sum() / sure.sum().clamp(min=1)
    apart = functional.smooth_l1_loss(out[:, 1:], values[:, 1:], reduction="none", beta=0.1)
    weights = torch.tensor([0.5, 1.0, 2.0, 2.0, 4.0]).view(1, 5, 1, 1)
    return total + 0.5 * (apart * weights * sized[:, None]).sum() / sized.sum().clamp(min=1)
