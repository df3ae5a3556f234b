"""The view-invariant network: a residual multilayer perceptron (`perceptron`; as Pr-VIPE embeds keypoints, Sun et
al. 2020, arXiv:1912.01001), whose last layer also sees what enters the first."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from contrapposto.networks import perceptron
from contrapposto.skeleton import COUNT

DIMENSION = 32
"""Numbers of an embedding."""


class KeypointEmbedder(nn.Module):
    """(N, 51) as `poses.lifting.encode` makes them, to (N, dimension) embeddings. An unseen keypoint is three
    zeros."""

    def __init__(self, width: int, blocks: int, dimension: int = DIMENSION) -> None:
        super().__init__()
        self.enter = perceptron.layer(3 * COUNT, width)
        self.blocks = nn.Sequential(*(perceptron.Block(width) for _ in range(blocks)))
        self.leave = nn.Linear(width + 3 * COUNT, dimension)

    def forward(self, keypoints: Tensor) -> Tensor:
        """(N, 51) to (N, dimension)."""
        found: Tensor = self.leave(torch.cat([self.blocks(self.enter(keypoints)), keypoints], dim=1))
        return found

    def simplify(self) -> None:
        """See `perceptron.simplify`; the last layer is rounded too."""
        perceptron.simplify(perceptron.in_order(self.enter, self.blocks))
        with torch.no_grad():
            self.leave.weight.copy_(self.leave.weight.half().float())
        self.eval()

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """Weight (out, in) and bias (out,) of each layer of a simplified network in order: what the ONNX file
        holds."""
        last = (self.leave.weight.detach(), self.leave.bias.detach())
        return [*perceptron.folded(perceptron.in_order(self.enter, self.blocks)), last]
