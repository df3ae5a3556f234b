"""The distinct poses of a person over time: few moments that stand for all of a track (`docs/tracks.md`).

A track is cut into intervals. In each, one sampled pose stands for the others, which lie near it: as poses (metric
`2d`) and in the picture. Of all ways to cut, the one is taken whose poses lie nearest to those that stand for them,
each interval at a price; found exactly, by dynamic programming.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.distances import Comparability, joint_distances, weighted_mean
from contrapposto.people.tracks import Track
from contrapposto.records import Person

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MomentOptions:
    """The defaults are the measured choice (`docs/tracks.md`)."""

    far: float = 8.0
    """Pixels of a pose of 128: how far a pose may lie from the one that stands for it (metric `2d`)."""
    joint: float = 24.0
    """The same for each of its keypoints: a raised hand is another pose."""
    moved: float = 0.25
    """How far, on average, its keypoints may lie from those in the picture, in larger sides of its box."""
    long: float = 4.0
    """Seconds: the most from one end of an interval to the other."""
    share: float = 0.75
    """Of what is seen of a pose, by weight, the one that stands for it must show this share, 0..1."""
    price: float = 2.0
    """What one more interval costs: it must bring poses nearer to those that stand for them by this many px of 128
    times seconds."""
    unseen: float = 3.0
    """Choosing what stands for an interval, a pose with mean score 0 counts this much further away, px of 128."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A pose and when it stands. track: its number; start, end: seconds; time: of the sample that `person` is;
    start <= time <= end."""

    track: int
    start: float
    end: float
    time: float
    person: Person


def distinct(track: Track, options: MomentOptions | None = None) -> list[Moment]:
    """The moments of a (smoothed) track, in order of time; at least one.

    They cover it without gaps: the first starts with its first sample, the last ends with its last one, and two
    meet in the middle between their samples. Each sample's pose is within the limits of the options from the pose
    of its moment.
    """
    chosen = options or MomentOptions()
    times, count = track.times, len(track.people)
    width = int(max((np.searchsorted(times, times + chosen.long + 1e-9) - np.arange(count)).max(), 1))
    away = _distances(track, width, chosen)
    faint = np.array([chosen.unseen * (1.0 - person.pose.score) for person in track.people])
    lasting = _lasting(times)
    best, cuts = [0.0], []  # up to each sample: the cost; where the last interval starts, and what stands for it
    for end in range(count):
        found = []
        for start in range(end, max(-1, end - width), -1):
            if times[end] - times[start] > chosen.long + 1e-9:
                break
            rows = slice(start, end + 1)
            inside = lasting[rows] @ away[rows, rows] + faint[rows] * lasting[rows].sum()
            middle = int(np.argmin(inside))
            found.append((best[start] + float(inside[middle]) + chosen.price, start, start + middle))
        cost, start, middle = min(found)
        best.append(cost)
        cuts.append((start, middle))
    return _moments(track, cuts)


def _lasting(times: Array) -> Array:
    """(T,) seconds for which each sample stands: half of the time to the one before and to the one after."""
    steps = np.diff(times)
    usual = float(np.median(steps)) if len(steps) else 1.0
    around = np.concatenate([[usual], steps, [usual]])
    lasting: Array = (around[:-1] + around[1:]) / 2
    return lasting


def _moments(track: Track, cuts: list[tuple[int, int]]) -> list[Moment]:
    times, found, end = track.times, [], len(cuts)
    while end > 0:
        start, middle = cuts[end - 1]
        begins = times[0] if start == 0 else (times[start - 1] + times[start]) / 2
        ends = times[-1] if end == len(times) else (times[end - 1] + times[end]) / 2
        person, time = track.people[middle], float(times[middle])
        found.append(Moment(track.number, float(begins), float(ends), time, person))
        end = start
    return found[::-1]


def _distances(track: Track, width: int, options: MomentOptions) -> Array:
    """(T, T) how far each pose lies from one (the column) that would stand for it, px of 128; inf beyond the limits
    and further apart than `width` samples; 0 from itself."""
    points = np.stack([person.pose.keypoints for person in track.people])
    sides = np.array([max(person.box.width, person.box.height, 1e-9) for person in track.people])
    comparable = Comparability(min_share=options.share)
    away = np.full((len(points), len(points)), np.inf)
    for row, pose in enumerate(points):
        near = slice(max(0, row - width + 1), row + width)
        joints = joint_distances("2d", pose, points[near], comparability=comparable)
        found = np.nan_to_num(weighted_mean(joints, skeleton.DEFAULT_WEIGHTS), nan=np.inf)
        steps = np.hypot(*np.moveaxis(points[near] - pose, 2, 0))
        shared = np.isfinite(steps)
        moved = np.where(shared, steps, 0.0).sum(axis=1) / np.maximum(shared.sum(axis=1), 1) / sides[near]
        within = (found <= options.far) & (np.nan_to_num(joints).max(axis=1) <= options.joint)
        within &= moved <= options.moved
        away[row, near] = np.where(within, found, np.inf)
    np.fill_diagonal(away, 0.0)
    return away
