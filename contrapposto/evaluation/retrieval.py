"""Protocol: the project's yardstick of pose retrieval.

Queries and gallery are the photos of a split whose annotated person shows all 12 limb joints; each is a query
against all others outside its own scene cluster. Truth is the 2D distance of the 12 joints, all of weight 1. Every
method is scored strictly, and side-blind (measures ending in `/side-blind`: truth takes the better of the two
assignments of left and right labels).
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton, weights
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import AnnotatedPerson, Item, KeypointSet, read_keypoint_set
from contrapposto.evaluation.predictions import PeopleArrays, find_people, for_photos
from contrapposto.evaluation.retrieval_metrics import (
    rank_by,
    same_scene,
    score_ranking,
    side_blind_distances,
    true_distances,
)
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.indexing import Progress
from contrapposto.manifest import Manifest
from contrapposto.media.sampling import Region
from contrapposto.poses import DEFAULT_ESTIMATOR, make_estimator
from contrapposto.records import Box
from contrapposto.weights import Progress as FetchProgress

TASK = "retrieval"
SEED = 0
JOINT_BOX = 1.3
"""`imagenet` looks at a square of this many larger sides of the box of the 12 true joints."""

LIMB_WEIGHTS: NDArray[np.float64] = np.isin(skeleton.KEYPOINTS, skeleton.LIMB_JOINTS).astype(np.float64)

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Setting:
    """How methods run. accurate: setting of the estimator."""

    accurate: bool
    fetching: FetchProgress | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Method:
    """predict: makes the arrays that a run folder keeps, from the photos; distances: (N, N) predicted distances,
    queries in rows, from these arrays and the true joints (N, 12, 2) (only `oracle` may look at them);
    weights: of the networks used, by setting."""

    predict: Callable[[Sequence[Item], Setting], Arrays]
    distances: Callable[[Arrays, NDArray[np.float64]], NDArray[np.float64]]
    weights: Callable[[bool], dict[str, str]]


def evaluate_retrieval(
    data: Path,
    split: str | None = None,
    *,
    methods: Sequence[str] = (),
    accurate: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs and scores methods (all when none is named) and returns one summary object of them all.

    out: folder that gets one run folder a method. Raises DataError, WeightsError.
    """
    for name in methods:
        if name not in METHODS:
            near = difflib.get_close_matches(name, METHODS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(METHODS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
    dataset = read_keypoint_set(data, split)
    items = complete_items(dataset)
    if len(items) < 2:
        raise DataError(f"{data}: fewer than 2 photos show all 12 limb joints; use another folder or split")
    setting = Setting(accurate, fetching, progress)
    summaries = []
    made: dict[Callable[..., Arrays], Arrays] = {}  # methods that differ in their ranking share predictions
    with tempfile.TemporaryDirectory() as temporary:
        for name in methods or METHODS:
            folder = (out or Path(temporary)) / name
            summaries.append(_evaluate_method(name, dataset, items, setting, folder, overwrite, made))
    measures = {name: row for summary in summaries for name, row in summary["measures"].items()}
    return summary_object(TASK, dataset.name, dataset.split, len(items), summaries[0]["commit"], measures)


def complete_items(dataset: KeypointSet) -> list[Item]:
    """Photos with one annotated person, who shows all 12 limb joints."""
    return [
        item
        for item in dataset.items
        if len(item.people) == 1 and np.isfinite(item.people[0].keypoints[LIMB_WEIGHTS > 0]).all()
    ]


def _evaluate_method(
    name: str,
    dataset: KeypointSet,
    items: Sequence[Item],
    setting: Setting,
    folder: Path,
    overwrite: bool,
    made: dict[Callable[..., Arrays], Arrays],
) -> dict[str, Any]:
    method = METHODS[name]
    config = RunConfig(
        TASK,
        dataset.name,
        dataset.split,
        name,
        {"accurate": setting.accurate, "seed": SEED, "joint_box": JOINT_BOX},
        method.weights(setting.accurate),
    )
    run = Run.open(folder, config, overwrite)
    if not run.has_predictions:
        if method.predict not in made:
            made[method.predict] = method.predict(items, setting)
        run.save_predictions(**made[method.predict])
    truth = np.stack([item.people[0].keypoints[LIMB_WEIGHTS > 0] for item in items])
    predicted = method.distances(run.load_predictions(), truth)
    order = rank_by(predicted)
    excluded = same_scene([item.cluster for item in items])
    strict = score_ranking(true_distances(truth), order, excluded)
    blind = score_ranking(side_blind_distances(truth), order, excluded)
    per_query = {**strict.per_query, **{f"{key}/side-blind": row for key, row in blind.per_query.items()}}
    rows = [
        {"file": item.file.name, **{key: float(values[row]) for key, values in per_query.items()}}
        for row, item in enumerate(items)
    ]
    measures = {**strict.measures, **{f"{key}/side-blind": mean for key, mean in blind.measures.items()}}
    return run.save_results(rows, measures)


def _no_weights(_: bool) -> dict[str, str]:
    return {}


def _nothing(items: Sequence[Item], _: Setting) -> Arrays:
    return {"items": np.arange(len(items))}


def _random_distances(arrays: Arrays, _: NDArray[np.float64]) -> NDArray[np.float64]:
    count = len(arrays["items"])
    return np.random.default_rng(SEED).random((count, count))


def _oracle_distances(_: Arrays, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    return true_distances(truth)


def _oracle_side_blind(_: Arrays, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    return side_blind_distances(truth)


def _find_keypoints(items: Sequence[Item], setting: Setting) -> Arrays:
    """The detected person nearest the annotation in each photo: (N, 17, 2), all NaN where nobody was found."""
    estimator = make_estimator(DEFAULT_ESTIMATOR, accurate=setting.accurate, progress=setting.fetching)
    found = PeopleArrays.of(find_people(items, estimator, setting.progress)).by_photo()
    chosen = [nearest_person(people, item.people[0]) for people, item in zip(found, items, strict=True)]
    return {"keypoints": np.stack(chosen)}


def nearest_person(people: NDArray[np.float64], annotated: AnnotatedPerson) -> NDArray[np.float64]:
    """Of (P, 17, 2) detected people the one nearest an annotated one: highest OKS, then nearest middle of the
    joints. All NaN when there is none."""
    if not len(people):
        return np.full((skeleton.COUNT, 2), np.nan)
    similar = [geometry.oks(person, annotated.keypoints, annotated.area) for person in people]
    middle = np.nanmean(annotated.keypoints, axis=0)
    away = np.hypot(*(np.nanmean(people, axis=1) - middle).T)
    best: NDArray[np.float64] = people[np.lexsort((away, -np.array(similar)))[0]]
    return best


def _keypoint_distances(arrays: Arrays, _: NDArray[np.float64]) -> NDArray[np.float64]:
    keypoints = arrays["keypoints"]
    return _with_random_answers(
        np.stack([geometry.pose_distances(query, keypoints, LIMB_WEIGHTS) for query in keypoints])
    )


def _keypoint_side_blind(arrays: Arrays, _: NDArray[np.float64]) -> NDArray[np.float64]:
    keypoints = arrays["keypoints"]
    swapped = keypoints[:, skeleton.FLIP]
    rows = [
        np.fmin(
            geometry.pose_distances(query, keypoints, LIMB_WEIGHTS),
            geometry.pose_distances(query, swapped, LIMB_WEIGHTS),
        )
        for query in keypoints
    ]
    return _with_random_answers(np.stack(rows))


def _with_random_answers(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """A query that can be compared with nothing (nobody was found) ranks its gallery at random; an item that a
    query cannot be compared with comes last."""
    lost = ~np.isfinite(distances).any(axis=1)
    distances[lost] = np.random.default_rng(SEED).random((int(lost.sum()), distances.shape[1]))
    return distances


def _imagenet_features(items: Sequence[Item], setting: Setting) -> Arrays:
    from contrapposto.features.appearance import Appearance

    look = Appearance(progress=setting.fetching)

    def features(item: Item, photo: Any) -> NDArray[np.float32]:
        joints = item.people[0].keypoints[LIMB_WEIGHTS > 0] / photo.scale
        return look(photo.image, Region.around(Box.around(joints), JOINT_BOX))

    return {"features": np.stack(for_photos(items, features, setting.progress))}


def _cosine_distances(arrays: Arrays, _: NDArray[np.float64]) -> NDArray[np.float64]:
    features = arrays["features"].astype(np.float64)
    distances: NDArray[np.float64] = 1 - features @ features.T
    return distances


def _estimator_weights(accurate: bool) -> dict[str, str]:
    made_by = Manifest.of(DEFAULT_ESTIMATOR, accurate)
    return {**made_by.weights, "estimator": f"{made_by.estimator} {made_by.version}"}


def _imagenet_weights(_: bool) -> dict[str, str]:
    return {"efficientnet-lite2": weights.identity("efficientnet-lite2")}


_KEYPOINTS = Method(_find_keypoints, _keypoint_distances, _estimator_weights)
_ORACLE = Method(_nothing, _oracle_distances, _no_weights)
METHODS: dict[str, Method] = {
    "random": Method(_nothing, _random_distances, _no_weights),
    "imagenet": Method(_imagenet_features, _cosine_distances, _imagenet_weights),
    "keypoints-2d": _KEYPOINTS,
    "keypoints-2d-side-blind": replace(_KEYPOINTS, distances=_keypoint_side_blind),
    "oracle": _ORACLE,
    "oracle-side-blind": replace(_ORACLE, distances=_oracle_side_blind),
}
"""`...-side-blind` methods also rank side-blind: they pair with the side-blind measures."""
