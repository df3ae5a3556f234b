"""Arithmetic and shape operations against NumPy, and against values worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.errors import WeightsError
from tests.weights.graph_files import Type, convert_and_run, ints, node, reals

A, B = reals(2, 3) + 2, reals(2, 3, seed=1) + 2
X = reals(2, 3, 4)


def one(
    folder: Path, op: str, feeds: dict[str, Any], constants: dict[str, Any] | None = None, **attributes: Any
) -> Any:
    """The first output of a single node that reads the feeds, then the constants."""
    constants = constants or {}
    single = node("y", op, *feeds, *constants, **attributes)
    return convert_and_run(folder, [single], constants, feeds, ["y"])[0]


@pytest.mark.parametrize(
    ("op", "function"),
    [
        ("Add", np.add),
        ("AddV2", np.add),
        ("Sub", np.subtract),
        ("Mul", np.multiply),
        ("RealDiv", np.divide),
        ("Maximum", np.maximum),
        ("Minimum", np.minimum),
        ("SquaredDifference", lambda a, b: (a - b) ** 2),
        ("Less", np.less),
        ("Greater", np.greater),
        ("GreaterEqual", np.greater_equal),
    ],
)
def test_two_operands_and_broadcasting(tmp_path: Path, op: str, function: Any) -> None:
    np.testing.assert_allclose(one(tmp_path, op, {"a": A, "b": B}), function(A, B), rtol=1e-6)
    np.testing.assert_allclose(one(tmp_path, op, {"a": A}, {"b": B[0]}), function(A, B[0]), rtol=1e-6)
    np.testing.assert_allclose(one(tmp_path, op, {"a": A, "b": A}), function(A, A), rtol=1e-6)


@pytest.mark.parametrize(
    ("op", "function"),
    [
        ("Abs", np.abs),
        ("Exp", np.exp),
        ("Identity", lambda x: x),
        ("Reciprocal", lambda x: 1 / x),
        ("Sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("Relu", lambda x: np.where(x > 0, x, 0)),
        ("Relu6", lambda x: np.where(x > 6, 6, np.where(x > 0, x, 0))),
    ],
)
def test_one_operand(tmp_path: Path, op: str, function: Any) -> None:
    values = np.array([-8, -0.5, 0.25, 5, 7], np.float32)
    np.testing.assert_allclose(one(tmp_path, op, {"x": values}), function(values), rtol=1e-5, atol=1e-6)


def test_square_root_leaky_relu_and_sum_of_many(tmp_path: Path) -> None:
    assert one(tmp_path, "Sqrt", {"x": np.array([4, 9], np.float32)}).tolist() == [2, 3]
    np.testing.assert_allclose(one(tmp_path, "LeakyRelu", {"x": np.array([-2, 3], np.float32)}, alpha=0.5), [-1, 3])
    np.testing.assert_allclose(one(tmp_path, "LeakyRelu", {"x": np.array([-2, 3], np.float32)}), [-0.4, 3])
    np.testing.assert_allclose(one(tmp_path, "AddN", {"a": A, "b": B, "c": A}), A + B + A, rtol=1e-6)


def test_integers_equality_and_logic(tmp_path: Path) -> None:
    assert one(tmp_path, "Equal", {"a": ints(1, 2, 3)}, {"b": ints(1, 5, 3)}).tolist() == [1, 0, 1]
    both = {"a": np.array([True, True, False]), "b": np.array([True, False, False])}
    assert one(tmp_path, "LogicalAnd", both).tolist() == [1, 0, 0]


def test_floor_division_rounds_down_also_below_zero(tmp_path: Path) -> None:
    dividends, divisors = ints(7, -7, 7, -7, 6, -6, 0), ints(2, 2, -2, -2, 3, 3, 5)
    found = one(tmp_path, "FloorDiv", {"a": dividends, "b": divisors}, T=Type("DT_INT32"))
    assert found.tolist() == [3, -4, -4, 3, 2, -2, 0]


def test_floor_division_of_reals_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="FloorDiv"):
        one(tmp_path, "FloorDiv", {"a": A, "b": B}, T=Type("DT_FLOAT"))


def test_cast_cuts_the_fraction_off(tmp_path: Path) -> None:
    values = np.array([-1.7, -0.2, 0.9, 2.5], np.float32)
    assert one(tmp_path, "Cast", {"x": values}, DstT=Type("DT_INT32")).tolist() == [-1, 0, 0, 2]
    assert one(tmp_path, "Cast", {"x": values}, DstT=Type("DT_INT64")).tolist() == [-1, 0, 0, 2]
    assert one(tmp_path, "Cast", {"x": np.array([True, False])}, DstT=Type("DT_FLOAT")).tolist() == [1, 0]


def test_select(tmp_path: Path) -> None:
    condition = np.array([[True, False, True], [False, False, True]])
    found = one(tmp_path, "Select", {"c": condition, "a": A, "b": B})
    np.testing.assert_array_equal(found, np.where(condition, A, B))


@pytest.mark.parametrize(("op", "function"), [("Sum", np.sum), ("Max", np.max)])
@pytest.mark.parametrize("axes", [ints(1), ints(0, 2), ints(-1), np.int32(1)])
@pytest.mark.parametrize("keep", [True, False])
def test_reduction(tmp_path: Path, op: str, function: Any, axes: Any, keep: bool) -> None:
    found = one(tmp_path, op, {"x": X}, {"axes": np.asarray(axes)}, keep_dims=keep)
    where = tuple(np.ravel(axes).tolist())
    np.testing.assert_allclose(found, function(X, axis=where, keepdims=keep), rtol=1e-5, atol=1e-6)


def test_arg_max_takes_the_first_of_equals(tmp_path: Path) -> None:
    values = np.array([[1, 5, 5, 2], [9, 9, 9, 9]], np.float32)
    found = one(tmp_path, "ArgMax", {"x": values}, {"axis": np.array(1, np.int32)}, output_type=Type("DT_INT32"))
    assert found.tolist() == [1, 0]
    found = one(tmp_path, "ArgMax", {"x": values}, {"axis": ints(0)}, output_type=Type("DT_INT32"))
    assert found.tolist() == [1, 1, 1, 1]


def test_top_k_gives_values_and_indices_first_of_equals_first(tmp_path: Path) -> None:
    values = np.array([3, 8, 1, 8, 5], np.float32)
    nodes = [node("top", "TopKV2", "x", "k", sorted=True)]
    found = convert_and_run(tmp_path, nodes, {"k": np.array(4, np.int32)}, {"x": values}, ["top", "top:1"])
    assert found[0].tolist() == [8, 8, 5, 3]
    assert found[1].tolist() == [1, 3, 4, 0]


def test_gather_nd(tmp_path: Path) -> None:
    picks = np.array([[0, 2], [1, 0]], np.int32)
    np.testing.assert_array_equal(one(tmp_path, "GatherNd", {"x": X, "i": picks}), np.stack([X[0, 2], X[1, 0]]))
    full = np.array([[[0, 2, 1]], [[1, 1, 3]]], np.int32)
    np.testing.assert_array_equal(one(tmp_path, "GatherNd", {"x": X, "i": full}), [[X[0, 2, 1]], [X[1, 1, 3]]])


def test_shape_and_size_feed_other_integers(tmp_path: Path) -> None:
    assert one(tmp_path, "Shape", {"x": X}, out_type=Type("DT_INT32")).tolist() == [2, 3, 4]
    assert one(tmp_path, "Size", {"x": X}, out_type=Type("DT_INT32")).tolist() == 24
    nodes = [node("s", "Shape", "x"), node("y", "Mul", "s", "two")]
    assert convert_and_run(tmp_path, nodes, {"two": ints(2)}, {"x": X}, ["y"])[0].tolist() == [4, 6, 8]


def test_reshape_tile_fill_and_range(tmp_path: Path) -> None:
    np.testing.assert_array_equal(one(tmp_path, "Reshape", {"x": X}, {"s": ints(4, -1)}), X.reshape(4, 6))
    np.testing.assert_array_equal(one(tmp_path, "Reshape", {"x": X, "s": ints(-1)}), X.reshape(-1))
    np.testing.assert_array_equal(one(tmp_path, "Tile", {"x": A}, {"n": ints(2, 3)}), np.tile(A, (2, 3)))
    filled = one(tmp_path, "Fill", {"s": ints(2, 3)}, {"v": np.array(7, np.float32)})
    np.testing.assert_array_equal(filled, np.full((2, 3), 7))
    bounds = {"a": np.float32(1), "b": np.float32(4), "c": np.float32(1)}
    feeds = {"b": np.asarray(bounds.pop("b"))}
    nodes = [node("y", "Range", "a", "b", "c")]
    constants = {key: np.asarray(value) for key, value in bounds.items()}
    assert convert_and_run(tmp_path, nodes, constants, feeds, ["y"])[0].tolist() == [1, 2, 3]


def test_transpose_expand_and_squeeze(tmp_path: Path) -> None:
    np.testing.assert_array_equal(one(tmp_path, "Transpose", {"x": X}, {"p": ints(2, 0, 1)}), X.transpose(2, 0, 1))
    for axis in (0, 2, -1):
        found = one(tmp_path, "ExpandDims", {"x": X}, {"a": np.array(axis, np.int32)})
        assert found.shape == np.expand_dims(X, axis).shape
    thin = reals(1, 3, 1)
    assert one(tmp_path, "Squeeze", {"x": thin}, squeeze_dims=[0]).shape == (3, 1)
    assert one(tmp_path, "Squeeze", {"x": thin}, squeeze_dims=[]).shape == (3,)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pack_unpack_and_concatenate(tmp_path: Path, axis: int) -> None:
    found = one(tmp_path, "Pack", {"a": A, "b": B, "c": A}, axis=axis, N=3)
    np.testing.assert_array_equal(found, np.stack([A, B, A], axis))
    count = X.shape[axis]
    names = ["u", *(f"u:{k}" for k in range(1, count))]
    parts = convert_and_run(tmp_path, [node("u", "Unpack", "x", axis=axis, num=count)], {}, {"x": X}, names)
    for k, part in enumerate(parts):
        np.testing.assert_array_equal(part, X.take(k, axis))
    joined = one(tmp_path, "ConcatV2", {"a": X, "b": X + 1}, {"axis": np.array(axis, np.int32)})
    np.testing.assert_array_equal(joined, np.concatenate([X, X + 1], axis))


def test_split(tmp_path: Path) -> None:
    constants = {"axis": np.array(2, np.int32)}
    halves = convert_and_run(
        tmp_path, [node("s", "Split", "axis", "x", num_split=2)], constants, {"x": X}, ["s", "s:1"]
    )
    np.testing.assert_array_equal(halves[0], X[:, :, :2])
    np.testing.assert_array_equal(halves[1], X[:, :, 2:])
    nodes = [node("s", "SplitV", "x", "sizes", "axis", num_split=2)]
    parts = convert_and_run(tmp_path, nodes, constants | {"sizes": ints(1, 3)}, {"x": X}, ["s", "s:1"])
    np.testing.assert_array_equal(parts[0], X[:, :, :1])
    np.testing.assert_array_equal(parts[1], X[:, :, 1:])


def test_pad(tmp_path: Path) -> None:
    amounts = np.array([[1, 0], [0, 2]], np.int32)
    np.testing.assert_array_equal(one(tmp_path, "Pad", {"x": A}, {"p": amounts}), np.pad(A, ((1, 0), (0, 2))))
    constants = {"p": amounts, "v": np.array(-3, np.float32)}
    wanted = np.pad(A, ((1, 0), (0, 2)), constant_values=-3)
    np.testing.assert_array_equal(one(tmp_path, "PadV2", {"x": A}, constants), wanted)


def test_sparse_to_dense(tmp_path: Path) -> None:
    constants = {"i": np.array([[0], [2]], np.int32), "s": ints(4), "v": ints(5, 6), "d": np.array(-1, np.int32)}
    nodes = [node("d1", "SparseToDense", *constants), node("y", "AddV2", "d1", "x")]
    assert convert_and_run(tmp_path, nodes, constants, {"x": ints(10)}, ["y"])[0].tolist() == [15, 9, 16, 9]
    constants["i"] = np.zeros((0, 1), np.int32)
    constants["v"] = np.zeros(0, np.int32)
    assert convert_and_run(tmp_path, nodes, constants, {"x": ints(10)}, ["y"])[0].tolist() == [9, 9, 9, 9]


S = np.s_
NEW = np.newaxis


def bounds(*entries: tuple[int, int, int]) -> dict[str, NDArray[np.int32]]:
    """Constants begin, end and strides from one triple an axis."""
    columns = np.array(entries, np.int32).T
    return dict(zip(("begin", "end", "strides"), columns.copy(), strict=True))


@pytest.mark.parametrize(
    ("entries", "masks", "wanted"),
    [
        ([(0, 1, 1), (1, 3, 1), (0, 4, 2)], {}, S[0:1, 1:3, 0:4:2]),
        ([(0, 2, 1), (-2, -1, 1)], {}, S[0:2, -2:-1]),
        ([(1, 1, 1), (1, 1, 1)], {"begin_mask": 1, "end_mask": 2}, S[:1, 1:]),
        ([(0, 0, 1), (0, 0, 1), (1, 2, 1)], {"begin_mask": 3, "end_mask": 3}, S[:, :, 1:2]),
        ([(1, 2, 1)], {"shrink_axis_mask": 1}, S[1]),
        ([(-1, 0, 1)], {"shrink_axis_mask": 1}, S[-1]),
        ([(0, 9, 1), (-2, 0, 1)], {"shrink_axis_mask": 2}, S[0:9, -2]),
        ([(0, 0, 1), (1, 2, 1)], {"shrink_axis_mask": 2, "begin_mask": 3, "end_mask": 3}, S[:, 1]),
        ([(0, 0, 1), (0, 0, 1)], {"new_axis_mask": 2, "begin_mask": 3, "end_mask": 3}, S[:, NEW]),
        ([(0, 0, 1), (1, 2, 1), (0, 0, 1)], {"new_axis_mask": 5, "shrink_axis_mask": 2}, S[NEW, 1, NEW]),
        ([(0, 0, 1)] * 4, {"new_axis_mask": 12, "begin_mask": 15, "end_mask": 15}, S[:, :, NEW, NEW]),
        ([(0, 0, 1)] * 2, {"new_axis_mask": 3, "shrink_axis_mask": 1}, S[NEW, NEW]),
        ([(0, 0, -1), (2, 0, -1)], {"begin_mask": 1, "end_mask": 1}, S[::-1, 2:0:-1]),
        ([(0, 0, 1), (0, 0, -2)], {"begin_mask": 3, "end_mask": 3}, S[:, ::-2]),
    ],
)
def test_strided_slice(tmp_path: Path, entries: Any, masks: dict[str, Any], wanted: Any) -> None:
    found = one(tmp_path, "StridedSlice", {"x": X}, bounds(*entries), ellipsis_mask=0, **masks)
    np.testing.assert_array_equal(found, X[wanted])


def test_strided_slice_refuses_an_ellipsis_and_computed_bounds(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="ellipsis"):
        one(tmp_path, "StridedSlice", {"x": X}, bounds((0, 1, 1)), ellipsis_mask=1)
    feeds = {"x": X, "begin": ints(0)}
    with pytest.raises(WeightsError, match="must be a constant"):
        one(tmp_path, "StridedSlice", feeds, {"end": ints(1), "strides": ints(1)})


def test_an_unknown_operation_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="NonMaxSuppressionV5 at y"):
        one(tmp_path, "NonMaxSuppressionV5", {"x": X})
