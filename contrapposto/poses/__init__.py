"""Joints of each person: the Protocol of a pose estimator, one file an estimator."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contrapposto.records import Person


class PoseEstimator(Protocol):
    """Finds the people of a picture and their poses."""

    name: str
    """Stored with each library; people found under different names are not comparable."""

    weights: tuple[str, ...]
    """Names in the weights table of all networks used."""

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """image: (H, W, 3) RGB. Returns the people, best score first; an empty list when nobody is found.
        Safe to call from several threads."""
        ...
