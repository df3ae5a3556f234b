"""Writes trained networks as ONNX, and compares what is written with the network."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from contrapposto.errors import DataError
from contrapposto.weights.onnx_builder import OPSET, OnnxBuilder, TensorSpec, check, describe

Layer = tuple[Tensor, Tensor]

SMALL = 1024
"""Weights of fewer numbers stay float32."""

MOST = 1e-4
"""A written file may differ from its network by this much."""


def export(
    network: nn.Module,
    examples: Sequence[Tensor],
    properties: Mapping[str, str],
    *,
    given: Sequence[str] = ("image",),
    found: Sequence[str] = ("embedding",),
    counts: Mapping[str, str] | None = None,
) -> bytes:
    """The ONNX file of a network in evaluation mode, on the CPU, traced on example inputs.

    Of every input and output the first dimension, N, is free; the others are those of the examples. Weights are
    stored as bytes or float16 where that loses nothing. properties:
    text for the file's metadata (name, licence, source). given, found: names of the inputs and the outputs; counts:
    of those whose first dimension may differ from N, what it is called instead.
    """
    import onnx

    network.cpu().eval()
    stream = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # PyTorch announces another exporter, which needs one more dependency
        torch.onnx.export(
            network,
            tuple(example.cpu() for example in examples),
            stream,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(given),
            output_names=list(found),
            dynamic_axes={name: {0: (counts or {}).get(name, "N")} for name in (*given, *found)},
        )
    model = onnx.load_from_string(stream.getvalue())
    _shrink(model)
    describe(model, properties)
    check(model)
    data: bytes = model.SerializeToString()
    return data


def round_to_bytes(network: nn.Module) -> None:
    """Rounds the weights of convolutions and of fully connected layers to 255 levels a channel that leaves, and
    smaller and other parameters to float16, so that `export` stores bytes without loss."""
    with torch.no_grad():
        for parameter in network.parameters():
            values = parameter.detach().cpu().float()
            rounded = values.half().float()
            if values.dim() > 1 and values.numel() >= SMALL:
                levels, scales = _levels(values.numpy())
                rounded = torch.from_numpy(levels.astype(np.float32) * scales)
            parameter.copy_(rounded)


def _levels(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The nearest -127..127, and what a level is worth, for each of the first axis."""
    most = np.abs(values).reshape(len(values), -1).max(axis=1)
    scales = (np.where(most > 0, most, 127) / 127).astype(np.float32).reshape(-1, *[1] * (values.ndim - 1))
    return np.rint(values / scales).astype(np.int8), scales


def _shrink(model: Any) -> None:
    """Large weights that float16, or bytes with a scale a channel, hold without loss are stored so, and read as
    float32 when the file is opened."""
    from onnx import helper, numpy_helper

    nodes = []
    for stored in list(model.graph.initializer):
        name, values = stored.name, numpy_helper.to_array(stored)
        if values.dtype != np.float32 or values.size < SMALL:
            continue
        half = values.astype(np.float16)
        levels, scales = _levels(values)
        if values.ndim > 1 and np.array_equal(levels.astype(np.float32) * scales, values):
            stored.CopyFrom(numpy_helper.from_array(levels, f"{name}.levels"))
            model.graph.initializer.append(numpy_helper.from_array(scales, f"{name}.scales"))
            nodes.append(helper.make_node("Cast", [f"{name}.levels"], [f"{name}.whole"], to=1))  # FLOAT
            nodes.append(helper.make_node("Mul", [f"{name}.whole", f"{name}.scales"], [name]))
        elif np.array_equal(half.astype(np.float32), values):
            stored.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=1))  # FLOAT
    nodes += model.graph.node
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def same(network: nn.Module, written: bytes | Path, inputs: Sequence[Tensor]) -> float:
    """The largest difference of the outputs of a written file from the network's, in evaluation mode on the
    CPU; over the largest value where that is more than 1."""
    import onnxruntime

    network.cpu().eval()
    session = onnxruntime.InferenceSession(
        written if isinstance(written, bytes) else str(written), providers=["CPUExecutionProvider"]
    )
    names = [tensor.name for tensor in session.get_inputs()]
    feed = {name: tensor.cpu().numpy() for name, tensor in zip(names, inputs, strict=True)}
    with torch.no_grad():
        wanted = network(*(tensor.cpu() for tensor in inputs))
    found = session.run(None, feed)
    expected = [tensor.numpy() for tensor in ((wanted,) if isinstance(wanted, Tensor) else wanted)]
    return max(_difference(*pair) for pair in zip(found, expected, strict=True))


def _difference(found: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    return float(np.abs(found - expected).max(initial=0.0)) / max(1.0, float(np.abs(expected).max(initial=0.0)))


def write(
    network: nn.Module,
    examples: Sequence[Tensor],
    path: Path,
    source: str,
    *,
    given: Sequence[str] = ("image",),
    found: Sequence[str] = ("embedding",),
    counts: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
) -> float:
    """Writes a network to `path` and gives its difference from the file on the examples. source: the command that
    trained it; more: properties beside it; the rest as for `export`. Raises DataError when the difference is more
    than `MOST`, or the file cannot be written."""
    properties = {"name": path.stem, "licence": "Apache-2.0", "source": source, **(more or {})}
    data = export(
        network, [example[:2] for example in examples], properties, given=given, found=found, counts=counts
    )
    difference = same(network, data, examples)
    if not difference <= MOST:
        raise DataError(
            f"{path}: the ONNX file would differ from the network by {difference:.2g}; nothing is written"
        )
    try:
        path.write_bytes(data)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror}); choose another folder") from error
    return difference


def residual_perceptron(
    layers: Sequence[Layer], properties: Mapping[str, str], *, given: str, found: str, residual: int = 2
) -> bytes:
    """The ONNX file of a perceptron: weight (out, in) and bias (out,) of each layer, a rectifier after all but the
    last; what enters is added after every `residual` of the layers between the first and the last; the last also
    gets what the first is given, behind the other.

    given, found: names of input (N, in) and output (N, out), float32. Weights are stored as float16 where that
    loses nothing.
    """
    builder = OnnxBuilder()
    tensor = _dense(builder, given, layers[0])
    for start in range(1, len(layers) - 1, residual):
        entering = tensor
        for layer in layers[start : start + residual]:
            tensor = _dense(builder, tensor, layer)
        tensor = builder.add("Add", [entering, tensor])
    _dense(builder, builder.add("Concat", [tensor, given], axis=1), layers[-1], output=found)
    real = np.dtype(np.float32)
    model = builder.model(
        [TensorSpec(given, real, ("N", int(layers[0][0].shape[1])))],
        [TensorSpec(found, real, ("N", int(layers[-1][0].shape[0])))],
        name="perceptron",
    )
    describe(model, properties)
    check(model)
    data: bytes = model.SerializeToString()
    return data


def _dense(builder: OnnxBuilder, tensor: str, layer: Layer, output: str | None = None) -> str:
    weight, bias = layer[0].numpy(), layer[1].numpy()
    half = weight.astype(np.float16)
    if np.array_equal(half.astype(np.float32), weight):
        matrix = builder.add("Cast", [builder.constant(half)], to=1)  # FLOAT
    else:
        matrix = builder.constant(weight)
    inputs = [tensor, matrix, builder.constant(bias)]
    if output is not None:
        return builder.add("Gemm", inputs, output, transB=1)
    return builder.add("Relu", [builder.add("Gemm", inputs, transB=1)])
