"""Protocol: whether a stated match is the chance that it says.

Of all pairs of people of different scenes, the distance between the detected poses gives the stated match
(`search.matching`), and the distance between the true ones says whether they are alike: 2D under 15 px of a 128-px
pose (12 limb joints); for metrics in space, by the same metric, under `ALIKE` of its unit. In each bin of the
stated match the mean of what was stated is compared with the share that is alike. A logistic regression on the
logarithm of the distance gives the curve that would fit this data best: on a development split, the one to ship.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.distances import METRICS, pose_distances, shared_weight
from contrapposto.evaluation.retrieval_methods import (
    METHODS,
    Setting,
    all_pairs,
    fused_pairs,
    posebit_pairs,
    vector_pairs,
)
from contrapposto.evaluation.retrieval_metrics import same_scene, true_distances
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.targets import Targets, read_targets
from contrapposto.indexing import Progress
from contrapposto.representations.view_invariant import ViewInvariant
from contrapposto.search.matching import CURVES, Curve, in_effect
from contrapposto.search.pose_part import COMPARED, EMBEDDING, FUSED, POSEBITS, VIEW_INVARIANT
from contrapposto.weights import Progress as FetchProgress

TASK = "match"

ALIKE = {
    "2d": 15.0,
    "3d": 200.0,
    "procrustes": 150.0,
    "np-3d": 0.35,
    "np-procrustes": 0.25,
    POSEBITS: 200.0,
    FUSED: 15.0,
    EMBEDDING: 15.0,
    VIEW_INVARIANT: 0.25,
}
"""True distance under which two people count as alike, in the unit of the metric that tells (`TRUE_METRIC`). 15 px
of 128 are 155 mm in the plane of the picture on the median pose of the built-in collection, 190 mm with the third
axis; its size is 0.54 m."""

TRUE_METRIC = {POSEBITS: "3d", FUSED: "2d", EMBEDDING: "2d", VIEW_INVARIANT: "np-procrustes"}
"""The metric of true poses that tells whether they are alike, of metrics that are not their own."""

EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Bins of the stated match."""

FEW = 20
"""A bin with fewer pairs than this is not counted in `largest_gap`."""


def evaluate_match(
    data: Path,
    split: str | None = None,
    *,
    accurate: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Summary object: for each metric `pairs`, `alike` (how many are), `brier`, `largest_gap` (between stated and
    found, over bins of at least `FEW` pairs), and the curve that fits best (`fitted_half`, `fitted_steepness`).
    The results of the run are the bins. Metrics in space need data with true 3D. Raises DataError, WeightsError."""
    targets = read_targets(data, split)
    method = METHODS["keypoints-3d"]
    setting = Setting(accurate, fetching, progress)
    config = RunConfig(
        TASK,
        targets.name,
        targets.split,
        "keypoints",
        {
            "accurate": accurate,
            "alike": ALIKE,
            "curves": {name: [c.half, c.steepness] for name, c in CURVES.items()},
        },
        method.weights(setting),
    )
    with tempfile.TemporaryDirectory() as temporary:
        run = Run.open(out or Path(temporary), config, overwrite)
        if not run.has_predictions:
            run.save_predictions(**method.predict(targets, setting))
        found = run.load_predictions()
        rows: list[dict[str, Any]] = []
        measures: dict[str, dict[str, float]] = {}
        for metric in COMPARED:
            if TRUE_METRIC.get(metric, metric) not in _FLAT and targets.keypoints3d is None:
                continue
            if metric in (FUSED, EMBEDDING) and "fused" not in found:
                continue
            distances, alike = _pairs(metric, targets, found)
            bins = reliability(CURVES[metric](distances), alike)
            rows += [{"metric": metric, **row} for row in bins]
            measures[metric] = _measures(metric, distances, alike, bins)
        flat = {f"{metric}/{name}": value for metric, row in measures.items() for name, value in row.items()}
        summary = run.save_results(rows, flat)
    return summary_object(TASK, targets.name, targets.split, len(targets), summary["commit"], measures)


def reliability(stated: NDArray[np.float64], alike: NDArray[np.bool_]) -> list[dict[str, float]]:
    """For each bin of `EDGES`: low, high, pairs, mean stated match and share found alike (NaN for no pairs).

    stated: (P,) 0..1; alike: (P,)."""
    inside = np.clip(np.digitize(stated, EDGES) - 1, 0, len(EDGES) - 2)
    rows = []
    for number, (low, high) in enumerate(itertools.pairwise(EDGES)):
        chosen = inside == number
        rows.append(
            {
                "low": low,
                "high": high,
                "pairs": int(chosen.sum()),
                "stated": float(stated[chosen].mean()) if chosen.any() else np.nan,
                "found": float(alike[chosen].mean()) if chosen.any() else np.nan,
            }
        )
    return rows


def fit(distances: NDArray[np.float64], alike: NDArray[np.bool_]) -> Curve:
    """The curve with the greatest likelihood, by Newton's method on the logistic regression of `alike` (P,) on the
    logarithm of distances (P,), more than 0. Raises ValueError when all pairs are alike, or none is."""
    if alike.all() or not alike.any():
        raise ValueError("a curve needs pairs that are alike and pairs that are not")
    inputs = np.stack([np.ones_like(distances), np.log(np.maximum(distances, 1e-9))], axis=1)
    weights = np.array([np.log(alike.mean() / (1 - alike.mean())), 0.0])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-inputs @ weights))
        gradient = inputs.T @ (alike - chance)
        curvature = (inputs * (chance * (1 - chance))[:, None]).T @ inputs
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        weights = weights + step * min(1.0, 2.0 / float(np.abs(step).max()))
        if np.abs(step).max() < 1e-9:
            break
    offset, slope = (float(weight) for weight in weights)
    return Curve(float(np.exp(-offset / slope)), -slope)


_FLAT = frozenset(metric for metric in METRICS if METRICS[metric].dimension == 2)


def _pairs(
    metric: str, targets: Targets, found: dict[str, NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(P,) distances in effect, as a search computes them, and (P,) whether the true poses are alike."""
    if metric == POSEBITS:
        distances = posebit_pairs(found["keypoints"], found["keypoints3d"])
    elif metric == FUSED:
        distances = fused_pairs(found["fused"], found["embedding"], found["scores"], None)
    elif metric == EMBEDDING:
        distances = vector_pairs(found["embedding"])
    elif metric == VIEW_INVARIANT:
        distances = vector_pairs(ViewInvariant()(found["keypoints"], found["scores"]))
    else:
        keypoints = found["keypoints" if metric in _FLAT else "keypoints3d"]
        distances = np.stack(
            [
                in_effect(pose_distances(metric, query, keypoints), shared_weight(query, keypoints))
                for query in keypoints
            ]
        )
    true_metric = TRUE_METRIC.get(metric, metric)
    if true_metric in _FLAT:
        truth = true_distances(targets.limbs)
    else:
        assert targets.keypoints3d is not None
        truth = all_pairs(true_metric, targets.keypoints3d)
    different = np.triu(~same_scene(targets.clusters), 1) & np.isfinite(distances)
    return distances[different], truth[different] < ALIKE[metric]


def _measures(
    metric: str, distances: NDArray[np.float64], alike: NDArray[np.bool_], bins: list[dict[str, float]]
) -> dict[str, float]:
    stated = CURVES[metric](distances)
    gaps = [abs(row["stated"] - row["found"]) for row in bins if row["pairs"] >= FEW]
    measures = {"pairs": float(len(distances)), "alike": float(alike.sum())}
    if len(distances):
        measures["brier"] = float(((stated - alike) ** 2).mean())
    if gaps:
        measures["largest_gap"] = max(gaps)
    if alike.any() and not alike.all():
        curve = fit(distances, alike)
        measures |= {"fitted_half": curve.half, "fitted_steepness": curve.steepness}
    return measures
