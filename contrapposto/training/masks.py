"""Learning origin masks (Curro's thesis), for every posebit and value at once.

A step draws 55 people of whom a question is true and 56 of whom it is not; the origin is the anchor. The loss of a
question is the mean over its 55 * 56 = 3,080 triplets of max(0, positive - negative + 0.2), distances of masked
embeddings from the origin. Questions share nothing, so all are learned in one go.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto.networks.origin_mask import OriginMasks
from contrapposto.training.embedded import EmbeddedPeople


@dataclass(frozen=True, slots=True)
class MaskOptions:
    """Settings of the recipe; the published ones."""

    positives: int = 55
    """People who have the value, of a step. Questions with fewer get no mask."""
    negatives: int = 56
    """People who have it not, of a step. Questions with fewer than `positives` get no mask."""
    margin: float = 0.2
    """In units of the embedding, whose length is 1."""
    rate: float = 1.08
    """Learning rate of SGD."""
    epochs: int = 10
    """Times `steps` that are made."""
    steps: int = 10
    """Steps of an epoch."""
    seed: int = 0
    """Start of all random numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """rows: (Q,) numbers of the posebits; values: (Q,) what is asked of them; masks: (Q, D) float32."""

    rows: NDArray[np.intp]
    values: NDArray[np.bool_]
    masks: NDArray[np.float32]

    def table(self, bits: int) -> NDArray[np.float32]:
        """(2 * bits, D) first of all bits asked to be true, then of those asked to be false; NaN where there is
        no mask."""
        found = np.full((2 * bits, self.masks.shape[1]), np.nan, np.float32)
        found[np.where(self.values, self.rows, self.rows + bits)] = self.masks
        return found


def askable(true: NDArray[np.bool_], known: NDArray[np.bool_], least: int) -> NDArray[np.intp]:
    """Posebits that at least so many people have, and as many have not; of (N, R)."""
    yes = (true & known).sum(axis=0)
    return np.flatnonzero(np.minimum(yes, known.sum(axis=0) - yes) >= least)


def learn_masks(people: EmbeddedPeople, options: MaskOptions | None = None, curve: Path | None = None) -> Masks:
    """Masks of every posebit that enough people have and have not, for both values. curve: a CSV of the mean loss
    by step."""
    options = options or MaskOptions()
    rng = np.random.default_rng([options.seed, 3])
    asked = askable(people.true, people.known, options.positives)
    rows, values = np.repeat(asked, 2), np.tile([True, False], len(asked))
    sides = [_sides(people, int(row), value) for row, value in zip(rows, values, strict=True)]
    embeddings = torch.from_numpy(people.embeddings)
    network = OriginMasks(len(rows), people.embeddings.shape[1])
    optimizer = torch.optim.SGD(network.parameters(), lr=options.rate)
    losses = []
    for _ in range(options.epochs * options.steps if len(rows) else 0):
        chosen = np.stack([_drawn(rng, positive, negative, options) for positive, negative in sides])
        distances = network(embeddings[torch.from_numpy(chosen)])
        loss = origin_triplets(distances, options.positives, options.margin)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        losses.append(float(loss.detach().mean()))
    if curve is not None:
        with curve.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows([("step", "loss"), *enumerate(losses, 1)])
    return Masks(rows, values, network.masks.detach().numpy().copy())


def origin_triplets(distances: Tensor, positives: int, margin: float) -> Tensor:
    """(Q,) mean over all pairs of the first `positives` and the other columns of distances (Q, K) from the origin
    of max(0, positive - negative + margin)."""
    apart = distances[:, :positives, None] - distances[:, None, positives:]
    loss: Tensor = (apart + margin).clamp(min=0).mean(dim=(1, 2))
    return loss


def _sides(people: EmbeddedPeople, row: int, value: bool) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers of the people who have the value, and of those who have the other one."""
    known, true = people.known[:, row], people.true[:, row]
    return np.flatnonzero(known & (true == value)), np.flatnonzero(known & (true != value))


def _drawn(
    rng: np.random.Generator, positive: NDArray[np.intp], negative: NDArray[np.intp], options: MaskOptions
) -> NDArray[np.intp]:
    """Numbers of the people of a step; where there are fewer negatives, some twice."""
    twice = len(negative) < options.negatives
    return np.concatenate(
        [
            rng.choice(positive, options.positives, replace=False, shuffle=False),
            rng.choice(negative, options.negatives, replace=twice, shuffle=False),
        ]
    )
