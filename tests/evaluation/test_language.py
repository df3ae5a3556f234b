"""The protocol of finding pictures by posebytes: hits by hand, and a run on photos with made-up embeddings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import DataError
from contrapposto.evaluation.language import HIT_AT, evaluate_language, hit_rank50, posebit_distances
from contrapposto.evaluation.retrieval_metrics import score_ranking
from tests.evaluation.test_words_embedded import looked_at, photos

__all__ = ["photos"]


def test_hits_are_those_of_the_yardstick() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(0, 60, (40, 200)).astype(float)
    order = np.argsort(random.random((40, 200)), axis=1)
    excluded = random.random((40, 200)) < 0.2
    excluded[7] = True
    found = hit_rank50(truth, order, excluded)
    yardstick = score_ranking(truth, order, excluded).per_query
    for count in (1, 5, 10):
        np.testing.assert_array_equal(found[HIT_AT.index(count)], yardstick[f"hit_rank50@{count}"])
    assert (np.diff(np.delete(found, 7, axis=1), axis=0) >= 0).all()


def test_distances_of_posebits_by_hand() -> None:
    true, known = (
        np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0]], bool),
        np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0]], bool),
    )
    np.testing.assert_allclose(posebit_distances(true, known), [[0, 0.5, 1], [0.5, 0, 1], [1, 1, 1]])


def test_a_run(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    data = request.getfixturevalue("photos")
    embeddings, out = tmp_path / "embeddings", tmp_path / "runs"
    summary = evaluate_language(data, "test", embeddings=embeddings, out=out)
    assert (summary["task"], summary["n"]) == ("language", 129)
    assert set(summary["measures"]) == {"image", "posebyte", "image+posebyte", "chance"}
    names = [f"hit_rank50@{count}{ending}" for ending in ("", "/posebits") for count in HIT_AT]
    assert list(summary["measures"]["image"]) == names
    chance = summary["measures"]["chance"]["hit_rank50@1"]
    assert chance == pytest.approx(51 / 128, abs=0.15)
    assert evaluate_language(data, "test", embeddings=embeddings, out=out) == summary


def test_what_cannot_be_asked_is_said(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = request.getfixturevalue("photos")
    with pytest.raises(DataError, match="did you mean 'posebyte'"):
        evaluate_language(data, "test", methods=["posebite"])
    with pytest.raises(DataError, match="no splits"):
        evaluate_language(data, None, embeddings=tmp_path)
    looked_at(monkeypatch)
    with pytest.raises(DataError, match="nobody with an embedding"):
        evaluate_language(data, "test")
