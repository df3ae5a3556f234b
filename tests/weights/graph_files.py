"""Writes small TensorFlow.js graph models for the tests, and runs what the converter makes of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from contrapposto.weights import tfjs

TYPE_NAMES = {"float32": "DT_FLOAT", "int32": "DT_INT32", "bool": "DT_BOOL"}


@dataclass(frozen=True)
class Type:
    """An attribute that names a type."""

    name: str


@dataclass(frozen=True)
class Quantised:
    """A constant as it is stored: the stored numbers, the type they stand for, scale and least value."""

    stored: NDArray[Any]
    dtype: str = "float32"
    scale: float = 1.0
    least: float = 0.0


def node(name: str, op: str, *inputs: str, **attributes: object) -> dict[str, Any]:
    """A node of model.json."""
    return {
        "name": name,
        "op": op,
        "input": list(inputs),
        "attr": {key: _attribute(value) for key, value in attributes.items()},
    }


def _attribute(value: object) -> dict[str, Any]:
    match value:
        case Type(name):
            return {"type": name}
        case bool():
            return {"b": value}
        case int():
            return {"i": str(value)}
        case float():
            return {"f": value}
        case str():
            return {"s": base64.b64encode(value.encode()).decode()}
        case list() if value and isinstance(value[0], str):
            return {"list": {"s": [base64.b64encode(text.encode()).decode() for text in value]}}
        case list():
            return {"list": {"i": [str(number) for number in value]} if value else {}}
    raise TypeError(value)


def model_files(
    nodes: Sequence[dict[str, Any]],
    constants: Mapping[str, NDArray[Any] | Quantised],
    feeds: Mapping[str, NDArray[Any]],
    outputs: Sequence[str],
    weights_name: str = "model.bin",
) -> tuple[bytes, bytes]:
    """The bytes of model.json and of its weights. feeds: inputs with the type and shape that they will have."""
    entries, stored = [], []
    for name, value in constants.items():
        if isinstance(value, Quantised):
            entry = {"name": name, "shape": list(value.stored.shape), "dtype": value.dtype}
            entry["quantization"] = {"dtype": value.stored.dtype.name, "scale": value.scale, "min": value.least}
            stored.append(value.stored.tobytes())
        else:
            entry = {"name": name, "shape": list(value.shape), "dtype": value.dtype.name}
            stored.append(value.tobytes())
        entries.append(entry)
    placeholders = [
        node(name, "Placeholder", dtype=Type(TYPE_NAMES[value.dtype.name])) for name, value in feeds.items()
    ]
    for entry, value in zip(placeholders, feeds.values(), strict=True):
        entry["attr"]["shape"] = {"shape": _shape(value.shape)}
    given = [node(name, "Const") for name in constants]
    signature = {
        "inputs": {
            f"{name}:0": {
                "name": f"{name}:0",
                "dtype": TYPE_NAMES[value.dtype.name],
                "tensorShape": _shape(value.shape),
            }
            for name, value in feeds.items()
        },
        "outputs": {
            f"result{position}": {"name": name, "dtype": "DT_FLOAT", "tensorShape": {}}
            for position, name in enumerate(outputs)
        },
    }
    model = {
        "format": "graph-model",
        "modelTopology": {"node": [*placeholders, *given, *nodes]},
        "signature": signature,
        "weightsManifest": [{"paths": [weights_name], "weights": entries}],
    }
    return json.dumps(model).encode(), b"".join(stored)


def _shape(shape: Sequence[int]) -> dict[str, Any]:
    return {"dim": [{"size": str(size)} for size in shape]}


def write_model(folder: Path, *args: Any, **kwargs: Any) -> Path:
    """Writes `model_files` into a folder; the path of model.json."""
    model, weights = model_files(*args, **kwargs)
    (folder / "model.bin").write_bytes(weights)
    path = folder / "model.json"
    path.write_bytes(model)
    return path


def convert_and_run(
    folder: Path,
    nodes: Sequence[dict[str, Any]],
    constants: Mapping[str, NDArray[Any] | Quantised],
    feeds: Mapping[str, NDArray[Any]],
    outputs: Sequence[str],
) -> list[NDArray[Any]]:
    """Writes a graph model, converts it, has ONNX check it, and runs it on `feeds`.

    Outputs are cast to real numbers inside the graph, and their declared shape is dropped, as a test knows it only
    afterwards."""
    casts = [node(f"out{position}", "Cast", name, DstT=Type("DT_FLOAT")) for position, name in enumerate(outputs)]
    names = [cast["name"] for cast in casts]
    model = tfjs.convert(write_model(folder, [*nodes, *casts], constants, feeds, names))
    onnx.checker.check_model(model)
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    found: list[NDArray[Any]] = session.run(None, dict(feeds))
    return found


def reals(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Numbers in -1..1 that are always the same."""
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def ints(*values: int) -> NDArray[np.int32]:
    """A vector."""
    return np.array(values, np.int32)
