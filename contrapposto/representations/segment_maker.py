"""Makes segments of the frames of a film that are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.features.key_features import Keypoints, key_features, keypoints_of
from contrapposto.features.rmac import RMac
from contrapposto.media.sampling import fit
from contrapposto.representations.segments import Segment
from contrapposto.representations.shot_embedding import ShotEncoder
from contrapposto.weights import Progress

SECONDS = 1.0
"""From one frame that the vector is made of to the next, at least."""

SIDE = 320
"""Pixels of the longer side of the picture that is kept of a frame until its segment ends."""


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What is kept of a frame that is looked at: its keypoints, and a small (h, w, 3) RGB picture."""

    keypoints: Keypoints
    picture: NDArray[np.uint8]


class SegmentMaker:
    """Makes segments. threads: that its networks may use. Raises WeightsError when one cannot be fetched."""

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._look = RMac(threads=threads, progress=progress)
        self._encoder = ShotEncoder(progress=progress)

    @staticmethod
    def glimpse(image: NDArray[np.uint8]) -> Glimpse:
        """Of a frame (H, W, 3) RGB. Safe to call from several threads."""
        scale = min(1.0, SIDE / max(image.shape[:2]))
        height, width = (max(1, round(scale * length)) for length in image.shape[:2])
        return Glimpse(keypoints_of(image), fit(image, width, height))

    def photo(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(`shot_embedding.DIMENSION`,) float32 of unit length, of a photo (H, W, 3) RGB to search with."""
        return self._encoder.frame(self._look(image))

    def __call__(
        self, number: int, shot: int, start: float, end: float, glimpses: Sequence[tuple[float, Glimpse]]
    ) -> Segment:
        """glimpses: seconds and frames between start and end, in order, at least one; one that is the same object
        as the one before shows the same picture."""
        chosen, last = [], -np.inf
        for time, seen in glimpses:
            if time - last >= SECONDS:
                chosen.append(seen)
                last = time
        seen_as = {id(one): self._look(one.picture) for one in {id(one): one for one in chosen}.values()}
        vectors = np.stack([seen_as[id(one)] for one in chosen])
        features = key_features([(time, seen.keypoints) for time, seen in glimpses], start)
        return Segment(number, shot, start, end, features, self._encoder.shot(vectors))
