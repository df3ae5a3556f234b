"""Distances from an anchor: against plain loops and the reference of the program."""

from __future__ import annotations

import math

import numpy as np
import pytest

from contrapposto import skeleton
from contrapposto.distances import pose_distances
from contrapposto.evaluation.retrieval_metrics import true_distances
from contrapposto.geometry import mirror
from contrapposto.posebits.answers import People, posebits
from contrapposto.posebits.measures import Figures
from contrapposto.skeleton import LIMB_WEIGHTS
from contrapposto.training.targets import TARGETS, UNITS, Target, Targets
from tests.poses.figures import person, picture, turned


def people(count: int = 12, unseen: float = 0.0) -> np.ndarray:
    """(N, 17, 2) pictures of different poses, each with some joints unseen."""
    rng = np.random.default_rng(3)
    shown = []
    for _ in range(count):
        arm = rng.uniform(-0.4, 0.6, 3)
        points = person(left_wrist=tuple(arm), right_knee=(-0.11, -0.35 + 0.2 * arm[0], 0.3 * arm[1]))
        shown.append(picture(turned(points, float(rng.uniform(-60, 60)))))
    joints = np.array(shown)
    joints[rng.random(joints.shape[:2]) < unseen] = np.nan
    joints[:, :5] = np.nan
    return joints


def test_2d_is_the_true_distance_of_the_evaluation() -> None:
    joints = people()
    found = Targets.of("2d", joints).of_anchors(np.arange(12))
    np.testing.assert_allclose(found, true_distances(joints[:, 5:]), atol=1e-9)


def test_2d_is_what_a_loop_computes() -> None:
    joints = people(6, unseen=0.25)
    found = Targets.of("2d", joints).of_anchors(np.arange(6))
    for a in range(6):
        for b in range(6):
            shared = [k for k in range(5, 17) if np.isfinite(joints[[a, b], k]).all()]
            scaled = []
            for pose in (joints[a], joints[b]):
                xs, ys = [pose[k][0] for k in shared], [pose[k][1] for k in shared]
                side = max(max(xs) - min(xs), max(ys) - min(ys)) / 128
                middle = sum(xs) / len(xs), sum(ys) / len(ys)
                scaled.append(
                    [((x - middle[0]) / side, (y - middle[1]) / side) for x, y in zip(xs, ys, strict=True)]
                )
            mean = sum(math.dist(p, q) for p, q in zip(*scaled, strict=True)) / len(shared)
            assert found[a, b] == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("target", ["2d", "3d", "procrustes"])
def test_distances_are_those_of_the_program(target: Target) -> None:
    made = Targets.of(target, people(unseen=0.3))
    for anchor in range(12):
        wanted = pose_distances(target, made.points[anchor], made.points, LIMB_WEIGHTS)
        np.testing.assert_allclose(made.of_anchor(anchor), wanted, atol=1e-8)


def test_posebits_are_what_a_loop_counts() -> None:
    joints = people(6, unseen=0.1)
    made = Targets.of("posebits", joints)
    true, known = posebits(People(Figures(joints, made.points), np.isfinite(joints[..., 0]).astype(float)))
    found = made.of_anchor(2)
    for other in range(6):
        both = [bit for bit in range(true.shape[1]) if known[2, bit] and known[other, bit]]
        if len(both) < known[2].sum() / 2:
            assert np.isnan(found[other])
            continue
        differing = sum(true[2, bit] != true[other, bit] for bit in both)
        assert found[other] == pytest.approx(100 * differing / len(both))


@pytest.mark.parametrize("target", TARGETS)
def test_mirror_images_are_as_far_from_each_other(target: Target) -> None:
    joints = people(6)
    mirrored = mirror(joints)
    plain, turned_round = (Targets.of(target, points).of_anchors(np.arange(6)) for points in (joints, mirrored))
    np.testing.assert_allclose(plain, turned_round, atol=0.02 * float(np.nanmax(plain)))
    np.testing.assert_allclose(np.diagonal(plain), 0, atol=1e-6)
    assert UNITS[target]


@pytest.mark.parametrize("target", TARGETS)
def test_people_who_cannot_be_compared(target: Target) -> None:
    joints = people(4)
    joints[1] = np.nan
    joints[2, skeleton.INDEX["left_hip"] :] = np.nan  # arms alone
    joints[3, : skeleton.INDEX["left_hip"]] = np.nan  # legs alone
    made = Targets.of(target, joints)
    assert len(made) == 4
    assert np.isnan(made.of_anchor(1)).all()
    assert np.isnan(made.of_anchor(0)[1])
    assert np.isnan(made.of_anchor(2)[3])
    assert made.of_anchors(np.arange(0)).shape == (0, 4)
