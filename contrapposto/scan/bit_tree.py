"""A tree over many 256-bit descriptors, to find near ones without looking at all. Importing this imports Numba.

Garcia and Vogiatzis, "Dress like a Star" (ICCVW 2017): a node splits its descriptors by the bit that is 1 in most
nearly half of them, down to leaves of at most 100; a query goes down to its leaf, then to further leaves, the
nearest first, 50 in all; all descriptors at the smallest distance seen are the answer. The nodes of a path test
different bits, so the number of them at which a query would have gone the other way is a lower bound of its
distance to everything below: leaves are taken in the order of these bounds, and once the next bound is larger than
the smallest distance seen the answer is exact. At equal bounds the node that came up last is taken first.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from contrapposto.scan.bits import ones
from contrapposto.scan.compiled import compiled
from contrapposto.scan.hamming import FARTHEST, WORDS, Found, Nearest, checked, in_threads, owned, words_of

LEAF = 100
"""Descriptors of a leaf at most, unless they are all the same."""

LEAVES = 50
"""Leaves that a query looks at."""


@dataclass(frozen=True, slots=True, eq=False)
class BitTree:
    """descriptors: (N, 4) words, in order of leaves; rows: (N,) where each was in what the tree was made of;
    owners: (N,) whose each is. nodes: (K, 3) int32, node 0 the root: the bit that it tests and the node for 0, that
    for 1 being the next; of a leaf -1, and its first descriptor and the first that it does not hold any more."""

    descriptors: NDArray[np.uint64]
    rows: NDArray[np.int64]
    owners: NDArray[np.int32]
    nodes: NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        """Bytes of the nodes and the order, which is what the tree adds to the descriptors and their owners."""
        return int(self.nodes.nbytes + self.rows.nbytes)

    @classmethod
    def of(cls, base: NDArray[np.uint8], owners: NDArray[np.int32], leaf: int = LEAF) -> BitTree:
        """The tree of descriptors (N, 32) and whose each is (N,). Raises ValueError where shapes do not fit or
        leaves would hold nothing."""
        known = words_of(base)
        whose = owned(owners, len(base))
        if leaf < 1:
            raise ValueError(f"a leaf holds at least 1 descriptor, not {leaf}")
        rows = np.arange(len(known))
        nodes = np.empty((2 * max(len(known), 1), 3), np.int32)
        count = grow(known, rows, leaf, nodes)
        return cls(known[rows], rows, whose[rows], nodes[:count].copy())

    def nearest(
        self, queries: NDArray[np.uint8], limit: int = FARTHEST, *, leaves: int = LEAVES, threads: int = 1
    ) -> Nearest:
        """As `hamming.nearest`, among the descriptors of at most `leaves` leaves for each query; with all leaves
        the same, but that it stops where nothing can be as near as the nearest, and so may not see the nearest one
        of another owner. Raises ValueError for less than 1 leaf, or for what does not fit."""
        asked = words_of(queries)
        if leaves < 1:
            raise ValueError(f"a query looks at 1 leaf at least, not at {leaves}")
        checked(limit)

        def look(part: NDArray[np.uint64]) -> Found:
            best = np.full(len(part), limit + 1, np.int32)
            other, ties = best.copy(), np.zeros(len(part), np.int32)
            rows = look_up(part, self.descriptors, self.owners, self.rows, self.nodes, leaves, best, other, ties)
            return best, other, ties, rows

        return in_threads(look, asked, limit, threads)


@compiled
def grow(known: NDArray[np.uint64], rows: NDArray[np.int64], leaf: int, nodes: NDArray[np.int32]) -> int:
    """Puts the rows (N,) of descriptors (N, 4) in order of leaves and writes the nodes, (2 N or more, 3); their
    number."""
    count = 1
    nodes[0, 0], nodes[0, 1], nodes[0, 2] = -1, 0, len(rows)
    set_bits = np.empty(64 * WORDS, np.int32)
    at = 0
    while at < count:  # nodes from `at` on are leaves that have not been looked at
        first, last = nodes[at, 1], nodes[at, 2]
        if last - first > leaf:
            set_bits[:] = 0
            for i in range(first, last):
                for word in range(WORDS):
                    value = known[rows[i], word]
                    for bit in range(64):
                        set_bits[64 * word + bit] += numba.int32((value >> np.uint64(bit)) & np.uint64(1))
            chosen, off = -1, last - first
            for bit in range(64 * WORDS):
                unbalanced = abs(2 * set_bits[bit] - (last - first))
                if unbalanced < off:
                    chosen, off = bit, unbalanced
            if chosen >= 0:
                middle = last
                i = first
                while i < middle:
                    if (known[rows[i], chosen // 64] >> np.uint64(chosen % 64)) & np.uint64(1):
                        middle -= 1
                        rows[i], rows[middle] = rows[middle], rows[i]
                    else:
                        i += 1
                nodes[at, 0], nodes[at, 1], nodes[at, 2] = chosen, count, 0
                nodes[count, 0], nodes[count, 1], nodes[count, 2] = -1, first, middle
                nodes[count + 1, 0], nodes[count + 1, 1], nodes[count + 1, 2] = -1, middle, last
                count += 2
        at += 1
    return count


@compiled
def look_up(
    queries: NDArray[np.uint64],
    known: NDArray[np.uint64],
    owners: NDArray[np.int32],
    names: NDArray[np.int64],
    nodes: NDArray[np.int32],
    leaves: int,
    best: NDArray[np.int32],
    other: NDArray[np.int32],
    ties: NDArray[np.int32],
) -> NDArray[np.int64]:
    """The arrays of a tree (names: its rows); lowers best and other (Q,), which begin with what is too far, writes
    ties (Q,), the number of descriptors at the best distance; answers with their rows, query after query."""
    rows = np.empty(2 * len(queries) + 64, np.int64)
    end = 0
    for query in range(len(queries)):
        a, b, c, d = queries[query, 0], queries[query, 1], queries[query, 2], queries[query, 3]
        begin, owner, too_far = end, -1, best[query]
        heap = [numba.int64(0)]  # bound, then how late the node came up, then the node
        seen, late = 0, numba.int64(1 << 23)
        while len(heap) > 0 and seen < leaves:
            top = heapq.heappop(heap)
            bound, node = top >> 55, top & ((1 << 32) - 1)
            if bound > best[query]:
                break
            while nodes[node, 0] >= 0:
                bit = nodes[node, 0]
                side = (queries[query, bit // 64] >> np.uint64(bit % 64)) & np.uint64(1)
                late -= 1
                away = nodes[node, 1] + 1 - numba.int64(side)
                heapq.heappush(heap, ((bound + 1) << 55) | (max(late, 0) << 32) | away)
                node = numba.int64(nodes[node, 1]) + numba.int64(side)
            seen += 1
            for i in range(nodes[node, 1], nodes[node, 2]):
                bits = numba.int32(
                    ones(known[i, 0] ^ a) + ones(known[i, 1] ^ b) + ones(known[i, 2] ^ c) + ones(known[i, 3] ^ d)
                )
                if bits < best[query]:
                    if owners[i] != owner:
                        other[query] = best[query]
                        owner = owners[i]
                    best[query] = bits
                    end = begin
                elif bits < other[query] and owners[i] != owner:
                    other[query] = bits
                if bits == best[query] and bits < too_far:
                    if end == len(rows):
                        rows = np.concatenate((rows, np.empty(len(rows), np.int64)))
                    rows[end] = names[i]
                    end += 1
        rows[begin:end].sort()
        ties[query] = end - begin
    return rows[:end].copy()
