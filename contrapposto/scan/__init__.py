"""Fast distances from one query to many people (compiled; below some thousand people plain NumPy)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.distances import pose_distances


class Gallery:
    """Poses laid out for scanning: (N, 17, D), NaN where unseen. The caller (search/ranking.py) uses `distances`
    for all people, of each part, and `margin`, then re-ranks exactly those who can be among the best."""

    def __init__(self, points: NDArray[np.floating]) -> None:
        self._points = points

    def distances(self, metric: str, query: NDArray[np.floating], weights: NDArray[np.floating]) -> NDArray[np.floating]:
        """(N,) distances, NaN where not comparable, right within `margin`."""
        return pose_distances(metric, query, self._points, weights)

    def margin(self, metric: str, distances: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N,) how far the exact distances can be from these."""
        return np.asarray(distances, dtype=np.float64) * 1e-12
