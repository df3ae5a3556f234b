"""Learning the language stream (Curro's thesis): the posebyte of a person is embedded where the picture is.

The loss is the mean of |1 - cos| between the embedding of a person's complete posebyte and that of the picture. The
thesis takes SGD with a rate of 0.0839, 128 people a step, 21 epochs; Adam comes nearer to the held-out pictures
(`docs/partial.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from contrapposto.networks.language_stream import LanguageStream
from contrapposto.training.embedded import EmbeddedPeople
from contrapposto.training.loop import Learned, Progress, Schedule, begin, learn


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    """Settings of the recipe."""

    optimizer: Literal["adam", "sgd"] = "adam"
    """Published: sgd."""
    rate: float = 1e-3
    """Learning rate. Published, with sgd: 0.0839."""
    batch: int = 128
    """People of a step."""
    epochs: int = 21
    """Times that everybody is seen; fewer where the schedule allows fewer steps."""
    dropout: float = 0.5
    """Share of the features left out."""
    hidden: float = 0.0
    """Most of the bits that are hidden of a person, 0..1; the share is drawn for each. Published: none."""
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=100_000, minutes=20.0, check=47, patience=8, device="cpu")
    )


def learn_language(
    people: EmbeddedPeople,
    held_out: EmbeddedPeople,
    head: nn.Module,
    out: Path,
    options: LanguageOptions | None = None,
    progress: Progress | None = None,
) -> tuple[LanguageStream, Learned]:
    """Learns from people; head: of the image network. Curve and options go to `out`. Raises DataError."""
    options = options or LanguageOptions()
    steps = options.epochs * max(1, len(people) // options.batch)
    schedule = replace(options.schedule, steps=min(options.schedule.steps, steps))
    device = begin(schedule)
    first = next(head.parameters())
    bits = people.true.shape[1]
    network = LanguageStream(head, bits, int(first.shape[1]), options.dropout).to(device)
    posebytes, pictures = torch.from_numpy(people.posebytes), torch.from_numpy(people.embeddings)
    shown, wanted = (torch.from_numpy(held_out.posebytes), torch.from_numpy(held_out.embeddings))
    kind = torch.optim.Adam if options.optimizer == "adam" else torch.optim.SGD
    optimizer = kind(network.enter.parameters(), lr=options.rate)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([schedule.seed, 2, step])
        chosen = torch.from_numpy(rng.choice(len(people), min(options.batch, len(people)), replace=False))
        given = posebytes[chosen]
        if options.hidden:
            share = rng.uniform(0, options.hidden, (len(given), 1))
            given = given * torch.from_numpy(rng.random(given.shape) >= share)
        return given, pictures[chosen]

    learned = learn(
        network,
        optimizer,
        lambda batch: cosine_loss(network(batch[0].to(device)), batch[1].to(device)),
        batch,
        lambda: {"apart": float(cosine_loss(network(shown.to(device)), wanted.to(device)))},
        schedule,
        out,
        options,
        progress=progress,
    )
    return network.cpu(), learned


def cosine_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean of |1 - cos| between embeddings (N, D) and (N, D)."""
    loss: Tensor = (1 - torch.cosine_similarity(found, wanted, dim=1)).abs().mean()
    return loss
