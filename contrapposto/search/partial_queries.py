"""Queries in the space of image embeddings for people of whom only some conditions are asked
(`docs/partial.md`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.language.conditions import Bit
from contrapposto.posebits.table import INDEX, POSEBITS
from contrapposto.scan.masked import weighted_distances
from contrapposto.search.conditional_posebytes import PosebyteStatistics
from contrapposto.weights import Progress

if TYPE_CHECKING:
    import onnxruntime

Array = NDArray[np.float64]
Real = NDArray[np.float32]

BITS = len(POSEBITS)


@dataclass(frozen=True, slots=True, eq=False)
class WeightedQuery:
    """weights: (D,) above 0; centre: (D,); the log-odds that a person meets the conditions are `offset` less the
    weighted squared distance of the embedding from the centre."""

    weights: Array
    centre: Array
    offset: float


class PartialQueries:
    """The networks that make queries, loaded when they are first used."""

    weights: tuple[str, ...] = ("language-stream", "partial-queries")

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._threads, self._progress = threads, progress

    def embed(self, posebytes: NDArray[np.floating]) -> Real:
        """(N, D) float32 of length 1, for posebytes (N, R): 1 where true, 0 where false, between them where that is
        a guess, NaN where unknown."""
        given = np.nan_to_num(2 * np.asarray(posebytes, dtype=np.float64) - 1).astype(np.float32)
        found: Real = self._language.run(["embedding"], {"posebyte": given})[0]
        return found

    def complete(self, conditions: Iterable[Bit], *, rounded: bool = False) -> Array:
        """(R,) the conditional posebyte of some known posebits, 0..1."""
        values, known = np.zeros(BITS), np.zeros(BITS, bool)
        for bit in conditions:
            values[INDEX[bit.name]], known[INDEX[bit.name]] = bit.value, True
        return self.statistics.complete(values, known, rounded=rounded)

    def query(self, conditions: Iterable[Bit]) -> WeightedQuery:
        """The query of a set of conditions that must all hold."""
        weights, centre, offset = self._partial.run(
            ["weights", "centre", "offset"], {"conditions": asked(conditions)[None]}
        )
        return WeightedQuery(weights[0].astype(np.float64), centre[0].astype(np.float64), float(offset[0]))

    def mask(self, conditions: Iterable[Bit]) -> Array:
        """(D,) weights whose weighted squared distance from the origin is the sum of those of the masks of the
        conditions, lowest for people who meet them; zeros where there is no mask of any."""
        found: Real = self._partial.run(["mask"], {"conditions": asked(conditions)[None]})[0]
        return np.asarray(found[0], dtype=np.float64)

    def learned(self, bit: Bit) -> bool:
        """Whether anything was learned of a condition."""
        return bool(self._learned @ asked([bit]) > 0)

    @cached_property
    def _learned(self) -> Real:
        given = np.zeros((1, 2 * BITS), np.float32)
        found: Real = self._partial.run(["learned"], {"conditions": given})[0][0]
        return found

    @cached_property
    def statistics(self) -> PosebyteStatistics:
        """Of the posebytes that the language stream learned from."""
        given = np.zeros((1, 2 * BITS), np.float32)
        mean, covariance = self._partial.run(["mean", "covariance"], {"conditions": given})
        return PosebyteStatistics(mean[0].astype(np.float64), covariance.astype(np.float64))

    @cached_property
    def _language(self) -> onnxruntime.InferenceSession:
        return open_session(self.weights[0], threads=self._threads, progress=self._progress)

    @cached_property
    def _partial(self) -> onnxruntime.InferenceSession:
        return open_session(self.weights[1], threads=self._threads, progress=self._progress)


@cache
def shared() -> PartialQueries:
    """The same for all searches of a process."""
    return PartialQueries()


def log_odds(queries: PartialQueries, kept: Real, conditions: Sequence[Bit]) -> Array:
    """(N,) log-odds that people meet all of some conditions, by embeddings kept as `scan.masked.doubled` gives them
    (N, 2 D); NaN without an embedding, and where nothing was learned of one of the conditions."""
    if not all(queries.learned(bit) for bit in conditions):
        return np.full(len(kept), np.nan)
    query = queries.query(conditions)
    return query.offset - weighted_distances(kept, query.weights, query.centre)


def asked(conditions: Iterable[Bit]) -> Real:
    """(2 R,) 1 for each condition: first all posebits asked to be true, then those asked to be false."""
    found = np.zeros(2 * BITS, np.float32)
    for bit in conditions:
        found[INDEX[bit.name] + (0 if bit.value else BITS)] = 1.0
    return found
