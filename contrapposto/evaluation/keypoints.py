"""Protocol: how well people and their keypoints are found."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contrapposto.evaluation.datasets import read_keypoint_set
from contrapposto.evaluation.keypoint_metrics import score_keypoints
from contrapposto.evaluation.predictions import PeopleArrays, find_people
from contrapposto.evaluation.runs import Run, RunConfig
from contrapposto.indexing import Progress
from contrapposto.manifest import Manifest
from contrapposto.poses import DEFAULT_ESTIMATOR, make_estimator
from contrapposto.weights import Progress as FetchProgress

TASK = "keypoints"


def evaluate_keypoints(
    data: Path,
    split: str | None = None,
    *,
    accurate: bool = False,
    min_keypoints: int = 1,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs the estimator on a keypoint set and scores it; measures as in `keypoint_metrics.score_keypoints`.

    out: run folder; predictions already there for the same configuration are scored again instead of made again.
    Returns the summary object. Raises DataError, WeightsError.
    """
    dataset = read_keypoint_set(data, split)
    method = f"{DEFAULT_ESTIMATOR}{'-accurate' if accurate else ''}"
    made_by = Manifest.of(DEFAULT_ESTIMATOR, accurate)
    config = RunConfig(
        TASK,
        dataset.name,
        dataset.split,
        method,
        {"min_keypoints": min_keypoints, "estimator_version": made_by.version},
        made_by.weights,
    )
    with tempfile.TemporaryDirectory() as temporary:
        run = Run.open(out or Path(temporary), config, overwrite)
        if not run.has_predictions:
            estimator = make_estimator(DEFAULT_ESTIMATOR, accurate=accurate, progress=fetching)
            found = PeopleArrays.of(find_people(dataset.items, estimator, progress))
            run.save_predictions(keypoints=found.keypoints, scores=found.scores, counts=found.counts)
        people = PeopleArrays(**run.load_predictions())
        result = score_keypoints(people.by_photo(), dataset.items, min_keypoints)
        return run.save_results([asdict(row) for row in result.people], result.measures, n=len(dataset.items))
