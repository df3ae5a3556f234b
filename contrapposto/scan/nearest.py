"""The smallest of many distances that are known from below, the exact ones computed where they matter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Exact = Callable[[NDArray[np.intp]], NDArray[np.float64]]
"""Rows (M,) to their exact distances (M,), NaN where not comparable."""


def reaching(
    bounds: NDArray[np.floating], exact: Exact, k: int, *, compiled: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """All rows (M,) that can be among those with the k smallest distances, equal ones included, and these distances
    (M,), NaN where not comparable; in no order.

    bounds: (N,) none above its exact distance, NaN where not comparable; compiled: select by machine code, for
    float32. If d is the k-th smallest exact distance among the rows of the k smallest bounds, a row whose bound is
    above d is not among the k nearest; all others are here. Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    taken = k
    while True:
        until = _smallest(bounds, taken, compiled)
        rows = np.flatnonzero(bounds <= until)
        distances = exact(rows)
        known = np.sort(distances[np.isfinite(distances)])
        if len(known) >= k or until == np.inf:
            break
        taken *= 4  # some of those taken cannot be compared
    if until < np.inf:
        more = np.flatnonzero(bounds <= float(known[k - 1]))
        more = more[bounds[more] > until]
        rows, distances = np.concatenate([rows, more]), np.concatenate([distances, exact(more)])
    return rows, distances


def nearest_by(
    bounds: NDArray[np.floating], exact: Exact, k: int, *, compiled: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The rows (M,) with the k smallest distances, nearest first and equal ones in order of rows, and these
    distances (M,); M is k, or less where fewer can be compared. Arguments as `reaching`."""
    rows, distances = reaching(bounds, exact, k, compiled=compiled)
    order = np.lexsort((rows, distances))[: min(k, int(np.isfinite(distances).sum()))]  # NaN comes last
    return rows[order], distances[order]


def _smallest(bounds: NDArray[np.floating], k: int, compiled: bool) -> float:
    """The k-th smallest bound; infinity where fewer are known."""
    if k >= len(bounds):
        return np.inf
    if not compiled:
        value = float(np.partition(bounds, k - 1)[k - 1])  # NaN comes last
        return value if np.isfinite(value) else np.inf
    from contrapposto.scan.best import keep_best

    best = np.full(k, np.inf, np.float32)
    keep_best(best, bounds)
    return float(best[0])
