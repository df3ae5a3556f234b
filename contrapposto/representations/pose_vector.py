"""The 34 numbers that propose neighbours by 2D pose; see `geometry.pose_vector`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry
from contrapposto.representations import Representation

REPRESENTATION = Representation("pose_vector", "person", 34, "squared weighted L2", maskable=True, version=1)


def encode(keypoints: NDArray[np.floating]) -> NDArray[np.float32]:
    """(N, 17, 2) picture coordinates, NaN where unseen, to (N, 34)."""
    return geometry.pose_vector(keypoints)


def component_weights(joint_weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """(17,) weights of joints to (34,) weights of components."""
    return np.repeat(np.asarray(joint_weights, dtype=np.float32), 2)
