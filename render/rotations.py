"""Rotations of 3D vectors: matrices from angles, from directions, and between matrices.

Frame: right-handed, metres; x to the person's left, y up, z forward. Angles in degrees.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Triple: TypeAlias = tuple[float, float, float]


def unit(vector: Array) -> Array:
    """(..., 3) scaled to length 1; a zero vector stays zero."""
    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    scaled: Array = vector / np.where(length > 0, length, 1.0)
    return scaled


def about(axis: Array, degrees: float) -> Array:
    """(3, 3) rotation about an axis by the right-hand rule (Rodrigues)."""
    x, y, z = unit(np.asarray(axis, dtype=np.float64))
    angle = np.radians(degrees)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    matrix: Array = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return matrix


def lean(angles: Triple) -> Array:
    """(3, 3) rotation of a trunk: forwards, then to the own left side, then turned to the own left."""
    forwards, sideways, turn = angles
    return (
        about(np.array([0.0, 1, 0]), turn)
        @ about(np.array([0.0, 0, 1]), -sideways)
        @ about(np.array([1.0, 0, 0]), forwards)
    )


def frame(first: Array, second: Array) -> Array:
    """(3, 3) with orthonormal columns: along `first`, along what of `second` is square to it, and their product."""
    one = unit(first)
    two = unit(second - one * float(one @ second))
    return np.stack([one, two, np.cross(one, two)], axis=1)


def swing(start: Array, end: Array) -> Array:
    """(3, 3) shortest rotation that takes one direction to another."""
    start, end = unit(start), unit(end)
    axis = np.cross(start, end)
    if float(np.linalg.norm(axis)) < 1e-8:
        if float(start @ end) > 0:
            return np.eye(3)
        axis = np.cross(start, np.eye(3)[int(np.argmin(np.abs(start)))])
    return about(axis, float(np.degrees(np.arctan2(np.linalg.norm(np.cross(start, end)), start @ end))))


def between(start: Array, end: Array, share: float) -> Array:
    """(3, 3) on the shortest way from one rotation to another: `start` at 0, `end` at 1."""
    step = end @ start.T
    axis = np.array([step[2, 1] - step[1, 2], step[0, 2] - step[2, 0], step[1, 0] - step[0, 1]])
    sine = float(np.linalg.norm(axis)) / 2
    angle = float(np.degrees(np.arctan2(sine, (np.trace(step) - 1) / 2)))
    if sine < 1e-6:
        if angle < 90:
            return start if share < 0.5 else end
        axis = np.linalg.eigh(step + np.eye(3))[1][:, -1]
    return about(axis, share * angle) @ start
