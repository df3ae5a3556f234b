"""ResNet-50 (He et al. 2016, arXiv:1512.03385) up to its last map, in the form that the simple baseline uses: the
3x3 convolution of a block has the stride. No package holds weights for it: it learns from nothing, or takes a state
dict."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

STAGES = ((3, 64), (4, 128), (6, 256), (3, 512))
"""Blocks and inner channels of each stage; four times as many come out."""

WIDTH = 4 * STAGES[-1][1]
"""Channels of the last map."""


class Bottleneck(nn.Module):
    """1x1 to `inner` channels, 3x3, 1x1 to four times as many, plus what entered, and a rectifier."""

    def __init__(self, entering: int, inner: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(entering, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, 4 * inner, 1, bias=False), nn.BatchNorm2d(4 * inner)
        self.downsample = (
            nn.Sequential(nn.Conv2d(entering, 4 * inner, 1, stride, bias=False), nn.BatchNorm2d(4 * inner))
            if stride != 1 or entering != 4 * inner
            else nn.Identity()
        )

    def forward(self, tensor: Tensor) -> Tensor:
        """(N, entering, h, w) to (N, 4 inner, h / stride, w / stride)."""
        inner = functional.relu(self.bn1(self.conv1(tensor)))
        inner = functional.relu(self.bn2(self.conv2(inner)))
        return functional.relu(self.bn3(self.conv3(inner)) + self.downsample(tensor))


class ResNet50(nn.Module):
    """(N, 3, H, W) to (N, 2048, H / 32, W / 32); `first` gives the map at a sixteenth of the sides, (N, 1024,
    H / 16, W / 16), of which `last` makes the last one."""

    def __init__(self) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        entering = 64
        for number, (count, inner) in enumerate(STAGES):
            blocks = []
            for place in range(count):
                blocks.append(Bottleneck(entering, inner, 2 if number and not place else 1))
                entering = 4 * inner
            stages.append(nn.Sequential(*blocks))
        stem = (nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.first = nn.Sequential(*stem, *stages[:3])
        self.last = stages[3]

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, 2048, H / 32, W / 32)."""
        found: Tensor = self.last(self.first(images))
        return found
