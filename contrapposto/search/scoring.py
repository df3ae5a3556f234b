"""What every kind of part tells of people, so that ranking need not know the kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contrapposto.records import Why
from contrapposto.store.rows import PeopleArrays

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """Of M people. distances: (M,) in the part's unit, NaN where they cannot be compared; order: (M,) what they are
    ordered by where this is the only part, lowest first, NaN as before; matches: (M,) 0..1, what the part
    contributes; mirrored: (M,) where the mirror image fitted better; scene: (M,) how well the whole picture fits,
    0..1, 1 where it was not asked for; later: of a sequence, for each step after the first, the M moments that meet
    it."""

    distances: Array
    order: Array
    matches: Array
    mirrored: NDArray[np.bool_]
    scene: Array
    later: tuple[PeopleArrays, ...] = ()

    def take(self, rows: NDArray[np.intp]) -> Score:
        """These people."""
        return Score(
            self.distances[rows],
            self.order[rows],
            self.matches[rows],
            self.mirrored[rows],
            self.scene[rows],
            tuple(people.take(rows) for people in self.later),
        )

    @staticmethod
    def concatenated(scores: Sequence[Score]) -> Score:
        """Of all people, one after the other."""
        return Score(
            np.concatenate([score.distances for score in scores]),
            np.concatenate([score.order for score in scores]),
            np.concatenate([score.matches for score in scores]),
            np.concatenate([score.mirrored for score in scores]),
            np.concatenate([score.scene for score in scores]),
            tuple(PeopleArrays.concatenated(step) for step in zip(*(score.later for score in scores), strict=True)),
        )


class Scorer(Protocol):
    """One part of a query, and the people of one block."""

    def bounds(self) -> tuple[Array, Array]:
        """(N,) numbers that are at most the `order` of everybody, NaN where they cannot be compared, and (N,)
        numbers that are at least their `matches`."""
        ...

    def exact(self, rows: NDArray[np.intp]) -> Score:
        """Of these people."""
        ...

    def why(self, score: Score, rows: NDArray[np.intp]) -> list[Why]:
        """What the part found in each of these people, whose scores are given."""
        ...
