"""The view-invariant network: a residual multilayer perceptron (after Martinez et al. 2017, arXiv:1705.03098, as
Pr-VIPE embeds keypoints, Sun et al. 2020, arXiv:1912.01001), whose last layer also sees what enters the first."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from contrapposto.networks.lifter import Block, _folded, _layer
from contrapposto.skeleton import COUNT

DIMENSION = 32
"""Numbers of an embedding."""


class KeypointEmbedder(nn.Module):
    """(N, 51) as `poses.lifting.encode` makes them, to (N, dimension) embeddings. An unseen keypoint is three
    zeros."""

    def __init__(self, width: int, blocks: int, dimension: int = DIMENSION) -> None:
        super().__init__()
        self.enter = _layer(3 * COUNT, width)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.leave = nn.Linear(width + 3 * COUNT, dimension)

    def forward(self, keypoints: Tensor) -> Tensor:
        """(N, 51) to (N, dimension)."""
        found: Tensor = self.leave(torch.cat([self.blocks(self.enter(keypoints)), keypoints], dim=1))
        return found

    def simplify(self) -> None:
        """Folds the normalisation into the layers and rounds all weights to float16, in place. From then on the
        network is for use, not for training."""
        with torch.no_grad():
            for layer in self._inner():
                weight, bias = _folded(layer)
                linear, norm = layer.linear, layer.norm
                assert isinstance(linear, nn.Linear)
                assert isinstance(norm, nn.BatchNorm1d)
                norm.reset_running_stats()
                norm.weight.fill_((1 + norm.eps) ** 0.5)
                norm.bias.copy_(bias)
                linear.weight.copy_(weight.half().float())
            self.leave.weight.copy_(self.leave.weight.half().float())
        self.eval()

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """Weight (out, in) and bias (out,) of each layer of a simplified network in order: what the ONNX file
        holds."""
        pairs = []
        for layer in self._inner():
            linear, norm = layer.linear, layer.norm
            assert isinstance(linear, nn.Linear)
            assert isinstance(norm, nn.BatchNorm1d)
            pairs.append((linear.weight.detach(), norm.bias.detach()))
        return [*pairs, (self.leave.weight.detach(), self.leave.bias.detach())]

    def _inner(self) -> list[nn.Sequential]:
        """All layers but the last, in order."""
        found: list[nn.Sequential] = [self.enter]
        for block in self.blocks:
            assert isinstance(block, Block)
            found += [layer for layer in block.layers if isinstance(layer, nn.Sequential)]
        return found
