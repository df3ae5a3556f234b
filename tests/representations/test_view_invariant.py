"""The view-invariant embedding with the shipped weights: what is unseen, moved, mirrored and turned."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.geometry import mirror
from contrapposto.representations.view_invariant import MIN_SEEN, REPRESENTATION, ViewInvariant
from contrapposto.skeleton import INDEX
from tests.poses.figures import person, picture, turned

Array = NDArray[np.float64]

POSES = {
    "standing": person(),
    "left arm up": person(left_elbow=(0.30, 0.72, 0.05), left_wrist=(0.28, 0.98, 0.05)),
    "right arm aside": person(right_elbow=(-0.46, 0.48, 0.0), right_wrist=(-0.72, 0.48, 0.0)),
    "seated": person(
        left_knee=(0.11, 0.02, 0.42),
        right_knee=(-0.11, 0.02, 0.42),
        left_ankle=(0.12, -0.40, 0.40),
        right_ankle=(-0.12, -0.40, 0.40),
    ),
    "left knee up": person(left_knee=(0.11, 0.05, 0.40), left_ankle=(0.11, -0.36, 0.35)),
}


@pytest.fixture(scope="module")
def embed() -> ViewInvariant:
    return ViewInvariant()


def seen_from(degrees: float) -> Array:
    return np.stack([picture(turned(points, degrees)) for points in POSES.values()])


def sure(keypoints: Array) -> Array:
    return np.isfinite(keypoints[..., 0]).astype(np.float64)


def distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> Array:
    return np.linalg.norm(first[:, None].astype(np.float64) - second[None], axis=2)


def test_it_is_what_it_says(embed: ViewInvariant) -> None:
    points = seen_from(0)
    found = embed(points, sure(points))
    assert found.shape == (len(POSES), REPRESENTATION.dimension) == (5, 32)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert (REPRESENTATION.unit, REPRESENTATION.maskable) == ("person", False)
    assert embed(np.empty((0, 17, 2)), np.empty((0, 17))).shape == (0, 32)
    assert weights.path("view-invariant").stat().st_size < 3_000_000


def test_one_item_and_a_batch(embed: ViewInvariant) -> None:
    points = seen_from(20)
    batch = embed(points, sure(points))
    for row, vector in enumerate(batch):
        np.testing.assert_allclose(embed(points[row : row + 1], sure(points)[:1])[0], vector, atol=1e-5)


def test_a_picture_moved_and_scaled_is_the_same(embed: ViewInvariant) -> None:
    points = seen_from(10)
    np.testing.assert_allclose(
        embed(3 * points + [1000, -50], sure(points)), embed(points, sure(points)), atol=1e-4
    )


def test_fewer_than_three_keypoints_have_no_embedding(embed: ViewInvariant) -> None:
    points = np.repeat(seen_from(0)[:1], 3, axis=0)
    points[0, MIN_SEEN - 1 :] = np.nan
    points[1, MIN_SEEN:] = np.nan
    points[2] = 7.0  # all on one point
    found = embed(points, sure(points))
    assert np.isnan(found).all(axis=1).tolist() == [True, False, True]
    assert np.isfinite(found[1]).all()


def test_unseen_joints_do_not_change_with_their_coordinates(embed: ViewInvariant) -> None:
    points = seen_from(0)
    points[:, INDEX["left_wrist"]] = np.nan
    half = points.copy()
    half[:, INDEX["left_wrist"], 1] = 300.0
    scores = sure(points)
    left = scores.copy()
    left[:, INDEX["left_wrist"]] = 0.9
    np.testing.assert_array_equal(embed(half, left), embed(points, scores))


def test_a_mirrored_pose_is_another_one(embed: ViewInvariant) -> None:
    """One raised arm: nearer to itself from the other side than to its mirror image from the same one."""
    names = list(POSES)
    for name in ("left arm up", "right arm aside"):
        points = POSES[name]
        straight = np.stack([picture(points), picture(turned(points, 40))])
        found = embed(straight, np.ones((2, 17)))
        mirrored = embed(picture(mirror(points))[None], np.ones((1, 17)))
        assert distances(found[:1], found[1:])[0, 0] < distances(found[:1], mirrored)[0, 0], names


@pytest.mark.parametrize("degrees", [30, -60, 90, 150, 180])
def test_a_pose_is_found_again_from_another_side(embed: ViewInvariant, degrees: float) -> None:
    front, other = seen_from(0), seen_from(degrees)
    found = distances(embed(front, sure(front)), embed(other, sure(other)))
    assert (found.argmin(axis=1) == np.arange(len(POSES))).mean() >= 0.8
