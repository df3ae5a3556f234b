"""Libraries made with a trained network: what they state, keep, and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contrapposto.poses import weights_digest
from tests.cli.conftest import Program
from tests.drawn import draw
from tests.poses.small_networks import write_heatmaps


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_heatmaps(tmp_path / "net.onnx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of the library."""
    return tmp_path / "cli.library"


def stated(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "library.json").read_text())
    return found


def test_a_library_states_its_estimator_and_keeps_its_weights(
    program: Program, photos: Path, folder: Path, network: Path
) -> None:
    draw(photos / "a.png", people=2)
    assert program("index", photos, "--estimator", "heatmap", "--pose-weights", network).status == 0
    digest = weights_digest(network)
    assert stated(folder)["estimator"] == "heatmap"
    assert stated(folder)["weights"]["pose-weights"] == digest
    network.unlink()
    again = program("index")
    assert (again.status, "1 unchanged" in again.err) == (0, True)
    assert program("search", "--image", photos / "a.png", "--json").status == 0
    assert weights_digest(folder / "pose-weights/heatmap.onnx") == digest
    doctor = program("doctor")
    assert "made with other settings" not in doctor.out
    assert "heatmap, 1 watched folder" in doctor.out


def test_another_estimator_or_other_weights_need_a_rebuild(
    program: Program, photos: Path, folder: Path, network: Path, tmp_path: Path
) -> None:
    draw(photos / "a.png")
    program("index", photos)
    refused = program("index", "--estimator", network)
    assert refused.status == 2
    assert "estimator 'movenet', now 'heatmap'" in refused.err
    command = f"index --rebuild --estimator heatmap --pose-weights {network} --library {folder}"
    assert f"contrapposto {command}" in refused.err
    assert not (folder / "pose-weights").exists()
    assert program(*command.split()).status == 0
    assert program("index").status == 0, "the library remembers"
    other = write_heatmaps(tmp_path / "other.onnx", joints=12)
    changed = program("index", "--pose-weights", other)
    assert changed.status == 2
    assert "(weights pose-weights)" in changed.err
    assert program("index", "--rebuild", "--pose-weights", other).status == 0
    assert stated(folder)["weights"]["pose-weights"] == weights_digest(other)
    assert program("index", "--rebuild", "--estimator", "movenet").status == 0
    assert stated(folder)["estimator"] == "movenet"
    assert not (folder / "pose-weights").exists(), "they are of no more use"


def test_without_its_weights_a_library_says_what_to_do(
    program: Program, photos: Path, folder: Path, network: Path
) -> None:
    draw(photos / "a.png")
    program("index", photos, "--estimator", network)
    (folder / "pose-weights/heatmap.onnx").unlink()
    for arguments in (["index"], ["search", "arms up"]):
        outcome = program(*arguments)
        assert outcome.status == 2
        assert "(weights pose-weights); index with its --pose-weights, or rebuild it" in outcome.err
    assert program("index", "--pose-weights", network, "--estimator", "heatmap").status == 0, "they come back"
    assert program("index").status == 0


def test_wrong_use(program: Program, photos: Path, network: Path, folder: Path) -> None:
    draw(photos / "a.png")
    for arguments, said in (
        (["--estimator", "deeppose"], "no network of deeppose comes with this program"),
        (
            ["--estimator", "nets"],
            "no estimator or file 'nets': choose one of movenet, agreement",
        ),
        (["--pose-weights", "nowhere.onnx"], "no estimator or file 'nowhere.onnx'"),
        (["--estimator", "movenet", "--pose-weights", network], "movenet takes no pose weights"),
    ):
        outcome = program("index", photos, *arguments)
        assert (outcome.status, outcome.out) == (2, "")
        assert said in outcome.err
        assert not (folder / "library.json").exists()
