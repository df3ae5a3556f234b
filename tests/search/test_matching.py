"""Matches of distances, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.search.matching import CURVES, Curve, match
from contrapposto.search.pose_part import COMPARED


def test_by_hand() -> None:
    # Half at 21; at 84 = 4 * 21: 1 / (1 + 4^2.5) = 1 / 33; at 5.25 = 21 / 4: 1 / (1 + 1/32) = 32 / 33.
    curve = Curve(21.0, 2.5)
    np.testing.assert_allclose(curve(np.array([0, 21, 84, 5.25])), [1, 0.5, 1 / 33, 32 / 33], rtol=1e-12)


def test_every_metric_has_a_curve() -> None:
    assert set(CURVES) == set(COMPARED)


@pytest.mark.parametrize("metric", COMPARED)
def test_falls_from_1_to_0(metric: str) -> None:
    half = CURVES[metric].half
    assert match(metric, np.array([half]))[0] == pytest.approx(0.5)
    matches = match(metric, np.linspace(half / 12, half * 30, 1000))
    assert (np.diff(matches) < 0).all()
    assert matches[0] > 0.99
    assert 0 < matches[-1] < 0.01


def test_not_comparable_is_no_match() -> None:
    assert match("2d", np.array([np.nan, np.inf])).tolist() == [0, 0]
    assert match("2d", np.zeros(0)).shape == (0,)
