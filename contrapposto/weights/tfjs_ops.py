"""TensorFlow.js to ONNX: arithmetic, and everything that moves, picks or shapes values."""

from __future__ import annotations

import numpy as np

from contrapposto.weights.tfjs_graph import Converter, TfjsGraph, onnx_type, unsupported
from contrapposto.weights.tfjs_model import Node

SAME_MEANING = {
    "Abs": "Abs",
    "Add": "Add",
    "AddN": "Sum",
    "AddV2": "Add",
    "Equal": "Equal",
    "Exp": "Exp",
    "Greater": "Greater",
    "GreaterEqual": "GreaterOrEqual",
    "Identity": "Identity",
    "Less": "Less",
    "LogicalAnd": "And",
    "Maximum": "Max",
    "Minimum": "Min",
    "Mul": "Mul",
    "Range": "Range",
    "RealDiv": "Div",
    "Reciprocal": "Reciprocal",
    "Sigmoid": "Sigmoid",
    "Sqrt": "Sqrt",
    "Sub": "Sub",
}
"""Operations that ONNX has too, with the same inputs, the same broadcasting and no settings that matter."""

LAST = np.iinfo(np.int64).max
FIRST = np.iinfo(np.int64).min


def same_meaning(graph: TfjsGraph, node: Node) -> None:
    """Any operation of `SAME_MEANING`."""
    graph.builder.add(SAME_MEANING[node.op], node.inputs, node.name)


def leaky_relu(graph: TfjsGraph, node: Node) -> None:
    """LeakyRelu; a slope that is not given is 0.2."""
    graph.builder.add("LeakyRelu", node.inputs, node.name, alpha=node.number("alpha", 0.2))


def squared_difference(graph: TfjsGraph, node: Node) -> None:
    """SquaredDifference."""
    difference = graph.builder.add("Sub", node.inputs)
    graph.builder.add("Mul", [difference, difference], node.name)


def floor_division(graph: TfjsGraph, node: Node) -> None:
    """FloorDiv of integers: rounds down, where ONNX's division rounds towards 0."""
    if node.dtype("T") != np.int32:
        raise unsupported(node, "numbers that are no integers")
    dividend, divisor = node.inputs
    remainder = graph.builder.add("Mod", [dividend, divisor])
    graph.builder.add("Div", [graph.builder.add("Sub", [dividend, remainder]), divisor], node.name)


def cast(graph: TfjsGraph, node: Node) -> None:
    """Cast; from real to integer it cuts the fraction off."""
    graph.builder.add("Cast", node.inputs, node.name, to=onnx_type(node.dtype("DstT")))


def select(graph: TfjsGraph, node: Node) -> None:
    """Select, for a condition that has the shape of the values (a vector that picks rows is not covered)."""
    graph.builder.add("Where", node.inputs, node.name)


def reduction(graph: TfjsGraph, node: Node) -> None:
    """Sum and Max over constant axes."""
    axes = graph.builder.integers([int(axis) for axis in graph.value(node, 1).reshape(-1)])
    graph.builder.add("Reduce" + node.op, [node.inputs[0], axes], node.name, keepdims=int(node.flag("keep_dims")))


def arg_max(graph: TfjsGraph, node: Node) -> None:
    """ArgMax along a constant axis; of equal values the first."""
    found = graph.builder.add("ArgMax", node.inputs[:1], axis=graph.scalar(node, 1), keepdims=0)
    graph.int32(found, node.name)


def top_k(graph: TfjsGraph, node: Node) -> None:
    """TopKV2 along the last axis, largest first; of equal values the first."""
    count = graph.builder.integers([graph.scalar(node, 1)])
    indices = graph.builder.fresh("indices")
    graph.builder.add_split("TopK", [node.inputs[0], count], [node.name, indices], largest=1, sorted=1)
    graph.int32(indices, f"{node.name}:1")


def gather_nd(graph: TfjsGraph, node: Node) -> None:
    """GatherNd."""
    graph.builder.add("GatherND", [node.inputs[0], graph.int64(node.inputs[1])], node.name)


def shape_or_size(graph: TfjsGraph, node: Node) -> None:
    """Shape and Size."""
    graph.int32(graph.builder.add(node.op, node.inputs), node.name)


def by_shape(graph: TfjsGraph, node: Node) -> None:
    """Reshape and Tile, whose second input counts elements along each axis."""
    graph.builder.add(node.op, [node.inputs[0], graph.int64(node.inputs[1])], node.name)


def fill(graph: TfjsGraph, node: Node) -> None:
    """Fill a shape with one value."""
    graph.builder.add("Expand", [node.inputs[1], graph.int64(node.inputs[0])], node.name)


def transpose(graph: TfjsGraph, node: Node) -> None:
    """Transpose by a constant permutation."""
    order = [int(axis) for axis in graph.value(node, 1)]
    graph.builder.add("Transpose", node.inputs[:1], node.name, perm=order)


def expand_dims(graph: TfjsGraph, node: Node) -> None:
    """ExpandDims at a constant position."""
    graph.builder.add("Unsqueeze", [node.inputs[0], graph.builder.integers([graph.scalar(node, 1)])], node.name)


def squeeze(graph: TfjsGraph, node: Node) -> None:
    """Squeeze the named axes, or every axis of size 1."""
    axes = node.integers("squeeze_dims")
    inputs = [node.inputs[0], graph.builder.integers(axes)] if axes else [node.inputs[0]]
    graph.builder.add("Squeeze", inputs, node.name)


def pack(graph: TfjsGraph, node: Node) -> None:
    """Pack: joins tensors along a new axis."""
    axis = node.integer("axis")
    rows = [graph.builder.add("Unsqueeze", [name, graph.builder.integers([axis])]) for name in node.inputs]
    graph.builder.add("Concat", rows, node.name, axis=axis)


def unpack(graph: TfjsGraph, node: Node) -> None:
    """Unpack: takes a tensor apart along an axis, which goes away."""
    for position, output in enumerate(_outputs(node, node.integer("num"))):
        index = graph.builder.constant(np.int64(position))
        graph.builder.add("Gather", [node.inputs[0], index], output, axis=node.integer("axis"))


def concatenate(graph: TfjsGraph, node: Node) -> None:
    """ConcatV2; the last input is the axis."""
    *parts, _ = node.inputs
    graph.builder.add("Concat", parts, node.name, axis=graph.scalar(node, len(parts)))


def split(graph: TfjsGraph, node: Node) -> None:
    """Split into equal parts; the first input is the axis."""
    count = node.integer("num_split")
    outputs = _outputs(node, count)
    graph.builder.add_split("Split", node.inputs[1:], outputs, axis=graph.scalar(node, 0), num_outputs=count)


def split_by_sizes(graph: TfjsGraph, node: Node) -> None:
    """SplitV: parts of the sizes in the second input along the axis in the third."""
    sizes = graph.int64(node.inputs[1])
    outputs = _outputs(node, node.integer("num_split"))
    graph.builder.add_split("Split", [node.inputs[0], sizes], outputs, axis=graph.scalar(node, 2))


def pad(graph: TfjsGraph, node: Node) -> None:
    """Pad with 0 and PadV2 with its third input, by constant (axes, 2) numbers of elements before and after."""
    amounts = graph.builder.integers([int(count) for count in graph.value(node, 1).T.reshape(-1)])
    graph.builder.add("Pad", [node.inputs[0], amounts, *node.inputs[2:]], node.name)


def sparse_to_dense(graph: TfjsGraph, node: Node) -> None:
    """SparseToDense of constants, done at once: `values` at `indices` of a tensor full of a default value."""
    indices, shape, values, default = (graph.value(node, position) for position in range(4))
    dense = np.full(tuple(shape.reshape(-1)), default, values.dtype)
    dense[tuple(indices.reshape(-1, dense.ndim).T)] = values
    graph.builder.constant(dense, node.name)


def strided_slice(graph: TfjsGraph, node: Node) -> None:
    """StridedSlice with constant bounds. Bit k of a mask speaks of entry k of the bounds: start from the beginning,
    go on to the end, put in a new axis, or take one element and drop the axis."""
    if node.integer("ellipsis_mask"):
        raise unsupported(node, "an ellipsis")
    begins, ends, steps = (graph.value(node, position).tolist() for position in (1, 2, 3))
    bounds: list[tuple[int, int, int, int]] = []
    dropped: list[int] = []
    added: list[int] = []
    axis = place = 0
    for k, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        if _bit(node, "new_axis_mask", k):
            added.append(place)
            place += 1
            continue
        if _bit(node, "shrink_axis_mask", k):
            dropped.append(axis)
            bounds.append((begin, LAST if begin == -1 else begin + 1, axis, 1))
        else:
            if _bit(node, "begin_mask", k):
                begin = 0 if step > 0 else LAST
            if _bit(node, "end_mask", k):
                end = LAST if step > 0 else FIRST
            if (begin, end, step) != (0, LAST, 1):
                bounds.append((begin, end, axis, step))
            place += 1
        axis += 1
    result = node.inputs[0]
    if bounds:
        result = graph.builder.add("Slice", [result, *map(graph.builder.integers, zip(*bounds, strict=True))])
    if dropped:
        result = graph.builder.add("Squeeze", [result, graph.builder.integers(dropped)])
    if added:
        result = graph.builder.add("Unsqueeze", [result, graph.builder.integers(added)])
    graph.builder.add("Identity", [result], node.name)


def _bit(node: Node, mask: str, position: int) -> bool:
    return bool(node.integer(mask) >> position & 1)


def _outputs(node: Node, count: int) -> list[str]:
    """Names of a node's outputs as its readers use them."""
    return [node.name, *(f"{node.name}:{position}" for position in range(1, count))]


OPERATIONS: dict[str, Converter] = {
    **dict.fromkeys(SAME_MEANING, same_meaning),
    "ArgMax": arg_max,
    "Cast": cast,
    "ConcatV2": concatenate,
    "ExpandDims": expand_dims,
    "Fill": fill,
    "FloorDiv": floor_division,
    "GatherNd": gather_nd,
    "LeakyRelu": leaky_relu,
    "Max": reduction,
    "Pack": pack,
    "Pad": pad,
    "PadV2": pad,
    "Reshape": by_shape,
    "Select": select,
    "Shape": shape_or_size,
    "Size": shape_or_size,
    "SparseToDense": sparse_to_dense,
    "Split": split,
    "SplitV": split_by_sizes,
    "SquaredDifference": squared_difference,
    "Squeeze": squeeze,
    "StridedSlice": strided_slice,
    "Sum": reduction,
    "Tile": by_shape,
    "TopKV2": top_k,
    "Transpose": transpose,
    "Unpack": unpack,
}
