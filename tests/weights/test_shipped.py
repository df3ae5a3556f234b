"""Weights that come with the package: nothing is fetched for them, and a damaged file is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from contrapposto import weights
from contrapposto.errors import WeightsError
from contrapposto.weights import obtain, table


def test_a_shipped_file_needs_neither_cache_nor_given_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTRAPPOSTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CONTRAPPOSTO_WEIGHTS", str(tmp_path))
    path = weights.path("lifter")
    assert path.is_relative_to(Path(weights.__file__).parent)
    assert path.stat().st_size > 100_000
    assert not (tmp_path / "cache").exists()
    (row,) = [row for row in weights.status() if row.name == "lifter"]
    assert (row.cached, row.source, row.package) == (True, "own", "contrapposto")


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_missing_or_damaged_shipped_file_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    file = tmp_path / "lifter.onnx"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(obtain, "shipped_file", lambda _: file)
    with pytest.raises(WeightsError, match="install contrapposto again"):
        weights.path("lifter")


def test_every_shipped_row_lies_in_the_package() -> None:
    shipped = [row for row in table.TABLE if row.shipped]
    assert [row.name for row in shipped] == [
        "lifter",
        "pose-network",
        "view-invariant",
        "language-stream",
        "partial-queries",
        "rmac-whitening",
        "shot-encoder",
    ]
    for row in shipped:
        assert obtain.shipped_file(row).is_file()
        assert row.package.size == 0
