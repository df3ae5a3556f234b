"""Precision of the first people that a question finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.words_questions import SIZES, Question

Array = NDArray[np.float64]

DEPTH = 10
"""Precision is measured among the first 1 to so many."""


def precision(scores: NDArray[np.floating], meets: NDArray[np.bool_]) -> Array:
    """(`DEPTH`,) shares of those who meet the question among the first 1, 2, ... by score.

    scores: (N,) the higher the earlier, NaN last of all; meets: (N,); N at least `DEPTH`. Of people with equal
    scores any order is as likely: the precision is the mean over all of them.
    """
    order = np.where(np.isnan(scores), -np.inf, scores)
    found = np.zeros(DEPTH)
    worst = np.partition(order, len(order) - DEPTH)[len(order) - DEPTH]
    first = order >= worst  # all others come after them
    order, meets = order[first], meets[first]
    for place in range(DEPTH):
        at = np.partition(order, len(order) - 1 - place)[len(order) - 1 - place]
        above, equal = order > at, order == at
        left = place + 1 - int(above.sum())
        found[place] = (meets[above].sum() + left * meets[equal].mean()) / (place + 1)
    return found


def mean_precision(questions: Sequence[Question], precisions: Array) -> dict[str, float]:
    """Means of precisions (Q, `DEPTH`) over questions: precision@k of all single ones; ending in the name of a
    family, of its questions; in /true or /false, of the single ones that ask for this value; in a key of `SIZES`,
    of conjunctions."""
    groups: dict[str, list[int]] = {}
    for number, question in enumerate(questions):
        single = question.family not in SIZES
        value = "/true" if question.conditions[0].value else "/false"
        for group in ("", value, f"/{question.family}") if single else (f"/{question.family}",):
            groups.setdefault(group, []).append(number)
    means: Mapping[str, Array] = {group: precisions[rows].mean(axis=0) for group, rows in groups.items()}
    order = ["", *(f"/{size}" for size in SIZES), "/true", "/false"]
    ranked = sorted(means, key=lambda group: order.index(group) if group in order else len(order))
    return {
        f"precision@{place + 1}{group}": float(means[group][place]) for group in ranked for place in range(DEPTH)
    }
