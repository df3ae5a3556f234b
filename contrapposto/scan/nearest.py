"""The smallest of many distances that are known from below, the exact ones computed where they matter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Exact = Callable[[NDArray[np.intp]], NDArray[np.float64]]
"""Rows (M,) to their exact distances (M,), NaN where not comparable."""


MORE = 4
"""Rows that may still be among the nearest are computed at once if they are at most this many times what was taken;
else this many times as many are taken, whose k-th distance is smaller."""


def reaching(
    bounds: NDArray[np.floating], exact: Exact, k: int, *, compiled: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """All rows (M,) that can be among those with the k smallest distances, equal ones included, and these distances
    (M,), NaN where not comparable; in no order.

    bounds: (N,) none above its exact distance, NaN where not comparable; compiled: select by machine code, for
    float32. If d is the k-th smallest exact distance among any rows, then a row whose bound is above d is not among
    the k nearest. So rows are computed in the order of their bounds, until all with a bound of at most d have been.
    Raises ValueError for k below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    rows, distances, reached, taken = np.zeros(0, np.intp), np.zeros(0), -np.inf, at_first(k)
    while True:
        until = max(reached, _smallest(bounds, taken, compiled))
        while True:
            more = np.flatnonzero(bounds <= until)
            more = more[bounds[more] > reached]
            rows, distances = np.concatenate([rows, more]), np.concatenate([distances, exact(more)])
            reached = until
            worst = _kth(distances, k)
            if worst <= reached or reached == np.inf:
                return rows, distances
            if np.count_nonzero(bounds <= worst) > MORE * taken:
                break
            until = worst
        taken *= MORE


def at_first(k: int) -> int:
    """How many rows with the smallest bounds are computed first: more than k, for some whose bound says little."""
    return k + k // 4 + 32


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
    keep_best(best, bounds, -1.0)
    return float(best[0])


def _kth(distances: NDArray[np.float64], k: int) -> float:
    """The k-th smallest distance; infinity where fewer are known."""
    known = distances[np.isfinite(distances)]
    return float(np.partition(known, k - 1)[k - 1]) if len(known) >= k else np.inf
