"""Weighted distances as one inner product, against the sum that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto.scan.masked import doubled, exact_distances, lower_bounds, weighted_distances

few = settings(max_examples=30, derandomize=True, deadline=None, database=None)


@few
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 40), size=st.integers(1, 130))
def test_as_the_sum_that_is_meant(seed: int, count: int, size: int) -> None:
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, size)).astype(np.float32)
    weights, centre = random.uniform(0, 3, size), random.normal(size=size)
    naive = [sum(w * (float(x) - q) ** 2 for w, x, q in zip(weights, row, centre, strict=True)) for row in vectors]
    np.testing.assert_allclose(weighted_distances(doubled(vectors), weights, centre), naive, rtol=1e-4, atol=1e-4)


@few
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 40),
    size=st.integers(1, 130),
    near=st.sampled_from([0.0, 1e-7, 1e-4, 1e-2, 1.0]),
)
def test_bounds_are_low_and_close(seed: int, count: int, size: int, near: float) -> None:
    """Of vectors that nearly are the centre too, where float32 keeps little of their distance."""
    random = np.random.default_rng(seed)
    centre = random.normal(size=size) * random.choice([0.1, 1, 100])
    vectors = (centre + near * random.normal(size=(count, size))).astype(np.float16)
    weights = random.uniform(0, 3, size)
    exact = exact_distances(vectors, weights, centre)
    naive = [sum(w * (float(x) - q) ** 2 for w, x, q in zip(weights, row, centre, strict=True)) for row in vectors]
    np.testing.assert_allclose(exact, naive, rtol=1e-12, atol=1e-12)
    bounds = lower_bounds(doubled(vectors), weights, centre)
    assert (bounds <= exact).all()
    assert (bounds >= 0).all()
    assert (exact - bounds <= 2e-4 * (exact + (weights * centre**2).sum())).all()


def test_bounds_from_the_origin_and_of_who_has_no_vector() -> None:
    vectors = np.array([[3, 4], [np.nan, 1]], np.float32)
    found = lower_bounds(doubled(vectors), np.ones(2))
    assert 24.99 < found[0] <= 25
    assert np.isnan(found[1])
    assert np.isnan(exact_distances(vectors, np.ones(2), np.zeros(2))).tolist() == [False, True]


def test_a_distance_is_the_same_whatever_comes_with_it() -> None:
    random = np.random.default_rng(2)
    vectors, centre = random.normal(size=(97, 128)).astype(np.float16), random.normal(size=128)
    together = exact_distances(vectors, np.ones(128), centre)
    alone = np.concatenate([exact_distances(row[None], np.ones(128), centre) for row in vectors])
    np.testing.assert_array_equal(together, alone)


def test_a_mask_is_the_distance_of_the_masked_vector_from_the_origin() -> None:
    random = np.random.default_rng(1)
    vectors, mask = random.normal(size=(50, 128)).astype(np.float32), random.normal(size=128)
    naive = np.linalg.norm(vectors * mask, axis=1)
    np.testing.assert_allclose(np.sqrt(weighted_distances(doubled(vectors), mask**2)), naive, rtol=1e-5)


def test_who_has_no_vector_has_no_distance_and_rounding_goes_no_lower_than_zero() -> None:
    vectors = np.array([[0.1, 0.2], [np.nan, 0.2], [1e3 + 0.1, 0.3]], np.float32)
    found = weighted_distances(doubled(vectors), np.ones(2), vectors[2])
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[2] >= 0


@pytest.mark.parametrize(
    ("weights", "centre"), [([1, 1, 1], None), ([1, 1], [0, 0, 0]), ([[1, 1]], None), ([-1, 1], None)]
)
def test_what_does_not_fit_is_an_error(weights: list[float], centre: list[float] | None) -> None:
    kept = doubled(np.zeros((3, 2)))
    with pytest.raises(ValueError, match="weights"):
        weighted_distances(kept, np.array(weights, float), None if centre is None else np.array(centre, float))
