"""The shipped networks that make queries of part of a pose."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto import weights
from contrapposto.language.conditions import Bit
from contrapposto.posebits.table import INDEX
from contrapposto.search.partial_queries import BITS, PartialQueries, asked

UP, LEFT = Bit("left_wrist_above_head"), Bit("facing_left", False)


@pytest.fixture(scope="module")
def queries() -> PartialQueries:
    return PartialQueries()


def test_nothing_is_loaded_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrapposto.search.partial_queries.open_session", None)
    made = PartialQueries()
    with pytest.raises(TypeError):
        made.mask([UP])


def test_conditions_as_numbers() -> None:
    found = asked([UP, LEFT])
    assert np.flatnonzero(found).tolist() == [INDEX[UP.name], INDEX[LEFT.name] + BITS]
    assert not asked([]).any()


def test_posebytes_are_embedded_at_length_one_and_unknown_bits_are_half(queries: PartialQueries) -> None:
    posebytes = np.random.default_rng(0).random((5, BITS))
    posebytes[0], posebytes[1] = 0.5, np.nan
    found = queries.embed(posebytes)
    assert found.shape == (5, 128)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(found[0], found[1])
    assert queries.embed(np.zeros((0, BITS))).shape == (0, 128)


def test_a_query_of_several_conditions(queries: PartialQueries) -> None:
    query = queries.query([UP, LEFT])
    assert (query.weights > 0).all()
    assert query.weights.shape == query.centre.shape == (128,)
    assert not np.allclose(query.centre, queries.query([UP]).centre)
    again = queries.query([LEFT, UP])
    np.testing.assert_array_equal(query.weights, again.weights)


def test_masks_add_up(queries: PartialQueries) -> None:
    both = queries.mask([UP, LEFT])
    np.testing.assert_allclose(both, queries.mask([UP]) + queries.mask([LEFT]), rtol=1e-5)
    assert (both >= 0).all()
    assert not queries.mask([]).any()


def test_a_conditional_posebyte_keeps_what_is_asked(queries: PartialQueries) -> None:
    found = queries.complete([UP, LEFT])
    assert found[INDEX[UP.name]] == 1
    assert found[INDEX[LEFT.name]] == 0
    shoulder = INDEX["left_wrist_above_left_shoulder"]
    assert queries.statistics.mean[shoulder] < 0.6
    assert set(np.unique(queries.complete([UP], rounded=True))) <= {0.0, 1.0}
    np.testing.assert_allclose(queries.complete([]), queries.statistics.mean)


def test_the_files_are_small() -> None:
    assert sum(weights.path(name).stat().st_size for name in PartialQueries.weights) < 3_000_000
