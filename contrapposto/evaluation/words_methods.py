"""Ways to rank people by how well they answer a question in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.words_embedded import (
    by_condition_network,
    by_conditional,
    by_conditional_rounded,
    by_direction,
    by_embedding_direction,
    by_embedding_mean,
    by_fused,
    by_fused_single,
    by_imagenet_mean,
    by_origin_mask,
    remembered,
)
from contrapposto.evaluation.words_gallery import Gallery, Learned
from contrapposto.evaluation.words_questions import Answers, Question
from contrapposto.language.conditions import probability
from contrapposto.posebits.answers import WORDS, People, pack
from contrapposto.posebits.table import INDEX, POSEBITS
from contrapposto.scan.posebytes import masked_hamming
from contrapposto.search.partial_queries import PartialQueries

Array = NDArray[np.float64]

Scorer = Callable[[Question], Array]
"""(N,) scores of the gallery for a question, the higher the better; NaN where nothing is known."""


@dataclass(frozen=True, slots=True)
class Method:
    """scorer: from the gallery as it was found, and the development set (None without one); exact: the gallery is
    found from the true 2D keypoints; learns: it needs the development set; embedded, looks: it needs image
    embeddings, or ImageNet features, and so photos; weights: of its networks."""

    scorer: Callable[[Gallery, Learned | None], Scorer]
    exact: bool = False
    learns: bool = False
    embedded: bool = False
    looks: bool = False
    weights: tuple[str, ...] = ()


def by_probability(gallery: People, _: Answers | None = None) -> Scorer:
    """How surely people meet the conditions."""
    chance = remembered(gallery.probability)
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


def _of_people(scorer: Callable[[People, Answers | None], Scorer]) -> Callable[[Gallery, Learned | None], Scorer]:
    """A method that only looks at posebits."""
    return lambda gallery, learned: scorer(gallery.people, None if learned is None else learned.answers)


_BOTH = PartialQueries.weights
_SETS = _BOTH[1:]

METHODS: dict[str, Method] = {
    "probability": Method(_of_people(by_probability)),
    "hamming": Method(_of_people(by_hamming)),
    "mean-query": Method(_of_people(by_mean_query), learns=True),
    "chance": Method(_of_people(by_chance)),
    "probability-true": Method(_of_people(by_probability), exact=True),
    "hamming-true": Method(_of_people(by_hamming), exact=True),
    "conditional": Method(by_conditional, embedded=True, weights=_BOTH),
    "conditional-rounded": Method(by_conditional_rounded, embedded=True, weights=_BOTH),
    "conditional-direction": Method(by_direction, embedded=True, weights=_BOTH),
    "origin-mask": Method(by_origin_mask, embedded=True, weights=_SETS),
    "condition-network": Method(by_condition_network, embedded=True, weights=_SETS),
    "embedding-mean-query": Method(by_embedding_mean, learns=True, embedded=True),
    "embedding-mean-direction": Method(by_embedding_direction, learns=True, embedded=True),
    "imagenet-mean": Method(by_imagenet_mean, learns=True, looks=True),
    "fused": Method(by_fused, embedded=True, weights=_SETS),
    "fused-single": Method(by_fused_single, embedded=True, weights=_SETS),
}
"""`...-true` are given the true 2D keypoints, with scores 1, where 3D is true: what is lost in lifting alone."""
