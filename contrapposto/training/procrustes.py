"""Procrustes distances of many pairs of poses at once: what cross-view recipes learn towards.

The best rotation comes from the quaternion that belongs to the largest eigenvalue of a symmetric 4 x 4 matrix (Horn
1987), and that eigenvalue from Newton's method on the characteristic polynomial (Theobald 2005). There is no
decomposition for each pair, so that tens of thousands take a fraction of a second. `distances.pose_distances` is
the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NEWTON_STEPS = 50
"""Most steps of Newton's method; it ends as soon as nothing moves by more than `_STILL`."""

_STILL = 1e-9
_AT_ONCE = 4096


def normalised(poses: NDArray[np.floating]) -> Array:
    """(N, K, 3) poses about the mean of their joints, which are 1 away from it in the root mean square."""
    points = np.asarray(poses, dtype=np.float64)
    points = points - points.mean(axis=1, keepdims=True)
    size = np.sqrt((points**2).sum(axis=2).mean(axis=1))
    scaled: Array = points / np.where(size > 0, size, 1.0)[:, None, None]
    return scaled


def np_procrustes(first: NDArray[np.floating], second: NDArray[np.floating]) -> Array:
    """(P,) mean distance of the joints of poses (P, K, 3), pair by pair, moved, scaled and turned (no reflection)
    onto each other: the metric `np-procrustes` with equal weights. Symmetric."""
    return _distances(normalised(first), normalised(second))


def all_np_procrustes(poses: NDArray[np.floating]) -> Array:
    """(N, N) `np_procrustes` of every two of the poses (N, K, 3); zeros on the diagonal."""
    points = normalised(poses)
    rows, columns = np.triu_indices(len(points), 1)
    distances = np.zeros((len(points), len(points)))
    for start in range(0, len(rows), _AT_ONCE):
        row, column = rows[start : start + _AT_ONCE], columns[start : start + _AT_ONCE]
        distances[row, column] = _distances(points[row], points[column])
    return distances + distances.T


def _distances(first: Array, second: Array) -> Array:
    """(P,) of normalised poses (P, K, 3)."""
    moving, fixed = (np.ascontiguousarray(poses.transpose(1, 2, 0)) for poses in (first, second))
    joints, count = len(moving), moving.shape[2]
    covariance = [[np.zeros(count) for _ in range(3)] for _ in range(3)]
    for start, end in zip(moving, fixed, strict=True):
        for a in range(3):
            for b in range(3):
                covariance[a][b] += start[a] * end[b] / joints
    rotation = _rotations(covariance)
    distances = np.zeros(count)
    for start, end in zip(moving, fixed, strict=True):
        squared = np.zeros(count)
        for axis, row in enumerate(rotation):
            squared += (row[0] * start[0] + row[1] * start[1] + row[2] * start[2] - end[axis]) ** 2
        distances += np.sqrt(squared)
    return distances / joints


def _rotations(s: list[list[Array]]) -> list[list[Array]]:
    """[to][from] entries (P,) of the rotation that turns the moving points onto the fixed ones best; s[from][to]:
    the mean of moving times fixed coordinates, of points that are 1 away from their middle."""
    n = {
        (0, 0): s[0][0] + s[1][1] + s[2][2],
        (1, 1): s[0][0] - s[1][1] - s[2][2],
        (2, 2): s[1][1] - s[0][0] - s[2][2],
        (3, 3): s[2][2] - s[0][0] - s[1][1],
        (0, 1): s[1][2] - s[2][1],
        (0, 2): s[2][0] - s[0][2],
        (0, 3): s[0][1] - s[1][0],
        (1, 2): s[0][1] + s[1][0],
        (1, 3): s[2][0] + s[0][2],
        (2, 3): s[1][2] + s[2][1],
    }
    matrix = [[n[min(i, j), max(i, j)] for j in range(4)] for i in range(4)]
    largest = _largest_eigenvalue(matrix, s)
    for axis in range(4):
        matrix[axis][axis] = matrix[axis][axis] - largest
    w, x, y, z = _null_vector(matrix)
    return [
        [w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z],
    ]


def _largest_eigenvalue(matrix: list[list[Array]], s: list[list[Array]]) -> Array:
    """(P,) of symmetric matrices of trace 0, no eigenvalue over 1: the largest root of x^4 + c2 x^2 + c1 x + c0."""
    c2 = -2 * sum((s[a][b] ** 2 for a in range(3) for b in range(3)), start=np.zeros_like(s[0][0]))
    c1 = -8 * _determinant(s)
    c0 = sum(
        ((-1) ** column * matrix[0][column] * _determinant(_minor(matrix, 0, column)) for column in range(4)),
        start=np.zeros_like(c1),
    )
    largest = np.ones_like(c1)
    for _ in range(NEWTON_STEPS):
        squared = largest * largest
        slope = (4 * squared + 2 * c2) * largest + c1
        step = ((squared + c2) * squared + c1 * largest + c0) / np.where(np.abs(slope) > 1e-12, slope, 1e-12)
        largest -= step
        if np.abs(step).max(initial=0.0) < _STILL:
            break
    return largest


def _null_vector(matrix: list[list[Array]]) -> list[Array]:
    """Four (P,) components of a unit vector that singular symmetric matrices send to 0: the longest column of the
    adjugate; (1, 0, 0, 0) where that is 0."""
    entries = {(i, j): (-1) ** (i + j) * _determinant(_minor(matrix, i, j)) for i in range(4) for j in range(i, 4)}
    columns = np.array([[entries[min(i, j), max(i, j)] for j in range(4)] for i in range(4)])  # (4, 4, P)
    lengths = np.sqrt((columns**2).sum(axis=1))
    longest = lengths.argmax(axis=0)[None, None]
    best = np.take_along_axis(columns, longest, axis=0)[0]
    length = lengths.max(axis=0)
    still = np.array([1.0, 0, 0, 0])[:, None]
    return list(np.where(length > 0, best / np.where(length > 0, length, 1.0), still))


def _minor(matrix: list[list[Array]], row: int, column: int) -> list[list[Array]]:
    return [[matrix[i][j] for j in range(4) if j != column] for i in range(4) if i != row]


def _determinant(m: list[list[Array]]) -> Array:
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )
