"""Where the shots of a film end: borders, and the Protocol of a detector of them, one file a detector.

Whether there is a border at a time, and its kind, depends only on the frames within `LOOK` seconds before and
after. So a run that goes on with the frames from 2 * `LOOK` before a time on finds the same borders after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

LOOK = 2.0
"""Seconds before and after a time that decide whether a border is there."""

KINDS = ("cut", "fade", "dissolve")


@dataclass(frozen=True, slots=True)
class Border:
    """Where one shot ends and the next begins.

    time: seconds, of the first frame of the new shot; of a fade the middle of the black (or white), of a dissolve
    its middle. kind: one of `KINDS`; a detector that does not tell them apart calls all of them cuts.
    """

    time: float
    kind: str


class Shown(Protocol):
    """What detectors use of a frame; `contrapposto.media.videos.Frame` is one."""

    @property
    def time(self) -> float:
        """Seconds."""
        ...

    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) RGB."""
        ...

    def small(self) -> NDArray[np.uint8]:
        """(54, 96, 3) RGB, the whole frame squeezed."""
        ...


class ShotDetector(Protocol):
    """Finds the borders of one film; a new film needs a new detector."""

    name: str

    def push(self, frame: Shown) -> list[Border]:
        """Takes the next frame, in order of time; returns the borders that have become certain, in order of time.
        Raises ValueError when the frame is not later than the one before."""
        ...

    def finish(self) -> list[Border]:
        """There are no more frames: the borders that are left, in order of time."""
        ...

    @property
    def settled(self) -> float:
        """All borders before this second have been given; -inf at first, inf at the end."""
        ...


def _histogram() -> ShotDetector:
    from contrapposto.shots.histogram import HistogramDetector

    return HistogramDetector()


def _features() -> ShotDetector:
    from contrapposto.shots.features import FeatureDetector

    return FeatureDetector()


def _tracks() -> ShotDetector:
    from contrapposto.shots.tracks import TrackDetector

    return TrackDetector()


def _transnet() -> ShotDetector:
    from contrapposto.shots.transnet import TransNetDetector

    return TransNetDetector()


DETECTORS: dict[str, Callable[[], ShotDetector]] = {
    "histogram": _histogram,
    "features": _features,
    "tracks": _tracks,
    "transnet": _transnet,
}
"""Makes a detector, by name. Raises WeightsError when a network is missing and cannot be fetched or installed."""

DEFAULT_DETECTOR = "histogram"
