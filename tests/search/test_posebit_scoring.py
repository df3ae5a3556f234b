"""Poses compared by the posebits that they share."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto import geometry
from contrapposto.errors import QueryError
from contrapposto.posebits.answers import People, posebits
from contrapposto.records import Hit, Pose
from contrapposto.search import ranking
from contrapposto.search.candidates import take_snapshot
from contrapposto.search.matching import HIDDEN, match
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from contrapposto.store import Store
from tests.search.people import filled, in_space, only, pose

STANDS = in_space(pose())
WAVES = in_space(pose(left_elbow=(80, 50), left_wrist=(85, 25)))
HALF = in_space(pose("left_knee", "right_knee", "left_ankle", "right_ankle"))
MIRRORED = Pose(
    geometry.mirror(WAVES.keypoints) + np.array([100, 0]), WAVES.scores, geometry.mirror(WAVES.keypoints3d)
)


def ask(store: Store, part: PosePart) -> list[Hit]:
    return ranking.search(store, take_snapshot(store), Query((part,)))


@pytest.fixture
def store() -> Store:
    return filled(
        {
            "/p/stands.jpg": ("c1", [STANDS]),
            "/p/waves.jpg": ("c2", [WAVES]),
            "/p/half.jpg": ("c3", [HALF]),
            "/p/mirrored.jpg": ("c4", [MIRRORED]),
        }
    )


def names(hits: list[Hit]) -> list[str]:
    return [hit.path.stem for hit in hits]


def test_the_distance_is_the_share_of_known_posebits_that_differ(store: Store) -> None:
    hits = {hit.path.stem: hit for hit in ask(store, PosePart(WAVES, metric="posebits"))}
    true, known = posebits(People.of([WAVES, STANDS]))
    both = known.all(axis=0)
    assert hits["stands"].distance == pytest.approx(100 * (true[0] != true[1])[both].mean())
    assert hits["waves"].distance == 0
    assert hits["waves"].match == 1
    assert hits["stands"].why[0].unit == "% of posebits"


def test_why_blames_the_joint_that_moved(store: Store) -> None:
    why = next(hit for hit in ask(store, PosePart(WAVES, metric="posebits")) if hit.path.stem == "stands").why[0]
    assert why.worst(1)[0] in ("left_wrist", "left_elbow")
    assert {"left_wrist", "left_elbow"}.isdisjoint(why.best(5))


def test_unseen_joints_leave_their_posebits_open_and_rank_below(store: Store) -> None:
    hits = ask(store, PosePart(STANDS, metric="posebits"))
    half = next(hit for hit in hits if hit.path.stem == "half")
    true, known = posebits(People.of([HALF, STANDS]))
    both = known.all(axis=0)
    assert 0.2 < both.sum() / known[1].sum() < 0.8
    assert half.distance == pytest.approx(100 * (true[0] != true[1])[both].mean())
    effect = half.distance * np.exp(HIDDEN * (1 - both.sum() / known[1].sum()))
    assert half.match == pytest.approx(match("posebits", np.array(effect)))


def test_only_posebits_of_the_joints_asked_for_count(store: Store) -> None:
    legs = ask(store, PosePart(WAVES, "legs", metric="posebits"))
    assert {hit.path.stem: hit.distance for hit in legs if hit.path.stem != "half"} == {
        "stands": 0,
        "waves": 0,
        "mirrored": 0,
    }


def test_mirror(store: Store) -> None:
    plain = ask(store, PosePart(WAVES, metric="posebits"))
    assert names(plain)[0] == "waves"
    assert plain[1].distance > 1
    hits = {hit.path.stem: hit for hit in ask(store, PosePart(WAVES, metric="posebits", mirror=True))}
    assert hits["mirrored"].distance == 0
    assert hits["mirrored"].why[0].mirrored
    assert not hits["waves"].why[0].mirrored


def test_unlike(store: Store) -> None:
    hits = ask(store, PosePart(WAVES, metric="posebits", weight=-1))
    assert names(hits)[-1] == "waves"
    assert hits[-1].match == 0


def test_too_little_is_refused() -> None:
    with pytest.raises(QueryError, match="at least 4 are needed by the metric posebits"):
        PosePart(only(left_wrist=(1, 2), left_elbow=(3, 4)), metric="posebits")
