"""Protocol: how well people and their keypoints are found, or the keypoints alone in boxes that are given."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.evaluation.boxes import PersonBox, annotated_boxes, read_detections
from contrapposto.evaluation.datasets import AnnotatedPerson, Item, KeypointSet, read_keypoint_set
from contrapposto.evaluation.keypoint_metrics import KeypointScores, score_keypoints
from contrapposto.evaluation.oks_ap import average_precision
from contrapposto.evaluation.pose_metrics import score_poses
from contrapposto.evaluation.predictions import SAME_OKS, PeopleArrays, find_in_boxes, find_people
from contrapposto.evaluation.runs import Run, RunConfig
from contrapposto.indexing import Progress
from contrapposto.manifest import Manifest
from contrapposto.poses import DEFAULT_ESTIMATOR, ESTIMATORS, make_estimator, own_identities
from contrapposto.poses.heatmaps import DECODING
from contrapposto.poses.in_box import make_in_box
from contrapposto.weights import Progress as FetchProgress

TASK = "keypoints"

FOUND, GIVEN = "found", "given"
"""Where the boxes come from: the estimator finds the people itself; the annotated ones. Else a COCO file of
detections."""


def evaluate_keypoints(
    data: Path,
    split: str | None = None,
    *,
    estimator: str = DEFAULT_ESTIMATOR,
    pose_weights: Path | None = None,
    boxes: str | Path = FOUND,
    accurate: bool = False,
    min_keypoints: int = 1,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs an estimator on a keypoint set and scores it; measures as in `keypoint_metrics.score_keypoints`,
    `oks_ap.average_precision` and `pose_metrics.score_poses`.

    estimator, pose_weights: as for `poses.make_estimator`; boxes: `FOUND`, `GIVEN` or a file; out: run folder;
    predictions already there for the same configuration are scored again instead of made again. Returns the summary
    object. Raises DataError, WeightsError.
    """
    dataset = read_keypoint_set(data, split)
    if boxes != FOUND and accurate:
        raise DataError("the accurate setting finds more people; where boxes are given, leave it out")
    given = _given_boxes(boxes, dataset)
    config = _config(dataset, estimator, pose_weights, boxes, accurate, min_keypoints)
    with tempfile.TemporaryDirectory() as temporary:
        run = Run.open(out or Path(temporary), config, overwrite)
        if not run.has_predictions:
            if given is None:
                look = make_estimator(estimator, accurate=accurate, progress=fetching, pose_weights=pose_weights)
                found = PeopleArrays.of(find_people(dataset.items, look, progress))
            else:
                network = make_in_box(estimator, pose_weights=pose_weights, progress=fetching)
                same = None if boxes == GIVEN else SAME_OKS
                found = find_in_boxes(dataset.items, given, network, progress, same)
            run.save_predictions(**{name: getattr(found, name) for name in PeopleArrays.__dataclass_fields__})
        rows, measures = score(PeopleArrays(**run.load_predictions()), dataset.items, min_keypoints, boxes == GIVEN)
        return run.save_results(rows, measures, n=len(dataset.items))


def score(
    people: PeopleArrays, items: tuple[Item, ...], min_keypoints: int = 1, given: bool = False
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """A row for each annotated person, and all measures. given: the people were found in the annotated boxes.
    Raises DataError when they do not go with the items."""
    found = people.by_photo(people.keypoints)
    made_of = people.by_photo(people.person) if given else None
    keypoints = score_keypoints(found, items, min_keypoints, made_of)
    poses = score_poses(list(_pairs(keypoints, found, items)))
    sure = people.by_photo(people.sure)
    precision = average_precision(found, sure, items, min_keypoints, nobody_else=given)
    rows = [asdict(one) | asdict(other) for one, other in zip(keypoints.people, poses.people, strict=True)]
    return rows, keypoints.measures | precision | poses.measures


def _pairs(
    scores: KeypointScores, found: Sequence[NDArray[np.floating]], items: tuple[Item, ...]
) -> Iterator[tuple[NDArray[np.floating] | None, AnnotatedPerson]]:
    """Of each scored person what was found, None for nobody, and what is annotated."""
    numbers = {item.file.name: number for number, item in enumerate(items)}
    for row in scores.people:
        photo = numbers[row.file]
        keypoints = None if row.prediction is None else found[photo][row.prediction]
        yield keypoints, items[photo].people[row.person]


def _given_boxes(boxes: str | Path, dataset: KeypointSet) -> list[list[PersonBox]] | None:
    if boxes == FOUND:
        return None
    return annotated_boxes(dataset.items) if boxes == GIVEN else read_detections(Path(boxes), dataset.items)


def _config(
    dataset: KeypointSet,
    estimator: str,
    pose_weights: Path | None,
    boxes: str | Path,
    accurate: bool,
    min_keypoints: int,
) -> RunConfig:
    if boxes == FOUND:
        made_by = Manifest.of(estimator, accurate, pose_weights=pose_weights)
        weights, ending, source = made_by.weights, "-accurate" if accurate else "", FOUND
    else:
        weights = own_identities(estimator, pose_weights)
        ending, source = f"-{GIVEN}", GIVEN
        if boxes != GIVEN:
            ending, source = "-detections", hashlib.sha256(Path(boxes).read_bytes()).hexdigest()[:16]
    settings = {
        "min_keypoints": min_keypoints,
        "estimator_version": ESTIMATORS[estimator].version,
        "boxes": source,
        **({"decoding": DECODING} if estimator == "heatmap" else {}),
    }
    return RunConfig(TASK, dataset.name, dataset.split, f"{estimator}{ending}", settings, weights)
