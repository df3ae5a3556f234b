"""What a person looks like, for poses: an embedding of the picture, and keypoints that the picture puts right
(`docs/embeddings.md`).

The trunk of MoveNet Thunder looks at the upright square around the keypoints that were found; a small network of
ours, learned from photos whose true joints are known, makes both of what it sees there.
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
from contrapposto.records import Box, Person
from contrapposto.representations.pose_embedding import WEIGHTS
from contrapposto.skeleton import LIMB_NUMBERS
from contrapposto.weights import Progress

SQUARE = 1.35
"""Side of the square that is looked at, in larger sides of the box of the seen keypoints."""

MOST_MOVED = 0.08
"""Sides of the square: no keypoint is moved further. On `lspe` what the network moves further is hardly better
there, and of bodies unlike those it is often wrong."""

MIN_SEEN = 3
"""Somebody of whom fewer keypoints are seen is not looked at."""

_SIDE = 256


class PoseEmbedder:
    """Looks at people; safe to call from several threads."""

    weights: tuple[str, ...] = WEIGHTS

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._trunk = Trunk(threads=threads, progress=progress)
        self._head = open_session(self.weights[1], threads=threads, progress=progress)

    def __call__(self, image: NDArray[np.uint8], people: Sequence[Person]) -> list[Person]:
        """The same people of a (H, W, 3) RGB picture, whose poses have `fused` keypoints and an `embedding`; those
        of whom too little is seen stay as they are."""
        return [self._looked_at(image, person) for person in people]

    def _looked_at(self, image: NDArray[np.uint8], person: Person) -> Person:
        keypoints, scores = person.pose.keypoints, person.pose.scores
        if person.pose.visible.sum() < MIN_SEEN:
            return person
        region = region_of(keypoints)
        given = {"map": self._trunk(image, region)[None], "keypoints": placed(keypoints, scores, region)[None]}
        embedding, moved = self._head.run(["embedding", "joints"], given)
        fused = put_right(keypoints, moved[0], region)
        return replace(person, pose=replace(person.pose, fused=fused, embedding=embedding[0]))


class Trunk:
    """What MoveNet Thunder sees before it finds keypoints."""

    weights: tuple[str, ...] = ("movenet-thunder-trunk",)

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: NDArray[np.uint8], region: Region, *, mirrored: bool = False) -> NDArray[np.float32]:
        """(8, 8, 1280) float32, 0..6, of a square of a (H, W, 3) RGB picture, or of its mirror image."""
        patch = region.cut(image, _SIDE)
        patch = patch[:, ::-1] if mirrored else patch
        found: NDArray[np.float32] = self._session.run(None, {self._input: patch[None].astype(np.int32)})[0][0]
        return found


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


def placed(keypoints: NDArray[np.floating], scores: NDArray[np.floating], region: Region) -> NDArray[np.float32]:
    """(17, 3) float32: x and y in sides of the square from its middle, x right, y down, and the score of each of
    (17, 2) keypoints; zeros where unseen."""
    seen = np.isfinite(keypoints).all(axis=1)
    inside = (np.where(seen[:, None], keypoints, 0.0) - (region.x, region.y)) / region.side
    given = np.where(seen[:, None], np.column_stack([inside, scores]), 0.0)
    return given.astype(np.float32)


def put_right(keypoints: NDArray[np.floating], moved: NDArray[np.floating], region: Region) -> NDArray[np.float64]:
    """(17, 2) pixels: the limb joints where the network puts them, (12, 2) in sides of the square from its middle,
    but no further than `MOST_MOVED` away, and the face where it was found. All keypoints as they were found where a
    limb joint is unseen: the network knows whole bodies only."""
    fused = np.array(keypoints, dtype=np.float64)
    limbs = fused[LIMB_NUMBERS]
    if np.isfinite(limbs).all():
        steps = np.asarray(moved, np.float64) * region.side + (region.x, region.y) - limbs
        far = np.linalg.norm(steps, axis=1) / (MOST_MOVED * region.side)
        fused[LIMB_NUMBERS] = limbs + steps / np.maximum(far, 1.0)[:, None]
    return fused
