"""The nearest of many 256-bit descriptors, all looked at: exact. Importing this module imports Numba."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from contrapposto.scan.bits import ones
from contrapposto.scan.compiled import compiled, inlined

WORDS = 4
"""64-bit words of a descriptor."""

FARTHEST = 256
"""The largest distance of two descriptors."""

NONE = FARTHEST + 1
"""Stands for the distance where there is none."""

BLOCK = 1024
"""Descriptors that stay in the first cache while one query after the other is compared with them."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Of Q queries. distances: (Q,) int32 bits to the nearest, `NONE` where none is near enough; rows, starts:
    those at that distance, rising: query i's are rows[starts[i] : starts[i + 1]]; others: (Q,) int32 bits to the
    nearest one whose owner is not that of the first of these rows, `NONE` where none is near enough."""

    distances: NDArray[np.int32]
    rows: NDArray[np.intp]
    starts: NDArray[np.intp]
    others: NDArray[np.int32]


def nearest(
    queries: NDArray[np.uint8],
    base: NDArray[np.uint8],
    owners: NDArray[np.int32],
    limit: int = FARTHEST,
    *,
    threads: int = 1,
) -> Nearest:
    """For each of the descriptors (Q, 32) the nearest of (N, 32), by the number of bits that differ, all of them at
    equal distance; owners: (N,) whose each is. More than `limit` bits away is not near enough.

    Raises ValueError where shapes do not fit or the limit is not in 0..256.
    """
    asked, known, whose = words_of(queries), words_of(base), owned(owners, len(base))
    checked(limit)

    def look(part: NDArray[np.uint64]) -> Found:
        best = np.full(len(part), limit + 1, np.int32)
        other = best.copy()
        least = np.empty((-(-len(known) // BLOCK), len(part)), np.int32)
        scan_least(part, known, whose, best, other, least)
        ties, rows = np.zeros(len(part), np.int32), np.zeros(0, np.int64)
        gather_ties(part, known, best, limit, least, ties, rows)  # counts them
        rows = np.empty(ties.sum(dtype=np.intp), np.int64)
        gather_ties(part, known, best, limit, least, ties, rows)
        return best, other, ties, rows

    return in_threads(look, asked, limit, threads)


def nearest_owners(
    queries: NDArray[np.uint8],
    base: NDArray[np.uint8],
    owners: NDArray[np.int32],
    count: int,
    *,
    threads: int = 1,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """For each of the descriptors (Q, 32) the `count` owners that have the nearest of (N, 32), nearest first, at
    equal distance the one whose descriptor comes first; and the bits to the nearest descriptor of each. Both
    (Q, count) int32; owner -1 at distance `NONE` where there are not so many. Raises ValueError as `nearest`, and
    for a count below 1."""
    asked, known, whose = words_of(queries), words_of(base), owned(owners, len(base))
    if count < 1:
        raise ValueError(f"at least 1 owner is asked for, not {count}")
    found = np.full((len(asked), count), -1, np.int32)
    away = np.full((len(asked), count), NONE, np.int32)

    def look(first: int, last: int) -> None:
        scan_owners(asked[first:last], known, whose, found[first:last], away[first:last])

    if threads == 1:
        look(0, len(asked))
    else:
        cuts = np.linspace(0, len(asked), threads + 1).astype(int).tolist()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(look, cuts[:-1], cuts[1:]))
    return found, away


Found = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]
"""Of some queries: distances, others (limit + 1 where there is none), number of rows (Q,), and the rows in turn."""


def in_threads(
    look: Callable[[NDArray[np.uint64]], Found], queries: NDArray[np.uint64], limit: int, threads: int
) -> Nearest:
    """What `look` finds, asked with the queries (Q, 4) in so many parts at the same time."""
    if threads == 1:
        found = [look(queries)]
    else:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(look, np.array_split(queries, threads)))
    best, other, ties = (np.concatenate([part[column] for part in found]) for column in range(3))
    return Nearest(
        np.where(best > limit, NONE, best).astype(np.int32),
        np.concatenate([part[3] for part in found]).astype(np.intp),
        np.concatenate([[0], np.cumsum(ties, dtype=np.intp)]),
        np.where(other > limit, NONE, other).astype(np.int32),
    )


def checked(limit: int) -> None:
    """Raises ValueError for a limit that is not in 0..256 bits."""
    if not 0 <= limit <= FARTHEST:
        raise ValueError(f"a limit of {limit} bits; it lies in 0..{FARTHEST}")


def owned(owners: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """The owners as they are scanned. Raises ValueError unless there are so many."""
    if len(owners) != count:
        raise ValueError(f"{count} descriptors have {len(owners)} owners")
    return np.ascontiguousarray(owners, np.int32)


def words_of(descriptors: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N, 32) bytes as (N, 4) words. Raises ValueError for another shape or type."""
    if descriptors.ndim != 2 or descriptors.shape[1] != 8 * WORDS or descriptors.dtype != np.uint8:
        raise ValueError(f"expected (N, {8 * WORDS}) bytes, got {descriptors.shape} of {descriptors.dtype}")
    return np.ascontiguousarray(descriptors).view(np.uint64)


@inlined
def _distances(words: NDArray[np.uint64], query: NDArray[np.uint64], away: NDArray[np.int32], count: int) -> int:
    """Writes the bits away (BLOCK,) from the query (4,) of the first `count` of a block (4, BLOCK); the
    smallest."""
    a, b, c, d = query[0], query[1], query[2], query[3]
    for i in range(count):
        away[i] = numba.int32(
            ones(words[0, i] ^ a) + ones(words[1, i] ^ b) + ones(words[2, i] ^ c) + ones(words[3, i] ^ d)
        )
    smallest = numba.int32(NONE)
    for i in range(count):
        smallest = min(smallest, away[i])
    return smallest  # type: ignore[no-any-return]


@inlined
def _turned(base: NDArray[np.uint64], start: int, count: int, words: NDArray[np.uint64]) -> None:
    """Writes a block (4, BLOCK) of descriptors, word by word, so that vector instructions take them."""
    for i in range(count):
        for word in range(WORDS):
            words[word, i] = base[start + i, word]


@compiled
def scan_least(
    queries: NDArray[np.uint64],
    base: NDArray[np.uint64],
    owners: NDArray[np.int32],
    best: NDArray[np.int32],
    other: NDArray[np.int32],
    least: NDArray[np.int32],
) -> None:
    """Lowers best (Q,), the distance of the nearest, and other (Q,), that of the nearest of another owner; they
    begin with what is too far. least: (blocks, Q) written, the smallest distance in each block."""
    first = np.full(len(queries), -1, np.int32)
    words, away = np.empty((WORDS, BLOCK), np.uint64), np.empty(BLOCK, np.int32)
    for block in range(len(least)):
        start = block * BLOCK
        count = min(BLOCK, len(base) - start)
        _turned(base, start, count, words)
        for query in range(len(queries)):
            smallest = _distances(words, queries[query], away, count)
            least[block, query] = smallest
            if smallest >= other[query]:
                continue
            for i in range(count):
                if away[i] >= other[query]:
                    continue
                owner = owners[start + i]
                if away[i] < best[query]:
                    if owner != first[query]:
                        other[query] = best[query]
                        first[query] = owner
                    best[query] = away[i]
                elif owner != first[query]:
                    other[query] = away[i]


@compiled
def scan_owners(
    queries: NDArray[np.uint64],
    base: NDArray[np.uint64],
    owners: NDArray[np.int32],
    found: NDArray[np.int32],
    distances: NDArray[np.int32],
) -> None:
    """Writes the nearest owners (Q, K) and their distances, which begin with what is too far."""
    words, away = np.empty((WORDS, BLOCK), np.uint64), np.empty(BLOCK, np.int32)
    last = found.shape[1] - 1
    for start in range(0, len(base), BLOCK):
        count = min(BLOCK, len(base) - start)
        _turned(base, start, count, words)
        for query in range(len(queries)):
            whose, best = found[query], distances[query]
            if _distances(words, queries[query], away, count) >= best[last]:
                continue
            for i in range(count):
                if away[i] >= best[last]:
                    continue
                owner, at = owners[start + i], numba.intp(0)
                while at < last and whose[at] != owner:
                    at += 1
                if whose[at] == owner and best[at] <= away[i]:
                    continue
                while at > 0 and best[at - 1] > away[i]:
                    whose[at], best[at] = whose[at - 1], best[at - 1]
                    at -= 1
                whose[at], best[at] = owner, away[i]


@compiled
def gather_ties(
    queries: NDArray[np.uint64],
    base: NDArray[np.uint64],
    best: NDArray[np.int32],
    limit: int,
    least: NDArray[np.int32],
    ties: NDArray[np.int32],
    rows: NDArray[np.int64],
) -> None:
    """Writes how many rows are at the best distance, ties (Q,), none where that is beyond the limit, and, where
    `rows` has room, these, query after query."""
    at = 0
    for query in range(len(queries)):
        count = 0
        for block in range(len(least)):
            if best[query] > limit or least[block, query] != best[query]:
                continue
            for row in range(block * BLOCK, min((block + 1) * BLOCK, len(base))):
                bits = 0
                for word in range(WORDS):
                    bits += numba.int32(ones(queries[query, word] ^ base[row, word]))
                if bits == best[query]:
                    if at < len(rows):
                        rows[at] = row
                    at += 1
                    count += 1
        ties[query] = count
