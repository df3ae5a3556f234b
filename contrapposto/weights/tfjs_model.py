"""Reads a TensorFlow.js graph model: `model.json` (nodes, signature, list of weights) and its binary weights.

Format: the files that `tensorflowjs_converter` writes; weights are stored as they are, or quantised to uint8,
uint16 (value = stored * scale + min) or float16. As in TensorFlow.js, every integer is an int32.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import WeightsError

PLAIN = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}
QUANTISED = {"uint8": np.uint8, "uint16": np.uint16, "float16": np.float16}
TYPES: dict[str, np.dtype[Any]] = {
    "DT_FLOAT": np.dtype(np.float32),
    "DT_INT32": np.dtype(np.int32),
    "DT_INT64": np.dtype(np.int32),
    "DT_BOOL": np.dtype(np.bool_),
}
"""TensorFlow's names of types, and what TensorFlow.js computes them in."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `inputs`: tensors, `node` or `node:k` for its output k > 0; control inputs are left out."""

    name: str
    op: str
    inputs: tuple[str, ...]
    attributes: Mapping[str, Any]

    def integers(self, key: str) -> list[int]:
        """A list attribute, empty when absent."""
        return [int(value) for value in self.attributes.get(key, {}).get("list", {}).get("i", [])]

    def integer(self, key: str, default: int = 0) -> int:
        """A number attribute."""
        return int(self.attributes.get(key, {}).get("i", default))

    def number(self, key: str, default: float) -> float:
        """A real attribute."""
        return float(self.attributes.get(key, {}).get("f", default))

    def flag(self, key: str) -> bool:
        """A yes/no attribute, no when absent."""
        return bool(self.attributes.get(key, {}).get("b", False))

    def text(self, key: str, default: str) -> str:
        """A text attribute."""
        value = self.attributes.get(key, {}).get("s")
        return default if value is None else base64.b64decode(value).decode()

    def texts(self, key: str) -> list[str]:
        """A list of texts, empty when absent."""
        return [base64.b64decode(v).decode() for v in self.attributes.get(key, {}).get("list", {}).get("s", [])]

    def dtype(self, key: str) -> np.dtype[Any]:
        """A type attribute. Raises WeightsError on a type that is not in `TYPES`."""
        return _dtype(str(self.attributes.get(key, {}).get("type")), self.name)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the signature: its public name, the tensor that it is, type and shape (-1 = any size).

    The shape of an input is that of its placeholder, which knows of free sizes that some signatures leave out."""

    name: str
    source: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GraphModel:
    """A graph model in memory. `constants` holds the decoded weights by node name."""

    nodes: Mapping[str, Node]
    constants: Mapping[str, NDArray[Any]]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def read_model(path: Path) -> GraphModel:
    """Reads `path` (a model.json) and the binary files beside it that it names.

    Raises WeightsError when the files are not a graph model or do not fit each other.
    """
    try:
        model = json.loads(path.read_bytes())
        nodes = {node.name: node for node in map(_node, model["modelTopology"]["node"])}
        signature = model["signature"]
        return GraphModel(
            nodes=nodes,
            constants=_constants(path.parent, model["weightsManifest"]),
            inputs=tuple(_input(key, value, nodes) for key, value in signature["inputs"].items()),
            outputs=tuple(_tensor(key, value) for key, value in signature["outputs"].items()),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise WeightsError(
            f"{path.name} is not a TensorFlow.js graph model that can be read ({reason}); fetch it again"
        ) from error


def tensor_name(reference: str) -> str:
    """`node:0` and `node` are the same tensor."""
    return reference.removesuffix(":0")


def _node(entry: Mapping[str, Any]) -> Node:
    inputs = tuple(tensor_name(name) for name in entry.get("input", []) if not name.startswith("^"))
    return Node(entry["name"], entry["op"], inputs, entry.get("attr", {}))


def _input(key: str, entry: Mapping[str, Any], nodes: Mapping[str, Node]) -> Tensor:
    tensor = _tensor(key, entry)
    return replace(tensor, shape=_shape(nodes[tensor.source].attributes["shape"]["shape"]))


def _tensor(key: str, entry: Mapping[str, Any]) -> Tensor:
    name, source = tensor_name(key), tensor_name(entry["name"])
    return Tensor(name, source, _dtype(entry["dtype"], key), _shape(entry["tensorShape"]))


def _shape(entry: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(dim["size"]) for dim in entry.get("dim", []))


def _dtype(name: str, where: str) -> np.dtype[Any]:
    if name not in TYPES:
        raise WeightsError(f"the graph uses the type {name} at {where}, which the converter does not know")
    return TYPES[name]


def _constants(folder: Path, manifest: list[Any]) -> dict[str, NDArray[Any]]:
    constants = {}
    for group in manifest:
        data = b"".join((folder / name).read_bytes() for name in group["paths"])
        offset = 0
        for entry in group["weights"]:
            stored = _stored_type(entry)
            shape = tuple(entry["shape"])
            count = int(np.prod(shape, dtype=np.int64))
            array = np.frombuffer(data, stored, count, offset).reshape(shape)
            offset += count * stored.itemsize
            constants[entry["name"]] = _decoded(array, entry)
        if offset != len(data):
            raise ValueError(f"weights take {offset} bytes, their files have {len(data)}")
    return constants


def _stored_type(entry: Mapping[str, Any]) -> np.dtype[Any]:
    quantisation = entry.get("quantization")
    if quantisation is None:
        return np.dtype(PLAIN[entry["dtype"]]).newbyteorder("<")
    return np.dtype(QUANTISED[quantisation["dtype"]]).newbyteorder("<")


def _decoded(stored: NDArray[Any], entry: Mapping[str, Any]) -> NDArray[Any]:
    quantisation = entry.get("quantization")
    if quantisation is None:
        return stored
    values = stored.astype(np.float32)
    if quantisation["dtype"] != "float16":
        values = values * np.float32(quantisation["scale"]) + np.float32(quantisation["min"])
    return np.round(values).astype(np.int32) if entry["dtype"] == "int32" else values
