"""What commands share of their output: progress bars, lists of skipped files, JSON of the records."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from contrapposto.errors import ContrappostoError
from contrapposto.records import Box, Hit, Person, Pose, SequenceResult, Shot, Skipped, Why, WordsResult
from contrapposto.skeleton import KEYPOINTS
from contrapposto.text import clock, path_text

if TYPE_CHECKING:
    from contrapposto.indexing import Progress
    from contrapposto.indexing.films import FilmProgress
    from contrapposto.weights import Progress as FetchProgress

library_option = click.option(
    "--library",
    "-l",
    type=click.Path(path_type=Path),
    envvar="CONTRAPPOSTO_LIBRARY",
    help="The library's folder.  [default: one in your user data, or $CONTRAPPOSTO_LIBRARY]",
)


LINE_SECONDS = 30.0
"""Without a terminal there is no bar but a line this often."""


def say(text: str) -> None:
    """A line on stderr."""
    click.echo(text, err=True)


def print_json(data: Any) -> None:
    """An object on stdout."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def write_text(path: Path, text: str) -> None:
    """Writes a file. Raises ContrappostoError with the path when it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ContrappostoError(f"{path}: cannot be written ({error.strerror}); choose another place") from error


@contextmanager
def photos_bar() -> Iterator[Progress]:
    """A bar over photos, drawn on stderr once there is something to do."""
    from tqdm import tqdm

    bar: tqdm[Any] | None = None
    said = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal bar, said
        if not sys.stderr.isatty() and time.monotonic() - said > LINE_SECONDS:
            said = time.monotonic()
            say(f"looked at {done:,} of {total:,} photos")
        bar = (
            bar
            if bar is not None
            else tqdm(total=total, unit=" photos", desc="Looking for people", mininterval=0.3, disable=None)
        )
        bar.update(done - bar.n)

    try:
        yield progress
    finally:
        if bar is not None:
            bar.close()


@contextmanager
def films_bar() -> Iterator[FilmProgress]:
    """A bar over the seconds of each film, with the time left."""
    from tqdm import tqdm

    bar: tqdm[Any] | None = None
    film, said = Path(), time.monotonic()

    def progress(path: Path, done: float, duration: float | None) -> None:
        nonlocal bar, film, said
        total = max(duration or 0.0, done)
        if not sys.stderr.isatty() and time.monotonic() - said > LINE_SECONDS:
            said = time.monotonic()
            of = f" of {clock(total)}" if duration else ""
            say(f"{path_text(path)}: worked through {clock(done)}{of}")
        if path != film:
            film = path
            if bar is not None:
                bar.close()
            form = "{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s of film [{elapsed}, {remaining} left]"
            bar = tqdm(total=total, initial=0, desc=path.name[:30], bar_format=form, mininterval=0.3, disable=None)
        assert bar is not None
        bar.update(done - bar.n)

    try:
        yield progress
    finally:
        if bar is not None:
            bar.close()


@contextmanager
def fetch_bar() -> Iterator[FetchProgress]:
    """A bar over the bytes of weights being fetched, drawn only if something is."""
    from tqdm import tqdm

    bar: tqdm[Any] | None = None
    last = ""

    def progress(done: int, total: int | None, message: str) -> None:
        nonlocal bar, last
        if not sys.stderr.isatty() and message != last:
            last = message
            say(message)
        bar = bar if bar is not None else tqdm(unit="B", unit_scale=True, mininterval=0.3, disable=None)
        bar.set_description_str(message, refresh=False)
        bar.total = total
        bar.n = done
        bar.refresh()

    try:
        yield progress
    finally:
        if bar is not None:
            bar.close()


def list_skipped(skipped: list[Skipped]) -> None:
    """The skipped paths and why, on stderr."""
    for item in skipped:
        say(f"{'in part' if item.partly else 'skipped'}: {path_text(item.path)}: {item.reason}")


def box_json(box: Box) -> dict[str, float]:
    """Pixels of the picture, x right, y down."""
    return {key: round(getattr(box, key), 2) for key in ("x", "y", "width", "height")}


def keypoints_json(pose: Pose) -> list[dict[str, Any]]:
    """All 17 in canonical order; x and y are null where unseen."""
    rows = []
    for index, name in enumerate(KEYPOINTS):
        seen = bool(pose.visible[index])
        x, y = pose.keypoints[index]
        rows.append(
            {
                "name": name,
                "x": round(float(x), 2) if seen else None,
                "y": round(float(y), 2) if seen else None,
                "score": round(float(pose.scores[index]), 4),
                "visible": seen,
            }
        )
    return rows


def keypoints3d_json(pose: Pose) -> list[dict[str, Any]]:
    """All 17 in canonical order, metres in the camera frame: x to the picture's right, y up, z towards the camera,
    from the middle of the hips; null where unknown."""
    rows = []
    for name, point in zip(KEYPOINTS, pose.keypoints3d, strict=True):
        known = bool(np.isfinite(point[0]))
        places = [round(float(value), 4) if known else None for value in point]
        rows.append({"name": name, **dict(zip("xyz", places, strict=True))})
    return rows


def person_json(number: int, person: Person) -> dict[str, Any]:
    """One person of a picture; also a skeleton to ask with (`search.pose_json`)."""
    from contrapposto.search.pose_json import pose_to_json

    told = pose_to_json(person.pose)
    return {
        "number": number,
        "box": box_json(person.box),
        "score": round(person.score, 4),
        "keypoints": keypoints_json(person.pose),
        "keypoints3d": keypoints3d_json(person.pose),
        "fused": told.get("fused"),
        "embedding": told.get("embedding"),
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    """One answer, with why it matched."""
    return {
        "path": path_text(hit.path),
        "person": hit.number,
        "time": seconds_json(hit.time),
        "start": seconds_json(hit.start),
        "end": seconds_json(hit.end),
        "shot": None if hit.shot is None else shot_json(hit.shot),
        "match": round(hit.match, 4),
        "distance": round(hit.distance, 3) if np.isfinite(hit.distance) else None,
        "unit": hit.why[0].unit,
        "box": box_json(hit.box),
        "keypoints": keypoints_json(hit.pose),
        "keypoints3d": keypoints3d_json(hit.pose),
        "copies": [path_text(copy) for copy in hit.copies],
        "why": [_why_json(result) for result in hit.why],
    }


def shot_json(shot: Shot) -> dict[str, Any]:
    """Number and kind, start and end in seconds."""
    start, end = seconds_json(shot.start), seconds_json(shot.end)
    return {"number": shot.number, "start": start, "end": end, "kind": shot.kind}


def seconds_json(value: float | None) -> float | None:
    """To milliseconds."""
    return None if value is None else round(float(value), 3)


def _why_json(result: Why) -> dict[str, Any]:
    shared = {
        "distance": round(result.distance, 3) if np.isfinite(result.distance) else None,
        "unit": result.unit,
        "match": round(result.match, 4),
        "unlike": result.unlike,
    }
    if isinstance(result, SequenceResult):
        steps = [
            {
                "time": seconds_json(step.time),
                "start": seconds_json(step.start),
                "end": seconds_json(step.end),
                "box": box_json(step.box),
                "keypoints": keypoints_json(step.pose),
                "why": _why_json(step.why),
            }
            for step in result.steps
        ]
        return {"understood": result.understood, **shared, "steps": steps}
    if isinstance(result, WordsResult):
        rows = [
            {
                "words": row.words,
                "held": row.held,
                "probability": None if row.probability is None else round(row.probability, 4),
            }
            for row in result.conditions
        ]
        return {"understood": result.understood, **shared, "conditions": rows}
    return {
        "metric": result.metric,
        **shared,
        "mirrored": result.mirrored,
        "best": result.best(),
        "worst": result.worst(),
        "joints": {name: round(distance, 3) for name, distance in result.joints.items()},
    }
