"""Ways to rank people by how well they answer a question in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.words_questions import Answers, Question
from contrapposto.language.conditions import probability
from contrapposto.posebits.answers import WORDS, People, pack
from contrapposto.posebits.table import INDEX, POSEBITS, Posebit
from contrapposto.scan.posebytes import masked_hamming

Array = NDArray[np.float64]

Scorer = Callable[[Question], Array]
"""(N,) scores of the gallery for a question, the higher the better; NaN where nothing is known."""


@dataclass(frozen=True, slots=True)
class Method:
    """scorer: from the gallery as it was found, and the true answers of the development set (None without one);
    exact: the gallery is found from the true 2D keypoints; learns: it needs the development set."""

    scorer: Callable[[People, Answers | None], Scorer]
    exact: bool = False
    learns: bool = False


def by_probability(gallery: People, _: Answers | None = None) -> Scorer:
    """How surely people meet the conditions."""
    chances: dict[str, Array] = {}

    def chance(row: Posebit) -> Array:
        if row.name not in chances:
            chances[row.name] = gallery.probability(row)
        return chances[row.name]

    return lambda question: probability(question.condition, chance)


def by_hamming(gallery: People, _: Answers | None = None) -> Scorer:
    """Fewest conditions that are not met, and among equal ones fewest that are unknown: the masked Hamming distance
    of posebytes."""
    answers = Answers.of(gallery)
    posebytes = np.asfortranarray(pack(answers.true, answers.known))

    def scores(question: Question) -> Array:
        asked = len(question.conditions)
        counts = masked_hamming(posebytes, _asked(question, True), _asked(question, False))
        order = counts.unmet + counts.unknown / (asked + 1)
        return np.where(counts.unknown < asked, -order, np.nan)

    return scores


def by_mean_query(gallery: People, learned: Answers | None) -> Scorer:
    """Nearest to the mean posebyte of those of the development set who meet the question (of all of them where
    nobody does): mean absolute difference over the posebits that are known of a person."""
    assert learned is not None
    answers = Answers.of(gallery)

    def scores(question: Question) -> Array:
        meets, _ = learned.meet(question.conditions)
        chosen = meets if meets.any() else np.ones_like(meets)
        known = learned.known[chosen].sum(axis=0)
        mean = learned.true[chosen].sum(axis=0) / np.maximum(known, 1)
        counted = answers.known & (known > 0)
        apart = np.abs(answers.true - mean)
        shared = counted.sum(axis=1)
        distance = np.where(counted, apart, 0.0).sum(axis=1) / np.maximum(shared, 1)
        return np.where(shared > 0, -distance, np.nan)

    return scores


def by_chance(gallery: People, _: Answers | None = None) -> Scorer:
    """Everybody alike: the mean over all orders."""
    return lambda _: np.zeros(len(gallery))


def _asked(question: Question, value: bool) -> NDArray[np.uint64]:
    """(W,) the bits that are asked to have a value."""
    bits = np.zeros((1, len(POSEBITS)), bool)
    for bit in question.conditions:
        bits[0, INDEX[bit.name]] = bit.value == value
    words: NDArray[np.uint64] = pack(bits, bits)[0, :WORDS]
    return words


METHODS: dict[str, Method] = {
    "probability": Method(by_probability),
    "hamming": Method(by_hamming),
    "mean-query": Method(by_mean_query, learns=True),
    "chance": Method(by_chance),
    "probability-true": Method(by_probability, exact=True),
    "hamming-true": Method(by_hamming, exact=True),
}
"""`...-true` are given the true 2D keypoints, with scores 1, where 3D is true: what is lost in lifting alone."""
