"""The query object: its JSON form, the grammar of joints, and a clear message for each mistake."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from contrapposto import skeleton
from contrapposto.errors import QueryError
from contrapposto.records import Pose
from contrapposto.search.joints import joint_weights
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from tests.search.people import STANDING, in_space, only, pose

J = skeleton.INDEX
ARM = {"keypoints": {"left_shoulder": [10, 10], "left_elbow": [20, 30], "left_wrist": [25, 60.5]}}


def with_part(**changes: Any) -> dict[str, Any]:
    return {"parts": [{"pose": ARM, **changes}]}


def through_json(query: Query) -> Query:
    return Query.from_json(json.loads(json.dumps(query.to_json(), allow_nan=False)))


def test_json_by_hand() -> None:
    query = Query.from_json(
        {
            "parts": [{"pose": ARM, "joints": "arms", "metric": "2d", "mirror": True, "weight": 2}],
            "where": "people = 1",
            "top": 7,
            "min_match": 0.25,
            "unfold": True,
        }
    )
    part = query.parts[0]
    assert (part.joints, part.metric, part.mirror, part.weight) == ("arms", "2d", True, 2)
    assert (query.where, query.top, len(query.parts)) == ("people = 1", 7, 1)
    assert (query.min_match, query.unfold) == (0.25, True)
    assert query.condition is not None
    assert part.pose.keypoints[J["left_wrist"]].tolist() == [25, 60.5]
    assert part.pose.visible.sum() == 3


def test_defaults() -> None:
    query = Query.from_json({"parts": [{"pose": ARM}]})
    part = query.parts[0]
    assert (part.joints, part.metric, part.mirror, part.weight) == ("all", "fused", False, 1.0)
    assert (query.where, query.top, query.condition) == (None, 20, None)
    assert (query.min_match, query.unfold) == (0, False)


def test_round_trip() -> None:
    first = PosePart(pose("nose", left_wrist=(12.345, -6.5)), "arms,legs=0.5", mirror=True, weight=0.25)
    query = Query((first, PosePart(pose())), "size > 1kB or people = 2", 3)
    again = through_json(query)
    assert again.to_json() == query.to_json()
    assert (again.where, again.top) == (query.where, query.top)
    for mine, theirs in zip(query.parts, again.parts, strict=True):
        np.testing.assert_allclose(theirs.pose.keypoints, mine.pose.keypoints, rtol=1e-6)
        assert (theirs.joints, theirs.metric, theirs.mirror, theirs.weight) == (
            mine.joints,
            mine.metric,
            mine.mirror,
            mine.weight,
        )


WRONG_QUERIES: list[tuple[Any, str]] = [
    (None, "the query must be a JSON object"),
    ([], "the query must be a JSON object"),
    ({"parts": [], "tops": 3}, "unknown key 'tops' in the query; there are min_match, parts, top, unfold, where"),
    ({}, "the query needs a list of parts"),
    ({"parts": {"pose": ARM}}, "the query needs a list of parts"),
    ({"parts": []}, "nothing is asked"),
    ({"parts": ["arm"]}, "part 1 of the query must be a JSON object"),
    ({"parts": [{"pose": ARM}, {}]}, "part 2 of the query has no pose and no words"),
    (with_part(joint="arms"), "unknown key 'joint' in part 1 of the query; there are joints, metric, mirror"),
    (with_part(joints=["arms"]), "'joints' in part 1 of the query has a value of the wrong kind: ['arms']"),
    (with_part(mirror=1), "'mirror' in part 1 of the query has a value of the wrong kind: 1"),
    (with_part(metric=2), "'metric' in part 1 of the query has a value of the wrong kind: 2"),
    (with_part(metric="4d"), "unknown metric '4d'; there are fused, 2d, 3d, procrustes, np-3d, np-procrustes"),
    (with_part(weight="1"), "'weight' in part 1 of the query has a value of the wrong kind: '1'"),
    (with_part(weight=True), "'weight' in part 1 of the query has a value of the wrong kind: True"),
    (with_part(weight=0), "the weight of a part must be a number from -1000 to 1000, and not 0, got 0"),
    (with_part(weight=-1001), "from -1000 to 1000"),
    (with_part(weight=math.nan), "from -1000 to 1000"),
    (with_part(weight=10**400), "from -1000 to 1000"),
    (with_part(joints="left_writs"), "unknown joints 'left_writs'; did you mean 'left_wrist'?"),
    (with_part(joints="legs"), "the query shows 0 of the joints asked for (legs); at least 2 are needed"),
    (with_part(joints="left_wrist,legs"), "the query shows 1 of the joints asked for"),
    ({**with_part(), "where": 3}, "'where' in the query must be a text"),
    ({**with_part(), "where": "peple = 3"}, "unknown field 'peple'; there are path, date, size, people"),
    ({**with_part(), "top": 2.0}, "'top' in the query must be a whole number"),
    ({**with_part(), "top": True}, "'top' in the query must be a whole number"),
    ({**with_part(), "min_match": "1"}, "'min_match' in the query must be a number"),
    ({**with_part(), "min_match": True}, "'min_match' in the query must be a number"),
    ({**with_part(), "min_match": 1.5}, "the least match must lie in 0..1, got 1.5"),
    ({**with_part(), "unfold": 1}, "'unfold' in the query must be true or false"),
    ({**with_part(), "top": 0}, "the number of answers must be at least 1, got 0"),
]


@pytest.mark.parametrize(("data", "phrase"), WRONG_QUERIES)
def test_wrong_queries_name_the_mistake(data: Any, phrase: str) -> None:
    with pytest.raises(QueryError) as caught:
        Query.from_json(data)
    assert phrase in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


ALL = dict.fromkeys(STANDING, 1.0) | dict.fromkeys(skeleton.GROUPS["head"], 0.2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("all", ALL),
        ("arms", dict.fromkeys(skeleton.GROUPS["arms"], 1.0)),
        (" Left-Arm ", {"left_shoulder": 1, "left_elbow": 1, "left_wrist": 1}),
        ("left knee, NOSE", {"left_knee": 1, "nose": 1}),  # named alone, a keypoint counts 1
        ("head", dict.fromkeys(skeleton.GROUPS["head"], 0.2)),
        ("head=5,left_wrist=0.5", dict.fromkeys(skeleton.GROUPS["head"], 1.0) | {"left_wrist": 0.5}),
        ("left_arm = 2 , left_wrist", {"left_shoulder": 2, "left_elbow": 2, "left_wrist": 1}),
        ("left_arm,left_elbow=0", {"left_shoulder": 1, "left_wrist": 1}),
        ("left_wrist=0,left_arm", {"left_shoulder": 1, "left_elbow": 1, "left_wrist": 1}),  # later names win
        ("legs=0", {}),
    ],
)
def test_joints_by_hand(text: str, expected: dict[str, float]) -> None:
    by_hand = [expected.get(name, 0.0) for name in skeleton.KEYPOINTS]
    np.testing.assert_allclose(joint_weights(text), by_hand)


def test_usual_weights_are_those_of_the_distance() -> None:
    np.testing.assert_array_equal(joint_weights("all"), skeleton.DEFAULT_WEIGHTS)
    joint_weights("all")[:] = 9  # the caller's own copy
    assert skeleton.DEFAULT_WEIGHTS.max() == 1


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "unknown joints ''; there are all, head"),
        ("arms,", "unknown joints ''"),
        ("arm", "unknown joints 'arm'; did you mean 'arms'?"),
        ("left wirst", "did you mean 'left_wrist'?"),
        ("arms=x", "'x' is no weight for arms; write a number from 0 to 1000"),
        ("arms=", "'' is no weight for arms"),
        ("arms=-1", "'-1' is no weight for arms"),
        ("arms=nan", "'nan' is no weight for arms"),
        ("arms=inf", "'inf' is no weight for arms"),
        ("arms=1e39", "'1e39' is no weight for arms"),
    ],
)
def test_wrong_joints(text: str, phrase: str) -> None:
    with pytest.raises(QueryError) as caught:
        joint_weights(text)
    assert phrase in str(caught.value)


def test_two_seen_joints_must_be_asked() -> None:
    wrist_and_knee = only(left_wrist=(1, 2), left_knee=(3, 4))
    assert PosePart(wrist_and_knee).joints == "all"
    for joints in ("arms", "all,left_knee=0"):
        with pytest.raises(QueryError, match="shows 1 of the joints"):
            PosePart(wrist_and_knee, joints)


def test_asked_in_a_mirror_swaps_keypoints_and_weights() -> None:
    part = PosePart(only(left_shoulder=(1, 2), left_wrist=(3, 4), right_knee=(5, 6)), "left_arm=2")
    points, weights = part.asked()
    assert points[J["left_wrist"]].tolist() == [3, 4]
    assert np.flatnonzero(weights).tolist() == [J["left_shoulder"], J["left_elbow"], J["left_wrist"]]
    points, weights = part.asked(mirrored=True)
    assert points[J["right_wrist"]].tolist() == [-3, 4]
    assert points[J["left_knee"]].tolist() == [-5, 6]
    assert np.isfinite(points).all(axis=1).sum() == 3
    assert np.flatnonzero(weights).tolist() == [J["right_shoulder"], J["right_elbow"], J["right_wrist"]]


def lift(keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """A stand-in for the lifting network: flat, 100 pixels a metre."""
    return np.concatenate([keypoints / 100, np.zeros_like(keypoints[..., :1])], axis=2)


def test_3d_metrics_ask_with_3d_keypoints() -> None:
    shown = in_space(pose("nose"))
    part = PosePart(shown, "left_arm,nose", metric="3d")
    assert not part.needs_lifting
    assert part.missing == ["nose"]
    points, weights = part.asked()
    np.testing.assert_array_equal(points, shown.keypoints3d)
    assert weights[J["left_wrist"]] == 1
    points, _ = part.asked(mirrored=True)
    x, y, z = shown.keypoints3d[J["left_wrist"]]
    assert points[J["right_wrist"]].tolist() == [-x, y, z]
    only_3d = Pose(np.full((17, 2), np.nan), keypoints3d=shown.keypoints3d)
    assert PosePart(only_3d, metric="procrustes").asked()[0].shape == (17, 3)
    with pytest.raises(QueryError, match="keypoints3d only; ask with a metric in space"):
        PosePart(only_3d, metric="2d")


def test_lifting_happens_where_it_is_needed() -> None:
    flat, deep = PosePart(pose(), metric="3d"), PosePart(in_space(pose()), metric="3d")
    calls = []

    def make() -> Any:
        calls.append(1)
        return lift

    assert Query((PosePart(pose()), deep)).lifted(make).parts[1] is deep
    assert not calls
    assert flat.needs_lifting
    with pytest.raises(ValueError, match="lift"):
        flat.asked()
    again = Query((flat, deep, flat)).lifted(make)
    assert calls == [1]
    np.testing.assert_allclose(again.parts[0].asked()[0][:, :2], pose().keypoints / 100)
    assert again.parts[1] is deep


def test_too_little_to_lift() -> None:
    with pytest.raises(QueryError, match="too few to estimate 3D"):
        Query((PosePart(pose(), metric="3d"),)).lifted(
            lambda: lambda points, _: np.full((*points.shape[:2], 3), np.nan)
        )


def test_turning_metrics_need_three_joints() -> None:
    two = only(left_wrist=(1, 2), left_knee=(3, 4))
    assert PosePart(two, metric="3d").needs_lifting
    with pytest.raises(
        QueryError, match=r"shows 2 of the joints asked for .* at least 3 are needed by .* procrustes"
    ):
        PosePart(two, metric="procrustes")
