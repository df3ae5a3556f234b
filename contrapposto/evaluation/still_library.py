"""The library that photos of a screen are asked of: films indexed as the program does it, without people."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.collection import absolute
from contrapposto.errors import DataError
from contrapposto.indexing.films import FilmProgress
from contrapposto.library import TABLES, Library
from contrapposto.media.videos import Video
from contrapposto.poses import DEFAULT_ESTIMATOR
from contrapposto.records import Person, Shot
from contrapposto.representations.segments import Segment
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS
from contrapposto.store.lance import LanceStore
from contrapposto.store.rows import segments_of, shots_of
from contrapposto.weights import Progress as FetchProgress


class Nobody:
    """A pose estimator that finds no one: poses are not what is measured here."""

    name = DEFAULT_ESTIMATOR
    accurate = False

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """No one."""
        return []


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What a library holds of films. shots: of each film, in order of time; segments: of all films, one after
    another; films: (S,) the film of each segment."""

    shots: tuple[tuple[Shot, ...], ...]
    segments: tuple[Segment, ...]
    films: NDArray[np.intp]

    @property
    def seconds(self) -> float:
        """Of all films."""
        return sum(own[-1].end for own in self.shots)

    def shot_at(self, film: int, time: float) -> Shot:
        """The shot that a film shows at a second; the first or last one for seconds outside."""
        shots = self.shots[film]
        begun = np.searchsorted([shot.start for shot in shots], time + 1e-6, side="right")
        return shots[max(int(begun) - 1, 0)]


def index_films(
    folder: Path,
    films: Sequence[Path],
    every: float,
    fetching: FetchProgress | None = None,
    progress: FilmProgress | None = None,
) -> Library:
    """The library of these films, brought up to date where it is there. Raises DataError where a film cannot be
    read."""
    library = Library(folder, estimator=Nobody(), progress=fetching)
    report = library.index(*films, every=every, film_progress=progress)
    if report.skipped:
        raise DataError(f"{report.skipped[0].path}: {report.skipped[0].reason}; remove it")
    return library


def held(library: Library, films: Sequence[Path]) -> Held:
    """What a library holds of these films, in their order."""
    store = LanceStore(library.folder / TABLES)
    content = {media.path: media.content for media in library.media()}
    of_shots = store.read("shots")
    of_segments = store.read("segments")
    shots: dict[str, list[Shot]] = {}
    for identity, shot in zip(of_shots["content"].to_pylist(), shots_of(of_shots), strict=True):
        shots.setdefault(identity, []).append(shot)
    segments: dict[str, list[Segment]] = {}
    for identity, segment in zip(of_segments["content"].to_pylist(), segments_of(of_segments), strict=True):
        segments.setdefault(identity, []).append(segment)
    contents = [content[absolute(path)] for path in films]
    own = [sorted(segments.get(identity, []), key=lambda one: one.number) for identity in contents]
    return Held(
        tuple(tuple(sorted(shots[identity], key=lambda shot: shot.start)) for identity in contents),
        tuple(segment for of_film in own for segment in of_film),
        np.repeat(np.arange(len(own)), [len(of_film) for of_film in own]),
    )


def frames(film: Path) -> int:
    """Frames of a film, by its rate and its length."""
    with Video(film) as video:
        return round(video.rate * (video.duration or 0.0))


def shots_alone(films: Sequence[Path]) -> float:
    """The seconds that it takes to decode films and find their shots."""
    begin = time.perf_counter()
    for path in films:
        detector = DETECTORS[DEFAULT_DETECTOR]()
        with Video(path) as video, closing(video.frames()) as shown:
            for frame in shown:
                detector.push(frame)
        detector.finish()
    return time.perf_counter() - begin
