"""The network of "Thin-Slicing for Pose" (Kwak, Cho and Laptev, CVPR 2016) as Curro's thesis gives its shapes: the
convolutions of VGG-S (Chatfield et al. 2014, arXiv:1405.3531) on 112 pixels, and two layers to a unit vector."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

SIDE = 112
"""Pixels of the input's sides."""

SHAPES = ((96, 53, 53), (96, 18, 18), (256, 14, 14), (256, 7, 7), (512, 7, 7), (512, 3, 3))
"""Of the maps behind convolution 1, pooling 1, convolution 2, pooling 2, convolution 5 and pooling 5."""


class ChannelNorm(nn.Module):
    """(N, C, h, w) to the same: each value over (2 + 5e-4 * m) ^ 0.75, m the mean of the squares of 5 channels
    about it, 0 beyond the first and the last (local response normalisation, Krizhevsky et al. 2012)."""

    def forward(self, tensor: Tensor) -> Tensor:
        """(N, C, h, w) to the same."""
        channels = tensor.shape[1]
        squares = functional.pad(tensor.float() ** 2, (0, 0, 0, 0, 2, 2))
        about = sum(squares[:, place : place + channels] for place in range(1, 5)) + squares[:, :channels]
        normed: Tensor = tensor * (2 + 1e-4 * about) ** -0.75
        return normed


class ThinSlicingNetwork(nn.Module):
    """(N, 3, 112, 112) RGB, (value - 127) / 128, to (N, width) of length 1 if `unit`.

    The published network is given BGR less the mean of ImageNet, and begins with the convolutions of a trained
    VGG-S, which cannot be had under a licence; here they begin at random. The normalisation over channels passes
    its gradient on, so that convolution 1 learns too.
    """

    def __init__(self, width: int = 128, dropout: float = 0.5, unit: bool = True) -> None:
        super().__init__()
        self.unit = unit
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 96, 7, stride=2),
            nn.ReLU(),
            ChannelNorm(),
            nn.MaxPool2d(3, 3, ceil_mode=True),
            nn.Conv2d(96, 256, 5),
            nn.ReLU(),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(256, 512, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(512, 512, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(512, 512, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(3, 3, ceil_mode=True),
        )
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(512 * 3 * 3, 2048), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2048, width)
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, 112, 112) to (N, width)."""
        embedded: Tensor = self.head(self.trunk(images)).float()
        return functional.normalize(embedded, dim=1) if self.unit else embedded
