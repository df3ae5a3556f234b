"""The ONNX graph that a TensorFlow.js graph turns into, as the converters of its operations see it.

TensorFlow keeps pictures as (N, H, W, C), ONNX as (N, C, H, W). A layer that works on pictures asks for its input
by `channels_first` and gives its output by `channels_last`; the two remember which tensors are the same picture, so
that neighbouring layers do not turn it to and fro. ONNX Runtime removes most of the turns that remain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import WeightsError
from contrapposto.weights.onnx_builder import OnnxBuilder
from contrapposto.weights.tfjs_model import Node


class TfjsGraph:
    """An ONNX graph under construction whose tensors keep the names that they have in TensorFlow."""

    def __init__(self) -> None:
        self.builder = OnnxBuilder()
        self._first: dict[str, str] = {}

    def channels_first(self, name: str) -> str:
        """The (N, C, H, W) form of an (N, H, W, C) tensor."""
        if name not in self._first:
            self._first[name] = self.builder.add("Transpose", [name], perm=[0, 3, 1, 2])
        return self._first[name]

    def channels_last(self, first: str, output: str) -> None:
        """Makes `output` the (N, H, W, C) form of the (N, C, H, W) tensor `first`."""
        self.builder.add("Transpose", [first], output, perm=[0, 2, 3, 1])
        self._first[output] = first

    def value(self, node: Node, position: int) -> NDArray[Any]:
        """The value of an input that must be a constant. Raises WeightsError when it is computed."""
        value = self.builder.value(node.inputs[position])
        if value is None:
            raise unsupported(node, f"input {position}, which must be a constant, is computed")
        return value

    def scalar(self, node: Node, position: int) -> int:
        """The same for a single whole number, such as an axis."""
        return int(self.value(node, position).item())

    def int64(self, name: str) -> str:
        """The same integers as ONNX wants shapes, sizes and indices."""
        value = self.builder.value(name)
        if value is not None:
            return self.builder.constant(value.astype(np.int64))
        return self.builder.add("Cast", [name], to=onnx_type(np.dtype(np.int64)))

    def int32(self, name: str, output: str) -> None:
        """Makes `output` the int32 form of integers that ONNX gave as int64."""
        self.builder.add("Cast", [name], output, to=onnx_type(np.dtype(np.int32)))


Converter = Callable[[TfjsGraph, Node], None]
"""Adds to the graph what a node computes. Raises WeightsError on a setting that it does not know."""


def unsupported(node: Node, what: str) -> WeightsError:
    """The error for something in a graph that the converter does not know."""
    return WeightsError(
        f"cannot convert {node.op} at {node.name}: {what}; extend the converter or use other weights"
    )


def onnx_type(dtype: np.dtype[Any]) -> int:
    """ONNX's number for a type."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(dtype))
