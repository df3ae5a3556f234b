"""How words score people: by how surely the conditions hold, as posebits and pose embeddings tell, or by how many
of them do not hold."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from contrapposto.language.conditions import All, Asked, Bit, Condition, Scene, bits, hamming, probability
from contrapposto.language.wording import understood, words_of
from contrapposto.posebits.table import Posebit
from contrapposto.records import ConditionResult, Why, WordsResult
from contrapposto.search.candidates import Block
from contrapposto.search.fused_words import fused_probability
from contrapposto.search.partial_queries import log_odds, shared
from contrapposto.search.scene_scoring import scene_scores
from contrapposto.search.scoring import Array, Score
from contrapposto.search.words_part import WordsPart

LATER = 1e-9
"""Added to the order of the people of a picture that is asked for as a whole, but for the one to show: so they come
after it."""


class WordsScorer:
    """One part in words and the people of a block."""

    def __init__(self, part: WordsPart, block: Block) -> None:
        self._part = part
        self._block = block
        self._chances: dict[str, Array] = {}

    def bounds(self) -> tuple[Array, Array]:
        """See `Scorer`; these are exact."""
        return self._scores.order, self._scores.matches

    def exact(self, rows: NDArray[np.intp]) -> Score:
        """See `Scorer`."""
        return self._scores.take(rows)

    def why(self, score: Score, rows: NDArray[np.intp]) -> list[Why]:
        """See `Scorer`."""
        asked = self._part.asked
        said = understood(asked)
        results = [self._told(condition, rows) for condition in conditions_of(asked.person)]
        if asked.scene is not None:
            words = scene_words(asked.scene)
            results.append([ConditionResult(words, float(chance)) for chance in score.scene])
        return [
            WordsResult(
                said,
                float(score.matches[place]),
                float(score.distances[place]),
                tuple(column[place] for column in results),
                self._part.weight < 0,
            )
            for place in range(len(rows))
        ]

    def _told(self, condition: Condition, rows: NDArray[np.intp]) -> list[ConditionResult]:
        """How surely a condition holds of people."""
        chances = self._probability(condition)[rows]
        words = words_of(condition)
        return [ConditionResult(words, float(chance) if np.isfinite(chance) else None) for chance in chances]

    @cached_property
    def _scores(self) -> Score:
        """Of everybody."""
        person, scene = self._part.asked.person, self._part.asked.scene
        count = len(self._block.people)
        whole, shown = np.ones(count), np.ones(count, bool)
        unmet, unknown, matches = np.zeros(count), np.zeros(count), np.ones(count)
        if person is not None:
            unmet, unknown = hamming(person, self._margin), self._unknown(person)
            matches = self._probability(person)
        if scene is not None:
            boxes = self._block.people.boxes
            places = boxes[:, :2] + boxes[:, 2:] / 2
            rows, pictures, own = self._block.pictures
            of_all, shown_in = scene_scores(scene, self._block.asked, rows, pictures, places[rows])
            whole, shown = of_all[own], shown_in[own]
            unmet = unmet + (whole < 0.5)
            matches = matches * whole
        if self._part.score == "hamming":
            asked = sum(1 for _ in bits(person)) if person is not None else 0
            order = unmet + unknown / (asked + 1)
            matches = 1 - order / (asked + (scene is not None) + 1)
        unmet = np.where(np.isfinite(matches), unmet, np.nan)
        if self._part.weight < 0:
            matches = 1 - matches
        found = np.nan_to_num(matches)
        order = 1 - matches + np.where(shown, 0.0, LATER)
        return Score(unmet, order, found, np.zeros(count, bool), whole)

    def _unknown(self, person: Condition) -> Array:
        """(N,) how many of the posebits that are asked for cannot be told."""
        unknown: Array = np.sum([np.isnan(self._margin(bit.row)) for bit in bits(person)], axis=0, dtype=np.float64)
        return unknown

    def _margin(self, row: Posebit) -> Array:
        """(N,) above 0 where a row is true; its chance tells that as well as its measure does."""
        return self._chance(row) - 0.5

    def _probability(self, person: Condition) -> Array:
        """(N,) how surely it holds: by posebits, and by the pose embeddings of those who have one."""
        if self._part.score == "hamming":
            return probability(person, self._chance)
        return fused_probability(person, self._chance, self._log_odds, shared().learned)

    def _log_odds(self, asked: Sequence[Bit]) -> Array:
        return log_odds(shared(), self._block.doubled, asked)

    def _chance(self, row: Posebit) -> Array:
        if row.name not in self._chances:
            self._chances[row.name] = self._block.asked.probability(row)
        return self._chances[row.name]


def conditions_of(person: Condition | None) -> tuple[Condition, ...]:
    """What is asked of a person, one by one."""
    if person is None:
        return ()
    return person.parts if isinstance(person, All) else (person,)


def scene_words(scene: Scene) -> str:
    """What is asked of the picture."""
    return understood(Asked(None, scene))
