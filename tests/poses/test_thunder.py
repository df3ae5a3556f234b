"""One person a region: frames, turns, and the square around what was found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.media.sampling import Region
from contrapposto.poses import thunder
from contrapposto.poses.thunder import Estimate, Thunder, torso_turn, turned_region
from contrapposto.skeleton import INDEX
from tests.people.stand_in import Session


def person(turn: float = 0.0, middle: tuple[float, float] = (200, 150), height: float = 100) -> NDArray[np.float64]:
    """(17, 2): an upright stick figure of this height around its middle, turned clockwise as seen."""
    across = np.array([0, 4, -4, 8, -8, 15, -15, 20, -20, 22, -22, 10, -10, 11, -11, 12, -12], float)
    down = np.array([-45, -48, -48, -46, -46, -30, -30, -12, -12, 5, 5, 5, 5, 28, 28, 50, 50], float)
    cosine, sine = np.cos(turn), np.sin(turn)
    x, y = across * cosine - down * sine, across * sine + down * cosine
    return np.column_stack([x, y]) * height / 100 + middle


@pytest.mark.parametrize("turn", [0, 0.2, np.pi / 2, 3.0, -3.0, -np.pi / 2, -0.7])
def test_torso_turn(turn: float) -> None:
    assert torso_turn(person(turn)) == pytest.approx(turn)


def test_lying_with_the_head_to_the_right_is_a_quarter_clockwise() -> None:
    points = np.zeros((17, 2))
    points[[INDEX["left_shoulder"], INDEX["right_shoulder"]]] = [[100, 10], [100, 30]]
    points[[INDEX["left_hip"], INDEX["right_hip"]]] = [[40, 10], [40, 30]]
    assert torso_turn(points) == pytest.approx(np.pi / 2)


def test_a_torso_without_length_has_no_turn() -> None:
    assert torso_turn(np.zeros((17, 2))) is None
    assert torso_turn(person(height=5)) is None
    assert torso_turn(np.full((17, 2), np.nan)) is None


@pytest.mark.parametrize("turn", [0, 0.5, np.pi / 2, -2.0])
def test_turned_region_is_the_upright_square_of_the_person(turn: float) -> None:
    estimate = Estimate(person(turn), np.full(17, 0.9))
    region = turned_region(estimate, turn, 1.35, 0.1)
    assert region.turn == turn
    assert region.side == pytest.approx(98 * 1.35)  # eyes at -48 to ankles at 50
    inside = (estimate.points - [region.x, region.y]) @ np.array(
        [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    )
    np.testing.assert_allclose(inside.min(axis=0) + inside.max(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(inside[INDEX["left_ankle"]], [12, 49], atol=1e-9)


def test_turned_region_leaves_out_the_unsure() -> None:
    points, scores = person(), np.full(17, 0.9)
    points[9], scores[9] = (5000, 5000), 0.05
    assert turned_region(Estimate(points, scores), 0, 1, 0.1).side == pytest.approx(98)
    scores[4:] = 0.05  # too few are sure: all count
    assert turned_region(Estimate(points, scores), 0, 1, 0.1).side > 4000
    assert turned_region(Estimate(np.zeros((17, 2)), np.ones(17)), 0, 1.2, 0.1).side == 1.2


@pytest.mark.parametrize("turn", [0, np.pi / 2, -0.8])
@pytest.mark.parametrize("side", [150.0, 900.0])
def test_points_come_back_where_the_light_was(monkeypatch: pytest.MonkeyPatch, turn: float, side: float) -> None:
    """A stand-in network that says where the light is, as y, x and score of the patch."""

    def answer(pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
        assert pixels.shape == (1, 256, 256, 3)
        assert pixels.dtype == np.int32
        light = pixels[0].mean(axis=2)
        y, x = np.indices(light.shape) + 0.5
        place = (y * light).sum() / light.sum() / 256, (x * light).sum() / light.sum() / 256
        found = np.zeros((1, 1, 17, 3), np.float32)
        found[0, 0] = *place, 1.2
        found[0, 0, 3, 2] = -0.1
        return [found]

    monkeypatch.setattr(thunder, "open_session", lambda *_, **__: Session(answer))
    image = np.zeros((1000, 1200, 3), np.uint8)
    image[391:410, 641:660] = 255
    estimate = Thunder()(image, Region(620, 430, side, turn))
    np.testing.assert_allclose(estimate.points, np.tile([650.5, 400.5], (17, 1)), atol=0.5)
    assert estimate.scores.max() == 1
    assert estimate.scores[3] == 0
    assert estimate.score == pytest.approx(16 / 17)
