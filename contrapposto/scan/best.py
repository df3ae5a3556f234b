"""The smallest of many numbers, in a heap whose root is the largest of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.scan.compiled import compiled


ZERO, ONE = np.float32(0), np.float32(1)


@compiled
def keep_best(best: NDArray[np.float32], values: NDArray[np.float32]) -> None:
    """Takes those of `values` into the heap `best` (k,) that are smaller than its root; NaN is not."""
    count = len(best)
    if count == 0:
        return
    limit, smaller = best[0], ZERO
    for i in range(len(values)):  # vector instructions: mostly none is
        smaller += ONE if values[i] < limit else ZERO
    if smaller == ZERO:
        return
    for value in values:
        if value < best[0]:
            at = 0
            while True:
                below = 2 * at + 1
                if below >= count:
                    break
                if below + 1 < count and best[below + 1] > best[below]:
                    below += 1
                if best[below] <= value:
                    break
                best[at] = best[below]
                at = below
            best[at] = value
