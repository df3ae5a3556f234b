"""Distances to matches: what a distance means, as a number from 0 (nothing alike) to 1 (the same).

A match is the chance that two people's true poses are within 15 px of a 128-px pose, given the distance between the
detected ones: a logistic regression on the logarithm of the distance, over the pairs of different scenes of a
development split.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HALF_2D = 11.3
"""px of 128: the 2D distance at which the match is one half."""

STEEPNESS_2D = 5.3
"""How fast the match falls around `HALF_2D` (exponent of the distance)."""


def match_2d(distance: NDArray[np.floating]) -> NDArray[np.float64]:
    """Match of 2D distances (px of a 128-px pose): 1 / (1 + (d / half)^steepness), falling from 1 to 0.

    NaN (not comparable) gives 0.
    """
    match = 1.0 / (1.0 + (np.asarray(distance, dtype=np.float64) / HALF_2D) ** STEEPNESS_2D)
    return np.where(np.isfinite(match), match, 0.0)
