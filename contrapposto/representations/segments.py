"""What is stored of a stretch of film so that a photo of the screen finds it: key features of its frames, and one
vector. A segment is a shot, or part of a long one. `segment_maker` makes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.features.key_features import BYTES, KeyFeatures
from contrapposto.representations import Representation

REPRESENTATION = Representation("key_features", "shot", 8 * BYTES, "Hamming", maskable=False, version=1)


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """number: from 1 in the film; shot: the number of its shot; start, end: seconds; features: its tracks, whose
    times count from `start`; vector: (`shot_embedding.DIMENSION`,) float32 of unit length."""

    number: int
    shot: int
    start: float
    end: float
    features: KeyFeatures
    vector: NDArray[np.float32]
