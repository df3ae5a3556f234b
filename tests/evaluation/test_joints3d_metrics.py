"""3D errors and relations: hand values, an independent alignment, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from contrapposto.evaluation.joints3d_metrics import align, mean_scores, person_scores
from contrapposto.evaluation.relations3d import DEAD_ZONE, RELATIONS, Relation, agreement
from contrapposto.skeleton import INDEX, LIMB_NUMBERS
from tests.poses.figures import person, turned

Array = NDArray[np.float64]


def poses(count: int, seed: int = 0, spread: float = 0.1) -> Array:
    random = np.random.default_rng(seed)
    return np.stack([turned(person(), angle) for angle in random.uniform(0, 360, count)]) + random.normal(
        0, spread, (count, 17, 3)
    )


def test_errors_worked_by_hand() -> None:
    """All joints 100 mm to the right, but one ankle 900: (11 * 100 + 900) / 12; PCK 11 of 12."""
    truth = person()[None]
    found = truth + np.array([0.1, 0, 0])
    found[0, INDEX["left_ankle"]] = truth[0, INDEX["left_ankle"]] + [0.9, 0, 0]
    scores = person_scores(found, truth)
    assert scores["mpjpe"][0] == pytest.approx((11 * 100 + 900) / 12)
    assert scores["pck3d@150"][0] == pytest.approx(11 / 12)
    shifted = person_scores(truth + np.array([0.1, 0.2, 0]), truth)
    assert shifted["n-mpjpe"][0] == pytest.approx(0, abs=1e-6)
    assert shifted["mpjpe"][0] == pytest.approx(1000 * np.hypot(0.1, 0.2))


def test_the_face_does_not_count() -> None:
    truth = person()[None]
    found = truth.copy()
    found[0, :5] += 1
    assert person_scores(found, truth)["mpjpe"][0] == 0
    assert len(LIMB_NUMBERS) == 12


def test_moving_scaling_and_turning_do_not_matter_after_alignment() -> None:
    truth = poses(20)
    turn = Rotation.random(20, random_state=0).as_matrix()
    found = 1.7 * truth @ turn + [0.3, -2, 1]
    scores = person_scores(found, truth)
    np.testing.assert_allclose(scores["pa-mpjpe"], 0, atol=1e-6)
    assert scores["n-mpjpe"].mean() > 50
    only_scaled = person_scores(0.4 * truth, truth)
    np.testing.assert_allclose(only_scaled["n-mpjpe"], 0, atol=1e-6)


def test_a_mirror_image_is_not_aligned() -> None:
    truth = poses(5)
    assert person_scores(truth * [-1, 1, 1], truth)["pa-mpjpe"].min() > 30


def test_alignment_agrees_with_scipy() -> None:
    """Rotation by scipy's Kabsch, scale in closed form; and no rotation or scale that a search finds is better."""
    truth, found = poses(10)[:, LIMB_NUMBERS], poses(10, seed=3)[:, LIMB_NUMBERS]
    aligned = align(found, truth)
    for row in range(10):
        source, target = found[row] - found[row].mean(axis=0), truth[row] - truth[row].mean(axis=0)
        rotation, _ = Rotation.align_vectors(target, source)
        turned_source = rotation.apply(source)
        scale = (turned_source * target).sum() / (source**2).sum()
        np.testing.assert_allclose(aligned[row], scale * turned_source + truth[row].mean(axis=0), atol=1e-6)

    def loss(values: Array) -> float:
        moved = values[3] * Rotation.from_rotvec(values[:3]).apply(source)
        return float(((moved - target) ** 2).sum())

    best = min(minimize(loss, [*start, 1.0]).fun for start in ([0, 0, 0], [0, 2, 0], [0, -2, 0], [2, 0, 0]))
    assert ((aligned[9] - truth[9]) ** 2).sum() == pytest.approx(best, rel=1e-4)


def test_unknown_joints_do_not_count_and_few_are_not_aligned() -> None:
    truth, found = poses(3), poses(3, seed=1)
    found[0, INDEX["left_wrist"]] = np.nan
    truth[1, INDEX["right_knee"]] = np.nan
    found[2, 5:13] = np.nan
    scores = person_scores(found, truth)
    kept = [joint for joint in LIMB_NUMBERS if joint != INDEX["left_wrist"]]
    expected = 1000 * np.linalg.norm(found[0, kept] - truth[0, kept], axis=1).mean()
    assert scores["mpjpe"][0] == pytest.approx(expected)
    assert np.isnan(scores["pa-mpjpe"][2]), "four joints are shared"
    assert np.isfinite(scores["pa-mpjpe"][:2]).all()
    nobody = person_scores(np.full((2, 17, 3), np.nan), truth[:2])
    assert all(np.isnan(values).all() for values in nobody.values())
    assert mean_scores(nobody) == {}


def margin(points: Array, family: str, *joints: str, threshold: float = 0.0) -> float:
    return float(Relation(family, joints, threshold).margin(points[None])[0])  # type: ignore[arg-type]


def test_relations_worked_by_hand() -> None:
    """A right angle at the left elbow, the forearm forward."""
    points = person(left_elbow=(0.18, 0.20, 0.0), left_wrist=(0.18, 0.20, 0.25))
    assert margin(points, "bent", "left_shoulder", "left_elbow", "left_wrist", threshold=120) == pytest.approx(30)
    assert margin(points, "near", "left_wrist", "left_elbow", threshold=0.3) == pytest.approx(0.05)
    assert margin(points, "above", "left_shoulder", "left_wrist") == pytest.approx(0.28)
    assert margin(points, "front", "left_wrist") == pytest.approx(0.25)
    assert margin(points, "front", "left_wrist", "right_wrist") == pytest.approx(0.20)
    # torso centre (0, .24, 0); shoulder at (.18, .48, 0): outward (.18, .24, 0) / .3
    out = margin(points, "beyond", "left_wrist", "left_shoulder")
    assert out == pytest.approx((-0.28 * 0.24) / 0.3)


def test_in_front_turns_with_the_body_and_above_does_not() -> None:
    points = person(left_wrist=(0.2, 0.3, 0.4))
    for angle in (70, 180, 290):
        about = turned(points, angle)
        assert margin(about, "front", "left_wrist") == pytest.approx(margin(points, "front", "left_wrist"))
        assert margin(about, "above", "left_wrist", "nose") == pytest.approx(0.3 - 0.66)


def test_relations_are_named_once_and_each_family_has_a_dead_zone() -> None:
    names = [relation.name for relation in RELATIONS]
    assert len(set(names)) == len(names)
    assert 40 <= len(names) <= 60
    assert {relation.family for relation in RELATIONS} == set(DEAD_ZONE)
    assert all(name in INDEX for relation in RELATIONS for name in relation.joints)


def test_agreement_is_one_with_itself_and_a_half_by_constant_answers() -> None:
    truth = poses(600, spread=0.25)
    same = agreement(truth, truth)
    assert set(same) == {"agreement/all", *(f"agreement/{family}" for family in DEAD_ZONE)}
    assert all(value == 1 for value in same.values())
    constant = agreement(np.broadcast_to(person(), truth.shape), truth)
    assert all(value == pytest.approx(0.5) for value in constant.values())
    assert agreement(truth * [1, 1, -1], truth)["agreement/front"] < 0.6, "sides turn with the mirrored depth"


def test_rare_relations_and_the_dead_zone_do_not_count() -> None:
    truth = np.stack([person()] * 30)
    assert agreement(truth, truth) == {}, "nobody differs"
    wrist = INDEX["left_wrist"]
    truth[:12, wrist] = [0.3, 0.9, 0.0]  # well above the nose
    found = truth.copy()
    found[:3, wrist, 1] = 0.6  # three of twelve are wrong about the nose, none about the shoulder
    above = Relation("above", ("left_wrist", "nose"))
    assert (above.margin(truth) > 0).sum() == 12
    assert agreement(found, truth)["agreement/above"] == pytest.approx(((9 / 12 + 1) / 2 + 1) / 2)
    truth[:12, wrist, 1] = 0.70  # within 8 cm of the nose's height: only the shoulder is left
    assert agreement(found, truth)["agreement/above"] == 1
