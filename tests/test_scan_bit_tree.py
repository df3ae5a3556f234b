"""The tree of descriptors: its splits by hand, its leaves, and its answers against the scan of all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto.scan.bit_tree import BitTree
from contrapposto.scan.hamming import NONE, Nearest, nearest

Bytes = NDArray[np.uint8]
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def drawn(seed: int, count: int, used: int = 32) -> Bytes:
    found = np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)
    found[:, used:] = 0
    return found


def whose(seed: int, count: int) -> NDArray[np.int32]:
    return np.random.default_rng(seed).integers(0, 4, count).astype(np.int32)


def same(one: Nearest, other: Nearest) -> None:
    for name in ("distances", "rows", "starts", "others"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def bit(descriptors: Bytes, number: int) -> NDArray[np.intp]:
    return np.unpackbits(descriptors, axis=1, bitorder="little")[:, number].astype(np.intp)


def test_a_node_tests_the_bit_nearest_to_half() -> None:
    """Of ten descriptors bit 3 is 1 in two, bit 70 in four, bit 200 in nine."""
    bits = np.zeros((10, 256), np.uint8)
    bits[:2, 3] = bits[4:8, 70] = bits[:9, 200] = 1
    base = np.packbits(bits, axis=1, bitorder="little")
    tree = BitTree.of(base, np.arange(10, dtype=np.int32), leaf=6)
    assert tree.nodes.tolist() == [[70, 1, 0], [-1, 0, 6], [-1, 6, 10]]
    assert sorted(tree.rows[:6].tolist()) == [0, 1, 2, 3, 8, 9]
    assert (tree.owners == tree.rows).all()


def test_leaves_are_small_and_the_bits_of_a_path_hold() -> None:
    base = drawn(1, 2000)
    tree = BitTree.of(base, whose(1, 2000), leaf=20)
    assert sorted(tree.rows.tolist()) == list(range(2000))
    open_: list[tuple[int, list[tuple[int, int]]]] = [(0, [])]
    held = 0
    while open_:
        node, path = open_.pop()
        tested, first, last = tree.nodes[node].tolist()
        if tested >= 0:
            assert tested not in [number for number, _ in path]
            open_ += [(first, [*path, (tested, 0)]), (first + 1, [*path, (tested, 1)])]
            continue
        rows = tree.rows[first:last]
        assert 1 <= len(rows) <= 20
        held += len(rows)
        for number, value in path:
            assert (bit(base[rows], number) == value).all()
    assert held == 2000


def test_equal_descriptors_share_a_leaf() -> None:
    base = np.repeat(drawn(2, 2), 50, axis=0)
    tree = BitTree.of(base, whose(2, 100), leaf=10)
    assert len(tree.nodes) == 3
    found = tree.nearest(base[:1])
    assert (found.distances.tolist(), found.rows.tolist()) == ([0], list(range(50)))


@few
@given(st.integers(0, 1000), st.integers(0, 300), st.integers(1, 32), st.integers(0, 256), st.integers(1, 3))
def test_with_all_leaves_it_answers_as_the_scan(seed: int, count: int, used: int, limit: int, threads: int) -> None:
    base, owners, queries = drawn(seed, count, used), whose(seed, count), drawn(seed + 1, 6, used)
    found = BitTree.of(base, owners, leaf=5).nearest(queries, limit, leaves=10**6, threads=threads)
    exact = nearest(queries, base, owners, limit)
    for name in ("distances", "rows", "starts"):
        np.testing.assert_array_equal(getattr(found, name), getattr(exact, name))
    # it stops where nothing can be as near as the nearest: the nearest of another owner may be farther than it says
    assert (found.others >= exact.others).all()
    assert (found.others[exact.others == exact.distances] == exact.distances[exact.others == exact.distances]).all()


def noisy(base: Bytes, share: float, seed: int) -> Bytes:
    flipped = np.random.default_rng(seed).random((len(base), 256)) < share
    return base ^ np.packbits(flipped, axis=1)


def test_more_leaves_find_more_and_nothing_is_nearer_than_the_nearest() -> None:
    base, owners = drawn(5, 20_000), whose(5, 20_000)
    queries = noisy(base[::100], 0.12, 6)
    exact, tree = nearest(queries, base, owners), BitTree.of(base, owners)
    shares = []
    for leaves in (1, 10, 50, 150):
        found = tree.nearest(queries, leaves=leaves)
        assert (found.distances >= exact.distances).all()
        shares.append(float((found.distances == exact.distances).mean()))
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < 0.9 < shares[-1]


def test_best_leaves_come_first() -> None:
    """Ten leaves by bound find more of the nearest than ten at random: with 313 leaves or so, 10 are 3 %."""
    base, owners = drawn(7, 20_000), whose(7, 20_000)
    queries = noisy(base[::50], 0.05, 8)
    found = BitTree.of(base, owners).nearest(queries, leaves=10)
    assert (found.distances == nearest(queries, base, owners).distances).mean() > 0.8


def test_near_enough_only() -> None:
    base, owners = drawn(9, 500), whose(9, 500)
    tree = BitTree.of(base, owners)
    found = tree.nearest(~base[:3], 20)
    assert found.distances.tolist() == [NONE] * 3
    assert len(found.rows) == 0
    same(found, nearest(~base[:3], base, owners, 20))


def test_what_does_not_fit_is_an_error() -> None:
    base, owners = drawn(0, 3), whose(0, 3)
    with pytest.raises(ValueError, match="3 descriptors have 2 owners"):
        BitTree.of(base, owners[:2])
    with pytest.raises(ValueError, match="holds at least 1"):
        BitTree.of(base, owners, leaf=0)
    with pytest.raises(ValueError, match="1 leaf at least"):
        BitTree.of(base, owners).nearest(base, leaves=0)
    with pytest.raises(ValueError, match=r"0\.\.256"):
        BitTree.of(base, owners).nearest(base, -1)
