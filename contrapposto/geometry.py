"""Pure functions of poses: mirror, normalise, compare.

The 2D pose distance (this project's yardstick, `docs/distances.md`): both poses are reduced to the joints that
both sides see, each is scaled so that the larger side of the box of those joints is 128 px and centred on their
weighted mean, and the weighted mean of the joints' Euclidean distances is taken. Its unit is therefore
"px of a 128-px pose". It does not change when either pose is moved or scaled; it changes when one is turned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton

POSE_SIDE = 128.0
"""Pixels: the larger side of a pose's box after scaling."""

UNIT_2D = "px of 128"

_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class Comparability:
    """When two poses share enough to be compared.

    min_joints: least number of shared joints; min_share: least share (0..1) of the weight asked for (the query's
    seen joints) that the other pose must show.
    """

    min_joints: int = 2
    min_share: float = 0.5

    def __post_init__(self) -> None:
        if self.min_joints < 2:
            raise ValueError(f"min_joints must be at least 2, got {self.min_joints}")
        if not 0 <= self.min_share <= 1:
            raise ValueError(f"min_share must lie in 0..1, got {self.min_share}")


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


def joint_distances(
    query: NDArray[np.floating],
    gallery: NDArray[np.floating],
    weights: NDArray[np.floating] | None = None,
    comparability: Comparability | None = None,
) -> NDArray[np.float64]:
    """Distance of each joint of a query pose to each pose of a gallery, after the alignment of the 2D distance.

    query: (17, 2); gallery: (N, 17, 2), pixels of any picture, y down, NaN where unseen; weights: (17,) at least
    0, `skeleton.DEFAULT_WEIGHTS` when None; a joint of weight 0 is not compared.
    Returns (N, 17) in px of a 128-px pose, NaN for joints not compared; a row of NaN is "not comparable": too
    few shared joints, or all of them on one point.
    """
    result = np.full((len(gallery), skeleton.COUNT), np.nan)
    for rows, columns, joints, _ in _blocks(query, gallery, weights, comparability):
        result[rows, columns] = joints
    return result


def pose_distances(
    query: NDArray[np.floating],
    gallery: NDArray[np.floating],
    weights: NDArray[np.floating] | None = None,
    comparability: Comparability | None = None,
) -> NDArray[np.float64]:
    """The 2D distance of a query pose to each pose of a gallery; arguments as `joint_distances`.

    Returns (N,) in px of a 128-px pose, 0 or more; NaN where not comparable.
    """
    result = np.full(len(gallery), np.nan)
    for rows, _, joints, asked in _blocks(query, gallery, weights, comparability):
        result[rows] = weighted_mean(joints, asked)
    return result


def weighted_mean(joints: NDArray[np.float64], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) weighted mean over the compared joints of (N, K) joint distances; NaN where none was compared."""
    compared: NDArray[np.bool_] = np.isfinite(joints)
    share = np.where(compared, np.asarray(weights, dtype=np.float64), 0.0)
    values = np.stack([np.ones_like(joints), np.where(compared, joints, 0.0)], axis=2)
    total, summed = _sum_over_joints(share, values).T
    mean: NDArray[np.float64] = np.divide(summed, total, out=np.full(len(joints), np.nan), where=total > 0)
    return mean


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


def _blocks(
    query: NDArray[np.floating],
    gallery: NDArray[np.floating],
    weights: NDArray[np.floating] | None,
    comparability: Comparability | None,
) -> Iterator[tuple[slice, NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]]:
    """Rows of the gallery, the K joints asked for, their distances (rows, K), and their weights (K,)."""
    points = np.asarray(query, dtype=np.float64)
    if points.shape != (skeleton.COUNT, 2):
        raise ValueError(f"expected a query of shape ({skeleton.COUNT}, 2), got {points.shape}")
    chosen = np.asarray(skeleton.DEFAULT_WEIGHTS if weights is None else weights, dtype=np.float64)
    if chosen.shape != (skeleton.COUNT,) or not np.isfinite(chosen).all() or (chosen < 0).any():
        raise ValueError(f"expected {skeleton.COUNT} finite weights of at least 0")
    columns = np.flatnonzero(np.isfinite(points).all(axis=1) & (chosen > 0))
    asked = chosen[columns]
    for start in range(0, len(gallery), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        block = np.ascontiguousarray(np.asarray(gallery[rows])[:, columns], dtype=np.float64)
        yield rows, columns, _aligned(points[columns], block, asked, comparability or Comparability()), asked


def _aligned(
    query: NDArray[np.float64],
    gallery: NDArray[np.float64],
    weights: NDArray[np.float64],
    comparability: Comparability,
) -> NDArray[np.float64]:
    """(N, K) joint distances for the K joints asked for; see `joint_distances`."""
    seen: NDArray[np.bool_] = np.all(np.isfinite(gallery), axis=2)
    shared = seen * weights
    total = _sum_over_joints(shared, np.ones((*shared.shape, 1)))[:, 0]
    enough: NDArray[np.bool_] = (seen.sum(axis=1) >= comparability.min_joints) & (
        total >= comparability.min_share * weights.sum() * (1 - 1e-9)
    )
    safe_total = np.where(enough, total, 1.0)[:, None]
    hidden = ~seen[:, :, None]
    points = np.where(hidden, 0.0, gallery)
    points_side = _larger_side(points, hidden)
    query_side = _larger_side(np.broadcast_to(query, points.shape), hidden)
    enough &= (points_side > 0) & (query_side > 0)
    asked = np.broadcast_to(query, points.shape)
    points = points - (_sum_over_joints(shared, points) / safe_total)[:, None]
    wanted = asked - (_sum_over_joints(shared, asked) / safe_total)[:, None]
    points *= (POSE_SIDE / np.where(enough, points_side, 1.0))[:, None, None]
    wanted *= (POSE_SIDE / np.where(enough, query_side, 1.0))[:, None, None]
    offset = points - wanted
    distances: NDArray[np.float64] = np.sqrt(offset[..., 0] ** 2 + offset[..., 1] ** 2)
    distances[~seen | ~enough[:, None]] = np.nan
    return distances


def _sum_over_joints(weights: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, D) weighted sums of (N, K, D) values by (N, K) weights, one joint after the other: `sum`, `einsum` and
    BLAS round one row and many rows differently, and equal poses must tie wherever they stand."""
    total = np.zeros((len(values), values.shape[2]))
    for joint in range(values.shape[1]):
        total += weights[:, joint, None] * values[:, joint]
    return total


def _larger_side(points: NDArray[np.float64], hidden: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) larger side of the box of the joints of (N, K, 2) that are not hidden; 0 where all are."""
    if points.shape[1] == 0:
        return np.zeros(len(points))
    low = np.where(hidden, np.inf, points).min(axis=1)
    high = np.where(hidden, -np.inf, points).max(axis=1)
    side = (high - low).max(axis=1)
    return np.where(np.isfinite(side), side, 0.0)
