"""People laid out for the scans: blocks of `LANES` people, in a block one joint after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.scan.compiled import LANES, compiled


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """blocks: (B, 17, D, LANES) float32, each pose centred on the box of its seen joints and divided by the box's
    larger side, NaN where unseen and past the last person; sizes: (B, LANES) float32, these sides; sets: (B, LANES)
    int32, which joints are seen, as rows of `codes` (S,), numbers whose bit j stands for joint j."""

    blocks: NDArray[np.float32]
    sizes: NDArray[np.float32]
    sets: NDArray[np.int32]
    codes: NDArray[np.int32]

    @staticmethod
    def of(points: NDArray[np.floating]) -> Layout:
        """Lays out (N, 17, D) points."""
        count, joints, axes = points.shape
        number = -(-count // LANES)
        blocks = np.full((number, joints, axes, LANES), np.nan, np.float32)
        sizes = np.ones((number, LANES), np.float32)
        seen = np.zeros((number, LANES), np.int32)
        _lay_out(np.ascontiguousarray(points), blocks, sizes, seen)
        occurs = np.zeros(2**skeleton.COUNT, bool)
        occurs[seen] = True
        codes = np.flatnonzero(occurs).astype(np.int32)
        row = np.zeros(len(occurs), np.int32)
        row[codes] = np.arange(len(codes), dtype=np.int32)
        return Layout(blocks, sizes, row[seen], codes)


@compiled
def _lay_out(
    points: NDArray[np.floating],
    blocks: NDArray[np.float32],
    sizes: NDArray[np.float32],
    seen: NDArray[np.int32],
) -> None:
    count, joints, axes = points.shape
    middle = np.empty(axes)
    for person in range(count):
        block, lane = person // LANES, person % LANES
        code = 0
        for joint in range(joints):
            whole = True
            for axis in range(axes):
                whole = whole and np.isfinite(points[person, joint, axis])
            if whole:
                code |= 1 << joint
        seen[block, lane] = code
        side = 0.0
        for axis in range(axes):
            low, high = np.inf, -np.inf
            for joint in range(joints):
                if (code >> joint) & 1:
                    low = min(low, float(points[person, joint, axis]))
                    high = max(high, float(points[person, joint, axis]))
            middle[axis] = (low + high) / 2
            side = max(side, high - low)
        if not 0.0 < side < np.inf:
            side = 1.0
        sizes[block, lane] = side
        for joint in range(joints):
            if (code >> joint) & 1:
                for axis in range(axes):
                    blocks[block, joint, axis, lane] = (points[person, joint, axis] - middle[axis]) / side
