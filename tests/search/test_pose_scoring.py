"""The metric fused: by hand, what it falls back to, and its bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contrapposto import distances
from contrapposto.records import Pose
from contrapposto.search.matching import in_effect, match, unsureness
from contrapposto.search.pose_part import PosePart
from contrapposto.search.pose_scoring import LOOKS_PX, UNSURE_PX, PoseScorer, unsure_px, with_looks
from tests.search.people import looked_at, only, pose
from tests.search.random_people import block, check_bounds, random_people

WAVES = looked_at(pose(left_elbow=(80, 50), left_wrist=(85, 25)), seed=1, moved=2.0)
STANDS = looked_at(pose(), seed=2, moved=2.0)


def apart(first: Pose, second: Pose) -> float:
    return float(np.linalg.norm(first.embedding.astype(np.float64) - second.embedding))


def flat(first: Pose, second: Pose, weights: np.ndarray | None = None) -> float:
    stored = np.where(np.isfinite(second.fused), second.fused, second.keypoints).astype(np.float32)[None]
    asked = np.where(np.isfinite(first.fused), first.fused, first.keypoints)
    return float(distances.pose_distances("2d", asked, stored, weights)[0])


def fused(first: Pose, second: Pose) -> float:
    return (flat(first, second) + LOOKS_PX * apart(first, second)) / 2


def distance(part: PosePart, *poses: Pose) -> list[float]:
    return PoseScorer(part, block(poses)).exact(np.arange(len(poses))).distances.tolist()


def test_the_mean_of_both_by_hand() -> None:
    found = with_looks(np.array([10.0, 10.0, 0.0, np.nan]), np.array([0.5, np.nan, 0.0, 0.5]))
    np.testing.assert_array_equal(found, [(10 + LOOKS_PX / 2) / 2, 10, 0, np.nan])
    added = unsure_px(np.array([0.5, np.nan, 0.0]), np.array([0.2, 1.0, 1.0]))
    np.testing.assert_allclose(added, [UNSURE_PX / 5, 0, UNSURE_PX])


def test_who_is_badly_seen_comes_later_at_the_same_distance() -> None:
    dim = replace(STANDS, scores=np.where(np.arange(17) == 9, 0.4, STANDS.scores))
    assert unsureness(dim.scores[None])[0] == pytest.approx(1 - (STANDS.scores[5:].sum() - 0.6) / 12)
    score = PoseScorer(PosePart(WAVES), block([STANDS, dim])).exact(np.arange(2))
    assert score.distances[0] == score.distances[1]
    assert score.order[1] - score.order[0] == pytest.approx(UNSURE_PX * 0.6 / 12, abs=1e-4)
    assert score.matches[1] < score.matches[0]
    alone = PoseScorer(PosePart(WAVES, metric="2d"), block([STANDS, dim])).exact(np.arange(2))
    assert alone.order[0] == alone.order[1]


def test_keypoints_and_looks_have_half_each() -> None:
    assert distance(PosePart(WAVES), STANDS, WAVES) == pytest.approx([fused(WAVES, STANDS), 0], abs=1e-4)


def test_without_looks_the_keypoints_decide() -> None:
    bare = replace(STANDS, embedding=np.zeros(0))
    never = pose()
    assert distance(PosePart(WAVES), bare, never) == pytest.approx(
        [flat(WAVES, bare), flat(WAVES, never)], abs=1e-4
    )
    asked = replace(WAVES, embedding=np.zeros(0))
    assert distance(PosePart(asked), STANDS) == pytest.approx([flat(WAVES, STANDS)], abs=1e-4)
    assert distance(PosePart(pose(left_wrist=(85, 25))), pose()) == pytest.approx(
        distance(PosePart(pose(left_wrist=(85, 25)), metric="2d"), pose())
    )


@pytest.mark.parametrize("part", [PosePart(WAVES, "arms"), PosePart(WAVES, "all,left_knee=0")])
def test_of_some_joints_the_fused_keypoints_are_compared(part: PosePart) -> None:
    _, weights = part.asked()
    assert distance(part, STANDS) == pytest.approx([flat(WAVES, STANDS, weights)], abs=1e-4)


def test_a_query_that_is_hidden_in_part_is_compared_by_keypoints() -> None:
    asked = looked_at(pose("left_ankle"), seed=1)
    assert distance(PosePart(asked), STANDS) == pytest.approx([flat(asked, STANDS)], abs=1e-4)


def test_the_mirror_image_is_compared_by_keypoints() -> None:
    score = PoseScorer(PosePart(WAVES, mirror=True), block([WAVES, STANDS])).exact(np.arange(2))
    assert score.distances[0] == pytest.approx(0, abs=1e-4)
    assert score.distances[1] <= flat(WAVES, STANDS) + 1e-4


def test_hidden_joints_count_against_whoever_was_looked_at_too() -> None:
    half = looked_at(pose("left_knee", "right_knee", "left_ankle", "right_ankle"), seed=2)
    score = PoseScorer(PosePart(WAVES), block([half])).exact(np.arange(1))
    share = distances.shared_weight(WAVES.fused, half.fused[None])
    assert score.distances[0] == pytest.approx(fused(WAVES, half), abs=1e-4)
    taken = score.distances + UNSURE_PX * unsureness(half.scores[None])
    np.testing.assert_allclose(score.order, in_effect(taken, share))
    np.testing.assert_allclose(score.matches, match("fused", score.order))


def test_why_names_fused_keypoints() -> None:
    scorer = PoseScorer(PosePart(WAVES), block([STANDS]))
    (why,) = scorer.why(scorer.exact(np.arange(1)), np.arange(1))
    expected = distances.joint_distances("2d", WAVES.fused, STANDS.fused.astype(np.float32)[None])[0]
    np.testing.assert_allclose(why.joint_distances, expected, atol=1e-4)
    assert (why.metric, why.unit) == ("fused", "px of 128")
    assert set(why.worst(2)) == {"left_wrist", "left_elbow"}


@pytest.mark.parametrize("weight", [1.0, -2.0])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("joints", ["all", "left_arm,nose", "all,legs=0.1", "upper,left_knee=0.5"])
def test_bounds(joints: str, mirror: bool, weight: float) -> None:
    for seed in range(3):
        asked, *poses = random_people(90, seed)
        whole = looked_at(Pose(np.where(np.isfinite(asked.keypoints), asked.keypoints, 50.0)), seed)
        alike = replace(whole, embedding=next(one.embedding for one in poses if np.isfinite(one.embedding).all()))
        people = block(poses)
        for query in (asked, whole, alike):
            check_bounds(PoseScorer(PosePart(query, joints, "fused", mirror, weight), people), people)


def test_people_without_the_joints_asked_are_not_compared() -> None:
    arm = looked_at(only(left_shoulder=(62, 40), left_elbow=(80, 50), left_wrist=(85, 25)), seed=3)
    assert np.isnan(distance(PosePart(STANDS, "legs"), arm)).all()
    assert np.isnan(PoseScorer(PosePart(STANDS, "legs"), block([arm])).bounds()[0]).all()
