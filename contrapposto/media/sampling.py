"""Patches of a picture for a network: scaled, turned, smoothed before strong reduction, and mapped back.

Frames: picture and patch both have their origin at the top-left corner of the top-left pixel, so the centre of
the first pixel is (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from contrapposto.records import Box


@dataclass(frozen=True, slots=True)
class Region:
    """A square of the picture. x, y: its centre; side: pixels of the picture; turn: radians, the angle by which
    its upright axis is turned clockwise (as seen in the picture) from the picture's."""

    x: float
    y: float
    side: float
    turn: float = 0.0

    def cut(self, image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """(size, size, 3) patch of a (H, W, 3) picture; black outside it."""
        reduction = max(1, int(self.side / size))
        source, left, top = image, 0, 0
        if reduction >= 2:
            source, left, top = self._reduced(image, reduction)
            if source.size == 0:
                return np.zeros((size, size, 3), np.uint8)
        else:
            reduction = 1
        forward = self._matrix(size)
        # from index coordinates of the reduced source to those of the patch
        to_picture = np.array(
            [[reduction, 0, left + reduction / 2], [0, reduction, top + reduction / 2], [0, 0, 1]]
        )
        matrix = (np.vstack([forward, [0, 0, 1]]) @ to_picture)[:2]
        matrix[:, 2] -= 0.5
        patch = cv2.warpAffine(source, matrix, (size, size), flags=cv2.INTER_LINEAR)
        return np.asarray(patch, dtype=np.uint8)

    def to_picture(self, points: NDArray[np.floating], size: int) -> NDArray[np.float64]:
        """(K, 2) points of a patch of `size` pixels, back in the picture."""
        forward = self._matrix(size)
        return np.asarray((points - forward[:, 2]) @ np.linalg.inv(forward[:, :2]).T, dtype=np.float64)

    def _matrix(self, size: int) -> NDArray[np.float64]:
        """(2, 3) affine map from picture to patch coordinates."""
        scale = size / self.side
        cosine, sine = np.cos(self.turn) * scale, np.sin(self.turn) * scale
        rotation = np.array([[cosine, sine], [-sine, cosine]])
        return np.column_stack([rotation, np.full(2, size / 2) - rotation @ (self.x, self.y)])

    def _reduced(self, image: NDArray[np.uint8], reduction: int) -> tuple[NDArray[np.uint8], int, int]:
        """The part of the picture around the region, reduced by a whole number with area averaging."""
        reach = self.side / 2 * (abs(np.cos(self.turn)) + abs(np.sin(self.turn))) + 2 * reduction
        height, width = image.shape[:2]
        left, right = max(0, int(self.x - reach)), min(width, int(self.x + reach) + 1)
        top, bottom = max(0, int(self.y - reach)), min(height, int(self.y + reach) + 1)
        if right <= left or bottom <= top:
            return image[:0], 0, 0
        columns, rows = -(-(right - left) // reduction), -(-(bottom - top) // reduction)
        part = np.zeros((rows * reduction, columns * reduction, 3), np.uint8)  # black beyond the picture's edge
        part[: bottom - top, : right - left] = image[top:bottom, left:right]
        small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.uint8), left, top

    @staticmethod
    def around(box: Box, expand: float) -> Region:
        """The square on a box's centre whose side is `expand` times the box's larger side (at least 1 pixel)."""
        side = max(box.width, box.height, 1.0) * expand
        return Region(box.x + box.width / 2, box.y + box.height / 2, side)


def fit(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The whole picture resized to width x height, smoothed where reduced."""
    shrinks = width < image.shape[1] or height < image.shape[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def only(image: NDArray[np.uint8], box: Box, margin: float) -> NDArray[np.uint8]:
    """The picture, black outside a box grown on each side by `margin` times its larger side."""
    grow = margin * max(box.width, box.height)
    left, top = max(0, round(box.x - grow)), max(0, round(box.y - grow))
    right, bottom = max(0, round(box.x + box.width + grow)), max(0, round(box.y + box.height + grow))
    kept = np.zeros_like(image)
    kept[top:bottom, left:right] = image[top:bottom, left:right]
    return kept
