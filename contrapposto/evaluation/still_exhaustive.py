"""The ceiling of image-to-video retrieval: the keypoints of every frame that is looked at, nothing put together.

The keypoints of a query vote for segments as in the program, but by the keypoints of all of their frames in place
of key features; in the segments with the most votes the frames that hold the most nearest keypoints are verified,
each by itself. The answer is the frame with the most inliers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.still_library import Held
from contrapposto.evaluation.still_proposals import LIMIT, first
from contrapposto.features.key_features import STEPS, KeyFeatures, Keypoints, keypoints_of
from contrapposto.media.videos import Video
from contrapposto.search.still_scoring import Segments, verify, votes

FRAMES = 3
"""Frames of a segment that are verified."""

BYTES = 36
"""Of a keypoint: 32 of the descriptor, 2 each for x and y."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Keypoints of F frames, N in all. descriptors: (N, 32) uint8; points: (N, 2) float32, fractions of the width;
    starts: (F + 1,) where each frame's begin; film: (F,) place of the film; time: (F,) seconds."""

    descriptors: NDArray[np.uint8]
    points: NDArray[np.float32]
    starts: NDArray[np.intp]
    film: NDArray[np.intp]
    time: NDArray[np.float64]

    @property
    def nbytes(self) -> int:
        """At `BYTES` a keypoint."""
        return BYTES * len(self.descriptors)

    def of(self, frame: int) -> Keypoints:
        """The keypoints of one frame."""
        part = slice(int(self.starts[frame]), int(self.starts[frame + 1]))
        return Keypoints(self.points[part], self.descriptors[part])

    def features_of(self, frame: int) -> KeyFeatures:
        """The keypoints of one frame as those of a segment that it makes up alone."""
        own = self.of(frame)
        knots = np.zeros((len(own), 3), np.uint16)
        knots[:, 1:] = np.clip(np.rint(own.points * STEPS), 0, 65535)
        return KeyFeatures(own.descriptors, knots, np.ones(len(own), np.uint16))


def look(films: Sequence[Path], every: float) -> Frames:
    """The keypoints of the first frame of each `every` seconds of films. Raises UnreadableMedia."""
    found = [(number, *seen) for number, path in enumerate(films) for seen in _looked_at(path, every)]
    counts = [len(keypoints) for _, _, keypoints in found]
    return Frames(
        np.concatenate([keypoints.descriptors for _, _, keypoints in found]),
        np.concatenate([keypoints.points for _, _, keypoints in found]),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        np.array([film for film, _, _ in found], np.intp),
        np.array([time for _, time, _ in found], np.float64),
    )


def _looked_at(path: Path, every: float) -> Iterator[tuple[float, Keypoints]]:
    last = -1
    with Video(path) as video, closing(video.frames()) as frames:
        for frame in frames:
            slot = int(frame.time / every + 1e-3)
            if slot > last:
                last = slot
                yield frame.time, keypoints_of(frame.image())


class Exhaustive:
    """Answers queries from the keypoints of all frames; held: whose segments they belong to."""

    def __init__(self, frames: Frames, held: Held) -> None:
        self._frames = frames
        segment = _segments(frames, held)
        owners = np.repeat(segment, np.diff(frames.starts)).astype(np.int32)
        nothing = KeyFeatures(np.zeros((0, 32), np.uint8), np.zeros((0, 3), np.uint16), np.zeros(0, np.uint16))
        count = len(held.segments)
        self._segments = Segments(frames.descriptors, owners, [nothing] * count, np.zeros((count, 1), np.float32))
        self._own = [np.flatnonzero(segment == number) for number in range(count)]

    def __call__(self, query: Keypoints) -> list[tuple[int, float, float]]:
        """Film, second and number of inliers of frames that the query lies over."""
        found = []
        for row in first(votes(query, self._segments)):
            for frame in self._nearest(query, self._own[row]):
                time = float(self._frames.time[frame])
                verified = verify(query, self._frames.features_of(frame))
                if verified is not None:
                    found.append((int(self._frames.film[frame]), time, float(verified.inliers)))
        return found

    def _nearest(self, query: Keypoints, own: NDArray[np.intp]) -> list[int]:
        """Those of the frames that hold the most nearest of the query's keypoints."""
        from contrapposto.scan.hamming import nearest

        parts = [self._frames.of(int(frame)) for frame in own]
        owners = np.repeat(np.arange(len(own), dtype=np.int32), [len(part) for part in parts])
        descriptors = np.concatenate([part.descriptors for part in parts])
        found = nearest(query.descriptors, descriptors, owners, LIMIT)
        count = np.bincount(owners[found.rows], minlength=len(own))
        return [int(own[place]) for place in np.argsort(-count, kind="stable")[:FRAMES] if count[place]]


def _segments(frames: Frames, held: Held) -> NDArray[np.intp]:
    """(F,) the segment of each frame: the last of its film that has begun."""
    found = np.zeros(len(frames.film), np.intp)
    for film in np.unique(frames.film):
        rows = np.flatnonzero(held.films == film)
        own = frames.film == film
        begun = np.array([held.segments[row].start for row in rows])
        place = np.searchsorted(begun, frames.time[own] + 1e-3, side="right") - 1
        found[own] = rows[np.maximum(place, 0)]
    return found
