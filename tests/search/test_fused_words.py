"""Posebits and embeddings together: by hand, and against the probabilities that they are fused from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contrapposto.language.conditions import FLOOR, All, Bit, Either, Named, Not, probability
from contrapposto.posebits.table import INDEX, POSEBITS, Posebit
from contrapposto.search.fused_words import SHARE, fused_probability, together

Array = NDArray[np.float64]

nan = float("nan")
UP, LEFT, NEAR = (Bit(POSEBITS[number].name) for number in (0, 90, 200))
RANDOM = np.random.default_rng(0)
CHANCES = {bit.name: RANDOM.random(20) for bit in (UP, LEFT, NEAR)}
CHANCES[LEFT.name][3] = nan
for column in CHANCES.values():
    column[4] = nan


def chance(row: Posebit) -> Array:
    return CHANCES[row.name]


def nothing(_: Sequence[Bit]) -> Array:
    return np.full(20, nan)


def log_odds(asked: Sequence[Bit]) -> Array:
    """Made up, another for every set."""
    seed = sum((INDEX[bit.name] + 1) * (2 if bit.value else 3) for bit in asked)
    found = np.random.default_rng(seed).normal(size=20)
    found[7] = nan
    return found


def heard(_: Bit) -> bool:
    """Everything can be asked of these embeddings."""
    return True


def odds(chances: Array) -> Array:
    return np.asarray(np.log(chances / (1 - chances)))


def test_log_odds_are_averaged_by_hand() -> None:
    found = together(np.array([0.5, 0.9, nan, 0.2, 1.0]), np.array([2.0, 0, 3, nan, -5]), 0.25)
    expected = [1 / (1 + np.exp(-0.5)), 1 / (1 + np.exp(-0.75 * np.log(9))), nan, 0.2]
    np.testing.assert_allclose(found[:4], expected)
    assert 0.9 < found[4] < 1


def test_without_embeddings_it_is_the_probability() -> None:
    trees = [UP, All((UP, Bit(LEFT.name, False))), Either((UP, All((LEFT, NEAR)))), Not(All((UP, LEFT)))]
    for tree in trees:
        np.testing.assert_allclose(fused_probability(tree, chance, nothing, heard), probability(tree, chance))
        np.testing.assert_allclose(
            fused_probability(tree, chance, log_odds, heard, 0.0)[7], probability(tree, chance)[7]
        )


def test_a_set_is_asked_at_once() -> None:
    pair = (UP, Bit(LEFT.name, False))
    found = fused_probability(All(pair), chance, log_odds, heard)
    alone = probability(All(pair), chance)
    seen = np.isfinite(alone) & np.isfinite(log_odds(pair))
    np.testing.assert_allclose(
        odds(found[seen]), (1 - SHARE) * odds(alone[seen]) + SHARE * log_odds(pair)[seen], rtol=1e-5
    )
    assert found[7] == alone[7]
    assert np.flatnonzero(np.isnan(found)).tolist() == [4], "of whom nothing asked is known"


def test_alternatives_inside_a_set() -> None:
    tree = All((UP, Either((LEFT, NEAR))))
    first = together(np.maximum(chance(UP.row), FLOOR), log_odds([UP]), SHARE)
    second = np.maximum(
        fused_probability(LEFT, chance, log_odds, heard), fused_probability(NEAR, chance, log_odds, heard)
    )
    found = fused_probability(tree, chance, log_odds, heard)
    others = np.delete(np.arange(20), [3, 4])
    np.testing.assert_allclose(found[others], (first * np.maximum(second, FLOOR))[others])


def test_what_embeddings_cannot_be_asked_is_left_to_posebits() -> None:
    def learned(bit: Bit) -> bool:
        return bit != NEAR

    def deaf(asked: Sequence[Bit]) -> Array:
        assert NEAR not in asked
        return log_odds(asked)

    found = fused_probability(All((UP, LEFT, NEAR)), chance, deaf, learned)
    alone = np.where(np.isfinite(chance(NEAR.row)), chance(NEAR.row), 0.5)
    expected = fused_probability(All((UP, LEFT)), chance, log_odds, heard) * np.maximum(alone, FLOOR)
    others = np.delete(np.arange(20), 4)
    np.testing.assert_allclose(found[others], expected[others])
    np.testing.assert_array_equal(fused_probability(NEAR, chance, deaf, learned), chance(NEAR.row))


def test_a_name_means_its_conditions() -> None:
    tree = All((UP, LEFT))
    np.testing.assert_array_equal(
        fused_probability(Named("anything", tree), chance, log_odds, heard),
        fused_probability(tree, chance, log_odds, heard),
    )
