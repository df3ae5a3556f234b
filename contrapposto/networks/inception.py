"""A network for the recipe of Mori et al., "Pose Embeddings" (2015, arXiv:1507.00302).

They say "Inception-like, 128 x 128 pixels, 128 numbers" and not more. This is the plain form of that time: the
widths of GoogLeNet (Szegedy et al. 2015, arXiv:1409.4842, table 1) without its two side outputs, and with batch
normalisation (Ioffe and Szegedy 2015) in place of normalisation over channels, so that it learns from random
weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 128
"""Pixels of the input's sides."""

Widths = tuple[int, int, int, int, int, int]

MODULES: tuple[tuple[Widths, ...], ...] = (
    ((64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64)),
    (
        (192, 96, 208, 16, 48, 64),
        (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64),
        (112, 144, 288, 32, 64, 64),
        (256, 160, 320, 32, 128, 128),
    ),
    ((256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128)),
)
"""Channels of the modules 3a-b, 4a-e and 5a-b: 1x1; 3x3 reduced, 3x3; 5x5 reduced, 5x5; behind the pooling. A
pooling that halves the map stands between the groups."""


class Inception(nn.Module):
    """Four paths side by side. (N, C, h, w) to (N, sum of the four widths, h, w)."""

    def __init__(self, entering: int, widths: Widths) -> None:
        super().__init__()
        one, less3, three, less5, five, pooled = widths
        self.paths = nn.ModuleList(
            [
                _layer(entering, one, 1),
                nn.Sequential(_layer(entering, less3, 1), _layer(less3, three, 3)),
                nn.Sequential(_layer(entering, less5, 1), _layer(less5, five, 5)),
                nn.Sequential(nn.MaxPool2d(3, 1, padding=1), _layer(entering, pooled, 1)),
            ]
        )
        self.width = one + three + five + pooled

    def forward(self, tensor: Tensor) -> Tensor:
        """(N, C, h, w) to (N, width, h, w)."""
        return torch.cat([path(tensor) for path in self.paths], dim=1)


class InceptionNetwork(nn.Module):
    """(N, 3, 128, 128) RGB, (value - 127) / 128, to (N, width) of length 1 if `unit`. Maps: 64 x 64 x 64
    behind the stem's first layer, 192 x 16 x 16 behind the stem, then 480 x 16 x 16, 832 x 8 x 8, 1024 x 4 x 4."""

    def __init__(self, width: int = 128, unit: bool = True) -> None:
        super().__init__()
        self.unit = unit
        layers: list[nn.Module] = [
            _layer(3, 64, 7, stride=2),
            nn.MaxPool2d(3, 2, padding=1),
            _layer(64, 64, 1),
            _layer(64, 192, 3),
            nn.MaxPool2d(3, 2, padding=1),
        ]
        entering = 192
        for number, group in enumerate(MODULES):
            if number:
                layers.append(nn.MaxPool2d(3, 2, padding=1))
            for widths in group:
                layers.append(Inception(entering, widths))
                entering = widths[0] + widths[2] + widths[4] + widths[5]
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Linear(entering, width)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, 128, 128) to (N, width)."""
        embedded: Tensor = self.head(self.trunk(images).mean(dim=(2, 3))).float()
        return functional.normalize(embedded, dim=1) if self.unit else embedded


def _layer(entering: int, width: int, size: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, rectifier; the map keeps its size but for the stride."""
    return nn.Sequential(
        nn.Conv2d(entering, width, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()
    )
