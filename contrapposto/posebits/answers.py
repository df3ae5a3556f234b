"""How people answer posebits: true, false or unknown, how surely, and as a packed posebyte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.posebits.measures import FACE, Figures
from contrapposto.posebits.table import POSEBITS, Posebit
from contrapposto.records import Pose

Array = NDArray[np.float64]

LEAST_SCORE = 0.1
"""A keypoint that is seen counts with at least this score."""

ASTRAY, ASTRAY_UNSEEN = 0.005, 0.105
"""Least chance of either answer, however clear a pose looks, for scores of 1 and of 0: sides are swapped, people
mixed up, hidden joints guessed."""

STRAIGHTENED = ((115.0, 130.0, 160.0, 180.0), (0.0, 20.0, 15.0, 0.0))
"""Estimated angles of an elbow or a knee, and the degrees that are added to them: lifting bends straight limbs, as
it cannot tell their depth."""

WORDS = (len(POSEBITS) + 63) // 64
"""64-bit words that the bits of a posebyte take."""

_HINGES = ("_elbow", "_knee")


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """N people who are asked. scores: (N, 17) of the 2D keypoints, 0..1, 0 where unseen."""

    figures: Figures
    scores: NDArray[np.floating]

    @staticmethod
    def of(poses: Sequence[Pose]) -> People:
        """These poses."""
        points = np.array([pose.keypoints for pose in poses]).reshape(-1, skeleton.COUNT, 2)
        deep = np.array([pose.keypoints3d for pose in poses]).reshape(-1, skeleton.COUNT, 3)
        return People(Figures(points, deep), np.array([pose.scores for pose in poses]).reshape(-1, skeleton.COUNT))

    def __len__(self) -> int:
        return len(self.scores)

    def margin(self, row: Posebit) -> Array:
        """(N,) how far the measure lies on the true side of the threshold, in the row's unit; NaN if unknown.

        Estimated elbows and knees are straightened first (`STRAIGHTENED`).
        """
        value = self.figures.measure(row.measure, row.points)
        if row.measure == "angle" and row.points[1].endswith(_HINGES):
            value = value + np.interp(value, STRAIGHTENED[0], STRAIGHTENED[1])
        return value - row.threshold if row.over else row.threshold - value

    def probability(self, row: Posebit) -> Array:
        """(N,) chance that the row is true, 0..1; NaN where unknown.

        A logistic curve of the margin over the row's sigma, which grows as 1 / sqrt(score) with the score of the
        worst seen of the needed keypoints; it runs from a least chance (`ASTRAY`) that falls with the square of
        1 - score to 1 less that. docs/posebits.md says what it was fitted to.
        """
        score = self._score(row)
        power = np.clip(self.margin(row).astype(np.float32) * np.sqrt(score) * np.float32(1.7 / row.sigma), -60, 60)
        least = np.float32(ASTRAY) + np.float32(ASTRAY_UNSEEN - ASTRAY) * (1 - score) ** 2
        chance: Array = (least + (1 - 2 * least) / (1 + np.exp(-power))).astype(np.float64)
        return chance

    def _score(self, row: Posebit) -> NDArray[np.float32]:
        """(N,) of the worst seen keypoint that a row needs, `LEAST_SCORE` to 1."""
        worst = np.ones(len(self), np.float32)
        for name in row.joints:
            np.minimum(worst, self.scores[:, skeleton.INDEX[name]], out=worst, casting="same_kind")
        if "head" in row.points:
            face = [self.scores[:, skeleton.INDEX[name]] for name in FACE]
            worst = np.minimum(worst, np.max(face, axis=0)).astype(np.float32)
        return np.maximum(worst, np.float32(LEAST_SCORE))


def posebits(people: People, rows: Sequence[Posebit] = POSEBITS) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N, R) which rows are true, and which are known; what is unknown is not true."""
    margins = np.stack([people.margin(row) for row in rows], axis=1)
    known: NDArray[np.bool_] = np.isfinite(margins)
    return known & (margins > 0), known


def pack(true: NDArray[np.bool_], known: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """(N, 2 * `WORDS`) posebytes: the bits that are known to be true, then those that are known to be false, from
    (N, R) as `posebits` gives them. Where a bit is unknown it is 0 in both."""
    halves = []
    for bits in (true & known, ~true & known):
        padded = np.zeros((len(bits), WORDS * 64), bool)
        padded[:, : bits.shape[1]] = bits
        halves.append(np.packbits(padded, axis=1, bitorder="little").view("<u8"))
    return np.concatenate(halves, axis=1).astype(np.uint64)
