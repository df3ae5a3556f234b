"""Distances to matches: what a distance means, as a number from 0 (nothing alike) to 1 (the same).

A match is the chance that two people's true poses are alike, given the distance between the detected ones:
a logistic regression on the logarithm of the distance, over the pairs of different scenes of a development split
(`contrapposto evaluate match`, docs/search.md). Alike is a true distance under 15 px of a 128-px pose, and in space
under 200 mm or 0.35 of the body size, without the turn under 150 mm or 0.25.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.skeleton import LIMB_NUMBERS


@dataclass(frozen=True, slots=True)
class Curve:
    """match = 1 / (1 + (distance / half)^steepness); half: the distance at which the match is one half."""

    half: float
    steepness: float

    def __call__(self, distance: NDArray[np.floating]) -> NDArray[np.float64]:
        """Match of distances, falling from 1 to 0. NaN (not comparable) gives 0."""
        match = 1.0 / (1.0 + (np.asarray(distance, dtype=np.float64) / self.half) ** self.steepness)
        return np.where(np.isfinite(match), match, 0.0)


CURVES: dict[str, Curve] = {
    "2d": Curve(10.4, 5.1),
    "3d": Curve(116.0, 6.3),
    "procrustes": Curve(95.0, 5.7),
    "np-3d": Curve(0.229, 6.8),
    "np-procrustes": Curve(0.194, 6.3),
    "posebits": Curve(8.4, 5.5),
    "fused": Curve(11.0, 6.8),
    "embedding": Curve(0.20, 5.8),
    "view-invariant": Curve(0.62, 6.7),
}
"""The fitted curve of each metric: `2d`, `fused` and `embedding` on the validation split of `lspe`, the others on
the demo collection."""


HIDDEN = 2.0
"""How much it counts against a pose that some of what was asked for is hidden in it."""


def in_effect(distance: NDArray[np.floating], share: NDArray[np.floating]) -> NDArray[np.float64]:
    """The distance times exp(`HIDDEN` * (1 - share)). Few joints fit more easily than many; so a pose of
    which less could be compared is taken to be further away. share: of the weight asked for that could be compared,
    0..1 (`distances.shared_weight`)."""
    hidden = 1.0 - np.asarray(share, dtype=np.float64)
    effect: NDArray[np.float64] = np.asarray(distance, dtype=np.float64) * np.exp(HIDDEN * hidden)
    return effect


def unsureness(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) 0..1, 1 less the mean score of the limb joints of (N, 17): what was badly seen is, on average, further
    from what is asked for than it seems."""
    found: NDArray[np.float64] = 1 - np.clip(np.asarray(scores, np.float64)[:, LIMB_NUMBERS], 0, 1).mean(axis=1)
    return found


def match(metric: str, distance: NDArray[np.floating]) -> NDArray[np.float64]:
    """Match of distances in effect, of a metric in `distances.METRICS`."""
    return CURVES[metric](distance)
