"""Borders where the features of a classifier change: EfficientNet-lite2, a few frames a second.

Frames are sampled where a new multiple of `every` seconds begins. Between two samples whose features differ, and
differ more than those around, the frame that differs most from the one before it, in small grey, begins the shot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from contrapposto.shots import Border, Shown
from contrapposto.shots.window import Window

if TYPE_CHECKING:
    from contrapposto.weights import Progress


@dataclass(frozen=True, slots=True)
class FeatureOptions:
    """every: seconds between samples; least: the smallest cosine distance, 0..2, of two samples with a border
    between them; ratio: how many times as large as the other distances within `around` seconds it is, at least."""

    every: float = 0.25
    least: float = 0.3
    ratio: float = 1.0
    around: float = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """change: mean difference of small grey from the frame before, 0..255; features: (1280,) of a sample."""

    change: float
    features: NDArray[np.float32] | None


class FeatureDetector:
    """Compares samples. Does not tell kinds apart. Raises WeightsError when the network cannot be fetched."""

    name = "features"

    def __init__(self, options: FeatureOptions | None = None, *, progress: Progress | None = None) -> None:
        from contrapposto.features.appearance import Appearance

        self._options = options or FeatureOptions()
        self._network = Appearance(progress=progress)
        self._window = Window(self._kind)
        self._grey: NDArray[np.float32] | None = None
        self._cell: int | None = None

    def push(self, frame: Shown) -> list[Border]:
        """As of `ShotDetector`."""
        grey = frame.small().mean(axis=2, dtype=np.float32)
        change = 0.0 if self._grey is None else float(np.abs(grey - self._grey).mean())
        cell = int(frame.time / self._options.every + 1e-6)
        features = self._features(frame.image()) if self._cell not in (None, cell) else None
        self._grey, self._cell = grey, cell
        return self._window.add(frame.time, _Seen(change, features))

    def finish(self) -> list[Border]:
        """As of `ShotDetector`."""
        return self._window.finish()

    @property
    def settled(self) -> float:
        """As of `ShotDetector`."""
        return self._window.settled

    def _features(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Of the whole frame, squeezed to a square."""
        import cv2

        from contrapposto.features.appearance import SIDE
        from contrapposto.media.sampling import Region

        square = np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return self._network(square, Region(SIDE / 2, SIDE / 2, SIDE))

    def _kind(self, times: Sequence[float], seen: Sequence[_Seen], at: int) -> str | None:
        samples = [number for number, one in enumerate(seen) if one.features is not None]
        after = next((place for place, number in enumerate(samples) if number >= at), 0)
        if not after:
            return None
        inside = range(samples[after - 1] + 1, samples[after] + 1)
        if at != max(inside, key=lambda number: seen[number].change):
            return None
        distances = [_distance(seen[one], seen[two]) for one, two in pairwise(samples)]
        own = distances[after - 1]
        near = [
            distance
            for place, distance in enumerate(distances)
            if place != after - 1 and abs(times[samples[place + 1]] - times[samples[after]]) <= self._options.around
        ]
        return "cut" if own >= self._options.least and own > self._options.ratio * max(near, default=0.0) else None


def _distance(one: _Seen, two: _Seen) -> float:
    """Cosine distance of two samples."""
    assert one.features is not None
    assert two.features is not None
    return 1 - float(one.features @ two.features)
