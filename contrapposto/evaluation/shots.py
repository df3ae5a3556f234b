"""Protocol: whether the borders between shots are found (`docs/shots.md`)."""

from __future__ import annotations

import csv
import difflib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import demo, weights
from contrapposto.errors import DataError, WeightsError
from contrapposto.evaluation import transitions
from contrapposto.evaluation.datasets import IMAGE_SUFFIXES
from contrapposto.evaluation.runs import Run, RunConfig, summary_object
from contrapposto.evaluation.shots_metrics import TOLERANCE, FilmScore, measures, pairs, score_film
from contrapposto.indexing import Progress
from contrapposto.media.videos import SUFFIXES, Video
from contrapposto.shots import DETECTORS, KINDS, Border, ShotDetector, Shown

UNION = "union"
"""All detectors together, in the table of results."""

TASK = "shots"
DEMO = "demo"
TABLE = "shots.csv"
SPLITS = {"tune": transitions.TUNING_SEED, "test": transitions.SEED}
"""Seeds of the rendered films."""

Found = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Film:
    """marks: the true borders, as the number of a frame (from 0; between two where it is a middle) and a kind;
    frames: opens it anew."""

    name: str
    marks: tuple[tuple[float, str], ...]
    frames: Callable[[], Iterator[Shown]]


@dataclass(frozen=True, slots=True)
class FilmSet:
    """Films under one name; settings: what else says which films they are."""

    name: str
    split: str | None
    films: tuple[Film, ...]
    settings: dict[str, Any] = field(default_factory=dict)


def evaluate_shots(
    data: Path,
    split: str | None = None,
    *,
    rendered: Path | None = None,
    methods: Sequence[str] = (),
    out: Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs and scores detectors (all that are installed when none is named); returns one summary object of them.

    data, split, rendered: as `read_films`; out: folder that gets one run folder a detector. Measures:
    `shots_metrics.measures`; of several detectors also for `UNION`; uncut_false: borders given in films that have
    none, uncut_frames: their frames; ms_per_frame: milliseconds that a detector takes for a frame once it is
    decoded. Every film has a new detector; progress counts films. Raises DataError, UnreadableMedia, WeightsError.
    """
    for name in methods:
        if name not in DETECTORS:
            near = difflib.get_close_matches(name, DETECTORS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(DETECTORS)}"
            raise DataError(f"unknown method {name!r}; {hint}")
    films = read_films(data, split, rendered)
    chosen = list(methods) or [name for name in DETECTORS if _installed(name)]
    with tempfile.TemporaryDirectory() as temporary:
        runs = [Run.open((out or Path(temporary)) / name, _config(name, films), overwrite) for name in chosen]
        missing = [run for run in runs if not run.has_predictions]
        if missing:
            found = find(films.films, [run.config.method for run in missing], progress)
            for run in missing:
                run.save_predictions(**found[run.config.method])
        summaries = [_score(run, films) for run in runs]
        scores = {name: row for summary in summaries for name, row in summary["measures"].items()}
        if len(runs) > 1:
            scores[UNION] = _union(runs, films)
    return summary_object(TASK, films.name, films.split, len(films.films), summaries[0]["commit"], scores)


def read_films(data: Path, split: str | None = None, rendered: Path | None = None) -> FilmSet:
    """The films to look at: those of the demo collection ("demo"), or all of a folder, with the borders in its
    shots.csv (file, first_frame, starts_with: start or a kind; a film that it does not name has none).

    rendered: a folder of photos; the films are then rendered (`transitions`) from these and from the films of the
    folder that have no borders. split: of rendered films "test" (the default) or "tune", else there is none.
    Raises DataError.
    """
    if rendered is not None:
        return _rendered(data, split or "test", rendered)
    if split is not None:
        raise DataError(f"films have no split {split!r}: leave --split out, or give --rendered a folder of photos")
    if str(data) == DEMO and not data.exists():
        known = demo.truth().films.values()
        films = [
            _on_disk(
                demo.films() / film.file,
                [(float(shot.start), "fade" if shot.fade else "cut") for shot in film.shots[1:]],
            )
            for film in known
        ]
        return FilmSet(DEMO, None, tuple(films))
    return FilmSet(data.resolve().name, None, tuple(_on_disk(path, marks) for path, marks in _folder(data).items()))


def find(films: Sequence[Film], methods: Sequence[str], progress: Progress | None = None) -> dict[str, Found]:
    """By detector: border_film, border_time (seconds), border_kind of the borders; frames, seconds (spent) of each
    film; and the truth as true_film, true_time, true_kind. All detectors see a film in one pass."""
    given: dict[str, list[tuple[int, Border]]] = {name: [] for name in methods}
    spent = {name: np.zeros(len(films)) for name in methods}
    frames = np.zeros(len(films), dtype=np.int64)
    true: list[tuple[int, Border]] = []
    for number, film in enumerate(films):
        detectors = {name: DETECTORS[name]() for name in methods}
        times: list[float] = []
        for frame in film.frames():
            times.append(frame.time)
            for name, detector in detectors.items():
                given[name] += [(number, border) for border in _timed(detector, frame, spent[name], number)]
        for name, detector in detectors.items():
            given[name] += [(number, border) for border in _timed(detector, None, spent[name], number)]
        frames[number] = len(times)
        if any(mark > len(times) - 1 for mark, _ in film.marks):
            raise DataError(f"{film.name} has {len(times)} frames, fewer than its borders say: correct {TABLE}")
        true += [(number, Border(float(np.interp(at, range(len(times)), times)), kind)) for at, kind in film.marks]
        if progress is not None:
            progress(number + 1, len(films))
    truth = _columns("true", true)
    return {
        name: {**_columns("border", given[name]), **truth, "frames": frames, "seconds": spent[name]}
        for name in methods
    }


def _timed(detector: ShotDetector, frame: Shown | None, spent: NDArray[np.float64], number: int) -> list[Border]:
    """What the next frame, or the end, settles; the seconds it took are added."""
    begin = time.perf_counter()
    found = detector.finish() if frame is None else detector.push(frame)
    spent[number] += time.perf_counter() - begin
    return found


def _columns(prefix: str, rows: Sequence[tuple[int, Border]]) -> Found:
    return {
        f"{prefix}_film": np.array([number for number, _ in rows], dtype=np.int64),
        f"{prefix}_time": np.array([border.time for _, border in rows], dtype=np.float64),
        f"{prefix}_kind": np.array([border.kind for _, border in rows], dtype=np.str_),
    }


def _borders(found: Found, prefix: str, number: int) -> list[Border]:
    own = found[f"{prefix}_film"] == number
    times, kinds = found[f"{prefix}_time"][own].tolist(), found[f"{prefix}_kind"][own].tolist()
    return [Border(at, str(kind)) for at, kind in zip(times, kinds, strict=True)]


def _score(run: Run, films: FilmSet) -> dict[str, Any]:
    found = run.load_predictions()
    rows: list[dict[str, Any]] = []
    scores: list[FilmScore] = []
    for number, film in enumerate(films.films):
        true, given = _borders(found, "true", number), _borders(found, "border", number)
        scores.append(score_film(true, given))
        rows += _rows(film.name, true, given)
    values = measures(scores)
    if uncut := [number for number, score in enumerate(scores) if not score.all.true]:
        values["uncut_false"] = float(sum(scores[number].all.given for number in uncut))
        values["uncut_frames"] = float(found["frames"][uncut].sum())
    values["ms_per_frame"] = 1000 * float(found["seconds"].sum()) / max(int(found["frames"].sum()), 1)
    return run.save_results(rows, values, len(films.films))


def _union(runs: Sequence[Run], films: FilmSet) -> dict[str, float]:
    """Of the borders that any detector gives; of those within the tolerance of one that is there, none more."""
    found = [run.load_predictions() for run in runs]
    scores: list[FilmScore] = []
    for number in range(len(films.films)):
        given: list[Border] = []
        for one in found:
            given += [
                border
                for border in _borders(one, "border", number)
                if all(abs(border.time - other.time) > TOLERANCE for other in given)
            ]
        scores.append(score_film(_borders(found[0], "true", number), sorted(given, key=lambda border: border.time)))
    return measures(scores)


def _rows(film: str, true: Sequence[Border], given: Sequence[Border]) -> list[dict[str, Any]]:
    """One row a true border, with the given one that it is paired with, then those that are paired with none."""
    partner = dict(pairs([border.time for border in true], [border.time for border in given]))
    both: list[tuple[Border | None, Border | None]] = [
        (border, given[partner[number]] if number in partner else None) for number, border in enumerate(true)
    ]
    both += [(None, border) for number, border in enumerate(given) if number not in partner.values()]
    return [
        {
            "film": film,
            "true_time": one.time if one else None,
            "true_kind": one.kind if one else None,
            "time": other.time if other else None,
            "kind": other.kind if other else None,
        }
        for one, other in both
    ]


def _config(name: str, films: FilmSet) -> RunConfig:
    identities = {"efficientnet-lite2": weights.identity("efficientnet-lite2")} if name == "features" else {}
    settings = {"films": len(films.films), "tolerance": TOLERANCE, **films.settings}
    return RunConfig(TASK, films.name, films.split, name, settings, identities)


def _installed(name: str) -> bool:
    try:
        DETECTORS[name]()
    except WeightsError:
        return False
    return True


def _on_disk(path: Path, marks: Sequence[tuple[float, str]]) -> Film:
    def frames() -> Iterator[Shown]:
        with Video(path) as video, closing(video.frames()) as shown:
            yield from shown

    return Film(path.name, tuple(marks), frames)


def _folder(data: Path) -> dict[Path, list[tuple[float, str]]]:
    """The film files of a folder, and the borders that its table says."""
    if not (data / TABLE).is_file():
        raise DataError(f"{data} has no {TABLE}: give a folder of films with the table of their shots, or demo")
    films: dict[str, list[tuple[float, str]]] = {
        path.name: [] for path in sorted(data.iterdir()) if path.suffix.lower() in SUFFIXES
    }
    with (data / TABLE).open(newline="", encoding="utf-8") as stream:
        table = csv.DictReader(stream)
        if not {"file", "first_frame", "starts_with"} <= set(table.fieldnames or ()):
            raise DataError(f"{data / TABLE} needs the columns file, first_frame and starts_with")
        for row in table:
            line = f"{data / TABLE}, line {table.line_num}"
            if row["file"] not in films:
                raise DataError(f"{line}: there is no film {row['file']!r} in the folder")
            if row["starts_with"] not in (*KINDS, "start") or not row["first_frame"].isdecimal():
                raise DataError(f"{line}: needs a number of a frame, and start or one of {', '.join(KINDS)}")
            if row["starts_with"] != "start":
                films[row["file"]].append((float(row["first_frame"]), row["starts_with"]))
    return {data / name: marks for name, marks in films.items()}


def _rendered(data: Path, split: str, folder: Path) -> FilmSet:
    if split not in SPLITS:
        raise DataError(f"rendered films have no split {split!r}: choose one of {', '.join(SPLITS)}")
    if not folder.is_dir():
        raise DataError(f"no folder {folder}: give a folder of photos")
    clips = [path for path, marks in _folder(data).items() if not marks]
    photos = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    films = [
        Film(film.name, tuple((border.time * film.rate, border.kind) for border in film.borders), film.frames)
        for film in transitions.rendered_films(clips, photos, SPLITS[split])
    ]
    settings = {"seed": SPLITS[split], "clips": len(clips), "photos": len(photos)}
    return FilmSet(f"{data.resolve().name}-rendered", split, tuple(films), settings)
