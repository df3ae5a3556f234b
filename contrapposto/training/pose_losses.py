"""What an embedding of poses is taught by: losses of the limb joints of N people, (N, 12, 2) in sides of what is
shown, and of which of them are known, (N, 12)."""

from __future__ import annotations

import torch
from torch import Tensor

from contrapposto.representations.pose_embedding import JOINT_WIDTH
from contrapposto.skeleton import LIMB_NUMBERS

POSE_SIDE = 128.0
"""Pixels of the larger side of a pose, in which losses and errors are."""

LEAST_SIDE = 0.15
"""Of a pose, in sides of what is shown: what is smaller was hardly found."""


def joint_error(found: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Mean distance of the known limb joints (N, 12, 2) from the true ones, px of a 128-px pose."""
    away = torch.sqrt(((found - truth) ** 2).sum(-1) + 1e-6) * POSE_SIDE / _sides(truth, known)[:, None]
    return (away * known).sum() / known.sum().clamp(min=1)


def normalised(truth: Tensor, known: Tensor) -> Tensor:
    """(N, 12, 2) true limb joints centred on the mean of the known ones, whose box has a larger side of 128."""
    share = known.float()[..., None]
    centre = (truth * share).sum(1) / share.sum(1).clamp(min=1)
    return (truth - centre[:, None]) * (POSE_SIDE / _sides(truth, known))[:, None, None]


def distances(normal: Tensor, known: Tensor, shared: int) -> Tensor:
    """(N, N) mean distances of the limb joints that two poses share, px; NaN where these are fewer than
    `shared`."""
    apart = torch.sqrt(((normal[:, None] - normal[None]) ** 2).sum(-1) + 1e-6)
    both = (known[:, None] & known[None]).float()
    count = both.sum(-1)
    return torch.where(count >= shared, (apart * both).sum(-1) / count.clamp(min=1), torch.nan)


def single_joints(embedding: Tensor, normal: Tensor, known: Tensor, scale: float) -> Tensor:
    """How far the distances between the parts of an embedding are from those of the joints they stand for: mean of
    |scale D - d| / (d + 10 px) over pairs of people and joints."""
    count = len(LIMB_NUMBERS)
    parts = embedding[:, : count * JOINT_WIDTH].reshape(-1, count, JOINT_WIDTH).transpose(0, 1).contiguous()
    places = normal.transpose(0, 1).contiguous()
    wanted = torch.cdist(places, places)
    away = (scale * torch.cdist(parts, parts) - wanted).abs() / (wanted + 10)
    other = 1 - torch.eye(len(embedding), device=embedding.device)
    both = (known.T[:, :, None] & known.T[:, None]).float() * other
    return (away * both).sum() / both.sum().clamp(min=1)


def _sides(truth: Tensor, known: Tensor) -> Tensor:
    """(N,) larger side of the box of the known joints, at least `LEAST_SIDE`."""
    low = torch.where(known[..., None], truth, torch.inf).amin(1)
    high = torch.where(known[..., None], truth, -torch.inf).amax(1)
    side: Tensor = (high - low).amax(1)
    return side.clamp(min=LEAST_SIDE)
