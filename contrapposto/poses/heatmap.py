"""The keypoints of the person in a box by a heatmap network of ours (`contrapposto train heatmap`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.inference import open_file
from contrapposto.poses.crops import cut, region_of, to_picture
from contrapposto.poses.heatmaps import DECODING, Decoding, decode, joints_of, mirrored
from contrapposto.records import Box

Found = tuple[NDArray[np.float64], NDArray[np.float64]]
"""points: (17, 2) pixels of the picture, NaN where the network knows no such keypoint; scores: (17,) 0..1, 0 there
too."""


class HeatmapNetwork:
    """Estimates one person a box; safe to call from several threads."""

    def __init__(self, path: Path, *, threads: int = 1, flip: bool = True, decoding: Decoding = DECODING) -> None:
        """path: the ONNX file; flip: look at the mirror image too, and take the mean of both heatmaps. Raises
        DataError when the file is not of such a network."""
        self._session = open_file(path, threads=threads, given=("image",), found="heatmaps")
        self.size: tuple[int, int] = tuple(self._session.get_inputs()[0].shape[2:])
        self._names = [output.name for output in self._session.get_outputs()]
        self.flip, self.decoding = flip, decoding

    def __call__(self, image: NDArray[np.uint8], box: Box) -> Found:
        """image: (H, W, 3) RGB; box: of the person. Always answers: a low score means that nobody is there."""
        heatmaps = self._heatmaps(image, box)
        places, heights = decode(heatmaps, self.decoding)
        joints = joints_of(len(heatmaps))
        points, scores = np.full((skeleton.COUNT, 2), np.nan), np.zeros(skeleton.COUNT)
        cell = self.size[0] / heatmaps.shape[1]
        points[joints] = to_picture(places * cell, region_of(box, self.size), self.size)
        scores[joints] = heights.clip(0, 1)
        return points, scores

    def maps(self, image: NDArray[np.uint8], box: Box) -> dict[str, NDArray[np.float32]]:
        """What the network sees, without a mirror image: `image` (rows, columns, 3) in 0..1, what it is shown;
        `heatmaps` (J, H, W); with holistic attention `scale0` to `scale3` (1, h, w), from the trunk's map to the
        last one, and `holistic` (1, H, W), their sum; with part-wise attention `parts` (J, H, W)."""
        shown = cut(image, region_of(box, self.size), self.size)
        found = dict(zip(self._names, self._session.run(None, {"image": as_input(shown[None])}), strict=True))
        return {"image": shown.astype(np.float32) / 255, **{name: value[0] for name, value in found.items()}}

    def _heatmaps(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.floating]:
        shown = cut(image, region_of(box, self.size), self.size)
        looks = np.stack([shown, shown[:, ::-1]] if self.flip else [shown])
        (found,) = self._session.run(["heatmaps"], {"image": as_input(looks)})
        heatmaps: NDArray[np.floating] = (found[0] + mirrored(found[1])) / 2 if self.flip else found[0]
        return heatmaps


def as_input(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 3, H, W) float32, (value - 127) / 128, of (N, H, W, 3) RGB."""
    return np.ascontiguousarray(((images.astype(np.float32) - 127) / 128).transpose(0, 3, 1, 2))
