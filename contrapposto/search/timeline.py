"""How well a film matches a query over all of its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.records import Shot


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """One film. duration: seconds; shots: in order; spans: (N, 3) start and end in seconds and match 0..1 of
    everybody in it who can be compared, in order of start."""

    path: Path
    duration: float
    shots: tuple[Shot, ...]
    spans: NDArray[np.float64]

    def over_time(self, steps: int) -> NDArray[np.float64]:
        """(steps,) the best match in each of so many equal parts of the film, 0 where nobody is compared."""
        best = np.zeros(steps)
        if self.duration > 0:
            scale = steps / self.duration
            first = np.clip((self.spans[:, 0] * scale).astype(int), 0, steps - 1)
            last = np.clip(np.ceil(self.spans[:, 1] * scale).astype(int), first + 1, steps)
            for low, high, match in zip(first, last, self.spans[:, 2], strict=True):
                np.maximum(best[low:high], match, out=best[low:high])
        return best


def spans_of(
    times: NDArray[np.floating], matches: NDArray[np.floating], later: Sequence[NDArray[np.floating]] = ()
) -> NDArray[np.float64]:
    """(N, 3) as in `Timeline`, from (N, 3) times, starts and ends of moments, and (N,) matches; later: the times of
    further steps of a sequence, which lasts until the end of the last one."""
    ends = later[-1][:, 2] if later else times[:, 2]
    found = np.column_stack([times[:, 1], ends, matches]).astype(np.float64)
    return found[np.argsort(found[:, 0], kind="stable")]
