"""What a library says of itself, and whom it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contrapposto import manifest
from contrapposto.errors import LibraryError
from contrapposto.manifest import FILE, Manifest

MADE = Manifest("movenet", 1, False, {"a": "0123", "b": "4567"}, {"pose_vector": 1}, ("/one", "/two"))


def test_written_and_read(tmp_path: Path) -> None:
    MADE.write(tmp_path)
    assert manifest.read(tmp_path) == MADE
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "nothing else is left"
    assert json.loads((tmp_path / FILE).read_text())["format"] == 5


def test_none(tmp_path: Path) -> None:
    assert manifest.read(tmp_path) is None
    assert manifest.read(tmp_path / "nowhere") is None


def test_of_the_estimator() -> None:
    quick, accurate = Manifest.of("movenet", False), Manifest.of("movenet", True)
    assert set(quick.weights) == {
        "movenet-multipose",
        "movenet-thunder",
        "efficientnet-lite0",
        "lifter",
        "pose-network",
        "rmac-whitening",
        "shot-encoder",
    }
    assert set(accurate.weights) == {*quick.weights, "nanodet"}
    assert quick.weights.items() <= accurate.weights.items()
    assert quick.roots == ()
    assert quick.representations == {
        "pose_vector": 1,
        "embedding": 2,
        "fused": 2,
        "key_features": 1,
        "shot_embedding": 1,
    }
    with pytest.raises(LibraryError, match=r"'posenet' is not known to this program.*--rebuild"):
        Manifest.of("posenet", False)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("estimator", "other", "estimator 'movenet', now 'other'"),
        ("version", 2, "estimator version 1, now 2"),
        ("accurate", True, "accurate False, now True"),
        ("weights", {"a": "0123", "b": "9999"}, "weights b"),
        ("weights", {"a": "0123"}, "weights b"),
        ("weights", {"a": "0123", "b": "4567", "c": "1"}, "weights c"),
        ("every", 0.5, "every 0.2, now 0.5"),
        ("shots", "eyes", "detector of shots 'histogram', now 'eyes'"),
        ("representations", {"pose_vector": 2}, "representation pose_vector"),
    ],
)
def test_differences(key: str, value: Any, said: str) -> None:
    assert MADE.differences(replace(MADE, **{key: value})) == [said]
    assert MADE.differences(replace(MADE, roots=("/three",))) == []


def test_roots() -> None:
    assert MADE.with_roots(("/two", "/three", "/three")).roots == ("/one", "/two", "/three")
    assert MADE.without_roots(("/one", "/nine")).roots == ("/two",)


def stated(**changes: Any) -> str:
    data: dict[str, Any] = {
        "estimator": "movenet",
        "version": 1,
        "accurate": False,
        "weights": {"a": "0"},
        "representations": {"pose_vector": 1},
        "roots": ["/one"],
        "every": 0.2,
        "shots": "histogram",
        "format": 5,
    }
    return json.dumps({key: value for key, value in (data | changes).items() if value != "left out"})


def test_the_form_of_these_tests_is_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(stated())
    assert manifest.read(tmp_path) == Manifest("movenet", 1, False, {"a": "0"}, {"pose_vector": 1}, ("/one",))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"library"',
        "{}",
        '{"format": 5}',
        '{"format": 5, "name": "of another program"}',
        "\ufffe\x00",
        stated(roots=None),
        stated(roots="/one"),
        stated(roots=[1]),
        stated(weights=None),
        stated(weights=[]),
        stated(weights={"a": 1}),
        stated(estimator=["movenet"]),
        stated(estimator="left out"),
        stated(version="1"),
        stated(accurate="yes"),
        stated(representations=7),
        stated(every="0.2"),
        stated(shots=None),
        stated(shots="left out"),
        stated(more=1),
    ],
)
def test_a_damaged_or_foreign_file(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-16" if "\x00" in content else "utf-8")
    with pytest.raises(
        LibraryError, match="damaged; move the library away and run `contrapposto index` again"
    ) as caught:
        manifest.read(tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / FILE) in str(caught.value)


@pytest.mark.parametrize("format_", [3, 1, 0, "1", None])
def test_another_format(tmp_path: Path, format_: Any) -> None:
    (tmp_path / FILE).write_text(stated(format=format_))
    with pytest.raises(LibraryError, match="another version of this program"):
        manifest.read(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(LibraryError, match=r"cannot be read \(Is a directory\); check its permissions"):
        manifest.read(tmp_path)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(LibraryError, match="cannot be written"):
        MADE.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE], "nothing half-written is left"
    with pytest.raises(LibraryError, match=r"cannot be written \(No such file or directory\)"):
        MADE.write(tmp_path / "nowhere")
