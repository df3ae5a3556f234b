"""Weighted distances of many vectors from a centre, as one inner product.

sum of w (x - q)^2 = [x, x^2] . [-2 w q, w] + sum of w q^2. With q = 0 and w = mask^2 it is the squared distance of
the masked vector from the origin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float32]

UNIT = 2.0**-24
"""Rounding of one float32 operation, relative."""


def doubled(vectors: NDArray[np.floating]) -> Real:
    """(N, 2 D) float32 to keep: vectors (N, D) beside their squares."""
    given = np.asarray(vectors, dtype=np.float32)
    return np.concatenate([given, given * given], axis=1)


def weighted_distances(
    kept: Real, weights: NDArray[np.floating], centre: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """(N,) weighted squared distances of vectors, kept as `doubled` gives them (N, 2 D), from a centre (D,), or
    from the origin when it is None. weights: (D,), at least 0.

    A row with NaN gives NaN. Distances that rounding brings below 0 are 0. Raises ValueError for other shapes and
    for weights below 0.
    """
    asked = np.asarray(weights, dtype=np.float64)
    middle = np.zeros_like(asked) if centre is None else np.asarray(centre, dtype=np.float64)
    if kept.ndim != 2 or asked.ndim != 1 or kept.shape[1] != 2 * len(asked) or middle.shape != asked.shape:
        raise ValueError(f"vectors kept as {kept.shape} do not fit weights {asked.shape}, centre {middle.shape}")
    if not (asked >= 0).all():
        raise ValueError("weights must be at least 0")
    query = np.concatenate([-2 * asked * middle, asked]).astype(np.float32)
    products = (kept @ query).astype(np.float64)
    distances: NDArray[np.float64] = np.maximum(products + (asked * middle * middle).sum(), 0.0)
    return distances


def lower_bounds(
    kept: Real, weights: NDArray[np.floating], centre: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """(N,) as `weighted_distances`, less what rounding can have added: at most those of `exact_distances`."""
    found = weighted_distances(kept, weights, centre)
    asked = np.asarray(weights, dtype=np.float64)
    middle = 0.0 if centre is None else float(np.sqrt((asked * np.square(centre, dtype=np.float64)).sum()))
    length = middle + np.sqrt(found)
    terms = length * (length + 2 * middle)
    low: NDArray[np.float64] = np.maximum(found - 2 * (kept.shape[1] + 4) * UNIT * terms, 0.0)
    return low


def exact_distances(
    vectors: NDArray[np.floating], weights: NDArray[np.floating], centre: NDArray[np.floating]
) -> NDArray[np.float64]:
    """(N,) weighted squared distances of vectors (N, D) from a centre (D,), in float64: of a vector they are the
    same whatever others come with it."""
    apart = np.asarray(vectors, np.float64) - np.asarray(centre, np.float64)
    distances: NDArray[np.float64] = (np.asarray(weights, np.float64) * apart * apart).sum(axis=1)
    return distances
