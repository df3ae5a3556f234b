"""The keypoints of the one person in a box that is known: the Protocol, and MoveNet Thunder as one of its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.poses import kind_of
from contrapposto.poses.heatmap import Found
from contrapposto.poses.movenet import Look, MoveNetOptions, looks
from contrapposto.poses.thunder import Thunder
from contrapposto.records import Box
from contrapposto.weights import Progress


class InBox(Protocol):
    """Finds the keypoints of one person."""

    def __call__(self, image: NDArray[np.uint8], box: Box) -> Found:
        """image: (H, W, 3) RGB; box: of the person, in its pixels. Always answers: low scores mean that nobody is
        there. Safe to call from several threads."""
        ...


@runtime_checkable
class SeesMaps(Protocol):
    """An `InBox` whose network makes maps that can be looked at."""

    def __call__(self, image: NDArray[np.uint8], box: Box) -> Found:
        """See `InBox`."""
        ...

    def maps(self, image: NDArray[np.uint8], box: Box) -> dict[str, NDArray[np.float32]]:
        """`image` (rows, columns, 3) in 0..1, what it is shown of `crops.region_of` the box; `heatmaps` (J, H, W);
        attention maps, if any, as `heatmap.HeatmapNetwork` names them."""
        ...


class ThunderInBox:
    """Looks as the estimator `movenet` looks at a box that was proposed, a second time where that is its way. All
    keypoints are given, however unsure."""

    weights: tuple[str, ...] = Thunder.weights

    def __init__(
        self, options: MoveNetOptions | None = None, *, threads: int = 1, progress: Progress | None = None
    ) -> None:
        self.options = options or MoveNetOptions()
        self._thunder = Thunder(threads=threads, progress=progress)

    def __call__(self, image: NDArray[np.uint8], box: Box) -> Found:
        """See `InBox`."""
        estimate = self.looks(image, box)[1].estimate
        return estimate.points, estimate.scores

    def looks(self, image: NDArray[np.uint8], box: Box) -> tuple[list[Look], Look]:
        """See `movenet.looks`."""
        return looks(self._thunder, image, box, self.options)


def make_in_box(
    name: str, *, pose_weights: Path | None = None, threads: int = 1, progress: Progress | None = None
) -> InBox:
    """What finds keypoints for the estimator of this name, without finding people first. pose_weights: as for
    `poses.make_estimator`. Raises WeightsError, DataError, ValueError for an unknown name."""
    kind = kind_of(name, pose_weights)
    if name == "agreement":
        from contrapposto.poses.agreement import AgreedLooks

        return AgreedLooks(threads=threads, progress=progress)
    if kind.trained is None:
        return ThunderInBox(threads=threads, progress=progress)
    path = pose_weights or weights.path(kind.shipped or "", progress=progress)
    if name == "deeppose":
        from contrapposto.poses.deeppose import DeepPose

        return DeepPose(path, threads=threads)
    from contrapposto.poses.heatmap import HeatmapNetwork

    return HeatmapNetwork(path, threads=threads)
