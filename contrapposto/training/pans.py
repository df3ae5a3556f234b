"""Shots made of still photos: a window of the photo that moves and zooms smoothly, the same one for a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]

_TURN = 0.5
"""Seconds, about, between two places at which the path may turn."""


@dataclass(frozen=True, slots=True)
class PanOptions:
    """How a shot is made. Raises ValueError where that cannot be."""

    shortest: float = 1.0
    """Seconds of the shortest shot."""
    longest: float = 4.0
    """Seconds of the longest shot; lengths are spread evenly between."""
    rate: float = 12.5
    """Frames a second."""
    width: int = 640
    """Pixels of a frame."""
    height: int = 360
    """Pixels of a frame."""
    zoom: float = 2.0
    """The window is the largest one in the photo of the shape of a frame, divided by 1 to this."""
    speed: float = 0.5
    """Most that the window moves within a second, as a share of the room that it has, and that it zooms, as a share
    of the range."""

    def __post_init__(self) -> None:
        if not 0 < self.shortest <= self.longest or not self.rate > 0:
            raise ValueError("a pan needs seconds above 0, the shortest first, and a rate above 0")
        if self.width < 1 or self.height < 1 or self.zoom < 1 or self.speed < 0:
            raise ValueError("a pan needs frames of a pixel at least, a zoom of 1 or more, a speed of 0 or more")


def pan(
    photo: Picture, rng: np.random.Generator, options: PanOptions | None = None
) -> Iterator[tuple[float, Picture]]:
    """Seconds from 0 on, and frames (height, width, 3) RGB, of a shot over a photo (H, W, 3) RGB."""
    options = options or PanOptions()
    seconds = float(rng.uniform(options.shortest, options.longest))
    count = max(1, round(seconds * options.rate))
    times = np.arange(count) / options.rate
    for time, (left, top, size) in zip(times, windows(photo.shape[:2], times, rng, options), strict=True):
        yield float(time), _seen(photo, left, top, size / options.width, (options.width, options.height))


def windows(size: tuple[int, ...], times: Array, rng: np.random.Generator, options: PanOptions) -> Array:
    """(T, 3) left and top edge and width of the window at these seconds, in pixels of a photo of height and width
    `size`; its height goes with the shape of a frame. Always inside the photo."""
    x, y, zoom = smooth_path(times, 3, rng, options.speed).T
    largest = min(size[1], size[0] * options.width / options.height)
    width = largest / options.zoom**zoom
    height = width * options.height / options.width
    return np.column_stack([x * (size[1] - width), y * (size[0] - height), width])


def smooth_path(times: Array, count: int, rng: np.random.Generator, speed: float) -> Array:
    """(T, count) numbers of 0..1 along a uniform cubic B-spline, whose control points are a random walk of steps
    that keep to a speed a second: position, velocity and acceleration have no jumps."""
    steps = max(1, int(np.ceil(float(times[-1]) / _TURN)))
    walk = [rng.uniform(0, 1, count)]
    for _ in range(steps + 2):
        walk.append(np.clip(walk[-1] + rng.uniform(-1, 1, count) * speed * _TURN, 0, 1))
    points = np.stack(walk)
    place = times / _TURN
    at = np.minimum(place.astype(int), steps - 1)
    u = (place - at)[:, None]
    weights = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
    return np.asarray(sum(weight * points[at + k] for k, weight in enumerate(weights)) / 6)


def _seen(photo: Picture, left: float, top: float, step: float, shape: tuple[int, int]) -> Picture:
    """The window of a photo, `step` photo pixels for one of the frame (width, height)."""
    import cv2

    if step > 1.5:  # first shrink, so that no pixel is passed over
        size = (max(1, round(photo.shape[1] / step)), max(1, round(photo.shape[0] / step)))
        ratio = size[0] / photo.shape[1]
        photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA))
        left, top, step = left * ratio, top * ratio, step * ratio
    matrix = np.array([[step, 0, left + (step - 1) / 2], [0, step, top + (step - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found = cv2.warpAffine(photo, matrix, shape, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=np.uint8)
