"""Vectors of N people as columns, (2, N) or (3, N), so that arithmetic runs along memory. NaN stays NaN."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def mean_of_seen(groups: Sequence[Sequence[Array]]) -> Array:
    """Mean of the points that are seen, NaN where none is. Groups are added up first: with left and right in one
    group a mirrored body gives exactly the mirrored mean."""
    sums = [np.sum([np.nan_to_num(point) for point in group], axis=0) for group in groups]
    count = np.sum([np.isfinite(point[0]) for group in groups for point in group], axis=0, dtype=np.float32)
    mean: Array = np.sum(sums, axis=0) / np.where(count > 0, count, np.float32(np.nan))
    return mean


def dot(first: Array, second: Array) -> Array:
    """(N,)"""
    product = first[0] * second[0]
    for a, b in zip(first[1:], second[1:], strict=True):
        product += a * b
    return np.asarray(product)


def cross(first: Array, second: Array) -> Array:
    """(3, N) right-handed."""
    (a, b, c), (x, y, z) = first, second
    return np.stack([b * z - c * y, c * x - a * z, a * y - b * x])


def length(vectors: Array) -> Array:
    """(N,)"""
    return np.asarray(np.sqrt(dot(vectors, vectors)))


def over(lengths: Array, least: float = 0.0) -> Array:
    """(N,) to divide by: NaN where it is no longer than `least`."""
    return np.where(lengths > least, lengths, np.float32(np.nan))


def unit(vectors: Array, least: float = 1e-6) -> Array:
    """Brought to length 1; NaN where they are no longer than `least`."""
    return np.asarray(vectors / over(length(vectors), least))


def angle_between(first: Array, second: Array) -> Array:
    """(N,) 0..180 degrees; NaN where one has no length."""
    return arccos(dot(first, second) / over(length(first) * length(second)))


def arccos(cosine: Array) -> Array:
    """Degrees, 0..180; rounding errors beyond -1 and 1 are cut."""
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def arcsin(sine: Array) -> Array:
    """Degrees, -90..90; rounding errors beyond -1 and 1 are cut."""
    return np.asarray(np.degrees(np.arcsin(np.clip(sine, -1, 1))))


def arctan(opposite: Array, adjacent: Array) -> Array:
    """Degrees, -180..180, of the right quadrant."""
    return np.asarray(np.degrees(np.arctan2(opposite, adjacent)))
