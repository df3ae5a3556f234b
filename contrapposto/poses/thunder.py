"""MoveNet Thunder: the 17 keypoints of the one person in a square patch.

Input: int32 RGB (1, 256, 256, 3). Output: (1, 1, 17, 3): y, x normalised by the patch, score 0..1 (model card of
MoveNet SinglePose Thunder).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.media.sampling import Region
from contrapposto.skeleton import FLIP, neck, pelvis
from contrapposto.weights import Progress

_SIDE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """points: (17, 2) float64 pixels of the picture, all finite; scores: (17,) 0..1."""

    points: NDArray[np.float64]
    scores: NDArray[np.float64]

    @property
    def score(self) -> float:
        """Mean keypoint score, 0..1."""
        return float(self.scores.mean())


class Thunder:
    """Estimates one person a region."""

    weights: tuple[str, ...] = ("movenet-thunder",)

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: NDArray[np.uint8], region: Region, *, mirrored: bool = False) -> Estimate:
        """image: (H, W, 3) RGB; mirrored: look at the mirror image, and say where the keypoints are in the picture.
        Always answers: a low score means that nobody is there."""
        patch = region.cut(image, _SIDE)
        patch = patch[:, ::-1] if mirrored else patch
        given = {self._input: patch[None].astype(np.int32)}
        found = self._session.run(None, given)[0].reshape(17, 3).astype(np.float64)
        points, scores = found[:, 1::-1] * _SIDE, found[:, 2].clip(0, 1)
        if mirrored:
            points, scores = points[FLIP] * (-1, 1) + (_SIDE, 0), scores[FLIP]
        return Estimate(region.to_picture(points, _SIDE), scores)


def torso_turn(points: NDArray[np.float64]) -> float | None:
    """Radians, -pi..pi, by which the torso of (17, 2) picture points (y down) is turned clockwise from upright;
    None where neck and pelvis nearly coincide."""
    axis = neck(points) - pelvis(points)
    if not np.hypot(*axis) > 4:
        return None
    return float(np.arctan2(axis[0], -axis[1]))


def turned_region(estimate: Estimate, turn: float, expand: float, min_score: float) -> Region:
    """The square around an estimate's keypoints whose upright axis follows the torso."""
    sure = estimate.scores > min_score
    points = estimate.points[sure] if sure.sum() > 4 else estimate.points
    cosine, sine = np.cos(turn), np.sin(turn)
    axes = np.array([[cosine, sine], [-sine, cosine]])
    turned = points @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    x, y = (low + high) / 2 @ axes
    return Region(float(x), float(y), max(float((high - low).max()), 1.0) * expand, turn)
