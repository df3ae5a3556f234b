"""Tables of motion capture, bodies in parts, cameras and the simulated detector: no PyTorch needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.geometry import mirror
from contrapposto.skeleton import INDEX, neck, pelvis
from contrapposto.training import rotations
from contrapposto.training.bodies import EARS, NOSE, SKULL, put_together, take_apart, with_face
from contrapposto.training.cameras import CameraRange, photograph, project
from contrapposto.training.detector import Detector, detect, exactly
from contrapposto.training.poses3d import HELD_OUT, Motion, read_motion
from contrapposto.training.variety import Variety, free_arms, free_legs, vary
from tests.poses.figures import person, picture
from tests.training.motion import write_table

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def motion(tmp_path_factory: pytest.TempPathFactory) -> Motion:
    return read_motion(write_table(tmp_path_factory.mktemp("motion") / "table.npz"))


def bone_lengths(points: Array) -> Array:
    pairs = [
        (f"{side}_{first}", f"{side}_{second}")
        for side in ("left", "right")
        for first, second in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    ]
    return np.stack([np.linalg.norm(points[:, INDEX[a]] - points[:, INDEX[b]], axis=1) for a, b in pairs], axis=1)


def test_a_table_is_read_by_joint_name_in_metres(motion: Motion) -> None:
    assert motion.limbs.shape == (12 * 9, 17, 3)
    assert np.isnan(motion.limbs[:, :5]).all()
    first = motion.limbs[0] - pelvis(motion.limbs[0])
    np.testing.assert_allclose(first[INDEX["right_ankle"]], [-0.12, -0.84, -0.02], atol=1e-6)
    np.testing.assert_allclose(first[INDEX["left_shoulder"]], [0.18, 0.48, 0], atol=1e-6)
    np.testing.assert_allclose(motion.head[0] - neck(motion.limbs[0]), [0, 0.12, 0], atol=1e-6)
    held_out = motion.of_clips(HELD_OUT)
    assert len(held_out) == 8 * 12
    assert {motion.clips[number] for number in held_out.clip} == set(HELD_OUT)
    assert len(motion.of_clips(HELD_OUT, others=True)) == 12


def test_wrong_tables_are_refused(tmp_path: Path, motion: Motion) -> None:
    with pytest.raises(DataError, match="no file"):
        read_motion(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(DataError, match="cannot read"):
        read_motion(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", joints=np.zeros(3))
    with pytest.raises(DataError, match="no table of 3D poses"):
        read_motion(tmp_path / "other.npz")
    table = dict(np.load(write_table(tmp_path / "table.npz")))
    np.savez(tmp_path / "names.npz", **{**table, "joint_names": np.array([*table["joint_names"][:-1], "tail"])})
    with pytest.raises(DataError, match="has no joint 'left_shoulder'"):
        read_motion(tmp_path / "names.npz")
    np.savez(tmp_path / "short.npz", **{**table, "length": table["length"] - 1})
    with pytest.raises(DataError, match="belongs to no clip"):
        read_motion(tmp_path / "short.npz")
    with pytest.raises(DataError, match="no clip 'polka/01'"):
        motion.of_clips(["polka/01"])


def test_rotations_by_hand() -> None:
    quarter = np.array([np.pi / 2])
    for axis, start, end in ((0, [0, 1, 0], [0, 0, 1]), (1, [0, 0, 1], [1, 0, 0]), (2, [1, 0, 0], [0, 1, 0])):
        turned = rotations.turn(rotations.about(axis, quarter), np.array([start], float))
        np.testing.assert_allclose(turned, [end], atol=1e-12)
    random = np.random.default_rng(0)
    for matrices in (rotations.anyhow(random, 50), rotations.swing(rotations.unit(random.normal(size=(50, 3))))):
        np.testing.assert_allclose(
            matrices @ matrices.transpose(0, 2, 1), np.broadcast_to(np.eye(3), (50, 3, 3)), atol=1e-9
        )
        np.testing.assert_allclose(np.linalg.det(matrices), 1)
    aim = rotations.unit(random.normal(size=(50, 3)))
    down = np.broadcast_to([0.0, -1.0, 0.0], (50, 3))
    np.testing.assert_allclose(rotations.turn(rotations.swing(aim), down), aim, atol=1e-9)


def test_taking_apart_and_putting_together_is_the_identity(motion: Motion) -> None:
    bodies = take_apart(motion)
    ahead = np.zeros((len(motion), 3))
    together = put_together(bodies, ahead, np.ones(len(motion)))
    about_hips = motion.limbs - pelvis(motion.limbs)[:, None]
    # both arms get the mean of their lengths, as the swinging arms of these frames differ
    np.testing.assert_allclose(together[:, 5:7], about_hips[:, 5:7], atol=1e-6)
    np.testing.assert_allclose(together[:, 11:13], about_hips[:, 11:13], atol=1e-6)
    whole = take_apart(Motion(together, motion.head, motion.clip, motion.clips))
    np.testing.assert_allclose(whole.arms, bodies.arms, atol=1e-6)
    np.testing.assert_allclose(whole.lengths, bodies.lengths, atol=1e-6)
    mirrored = put_together(bodies.with_mirrored(), np.zeros((2 * len(motion), 3)), np.ones(2 * len(motion)))
    np.testing.assert_allclose(mirrored[len(motion) :], mirror(together), atol=1e-9)


def test_the_face_is_where_the_head_looks() -> None:
    points = person()
    motion = Motion(points[None], (neck(points) + np.array([0, 0.12, 0]))[None], np.zeros(1, int), ("one",))
    base = neck(points) + np.array([0, 0.12, 0]) + SKULL
    ahead = with_face(motion, np.zeros((1, 3)))[0]
    np.testing.assert_allclose(ahead[INDEX["nose"]], base + NOSE, atol=1e-9)
    np.testing.assert_allclose(ahead[INDEX["left_ear"]], base + EARS, atol=1e-9)
    assert ahead[INDEX["left_eye"]][0] > 0 > ahead[INDEX["right_eye"]][0]
    left = with_face(motion, np.array([[0, np.pi / 2, 0]]))[0]
    assert left[INDEX["nose"]][0] > 0.1, "turned to the own left"
    nodding = with_face(motion, np.array([[np.pi / 4, 0, 0]]))[0]
    assert nodding[INDEX["nose"]][1] < ahead[INDEX["nose"]][1] - 0.03, "nodded down"


def test_varied_bodies_keep_the_stature_and_symmetric_bones(motion: Motion) -> None:
    bodies = take_apart(motion).with_mirrored()
    points = vary(bodies, 500, np.random.default_rng(0), Variety())
    lengths = bone_lengths(points)
    np.testing.assert_allclose(lengths[:, :4], lengths[:, 4:], atol=1e-9)
    spine = np.linalg.norm(neck(points) - pelvis(points), axis=1)
    assert np.abs(lengths[:, 2] + lengths[:, 3] + spine - 1.30).mean() < 0.05
    np.testing.assert_allclose(pelvis(points), 0, atol=1e-9)
    assert np.isfinite(points).all()
    again = vary(bodies, 500, np.random.default_rng(0), Variety())
    np.testing.assert_array_equal(points, again)


def test_free_limbs_stay_within_reach() -> None:
    random = np.random.default_rng(0)
    legs, arms = free_legs(2000, random), free_arms(2000, random)
    np.testing.assert_allclose(np.linalg.norm(legs, axis=3), 1)
    np.testing.assert_allclose(np.linalg.norm(arms, axis=2), 1)
    assert arms[:, 0, 2].min() > -0.75, "no upper arm far behind"
    assert not ((arms[:, 0, 0] < -0.35) & (arms[:, 0, 2] < 0.3)).any(), "none through the chest"
    thigh, shin = legs[:, :, 0], legs[:, :, 1]
    bent = np.degrees(np.arccos((thigh * shin).sum(axis=2).clip(-1, 1)))
    assert bent.max() < 150.5
    assert (np.cross(thigh, shin)[..., 0] > -1e-6).mean() > 0.95, "knees bend backwards"


def test_projection_by_hand() -> None:
    """A point 1 right, 2 up and 1 towards a camera that is 5 away: 1/4 right, 2/4 up; y is down in pictures."""
    points = np.array([[[1.0, 2.0, 1.0], [0.0, 0.0, 0.0]]])
    np.testing.assert_allclose(project(points, np.array([5.0]), np.zeros((1, 2))), [[[0.25, -0.5], [0, 0]]])
    aside = project(points, np.array([5.0]), np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(aside, [[[0.5, -0.5], [0.2, 0]]])


def test_cameras_in_front_see_people_from_the_front() -> None:
    world = np.stack([person()] * 400)
    before = CameraRange(facing=1, facing_spread=10, level=1, any_roll=0, roll=0, aside=0)
    views = photograph(world, np.random.default_rng(0), before)
    assert not views.behind.any()
    assert (views.points2d[:, INDEX["left_wrist"], 0] > views.points2d[:, INDEX["right_wrist"], 0]).all()
    assert (views.points2d[:, INDEX["nose"], 1] < views.points2d[:, INDEX["left_ankle"], 1]).all()
    np.testing.assert_allclose(bone_lengths(views.points3d), bone_lengths(world), atol=1e-9)
    round_about = photograph(world, np.random.default_rng(0), CameraRange(facing=0))
    assert 0.4 < round_about.behind.mean() < 0.6
    shoulders = views.points3d[:, 5, 0] - views.points3d[:, 6, 0]
    assert (shoulders > 0).all(), "x is the picture's right"


def test_the_simulated_detector_hides_and_moves_keypoints() -> None:
    world = np.stack([person()] * 3000)
    views = photograph(world, np.random.default_rng(0))
    found = detect(views, np.random.default_rng(1), Detector())
    seen = np.isfinite(found.keypoints[..., 0])
    assert (found.scores[~seen] == 0).all()
    assert ((found.scores[seen] >= 0.1) & (found.scores[seen] <= 1)).all()
    assert seen.sum(axis=1).min() >= 5
    exact = found.scores.max(axis=1) == 1
    assert 0.1 < exact.mean() < 0.3
    away = np.linalg.norm(found.keypoints - views.points2d, axis=2)
    size = np.sqrt(((views.points2d - views.points2d.mean(axis=1, keepdims=True)) ** 2).sum(axis=2).mean(axis=1))
    share = away / size[:, None]
    sure, unsure = (found.scores > 0.6) & (found.scores < 1), (found.scores > 0) & (found.scores < 0.3)
    assert 0.02 < np.nanmedian(share[sure]) < 0.08
    assert np.nanmedian(share[unsure]) > 2 * np.nanmedian(share[sure])
    assert np.nanmax(share[exact]) == 0, "drawn people are where they are"
    true = exactly(views)
    np.testing.assert_array_equal(true.keypoints, views.points2d)
    assert (true.scores == 1).all()


def test_pictures_of_the_figures_agree_with_the_projection() -> None:
    """The hand-made camera of the tests and that of the training see the same."""
    points = person() - [0, 0.3, 0]
    expected = project(points[None], np.array([4.0]), np.zeros((1, 2)))[0] * 800 + [320, 240]
    np.testing.assert_allclose(picture(person()), expected)
