"""Cuts where no keypoint can be followed from one frame to the next.

Follows Garcia and Vogiatzis, "Dress like a Star" (ICCVW 2017): grey frames of width 720, ORB keypoints with 256-bit
descriptors, matches between consecutive frames that are each other's nearest, differ in less than 20 bits and lie
less than 100 pixels apart; a shot ends where at most one of them is left. What differs: OpenCV's ORB, whose
descriptors are turned with the keypoint, and at most 500 keypoints; a match counts whether or not its track began
earlier; of several frames in a row without tracks (black, fast motion) only the first begins a shot, and none does
where the frame before has no more than one keypoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.shots import Border, Shown
from contrapposto.shots.window import Window


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """width: pixels of the grey frame; keypoints: the most of a frame; bits: of 256, two descriptors of one track
    differ in fewer; reach: pixels, a keypoint moves less; left: tracks, at most this many are left at a cut."""

    width: int = 720
    keypoints: int = 500
    bits: int = 20
    reach: float = 100.0
    left: int = 1


Keypoints = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""(N, 2) pixels and (N, 32) descriptors."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """keypoints of a frame, and tracks that come to it from the frame before."""

    keypoints: int
    tracks: int


class TrackDetector:
    """Survival of tracks. Does not tell kinds apart."""

    name = "tracks"

    def __init__(self, options: TrackOptions | None = None) -> None:
        import cv2

        self._options = options or TrackOptions()
        self._orb: Any = cv2.ORB.create(nfeatures=self._options.keypoints)
        self._window = Window(self._kind)
        self._last: Keypoints | None = None

    def push(self, frame: Shown) -> list[Border]:
        """As of `ShotDetector`."""
        found = self._found(frame.image())
        tracks = _tracks(self._last, found, self._options) if self._last else 0
        self._last = found
        return self._window.add(frame.time, _Counted(len(found[0]), tracks))

    def finish(self) -> list[Border]:
        """As of `ShotDetector`."""
        return self._window.finish()

    @property
    def settled(self) -> float:
        """As of `ShotDetector`."""
        return self._window.settled

    def _found(self, image: NDArray[np.uint8]) -> Keypoints:
        import cv2

        height = max(1, round(image.shape[0] * self._options.width / image.shape[1]))
        grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (self._options.width, height))
        points, descriptors = self._orb.detectAndCompute(grey, None)
        if descriptors is None:
            return np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
        return np.array([point.pt for point in points], np.float32), descriptors

    def _kind(self, times: Sequence[float], seen: Sequence[_Counted], at: int) -> str | None:
        left = self._options.left
        if at < 2 or seen[at].tracks > left or seen[at - 1].keypoints <= left:
            return None
        return "cut" if seen[at - 1].tracks > left else None


def _tracks(old: Keypoints, new: Keypoints, options: TrackOptions) -> int:
    """Number of matches."""
    import cv2

    if not len(old[0]) or not len(new[0]):
        return 0
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(old[1], new[1])
    near = [match for match in matches if match.distance < options.bits]
    if not near:
        return 0
    moved = old[0][[match.queryIdx for match in near]] - new[0][[match.trainIdx for match in near]]
    return int((np.linalg.norm(moved, axis=1) < options.reach).sum())
