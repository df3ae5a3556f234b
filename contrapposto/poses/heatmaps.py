"""From heatmaps to keypoints: where the peak of a heatmap lies between its cells.

Places are in cells, the middle of the first at (0.5, 0.5), x right, y down.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.skeleton import LIMB_NUMBERS

Decoding = Literal["quarter", "taylor", "centroid"]

DECODING: Decoding = "taylor"
"""The measured choice (docs/pose-networks.md)."""

WINDOW = 2
"""Cells on each side of the peak that the centroid is taken over."""

_LEAST = 1e-6
_LIMB_FLIP = np.array([int(skeleton.FLIP[number]) - LIMB_NUMBERS[0] for number in LIMB_NUMBERS])


def joints_of(count: int) -> NDArray[np.intp]:
    """Which keypoints so many heatmaps stand for: all 17, or the 12 limb joints where a network was learned from
    photos without keypoints of the face. Raises ValueError for other counts."""
    if count not in (skeleton.COUNT, len(LIMB_NUMBERS)):
        raise ValueError(f"{count} heatmaps, expected {skeleton.COUNT} or {len(LIMB_NUMBERS)}")
    return np.arange(skeleton.COUNT) if count == skeleton.COUNT else LIMB_NUMBERS


def mirrored(heatmaps: NDArray[np.floating]) -> NDArray[np.floating]:
    """(..., J, H, W) heatmaps of the mirror image as those of the picture: columns turned round, left and right
    joints swapped. J: 17 or 12. Twice is the identity."""
    swap = skeleton.FLIP if heatmaps.shape[-3] == skeleton.COUNT else _LIMB_FLIP
    return heatmaps[..., swap, :, ::-1]


def decode(
    heatmaps: NDArray[np.floating], decoding: Decoding = DECODING, blur: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Peaks of (..., H, W) heatmaps: (..., 2) places x, y in cells and (...) their heights, at least 0.

    The highest cell is moved by less than a cell along each axis: `quarter` by a quarter towards the higher
    neighbour (Newell et al. 2016); `taylor` to the peak of the second-order expansion of the logarithm of the map,
    blurred with a deviation of `blur` cells (Zhang et al. 2020, DARK, equations 3 to 7); `centroid` to the mean of
    the cells around, `WINDOW` to each side, weighted by their height. A peak at the edge is moved along it alone.
    """
    rows, columns = heatmaps.shape[-2:]
    flat = np.asarray(heatmaps, np.float64).reshape(-1, rows, columns)
    best = flat.reshape(len(flat), -1).argmax(axis=1)
    peaks = np.column_stack([best % columns, best // columns])
    scores = np.maximum(flat[np.arange(len(flat)), peaks[:, 1], peaks[:, 0]], 0.0)
    if decoding == "quarter":
        moves = np.array([_quarter(*pair) for pair in zip(flat, peaks, strict=True)])
    elif decoding == "taylor":
        moves = np.array([_taylor(*pair, blur) for pair in zip(flat, peaks, strict=True)])
    else:
        moves = np.array([_centroid(*pair) for pair in zip(flat, peaks, strict=True)])
    points = peaks + 0.5 + moves.reshape(-1, 2)
    shape = heatmaps.shape[:-2]
    return points.reshape(*shape, 2), scores.reshape(shape)


def _quarter(heatmap: NDArray[np.float64], peak: NDArray[np.integer]) -> NDArray[np.float64]:
    x, y = peak
    across = _slope(heatmap[y], int(x))
    down = _slope(heatmap[:, x], int(y))
    return np.sign([across, down]) / 4


def _slope(line: NDArray[np.float64], place: int) -> float:
    """Half of the right neighbour less the left one; 0 at the ends."""
    return float(line[place + 1] - line[place - 1]) / 2 if 0 < place < len(line) - 1 else 0.0


def _taylor(heatmap: NDArray[np.float64], peak: NDArray[np.integer], blur: float) -> NDArray[np.float64]:
    if blur > 0:
        size = 2 * max(1, round(3 * blur)) + 1
        heatmap = cv2.GaussianBlur(heatmap, (size, size), blur, borderType=cv2.BORDER_CONSTANT)
    x, y = int(peak[0]), int(peak[1])
    around = np.log(np.maximum(np.pad(heatmap, 1, mode="edge")[y : y + 3, x : x + 3], _LEAST))
    slope = np.array([around[1, 2] - around[1, 0], around[2, 1] - around[0, 1]]) / 2
    bend = np.array([around[1, 2] + around[1, 0], around[2, 1] + around[0, 1]]) - 2 * around[1, 1]
    mixed = (around[2, 2] - around[2, 0] - around[0, 2] + around[0, 0]) / 4
    inside = np.array([0 < x < heatmap.shape[1] - 1, 0 < y < heatmap.shape[0] - 1])
    if not inside.all():
        mixed = 0.0
    determinant = bend[0] * bend[1] - mixed**2
    if not (bend < 0)[inside].all() or (inside.all() and determinant <= 0):
        return np.zeros(2)
    if inside.all():
        move = (
            -np.array([bend[1] * slope[0] - mixed * slope[1], bend[0] * slope[1] - mixed * slope[0]]) / determinant
        )
    else:
        move = np.where(inside, -slope / np.where(bend < 0, bend, -1.0), 0.0)
    clipped: NDArray[np.float64] = np.clip(move, -0.99, 0.99)
    return clipped


def _centroid(heatmap: NDArray[np.float64], peak: NDArray[np.integer]) -> NDArray[np.float64]:
    offsets = np.arange(-WINDOW, WINDOW + 1)
    padded = np.pad(np.maximum(heatmap, 0.0), WINDOW)
    around = padded[peak[1] : peak[1] + len(offsets), peak[0] : peak[0] + len(offsets)]
    total = around.sum()
    if not total > 0:
        return np.zeros(2)
    move = np.array([around.sum(axis=0) @ offsets, around.sum(axis=1) @ offsets]) / total
    clipped: NDArray[np.float64] = np.clip(move, -0.99, 0.99)
    return clipped
