"""A pose as JSON: there and back, its forms, and a clear message for each mistake."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto import skeleton
from contrapposto.cli.output import person_json
from contrapposto.errors import QueryError
from contrapposto.records import Pose
from contrapposto.search.pose_json import load_json, pose_from_json, pose_to_json
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from tests.search.people import in_space, looked_at, person, pose

J = skeleton.INDEX
ARM = {"keypoints": {"left_shoulder": [10, 10], "left_elbow": [20, 30], "left_wrist": [25, 60.5]}}


@settings(max_examples=30, derandomize=True, deadline=None, database=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0, 1e4]))
def test_poses_keep_their_shape_in_json(seed: int, size: float) -> None:
    random = np.random.default_rng(seed)
    points = random.uniform(0, size, (17, 2))
    points[random.random(17) < 0.3] = np.nan
    again = pose_from_json(json.loads(json.dumps(pose_to_json(Pose(points)))))
    np.testing.assert_allclose(again.keypoints, points, atol=size * 1e-6)


def test_the_forms_of_a_skeleton() -> None:
    by_name = pose_from_json(ARM)
    alone = pose_from_json(ARM["keypoints"])
    rows = [{"name": name, "x": x, "y": y, "score": 0.5} for name, (x, y) in ARM["keypoints"].items()]
    listed = pose_from_json({"keypoints": [*rows, {"name": "nose", "x": None, "y": None}]})
    scored = pose_from_json({name: [*place, 0.9] for name, place in ARM["keypoints"].items()})
    null = pose_from_json({**ARM["keypoints"], "nose": None, "left_eye": [None, None]})
    for form in (alone, listed, scored, null, pose_from_json(rows)):
        np.testing.assert_array_equal(form.keypoints, by_name.keypoints)


def test_a_described_person_can_be_pasted() -> None:
    shown = looked_at(in_space(pose("right_ankle", "nose")), seed=1, moved=2.0)
    pasted = json.loads(json.dumps(person_json(1, person(shown))))
    np.testing.assert_array_equal(pose_from_json(pasted).keypoints, shown.keypoints)
    np.testing.assert_allclose(pose_from_json(pasted).keypoints3d, shown.keypoints3d, atol=1e-4)
    np.testing.assert_allclose(pose_from_json(pasted).fused, shown.fused, rtol=1e-6)
    np.testing.assert_allclose(pose_from_json(pasted).embedding, shown.embedding, rtol=1e-4)
    never = json.loads(json.dumps(person_json(1, person(pose()))))
    assert (never["fused"], never["embedding"]) == (None, None)
    assert np.isnan(pose_from_json(never).embedding).all()
    query = Query.from_json({"parts": [{"pose": pasted}]})
    np.testing.assert_array_equal(query.parts[0].pose.keypoints, shown.keypoints)


def test_3d_keypoints() -> None:
    deep = in_space(pose("nose", "left_ear"))
    again = pose_from_json(json.loads(json.dumps(pose_to_json(deep))))
    np.testing.assert_allclose(again.keypoints3d, deep.keypoints3d, rtol=1e-6)
    np.testing.assert_allclose(again.keypoints, deep.keypoints, rtol=1e-6)
    assert "keypoints3d" not in pose_to_json(pose())
    alone = pose_from_json({"keypoints3d": {"left_wrist": [0.1, 0.2, -0.3], "nose": None}})
    assert alone.keypoints3d[J["left_wrist"]].tolist() == [0.1, 0.2, -0.3]
    assert np.isnan(alone.keypoints).all()
    assert np.isfinite(alone.keypoints3d).sum() == 3


def test_what_the_picture_told() -> None:
    shown = looked_at(pose("right_ankle", "nose"), seed=1, moved=3.0)
    data = json.loads(json.dumps(pose_to_json(shown)))
    again = pose_from_json(data)
    np.testing.assert_allclose(again.fused, shown.fused, rtol=1e-6)
    np.testing.assert_allclose(again.embedding, shown.embedding, rtol=1e-4)
    assert (len(data["embedding"]), data["fused"]["nose"]) == (128, None)
    assert {"fused", "embedding"}.isdisjoint(pose_to_json(pose()))
    query = Query((PosePart(shown, metric="embedding"), PosePart(shown)))
    for part in Query.from_json(json.loads(json.dumps(query.to_json(), allow_nan=False))).parts:
        np.testing.assert_allclose(part.pose.embedding, shown.embedding, rtol=1e-4)
        np.testing.assert_allclose(part.pose.fused, shown.fused, rtol=1e-6)
    null = pose_from_json({"keypoints": {"nose": [1, 2]}, "fused": None, "embedding": None})
    assert np.isnan(null.fused).all()
    assert np.isnan(null.embedding).all()


WRONG_SKELETONS: list[tuple[Any, str]] = [
    (None, 'a skeleton is {"keypoints"'),
    ({}, 'a skeleton is {"keypoints"'),
    ([], 'a skeleton is {"keypoints"'),
    ({"keypoints": []}, 'a skeleton is {"keypoints"'),
    ({"keypoints": [[1, 2]] * 17}, 'a skeleton is {"keypoints"'),
    ({"left_wirst": [1, 2]}, "unknown keypoint 'left_wirst' in the skeleton; did you mean 'left_wrist'?"),
    ({"qqq": [1, 2]}, "unknown keypoint 'qqq' in the skeleton; there are nose, left_eye"),
    ([{"name": ["nose"], "x": 1, "y": 2}], "unknown keypoint \"['nose']\""),
    ([{"name": "nose", "x": 1, "y": 2}] * 2, "keypoint 'nose' stands twice"),
    ([{"name": "nose", "x": 1}], "keypoint 'nose' in the skeleton must be [x, y] or null, got [1, None]"),
    ({"nose": [1]}, "must be [x, y] or null, got [1]"),
    ({"nose": [1, 2, 3, 4]}, "must be [x, y] or null"),
    ({"nose": "1, 2"}, "must be [x, y] or null, got '1, 2'"),
    ({"nose": ["1", 2]}, "must be [x, y] or null"),
    ({"nose": [True, False]}, "must be [x, y] or null, got [True, False]"),
    ({"nose": [math.nan, 2]}, "must be [x, y] or null, got [nan, 2]"),
    ({"nose": [math.inf, 2]}, "must be [x, y] or null"),
    ({"nose": [10**400, 2]}, "must be [x, y] or null"),
    ({"nose": [1e300, 2]}, "must be [x, y] or null"),
    ({"nose": {"x": 1, "y": 2}}, "must be [x, y] or null"),
    ({"keypoints3d": {"nose": [1, 2]}}, "keypoint 'nose' in the skeleton must be [x, y, z] or null, got [1, 2]"),
    ({"keypoints": {"nose": [1, 2]}, "keypoints3d": {}}, 'a skeleton is {"keypoints"'),
    ({"keypoints3d": {"nose": [1, 2, math.nan]}}, "must be [x, y, z] or null"),
    ({"keypoints": {"nose": [1, 2]}, "fused": {"nose": [1]}}, "must be [x, y] or null, got [1]"),
    (
        {"keypoints": {"nose": [1, 2]}, "embedding": [0.1] * 127},
        "the embedding in the skeleton must be 128 numbers",
    ),
    ({"keypoints": {"nose": [1, 2]}, "embedding": ["0.1"] * 128}, "the embedding in the skeleton must be 128"),
    ({"keypoints": {"nose": [1, 2]}, "embedding": [math.nan] * 128}, "the embedding in the skeleton must be 128"),
    ({"keypoints": {"nose": [1, 2]}, "embedding": [10**400] * 128}, "the embedding in the skeleton must be 128"),
    ({"keypoints": {"nose": [1, 2]}, "embedding": 7}, "the embedding in the skeleton must be 128 numbers"),
]


@pytest.mark.parametrize(("data", "phrase"), WRONG_SKELETONS)
def test_wrong_skeletons_name_the_mistake(data: Any, phrase: str) -> None:
    with pytest.raises(QueryError) as caught:
        pose_from_json(data)
    assert phrase in str(caught.value)
    assert len(str(caught.value)) < 400


def test_load_json(tmp_path: Path) -> None:
    good, marked, bad = tmp_path / "good.json", tmp_path / "marked.json", tmp_path / "bad.json"
    good.write_text('{"nose": [1, 2]}', encoding="utf-8")
    marked.write_text('\ufeff{"nose": [1, 2]}', encoding="utf-8")
    assert load_json(good) == load_json(marked) == {"nose": [1, 2]}
    for text in ("{", "[" * 100_000, ""):
        bad.write_text(text, encoding="utf-8")
        with pytest.raises(QueryError, match=r"bad\.json: not JSON"):
            load_json(bad)
    bad.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(QueryError, match=r"bad\.json: not JSON"):
        load_json(bad)
    with pytest.raises(QueryError, match=r"none\.json: cannot be read \(No such file"):
        load_json(tmp_path / "none.json")


def test_a_third_number_of_0_says_that_a_joint_is_not_labelled() -> None:
    pose = pose_from_json({"nose": [0, 0, 0], "left_eye": [1, 2, 2], "right_eye": [3, 4, 0.7]})
    assert pose.visible.sum() == 2
    assert not pose.visible[J["nose"]]
