"""Masked Hamming distances of many posebytes, exact: what is not asked does not count.

A posebyte is a row of 2 W words of 64 bits, as `posebits.answers.pack` makes it: the bits that are known to be
true, then those that are known to be false. A bit that is unknown is 0 in both.

The words lie best one kind after the other, as in `np.asfortranarray` of all posebytes: then the words of which
nothing is asked are not read at all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

FEW = 20_000
"""Posebytes: fewer are never counted by machine code, which NumPy equals there."""

AFTER = 30_000_000
"""Posebytes that NumPy looks at, over all queries of a process, before the machine code is loaded: loading it takes
as long as they do, so a process that asks once does not wait for it."""

LEAST_SHARED = 32
"""Bits that two posebytes must both know to be compared, when nothing else is said."""


class Counts(NamedTuple):
    """Of each posebyte (N,): the bits asked for that are known to be otherwise, and those that are unknown."""

    unmet: NDArray[np.int32]
    unknown: NDArray[np.int32]


class _Process:
    looked_at: ClassVar[int] = 0


def masked_hamming(posebytes: Words, asked_true: Words, asked_false: Words, threads: int = 1) -> Counts:
    """How many of the bits asked for do not agree, and how many are unknown; an unknown one is not among those that
    do not agree.

    posebytes: (N, 2 W); asked_true, asked_false: (W,) bits that must be true, and false. Raises ValueError for
    other shapes, and for a bit that is asked to be both.
    """
    words = posebytes.shape[-1] // 2
    if posebytes.ndim != 2 or posebytes.shape[1] != 2 * words or not words:
        raise ValueError(f"expected posebytes of shape (N, 2 W), got {posebytes.shape}")
    if asked_true.shape != (words,) or asked_false.shape != (words,):
        raise ValueError(f"expected {words} words, got {asked_true.shape} and {asked_false.shape}")
    if (asked_true & asked_false).any():
        raise ValueError("a bit is asked to be true and to be false: ask for one")
    counts = Counts(np.zeros(len(posebytes), np.int32), np.zeros(len(posebytes), np.int32))
    true, false = posebytes[:, :words].T, posebytes[:, words:].T
    _Process.looked_at += len(posebytes)
    if len(posebytes) < FEW or _Process.looked_at < AFTER:
        _count(true, false, asked_true, asked_false, counts)
    else:
        _count_compiled(true, false, asked_true, asked_false, counts, threads)
    return counts


def posebyte_distances(
    query: Words, posebytes: Words, *, least_shared: int = LEAST_SHARED, threads: int = 1
) -> NDArray[np.float64]:
    """(N,) share, 0..1, of the bits known in the query (2 W,) and in a posebyte that differ; NaN where they share
    fewer than `least_shared` known bits, or none. The query's bits that are not to count are unknown."""
    true, false = query[: len(query) // 2], query[len(query) // 2 :]
    unmet, unknown = masked_hamming(posebytes, true, false, threads)
    shared = int(np.bitwise_count(query).sum()) - unknown
    enough = shared >= max(least_shared, 1)
    return np.where(enough, unmet / np.maximum(shared, 1), np.nan)


def _count(true: Words, false: Words, asked_true: Words, asked_false: Words, counts: Counts) -> None:
    for word in np.flatnonzero(asked_true | asked_false):
        yes, no = true[word], false[word]
        for_true, for_false = asked_true[word], asked_false[word]
        counts.unmet[:] += np.bitwise_count((no & for_true) | (yes & for_false))
        counts.unknown[:] += np.bitwise_count(~(yes | no) & (for_true | for_false))


def _count_compiled(
    true: Words, false: Words, asked_true: Words, asked_false: Words, counts: Counts, threads: int
) -> None:
    from contrapposto.scan.bits import count_bits

    def count(first: int, last: int) -> None:
        count_bits(true, false, asked_true, asked_false, first, last, counts.unmet, counts.unknown)

    if threads == 1:
        count(0, true.shape[1])
        return
    cuts = np.linspace(0, true.shape[1], threads + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(count, cuts[:-1], cuts[1:]))
