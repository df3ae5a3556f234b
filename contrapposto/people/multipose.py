"""MoveNet MultiPose as a proposer: up to six people a look, in one fast pass over the whole picture.

Input: int32 RGB (1, H, W, 3), H and W multiples of 32. Output: (1, 6, 56): 17 x (y, x, score), then the box
(y_min, x_min, y_max, x_max) and its score, all normalised by the padded input (model card of MoveNet
MultiPose Lightning).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.media import sampling
from contrapposto.people import Proposal
from contrapposto.records import Box
from contrapposto.weights import Progress

_STEP = 32


class MultiPose:
    """min_score: least score of a proposal, 0..1."""

    weights: tuple[str, ...] = ("movenet-multipose",)

    def __init__(self, *, min_score: float = 0.11, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)
        self._input = self._session.get_inputs()[0].name
        self._min_score = min_score

    def __call__(self, image: NDArray[np.uint8], side: int = 256) -> list[Proposal]:
        """As `Detector`; side: pixels that the picture's longer side is brought to. More shows smaller people."""
        height, width = image.shape[:2]
        scale = side / max(height, width)
        inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
        padded = np.zeros((_next_step(inner_height), _next_step(inner_width), 3), np.int32)
        padded[:inner_height, :inner_width] = sampling.fit(image, inner_width, inner_height)
        found = self._session.run(None, {self._input: padded[None]})[0][0]
        size = np.array([padded.shape[1] * width / inner_width, padded.shape[0] * height / inner_height] * 2)
        proposals = []
        for row in found[np.argsort(-found[:, 55], kind="stable")]:
            if row[55] < self._min_score:
                break
            left, top, right, bottom = row[[52, 51, 54, 53]] * size
            if right > left and bottom > top:
                proposals.append(Proposal(Box(left, top, right - left, bottom - top), float(row[55])))
        return proposals


def _next_step(pixels: int) -> int:
    return -(-pixels // _STEP) * _STEP
