"""Matching of borders in time, against values worked by hand and against all matchings."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from contrapposto.evaluation.shots_metrics import TOLERANCE, Counts, measures, pairs, score_film
from contrapposto.shots import Border


def cuts(*times: float) -> list[Border]:
    return [Border(time, "cut") for time in times]


def test_one_to_one_and_the_earliest_counts() -> None:
    assert pairs([1.0], [0.9, 1.1]) == [(0, 0)]
    assert pairs([1.0, 1.2], [1.1]) == [(0, 0)]
    assert pairs([1.0], [1.1, 0.9]) == [(0, 1)]  # in order of time, whatever the order given


def test_the_tolerance_is_within() -> None:
    assert pairs([1.0], [1.0 + TOLERANCE]) == [(0, 0)]
    assert pairs([1.0], [1.0 - TOLERANCE]) == [(0, 0)]
    assert pairs([1.0], [1.0 + TOLERANCE + 0.001]) == []
    assert pairs([1.0], [1.3], tolerance=0.5) == [(0, 0)]


def test_a_nearer_partner_does_not_cost_a_pair() -> None:
    """1.2 lies nearest 1.25, but both find a partner if it takes 1.0."""
    assert pairs([1.0, 1.25], [1.2, 1.45]) == [(0, 0), (1, 1)]


def test_as_many_pairs_as_the_best_of_all_matchings() -> None:
    random = np.random.default_rng(3)
    for _ in range(300):
        true = random.uniform(0, 1.5, random.integers(0, 5)).tolist()
        given = random.uniform(0, 1.5, random.integers(0, 5)).tolist()
        few, many = sorted((true, given), key=len)
        best = max(
            sum(abs(a - b) <= TOLERANCE for a, b in zip(few, order, strict=True))
            for order in permutations(many, len(few))
        )
        matched = pairs(true, given)
        assert len(matched) == best
        assert len({one for one, _ in matched}) == len({other for _, other in matched}) == best
        assert all(abs(true[one] - given[other]) <= TOLERANCE for one, other in matched)
        assert len(pairs(given, true)) == best


def test_measures_worked_by_hand() -> None:
    """Two of three true ones are found; of four given ones two are false, one of them near a true one that has a
    partner already."""
    true = [Border(1.0, "cut"), Border(3.0, "fade"), Border(5.0, "dissolve")]
    given = [Border(1.05, "cut"), Border(3.1, "cut"), Border(3.2, "fade"), Border(9.0, "dissolve")]
    found = measures([score_film(true, given)])
    assert found["precision"] == 2 / 4
    assert found["recall"] == 2 / 3
    assert found["f1"] == pytest.approx(4 / 7)
    assert (found["true"], found["given"], found["false"]) == (3, 4, 2)
    assert (found["precision/cut"], found["recall/cut"], found["f1/cut"]) == (1 / 2, 1, pytest.approx(2 / 3))
    assert (found["precision/fade"], found["recall/fade"], found["found/fade"]) == (1, 1, 1)
    assert (found["precision/dissolve"], found["recall/dissolve"], found["found/dissolve"]) == (0, 0, 0)


def test_a_border_of_another_kind_is_found_but_not_the_same() -> None:
    found = measures([score_film([Border(1.0, "fade")], cuts(1.0))])
    assert found["f1"] == found["found/fade"] == 1
    assert found["recall/fade"] == found["f1/fade"] == 0
    assert "precision/fade" not in found
    assert "recall/cut" not in found


def test_nothing_true_or_nothing_given() -> None:
    assert measures([score_film([], [])]) == {"true": 0, "given": 0, "false": 0}
    false = measures([score_film([], cuts(1.0))])
    assert (false["precision"], false["f1"], false["false"]) == (0, 0, 1)
    assert "recall" not in false
    missed = measures([score_film(cuts(1.0), [])])
    assert (missed["recall"], missed["f1"]) == (0, 0)
    assert "precision" not in missed


def test_films_are_added_up_and_not_mixed() -> None:
    one, other = score_film(cuts(1.0), []), score_film([], cuts(1.0))
    found = measures([one, other])
    assert (found["precision"], found["recall"]) == (0, 0)
    assert Counts(1, 2, 1) + Counts(3, 1, 1) == Counts(4, 3, 2)
