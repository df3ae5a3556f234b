"""What is shown of each kind of estimator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.poses import agreement, in_box
from contrapposto.poses.deeppose import DeepPose
from contrapposto.poses.heatmap import HeatmapNetwork
from contrapposto.poses.in_box import ThunderInBox
from contrapposto.poses.thunder import Estimate
from contrapposto.records import Box, Person, Pose
from contrapposto.skeleton import COUNT
from contrapposto.web.inspection import inspected
from contrapposto.web.panels import SMALL, Row
from tests.poses.small_networks import write_cascade, write_heatmaps
from tests.poses.test_thunder import person as stick_figure


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """Black, with a light spot in the middle of the person."""
    shown = np.zeros((300, 400, 3), np.uint8)
    shown[140:160, 190:210] = 255
    return shown


@pytest.fixture
def person() -> Person:
    return Person(Box.around(stick_figure()), 0.8, Pose(stick_figure(), np.full(COUNT, 0.5)))


def titles(rows: list[Row]) -> dict[str, list[str]]:
    return {row.heading.split(",")[0].split(";")[0]: [panel.title for panel in row.panels] for row in rows}


def test_heatmaps(image: NDArray[np.uint8], person: Person, tmp_path: Path) -> None:
    rows = inspected(image, person, HeatmapNetwork(write_heatmaps(tmp_path / "a.onnx")), "heatmap")
    shown = titles(rows)
    assert list(shown) == ["Skeletons", "What the network is shown", "Heatmap of each keypoint"]
    assert shown["Skeletons"][:2] == ["the person", "found by movenet, score 0.50"]
    assert shown["What the network is shown"] == ["shown, 64x48", "heatmaps, the largest, to 1.00", "keypoints"]
    each = shown["Heatmap of each keypoint"]
    assert len(each) == 17
    assert each[0] == "nose 1.00"
    peak = np.argwhere(rows[2].panels[0].image[..., 0] > 150).mean(axis=0)
    np.testing.assert_allclose(peak, [SMALL / 2, SMALL * 3 / 8], atol=SMALL / 10)


def test_attention_maps(image: NDArray[np.uint8], person: Person, tmp_path: Path) -> None:
    network = HeatmapNetwork(write_heatmaps(tmp_path / "a.onnx", joints=12, attention=True))
    shown = titles(inspected(image, person, network, "heatmap"))
    holistic = shown["Holistic attention"]
    assert [title.split(",")[0] for title in holistic] == ["scale0", "scale1", "scale2", "scale3", "sum"]
    assert holistic[0].startswith("scale0, 2x1, ")
    assert holistic[3].startswith("scale3, 16x12, 0.0039 to 1")
    parts = shown["Part-wise attention"]
    assert len(parts) == len(shown["Heatmap of each keypoint"]) == 12
    assert parts[-1] == "right ankle 1.00"


def test_stages(image: NDArray[np.uint8], person: Person, tmp_path: Path) -> None:
    zero = np.zeros((COUNT, 2))
    network = DeepPose(write_cascade(tmp_path / "a", zero, zero, zero + np.array([0.5, 0])))
    shown = titles(inspected(image, person, network, "deeppose"))
    assert shown["Stages of the cascade"] == [
        "shown, 64x48",
        "stage 1",
        "shown to stage 2",
        "stage 2, moved by 0.000 of the crop",
        "shown to stage 3",
        "stage 3, moved by 0.050 of the crop",  # half of a square of a tenth
    ]
    assert shown["Skeletons"][2] == "deeppose, all keypoints, score 1.00"


def test_looks(image: NDArray[np.uint8], person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [Estimate(stick_figure(), np.full(COUNT, score)) for score in (0.4, 0.6)] * 2
    monkeypatch.setattr(in_box, "Thunder", lambda **_: lambda *__: answers.pop(0))
    shown = titles(inspected(image, person, ThunderInBox(), "movenet"))
    assert shown["Looks of MoveNet Thunder"] == ["first look, score 0.40", "last look, believed, score 0.60"]
    assert shown["Skeletons"][2] == "movenet, all keypoints, score 0.60"


def test_agreed_looks(image: NDArray[np.uint8], person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Estimate(stick_figure(), np.full(COUNT, 0.6))
    monkeypatch.setattr(agreement, "Thunder", lambda **_: lambda *_, **__: answer)
    shown = titles(inspected(image, person, agreement.AgreedLooks(), "agreement"))
    assert shown["Looks of MoveNet Thunder"] == [
        "look 1, score 0.60",
        "look 2, mirrored, score 0.60",
        "look 3, score 0.60",
        "look 4, mirrored, score 0.60",
    ]
    assert shown["Skeletons"][2] == "agreement, all keypoints, score 0.60"


def test_another_kind_shows_its_skeleton(image: NDArray[np.uint8], person: Person) -> None:
    rows = inspected(image, person, lambda *_: (stick_figure(), np.full(COUNT, 0.25)), "other")
    assert titles(rows) == {
        "Skeletons": ["the person", "found by movenet, score 0.50", "other, all keypoints, score 0.25"]
    }
