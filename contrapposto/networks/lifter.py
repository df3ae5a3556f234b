"""The lifting network: a residual multilayer perceptron (`perceptron`), whose last layer also sees what enters the
first."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from contrapposto.networks import perceptron
from contrapposto.skeleton import COUNT, INDEX

HIPS = (INDEX["left_hip"], INDEX["right_hip"])


class LifterNetwork(nn.Module):
    """(N, 51) as `poses.lifting.encode` makes them, to (N, 51): x, y, z of each keypoint in turn, metres in the
    camera frame, the origin in the middle of the hips."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.enter = perceptron.layer(3 * COUNT, width)
        self.blocks = nn.Sequential(*(perceptron.Block(width) for _ in range(blocks)))
        self.leave = nn.Linear(width + 3 * COUNT, 3 * COUNT)

    def forward(self, keypoints: Tensor) -> Tensor:
        """(N, 51) to (N, 51)."""
        inner = self.blocks(self.enter(keypoints))
        found = self.leave(torch.cat([inner, keypoints], dim=1)).reshape(-1, COUNT, 3)
        hips = (found[:, HIPS[0]] + found[:, HIPS[1]]) / 2
        centred: Tensor = (found - hips[:, None]).flatten(1)
        return centred

    def simplify(self) -> None:
        """See `perceptron.simplify`; the last layer stays as it is."""
        perceptron.simplify(perceptron.in_order(self.enter, self.blocks))
        self.eval()

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """Weight (out, in) and bias (out,) of each layer of a simplified network in order, the centring on the hips
        folded into the last: what the ONNX file holds."""
        centring = torch.eye(3 * COUNT).reshape(COUNT, 3, COUNT, 3)
        for hip in HIPS:
            for axis in range(3):
                centring[:, axis, hip, axis] -= 0.5
        matrix = centring.reshape(3 * COUNT, 3 * COUNT)
        last = (matrix @ self.leave.weight.detach(), matrix @ self.leave.bias.detach())
        return [*perceptron.folded(perceptron.in_order(self.enter, self.blocks)), last]
