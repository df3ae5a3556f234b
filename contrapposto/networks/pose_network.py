"""The pose network that ships: MoveNet Thunder, learned on (`thunder.py`), which sees where the keypoints of the
person in the middle are; and behind its trunk's last map an embedding of the pose (`docs/embeddings.md`). One look
gives both.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from contrapposto.networks.thunder import WIDTH, Begun, ThunderNetwork
from contrapposto.records import EMBEDDING
from contrapposto.skeleton import LIMB_NUMBERS

CELLS = 64
"""Channels of the map that the embedding is made of, 8 x 8 cells."""

FEATURES = 512
"""Of a person, that the embedding is made of."""

LIMBS = len(LIMB_NUMBERS)


class Found(NamedTuple):
    """logits: (N, 17, 64, 64) of the heatmaps; embedding: (N, 128) of unit length; pose: (N, 12, 2) limb joints
    from the embedding's features, in sides of the picture from its middle, x right, y down."""

    logits: Tensor
    embedding: Tensor
    pose: Tensor


class PoseNetwork(nn.Module):
    """thunder: what learns on; dropout: share of the features that are left out in a step."""

    def __init__(self, thunder: ThunderNetwork, dropout: float = 0.3) -> None:
        super().__init__()
        self.thunder = thunder
        self.narrow = nn.Conv2d(WIDTH, CELLS, 1)
        self.wide = nn.Linear(CELLS * 64, FEATURES)
        self.head = nn.Sequential(nn.Linear(FEATURES, 256), nn.ReLU(), nn.Linear(256, EMBEDDING))
        self.pose = nn.Sequential(nn.Linear(FEATURES, 256), nn.ReLU(), nn.Linear(256, 2 * LIMBS))
        self.thinned, self.dropped = nn.Dropout2d(0.5 * dropout), nn.Dropout(dropout)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Heatmaps, 0..1, and embeddings of pictures (N, 3, 256, 256), (RGB - 127) / 128."""
        found = self.found(images)
        return torch.sigmoid(found.logits), found.embedding

    def found(self, images: Tensor) -> Found:
        """The same, before the sigmoid, and the pose that the features tell."""
        return self.ended(self.thunder.begun(images, 0))

    def ended(self, begun: Begun) -> Found:
        """The same, of what the first of Thunder's blocks made of pictures."""
        logits, seen = self.thunder.ended(begun)
        features = self.dropped(self.features(seen))
        pose = self.pose(features).reshape(-1, LIMBS, 2)
        return Found(logits, functional.normalize(self.head(features).float(), dim=1), pose)

    def features(self, seen: Tensor) -> Tensor:
        """(N, 1280, 8, 8) to (N, 512), at least 0."""
        narrow = functional.relu(self.narrow(self.thinned(seen))).flatten(1)
        found: Tensor = functional.relu(self.wide(narrow))
        return found
