"""Origin masks: a person answers a question the better, the nearer the masked embedding lies to the origin (Curro's
thesis). One mask a question, many questions at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LEAST = 1e-12
"""Added to squared distances, so that their root has a gradient everywhere."""


class OriginMasks(nn.Module):
    """Masks (Q, D) of Q questions, all ones at first."""

    def __init__(self, questions: int, dimension: int) -> None:
        super().__init__()
        self.masks = nn.Parameter(torch.ones(questions, dimension))

    def forward(self, embeddings: Tensor) -> Tensor:
        """(Q, K, D), K people for each question, to (Q, K) distances of their masked embeddings from the
        origin."""
        squares = torch.einsum("qkd,qd->qk", embeddings.square(), self.masks.square())
        distances: Tensor = (squares + LEAST).sqrt()
        return distances
