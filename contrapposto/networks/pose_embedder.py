"""The pose embedding network: what MoveNet's trunk sees of a person, and the keypoints found, to a vector whose
distances follow pose, and to where the joints are rather."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from contrapposto.records import EMBEDDING
from contrapposto.skeleton import COUNT, LIMB_NUMBERS

CELLS = 64
"""Of the 8 x 8 map."""

TRUNK = 1280
"""Channels of the trunk's map."""

FEATURES = 512
"""Of a person, what the heads are given."""

LIMBS = len(LIMB_NUMBERS)


class Found(NamedTuple):
    """embedding: (N, 128) of unit length; joints: (N, 12, 2) limb joints from the picture and the keypoints; pose:
    (N, 12, 2) from the picture alone; all in sides of the square from its middle, x right, y down."""

    embedding: Tensor
    joints: Tensor
    pose: Tensor


class PoseEmbedderNetwork(nn.Module):
    """channels: of the map it is given, (N, channels, 8, 8): those of the trunk, or fewer (`Reduction`)."""

    def __init__(self, channels: int = TRUNK, cells: int = 64, dropout: float = 0.4) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(channels, cells, 1)
        self.wide = nn.Linear(cells * CELLS, FEATURES)
        self.head = nn.Sequential(nn.Linear(FEATURES, 256), nn.ReLU(), nn.Linear(256, EMBEDDING))
        self.pose = nn.Sequential(nn.Linear(FEATURES, 256), nn.ReLU(), nn.Linear(256, 2 * LIMBS))
        self.given = nn.Linear(3 * COUNT, 256)
        self.mix = nn.Sequential(
            nn.Linear(FEATURES + 256 + 2 * LIMBS, 512),
            nn.ReLU(),
            nn.Dropout(0.75 * dropout),
            nn.Linear(512, 256),
            nn.ReLU(),
            nn.Dropout(0.5 * dropout),
        )
        self.move = nn.Linear(256, 2 * LIMBS)
        nn.init.zeros_(self.move.weight)
        nn.init.zeros_(self.move.bias)
        self.thinned = nn.Dropout2d(0.5 * dropout)
        self.sparse = nn.Dropout(0.5 * dropout)
        self.dropped = nn.Dropout(dropout)

    def features(self, seen: Tensor) -> Tensor:
        """(N, channels, 8, 8) to (N, 512), at least 0."""
        narrow = functional.relu(self.narrow(self.thinned(seen))).flatten(1)
        features: Tensor = functional.relu(self.wide(self.sparse(narrow)))
        return features

    def embed(self, features: Tensor) -> Tensor:
        """(N, 512) to (N, 128) of unit length."""
        return functional.normalize(self.head(features), dim=1)

    def found(self, seen: Tensor, keypoints: Tensor) -> Found:
        """seen: (N, channels, 8, 8); keypoints: (N, 17, 3) as `representations.pose_embedder.placed`."""
        features = self.features(seen)
        embedding = self.embed(self.dropped(features))
        pose = self.pose(self.dropped(features))
        given = functional.relu(self.given(_as_input(keypoints)))
        mixed = self.mix(torch.cat([self.dropped(features), given, pose], dim=1))
        joints = keypoints[:, LIMB_NUMBERS[0] :, :2] + self.move(mixed).reshape(-1, LIMBS, 2)
        return Found(embedding, joints, pose.reshape(-1, LIMBS, 2))

    def forward(self, seen: Tensor, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding (N, 128) and joints (N, 12, 2)."""
        found = self.found(seen, keypoints)
        return found.embedding, found.joints


class Reduction(nn.Module):
    """Principal components of the trunk's channels: (N, 1280, 8, 8) to (N, K, 8, 8), of about unit size."""

    def __init__(self, mean: Tensor, components: Tensor, scale: float) -> None:
        """mean: (1280,); components: (1280, K)."""
        super().__init__()
        self.mean, self.components, self.scale = mean, components, scale

    def folded(self, network: PoseEmbedderNetwork) -> PoseEmbedderNetwork:
        """The network that takes the trunk's own map and finds what this one finds of reduced ones."""
        whole = PoseEmbedderNetwork(len(self.mean), network.narrow.out_channels)
        state = network.state_dict()
        inner = state["narrow.weight"][:, :, 0, 0] * self.scale
        state["narrow.weight"] = (inner @ self.components.T)[:, :, None, None]
        state["narrow.bias"] = state["narrow.bias"] - inner @ (self.components.T @ self.mean)
        whole.load_state_dict(state)
        whole.eval()
        return whole


class Exported(nn.Module):
    """The form that is written: the trunk's map comes as it leaves the trunk, (N, 8, 8, 1280)."""

    def __init__(self, network: PoseEmbedderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, seen: Tensor, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding (N, 128) and joints (N, 12, 2)."""
        found: tuple[Tensor, Tensor] = self.network(seen.permute(0, 3, 1, 2), keypoints)
        return found


def _as_input(keypoints: Tensor) -> Tensor:
    """(N, 51): places spread to about unit size, zero where unseen, and scores."""
    scores = keypoints[..., 2]
    places = keypoints[..., :2] * (scores > 0)[..., None].float() * 4
    return torch.cat([places.flatten(1), scores], dim=1)
