"""EfficientNet-lite in PyTorch, which takes the published weights, and an embedding of people on top of it.

The structure is the one of `weights/efficientnet.py` (Tan and Le 2019, arXiv:1905.11946, in its "lite" form), the
names of the layers are those of the published state dict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from contrapposto import weights
from contrapposto.errors import WeightsError
from contrapposto.weights.efficientnet import EPSILON, STAGE_STRIDES

SCALES: Mapping[str, tuple[float, float]] = {
    "efficientnet-lite0": (1.0, 1.0),
    "efficientnet-lite1": (1.0, 1.1),
    "efficientnet-lite2": (1.1, 1.2),
}
"""What widths and numbers of blocks are multiplied with."""

STAGES = (
    (1, 3, 1, 16),
    (2, 3, 6, 24),
    (2, 5, 6, 40),
    (3, 3, 6, 80),
    (3, 5, 6, 112),
    (4, 5, 6, 192),
    (1, 3, 6, 320),
)
"""Blocks, size of the kernel, widening and channels of each stage of EfficientNet-B0; the first and the last stage
always have one block."""

STEM, WIDTH = 32, 1280
"""Channels behind the first layer and of the last map."""


class Block(nn.Module):
    """Inverted bottleneck: widen (not in the first stage), filter each channel, narrow, add what entered."""

    def __init__(self, entering: int, width: int, size: int, widening: int, stride: int) -> None:
        super().__init__()
        wide = entering * widening
        self.widens = widening != 1
        if self.widens:
            self._expand_conv = nn.Conv2d(entering, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = nn.Conv2d(wide, wide, size, stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, width, 1, bias=False)
        self._bn2 = _norm(width)
        self.adds = stride == 1 and entering == width

    def forward(self, tensor: Tensor) -> Tensor:
        """(N, entering, h, w) to (N, width, h / stride, w / stride), rounded up."""
        inner = tensor
        if self.widens:
            inner = functional.relu6(self._bn0(self._expand_conv(inner)))
        inner = functional.relu6(self._bn1(self._depthwise_conv(_padded(inner, self._depthwise_conv))))
        inner = self._bn2(self._project_conv(inner))
        return tensor + inner if self.adds else inner


class Stem(nn.Module):
    """The first layer: (N, 3, H, W) to (N, 32, H / 2, W / 2), rounded up."""

    def __init__(self, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.convolution, self.norm = convolution, norm

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, 32, H / 2, W / 2)."""
        return functional.relu6(self.norm(self.convolution(_padded(images, self.convolution))))


class Trunk(nn.Module):
    """(N, 3, H, W) RGB, (value - 127) / 128, to (N, 1280): the mean over the last map, as the output `features` of
    the ONNX file. name: one of `SCALES`."""

    def __init__(self, name: str = "efficientnet-lite0") -> None:
        super().__init__()
        if name not in SCALES:
            raise ValueError(f"unknown trunk {name!r}; there are {', '.join(SCALES)}")
        self.name = name
        widening, deepening = SCALES[name]
        self._conv_stem = nn.Conv2d(3, STEM, 3, 2, bias=False)
        self._bn0 = _norm(STEM)
        blocks: list[nn.Module] = []
        entering = STEM
        for number, (repeats, size, wider, base) in enumerate(STAGES):
            width = _rounded(base * widening)
            count = repeats if number in (0, len(STAGES) - 1) else math.ceil(repeats * deepening)
            for place in range(count):
                stride = STAGE_STRIDES[number] if place == 0 else 1
                blocks.append(Block(entering, width, size, wider, stride))
                entering = width
        self._blocks = nn.Sequential(*blocks)
        self._conv_head = nn.Conv2d(entering, WIDTH, 1, bias=False)
        self._bn1 = _norm(WIDTH)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, 1280)."""
        mean: Tensor = self.map(images).mean(dim=(2, 3))
        return mean

    def map(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to the last map, (N, 1280, H / 32, W / 32), rounded up."""
        inner = functional.relu6(self._bn0(self._conv_stem(_padded(images, self._conv_stem))))
        found: Tensor = functional.relu6(self._bn1(self._conv_head(self._blocks(inner))))
        return found

    def parts(self) -> tuple[nn.Module, nn.Module, int]:
        """Two modules that share this one's weights: pictures (N, 3, H, W) to the map at a sixteenth of their
        sides, (N, 112, H / 16, W / 16) in lite0, and that to the map before the last convolution, which serves the
        classes of ImageNet, (N, 320, H / 32, W / 32); and the latter's channels."""
        strides = [int(block._depthwise_conv.stride[0]) for block in self._blocks]
        cut = max(place for place, stride in enumerate(strides) if stride == 2)
        first = nn.Sequential(Stem(self._conv_stem, self._bn0), *self._blocks[:cut])
        return first, self._blocks[cut:], int(self._conv_head.in_channels)

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Takes the weights of a published state dict, whose classifier is left out. Raises WeightsError when it
        is of another network."""
        try:
            self.load_state_dict({name: value for name, value in state.items() if not name.startswith("_fc.")})
        except RuntimeError as error:
            raise WeightsError(f"the state dict is not the one of {self.name}; give its own") from error


class Head(nn.Module):
    """(N, 1280) to (N, width) through one hidden layer; of length 1 if `unit`."""

    def __init__(self, hidden: int = 512, width: int = 128, unit: bool = True) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(WIDTH, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.unit = unit

    def forward(self, features: Tensor) -> Tensor:
        """(N, 1280) to (N, width)."""
        embedded: Tensor = self.layers(features).float()
        return functional.normalize(embedded, dim=1) if self.unit else embedded


class PoseEmbedder(nn.Module):
    """(N, 3, H, W), as the trunk's, to (N, width), as the head's."""

    def __init__(self, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.trunk, self.head = trunk, head

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, width)."""
        embedded: Tensor = self.head(self.features(images))
        return embedded

    def features(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, 1280)."""
        found: Tensor = self.trunk(images)
        return found


def published(name: str, progress: weights.Progress | None = None) -> dict[str, Tensor]:
    """The state dict of a network of the table of weights, fetched when it is not there. Raises WeightsError."""
    path = weights.source(name, progress=progress)
    try:
        state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError) as error:
        raise WeightsError(f"{path.name} is no EfficientNet-lite checkpoint; fetch it anew") from error
    return state


def pretrained(name: str = "efficientnet-lite0", progress: weights.Progress | None = None) -> Trunk:
    """A trunk with its ImageNet weights, fetched when they are not there. Raises WeightsError."""
    trunk = Trunk(name)
    trunk.load(published(name, progress))
    return trunk


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=EPSILON, momentum=0.01)


def _padded(tensor: Tensor, convolution: nn.Conv2d) -> Tensor:
    """Zeros around a map so that what comes out has the size of the map over the stride, rounded up; the odd one
    is below and on the right (TensorFlow's "same")."""
    (size, _), (stride, _) = convolution.kernel_size, convolution.stride
    edges = []
    for length in (tensor.shape[3], tensor.shape[2]):
        missing = max((-(-int(length) // stride) - 1) * stride + size - int(length), 0)
        edges += [missing // 2, missing - missing // 2]
    return functional.pad(tensor, edges)


def _rounded(width: float) -> int:
    """To the nearest multiple of 8, not down by more than a tenth."""
    nearest = max(8, int(width + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * width else nearest
