"""TensorFlow.js to ONNX: the layers that work on pictures, (N, H, W, C)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.weights.tfjs_graph import Converter, TfjsGraph, unsupported
from contrapposto.weights.tfjs_model import Node

PADDINGS = {"SAME": "SAME_UPPER", "VALID": "VALID"}


def convolution(graph: TfjsGraph, node: Node) -> None:
    """Conv2D; kernel (kh, kw, C in, C out)."""
    _convolution(graph, node, graph.value(node, 1).transpose(3, 2, 0, 1), groups=1)


def depthwise_convolution(graph: TfjsGraph, node: Node) -> None:
    """DepthwiseConv2dNative; kernel (kh, kw, C, multiplier); input c gives the outputs c * multiplier + m."""
    kernel = graph.value(node, 1)
    height, width, channels, multiplier = kernel.shape
    first = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    _convolution(graph, node, first, groups=channels)


def _convolution(graph: TfjsGraph, node: Node, kernel: NDArray[Any], groups: int) -> None:
    """kernel: (C out, C in / groups, kh, kw). A fused node carries a bias and an activation with it."""
    fused = node.texts("fused_ops")
    inputs = [graph.channels_first(node.inputs[0]), graph.builder.constant(kernel)]
    if fused[:1] == ["BiasAdd"]:
        inputs.append(graph.builder.constant(graph.value(node, 2).reshape(-1)))
        fused = fused[1:]
    elif len(node.inputs) > 2:
        raise unsupported(node, f"more than two inputs without a fused bias, but {fused}")
    dilations = _plane(node, "dilations")
    if max(dilations) > 1 and node.text("padding", "") == "SAME":
        raise unsupported(node, "dilation with the padding SAME, which ONNX Runtime does not compute")
    result = graph.builder.add(
        "Conv",
        inputs,
        group=groups,
        kernel_shape=list(kernel.shape[2:]),
        strides=_plane(node, "strides"),
        dilations=dilations,
        auto_pad=_padding(node),
    )
    for name in fused:
        if name not in ACTIVATIONS:
            raise unsupported(node, f"the fused operation {name}")
        result = activation(graph, name, result)
    graph.channels_last(result, node.name)


def max_pool(graph: TfjsGraph, node: Node) -> None:
    """MaxPool; what "SAME" adds around the picture never wins."""
    result = graph.builder.add(
        "MaxPool",
        [graph.channels_first(node.inputs[0])],
        kernel_shape=_plane(node, "ksize"),
        strides=_plane(node, "strides"),
        auto_pad=_padding(node),
    )
    graph.channels_last(result, node.name)


def resize_bilinear(graph: TfjsGraph, node: Node) -> None:
    """ResizeBilinear to (height, width), the second input."""
    if node.flag("align_corners"):
        mode = "align_corners"
    else:
        mode = "half_pixel" if node.flag("half_pixel_centers") else "asymmetric"
    picture = graph.channels_first(node.inputs[0])
    kept = graph.builder.add("Shape", [picture], start=0, end=2)
    size = graph.builder.add("Concat", [kept, graph.int64(node.inputs[1])], axis=0)
    result = graph.builder.add(
        "Resize",
        [picture, "", "", size],
        mode="linear",
        coordinate_transformation_mode=mode,
    )
    graph.channels_last(result, node.name)


def depth_to_space(graph: TfjsGraph, node: Node) -> None:
    """DepthToSpace: channel (row * block + column) * C' + c becomes channel c of the pixel (row, column)."""
    _require_channels_last(node)
    result = graph.builder.add(
        "DepthToSpace",
        [graph.channels_first(node.inputs[0])],
        blocksize=node.integer("block_size"),
        mode="DCR",
    )
    graph.channels_last(result, node.name)


def activation(graph: TfjsGraph, name: str, tensor: str, output: str | None = None) -> str:
    """Relu or Relu6 of a tensor of any shape."""
    if name == "Relu6":
        bounds = [graph.builder.constant(np.float32(0)), graph.builder.constant(np.float32(6))]
        return graph.builder.add("Clip", [tensor, *bounds], output)
    return graph.builder.add(name, [tensor], output)


def _activation(graph: TfjsGraph, node: Node) -> None:
    activation(graph, node.op, node.inputs[0], node.name)


def _plane(node: Node, key: str) -> list[int]:
    """Height and width of an attribute that has one number an axis, [1, 1] when absent."""
    _require_channels_last(node)
    return node.integers(key)[1:3] or [1, 1]


def _padding(node: Node) -> str:
    padding = node.text("padding", "")
    if padding not in PADDINGS:
        raise unsupported(node, f"the padding {padding or 'that is not given'}")
    return PADDINGS[padding]


def _require_channels_last(node: Node) -> None:
    layout = node.text("data_format", "NHWC")
    if layout != "NHWC":
        raise unsupported(node, f"the data format {layout}")


ACTIVATIONS = ("Relu", "Relu6")

LAYERS: dict[str, Converter] = {
    "Conv2D": convolution,
    "_FusedConv2D": convolution,
    "DepthwiseConv2dNative": depthwise_convolution,
    "FusedDepthwiseConv2dNative": depthwise_convolution,
    "MaxPool": max_pool,
    "ResizeBilinear": resize_bilinear,
    "DepthToSpace": depth_to_space,
    "Relu": _activation,
    "Relu6": _activation,
}
