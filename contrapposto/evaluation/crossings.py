"""Hard scenes for a tracker, put together from people found in films: two of them cross, or meet and turn back.

Each person keeps the keypoints that the estimator found from sample to sample, scaled to about one height, and is
moved along a straight path. Whoever is behind is not found while the other's box covers most of his.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.tracks_metrics import Pair, TruePerson, TrueShot
from contrapposto.people.tracks import Sample, Track
from contrapposto.records import Box, Person, Pose

SEED = 20
HEIGHT = 200.0
"""Pixels: median larger side of a person's boxes."""


@dataclass(frozen=True, slots=True)
class Scenes:
    """count: of each kind; slow, fast: bounds of a person's speed in heights a second (a walk is 0.8); tall: a
    person's height differs by up to this share; hidden: share of the box that must be covered."""

    count: int = 200
    slow: float = 0.2
    fast: float = 1.0
    tall: float = 0.15
    hidden: float = 0.5


def scenes(
    found: Sequence[Track], turn_back: bool, setting: Scenes | None = None, seed: int = SEED
) -> list[tuple[TrueShot, list[Pair]]]:
    """Shots of two people each, and who is who. found: tracks of single people, of which those with at least 6
    samples are used, two different ones for each scene; turn_back: they meet and go back to where they came from,
    else they pass. With fewer than two such tracks there are no scenes."""
    chosen, generator = setting or Scenes(), np.random.default_rng(seed)
    long = [track for track in found if len(track.people) >= 6]
    if len(long) < 2:
        return []
    made = []
    for _ in range(chosen.count):
        first, second = generator.choice(len(long), 2, replace=False)
        made.append(_scene(long[first], long[second], turn_back, chosen, generator))
    return made


def _scene(
    front: Track, behind: Track, turn_back: bool, setting: Scenes, generator: np.random.Generator
) -> tuple[TrueShot, list[Pair]]:
    count = min(len(front.people), len(behind.people))
    times = front.times[:count] - front.times[0]
    meet = times[-1] * generator.uniform(0.4, 0.6)
    speeds = generator.uniform(setting.slow, setting.fast, 2) * HEIGHT
    away = np.abs(times - meet) if turn_back else times - meet
    paths = (away * speeds[0], -away * speeds[1])
    low = generator.uniform(-0.1, 0.1) * HEIGHT
    sizes = generator.uniform(1 - setting.tall, 1 + setting.tall, 2)
    people = [
        _moved(track.people[:count], path, floor, size)
        for track, path, floor, size in zip((front, behind), paths, (0.0, low), sizes, strict=True)
    ]
    samples, truth, pairs = [], [], []
    for row, (near, far) in enumerate(zip(*people, strict=True)):
        shown = [near] if _covered(far.box, near.box) > setting.hidden else [near, far]
        samples.append(Sample(float(times[row]), tuple(shown)))
        truth.append(tuple(TruePerson(n, p.pose.keypoints, p.box.area) for n, p in enumerate(shown, start=1)))
        pairs += [Pair(row, number, number - 1) for number in range(1, len(shown) + 1)]
    return TrueShot(tuple(samples), tuple(truth)), pairs


def _moved(people: Sequence[Person], path: NDArray[np.float64], floor: float, size: float) -> list[Person]:
    """The people with the middles of their boxes on the path (x), and their feet on the floor (y)."""
    scale = size * HEIGHT / float(np.median([max(p.box.width, p.box.height) for p in people]))
    moved = []
    for person, x in zip(people, path, strict=True):
        box = person.box
        origin = np.array([box.x + box.width / 2, box.y + box.height])
        points = (person.pose.keypoints - origin) * scale + [x, floor]
        moved.append(replace(person, box=Box.around(points), pose=Pose(points, person.pose.scores)))
    return moved


def _covered(box: Box, by: Box) -> float:
    width = min(box.x + box.width, by.x + by.width) - max(box.x, by.x)
    height = min(box.y + box.height, by.y + by.height) - max(box.y, by.y)
    return max(width, 0.0) * max(height, 0.0) / box.area if box.area else 1.0
