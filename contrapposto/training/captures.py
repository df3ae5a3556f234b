"""Photos of a screen, made from the frame that it shows: labelled queries from any film, the same ones for a seed.

The screen is a plane that fills the middle of the view of a pinhole camera, turned about an axis through its centre
that lies in it. The capture is a window of that view, as a photo is cropped. In order: the view with its
surroundings, glare, blur, moire, colour cast, JPEG. Pixel coordinates of frames and captures are those of
`contrapposto.records`: the origin at the top-left corner of the top-left pixel, x right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.training import screens

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CaptureOptions:
    """How hard a capture is. Shares are 0..1. Raises ValueError where one cannot be."""

    perspective: float = 10.0
    """Degrees that the screen is turned by at most. Drawn as this times the cube root of a number spread evenly in
    0..1: seven of eight captures are turned by more than half of it, half of them by more than 0.79 of it."""
    blur: float = 1.0
    """Standard deviation of a Gaussian, in pixels of the capture (whose longer side is `size`)."""
    jpeg: int = 60
    """Quality of the JPEG file, 1..100, as libjpeg counts it."""
    crop: float = 0.1
    """Share of the screen's area that the capture does not show."""
    glare: float = 0.0
    """Share of the capture's area that reflected light lies on."""
    moire: float = 0.0
    """Most that the screen's grid, sampled without a filter, changes a channel by, as a share of its value."""
    cast: float = 0.0
    """Most that the gain of a colour channel differs from 1."""
    border: bool = False
    """Whether the edge of the screen and the dark room behind are in view, on two or three sides. Without it the
    screen fills the view, but for the wedges that the perspective leaves at its sides."""
    view: float = 50.0
    """Degrees that the screen's width takes of the camera's view before it is turned."""
    size: int = 960
    """Pixels of the longer side of the capture."""

    def __post_init__(self) -> None:
        if not (0 <= self.perspective < 60 and self.blur >= 0 and 1 <= self.jpeg <= 100 and self.size >= 16):
            raise ValueError("a capture needs a turn of 0..60 degrees, a blur of 0 or more, a quality of 1..100")
        if not (0 <= self.crop < 1 and 0 <= self.glare < 1 and 0 <= self.moire < 1 and 0 <= self.cast < 1):
            raise ValueError("crop, glare, moire and cast of a capture are shares of 0..1, and less than 1")
        if not 10 <= self.view <= 90:
            raise ValueError("the view of a capture is 10..90 degrees")


MILD = CaptureOptions()
"""A careful photo of a screen."""
STRONG = CaptureOptions(
    perspective=30.0, blur=3.0, jpeg=25, crop=0.3, glare=0.2, moire=0.15, cast=0.25, border=True
)
"""A careless one, from the side, of a screen that reflects."""
LEVELS = {"mild": MILD, "strong": STRONG}
"""By name."""


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """image: (H, W, 3) RGB; homography: (3, 3) float64, from pixels of the frame to pixels of the capture, its last
    entry 1; angle: degrees that the screen is turned by; lost: share of the screen's area that is not shown."""

    image: Picture
    homography: Array
    angle: float
    lost: float


def capture(frame: Picture, options: CaptureOptions, rng: np.random.Generator) -> Capture:
    """A photo of a screen that shows a frame (H, W, 3) RGB. Raises ValueError for a frame of another shape."""
    if frame.ndim != 3 or frame.shape[2] != 3 or min(frame.shape) == 0:
        raise ValueError(f"a capture needs a frame of shape (H, W, 3), got {frame.shape}")
    height, width = frame.shape[:2]
    angle = options.perspective * float(np.cbrt(rng.random()))
    seen = projection(width, height, angle, float(rng.uniform(0, 2 * np.pi)), options.view)
    low, high = _window(seen, (width, height), options, rng)
    scale = options.size / float((high - low).max())
    shape = np.maximum(1, np.round((high - low) * scale)).astype(int)  # width, height
    to_pixels = np.diag([*(shape / (high - low)), 1.0]) @ _moved(-low)
    homography = to_pixels @ seen
    homography = homography / homography[2, 2]
    image = _photographed(frame, homography, (int(shape[1]), int(shape[0])), options, rng)
    return Capture(image, homography, angle, _lost(seen, (width, height), low, high))


def mapped(homography: Array, points: Array) -> Array:
    """Where a homography (3, 3) takes points (N, 2)."""
    found = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return np.asarray(found[:, :2] / found[:, 2:])


def projection(width: float, height: float, angle: float, direction: float, view: float) -> Array:
    """(3, 3) from points of a screen in its pixels to the picture of a pinhole camera of focal length 1, its axis
    through the middle of the screen.

    angle: degrees that the screen is turned by, about an axis in it whose angle from x is `direction` (radians);
    view: degrees that the unturned screen's width takes.
    """
    turn = np.deg2rad(angle)
    axis = np.array([np.cos(direction), np.sin(direction), 0.0])
    across = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.eye(3) + np.sin(turn) * across + (1 - np.cos(turn)) * across @ across  # Rodrigues
    distance = width / 2 / np.tan(np.deg2rad(view) / 2)
    plane = np.column_stack([rotation[:, :2], [0.0, 0.0, distance]])
    return np.asarray(plane @ _moved(np.array([-width / 2, -height / 2])))


def _moved(by: Array) -> Array:
    """The homography that adds (2,)."""
    found = np.eye(3)
    found[:2, 2] = by
    return found


def _window(
    seen: Array, size: tuple[int, int], options: CaptureOptions, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Corners (2,) of the part of the view that is kept: that share of the screen is lost.

    All starts from the box around the screen. Without a border each side is moved in, by about as much; with one,
    one or two sides that meet are, and beyond the others 4 to 15 % of the box is shown.
    """
    corners = mapped(seen, _corners(*size))
    low, high = np.asarray(corners.min(axis=0)), np.asarray(corners.max(axis=0))
    inwards = rng.uniform(0.5, 1.5, (2, 2))  # low x, low y; high x, high y
    outwards = np.zeros((2, 2))
    if options.border:
        cut = np.zeros((2, 2), bool)
        sides = rng.permutation(2)[: rng.integers(1, 3)]
        cut[rng.integers(0, 2, len(sides)), sides] = True
        inwards = np.where(cut, inwards, 0.0)
        outwards = np.where(cut, 0.0, rng.uniform(0.04, 0.15, (2, 2)))

    def cut_by(amount: float) -> tuple[Array, Array]:
        moves = (amount * inwards - outwards) * (high - low)
        return low + moves[0], high - moves[1]

    most = 0.999 / float(inwards.sum(axis=0).max())
    least = 0.0
    for _ in range(26):  # the share that is lost grows with the amount
        middle = (least + most) / 2
        if _lost(seen, size, *cut_by(middle)) < options.crop:
            least = middle
        else:
            most = middle
    return cut_by(least)


def _corners(width: float, height: float) -> Array:
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


def _lost(seen: Array, size: tuple[int, int], low: Array, high: Array) -> float:
    """Share of the screen, by its own area, outside a window of the view."""
    window = _corners(*(high - low)) + low
    back: Array = np.asarray(np.linalg.inv(seen), dtype=np.float64)
    shown = screens.clipped(mapped(back, window), *size)
    return 1 - screens.area(shown) / (size[0] * size[1])


def _photographed(
    frame: Picture, homography: Array, shape: tuple[int, int], options: CaptureOptions, rng: np.random.Generator
) -> Picture:
    import cv2

    places = screens.places(homography, shape)
    image = screens.shown(frame, places, options.border, rng)
    if options.glare:
        image += screens.glare(shape, options.glare, rng)[..., None]
    if options.blur:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), options.blur, borderType=cv2.BORDER_REPLICATE))
    if options.moire:
        image *= screens.moire(places, frame.shape[:2], options.moire, rng)
    if options.cast:
        image *= rng.uniform(1 - options.cast, 1 + options.cast, 3).astype(np.float32)
    whole = np.clip(np.round(image), 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, options.jpeg])[1]
    decoded: Picture = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])
