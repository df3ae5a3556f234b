"""What people are asked in words: single posebits, and random conjunctions of several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.language.conditions import Bit, Condition, every
from contrapposto.posebits.answers import People, posebits
from contrapposto.posebits.measures import Figures
from contrapposto.posebits.table import INDEX, POSEBITS

Bits = NDArray[np.bool_]

LEAST_OF_EACH = 55
"""People who must have a value of a posebit, and people who must have the other one (Curro's thesis)."""

CONJUNCTIONS = 200
"""Questions of each number of conditions."""

SIZES: dict[str, int] = {"two": 2, "three": 3, "four": 4}
"""Numbers of conditions, by name."""

LEAST_MEETING = 10
"""People who must meet a conjunction."""

SEED = 0
TRIES = 50
"""Random conjunctions that are looked at for one that is asked, at most."""


@dataclass(frozen=True, slots=True)
class Question:
    """conditions: that must all hold, of different subjects; family: of the posebit, or a key of `SIZES`."""

    family: str
    conditions: tuple[Bit, ...]

    @property
    def condition(self) -> Condition:
        """As one."""
        return every(self.conditions)

    @property
    def name(self) -> str:
        """In the table of results."""
        return " & ".join(bit.name if bit.value else f"not {bit.name}" for bit in self.conditions)


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """true, known: (N, R) posebits of N people; what is unknown is not true."""

    true: Bits
    known: Bits

    @staticmethod
    def of(people: People) -> Answers:
        """What is found of these people."""
        return Answers(*posebits(people))

    @staticmethod
    def true_of(figures: Figures) -> Answers:
        """Of true joints: their measures as they are, without what is put right in estimated ones."""
        values = np.stack([figures.measure(row.measure, row.points) for row in POSEBITS], axis=1)
        thresholds = np.array([row.threshold for row in POSEBITS])
        over = np.array([row.over for row in POSEBITS])
        known: Bits = np.isfinite(values)
        return Answers(known & np.where(over, values > thresholds, values < thresholds), known)

    def meet(self, conditions: Sequence[Bit]) -> tuple[Bits, Bits]:
        """(N,) who meets all conditions, and of whom that is known: all posebits are, or one that is not met."""
        rows = [INDEX[bit.name] for bit in conditions]
        wanted = np.array([bit.value for bit in conditions])
        known = self.known[:, rows]
        agree = self.true[:, rows] == wanted
        meets: Bits = np.all(known & agree, axis=1)
        return meets, meets | np.any(known & ~agree, axis=1)


def single_questions(answers: Answers) -> list[Question]:
    """Each posebit and value that at least `LEAST_OF_EACH` people have and as many have not."""
    yes = answers.true.sum(axis=0)
    no = answers.known.sum(axis=0) - yes
    return [
        Question(row.family, (Bit(row.name, value),))
        for number, row in enumerate(POSEBITS)
        if min(yes[number], no[number]) >= LEAST_OF_EACH
        for value in (True, False)
    ]


def conjunctions(answers: Answers, singles: Sequence[Question], family: str) -> list[Question]:
    """`CONJUNCTIONS` different ones (fewer where the people do not give as many) of the conditions of single
    questions, no two of them of one subject, each met by at least `LEAST_MEETING` people; always the same."""
    size = SIZES[family]
    rng = np.random.default_rng([SEED, size])
    found: dict[frozenset[Bit], Question] = {}
    for conditions in _random_conditions(singles, size, rng):
        meets, _ = answers.meet(conditions)
        if meets.sum() >= LEAST_MEETING:
            found.setdefault(frozenset(conditions), Question(family, conditions))
        if len(found) == CONJUNCTIONS:
            break
    return list(found.values())


def _random_conditions(
    singles: Sequence[Question], size: int, rng: np.random.Generator
) -> Iterator[tuple[Bit, ...]]:
    pool = [question.conditions[0] for question in singles]
    for _ in range(TRIES * CONJUNCTIONS if len(pool) >= size else 0):
        chosen = tuple(pool[number] for number in rng.choice(len(pool), size, replace=False))
        if len({bit.row.subject for bit in chosen}) == size:
            yield chosen
