"""Records check what they are given and answer by hand-worked values."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from contrapposto import skeleton
from contrapposto.records import EMBEDDING, Box, Hit, PartResult, Person, Pose

J = skeleton.INDEX


def test_a_3d_keypoint_is_known_whole_or_not_at_all() -> None:
    deep = np.arange(51.0).reshape(17, 3)
    deep[4, 1] = np.nan
    pose = Pose(np.zeros((17, 2)), keypoints3d=deep)
    assert np.isnan(pose.keypoints3d[4]).all()
    assert np.isfinite(np.delete(pose.keypoints3d, 4, axis=0)).all()
    assert not pose.keypoints3d.flags.writeable
    assert np.isnan(Pose(np.zeros((17, 2))).keypoints3d).all()


def test_what_the_picture_told_is_whole_or_not_at_all() -> None:
    fused = np.arange(34.0).reshape(17, 2)
    fused[4, 1] = np.nan
    pose = Pose(np.zeros((17, 2)), fused=fused, embedding=np.full(EMBEDDING, 0.1))
    assert np.isnan(pose.fused[4]).all()
    assert np.isfinite(np.delete(pose.fused, 4, axis=0)).all()
    assert (pose.embedding.shape, pose.embedding.dtype) == ((128,), np.float32)
    assert not pose.fused.flags.writeable
    assert not pose.embedding.flags.writeable
    plain = Pose(np.zeros((17, 2)))
    assert np.isnan(plain.fused).all()
    assert np.isnan(plain.embedding).all()
    assert (plain.fused.shape, plain.embedding.shape) == ((17, 2), (128,))


def test_a_person_in_a_picture_of_another_size() -> None:
    points, fused = np.arange(34.0).reshape(17, 2), np.arange(34.0).reshape(17, 2) + 0.5
    pose = Pose(points, np.full(17, 0.5), np.ones((17, 3)), fused, np.full(EMBEDDING, 0.1))
    found = Person(Box(1, 2, 3, 4), 0.5, pose).scaled((2, 3))
    assert found.box == Box(2, 6, 6, 12)
    np.testing.assert_array_equal(found.pose.keypoints, points * [2, 3])
    np.testing.assert_array_equal(found.pose.fused, fused * [2, 3])
    np.testing.assert_array_equal(found.pose.embedding, pose.embedding)
    np.testing.assert_array_equal(found.pose.keypoints3d, pose.keypoints3d)


def test_iou_by_hand() -> None:
    box = Box(0, 0, 4, 4)
    assert box.area == 16
    assert box.iou(Box(2, 2, 4, 4)) == pytest.approx(4 / 28)
    assert box.iou(box) == 1
    assert box.iou(Box(4, 0, 4, 4)) == 0  # they touch
    assert box.iou(Box(9, 9, 1, 1)) == 0
    assert box.iou(Box(1, 1, 2, 2)) == pytest.approx(4 / 16)
    assert Box(1, 1, 0, 0).iou(Box(1, 1, 0, 0)) == 0


@pytest.mark.parametrize("numbers", [(0, 0, -1, 1), (0, 0, 1, -1), (math.nan, 0, 1, 1), (0, math.inf, 1, 1)])
def test_impossible_boxes(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="width and height of at least 0"):
        Box(*numbers)


def test_box_around_points() -> None:
    points = np.array([[1.0, 2], [math.nan, 9], [5, 4], [3, math.nan]])
    assert Box.around(points) == Box(1, 2, 4, 2)
    assert Box.around(points, margin=0.25) == Box(0, 1, 6, 4)  # a quarter of 4 on each side
    assert Box.around(points[:1]) == Box(1, 2, 0, 0)
    with pytest.raises(ValueError, match="at least one seen point"):
        Box.around(points[1:2])


def test_pose_makes_half_seen_keypoints_unseen() -> None:
    points = np.arange(34.0).reshape(17, 2)
    points[3, 1] = math.nan
    points[4, 0] = math.inf
    pose = Pose(points, np.full(17, 0.5))
    assert np.flatnonzero(~pose.visible).tolist() == [3, 4]
    assert np.isnan(pose.keypoints[[3, 4]]).all()
    assert pose.scores[[3, 4]].tolist() == [0, 0]
    assert pose.score == pytest.approx(15 * 0.5 / 17)
    assert points[3, 0] == 6  # what was given is untouched


def test_pose_without_scores_is_sure_of_what_it_sees() -> None:
    points = np.full((17, 2), math.nan)
    points[:2] = 1
    assert Pose(points).scores.tolist() == [1, 1] + [0] * 15
    empty = Pose(np.full((17, 2), math.nan))
    assert empty.score == 0
    assert not empty.visible.any()


def test_pose_cannot_be_changed_and_keeps_no_view() -> None:
    points, scores = np.ones((17, 2)), np.ones(17)
    pose = Pose(points, scores)
    points[0], scores[0] = 7, 0.1
    assert pose.keypoints[0, 0] == 1
    assert pose.scores[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        pose.keypoints[0, 0] = 2
    with pytest.raises(ValueError, match="read-only"):
        pose.scores[0] = 0


def test_wrong_poses() -> None:
    with pytest.raises(ValueError, match=r"keypoints of shape \(17, 2\), got \(16, 2\)"):
        Pose(np.zeros((16, 2)))
    with pytest.raises(ValueError, match=r"scores of shape \(17,\), got \(3,\)"):
        Pose(np.zeros((17, 2)), np.ones(3))
    with pytest.raises(ValueError, match=r"\(17, 3\)"):
        Pose(np.zeros((17, 2)), keypoints3d=np.zeros((17, 2)))
    for wrong in (1.5, -0.1, math.nan):
        with pytest.raises(ValueError, match=r"0\.\.1"):
            Pose(np.zeros((17, 2)), np.full(17, wrong))


def result(**distances: float) -> PartResult:
    joints = np.full(17, math.nan)
    for name, distance in distances.items():
        joints[J[name]] = distance
    return PartResult("2d", 5.0, "px of 128", 0.9, False, joints)


def test_best_and_worst_joints() -> None:
    part = result(nose=4, left_hip=1, right_knee=9, left_wrist=2)
    assert part.best() == part.best(9) == ["left_hip", "left_wrist"]  # the better half of four
    assert part.worst() == ["right_knee", "nose"]
    assert part.best(1) == ["left_hip"]
    assert part.worst(1) == ["right_knee"]
    assert part.joints == {"nose": 4.0, "left_wrist": 2.0, "left_hip": 1.0, "right_knee": 9.0}
    tied = result(nose=1, left_hip=1)  # ties in canonical order
    assert (tied.best(), tied.worst()) == (["nose"], ["left_hip"])
    assert (result(nose=1).best(), result(nose=1).worst()) == (["nose"], [])
    assert result().best() == result().worst() == []


def test_hits_can_be_compared_and_kept_in_sets() -> None:
    pose, first, second = Pose(np.ones((17, 2))), result(nose=1), result(nose=2)
    box = Box(0, 0, 1, 1)
    one = Hit(Path("a"), 1, box, pose, 0.5, (first,))
    other = Hit(Path("a"), 1, box, pose, 0.5, (second,))
    assert one.distance == 5
    assert len({one, other, one}) == 2
    assert one != other
