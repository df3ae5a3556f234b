"""The nearest of many descriptors against a count bit by bit: ties, limits, owners, blocks and threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto.scan import hamming
from contrapposto.scan.hamming import BLOCK, NONE, nearest, nearest_owners

Bytes = NDArray[np.uint8]
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def drawn(seed: int, count: int, used: int = 32) -> Bytes:
    """Descriptors of which only so many bytes are not 0: the fewer, the more ties."""
    found = np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)
    found[:, used:] = 0
    return found


def whose(seed: int, count: int, owners: int = 4) -> NDArray[np.int32]:
    return np.random.default_rng(seed).integers(0, owners, count).astype(np.int32)


def bits_apart(one: Bytes, other: Bytes) -> int:
    return sum(int(a ^ b).bit_count() for a, b in zip(one.tolist(), other.tolist(), strict=True))


def one_by_one(query: Bytes, base: Bytes, owners: NDArray[np.int32], limit: int) -> tuple[int, list[int], int]:
    away = [bits_apart(query, known) for known in base]
    least = min(away, default=NONE)
    if least > limit:
        return NONE, [], NONE
    rows = [row for row, bits in enumerate(away) if bits == least]
    rest = [bits for row, bits in enumerate(away) if owners[row] != owners[rows[0]] and bits <= limit]
    return least, rows, min(rest, default=NONE)


@few
@given(st.integers(0, 1000), st.integers(0, 40), st.integers(1, 32), st.integers(0, 256), st.integers(1, 3))
def test_nearest_as_counted_one_by_one(seed: int, count: int, used: int, limit: int, threads: int) -> None:
    base, queries, owners = drawn(seed, count, used), drawn(seed + 1, 5, used), whose(seed, count)
    found = nearest(queries, base, owners, limit, threads=threads)
    for number, query in enumerate(queries):
        least, rows, other = one_by_one(query, base, owners, limit)
        assert found.distances[number] == least
        assert found.rows[found.starts[number] : found.starts[number + 1]].tolist() == rows
        assert found.others[number] == other


@pytest.mark.parametrize("threads", [1, 3])
def test_ties_in_several_blocks(threads: int) -> None:
    base, owners = drawn(1, 3 * BLOCK + 7), np.arange(3 * BLOCK + 7, dtype=np.int32)
    same = [5, BLOCK - 1, BLOCK, 3 * BLOCK + 6]
    base[same] = base[5]
    found = nearest(np.vstack([base[5:6], ~base[7:8], base[6:7]]), base, owners, 60, threads=threads)
    assert found.distances.tolist() == [0, NONE, 0]
    assert found.starts.tolist() == [0, 4, 4, 5]
    assert found.rows.tolist() == [*same, 6]
    assert found.others[0] == 0


def test_the_other_is_of_another_owner_than_the_nearest() -> None:
    """Query 0; descriptors with 1, 2, 3 and 8 ones, the first three of one owner."""
    base = np.zeros((4, 32), np.uint8)
    base[:, 9] = [0b1, 0b11, 0b111, 0b11111111]
    query = np.zeros((1, 32), np.uint8)
    owners = np.array([7, 7, 7, 3], np.int32)
    assert nearest(query, base, owners).others.tolist() == [8]
    assert nearest(query, base[::-1], owners[::-1]).others.tolist() == [8]
    assert nearest(query, base, owners, 7).others.tolist() == [NONE]
    assert nearest(query, base[:3], owners[:3]).others.tolist() == [NONE]


@few
@given(st.integers(0, 1000), st.integers(0, 60), st.integers(1, 32), st.integers(1, 6), st.integers(1, 3))
def test_owners_as_counted_one_by_one(seed: int, count: int, used: int, asked: int, threads: int) -> None:
    base, queries, owners = drawn(seed, count, used), drawn(seed + 1, 4, used), whose(seed, count, 5)
    found, away = nearest_owners(queries, base, owners, asked, threads=threads)
    for query, names, bits in zip(queries, found, away, strict=True):
        best: dict[int, tuple[int, int]] = {}
        for row, owner in enumerate(owners.tolist()):
            best[owner] = min(best.get(owner, (NONE, 0)), (bits_apart(query, base[row]), row))
        least = sorted(distance for distance, _ in best.values())[:asked]
        assert bits.tolist() == least + [NONE] * (asked - len(least))
        assert [best[int(name)][0] for name in names[: len(least)]] == least
        assert len(set(names[: len(least)].tolist())) == len(least)
        assert (names[len(least) :] == -1).all()


def test_owners_past_a_block() -> None:
    base, owners = drawn(3, 2 * BLOCK), np.repeat(np.arange(2, dtype=np.int32), BLOCK)
    base[BLOCK + 3] = base[2] ^ np.uint8(1)
    found, away = nearest_owners(base[2:3], base, owners, 2)
    assert (found.tolist(), away.tolist()) == ([[0, 1]], [[0, 32]])


def test_one_bit_beyond_the_limit_is_too_far() -> None:
    base, query = np.zeros((2, 32), np.uint8), np.zeros((1, 32), np.uint8)
    base[:, 0], base[1, 1] = 0b111, 1
    owners = np.array([0, 1], np.int32)
    for limit, rows, other in ((2, [], NONE), (3, [0], NONE), (4, [0], 4)):
        found = nearest(query, base, owners, limit)
        assert (found.rows.tolist(), found.others.tolist()) == (rows, [other])


def test_without_queries_or_descriptors() -> None:
    none, some = drawn(0, 0), drawn(0, 3)
    found = nearest(none, some, whose(0, 3))
    assert (len(found.distances), len(found.rows), found.starts.tolist()) == (0, 0, [0])
    found = nearest(some, none, whose(0, 0))
    assert (found.distances.tolist(), found.starts.tolist()) == ([NONE] * 3, [0] * 4)
    assert nearest_owners(none, some, whose(0, 3), 2)[0].shape == (0, 2)


def test_what_does_not_fit_is_an_error() -> None:
    some, owners = drawn(0, 3), whose(0, 3)
    with pytest.raises(ValueError, match=r"\(N, 32\) bytes"):
        nearest(some[:, :31], some, owners)
    with pytest.raises(ValueError, match="bytes"):
        nearest(some, some.astype(np.int32), owners)
    with pytest.raises(ValueError, match="3 descriptors have 2 owners"):
        nearest(some, some, owners[:2])
    with pytest.raises(ValueError, match=r"0\.\.256"):
        nearest(some, some, owners, hamming.FARTHEST + 1)
    with pytest.raises(ValueError, match="at least 1 owner"):
        nearest_owners(some, some, owners, 0)
