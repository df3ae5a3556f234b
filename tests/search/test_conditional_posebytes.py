"""Conditional posebytes: against the formula written out, and in the cases where it has no plain answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto.search.conditional_posebytes import PosebyteStatistics

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def people(seed: int, bits: int = 12, count: int = 300) -> NDArray[np.bool_]:
    """Posebits that go together: each is true where a sum of few hidden numbers is large."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(count, 3)) @ random.normal(size=(3, bits))
    return np.asarray(hidden + random.normal(size=(count, bits)) / 2 > random.normal(size=bits) / 2)


@few
@given(seed=st.integers(0, 2**32 - 1), asked=st.integers(1, 11))
def test_the_block_formula(seed: int, asked: int) -> None:
    true = people(seed)
    made = PosebyteStatistics.of(true, np.ones_like(true))
    np.testing.assert_allclose(made.mean, true.mean(axis=0))
    np.testing.assert_allclose(made.covariance, np.cov(true.T.astype(float), bias=True), atol=1e-12)
    random = np.random.default_rng(seed)
    known = np.zeros(12, bool)
    known[random.choice(12, asked, replace=False)] = True
    values = np.where(known, random.integers(0, 2, 12), 9.0)
    b, a = np.flatnonzero(known), np.flatnonzero(~known)
    block = made.covariance[b][:, b] + 0.05 * np.eye(asked)
    expected = made.mean[a] + made.covariance[a][:, b] @ np.linalg.inv(block) @ (values[b] - made.mean[b])
    found = made.complete(values, known, ridge=0.05)
    np.testing.assert_allclose(found[a], np.clip(expected, 0, 1), atol=1e-9)
    np.testing.assert_array_equal(found[b], values[b])
    rounded = made.complete(values, known, ridge=0.05, rounded=True)
    np.testing.assert_array_equal(rounded[a], np.round(np.clip(expected, 0, 1)))


def test_one_known_bit_by_hand() -> None:
    """Of ten people five have the first; the second goes with it in four of five, the third never matters."""
    columns = [[1, 1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0, 0, 0, 0, 1], [0, 1, 0, 1, 0, 1, 0, 1, 0, 0]]
    true = np.array(columns, bool).T
    made = PosebyteStatistics.of(true, np.ones_like(true))
    found = made.complete(np.array([1.0, 0, 0]), np.array([True, False, False]), ridge=0.0)
    np.testing.assert_allclose(found, [1.0, 0.8, 0.4])


def test_all_known_and_none_known() -> None:
    true = people(0)
    made = PosebyteStatistics.of(true, np.ones_like(true))
    values = true[0].astype(float)
    np.testing.assert_array_equal(made.complete(values, np.ones(12, bool)), values)
    np.testing.assert_allclose(made.complete(values, np.zeros(12, bool)), made.mean)


@pytest.mark.parametrize("ridge", [0.0, 0.01])
def test_a_singular_covariance_gives_an_answer(ridge: float) -> None:
    """Two bits that always say the same, and one that is always true, asked together and against each other."""
    true = people(1)
    true[:, 1] = true[:, 0]
    true[:, 2] = True
    made = PosebyteStatistics.of(true, np.ones_like(true))
    known = np.zeros(12, bool)
    known[:3] = True
    for values in ([1, 1, 1], [1, 0, 0]):
        found = made.complete(np.array([*values, *[0] * 9], float), known, ridge=ridge)
        assert np.isfinite(found).all()
        assert found.min() >= 0
        assert found.max() <= 1
        assert found[:3].tolist() == values
    once = made.complete(np.array([1.0] + [0] * 11), np.array([True] + [False] * 11), ridge=ridge)
    twice = made.complete(np.array([1.0, 1, *[0] * 10]), np.array([True, True] + [False] * 10), ridge=ridge)
    np.testing.assert_allclose(once, twice, atol=0.05)


def test_unknown_bits_of_people_do_not_count() -> None:
    true = people(2, count=4000)
    known = np.random.default_rng(3).random(true.shape) < 0.7
    known[:, 5] = False
    made = PosebyteStatistics.of(true & known, known)
    whole = PosebyteStatistics.of(true, np.ones_like(true))
    others = np.arange(12) != 5
    np.testing.assert_allclose(made.mean[others], whole.mean[others], atol=0.05)
    np.testing.assert_allclose(made.covariance[others][:, others], whole.covariance[others][:, others], atol=0.05)
    assert made.mean[5] == 0.5
    assert np.abs(made.covariance[5]).max() < 1e-9
    assert np.linalg.eigvalsh(made.covariance).min() > -1e-9


def test_another_number_of_bits_is_an_error() -> None:
    made = PosebyteStatistics.of(people(0), np.ones((300, 12), bool))
    with pytest.raises(ValueError, match="expected"):
        made.complete(np.zeros(3), np.zeros(3, bool))
