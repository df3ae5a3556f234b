"""Scores of estimated 3D keypoints against true ones: MPJPE, with and without Procrustes alignment, and PCK.

Both poses are in the camera frame, the origin in the middle of the hips (`records.py`). Only limb joints that are
known on both sides count (the face of motion capture is not measured but put on); a measure over none is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton

Array = NDArray[np.float64]

PCK_METRES = 0.15
"""A joint is right within this distance."""

MIN_ALIGNED = 6
"""Fewer shared joints than this are not aligned: nearly any pose can be turned onto them."""


def joint_errors(found: Array, truth: Array) -> Array:
    """(N, J) metres between found and true joints (N, J, 3); NaN where either is unknown."""
    errors: Array = np.linalg.norm(found - truth, axis=2)
    return errors


def align(found: Array, truth: Array, *, turn: bool = True) -> Array:
    """(N, J, 3) found poses moved, scaled, and with `turn` rotated (never reflected), to lie nearest to the true
    ones in the least squares of the shared joints (Umeyama 1991). NaN where fewer than `MIN_ALIGNED` are shared."""
    shared = np.isfinite(found).all(axis=2) & np.isfinite(truth).all(axis=2)
    shared &= (shared.sum(axis=1) >= MIN_ALIGNED)[:, None]
    weight = shared[..., None] / np.maximum(shared.sum(axis=1), 1)[:, None, None]
    from_middle = (np.where(shared[..., None], found, 0) * weight).sum(axis=1, keepdims=True)
    to_middle = (np.where(shared[..., None], truth, 0) * weight).sum(axis=1, keepdims=True)
    source = np.where(shared[..., None], found - from_middle, 0.0)
    target = np.where(shared[..., None], truth - to_middle, 0.0)
    rotation = np.broadcast_to(np.eye(3), (len(found), 3, 3))
    if turn:
        left, _, right = np.linalg.svd(source.transpose(0, 2, 1) @ target)
        sign = np.ones((len(found), 1, 3))
        sign[:, 0, 2] = np.where(np.linalg.det(left @ right) < 0, -1.0, 1.0)
        rotation = (left * sign) @ right
    turned = source @ rotation
    size = (source**2).sum(axis=(1, 2))
    scale = (turned * target).sum(axis=(1, 2)) / np.where(size > 0, size, 1.0)
    return np.where(shared[..., None], scale[:, None, None] * turned + to_middle, np.nan)


def person_scores(found: Array, truth: Array) -> dict[str, Array]:
    """(N,) of each person, over the 12 limb joints of (N, 17, 3) poses.

    mpjpe: mm, mean distance, the middle of the hips at the origin; n-mpjpe: mm, after moving and scaling;
    pa-mpjpe: mm, after moving, scaling and turning; pck3d@150: share of the joints within 150 mm, as for mpjpe.
    """
    found, truth = found[:, skeleton.LIMB_NUMBERS], truth[:, skeleton.LIMB_NUMBERS]
    errors = joint_errors(found, truth)
    known = np.isfinite(errors)
    count = known.sum(axis=1)
    right = (np.where(known, errors, np.inf) <= PCK_METRES).sum(axis=1)
    return {
        "mpjpe": 1000 * _mean(errors),
        "n-mpjpe": 1000 * _mean(joint_errors(align(found, truth, turn=False), truth)),
        "pa-mpjpe": 1000 * _mean(joint_errors(align(found, truth), truth)),
        "pck3d@150": np.where(count > 0, right / np.maximum(count, 1), np.nan),
    }


def mean_scores(scores: dict[str, Array]) -> dict[str, float]:
    """Means over the people that have a score; a measure that nobody has is absent."""
    return {name: float(np.nanmean(values)) for name, values in scores.items() if np.isfinite(values).any()}


def _mean(errors: Array) -> Array:
    known = np.isfinite(errors)
    count = known.sum(axis=1)
    summed = np.where(known, errors, 0.0).sum(axis=1)
    return np.where(count > 0, summed / np.maximum(count, 1), np.nan)
