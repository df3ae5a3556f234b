"""Many poses, and which of them are nearest to a query.

Up to some number of people the exact distances of `contrapposto.distances` are computed, by NumPy. Beyond it,
machine code (`flat.py`, `rotating.py`) looks at everybody in float32 and gives lower bounds, and the exact
distances are computed for those that can be among the answers. The answers are the same.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.distances import (
    MILLIMETRES,
    Asked,
    Comparability,
    Metric,
    metric_named,
    pose_distances,
)
from contrapposto.scan.nearest import at_first, nearest_by

if TYPE_CHECKING:
    from contrapposto.scan.layout import Layout

FEW = 20_000
"""People: a gallery of fewer is never looked at by machine code."""

AFTER = 100_000
"""People that NumPy looks at, over all queries of a process, before the machine code is loaded: loading it takes as
long as they do, so a process that asks once does not wait for it."""

_AT_A_TIME = 3
_NO_LIMIT = np.zeros(0, np.float32)


class Gallery:
    """Poses to search. points: (N, 17, D), D = 2 pixels or 3 metres, NaN where unseen; kept, not copied, and not to
    be changed. The machine code keeps a second copy of them, in float32.
    """

    _looked_at: ClassVar[int] = 0

    def __init__(self, points: NDArray[np.floating]) -> None:
        if points.ndim != 3 or points.shape[1] != skeleton.COUNT or points.shape[2] not in (2, 3):
            raise ValueError(f"expected points of shape (N, {skeleton.COUNT}, 2 or 3), got {points.shape}")
        self._points = points

    def __len__(self) -> int:
        return len(self._points)

    def lower_bounds(
        self,
        metric: str,
        query: NDArray[np.floating],
        weights: NDArray[np.floating] | None = None,
        comparability: Comparability | None = None,
        *,
        mirror: bool = False,
        threads: int = 1,
    ) -> NDArray[np.floating]:
        """(N,) numbers that are at most the distance of each pose and mostly less than a thousandth of it below;
        NaN where not comparable; 0 where float32 cannot tell. For `reaching`, with several parts of a query.

        mirror: of the query and its mirror image, the nearer one. The rest as `distances.pose_distances`.
        """
        question = _Question(metric_named(metric), query, weights, comparability, mirror)
        return self._bounds(question, None, 0, threads)

    def nearest(
        self,
        metric: str,
        query: NDArray[np.floating],
        weights: NDArray[np.floating] | None = None,
        comparability: Comparability | None = None,
        *,
        k: int,
        mirror: bool = False,
        rows: NDArray[np.intp] | None = None,
        threads: int = 1,
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The rows (M,) of the k nearest poses, nearest first and equal ones in order of rows, and their exact
        distances (M,); M is k, or less where fewer can be compared. rows: look at these alone (in ascending order);
        None for all.
        """
        question = _Question(metric_named(metric), query, weights, comparability, mirror)
        bounds = self._bounds(question, rows, at_first(k), threads)
        compiled = bounds.dtype == np.float32
        return nearest_by(bounds, lambda some: question.exact(self._points[some]), k, compiled=compiled)

    @cached_property
    def layout(self) -> Layout:
        """For the machine code, which this loads."""
        from contrapposto.scan.layout import Layout

        return Layout.of(self._points)

    def _bounds(
        self, question: _Question, rows: NDArray[np.intp] | None, k: int, threads: int
    ) -> NDArray[np.floating]:
        if question.metric.dimension != self._points.shape[2]:
            raise ValueError(
                f"{question.metric.name} compares poses of {question.metric.dimension} coordinates a joint,"
                f" these have {self._points.shape[2]}"
            )
        looked_at = len(self) if rows is None else len(rows)
        Gallery._looked_at += looked_at
        if looked_at < FEW or Gallery._looked_at < AFTER:
            exact = np.full(len(self), np.nan)
            chosen = slice(None) if rows is None else rows
            exact[chosen] = question.exact(self._points[chosen])
            return exact
        inside = None
        if rows is not None:
            inside = np.zeros(len(self), bool)
            inside[rows] = True
        bounds = [
            _scan(self.layout, Asked.of(question.metric, points, weights), question, inside, k, threads)
            for points, weights in question.images
        ]
        return (bounds[0] if len(bounds) == 1 else np.fmin(*bounds))[: len(self)]


@dataclass(frozen=True, slots=True)
class _Question:
    metric: Metric
    query: NDArray[np.floating]
    weights: NDArray[np.floating] | None
    comparability: Comparability | None
    mirror: bool

    @property
    def images(self) -> list[tuple[NDArray[np.floating], NDArray[np.floating]]]:
        """What to compare with, and the weights: the query, and its mirror image if that will do as well."""
        weights = skeleton.DEFAULT_WEIGHTS if self.weights is None else np.asarray(self.weights)
        plain = (self.query, weights)
        return [plain, (geometry.mirror(self.query), weights[skeleton.FLIP])] if self.mirror else [plain]

    def exact(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """(M,) exact distances of (M, 17, D) poses; the smaller one where the mirror image will do as well."""
        found = [
            pose_distances(self.metric.name, query, points, weights, self.comparability)
            for query, weights in self.images
        ]
        smaller: NDArray[np.float64] = found[0] if len(found) == 1 else np.fmin(*found)
        return smaller


def _scan(
    layout: Layout, asked: Asked, question: _Question, inside: NDArray[np.bool_] | None, k: int, threads: int
) -> NDArray[np.float32]:
    """(B * LANES,) lower bounds; k: sums past the k smallest bounds may be left unfinished, 0 for none."""
    from contrapposto.scan import flat, rotating, sets

    metric, rule = question.metric, question.comparability or Comparability()
    bounds = np.full(layout.sets.shape, np.nan, np.float32)
    side = float(np.ptp(asked.points, axis=0).max()) if len(asked.points) else 0.0
    if not side > 0 or (metric.rotate and _on_a_line(metric, asked)):
        return bounds.reshape(-1)
    points = (asked.points - (asked.points.min(axis=0) + asked.points.max(axis=0)) / 2) / side
    table = np.full((len(layout.codes) + 1, sets.COLUMNS), np.nan, np.float32)  # the last row: not to be looked at
    sets.look_up(
        layout.codes,
        asked.columns,
        points,
        asked.weights,
        max(rule.min_joints, metric.least_joints),
        rule.least_weight(asked.weights),
        0.0 if metric.rescale else side,
        table,
    )
    of = layout.sets
    if inside is not None:
        of = of.copy()
        of.reshape(-1)[: len(inside)][~inside] = len(layout.codes)
    # Joints that differ most come first, so that sums pass the limit early; the list is filled up with weight 0.
    far = np.argsort(-asked.weights * np.linalg.norm(points, axis=1))
    filled = np.resize(far, len(far) + -len(far) % _AT_A_TIME)
    share = np.where(np.arange(len(filled)) < len(far), asked.weights[filled], 0.0).astype(np.float32)
    query = (asked.columns[filled], points[filled].astype(np.float32), share)
    start = layout.blocks.reshape(-1)

    def scan(first: int, last: int) -> None:
        best = np.full(min(k, len(of) * of.shape[1]), np.inf, np.float32) if k else _NO_LIMIT
        if metric.dimension == 2:
            flat.scan_2d(start, of, table, *query, first, last, best, bounds)
        else:
            run = rotating.scan_rotating if metric.rotate else flat.scan_3d
            factor = 1.0 if metric.rescale else MILLIMETRES
            run(start, layout.sizes, of, table, *query, metric.rescale, factor, first, last, best, bounds)

    if threads == 1:
        scan(0, len(of))
    else:
        cuts = np.linspace(0, len(of), threads + 1).astype(int).tolist()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(scan, cuts[:-1], cuts[1:]))
    return bounds.reshape(-1)


def _on_a_line(metric: Metric, asked: Asked) -> bool:
    """Whether no turn of the joints asked for is the best one, whatever they are compared with."""
    pose = np.full((skeleton.COUNT, metric.dimension), np.nan)
    pose[asked.columns] = asked.points
    alone = np.zeros(skeleton.COUNT)
    alone[asked.columns] = asked.weights
    return bool(np.isnan(pose_distances(metric.name, pose, pose[None], alone)[0]))
