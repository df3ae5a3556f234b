"""The smallest of many numbers, in a heap whose root is the largest of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.scan.compiled import LANES, compiled

ZERO: Any = np.float32(0)
ONE: Any = np.float32(1)


@compiled
def keep_best(best: NDArray[np.float32], values: NDArray[np.float32], above: float) -> None:
    """Takes those of `values` (N,) into the heap `best` (k,) that are smaller than its root and above `above`; NaN
    is neither. A scan leaves out the zeros of those it could not tell about: they would fill the heap, and a
    heap of zeros lets every other sum stay unfinished."""
    count = len(best)
    if count == 0:
        return
    for start in range(0, len(values), LANES):
        some = values[start : start + LANES]
        root, smaller = best[0], ZERO
        for i in range(len(some)):  # by vector instructions: mostly there is none
            smaller += ONE if some[i] < root and some[i] > above else ZERO
        if smaller == ZERO:
            continue
        for value in some:
            if value < best[0] and value > above:
                at = 0
                while 2 * at + 1 < count:
                    below = 2 * at + 1
                    if below + 1 < count and best[below + 1] > best[below]:
                        below += 1
                    if best[below] <= value:
                        break
                    best[at] = best[below]
                    at = below
                best[at] = value
