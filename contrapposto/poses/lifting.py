"""Lifting: 3D keypoints from the 2D keypoints of a person, by a small network of our own (`docs/poses3d.md`).

The network gives the whole pose. Its x and y are then drawn back towards the picture, the more the surer a keypoint
is: what is seen needs no guessing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.geometry import mirror
from contrapposto.inference import open_session
from contrapposto.weights import Progress

MIN_SEEN = 4
"""Fewer seen keypoints than this have no 3D pose."""

TO_PICTURE = 0.8
"""How far a keypoint of score 1 is drawn to its place in the picture, 0..1; others by their score less."""

_LEAST_SCORE = 0.1
_AT_ONCE = 4096


class Lifter:
    """Lifts the keypoints of many people at once; safe to call from several threads."""

    weights: tuple[str, ...] = ("lifter",)

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)

    def __call__(self, keypoints: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """keypoints: (N, 17, 2) picture pixels, y down, NaN where unseen; scores: (N, 17) 0..1, 1 for keypoints
        that were drawn or annotated.

        Returns (N, 17, 3) metres in the camera frame (`records.py`) of an average adult's body, NaN where the
        keypoint is unseen, and everywhere where fewer than `MIN_SEEN` are seen or all on one point. Where a
        picture lies and how large it is changes nothing; its mirror image gives the mirrored pose exactly.
        """
        points = np.asarray(keypoints, dtype=np.float64)
        found = np.empty((len(points), skeleton.COUNT, 3))
        for start in range(0, len(points), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            straight = self._run(points[rows], scores[rows])
            turned = mirror(self._run(mirror(points[rows]), np.asarray(scores)[rows][:, skeleton.FLIP]))
            found[rows] = to_picture((straight + turned) / 2, points[rows], np.asarray(scores)[rows])
        seen: NDArray[np.bool_] = np.all(np.isfinite(points), axis=2)
        found[~seen | ~liftable(points)[:, None]] = np.nan
        return found

    def _run(self, keypoints: NDArray[np.float64], scores: NDArray[np.floating]) -> NDArray[np.float64]:
        (found,) = self._session.run(None, {"keypoints": encode(keypoints, scores)})
        return np.asarray(found, dtype=np.float64).reshape(-1, skeleton.COUNT, 3)


def liftable(keypoints: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(N,) whether enough keypoints of (N, 17, 2) are seen, and not all on one point."""
    seen: NDArray[np.bool_] = np.all(np.isfinite(keypoints), axis=2)
    low = np.where(seen[..., None], keypoints, np.inf).min(axis=1)
    high = np.where(seen[..., None], keypoints, -np.inf).max(axis=1)
    enough: NDArray[np.bool_] = (seen.sum(axis=1) >= MIN_SEEN) & np.any(high > low, axis=1)
    return enough


def to_picture(
    poses: NDArray[np.float64], keypoints: NDArray[np.float64], scores: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Poses (N, 17, 3) in the camera frame with x and y drawn towards their keypoints (N, 17, 2), picture pixels,
    which are scaled and moved to lie nearest (least squares weighted by score). The origin stays in the middle of
    the hips. Unseen keypoints keep their place."""
    seen, sure = _weights(keypoints, scores)
    share = sure[..., None] / np.maximum(sure.sum(axis=1), 1e-9)[:, None, None]
    picture = np.where(seen[..., None], keypoints * np.array([1.0, -1.0]), 0.0)
    flat = poses[..., :2]
    picture = picture - (picture * share).sum(axis=1, keepdims=True)
    middle = (flat * share).sum(axis=1, keepdims=True)
    size = (picture**2 * share).sum(axis=(1, 2))
    scale = (picture * (flat - middle) * share).sum(axis=(1, 2)) / np.where(size > 0, size, 1.0)
    pull = np.where(seen & (scale > 0)[:, None], TO_PICTURE * np.clip(sure, 0, 1), 0.0)[..., None]
    drawn = poses.copy()
    drawn[..., :2] += pull * (scale[:, None, None] * picture + middle - flat)
    return drawn - skeleton.pelvis(drawn)[:, None]


def encode(keypoints: NDArray[np.floating], scores: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 51) what the network is given: x, y and score of each keypoint in turn.

    x right, y up, from the mean of the seen keypoints and over their root mean square distance from it, both
    weighted by score; zeros where unseen. A seen keypoint counts with a score of at least 0.1.
    """
    points = np.asarray(keypoints, dtype=np.float64)
    seen, sure = _weights(points, scores)
    weight = sure[..., None] / np.maximum(sure.sum(axis=1), 1e-9)[:, None, None]
    points = np.where(seen[..., None], points, 0.0)
    centred = np.where(seen[..., None], points - (points * weight).sum(axis=1, keepdims=True), 0.0)
    size = np.sqrt((centred**2 * weight).sum(axis=(1, 2)))
    centred *= np.array([1.0, -1.0]) / np.where(size > 0, size, 1.0)[:, None, None]
    encoded = np.concatenate([centred, sure[..., None]], axis=2).astype(np.float32)
    return encoded.reshape(len(points), 3 * skeleton.COUNT)


def _weights(
    keypoints: NDArray[np.float64], scores: NDArray[np.floating]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """(N, 17) what is seen, and how sure: at least `_LEAST_SCORE`, 0 where unseen."""
    seen: NDArray[np.bool_] = np.all(np.isfinite(keypoints), axis=2)
    return seen, np.where(seen, np.maximum(np.nan_to_num(scores), _LEAST_SCORE), 0.0)
