"""Writes trained layers as ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from contrapposto.weights.onnx_builder import OnnxBuilder, TensorSpec, check, describe

Layer = tuple[Tensor, Tensor]


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
