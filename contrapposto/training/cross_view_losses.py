"""Losses of embeddings of the same bodies seen by two cameras.

Each takes the distances found (N, N) between the embeddings of the first view (rows) and of the second (columns),
and the true distances (N, N) of the bodies, 0 on the diagonal: item i of a view shows body i.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

NOTHING = 1e-6
"""Least squared distance of two embeddings: the root has no slope at 0."""


def distances_between(first: Tensor, second: Tensor) -> Tensor:
    """(N, M) Euclidean distances of embeddings (N, D) and (M, D)."""
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1)[None] - 2 * first @ second.T
    return torch.sqrt(squares.clamp(min=NOTHING))


def softmax_loss(found: Tensor, truth: Tensor, near: float, scale: float) -> Tensor:
    """Mean -log of the share of the own other view among it and the bodies that are not near: softmax of
    -scale * distance, both ways (InfoNCE, van den Oord et al. 2018)."""
    logits = -scale * found
    near_others = (truth < near) & ~torch.eye(len(truth), dtype=torch.bool, device=truth.device)
    logits = logits.masked_fill(near_others, -1e4)
    own = torch.arange(len(truth), device=truth.device)
    return (functional.cross_entropy(logits, own) + functional.cross_entropy(logits.T, own)) / 2


def soft_target_loss(found: Tensor, truth: Tensor, temperature: float, scale: float) -> Tensor:
    """Mean cross entropy, both ways, of softmax(-scale * found) with softmax(-truth / temperature)."""
    logits = -scale * found
    target = torch.softmax(-truth / temperature, dim=1)
    return (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)) / 2


def triplet_loss(found: Tensor, truth: Tensor, near: float, margin: float) -> Tensor:
    """Mean hinge of own + margin - negative over both views as anchors, with each anchor's semi-hard negative
    (Schroff et al. 2015): the nearest that is not near in truth and is further away than the own other view, else
    the furthest."""
    return (_triplets(found, truth, near, margin) + _triplets(found.T, truth.T, near, margin)) / 2


def _triplets(found: Tensor, truth: Tensor, near: float, margin: float) -> Tensor:
    own = found.diagonal()[:, None]
    negative = truth >= near
    beyond = negative & (found > own)
    semi = found.masked_fill(~beyond, torch.inf).min(dim=1).values
    furthest = found.masked_fill(~negative, -torch.inf).max(dim=1).values
    chosen = torch.where(torch.isfinite(semi), semi, furthest)
    return functional.relu(own[:, 0] + margin - chosen).mean()


def log_ratio_loss(found: Tensor, truth: Tensor, least: float) -> Tensor:
    """Mean over anchors a and pairs i, j of (log(found_ai / found_aj) - log(truth_ai / truth_aj))^2 (Kim et al.
    2019), which is twice the variance of log(found) - log(truth) over a row. True distances count as at least
    `least`."""
    away = torch.log(found.clamp(min=1e-3)) - torch.log(truth.clamp(min=least))
    return away.var(dim=1, unbiased=False).mean() + away.var(dim=0, unbiased=False).mean()


def distance_loss(found: Tensor, truth: Tensor, floor: float) -> Tensor:
    """Mean of (found - truth)^2, each over truth + floor: near pairs count most."""
    return ((found - truth) ** 2 / (truth + floor)).mean()
