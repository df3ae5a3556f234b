"""The people who are asked in words: motion capture in made-up views, annotated photos, the demo collection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import Item, read_keypoint_set
from contrapposto.evaluation.people3d import MIN_SEEN, SEED, SPLITS, People3d, Seen, demo_people, projected_people
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.poses.lifting import Lifter
from contrapposto.training import poses3d
from contrapposto.training.bodies import head_turns, with_face
from contrapposto.training.cameras import ALL_ROUND, photograph

DEMO = "demo"
"""In place of a folder: the collection that comes with the package."""

VIEWS = 5000
"""People that are projected from motion capture."""

TRAIN = "train"
"""Split of photos that a development set is taken from."""


def read_people(data: Path, split: str | None = None) -> People3d:
    """A folder of motion capture gives `VIEWS` people (`people3d.projected_people`), a keypoint set everyone
    in its photos with at least `MIN_SEEN` keypoints, known in the picture only; "demo" the demo collection. Raises
    DataError."""
    if str(data) == DEMO and not data.exists():
        return demo_people()
    if _is_motion(data):
        return projected_people(data, split, VIEWS)
    dataset = read_keypoint_set(data, split)
    return photographed_people(dataset.name, dataset.split, dataset.items)


def photographed_people(name: str, split: str | None, items: tuple[Item, ...]) -> People3d:
    """The annotated people of photos, whose 3D poses are not known. Raises DataError when there is none."""
    shown = []
    for item in items:
        inside = tuple(person for person in item.people if _count(person.keypoints) >= MIN_SEEN)
        if inside:
            shown.append(replace(item, people=inside))
    if not shown:
        raise DataError(f"{name} has nobody with {MIN_SEEN} annotated keypoints: use another folder or split")
    points = np.array([person.keypoints for item in shown for person in item.people])
    names = tuple(f"{item.file.name}:{number}" for item in shown for number in range(1, len(item.people) + 1))
    true = Seen(points, np.isfinite(points).all(axis=2).astype(np.float64))
    return People3d(name, split, names, np.full((len(points), 17, 3), np.nan), true, items=tuple(shown))


def development(data: Path, people: People3d) -> Figures | None:
    """True people of whom nobody is among `people`: of motion capture as many views of the clips of the CMU table
    that are not held out; of photos the split `TRAIN`. None where there is no such table or split."""
    if people.simulated is not None:
        if not (data / poses3d.CMU).is_file():
            return None
        motion = poses3d.read_motion(data / poses3d.CMU).of_clips(poses3d.HELD_OUT, others=True)
        count = len(people.names)
        rng = np.random.default_rng(SEED + 1)
        frames = motion.select(rng.integers(len(motion), size=count))
        views = photograph(with_face(frames, head_turns(rng, count)), rng, ALL_ROUND)
        return Figures(views.points2d, views.points3d)
    others = other_photos(data, people)
    return None if others is None else truth(others)


def other_photos(data: Path, people: People3d) -> People3d | None:
    """The people of the photos of the split `TRAIN`; None where there is none, or `people` are of it or of no
    split."""
    if people.simulated is not None or people.split in (None, TRAIN):
        return None
    try:
        dataset = read_keypoint_set(data, TRAIN)
    except DataError:
        return None
    return photographed_people(dataset.name, dataset.split, dataset.items)


def truth(people: People3d) -> Figures:
    """The true joints."""
    return Figures(people.true.keypoints, people.truth)


def lifted(people: People3d) -> People:
    """The true keypoints, lifted to 3D: what stands for the truth in space where that is not known."""
    points, scores = people.true.keypoints, people.true.scores
    return People(Figures(points, Lifter()(points, scores)), scores)


def _is_motion(data: Path) -> bool:
    return any((data / table).is_file() for table in SPLITS.values())


def _count(points: NDArray[np.float64]) -> int:
    return int(np.isfinite(points).all(axis=1).sum())
