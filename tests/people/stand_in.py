"""Stand-ins for networks: an ONNX session whose answer the test computes from the input it was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Session:
    """As much of an InferenceSession as the stages use. inputs: what it was run with, in turn."""

    answer: Callable[[NDArray[Any]], list[NDArray[np.float32]]]
    name: str = "input"
    inputs: list[NDArray[Any]] = field(default_factory=list)

    def get_inputs(self) -> list[Session]:
        return [self]

    def run(self, outputs: None, feed: dict[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        (pixels,) = feed.values()
        assert list(feed) == [self.name]
        self.inputs.append(pixels)
        return self.answer(pixels)


def bright_box(plane: NDArray[Any]) -> tuple[float, float, float, float]:
    """left, top, right, bottom edges of the bright part of an (H, W) plane."""
    rows, columns = np.nonzero(plane > plane.max() / 2)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
