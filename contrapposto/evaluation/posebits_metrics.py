"""How well posebits of estimated poses agree with those of true ones, row by row and by family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.posebits.table import POSEBITS, Posebit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MIN_EACH = 10
"""A row has an agreement when this many people truly have it, and as many truly have it not."""

BINS = 10
"""Of the stated chances, for the calibration error."""

PERCENTILES = (5, 50, 95)


@dataclass(frozen=True, slots=True, eq=False)
class RowAnswers:
    """What N people answer to one row where truth and estimate are both known. value: the true measure; true: the
    true answer; found: the estimated one; chance: the stated chance that it is true; known: how many of those whose
    truth is known have an estimated answer, 0..1."""

    row: Posebit
    value: Array
    true: Mask
    found: Mask
    chance: Array
    known: float

    @property
    def agreement(self) -> float | None:
        """Mean of the share right among those who truly have it and among those who truly have it not; None with
        fewer than `MIN_EACH` on a side."""
        if min(self.true.sum(), (~self.true).sum()) < MIN_EACH:
            return None
        return float((self.found[self.true].mean() + (~self.found[~self.true]).mean()) / 2)

    def as_row(self) -> dict[str, str | float | None]:
        """One line of the table of results."""
        some = bool(self.true.size)
        spread = np.percentile(self.value, PERCENTILES) if some else np.full(len(PERCENTILES), np.nan)
        return {
            "posebit": self.row.name,
            "family": self.row.family,
            "threshold": self.row.threshold,
            "unit": self.row.unit,
            "people": len(self.true),
            "true": float(self.true.mean()) if some else None,
            "found": float(self.found.mean()) if some else None,
            "agreement": self.agreement,
            "accuracy": float((self.found == self.true).mean()) if some else None,
            "brier": float(((self.chance - self.true) ** 2).mean()) if some else None,
            "known": self.known,
            **{f"p{which}": float(value) for which, value in zip(PERCENTILES, spread, strict=True)},
        }


def answers_of(truth: Figures, people: People, rows: Sequence[Posebit] = POSEBITS) -> list[RowAnswers]:
    """Of the same N people, true and estimated."""
    answers = []
    for row in rows:
        value, margin, chance = truth.measure(row.measure, row.points), people.margin(row), people.probability(row)
        there = np.isfinite(value)
        both = there & np.isfinite(margin)
        true = value > row.threshold if row.over else value < row.threshold
        known = float(both.sum() / max(there.sum(), 1))
        answers.append(RowAnswers(row, value[both], true[both], margin[both] > 0, chance[both], known))
    return answers


def family_scores(answers: Sequence[RowAnswers]) -> dict[str, float]:
    """Measures such as "agreement/angle", and "agreement/all" over all rows.

    agreement: mean over the rows that have one (`rows`: how many); accuracy: share of answers that are right;
    brier: mean square of chance minus truth; ece: mean distance of stated chance and share of true, over `BINS`
    bins of the chance, weighted by answers; known: share of the true answers that have an estimated one, mean over
    rows.
    """
    families = {family: [a for a in answers if a.row.family == family] for family in _families(answers)}
    measures: dict[str, float] = {}
    for name, members in {"all": list(answers), **families}.items():
        agreements = [a.agreement for a in members if a.agreement is not None]
        chance, true = np.concatenate([a.chance for a in members]), np.concatenate([a.true for a in members])
        found = np.concatenate([a.found for a in members])
        if agreements:
            measures[f"agreement/{name}"] = float(np.mean(agreements))
        measures[f"rows/{name}"] = float(len(agreements))
        if true.size:
            measures[f"accuracy/{name}"] = float((found == true).mean())
            measures[f"brier/{name}"] = float(((chance - true) ** 2).mean())
            measures[f"ece/{name}"] = calibration_error(chance, true)
        measures[f"known/{name}"] = float(np.mean([a.known for a in members]))
    return _in_order(measures)


def calibration_error(chance: Array, true: Mask) -> float:
    """Expected calibration error over `BINS` equal bins, 0..1. Raises ValueError without answers."""
    if not chance.size:
        raise ValueError("no answers: there is no calibration error")
    bins = np.minimum((chance * BINS).astype(int), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    gap = np.bincount(bins, chance, BINS) - np.bincount(bins, true, BINS)
    return float(np.abs(gap).sum() / count.sum())


def _families(answers: Sequence[RowAnswers]) -> list[str]:
    return list(dict.fromkeys(a.row.family for a in answers))


def _in_order(measures: Mapping[str, float]) -> dict[str, float]:
    """One kind after the other, families within."""
    kinds = dict.fromkeys(name.partition("/")[0] for name in measures)
    return {name: measures[name] for kind in kinds for name in measures if name.partition("/")[0] == kind}
