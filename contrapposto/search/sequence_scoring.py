"""How a sequence scores people in films: by the best chain of moments of one track, one for each step."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from contrapposto.records import Person, SequenceResult, StepResult, Why
from contrapposto.search.candidates import Block
from contrapposto.search.pose_part import PosePart
from contrapposto.search.scoring import Array, Score, Scorer
from contrapposto.search.sequence_part import SequencePart
from contrapposto.search.words_part import WordsPart

MakeScorer = Callable[[PosePart | WordsPart, Block], Scorer]

SLACK = 1e-6
"""Seconds: what rounding does not count."""


class SequenceScorer:
    """One sequence and the people of a block. A moment scores as the first step of its best chain: the later steps
    are met by later moments of the same track, each in time. The match is the geometric mean of those of the steps;
    people in photos cannot be compared."""

    def __init__(self, part: SequencePart, block: Block, scorer: MakeScorer) -> None:
        self._part = part
        self._block = block
        self._scorer = scorer

    def bounds(self) -> tuple[Array, Array]:
        """See `Scorer`; these are exact."""
        match, _ = self._chains
        found = self._matches(match)
        return np.where(np.isnan(match), np.nan, 1 - found), found

    def exact(self, rows: NDArray[np.intp]) -> Score:
        """See `Scorer`; distances are seconds from the first to the last step."""
        match, chain = self._chains
        found = self._matches(match[rows])
        people = self._block.people
        later = tuple(people.take(np.maximum(chain[rows, step], 0)) for step in range(1, len(self._part.steps)))
        known = np.isfinite(match[rows])
        seconds = np.where(known, later[-1].times[:, 0] - people.times[rows, 0], np.nan)
        order = np.where(known, 1 - found, np.nan)
        return Score(seconds, order, found, np.zeros(len(rows), bool), np.ones(len(rows)), later)

    def why(self, score: Score, rows: NDArray[np.intp]) -> list[Why]:
        """See `Scorer`."""
        told = []
        for step, people in zip(self._part.steps, (self._block.people.take(rows), *score.later), strict=True):
            block = Block(people, self._block.contents[rows])
            everybody = np.arange(len(rows))
            scorer = self._scorer(step.part, block)
            told.append((people, scorer.why(scorer.exact(everybody), everybody)))
        return [
            SequenceResult(
                self._part.understood,
                float(score.distances[place]),
                float(score.matches[place]),
                tuple(_step(people.times[place], people.person(place), why[place]) for people, why in told),
                self._part.weight < 0,
            )
            for place in range(len(rows))
        ]

    def _matches(self, match: Array) -> Array:
        found = np.nan_to_num(match)
        return 1 - found if self._part.weight < 0 else found

    @cached_property
    def _chains(self) -> tuple[Array, NDArray[np.intp]]:
        """(N,) the match of everybody's best chain, NaN in photos and where no chain begins; (N, S) its moments, -1
        where there are none."""
        people, steps = self._block.people, self._part.steps
        count = len(people)
        everybody = np.arange(count)
        order = np.lexsort((people.times[:, 1], people.tracks, people.shots, self._block.contents))
        order = order[people.shots[order] > 0]
        keys = np.column_stack([self._block.contents, people.shots, people.tracks])[order]
        starts, ends = people.times[order, 1], people.times[order, 2]
        breaks = np.flatnonzero(np.any(np.diff(keys, axis=0), axis=1)) + 1
        last = np.append(breaks, len(order))[np.searchsorted(breaks, np.arange(len(order)), side="right")]
        chain = np.full((len(order), len(steps)), -1, np.intp)
        best = np.full(len(order), np.nan)
        for number in range(len(steps) - 1, -1, -1):
            own = np.nan_to_num(self._scorer(steps[number].part, self._block).exact(everybody).matches)[order]
            if number == len(steps) - 1:
                best = own
            else:
                within = steps[number + 1].within
                high = last if within is None else _until(starts, ends + within + SLACK, last)
                following = _best_in(best, np.arange(len(order)) + 1, high)
                value = np.where(following >= 0, best[following], np.nan)
                best = own * value
                chain[:, number + 1 :] = np.where(following[:, None] >= 0, chain[following, number + 1 :], -1)
            chain[:, number] = np.arange(len(order))
        whole, places = np.full(count, np.nan), np.full((count, len(steps)), -1, np.intp)
        whole[order] = best ** (1 / len(steps))
        places[order] = np.where(np.isfinite(best)[:, None], order[chain], -1)
        return whole, places


def _step(times: Array, person: Person, why: Why) -> StepResult:
    shown, start, end = (float(second) for second in times)
    return StepResult(shown, start, end, person.box, person.pose, why)


def _until(starts: Array, latest: Array, last: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N,) the first place of the same track, `last` being where that ends, which starts too late. starts: rising
    within each track."""
    low, high = np.arange(len(starts)) + 1, last.copy()
    while (low < high).any():
        middle = (low + high) // 2
        early = starts[np.minimum(middle, len(starts) - 1)] <= latest
        searching = low < high
        low = np.where(searching & early, middle + 1, low)
        high = np.where(searching & ~early, middle, high)
    return np.minimum(low, last)


def _best_in(values: Array, low: NDArray[np.intp], high: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N,) the place of the greatest value in low..high - 1, the first of equal ones, -1 where there is none (NaN
    is no value). By a table of the best of 2^k neighbours."""
    count = len(values)
    filled = np.where(np.isnan(values), -np.inf, values)
    table = [np.arange(count)]
    longest = int((high - low).max(initial=0))
    while 2 ** len(table) <= longest:
        half, before = 2 ** (len(table) - 1), table[-1]
        one, two = before, np.concatenate([before[half:], before[count - half :]])[:count]
        table.append(np.where(filled[two] > filled[one], two, one))
    best = np.full(count, -1, np.intp)
    length = high - low
    for power, row in enumerate(table):
        chosen = (length >= 2**power) & (length < 2 ** (power + 1))
        one = row[np.minimum(low[chosen], count - 1)]
        two = row[high[chosen] - 2**power]
        best[chosen] = np.where(filled[two] > filled[one], two, one)
    return np.where((best >= 0) & np.isfinite(filled[best]), best, -1)
