"""Matches of 2D distances, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.search import matching
from contrapposto.search.matching import match_2d


def test_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Half at 21; at 84 = 4 * 21: 1 / (1 + 4^2.5) = 1 / 33; at 5.25 = 21 / 4: 1 / (1 + 1/32) = 32 / 33.
    monkeypatch.setattr(matching, "HALF_2D", 21.0)
    monkeypatch.setattr(matching, "STEEPNESS_2D", 2.5)
    np.testing.assert_allclose(match_2d(np.array([0, 21, 84, 5.25])), [1, 0.5, 1 / 33, 32 / 33], rtol=1e-12)


def test_half_at_the_calibrated_distance() -> None:
    assert match_2d(np.array([matching.HALF_2D]))[0] == pytest.approx(0.5)


def test_not_comparable_is_no_match() -> None:
    assert match_2d(np.array([np.nan, np.inf])).tolist() == [0, 0]
    assert match_2d(np.zeros(0)).shape == (0,)


def test_falls_from_1_to_0() -> None:
    matches = match_2d(np.linspace(1, 300, 1000))
    assert (np.diff(matches) < 0).all()
    assert matches[0] > 0.99
    assert 0 < matches[-1] < 0.01
