"""Converts a TensorFlow.js graph model to ONNX, with NumPy and onnx alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from contrapposto.errors import WeightsError
from contrapposto.weights.onnx_builder import TensorSpec
from contrapposto.weights.tfjs_graph import TfjsGraph, unsupported
from contrapposto.weights.tfjs_layers import LAYERS
from contrapposto.weights.tfjs_model import GraphModel, Node, Tensor, read_model
from contrapposto.weights.tfjs_ops import OPERATIONS

CONVERTERS = LAYERS | OPERATIONS


def convert(path: Path) -> Any:
    """The `onnx.ModelProto` of the graph model whose model.json is at `path`, its binary files beside it.

    Inputs and outputs have the names of the model's signature, in its order, and TensorFlow's shapes and layouts
    ((N, H, W, C) for pictures). Raises WeightsError when the files cannot be read or hold an operation, type or
    setting that is not covered; it names it.
    """
    model = read_model(path)
    graph = TfjsGraph()
    for name, value in model.constants.items():
        graph.builder.constant(value, name)
    inputs = {tensor.source: tensor for tensor in model.inputs}
    for node in _in_order(model):
        if node.op == "Placeholder":
            if node.name not in inputs:
                raise unsupported(node, "an input that the signature does not name")
        elif node.op not in CONVERTERS:
            raise unsupported(node, "an operation that is not covered")
        else:
            CONVERTERS[node.op](graph, node)
    for tensor in model.inputs:
        if tensor.name != tensor.source:
            graph.builder.add("Identity", [tensor.name], tensor.source)
    for tensor in model.outputs:
        if tensor.name != tensor.source:
            graph.builder.add("Identity", [tensor.source], tensor.name)
    return graph.builder.model(
        [_spec(tensor) for tensor in model.inputs],
        [_spec(tensor) for tensor in model.outputs],
        name=path.stem,
    )


def _spec(tensor: Tensor) -> TensorSpec:
    shape = tuple(
        size if size >= 0 else f"{tensor.name}_{k}" if k else "batch" for k, size in enumerate(tensor.shape)
    )
    return TensorSpec(tensor.name, tensor.dtype, shape)


def _in_order(model: GraphModel) -> Iterator[Node]:
    """The computed nodes that the outputs need, each after the nodes that it reads."""
    done: set[str] = set(model.constants)
    waiting: list[tuple[str, bool]] = [(_owner(tensor.source), False) for tensor in reversed(model.outputs)]
    while waiting:
        name, read = waiting.pop()
        if read:
            yield _node(model.nodes, name)
        elif name not in done:
            done.add(name)
            waiting.append((name, True))
            waiting.extend((_owner(source), False) for source in _node(model.nodes, name).inputs)


def _owner(tensor: str) -> str:
    """The node that gives a tensor: `node:1` is the second output of `node`."""
    name, _, position = tensor.rpartition(":")
    return name if position.isdigit() else tensor


def _node(nodes: Mapping[str, Node], name: str) -> Node:
    if name not in nodes:
        raise WeightsError(f"the graph reads {name}, which it does not have; fetch it again")
    return nodes[name]
