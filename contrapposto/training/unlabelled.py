"""People whose joints nobody has marked, in a folder of photos: the pipeline says where they are, and where their
joints, as far as it is sure (pseudo-labels: Lee 2013)."""

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
from contrapposto.records import Box, Pose
from contrapposto.text import path_text
from contrapposto.training.pose_photos import KnownPerson
from contrapposto.weights import Progress as FetchProgress

Progress = Callable[[int, int, str], None]

ESTIMATOR = "agreement"
"""Its keypoints are the most exact of those that were not learned from marked people of ours."""

SURE = 0.3
"""A keypoint with a lower score, 0..1, is not taken for known."""


def found_people(
    folder: Path, kept: Path, progress: Progress | None = None, fetching: FetchProgress | None = None
) -> list[KnownPerson]:
    """Everybody whom the pipeline finds in the photos in and below a folder, in the order of their paths, with the
    joints that it is sure of. kept: a file in which they are kept; where it is there, nothing is looked for. Photos
    that cannot be read, or were made smaller to be read, are left out.

    Raises DataError where there are no photos or people, or what was kept is damaged; WeightsError.
    """
    if not kept.exists():
        _find(folder, kept, progress, fetching)
    try:
        with kept.open("rb") as stream, np.load(stream, allow_pickle=False) as table:
            rows = list(zip(table["name"], table["box"], table["joints"], strict=True))
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path_text(kept)}: damaged ({error}); delete it to look again") from error
    if not rows:
        raise DataError(f"{path_text(folder)}: nobody was found in its photos; give others")
    return [KnownPerson(folder / str(file), joints, Box(*map(float, box))) for file, box, joints in rows]


def _find(folder: Path, kept: Path, progress: Progress | None, fetching: FetchProgress | None) -> None:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in photos.SUFFIXES)
    if not files:
        raise DataError(f"{path_text(folder)}: no photos in it; give a folder of photos")
    estimator = make_estimator(ESTIMATOR, progress=fetching)

    def people(file: Path) -> list[Pose]:
        try:
            photo = photos.decode(photos.read_file(file))
        except UnreadableMedia:
            return []
        if photo.scale != (1.0, 1.0):
            return []
        return [person.pose for person in estimator(photo.image)]

    names, boxes, joints = [], [], []
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        for done, (file, own) in enumerate(zip(files, pool.map(people, files), strict=True), start=1):
            names += [file.relative_to(folder).as_posix()] * len(own)
            for pose in own:
                box = Box.around(pose.keypoints, geometry.BOX_MARGIN)
                boxes.append((box.x, box.y, box.width, box.height))
                joints.append(np.where((pose.scores >= SURE)[:, None], pose.keypoints, np.nan))
            if progress:
                progress(done, len(files), "")
    part = kept.with_suffix(".part")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            np.savez(
                stream,
                name=np.array(names, np.str_),
                box=np.array(boxes, np.float64).reshape(-1, 4),
                joints=np.array(joints, np.float64).reshape(-1, skeleton.COUNT, 2),
            )
        part.replace(kept)
    except OSError as error:
        raise DataError(
            f"{path_text(kept)}: cannot be written ({error.strerror}); choose another folder"
        ) from error
