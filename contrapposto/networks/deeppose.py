"""DeepPose (Toshev and Szegedy 2014, arXiv:1312.4659): joints as numbers, by a cascade of regressors.

The first stage is shown the whole box and gives every joint's place in it. Each later stage is shown a square
around where a joint was found, and gives how far the joint is from its middle; of its outputs, two for each joint,
those of the joint that the square lies on count.
"""

from __future__ import annotations

from torch import Tensor, nn

SIDE = 220
"""Pixels of the published input."""

CELLS, WIDTH = 36, 256
"""Of the last map."""

SHAPES = ((96, 11, 4), (256, 5, 1), (384, 3, 1), (384, 3, 1), (256, 3, 1))
"""Channels, size and stride of the convolutions of the published trunk (Krizhevsky et al. 2012); the first two and
the last are followed by a pooling."""


class AlexTrunk(nn.Module):
    """The published trunk up to its last pooling: (N, 3, 220, 220) to (N, 256, 6, 6)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        entering = 3
        for number, (width, size, stride) in enumerate(SHAPES):
            layers += [nn.Conv2d(entering, width, size, stride, size // 2), nn.ReLU()]
            if number < 2:
                layers.append(nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0))
            if number in (0, 1, 4):
                layers.append(nn.MaxPool2d(3, 2))
            entering = width
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, 220, 220) to (N, 256, 6, 6)."""
        found: Tensor = self.layers(images)
        return found


class Head(nn.Module):
    """(N, ...) of `entering` numbers to (N, joints, 2) by two hidden layers (4,096 each, as published)."""

    def __init__(self, entering: int, joints: int, hidden: int = 4096, dropout: float = 0.6) -> None:
        super().__init__()
        self.joints = joints
        self.layers = nn.Sequential(nn.Linear(entering, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.more = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout))
        self.last = nn.Linear(hidden, 2 * joints)
        nn.init.normal_(self.last.weight, std=0.001)
        nn.init.zeros_(self.last.bias)

    def forward(self, seen: Tensor) -> Tensor:
        """(N, ...) to (N, joints, 2)."""
        found: Tensor = self.last(self.more(self.layers(seen.flatten(1))))
        return found.reshape(-1, self.joints, 2)


class Stage(nn.Module):
    """What learns of a stage. before: the first part of a trunk, None where this is given what it sees."""

    def __init__(self, before: nn.Module | None, last: nn.Module, head: Head) -> None:
        super().__init__()
        self.before, self.last, self.head = before, last, head

    def forward(self, given: Tensor) -> Tensor:
        """(N, joints, 2) places in shares of what is shown, from its middle, x right, y down."""
        found: Tensor = self.head(self.last(given if self.before is None else self.before(given)))
        return found


class Exported(nn.Module):
    """The form that is written: (N, 3, H, W), (RGB - 127) / 128, to (N, joints, 2)."""

    def __init__(self, first: nn.Module | None, stage: Stage) -> None:
        super().__init__()
        self.first, self.stage = first, stage

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, joints, 2)."""
        found: Tensor = self.stage(images if self.first is None else self.first(images))
        return found
