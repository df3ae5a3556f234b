"""Mirror, pose vector, body frame, OKS: by hand and by what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from contrapposto import geometry, skeleton

J = skeleton.INDEX
nan = math.nan
few = settings(max_examples=40, derandomize=True, deadline=None, database=None)
seeds = st.integers(0, 2**32 - 1)


def pose(**places: tuple[float, float]) -> NDArray[np.float64]:
    points = np.full((17, 2), nan)
    for name, place in places.items():
        points[J[name]] = place
    return points


def random_poses(seed: int, count: int, hidden: float = 0.25) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    points = random.uniform(-300, 300, (count, 17, 2))
    points[random.random((count, 17)) < hidden] = nan
    return points


L_SHAPE = pose(left_shoulder=(0, 0), right_shoulder=(128, 0), left_hip=(0, 64))


@few
@given(seeds)
def test_mirror_twice_is_identity(seed: int) -> None:
    poses = random_poses(seed, 5)
    np.testing.assert_array_equal(geometry.mirror(geometry.mirror(poses)), poses)


def test_mirror_by_hand() -> None:
    shown = geometry.mirror(pose(nose=(3, 1), left_wrist=(10, 20)))
    assert tuple(shown[J["nose"]]) == (-3, 1)
    assert tuple(shown[J["right_wrist"]]) == (-10, 20)
    assert np.isnan(shown[J["left_wrist"]]).all()
    depth = geometry.mirror(np.arange(51.0).reshape(17, 3))  # x, y, z
    assert tuple(depth[J["left_ankle"]]) == (-48, 49, 50)  # row 16, the right ankle


def test_pose_vector_by_hand() -> None:
    # Seen: (0,0), (128,0), (0,64); mean (128/3, 64/3); larger side 128.
    vector = geometry.pose_vector(L_SHAPE).reshape(17, 2)
    np.testing.assert_allclose(vector[J["left_shoulder"]], (-1 / 3, -1 / 6), rtol=1e-6)
    np.testing.assert_allclose(vector[J["right_shoulder"]], (2 / 3, -1 / 6), rtol=1e-6)
    np.testing.assert_allclose(vector[J["left_hip"]], (-1 / 3, 1 / 3), rtol=1e-6)
    assert np.count_nonzero(vector) == 6


def test_pose_vectors_of_poses_without_a_shape_are_zero() -> None:
    empty = np.full((17, 2), nan)
    point = pose(nose=(7, 7), left_hip=(7, 7))
    single = pose(nose=(7, 7))
    vectors = geometry.pose_vector(np.stack([empty, point, single]))
    assert vectors.shape == (3, 34)
    assert vectors.dtype == np.float32
    assert not vectors.any()


@few
@given(seeds, st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_pose_vector_ignores_place_and_size(seed: int, scale: float, shift: float) -> None:
    poses = random_poses(seed, 4)
    vectors = geometry.pose_vector(poses)
    np.testing.assert_allclose(geometry.pose_vector(poses * scale + shift), vectors, atol=1e-5)
    assert np.isfinite(vectors).all()
    for one, vector in zip(poses, vectors, strict=True):
        np.testing.assert_array_equal(geometry.pose_vector(one), vector)
        corners = vector.reshape(17, 2)[np.isfinite(one[:, 0])]
        assert np.ptp(corners, axis=0).max() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(corners.mean(axis=0), 0, atol=1e-5)


def test_pose_vector_of_nobody() -> None:
    assert geometry.pose_vector(np.zeros((0, 17, 2))).shape == (0, 34)


STANDING: dict[str, tuple[float, float, float]] = {  # facing the camera: x to the own left, y up, z forward
    "left_hip": (0.1, 0, 0),
    "right_hip": (-0.1, 0, 0),
    "left_shoulder": (0.2, 0.5, 0),
    "right_shoulder": (-0.2, 0.5, 0),
    "left_wrist": (0.2, 0.5, 0.6),  # stretched forward
    "right_wrist": (-0.8, 0.5, 0),  # stretched to the side
    "nose": (0, 0.8, 0.1),
}


def body(**changes: tuple[float, float, float]) -> NDArray[np.float64]:
    points = np.full((17, 3), nan)
    for name, place in {**STANDING, **changes}.items():
        points[J[name]] = place
    return points


def test_body_frame_of_someone_who_stands_and_faces_the_camera_is_the_cameras() -> None:
    np.testing.assert_allclose(geometry.body_frame(body()), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(geometry.to_body_frame(body() + np.array([3, -1, 7])), body(), atol=1e-12)


def test_body_frame_from_behind_by_hand() -> None:
    # Turned half round about the vertical: x and z change sign, so the own left is at the picture's left.
    behind = body() * (-1, 1, -1)
    np.testing.assert_allclose(geometry.body_frame(behind), [[-1, 0, 0], [0, 1, 0], [0, 0, -1]], atol=1e-12)
    np.testing.assert_allclose(geometry.to_body_frame(behind)[J["left_wrist"]], (0.2, 0.5, 0.6), atol=1e-12)
    np.testing.assert_allclose(geometry.to_body_frame(behind)[J["right_wrist"]], (-0.8, 0.5, 0), atol=1e-12)


def test_body_frame_lying_by_hand() -> None:
    # On the back, the head to the picture's right: own up is (1, 0, 0), forward out of the chest (0, 1, 0). So the
    # own left is up cross forward = (0, 0, 1), towards the camera.
    lying = np.full((17, 3), nan)
    lying[J["left_hip"]], lying[J["right_hip"]] = (0, 0, 0.1), (0, 0, -0.1)
    lying[J["left_shoulder"]], lying[J["right_shoulder"]] = (0.5, 0, 0.2), (0.5, 0, -0.2)
    lying[J["left_wrist"]] = (0.5, 0.6, 0.2)  # the arm to the ceiling: forward
    np.testing.assert_allclose(geometry.body_frame(lying), [[0, 0, 1], [1, 0, 0], [0, 1, 0]], atol=1e-12)
    np.testing.assert_allclose(geometry.to_body_frame(lying)[J["left_wrist"]], (0.2, 0.5, 0.6), atol=1e-12)


def test_body_frame_makes_the_hips_square_to_the_spine() -> None:
    tilted = body(left_hip=(0.1, 0.1, 0), right_hip=(-0.1, -0.1, 0))  # the pelvis stays where it was
    np.testing.assert_allclose(geometry.body_frame(tilted), np.eye(3), atol=1e-12)


@few
@given(seeds)
def test_turning_and_moving_a_body_changes_nothing_in_its_own_frame(seed: int) -> None:
    random = np.random.default_rng(seed)
    poses = random.normal(0, 0.5, (4, 17, 3))
    turn = Rotation.random(rng=random).as_matrix()
    np.testing.assert_allclose(
        geometry.to_body_frame(poses @ turn.T + random.normal(size=3)), geometry.to_body_frame(poses), atol=1e-8
    )
    frames = geometry.body_frame(poses)
    np.testing.assert_allclose(frames @ np.swapaxes(frames, 1, 2), np.broadcast_to(np.eye(3), (4, 3, 3)), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(frames), 1)
    np.testing.assert_allclose(  # the mirror image: left and right change places, x changes sign
        geometry.to_body_frame(geometry.mirror(poses)), geometry.mirror(geometry.to_body_frame(poses)), atol=1e-8
    )


@pytest.mark.parametrize("name", ["left_hip", "right_hip", "left_shoulder", "right_shoulder"])
def test_no_body_frame_without_hips_and_shoulders(name: str) -> None:
    hidden = body(**{name: (nan, nan, nan)})
    assert np.isnan(geometry.body_frame(hidden)).all()
    both = geometry.to_body_frame(np.stack([hidden, body()]))
    assert np.isnan(both[0]).all()
    np.testing.assert_allclose(both[1], body(), atol=1e-12)


def test_no_body_frame_without_directions() -> None:
    for broken in (
        body(left_hip=(0.1, 0, 0), right_hip=(0.1, 0, 0)),  # no left
        body(left_shoulder=(0.1, 0, 0), right_shoulder=(-0.1, 0, 0)),  # no up
        body(left_hip=(0, 0.1, 0), right_hip=(0, -0.1, 0)),  # left is up
    ):
        assert np.isnan(geometry.body_frame(broken)).all()
    hips = geometry.to_body_frame(body(nose=(nan, 0, 0)))
    assert np.isnan(hips[J["nose"]]).all()


def test_oks_by_hand() -> None:
    # nose: 2 * sigma = .052, squared .002704; hip: .214, squared .045796; area 10,000; both 5 px off (3, 4).
    # exp(-25 / (2 * 10,000 * .002704)) = exp(-25 / 54.08) = .62984; exp(-25 / 915.92) = .97307. The ankle is
    # labelled and not predicted: 0. The knee is predicted and not labelled: not counted.
    truth = pose(nose=(100, 100), left_hip=(50, 200), left_ankle=(50, 400))
    guess = pose(nose=(103, 104), left_hip=(47, 196), left_knee=(0, 0))
    by_hand = (math.exp(-25 / 54.08) + math.exp(-25 / 915.92) + 0) / 3
    assert by_hand == pytest.approx(0.53430, abs=1e-4)
    assert geometry.oks(guess, truth, 10_000) == pytest.approx(by_hand, rel=1e-9)


def test_oks_ends() -> None:
    truth = pose(nose=(100, 100), left_hip=(50, 200))
    assert geometry.oks(truth, truth, 10_000) == 1
    assert geometry.oks(pose(), truth, 10_000) == 0
    assert geometry.oks(truth + 1e6, truth, 10_000) == 0
    with pytest.raises(ValueError, match="at least one labelled joint"):
        geometry.oks(truth, pose(), 10_000)
    one = np.array([[0.0, 0.0]])  # another set of joints: sigma .5, (2 sigma)^2 = 1, d^2 = 2, area 1: exp(-1)
    assert geometry.oks(one + 1, one, 1.0, np.array([0.5])) == pytest.approx(math.exp(-1))
