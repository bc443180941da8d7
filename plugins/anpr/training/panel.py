"""Drawing on the face of a vehicle: a plane in millimetres (x to the right, y up, z away from the camera), seen by a camera."""
import cv2
import numpy as np

FINE = 16  # cv2 draws polygons in sixteenths of a pixel: shift=4


class Panel:
    """A plane on a picture. The camera sees the point `anchor` (mm) at the pixel `at`, `scale` pixels a millimetre large there."""

    def __init__(self, picture, anchor, at, scale, turn=(0.0, 0.0, 0.0), focal=1.6):
        self.picture = picture
        yaw, pitch, roll = turn
        height, width = picture.shape[:2]
        f = focal * max(width, height)
        depth = f / scale
        self.rotation = rotation(yaw, pitch, roll)
        centre = np.array([(at[0] - width / 2) / f * depth, (at[1] - height / 2) / f * depth, depth])
        self.shift = centre - self.rotation @ np.array([anchor[0], -anchor[1], 0.0])
        self.focal, self.middle = f, np.array([width / 2, height / 2])

    def see(self, points, z=0.0):
        """Pixels of points in mm, N x 2."""
        p = np.asarray(points, float)
        space = np.column_stack([p[:, 0], -p[:, 1], np.full(len(p), z)]) @ self.rotation.T + self.shift
        return space[:, :2] / np.maximum(space[:, 2:], 1.0) * self.focal + self.middle

    def fill(self, points, colour, z=0.0):
        fill(self.picture, self.see(points, z), colour)

    def box(self, x1, y1, x2, y2, colour, radius=0.0):
        self.fill(rounded(x1, y1, x2, y2, radius), colour)

    def disc(self, x, y, rx, ry, colour):
        self.fill(oval(x, y, rx, ry), colour)

    def line(self, x1, y1, x2, y2, thick, colour):
        """A straight stroke, `thick` mm wide."""
        d = np.array([x2 - x1, y2 - y1], float)
        n = np.array([-d[1], d[0]]) / (np.hypot(*d) + 1e-9) * thick / 2
        a, b = np.array([x1, y1]), np.array([x2, y2])
        self.fill([a + n, b + n, b - n, a - n], colour)

    def paste(self, image, x1, y1, x2, y2, mask=None):
        """Lays a picture into the box (y2 is its upper edge); returns the quadrilateral in pixels and the matrix from the image's pixels."""
        quad = self.see([(x1, y2), (x2, y2), (x2, y1), (x1, y1)])
        return quad, lay(self.picture, image, quad, mask)


def rotation(yaw, pitch, roll):
    """The camera's view of the plane, angles in radians."""
    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return tilt @ nod @ turn


def fill(picture, points, colour):
    """A polygon with soft edges; what is far outside the picture is clipped, since cv2's integers would wrap."""
    p = np.clip(points, -4000, 12000)
    cv2.fillPoly(picture, [np.round(p * FINE).astype(np.int32)], tuple(int(c) for c in colour), cv2.LINE_AA, 4)


def oval(x, y, rx, ry, steps=20):
    t = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.column_stack([x + rx * np.cos(t), y + ry * np.sin(t)])


def rounded(x1, y1, x2, y2, radius):
    """A box with round corners."""
    r = min(radius, abs(x2 - x1) / 2, abs(y2 - y1) / 2)
    if r <= 0:
        return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], float)
    t = np.linspace(0, np.pi / 2, 5)
    corners = [(x2 - r, y2 - r, 0), (x1 + r, y2 - r, 1), (x1 + r, y1 + r, 2), (x2 - r, y1 + r, 3)]
    return np.vstack([np.column_stack([cx + r * np.cos(t + q * np.pi / 2), cy + r * np.sin(t + q * np.pi / 2)]) for cx, cy, q in corners])


def lay(picture, image, quad, mask=None):
    """Warps an image into a quadrilateral of the picture (in place), shrunk first so that nothing aliases; returns the 3x3 matrix from the image's
    pixels, or None when it lies outside."""
    h, w = image.shape[:2]
    corners = np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, quad.astype(np.float32))
    low, high = np.floor(quad.min(0)).astype(int) - 1, np.ceil(quad.max(0)).astype(int) + 2
    x1, y1 = np.maximum(low, 0)
    x2, y2 = np.minimum(high, (picture.shape[1], picture.shape[0]))
    if x2 <= x1 or y2 <= y1 or (high - low).max() > 4000:
        return None
    wide = max(np.hypot(*(quad[1] - quad[0])), np.hypot(*(quad[2] - quad[3])))
    tall = max(np.hypot(*(quad[3] - quad[0])), np.hypot(*(quad[2] - quad[1])))
    sx, sy = min(1.0, 1.15 * wide / w), min(1.0, 1.15 * tall / h)
    mask = np.full((h, w), 255, np.uint8) if mask is None else mask
    if min(sx, sy) < 0.9:
        size = (max(2, int(round(w * sx))), max(2, int(round(h * sy))))
        image, mask = cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    shrunk = np.diag([w / image.shape[1], h / image.shape[0], 1.0])
    local = np.array([[1, 0, -x1], [0, 1, -y1], [0, 0, 1]], float) @ matrix @ shrunk
    size = (int(x2 - x1), int(y2 - y1))
    warped = cv2.warpPerspective(image, local, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpPerspective(mask, local, size, flags=cv2.INTER_LINEAR)
    region = picture[y1:y2, x1:x2]
    a = alpha.astype(np.float32)[..., None] / 255
    region[:] = (region * (1 - a) + warped * a).astype(np.uint8)
    return matrix
