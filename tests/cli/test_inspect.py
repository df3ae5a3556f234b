"""`contrapposto inspect`: a picture of what an estimator saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Program
from tests.drawn import DrawnPeople, draw
from tests.poses.small_networks import write_cascade, write_heatmaps


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """People are found as they are drawn, and the program runs in `tmp_path`."""
    monkeypatch.setattr("contrapposto.poses.make_estimator", lambda **_: DrawnPeople())
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return draw(tmp_path / "a.png", people=2, size=(400, 300))


def test_a_heatmap_network(program: Program, photo: Path, tmp_path: Path) -> None:
    network = write_heatmaps(tmp_path / "heatmap.onnx", attention=True)
    outcome = program("inspect", photo, "--estimator", network, "--out", tmp_path / "seen.png")
    assert (outcome.status, outcome.out, outcome.err) == (0, "", f"Picture: {tmp_path / 'seen.png'}\n")
    with Image.open(tmp_path / "seen.png") as picture:
        assert picture.format == "PNG"
        wide, high = picture.size
    assert wide > 1000
    assert high > 1000
    plain = write_heatmaps(tmp_path / "plain.onnx")
    program("inspect", photo, "--estimator", "heatmap", "--pose-weights", plain)
    with Image.open(tmp_path / "a-inspected.png") as picture:
        assert picture.height < high - 300, "without attention, less is shown"


def test_a_cascade_and_another_person(program: Program, photo: Path, tmp_path: Path) -> None:
    zero = np.zeros((17, 2))
    cascade = write_cascade(tmp_path / "cascade", zero, zero)
    pictures = []
    for person in (1, 2):
        out = tmp_path / f"{person}.png"
        assert program("inspect", photo, "--estimator", cascade, "--person", person, "--out", out).status == 0
        pictures.append(np.asarray(Image.open(out)))
    assert pictures[0].shape == pictures[1].shape
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.png", "--person", "3"], "there is no number 3; choose 1 to 2"),
        (["nobody.png"], "nobody was found in it"),
        (["a.png", "--estimator", "deeppose"], "no network of deeppose comes with this program"),
        (["a.png", "--estimator", "nothing"], "no estimator or file 'nothing'"),
        (["none.png"], "none.png"),
        (["a.png", "--estimator", "n.onnx", "--out", "nowhere/b.png"], "nowhere/b.png: cannot be written"),
    ],
)
def test_wrong_use(program: Program, photo: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    draw(tmp_path / "nobody.png", people=0)
    write_heatmaps(tmp_path / "n.onnx")
    outcome = program("inspect", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
