"""Protocol: whether people who are asked for in words are found (docs/words.md).

Truth are the posebits of the true joints; methods know the people as they were detected and lifted. Questions are
every posebit and value that enough people have and enough have not, and random conjunctions. People of whom the
truth is unknown are left out of the gallery of a question.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.evaluation import joints3d, people3d
from contrapposto.evaluation.people3d import TESTED, People3d
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.words_methods import METHODS
from contrapposto.evaluation.words_metrics import DEPTH, mean_precision, precision
from contrapposto.evaluation.words_people import development, read_people, truth
from contrapposto.evaluation.words_questions import (
    LEAST_OF_EACH,
    SIZES,
    Answers,
    Question,
    conjunctions,
    single_questions,
)
from contrapposto.indexing import Progress
from contrapposto.manifest import Manifest
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.poses.lifting import Lifter
from contrapposto.training.cameras import ALL_ROUND
from contrapposto.weights import Progress as FetchProgress

TASK = "words"

Found = dict[str, NDArray[Any]]


def evaluate_words(
    data: Path,
    split: str | None = None,
    *,
    methods: Sequence[str] = (),
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs and scores methods (all that fit the data when none is named); returns one summary object of them all.

    data: as `words_people.read_people`; out: folder that gets one run folder a method. Measures:
    `words_metrics.mean_precision`. Raises DataError, WeightsError.
    """
    for name in methods:
        if name not in METHODS:
            near = difflib.get_close_matches(name, METHODS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(METHODS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
    people = read_people(data, split)
    chosen, learned = _fitting(methods, data, people)
    answers = Answers.true_of(truth(people))
    singles = single_questions(answers)
    if not singles:
        raise DataError(
            f"{data}: no posebit is true of {LEAST_OF_EACH} people and false of as many: use more people"
        )
    questions = singles + [question for family in SIZES for question in conjunctions(answers, singles, family)]
    made: dict[bool, Found] = {}  # methods that are given the same share it
    summaries = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen:
            run = Run.open((out or Path(temporary)) / name, _config(name, people), overwrite)
            exact = METHODS[name].exact
            if not run.has_predictions:
                if exact not in made:
                    made[exact] = find(people, exact, fetching, progress)
                run.save_predictions(**made[exact])
            summaries.append(_score(run, answers, questions, learned))
    measures = {name: row for summary in summaries for name, row in summary["measures"].items()}
    return summary_object(TASK, people.name, people.split, len(people.names), summaries[0]["commit"], measures)


def find(people: People3d, exact: bool, fetching: FetchProgress | None, progress: Progress | None) -> Found:
    """keypoints (N, 17, 2), scores (N, 17) and keypoints3d (N, 17, 3) of the detected person nearest each true one,
    or of what the simulated detector reports, or (`exact`) of the true keypoints; lifted. NaN where not found."""
    seen = people.true if exact else people.simulated
    if seen is None:
        seen = joints3d.detected(people, joints3d.Setting(fetching, progress))
    lifted = Lifter(progress=fetching)(seen.keypoints, seen.scores)
    return {"keypoints": seen.keypoints, "scores": seen.scores, "keypoints3d": lifted}


def _fitting(methods: Sequence[str], data: Path, people: People3d) -> tuple[list[str], Answers | None]:
    """The methods that are run, and the true answers of the development set."""
    space = bool(np.isfinite(people.truth).any())
    if not space and (unfit := [name for name in methods if METHODS[name].exact]):
        raise DataError(f"{data}: the method {unfit[0]!r} needs true 3D, which this data has not")
    chosen = list(methods) or [name for name, method in METHODS.items() if space or not method.exact]
    if not any(METHODS[name].learns for name in chosen):
        return chosen, None
    others = development(data, people)
    if others is not None:
        return chosen, Answers.true_of(others)
    if unfit := [name for name in methods if METHODS[name].learns]:
        raise DataError(f"{data}: the method {unfit[0]!r} needs a development set, which this data has not")
    return [name for name in chosen if not METHODS[name].learns], None


def _config(name: str, people: People3d) -> RunConfig:
    identities = {"lifter": weights.identity("lifter")}
    if people.items and not METHODS[name].exact:
        made_by = Manifest.of(DEFAULT_ESTIMATOR, False)
        identities |= {**made_by.weights, "estimator": f"{made_by.estimator} {made_by.version}"}
    settings: dict[str, Any] = {"people": len(people.names)}
    if people.simulated is not None:
        settings |= {"seed": people3d.SEED, "cameras": asdict(ALL_ROUND), "detector": asdict(TESTED)}
    return RunConfig(TASK, people.name, people.split, name, settings, identities)


def _score(run: Run, answers: Answers, questions: Sequence[Question], learned: Answers | None) -> dict[str, Any]:
    found = run.load_predictions()
    gallery = People(Figures(found["keypoints"], found["keypoints3d"]), found["scores"])
    scorer = METHODS[run.config.method].scorer(gallery, learned)
    rows, precisions = [], np.zeros((len(questions), DEPTH))
    for number, question in enumerate(questions):
        meets, known = answers.meet(question.conditions)
        precisions[number] = precision(scorer(question)[known], meets[known])
        rows.append(
            {
                "question": question.name,
                "family": question.family,
                "meet": int(meets.sum()),
                "gallery": int(known.sum()),
                **{f"precision@{place + 1}": float(precisions[number, place]) for place in range(DEPTH)},
            }
        )
    return run.save_results(rows, mean_precision(questions, precisions), len(answers.known))
