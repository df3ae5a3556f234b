"""Distances between poses: the exact reference, float64 and NumPy. `docs/distances.md` has the formulas.

All metrics compare the joints that both poses show and the query asks for, and first centre both poses on the
weighted mean of these joints. Then

- `2d` scales both so that the larger side of the box of these joints is 128 px,
- `3d` leaves size and direction as they are (metres in, millimetres out),
- `procrustes` turns the query onto the other pose by the best rotation (no reflection),
- `np-3d` and `np-procrustes` first scale both so that the weighted root-mean-square distance of the joints from
  their centre is 1: what comes out is a share of that body size.

The distance is the weighted mean of the joints' Euclidean distances. The best rotation is the one that makes the
weighted sum of *squares* least (Kabsch 1978); what is reported is the mean distance under it.

All five are 0 between equal poses, and symmetric when both poses show the same joints; otherwise the joints that
only the query shows count against the comparability of the other pose, and not the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton

POSE_SIDE = 128.0
"""Pixels: the larger side of a pose's box after the scaling of `2d`."""

MILLIMETRES = 1000.0
"""In a metre."""

LINE = 1e-10
"""Joints lie on one line if the second eigenvalue of their scatter is at most about this share of the first."""

_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True)
class Metric:
    """How two poses are compared. dimension: 2 or 3 coordinates a joint; unit: of the distance; rotate: the query
    is turned onto the other pose; rescale: both poses are brought to one size."""

    name: str
    dimension: int
    unit: str
    rotate: bool
    rescale: bool

    @property
    def least_joints(self) -> int:
        """Shared joints without which there is nothing to align."""
        return 3 if self.rotate else 2


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("2d", 2, "px of 128", rotate=False, rescale=True),
        Metric("3d", 3, "mm", rotate=False, rescale=False),
        Metric("procrustes", 3, "mm", rotate=True, rescale=False),
        Metric("np-3d", 3, "of body size", rotate=False, rescale=True),
        Metric("np-procrustes", 3, "of body size", rotate=True, rescale=True),
    )
}
"""By name."""


@dataclass(frozen=True, slots=True)
class Comparability:
    """When two poses share enough to be compared.

    min_joints: least number of shared joints (metrics that rotate need 3 in any case); min_share: least share
    (0..1) of the weight asked for (the query's seen joints) that the other pose must show.
    """

    min_joints: int = 2
    min_share: float = 0.5

    def __post_init__(self) -> None:
        if self.min_joints < 2:
            raise ValueError(f"min_joints must be at least 2, got {self.min_joints}")
        if not 0 <= self.min_share <= 1:
            raise ValueError(f"min_share must lie in 0..1, got {self.min_share}")

    def least_weight(self, weights: NDArray[np.float64]) -> float:
        """Weight that must be shared when joints of these weights are asked for; rounding does not count."""
        return float(self.min_share * weights.sum() * (1 - 1e-9))


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The joints of a query that count. columns: (K,) their numbers; points: (K, D) float64; weights: (K,) float64,
    more than 0."""

    columns: NDArray[np.intp]
    points: NDArray[np.float64]
    weights: NDArray[np.float64]

    @staticmethod
    def of(metric: Metric, query: NDArray[np.floating], weights: NDArray[np.floating] | None) -> Asked:
        """Checks a query and its weights. Raises ValueError."""
        points = np.asarray(query, dtype=np.float64)
        if points.shape != (skeleton.COUNT, metric.dimension):
            raise ValueError(
                f"expected a query of shape ({skeleton.COUNT}, {metric.dimension}), got {points.shape}"
            )
        chosen = np.asarray(skeleton.DEFAULT_WEIGHTS if weights is None else weights, dtype=np.float64)
        if chosen.shape != (skeleton.COUNT,) or not np.isfinite(chosen).all() or (chosen < 0).any():
            raise ValueError(f"expected {skeleton.COUNT} finite weights of at least 0")
        columns = np.flatnonzero(np.isfinite(points).all(axis=1) & (chosen > 0))
        return Asked(columns, points[columns], chosen[columns])


def metric_named(name: str) -> Metric:
    """Raises ValueError for a name that is not in `METRICS`."""
    if name not in METRICS:
        raise ValueError(f"unknown metric {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]


def pose_distances(
    metric: str,
    query: NDArray[np.floating],
    gallery: NDArray[np.floating],
    weights: NDArray[np.floating] | None = None,
    comparability: Comparability | None = None,
) -> NDArray[np.float64]:
    """The distance of a query pose to each pose of a gallery; arguments as `joint_distances`.

    Returns (N,) in the metric's unit, 0 or more; NaN where not comparable.
    """
    asked = Asked.of(metric_named(metric), query, weights)
    result = np.full(len(gallery), np.nan)
    for rows, joints in _blocks(metric_named(metric), asked, gallery, comparability):
        result[rows] = weighted_mean(joints, asked.weights)
    return result


def joint_distances(
    metric: str,
    query: NDArray[np.floating],
    gallery: NDArray[np.floating],
    weights: NDArray[np.floating] | None = None,
    comparability: Comparability | None = None,
) -> NDArray[np.float64]:
    """Distance of each joint of a query pose to each pose of a gallery, after the alignment of the metric.

    metric: a name of `METRICS`; query: (17, D); gallery: (N, 17, D), D the metric's dimension, NaN where unseen
    (2D: pixels of any picture; 3D: metres, both poses in frames of one kind); weights: (17,) at least 0,
    `skeleton.DEFAULT_WEIGHTS` when None; a joint of weight 0 is not compared.
    Returns (N, 17) in the metric's unit, NaN for joints not compared; a row of NaN is "not comparable": too few
    shared joints, or all of them on one point, or, for metrics that rotate, on one line in either pose.
    Raises ValueError for an unknown metric and other shapes.
    """
    asked = Asked.of(metric_named(metric), query, weights)
    result = np.full((len(gallery), skeleton.COUNT), np.nan)
    for rows, joints in _blocks(metric_named(metric), asked, gallery, comparability):
        result[rows, asked.columns] = joints
    return result


def shared_weight(
    query: NDArray[np.floating], gallery: NDArray[np.floating], weights: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """(N,) share, 0..1, of the weight asked for (the joints that the query (17, D) shows) that each pose of a
    gallery (N, 17, D) shows too; 0 where nothing is asked for. weights: as `joint_distances`."""
    chosen = np.asarray(skeleton.DEFAULT_WEIGHTS if weights is None else weights, dtype=np.float64)
    asked = np.where(np.isfinite(query).all(axis=1), chosen, 0.0)
    seen = np.isfinite(gallery[..., 0]).astype(np.float64)[..., None]
    total = float(asked.sum())
    found = _sum_over_joints(np.broadcast_to(asked, seen.shape[:2]), seen)[:, 0]
    return found / total if total > 0 else found


def weighted_mean(joints: NDArray[np.float64], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) weighted mean over the compared joints of (N, K) joint distances; NaN where none was compared."""
    compared: NDArray[np.bool_] = np.isfinite(joints)
    share = np.where(compared, np.asarray(weights, dtype=np.float64), 0.0)
    values = np.stack([np.ones_like(joints), np.where(compared, joints, 0.0)], axis=2)
    total, summed = _sum_over_joints(share, values).T
    mean: NDArray[np.float64] = np.divide(summed, total, out=np.full(len(joints), np.nan), where=total > 0)
    return mean


def _blocks(
    metric: Metric, asked: Asked, gallery: NDArray[np.floating], comparability: Comparability | None
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Rows of the gallery, and the distances (rows, K) of the K joints asked for."""
    if gallery.ndim != 3 or gallery.shape[1:] != (skeleton.COUNT, metric.dimension):
        raise ValueError(
            f"expected a gallery of shape (N, {skeleton.COUNT}, {metric.dimension}), got {gallery.shape}"
        )
    for start in range(0, len(gallery), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        block = np.ascontiguousarray(np.asarray(gallery[rows])[:, asked.columns], dtype=np.float64)
        yield rows, _aligned(metric, asked, block, comparability or Comparability())


def _aligned(
    metric: Metric, query: Asked, gallery: NDArray[np.float64], comparability: Comparability
) -> NDArray[np.float64]:
    """(N, K) joint distances for the K joints asked for; see `joint_distances`."""
    seen: NDArray[np.bool_] = np.all(np.isfinite(gallery), axis=2)
    shared = seen * query.weights
    total = _sum_over_joints(shared, np.ones((*shared.shape, 1)))[:, 0]
    enough: NDArray[np.bool_] = (seen.sum(axis=1) >= max(comparability.min_joints, metric.least_joints)) & (
        total >= comparability.least_weight(query.weights)
    )
    total = np.where(enough, total, 1.0)
    hidden = ~seen[:, :, None]
    aligned = []
    for points in (np.where(hidden, 0.0, gallery), np.broadcast_to(query.points, gallery.shape)):
        side = _larger_side(points, hidden)
        enough &= side > 0
        centred = points - (_sum_over_joints(shared, points) / total[:, None])[:, None]
        if metric.rotate:
            enough &= ~_on_a_line(shared, centred)
        if metric.rescale:
            size = side if metric.dimension == 2 else _root_mean_square(shared, centred, total)
            centred *= (_size(metric) / np.where(enough, size, 1.0))[:, None, None]
        aligned.append(centred)
    found, wanted = aligned
    if metric.rotate:
        wanted = _turned(shared, wanted, found)
    offset = found - wanted
    squared = offset[..., 0] ** 2
    for axis in range(1, metric.dimension):
        squared = squared + offset[..., axis] ** 2
    distances: NDArray[np.float64] = np.sqrt(squared)
    if not metric.rescale:
        distances *= MILLIMETRES
    distances[~seen | ~enough[:, None]] = np.nan
    return distances


def _size(metric: Metric) -> float:
    return POSE_SIDE if metric.dimension == 2 else 1.0


def _turned(
    shared: NDArray[np.float64], moving: NDArray[np.float64], fixed: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, K, 3) poses, each turned onto its fixed one by the proper rotation with the least weighted sum of
    squares: with U S V' = svd of the sum of w * moving fixed', it is V diag(1, 1, det(V U')) U' (Kabsch 1978)."""
    outer = moving[..., :, None] * fixed[..., None, :]
    covariance = _sum_over_joints(shared, outer.reshape(*shared.shape, 9)).reshape(-1, 3, 3)
    left, _, right = np.linalg.svd(covariance)
    handed = np.sign(np.linalg.det(left) * np.linalg.det(right))
    rotation = np.zeros_like(covariance)  # [to, from]
    for axis in range(3):
        sign = handed if axis == 2 else np.ones_like(handed)
        rotation += right[:, axis, :, None] * left[:, None, :, axis] * sign[:, None, None]
    turned = np.zeros_like(fixed)
    for axis in range(3):
        turned += rotation[:, None, :, axis] * moving[..., axis, None]
    return turned


def _on_a_line(shared: NDArray[np.float64], centred: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(N,) whether the joints of centred poses (N, K, 3) that are shared lie on one line, or on one point. Of the
    eigenvalues a >= b >= c of their scatter, ab + bc + ca is the sum of its minors and a + b + c its trace."""
    x, y, z = (centred[..., axis] for axis in range(3))
    scatter = _sum_over_joints(shared, np.stack([x * x, y * y, z * z, x * y, y * z, z * x], axis=2))
    xx, yy, zz, xy, yz, zx = scatter.T
    minors = (xx * yy - xy * xy) + (yy * zz - yz * yz) + (zz * xx - zx * zx)
    flat: NDArray[np.bool_] = minors <= LINE * (xx + yy + zz) ** 2
    return flat


def _root_mean_square(
    shared: NDArray[np.float64], centred: NDArray[np.float64], total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N,) weighted root-mean-square distance of the joints of (N, K, 3) centred poses from their centre."""
    squares: NDArray[np.float64] = _sum_over_joints(shared, centred**2)
    size: NDArray[np.float64] = np.sqrt((squares[:, 0] + squares[:, 1] + squares[:, 2]) / total)
    return size


def _sum_over_joints(weights: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, D) weighted sums of (N, K, D) values by (N, K) weights, one joint after the other: `sum`, `einsum` and
    BLAS round one row and many rows differently, and equal poses must tie wherever they stand."""
    total = np.zeros((len(values), values.shape[2]))
    for joint in range(values.shape[1]):
        total += weights[:, joint, None] * values[:, joint]
    return total


def _larger_side(points: NDArray[np.float64], hidden: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) largest side of the box of the joints of (N, K, D) that are not hidden; 0 where all are."""
    if points.shape[1] == 0:
        return np.zeros(len(points))
    low = np.where(hidden, np.inf, points).min(axis=1)
    high = np.where(hidden, -np.inf, points).max(axis=1)
    side = (high - low).max(axis=1)
    return np.where(np.isfinite(side), side, 0.0)
