"""Conditional posebytes: the likeliest complete posebyte of a pose of which a few bits are known (Curro's thesis).

Posebytes are taken as normally distributed. Of the bits a that are not known, given those b that are:
mean_a + S_ab (S_bb + ridge)^-1 (b - mean_b), S the covariance. The thesis has one known bit; here are any.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bits = NDArray[np.bool_]

RIDGE = 0.01
"""Added to the variances of known bits, which are at most 0.25: bits that say the same, or that hardly ever differ,
make the matrix singular."""


@dataclass(frozen=True, slots=True, eq=False)
class PosebyteStatistics:
    """mean: (R,) share of the people of whom a bit is true, among those of whom it is known; covariance: (R, R)."""

    mean: Array
    covariance: Array

    @staticmethod
    def of(true: Bits, known: Bits) -> PosebyteStatistics:
        """Of people's posebits (N, R). Two bits vary together over those of whom both are known; negative
        eigenvalues, which only unknown bits bring, are cut to 0. A bit that is known of nobody has mean 0.5 and
        varies with nothing."""
        count = known.sum(axis=0)
        mean = np.where(count > 0, (true & known).sum(axis=0) / np.maximum(count, 1), 0.5)
        apart = np.where(known, true - mean, 0.0)
        both = known.T.astype(np.float64) @ known.astype(np.float64)
        covariance = (apart.T @ apart) / np.maximum(both, 1)
        values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
        return PosebyteStatistics(mean, (vectors * np.maximum(values, 0)) @ vectors.T)

    def complete(self, values: Array, known: Bits, *, ridge: float = RIDGE, rounded: bool = False) -> Array:
        """(R,) posebyte in 0..1: known bits (R,) keep their `values` (R,), the others are as they are expected to
        be, cut to 0..1, and (`rounded`) brought to 0 or 1.

        ridge: see `RIDGE`. Raises ValueError for other shapes.
        """
        if not values.shape == known.shape == self.mean.shape:
            raise ValueError(f"expected {self.mean.shape} bits, got {values.shape} and {known.shape}")
        found = self.mean.copy()
        if known.any():
            among = self.covariance[np.ix_(known, known)]
            off = np.linalg.lstsq(among + ridge * np.eye(len(among)), values[known] - self.mean[known])[0]
            found += self.covariance[:, known] @ off
        found = np.clip(found, 0.0, 1.0)
        if rounded:
            found = np.round(found)
        found[known] = values[known]
        return found
