"""Triangles to pixels: a z-buffer that keeps, for each pixel, which triangle is in front and where on it.

Camera frame here: x right, y up, z towards the camera, the camera at the origin (what is seen has z < 0).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """depth: (H, W) distance along the view axis, inf where nothing is; face: (H, W) index of the triangle, -1
    where nothing is; weights: (H, W, 3) of the triangle's corners, correct in perspective."""

    depth: NDArray[np.float64]
    face: NDArray[np.int64]
    weights: NDArray[np.float64]


def rasterise(
    points: NDArray[np.float64],
    depth: NDArray[np.float64],
    faces: NDArray[np.int64],
    size: tuple[int, int],
    perspective: bool = True,
) -> Buffer:
    """points: (V, 2) pixels; depth: (V,) distance, triangles with a corner nearer than 5 cm are left out;
    faces: (F, 3); size: width, height."""
    width, height = size
    nearest = np.full((height, width), np.inf)
    face = np.full((height, width), -1, dtype=np.int64)
    weights = np.zeros((height, width, 3))
    _fill(points, depth, faces, nearest, face, weights, perspective)
    return Buffer(nearest, face, weights)


@numba.njit(cache=True)
def _fill(points, depth, faces, nearest, face, weights, perspective):  # type: ignore[no-untyped-def]
    height, width = nearest.shape
    for f in range(len(faces)):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        if perspective and (depth[a] < 0.05 or depth[b] < 0.05 or depth[c] < 0.05):
            continue
        ax, ay, bx, by, cx, cy = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        left = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0)
        right = min(int(np.floor(max(ax, bx, cx) - 0.5)), width - 1)
        top = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0)
        bottom = min(int(np.floor(max(ay, by, cy) - 0.5)), height - 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                px, py = x + 0.5, y + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area
                w = 1.0 - u - v
                if u < 0 or v < 0 or w < 0:
                    continue
                if perspective:
                    u, v, w = u / depth[a], v / depth[b], w / depth[c]
                    total = u + v + w
                    u, v, w = u / total, v / total, w / total
                z = u * depth[a] + v * depth[b] + w * depth[c]
                if z < nearest[y, x]:
                    nearest[y, x] = z
                    face[y, x] = f
                    weights[y, x, 0], weights[y, x, 1], weights[y, x, 2] = u, v, w
