"""Protocol: the project's yardstick of pose retrieval.

Queries and gallery are the people of a data set whose 12 limb joints are all known (`targets`); each is a query
against all others outside its own scene cluster. Truth is the 2D distance of the 12 joints, all of weight 1. Every
method is also scored side-blind (measures ending in `/side-blind`: truth takes the better of the two assignments
of left and right labels), or, where 3D is true, by the distances `3d` and `procrustes` of the true joints (measures
ending in `/3d` and `/procrustes`).
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.evaluation.retrieval_methods import (
    JOINT_BOX,
    METHODS,
    Arrays,
    Method,
    Setting,
    all_pairs,
    find_keypoints,
)
from contrapposto.evaluation.retrieval_metrics import (
    ABSOLUTE,
    SLACK,
    rank_by,
    same_scene,
    score_ranking,
    side_blind_distances,
    true_distances,
)
from contrapposto.evaluation.retrieval_trained import name_of, trained
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.targets import SEED, Targets, read_targets
from contrapposto.indexing import Progress
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.weights import Progress as FetchProgress

TASK = "retrieval"

ABSOLUTE_3D, SLACK_3D = 150.0, 100.0
"""mm: `hit_abs` and `hit_rel` of true 3D distances, about what 15 and 10 px of 128 are on a standing adult."""


def evaluate_retrieval(
    data: Path,
    split: str | None = None,
    *,
    methods: Sequence[str] = (),
    embeddings: Sequence[Path] = (),
    estimator: str = DEFAULT_ESTIMATOR,
    pose_weights: Path | None = None,
    accurate: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs and scores methods (all that fit the data when none is named, and no embedding) and returns one summary
    object of them all.

    data: a folder, or `demo`; embeddings: files that `contrapposto train` wrote, each of which is a method too,
    called as its folder; estimator, pose_weights: as for `poses.make_estimator`; out: folder that gets one run
    folder a method. Raises DataError, WeightsError.
    """
    for name in methods:
        if name not in METHODS:
            near = difflib.get_close_matches(name, METHODS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(METHODS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
    targets = read_targets(data, split)
    made: dict[Callable[..., Arrays], Arrays] = {}  # methods that differ in their ranking share predictions

    def found() -> Arrays:
        if find_keypoints not in made:
            made[find_keypoints] = find_keypoints(targets, setting)
        return made[find_keypoints]

    learned = {name_of(path): trained(path, found) for path in embeddings}
    if len(learned) < len(embeddings) or learned.keys() & METHODS.keys():
        raise DataError(
            f"embeddings in folders of one name, or that of a method ({', '.join(learned)}): rename the folders"
        )
    asked = [*methods, *learned] or [name for name, method in METHODS.items() if method.fits(targets)]
    chosen = {name: learned.get(name) or METHODS[name] for name in asked}
    for name, method in chosen.items():
        if not method.fits(targets):
            needed = "photos" if method.photos else "true 3D"
            raise DataError(f"{data}: the method {name!r} needs {needed}, which this data has not")
    setting = Setting(accurate, fetching, progress, estimator, pose_weights)
    summaries = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, method in chosen.items():
            folder = (out or Path(temporary)) / name
            summaries.append(_evaluate_method(name, method, targets, setting, folder, overwrite, made))
    measures = {name: row for summary in summaries for name, row in summary["measures"].items()}
    return summary_object(TASK, targets.name, targets.split, len(targets), summaries[0]["commit"], measures)


def _evaluate_method(
    name: str,
    method: Method,
    targets: Targets,
    setting: Setting,
    folder: Path,
    overwrite: bool,
    made: dict[Callable[..., Arrays], Arrays],
) -> dict[str, Any]:
    config = RunConfig(
        TASK,
        targets.name,
        targets.split,
        name,
        {"accurate": setting.accurate, "seed": SEED, "joint_box": JOINT_BOX},
        method.weights(setting),
    )
    run = Run.open(folder, config, overwrite)
    if not run.has_predictions:
        if method.predict not in made:
            made[method.predict] = method.predict(targets, setting)
        run.save_predictions(**made[method.predict])
    order = rank_by(method.distances(run.load_predictions(), targets))
    excluded = same_scene(targets.clusters)
    per_query: dict[str, NDArray[np.float64]] = {}
    measures: dict[str, float] = {}
    for ending, truth, absolute, slack in _truths(targets):
        scores = score_ranking(truth, order, excluded, absolute, slack)
        per_query |= {key + ending: values for key, values in scores.per_query.items()}
        measures |= {key + ending: mean for key, mean in scores.measures.items()}
    rows = [
        {"file": label, **{key: float(values[row]) for key, values in per_query.items()}}
        for row, label in enumerate(targets.labels)
    ]
    return run.save_results(rows, measures)


def _truths(targets: Targets) -> list[tuple[str, NDArray[np.float64], float, float]]:
    """Ending of the measures' names, (N, N) true distances, and the limits of `hit_abs` and `hit_rel`."""
    flat = ("", true_distances(targets.limbs), ABSOLUTE, SLACK)
    if targets.keypoints3d is None:
        return [flat, ("/side-blind", side_blind_distances(targets.limbs), ABSOLUTE, SLACK)]
    deep = [
        (f"/{metric}", all_pairs(metric, targets.keypoints3d), ABSOLUTE_3D, SLACK_3D)
        for metric in ("3d", "procrustes")
    ]
    return [flat, *deep]
