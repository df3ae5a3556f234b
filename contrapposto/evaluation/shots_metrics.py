"""Precision, recall and F1 of borders, by one-to-one matching in time.

A given border and a true one match when they are at most a tolerance apart, both ends included. As many pairs as
possible are made: on a line, taking both in order and pairing the earliest two that match does that (if an optimal
matching has other partners for these two, they can be exchanged: the partners are later, and match each other).
Of several given borders near one true one, the earliest counts and the others are false.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contrapposto.shots import KINDS, Border

TOLERANCE = 0.25
"""Seconds."""

_ROUNDING = 1e-6
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Counts:
    """true: borders that there are; given: by a detector; matched: pairs of them. Sums of films add up."""

    true: int = 0
    given: int = 0
    matched: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.true + other.true, self.given + other.given, self.matched + other.matched)

    @property
    def precision(self) -> float | None:
        """Share of the given ones that are matched; None when none is given."""
        return self.matched / self.given if self.given else None

    @property
    def recall(self) -> float | None:
        """Share of the true ones that are matched; None when there is none."""
        return self.matched / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """2 matched / (true + given), the harmonic mean of both; None when there are no borders at all."""
        total = self.true + self.given
        return 2 * self.matched / total if total else None


def pairs(true: Sequence[float], given: Sequence[float], tolerance: float = TOLERANCE) -> list[tuple[int, int]]:
    """Indices of the true and the given one of each pair, in order of time. Seconds, in any order."""
    found = []
    left = sorted(range(len(true)), key=true.__getitem__)
    right = sorted(range(len(given)), key=given.__getitem__)
    i = j = 0
    while i < len(left) and j < len(right):
        apart = given[right[j]] - true[left[i]]
        if abs(apart) <= tolerance + _ROUNDING:
            found.append((left[i], right[j]))
            i, j = i + 1, j + 1
        elif apart < 0:
            j += 1
        else:
            i += 1
    return found


@dataclass(frozen=True, slots=True)
class FilmScore:
    """all: kinds do not matter. same: by kind, among true and given borders of that kind. found: by kind, the true
    ones of it, how many of them are paired in `all`, and as many given."""

    all: Counts
    same: dict[str, Counts]
    found: dict[str, Counts]


def score_film(true: Sequence[Border], given: Sequence[Border], tolerance: float = TOLERANCE) -> FilmScore:
    """The counts of one film."""
    matched = pairs([border.time for border in true], [border.time for border in given], tolerance)
    same, found = {}, {}
    for kind in KINDS:
        a = [border.time for border in true if border.kind == kind]
        b = [border.time for border in given if border.kind == kind]
        same[kind] = Counts(len(a), len(b), len(pairs(a, b, tolerance)))
        hits = sum(true[number].kind == kind for number, _ in matched)
        found[kind] = Counts(len(a), hits, hits)
    return FilmScore(Counts(len(true), len(given), len(matched)), same, found)


def measures(films: Iterable[FilmScore]) -> dict[str, float]:
    """Over the sums of all films; what is not defined is left out.

    precision, recall, f1; and of each kind that there is /KIND: precision, recall, f1 (the kind has to be right
    too) and found (share of the true borders of this kind that are found as any kind). true, given, false: numbers.
    """
    scores = list(films)
    total = sum((score.all for score in scores), Counts())
    named: dict[str, float | None] = {
        "precision": total.precision,
        "recall": total.recall,
        "f1": total.f1,
        "true": total.true,
        "given": total.given,
        "false": total.given - total.matched,
    }
    for kind in KINDS:
        same = sum((score.same[kind] for score in scores), Counts())
        found = sum((score.found[kind] for score in scores), Counts())
        if not same.true:
            continue
        named |= {
            f"precision/{kind}": same.precision,
            f"recall/{kind}": same.recall,
            f"f1/{kind}": same.f1,
            f"found/{kind}": found.recall,
        }
    return {name: float(value) for name, value in named.items() if value is not None}
