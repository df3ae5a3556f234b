"""The 128 numbers that stand for what a person looks like, for poses, and the keypoints that the same look puts
right: what is stored of them (`docs/embeddings.md`). `pose_embedder` makes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.records import EMBEDDING
from contrapposto.representations import Representation
from contrapposto.skeleton import COUNT, LIMB_NUMBERS

REPRESENTATION = Representation("embedding", "person", EMBEDDING, "L2", maskable=True, version=2)
FUSED = Representation("fused", "person", 2 * COUNT, "mean distance of joints", maskable=True, version=2)

WEIGHTS = ("pose-network",)
"""Networks that make them."""

JOINT_WIDTH = 8
"""The first 12 times as many numbers of an embedding stand for the 12 limb joints, in their order; the others for
the whole."""


def joint_parts(embeddings: NDArray[np.floating]) -> NDArray[np.floating]:
    """(N, 12, 8): the parts of (N, 128) embeddings that stand for the limb joints."""
    count = len(LIMB_NUMBERS)
    return embeddings[:, : count * JOINT_WIDTH].reshape(-1, count, JOINT_WIDTH)


def component_weights(joint_weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """(128,) of an embedding, for (17,) weights of joints: ones where all limb joints count, else their weights for
    their parts, and 0 for what stands for the whole."""
    limbs = np.asarray(joint_weights, np.float64)[LIMB_NUMBERS]
    weights = np.ones(EMBEDDING)
    if not (limbs > 0).all():
        weights[:] = 0.0
        weights[: len(limbs) * JOINT_WIDTH] = np.repeat(limbs, JOINT_WIDTH)
    return weights
