"""The films of a protocol, sampled: what the default estimator finds in each sample, and who is truly there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import demo, geometry
from contrapposto.errors import DataError, UnreadableMedia
from contrapposto.evaluation.people3d import MIN_SEEN
from contrapposto.evaluation.tracks_metrics import TruePerson, TrueShot
from contrapposto.indexing import Progress
from contrapposto.media.videos import SUFFIXES, Frame, Video
from contrapposto.people.tracks import Sample
from contrapposto.poses import DEFAULT_ESTIMATOR, PoseEstimator, make_estimator
from contrapposto.records import Box, Person, Pose
from contrapposto.weights import Progress as FetchProgress

DEMO = "demo"
"""In place of a folder: the films that come with the package."""


@dataclass(frozen=True, slots=True, eq=False)
class SampledFrame:
    """One sample. film: file name; frame: its number in the film; time: seconds; shot: from 0 in the film."""

    film: str
    frame: int
    time: float
    shot: int
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FilmShot:
    """shot: its samples, with the truth where it is known; film: file name; seconds: from its first sample to its
    last one and on to the next that would have been."""

    film: str
    seconds: float
    shot: TrueShot


def sampled(
    data: Path, every: float, fetching: FetchProgress | None = None, progress: Progress | None = None
) -> list[SampledFrame]:
    """Looks for people in the first frame of each shot, and then in the first one of every `every` seconds.

    data: "demo", or a folder of films, each one shot. progress: told of samples done, and how many there are in
    the films opened so far.
    Raises DataError for a folder without films and for a damaged film; WeightsError.
    """
    total = 0
    films = _films(data)
    estimator = make_estimator(DEFAULT_ESTIMATOR, progress=fetching)
    found: list[SampledFrame] = []
    for film in films:
        try:
            with Video(film) as video:
                total += round((video.duration or 0.0) / max(every, 1 / video.rate))
                for sample in _looked_at(video, film.name, every, _shot_starts(data, film), estimator):
                    found.append(sample)
                    if progress:
                        progress(len(found), max(total, len(found)))
        except UnreadableMedia as error:
            raise DataError(f"{film}: cannot be used ({error}); leave it out of the folder") from error
    return found


def stored(frames: Sequence[SampledFrame]) -> dict[str, NDArray[np.generic]]:
    """Arrays of a run: film, frame, time, shot and count of N samples; box (P, 4), score, keypoints and scores of
    their P people end to end."""
    people = [person for frame in frames for person in frame.people]
    boxes = [(p.box.x, p.box.y, p.box.width, p.box.height) for p in people]
    return {
        "film": np.array([frame.film for frame in frames]),
        "frame": np.array([frame.frame for frame in frames], dtype=np.int64),
        "time": np.array([frame.time for frame in frames], dtype=np.float64),
        "shot": np.array([frame.shot for frame in frames], dtype=np.int64),
        "count": np.array([len(frame.people) for frame in frames], dtype=np.int64),
        "box": np.array(boxes, dtype=np.float64).reshape(-1, 4),
        "score": np.array([person.score for person in people], dtype=np.float64),
        "keypoints": np.array([person.pose.keypoints for person in people]).reshape(-1, 17, 2),
        "scores": np.array([person.pose.scores for person in people]).reshape(-1, 17),
    }


def restored(arrays: dict[str, NDArray[np.generic]]) -> list[SampledFrame]:
    """The samples of `stored` arrays."""
    columns = (arrays["box"], arrays["score"], arrays["keypoints"], arrays["scores"])
    people = [
        Person(Box(*(float(value) for value in box)), float(score), Pose(points, sure))
        for box, score, points, sure in zip(*(np.asarray(column, np.float64) for column in columns), strict=True)
    ]
    ends = np.cumsum(np.asarray(arrays["count"], dtype=np.int64))
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    rows = zip(arrays["film"], arrays["frame"], arrays["time"], arrays["shot"], starts, ends, strict=True)
    return [
        SampledFrame(str(film), int(frame), float(time), int(shot), tuple(people[start:end]))
        for film, frame, time, shot, start, end in rows
    ]


def shots_of(data: Path, frames: Sequence[SampledFrame], every: float) -> list[FilmShot]:
    """The shots of samples, with the truth about those of the demo films: people who show at least `MIN_SEEN`
    keypoints, their visible keypoints, the area as a share of the box."""
    grouped: dict[tuple[str, int], list[SampledFrame]] = {}
    for frame in frames:
        grouped.setdefault((frame.film, frame.shot), []).append(frame)
    shots = []
    for (film, _), inside in grouped.items():
        samples = tuple(Sample(frame.time, frame.people) for frame in inside)
        truth = tuple(_truth(frame) if is_demo(data) else () for frame in inside)
        shots.append(FilmShot(film, inside[-1].time - inside[0].time + every, TrueShot(samples, truth)))
    return shots


def is_demo(data: Path) -> bool:
    """Whether this names the built-in films and not a folder."""
    return str(data) == DEMO and not data.exists()


def _truth(frame: SampledFrame) -> tuple[TruePerson, ...]:
    return tuple(
        TruePerson(person.number, person.seen_keypoints, geometry.AREA_OF_BOX * person.box.area)
        for person in demo.truth().at(frame.film, frame.frame)
        if person.visible.sum() >= MIN_SEEN
    )


def _films(data: Path) -> list[Path]:
    if is_demo(data):
        return [demo.films() / name for name in demo.truth().films]
    films = sorted(path for path in data.glob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not films:
        raise DataError(f"{data} holds no films ({', '.join(sorted(SUFFIXES)[:4])} ...): name a folder of clips")
    return films


def _shot_starts(data: Path, film: Path) -> tuple[int, ...]:
    return tuple(shot.start for shot in demo.truth().films[film.name].shots) if is_demo(data) else (0,)


def _looked_at(
    video: Video, name: str, every: float, starts: Sequence[int], estimator: PoseEstimator
) -> Iterator[SampledFrame]:
    """The samples of one film, in order, looked at on all cores; a few are decoded ahead."""
    cores = cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        waiting: list[tuple[int, float, int]] = []
        images: list[NDArray[np.uint8]] = []

        def look() -> Iterator[SampledFrame]:
            for (number, time, shot), people in zip(waiting, pool.map(estimator, images), strict=True):
                yield SampledFrame(name, number, time, shot, tuple(people))
            waiting.clear()
            images.clear()

        for number, shot, frame in _chosen(video, every, starts):
            waiting.append((number, frame.time, shot))
            images.append(frame.image())
            if len(images) >= 4 * cores:
                yield from look()
        yield from look()


def _chosen(video: Video, every: float, starts: Sequence[int]) -> Iterator[tuple[int, int, Frame]]:
    """Number, shot and frame of each sample."""
    shot, first, steps = -1, 0.0, 0
    for number, frame in enumerate(video.frames()):
        if shot + 1 < len(starts) and number >= starts[shot + 1]:
            shot, first, steps = shot + 1, frame.time, 0
        if frame.time >= first + steps * every - 1e-6:
            yield number, shot, frame
            steps = int((frame.time - first) / every + 1e-6) + 1
