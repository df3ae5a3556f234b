"""The default estimator with its real networks, on photos that scikit-image brings."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from contrapposto.poses import PoseEstimator, make_estimator
from contrapposto.poses.movenet import person_score
from contrapposto.records import Person
from contrapposto.skeleton import FLIP, INDEX
from tests.networks import need

Image = NDArray[np.uint8]


@pytest.fixture(scope="module")
def movenet() -> PoseEstimator:
    need("movenet-multipose", "movenet-thunder")
    return make_estimator("movenet")


@pytest.fixture(scope="module")
def astronaut() -> Image:
    """512 x 512, one woman, facing the camera; head, shoulders and arms are in the picture, legs are not."""
    return np.ascontiguousarray(data.astronaut())


@pytest.fixture(scope="module")
def found(movenet: PoseEstimator, astronaut: Image) -> Person:
    people = movenet(astronaut)
    assert len(people) == 1
    return people[0]


def same(person: Person, points: NDArray[np.float64], other: Person) -> None:
    """Within a few pixels where both are sure: head 4, the rest 15 (sleeves are wide)."""
    sure = np.minimum(person.pose.scores, other.pose.scores) > 0.5
    assert sure.sum() >= 8
    away = np.hypot(*(person.pose.keypoints - points).T)
    assert np.nanmax(away[:5]) < 4
    assert away[sure].max() < 15


def test_one_person_is_found_where_she_is(found: Person) -> None:
    at = {name: found.pose.keypoints[index] for name, index in INDEX.items()}
    for name, place in {"nose": (222, 125), "left_eye": (247, 103), "right_eye": (203, 101)}.items():
        np.testing.assert_allclose(at[name], place, atol=10)
    assert at["left_shoulder"][0] > at["right_shoulder"][0] + 150, "her left is at the picture's right"
    assert at["left_shoulder"][1] == pytest.approx(at["right_shoulder"][1], abs=40)
    assert found.score > 0.6
    seen = found.pose.keypoints[found.pose.visible]
    np.testing.assert_allclose([found.box.x, found.box.y], seen.min(axis=0))
    np.testing.assert_allclose([found.box.x + found.box.width, found.box.y + found.box.height], seen.max(axis=0))
    assert found.pose.scores[[INDEX["left_ankle"], INDEX["right_ankle"]]].max() < 0.3


def test_the_mirrored_picture_gives_mirrored_people(
    movenet: PoseEstimator, astronaut: Image, found: Person
) -> None:
    (mirrored,) = movenet(np.ascontiguousarray(astronaut[:, ::-1]))
    points = mirrored.pose.keypoints[FLIP] * [-1, 1] + [512, 0]
    sure = np.minimum(found.pose.scores, mirrored.pose.scores[FLIP]) > 0.5
    assert sure.sum() >= 8
    away = np.hypot(*(found.pose.keypoints - points).T)
    assert away[:5].max() < 4
    assert away[sure].max() < 15


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_pictures_give_turned_people(
    movenet: PoseEstimator, astronaut: Image, found: Person, quarters: int
) -> None:
    (turned,) = movenet(np.ascontiguousarray(np.rot90(astronaut, quarters)))
    points = turned.pose.keypoints
    for _ in range(quarters):  # rot90 is anticlockwise: what is at x, y came from 512 - y, x
        points = np.column_stack([512 - points[:, 1], points[:, 0]])
    same(found, points, turned)


def test_two_people_side_by_side(movenet: PoseEstimator, astronaut: Image, found: Person) -> None:
    people = sorted(movenet(np.concatenate([astronaut, astronaut], axis=1)), key=lambda person: person.box.x)
    assert len(people) == 2
    for person, shift in zip(people, (0, 512), strict=True):
        same(found, person.pose.keypoints - [shift, 0], person)
        assert person.box.x == pytest.approx(found.box.x + shift, abs=20)
        assert person.box.width == pytest.approx(found.box.width, abs=30)


def test_a_black_and_white_photo_of_a_man(movenet: PoseEstimator) -> None:
    """The camera man, standing in profile at the left of the picture."""
    (man,) = movenet(np.repeat(data.camera()[:, :, None], 3, axis=2))
    assert man.box.x + man.box.width < 330
    assert man.box.height > 300
    head, ankles = man.pose.keypoints[:5, 1], man.pose.keypoints[15:, 1]
    assert np.nanmax(head) < 180
    assert np.nanmin(ankles) > 380


def scenes() -> dict[str, Image]:
    random = np.random.default_rng(0)
    return {
        "coffee": data.coffee(),
        "a cat": data.chelsea(),
        "brick": np.repeat(data.brick()[:, :, None], 3, axis=2),
        "noise": random.integers(0, 256, (480, 640, 3), dtype=np.uint8),
        "grey": np.full((480, 640, 3), 128, np.uint8),
        "black": np.zeros((200, 300, 3), np.uint8),
    }


def test_nobody_is_found_where_nobody_is(movenet: PoseEstimator) -> None:
    for name, image in scenes().items():
        assert movenet(image) == [], name


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 2), (5000, 20), (20, 5000), (2048, 1), (33, 31)])
def test_tiny_and_thin_pictures(movenet: PoseEstimator, width: int, height: int) -> None:
    assert movenet(np.full((height, width, 3), 90, np.uint8)) == []


def test_the_accurate_setting_finds_the_same(astronaut: Image, found: Person) -> None:
    need("nanodet")
    accurate = make_estimator("movenet", accurate=True)
    assert accurate.accurate
    (person,) = accurate(astronaut)
    same(found, person.pose.keypoints, person)
    assert accurate(data.coffee()) == []
    assert accurate(np.full((20, 1500, 3), 90, np.uint8)) == []


def test_one_estimator_serves_several_threads(movenet: PoseEstimator, astronaut: Image, found: Person) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as pool:
        for (person,) in pool.map(movenet, [astronaut] * 4):
            np.testing.assert_allclose(person.pose.keypoints, found.pose.keypoints, atol=0.01)


def test_person_score() -> None:
    """Mean of the eight surest."""
    assert person_score(np.array([0.0] * 9 + [1.0] * 4 + [0.5] * 4)) == pytest.approx(0.75)
    assert person_score(np.full(17, 0.3)) == pytest.approx(0.3)
