"""Joints of each person: the Protocol of a pose estimator, one file an estimator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contrapposto.records import Person
from contrapposto.weights import Progress


class PoseEstimator(Protocol):
    """Finds the people of a picture and their poses."""

    name: str
    """Its key in `ESTIMATORS`."""

    accurate: bool
    """Whether it looks for more and smaller people, at a cost."""

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """image: (H, W, 3) RGB. Returns the people, most prominent first; an empty list when nobody is found.
        Safe to call from several threads."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """An estimator as a library knows it, before any network is loaded.

    version: changes whenever the same networks would give other people or keypoints; weights, accurate_weights:
    names in the weights table, by setting; make: takes accurate, threads, progress.
    """

    version: int
    weights: tuple[str, ...]
    accurate_weights: tuple[str, ...]
    make: Callable[[bool, int, Progress | None], PoseEstimator]


def _movenet(accurate: bool, threads: int, progress: Progress | None) -> PoseEstimator:
    from contrapposto.poses.movenet import MoveNet, MoveNetOptions

    return MoveNet(MoveNetOptions(accurate=accurate), threads=threads, progress=progress)


_MOVENET = ("movenet-multipose", "movenet-thunder", "lifter")
ESTIMATORS: dict[str, Kind] = {"movenet": Kind(3, _MOVENET, (*_MOVENET, "nanodet"), _movenet)}
"""Estimators by name."""

DEFAULT_ESTIMATOR = "movenet"


def make_estimator(
    name: str = DEFAULT_ESTIMATOR, *, accurate: bool = False, threads: int = 1, progress: Progress | None = None
) -> PoseEstimator:
    """The estimator of this name, its networks loaded (and fetched at first use).

    threads: that each network may use for one picture. Raises WeightsError; ValueError for an unknown name."""
    if name not in ESTIMATORS:
        raise ValueError(f"unknown estimator {name!r}; there is {', '.join(ESTIMATORS)}")
    return ESTIMATORS[name].make(accurate, threads, progress)
