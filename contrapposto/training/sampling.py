"""Which photos a step looks at: an anchor, and others chosen by their distance to it.

`distances` are (N,) from the anchor to all of a training set, NaN where they cannot be compared; the anchor's own
entry is left out whatever it holds. Others are ranked from 1, nearest first, equal ones in the order of the set.
Nothing but the given generator is random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """Negatives that come closer with every epoch (Kwak et al. 2016; Curro's thesis). Numbers of photos."""

    near: int = 30
    """Positives are among so many nearest."""
    positives: int = 5
    """Positives of a step."""
    negatives: int = 105
    """Negatives of a step."""
    closer: int = 3000
    """So many of the farthest are left out more in every epoch."""
    least: int = 1031
    """Negatives may always have a rank of up to this."""
    ties: bool = False
    """Many distances are equal (posebits): the near ones then end where a distance ends, so that every positive is
    truly nearer than every negative; there are no more than `near`, unless the nearest distance alone has more."""


@dataclass(frozen=True, slots=True, eq=False)
class Tuples:
    """anchor: its number; positives: (P,) and negatives: (M,) numbers in the set."""

    anchor: int
    positives: Index
    negatives: Index

    def all(self) -> Index:
        """(1 + P + M,) anchor, positives, negatives."""
        return np.concatenate([[self.anchor], self.positives, self.negatives])


@dataclass(frozen=True, slots=True)
class Gap:
    """Positives and negatives by distance (Mori et al. 2015), in the unit of the distances."""

    near: float = 7.0
    """A positive is at most this far."""
    far: float = 15.0
    """A negative is at least this far."""
    within: int = 5000
    """So many photos, drawn anew, are looked through for them."""


def ranked(distances: NDArray[np.floating], anchor: int) -> Index:
    """Numbers of the others that can be compared, nearest first."""
    order = np.argsort(distances, kind="stable")
    kept: Index = order[np.isfinite(distances[order]) & (order != anchor)]
    return kept


def curriculum_tuple(
    distances: NDArray[np.floating], anchor: int, epoch: int, rng: np.random.Generator, options: Curriculum
) -> Tuples | None:
    """Positives from ranks 1..near, negatives from ranks near + 1..max(N - closer * epoch, least), N the number of
    others. In a small set up to half of the others are near; where there are fewer than asked for, some are drawn
    twice. None when there are not two others, or, with ties, none that is farther than the near ones.
    """
    order = ranked(distances, anchor)
    count = len(order)
    near = min(options.near, count // 2)
    if near and options.ties:
        near = _end_of_ties(distances[order], near)
    if near == 0 or near >= count:
        return None
    far = min(count, max(count - options.closer * epoch, options.least, near + 1))
    return Tuples(
        anchor, _draw(order[:near], options.positives, rng), _draw(order[near:far], options.negatives, rng)
    )


def gap_triplet(
    distances: NDArray[np.floating], anchor: int, rng: np.random.Generator, gap: Gap
) -> tuple[int, int] | None:
    """Numbers of a positive and a negative; None when there is no such pair among those looked through."""
    order = np.arange(len(distances))
    if gap.within < len(order):
        order = rng.choice(len(order), gap.within, replace=False)
    order = order[order != anchor]
    near, far = order[distances[order] <= gap.near], order[distances[order] >= gap.far]
    if len(near) == 0 or len(far) == 0:
        return None
    return int(rng.choice(near)), int(rng.choice(far))


def dense_batch(
    distances: NDArray[np.floating], anchor: int, rng: np.random.Generator, nearest: int = 5, batch: int = 150
) -> Index:
    """The anchor, its `nearest` nearest and random others, `batch` in all, no photo twice; fewer in a small set
    (dense triplet mining, Kim et al. 2019, section 3.3)."""
    order = ranked(distances, anchor)
    others = order[nearest:]
    wanted = min(max(batch - 1 - nearest, 0), len(others))
    return np.concatenate([[anchor], order[:nearest], rng.choice(others, wanted, replace=False)]).astype(np.intp)


def anchor_of(step: int, count: int, seed: int) -> int:
    """The anchor of a step (from 1): every photo once in `count` steps, in an order of its own in each round."""
    epoch, place = divmod(step - 1, count)
    return int(np.random.default_rng([seed, 7, epoch]).permutation(count)[place])


def _end_of_ties(ordered: NDArray[np.floating], near: int) -> int:
    """How many distances, in ascending order, are near: up to the last one of a value, no more than `near`, or all
    of the least value."""
    ends = np.flatnonzero(np.diff(ordered, append=np.inf) > 0) + 1
    fitting = ends[ends <= near]
    return int(fitting[-1]) if len(fitting) else int(ends[0])


def _draw(numbers: Index, count: int, rng: np.random.Generator) -> Index:
    chosen: Index = rng.choice(numbers, count, replace=len(numbers) < count)
    return chosen
