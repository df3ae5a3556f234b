"""What a pose network of ours is shown of a person: an upright or turned rectangle around the box."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.media.sampling import Region
from contrapposto.records import Box
from contrapposto.skeleton import INDEX

EXPAND = 1.25
"""Sides of the rectangle, in those of the smallest one of its proportions that holds the box, as published (Xiao et
al. 2018)."""


def region_of(box: Box, size: tuple[int, int], expand: float = EXPAND) -> Region:
    """The square whose middle columns are shown. size: rows and columns of what the network is given, no more
    columns than rows."""
    rows, columns = size
    side = max(box.height, box.width * rows / columns, 1.0) * expand
    return Region(box.x + box.width / 2, box.y + box.height / 2, side)


def cut(image: NDArray[np.uint8], region: Region, size: tuple[int, int]) -> NDArray[np.uint8]:
    """(rows, columns, 3) of a (H, W, 3) picture; black outside it."""
    rows, columns = size
    edge = (rows - columns) // 2
    return region.cut(image, rows)[:, edge : edge + columns]


def to_picture(points: NDArray[np.floating], region: Region, size: tuple[int, int]) -> NDArray[np.float64]:
    """(K, 2) pixels of the picture of points in pixels of what `cut` gives."""
    rows, columns = size
    edge = np.array([(rows - columns) // 2, 0])
    return region.to_picture(np.asarray(points, np.float64) + edge, rows)


def to_crop(points: NDArray[np.floating], region: Region, size: tuple[int, int]) -> NDArray[np.float64]:
    """(K, 2) pixels of what `cut` gives of points in pixels of the picture."""
    rows, columns = size
    cosine, sine = np.cos(region.turn), np.sin(region.turn)
    turned = (np.asarray(points, np.float64) - (region.x, region.y)) @ np.array([[cosine, -sine], [sine, cosine]])
    moved: NDArray[np.float64] = turned * (rows / region.side) + (columns / 2, rows / 2)
    return moved


def diameter(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(...) length of the torso of (..., 17, 2) points, in their unit: the longer of the two lines from a shoulder
    to the opposite hip (Toshev and Szegedy 2014, section 3.2), NaN where neither is seen."""
    names = (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))
    ends = np.array([[INDEX[name] for name in pair] for pair in names])
    lines = np.asarray(points, np.float64)[..., ends[:, 0], :] - np.asarray(points, np.float64)[..., ends[:, 1], :]
    lengths = np.hypot(lines[..., 0], lines[..., 1])
    longest: NDArray[np.float64] = np.fmax(lengths[..., 0], lengths[..., 1])
    return longest
