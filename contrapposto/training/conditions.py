"""Learning the network that makes a query of any set of conditions (`networks/condition_query.py`).

Each step asks random sets of one to four conditions, no two of one posebit, that enough of the people meet. The
loss compares who meets a set with who does not; those of whom it is unknown do not count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from contrapposto.networks.condition_query import ConditionQuery, as_set
from contrapposto.training.embedded import EmbeddedPeople
from contrapposto.training.loop import Learned, Progress, Schedule, begin, learn
from contrapposto.training.masks import askable

FIRST = 10
"""The held-out error is the share of the first so many of a ranking who do not meet the set."""

HELD_OUT_SETS = 400


@dataclass(frozen=True, slots=True)
class ConditionOptions:
    """Settings of the recipe."""

    loss: Literal["logistic", "ranking", "both"] = "both"
    """logistic: log loss, those who meet a set and those who do not weighing alike; ranking: each who meets it
    against all who do not."""
    hidden: int = 128
    """Units of the hidden layer, 0 for none."""
    dropout: float = 0.2
    """Share of them that is left out in training."""
    rate: float = 3e-3
    """Learning rate of AdamW at the first step; it falls to 0 along a cosine."""
    decay: float = 1e-2
    """Weight decay."""
    sets: int = 64
    """Sets of a step."""
    people: int = 2000
    """People of a step who are ranked."""
    most: int = 4
    """Conditions of a set."""
    least_of_each: int = 55
    """People who must have a posebit, and have it not, for it to be asked."""
    least_meeting: float = 0.01
    """Share of the people who must meet a set."""
    schedule: Schedule = field(
        default_factory=lambda: Schedule(steps=1500, minutes=20.0, check=150, patience=5, device="cpu")
    )


def learn_conditions(
    people: EmbeddedPeople,
    held_out: EmbeddedPeople,
    out: Path,
    options: ConditionOptions | None = None,
    progress: Progress | None = None,
) -> tuple[ConditionQuery, Learned]:
    """Learns from people; curve and options go to `out`. Raises DataError."""
    options = options or ConditionOptions()
    schedule = options.schedule
    device = begin(schedule)
    bits = people.true.shape[1]
    network = ConditionQuery(2 * bits, people.embeddings.shape[1], options.hidden, options.dropout).to(device)
    optimizer = torch.optim.AdamW(network.parameters(), lr=options.rate, weight_decay=options.decay)
    asked = askable(people.true, people.known, options.least_of_each)
    answers = signed(people)
    embeddings = torch.from_numpy(people.embeddings)

    def batch(step: int) -> tuple[Tensor, Tensor, Tensor]:
        rng = np.random.default_rng([schedule.seed, 4, step])
        chosen = rng.choice(len(people), min(options.people, len(people)), replace=False)
        rows, values, meets = random_sets(answers[:, chosen], asked, rng, options, options.sets)
        return as_set(rows, values, bits), meets, embeddings[torch.from_numpy(chosen)]

    def loss_of(batch: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        sets, meets, shown = (part.to(device) for part in batch)
        return condition_loss(network.scores(sets, shown), meets, options.loss)

    rng = np.random.default_rng([schedule.seed, 5])
    rows, values, fixed = random_sets(signed(held_out), asked, rng, options, HELD_OUT_SETS)
    sets, shown = as_set(rows, values, bits).to(device), torch.from_numpy(held_out.embeddings).to(device)

    def measures() -> dict[str, float]:
        return {f"miss@{FIRST}": misses(network.scores(sets, shown).cpu(), fixed)}

    learned = learn(
        network,
        optimizer,
        loss_of,
        batch,
        measures,
        schedule,
        out,
        options,
        lambda step, total: 0.5 + 0.5 * float(np.cos(np.pi * min(step / max(total, 1), 1.0))),
        progress,
    )
    forget(network, asked)
    return network.cpu(), learned


def forget(network: ConditionQuery, asked: NDArray[np.intp]) -> None:
    """Makes the network deaf, in place, to conditions on posebits that are not `asked`: nothing was learned of
    them."""
    bits = network.each.in_features // 2
    never = torch.from_numpy(np.setdiff1d(np.arange(bits), asked))
    layers = [network.each] if network.together is None else [network.each, network.together[0]]
    with torch.no_grad():
        for layer in layers:
            layer.weight[:, torch.cat([never, never + bits])] = 0.0


def signed(people: EmbeddedPeople) -> NDArray[np.int8]:
    """(R, N) 1 where a posebit is true of a person, -1 where false, 0 where unknown."""
    return np.ascontiguousarray(people.posebytes.T.astype(np.int8))


def random_sets(
    answers: NDArray[np.int8],
    asked: NDArray[np.intp],
    rng: np.random.Generator,
    options: ConditionOptions,
    count: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """At most `count` random sets of 1 to `options.most` conditions (as many of each size are tried) that enough
    people meet: posebits (S, K), -1 for none; values (S, K); and (S, N) 1 for people who meet a set, -1 for those
    who do not, 0 where that is unknown. answers: as `signed`."""
    most = max(1, min(options.most, len(asked)))
    least = max(1, round(options.least_meeting * answers.shape[1]))
    kept: list[tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.int8]]] = []
    for _ in range(20 if len(asked) else 0):
        rows = np.stack([rng.permutation(asked)[:most] for _ in range(count)])
        values = rng.random(rows.shape) < 0.5
        rows[np.arange(most) >= rng.integers(1, most + 1, count)[:, None]] = -1
        meets = met(answers, rows, values)
        good = ((meets == 1).sum(axis=1) >= least) & ((meets == -1).sum(axis=1) >= least)
        kept += [(rows[i], values[i], meets[i]) for i in np.flatnonzero(good)]
        if len(kept) >= count:
            break
    kept = kept[:count]
    if not kept:
        empty = torch.zeros(0, most, dtype=torch.long)
        return empty, empty.bool(), torch.zeros(0, answers.shape[1], dtype=torch.int8)
    parts = [np.stack(part) for part in zip(*kept, strict=True)]
    return torch.from_numpy(parts[0]), torch.from_numpy(parts[1]), torch.from_numpy(parts[2])


def met(answers: NDArray[np.int8], rows: NDArray[np.intp], values: NDArray[np.bool_]) -> NDArray[np.int8]:
    """(S, N) 1 where all conditions of a set hold, -1 where one does not, 0 else. answers: (R, N), as `signed`."""
    agree = answers[np.maximum(rows, 0)] * np.where(values, 1, -1).astype(np.int8)[..., None]
    agree[rows < 0] = 1
    worst: NDArray[np.int8] = agree.min(axis=1)
    return worst


def condition_loss(scores: Tensor, meets: Tensor, kind: Literal["logistic", "ranking", "both"]) -> Tensor:
    """Of scores (S, P), and 1, -1 or 0 (S, P) for who meets a set, does not, or is unknown. Each set weighs alike,
    and in it all who meet it as much as all who do not. 0 for no sets."""
    if not len(scores):
        return scores.sum()
    positive, negative = meets == 1, meets == -1
    loss = scores.new_zeros(())
    if kind != "ranking":
        right = functional.softplus(-scores) * positive / positive.sum(dim=1, keepdim=True)
        wrong = functional.softplus(scores) * negative / negative.sum(dim=1, keepdim=True)
        loss = loss + (right + wrong).sum(dim=1).mean() / 2
    if kind != "logistic":
        others = scores.masked_fill(~negative, -torch.inf).logsumexp(dim=1, keepdim=True)
        against = functional.softplus(others - scores) * positive / positive.sum(dim=1, keepdim=True)
        loss = loss + against.sum(dim=1).mean()
    return loss


def misses(scores: Tensor, meets: Tensor, first: int = FIRST) -> float:
    """Mean over sets (S, P) of the share of the first `first` who are known not to meet them, among the known."""
    order = scores.masked_fill(meets == 0, -torch.inf).argsort(dim=1, descending=True)[:, :first]
    return float((torch.take_along_dim(meets, order, dim=1) != 1).float().mean()) if len(scores) else 1.0
