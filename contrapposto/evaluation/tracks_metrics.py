"""Scores of tracks against people whose identity is known through a shot: switches and IDF1.

Within a sample, true and found people are paired one to one, over pairs with OKS at least `LEAST_OKS`, as many
and as alike as can be. Someone whom the tracker dropped is not found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.geometry import oks
from contrapposto.people.assignment import assigned
from contrapposto.people.tracks import Sample, Track
from contrapposto.records import Person

LEAST_OKS = 0.5
"""Of a true person and a found one who are the same, 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class TruePerson:
    """number: the same person through a shot; keypoints: (17, 2) pixels, NaN where not visible; area: pixels
    squared, as OKS takes it."""

    number: int
    keypoints: NDArray[np.float64]
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class TrueShot:
    """What was found in the samples of a shot, and who is truly there: one tuple a sample."""

    samples: tuple[Sample, ...]
    truth: tuple[tuple[TruePerson, ...], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A true person of a sample (position of the sample in the shot, and number) and who was found (position among
    the sample's people)."""

    sample: int
    true: int
    found: int


@dataclass(frozen=True, slots=True)
class Identities:
    """Counts over shots that can be added. pairs: true people of samples whom a track holds; kept: those whose true
    person and track are paired, one to one through the shot, so that most are kept; switches: a true person's track
    differs from the one before in time; tracks, people: different ones; true, found: people of samples."""

    pairs: int = 0
    kept: int = 0
    switches: int = 0
    tracks: int = 0
    people: int = 0
    true: int = 0
    found: int = 0

    def __add__(self, other: Identities) -> Identities:
        return Identities(*(getattr(self, name) + getattr(other, name) for name in Identities.__slots__))

    @property
    def idf1(self) -> float:
        """2 kept / (true + found), 0..1 (Ristani et al. 2016); 1 where nobody is and nobody was found."""
        return 2 * self.kept / (self.true + self.found) if self.true + self.found else 1.0


def pairs_of(shot: TrueShot) -> list[Pair]:
    """Who is who in each sample, by OKS."""
    found = []
    for row, (sample, truth) in enumerate(zip(shot.samples, shot.truth, strict=True)):
        costs = [[1 - oks(p.pose.keypoints, true.keypoints, true.area) for p in sample.people] for true in truth]
        table = np.array(costs).reshape(len(truth), len(sample.people))
        found += [Pair(row, truth[i].number, k) for i, k in assigned(table, 1 - LEAST_OKS)]
    return found


def identities(shot: TrueShot, tracks: Sequence[Track], pairs: Sequence[Pair] | None = None) -> Identities:
    """Scores the tracks of one shot, which hold the very people of its samples. pairs: those of `pairs_of` unless
    given, in order of the samples."""
    number = {id(person): track.number for track in tracks for person in track.people}
    last: dict[int, int] = {}
    together: Counter[tuple[int, int]] = Counter()
    switches = 0
    for pair in pairs_of(shot) if pairs is None else pairs:
        track = number.get(id(shot.samples[pair.sample].people[pair.found]))
        if track is not None:
            switches += last.get(pair.true, track) != track
            last[pair.true] = track
            together[pair.true, track] += 1
    true = sorted({person.number for sample in shot.truth for person in sample})
    table = np.array([[-together[person, track.number] for track in tracks] for person in true], dtype=np.float64)
    table = table.reshape(len(true), len(tracks))
    lowest = float(table.min(initial=0.0))
    kept = sum(-int(table[i, k]) for i, k in assigned(table - lowest, -lowest))
    return Identities(
        pairs=sum(together.values()),
        kept=kept,
        switches=switches,
        tracks=len(tracks),
        people=len(true),
        true=sum(len(sample) for sample in shot.truth),
        found=sum(len(track.people) for track in tracks),
    )


def by_iou(samples: Sequence[Sample], least: float = 0.3, gap: float = 1.5) -> list[Track]:
    """The yardstick: a tracker that knows boxes only. Of open tracks (last seen at most `gap` seconds ago) and
    people the pair whose boxes overlap most (IoU, at least `least`) goes together, then the next; the rest begin
    tracks."""
    tracks: list[tuple[list[float], list[Person]]] = []
    for sample in samples:
        live = [track for track in tracks if sample.time - track[0][-1] <= gap]
        overlaps = sorted(
            (
                (people[-1].box.iou(person.box), -row, -column)
                for row, (_, people) in enumerate(live)
                for column, person in enumerate(sample.people)
            ),
            reverse=True,
        )
        rows: set[int] = set()
        columns: set[int] = set()
        for overlap, row, column in overlaps:
            if overlap >= least and -row not in rows and -column not in columns:
                rows.add(-row)
                columns.add(-column)
                live[-row][0].append(sample.time)
                live[-row][1].append(sample.people[-column])
        tracks += [([sample.time], [p]) for column, p in enumerate(sample.people) if column not in columns]
    return [Track(number, np.array(times), tuple(people)) for number, (times, people) in enumerate(tracks, start=1)]
