"""Protocol: whether people who are asked for in words are found (docs/words.md).

Truth are the posebits of the true joints; methods know the people as they were detected and lifted. Questions are
every posebit and value that enough people have and enough have not, and random conjunctions. People of whom the
truth is unknown are left out of the gallery of a question.
"""

from __future__ import annotations

import difflib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.evaluation import joints3d, people3d
from contrapposto.evaluation.people3d import TESTED, People3d
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.words_gallery import Gallery, Learned, embeddings_of, identity, looks_of
from contrapposto.evaluation.words_methods import METHODS, Method
from contrapposto.evaluation.words_metrics import DEPTH, mean_precision, precision
from contrapposto.evaluation.words_people import development, lifted, other_photos, read_people, truth
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


@dataclass(frozen=True, slots=True)
class Setting:
    """embeddings: folder of the image embeddings, as `training.embedded`; lifted: truth in space are the true
    keypoints of photos, lifted; fetching, progress: told of weights and of photos."""

    embeddings: Path | None = None
    lifted: bool = False
    fetching: FetchProgress | None = None
    progress: Progress | None = None


def evaluate_words(
    data: Path,
    split: str | None = None,
    *,
    methods: Sequence[str] = (),
    embeddings: Path | None = None,
    lifted: bool = False,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs and scores methods (all that fit the data when none is named); returns one summary object of them all.

    data: as `words_people.read_people`; embeddings, lifted: see `Setting`; out: folder that gets one run folder a
    method. Measures: `words_metrics.mean_precision`. Raises DataError, WeightsError.
    """
    for name in methods:
        if name not in METHODS:
            near = difflib.get_close_matches(name, METHODS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(METHODS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
    setting = Setting(embeddings, lifted, fetching, progress)
    people = read_people(data, split)
    if lifted and not people.items:
        raise DataError(f"{data}: 3D is true there; true keypoints are lifted of photos alone")
    others = other_photos(data, people)
    chosen, answered = _fitting(methods, data, people, others, setting)
    answers = _answers(people, lifted)
    singles = single_questions(answers)
    if not singles:
        raise DataError(
            f"{data}: no posebit is true of {LEAST_OF_EACH} people and false of as many: use more people"
        )
    questions = singles + [question for family in SIZES for question in conjunctions(answers, singles, family)]
    made: dict[bool, Found] = {}  # methods that are given the same share it
    summaries = []
    looked: Found = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in chosen:
            method = METHODS[name]
            run = Run.open((out or Path(temporary)) / name, _config(name, people, setting), overwrite)
            if not run.has_predictions:
                if method.exact not in made:
                    made[method.exact] = find(people, method.exact, setting)
                run.save_predictions(**made[method.exact], **_shown(method, people, others, setting, looked))
            summaries.append(_score(run, answers, questions, answered if method.learns else None))
    measures = {name: row for summary in summaries for name, row in summary["measures"].items()}
    return summary_object(TASK, people.name, people.split, len(people.names), summaries[0]["commit"], measures)


def find(people: People3d, exact: bool, setting: Setting) -> Found:
    """keypoints (N, 17, 2), scores (N, 17) and keypoints3d (N, 17, 3) of the detected person nearest each true one,
    or of what the simulated detector reports, or (`exact`) of the true keypoints; lifted. NaN where not found."""
    seen = people.true if exact else people.simulated
    if seen is None:
        seen = joints3d.detected(people, joints3d.Setting(setting.fetching, setting.progress))
    keypoints3d = Lifter(progress=setting.fetching)(seen.keypoints, seen.scores)
    return {"keypoints": seen.keypoints, "scores": seen.scores, "keypoints3d": keypoints3d}


def _fitting(
    methods: Sequence[str], data: Path, people: People3d, others: People3d | None, setting: Setting
) -> tuple[list[str], Answers | None]:
    """The methods that are run, and the true answers of the development set."""
    space = bool(np.isfinite(people.truth).any())
    if not space and (unfit := [name for name in methods if METHODS[name].exact]):
        raise DataError(f"{data}: the method {unfit[0]!r} needs true 3D, which this data has not")
    shown = [name for name in methods if METHODS[name].embedded or METHODS[name].looks]
    if shown and not (people.items and people.split):
        raise DataError(f"{data}: the method {shown[0]!r} needs photos with splits, which this data has not")
    chosen = list(methods) or [name for name, method in METHODS.items() if _fits(method, space, people, setting)]
    if not any(METHODS[name].learns for name in chosen):
        return chosen, None
    if others is not None:
        return chosen, _answers(others, setting.lifted)
    if (figures := development(data, people)) is not None:
        return chosen, Answers.true_of(figures)
    if unfit := [name for name in methods if METHODS[name].learns]:
        raise DataError(f"{data}: the method {unfit[0]!r} needs a development set, which this data has not")
    return [name for name in chosen if not METHODS[name].learns], None


def _fits(method: Method, space: bool, people: People3d, setting: Setting) -> bool:
    """Whether a method that was not named is run: what looks at photos is, where there are any;
    what looks at those of the development set too, where their embeddings are kept."""
    looks = method.embedded or method.looks
    photos = bool(people.items and people.split) and (setting.embeddings is not None or not method.learns)
    return (space or not method.exact) and (photos or not looks)


def _answers(people: People3d, by_lifting: bool) -> Answers:
    return Answers.of(lifted(people)) if by_lifting else Answers.true_of(truth(people))


def _shown(method: Method, people: People3d, others: People3d | None, setting: Setting, looked: Found) -> Found:
    """What a method is given of photos. looked: what was seen of them for other methods; it grows."""
    found: Found = {}
    for prefix, group in (("", people), ("learned_", others if method.learns else None)):
        if group is not None and method.embedded:
            name = f"{prefix}embeddings"
            if name not in looked:
                looked[name] = embeddings_of(group, setting.embeddings, setting.fetching, setting.progress)
            found[name] = looked[name]
        if group is not None and method.looks:
            name = f"{prefix}looks"
            if name not in looked:
                looks = looks_of(group, setting.embeddings, setting.fetching, setting.progress)
                looked[name] = looks.astype(np.float16)
            found[name] = looked[name]
    return found


def _config(name: str, people: People3d, setting: Setting) -> RunConfig:
    method = METHODS[name]
    identities = {part: weights.identity(part) for part in ("lifter", *method.weights)}
    if people.items and not method.exact:
        made_by = Manifest.of(DEFAULT_ESTIMATOR, False)
        identities |= {**made_by.weights, "estimator": f"{made_by.estimator} {made_by.version}"}
    if method.embedded:
        identities |= identity(people, setting.embeddings)
    settings: dict[str, Any] = {"people": len(people.names)}
    if setting.lifted:
        settings["truth"] = "lifted"
    if people.simulated is not None:
        settings |= {"seed": people3d.SEED, "cameras": asdict(ALL_ROUND), "detector": asdict(TESTED)}
    return RunConfig(TASK, people.name, people.split, name, settings, identities)


def _score(run: Run, answers: Answers, questions: Sequence[Question], answered: Answers | None) -> dict[str, Any]:
    found = run.load_predictions()
    people = People(Figures(found["keypoints"], found["keypoints3d"]), found["scores"])
    embeddings = found.get("embeddings")
    if embeddings is not None:  # of who was not found, the embedding is that of another person
        embeddings = np.where(np.isfinite(found["keypoints"]).any(axis=(1, 2))[:, None], embeddings, np.nan)
    gallery = Gallery(people, embeddings, _floats(found.get("looks")))
    learned = None
    if answered is not None:
        learned = Learned(answered, found.get("learned_embeddings"), _floats(found.get("learned_looks")))
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


def _floats(values: NDArray[Any] | None) -> NDArray[np.float32] | None:
    return None if values is None else values.astype(np.float32)
