"""Writes EfficientNet-lite as ONNX from the published PyTorch state dict.

EfficientNet (Tan and Le, 2019, arXiv:1905.11946) in its "lite" form: no squeeze-and-excitation, ReLU6 for swish,
stem and head not scaled by width. Batch normalisation is folded into the convolutions.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import WeightsError
from contrapposto.weights.checkpoint import read_state_dict
from contrapposto.weights.onnx_builder import OnnxBuilder, TensorSpec

EPSILON = 1e-3
"""Added to the variance in batch normalisation, as in TensorFlow's EfficientNet."""

STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Stride of the first block of each of the seven stages; the other blocks have stride 1."""

StateDict = Mapping[str, NDArray[np.float32]]


def convert(path: Path) -> Any:
    """The `onnx.ModelProto` of the checkpoint at `path`.

    Input `image` (N, 3, H, W) float32, (RGB - 127) / 128. Outputs `features` (N, 1280), the mean of the last map
    over the picture; `logits` (N, 1000) of the ImageNet classes; `map` (N, 1280, h, w), h = ceil(H / 32).
    Raises WeightsError when the file is no such checkpoint.
    """
    try:
        return graph(read_state_dict(path))
    except (OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise WeightsError(f"{path.name} is not the EfficientNet-lite checkpoint expected ({reason})") from error


def graph(state: StateDict) -> Any:
    """The same from a state dict of arrays. Depth and widths are read from it. Raises KeyError, ValueError."""
    builder = OnnxBuilder()
    tensor = _normalised_convolution(builder, state, "image", "_conv_stem", "_bn0", stride=2)
    for block, stride in enumerate(_strides(state)):
        tensor = _block(builder, state, f"_blocks.{block}", tensor, stride)
    tensor = _normalised_convolution(builder, state, tensor, "_conv_head", "_bn1", output="map")
    pooled = builder.add("GlobalAveragePool", [tensor])
    builder.add("Flatten", [pooled], "features")
    weights, bias = builder.constant(state["_fc.weight"]), builder.constant(state["_fc.bias"])
    builder.add("Gemm", ["features", weights, bias], "logits", transB=1)
    classes, width = state["_fc.weight"].shape
    real = np.dtype(np.float32)
    return builder.model(
        [TensorSpec("image", real, ("N", 3, "H", "W"))],
        [
            TensorSpec("features", real, ("N", width)),
            TensorSpec("logits", real, ("N", classes)),
            TensorSpec("map", real, ("N", width, "h", "w")),
        ],
        name="efficientnet-lite",
    )


def _block(builder: OnnxBuilder, state: StateDict, name: str, entering: str, stride: int) -> str:
    """Inverted bottleneck: widen (not in the first stage), filter each channel, narrow, add what entered."""
    tensor = entering
    if f"{name}._expand_conv.weight" in state:
        tensor = _normalised_convolution(builder, state, tensor, f"{name}._expand_conv", f"{name}._bn0")
    tensor = _normalised_convolution(
        builder, state, tensor, f"{name}._depthwise_conv", f"{name}._bn1", stride=stride
    )
    tensor = _normalised_convolution(
        builder, state, tensor, f"{name}._project_conv", f"{name}._bn2", activated=False
    )
    same = _width_in(state, name) == len(state[f"{name}._project_conv.weight"])
    return builder.add("Add", [tensor, entering]) if stride == 1 and same else tensor


def _normalised_convolution(
    builder: OnnxBuilder,
    state: StateDict,
    tensor: str,
    convolution: str,
    norm: str,
    *,
    stride: int = 1,
    activated: bool = True,
    output: str | None = None,
) -> str:
    """Convolution with TensorFlow's "same" padding, batch normalisation, and ReLU6 unless told otherwise."""
    kernel = state[f"{convolution}.weight"].astype(np.float64)
    deviation = np.sqrt(state[f"{norm}.running_var"].astype(np.float64) + EPSILON)
    gain = state[f"{norm}.weight"] / deviation
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * gain
    result = builder.add(
        "Conv",
        [
            tensor,
            builder.constant((kernel * gain[:, None, None, None]).astype(np.float32)),
            builder.constant(bias.astype(np.float32)),
        ],
        kernel_shape=list(kernel.shape[2:]),
        strides=[stride, stride],
        group=len(kernel) if "_depthwise_conv" in convolution else 1,
        auto_pad="SAME_UPPER",
    )
    if not activated:
        return result
    bounds = [builder.constant(np.float32(0)), builder.constant(np.float32(6))]
    return builder.add("Clip", [result, *bounds], output)


def _strides(state: StateDict) -> list[int]:
    """Stride of every block. A stage begins where the number of channels changes."""
    count = len({name.split(".")[1] for name in state if name.startswith("_blocks.")})
    widths = [len(state[f"_blocks.{block}._project_conv.weight"]) for block in range(count)]
    begins = [block == 0 or widths[block] != widths[block - 1] for block in range(count)]
    if sum(begins) != len(STAGE_STRIDES):
        raise ValueError(f"{sum(begins)} stages of blocks, expected {len(STAGE_STRIDES)}")
    stages = iter(STAGE_STRIDES)
    return [next(stages) if begin else 1 for begin in begins]


def _width_in(state: StateDict, name: str) -> int:
    """Channels that enter a block."""
    expand = state.get(f"{name}._expand_conv.weight")
    return int(expand.shape[1]) if expand is not None else len(state[f"{name}._depthwise_conv.weight"])
