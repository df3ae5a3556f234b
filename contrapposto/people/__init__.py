"""Where people may be: the Protocol of a proposer, one file a detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contrapposto.records import Box


@dataclass(frozen=True, slots=True)
class Proposal:
    """A place where a person may be; score 0..1, comparable within one detector only."""

    box: Box
    score: float


class Detector(Protocol):
    """Proposes people; an empty list is a normal answer."""

    weights: tuple[str, ...]

    def __call__(self, image: NDArray[np.uint8]) -> list[Proposal]:
        """image: (H, W, 3) RGB. Boxes in its frame, best score first. Safe to call from several threads."""
        ...


def suppress(proposals: Sequence[Proposal], iou: float) -> list[Proposal]:
    """Non-maximum suppression in the given order: a box that overlaps an earlier kept one by `iou` or more goes."""
    kept: list[Proposal] = []
    for proposal in proposals:
        if all(proposal.box.iou(other.box) < iou for other in kept):
            kept.append(proposal)
    return kept
