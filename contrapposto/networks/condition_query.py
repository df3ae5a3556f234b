"""One small network that makes a query of any set of conditions: how much each number of an embedding matters, and
which it should be. So nothing is trained for a set that was never asked before."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LEAST = 0.1
"""Least weight of a number of an embedding."""


class ConditionQuery(nn.Module):
    """(N, conditions) sets of conditions, 1 where one is asked and 0 where not, to queries.

    Each condition adds its own numbers, and a hidden layer adds what they mean together. dimension: D, of the
    embeddings; hidden: units of that layer, 0 for none.
    """

    def __init__(self, conditions: int, dimension: int, hidden: int = 128, dropout: float = 0.0) -> None:
        super().__init__()
        self.dimension = dimension
        self.each = nn.Linear(conditions, 2 * dimension + 1)
        nn.init.zeros_(self.each.weight)
        nn.init.zeros_(self.each.bias)
        self.together = (
            nn.Sequential(
                nn.Linear(conditions, hidden),
                nn.ReLU(),
                nn.Dropout(dropout),
                nn.Linear(hidden, 2 * dimension + 1),
            )
            if hidden
            else None
        )
        if self.together is not None:
            nn.init.zeros_(self.together[-1].weight)
            nn.init.zeros_(self.together[-1].bias)

    def forward(self, conditions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(N, conditions) to weights (N, D), above 0, centres (N, D), and offsets (N,): the log-odds that a person
        meets the set is the offset less the weighted squared distance of the embedding from the centre."""
        found = self.each(conditions)
        if self.together is not None:
            found = found + self.together(conditions)
        raw, pull, level = found.split([self.dimension, self.dimension, 1], dim=1)
        weights = functional.softplus(raw) + LEAST
        centres = pull / weights
        return weights, centres, level[:, 0] + (pull * centres).sum(dim=1)

    def scores(self, conditions: Tensor, embeddings: Tensor) -> Tensor:
        """(N, P) log-odds that P people with embeddings (P, D) meet the sets."""
        weights, centres, offsets = self(conditions)
        pull = 2 * weights * centres
        constant = offsets - (weights * centres.square()).sum(dim=1)
        return pull @ embeddings.T - weights @ embeddings.square().T + constant[:, None]


class PartialNetwork(nn.Module):
    """All that answers a set of conditions: the condition network, the sum of the squared origin masks, and the
    statistics of posebytes, which no set changes."""

    def __init__(
        self, network: ConditionQuery, masks: Tensor, mean: Tensor, covariance: Tensor, learned: Tensor
    ) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("learned", learned)
        self.register_buffer("masks", masks)
        self.register_buffer("mean", mean)
        self.register_buffer("covariance", covariance)

    def forward(self, conditions: Tensor) -> tuple[Tensor, ...]:
        """(N, 2 R) to weights (N, D), centres (N, D), offsets (N,), mask (N, D), mean (1, R), covariance (R, R),
        and (1, 2 R) 1 for conditions that were learned."""
        weights, centres, offsets = self.network(conditions)
        return weights, centres, offsets, conditions @ self.masks, self.mean, self.covariance, self.learned


def as_set(rows: Tensor, values: Tensor, bits: int) -> Tensor:
    """(N, 2 * bits) sets of the conditions that bits `rows` (N, K) have `values` (N, K), boolean: first all that
    are asked to be true, then all that are asked to be false. A row of -1 asks nothing."""
    found = torch.zeros(len(rows), 2 * bits)
    columns = torch.where(values, rows, rows + bits)
    asked = rows >= 0
    found[torch.arange(len(rows))[:, None].expand_as(rows)[asked], columns[asked]] = 1.0
    return found
