"""Procrustes distances of many pairs: against the reference, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.distances import pose_distances
from contrapposto.geometry import mirror
from contrapposto.skeleton import INDEX
from contrapposto.training import rotations
from contrapposto.training.kin import with_kin
from contrapposto.training.procrustes import all_np_procrustes, normalised, np_procrustes
from tests.poses.figures import person, turned


def test_it_is_the_reference_metric() -> None:
    rng = np.random.default_rng(0)
    poses = np.concatenate([rng.normal(size=(20, 17, 3)), person() + 0.2 * rng.normal(size=(20, 17, 3))])
    weights = np.r_[np.zeros(5), np.ones(12)]
    reference = np.stack([pose_distances("np-procrustes", pose, poses, weights) for pose in poses])
    found = all_np_procrustes(poses[:, 5:])
    np.testing.assert_allclose(found, reference, atol=1e-7)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_allclose(
        np_procrustes(poses[:3, 5:], poses[3:6, 5:]), reference[[0, 1, 2], [3, 4, 5]], atol=1e-7
    )


def test_moved_scaled_and_turned_is_the_same_and_mirrored_is_not() -> None:
    rng = np.random.default_rng(1)
    posed = person(left_elbow=(0.45, 0.45, 0.1), left_wrist=(0.6, 0.6, 0.2))
    turns = rotations.anyhow(rng, 50)
    others = 3 * rotations.turn(turns, np.broadcast_to(posed, (50, 17, 3))) + rng.normal(size=(50, 1, 3))
    first = np.broadcast_to(posed, others.shape)
    np.testing.assert_allclose(np_procrustes(first[:, 5:], others[:, 5:]), 0, atol=1e-6)
    mirrored = np.stack([mirror(other) for other in others])
    assert np_procrustes(first[:, 5:], mirrored[:, 5:]).min() > 0.15


def test_by_hand() -> None:
    """Two joints on a stick and two off it, one of them moved out of the plane."""
    square = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    np.testing.assert_allclose(normalised(2 * square[None] + 5)[0], square)
    stretched = square * [2, 1, 1] / np.sqrt(2.5)  # root mean square 1, too
    away = [2 / np.sqrt(2.5) - 1] * 2 + [1 - 1 / np.sqrt(2.5)] * 2
    assert np_procrustes(square[None], stretched[None])[0] == pytest.approx(np.mean(away))


def test_kin_are_alike_and_keep_their_lengths() -> None:
    rng = np.random.default_rng(2)
    world = np.stack(
        [person(), turned(person(left_wrist=(0.5, 0.9, 0.1)), 40), person(right_knee=(-0.2, -0.2, 0.35))]
    )
    kin = with_kin(world, 4, rng)
    assert kin.shape == (12, 17, 3)
    np.testing.assert_allclose(kin[::4], world, atol=1e-9)
    np.testing.assert_allclose(kin[:, :7], world.repeat(4, axis=0)[:, :7], atol=1e-9)
    for start, end in (("left_elbow", "left_wrist"), ("right_hip", "right_knee"), ("right_knee", "right_ankle")):
        lengths = np.linalg.norm(kin[:, INDEX[end]] - kin[:, INDEX[start]], axis=1)
        np.testing.assert_allclose(lengths, lengths[::4].repeat(4), atol=1e-9)
    assert np.abs(kin[1:4] - world[0]).max() > 0.02
    upright = with_kin(np.zeros((1, 17, 3)), 2, rng)
    assert np.isfinite(upright).all(), "a body without a frame stays as it is"
