"""The keypoints of the person in a box by a DeepPose cascade that was trained here (`contrapposto train deeppose`).

The first stage is shown the whole box. Each later stage is shown, for every joint, the square around where it was
found, whose side is a factor times the length of the torso that was found, and moves the joint (Toshev and Szegedy
2014, section 3.2).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.inference import open_file
from contrapposto.media.sampling import Region
from contrapposto.poses.crops import cut, diameter, region_of, to_picture
from contrapposto.poses.heatmap import Found, as_input
from contrapposto.poses.heatmaps import joints_of
from contrapposto.records import Box

STAGE = "stage-{}.onnx"
"""Files of a cascade, numbered from 1."""

SIGMA = "sigma"
"""Name, among the properties of the file of a later stage, of what the torso's length is multiplied with."""

LEAST_DIAMETER = 0.1
"""Of a pose, in sides of what the first stage is shown: a shorter torso, or none, counts as this long."""


class DeepPose:
    """Estimates one person a box; safe to call from several threads."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """folder: with the files `STAGE` of as many stages as there are. Raises DataError when there is none, or a
        file is not of such a network."""
        first = folder / STAGE.format(1)
        if not first.exists():
            raise DataError(f"{folder} has no {first.name}: give the folder that train deeppose wrote")
        self._first = open_file(first, threads=threads, given=("image",), found="joints")
        self.size: tuple[int, int] = tuple(self._first.get_inputs()[0].shape[2:])
        self._later: list[Any] = []
        while (path := folder / STAGE.format(len(self._later) + 2)).exists():
            self._later.append(open_file(path, threads=threads, given=("image",), found="joints"))

    def __call__(self, image: NDArray[np.uint8], box: Box) -> Found:
        """image: (H, W, 3) RGB; box: of the person. A regression is never unsure: scores are 1 where the network
        knows a keypoint."""
        points = self.stages(image, box)[-1]
        return points, np.isfinite(points[:, 0]).astype(np.float64)

    def stages(self, image: NDArray[np.uint8], box: Box) -> list[NDArray[np.float64]]:
        """(17, 2) pixels of the picture after each stage."""
        region = region_of(box, self.size)
        shown = as_input(cut(image, region, self.size)[None])
        (found,) = self._first.run(["joints"], {"image": shown})
        joints = joints_of(found.shape[1])
        points = np.full((skeleton.COUNT, 2), np.nan)
        rows, columns = self.size
        points[joints] = to_picture(found[0] * (columns, rows) + (columns / 2, rows / 2), region, self.size)
        after = [points]
        for session in self._later:
            properties = session.get_modelmeta().custom_metadata_map
            squares = squares_of(after[-1], float(properties[SIGMA]), region.side)
            size = int(session.get_inputs()[0].shape[2])
            shown = as_input(np.stack([squares[joint].cut(image, size) for joint in joints]))
            (moves,) = session.run(["joints"], {"image": shown})
            moved = after[-1].copy()
            side = squares[joints[0]].side
            moved[joints] += moves[np.arange(len(joints)), np.arange(len(joints))] * side
            after.append(moved)
        return after


def squares_of(points: NDArray[np.float64], sigma: float, side: float) -> list[Region]:
    """The square around each of (17, 2) points that a later stage is shown, all of one side. side: of what the
    first stage is shown."""
    found = float(diameter(points))
    length = max(found if np.isfinite(found) else 0.0, LEAST_DIAMETER * side)
    return [Region(float(x), float(y), sigma * length) for x, y in points]
