"""What the residual multilayer perceptrons share (after Martinez et al. 2017, arXiv:1705.03098): layers with batch
normalisation, blocks of two of them, and folding the normalisation away for use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Two layers that are added to what enters. (N, width) to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(layer(width, width), layer(width, width))

    def forward(self, tensor: Tensor) -> Tensor:
        """(N, width) to (N, width)."""
        added: Tensor = tensor + self.layers(tensor)
        return added


def layer(entering: int, width: int) -> nn.Sequential:
    """(N, entering) to (N, width): linear without bias, normalised, rectified."""
    named: list[tuple[str, nn.Module]] = [
        ("linear", nn.Linear(entering, width, bias=False)),
        ("norm", nn.BatchNorm1d(width)),
        ("rectified", nn.ReLU()),
    ]
    return nn.Sequential(OrderedDict(named))


def in_order(enter: nn.Sequential, blocks: Iterable[nn.Module]) -> list[nn.Sequential]:
    """The first layer and those of the blocks."""
    found = [enter]
    for block in blocks:
        assert isinstance(block, Block)
        found += [inner for inner in block.layers if isinstance(inner, nn.Sequential)]
    return found


def simplify(layers: Sequence[nn.Sequential]) -> None:
    """Folds the normalisation into the layers and rounds their weights to float16, in place. From then on they are
    for use, not for training."""
    with torch.no_grad():
        for inner in layers:
            weight, bias = _folded(inner)
            linear, norm = _parts(inner)
            norm.reset_running_stats()
            norm.weight.fill_((1 + norm.eps) ** 0.5)
            norm.bias.copy_(bias)
            linear.weight.copy_(weight.half().float())


def folded(layers: Sequence[nn.Sequential]) -> list[tuple[Tensor, Tensor]]:
    """Weight (out, in) and bias (out,) of each of the simplified layers: what an ONNX file holds."""
    pairs = [_parts(inner) for inner in layers]
    return [(linear.weight.detach(), norm.bias.detach()) for linear, norm in pairs]


def _parts(inner: nn.Sequential) -> tuple[nn.Linear, nn.BatchNorm1d]:
    linear, norm = inner.linear, inner.norm
    assert isinstance(linear, nn.Linear)
    assert isinstance(norm, nn.BatchNorm1d)
    return linear, norm


def _folded(inner: nn.Sequential) -> tuple[Tensor, Tensor]:
    linear, norm = _parts(inner)
    assert norm.running_var is not None
    assert norm.running_mean is not None
    gain = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    return linear.weight.detach() * gain[:, None], norm.bias.detach() - norm.running_mean * gain
