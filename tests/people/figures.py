"""Hand-made people for tests of tracks, smoothing and moments: a figure that stands, walks and waves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from contrapposto.people.tracks import Sample
from contrapposto.records import Box, Person, Pose
from contrapposto.skeleton import INDEX

FIGURE = {
    "nose": (0, 10), "left_eye": (3, 8), "right_eye": (-3, 8), "left_ear": (7, 10), "right_ear": (-7, 10),
    "left_shoulder": (18, 30), "right_shoulder": (-18, 30), "left_elbow": (24, 55), "right_elbow": (-24, 55),
    "left_wrist": (26, 80), "right_wrist": (-26, 80), "left_hip": (11, 85), "right_hip": (-11, 85),
    "left_knee": (13, 120), "right_knee": (-13, 120), "left_ankle": (14, 155), "right_ankle": (-14, 155),
}  # fmt: skip


def figure(x: float = 0.0, y: float = 0.0, size: float = 1.0, **moved: tuple[float, float]) -> NDArray[np.float64]:
    """(17, 2) a standing person whose nose is about at x, y; moved: other places of keypoints, in the figure."""
    places = FIGURE | moved
    return np.array([places[name] for name in INDEX], dtype=np.float64) * size + [x, y]


def person(points: NDArray[np.float64], score: float = 0.8, seen: Iterable[str] | None = None) -> Person:
    """With one score for all keypoints; seen: names of the keypoints that are."""
    points = points.copy()
    if seen is not None:
        points[[index for name, index in INDEX.items() if name not in set(seen)]] = np.nan
    scores = np.where(np.isfinite(points[:, 0]), score, 0.0)
    return Person(Box.around(points), score, Pose(points, scores))


def sample(time: float, *people: Person) -> Sample:
    return Sample(time, people)
