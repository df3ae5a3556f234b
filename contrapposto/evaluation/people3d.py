"""People whose 3D pose is known: motion capture in made-up views, and the people of the demo collection."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import AREA_OF_BOX, BOX_MARGIN, AnnotatedPerson, Item
from contrapposto.records import Box, Person
from contrapposto.training import poses3d
from contrapposto.training.bodies import head_turns, with_face
from contrapposto.training.cameras import photograph
from contrapposto.training.detector import Detector, detect

Array = NDArray[np.float64]

VIEWS = 8000
SEED = 0
SPLITS = {"bandai": poses3d.BANDAI, "cmu": poses3d.CMU}
"""Tables of the folder of motion capture by split: nothing of `bandai` was learned from; of `cmu` only the clips
that were held out are taken."""

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


def projected_people(folder: Path, split: str | None = None, views: int = VIEWS) -> People3d:
    """Random frames of a table of motion capture, each seen by a random camera (`training.cameras`); always the
    same. split: a key of `SPLITS`, "bandai" when None. Raises DataError."""
    split = split or "bandai"
    if split not in SPLITS:
        raise DataError(f"{folder} has no split {split!r}: choose one of {', '.join(SPLITS)}")
    motion = poses3d.read_motion(folder / SPLITS[split])
    if split == "cmu":
        motion = motion.of_clips(poses3d.HELD_OUT)
    rng = np.random.default_rng(SEED)
    chosen = rng.integers(len(motion), size=views)
    frames = motion.select(chosen)
    seen = photograph(with_face(frames, head_turns(rng, views)), rng)
    found = detect(seen, rng, Detector(exact=0))
    names = tuple(f"{motion.clips[frames.clip[row]]}:{number}" for row, number in enumerate(chosen))
    true = Seen(seen.points2d, np.ones((views, 17)))
    return People3d(folder.resolve().name, split, names, seen.points3d, true, Seen(found.keypoints, found.scores))


def demo_people() -> People3d:
    """The people of the demo collection that comes with the package. Raises DataError when it is not there."""
    try:
        demo: Any = importlib.import_module("contrapposto.demo")
        files, people = list(demo.photos()), list(demo.truth())
    except (ImportError, AttributeError) as error:
        raise DataError(f"the demo collection is not part of this package ({error}); name a folder") from error
    return rendered_people("demo", files, people)


def rendered_people(name: str, files: Sequence[Path], people: Sequence[Any]) -> People3d:
    """From photos and their people: objects with file (a name), keypoints (17, 2) pixels, visible (17,) and
    keypoints3d (17, 3) metres in the camera frame. Raises DataError when a person's photo is not there."""
    by_name = {Path(file).name: Path(file) for file in files}
    of_photo: dict[str, list[Any]] = {}
    for person in people:
        if Path(person.file).name not in by_name:
            raise DataError(f"{name}: there is no photo {person.file}, but a person in it: restore the collection")
        of_photo.setdefault(Path(person.file).name, []).append(person)
    items, ordered = [], []
    for file, inside in of_photo.items():
        annotated = tuple(_annotated(person) for person in inside)
        items.append(Item(by_name[file], 0, 0, None, annotated, True))
        ordered += inside
    visible = np.array([person.visible for person in ordered], dtype=bool)[..., None]
    truth = np.where(visible, np.array([person.keypoints3d for person in ordered], dtype=np.float64), np.nan)
    keypoints = np.array([person.keypoints for item in items for person in item.people])
    names = tuple(f"{item.file.name}:{number}" for item in items for number in range(1, len(item.people) + 1))
    true = Seen(keypoints, np.isfinite(keypoints).all(axis=2).astype(np.float64))
    return People3d(name, None, names, truth, true, items=tuple(items))


def nearest(found: Sequence[Person], item: Item) -> Seen:
    """The detected person nearest each true person of a photo (highest OKS, at least `MIN_OKS`), NaN for those who
    were not found."""
    keypoints, scores = np.full((len(item.people), 17, 2), np.nan), np.zeros((len(item.people), 17))
    for row, true in enumerate(item.people):
        similar = [geometry.oks(person.pose.keypoints, true.keypoints, true.area) for person in found]
        if similar and max(similar) >= MIN_OKS:
            pose = found[int(np.argmax(similar))].pose
            keypoints[row], scores[row] = pose.keypoints, pose.scores
    return Seen(keypoints, scores)


def _annotated(person: Any) -> AnnotatedPerson:
    points = np.where(np.asarray(person.visible)[:, None], np.asarray(person.keypoints, dtype=np.float64), np.nan)
    box = Box.around(points, BOX_MARGIN)
    return AnnotatedPerson(points, box, AREA_OF_BOX * box.area)
