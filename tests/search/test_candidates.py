"""Which people are looked at: all within the budget, the proposed ones beyond it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contrapposto import skeleton
from contrapposto.records import Hit, Pose
from contrapposto.search import candidates, ranking, where
from contrapposto.search.candidates import Snapshot, take_snapshot
from contrapposto.search.query import PosePart, Query
from contrapposto.store.exact import ExactStore
from tests.search.people import filled, pose, random_poses

PEOPLE, QUERIES = 300, 40


def library(hidden: float) -> ExactStore:
    """300 random people, one a file, each keypoint hidden with this chance."""
    unseen = np.random.default_rng(5).random((PEOPLE, 17)) < hidden
    poses = np.where(unseen[:, :, None], np.nan, random_poses(PEOPLE, seed=1))
    return filled({f"/p/{n:03}.jpg": (f"c{n:03}", [Pose(one)]) for n, one in enumerate(poses)})


@pytest.fixture(scope="module")
def seen() -> ExactStore:
    return library(hidden=0.0)


@pytest.fixture(scope="module")
def half_hidden() -> ExactStore:
    return library(hidden=0.3)


def alone(points: np.ndarray, group: str) -> Pose:
    """A skeleton of one group of joints and nothing else."""
    return Pose(np.where(np.isin(skeleton.KEYPOINTS, skeleton.GROUPS[group])[:, None], points, np.nan))


ASKED: dict[str, Callable[[np.ndarray], PosePart]] = {
    "whole": lambda points: PosePart(Pose(points)),
    "whole, mirror": lambda points: PosePart(Pose(points), mirror=True),
    "limbs alone": lambda points: PosePart(alone(points, "limbs")),
    "upper of whole": lambda points: PosePart(Pose(points), "upper"),
    "arms of whole": lambda points: PosePart(Pose(points), "arms"),
    "left arm, mirror": lambda points: PosePart(Pose(points), "left_arm", mirror=True),
    "upper alone": lambda points: PosePart(alone(points, "upper")),
    "legs alone": lambda points: PosePart(alone(points, "legs")),
}

# Measured, proposing 60 of 300 people, 40 queries: recall of the exact first ten, share of equal first answers.
# Much worse for parts of a body where 1 in 20 is proposed and keypoints are hidden: vectors are of whole bodies.
RECALL = {
    "whole": (0.997, 1.0),
    "whole, mirror": (1.0, 1.0),
    "limbs alone": (0.997, 1.0),
    "upper of whole": (0.895, 0.925),
    "arms of whole": (0.905, 0.95),
    "left arm, mirror": (0.95, 0.975),
    "upper alone": (0.935, 0.975),
    "legs alone": (0.962, 0.95),
}


def answers(store: ExactStore, snapshot: Snapshot, query: Query) -> list[Hit]:
    return ranking.search(store, snapshot, query)


def said(hits: list[Hit]) -> list[object]:
    return [(hit.path, hit.number, hit.match, hit.distance, [part.mirrored for part in hit.why]) for hit in hits]


@pytest.mark.parametrize("kind", ASKED)
def test_proposing_finds_what_looking_at_all_finds(
    seen: ExactStore, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "PROPOSALS", 60)
    exact, proposing = take_snapshot(seen), take_snapshot(seen, budget=0)
    assert proposing.people is None
    shares, firsts = [], []
    for points in random_poses(QUERIES, seed=2):
        query = Query((ASKED[kind](points),), top=10)
        expected, found = said(answers(seen, exact, query)), said(answers(seen, proposing, query))
        assert len(expected) == 10
        assert len(candidates.candidates(seen, proposing, query)[0]) <= 120
        shares.append(sum(hit in expected for hit in found) / 10)
        firsts.append(found[0] == expected[0])
    share, first = RECALL[kind]
    assert np.mean(shares) >= share - 0.015  # a tie may fall otherwise on another machine, no more
    assert np.mean(firsts) >= first - 0.026


@pytest.mark.parametrize("kind", ASKED)
def test_proposing_everybody_is_looking_at_all(half_hidden: ExactStore, kind: str) -> None:
    """PROPOSALS is more than 300 here, so no answer may differ in anything, hidden keypoints or not."""
    exact, proposing = take_snapshot(half_hidden), take_snapshot(half_hidden, budget=0)
    points = random_poses(1, seed=6)[0]
    for condition in (None, "path ~ /1", "people = 3"):
        query = Query((ASKED[kind](points),), condition, top=400)
        expected = said(answers(half_hidden, exact, query))
        assert said(answers(half_hidden, proposing, query)) == expected
        assert bool(expected) == (condition != "people = 3")


def test_each_part_and_its_mirror_image_propose(seen: ExactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "PROPOSALS", 1)
    proposing = take_snapshot(seen, budget=0)
    stored = take_snapshot(seen).people
    assert stored is not None
    first, second = (Pose(stored.keypoints[row].astype(float)) for row in (17, 230))
    people, rows = candidates.candidates(seen, proposing, Query((PosePart(first), PosePart(second))))
    assert people.ids.tolist() == ["c017/1", "c230/1"]
    assert rows.tolist() == [0, 1]
    mirrored = Query((PosePart(first, mirror=True),))
    assert len(candidates.candidates(seen, proposing, mirrored)[0]) == 2


def test_proposals_lie_among_the_files_that_meet_the_condition(
    seen: ExactStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the nearest people of other files would crowd them out."""
    monkeypatch.setattr(candidates, "PROPOSALS", 10)
    proposing = take_snapshot(seen, budget=0)
    query = Query((PosePart(pose()),), 'path ~ "/29"', top=50)
    assert {hit.path.stem for hit in answers(seen, proposing, query)} == {str(n) for n in range(290, 300)}


def test_budget() -> None:
    store = filled({"/p/a.jpg": ("c1", [pose(), pose()])})
    assert take_snapshot(store, budget=2).people is not None
    assert take_snapshot(store, budget=1).people is None


def test_snapshot_is_of_one_version() -> None:
    store = filled({"/p/a.jpg": ("c1", [pose()])})
    snapshot = take_snapshot(store)
    assert snapshot.version == store.version()
    store.delete("media", ["/p/a.jpg"])
    assert snapshot.version != store.version()
    assert len(answers(store, snapshot, Query((PosePart(pose()),)))) == 1  # still as it was
    assert answers(store, take_snapshot(store), Query((PosePart(pose()),))) == []


def test_contents_by_hand() -> None:
    same = ("c1", [pose()])
    snapshot = take_snapshot(filled({"/p/b.jpg": same, "/p/a.jpg": same, "/q/c.jpg": ("c2", [])}))
    assert snapshot.files == {"c1": [0, 1], "c2": [2]}
    assert snapshot.contents(None) == {"c1", "c2"}
    assert snapshot.contents(where.parse("path ~ b.jpg")) == {"c1"}
    assert snapshot.contents(where.parse("path ~ /q/")) == {"c2"}
    assert snapshot.contents(where.parse("people > 7")) == set()


def test_rows_inside_the_condition() -> None:
    store = filled({"/p/a.jpg": ("c1", [pose(), pose()]), "/q/c.jpg": ("c2", [pose()])})
    people, rows = candidates.candidates(store, take_snapshot(store), Query((PosePart(pose()),), "people = 1"))
    assert people.ids[rows].tolist() == ["c2/1"]
    assert len(people) == 3
