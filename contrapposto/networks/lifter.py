"""The lifting network: a residual multilayer perceptron (after Martinez et al. 2017, arXiv:1705.03098), whose last
layer also sees what enters the first."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from contrapposto.skeleton import COUNT, INDEX

HIPS = (INDEX["left_hip"], INDEX["right_hip"])


class Block(nn.Module):
    """Two layers that are added to what enters. (N, width) to the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_layer(width, width), _layer(width, width))

    def forward(self, tensor: Tensor) -> Tensor:
        """(N, width) to (N, width)."""
        added: Tensor = tensor + self.layers(tensor)
        return added


class LifterNetwork(nn.Module):
    """(N, 51) as `poses.lifting.encode` makes them, to (N, 51): x, y, z of each keypoint in turn, metres in the
    camera frame, the origin in the middle of the hips."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.enter = _layer(3 * COUNT, width)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.leave = nn.Linear(width + 3 * COUNT, 3 * COUNT)

    def forward(self, keypoints: Tensor) -> Tensor:
        """(N, 51) to (N, 51)."""
        inner = self.blocks(self.enter(keypoints))
        found = self.leave(torch.cat([inner, keypoints], dim=1)).reshape(-1, COUNT, 3)
        hips = (found[:, HIPS[0]] + found[:, HIPS[1]]) / 2
        centred: Tensor = (found - hips[:, None]).flatten(1)
        return centred

    def simplify(self) -> None:
        """Folds the normalisation into the layers and rounds their weights to float16, in place. From then on the
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
        self.eval()

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """Weight (out, in) and bias (out,) of each layer of a simplified network in order, the centring on the hips
        folded into the last: what the ONNX file holds."""
        pairs = []
        for layer in self._inner():
            linear, norm = layer.linear, layer.norm
            assert isinstance(linear, nn.Linear)
            assert isinstance(norm, nn.BatchNorm1d)
            pairs.append((linear.weight.detach(), norm.bias.detach()))
        centring = torch.eye(3 * COUNT).reshape(COUNT, 3, COUNT, 3)
        for hip in HIPS:
            for axis in range(3):
                centring[:, axis, hip, axis] -= 0.5
        matrix = centring.reshape(3 * COUNT, 3 * COUNT)
        return [*pairs, (matrix @ self.leave.weight.detach(), matrix @ self.leave.bias.detach())]

    def _inner(self) -> list[nn.Sequential]:
        """All layers but the last, in order."""
        found: list[nn.Sequential] = [self.enter]
        for block in self.blocks:
            assert isinstance(block, Block)
            found += [layer for layer in block.layers if isinstance(layer, nn.Sequential)]
        return found


def _layer(entering: int, width: int) -> nn.Sequential:
    named: list[tuple[str, nn.Module]] = [
        ("linear", nn.Linear(entering, width, bias=False)),
        ("norm", nn.BatchNorm1d(width)),
        ("rectified", nn.ReLU()),
    ]
    return nn.Sequential(OrderedDict(named))


def _folded(layer: nn.Sequential) -> tuple[Tensor, Tensor]:
    linear, norm = layer.linear, layer.norm
    assert isinstance(linear, nn.Linear)
    assert isinstance(norm, nn.BatchNorm1d)
    assert norm.running_var is not None
    assert norm.running_mean is not None
    gain = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    return linear.weight.detach() * gain[:, None], norm.bias.detach() - norm.running_mean * gain
