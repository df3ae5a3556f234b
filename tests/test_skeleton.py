"""The keypoint table agrees with itself, and other sets are mapped by hand-checked places."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto import skeleton

SIDED = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")


def test_order_is_that_of_coco() -> None:
    expected = ["nose"] + [f"{side}_{name}" for name in SIDED for side in ("left", "right")]
    assert list(skeleton.KEYPOINTS) == expected
    assert skeleton.COUNT == 17
    assert [skeleton.INDEX[name] for name in skeleton.KEYPOINTS] == list(range(17))


def test_flip_swaps_sides_and_twice_is_identity() -> None:
    np.testing.assert_array_equal(skeleton.FLIP[skeleton.FLIP], np.arange(17))
    assert skeleton.FLIP.tolist() == [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    for name in SIDED:
        assert skeleton.FLIP[skeleton.INDEX[f"left_{name}"]] == skeleton.INDEX[f"right_{name}"]


def test_limbs_and_groups_name_keypoints() -> None:
    for first, second in skeleton.LIMBS:
        assert {first, second} <= set(skeleton.KEYPOINTS)
        assert first != second
    assert len({frozenset(limb) for limb in skeleton.LIMBS}) == len(skeleton.LIMBS)
    for group, members in skeleton.GROUPS.items():
        assert group not in skeleton.INDEX
        assert members
        assert len(set(members)) == len(members)
        assert set(members) <= set(skeleton.KEYPOINTS)


def test_drawing_is_the_same_seen_in_a_mirror() -> None:
    def other(name: str) -> str:
        return skeleton.KEYPOINTS[skeleton.FLIP[skeleton.INDEX[name]]]

    limbs = {frozenset(limb) for limb in skeleton.LIMBS}
    assert {frozenset(map(other, limb)) for limb in limbs} == limbs
    groups = skeleton.GROUPS
    for left, right in (("left", "right"), ("left_arm", "right_arm"), ("left_leg", "right_leg")):
        assert {other(name) for name in groups[left]} == set(groups[right])
        assert not set(groups[left]) & set(groups[right])
    for group in ("all", "head", "limbs", "arms", "legs", "torso", "upper", "lower"):
        assert {other(name) for name in groups[group]} == set(groups[group])


def test_groups_by_hand() -> None:
    groups = {name: set(members) for name, members in skeleton.GROUPS.items()}
    assert groups["arms"] == groups["left_arm"] | groups["right_arm"]
    assert groups["legs"] == groups["left_leg"] | groups["right_leg"] == groups["lower"]
    assert groups["limbs"] == groups["arms"] | groups["legs"] == groups["all"] - groups["head"]
    assert groups["left_arm"] == {"left_shoulder", "left_elbow", "left_wrist"}
    assert groups["head"] == {"nose", "left_eye", "right_eye", "left_ear", "right_ear"}
    assert groups["upper"] == groups["head"] | groups["arms"] | {"left_hip", "right_hip"}
    assert groups["all"] == groups["left"] | groups["right"] | {"nose"}


def test_weights_and_sigmas() -> None:
    np.testing.assert_array_equal(skeleton.DEFAULT_WEIGHTS, [0.2] * 5 + [1.0] * 12)
    by_name = dict(zip(skeleton.KEYPOINTS, skeleton.OKS_SIGMA, strict=True))
    coco = {"nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072, "wrist": 0.062}
    coco |= {"hip": 0.107, "knee": 0.087, "ankle": 0.089}
    for name, sigma in by_name.items():
        assert sigma == pytest.approx(coco[name.split("_")[-1]])


def pairs(**places: tuple[int, int]) -> dict[str, int]:
    """Name of a sided joint to (left, right) places in the other set."""
    sides = {f"left_{name}": left for name, (left, _) in places.items()}
    return sides | {f"right_{name}": right for name, (_, right) in places.items()}


LEEDS = pairs(shoulder=(9, 8), elbow=(10, 7), wrist=(11, 6), hip=(3, 2), knee=(4, 1), ankle=(5, 0))
MPII = pairs(shoulder=(13, 12), elbow=(14, 11), wrist=(15, 10), hip=(3, 2), knee=(4, 1), ankle=(5, 0))
H36M = pairs(shoulder=(11, 14), elbow=(12, 15), wrist=(13, 16), hip=(4, 1), knee=(5, 2), ankle=(6, 3))
BLAZE = {"nose": 0} | pairs(
    eye=(2, 5),
    ear=(7, 8),
    shoulder=(11, 12),
    elbow=(13, 14),
    wrist=(15, 16),
    hip=(23, 24),
    knee=(25, 26),
    ankle=(27, 28),
)
COCO = {name: index for index, name in enumerate(skeleton.KEYPOINTS)}


@pytest.mark.parametrize(
    ("names", "count", "places"),
    [
        (skeleton.LSP_14, 14, LEEDS),
        (skeleton.MPII_16, 16, MPII),
        (skeleton.H36M_17, 17, H36M),
        (skeleton.BLAZEPOSE_33, 33, BLAZE),
        (skeleton.KEYPOINTS, 17, COCO),
    ],
    ids=["LSP", "MPII", "H36M", "BlazePose", "COCO"],
)
def test_other_sets_by_hand(names: tuple[str, ...], count: int, places: dict[str, int]) -> None:
    assert len(names) == count
    points = np.stack([np.arange(count), 100 + np.arange(count)], axis=1)
    mapped = skeleton.from_names(points, names)
    assert mapped.shape == (17, 2)
    for index, name in enumerate(skeleton.KEYPOINTS):
        if name in places:
            assert tuple(mapped[index]) == (places[name], 100 + places[name])
        else:
            assert np.isnan(mapped[index]).all()


def test_one_item_and_a_batch_map_alike() -> None:
    batch = np.random.default_rng(0).random((2, 3, 14, 3))
    batch[0, 1, 4] = np.nan
    mapped = skeleton.from_names(batch, skeleton.LSP_14)
    assert mapped.shape == (2, 3, 17, 3)
    np.testing.assert_array_equal(mapped[0, 1], skeleton.from_names(batch[0, 1], skeleton.LSP_14))
    assert np.isnan(mapped[0, 1, skeleton.INDEX["left_knee"]]).all()


def test_wrong_names() -> None:
    with pytest.raises(ValueError, match=r"expected 14 joint names for shape \(14, 2\), got 16"):
        skeleton.from_names(np.zeros((14, 2)), skeleton.MPII_16)
    with pytest.raises(ValueError, match="stands twice"):
        skeleton.from_names(np.zeros((2, 2)), ("nose", "nose"))


def test_derived_points_by_hand() -> None:
    points = np.full((17, 2), np.nan)
    points[skeleton.INDEX["left_shoulder"]] = (4, 2)
    points[skeleton.INDEX["right_shoulder"]] = (0, 4)
    points[skeleton.INDEX["left_hip"]] = (6, 10)
    points[skeleton.INDEX["right_hip"]] = (2, 12)
    assert skeleton.neck(points).tolist() == [2, 3]
    assert skeleton.pelvis(points).tolist() == [4, 11]
    assert skeleton.torso_centre(points).tolist() == [3, 7]
    assert skeleton.midpoint(points, "left_hip", "right_shoulder").tolist() == [3, 7]
    points[skeleton.INDEX["left_hip"]] = np.nan
    assert np.isnan(skeleton.pelvis(points)).all()
    assert np.isnan(skeleton.torso_centre(points)).all()
    assert skeleton.neck(np.stack([points] * 3)).shape == (3, 2)
