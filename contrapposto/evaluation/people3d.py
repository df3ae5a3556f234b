"""People whose 3D pose is known: motion capture in made-up views, and the people of the demo collection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import AnnotatedPerson, Item
from contrapposto.records import Box, Person, Pose
from contrapposto.training import poses3d
from contrapposto.training.bodies import head_turns, with_face
from contrapposto.training.cameras import ALL_ROUND, photograph
from contrapposto.training.detector import Detector, detect

if TYPE_CHECKING:
    from contrapposto.demo import DemoPerson

Array = NDArray[np.float64]

VIEWS = 8000
SEED = 0
SPLITS = {"bandai": poses3d.BANDAI, "cmu": poses3d.CMU}
"""Tables of the folder of motion capture by split: nothing of `bandai` was learned from; of `cmu` only the clips
that were held out are taken."""

TESTED = Detector(exact=0.0)
"""What the simulated detector does: as in training, but never exactly right."""

MIN_SEEN = 6
"""People of the demo collection who show fewer keypoints are left out."""

MIN_OKS = 0.2
"""A person whose nearest detection is less like the annotation was not found."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """2D keypoints of N people: (N, 17, 2), y down, NaN where unseen; scores (N, 17), 0 where unseen."""

    keypoints: Array
    scores: Array


@dataclass(frozen=True, slots=True, eq=False)
class People3d:
    """names: of the N people; truth: (N, 17, 3) metres in the camera frame, NaN where not visible; true: their true
    2D keypoints with scores 1; simulated: what a detector might report of them, None where there are pictures;
    items: the pictures, whose people are these, one after the other."""

    name: str
    split: str | None
    names: tuple[str, ...]
    truth: Array
    true: Seen
    simulated: Seen | None = None
    items: tuple[Item, ...] = ()


def motion_of(folder: Path, split: str) -> poses3d.Motion:
    """The frames of a split of a folder of motion capture. Raises DataError."""
    if split not in SPLITS:
        raise DataError(f"{folder} has no split {split!r}: choose one of {', '.join(SPLITS)}")
    motion = poses3d.read_motion(folder / SPLITS[split])
    return motion.of_clips(poses3d.HELD_OUT) if split == "cmu" else motion


def projected_people(folder: Path, split: str | None = None, views: int = VIEWS) -> People3d:
    """Random frames of a table of motion capture, each seen by a random camera (`training.cameras`); always the
    same. split: a key of `SPLITS`, "bandai" when None. Raises DataError."""
    split = split or "bandai"
    motion = motion_of(folder, split)
    rng = np.random.default_rng(SEED)
    chosen = rng.integers(len(motion), size=views)
    frames = motion.select(chosen)
    seen = photograph(with_face(frames, head_turns(rng, views)), rng, ALL_ROUND)
    found = detect(seen, rng, TESTED)
    names = tuple(f"{motion.clips[frames.clip[row]]}:{number}" for row, number in enumerate(chosen))
    true = Seen(seen.points2d, np.ones((views, 17)))
    return People3d(folder.resolve().name, split, names, seen.points3d, true, Seen(found.keypoints, found.scores))


def demo_people() -> People3d:
    """The people in the photos of the demo collection that comes with the package. Raises DataError when it is
    missing or damaged."""
    from contrapposto import demo

    return rendered_people("demo", demo.photos(), demo.truth().people)


def rendered_people(name: str, folder: Path, people: Iterable[DemoPerson]) -> People3d:
    """The people of the photos in a folder who show at least `MIN_SEEN` keypoints. Raises DataError when a photo is
    not there."""
    of_photo: dict[str, list[DemoPerson]] = {}
    for person in people:
        if person.visible.sum() >= MIN_SEEN:
            of_photo.setdefault(person.file, []).append(person)
    items, ordered = [], []
    for file, inside in of_photo.items():
        if not (folder / file).is_file():
            raise DataError(f"{folder} has no photo {file}, but the truth about it: install the package again")
        annotated = tuple(_annotated(person) for person in inside)
        items.append(Item(folder / file, *inside[0].size, None, annotated, True))
        ordered += inside
    visible = np.array([person.visible for person in ordered], dtype=bool)[..., None]
    truth = np.where(visible, np.array([person.keypoints3d for person in ordered], dtype=np.float64), np.nan)
    keypoints = np.array([person.keypoints for item in items for person in item.people])
    names = tuple(f"{item.file.name}:{number}" for item in items for number in range(1, len(item.people) + 1))
    true = Seen(keypoints, np.isfinite(keypoints).all(axis=2).astype(np.float64))
    return People3d(name, None, names, truth, true, items=tuple(items))


def nearest(found: Sequence[Person], item: Item) -> Seen:
    """What is seen of each true person of a photo: `nearest_poses`, NaN for those who were not found."""
    nobody = Pose(np.full((17, 2), np.nan))
    poses = [pose or nobody for pose in nearest_poses(found, item)]
    return Seen(np.stack([pose.keypoints for pose in poses]), np.stack([pose.scores for pose in poses]))


def nearest_poses(found: Sequence[Person], item: Item) -> list[Pose | None]:
    """The pose of the detected person nearest each true person of a photo (highest OKS, at least `MIN_OKS`), None
    for those who were not found."""
    poses: list[Pose | None] = []
    for true in item.people:
        similar = [geometry.oks(person.pose.keypoints, true.keypoints, true.area) for person in found]
        there = bool(similar) and max(similar) >= MIN_OKS
        poses.append(found[int(np.argmax(similar))].pose if there else None)
    return poses


def _annotated(person: DemoPerson) -> AnnotatedPerson:
    points = person.seen_keypoints
    box = Box.around(points, geometry.BOX_MARGIN)
    return AnnotatedPerson(points, box, geometry.AREA_OF_BOX * box.area)
