"""Bodies that are alike but not the same: the pairs that are hard to tell apart."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry
from contrapposto.skeleton import INDEX
from contrapposto.training import rotations

Array = NDArray[np.float64]

_LIMBS = tuple(
    tuple(INDEX[f"{side}_{joint}"] for joint in chain)
    for side in ("left", "right")
    for chain in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
)

CHANGED = 0.6
"""Share of the limbs of a body that differ from its kin's."""

FURTHEST = 0.5
"""How far a limb is turned towards that of somebody else, at most: 0 not at all, 1 wholly."""


def with_kin(world: Array, count: int, rng: np.random.Generator) -> Array:
    """Bodies (N, 17, 3) to (count * N, 17, 3): each is followed by count - 1 of its kin, some of whose limbs are
    turned, in the body's frame, part of the way to those of a body chosen by chance. Lengths stay as they are."""
    bodies = world.repeat(count, axis=0)
    frames = geometry.body_frame(bodies)
    frames = np.where(np.isfinite(frames), frames, np.eye(3))
    own = bodies @ frames.transpose(0, 2, 1)
    others = own[rng.permutation(len(own))]
    turned = own.copy()
    for limb in _LIMBS:
        share = rng.uniform(0, FURTHEST, len(own)) * (rng.random(len(own)) < CHANGED)
        share[::count] = 0
        for start, end in pairwise(limb):
            bone, aim = own[:, end] - own[:, start], others[:, end] - others[:, start]
            mixed = (1 - share)[:, None] * rotations.unit(bone) + share[:, None] * rotations.unit(aim)
            length = np.linalg.norm(bone, axis=1, keepdims=True)
            turned[:, end] = turned[:, start] + length * rotations.unit(mixed)
    kin: Array = turned @ frames
    return kin
