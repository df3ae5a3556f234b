"""Records to rows and back, without loss."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contrapposto.records import Box, Media, Person, Pose
from contrapposto.representations import pose_vector
from contrapposto.store import SCHEMAS
from contrapposto.store.exact import ExactStore
from contrapposto.store.lance import LanceStore
from contrapposto.store.rows import PeopleArrays, key_path, media_rows, path_key, people_rows, row_ids

POINTS = np.arange(34.0).reshape(17, 2) * 1.5
POINTS[[3, 16]] = np.nan
DEEP = np.where(np.isnan(POINTS[:, :1]), np.nan, np.arange(51.0).reshape(17, 3) / 64)
LOOKS = (np.arange(128) / 1500).astype(np.float32)
ANNA = Person(Box(1, 2, 30.5, 40.25), 0.75, Pose(POINTS, np.linspace(0.1, 1, 17), DEEP, POINTS + 0.5, LOOKS))
BEN = Person(Box(0, 0, 5, 5), 0.3, Pose(np.ones((17, 2))))


@pytest.mark.parametrize(
    "name",
    [
        b"/p/a.jpg",
        b"/p/caf\xc3\xa9.jpg",
        b"/p/caf\xe9.jpg",
        b"/p/\xff\xfe/\n'%.jpg",
        b"/p/bytes:00",
        b"/" + b"x" * 3000,
    ],
)
def test_paths_come_back(name: bytes) -> None:
    path = Path(os.fsdecode(name))
    key = path_key(path)
    key.encode("utf-8")
    assert key_path(key) == path
    assert os.fsencode(key_path(key)) == name


def test_keys_of_unicode_paths_are_the_paths() -> None:
    assert path_key(Path("/p/é 日本.jpg")) == "/p/é 日本.jpg"
    assert path_key(Path(os.fsdecode(b"/p/\xff"))) == "bytes:2f702fff"


def test_row_ids() -> None:
    assert row_ids("c", 3) == ["c/1", "c/2", "c/3"]
    assert row_ids("c", 0) == []


def test_media_rows() -> None:
    full = Media(Path("/p/a.jpg"), Path("/p"), "c1", 12, 34, 640, 480, 2, "2023-05-01T10:00:00", 2**64 - 1)
    bad = Media(Path("/p/b.jpg"), Path("/p"), "c2", 5_000_000_000, 6, problem="damaged")
    table = media_rows([full, bad])
    assert table.schema == SCHEMAS["media"]
    for media, row in zip((full, bad), table.to_pylist(), strict=True):
        assert Media(**{**row, "path": Path(row["path"]), "root": Path(row["root"])}) == media
    odd = replace(full, path=Path(os.fsdecode(b"/p/\xff")))
    assert media_rows([odd])["path"].to_pylist() == ["bytes:2f702fff"]
    assert media_rows([]).schema == SCHEMAS["media"]


def test_people_rows_and_back() -> None:
    table = people_rows([("c1", [ANNA, BEN]), ("c2", []), ("c3", [BEN])])
    assert table.schema == SCHEMAS["people"]
    assert table["id"].to_pylist() == ["c1/1", "c1/2", "c3/1"]
    assert table["number"].to_pylist() == [1, 2, 1]
    people = PeopleArrays.from_table(table)
    assert len(people) == 3
    assert people.contents.tolist() == ["c1", "c1", "c3"]
    assert people.keypoints.shape == (3, 17, 2)
    assert people.keypoint_scores.shape == (3, 17)
    for row, person in enumerate((ANNA, BEN, BEN)):
        back = people.person(row)
        assert back.box == person.box
        assert back.score == pytest.approx(person.score, abs=1e-7)
        np.testing.assert_allclose(back.pose.keypoints, person.pose.keypoints)
        np.testing.assert_allclose(back.pose.scores, person.pose.scores, atol=1e-7)
        np.testing.assert_array_equal(back.pose.keypoints3d, person.pose.keypoints3d)
        np.testing.assert_array_equal(back.pose.fused, person.pose.fused)
        np.testing.assert_array_equal(back.pose.embedding, person.pose.embedding.astype(np.float16))
    assert people.embeddings.dtype == np.float16
    assert people.embeddings.nbytes == 3 * 256
    assert np.isnan(people.embeddings).all(axis=1).tolist() == [False, True, True]
    assert np.isnan(people.fused[0]).any(axis=1).tolist() == [n in (3, 16) for n in range(17)]
    vectors = np.array(table["pose_vector"].to_pylist())
    np.testing.assert_array_equal(vectors[0], pose_vector.encode(POINTS))


def test_scores_of_1_survive_32_bits() -> None:
    scores = np.full(17, np.nextafter(1, 0))
    people = PeopleArrays.from_table(people_rows([("c", [Person(BEN.box, 1.0, Pose(np.ones((17, 2)), scores))])]))
    assert people.person(0).pose.scores.max() <= 1


def test_nobody() -> None:
    assert people_rows([]).schema == SCHEMAS["people"]
    people = PeopleArrays.from_table(people_rows([]))
    assert len(people) == 0
    assert people.boxes.shape == (0, 4)
    assert people.keypoints.shape == (0, 17, 2)
    assert people.embeddings.shape == (0, 128)


def test_tables_in_chunks_and_slices_read_alike() -> None:
    table = people_rows([("c1", [ANNA, BEN]), ("c3", [BEN])])
    chunked = pa.concat_tables([table.slice(0, 1), people_rows([]), table.slice(1, 2)])
    np.testing.assert_array_equal(
        PeopleArrays.from_table(chunked).keypoints, PeopleArrays.from_table(table).keypoints
    )
    np.testing.assert_array_equal(PeopleArrays.from_table(table.slice(1)).boxes, [[0, 0, 5, 5]] * 2)


def test_rows_are_taken_by_a_store(tmp_path: Path) -> None:
    for store in (ExactStore(), LanceStore(tmp_path / "library")):
        store.upsert("people", people_rows([("c1", [ANNA, BEN])]))
        people = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
        np.testing.assert_allclose(people.person(0).pose.keypoints, POINTS)
        np.testing.assert_array_equal(people.embeddings[0], LOOKS.astype(np.float16))
        np.testing.assert_array_equal(people.fused[0], (POINTS + 0.5).astype(np.float32))
        assert np.isnan(people.embeddings[1]).all()
        assert np.isnan(people.person(1).pose.fused).all()
