"""What a person looks like, for poses: an embedding of the picture, and keypoints that the picture puts right
(`docs/embeddings.md`).

The pose network of ours looks at the upright square around the keypoints that were found, and makes both of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.media.sampling import Region
from contrapposto.poses import DEFAULT_ESTIMATOR, PoseEstimator, make_estimator
from contrapposto.poses.heatmap import as_input
from contrapposto.poses.heatmaps import decode
from contrapposto.records import Box, Person
from contrapposto.representations.pose_embedding import WEIGHTS
from contrapposto.weights import Progress

SQUARE = 1.55
"""Side of the square that is looked at, in larger sides of the box of the seen keypoints."""

MIN_SEEN = 3
"""Somebody of whom fewer keypoints are seen is not looked at."""

_SIDE = 256


class PoseEmbedder:
    """Looks at people; safe to call from several threads."""

    weights: tuple[str, ...] = WEIGHTS

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)

    def __call__(self, image: NDArray[np.uint8], people: Sequence[Person]) -> list[Person]:
        """The same people of a (H, W, 3) RGB picture, whose poses have `fused` keypoints and an `embedding`; those
        of whom too little is seen stay as they are."""
        return [self._looked_at(image, person) for person in people]

    def _looked_at(self, image: NDArray[np.uint8], person: Person) -> Person:
        pose = person.pose
        if pose.visible.sum() < MIN_SEEN:
            return person
        region = region_of(pose.keypoints)
        given = {"image": as_input(region.cut(image, _SIDE)[None])}
        heatmaps, embedding = self._session.run(["heatmaps", "embedding"], given)
        places, heights = decode(heatmaps[0])
        points = region.to_picture(places * (_SIDE / heatmaps.shape[-1]), _SIDE)
        fused = put_right(pose.keypoints, pose.scores, points, heights)
        return replace(person, pose=replace(pose, fused=fused, embedding=embedding[0]))


class EmbeddingEstimator:
    """A pose estimator (`poses.PoseEstimator`) whose people are looked at by a `PoseEmbedder` too."""

    def __init__(self, estimator: PoseEstimator, embedder: PoseEmbedder) -> None:
        self.name = estimator.name
        self.accurate = estimator.accurate
        self._estimator = estimator
        self._embedder = embedder

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """See `PoseEstimator`."""
        return self._embedder(image, self._estimator(image))


def make_embedding_estimator(
    name: str = DEFAULT_ESTIMATOR,
    *,
    accurate: bool = False,
    threads: int = 1,
    progress: Progress | None = None,
    pose_weights: Path | None = None,
) -> PoseEstimator:
    """The estimator that libraries are made with: as `poses.make_estimator`, and its people are looked at."""
    estimator = make_estimator(
        name, accurate=accurate, threads=threads, progress=progress, pose_weights=pose_weights
    )
    return EmbeddingEstimator(estimator, PoseEmbedder(threads=threads, progress=progress))


def region_of(keypoints: NDArray[np.floating]) -> Region:
    """The upright square around the seen ones of (17, 2) keypoints. Raises ValueError when there is none."""
    return Region.around(Box.around(keypoints), SQUARE)


def put_right(
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    points: NDArray[np.floating],
    heights: NDArray[np.floating],
) -> NDArray[np.float64]:
    """(17, 2) pixels: the mean of the keypoints that were found and of the points that the look finds, weighted by
    the scores and heights (17,); unseen keypoints stay so."""
    share = heights / np.maximum(heights + scores, 1e-9)
    fused: NDArray[np.float64] = keypoints + share[:, None] * (points - keypoints)
    return fused
