"""Collects the nodes and constants of an ONNX graph that is written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import helper, numpy_helper

OPSET = 18
IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """An input or output of the graph: name, NumPy type, and shape, whose dimensions are numbers or names of
    unknown ones; None for a shape that is not known at all."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | str, ...] | None

    def value_info(self) -> Any:
        """The same as ONNX says it."""
        return helper.make_tensor_value_info(self.name, helper.np_dtype_to_tensor_dtype(self.dtype), self.shape)


class OnnxBuilder:
    """A graph under construction. Tensors are known by name; every method that makes one returns its name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[str, NDArray[Any]] = {}
        self._made = 0

    def fresh(self, stem: str) -> str:
        """A name that no other tensor of this builder has."""
        self._made += 1
        return f"{stem}__{self._made}"

    def constant(self, value: ArrayLike, name: str | None = None) -> str:
        """Adds a constant tensor with the type and shape of `value`."""
        name = name or self.fresh("constant")
        array = np.asarray(value)
        self._constants[name] = array if array.flags.c_contiguous else np.ascontiguousarray(array)
        return name

    def integers(self, values: Sequence[int]) -> str:
        """Adds a one-dimensional int64 constant, as ONNX wants axes and sizes."""
        return self.constant(np.array(values, np.int64))

    def value(self, name: str) -> NDArray[Any] | None:
        """The value of a constant, None for a tensor that is computed."""
        return self._constants.get(name)

    def add(self, op: str, inputs: Sequence[str], output: str | None = None, **attributes: object) -> str:
        """Adds a node with one output."""
        output = output or self.fresh(op)
        self._nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def add_split(self, op: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: object) -> None:
        """Adds a node with several outputs."""
        self._nodes.append(helper.make_node(op, list(inputs), list(outputs), **attributes))

    def model(self, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], *, name: str) -> Any:
        """The finished `onnx.ModelProto`, without the nodes and constants that no output needs."""
        needed = {spec.name for spec in outputs}
        kept = []
        for node in reversed(self._nodes):
            if needed.intersection(node.output):
                needed.update(node.input)
                kept.append(node)
        constants = [numpy_helper.from_array(v, k) for k, v in self._constants.items() if k in needed]
        graph = helper.make_graph(
            kept[::-1],
            name,
            [spec.value_info() for spec in inputs],
            [spec.value_info() for spec in outputs],
            constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="contrapposto"
        )
        model.ir_version = IR_VERSION
        return model


def describe(model: Any, properties: Mapping[str, str]) -> None:
    """Writes text properties into a model, for people who find the file on their disk."""
    helper.set_model_props(model, dict(properties))


def check(model: Any) -> None:
    """Raises `onnx.checker.ValidationError` when the model is not valid ONNX."""
    onnx.checker.check_model(model)
