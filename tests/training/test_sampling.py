"""Choosing photos for a step: against plain loops, in small sets, with ties and with what cannot be compared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto.training.sampling import (
    Curriculum,
    Gap,
    anchor_of,
    curriculum_tuple,
    dense_batch,
    gap_triplet,
    ranked,
)


def row(count: int, seed: int = 0, anchor: int = 3) -> np.ndarray:
    distances = np.random.default_rng(seed).permutation(count).astype(float) + 1
    distances[anchor] = 0
    return distances


def rank_of(distances: np.ndarray, anchor: int) -> dict[int, int]:
    """Rank from 1 of each other, by a plain sort."""
    others = [i for i in range(len(distances)) if i != anchor and not np.isnan(distances[i])]
    return {i: rank for rank, i in enumerate(sorted(others, key=lambda i: (distances[i], i)), start=1)}


def test_others_are_ranked_without_the_anchor_and_what_cannot_be_compared() -> None:
    distances = np.array([5.0, 0.0, np.nan, 2.0, 5.0, 0.0])
    assert ranked(distances, 1).tolist() == [5, 3, 0, 4]


@pytest.mark.parametrize(("epoch", "farthest"), [(0, 7999), (1, 4999), (2, 1999), (3, 1031), (9, 1031)])
def test_the_published_curriculum(epoch: int, farthest: int) -> None:
    distances = row(8000)
    ranks = rank_of(distances, 3)
    positives, negatives = set(), set()
    for draw in range(40):
        found = curriculum_tuple(distances, 3, epoch, np.random.default_rng(draw), Curriculum())
        assert found is not None
        assert (len(found.positives), len(found.negatives)) == (5, 105)
        assert len(set(found.all().tolist())) == 111
        positives |= {ranks[i] for i in found.positives.tolist()}
        negatives |= {ranks[i] for i in found.negatives.tolist()}
    assert positives == set(range(1, 31))
    assert min(negatives) >= 31
    assert 0.95 * farthest < max(negatives) <= farthest


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 5), st.integers(0, 20), st.booleans(), st.integers(0, 1000))
def test_small_sets(count: int, epoch: int, unknown: int, ties: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    distances = rng.integers(1, 8 if ties else 10_000, count).astype(float)
    distances[rng.choice(count, min(unknown, count), replace=False)] = np.nan
    anchor = int(rng.integers(count))
    found = curriculum_tuple(distances, anchor, epoch, np.random.default_rng(seed), Curriculum(ties=ties))
    known = [d for i, d in enumerate(distances) if i != anchor and np.isfinite(d)]
    if found is None:
        assert len(known) < 2 or (ties and len(set(known)) == 1)
        return
    assert found.anchor == anchor
    assert (len(found.positives), len(found.negatives)) == (5, 105)
    assert anchor not in found.all()[1:]
    near, far = distances[found.positives], distances[found.negatives]
    assert np.isfinite(near).all()
    assert np.isfinite(far).all()
    assert near.max() < far.min() if ties else near.max() <= far.min()
    assert not set(found.positives.tolist()) & set(found.negatives.tolist())


def test_ties_end_where_a_distance_ends() -> None:
    distances = np.array([0.0] + [1.0] * 4 + [2.0] * 20 + [3.0] * 20 + [4.0] * 40)
    near = {
        int(d)
        for seed in range(30)
        for d in distances[
            curriculum_tuple(distances, 0, 0, np.random.default_rng(seed), Curriculum(ties=True)).positives
        ]
    }
    assert near == {1, 2}, "with those at 3 there would be 44, more than 30"
    crowded = np.array([0.0] + [1.0] * 50 + [2.0] * 5)
    found = curriculum_tuple(crowded, 0, 0, np.random.default_rng(0), Curriculum(near=10, ties=True))
    assert (crowded[found.negatives] == 2).all(), "the nearest distance alone has more than 10"


def test_the_same_generator_draws_the_same() -> None:
    distances = row(500)
    first, again = (
        curriculum_tuple(distances, 3, 0, np.random.default_rng(5), Curriculum()).all() for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(
        dense_batch(distances, 3, np.random.default_rng(5)), dense_batch(distances, 3, np.random.default_rng(5))
    )


def test_gap_triplets_are_near_and_far() -> None:
    distances = np.random.default_rng(1).uniform(0, 40, 400)
    distances[[7, 9]] = np.nan
    near, far = set(), set()
    for seed in range(300):
        pair = gap_triplet(distances, 3, np.random.default_rng(seed), Gap())
        assert pair is not None
        near.add(pair[0])
        far.add(pair[1])
    allowed = [i for i in range(400) if i != 3 and distances[i] <= 7]
    assert near <= set(allowed)
    assert len(near) > 0.9 * len(allowed)
    assert all(distances[i] >= 15 for i in far)
    assert 3 not in near | far


def test_gap_triplets_look_through_so_many_only() -> None:
    distances = np.full(1000, 20.0)
    distances[10] = 1.0
    found = [gap_triplet(distances, 0, np.random.default_rng(seed), Gap(within=100)) for seed in range(300)]
    share = np.mean([pair is not None for pair in found])
    assert 0.04 < share < 0.18
    assert all(pair is None or pair[0] == 10 for pair in found)
    assert gap_triplet(np.full(9, 10.0), 0, np.random.default_rng(0), Gap()) is None
    assert gap_triplet(np.array([0.0, np.nan]), 0, np.random.default_rng(0), Gap()) is None


def test_dense_batches_hold_the_nearest_and_random_others() -> None:
    distances = row(1000)
    ranks = rank_of(distances, 3)
    seen = set()
    for seed in range(60):
        batch = dense_batch(distances, 3, np.random.default_rng(seed))
        assert len(batch) == len(set(batch.tolist())) == 150
        assert batch[0] == 3
        assert [ranks[i] for i in batch[1:6].tolist()] == [1, 2, 3, 4, 5]
        seen |= {ranks[i] for i in batch[6:].tolist()}
    assert len(seen) > 980
    small = dense_batch(row(8), 3, np.random.default_rng(0))
    assert sorted(small.tolist()) == list(range(8))
    assert dense_batch(np.array([0.0]), 0, np.random.default_rng(0)).tolist() == [0]


def test_every_photo_is_the_anchor_once_an_epoch() -> None:
    first = [anchor_of(step, 9, seed=4) for step in range(1, 10)]
    second = [anchor_of(step, 9, seed=4) for step in range(10, 19)]
    assert sorted(first) == sorted(second) == list(range(9))
    assert first != second
