"""Protocol: whether a photo of a screen finds the film, the shot and the second (docs/image-to-video.md).

Films are indexed as the program does it, among distractors: shots made of photos. Frames of random seconds of the
films alone are captured by a simulated camera; every method ranks the shots of all films for each of these queries.
"""

from __future__ import annotations

import difflib
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.evaluation import still_films, still_library
from contrapposto.evaluation.image_to_video_metrics import TOP, Answers, average_precision, measures, right
from contrapposto.evaluation.inverted_lists import available
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.still_films import Film
from contrapposto.evaluation.still_methods import METHODS, Asked, Method, made
from contrapposto.evaluation.still_queries import Moment, captured, moments
from contrapposto.indexing.films import FilmProgress
from contrapposto.library import Library
from contrapposto.manifest import EVERY, Manifest
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.training.captures import LEVELS
from contrapposto.training.pans import PanOptions
from contrapposto.weights import Progress as FetchProgress

TASK = "image-to-video"
INDEXING = "indexing"
"""The run that holds what indexing costs, beside those of the methods."""
CACHE = "cache"
"""Folder in the run folder that holds rendered films and the library."""
SEED = 0
TIMED = 10
"""Photos that arrays alone are timed with."""


def evaluate_image_to_video(
    data: Sequence[Path],
    *,
    distractors: Sequence[Path] = (),
    shots: int = 2000,
    queries: int = 200,
    levels: Sequence[str] = tuple(LEVELS),
    methods: Sequence[str] = (),
    by_film: bool = False,
    hours: float | None = None,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    rendering: still_films.Progress | None = None,
    film_progress: FilmProgress | None = None,
    progress: still_films.Progress | None = None,
) -> dict[str, Any]:
    """Renders, indexes, asks and scores; returns one summary object of all methods (`still_methods.METHODS`; when
    none is named all that can run here: "ivf" needs FAISS).

    data: folders of films, or "demo"; distractors: folders of photos, of which that many shots are made; queries:
    for each of the levels (`captures.LEVELS`); by_film: as of `still_queries.moments`; hours: also what a query
    takes, and what is stored, in a library of so many hours of film, made of copies with other bits
    (`still_proposals.grown`); out: folder that gets one run folder a method, and the rendered films, which another
    run uses again.

    Measures: `image_to_video_metrics.measures`, each with "/LEVEL"; seconds/LEVEL: of a query; bytes: that the
    method keeps; ratio: how many times more all keypoints of all decoded frames take; /grown: in a library of
    `hours`. Of `INDEXING`: films, shots, segments, hours of film; frames: by rate and length; indexing: seconds a
    second of the films of `data`; shots_alone: for decoding and shots. Raises DataError, UnreadableMedia,
    WeightsError.
    """
    chosen = [_checked(name) for name in methods] or [name for name in METHODS if name != "ivf" or available()]
    levels = [_level(name) for name in dict.fromkeys(levels)]
    films = still_films.known_films(data)
    photos = still_films.photo_files(distractors) if shots and distractors else []
    settings = {
        "films": [film.path.name for film in films],
        "distractors": {"folders": [str(folder) for folder in distractors], "photos": len(photos)},
        "shots": shots if photos else 0,
        "pans": asdict(PanOptions()),
        "every": EVERY,
        "seed": SEED,
    }
    asked = {
        "queries": queries,
        "by_film": by_film,
        "captures": {name: asdict(LEVELS[name]) for name in levels},
        "hours": hours,
    }
    name = "+".join(folder.name for folder in data)
    used = Manifest.of(DEFAULT_ESTIMATOR, False).weights
    with tempfile.TemporaryDirectory() as temporary:
        place = out or Path(temporary)
        indexing = Run.open(place / INDEXING, RunConfig(TASK, name, None, INDEXING, settings, used), overwrite)
        runs = [
            Run.open(place / method, RunConfig(TASK, name, None, method, settings | asked, used), overwrite)
            for method in chosen
        ]
        missing = [run for run in runs if not run.has_predictions]
        if missing or not indexing.has_predictions:
            paths = [film.path for film in films]
            if photos:
                paths += still_films.render_distractors(
                    photos, place / CACHE / "films", shots, SEED, None, rendering
                )
            library = still_library.index_films(
                place / CACHE / "films.library", paths, EVERY, fetching, film_progress
            )
            if not indexing.has_predictions:
                _measure(indexing, library, paths, len(films))
            held = still_library.held(library, paths)
            frames = int(indexing.load_predictions()["frames"])
            asked_of = Asked(library, held, tuple(paths), EVERY, frames, hours)
            made_now = [made(run.config.method, asked_of) for run in missing]
            shown = moments(films, queries, SEED, by_film)
            found = _answers(made_now, shown, queries, levels, progress)
            for run in missing:
                run.save_predictions(**found[run.config.method])
        summaries = [_score(run, films, levels) for run in runs]
        scores = {INDEXING: _costs(indexing)}
        scores |= {name: row for summary in summaries for name, row in summary["measures"].items()}
        for row in scores.values():
            if "bytes" in row and (whole := scores.get("exhaustive", {}).get("bytes_all_frames")):
                row["ratio"] = whole / row["bytes"]
    return summary_object(TASK, name, None, queries, runs[0].config.commit, scores)


def _checked(name: str) -> str:
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, 1)
        raise DataError(
            f"unknown method {name!r}; " + (f"{near[0]}?" if near else f"there are {', '.join(METHODS)}")
        )
    return name


def _level(name: str) -> str:
    if name not in LEVELS:
        raise DataError(f"unknown level {name!r}; there are {', '.join(LEVELS)}")
    return name


def _measure(indexing: Run, library: Library, paths: Sequence[Path], count: int) -> None:
    """What the library of these films holds, and what it costs to index the first `count` of them anew."""
    films = paths[:count]
    with tempfile.TemporaryDirectory() as temporary:
        begin = time.perf_counter()
        still_library.index_films(Path(temporary) / "films.library", films, EVERY)
        took = time.perf_counter() - begin
    held = still_library.held(library, paths)
    indexing.save_predictions(
        films=len(paths),
        shots=sum(len(own) for own in held.shots),
        segments=len(held.segments),
        seconds=held.seconds,
        frames=sum(still_library.frames(path) for path in paths),
        costed_seconds=sum(own[-1].end for own in held.shots[:count]),
        index_seconds=took,
        shot_seconds=still_library.shots_alone(films),
    )


def _answers(
    methods: Sequence[Method],
    shown: Iterable[Moment],
    queries: int,
    levels: Sequence[str],
    progress: still_films.Progress | None,
) -> dict[str, dict[str, Any]]:
    """By method, what `_score` reads: query_film, query_time (Q,); of each level the arrays of `Answers`, and
    seconds (Q,); and the method's own numbers."""
    film, second = np.full(queries, -1), np.full(queries, np.nan)
    answers = {(one.name, level): Answers.empty(queries) for one in methods for level in levels}
    took = {key: np.full(queries, np.nan) for key in answers}
    kept: list[NDArray[np.uint8]] = []
    for number, moment in enumerate(shown):
        film[number], second[number] = moment.film, moment.time
        for level in levels:
            image = captured(moment, number, level, SEED).image
            kept += [image] if len(kept) < TIMED else []
            for method in methods:
                if number == 0:
                    method(image)  # loads and compiles what it needs
                begin = time.perf_counter()
                ranked = method(image)
                took[method.name, level][number] = time.perf_counter() - begin
                for rank, one in enumerate(ranked[:TOP]):
                    answers[method.name, level].put(number, rank, one)
        if progress:
            progress(number + 1, queries)
    found: dict[str, dict[str, Any]] = {}
    for method in methods:
        costs = {f"own_{key}": value for key, value in method.costs(kept).items()}
        arrays = {"query_film": film, "query_time": second, **costs}
        for level in levels:
            arrays |= {f"{level}_{key}": value for key, value in answers[method.name, level].arrays().items()}
            arrays[f"{level}_seconds"] = took[method.name, level]
        found[method.name] = arrays
    return found


def _score(run: Run, films: Sequence[Film], levels: Sequence[str]) -> dict[str, Any]:
    found = run.load_predictions()
    film, second = found["query_film"], found["query_time"]
    rows: list[dict[str, Any]] = []
    values: dict[str, float] = {}
    for level in levels:
        answers = Answers.of({key: found[f"{level}_{key}"] for key in Answers.FIELDS})
        values |= {f"{key}/{level}": value for key, value in measures(answers, film, second, films).items()}
        values[f"seconds/{level}"] = float(np.mean(found[f"{level}_seconds"]))
        which = right(answers, film, second, films)
        precision = average_precision(which.shot)
        for number in range(len(film)):
            place = int(answers.film[number, 0])
            rows.append(
                {
                    "level": level,
                    "query": number,
                    "film": films[film[number]].path.name,
                    "second": float(second[number]),
                    "answer": (films[place].path.name if place < len(films) else "distractor")
                    if place >= 0
                    else None,
                    "answer_second": float(answers.time[number, 0]),
                    "match": float(answers.match[number, 0]),
                    "film@1": float(which.film[number, 0]),
                    "recall@1": float(which.shot[number, 0]),
                    "recall@5": float(which.shot[number, :5].any()),
                    "true_recall@1": float(which.true_shot[number, 0]),
                    "precision": float(precision[number]),
                    "seconds": float(found[f"{level}_seconds"][number]),
                }
            )
    own = {key.removeprefix("own_"): float(value) for key, value in found.items() if key.startswith("own_")}
    return run.save_results(rows, values | own, len(film))


def _costs(indexing: Run) -> dict[str, float]:
    found = {name: float(value) for name, value in indexing.load_predictions().items()}
    seconds = found["seconds"]
    values = {name: found[name] for name in ("films", "shots", "segments", "frames")}
    values |= {
        "hours": seconds / 3600,
        INDEXING: found["index_seconds"] / found["costed_seconds"],
        "shots_alone": found["shot_seconds"] / found["costed_seconds"],
    }
    measured = indexing.save_results([], values, int(found["films"]))["measures"][INDEXING]
    return dict(measured)
