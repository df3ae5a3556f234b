"""Hand-made people and stores that the tests of searching share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.records import EMBEDDING, Box, Media, Person, Pose
from contrapposto.store.exact import ExactStore
from contrapposto.store.rows import media_rows, people_rows

STANDING: Mapping[str, tuple[float, float]] = {
    "nose": (50, 20),
    "left_eye": (53, 17),
    "right_eye": (47, 17),
    "left_ear": (56, 19),
    "right_ear": (44, 19),
    "left_shoulder": (62, 40),
    "right_shoulder": (38, 40),
    "left_elbow": (66, 65),
    "right_elbow": (34, 65),
    "left_wrist": (68, 88),
    "right_wrist": (32, 88),
    "left_hip": (58, 90),
    "right_hip": (42, 90),
    "left_knee": (59, 125),
    "right_knee": (41, 125),
    "left_ankle": (60, 160),
    "right_ankle": (40, 160),
}
"""Somebody who stands and faces the camera: 100 x 180 pixels."""


def pose(*hidden: str, **moved: tuple[float, float]) -> Pose:
    """`STANDING` with some keypoints moved and some hidden."""
    places = {**STANDING, **moved}
    points = np.array([places[name] for name in skeleton.KEYPOINTS], dtype=np.float64)
    for name in hidden:
        points[skeleton.INDEX[name]] = np.nan
    return Pose(points)


def in_space(flat: Pose) -> Pose:
    """The pose with 3D keypoints too: 100 pixels a metre, y up, the hands in front of the body."""
    deep = np.column_stack([flat.keypoints[:, 0] - 50, 90 - flat.keypoints[:, 1], np.zeros(17)]) / 100
    deep[[skeleton.INDEX["left_wrist"], skeleton.INDEX["right_wrist"]], 2] += 0.2
    return Pose(flat.keypoints, flat.scores, deep)


def looked_at(of: Pose, seed: int, *, moved: float = 0.0) -> Pose:
    """The pose of somebody whose picture was looked at: some embedding, as 16 bits hold it, and fused keypoints
    that are moved by so many pixels."""
    random = np.random.default_rng(seed)
    fused = of.keypoints + moved * random.normal(size=(skeleton.COUNT, 2))
    return replace(of, fused=fused, embedding=embedding(random))


def embedding(random: np.random.Generator) -> NDArray[np.float32]:
    """(128,) of unit length, but for rounding."""
    numbers = random.normal(size=EMBEDDING)
    return (numbers / np.linalg.norm(numbers)).astype(np.float16).astype(np.float32)


def only(**seen: tuple[float, float]) -> Pose:
    """A pose that shows these keypoints and no others."""
    points = np.full((skeleton.COUNT, 2), np.nan)
    for name, place in seen.items():
        points[skeleton.INDEX[name]] = place
    return Pose(points)


def person(of: Pose, score: float = 0.5) -> Person:
    """The person of a pose, in the box around it."""
    return Person(Box.around(of.keypoints), score, of)


def filled(files: Mapping[str, tuple[str, Sequence[Pose]]]) -> ExactStore:
    """A store from path to (content, poses); paths with the same content must give the same poses."""
    store = ExactStore()
    contents = {content: [person(one) for one in poses] for content, poses in files.values()}
    store.upsert("people", people_rows(contents.items()))
    store.upsert("media", media_rows(media(path, content, len(poses)) for path, (content, poses) in files.items()))
    return store


def media(path: str, content: str, people: int = 0) -> Media:
    """One file of 1,000 bytes from 2020."""
    return Media(Path(path), Path("/photos"), content, 1000, 1_600_000_000 * 10**9, 100, 180, people, rows=people)


def random_poses(count: int, seed: int) -> NDArray[np.float64]:
    """(count, 17, 2) bodies whose limbs point anywhere, of any size, anywhere in a picture."""
    random = np.random.default_rng(seed)
    start = np.array([STANDING[name] for name in skeleton.KEYPOINTS], dtype=np.float64)
    poses = np.repeat(start[None], count, axis=0)
    chains = [
        [f"{side}_{joint}" for joint in chain]
        for side in ("left", "right")
        for chain in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
    ]
    for chain in chains:
        for first, second in pairwise(chain):
            a, b = skeleton.INDEX[first], skeleton.INDEX[second]
            length = np.linalg.norm(start[b] - start[a])
            angle = random.uniform(0, 2 * np.pi, count)
            poses[:, b] = poses[:, a] + length * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return poses * random.uniform(0.5, 4, (count, 1, 1)) + random.uniform(0, 500, (count, 1, 2))
