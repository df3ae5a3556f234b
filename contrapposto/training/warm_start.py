"""Layers of weights that are there already, for a network that learns something else from the same input."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from contrapposto import weights
from contrapposto.networks.keypoint_embedder import KeypointEmbedder

Layer = tuple[Tensor, Tensor]

_STILL = 1e-3


def layers_of(name: str) -> list[Layer]:
    """Weight (out, in) and bias (out,) of each layer of own weights that `export.residual_perceptron` wrote, in
    order. Raises WeightsError."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(str(weights.path(name))).graph
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}

    def tensor(output: str) -> Tensor:
        values: Any = constants[casts.get(output, output)]
        return torch.from_numpy(np.array(values, dtype=np.float32))

    return [(tensor(node.input[1]), tensor(node.input[2])) for node in graph.node if node.op_type == "Gemm"]


def begin_with(network: KeypointEmbedder, layers: list[Layer], inputs: Tensor) -> None:
    """Puts all of these layers but the last into a network, as far as it goes on with layers of the same shape.

    inputs: (N, 51) for the statistics of the normalisation, which at first changes nothing on them.
    """
    entering = inputs
    with torch.no_grad():
        if not _put(network.enter, layers[0], entering):
            return
        tensor = network.enter.eval()(entering)
        for number, block in enumerate(network.blocks):
            inner = tensor
            for step, layer in enumerate(block.layers):
                place = 1 + 2 * number + step
                if place >= len(layers) - 1 or not _put(layer, layers[place], inner):
                    network.train()
                    return
                inner = layer.eval()(inner)
            tensor = tensor + inner
    network.train()


def _put(layer: nn.Sequential, given: Layer, entering: Tensor) -> bool:
    """Whether the shapes fit; the layer then does what the given one does to what enters."""
    weight, bias = given
    linear, norm = layer.linear, layer.norm
    assert isinstance(linear, nn.Linear)
    assert isinstance(norm, nn.BatchNorm1d)
    if linear.weight.shape != weight.shape:
        return False
    found = entering @ weight.T
    mean, deviation = found.mean(0), found.std(0) + _STILL
    linear.weight.copy_(weight)
    norm.weight.copy_(deviation)
    norm.bias.copy_(mean + bias)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(deviation**2)
    return True
