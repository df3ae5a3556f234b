"""Protocol: whether moments in films are found at the right second (docs/films.md).

Films are indexed as the program does it; each query is asked for five answers. An answer is right when its second
lies within `TOLERANCE` of a right moment; of a sequence the seconds of the first and of the last step.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from contrapposto import demo
from contrapposto.errors import DataError
from contrapposto.evaluation.moments_queries import (
    ALIKE,
    SEED,
    MomentQuery,
    Right,
    clip_queries,
    demo_queries,
)
from contrapposto.evaluation.runs import Run, RunConfig
from contrapposto.indexing.films import FilmProgress
from contrapposto.library import Library
from contrapposto.manifest import EVERY, Manifest
from contrapposto.media import videos
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.records import Hit, SequenceResult
from contrapposto.search.query import Query
from contrapposto.weights import Progress as FetchProgress

TASK = "moments"

TOLERANCE = 0.5
"""Seconds between an answer and a right moment, at most."""

TOP = 5
DEMO = "demo"


def evaluate_moments(
    data: Path,
    split: str | None = None,
    *,
    every: float = EVERY,
    out: Path | None = None,
    overwrite: bool = False,
    fetching: FetchProgress | None = None,
    progress: FilmProgress | None = None,
) -> dict[str, Any]:
    """Indexes films, asks and scores; returns the summary. data: "demo" for the built-in films, else a folder of
    clips that `moments_queries` knows.

    Measures, for each kind of query: recall@1 and @5: share of queries with a right answer among the first;
    time_error: mean seconds from the first answer to the nearest right moment, over queries whose first answer is
    in a film that has one; chance@1 and @5: what seconds drawn by chance would reach (not of sequences); queries;
    and of the films people_a_minute: distinct poses that are kept. Raises DataError, WeightsError.
    """
    if split is not None:
        raise DataError(f"{data}: films have no splits, got {split!r}")
    of_demo = str(data) == DEMO
    folder = demo.films() if of_demo else data
    films = sorted(
        path.name
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix.lower() in videos.SUFFIXES
    )
    queries = demo_queries() if of_demo else clip_queries(films)
    if not queries:
        raise DataError(f"{data}: no film of which it is known what happens when; use demo, or the folder of clips")
    made_by = Manifest.of(DEFAULT_ESTIMATOR, False, every)
    settings = {
        **asdict(made_by),
        "weights": None,
        "roots": None,
        "tolerance": TOLERANCE,
        "alike": ALIKE,
        "seed": SEED,
    }
    config = RunConfig(TASK, data.name, split, "default", settings, made_by.weights)
    with tempfile.TemporaryDirectory() as temporary:
        run = Run.open(out or Path(temporary) / "run", config, overwrite)
        if not run.has_predictions:
            library = Library(Path(temporary) / "films.library", progress=fetching)
            library.index(*(folder / name for name in films), every=every, film_progress=progress)
            run.save_predictions(**_answers(library, queries, films))
        return _score(run, queries, films)


def _answers(library: Library, queries: Sequence[MomentQuery], films: Sequence[str]) -> dict[str, Any]:
    """film: (Q, TOP) places among the films, -1 where there is no answer; first, last: (Q, TOP) seconds; minutes
    and rows of all films."""
    film = np.full((len(queries), TOP), -1)
    seconds = np.full((len(queries), TOP, 2), np.nan)
    for number, query in enumerate(queries):
        for rank, hit in enumerate(library.search(Query((query.part,), top=TOP))):
            film[number, rank] = films.index(hit.path.name)
            seconds[number, rank] = _seconds(hit)
    media = library.media()
    return {
        "film": film,
        "first": seconds[..., 0],
        "last": seconds[..., 1],
        "minutes": sum(one.duration or 0.0 for one in media) / 60,
        "rows": sum(one.rows for one in media),
        "durations": np.array([{one.path.name: one.duration or 0.0 for one in media}[name] for name in films]),
    }


def _seconds(hit: Hit) -> tuple[float, float]:
    """Of the first and of the last step."""
    assert hit.time is not None
    for result in hit.why:
        if isinstance(result, SequenceResult):
            return result.steps[0].time, result.steps[-1].time
    return hit.time, hit.time


def _score(run: Run, queries: Sequence[MomentQuery], films: Sequence[str]) -> dict[str, Any]:
    found = run.load_predictions()
    rows = []
    for number, query in enumerate(queries):
        errors = [
            _error(query.right, films[place], first, last) if place >= 0 else np.inf
            for place, first, last in zip(
                found["film"][number], found["first"][number], found["last"][number], strict=True
            )
        ]
        right = np.array(errors) <= TOLERANCE
        chance = _chance(query.right, films, found["durations"])
        rows.append(
            {
                "query": query.name,
                "kind": query.kind,
                "film": films[found["film"][number, 0]] if found["film"][number, 0] >= 0 else None,
                "second": float(found["first"][number, 0]),
                "error": errors[0] if np.isfinite(errors[0]) else None,
                "recall@1": float(right[0]),
                "recall@5": float(right.any()),
                "chance@1": None if query.kind == "sequence" else chance,
                "chance@5": None if query.kind == "sequence" else 1 - (1 - chance) ** TOP,
            }
        )
    measures = dict(_measures(rows))
    measures["people_a_minute"] = float(found["rows"]) / max(float(found["minutes"]), 1e-9)
    return run.save_results(rows, measures)


def _measures(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    for kind in dict.fromkeys(str(row["kind"]) for row in rows):
        mine = [row for row in rows if row["kind"] == kind]
        yield f"queries/{kind}", len(mine)
        for name, measure in (
            *((name, name) for name in ("recall@1", "recall@5", "chance@1", "chance@5")),
            ("error", "time_error"),
        ):
            values = [row[name] for row in mine if row[name] is not None]
            if values:
                yield f"{measure}/{kind}", float(np.mean(values))


def _error(right: Sequence[Right], film: str, first: float, last: float) -> float:
    """Seconds from an answer to the nearest right moment of its film, infinite where there is none."""
    return min((_away(one, first, last) for one in right if one.film == film), default=np.inf)


def _away(one: Right, first: float, last: float) -> float:
    away = max(one.start - first, first - one.end, 0.0)
    if one.then_start is None or one.then_end is None:
        return away
    return max(away, one.then_start - last, last - one.then_end)


def _chance(right: Sequence[Right], films: Sequence[str], durations: Any) -> float:
    """Share of all seconds at which an answer would be right."""
    hit = total = 0.0
    for film, duration in zip(films, durations, strict=True):
        steps = np.arange(0, float(duration), 0.05)
        near = np.zeros(len(steps), bool)
        for one in right:
            if one.film == film:
                near |= (steps >= one.start - TOLERANCE) & (steps <= one.end + TOLERANCE)
        hit, total = hit + float(near.sum()), total + len(steps)
    return hit / max(total, 1.0)
