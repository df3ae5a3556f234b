"""Looking at people: the square, places in it, and what comes back; with the networks on photos of the demo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto import demo
from contrapposto.poses import make_estimator
from contrapposto.records import Box, Person, Pose
from contrapposto.representations.pose_embedder import (
    MIN_SEEN,
    MOST_MOVED,
    SQUARE,
    EmbeddingEstimator,
    PoseEmbedder,
    make_embedding_estimator,
    placed,
    put_right,
    region_of,
)
from contrapposto.representations.pose_embedding import WEIGHTS
from contrapposto.skeleton import INDEX, LIMB_NUMBERS
from tests.networks import need
from tests.search.people import only, person, pose

Array = NDArray[np.float64]


def turned(points: Array, degrees: float) -> Array:
    """Clockwise as seen in the picture, around (50, 90)."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - [50, 90]) @ matrix.T + [50, 90]


def test_the_square_by_hand() -> None:
    """Keypoints of x 30..70 and y 17..160: their middle, and 1.35 times 143."""
    shown = only(left_wrist=(30, 17), right_wrist=(70, 20), left_knee=(50, 160))
    region = region_of(shown.keypoints)
    assert (region.x, region.y, region.side) == pytest.approx((50, 88.5, SQUARE * 143))
    assert region_of(only(nose=(5, 6)).keypoints).side == pytest.approx(SQUARE)
    with pytest.raises(ValueError, match="at least one seen"):
        region_of(np.full((17, 2), np.nan))


def test_places_by_hand() -> None:
    shown = only(left_wrist=(0, 0), right_wrist=(200, 100))
    region = region_of(shown.keypoints)  # around (100, 50), 270 pixels
    found = placed(shown.keypoints, np.where(shown.visible, 0.75, 0.0), region)
    expected = np.zeros((17, 3))
    expected[INDEX["left_wrist"]] = -100 / 270, -50 / 270, 0.75
    expected[INDEX["right_wrist"]] = 100 / 270, 50 / 270, 0.75
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_put_right_by_hand() -> None:
    """Limb joints go where the network says, but not far; the face stays."""
    points = pose("left_ear").keypoints
    region = region_of(points)
    middle = np.array([region.x, region.y])
    moved = (points[LIMB_NUMBERS] - middle) / region.side
    near, far = LIMB_NUMBERS.tolist().index(INDEX["left_wrist"]), LIMB_NUMBERS.tolist().index(INDEX["right_wrist"])
    moved[near] += (0.03, -0.04)
    moved[far] += (0.3, 0.4)
    found = put_right(points, moved, region)
    expected = points.copy()
    expected[INDEX["left_wrist"]] += np.array([0.03, -0.04]) * region.side
    expected[INDEX["right_wrist"]] += np.array([0.6, 0.8]) * MOST_MOVED * region.side
    np.testing.assert_allclose(found, expected)


def test_who_is_not_seen_whole_is_not_put_right() -> None:
    shown = only(nose=(10, 20), left_wrist=(0, 0), right_wrist=(200, 100))
    found = put_right(shown.keypoints, np.full((12, 2), 0.02), region_of(shown.keypoints))
    np.testing.assert_array_equal(found, shown.keypoints)


@pytest.mark.parametrize("degrees", [0, 20, 75, -110, 180])
def test_places_are_put_back_where_they_came_from(degrees: float) -> None:
    points = turned(pose("left_ear").keypoints, degrees) * 2.5 + [300, 40]
    region = region_of(points)
    places = placed(points, np.ones(17), region)
    np.testing.assert_allclose(put_right(points, places[LIMB_NUMBERS, :2], region), points, atol=1e-3)
    assert np.abs(places[:, :2]).max() <= 0.5 / SQUARE + 1e-6


class Found:
    """An estimator that finds the same people in every picture."""

    name = "movenet"
    accurate = True

    def __init__(self, *people: Person) -> None:
        self.people = list(people)

    def __call__(self, _: NDArray[np.uint8]) -> list[Person]:
        return self.people


@pytest.fixture(scope="module")
def embedder() -> PoseEmbedder:
    need(*WEIGHTS)
    return PoseEmbedder()


def test_somebody_of_whom_little_is_seen_stays_as_they_are(embedder: PoseEmbedder) -> None:
    picture = np.full((180, 100, 3), 90, np.uint8)
    few = person(only(left_wrist=(30, 17), right_wrist=(70, 20)))
    enough = person(only(left_wrist=(30, 17), right_wrist=(70, 20), left_knee=(50, 160)))
    nobody = Person(Box(1, 2, 3, 4), 0.5, Pose(np.full((17, 2), np.nan)))
    found = embedder(picture, [few, enough, nobody])
    assert found[0] is few
    assert found[2] is nobody
    assert found[1].pose.visible.sum() == MIN_SEEN
    assert np.isfinite(found[1].pose.fused).all(axis=1).tolist() == enough.pose.visible.tolist()
    assert np.linalg.norm(found[1].pose.embedding) == pytest.approx(1, abs=1e-4)
    assert embedder(picture, []) == []


def test_the_estimator_says_what_it_wraps(embedder: PoseEmbedder) -> None:
    estimator = EmbeddingEstimator(Found(person(pose(), 0.75)), embedder)
    (found,) = estimator(np.full((180, 100, 3), 90, np.uint8))
    assert (estimator.name, estimator.accurate) == ("movenet", True)
    assert (found.box, found.score) == (person(pose()).box, 0.75)
    np.testing.assert_array_equal(found.pose.keypoints, pose().keypoints)
    assert np.isfinite(found.pose.embedding).all()


def test_people_of_a_photo() -> None:
    need("movenet-multipose", "movenet-thunder", *WEIGHTS)
    picture = np.asarray(Image.open(demo.photos() / "photo_001.jpg").convert("RGB"))
    people = make_embedding_estimator()(picture)
    plain = make_estimator()(picture)
    assert len(people) == len(plain) > 0
    for one, before in zip(people, plain, strict=True):
        np.testing.assert_array_equal(one.pose.keypoints, before.pose.keypoints)
        assert np.isfinite(one.pose.embedding).all()
        assert np.linalg.norm(one.pose.embedding) == pytest.approx(1, abs=1e-4)
        assert np.isfinite(one.pose.fused).all(axis=1).tolist() == one.pose.visible.tolist()
        moved = np.linalg.norm(one.pose.fused - one.pose.keypoints, axis=1)
        assert np.nanmean(moved) < max(one.box.width, one.box.height) / 10


def test_where_a_picture_lies_and_how_large_it_is_changes_little(embedder: PoseEmbedder) -> None:
    need("movenet-multipose", "movenet-thunder")
    photo = Image.open(demo.photos() / "photo_001.jpg").convert("RGB")
    one = make_estimator()(np.asarray(photo))[0]
    small = photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.BOX)
    shifted = np.zeros((photo.height + 60, photo.width + 40, 3), np.uint8)
    shifted[60:, 40:] = photo
    whole = embedder(np.asarray(photo), [one])[0].pose.embedding
    halved = embedder(np.asarray(small), [one.scaled((small.width / photo.width, small.height / photo.height))])
    moved = replace(one, pose=replace(one.pose, keypoints=one.pose.keypoints + np.array([40, 60])))
    assert np.linalg.norm(halved[0].pose.embedding - whole) < 0.3
    np.testing.assert_allclose(embedder(shifted, [moved])[0].pose.embedding, whole, atol=0.02)
