"""Counts of bits over many posebytes, in machine code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic
from numpy.typing import NDArray

from contrapposto.scan.compiled import compiled

BLOCK = 4096
"""People whose two counts stay in the first cache while one word after the other is looked at."""


def _ones(_: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return word(word), generate


ones: Callable[[Any], Any] = intrinsic(_ones)
"""How many bits of a 64-bit word are 1."""


@compiled
def count_bits(
    true: NDArray[np.uint64],
    false: NDArray[np.uint64],
    asked_true: NDArray[np.uint64],
    asked_false: NDArray[np.uint64],
    first: int,
    last: int,
    unmet: NDArray[np.int32],
    unknown: NDArray[np.int32],
) -> None:
    """Adds to the counts (N,) of the people first to last (excluded). true, false: (W, N) bits known to be so, word
    by word; asked_true, asked_false: (W,). Words of which nothing is asked are not read."""
    for start in range(first, last, BLOCK):
        end = min(start + BLOCK, last)
        for word in range(len(asked_true)):
            for_true, for_false = asked_true[word], asked_false[word]
            asked = for_true | for_false
            if asked == 0:
                continue
            yes, no = true[word, start:end], false[word, start:end]
            against, open_ = unmet[start:end], unknown[start:end]
            for i in range(end - start):
                against[i] += numba.int32(ones((for_true & no[i]) | (for_false & yes[i])))
                open_[i] += numba.int32(ones(asked & ~(yes[i] | no[i])))
