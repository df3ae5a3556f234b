"""What learned distances should follow: distances between the true poses of a training set, from one to all.

`2d`: mean distance of the 12 limb joints, pixels of a 128-pixel pose; `3d` and `procrustes`: mean distance of the
limb joints of the lifted poses, mm; `posebits`: percent of the posebits known of both that differ.
Rows are computed when they are asked for: of N poses the N x N distances are never held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.distances import MILLIMETRES, POSE_SIDE, pose_distances
from contrapposto.posebits.answers import People, posebits
from contrapposto.posebits.measures import Figures
from contrapposto.poses.lifting import Lifter

Target = Literal["2d", "3d", "procrustes", "posebits"]
TARGETS: tuple[Target, ...] = get_args(Target)

UNITS: Mapping[Target, str] = {"2d": "px of 128", "3d": "mm", "procrustes": "mm", "posebits": "% of posebits"}
"""Units of the distances."""

LEAST_SHARED = 0.5
"""Of the joints, or the posebits, known of the one pose, the other must have this share to be compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Distances between N poses. points: (N, 17, 2 or 3), NaN where unseen; true, known: (N, R) posebits, for the
    target `posebits`, else (N, 0)."""

    target: Target
    points: NDArray[np.float64]
    true: NDArray[np.bool_]
    known: NDArray[np.bool_]

    @staticmethod
    def of(target: Target, joints: NDArray[np.floating], lifter: Lifter | None = None) -> Targets:
        """Of true 2D joints (N, 17, 2) in pixels of any picture, y down, NaN where unseen. What is not 2D is lifted
        first, the joints being certain; by `lifter`, or the one that comes with this package."""
        points = np.asarray(joints, dtype=np.float64)
        seen: NDArray[np.bool_] = np.all(np.isfinite(points), axis=2)
        none = np.zeros((len(points), 0), dtype=np.bool_)
        if target == "2d":
            return Targets(target, points, none, none)
        scores = seen.astype(np.float64)
        lifted = (lifter or Lifter())(points, scores)
        if target == "posebits":
            true, known = posebits(People(Figures(points, lifted), scores))
            return Targets(target, lifted, true, known)
        return Targets(target, lifted, none, none)

    def __len__(self) -> int:
        return len(self.points)

    def of_anchor(self, anchor: int) -> NDArray[np.float64]:
        """(N,) distances from one pose to all, 0 to itself; NaN where they cannot be compared."""
        if self.target == "procrustes":
            return pose_distances(self.target, self.points[anchor], self.points, skeleton.LIMB_WEIGHTS)
        if self.target != "posebits":
            return _mean_distances(self.points[anchor], self.points, rescale=self.target == "2d")
        return _hamming(self.true[anchor], self.known[anchor], self.true, self.known)

    def of_anchors(self, anchors: NDArray[np.integer]) -> NDArray[np.float64]:
        """(A, N) the same for several."""
        rows = [self.of_anchor(int(anchor)) for anchor in anchors]
        return np.array(rows).reshape(len(rows), len(self))


def _mean_distances(pose: NDArray[np.float64], others: NDArray[np.float64], rescale: bool) -> NDArray[np.float64]:
    """(N,) what `pose_distances` gives over the limb joints for `2d` and `3d`, as fast as every step of a training
    needs it: one joint's coordinates of all poses lie side by side."""
    shown = (skeleton.LIMB_WEIGHTS > 0) & np.isfinite(pose).all(axis=1)
    wanted, found = pose[shown].T[:, :, None], np.ascontiguousarray(others[:, shown].transpose(2, 1, 0))
    seen = np.isfinite(found).all(axis=0)  # (K, N)
    number = seen.sum(axis=0)
    enough = (number >= 2) & (number >= LEAST_SHARED * shown.sum())
    number = np.maximum(number, 1)
    centred = []
    for points in (found, np.broadcast_to(wanted, found.shape)):
        kept = np.where(seen, points, 0.0)
        low = np.where(seen, points, np.inf).min(axis=1, initial=np.inf)
        side = (np.where(seen, points, -np.inf).max(axis=1, initial=-np.inf) - low).max(axis=0)
        enough &= side > 0
        scale = POSE_SIDE / np.where(enough, side, 1.0) if rescale else MILLIMETRES
        centred.append((kept - (kept.sum(axis=1) / number)[:, None]) * scale)
    lengths = np.sqrt(((centred[0] - centred[1]) ** 2).sum(axis=0)) * seen
    return np.where(enough, lengths.sum(axis=0) / number, np.nan)


def _hamming(
    true: NDArray[np.bool_], known: NDArray[np.bool_], others: NDArray[np.bool_], known_of_others: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """(N,) percent of the posebits known of both that differ; NaN where these are too few."""
    both = known & known_of_others
    shared = both.sum(axis=1)
    differing = ((true ^ others) & both).sum(axis=1)
    enough = (shared > 0) & (shared >= LEAST_SHARED * known.sum())
    return np.where(enough, 100.0 * differing / np.maximum(shared, 1), np.nan)
