"""Poses compared by learned vectors: by hand, in part, in the mirror, and the bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contrapposto import geometry, skeleton
from contrapposto.records import Pose
from contrapposto.representations.pose_embedding import component_weights, joint_parts
from contrapposto.representations.view_invariant import ViewInvariant
from contrapposto.search.joints import joint_weights
from contrapposto.search.matching import match
from contrapposto.search.pose_part import PosePart
from contrapposto.search.scoring import Score
from contrapposto.search.vector_scoring import UNIT, VectorScorer
from tests.search.people import looked_at, only, pose
from tests.search.random_people import block, check_bounds, random_people

STANDS = looked_at(pose(), seed=1)
WAVES = looked_at(pose(left_elbow=(80, 50), left_wrist=(85, 25)), seed=2)
ARM = only(left_shoulder=(62, 40), left_elbow=(80, 50), left_wrist=(85, 25))


def score(part: PosePart, *poses: Pose) -> Score:
    return VectorScorer(part, block(poses)).exact(np.arange(len(poses)))


def apart(first: Pose, second: Pose) -> np.ndarray:
    return first.embedding.astype(np.float64) - second.embedding


def test_whole_embeddings_are_compared() -> None:
    found = score(PosePart(WAVES, metric="embedding"), STANDS, WAVES, pose())
    assert found.distances[:2].tolist() == pytest.approx([np.linalg.norm(apart(WAVES, STANDS)), 0])
    assert np.isnan(found.distances[2])
    np.testing.assert_array_equal(found.order, found.distances)
    np.testing.assert_array_equal(found.matches, match("embedding", found.distances))
    assert found.matches[1] == 1
    assert not found.mirrored.any()


def test_of_some_joints_their_own_parts_are_compared() -> None:
    parts = np.square(joint_parts(apart(WAVES, STANDS)[None])[0]).sum(axis=1)
    names = list(skeleton.LIMB_JOINTS)
    wrist, knee = parts[names.index("left_wrist")], parts[names.index("right_knee")]
    found = score(PosePart(WAVES, "left_wrist,right_knee=0.5,nose", "embedding"), STANDS)
    assert found.distances[0] == pytest.approx(np.sqrt(wrist + 0.5 * knee))
    whole = score(PosePart(WAVES, "all,left_knee=0.5", "embedding"), STANDS)
    assert whole.distances[0] == pytest.approx(np.linalg.norm(apart(WAVES, STANDS))), "all limb joints count"


def test_the_parts_of_joints() -> None:
    parts = joint_parts(np.arange(256.0).reshape(2, 128))
    assert parts.shape == (2, 12, 8)
    assert parts[1, 2].tolist() == list(range(128 + 16, 128 + 24))
    assert component_weights(joint_weights("all")).tolist() == [1.0] * 128
    assert component_weights(joint_weights("right_shoulder=2")).tolist() == [0.0] * 8 + [2.0] * 8 + [0.0] * 112


def test_why_says_which_parts_are_apart() -> None:
    scorer = VectorScorer(PosePart(WAVES, "left_wrist,nose", "embedding"), block([STANDS]))
    (why,) = scorer.why(scorer.exact(np.arange(1)), np.arange(1))
    wrist = skeleton.INDEX["left_wrist"]
    assert np.flatnonzero(np.isfinite(why.joint_distances)).tolist() == [wrist]
    assert why.joint_distances[wrist] == pytest.approx(why.distance)
    assert (why.metric, why.unit, why.unlike) == ("embedding", UNIT, False)


def test_unlike() -> None:
    like, unlike = (score(PosePart(WAVES, metric="embedding", weight=w), STANDS, WAVES) for w in (1, -1))
    np.testing.assert_array_equal(unlike.order, -like.order)
    np.testing.assert_array_equal(unlike.matches, 1 - like.matches)
    np.testing.assert_array_equal(unlike.distances, like.distances)


@pytest.mark.parametrize("weight", [1.0, -2.0])
@pytest.mark.parametrize("joints", ["all", "left_arm,nose", "all,legs=0.1", "legs=7,head"])
def test_bounds_of_embeddings(joints: str, weight: float) -> None:
    for seed in range(4):
        poses = random_people(90, seed)
        people = block(poses)
        for asked in [one for one in poses if np.isfinite(one.embedding).all()][:4]:
            query = replace(STANDS, embedding=asked.embedding)
            check_bounds(VectorScorer(PosePart(query, joints, "embedding", weight=weight), people), people)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("joints", ["all", "left_arm,nose"])
def test_bounds_of_any_side(joints: str, mirror: bool) -> None:
    asked, *poses = random_people(60, seed=5)
    people = block(poses)
    check_bounds(VectorScorer(PosePart(asked, joints, "view-invariant", mirror), people), people)


def test_any_side_compares_the_keypoints_anew() -> None:
    large = Pose(3 * WAVES.keypoints + [500, -20])
    found = score(PosePart(WAVES, metric="view-invariant"), STANDS, large, only(nose=(1, 2), left_eye=(3, 4)))
    both = np.stack([WAVES.keypoints, STANDS.keypoints])
    first, second = ViewInvariant()(both, np.ones((2, 17))).astype(np.float64)
    assert found.distances[:2].tolist() == pytest.approx([np.linalg.norm(first - second), 0], abs=1e-3)
    assert np.isnan(found.distances[2]), "fewer than three keypoints"
    np.testing.assert_array_equal(found.matches, match("view-invariant", found.distances))


def test_any_side_by_some_joints() -> None:
    """Legs that are not asked for change nothing, seen or hidden."""
    kicks = pose(left_elbow=(80, 50), left_wrist=(85, 25), left_knee=(90, 100), left_ankle=(120, 110))
    legless = pose(*skeleton.GROUPS["legs"], left_elbow=(80, 50), left_wrist=(85, 25))
    found = score(PosePart(WAVES, "arms", "view-invariant"), kicks, legless, STANDS, pose(*skeleton.GROUPS["arms"]))
    assert found.distances[:2].tolist() == pytest.approx([0, 0], abs=1e-3)
    assert found.distances[2] > 0.05
    assert np.isnan(found.distances[3])
    assert score(PosePart(WAVES, metric="view-invariant"), kicks).distances[0] > 0.05


def test_any_side_in_the_mirror() -> None:
    mirrored = Pose(geometry.mirror(WAVES.keypoints) + np.array([100, 0]))
    plain = score(PosePart(WAVES, metric="view-invariant"), mirrored, WAVES)
    either = score(PosePart(WAVES, metric="view-invariant", mirror=True), mirrored, WAVES)
    assert plain.distances[0] > 0.05
    assert either.distances.tolist() == pytest.approx([0, 0], abs=1e-3)
    assert either.mirrored.tolist() == [True, False]


def test_a_left_arm_is_found_as_a_right_arm_from_any_side() -> None:
    right = only(right_shoulder=(38, 40), right_elbow=(20, 50), right_wrist=(15, 25))
    assert np.isnan(score(PosePart(ARM, "left_arm", "view-invariant"), right).distances[0])
    found = score(PosePart(ARM, "left_arm", "view-invariant", mirror=True), right)
    assert found.distances[0] == pytest.approx(0, abs=1e-3)
    assert found.mirrored[0]


def test_why_of_any_side_names_no_joints() -> None:
    scorer = VectorScorer(PosePart(WAVES, metric="view-invariant"), block([STANDS]))
    (why,) = scorer.why(scorer.exact(np.arange(1)), np.arange(1))
    assert np.isnan(why.joint_distances).all()
    assert why.worst(3) == []
    assert why.best(3) == []
    assert why.unit == UNIT


def test_views_are_made_once_for_the_joints_that_count() -> None:
    people = block([STANDS, WAVES])
    everything, arms = (True,) * 17, tuple(bool(weight > 0) for weight in joint_weights("arms"))
    first = people.views(everything)
    assert people.views(everything) is first
    assert people.views(arms) is not first
    assert first.shape == (2, 32)
