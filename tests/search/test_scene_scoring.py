"""Whole pictures: how many people meet a condition, and how two of them stand to each other."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.language.conditions import FLOOR, Bit, Scene
from contrapposto.posebits.answers import People
from contrapposto.records import Pose
from contrapposto.search.scene_scoring import scene_scores
from tests.search.people import in_space, pose

UP = in_space(pose(left_elbow=(70, 20), left_wrist=(68, 0)))
DOWN = in_space(pose())
RAISED = Bit("left_wrist_above_left_shoulder")


def turned(of: Pose, degrees: float) -> Pose:
    """The pose in space, turned about the vertical; 90 faces the picture's right."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    return Pose(of.keypoints, of.scores, of.keypoints3d @ matrix.T)


def scores(
    scene: Scene, poses: list[Pose], pictures: list[int], x: list[float] | None = None
) -> tuple[list[float], list[bool]]:
    places = np.array([[float(100 * n) if x is None else x[n], 50.0] for n in range(len(poses))])
    found, shown = scene_scores(scene, People.of(poses), np.arange(len(poses)), np.array(pictures), places)
    return found.tolist(), shown.tolist()


def test_a_number_of_anybody() -> None:
    people, pictures = [UP, DOWN, UP, DOWN, DOWN, UP], [5, 2, 5, 2, 2, 9]
    found, shown = scores(Scene(2, False), people, pictures)
    np.testing.assert_array_equal(found, [1, 1, 1, 1, 1, np.nan])
    assert [shown[:1].count(True), sum(shown)] == [1, 3]  # one of each picture
    found, _ = scores(Scene(2, True), people, pictures)
    np.testing.assert_array_equal(found, [1, np.nan, 1, np.nan, np.nan, np.nan])
    found, _ = scores(Scene(1, True), people, pictures)
    np.testing.assert_array_equal(found, [np.nan] * 5 + [1])


def test_a_number_of_people_who_meet_a_condition() -> None:
    people, pictures = [UP, UP, DOWN, UP, DOWN, DOWN], [0, 0, 0, 1, 1, 1]
    sure = People.of(people).probability(RAISED.row)
    assert sure[0] > 0.9
    assert sure[2] < 0.1
    found, shown = scores(Scene(2, False, RAISED), people, pictures)
    assert found[0] == found[1] == found[2] == pytest.approx(sure[0] * sure[1])
    assert found[3] == pytest.approx(sure[3] * max(sure[4], FLOOR))
    assert shown[0] or shown[1]
    assert not shown[2]
    assert shown[3:] == [True, False, False]
    exactly, _ = scores(Scene(1, True, RAISED), people, pictures)
    assert exactly[3] == pytest.approx(sure[3] * (1 - sure[4]) * (1 - sure[5]))
    assert exactly[0] == pytest.approx(sure[0] * max(1 - sure[1], FLOOR) * (1 - sure[2]))
    assert exactly[3] > 0.8 > 0.2 > exactly[0]


def test_order_does_not_matter() -> None:
    people, pictures = [UP, DOWN, UP, DOWN, UP], [0, 1, 0, 0, 1]
    found, _ = scores(Scene(2, False, RAISED), people, pictures)
    turn = [3, 0, 4, 2, 1]
    again, _ = scores(Scene(2, False, RAISED), [people[n] for n in turn], [pictures[n] for n in turn])
    assert again == [found[n] for n in turn]


def test_two_people_facing_each_other() -> None:
    right, left = turned(DOWN, 90), turned(DOWN, -90)
    facing = Scene(2, False, None, "facing each other")
    at = [0.0, 100.0]
    good, _ = scores(facing, [right, left], [0, 0], at)
    swapped, _ = scores(facing, [left, right], [0, 0], at)
    same, _ = scores(facing, [right, right], [0, 0], at)
    far, _ = scores(facing, [right, left], [0, 0], [0.0, 4000.0])
    assert good[0] == good[1] > 0.8
    assert max(swapped[0], same[0], far[0]) < 0.3
    again, _ = scores(facing, [left, right], [0, 0], [100.0, 0.0])  # who comes first does not matter
    assert again[0] == pytest.approx(good[0])
    backs, _ = scores(Scene(2, False, None, "back to back"), [left, right], [0, 0], at)
    assert backs[0] > 0.8


def test_nobody() -> None:
    nobody = People.of([])
    found, shown = scene_scores(
        Scene(2, False, RAISED, "side by side"), nobody, np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2))
    )
    assert len(found) == len(shown) == 0
