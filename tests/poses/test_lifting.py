"""3D from 2D with the shipped weights, on hand-made people, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.geometry import mirror
from contrapposto.poses.lifting import MIN_SEEN, TO_PICTURE, Lifter, encode, liftable, to_picture
from contrapposto.skeleton import FLIP, INDEX
from tests.poses.figures import person, picture, turned

Array = NDArray[np.float64]

FORWARD = {"left_elbow": (0.19, 0.44, 0.27), "left_wrist": (0.16, 0.42, 0.52)}
"""The left arm stretched forward."""
ASIDE = {"left_elbow": (0.46, 0.47, 0.0), "left_wrist": (0.70, 0.46, 0.0)}
"""The left arm stretched to the own left."""
RIGHT_FORWARD = {"right_elbow": (-0.19, 0.44, 0.27), "right_wrist": (-0.16, 0.42, 0.52)}


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter()


def lift(lifter: Lifter, points: Array, away: float = 4.0) -> Array:
    return lifter(picture(points, away)[None], np.ones((1, 17)))[0]


def at(points: Array, name: str) -> Array:
    place: Array = points[INDEX[name]]
    return place


@pytest.mark.parametrize("away", [2.5, 4.0, 8.0])
def test_an_arm_stretched_towards_the_camera_comes_forward(lifter: Lifter, away: float) -> None:
    """Facing the camera. The wrist's z is clearly more than that of the shoulder and of the other wrist."""
    for arms, side, other in ((FORWARD, "left", "right"), (RIGHT_FORWARD, "right", "left")):
        found = lift(lifter, person(**arms), away)
        assert at(found, f"{side}_wrist")[2] > 0.15
        assert at(found, f"{side}_wrist")[2] > at(found, f"{side}_shoulder")[2] + 0.15
        assert at(found, f"{side}_wrist")[2] > at(found, f"{other}_wrist")[2] + 0.04


def test_an_arm_to_the_own_left_goes_to_x(lifter: Lifter) -> None:
    found = lift(lifter, person(**ASIDE))
    assert at(found, "left_wrist")[0] == pytest.approx(0.70, abs=0.12)
    assert at(found, "left_wrist")[1] == pytest.approx(0.46, abs=0.12)
    assert abs(at(found, "left_wrist")[2]) < 0.25
    assert at(found, "left_shoulder")[0] > 0.1 > -0.1 > at(found, "right_shoulder")[0]


def test_seen_from_behind_the_own_left_is_the_pictures_left(lifter: Lifter) -> None:
    found = lift(lifter, turned(person(**ASIDE), 180))
    assert at(found, "left_wrist")[0] == pytest.approx(-0.70, abs=0.12)
    assert at(found, "left_shoulder")[0] < -0.1
    assert at(found, "nose")[2] < 0, "the face looks away from the camera"


def test_seen_from_behind_an_arm_forward_goes_away_from_the_camera(lifter: Lifter) -> None:
    found = lift(lifter, turned(person(**FORWARD), 160))
    assert at(found, "left_wrist")[2] < at(found, "left_shoulder")[2] - 0.15


def test_seen_from_the_side_forward_is_across_the_picture(lifter: Lifter) -> None:
    """Facing the picture's right: the own left is away from the camera."""
    found = lift(lifter, turned(person(**FORWARD), 80))
    assert at(found, "left_wrist")[0] == pytest.approx(0.52, abs=0.15)
    assert at(found, "left_shoulder")[2] < at(found, "right_shoulder")[2] - 0.1
    assert at(found, "nose")[0] > 0.05


def test_up_is_up_and_metres_are_an_adults(lifter: Lifter) -> None:
    found = lift(lifter, person())
    np.testing.assert_allclose((at(found, "left_hip") + at(found, "right_hip")) / 2, 0, atol=1e-3)
    assert at(found, "nose")[1] == pytest.approx(0.66, abs=0.1)
    assert at(found, "left_ankle")[1] == pytest.approx(-0.84, abs=0.1)
    assert np.linalg.norm(found - person(), axis=1).mean() < 0.1


@pytest.mark.parametrize("turn", [0, 60, 180, 250])
def test_a_mirrored_picture_gives_the_mirrored_pose(lifter: Lifter, turn: float) -> None:
    points = picture(turned(person(**FORWARD), turn))
    points[INDEX["right_wrist"]] = np.nan
    scores = np.linspace(0.3, 1, 17)
    scores[INDEX["right_wrist"]] = 0
    found = lifter(points[None], scores[None])
    mirrored = lifter((points[FLIP] * [-1, 1] + [640, 0])[None], scores[FLIP][None])
    np.testing.assert_allclose(mirrored, mirror(found), atol=1e-5)
    assert np.isnan(mirrored[0, INDEX["left_wrist"]]).all()


@pytest.mark.parametrize(("scale", "shift"), [(0.1, (0, 0)), (7, (1000, -300)), (1, (-5000, 4000))])
def test_place_and_size_in_the_picture_change_nothing(
    lifter: Lifter, scale: float, shift: tuple[float, float]
) -> None:
    points, scores = picture(turned(person(**ASIDE), 30)), np.linspace(0.2, 0.9, 17)
    found = lifter(points[None], scores[None])
    np.testing.assert_allclose(lifter(points[None] * scale + shift, scores[None]), found, atol=1e-4)


def test_unseen_joints_have_no_place(lifter: Lifter) -> None:
    points, scores = picture(person(**ASIDE)), np.ones(17)
    hidden = [INDEX[name] for name in ("left_knee", "right_knee", "left_ankle", "right_ankle", "right_hip")]
    points[hidden], scores[hidden] = np.nan, 0
    found = lifter(points[None], scores[None])[0]
    assert np.isnan(found[hidden]).all()
    assert np.isfinite(np.delete(found, hidden, axis=0)).all()
    assert at(found, "left_wrist")[0] == pytest.approx(0.70, abs=0.15)


def test_a_batch_is_what_its_people_are_alone(lifter: Lifter) -> None:
    random = np.random.default_rng(0)
    points = np.stack([picture(turned(person(**ASIDE), angle)) for angle in range(0, 360, 20)])
    points[random.random(points.shape[:2]) < 0.2] = np.nan
    scores = np.where(np.isfinite(points[..., 0]), random.uniform(0.1, 1, points.shape[:2]), 0)
    together = lifter(points, scores)
    alone = np.concatenate([lifter(points[[row]], scores[[row]]) for row in range(len(points))])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert lifter(points[:0], scores[:0]).shape == (0, 17, 3)


def test_too_few_joints_or_a_single_point_are_no_pose(lifter: Lifter) -> None:
    points = np.full((4, 17, 2), np.nan)
    points[0, : MIN_SEEN - 1] = picture(person())[: MIN_SEEN - 1]
    points[1, :MIN_SEEN] = picture(person())[:MIN_SEEN]
    points[2] = 300
    np.testing.assert_array_equal(liftable(points), [False, True, False, False])
    found = lifter(points, np.isfinite(points[..., 0]).astype(float))
    np.testing.assert_array_equal(np.isfinite(found[..., 0]).sum(axis=1), [0, MIN_SEEN, 0, 0])


def test_encoding_worked_by_hand() -> None:
    """Three keypoints at (0, 0), (4, 0), (0, 3) with scores .5, .25, .25: the weighted middle is (1, .75), the
    weighted mean square distance .5 * 1.5625 + .25 * (9 + .5625) + .25 * (1 + 5.0625) = 4.6875."""
    points, scores = np.full((1, 17, 2), np.nan), np.zeros((1, 17))
    points[0, :3], scores[0, :3] = [[0, 0], [4, 0], [0, 3]], [0.5, 0.25, 0.25]
    encoded = encode(points, scores).reshape(17, 3)
    size = np.sqrt(4.6875)
    expected = [[-1 / size, 0.75 / size, 0.5], [3 / size, 0.75 / size, 0.25], [-1 / size, -2.25 / size, 0.25]]
    np.testing.assert_allclose(encoded[:3], expected, rtol=1e-6)
    assert not encoded[3:].any()
    scores[0, :3] = 0  # seen all the same: a drawn skeleton without scores
    assert encode(points, scores).reshape(17, 3)[0, 2] == np.float32(0.1)


def test_the_weights_come_with_the_package() -> None:
    status = next(row for row in weights.status() if row.name == "lifter")
    assert status.cached
    assert status.source == "own"
    assert status.size == weights.path("lifter").stat().st_size
    assert status.size is not None
    assert status.size < 4_000_000


def test_sure_keypoints_are_drawn_to_the_picture() -> None:
    """A pose that is right but for its left wrist, 10 cm off in the picture's plane. Pull 0.8 x score; the other 16
    keypoints have score 1 and hold scale and place (the wrist counts little)."""
    points = person()
    keypoints = points[:, :2] * [200, -200] + [320, 240]
    wrong = points.copy()
    wrong[INDEX["left_wrist"], 0] += 0.1
    for score in (0.1, 0.5, 1.0):
        scores = np.ones(17)
        scores[INDEX["left_wrist"]] = score
        drawn = to_picture(wrong[None], keypoints[None], scores[None])[0]
        left = np.linalg.norm(drawn[INDEX["left_wrist"]] - points[INDEX["left_wrist"]])
        assert left == pytest.approx(0.1 * (1 - TO_PICTURE * score), abs=0.012)
        np.testing.assert_allclose(drawn[:, 2], wrong[:, 2])
        np.testing.assert_allclose(drawn[INDEX["left_hip"]] + drawn[INDEX["right_hip"]], 0, atol=1e-9)
    hidden = keypoints.copy()
    hidden[INDEX["left_wrist"]] = np.nan
    kept = to_picture(wrong[None], hidden[None], np.isfinite(hidden[:, 0]).astype(float)[None])[0]
    np.testing.assert_allclose(kept, wrong, atol=1e-9)
