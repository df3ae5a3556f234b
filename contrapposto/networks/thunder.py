"""MoveNet Thunder as a PyTorch network that can learn on: MobileNetV2 (Sandler et al. 2018), 1.75 times as wide, a
feature pyramid, and one heatmap a keypoint (model card of MoveNet SinglePose Thunder; the structure is read off its
graph). Its own weights have the normalisation folded in, so there is none here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from contrapposto.errors import DataError
from contrapposto.skeleton import COUNT
from contrapposto.text import path_text

SIDE = 256
"""Pixels of the picture's sides."""

WIDTH = 1280
"""Channels of the trunk's map, 8 x 8."""

CELLS = 64
"""Sides of the heatmaps."""

HEATMAPS = "kpt_heatmap_0/conv2d_5/BiasAdd"
"""By this the heatmaps are called in the graph, before the sigmoid."""

_BLOCKS = (
    # channels out, stride, how often
    (40, 2, 2),
    (56, 2, 3),
    (112, 2, 4),
    (168, 1, 3),
    (280, 2, 3),
    (560, 1, 1),
)
_SCALE = 0.007843017578125
"""As the graph states it: 1 / 127.5, rounded."""

_FIRST, _ENTERING, _EXPANSION = 56, 32, 6
_BRANCHES = {2: 24, 5: 32, 9: 64}
"""After these blocks the pyramid takes the map, reduced to so many channels."""


class Begun(NamedTuple):
    """What the first so many blocks made of pictures: map: (N, C, H, W), the last one's; taken: those that the
    pyramid takes."""

    blocks: int
    map: Tensor
    taken: tuple[Tensor, ...]


class Found(NamedTuple):
    """logits: (N, 17, 64, 64) of the heatmaps, whose sigmoid is the score of a place; map: (N, 1280, 8, 8) 0..6,
    the trunk's last."""

    logits: Tensor
    map: Tensor


class Convolution(nn.Module):
    """A convolution whose picture is padded as TensorFlow does it: at stride 2 below and at the right alone."""

    def __init__(self, entering: int, leaving: int, size: int, stride: int = 1, *, bias: bool = True) -> None:
        super().__init__()
        self.stride, self.depthwise = stride, size > 1 and entering == leaving
        groups = entering if self.depthwise else 1
        self.inner = nn.Conv2d(
            entering, leaving, size, stride, size // 2 if stride == 1 else 0, groups=groups, bias=bias
        )

    def forward(self, given: Tensor) -> Tensor:
        """(N, entering, H, W) to (N, leaving, H / stride, W / stride)."""
        padded = functional.pad(given, (0, 1, 0, 1)) if self.stride == 2 else given
        found: Tensor = self.inner(padded)
        return found


class Inverted(nn.Module):
    """An inverted residual block."""

    def __init__(self, entering: int, leaving: int, stride: int) -> None:
        super().__init__()
        inner = entering * _EXPANSION
        self.rests = stride == 1 and entering == leaving
        self.layers = nn.Sequential(
            Convolution(entering, inner, 1),
            nn.ReLU6(inplace=True),
            Convolution(inner, inner, 3, stride),
            nn.ReLU6(inplace=True),
            Convolution(inner, leaving, 1),
        )

    def forward(self, given: Tensor) -> Tensor:
        """(N, entering, H, W) to (N, leaving, H / stride, W / stride)."""
        found: Tensor = self.layers(given)
        return given + found if self.rests else found


class ThunderNetwork(nn.Module):
    """Modules stand in the order of the graph."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Sequential(
            Convolution(3, _FIRST, 3, 2),
            nn.ReLU6(inplace=True),
            Convolution(_FIRST, _FIRST, 3),
            nn.ReLU6(inplace=True),
            Convolution(_FIRST, _ENTERING, 1),
        )
        self.blocks, self.branches = nn.ModuleList(), nn.ModuleDict()
        entering = _ENTERING
        for leaving, stride, count in _BLOCKS:
            for number in range(count):
                self.blocks.append(Inverted(entering, leaving, stride if number == 0 else 1))
                entering = leaving
                if len(self.blocks) in _BRANCHES:
                    self.branches[str(len(self.blocks))] = Convolution(leaving, _BRANCHES[len(self.blocks)], 1)
        self.last = nn.Sequential(Convolution(entering, WIDTH, 1), nn.ReLU6(inplace=True))
        self.top = Convolution(WIDTH, 64, 1)
        self.down = nn.ModuleList(
            nn.Sequential(Convolution(wide, wide, 3, bias=False), Convolution(wide, narrow, 1), nn.ReLU())
            for wide, narrow in ((64, 32), (32, 24), (24, 24))
        )
        self.heatmaps = nn.Sequential(
            Convolution(24, 24, 3, bias=False), Convolution(24, 96, 1), nn.ReLU(), Convolution(96, COUNT, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """The logits alone."""
        return self.found(images).logits

    def found(self, images: Tensor) -> Found:
        """Of pictures (N, 3, 256, 256), (RGB - 127) / 128."""
        return self.ended(self.begun(images, 0))

    def begun(self, images: Tensor, blocks: int) -> Begun:
        """Up to the end of so many of the 16 blocks."""
        seen = self.enter((images * 128 + 127) * _SCALE - 1)
        return self._through(Begun(0, seen, ()), blocks)

    def ended(self, begun: Begun) -> Found:
        """The rest of it."""
        passed = self._through(begun, len(self.blocks))
        branches = [self.branches[str(number)](map_) for number, map_ in zip(_BRANCHES, passed.taken, strict=True)]
        map_ = self.last(passed.map)
        pyramid = self.top(map_)
        for layer, branch in zip(self.down, reversed(branches), strict=True):
            larger = functional.interpolate(pyramid, scale_factor=2.0, mode="bilinear", align_corners=False)
            pyramid = layer(larger + branch)
        return Found(self.heatmaps(pyramid), map_)

    def _through(self, begun: Begun, blocks: int) -> Begun:
        """On to the end of so many blocks."""
        seen, taken = begun.map, list(begun.taken)
        for number in range(begun.blocks, blocks):
            seen = self.blocks[number](seen)
            if number + 1 in _BRANCHES:
                taken.append(seen)
        return Begun(blocks, seen, tuple(taken))

    def freeze(self, blocks: int) -> None:
        """What the picture goes through first, to the end of so many of the 16 blocks, learns no more; 0 for
        nothing."""
        for part in [self.enter, *self.blocks[:blocks]] if blocks else []:
            part.requires_grad_(False)

    @staticmethod
    def of(path: Path) -> ThunderNetwork:
        """With the weights of the ONNX file of Thunder. Raises DataError when it is none."""
        network = ThunderNetwork()
        layers, found = _graph_order(network), _convolutions(path)
        wanted = [(tuple(layer.weight.shape), layer.bias is not None) for layer in layers]
        if [(weight.shape, bias is not None) for weight, bias in found] != wanted:
            raise DataError(
                f"{path_text(path)}: its {len(found)} convolutions are not the {len(layers)} of MoveNet Thunder; "
                "fetch it again: contrapposto models fetch movenet-thunder"
            )
        with torch.no_grad():
            for layer, (weight, bias) in zip(layers, found, strict=True):
                layer.weight.copy_(torch.from_numpy(weight))
                if bias is not None:
                    layer.bias.copy_(torch.from_numpy(bias))
        return network


def _graph_order(network: ThunderNetwork) -> list[nn.Conv2d]:
    """In the graph each branch comes before the blocks behind it; in the network after all of them."""
    parts: list[nn.Module] = [network.enter]
    for number, block in enumerate(network.blocks, start=1):
        parts.append(block)
        if number in _BRANCHES:
            parts.append(network.branches[str(number)])
    parts += [network.last, network.top, *network.down, network.heatmaps]
    return [module.inner for part in parts for module in part.modules() if isinstance(module, Convolution)]


def _convolutions(path: Path) -> list[tuple[Any, Any]]:
    """Weight and bias, None for none, of the convolutions that the heatmaps come from, in order. Raises DataError
    when the file is no ONNX."""
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # protobuf's own are none of Python's
        raise DataError(f"{path_text(path)}: cannot be read as ONNX; fetch it again") from error
    constants = {item.name: item for item in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    wanted, asked = set(), [name for name in made if name.endswith(HEATMAPS)]
    while asked:
        node = made.get(asked.pop())
        if node is not None and node.output[0] not in wanted:
            wanted.add(node.output[0])
            asked += node.input
    found = []
    for node in graph.node:
        if node.output[0] in wanted and node.op_type == "Conv" and constants.keys() >= {*node.input[1:]}:
            values = [np.array(numpy_helper.to_array(constants[name]), np.float32) for name in node.input[1:]]
            found.append((values[0], values[1] if len(values) > 1 else None))
    return found
