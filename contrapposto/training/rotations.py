"""Rotations as (..., 3, 3) matrices that turn column vectors; right-handed, angles in radians."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def about(axis: int, angle: Array) -> Array:
    """(..., 3, 3) turns by `angle` (...) about axis 0 (x: y goes to z), 1 (y: z to x) or 2 (z: x to y)."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    angle = np.asarray(angle, dtype=np.float64)
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[..., axis, axis] = 1
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., first, second] = -np.sin(angle)
    matrix[..., second, first] = np.sin(angle)
    return matrix


def turn(matrices: Array, vectors: Array) -> Array:
    """Vectors (N, ..., 3), each row of the first axis turned by its matrix of (N, 3, 3)."""
    flat = vectors.reshape(len(vectors), int(np.prod(vectors.shape[1:-1])), 3)
    turned: Array = (flat @ matrices.transpose(0, 2, 1)).reshape(vectors.shape)
    return turned


def back(matrices: Array, vectors: Array) -> Array:
    """The inverse of `turn`."""
    return turn(matrices.transpose(0, 2, 1), vectors)


def frame(across: Array, up: Array) -> Array:
    """(N, 3, 3) whose columns are the axes of a frame: x along `across` (N, 3), y as near `up` (N, 3) as can be,
    z their cross product."""
    x = unit(across)
    y = unit(up - (up * x).sum(axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def swing(directions: Array) -> Array:
    """(N, 3, 3) the shortest turn of -y into each unit direction (N, 3) (Rodrigues' formula)."""
    down = np.array([0.0, -1.0, 0.0])
    axis, cosine = np.cross(down, directions), directions @ down
    cross = np.zeros((len(directions), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross -= cross.transpose(0, 2, 1)
    result: Array = np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, 1e-6)[:, None, None]
    return result


def anyhow(rng: np.random.Generator, count: int) -> Array:
    """(count, 3, 3) rotations, uniform over all (unit quaternions of normal numbers)."""
    w, x, y, z = unit(rng.normal(size=(count, 4))).T
    return np.stack(
        [
            np.stack([1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)], axis=-1),
            np.stack([2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)], axis=-1),
            np.stack([2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)], axis=-1),
        ],
        axis=-2,
    )


def unit(vectors: Array) -> Array:
    """Vectors (..., D) of length 1."""
    scaled: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return scaled
