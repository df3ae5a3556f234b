"""Protocol: how well estimated poses answer posebits (`docs/posebits.md`)."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.evaluation.clips import SHARE, UPRIGHT, Frames, clip_scores, frames_of
from contrapposto.evaluation.datasets import read_keypoint_set
from contrapposto.evaluation.joints3d import DEMO, Setting, detected
from contrapposto.evaluation.people3d import (
    MIN_SEEN,
    SEED,
    SPLITS,
    TESTED,
    People3d,
    demo_people,
    motion_of,
    projected_people,
)
from contrapposto.evaluation.posebits_metrics import RowAnswers, answers_of, family_scores
from contrapposto.evaluation.runs import Run, RunConfig
from contrapposto.evaluation.words_people import photographed_people
from contrapposto.indexing import Progress
from contrapposto.manifest import Manifest
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.poses.lifting import Lifter
from contrapposto.training.cameras import ALL_ROUND
from contrapposto.weights import Progress as FetchProgress

TASK = "posebits"
METHOD = "lifted"
WORST = 10
"""Rows of the lowest agreement that are measures of their own."""

Array = NDArray[np.float64]


def evaluate_posebits(
    data: Path,
    split: str | None = None,
    *,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Asks all posebits of true poses and of estimated ones, and compares the answers; returns the summary object.

    data: "demo" or a folder of annotated photos, whose people the default estimator finds, or a folder of motion
    capture (`people3d.projected_people`), whose people a simulated detector reports; all are lifted. Of annotated
    photos the picture alone is known, so only rows of the picture are asked. out: run folder; its per_query.csv has
    one line a posebit, those of the lowest agreement first. Measures:
    `posebits_metrics.family_scores`; the `WORST` agreements, as "worst/NAME"; and for the split bandai
    `clips.clip_scores` of the true poses, as "clips/...", and of the estimated ones, as "clips-found/...".
    Raises DataError, WeightsError.
    """
    people = _read(data, split)
    setting = Setting(fetching, progress)
    frames = frames_of(motion_of(data, "bandai")) if people.split == "bandai" else None
    with tempfile.TemporaryDirectory() as temporary:
        run = Run.open(out or Path(temporary), _config(people), overwrite)
        if not run.has_predictions:
            run.save_predictions(**_estimated(people, frames, setting))
        stored = run.load_predictions()
        of_all = answers_of(_truth(people), _people(stored, ""))
        answers = [answer for answer in of_all if answer.true.size]
        measures = {**family_scores(answers), **_worst(answers)}
        if frames is not None:
            for name, asked in (("clips", frames.true), ("clips-found", _people(stored, "clips_"))):
                scores = clip_scores(frames.action, frames.clip, asked)
                measures |= {f"{name}/{key}": value for key, value in scores.items()}
        rows = [answer.as_row() for answer in sorted(answers, key=_agreement)]
        return run.save_results(rows, measures, len(people.names))


def _estimated(people: People3d, frames: Frames | None, setting: Setting) -> dict[str, Array]:
    """Arrays of a run: keypoints, scores and keypoints3d of the people, and with "clips_" before of all frames."""
    lifter = Lifter(progress=setting.fetching)
    seen = people.simulated or detected(people, setting)
    given = {"": (seen.keypoints, seen.scores)}
    if frames is not None:
        given["clips_"] = (frames.detections.keypoints, frames.detections.scores)
    stored = {}
    for prefix, (keypoints, scores) in given.items():
        stored[f"{prefix}keypoints"], stored[f"{prefix}scores"] = keypoints, scores
        stored[f"{prefix}keypoints3d"] = lifter(keypoints, scores)
    return stored


def _people(stored: dict[str, Any], prefix: str) -> People:
    figures = Figures(stored[f"{prefix}keypoints"], stored[f"{prefix}keypoints3d"])
    return People(figures, stored[f"{prefix}scores"])


def _read(data: Path, split: str | None) -> People3d:
    if str(data) == DEMO and not data.exists():
        return demo_people()
    if any((data / table).is_file() for table in SPLITS.values()):
        return projected_people(data, split)
    dataset = read_keypoint_set(data, split)
    return photographed_people(dataset.name, dataset.split, dataset.items)


def _truth(people: People3d) -> Figures:
    """Of the demo collection also of keypoints that are hidden: the estimator places most of these too, and answers
    by them."""
    if people.name != DEMO or not people.items:
        return Figures(people.true.keypoints, people.truth)
    from contrapposto import demo

    shown = [person for person in demo.truth().people if person.visible.sum() >= MIN_SEEN]
    return Figures(
        np.array([person.keypoints for person in shown]), np.array([person.keypoints3d for person in shown])
    )


def _agreement(answers: RowAnswers) -> float:
    return 2.0 if answers.agreement is None else answers.agreement


def _worst(answers: list[RowAnswers]) -> dict[str, float]:
    lowest = sorted((a for a in answers if a.agreement is not None), key=_agreement)[:WORST]
    return {f"worst/{a.row.name}": _agreement(a) for a in lowest}


def _config(people: People3d) -> RunConfig:
    identities = {"lifter": weights.identity("lifter")}
    settings: dict[str, Any] = {"people": len(people.names)}
    if people.items:
        made_by = Manifest.of(DEFAULT_ESTIMATOR, False)
        identities |= {**made_by.weights, "estimator": f"{made_by.estimator} {made_by.version}"}
    else:
        settings |= {"seed": SEED, "cameras": asdict(ALL_ROUND), "detector": asdict(TESTED)}
    if people.split == "bandai":
        settings |= {"clip_cameras": asdict(UPRIGHT), "clip_share": SHARE}
    return RunConfig(TASK, people.name, people.split, METHOD, settings, identities)
