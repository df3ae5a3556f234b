"""What a query has to do with each set of joints that occurs in a gallery.

People who show the same joints share the query's centre, its extent and the weight in common. A gallery of a
million people holds a few thousand such sets; these numbers are computed once a set, in float64.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.scan.compiled import compiled

COLUMNS = 6
SHARE, REACH, SPREAD, MEAN = 0, 1, 2, 3
"""Columns of the table: 1 / (weight in common), NaN where too little is shared; 1 / (extent of the query); weighted
mean squared distance of the query's joints from their centre; the centre, up to three numbers."""


@compiled
def look_up(
    codes: NDArray[np.int32],
    columns: NDArray[np.intp],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    least_joints: int,
    least_weight: float,
    reach: float,
    table: NDArray[np.float32],
) -> None:
    """Fills (S, COLUMNS) for S sets, given as numbers whose bit j says that joint j is seen. columns (K,), points
    (K, D), weights (K,): of the joints asked for; reach: where it is not 0 it goes into the table as it is (metrics
    that do not rescale); else the extent is the larger side of the box in 2D and the root of the spread in 3D."""
    count, size = points.shape
    mean = np.empty(3)
    for row in range(len(codes)):
        code = codes[row]
        total, shared = 0.0, 0
        for joint in range(count):  # one after the other: the sum that `distances` compares, to the last bit
            if (code >> columns[joint]) & 1:
                total += weights[joint]
                shared += 1
        table[row, :] = np.nan
        if shared < least_joints or total < least_weight:
            continue
        spread, side = 0.0, 0.0
        for axis in range(size):
            summed, squares, low, high = 0.0, 0.0, np.inf, -np.inf
            for joint in range(count):
                if (code >> columns[joint]) & 1:
                    value = points[joint, axis]
                    summed += weights[joint] * value
                    low = min(low, value)
                    high = max(high, value)
            mean[axis] = summed / total
            for joint in range(count):
                if (code >> columns[joint]) & 1:
                    squares += weights[joint] * (points[joint, axis] - mean[axis]) ** 2
            spread += squares / total
            side = max(side, high - low)
            table[row, MEAN + axis] = mean[axis]
        if side == 0.0:
            continue
        table[row, SHARE] = 1.0 / total
        table[row, REACH] = reach if reach > 0 else 1.0 / (side if size == 2 else np.sqrt(spread))
        table[row, SPREAD] = spread
