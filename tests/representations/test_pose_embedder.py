"""Looking at people: the square, keypoints put right, and what comes back; by the networks, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto import demo
from contrapposto.poses import make_estimator
from contrapposto.records import Box, Person, Pose
from contrapposto.representations import pose_embedder
from contrapposto.representations.pose_embedder import (
    MIN_SEEN,
    SQUARE,
    EmbeddingEstimator,
    PoseEmbedder,
    make_embedding_estimator,
    put_right,
    region_of,
)
from contrapposto.skeleton import COUNT, INDEX
from tests.networks import need
from tests.search.people import only, person, pose


def test_the_square_by_hand() -> None:
    """Keypoints of x 30..70 and y 17..160: their middle, and 1.55 times 143."""
    shown = only(left_wrist=(30, 17), right_wrist=(70, 20), left_knee=(50, 160))
    region = region_of(shown.keypoints)
    assert (region.x, region.y, region.side, region.turn) == pytest.approx((50, 88.5, SQUARE * 143, 0))
    assert region_of(only(nose=(5, 6)).keypoints).side == pytest.approx(SQUARE)
    with pytest.raises(ValueError, match="at least one seen"):
        region_of(np.full((17, 2), np.nan))


def test_put_right_by_hand() -> None:
    """(0, 0) of score 0.2 and (8, 4) of height 0.6 are (6, 3): three quarters of the way."""
    shown = only(nose=(0, 0), left_wrist=(10, 20), right_wrist=(30, 40), left_knee=(50, 60))
    scores, heights = np.zeros(COUNT), np.zeros(COUNT)
    points = np.full((COUNT, 2), 99.0)
    nose, wrist, other, knee, ear = (
        INDEX[name] for name in ("nose", "left_wrist", "right_wrist", "left_knee", "left_ear")
    )
    scores[nose], heights[nose], points[nose] = 0.2, 0.6, (8, 4)
    scores[wrist], heights[wrist] = 0.7, 0.0
    scores[other], heights[other], points[other] = 0.0, 0.4, (31, 42)
    heights[ear] = 0.9
    found = put_right(shown.keypoints, scores, points, heights)
    np.testing.assert_allclose(found[nose], (6, 3))
    np.testing.assert_allclose(found[wrist], (10, 20), err_msg="the look does not see it")
    np.testing.assert_allclose(found[other], (31, 42), err_msg="only the look is sure")
    np.testing.assert_allclose(found[knee], (50, 60), err_msg="nobody is sure")
    assert np.isnan(found[ear]).all(), "what was unseen stays so"


class LightSession:
    """In place of the network: heatmaps are Gaussians around the light of the picture, 0.8 high; the embedding says
    how light it is. shown: what it was given."""

    def __init__(self) -> None:
        self.shown: list[NDArray[np.float32]] = []

    def run(self, names: list[str], given: dict[str, NDArray[np.float32]]) -> list[NDArray[Any]]:
        assert names == ["heatmaps", "embedding"]
        (image,) = given["image"]
        self.shown.append(image)
        light = image.mean(axis=0) + 127 / 128
        y, x = np.indices(light.shape) + 0.5
        middle = (x * light).sum() / light.sum() / 4, (y * light).sum() / light.sum() / 4
        rows, columns = np.indices((64, 64)) + 0.5
        map_ = 0.8 * np.exp(-((columns - middle[0]) ** 2 + (rows - middle[1]) ** 2) / 8)
        embedding = np.eye(128, dtype=np.float32)[:1]
        return [np.tile(map_, (1, COUNT, 1, 1)).astype(np.float32), embedding]


@pytest.mark.parametrize("height", [60.0, 400.0])
def test_keypoints_go_towards_where_the_look_finds_them(monkeypatch: pytest.MonkeyPatch, height: float) -> None:
    session = LightSession()
    monkeypatch.setattr(pose_embedder, "open_session", lambda *_, **__: session)
    points = pose().keypoints * (height / np.ptp(pose().keypoints[:, 1])) + (300, 200)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    light = np.round(middle + np.array([0.1, -0.2]) * height).astype(int)
    picture = np.zeros((900, 1000, 3), np.uint8)
    picture[light[1] - 3 : light[1] + 3, light[0] - 3 : light[0] + 3] = 255
    someone = Person(Box.around(points), 0.9, Pose(points, np.full(COUNT, 0.2)))
    (found,) = PoseEmbedder()(picture, [someone])
    np.testing.assert_allclose(found.pose.fused, points + 0.8 * (light - points), atol=height / 100)
    np.testing.assert_array_equal(found.pose.keypoints, points)
    assert found.pose.embedding.argmax() == 0
    assert [image.shape for image in session.shown] == [(3, 256, 256)]
    assert session.shown[0].min() == pytest.approx(-127 / 128)
    assert session.shown[0].max() > 0.5


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


@pytest.mark.parametrize("name", ["movenet", "heatmap"])
def test_people_of_a_photo(name: str) -> None:
    need("movenet-multipose", "movenet-thunder")
    picture = np.asarray(Image.open(demo.photos() / "photo_001.jpg").convert("RGB"))
    estimator = make_embedding_estimator(name)
    assert estimator.name == name
    people = estimator(picture)
    plain = make_estimator(name)(picture)
    assert len(people) == len(plain) > 0
    for one, before in zip(people, plain, strict=True):
        np.testing.assert_array_equal(one.pose.keypoints, before.pose.keypoints)
        assert np.linalg.norm(one.pose.embedding) == pytest.approx(1, abs=1e-4)
        assert np.isfinite(one.pose.fused).all(axis=1).tolist() == one.pose.visible.tolist()
        moved = np.linalg.norm(one.pose.fused - one.pose.keypoints, axis=1)
        assert 0 < np.nanmean(moved) < max(one.box.width, one.box.height) / 10


def test_where_a_picture_lies_and_how_large_it_is_changes_little(embedder: PoseEmbedder) -> None:
    need("movenet-multipose", "movenet-thunder")
    photo = Image.open(demo.photos() / "photo_001.jpg").convert("RGB")
    one = make_estimator("movenet")(np.asarray(photo))[0]
    small = photo.resize((photo.width // 2, photo.height // 2), Image.Resampling.BOX)
    shifted = np.zeros((photo.height + 60, photo.width + 40, 3), np.uint8)
    shifted[60:, 40:] = photo
    whole = embedder(np.asarray(photo), [one])[0].pose
    (halved,) = embedder(np.asarray(small), [one.scaled((small.width / photo.width, small.height / photo.height))])
    moved = replace(one, pose=replace(one.pose, keypoints=one.pose.keypoints + np.array([40, 60])))
    there = embedder(shifted, [moved])[0].pose
    assert np.linalg.norm(halved.pose.embedding - whole.embedding) < 0.3
    np.testing.assert_allclose(there.embedding, whole.embedding, atol=0.02)
    np.testing.assert_allclose(there.fused - (40, 60), whole.fused, atol=0.5)
