"""What is stored of a pose to propose neighbours by."""

from __future__ import annotations

import numpy as np

from contrapposto import distances, skeleton
from contrapposto.representations import pose_vector
from contrapposto.store import SCHEMAS, SPACES
from tests.search.people import pose


def test_fits_the_column_it_is_stored_in() -> None:
    stated = pose_vector.REPRESENTATION
    assert stated.name in SPACES
    assert SCHEMAS["people"].field(stated.name).type.list_size == stated.dimension == 34
    assert (stated.unit, stated.maskable) == ("person", True)


def test_encode_by_hand() -> None:
    # A square of side 50 with two joints in a row: mean (25, 25); larger side 50: every corner at half a side.
    points = np.full((1, 17, 2), np.nan)
    corners = {"left_shoulder": (0, 0), "right_shoulder": (50, 0), "left_hip": (0, 50), "right_hip": (50, 50)}
    for name, place in corners.items():
        points[0, skeleton.INDEX[name]] = place
    vector = pose_vector.encode(points)
    assert vector.shape == (1, 34)
    assert vector.dtype == np.float32
    expected = np.zeros((17, 2))
    for name, (x, y) in corners.items():
        expected[skeleton.INDEX[name]] = (x / 50 - 0.5, y / 50 - 0.5)
    np.testing.assert_allclose(vector[0], expected.ravel(), atol=1e-6)


def test_one_item_and_a_batch() -> None:
    poses = np.stack([pose().keypoints, pose("nose", left_wrist=(0, 0)).keypoints])
    batch = pose_vector.encode(poses)
    for one, vector in zip(poses, batch, strict=True):
        np.testing.assert_array_equal(pose_vector.encode(one), vector)


def test_weighted_l2_of_equally_seen_poses_is_a_distance_of_joints() -> None:
    """Both see all: the squared L2 of the vectors is the sum of squared joint distances, in sides of the box."""
    first, second = pose().keypoints, pose(left_wrist=(90, 60), right_knee=(30, 120)).keypoints
    difference = pose_vector.encode(first) - pose_vector.encode(second)
    squared = float((pose_vector.component_weights(np.ones(17)) * difference**2).sum())
    joints = distances.joint_distances("2d", first, second[None], np.ones(17))[0] / distances.POSE_SIDE
    np.testing.assert_allclose(squared, (joints**2).sum(), rtol=1e-5)


def test_component_weights() -> None:
    weights = pose_vector.component_weights(np.arange(17.0))
    assert weights.dtype == np.float32
    assert weights.tolist() == [float(joint) for joint in range(17) for _ in "xy"]
