"""Reliability and fitted curves, by hand and on pairs that are drawn from a known curve."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from contrapposto.distances import METRICS
from contrapposto.evaluation.calibration import ALIKE, EDGES, TRUE_METRIC, fit, reliability
from contrapposto.search.matching import CURVES, Curve
from contrapposto.search.pose_part import COMPARED


def test_every_metric_says_what_is_alike() -> None:
    assert set(ALIKE) == set(COMPARED)
    assert set(CURVES) == set(COMPARED)
    assert set(TRUE_METRIC) == set(COMPARED) - set(METRICS)
    assert set(TRUE_METRIC.values()) <= set(METRICS)


def test_reliability_by_hand() -> None:
    stated = np.array([0.0, 0.01, 0.35, 0.3, 0.399, 1.0, 0.95])
    alike = np.array([False, False, True, False, True, True, True])
    rows = reliability(stated, alike)
    assert [(row["low"], row["high"]) for row in rows] == list(itertools.pairwise(EDGES))
    by_low = {row["low"]: row for row in rows}
    assert by_low[0.0]["pairs"] == 2
    assert by_low[0.0]["found"] == 0
    assert by_low[0.3]["pairs"] == 3
    assert by_low[0.3]["stated"] == pytest.approx((0.35 + 0.3 + 0.399) / 3)
    assert by_low[0.3]["found"] == pytest.approx(2 / 3)
    assert by_low[0.9]["pairs"] == 2  # a stated 1 lies in the last bin
    assert sum(row["pairs"] for row in rows) == len(stated)
    assert np.isnan(by_low[0.5]["stated"])
    assert np.isnan(by_low[0.5]["found"])


@pytest.mark.parametrize(("half", "steepness"), [(11.0, 5.0), (120.0, 2.5), (0.2, 8.0)])
def test_the_curve_that_made_the_pairs_is_found_again(half: float, steepness: float) -> None:
    random = np.random.default_rng(0)
    distances = half * random.uniform(0.2, 4, 200_000)
    alike = random.random(len(distances)) < Curve(half, steepness)(distances)
    fitted = fit(distances, alike)
    assert fitted.half == pytest.approx(half, rel=0.02)
    assert fitted.steepness == pytest.approx(steepness, rel=0.03)
    for row in reliability(fitted(distances), alike):
        if row["pairs"] > 1000:
            assert row["stated"] == pytest.approx(row["found"], abs=0.05)


def test_no_likelihood_is_greater_nearby() -> None:
    random = np.random.default_rng(1)
    distances = random.uniform(1, 50, 3000)
    alike = random.random(3000) < Curve(15, 3)(distances)

    def likelihood(curve: Curve) -> float:
        chance = curve(distances)
        return float(np.log(np.where(alike, chance, 1 - chance)).sum())

    best = fit(distances, alike)
    for half, steepness in ((0.98, 1), (1.02, 1), (1, 0.97), (1, 1.03)):
        assert likelihood(Curve(best.half * half, best.steepness * steepness)) < likelihood(best)


def test_one_kind_of_pairs_has_no_curve() -> None:
    for alike in (np.zeros(5, bool), np.ones(5, bool)):
        with pytest.raises(ValueError, match="alike"):
            fit(np.arange(1.0, 6.0), alike)
