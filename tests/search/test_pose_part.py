"""What a part that asks with a pose takes, and when the picture of the pose counts."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto import geometry
from contrapposto.errors import QueryError
from contrapposto.search.joints import joint_weights
from contrapposto.search.pose_part import COMPARED, DEFAULT_METRIC, PosePart
from tests.search.people import looked_at, only, pose

SEEN = looked_at(pose(), seed=1, moved=2.0)
ARM = only(left_shoulder=(62, 40), left_elbow=(80, 50), left_wrist=(85, 25))


def test_the_usual_metric() -> None:
    assert DEFAULT_METRIC == PosePart(SEEN).metric == COMPARED[0] == "fused"


@pytest.mark.parametrize(
    ("part", "phrase"),
    [
        (
            lambda: PosePart(pose(), metric="embedding"),
            "compares pictures, and this pose comes without one; ask with",
        ),
        (lambda: PosePart(SEEN, metric="embedding", mirror=True), "embedding knows no mirror image; ask with the"),
        (lambda: PosePart(SEEN, "head", "embedding"), "embedding knows the limb joints alone, not head; ask for"),
        (lambda: PosePart(SEEN, "nose,legs=0", "embedding"), "knows the limb joints alone, not nose,legs=0"),
        (lambda: PosePart(SEEN, "left_wrist", "fused"), "at least 2 are needed by the metric fused"),
        (lambda: PosePart(SEEN, "nose,left_eye", "view-invariant"), "at least 3 are needed by the metric view-inv"),
        (lambda: PosePart(ARM, "legs", "fused"), "the query shows 0 of the joints asked for (legs)"),
    ],
)
def test_what_a_metric_refuses(part: object, phrase: str) -> None:
    assert callable(part)
    with pytest.raises(QueryError) as caught:
        part()
    assert phrase in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_metric_takes() -> None:
    assert PosePart(SEEN, "left_wrist", "embedding").metric == "embedding"
    assert PosePart(SEEN, "head,left_wrist", "embedding").joints == "head,left_wrist"
    assert PosePart(ARM, metric="view-invariant", mirror=True).mirror
    assert PosePart(pose()).flat
    assert not PosePart(pose(), metric="view-invariant").needs_lifting


def test_when_the_picture_counts() -> None:
    """All limb joints asked and seen, no mirror image, an embedding, and the metric that is fused."""
    assert PosePart(SEEN).looks
    assert PosePart(SEEN, "arms,legs").looks
    assert PosePart(SEEN, "all,left_wrist=3").looks
    assert PosePart(SEEN, weight=-1).looks
    assert PosePart(looked_at(pose("nose", "left_ear"), seed=1)).looks
    for part in (
        PosePart(pose()),
        PosePart(SEEN, "arms"),
        PosePart(SEEN, "all,left_wrist=0"),
        PosePart(SEEN, mirror=True),
        PosePart(SEEN, metric="2d"),
        PosePart(SEEN, metric="embedding"),
        PosePart(looked_at(pose("left_knee"), seed=1)),
    ):
        assert not part.looks


def test_fused_keypoints_are_asked_where_there_are_some() -> None:
    half = np.array(SEEN.fused)
    half[3:9] = np.nan
    mixed = PosePart(type(SEEN)(SEEN.keypoints, fused=half))
    points, weights = mixed.asked()
    np.testing.assert_array_equal(points[:3], SEEN.fused[:3])
    np.testing.assert_array_equal(points[3:9], SEEN.keypoints[3:9])
    np.testing.assert_array_equal(weights, joint_weights("all"))
    np.testing.assert_array_equal(PosePart(SEEN).asked(mirrored=True)[0], geometry.mirror(SEEN.fused))
    np.testing.assert_array_equal(PosePart(SEEN, metric="2d").asked()[0], SEEN.keypoints)
    np.testing.assert_array_equal(PosePart(pose()).asked()[0], pose().keypoints)
