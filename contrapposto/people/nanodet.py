"""NanoDet as a proposer: boxes of the COCO class "person", good at small and many people.

Input: float32 (1, 3, 416, 416), BGR, minus the mean, over the deviation below. Outputs, for strides 8, 16, 32:
class scores (1, cells, 80) and box sides (1, cells, 4 x 11): each side is the expectation of a distribution over
0..10 strides from the cell's centre (generalised focal loss, Li et al. 2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.media import sampling
from contrapposto.people import Proposal, suppress
from contrapposto.records import Box
from contrapposto.weights import Progress

_SIDE = 416
_STRIDES = (8, 16, 32)
_CLASSES, _BINS, _PERSON = 80, 11, 0
_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)


class NanoDet:
    """min_score: least class score of a proposal; iou: overlap at which the weaker of two boxes goes."""

    weights: tuple[str, ...] = ("nanodet",)

    def __init__(
        self,
        *,
        min_score: float = 0.3,
        iou: float = 0.5,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)
        self._input = self._session.get_inputs()[0].name
        self._min_score = min_score
        self._iou = iou

    def __call__(self, image: NDArray[np.uint8]) -> list[Proposal]:
        height, width = image.shape[:2]
        pixels = (sampling.fit(image, _SIDE, _SIDE)[:, :, ::-1].astype(np.float32) - _MEAN) / _DEVIATION
        outputs = self._session.run(None, {self._input: pixels.transpose(2, 0, 1)[None]})
        found = {output.shape[1:]: output[0] for output in outputs}
        scale = np.array([width, height, width, height]) / _SIDE
        proposals = []
        for stride in _STRIDES:
            cells = (_SIDE // stride) ** 2
            scores, sides = found[cells, _CLASSES][:, _PERSON], found[cells, 4 * _BINS]
            for cell in np.flatnonzero(scores > self._min_score):
                row, column = divmod(int(cell), _SIDE // stride)
                corners = _corners((column + 0.5) * stride, (row + 0.5) * stride, sides[cell], stride)
                left, top, right, bottom = corners * scale
                if right > left and bottom > top:
                    proposals.append(Proposal(Box(left, top, right - left, bottom - top), float(scores[cell])))
        proposals.sort(key=lambda proposal: -proposal.score)
        return suppress(proposals, self._iou)


def _corners(x: float, y: float, logits: NDArray[np.float32], stride: int) -> NDArray[np.float64]:
    """(4,) left, top, right, bottom in input pixels."""
    spread = logits.reshape(4, _BINS).astype(np.float64)
    chance = np.exp(spread - spread.max(axis=1, keepdims=True))
    reach = (chance / chance.sum(axis=1, keepdims=True)) @ np.arange(_BINS) * stride
    return np.array([x - reach[0], y - reach[1], x + reach[2], y + reach[3]])
