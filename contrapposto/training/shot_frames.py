"""What is learned from: the R-MACs of the frames of shots, and of photos of a screen that shows one of them.
Looking takes longest; what was seen of a file is kept and read again."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.features.rmac import unit
from contrapposto.representations.shot_embedding import EVERY
from contrapposto.text import path_text
from contrapposto.training.captures import MILD, STRONG, CaptureOptions, capture
from contrapposto.training.shot_sources import Picture, Piece, SourceOptions, pieces_of

Look = Callable[[Picture], NDArray[np.float32]]
"""(H, W, 3) RGB to the R-MAC (D,)."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """What is looked at."""

    captures: int = 2
    """Photos of the screen for each shot."""
    size: int = 480
    """Pixels of the longer side of such a photo; its blur is that share of theirs. R-MACs see less than that."""
    sources: SourceOptions = field(default_factory=SourceOptions)
    seed: int = 0
    """Start of all random numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class ShotFrames:
    """S shots. frames: (F, D) float16 R-MACs of all of them, one shot after another; lengths: (S,) how many each
    has, at least 1; captures: (S, K, D) float16 of photos of a screen that shows the shot; levels: (S, K) 0 mild to
    1 strong; groups: (S,) shots of one number show the same."""

    frames: NDArray[np.float16]
    lengths: NDArray[np.int64]
    captures: NDArray[np.float16]
    levels: NDArray[np.float64]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lengths)

    def means(self) -> NDArray[np.float32]:
        """(S, D) of unit length, of the frames of each shot."""
        starts = np.cumsum(self.lengths) - self.lengths
        return unit(np.add.reduceat(self.frames.astype(np.float32), starts, axis=0))

    def padded(self, chosen: NDArray[np.integer]) -> NDArray[np.float32]:
        """(B, T, D) frames of some shots, zeros behind the end of those shorter than the longest."""
        starts = np.cumsum(self.lengths) - self.lengths
        longest = int(self.lengths[chosen].max())
        found = np.zeros((len(chosen), longest, self.frames.shape[1]), np.float32)
        for row, shot in enumerate(chosen):
            length = self.lengths[shot]
            found[row, :length] = self.frames[starts[shot] : starts[shot] + length]
        return found


def between(level: float, size: int) -> CaptureOptions:
    """Captures between mild (0) and strong (1), of that size in pixels, blurred alike; from the middle on the edge
    of the screen is in view."""
    names = [one.name for one in fields(CaptureOptions) if isinstance(getattr(MILD, one.name), float)]
    values = {name: (1 - level) * getattr(MILD, name) + level * getattr(STRONG, name) for name in names}
    values["blur"] *= size / MILD.size
    quality = round((1 - level) * MILD.jpeg + level * STRONG.jpeg)
    return replace(MILD, **values, jpeg=quality, size=size, border=level >= 0.5)


def look_at_files(
    files: Sequence[Path],
    look: Look,
    kept: Path,
    options: FrameOptions,
    identity: str,
    held_out: bool,
    progress: Progress | None = None,
) -> ShotFrames:
    """The shots of films and photos. What was seen of each file is kept in the folder `kept`, and not looked at
    again while options and `identity`, which stands for the networks of `look`, are the same.

    held_out: captures are strong and mild in turn, else of every level, half of them strong. Raises DataError when
    a file cannot be read, or nothing can be kept.
    """
    settings = json.dumps([asdict(options), identity, held_out], sort_keys=True)
    found = []
    for number, file in enumerate(files):
        name = hashlib.sha256(f"{settings} {file} {file.stat().st_size}".encode()).hexdigest()[:24]
        path = kept / f"{name}.npz"
        seen = _kept(path)
        if seen is None:
            rng = np.random.default_rng([options.seed, held_out, number])
            seen = _look_at(pieces_of(file, rng, options.sources), look, options, held_out, rng)
            _keep(path, seen)
        found.append(seen)
        if progress and (number % 10 == 9 or number + 1 == len(files)):
            progress(number + 1, len(files), "")
    return _joined(found)


def _look_at(
    pieces: Iterator[Piece], look: Look, options: FrameOptions, held_out: bool, rng: np.random.Generator
) -> ShotFrames:
    frames, lengths, seen, levels, groups = [], [], [], [], []
    for piece in pieces:
        looks, last = [], -np.inf
        for time, picture in piece.pictures:
            if time >= last + EVERY - 1e-6:
                looks.append(look(picture))
                last = time
        own = [
            float(1 - number % 2) if held_out else min(1.0, rng.uniform(0, 2)) for number in range(options.captures)
        ]
        shown = [piece.pictures[rng.integers(len(piece.pictures))][1] for _ in own]
        photographed = [
            capture(picture, between(level, options.size), rng).image
            for picture, level in zip(shown, own, strict=True)
        ]
        frames += looks
        lengths.append(len(looks))
        seen.append(np.stack([look(picture) for picture in photographed]))
        levels.append(own)
        groups.append(piece.group)
    return ShotFrames(
        np.stack(frames).astype(np.float16),
        np.array(lengths),
        np.stack(seen).astype(np.float16),
        np.array(levels),
        np.array(groups),
    )


def _joined(seen: Sequence[ShotFrames]) -> ShotFrames:
    """All shots; those of different files are of different groups."""
    before = np.cumsum([0, *(one.groups.max() + 1 for one in seen)])
    return ShotFrames(
        np.concatenate([one.frames for one in seen]),
        np.concatenate([one.lengths for one in seen]),
        np.concatenate([one.captures for one in seen]),
        np.concatenate([one.levels for one in seen]),
        np.concatenate([one.groups + first for one, first in zip(seen, before[:-1], strict=True)]),
    )


def _keep(path: Path, seen: ShotFrames) -> None:
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            np.savez(stream, **{name: getattr(seen, name) for name in ShotFrames.__dataclass_fields__})
        part.replace(path)
    except OSError as error:
        raise DataError(
            f"{path_text(path)}: cannot be written ({error.strerror}); choose another folder"
        ) from error


def _kept(path: Path) -> ShotFrames | None:
    """What was kept of a file, None where nothing was."""
    if not path.exists():
        return None
    try:
        with np.load(path) as archive:
            columns: dict[str, Any] = {name: archive[name] for name in ShotFrames.__dataclass_fields__}
            return ShotFrames(**columns)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path_text(path)}: damaged ({error}); delete it to look again") from error
