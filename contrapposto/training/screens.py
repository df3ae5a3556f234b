"""What a capture of a screen is made of (`captures`): the screen in its room, glare, moire; areas of polygons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Image = NDArray[np.float32]

EDGE = (0.015, 0.05)
"""Least and most that the edge of a screen is wide, as a share of the screen's width."""
COLUMNS = (1280, 1920, 2560)
"""Pixels that a screen may have across its width."""
LIGHT = (120.0, 220.0)
"""Least and most, in 8-bit steps, that reflected light adds where it is brightest."""


def places(homography: Array, shape: tuple[int, int]) -> Image:
    """(H, W, 2) where in the frame the middle of each pixel of a capture (H, W) lies, in pixels of the frame."""
    x = np.arange(0.5, shape[1], dtype=np.float32)[None, :]
    y = np.arange(0.5, shape[0], dtype=np.float32)[:, None]
    across, down, depth = np.linalg.inv(homography).astype(np.float32)
    scale = 1 / (depth[0] * x + (depth[1] * y + depth[2]))
    found: Image = np.stack([axis[0] * x + (axis[1] * y + axis[2]) for axis in (across, down)], axis=-1)
    found *= scale[..., None]
    return found


def shown(frame: NDArray[np.uint8], at: Image, border: bool, rng: np.random.Generator) -> Image:
    """(H, W, 3) what lies at these places of the frame, 0..255: the screen, round it a dark edge (where there is a
    border) and the dark room."""
    import cv2

    height, width = frame.shape[:2]
    step = (
        float(np.median(np.linalg.norm(np.diff(at[at.shape[0] // 2], axis=0), axis=1))) if at.shape[1] > 1 else 1.0
    )
    small = frame
    if step > 1.5:  # frame pixels for one of the capture: shrink first, so that none is passed over
        size = (max(1, round(width / step)), max(1, round(height / step)))
        small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
    ratio = np.array([small.shape[1] / width, small.shape[0] / height], np.float32)
    grid = at * ratio - np.float32(0.5)
    picture = np.asarray(
        cv2.remap(small, grid, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32
    )
    inside = _within(at, width, height, 0.0)
    room = _room(at.shape[:2], rng)
    if border:
        edge = float(rng.uniform(*EDGE)) * width
        room = np.where(_within(at, width, height, edge), np.float32(rng.uniform(8, 45)), room)
    return np.where(inside[..., None], picture, room[..., None]).astype(np.float32)


def glare(shape: tuple[int, int], share: float, rng: np.random.Generator) -> Image:
    """(H, W) light to add, above 0 on that share of the pixels: one to three long blots."""
    height, width = shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    total = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        along = float(rng.uniform(0.1, 0.3)) * width
        across = along * float(rng.uniform(0.2, 0.8))
        turn = float(rng.uniform(0, np.pi))
        dx, dy = x - rng.uniform(0, width), y - rng.uniform(0, height)
        u = (np.cos(turn) * dx + np.sin(turn) * dy) / along
        v = (np.cos(turn) * dy - np.sin(turn) * dx) / across
        total = np.maximum(total, np.float32(rng.uniform(0.6, 1)) / (1 + u * u + v * v))
    floor = np.quantile(total, 1 - share)
    above = np.clip((total - floor) / max(float(total.max() - floor), 1e-6), 0, 1)
    risen = np.clip(above * 2.5, 0, 1)
    light: Image = (risen * risen * (3 - 2 * risen) * rng.uniform(*LIGHT)).astype(np.float32)
    return light


def moire(at: Image, size: tuple[int, ...], strength: float, rng: np.random.Generator) -> Image:
    """(H, W, 3) factors around 1, beyond the screen 1. size: height and width of the frame.

    The screen's rows, and its columns of red, green and blue a third of a pixel apart, are sampled at the middle of
    each pixel of the capture, which they are finer than: the beat of the two grids is the moire.
    """
    columns = float(rng.choice(COLUMNS))
    pitch = size[1] / columns
    phase = rng.uniform(0, 1, 2)
    column = (at[..., 0] / pitch + phase[0])[..., None] + np.arange(3, dtype=np.float32) / 3
    row = (at[..., 1] / pitch + phase[1])[..., None]
    wave = 0.5 * (np.cos(2 * np.pi * column) + np.cos(2 * np.pi * row))
    lit = _within(at, size[1], size[0], 0.0)[..., None]
    factors: Image = (1 + strength * wave * lit).astype(np.float32)
    return factors


def clipped(polygon: Array, width: float, height: float) -> Array:
    """(M, 2) the part of a convex polygon (N, 2) inside 0..width, 0..height (Sutherland and Hodgman)."""
    found = polygon
    for axis, limit, sign in ((0, 0.0, 1.0), (0, width, -1.0), (1, 0.0, 1.0), (1, height, -1.0)):
        if len(found) == 0:
            break
        inside = sign * (found[:, axis] - limit)
        kept: list[Array] = []
        for this in range(len(found)):
            last = this - 1
            if (inside[this] >= 0) != (inside[last] >= 0):
                share = inside[last] / (inside[last] - inside[this])
                kept.append(found[last] + share * (found[this] - found[last]))
            if inside[this] >= 0:
                kept.append(found[this])
        found = np.array(kept).reshape(-1, 2)
    return found


def area(polygon: Array) -> float:
    """Of a polygon (N, 2) (the shoelace formula); 0 for an empty one."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _within(at: Image, width: float, height: float, beyond: float) -> NDArray[np.bool_]:
    x, y = at[..., 0], at[..., 1]
    inside: NDArray[np.bool_] = (x >= -beyond) & (x <= width + beyond) & (y >= -beyond) & (y <= height + beyond)
    return inside


def _room(shape: tuple[int, int], rng: np.random.Generator) -> Image:
    """(H, W) a dark room out of focus: a few grey areas."""
    import cv2

    coarse = rng.uniform(3, 60, (4, 5)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)).clip(0, 255)
