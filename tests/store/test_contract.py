"""What every back end of the store must do: one suite, run against each of them.

`lance-small` is the Lance back end with scans of 4 rows and at most 2 keys pushed into Lance's filter, so that
small tables take the roads of big ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from contrapposto.records import EMBEDDING
from contrapposto.store import SCHEMAS, SPACES, Store
from contrapposto.store.exact import ExactStore
from contrapposto.store.lance import LanceStore
from tests.store.examples import ODD_KEYS, D, at, media, people


@pytest.fixture(params=["exact", "lance", "lance-small"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "exact":
        return ExactStore()
    if request.param == "lance-small":
        monkeypatch.setattr("contrapposto.store.lance.BATCH_ROWS", 4)
        monkeypatch.setattr("contrapposto.store.lance.PUSHED_KEYS", 2)
    return LanceStore(tmp_path / "library")


def test_a_new_store_is_empty(store: Store) -> None:
    for table, schema in SCHEMAS.items():
        assert store.count(table) == 0
        assert store.read(table).schema == schema
        assert store.read(table, keys=["a"]).num_rows == 0
    found = store.search("pose_vector", at(), k=3)
    assert found.ids == []
    assert found.distances.shape == (0,)
    assert found.distances.dtype == np.float64
    store.delete("people", ["a"])
    store.optimize()
    assert store.count("people") == 0


def test_upsert_adds_new_rows_and_replaces_those_with_a_known_key(store: Store) -> None:
    store.upsert("people", people(["b", "a"], number=1))
    store.upsert("people", people(["c", "b"], number=2))
    rows = store.read("people")
    assert rows.column("id").to_pylist() == ["a", "b", "c"]
    assert rows.column("number").to_pylist() == [1, 2, 2]
    assert store.count("people") == 3
    assert store.count("media") == 0


def test_rows_come_back_as_written_with_unseen_keypoints_as_nan(store: Store) -> None:
    written = people(["a", "b"], np.arange(68).reshape(2, 34))
    store.upsert("people", written)
    rows = store.read("people")
    assert rows.schema == SCHEMAS["people"]
    for name in written.column_names:
        # NaN differs from itself, so the text is compared, where it is "nan"
        assert str(rows.column(name).to_pylist()) == str(written.column(name).to_pylist()), name
    keypoints = np.array(rows.column("keypoints").to_pylist())
    assert np.isnan(keypoints[0, [0, 3, 33]]).all()
    assert keypoints[1, 1] == 35


def test_optional_columns_keep_null_and_text(store: Store) -> None:
    rows = media(["a", "b"])
    taken = pa.array(["2020-02-03T04:05:06", None], pa.string())
    store.upsert(
        "media", rows.set_column(rows.schema.get_field_index("taken"), SCHEMAS["media"].field("taken"), taken)
    )
    assert store.read("media", ["taken"]).to_pylist() == [{"taken": "2020-02-03T04:05:06"}, {"taken": None}]


def test_upsert_casts_at_the_border(store: Store) -> None:
    rows = pa.table(
        {
            "pose_vector": pa.array([np.full(34, 0.1).tolist()], pa.list_(pa.float64())),
            "id": pa.array(["a"], pa.large_string()),
            "content": pa.array(["c"]).dictionary_encode(),
            "number": pa.array([7], pa.int64()),
            "shot": pa.array([2], pa.int64()),
            "track": pa.nulls(1),
            **{name: pa.array([0.5], pa.float32()) for name in ("time", "start", "end")},
            "box": pa.array([[1, 2, 3, 4]], pa.list_(pa.int64())),
            "score": pa.array([0.1], pa.float64()),
            "keypoints": pa.array([[float("nan")] * 34], pa.list_(pa.float64(), 34)),
            "keypoint_scores": pa.array([[0.0] * 17], pa.large_list(pa.float32())),
            "keypoints3d": pa.array([[float("nan")] * 51], pa.list_(pa.float64())),
            "fused": pa.array([[1.5] * 34], pa.list_(pa.float64())),
            "embedding": pa.array([[0.1] * EMBEDDING], pa.list_(pa.float32())),
        }
    )
    store.upsert("people", rows)
    back = store.read("people")
    assert back.schema == SCHEMAS["people"]
    assert back.column("number").to_pylist() == [7]
    assert back.column("content").to_pylist() == ["c"]
    assert back.column("box").to_pylist() == [[1.0, 2.0, 3.0, 4.0]]
    assert back.column("pose_vector").to_pylist()[0][0] == float(np.float32(0.1))
    assert np.isnan(back.column("keypoints").to_pylist()[0]).all()
    assert back.column("embedding").to_pylist()[0][0] == np.float16(0.1)


def test_batches_hold_what_is_read(store: Store) -> None:
    assert sum(batch.num_rows for batch in store.batches("people", ["id"])) == 0
    store.upsert("people", people(["b", "a", "d"], np.arange(3 * D).reshape(3, D)))
    store.upsert("people", people(["c"]))
    store.delete("people", ["a"])
    batches = list(store.batches("people", ["pose_vector", "id"]))
    assert {tuple(batch.schema.names) for batch in batches} == {("pose_vector", "id")}
    assert pa.Table.from_batches(batches).sort_by("id").equals(store.read("people", ["pose_vector", "id"]))
    with pytest.raises(ValueError, match="nonsense"):
        list(store.batches("people", ["nonsense"]))


def test_upsert_takes_rows_in_several_chunks_and_slices(store: Store) -> None:
    poses = np.arange(4 * D).reshape(4, D)
    whole = people(["a", "b", "c", "d"], poses)
    store.upsert("people", pa.concat_tables([whole.slice(2, 1), whole.slice(1, 1), whole.slice(3, 1)]))
    assert store.read("people", ["id"]).column("id").to_pylist() == ["b", "c", "d"]
    assert store.search("pose_vector", poses[2], k=1).ids == ["c"]


def test_the_store_does_not_share_memory_with_the_caller(store: Store) -> None:
    poses = np.zeros(D, np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(poses), D)
    rows = people(["a"])
    index = rows.schema.get_field_index("pose_vector")
    store.upsert("people", rows.set_column(index, rows.schema.field(index), column))
    poses[:] = 9
    assert store.search("pose_vector", at(), k=1).distances.tolist() == [0.0]


def test_upsert_of_no_rows_does_nothing(store: Store) -> None:
    store.upsert("people", people(["a"]))
    before = store.version()
    store.upsert("people", people([]))
    assert store.version() == before
    assert store.count("people") == 1


def _changed(name: str, values: pa.Array) -> pa.Table:
    rows = people(["a", "b"], number=2)
    return rows.set_column(rows.column_names.index(name), pa.field(name, values.type), values)


def _poses(value: float, type_: pa.DataType = pa.float32()) -> pa.Array:  # noqa: B008
    return pa.array([[0.0] * 34, [value] + [0.0] * 33], pa.list_(type_, 34))


WRONG_ROWS = {
    "key twice": people(["b", "b"]),
    "column missing": people(["a", "b"]).drop_columns(["score"]),
    "column unknown": people(["a", "b"]).append_column("mood", pa.array(["", ""])),
    "column twice": people(["a", "b"]).append_column("id", pa.array(["a", "b"])),
    "rows of the other table": media(["a", "b"]),
    "null key": _changed("id", pa.array(["a", None])),
    "null number": _changed("number", pa.array([1, None], pa.int32())),
    "null list": _changed("box", pa.array([[1.0, 2.0, 3.0, 4.0], None], pa.list_(pa.float32(), 4))),
    "null in a list": _changed("box", pa.array([[1.0, 2, 3, 4], [1.0, None, 3, 4]], pa.list_(pa.float32(), 4))),
    "text for a number": _changed("number", pa.array(["one", "two"])),
    "list for a number": _changed("number", pa.array([[1], [2]])),
    "number out of range": _changed("number", pa.array([1, 2**40])),
    "part of a number": _changed("number", pa.array([1.0, 1.5])),
    "list too short": _changed("keypoints", pa.array([[0.0] * 34, [0.0] * 33], pa.list_(pa.float32()))),
    "list too long": _changed("pose_vector", pa.array([[0.0] * 35] * 2, pa.list_(pa.float32(), 35))),
    "pose_vector with NaN": _changed("pose_vector", _poses(float("nan"))),
    "pose_vector with infinity": _changed("pose_vector", _poses(float("-inf"))),
    "pose_vector too large for float32": _changed("pose_vector", _poses(1e300, pa.float64())),
}


@pytest.mark.parametrize("store", ["exact", "lance"], indirect=True)
@pytest.mark.parametrize("rows", WRONG_ROWS.values(), ids=WRONG_ROWS.keys())
def test_upsert_of_wrong_rows_is_a_value_error_and_writes_nothing(store: Store, rows: pa.Table) -> None:
    store.upsert("people", people(["a"], number=1))
    before = store.version()
    with pytest.raises(ValueError, match=r"people"):
        store.upsert("people", rows)
    assert store.version() == before
    assert store.read("people", ["id", "number"]).to_pylist() == [{"id": "a", "number": 1}]


def test_delete_removes_these_keys_and_minds_no_absent_one(store: Store) -> None:
    store.upsert("people", people(["a", "b", "c"]))
    store.delete("people", ["c", "absent", "a", "a"])
    assert store.read("people", ["id"]).column("id").to_pylist() == ["b"]
    store.delete("people", ["a"])
    store.upsert("people", people(["a"]))
    assert store.count("people") == 2


def test_delete_of_no_keys_removes_nothing(store: Store) -> None:
    store.upsert("people", people(["a"]))
    store.delete("people", [])
    assert store.count("people") == 1


def test_delete_of_many_keys(store: Store) -> None:
    ids = [f"{number:05d}" for number in range(3000)]
    store.upsert("people", people(ids))
    store.delete("people", ids[:1000] + ids[1001:])
    assert store.read("people", ["id"]).column("id").to_pylist() == ["01000"]


@pytest.mark.parametrize("keys", ["ab", [1, 2]])
def test_keys_are_a_sequence_of_strings_not_one_string(store: Store, keys: Any) -> None:
    store.upsert("people", people(["a", "b"]))
    with pytest.raises(TypeError):
        store.delete("people", keys)
    with pytest.raises(TypeError):
        store.read("people", keys=keys)
    with pytest.raises(TypeError):
        store.search("pose_vector", at(), k=1, among=keys)
    assert store.count("people") == 2


def test_odd_keys_are_only_text(store: Store) -> None:
    store.upsert("media", media(ODD_KEYS, size=1))
    store.upsert("media", media(ODD_KEYS, size=2))
    rows = store.read("media")
    assert rows.column("path").to_pylist() == sorted(ODD_KEYS)
    assert set(rows.column("size").to_pylist()) == {2}
    for key in ODD_KEYS:
        assert store.read("media", ["path"], keys=[key]).column("path").to_pylist() == [key]
    gone, kept = ODD_KEYS[::2], ODD_KEYS[1::2]
    for key in gone:
        store.delete("media", [key])
    assert store.read("media", ["path"]).column("path").to_pylist() == sorted(kept)
    store.delete("media", kept)
    assert store.count("media") == 0


def test_search_among_odd_ids(store: Store) -> None:
    store.upsert("people", people(ODD_KEYS))
    assert store.search("pose_vector", at(), k=99, among=ODD_KEYS[:2]).ids == sorted(ODD_KEYS[:2])
    assert store.search("pose_vector", at(), k=99, among=ODD_KEYS).ids == sorted(ODD_KEYS)


def test_read_of_keys_leaves_out_absent_ones_and_gives_each_once(store: Store) -> None:
    store.upsert("media", media([f"{number}" for number in range(9)]))
    for keys in (["7", "3"], ["7", "3", "x", "3"], ["y", "7", "7", "", "3", "x"]):
        assert store.read("media", ["path"], keys).column("path").to_pylist() == ["3", "7"]
    assert store.read("media", keys=[]).num_rows == 0
    assert store.read("media", keys=[]).schema == SCHEMAS["media"]


def test_read_is_in_ascending_order_of_code_points(store: Store) -> None:
    for key in ("\U0001f600", "b", "B", "é", "a", "\uffff"):
        store.upsert("media", media([key]))
    assert store.read("media").column("path").to_pylist() == ["B", "a", "b", "é", "\uffff", "\U0001f600"]


def test_read_gives_the_columns_named_in_that_order(store: Store) -> None:
    store.upsert("people", people(["b", "a"], number=4))
    assert store.read("people", ["number", "content"]).to_pylist() == [{"number": 4, "content": "c"}] * 2
    assert store.read("people", ["score", "id"]).column_names == ["score", "id"]
    assert store.read("people", ["score"], ["a"]).schema == pa.schema([SCHEMAS["people"].field("score")])


@pytest.mark.parametrize("columns", [["mood"], ["id", "path"], ["id", "id"]])
def test_read_of_unknown_or_repeated_columns_is_a_value_error(store: Store, columns: list[str]) -> None:
    with pytest.raises(ValueError, match="columns of people"):
        store.read("people", columns)


def test_version_changes_with_every_write_and_only_then(store: Store) -> None:
    seen = [store.version()]
    store.upsert("people", people(["a"]))
    seen.append(store.version())
    store.upsert("media", media(["a"]))
    seen.append(store.version())
    store.upsert("people", people(["a"], number=2))
    seen.append(store.version())
    store.delete("people", ["a"])
    seen.append(store.version())
    assert len(set(seen)) == 5
    store.read("people")
    store.search("pose_vector", at(), k=1)
    store.count("media")
    assert store.version() == seen[-1]


def test_search_by_hand(store: Store) -> None:
    store.upsert("people", people(["far", "near", "mid"], np.stack([at(3, 4), at(1, 0), at(0, 2)])))
    found = store.search("pose_vector", at(), k=2)
    assert found.ids == ["near", "mid"]
    assert found.distances.tolist() == [1.0, 4.0]
    found = store.search("pose_vector", at(3, 3), k=3)
    assert found.ids == ["far", "mid", "near"]
    assert found.distances.tolist() == [1.0, 10.0, 13.0]


def test_search_with_weights_by_hand(store: Store) -> None:
    store.upsert("people", people(["far", "near", "mid"], np.stack([at(3, 4), at(1, 0), at(0, 2)])))
    found = store.search("pose_vector", at(), k=3, weights=at(0.5, 2))
    assert found.ids == ["near", "mid", "far"]
    assert found.distances.tolist() == [0.5, 8.0, 36.5]
    assert store.search("pose_vector", at(0, 4), k=1, weights=at(0, 1)).ids == ["far"]


def test_search_among_looks_at_these_ids_only(store: Store) -> None:
    ids = [f"{number:02d}" for number in range(20)]
    store.upsert("people", people(ids, np.stack([at(number) for number in range(20)])))
    for among in (["07", "03"], ["12", "x", "03", "07", "03", "y"]):
        found = store.search("pose_vector", at(), k=2, among=among)
        assert found.ids == ["03", "07"]
        assert found.distances.tolist() == [9.0, 49.0]
    found = store.search("pose_vector", at(10, 5), k=3, among=["09", "15", "12"], weights=at(2, 0))
    assert found.ids == ["09", "12", "15"]
    assert found.distances.tolist() == [2.0, 8.0, 50.0]
    for among in ([], ["x"], ["x", "y", "z"]):
        assert store.search("pose_vector", at(), k=2, among=among).ids == []


def test_equal_distances_come_in_ascending_order_of_id(store: Store) -> None:
    ids = ["m", "c", "z", "a", "é", "B", "k", "\uffff", "\U0001f600", "x"]
    for start in range(0, 10, 5):
        store.upsert("people", people(ids[start : start + 5], np.stack([at(1), at(-1), at(0, 1), at(1), at(2)])))
    found = store.search("pose_vector", at(), k=20)
    assert found.ids == [*sorted(set(ids) - {"é", "x"}), "x", "é"]
    assert found.distances.tolist() == [1.0] * 8 + [4.0] * 2
    for k in range(1, 10):
        assert store.search("pose_vector", at(), k=k).ids == found.ids[:k]
    assert store.search("pose_vector", at(5), k=4, weights=at()).ids == sorted(ids)[:4]


def test_equal_rows_get_equal_distances_wherever_they_stand(store: Store) -> None:
    rng = np.random.default_rng(5)
    ids = [f"{number:03d}" for number in range(37)]
    store.upsert("people", people(ids, np.tile(rng.normal(size=D), (37, 1))))
    query, weights = rng.normal(size=D).astype(np.float32), rng.random(D).astype(np.float32)
    found = store.search("pose_vector", query, k=40, weights=weights)
    assert found.ids == ids
    assert len(set(found.distances.tolist())) == 1


def test_fewer_rows_than_k_give_fewer_answers(store: Store) -> None:
    store.upsert("people", people(["b", "a"], np.stack([at(1), at(2)])))
    found = store.search("pose_vector", at(), k=1000)
    assert found.ids == ["b", "a"]
    assert found.distances.shape == (2,)


def test_distances_are_finite_and_summed_in_float64(store: Store) -> None:
    store.upsert("people", people(["big", "small"], np.stack([at(3e38), at(1e-30)])))
    found = store.search("pose_vector", at(), k=2)
    assert found.ids == ["small", "big"]
    assert found.distances.dtype == np.float64
    expected = [float(np.float32(1e-30)) ** 2, float(np.float32(3e38)) ** 2]
    np.testing.assert_allclose(found.distances, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"space": "keypoints"},
        {"space": "id"},
        {"query": np.zeros(33)},
        {"query": np.zeros((1, 34))},
        {"query": np.float32(0)},
        {"query": at(float("nan"))},
        {"query": at(float("inf"))},
        {"weights": np.ones(17)},
        {"weights": np.ones((34, 1))},
        {"weights": at(float("nan"))},
        {"weights": at(float("inf"))},
        {"weights": at(-0.1)},
        {"k": 0},
        {"k": -1},
    ],
    ids=lambda wrong: f"{next(iter(wrong))}",
)
@pytest.mark.parametrize("store", ["exact", "lance"], indirect=True)
def test_a_wrong_search_is_a_value_error_also_in_an_empty_store(store: Store, wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"space": "pose_vector", "query": at(), "k": 1, **wrong}
    with pytest.raises(ValueError, match=r"space|shape|finite|k must"):
        store.search(**asked)


def test_every_space_is_a_vector_column_that_can_be_searched(store: Store) -> None:
    store.upsert("people", people(["a"]))
    for space in SPACES:
        size = SCHEMAS["people"].field(space).type.list_size
        assert store.search(space, np.zeros(size, np.float32), k=1).ids == ["a"]


def test_optimize_changes_no_answer(store: Store) -> None:
    rng = np.random.default_rng(1)
    for start in range(0, 40, 8):
        ids = [f"{number:02d}" for number in range(start, start + 12)]
        store.upsert("people", people(ids, rng.normal(size=(12, D)), number=start))
        store.upsert("media", media(ids))
    store.delete("people", ["03", "20", "21"])
    query = rng.normal(size=D).astype(np.float32)
    rows, found = store.read("people"), store.search("pose_vector", query, k=7)
    store.optimize()
    after, again = store.read("people"), store.search("pose_vector", query, k=7)
    assert str(after.to_pylist()) == str(rows.to_pylist())
    assert after.num_rows == 41
    assert again.ids == found.ids
    np.testing.assert_array_equal(again.distances, found.distances)
    store.upsert("people", people(["03"]))
    assert store.count("people") == 42
