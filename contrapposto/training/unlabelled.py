"""People whose joints nobody has marked, in a folder of photos: the pipeline says where they are."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import numpy as np

from contrapposto import geometry, skeleton
from contrapposto.errors import DataError, UnreadableMedia
from contrapposto.media import photos
from contrapposto.poses import make_estimator
from contrapposto.records import Box
from contrapposto.text import path_text
from contrapposto.training.pose_photos import KnownPerson
from contrapposto.weights import Progress as FetchProgress

Progress = Callable[[int, int, str], None]


def found_people(
    folder: Path, kept: Path, progress: Progress | None = None, fetching: FetchProgress | None = None
) -> list[KnownPerson]:
    """Everybody whom the pipeline finds in the photos in and below a folder, in the order of their paths; joints
    are all NaN. kept: a file in which the boxes are kept; where it is there, nothing is looked for. Photos that
    cannot be read, or were made smaller to be read, are left out.

    Raises DataError where there are no photos or people, or what was kept is damaged; WeightsError.
    """
    if not kept.exists():
        _find(folder, kept, progress, fetching)
    try:
        with kept.open("rb") as stream, np.load(stream, allow_pickle=False) as table:
            rows = list(zip(table["name"], table["box"], strict=True))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path_text(kept)}: damaged ({error}); delete it to look again") from error
    if not rows:
        raise DataError(f"{path_text(folder)}: nobody was found in its photos; give others")
    nothing = np.full((skeleton.COUNT, 2), np.nan)
    return [KnownPerson(folder / str(file), nothing, Box(*map(float, box))) for file, box in rows]


def _find(folder: Path, kept: Path, progress: Progress | None, fetching: FetchProgress | None) -> None:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in photos.SUFFIXES)
    if not files:
        raise DataError(f"{path_text(folder)}: no photos in it; give a folder of photos")
    estimator = make_estimator(progress=fetching)

    def boxes(file: Path) -> list[Box]:
        try:
            photo = photos.decode(photos.read_file(file))
        except UnreadableMedia:
            return []
        if photo.scale != (1.0, 1.0):
            return []
        return [Box.around(person.pose.keypoints, geometry.BOX_MARGIN) for person in estimator(photo.image)]

    names, found = [], []
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        for done, (file, own) in enumerate(zip(files, pool.map(boxes, files), strict=True), start=1):
            names += [file.relative_to(folder).as_posix()] * len(own)
            found += [(box.x, box.y, box.width, box.height) for box in own]
            if progress:
                progress(done, len(files), "")
    part = kept.with_suffix(".part")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            np.savez(stream, name=np.array(names, np.str_), box=np.array(found, np.float64).reshape(-1, 4))
        part.replace(kept)
    except OSError as error:
        raise DataError(
            f"{path_text(kept)}: cannot be written ({error.strerror}); choose another folder"
        ) from error
