"""The simple baseline of pose estimation (Xiao, Wu and Wei 2018, arXiv:1804.06208): a trunk, deconvolutions that
double its map until it has a quarter of the picture's sides, and one heatmap a keypoint; and attention on these
deconvolutions (`attention.py`).

A trunk has a first part, up to a sixteenth of the picture's sides, and a last one. The first can be frozen: what it
sees of a picture then never changes, and is computed once.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from torch import Tensor, nn

from contrapposto.networks.attention import KINDS, Kind, Size, summed

STRIDE = 32
"""Sides of the picture over those of a trunk's last map."""

DECONVOLUTIONS = 3
"""Each doubles the map."""


class Found(NamedTuple):
    """heatmaps: (N, J, H, W); scales: the holistic mask (N, 1, h, w) of each scale, from the trunk's map to the
    last, empty without; holistic: (N, 1, H, W) their sum, None without; parts: (N, J, H, W) the part-wise masks,
    None without."""

    heatmaps: Tensor
    scales: tuple[Tensor, ...]
    holistic: Tensor | None
    parts: Tensor | None


class Decoder(nn.Module):
    """Of a trunk's map (N, entering, h, w) heatmaps (N, joints, 8 h, 8 w).

    size: (h, w); width: channels of the deconvolutions, 256 as published; holistic, parts: the kind of the masks,
    None for none.
    """

    def __init__(
        self,
        entering: int,
        joints: int,
        size: Size,
        width: int = 256,
        holistic: Kind | None = None,
        parts: Kind | None = None,
    ) -> None:
        super().__init__()
        channels = [entering] + [width] * DECONVOLUTIONS
        self.layers = nn.ModuleList(_deconvolution(*pair) for pair in pairwise(channels))
        scales = [2**step for step in range(DECONVOLUTIONS + 1)]
        self.holistic = nn.ModuleList()
        if holistic:
            for channel, scale in zip(channels, scales, strict=True):
                self.holistic.append(KINDS[holistic](channel, 1, (size[0] * scale, size[1] * scale), scale))
        last = (size[0] * scales[-1], size[1] * scales[-1])
        self.parts = KINDS[parts](width, joints, last, scales[-1]) if parts else None
        self.final = nn.Conv2d(width, joints, 1, bias=False)
        self.bias = nn.Parameter(self.final.weight.new_zeros(joints, 1, 1))
        nn.init.normal_(self.final.weight, std=0.001)

    def forward(self, seen: Tensor) -> Tensor:
        """The heatmaps alone."""
        return self.found(seen).heatmaps

    def found(self, seen: Tensor) -> Found:
        """Heatmaps and masks. A part's mask attends the map before its own 1x1 convolution; this is its product
        with what the convolution makes of the map."""
        tensors = [seen]
        for layer in self.layers:
            tensors.append(layer(tensors[-1]))
        scales = tuple(mask(tensor) for mask, tensor in zip(self.holistic, tensors, strict=False))
        last = tensors[-1]
        holistic = summed(scales) if scales else None
        if holistic is not None:
            last = last * holistic
        heatmaps = self.final(last)
        parts = self.parts(last) if self.parts is not None else None
        if parts is not None:
            heatmaps = heatmaps * parts
        return Found(heatmaps + self.bias, scales, holistic, parts)


class ShortLast(nn.Module):
    """Two 3x3 convolutions, the first with stride 2, in place of the last blocks of EfficientNet-lite0:
    (N, 112, h, w) to (N, 256, h / 2, w / 2)."""

    width = 256

    def __init__(self) -> None:
        super().__init__()
        inner = 192
        self.layers = nn.Sequential(
            nn.Conv2d(112, inner, 3, 2, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, self.width, 3, 1, 1, bias=False),
            nn.BatchNorm2d(self.width),
            nn.ReLU(),
        )

    def forward(self, seen: Tensor) -> Tensor:
        """(N, 112, h, w) to (N, 256, h / 2, w / 2)."""
        found: Tensor = self.layers(seen)
        return found


class HeatmapNetwork(nn.Module):
    """What learns: the last part of a trunk and a decoder. before: the first part of the trunk, which learns too;
    None where this is given what it sees."""

    def __init__(self, before: nn.Module | None, last: nn.Module, decoder: Decoder) -> None:
        super().__init__()
        self.before, self.last, self.decoder = before, last, decoder

    def forward(self, given: Tensor) -> Tensor:
        """Heatmaps of pictures (N, 3, H, W), or of what the first part sees of them."""
        return self.found(given).heatmaps

    def found(self, given: Tensor) -> Found:
        """Heatmaps and masks."""
        seen = given if self.before is None else self.before(given)
        return self.decoder.found(self.last(seen))


class Exported(nn.Module):
    """The form that is written: pictures (N, 3, H, W), (RGB - 127) / 128, to heatmaps, and with attention to the
    masks, in the order of `names`."""

    def __init__(self, first: nn.Module | None, network: HeatmapNetwork) -> None:
        super().__init__()
        self.first, self.network = first, network

    @property
    def names(self) -> tuple[str, ...]:
        """`heatmaps`; `scale0` to `scale3` and `holistic`; `parts`."""
        decoder = self.network.decoder
        scales = [f"scale{number}" for number in range(len(decoder.holistic))]
        return ("heatmaps", *scales, *(["holistic"] if scales else []), *(["parts"] if decoder.parts else []))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The outputs that `names` names."""
        found = self.network.found(images if self.first is None else self.first(images))
        more = [mask for mask in (found.holistic, found.parts) if mask is not None]
        return (found.heatmaps, *found.scales, *more)


def _deconvolution(entering: int, width: int) -> nn.Module:
    """Doubles a map: 4x4, stride 2, as published with batch normalisation and a rectifier behind it."""
    layer = nn.ConvTranspose2d(entering, width, 4, 2, 1, bias=False)
    nn.init.normal_(layer.weight, std=0.001)
    return nn.Sequential(layer, nn.BatchNorm2d(width), nn.ReLU())
