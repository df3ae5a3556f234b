"""What words ask of people: a tree of conditions over posebits, and how surely a person meets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.posebits.answers import People
from contrapposto.posebits.table import INDEX, POSEBITS, Posebit

Array = NDArray[np.float64]

FLOOR = 0.05
"""Least factor of one condition in a product: a wrong keypoint does not hide a person."""

UNKNOWN = 0.5
"""Chance of a condition that cannot be told."""


@dataclass(frozen=True, slots=True)
class Bit:
    """A posebit, by its name in the table, is true, or (`value` False) is false."""

    name: str
    value: bool = True

    def __post_init__(self) -> None:
        if self.name not in INDEX:
            raise ValueError(f"no posebit {self.name!r}")

    @property
    def row(self) -> Posebit:
        """Of the table."""
        return POSEBITS[INDEX[self.name]]


@dataclass(frozen=True, slots=True)
class All:
    """All of at least two."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of at least two."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not a condition that is no plain posebit (of a posebit: `Bit` with the other value)."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Named:
    """A named pose, such as "kneeling", and what it means (`poses`)."""

    name: str
    means: Condition


Condition = Bit | All | Either | Not | Named


@dataclass(frozen=True, slots=True)
class Scene:
    """Of a whole picture. count: people in it who meet `each` (anybody where None), exactly or at least;
    relation: how two of them stand to each other, a name in `scenes.RELATIONS`, or None."""

    count: int
    exactly: bool
    each: Condition | None = None
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text asks for: of the person, of the picture, or both; at least one of them."""

    person: Condition | None
    scene: Scene | None = None


def every(parts: Sequence[Condition]) -> Condition:
    """All of at least one; those inside an `All` are taken out of it, and none stands twice."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, All) else (part,))]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else All(unique)


def some(parts: Sequence[Condition]) -> Condition:
    """At least one of at least one; as `every`."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,))]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Either(unique)


def negated(condition: Condition) -> Condition:
    """Its opposite."""
    if isinstance(condition, Bit):
        return Bit(condition.name, not condition.value)
    return condition.part if isinstance(condition, Not) else Not(condition)


def pushed(condition: Condition) -> Condition:
    """The same of `Bit`, `All` and `Either` alone: meanings for names, negations at the posebits."""
    if isinstance(condition, Named):
        return pushed(condition.means)
    if isinstance(condition, Not):
        inner = pushed(condition.part)
        if isinstance(inner, Bit):
            return negated(inner)
        join = some if isinstance(inner, All) else every
        assert isinstance(inner, All | Either)
        return join([pushed(Not(part)) for part in inner.parts])
    if isinstance(condition, All):
        return every([pushed(part) for part in condition.parts])
    if isinstance(condition, Either):
        return some([pushed(part) for part in condition.parts])
    return condition


def bits(condition: Condition) -> Iterator[Bit]:
    """The posebits of its pushed form, some perhaps twice."""
    plain = pushed(condition)
    if isinstance(plain, Bit):
        yield plain
    elif isinstance(plain, All | Either):
        for part in plain.parts:
            yield from bits(part)


def probability(condition: Condition, chance: Callable[[Posebit], Array]) -> Array:
    """(N,) how surely N people meet a condition, 0..1; `chance` gives that of a row, NaN where unknown.

    Of several that all must hold the product, each at least `FLOOR`; of alternatives the best. What is unknown
    counts `UNKNOWN`; NaN where nothing is known.
    """
    plain = pushed(condition)
    known = np.any([np.isfinite(chance(bit.row)) for bit in bits(plain)], axis=0)
    return np.where(known, _probability(plain, chance), np.nan)


def _probability(plain: Condition, chance: Callable[[Posebit], Array]) -> Array:
    if isinstance(plain, Bit):
        value = chance(plain.row)
        answer: Array = np.where(np.isfinite(value), value if plain.value else 1 - value, UNKNOWN)
        return answer
    assert isinstance(plain, All | Either)
    parts = np.stack([_probability(part, chance) for part in plain.parts])
    if isinstance(plain, Either):
        best: Array = parts.max(axis=0)
        return best
    together: Array = np.maximum(parts, FLOOR).prod(axis=0)
    return together


def hamming(condition: Condition, margin: Callable[[Posebit], Array]) -> Array:
    """(N,) how many of the conditions N people do not meet: the masked Hamming distance where all must hold; of
    alternatives that of the best. What is unknown does not count; NaN where nothing is known."""
    plain = pushed(condition)
    known = np.any([np.isfinite(margin(bit.row)) for bit in bits(plain)], axis=0)
    return np.where(known, _hamming(plain, margin), np.nan)


def _hamming(plain: Condition, margin: Callable[[Posebit], Array]) -> Array:
    if isinstance(plain, Bit):
        value = margin(plain.row)
        return np.where(np.isfinite(value), (value > 0) != plain.value, 0).astype(np.float64)
    assert isinstance(plain, All | Either)
    parts = np.stack([_hamming(part, margin) for part in plain.parts])
    unmet: Array = parts.sum(axis=0) if isinstance(plain, All) else parts.min(axis=0)
    return unmet


def holds(condition: Condition, people: People) -> NDArray[np.bool_]:
    """(N,) whether the condition is true of people; what is unknown is false, also when it is negated."""
    return _holds(pushed(condition), people)


def _holds(plain: Condition, people: People) -> NDArray[np.bool_]:
    if isinstance(plain, Bit):
        value = people.margin(plain.row)
        met: NDArray[np.bool_] = np.isfinite(value) & ((value > 0) == plain.value)
        return met
    assert isinstance(plain, All | Either)
    parts = np.stack([_holds(part, people) for part in plain.parts])
    join = np.logical_and if isinstance(plain, All) else np.logical_or
    whole: NDArray[np.bool_] = join.reduce(parts, axis=0)
    return whole


def stronger(row: Posebit) -> Posebit | None:
    """The row of the same measure and direction with the next further threshold, None where there is none."""
    sign = 1 if row.over else -1
    further = [
        other
        for other in POSEBITS
        if other.subject == row.subject and other.over == row.over and sign * (other.threshold - row.threshold) > 0
    ]
    return min(further, key=lambda other: sign * other.threshold, default=None)
