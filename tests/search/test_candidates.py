"""Which people are looked at: held in memory or read in pieces, the answers are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contrapposto import skeleton
from contrapposto.distances import pose_distances, shared_weight
from contrapposto.records import Hit, Pose
from contrapposto.search import ranking, where
from contrapposto.search.candidates import take_snapshot
from contrapposto.search.matching import HIDDEN
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from contrapposto.store import Store, TableName
from contrapposto.store.exact import ExactStore
from contrapposto.store.lance import LanceStore
from contrapposto.store.rows import media_rows, people_rows
from tests.search.people import filled, in_space, media, person, pose, random_poses

PEOPLE = 300


class Pieces(ExactStore):
    """A store in memory that gives its rows in small batches, not in order."""

    def batches(self, table: TableName, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        rows = self.read(table, columns)
        order = np.random.default_rng(3).permutation(len(rows))
        return iter(rows.take(pa.array(order)).combine_chunks().to_batches(max_chunksize=37))


@pytest.fixture(scope="module")
def store() -> Pieces:
    """300 random people, one a file, three in ten keypoints hidden; the last hundred are doubles of the first."""
    unseen = np.random.default_rng(5).random((PEOPLE, 17)) < 0.3
    poses = np.where(unseen[:, :, None], np.nan, random_poses(PEOPLE, seed=1))
    poses[200:] = poses[:100]
    people = {f"c{n:03}": [person(in_space(Pose(one)))] for n, one in enumerate(poses)}
    made = Pieces()
    made.upsert("people", people_rows(people.items()))
    made.upsert("media", media_rows(media(f"/p/{content}.jpg", content, 1) for content in people))
    return made


def said(hits: list[Hit]) -> list[object]:
    return [(hit.path, hit.number, hit.match, hit.distance, [part.mirrored for part in hit.why]) for hit in hits]


PARTS = {
    "whole": (PosePart(pose()),),
    "arms, mirror": (PosePart(pose(), "arms", mirror=True),),
    "in space": (PosePart(in_space(pose()), metric="3d"),),
    "turned": (PosePart(in_space(pose()), metric="procrustes", mirror=True),),
    "two parts": (PosePart(pose(), "legs"), PosePart(in_space(pose()), "arms", metric="np-procrustes", weight=2)),
}


@pytest.mark.parametrize("asked", PARTS)
@pytest.mark.parametrize("top", [1, 7, 400])
def test_in_pieces_or_held_and_against_a_loop(store: Pieces, asked: str, top: int) -> None:
    held, pieces = take_snapshot(store), take_snapshot(store, held=0)
    assert held.people is not None
    assert pieces.people is None
    for condition in (None, "path ~ c1", "people = 3"):
        query = Query(PARTS[asked], condition, top=top)
        found = said(ranking.search(store, held, query))
        assert said(ranking.search(store, pieces, query)) == found
        assert bool(found) == (condition != "people = 3")
    assert len(found) <= top
    if asked == "whole":
        poses = held.people.keypoints
        share = shared_weight(pose().keypoints, poses)
        distances = pose_distances("2d", pose().keypoints, poses) * np.exp(HIDDEN * (1 - share))
        order = np.argsort(distances, kind="stable")[: min(top, int(np.isfinite(distances).sum()))]
        hits = ranking.search(store, held, Query(PARTS[asked], top=top))
        assert [hit.path.stem for hit in hits] == [f"c{row:03}" for row in order]


def test_held() -> None:
    store = filled({"/p/a.jpg": ("c1", [pose(), pose()])})
    assert take_snapshot(store, held=2).people is not None
    assert take_snapshot(store, held=1).people is None


def answers(store: Store, query: Query) -> list[Hit]:
    return ranking.search(store, take_snapshot(store), query)


def test_snapshot_is_of_one_version() -> None:
    store = filled({"/p/a.jpg": ("c1", [pose()])})
    snapshot = take_snapshot(store)
    assert snapshot.version == store.version()
    store.delete("media", ["/p/a.jpg"])
    assert snapshot.version != store.version()
    assert len(ranking.search(store, snapshot, Query((PosePart(pose()),)))) == 1  # still as it was
    assert answers(store, Query((PosePart(pose()),))) == []


def test_contents_by_hand() -> None:
    same = ("c1", [pose()])
    snapshot = take_snapshot(filled({"/p/b.jpg": same, "/p/a.jpg": same, "/q/c.jpg": ("c2", [])}))
    assert snapshot.files(0)["path"].to_pylist() == ["/p/a.jpg", "/p/b.jpg"]
    assert snapshot.files(1)["path"].to_pylist() == ["/q/c.jpg"]
    assert snapshot.contents(None).tolist() == [True, True]
    assert snapshot.contents(where.parse("path ~ b.jpg")).tolist() == [True, False]
    assert snapshot.contents(where.parse("path ~ /q/")).tolist() == [False, True]
    assert snapshot.contents(where.parse("people > 7")).tolist() == [False, False]
    assert snapshot.pictures(np.array([1, 0])) == [(None, 100, 180)] * 2


def test_only_people_of_files_that_meet_the_condition() -> None:
    store = filled({"/p/a.jpg": ("c1", [pose(), pose()]), "/q/c.jpg": ("c2", [pose()])})
    hits = answers(store, Query((PosePart(pose()),), "people = 1"))
    assert [(hit.path, hit.number) for hit in hits] == [(Path("/q/c.jpg"), 1)]


def test_a_store_on_disk_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Pieces) -> None:
    monkeypatch.setattr("contrapposto.store.lance.BATCH_ROWS", 50)
    lance = LanceStore(tmp_path)
    lance.upsert("people", store.read("people"))
    lance.upsert("media", store.read("media"))
    query = Query(PARTS["turned"], top=30)
    expected = said(ranking.search(store, take_snapshot(store), query))
    assert said(ranking.search(lance, take_snapshot(lance, held=0), query)) == expected


def test_nobody_and_nothing() -> None:
    assert answers(ExactStore(), Query((PosePart(pose()),))) == []
    assert ranking.search(ExactStore(), take_snapshot(ExactStore(), held=-1), Query((PosePart(pose()),))) == []


def test_hidden_joints_are_left_open() -> None:
    legs = skeleton.GROUPS["legs"]
    store = filled({"/p/a.jpg": ("c1", [pose(*legs)]), "/p/b.jpg": ("c2", [pose(left_wrist=(90, 20))])})
    hits = answers(store, Query((PosePart(pose(), "upper"),)))
    assert [hit.path.stem for hit in hits] == ["a", "b"]
