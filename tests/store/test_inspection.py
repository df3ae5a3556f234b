"""The look at every row: it takes whatever the program writes, and nothing else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto.records import Box, Person, Pose
from contrapposto.store import inspection
from contrapposto.store.rows import people_rows
from tests.store.examples import media


def batch(rows: pa.Table) -> pa.RecordBatch:
    (found,) = rows.combine_chunks().to_batches()
    return found


def written(*poses: Pose) -> pa.Table:
    return people_rows([("c", [Person(Box(0, 0, 1, 1), 0.5, pose) for pose in poses])])


def replaced(rows: pa.Table, name: str, values: list[object]) -> pa.RecordBatch:
    place = rows.schema.get_field_index(name)
    field = rows.schema.field(place)
    return batch(rows.set_column(place, pa.field(name, field.type), pa.array(values, field.type)))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1e-4, 1e-2, 1.0, 50.0, 3000.0]),
    st.sampled_from([0.0, 300.0, 30_000.0]),
    st.integers(0, 17),
)
def test_whatever_is_written_is_good(seed: int, side: float, place: float, seen: int) -> None:
    """People of any size anywhere, with any number of keypoints, also all of them on one spot."""
    random = np.random.default_rng(seed)
    points = place + side * random.random((17, 2))
    points[random.permutation(17)[seen:]] = np.nan
    rows = written(Pose(points), Pose(points[::-1]))
    assert inspection.people_flaw(batch(rows)) is None


def test_wrong_rows_are_found() -> None:
    points = np.random.default_rng(0).random((3, 17, 2)) * 100
    rows = written(*(Pose(each) for each in points))
    good = {name: rows[name].to_pylist() for name in rows.column_names}
    assert inspection.people_flaw(batch(rows)) is None
    zeros = [0.0] * 34
    for name, values in (
        ("id", ["c/1", "c/2", "c/4"]),
        ("id", ["", "", ""]),
        ("id", ["c/1", "c/1", "c/3"]),
        ("number", [0, 0, 0]),
        ("content", ["", "", ""]),
        ("content", ["c", None, "c"]),
        ("keypoints", [zeros, *good["keypoints"][1:]]),
        ("keypoints", good["keypoints"][::-1]),
        ("pose_vector", [*good["pose_vector"][:2], zeros]),
        ("pose_vector", [*good["pose_vector"][:2], [np.nan] * 34]),
        ("pose_vector", [[value + 0.01 for value in vector] for vector in good["pose_vector"]]),
        ("keypoint_scores", [[2.0] * 17] * 3),
        ("keypoint_scores", [[np.nan] * 17] * 3),
    ):
        assert inspection.people_flaw(replaced(rows, name, values)), (name, values)


def test_media() -> None:
    rows = media(["a", "b"])
    assert inspection.media_flaw(batch(rows)) is None
    for name, values in (
        ("path", ["a", ""]),
        ("path", ["a", "a"]),
        ("path", ["a", None]),
        ("size", [1, -1]),
        ("people", [-1, 0]),
    ):
        assert inspection.media_flaw(replaced(rows, name, values)), (name, values)


@pytest.mark.parametrize("name", ["media", "people"])
def test_no_rows_are_good(name: str) -> None:
    rows = media([]) if name == "media" else written()
    empty = pa.RecordBatch.from_pylist([], rows.schema)
    assert inspection.CHECKS[name](empty) is None  # type: ignore[index]
