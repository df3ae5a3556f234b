"""Answers over hand-made people: their order, what is fused, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto import distances, geometry, skeleton
from contrapposto.errors import QueryError
from contrapposto.records import Hit, Pose
from contrapposto.search import ranking
from contrapposto.search.candidates import take_snapshot
from contrapposto.search.matching import HIDDEN, match
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from contrapposto.store import Store
from contrapposto.store.exact import ExactStore
from contrapposto.store.rows import media_rows, people_rows
from tests.search.people import filled, in_space, looked_at, media, only, person, pose, random_poses
from tests.search.random_people import random_people

STANDS = pose()
WAVES = pose(left_elbow=(80, 50), left_wrist=(85, 25))
HANDS_UP = pose(left_elbow=(70, 20), left_wrist=(68, 0), right_elbow=(30, 20), right_wrist=(32, 0))
MIRRORED = Pose(geometry.mirror(WAVES.keypoints) + np.array([100, 0]))
ARM = only(left_shoulder=(62, 40), left_elbow=(80, 50), left_wrist=(85, 25))


def ask(store: Store, *parts: PosePart, where: str | None = None, top: int = 20) -> list[Hit]:
    return ranking.search(store, take_snapshot(store), Query(parts, where, top))


def names(hits: list[Hit]) -> list[str]:
    return [hit.path.name for hit in hits]


@pytest.fixture
def store() -> ExactStore:
    return filled(
        {
            "/p/a.jpg": ("c1", [HANDS_UP, WAVES]),
            "/p/b.jpg": ("c2", [STANDS]),
            "/p/c.jpg": ("c3", []),
        }
    )


def test_order_and_what_a_hit_says(store: ExactStore) -> None:
    hits = ask(store, PosePart(WAVES))
    assert [(hit.path, hit.number) for hit in hits] == [
        (Path("/p/a.jpg"), 2),
        (Path("/p/b.jpg"), 1),
        (Path("/p/a.jpg"), 1),
    ]
    best = hits[0]
    assert (best.distance, best.match, best.copies, best.time) == (0, 1, (), None)
    np.testing.assert_array_equal(best.pose.keypoints, WAVES.keypoints)
    assert best.box == person(WAVES).box
    assert best.why[0].unit == "px of 128"
    matches = [hit.match for hit in hits]
    assert matches == sorted(matches, reverse=True)
    for hit in hits:
        stored = hit.pose.keypoints[None]
        expected = distances.pose_distances("2d", WAVES.keypoints, stored)[0]
        assert hit.distance == pytest.approx(expected)
        assert hit.match == hit.why[0].match == pytest.approx(match("fused", np.array(expected))[()])


def test_why_names_the_joints_that_moved(store: ExactStore) -> None:
    stands = next(hit for hit in ask(store, PosePart(WAVES)) if hit.path.name == "b.jpg")
    why = stands.why[0]
    assert why.worst(2) == ["left_wrist", "left_elbow"]
    assert not {"left_wrist", "left_elbow"} & set(why.best(15))
    weights = skeleton.DEFAULT_WEIGHTS
    assert why.distance == pytest.approx((why.joint_distances * weights).sum() / weights.sum())


def test_only_the_joints_asked_for_count(store: ExactStore) -> None:
    hits = ask(store, PosePart(WAVES, "legs"))
    assert [hit.distance for hit in hits] == pytest.approx([0, 0, 0], abs=1e-5)
    asked = np.flatnonzero(np.isfinite(hits[0].why[0].joint_distances))
    assert [skeleton.KEYPOINTS[joint] for joint in asked] == list(skeleton.GROUPS["legs"])


def test_ties_come_in_order_of_id() -> None:
    twins = filled({f"/p/{name}.jpg": (f"c{name}", [STANDS, STANDS]) for name in "bdac"})
    hits = ask(twins, PosePart(WAVES))
    assert [(hit.path.stem, hit.number) for hit in hits] == [(name, number) for name in "abcd" for number in (1, 2)]
    assert len({hit.match for hit in hits}) == 1


@pytest.mark.parametrize("metric", ["fused", "embedding"])
def test_ties_of_people_who_were_looked_at_come_in_order_of_id(metric: str) -> None:
    asked = looked_at(WAVES, seed=1)
    for seed in range(2, 12):
        twins = filled({f"/p/{name:02}.jpg": (f"c{name:02}", [looked_at(STANDS, seed)]) for name in range(37)})
        hits = ask(twins, PosePart(asked, metric=metric), top=5)
        assert [hit.path.stem for hit in hits] == ["00", "01", "02", "03", "04"]


def test_what_the_picture_shows_counts_as_much_as_the_keypoints() -> None:
    """Keypoints of the one are a little nearer; the other looks much more alike."""
    asked = looked_at(WAVES, seed=1)
    near = looked_at(pose(left_elbow=(80, 50), left_wrist=(84, 26)), seed=2)
    alike = replace(looked_at(pose(left_elbow=(79, 51), left_wrist=(82, 28)), seed=1), embedding=asked.embedding)
    store = filled(
        {"/p/near.jpg": ("c1", [near]), "/p/alike.jpg": ("c2", [alike]), "/p/drawn.jpg": ("c3", [WAVES])}
    )
    assert names(ask(store, PosePart(asked))) == ["drawn.jpg", "alike.jpg", "near.jpg"]
    assert names(ask(store, PosePart(asked, metric="2d"))) == ["drawn.jpg", "near.jpg", "alike.jpg"]
    assert names(ask(store, PosePart(asked, metric="embedding"))) == ["alike.jpg", "near.jpg"]
    assert names(ask(store, PosePart(WAVES))) == ["drawn.jpg", "near.jpg", "alike.jpg"]


@pytest.mark.parametrize(
    "part",
    [
        {},
        {"joints": "upper,left_knee=0.5", "mirror": True},
        {"weight": -1.0},
        {"metric": "embedding"},
        {"metric": "embedding", "joints": "left_arm", "weight": -1.0},
        {"metric": "view-invariant", "mirror": True},
    ],
)
def test_the_best_are_the_best_of_all(part: dict[str, Any]) -> None:
    """Also where people are read from the store piece by piece."""
    poses = [one for one in random_people(160, seed=8) if one.visible.sum() > 2]
    asked = looked_at(Pose(random_poses(1, seed=8)[0]), seed=3)
    store = filled({f"/p/{row:03}.jpg": (f"c{row:03}", [one]) for row, one in enumerate(poses)})
    query = Query((PosePart(asked, **part),), top=10**6)
    everybody = ranking.search(store, take_snapshot(store), query)
    assert len(everybody) > 60
    for held in (10**6, 0):
        hits = ranking.search(store, take_snapshot(store, held), replace(query, top=7))
        assert [(hit.path, hit.match) for hit in hits] == [(hit.path, hit.match) for hit in everybody[:7]]


def test_parts_are_fused_by_their_weights(store: ExactStore) -> None:
    waves, up = PosePart(WAVES), PosePart(HANDS_UP, weight=3)
    hits = ask(store, waves, up)
    assert len(hits) == 3
    for hit in hits:
        first, second = hit.why
        assert hit.match == pytest.approx((first.match + 3 * second.match) / 4)
        assert hit.distance == first.distance
    assert (hits[0].path.name, hits[0].number) == ("a.jpg", 1)  # the hands up weigh more
    assert hits[0].why[1].match == 1
    even = ask(store, PosePart(WAVES, weight=3), PosePart(HANDS_UP))
    assert (even[0].path.name, even[0].number) == ("a.jpg", 2)
    halved = ask(store, PosePart(WAVES, weight=0.5), PosePart(HANDS_UP, weight=1.5))
    assert [hit.match for hit in halved] == pytest.approx([hit.match for hit in hits])


def test_people_that_one_part_cannot_compare_are_left_out() -> None:
    legs_hidden = pose(*skeleton.GROUPS["legs"])
    store = filled({"/p/whole.jpg": ("c1", [HANDS_UP]), "/p/half.jpg": ("c2", [legs_hidden])})
    assert names(ask(store, PosePart(WAVES, "arms"))) == ["half.jpg", "whole.jpg"]
    assert names(ask(store, PosePart(WAVES, "arms"), PosePart(WAVES, "legs"))) == ["whole.jpg"]
    assert ask(filled({"/p/half.jpg": ("c2", [legs_hidden])}), PosePart(WAVES, "legs")) == []


def test_mirror_finds_the_mirror_image() -> None:
    store = filled({"/p/m.jpg": ("c1", [MIRRORED]), "/p/s.jpg": ("c2", [STANDS])})
    plain = ask(store, PosePart(WAVES))
    assert names(plain) == ["s.jpg", "m.jpg"]
    assert not any(part.mirrored for hit in plain for part in hit.why)
    first = ask(store, PosePart(WAVES, mirror=True))[0]
    assert first.path.name == "m.jpg"
    assert first.why[0].mirrored
    assert first.distance == pytest.approx(0, abs=1e-4)
    assert names(ask(store, PosePart(MIRRORED, mirror=True)))[0] == "m.jpg"
    assert not ask(store, PosePart(MIRRORED, mirror=True))[0].why[0].mirrored


def test_a_left_arm_is_found_as_a_right_arm_in_the_mirror() -> None:
    """What was asked for is mirrored, not other joints of the same pose: the right arm of the query hangs."""
    store = filled({"/p/m.jpg": ("c1", [MIRRORED]), "/p/s.jpg": ("c2", [STANDS])})
    for part in (PosePart(WAVES, "left_arm", mirror=True), PosePart(ARM, "left_arm", mirror=True)):
        first = ask(store, part)[0]
        assert first.path.name == "m.jpg"
        assert first.why[0].mirrored
        assert first.distance == pytest.approx(0, abs=1e-4)
        assert set(first.why[0].joints) == set(skeleton.GROUPS["right_arm"])


def test_people_comparable_in_the_mirror_alone_are_explained() -> None:
    right_arm = only(right_shoulder=(38, 40), right_elbow=(20, 50), right_wrist=(15, 25))
    store = filled({"/p/m.jpg": ("c1", [right_arm])})
    assert ask(store, PosePart(ARM)) == []
    hit = ask(store, PosePart(ARM, mirror=True))[0]
    assert hit.why[0].mirrored
    assert hit.why[0].match == hit.match == pytest.approx(1)
    assert hit.distance == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("joints", ["all", "arms", "left_arm", "upper,left_knee=0.5"])
def test_mirror_never_gives_a_larger_distance(joints: str) -> None:
    poses = [Pose(one) for one in random_poses(41, seed=3)]
    store = filled({f"/p/{number:02}.jpg": (f"c{number:02}", [one]) for number, one in enumerate(poses[1:])})
    plain = {hit.path: hit for hit in ask(store, PosePart(poses[0], joints), top=99)}
    either = {hit.path: hit for hit in ask(store, PosePart(poses[0], joints, mirror=True), top=99)}
    assert len(plain) == len(either) == 40
    assert all(either[path].distance <= hit.distance for path, hit in plain.items())
    straight = [path for path in plain if not either[path].why[0].mirrored]
    assert all(either[path].distance == plain[path].distance for path in straight)
    assert any(hit.why[0].mirrored for hit in either.values())


def test_order_of_filling_does_not_matter() -> None:
    poses = [Pose(one) for one in random_poses(30, seed=4)]
    files = {f"/p/{number:02}.jpg": (f"c{number:02}", [one]) for number, one in enumerate(poses)}
    backwards = dict(reversed(files.items()))
    first, second = (ask(filled(which), PosePart(poses[7]), top=30) for which in (files, backwards))
    assert [(hit.path, hit.match) for hit in first] == [(hit.path, hit.match) for hit in second]


def test_where_and_top(store: ExactStore) -> None:
    assert names(ask(store, PosePart(WAVES), where="people = 1")) == ["b.jpg"]
    assert names(ask(store, PosePart(WAVES), where="path ~ a.")) == ["a.jpg", "a.jpg"]
    assert ask(store, PosePart(WAVES), where="people > 5") == []
    assert len(ask(store, PosePart(WAVES), top=2)) == 2
    assert len(ask(store, PosePart(WAVES), top=3)) == len(ask(store, PosePart(WAVES), top=10**30)) == 3


def test_files_with_one_content_are_one_hit() -> None:
    same = ("c1", [WAVES])
    store = filled({"/p/z.jpg": same, "/p/b.jpg": same, "/q/a.jpg": same, "/p/s.jpg": ("c2", [STANDS])})
    first, second = ask(store, PosePart(WAVES))
    assert first.path == Path("/p/b.jpg")
    assert first.copies == (Path("/p/z.jpg"), Path("/q/a.jpg"))
    assert (second.path, second.copies) == (Path("/p/s.jpg"), ())
    chosen = ask(store, PosePart(WAVES), where='path = "/q/*"')
    assert [(hit.path, hit.copies) for hit in chosen] == [
        (Path("/q/a.jpg"), (Path("/p/b.jpg"), Path("/p/z.jpg")))  # the file that meets the condition comes first
    ]


def test_people_whose_file_is_gone_are_not_shown(store: ExactStore) -> None:
    store.delete("media", ["/p/a.jpg"])
    assert store.count("people") == 3
    assert names(ask(store, PosePart(WAVES))) == ["b.jpg"]
    store.delete("media", ["/p/b.jpg", "/p/c.jpg"])
    assert ask(store, PosePart(WAVES)) == []


def test_empty_library() -> None:
    empty = ExactStore()
    assert ask(empty, PosePart(WAVES)) == []
    assert ask(empty, PosePart(WAVES, mirror=True), PosePart(STANDS), where="date > 2020") == []
    empty.upsert("media", media_rows([media("/p/nobody.jpg", "c1")]))
    assert ask(empty, PosePart(WAVES)) == []


def test_a_query_without_shape_is_refused() -> None:
    with pytest.raises(QueryError, match="all lie on one point"):
        PosePart(only(left_wrist=(5, 5), left_knee=(5, 5)))


def test_unseen_joints_of_people_are_not_compared() -> None:
    store = ExactStore()
    store.upsert("people", people_rows([("c1", [person(pose("left_wrist", "nose"))])]))
    store.upsert("media", media_rows([media("/p/a.jpg", "c1", 1)]))
    why = ask(store, PosePart(WAVES))[0].why[0]
    hidden = np.flatnonzero(np.isnan(why.joint_distances))
    assert [skeleton.KEYPOINTS[joint] for joint in hidden] == ["nose", "left_wrist"]
    assert why.worst(1) == ["left_elbow"]


def pictures(files: Mapping[str, tuple[Pose, int | None]]) -> ExactStore:
    """A store from name to the pose of the one person and the picture's fingerprint, contents all different."""
    store = ExactStore()
    store.upsert("people", people_rows((name, [person(shown)]) for name, (shown, _) in files.items()))
    rows = [replace(media(f"/p/{name}.jpg", name, 1), fingerprint=print_) for name, (_, print_) in files.items()]
    store.upsert("media", media_rows(rows))
    return store


def test_one_photo_in_several_files_is_one_answer() -> None:
    again = pose(left_wrist=(69, 88))  # found a pixel away in the copy that was stored anew
    store = pictures(
        {
            "original": (STANDS, 0b1111),
            "saved-again": (again, 0b1101),
            "burst": (WAVES, 0b1111000),
            "other": (STANDS, 0xFFFF0000FFFF0000),
            "none": (STANDS, None),
        }
    )
    hits = ask(store, PosePart(STANDS))
    assert [(names([hit]), [copy.name for copy in hit.copies]) for hit in hits] == [
        (["none.jpg"], []),
        (["original.jpg"], ["saved-again.jpg"]),
        (["other.jpg"], []),
        (["burst.jpg"], []),
    ]
    unfolded = Query((PosePart(STANDS),), unfold=True)
    assert len(ranking.search(store, take_snapshot(store), unfolded)) == 5


def test_folding_does_not_cost_answers() -> None:
    """Beyond the first look where most of what is found is one photo."""
    random = np.random.default_rng(0)
    files: dict[str, tuple[Pose, int | None]] = {f"copy{n:03}": (STANDS, 7) for n in range(600)}
    others = [pose(left_wrist=(68 + 2 * n, 70)) for n in range(1, 6)]
    files |= {f"other{n}": (shown, int(random.integers(2**62))) for n, shown in enumerate(others)}
    hits = ask(pictures(files), PosePart(STANDS), top=4)
    assert names(hits) == ["copy000.jpg", "other0.jpg", "other1.jpg", "other2.jpg"]
    assert len(hits[0].copies) == 599


def test_least_match(store: ExactStore) -> None:
    hits = ask(store, PosePart(WAVES))
    least = hits[1].match
    snapshot = take_snapshot(store)
    found = ranking.search(store, snapshot, Query((PosePart(WAVES),), min_match=least))
    assert [hit.match for hit in found] == [hit.match for hit in hits if hit.match >= least]
    assert len(found) == 2
    assert ranking.search(store, snapshot, Query((PosePart(STANDS, "left_arm"),), "path ~ none", min_match=1)) == []


def test_metrics_in_space_say_what_they_compared() -> None:
    deep = in_space(STANDS)
    turned = Pose(deep.keypoints, keypoints3d=deep.keypoints3d[:, [2, 1, 0]] * [1, 1, -1])  # by a quarter about y
    hits = ask(filled({"/p/a.jpg": ("c1", [turned]), "/p/b.jpg": ("c2", [STANDS])}), PosePart(deep, metric="3d"))
    assert names(hits) == ["a.jpg"]  # the other has no 3D keypoints
    assert hits[0].why[0].unit == "mm"
    expected = distances.joint_distances("3d", deep.keypoints3d, hits[0].pose.keypoints3d[None])[0]
    np.testing.assert_allclose(hits[0].why[0].joint_distances, expected)
    assert hits[0].distance > 100
    best = ask(filled({"/p/a.jpg": ("c1", [turned])}), PosePart(deep, metric="procrustes"))[0]
    assert best.distance == pytest.approx(0, abs=1e-3)
    assert best.match == pytest.approx(1)


def test_hidden_joints_count_against_a_pose() -> None:
    """A whole body that fits a little worse is a better answer than the upper half of one that fits exactly."""
    half = pose("left_knee", "right_knee", "left_ankle", "right_ankle")
    nearly = pose(left_wrist=(70, 86), right_wrist=(30, 86))
    store = filled({"/p/half.jpg": ("c1", [half]), "/p/whole.jpg": ("c2", [nearly])})
    turned = pose(left_elbow=(67, 64))
    hits = ask(store, PosePart(turned))
    assert names(hits) == ["whole.jpg", "half.jpg"]
    assert hits[1].distance < hits[0].distance
    share = distances.shared_weight(turned.keypoints, half.keypoints[None])[0]
    assert share == pytest.approx(9 / 13)
    assert hits[1].match == pytest.approx(match("fused", hits[1].distance * np.exp(HIDDEN * (1 - share))))
    assert names(ask(store, PosePart(turned, "upper"))) == ["half.jpg", "whole.jpg"]


def test_a_weight_below_0_asks_for_people_unlike_it(store: ExactStore) -> None:
    likes = ask(store, PosePart(WAVES))
    unlike = ask(store, PosePart(WAVES, weight=-1))
    assert [(hit.path, hit.number) for hit in unlike] == [(hit.path, hit.number) for hit in reversed(likes)]
    for hit in unlike:
        same = next(other for other in likes if (other.path, other.number) == (hit.path, hit.number))
        assert hit.match == pytest.approx(1 - same.match)
        assert hit.distance == same.distance
        assert hit.why[0].unlike


def test_like_one_and_unlike_another(store: ExactStore) -> None:
    legs, arms = PosePart(STANDS, "legs"), PosePart(WAVES, "arms", weight=-3)
    hits = ask(store, legs, arms)
    assert [(hit.path.name, hit.number) for hit in hits][-1] == ("a.jpg", 2)  # it waves
    for hit in hits:
        like, unlike = hit.why
        assert hit.match == pytest.approx((like.match + 3 * unlike.match) / 4)
