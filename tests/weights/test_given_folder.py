"""CONTRAPPOSTO_WEIGHTS: a folder of ready files or of sources, instead of fetching."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from contrapposto import weights
from contrapposto.errors import WeightsError
from contrapposto.weights import obtain
from tests.weights import tiny
from tests.weights.conftest import World


@pytest.fixture
def given(world: World) -> Path:
    """An empty folder that CONTRAPPOSTO_WEIGHTS names; npm would fail."""
    folder = world.folder / "given"
    folder.mkdir()
    world.monkeypatch.setenv("CONTRAPPOSTO_WEIGHTS", str(folder))
    world.npm("fail")
    return folder


def put_sources(folder: Path) -> None:
    """The source files of tiny-double, as the package has them."""
    for path, data in tiny.sources().items():
        if "double" in path:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)


def test_ready_files_are_used_where_they_are(world: World, given: Path) -> None:
    world.monkeypatch.delenv("CONTRAPPOSTO_WEIGHTS")
    world.npm("copy")
    weights.path("tiny-double")
    for path in world.cache.glob("tiny-double.onnx*"):
        shutil.move(path, given)
    shutil.rmtree(world.cache)
    world.monkeypatch.setenv("CONTRAPPOSTO_WEIGHTS", str(given))
    path = weights.path("tiny-double")
    assert path.parent == given
    assert tiny.factor(path) == 2
    assert [row.cached for row in weights.status()] == [True, False]
    assert not world.cache.exists()


@pytest.mark.parametrize("flat", [True, False])
def test_sources_are_converted_into_the_cache(world: World, given: Path, flat: bool) -> None:
    put_sources(given)
    if flat:
        for path in list((given / "models").iterdir()):
            path.rename(given / path.name)
    path = weights.path("tiny-double")
    assert path.parent == world.cache
    assert tiny.factor(path) == 2
    written = path.stat().st_ino
    assert weights.path("tiny-double").stat().st_ino == written
    assert world.calls() == []


def test_sources_are_converted_into_a_temporary_folder_when_there_is_no_cache(world: World, given: Path) -> None:
    put_sources(given)
    (world.folder / "file").touch()
    world.monkeypatch.setenv("CONTRAPPOSTO_CACHE", str(world.folder / "file"))
    world.monkeypatch.setenv("TMPDIR", str(world.folder))
    world.monkeypatch.setattr("tempfile.tempdir", None)
    obtain._folder_of_this_process.cache_clear()
    try:
        path = weights.path("tiny-double")
        assert path.is_relative_to(world.folder)
        assert tiny.factor(path) == 2
        assert weights.path("tiny-double") == path
    finally:
        obtain._folder_of_this_process.cache_clear()


def test_changed_sources_are_refused(given: Path) -> None:
    put_sources(given)
    (given / "models" / "tiny-double.bin").write_bytes(b"\0\0\0\0")
    with pytest.raises(WeightsError, match="SHA-256 starts with df3f619804a9"):
        weights.path("tiny-double")


def test_what_is_not_there_is_named(given: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"neither .*tiny-double\.onnx nor tiny-double\.json and tiny-double\.bin"
    ):
        weights.path("tiny-double")
    (given / "tiny-double.onnx").write_bytes(b"something")
    with pytest.raises(WeightsError, match=r"lacks its tiny-double\.onnx\.json"):
        weights.path("tiny-double")


def test_no_folder(world: World) -> None:
    world.monkeypatch.setenv("CONTRAPPOSTO_WEIGHTS", str(world.folder / "nowhere"))
    with pytest.raises(WeightsError, match="nowhere, which is no folder") as caught:
        weights.path("tiny-double")
    assert "\n" not in str(caught.value)
    with pytest.raises(WeightsError, match="no folder"):
        weights.status()
