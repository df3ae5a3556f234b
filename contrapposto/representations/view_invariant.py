"""The 32 numbers that stand for a pose whatever side it is seen from (`docs/cross-view.md`): near each other when
two pictures may show one pose, by the Euclidean distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.poses.lifting import encode
from contrapposto.representations import Representation
from contrapposto.weights import Progress

REPRESENTATION = Representation("view_invariant", "person", 32, "L2", maskable=False, version=1)

MIN_SEEN = 3
"""Fewer seen keypoints than this have no embedding."""

_AT_ONCE = 4096


class ViewInvariant:
    """Embeds the keypoints of many people at once; safe to call from several threads."""

    weights: tuple[str, ...] = ("view-invariant",)

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)

    def __call__(self, keypoints: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.float32]:
        """keypoints: (N, 17, 2) picture pixels, y down, NaN where unseen; scores: (N, 17) 0..1, 1 for keypoints
        that were drawn or annotated.

        Returns (N, 32) float32; a row of NaN where fewer than `MIN_SEEN` keypoints are seen, or all of them on one
        point. Where a picture lies and how large it is changes nothing; its mirror image is another pose.
        """
        points = np.asarray(keypoints, dtype=np.float64)
        found = np.empty((len(points), REPRESENTATION.dimension), dtype=np.float32)
        for start in range(0, len(points), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            given = encode(points[rows], np.asarray(scores)[rows])
            (found[rows],) = self._session.run(None, {"keypoints": given})
        found[~embeddable(points)] = np.nan
        return found


def embeddable(keypoints: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(N,) whether at least `MIN_SEEN` keypoints of (N, 17, 2) are seen, and not all on one point."""
    seen: NDArray[np.bool_] = np.all(np.isfinite(keypoints), axis=2)
    low = np.where(seen[..., None], keypoints, np.inf).min(axis=1)
    high = np.where(seen[..., None], keypoints, -np.inf).max(axis=1)
    enough: NDArray[np.bool_] = (seen.sum(axis=1) >= MIN_SEEN) & np.any(high > low, axis=1)
    return enough
