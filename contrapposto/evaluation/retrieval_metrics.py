"""The yardstick of pose retrieval: true distances between poses, and measures of a ranking.

Conventions. A query's gallery is every column that is not excluded. Equal predicted distances rank in the order of
the gallery; a predicted distance of NaN or infinity comes last. Where "the k true nearest" meet equal true
distances, everything no farther than the k-th counts. A K larger than the gallery is cut to it. A query whose
gallery is empty is left out of the means and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton

CROP = 128.0
"""Pixels of the larger side of a pose's joint box, the scale of all true distances."""

DISTANCE_AT = tuple(range(1, 11))
NDCG_AT = tuple(range(10, 101, 10))
HIT_AT = (1, 5, 10)
NEAREST = 50
"""`hit_nn` asks for one of this many true nearest."""
LAST_RANK = 50
"""`hit_rank50` asks for a 0-based rank of at most this: the first 51."""
ABSOLUTE = 15.0
"""`hit_abs` counts a true 2D distance of at most this, in pixels of the 128-pixel crop."""
SLACK = 10.0
"""`hit_rel` counts a true 2D distance of at most the nearest one plus this, in the same pixels."""

_BLOCK = 128
_SWAP = np.array([skeleton.LIMB_JOINTS.index(skeleton.KEYPOINTS[j]) for j in skeleton.FLIP[5:]])


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalScores:
    """per_query: measure to (Q,) float64, NaN for queries left out; measures: means over the others. Both are empty
    if every query was left out. scored, left_out: numbers of queries with and without a gallery."""

    per_query: dict[str, NDArray[np.float64]]
    measures: dict[str, float]
    scored: int
    left_out: int


def true_distances(joints: NDArray[np.floating], others: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
    """Mean distance of the 12 joints, in pixels of a 128-pixel crop, between all pairs of poses.

    Each pose is scaled so that the larger side of its joints' box is 128 and centred on its joints' mean.
    joints: (N, 12, 2) in the order of `skeleton.LIMB_JOINTS`, any scale, y down; others: (M, 12, 2), None for the
    same poses. Returns (N, M) float64. Raises ValueError on other shapes, an unseen joint, or a pose without size.
    """
    first = _normalised(joints)
    return _mean_distances(first, first if others is None else _normalised(others))


def side_blind_distances(
    joints: NDArray[np.floating], others: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """As `true_distances`, but the smaller one over the two assignments of left and right labels in one of the two
    poses. Labels are swapped, the picture is not mirrored."""
    first = _normalised(joints)
    second = first if others is None else _normalised(others)
    distances: NDArray[np.float64] = np.minimum(
        _mean_distances(first, second), _mean_distances(first, second[:, _SWAP])
    )
    return distances


def same_scene(clusters: Sequence[int | None]) -> NDArray[np.bool_]:
    """(N, N) mask for `score_ranking` where queries and gallery are the same N items: True for the item itself and
    for items of its scene cluster. An item without a cluster (None) is alone in its scene."""
    numbers = {cluster: number for number, cluster in enumerate(dict.fromkeys(clusters)) if cluster is not None}
    scenes = np.array([-1 - i if c is None else numbers[c] for i, c in enumerate(clusters)], dtype=np.int64)
    mask: NDArray[np.bool_] = scenes[:, np.newaxis] == scenes
    return mask


def rank_by(predicted: NDArray[np.floating]) -> NDArray[np.intp]:
    """(Q, G) columns of each row of predicted distances in ascending order; equal ones in the order of the gallery,
    NaN and infinity last."""
    return np.argsort(np.where(np.isnan(predicted), np.inf, predicted), axis=1, kind="stable")


def score_ranking(
    truth: NDArray[np.floating],
    order: NDArray[np.integer],
    excluded: NDArray[np.bool_] | None = None,
    absolute: float = ABSOLUTE,
    slack: float = SLACK,
) -> RetrievalScores:
    """Score one ranking of the gallery per query.

    truth: (Q, G) true distances in any unit; absolute, slack: of `hit_abs` and `hit_rel`, in that unit;
    order: (Q, G) columns, best first, each row a permutation of 0..G-1 (excluded columns may stand anywhere);
    excluded: (Q, G) True for what is not in the query's gallery, None for nothing. For predicted distances give
    `rank_by(predicted)`.

    Measures: `distance@K` mean true distance of the first K, K = 1..10; `ndcg@P`, P = 10, 20..100, gain
    1 / (d + 1), discount 1 / log2(i + 1) with i from 1, ideal = true order (Kim et al. 2019); and for K = 1, 5, 10
    `hit_nn@K` the first K hold one of the 50 true nearest; `hit_rank50@K` one of the K true nearest has a 0-based
    rank of at most 50; `hit_abs_any@K` and `hit_abs_share@K` whether any, and which share, of the first K has a
    true distance of at most `absolute`; `hit_rel@K` any has at most that of the nearest plus `slack`.
    Raises ValueError on wrong shapes, rows that are no permutation, or negative or infinite true distances.
    """
    if excluded is None:
        excluded = np.zeros(truth.shape, dtype=bool)
    if truth.ndim != 2 or order.shape != truth.shape or excluded.shape != truth.shape:
        raise ValueError(
            f"truth, order and excluded must be (Q, G) alike, got {truth.shape}, {order.shape}, {excluded.shape}"
        )
    scored = np.flatnonzero(~excluded.all(axis=1))
    blocks = []
    for start in range(0, len(scored), _BLOCK):
        rows = scored[start : start + _BLOCK]
        blocks.append(_score_block(truth[rows], order[rows], excluded[rows], absolute, slack))
    per_query: dict[str, NDArray[np.float64]] = {}
    for name in blocks[0] if blocks else ():
        per_query[name] = np.full(len(truth), np.nan)
        per_query[name][scored] = np.concatenate([block[name] for block in blocks])
    measures = {name: float(values[scored].mean()) for name, values in per_query.items()}
    return RetrievalScores(per_query, measures, len(scored), len(truth) - len(scored))


def _score_block(
    truth: NDArray[np.floating],
    order: NDArray[np.integer],
    excluded: NDArray[np.bool_],
    absolute: float,
    slack: float,
) -> dict[str, NDArray[np.floating] | NDArray[np.bool_]]:
    """All measures, (B,) each, of queries that have a gallery."""
    if not (np.sort(order, axis=1) == np.arange(truth.shape[1])).all():
        raise ValueError("each row of order must hold every column of the gallery once")
    allowed = np.where(excluded, 0.0, truth)
    if not (np.isfinite(allowed) & (allowed >= 0)).all():
        raise ValueError("true distances must be finite and at least 0")
    # Both (B, G): true distances of the gallery, infinite behind its end.
    ideal = np.sort(np.where(excluded, np.inf, truth), axis=1)
    ranked = _gallery_first(np.take_along_axis(truth, order, axis=1), np.take_along_axis(excluded, order, axis=1))
    size = (~excluded).sum(axis=1)

    def at(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """(B,) the count-th value, or the last one of a smaller gallery."""
        last = np.minimum(count, size) - 1
        return np.take_along_axis(values, last[:, np.newaxis], axis=1)[:, 0]

    total = np.where(np.isfinite(ranked), ranked, 0.0).cumsum(axis=1)
    close = (ranked <= absolute).cumsum(axis=1, dtype=np.float64)
    best = np.minimum.accumulate(ranked, axis=1)
    discount = 1 / np.log2(np.arange(truth.shape[1]) + 2)
    gained, possible = (discount / (ranked + 1)).cumsum(axis=1), (discount / (ideal + 1)).cumsum(axis=1)
    scores: dict[str, NDArray[np.floating] | NDArray[np.bool_]] = {}
    for count in DISTANCE_AT:
        scores[f"distance@{count}"] = at(total, count) / np.minimum(count, size)
    for count in NDCG_AT:
        scores[f"ndcg@{count}"] = at(gained, count) / at(possible, count)
    for count in HIT_AT:
        scores[f"hit_nn@{count}"] = at(best, count) <= at(ideal, NEAREST)
        scores[f"hit_rank50@{count}"] = at(best, LAST_RANK + 1) <= at(ideal, count)
        scores[f"hit_abs_any@{count}"] = at(best, count) <= absolute
        scores[f"hit_abs_share@{count}"] = at(close, count) / np.minimum(count, size)
        scores[f"hit_rel@{count}"] = at(best, count) <= ideal[:, 0] + slack
    return scores


def _gallery_first(ranked: NDArray[np.floating], excluded: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(B, G) true distances in ranked order with the excluded ones moved to the end, as infinity."""
    moved = np.argsort(excluded, axis=1, kind="stable")
    return np.take_along_axis(np.where(excluded, np.inf, ranked), moved, axis=1)


def _normalised(joints: NDArray[np.floating]) -> NDArray[np.float64]:
    points = np.asarray(joints, dtype=np.float64)
    if points.ndim != 3 or points.shape[1:] != (len(skeleton.LIMB_JOINTS), 2):
        raise ValueError(f"expected joints of shape (N, {len(skeleton.LIMB_JOINTS)}, 2), got {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("true distances need all 12 limb joints of every pose")
    side = (points.max(axis=1) - points.min(axis=1)).max(axis=1)
    if not (side > 0).all():
        raise ValueError("a pose whose joints all lie on one point has no scale")
    points = points * (CROP / side)[:, np.newaxis, np.newaxis]
    centred: NDArray[np.float64] = points - points.mean(axis=1, keepdims=True)
    return centred


def _mean_distances(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, M) mean joint distance of (N, J, 2) and (M, J, 2), in blocks of rows."""
    distances = np.zeros((len(first), len(second)))
    for start in range(0, len(first), _BLOCK):
        rows = slice(start, start + _BLOCK)
        for joint in range(first.shape[1]):
            across = first[rows, np.newaxis, joint, 0] - second[:, joint, 0]
            down = first[rows, np.newaxis, joint, 1] - second[:, joint, 1]
            distances[rows] += np.sqrt(across * across + down * down)
    mean: NDArray[np.float64] = distances / first.shape[1]
    return mean
