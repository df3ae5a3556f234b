"""Pure functions of one pose: mirror, pose vector, body frame, and OKS. Distances are in `distances.py`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton

PARALLEL = 1e-6
"""Sine of the angle between hips and spine below which a body has no left side."""


BOX_MARGIN = 0.12
"""What a box around joints is grown by on each side, as a share of its larger side."""

AREA_OF_BOX = 0.53
"""The area of a person as a share of the box, where no mask was drawn."""


def mirror(keypoints: NDArray[np.floating]) -> NDArray[np.float64]:
    """The pose as a mirror shows it: x negated, left and right swapped. (..., 17, D) to the same shape.

    Twice is the identity. The result lies around a mirrored origin; distances here do not mind.
    """
    mirrored = np.array(keypoints, dtype=np.float64)[..., skeleton.FLIP, :]
    mirrored[..., 0] = -mirrored[..., 0]
    return mirrored


def pose_vector(keypoints: NDArray[np.floating]) -> NDArray[np.float32]:
    """(..., 17, 2) keypoints to (..., 34) vectors: centred on the seen keypoints' mean, larger side of their box
    scaled to 1, unseen keypoints at 0 (the centre). All zeros where fewer than two distinct points are seen.

    Used to propose neighbours; the distance decides.
    """
    points = np.asarray(keypoints, dtype=np.float64)
    seen = np.isfinite(points).all(axis=-1, keepdims=True)
    count = np.maximum(seen.sum(axis=-2, keepdims=True), 1)
    centred = np.where(seen, points, 0.0)
    centred = np.where(seen, centred - centred.sum(axis=-2, keepdims=True) / count, 0.0)
    low = np.where(seen, centred, np.inf).min(axis=-2)
    high = np.where(seen, centred, -np.inf).max(axis=-2)
    side = (high - low).max(axis=-1)
    good = np.isfinite(side) & (side > 0)
    scale = np.where(good, 1.0 / np.where(good, side, 1.0), 0.0)[..., None, None]
    size = points.shape[-2] * points.shape[-1]
    vectors: NDArray[np.float32] = (centred * scale).astype(np.float32).reshape(*points.shape[:-2], size)
    return vectors


def body_frame(keypoints3d: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., 3, 3) rotations from the frame of (..., 17, 3) keypoints to the body's own: the rows are its axes, unit
    vectors. y points from the pelvis to the neck, x to the person's left (from the right hip to the left one, made
    square to y), z = x cross y forward out of the chest. Right-handed, in a right-handed frame. All NaN where a hip
    or a shoulder is unseen or these directions do not exist.
    """
    points = np.asarray(keypoints3d, dtype=np.float64)
    up = _unit(skeleton.neck(points) - skeleton.pelvis(points), 0.0)
    across = _unit(points[..., skeleton.INDEX["left_hip"], :] - points[..., skeleton.INDEX["right_hip"], :], 0.0)
    forward = _unit(np.cross(across, up), PARALLEL)
    frame = np.stack([np.cross(up, forward), up, forward], axis=-2)
    return np.where(np.isfinite(frame).all(axis=(-1, -2), keepdims=True), frame, np.nan)


def to_body_frame(keypoints3d: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., 17, 3) keypoints as the body itself sees them: in the axes of `body_frame`, the origin in the pelvis,
    lengths as they are. All NaN where there is no body frame."""
    points = np.asarray(keypoints3d, dtype=np.float64)
    centred = points - skeleton.pelvis(points)[..., None, :]
    turned: NDArray[np.float64] = centred @ np.swapaxes(body_frame(points), -1, -2)
    return turned


def _unit(vectors: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """(..., 3) vectors brought to length 1; NaN where they are no longer than `least`."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float64] = vectors / np.where(length > least, length, np.nan)
    return unit


def oks(
    predicted: NDArray[np.floating],
    truth: NDArray[np.floating],
    area: float,
    sigma: NDArray[np.float64] = skeleton.OKS_SIGMA,
) -> float:
    """Object keypoint similarity of COCO, 0..1: the mean over labelled joints of
    exp(-d^2 / (2 * area * (2 * sigma)^2)); a joint that the prediction does not see contributes 0.

    predicted, truth: (K, 2) pixels of one frame, NaN where unseen or not labelled; area: of the person, pixels
    squared; sigma: (K,). Raises ValueError when no joint is labelled.
    """
    labelled = np.isfinite(truth).all(axis=1)
    if not labelled.any():
        raise ValueError("OKS needs at least one labelled joint")
    squared = ((predicted[labelled] - truth[labelled]) ** 2).sum(axis=1)
    error = squared / (2 * sigma[labelled]) ** 2 / (area + np.spacing(1)) / 2
    return float(np.where(np.isnan(error), 0.0, np.exp(-error)).mean())


def nearest_pose(found: Sequence[NDArray[np.floating]], truth: NDArray[np.floating], area: float) -> int | None:
    """Which of the poses found, (17, 2) each, is nearest to the true one (17, 2): highest OKS, then nearest middle
    of the joints. None when there is none."""
    middle = np.nanmean(truth, axis=0)
    away = [float(np.hypot(*(np.nanmean(points, axis=0) - middle))) for points in found]
    similar = [oks(points, truth, area) for points in found]
    return min(range(len(found)), key=lambda number: (-similar[number], away[number]), default=None)
