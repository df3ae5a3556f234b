"""Measures of image-to-video retrieval (docs/image-to-video.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.still_films import Film

TOP = 20
"""Answers of a query that are kept."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """One shot that is proposed. film: place among the films; time: second of the frame; start, end: of the shot;
    match: what answers are ranked by, or 0..1."""

    film: int
    time: float
    start: float
    end: float
    match: float


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Of Q queries, (Q, TOP) each, best first, at most one answer a shot; fields as of `Answer`, film -1 and the
    others NaN where there is no answer."""

    film: NDArray[np.intp]
    time: Array
    start: Array
    end: Array
    match: Array

    FIELDS: ClassVar[tuple[str, ...]] = ("film", "time", "start", "end", "match")
    """Names of the arrays."""

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Answers:
        """Of arrays by name."""
        return cls(**{name: arrays[name] for name in cls.FIELDS})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """By name."""
        return {name: getattr(self, name) for name in self.FIELDS}

    @classmethod
    def empty(cls, count: int) -> Answers:
        """Of so many queries, none with an answer."""
        unknown = [np.full((count, TOP), np.nan) for _ in range(4)]
        return cls(np.full((count, TOP), -1, np.intp), *unknown)

    def put(self, query: int, rank: int, answer: Answer) -> None:
        """One answer; rank: from 0."""
        for name, values in self.arrays().items():
            values[query, rank] = getattr(answer, name)


@dataclass(frozen=True, slots=True, eq=False)
class Right:
    """(Q, TOP) whether an answer is right. film: of the query's film; shot: also of the shot that the library found
    at the query's second; true_shot: also of the same true shot, where these are known, else as `film`."""

    film: NDArray[np.bool_]
    shot: NDArray[np.bool_]
    true_shot: NDArray[np.bool_]


def right(answers: Answers, film: NDArray[np.intp], time: Array, films: Sequence[Film]) -> Right:
    """film, time: (Q,) what the queries show."""
    of_film = answers.film == film[:, None]
    second = time[:, None]
    of_shot = of_film & (answers.start <= second + 1e-6) & (second < answers.end - 1e-6)
    true = of_film.copy()
    for query, rank in zip(*np.nonzero(of_film), strict=True):
        one = films[film[query]]
        true[query, rank] = one.true_shot(float(answers.time[query, rank])) == one.true_shot(float(time[query]))
    return Right(of_film, of_shot, true)


def recall(right_answers: NDArray[np.bool_], k: int) -> float:
    """Share of queries (Q, TOP) with a right answer among the first k."""
    return float(right_answers[:, :k].any(axis=1).mean())


def average_precision(right_answers: NDArray[np.bool_]) -> Array:
    """(Q,) of rankings (Q, TOP) with one relevant thing each: 1 over the rank of the first right answer, 0 where
    there is none among `TOP`."""
    rank = right_answers.argmax(axis=1) + 1
    return np.where(right_answers.any(axis=1), 1.0 / rank, 0.0)


def measures(answers: Answers, film: NDArray[np.intp], time: Array, films: Sequence[Film]) -> dict[str, float]:
    """recall@1, recall@5 of the shot, of the true shot (true_recall) and of the film (film_recall): among the first
    answers, which are of different shots; map: mean `average_precision` of the shot; time_error, time_error_mean:
    median and mean seconds from the first answer to the query's frame, over queries whose first answer is of the
    right shot; film_time_error, film_time_error_mean: of the right film. Left out where there is no such query."""
    found = right(answers, film, time, films)
    values: dict[str, float] = {}
    for name, which in (("", found.shot), ("true_", found.true_shot), ("film_", found.film)):
        values |= {f"{name}recall@{k}": recall(which, k) for k in (1, 5)}
    values["map"] = float(average_precision(found.shot).mean())
    away = np.abs(answers.time[:, 0] - time)
    for name, which in (("", found.shot), ("film_", found.film)):
        errors = away[which[:, 0]]
        if len(errors):
            values[f"{name}time_error"] = float(np.median(errors))
            values[f"{name}time_error_mean"] = float(errors.mean())
    return values
