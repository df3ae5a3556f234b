"""Annotated people that are queries and gallery at once: those whose 12 limb joints are all known.

Three kinds of data give them: photos with annotated keypoints; the built-in collection (`demo`), whose people are
known in 3D too; and tables of 3D poses without photos, seen by simulated cameras and a simulated detector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.demo import DemoPerson
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import AnnotatedPerson, Item, read_keypoint_set
from contrapposto.evaluation.people3d import motion_of
from contrapposto.records import Person, Pose
from contrapposto.training import bodies, cameras, detector, poses3d

DEMO = "demo"
"""Name that stands for the built-in collection where a data folder is asked for."""

SEED = 0
POSES = 500
"""3D poses that are drawn from a table; each is seen by two cameras."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """N people. name, split: of the data; labels: one each; clusters: their scenes, None where alone;
    keypoints: (N, 17, 2) true, pixels; keypoints3d: (N, 17, 3) true, metres in the camera frame, None if not known;
    shown: photo and annotated person of each, None without photos; simulated: what a detector would report, None
    with photos."""

    name: str
    split: str | None
    labels: tuple[str, ...]
    clusters: tuple[int | None, ...]
    keypoints: NDArray[np.float64]
    keypoints3d: NDArray[np.float64] | None
    shown: tuple[tuple[Item, AnnotatedPerson], ...] | None = None
    simulated: tuple[Pose, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def limbs(self) -> NDArray[np.float64]:
        """(N, 12, 2) the true limb joints."""
        return self.keypoints[:, skeleton.LIMB_NUMBERS]


def read_targets(data: Path, split: str | None = None) -> Targets:
    """The people of a data folder, of `demo`, or of a folder of 3D poses (split `bandai` or `cmu`, as
    `people3d.SPLITS`). Raises DataError."""
    if str(data) == DEMO and not data.exists():
        targets = _of_demo()
    elif (data / poses3d.BANDAI).exists() or (data / poses3d.CMU).exists():
        targets = _of_table(data, split or "bandai")
    else:
        targets = _of_photos(data, split)
    if len(targets) < 2:
        raise DataError(f"{data}: fewer than 2 people show all 12 limb joints; use another folder or split")
    return targets


def nearest_person(people: Sequence[Person], annotated: AnnotatedPerson) -> Pose | None:
    """Of the people found in a photo the one nearest an annotated one: highest OKS, then nearest middle of the
    joints. None when there is none."""
    points = [person.pose.keypoints for person in people]
    best = geometry.nearest_pose(points, annotated.keypoints, annotated.area)
    return None if best is None else people[best].pose


def _of_photos(data: Path, split: str | None) -> Targets:
    """Photos with one annotated person, who shows all 12 limb joints."""
    dataset = read_keypoint_set(data, split)
    shown = tuple(
        (item, item.people[0])
        for item in dataset.items
        if len(item.people) == 1 and np.isfinite(item.people[0].keypoints[skeleton.LIMB_NUMBERS]).all()
    )
    return Targets(
        dataset.name,
        dataset.split,
        tuple(item.file.name for item, _ in shown),
        tuple(item.cluster for item, _ in shown),
        np.array([person.keypoints for _, person in shown]).reshape(-1, skeleton.COUNT, 2),
        None,
        shown,
    )


def _of_demo() -> Targets:
    """Everyone in the built-in photos whose limb joints lie inside the picture, seen or hidden. People of one photo
    are one scene."""
    from contrapposto import demo

    people = [person for person in demo.truth().people if _inside(person)]
    names = list(dict.fromkeys(person.file for person in people))
    shown = []
    for person in people:
        width, height = person.size
        annotated = AnnotatedPerson(person.keypoints, person.box, geometry.AREA_OF_BOX * person.box.area)
        photo = Item(demo.photos() / person.file, width, height, names.index(person.file), (annotated,), False)
        shown.append((photo, annotated))
    return Targets(
        DEMO,
        None,
        tuple(f"{person.file}:{person.number}" for person in people),
        tuple(names.index(person.file) for person in people),
        np.array([person.keypoints for person in people]).reshape(-1, skeleton.COUNT, 2),
        np.array([person.keypoints3d for person in people]).reshape(-1, skeleton.COUNT, 3),
        tuple(shown),
    )


def _inside(person: DemoPerson) -> bool:
    limbs = person.keypoints[skeleton.LIMB_NUMBERS]
    return bool(((limbs >= 0) & (limbs <= person.size)).all())


def _of_table(data: Path, split: str) -> Targets:
    """`POSES` poses drawn with a seed, each seen by two cameras (`training.cameras`) and reported by the simulated
    detector (`training.detector`)."""
    motion = motion_of(data, split)
    random = np.random.default_rng(SEED)
    chosen = np.sort(random.choice(len(motion), min(POSES, len(motion)), replace=False)).repeat(2)
    world = bodies.with_face(motion.select(chosen), bodies.head_turns(random, len(chosen)))
    views = cameras.photograph(world, random)
    found = detector.detect(views, random, detector.Detector(exact=0))
    return Targets(
        data.resolve().name,
        split,
        tuple(f"{motion.clips[motion.clip[frame]]}:{frame}:{view % 2}" for view, frame in enumerate(chosen)),
        (None,) * len(chosen),
        views.points2d,
        views.points3d,
        simulated=tuple(Pose(points, scores) for points, scores in zip(found.keypoints, found.scores, strict=True)),
    )
