"""Shots to learn from: those of films, and pans over still photos, as pictures with their seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError, UnreadableMedia
from contrapposto.media import photos, videos
from contrapposto.media.sampling import fit
from contrapposto.media.videos import Video
from contrapposto.representations.shot_embedding import LONGEST
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS
from contrapposto.text import path_text
from contrapposto.training.pans import PanOptions, pan

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How shots are cut and made."""

    detector: str = DEFAULT_DETECTOR
    """One of `shots.DETECTORS`, or "": films are cut every `window` seconds."""
    window: float = 10.0
    """Seconds, without a detector."""
    rate: float = 4.0
    """Pictures a second that are taken of a shot."""
    side: int = 640
    """Pixels of the longer side of a picture of a film."""
    pans: int = 2
    """Shots over each photo."""
    pan: PanOptions = field(default_factory=lambda: PanOptions(shortest=1.0, longest=6.0, rate=4.0))


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A shot, or at most `LONGEST` seconds of it. pictures: seconds, rising, and (H, W, 3) RGB; group: pieces of
    one file that show the same have the same number."""

    pictures: list[tuple[float, Picture]]
    group: int


def film_files(folders: Sequence[Path]) -> list[Path]:
    """All films in and below folders, in order. Raises DataError where there are none."""
    return _files(folders, videos.SUFFIXES, "films")


def photo_files(folders: Sequence[Path]) -> list[Path]:
    """All photos in and below folders, in order. Raises DataError where there are none."""
    return _files(folders, photos.SUFFIXES, "photos")


def is_film(path: Path) -> bool:
    """Whether a file is one by its name."""
    return path.suffix.lower() in videos.SUFFIXES


def pieces_of(path: Path, rng: np.random.Generator, options: SourceOptions) -> Iterator[Piece]:
    """Those of a film or a photo, by its name. Raises DataError when it cannot be read."""
    try:
        yield from _of_film(path, options) if is_film(path) else _of_photo(path, rng, options)
    except UnreadableMedia as error:
        raise DataError(f"{path_text(path)}: {error}; take it out of the folder") from error


def _files(folders: Sequence[Path], suffixes: frozenset[str], what: str) -> list[Path]:
    found = []
    for folder in folders:
        own = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)
        if not own:
            raise DataError(f"{path_text(folder)}: no {what} to learn from; give a folder of {what}")
        found += own
    return found


def _of_photo(path: Path, rng: np.random.Generator, options: SourceOptions) -> Iterator[Piece]:
    photo = photos.decode(photos.read_file(path)).image
    for _ in range(options.pans):
        yield Piece(list(pan(photo, rng, options.pan)), 0)


def _of_film(path: Path, options: SourceOptions) -> Iterator[Piece]:
    with Video(path) as video:
        starts = _starts(video, options)
        with closing(video.frames()) as frames:
            taken: list[tuple[float, Picture]] = []
            piece, last = 0, -np.inf
            for frame in frames:
                now = int(np.searchsorted([start for start, _ in starts], frame.time, side="right")) - 1
                if now != piece and taken:
                    yield Piece(taken, starts[piece][1])
                    taken = []
                if now != piece or frame.time >= last + 1 / options.rate:
                    taken.append((frame.time, _reduced(frame.image(), options.side)))
                    last = frame.time
                piece = now
            if taken:
                yield Piece(taken, starts[piece][1])


def _starts(video: Video, options: SourceOptions) -> list[tuple[float, int]]:
    """Second at which each piece of a film begins, and the number of its shot; the first is at -inf."""
    detector = DETECTORS[options.detector]() if options.detector else None
    borders, end = [], 0.0
    with closing(video.frames()) as frames:
        for frame in frames:
            borders += detector.push(frame) if detector else []
            end = frame.time
    borders += detector.finish() if detector else []
    edges = [0.0, *(border.time for border in borders), end]
    longest = LONGEST if detector else options.window
    found = []
    for shot, (first, last) in enumerate(pairwise(edges)):
        count = max(1, int(np.ceil((last - first) / longest)))
        found += [(first + (last - first) * part / count, shot if detector else part) for part in range(count)]
    return [(-np.inf, found[0][1]), *found[1:]]


def _reduced(image: Picture, side: int) -> Picture:
    scale = min(1.0, side / max(image.shape[:2]))
    return image if scale == 1 else fit(image, *(max(1, round(scale * n)) for n in image.shape[1::-1]))
