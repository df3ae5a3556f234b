"""Attention on the decoder of a heatmap network: what a map of features should be looked at.

A mask has one number a cell of the map; what it attends is multiplied with it. Four kinds, all on top of U, a 3x3
convolution of the features to one channel a mask:

- `softmax`: exp(U) over its sum, times the number of cells, so that a mask that knows nothing is 1 everywhere
  (Chu et al. 2017, equation 2, there without the factor; masks of unlike sizes could not be summed then);
- `gaussian`: the Gaussian, 1 at its peak, with the mean and the deviations across and down of softmax(U);
- `transformer`: a learned template in 0..1, laid on the map by an affine transformation that is estimated from the
  features, 0 outside (Jaderberg et al. 2015, spatial transformer networks, turned from pictures to masks); it has
  its own convolution instead of U;
- `crf`: mean-field iterations of a conditional random field (Chu et al. 2017, section 4.1):
  Q0 = sigmoid(K * U + U), Qt = sigmoid(K * Q(t-1) + U), with one kernel K for all iterations. K has spatial extent:
  with a single cell it would smooth nothing.

Holistic: one mask of the map before and after each deconvolution, brought to the size of the last map (nearest
neighbour) and summed; the sum attends the last map. Part-wise: one mask a keypoint, of the map that the holistic
ones have attended; each attends its own keypoint's heatmap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Kind = Literal["softmax", "gaussian", "transformer", "crf"]

Size = tuple[int, int]

ITERATIONS = 3
"""Of the mean field after Q0."""

WIDEST = 11
"""Cells of K on a map of 64 rows, as published; narrower on smaller maps, see `extent`."""

TEMPLATE = 9
"""Cells of the template of a spatial transformer, on either side."""

_LEAST_SPREAD = 0.02
_LOOKS = 8


def extent(rows: int) -> int:
    """Cells of the kernel K on a map of so many rows: `WIDEST` on 64, in proportion on others, odd, at least 3."""
    return max(3, round((WIDEST * rows / 64 - 1) / 2) * 2 + 1)


class SoftmaxMasks(nn.Module):
    """(N, C, H, W) to (N, count, H, W) masks, at least 0, of mean 1."""

    def __init__(self, channels: int, count: int, size: Size, shrink: int) -> None:
        super().__init__()
        self.unary = nn.Conv2d(channels, count, 3, padding=1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """The masks of features."""
        return softmax_masks(self.unary(features))


class GaussianMasks(nn.Module):
    """(N, C, H, W) to (N, count, H, W) masks in 0..1, whose peak is 1."""

    def __init__(self, channels: int, count: int, size: Size, shrink: int) -> None:
        super().__init__()
        self.unary = nn.Conv2d(channels, count, 3, padding=1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """The masks of features."""
        return gaussian_masks(self.unary(features))


class TransformerMasks(nn.Module):
    """(N, C, H, W) to (N, count, H, W) masks in 0..1."""

    def __init__(self, channels: int, count: int, size: Size, shrink: int) -> None:
        super().__init__()
        self.shrink, self.count = shrink, count
        cells = (size[0] // shrink) * (size[1] // shrink)
        self.narrow = nn.Conv2d(channels, _LOOKS, 1)
        self.place = nn.Sequential(nn.Linear(_LOOKS * cells, 32), nn.ReLU(), nn.Linear(32, 6 * count))
        nn.init.zeros_(self.place[-1].weight)
        self.place[-1].bias.data = torch.tensor([1.0, 0, 0, 0, 1, 0]).repeat(count)
        line = torch.linspace(-2, 2, TEMPLATE)
        self.template = nn.Parameter((1.5 - line[:, None] ** 2 - line**2).repeat(count, 1, 1))

    def forward(self, features: Tensor) -> Tensor:
        """The masks of features."""
        looked = functional.relu(self.narrow(functional.avg_pool2d(features, self.shrink)))
        theta = self.place(looked.flatten(1)).reshape(-1, self.count, 2, 3)
        return transformed(torch.sigmoid(self.template), theta, features.shape[2], features.shape[3])


class CrfMasks(nn.Module):
    """(N, C, H, W) to (N, count, H, W) masks in 0..1. Each mask has its own kernel K (count, 1, k, k)."""

    def __init__(self, channels: int, count: int, size: Size, shrink: int) -> None:
        super().__init__()
        self.unary = nn.Conv2d(channels, count, 3, padding=1)
        width = extent(size[0])
        self.kernel = nn.Parameter(torch.full((count, 1, width, width), 1.0 / width**2))

    def forward(self, features: Tensor) -> Tensor:
        """The masks of features."""
        return mean_field(self.unary(features), self.kernel)


def softmax_masks(unary: Tensor) -> Tensor:
    """(N, M, H, W) softmax over each map, times its number of cells."""
    flat = unary.flatten(2)
    masks: Tensor = (flat.softmax(dim=2) * flat.shape[2]).reshape(unary.shape)
    return masks


def gaussian_masks(unary: Tensor) -> Tensor:
    """(N, M, H, W) exp(-((x - mx)^2 / sx^2 + (y - my)^2 / sy^2) / 2): mx, my are the means and sx^2, sy^2 the
    variances of softmax(unary), these plus 0.02^2, in sides of the map; places are the middles of cells."""
    share = unary.flatten(2).softmax(dim=2).reshape(unary.shape)
    exponent = torch.zeros_like(share)
    for axis in (2, 3):
        count = unary.shape[axis]
        place = (torch.arange(count, device=unary.device, dtype=unary.dtype) + 0.5) / count
        along = share.sum(dim=5 - axis)
        mean = (along * place).sum(dim=2, keepdim=True)
        spread = (along * (place - mean) ** 2).sum(dim=2, keepdim=True) + _LEAST_SPREAD**2
        part = (place - mean) ** 2 / (2 * spread)
        exponent = exponent + part.unsqueeze(5 - axis)
    return torch.exp(-exponent)


def transformed(template: Tensor, theta: Tensor, rows: int, columns: int) -> Tensor:
    """(N, M, rows, columns) templates (M, T, T) as affine maps see them: the cell whose middle is at (x, y), each
    -1..1 over the map, shows the template at theta (N, M, 2, 3) times (x, y, 1), each -1..1 over the template,
    bilinear, 0 outside."""
    number, count = theta.shape[:2]
    across = (torch.arange(columns, device=theta.device, dtype=theta.dtype) * 2 + 1) / columns - 1
    down = (torch.arange(rows, device=theta.device, dtype=theta.dtype) * 2 + 1) / rows - 1
    places = torch.stack(
        [across.repeat(rows), down.repeat_interleave(columns), torch.ones_like(across).repeat(rows)]
    )
    grid = (theta.reshape(-1, 2, 3) @ places).transpose(1, 2).reshape(number * count, rows, columns, 2)
    templates = template.unsqueeze(0).expand(number, -1, -1, -1).reshape(number * count, 1, *template.shape[1:])
    found = functional.grid_sample(templates, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return found.reshape(number, count, rows, columns)


def mean_field(unary: Tensor, kernel: Tensor) -> Tensor:
    """(N, M, H, W) Q after `ITERATIONS`; kernel: (M, 1, k, k), k odd; beyond the edge both are 0."""

    def smoothed(map_: Tensor) -> Tensor:
        return functional.conv2d(map_, kernel, padding=kernel.shape[-1] // 2, groups=kernel.shape[0])

    found = torch.sigmoid(smoothed(unary) + unary)
    for _ in range(ITERATIONS):
        found = torch.sigmoid(smoothed(found) + unary)
    return found


def summed(masks: Sequence[Tensor]) -> Tensor:
    """(N, 1, H, W) sum of masks (N, 1, h, w), brought to the size of the last by nearest neighbour."""
    rows, columns = masks[-1].shape[2:]
    total = masks[-1]
    for mask in masks[:-1]:
        total = total + enlarged(mask, rows // mask.shape[2], columns // mask.shape[3])
    return total


def enlarged(mask: Tensor, down: int, across: int) -> Tensor:
    """(N, M, h down, w across) of (N, M, h, w), each cell repeated."""
    wide = mask[:, :, :, None, :, None].expand(-1, -1, -1, down, -1, across)
    return wide.reshape(mask.shape[0], mask.shape[1], mask.shape[2] * down, mask.shape[3] * across)


KINDS: Mapping[Kind, Callable[[int, int, Size, int], nn.Module]] = {
    "softmax": SoftmaxMasks,
    "gaussian": GaussianMasks,
    "transformer": TransformerMasks,
    "crf": CrfMasks,
}
"""What makes masks of each kind. It is given the channels of the features, how many masks there are, the rows and
columns of the map, and how much larger than the trunk's map it is, by which a spatial transformer averages it
before it estimates where its template lies."""
