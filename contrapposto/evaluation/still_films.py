"""The films that photos of a screen are asked among: those of folders, and distractors rendered from photos."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import demo
from contrapposto.errors import DataError, UnreadableMedia
from contrapposto.evaluation.shots import DEMO, TABLE, read_films
from contrapposto.media import photos, videos
from contrapposto.media.videos import Video
from contrapposto.training.pans import PanOptions, pan

SHOTS_A_FILM = 20
"""Shots of a rendered film."""

RECORD = "rendered.json"
"""File beside the rendered films that says how they were made."""

_QUALITY = 4
"""Quantiser of the MPEG-4 encoder: 1 is the best."""

Progress = Callable[[int, int], None]
"""Called with films done and films to do."""


@dataclass(frozen=True, slots=True)
class Film:
    """One film file. duration: seconds; starts: seconds at which its true shots begin, rising, the first one 0;
    None where they are not known."""

    path: Path
    duration: float
    starts: tuple[float, ...] | None = None

    def true_shot(self, time: float) -> int | None:
        """Number from 0 of the true shot at a second, None where they are not known."""
        return None if self.starts is None else int(np.searchsorted(self.starts, time + 1e-3, side="right")) - 1


def known_films(folders: Sequence[Path]) -> list[Film]:
    """All films of folders, in order; "demo" stands for the built-in ones. The true shots are those of a folder's
    shots.csv (`evaluation.shots`). Raises DataError where a folder has no film, or two films have one name."""
    found: list[Film] = []
    for folder in folders:
        built_in = str(folder) == DEMO and not folder.exists()
        place = demo.films() if built_in else folder
        paths = sorted(
            path for path in (place.iterdir() if place.is_dir() else ()) if path.suffix.lower() in videos.SUFFIXES
        )
        if not paths:
            raise DataError(f"{folder}: no films; give a folder of films, or demo")
        marks = (
            {film.name: [mark for mark, _ in film.marks] for film in read_films(folder).films}
            if built_in or (place / TABLE).is_file()
            else {}
        )
        found += [_known(path, marks.get(path.name)) for path in paths]
    names = [film.path.name for film in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"two films are named {twice[0]!r}: the answers could not be told apart; rename one")
    return found


def _known(path: Path, marks: Sequence[float] | None) -> Film:
    try:
        with Video(path) as video, closing(video.frames()) as frames:
            times = np.array([frame.time for frame in frames])
            end = float(times[-1]) + 1 / video.rate
    except UnreadableMedia as error:
        raise DataError(f"{path}: {error}; remove it") from error
    if marks is None:
        return Film(path, end)
    return Film(path, end, (0.0, *(float(np.interp(mark, np.arange(len(times)), times)) for mark in marks)))


def photo_files(folders: Sequence[Path]) -> list[Path]:
    """All photos in and below folders, in order. Raises DataError where there are none."""
    found = []
    for folder in folders:
        own = sorted(path for path in folder.rglob("*") if path.suffix.lower() in photos.SUFFIXES)
        if not own:
            raise DataError(f"{folder}: no photos to make distractors of; give a folder of photos")
        found += own
    return found


def render_distractors(
    files: Sequence[Path],
    folder: Path,
    shots: int,
    seed: int,
    options: PanOptions | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Films of `SHOTS_A_FILM` shots each, so many shots in all, each over a photo; the photos come in a random
    order, again and again. Those that are in `folder` already, made in the same way, are kept. Photos that cannot
    be read are passed over. Raises DataError where none can be."""
    options = options or PanOptions()
    folder.mkdir(parents=True, exist_ok=True)
    made_by = {
        "seed": seed,
        "photos": [str(path) for path in files],
        "sizes": [path.stat().st_size for path in files],
        "pans": asdict(options),
        "quality": _QUALITY,
    }
    record = folder / RECORD
    if not record.is_file() or json.loads(record.read_text(encoding="utf-8")) != made_by:
        for path in folder.glob("pans-*.mp4"):
            path.unlink()
        record.write_text(json.dumps(made_by), encoding="utf-8")
    order = np.random.default_rng(seed).permutation(len(files))
    count = -(-shots // SHOTS_A_FILM)
    found = []
    for number in range(count):
        first, last = number * SHOTS_A_FILM, min((number + 1) * SHOTS_A_FILM, shots)
        path = folder / f"pans-{number:04}-{last - first}.mp4"
        if not path.is_file():
            _render(path, [files[order[shot % len(files)]] for shot in range(first, last)], (seed, number), options)
        found.append(path)
        if progress:
            progress(number + 1, count)
    return found


def _render(path: Path, files: Sequence[Path], seed: tuple[int, ...], options: PanOptions) -> None:
    """Written under another name first, so that a stopped run leaves no half film."""
    import av

    half = path.with_name(f".{path.name}")
    rng = np.random.default_rng(seed)
    rate = Fraction(options.rate).limit_denominator(1000)
    with av.open(str(half), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width, stream.height, stream.pix_fmt = options.width, options.height, "yuv420p"
        stream.codec_context.gop_size = round(2 * options.rate)
        stream.codec_context.qmin = stream.codec_context.qmax = _QUALITY
        shown = 0
        for file in files:
            photo = _photo(file)
            for _, picture in pan(photo, rng, options) if photo is not None else ():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                shown += 1
        container.mux(stream.encode(None))
    if not shown:
        half.unlink(missing_ok=True)
        raise DataError(f"{files[0].parent}: none of {len(files)} photos can be read; give other photos")
    half.replace(path)


def _photo(path: Path) -> NDArray[np.uint8] | None:
    try:
        return photos.decode(photos.read_file(path)).image
    except UnreadableMedia:
        return None
