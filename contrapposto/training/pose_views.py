"""Views of people for the pose networks: changed pictures, or what a frozen first part of a trunk sees of them.

Where the first part of a trunk is frozen, a fixed number of changed views of each person is looked at once, and
kept part by part in a folder, from which several runs can learn; a run that was broken off goes on with the next
part. Otherwise every view is new, made by the loop's threads while the network learns.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from os import cpu_count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.text import path_text
from contrapposto.training.pose_photos import Change, KnownPerson, picture_of, view

PART = 250
"""People a part."""

Look = Callable[[NDArray[np.uint8]], NDArray[np.floating]]
"""(B, rows, columns, 3) RGB to what a frozen part of a network sees of them, (B, ...)."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """Which views are kept. trunk: what looks at them; rows, columns: of the picture; count: views a person, 0 for
    the person as it is, and mirrored; seed: of the changes."""

    trunk: str
    rows: int
    columns: int
    count: int
    change: Change
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """seen: (N, V, ...) float16, what was seen of V views of N people; joints: (N, V, 17, 2) pixels of the view,
    NaN unseen."""

    seen: NDArray[np.float16]
    joints: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.joints)


def kept_views(
    people: Sequence[KnownPerson],
    split: str,
    look: Look,
    options: ViewOptions,
    folder: Path,
    progress: Progress | None = None,
) -> Views:
    """The views of people, from the folder as far as they were kept there. Raises DataError when these are of other
    options, or damaged, or the folder cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    named = str(asdict(options))
    parts = []
    for number, start in enumerate(range(0, len(people), PART)):
        path, wanted = folder / f"{split}-{number:03d}.npz", people[start : start + PART]
        part = _read(path, named, len(wanted))
        if part is None:
            part = _look(wanted, start, look, options)
            _write(path, part, named)
        parts.append(part)
        if progress:
            progress(min(start + PART, len(people)), len(people), f"people of {split} looked at")
    return Views(np.concatenate([part.seen for part in parts]), np.concatenate([part.joints for part in parts]))


def views_of(
    person: KnownPerson, number: int, options: ViewOptions
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """(V, rows, columns, 3) views of the person of this number, and their joints (V, 17, 2). Raises DataError."""
    image, size = picture_of(person), (options.rows, options.columns)
    if options.count:
        rng = np.random.default_rng([options.seed, number])
        views = [view(person, image, size, options.change, rng) for _ in range(options.count)]
    else:
        views = [view(person, image, size, mirrored=mirrored) for mirrored in (False, True)]
    return np.stack([one.image for one in views]), np.stack([one.joints for one in views])


def _look(people: Sequence[KnownPerson], first: int, look: Look, options: ViewOptions) -> Views:
    seen, joints = [], []
    with ThreadPoolExecutor(max(1, (cpu_count() or 1) - 1)) as pool:
        made = pool.map(lambda row: views_of(people[row], first + row, options), range(len(people)))
        for images, points in made:
            seen.append(look(images).astype(np.float16))
            joints.append(points.astype(np.float32))
    return Views(np.stack(seen), np.stack(joints).reshape(len(people), -1, skeleton.COUNT, 2))


def _write(path: Path, views: Views, named: str) -> None:
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as stream:
            np.savez(stream, seen=views.seen, joints=views.joints, options=np.array(named))
        part.replace(path)
    except OSError as error:
        raise DataError(
            f"{path_text(path)}: cannot be written ({error.strerror}); choose another folder"
        ) from error


def _read(path: Path, named: str, count: int) -> Views | None:
    """What was kept of a part, None where nothing was."""
    if not path.exists():
        return None
    try:
        with np.load(path) as part:
            if str(part["options"]) != named or len(part["joints"]) != count:
                raise DataError(f"{path_text(path)} holds views of other options: choose another folder")
            return Views(part["seen"], part["joints"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path_text(path)}: damaged ({error}); delete it to look again") from error
