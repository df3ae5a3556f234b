"""Ways to rank people for a question in words by their image embeddings (`docs/partial.md`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.words_gallery import Gallery, Learned, Real
from contrapposto.evaluation.words_questions import Question
from contrapposto.language.conditions import Bit, probability
from contrapposto.posebits.table import Posebit
from contrapposto.scan.masked import doubled, weighted_distances
from contrapposto.search.fused_words import SHARE, fused_probability, together
from contrapposto.search.partial_queries import PartialQueries, log_odds

Array = NDArray[np.float64]

Scorer = Callable[[Question], Array]


def by_conditional(gallery: Gallery, _: Learned | None, *, rounded: bool = False) -> Scorer:
    """(a) Nearest to the language stream's embedding of the conditional posebyte."""
    embeddings, queries = _embeddings(gallery), PartialQueries()

    def scores(question: Question) -> Array:
        return _cosines(embeddings, queries.embed(queries.complete(question.conditions, rounded=rounded)[None])[0])

    return scores


def by_conditional_rounded(gallery: Gallery, learned: Learned | None) -> Scorer:
    """(a) As the thesis has it: the conditional posebyte is brought to 0 and 1."""
    return by_conditional(gallery, learned, rounded=True)


def by_direction(gallery: Gallery, _: Learned | None) -> Scorer:
    """(a) Furthest from the embedding of the mean posebyte in the direction of that of the conditional posebyte."""
    embeddings, queries = _embeddings(gallery), PartialQueries()
    start = queries.embed(queries.complete(())[None])[0]

    def scores(question: Question) -> Array:
        return _cosines(embeddings, queries.embed(queries.complete(question.conditions)[None])[0] - start)

    return scores


def by_origin_mask(gallery: Gallery, _: Learned | None) -> Scorer:
    """(b) Nearest to the origin under the mask; of several conditions the sum of the squared distances."""
    kept, queries = doubled(_embeddings(gallery)), PartialQueries()
    return lambda question: -weighted_distances(kept, queries.mask(question.conditions))


def by_condition_network(gallery: Gallery, _: Learned | None) -> Scorer:
    """(c) Nearest to the centre that the condition network gives, by the weights that it gives."""
    answer = log_odds_of(gallery)
    return lambda question: answer(question.conditions)


def by_embedding_mean(gallery: Gallery, learned: Learned | None) -> Scorer:
    """Nearest to the mean embedding of those of the development set who meet the question."""
    assert learned is not None
    assert learned.embeddings is not None
    return _by_mean(_embeddings(gallery), learned.embeddings, learned)


def by_embedding_direction(gallery: Gallery, learned: Learned | None) -> Scorer:
    """Furthest in the direction from the mean embedding of the development set to that of those who meet the
    question."""
    assert learned is not None
    assert learned.embeddings is not None
    return _by_mean(_embeddings(gallery), learned.embeddings, learned, direction=True)


def by_imagenet_mean(gallery: Gallery, learned: Learned | None) -> Scorer:
    """The same of ImageNet features."""
    assert learned is not None
    assert learned.looks is not None
    assert gallery.looks is not None
    return _by_mean(gallery.looks, learned.looks, learned)


def by_fused(gallery: Gallery, _: Learned | None) -> Scorer:
    """How surely people meet the conditions by their posebits, fused with the condition network's answer to all of
    them at once."""
    answer, chance = log_odds_of(gallery), remembered(gallery.people.probability)
    learned = PartialQueries().learned
    return lambda question: fused_probability(question.condition, chance, answer, learned)


def by_fused_single(gallery: Gallery, _: Learned | None) -> Scorer:
    """The same, but the condition network is asked for each condition alone."""
    answer = log_odds_of(gallery)
    chance = remembered(lambda row: together(gallery.people.probability(row), answer([Bit(row.name)]), SHARE))
    return lambda question: probability(question.condition, chance)


def remembered(chance: Callable[[Posebit], Array]) -> Callable[[Posebit], Array]:
    """The same, computed once for each row."""
    found: dict[str, Array] = {}

    def once(row: Posebit) -> Array:
        if row.name not in found:
            found[row.name] = chance(row)
        return found[row.name]

    return once


def log_odds_of(gallery: Gallery) -> Callable[[Sequence[Bit]], Array]:
    """(N,) log-odds that people meet conditions, by the condition network; NaN without an embedding."""
    kept, queries = doubled(_embeddings(gallery)), PartialQueries()
    return lambda conditions: log_odds(queries, kept, conditions)


def _embeddings(gallery: Gallery) -> Real:
    assert gallery.embeddings is not None
    return gallery.embeddings


def _by_mean(vectors: Real, others: Real, learned: Learned, direction: bool = False) -> Scorer:
    """Cosine with the mean vector of those others who meet the question, all of them where nobody does; less
    (`direction`) the mean of all."""
    known = np.isfinite(others).all(axis=1)
    start = others[known].mean(axis=0) if direction else np.zeros(others.shape[1], np.float32)

    def scores(question: Question) -> Array:
        meets = learned.answers.meet(question.conditions)[0] & known
        return _cosines(vectors, others[meets if meets.any() else known].mean(axis=0) - start)

    return scores


def _cosines(vectors: Real, query: Real) -> Array:
    """(N,) cosines of vectors of length 1 with a query; NaN stays."""
    found: Array = (vectors @ query).astype(np.float64) / max(float(np.linalg.norm(query)), 1e-12)
    return found
