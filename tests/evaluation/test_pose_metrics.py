"""PCP, PCKh, and PCK joint by joint, by hand and against a naive count."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.evaluation.datasets import AnnotatedPerson
from contrapposto.evaluation.pose_metrics import PoseScore, score_poses
from contrapposto.records import Box
from contrapposto.skeleton import INDEX, KEYPOINTS

LIMBS = ["shoulder elbow", "elbow wrist", "hip knee", "knee ankle"]


def upright() -> NDArray[np.float64]:
    """Limbs of 60 px (arms) and 100 px (legs); torso diagonals of 50 px: 30 across, 40 down."""
    points = np.full((17, 2), np.nan)
    for side, x in (("left", 30), ("right", 0)):
        for name, y in (("shoulder", 0), ("elbow", 60), ("wrist", 120), ("hip", 40), ("knee", 140), ("ankle", 240)):
            points[INDEX[f"{side}_{name}"]] = x, y
    return points


def person(keypoints: NDArray[np.float64], head: float = float("nan")) -> AnnotatedPerson:
    return AnnotatedPerson(keypoints, Box(0, 0, 1, 1), 1.0, head)


def moved(**by: float) -> NDArray[np.float64]:
    """`upright` with keypoints moved to the right by so many pixels."""
    points = upright()
    for name, pixels in by.items():
        points[INDEX[name], 0] += pixels
    return points


def test_the_truth_is_all_right() -> None:
    scores = score_poses([(upright(), person(upright(), 20))])
    assert scores.people == (PoseScore(8, 8, 12, 12),)
    assert scores.measures == {
        "pcp@0.5": 1.0,
        **{f"pcp@0.5/{name}": 1.0 for name in ("upper_arm", "forearm", "thigh", "shin")},
        "pckh@0.5": 1.0,
        **{f"pck@0.2/{name}": 1.0 for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")},
    }


def test_a_limb_needs_both_ends_within_half_of_its_length() -> None:
    """The left elbow 30 px away: half of 60, both of its limbs are right still; at 30.1 px neither is. So the left
    knee at 50 px and 50.1 px."""
    assert score_poses([(moved(left_elbow=30, left_knee=50), person(upright()))]).people[0].pcp_right == 8
    wrong = score_poses([(moved(left_elbow=30.1), person(upright()))])
    assert wrong.people[0].pcp_right == 6
    assert wrong.measures["pcp@0.5"] == 6 / 8
    assert wrong.measures["pcp@0.5/upper_arm"] == wrong.measures["pcp@0.5/forearm"] == 0.5
    assert wrong.measures["pcp@0.5/thigh"] == 1
    leg = score_poses([(moved(left_knee=50.1), person(upright()))])
    assert (leg.measures["pcp@0.5/thigh"], leg.measures["pcp@0.5/shin"]) == (0.5, 0.5)


def test_the_mean_of_both_ends_is_not_enough() -> None:
    """One end exact, the other 31 px away: the loose measure (mean 15.5 px) would count it."""
    assert score_poses([(moved(right_wrist=31), person(upright()))]).measures["pcp@0.5/forearm"] == 0.5


def test_within_half_of_the_head() -> None:
    found = moved(left_wrist=10, right_wrist=10.1)
    scores = score_poses([(found, person(upright(), 20))])
    assert scores.people[0] == PoseScore(8, 8, 11, 12)
    assert scores.measures["pckh@0.5"] == 11 / 12
    headless = score_poses([(found, person(upright()))])
    assert (headless.people[0].pckh_right, headless.people[0].pckh_joints) == (0, 0)
    assert "pckh@0.5" not in headless.measures


def test_joint_by_joint_within_a_fifth_of_the_torso() -> None:
    """10 px of a torso of 50 px."""
    measures = score_poses([(moved(left_wrist=10, right_wrist=10.1, left_hip=-11), person(upright()))]).measures
    assert measures["pck@0.2/wrist"] == 0.5
    assert measures["pck@0.2/hip"] == 0.5
    assert measures["pck@0.2/ankle"] == 1
    assert "pck@0.2" not in measures, "keypoint_metrics has it"


def test_nobody_and_joints_that_are_not_found_are_wrong() -> None:
    lost = score_poses([(None, person(upright(), 20))])
    assert lost.people == (PoseScore(0, 8, 0, 12),)
    assert set(lost.measures.values()) == {0.0}
    part = upright()
    part[INDEX["left_elbow"]] = np.nan
    assert score_poses([(part, person(upright(), 20))]).people == (PoseScore(6, 8, 11, 12),)


def test_what_is_not_labelled_is_not_asked() -> None:
    true = upright()
    true[INDEX["right_knee"]] = np.nan
    true[[INDEX["left_hip"], INDEX["right_hip"]]] = np.nan
    scores = score_poses([(upright(), person(true, 20))])
    assert scores.people == (PoseScore(5, 5, 9, 9),)
    assert scores.measures["pcp@0.5/shin"] == 1
    assert "pcp@0.5/thigh" not in scores.measures
    assert not [name for name in scores.measures if name.startswith("pck@")], "without a torso"
    assert score_poses([]).measures == {}


def test_pools_over_people_as_a_naive_count_does() -> None:
    rng = np.random.default_rng(5)
    pairs = []
    for _ in range(40):
        true = upright() * rng.uniform(0.5, 2)
        found = true + rng.normal(0, 14, (17, 2))
        true[rng.random(17) < 0.2] = np.nan
        found[rng.random(17) < 0.1] = np.nan
        pairs.append((None if rng.random() < 0.1 else found, person(true, rng.choice([math.nan, 15.0, 40.0]))))
    scores = score_poses(pairs)
    for measure, wanted in naive(pairs).items():
        right, asked = (sum(values) for values in zip(*wanted, strict=True))
        assert scores.measures[measure] == pytest.approx(right / asked)
    assert scores.measures["pcp@0.5"] == pytest.approx(
        sum(row.pcp_right for row in scores.people) / sum(row.pcp_limbs for row in scores.people)
    )
    assert scores.measures["pckh@0.5"] == pytest.approx(
        sum(row.pckh_right for row in scores.people) / sum(row.pckh_joints for row in scores.people)
    )


def naive(
    pairs: list[tuple[NDArray[np.float64] | None, AnnotatedPerson]],
) -> dict[str, list[tuple[bool, bool]]]:
    """(right, asked) of each limb and joint, by measure."""
    answers: dict[str, list[tuple[bool, bool]]] = {}
    for found, true in pairs:
        at = {name: true.keypoints[INDEX[name]] for name in KEYPOINTS}

        def away(
            name: str, found: NDArray[np.float64] | None = found, at: dict[str, NDArray[np.float64]] = at
        ) -> float:
            return math.inf if found is None else math.dist(found[INDEX[name]], at[name])

        torsos = [
            math.dist(at[f"{side}_shoulder"], at[f"{other}_hip"])
            for side, other in (("left", "right"), ("right", "left"))
        ]
        torso = max((length for length in torsos if not math.isnan(length)), default=math.nan)
        for side in ("left", "right"):
            for limb in LIMBS:
                first, second = (f"{side}_{name}" for name in limb.split())
                length = math.dist(at[first], at[second])
                right = away(first) <= length / 2 and away(second) <= length / 2
                if not math.isnan(length):
                    answers.setdefault("pcp@0.5", []).append((right, True))
            for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"):
                name = f"{side}_{joint}"
                if math.isnan(at[name][0]):
                    continue
                if not math.isnan(true.head):
                    answers.setdefault("pckh@0.5", []).append((away(name) <= true.head / 2, True))
                if not math.isnan(torso):
                    answers.setdefault(f"pck@0.2/{joint}", []).append((away(name) <= torso / 5, True))
    return answers
