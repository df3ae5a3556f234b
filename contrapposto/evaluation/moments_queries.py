"""What is asked of films, and when the answer is right: from the exact truth of the demo films, and from a table of
moments in clips that were looked at frame by frame (clip_moments.csv)."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from contrapposto.demo import DemoPerson, truth
from contrapposto.distances import pose_distances
from contrapposto.language.conditions import Bit, Condition, holds
from contrapposto.language.named import NAMED
from contrapposto.language.wording import words_of
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.posebits.table import POSEBITS
from contrapposto.records import Pose
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Part
from contrapposto.search.sequence_part import in_words

ALIKE = 10.0
"""Pixels of 128 (metric `2d`, true joints): poses no further apart are the same to somebody who asks with one."""

EVERY_FRAMES = 6
"""Frames between two true poses of a person that are asked with."""

LEAST_SEEN = 10
"""Keypoints that such a pose must show."""

FEWEST, MOST = 3, 0.2
"""Frames in which somebody must be as words ask, at least; share of all frames, at most."""

WITHIN = 2.0
"""Seconds between the two steps of a sequence, at most."""

SEQUENCES = 60
SEED = 0
CLIPS = "clip_moments.csv"


@dataclass(frozen=True, slots=True)
class Right:
    """When an answer is right: the best frame from `start` to `end` (seconds) of the film; of a sequence that of
    the last step from `then_start` to `then_end`."""

    film: str
    start: float
    end: float
    then_start: float | None = None
    then_end: float | None = None


@dataclass(frozen=True, slots=True)
class MomentQuery:
    """name: for the table; kind: "skeleton", "words" or "sequence"; part: what is asked; right: at least one."""

    name: str
    kind: str
    part: Part
    right: tuple[Right, ...]


def clip_queries(films: Sequence[str]) -> list[MomentQuery]:
    """Those of the table about films (names of files) that are there."""
    found: dict[str, list[Right]] = {}
    with resources.files(__package__).joinpath(CLIPS).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["file"] in films:
                later = (float(row["then_start"]), float(row["then_end"])) if row["then_start"] else ()
                right = Right(row["file"], float(row["start"]), float(row["end"]), *later)
                found.setdefault(row["words"], []).append(right)
    return [
        MomentQuery(words, "words" if right[0].then_start is None else "sequence", in_words(words), tuple(right))
        for words, right in found.items()
    ]


def demo_queries() -> list[MomentQuery]:
    """Of the demo films: with true poses, in words, and two steps in words."""
    shown = _Shown.of(truth().film_people)
    words = list(_words(shown))
    return [*_skeletons(shown), *(query for _, query in words), *_sequences(shown, [held for held, _ in words])]


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """condition; true: (N,) of which people it holds; text: in words."""

    condition: Condition
    true: NDArray[np.bool_]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """N people of frames: names of films (N,), seconds (N,), length of a frame (N,), who through a shot (N,)."""

    people: Sequence[DemoPerson]
    films: NDArray[np.str_]
    times: NDArray[np.float64]
    frame: NDArray[np.float64]
    who: NDArray[np.str_]

    @staticmethod
    def of(people: Sequence[DemoPerson]) -> _Shown:
        rates = {name: film.rate for name, film in truth().films.items()}
        return _Shown(
            people,
            np.array([person.file for person in people]),
            np.array([(person.frame or 0) / rates[person.file] for person in people]),
            np.array([1 / rates[person.file] for person in people]),
            np.array([f"{person.file} {_shot(person)} {person.number}" for person in people]),
        )

    def right(self, true: NDArray[np.bool_]) -> tuple[Right, ...]:
        """The frames of these people."""
        rows = np.flatnonzero(true)
        keys = dict.fromkeys((str(self.films[row]), float(self.times[row]), float(self.frame[row])) for row in rows)
        return tuple(Right(film, start, start + length) for film, start, length in keys)


def _shot(person: DemoPerson) -> int:
    shots = truth().films[person.file].shots
    return next(number for number, shot in enumerate(shots) if shot.start <= (person.frame or 0) < shot.end)


def _skeletons(shown: _Shown) -> Iterator[MomentQuery]:
    gallery = np.array([person.keypoints for person in shown.people])
    for person in shown.people:
        points = person.seen_keypoints
        if (person.frame or 0) % EVERY_FRAMES or np.isfinite(points[:, 0]).sum() < LEAST_SEEN:
            continue
        alike = pose_distances("2d", points, gallery) <= ALIKE
        name = f"{person.file} frame {person.frame} person {person.number}"
        yield MomentQuery(name, "skeleton", PosePart(Pose(points)), shown.right(alike))


def _words(shown: _Shown) -> Iterator[tuple[_Held, MomentQuery]]:
    figures = Figures(
        np.array([person.keypoints for person in shown.people]),
        np.array([person.keypoints3d for person in shown.people]),
    )
    people = People(figures, np.ones((len(shown.people), 17)))
    frames = len({*zip(shown.films.tolist(), shown.times.tolist(), strict=True)})
    conditions: list[Condition] = [*(Bit(row.name) for row in POSEBITS), *NAMED.values()]
    for condition in conditions:
        true = holds(condition, people)
        right = shown.right(true)
        if FEWEST <= len(right) <= MOST * frames:
            text = words_of(condition)
            yield _Held(condition, true, text), MomentQuery(text, "words", in_words(text), right)


def _sequences(shown: _Shown, known: Sequence[_Held]) -> Iterator[MomentQuery]:
    """Pairs of conditions, drawn by chance, of which one person meets the first alone and then the second alone."""
    random = np.random.default_rng(SEED)
    frames = len({*zip(shown.films.tolist(), shown.times.tolist(), strict=True)})
    pairs = list(permutations(range(len(known)), 2))
    asked = 0
    for number in random.permutation(len(pairs)):
        first, second = (known[place] for place in pairs[number])
        right = tuple(_steps(shown, first.true & ~second.true, second.true & ~first.true))
        if right and len({(one.film, one.start) for one in right}) <= MOST * frames:
            text = f"{first.text}, then {second.text} within {WITHIN:g} s"
            yield MomentQuery(text, "sequence", in_words(text), right)
            asked += 1
        if asked == SEQUENCES:
            return


def _steps(shown: _Shown, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Iterator[Right]:
    for who in np.unique(shown.who[first]):
        mine = shown.who == who
        ones, twos = np.flatnonzero(first & mine), np.flatnonzero(second & mine)
        for one in ones:
            for two in twos:
                start, then, length = (float(x) for x in (shown.times[one], shown.times[two], shown.frame[one]))
                if 0 < then - start <= WITHIN:
                    yield Right(str(shown.films[one]), start, start + length, then, then + length)
