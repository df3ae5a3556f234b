"""BlazePose: landmarks in metres of the one person in a square patch that stands upright on the mid-hips.

The region of interest comes from COCO-17 keypoints instead of BlazePose's own detector: centred on the middle of
the hips, turned with the torso, large enough for the farthest sure keypoint. World landmarks are metres about the
middle of the hips, x to the patch's right, y down, z away from the camera (model card of BlazePose GHUM 3D).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.inference import open_session
from contrapposto.media.sampling import Region
from contrapposto.weights import Progress

Size = Literal["full", "heavy"]

_SIDE = 256
_SURE = 0.2
"""Keypoints scored above this decide the region, 0..1."""
_EXPAND = 1.25
_LEAST_TORSO = 1.6
"""Radius of the region, at least, in lengths of the torso."""
_TO_CAMERA = np.array([1.0, -1.0, -1.0])


class BlazePose:
    """Estimates the 3D keypoints of one person a call."""

    def __init__(self, size: Size = "heavy", *, threads: int = 1, progress: Progress | None = None) -> None:
        self.weights: tuple[str, ...] = (f"blazepose-{size}",)
        self._session = open_session(self.weights[0], threads=threads, progress=progress)
        self._input = self._session.get_inputs()[0].name
        # 39 world landmarks of three numbers: 33 of the body, the rest auxiliary
        self._world = next(out.name for out in self._session.get_outputs() if out.shape[-1] == 117)

    def __call__(
        self, image: NDArray[np.uint8], keypoints: NDArray[np.floating], scores: NDArray[np.floating]
    ) -> NDArray[np.float64]:
        """image: (H, W, 3) RGB; keypoints: (17, 2) pixels of one person in it, NaN where unseen; scores: (17,).

        Returns (17, 3) metres in the camera frame (`records.py`), NaN where the 2D keypoint is unseen, and
        everywhere where the region cannot be told (hips or shoulders unseen).
        """
        region = torso_region(keypoints, scores)
        if region is None:
            return np.full((skeleton.COUNT, 3), np.nan)
        patch = region.cut(image, _SIDE).astype(np.float32) / 255
        (found,) = self._session.run([self._world], {self._input: patch[None]})
        world = np.asarray(found, dtype=np.float64).reshape(-1, 3)[: len(skeleton.BLAZEPOSE_33)]
        points = in_camera_frame(world, region.turn)
        points[~np.isfinite(keypoints).all(axis=1)] = np.nan
        return points


def torso_region(keypoints: NDArray[np.floating], scores: NDArray[np.floating]) -> Region | None:
    """The square that BlazePose looks at; None where the hips or the shoulders are unseen."""
    hips, shoulders = skeleton.pelvis(keypoints), skeleton.neck(keypoints)
    up = shoulders - hips
    if not np.isfinite(up).all() or not np.hypot(*up) > 0:
        return None
    sure = keypoints[np.isfinite(keypoints).all(axis=1) & (scores > _SURE)]
    reach = float(np.hypot(*(sure - hips).T).max()) if len(sure) else 0.0
    side = 2 * _EXPAND * max(reach, _LEAST_TORSO * float(np.hypot(*up)))
    return Region(float(hips[0]), float(hips[1]), side, float(np.arctan2(up[0], -up[1])))


def in_camera_frame(world: NDArray[np.float64], turn: float) -> NDArray[np.float64]:
    """(17, 3) from 33 world landmarks (33, 3) of a region turned clockwise by `turn` radians."""
    points = skeleton.from_names(world, skeleton.BLAZEPOSE_33)
    cosine, sine = np.cos(turn), np.sin(turn)
    upright = points @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    turned: NDArray[np.float64] = upright * _TO_CAMERA
    return turned - skeleton.pelvis(turned)
