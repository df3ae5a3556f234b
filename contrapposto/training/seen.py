"""Photos of known joints as the pipeline sees them: the keypoints that it finds, and what the trunk of the pose
embedding network sees around them, as it is and mirrored.

Looking takes far longer than learning. So what was seen is kept in the run's folder, part by part, and a run that
was broken off goes on with the next part. The trunk's 1,280 channels are reduced to their `KEPT` principal
components on the way, those of the first part of the split that is learned from.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from os import cpu_count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.errors import DataError, UnreadableMedia
from contrapposto.media import photos
from contrapposto.media.sampling import Region
from contrapposto.poses import PoseEstimator, make_estimator
from contrapposto.records import Box, Pose
from contrapposto.representations.pose_embedder import MIN_SEEN, Trunk, placed, region_of
from contrapposto.text import path_text
from contrapposto.training.photos import KnownPhoto, known_photos
from contrapposto.weights import Progress as FetchProgress

KEPT = 192
"""Principal components of the trunk's channels."""

PART = 500
"""Photos a part."""

REDUCTION = "reduction.npz"

MAP = (8, 8)

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """N photos in which somebody was found. names: of the files; clusters: (N,) scenes; joints: (N, 17, 2) true,
    pixels of the picture, NaN unseen; keypoints: (N, 17, 2) found, NaN unseen; scores: (N, 17); keypoints3d:
    (N, 17, 3) lifted; regions: (N, 3) middle x, y and side of the square looked at; placed: (N, 17, 3) as
    `pose_embedder.placed`; maps: (N, 2, `KEPT`, 8, 8) float16, as it is and mirrored."""

    names: NDArray[np.str_]
    clusters: NDArray[np.int64]
    joints: NDArray[np.float64]
    keypoints: NDArray[np.float64]
    scores: NDArray[np.float64]
    keypoints3d: NDArray[np.float64]
    regions: NDArray[np.float64]
    maps: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def placed(self) -> NDArray[np.float32]:
        """(N, 17, 3) as `pose_embedder.placed`."""
        squares = (Region(*(float(value) for value in region)) for region in self.regions)
        rows = zip(self.keypoints, self.scores, squares, strict=True)
        return np.array([placed(*row) for row in rows], np.float32).reshape(-1, skeleton.COUNT, 3)

    @property
    def truth(self) -> NDArray[np.float32]:
        """(N, 17, 2) the true joints in sides of the square from its middle, NaN unseen."""
        places = (self.joints - self.regions[:, None, :2]) / self.regions[:, None, 2:]
        return places.astype(np.float32)

    @staticmethod
    def joined(parts: Sequence[Seen]) -> Seen:
        """All of at least one."""
        names = Seen.__dataclass_fields__
        return Seen(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """mean: (1280,); components: (1280, `KEPT`) of unit length; scale: 1 over the deviation along the first."""

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    scale: float

    @staticmethod
    def of(maps: NDArray[np.floating]) -> Components:
        """Of the cells of maps (N, 8, 8, 1280)."""
        cells = maps.reshape(-1, maps.shape[-1]).astype(np.float32)
        mean = cells.mean(axis=0)
        scatter = (cells - mean).T.astype(np.float64) @ (cells - mean) / len(cells)
        variances, directions = np.linalg.eigh(scatter)
        kept = directions[:, ::-1][:, : min(KEPT, len(mean))]
        return Components(mean, kept.astype(np.float32), float(1 / np.sqrt(max(variances[-1], 1e-12))))

    def reduce(self, maps: NDArray[np.floating]) -> NDArray[np.float16]:
        """(..., 8, 8, 1280) to (..., `KEPT`, 8, 8)."""
        reduced = (maps.astype(np.float32) - self.mean) @ self.components
        return np.moveaxis(reduced, -1, -3).astype(np.float16)


def look(
    folder: Path,
    split: str,
    out: Path,
    components: Components | None = None,
    *,
    most: int | None = None,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> tuple[Seen, Components]:
    """What is seen in the photos of a split, read from `out` as far as it was kept there.

    components: of the trunk's channels; None to take those of the first part; most: no more than so many photos.
    Raises DataError, WeightsError.
    """
    known = known_photos(folder, split)[:most]
    out.mkdir(parents=True, exist_ok=True)
    looking: _Looking | None = None
    parts = []
    for number, start in enumerate(range(0, len(known), PART)):
        path, wanted = out / f"{split}-{number:03d}.npz", known[start : start + PART]
        kept = _kept(path, out / REDUCTION)
        if kept is None:
            looking = looking or _Looking(fetching)
            kept = looking.at(wanted, components, partial(_told, progress, start, len(known)))
            _keep(path, kept[0], out / REDUCTION, kept[1])
        seen, components = kept
        parts.append(seen)
        if progress:
            progress(min(start + PART, len(known)), len(known), f"photos of {split} looked at")
    joined = Seen.joined(parts)
    if not len(joined) or components is None:
        raise DataError(f"{path_text(folder)}: nobody was found in the photos of the split {split!r}")
    return joined, components


def _told(progress: Progress | None, start: int, total: int, done: int) -> None:
    if progress:
        progress(start + done, total, "")


class _Looking:
    """The pipeline."""

    def __init__(self, fetching: FetchProgress | None) -> None:
        self._estimator: PoseEstimator = make_estimator(progress=fetching)
        self._trunk = Trunk(progress=fetching)

    def at(
        self, wanted: Sequence[KnownPhoto], components: Components | None, told: Callable[[int], None]
    ) -> tuple[Seen, Components]:
        """At some photos, on all cores."""
        found: list[_One] = []
        with ThreadPoolExecutor(cpu_count() or 1) as pool:
            for done, one in enumerate(pool.map(self._one, wanted), start=1):
                if one is not None:
                    found.append(replace(one, maps=components.reduce(one.maps)) if components else one)
                if done % 10 == 0:
                    told(done)
        maps = np.array([one.maps for one in found])
        if components is None:
            if not found:
                raise DataError(f"nobody was found in the first {len(wanted)} photos; use other photos")
            components = Components.of(maps[:, 0])
            maps = components.reduce(maps)
        return Seen(
            np.array([one.known.file.name for one in found], dtype=np.str_),
            np.array([one.known.cluster for one in found], dtype=np.int64),
            np.array([one.known.joints for one in found]).reshape(-1, skeleton.COUNT, 2),
            np.array([one.pose.keypoints for one in found]).reshape(-1, skeleton.COUNT, 2),
            np.array([one.pose.scores for one in found]).reshape(-1, skeleton.COUNT),
            np.array([one.pose.keypoints3d for one in found]).reshape(-1, skeleton.COUNT, 3),
            np.array([(one.region.x, one.region.y, one.region.side) for one in found]).reshape(-1, 3),
            maps.reshape(-1, 2, components.components.shape[1], *MAP),
        ), components

    def _one(self, known: KnownPhoto) -> _One | None:
        try:
            photo = photos.decode(photos.read_file(known.file))
        except UnreadableMedia as error:
            raise DataError(f"{path_text(known.file)}: cannot be used ({error}); restore it") from error
        if photo.scale != (1.0, 1.0):
            raise DataError(f"{path_text(known.file)}: too large to learn from; make it smaller, and its joints")
        poses = [person.pose for person in self._estimator(photo.image)]
        area = geometry.AREA_OF_BOX * Box.around(known.joints, geometry.BOX_MARGIN).area
        chosen = geometry.nearest_pose([pose.keypoints for pose in poses], known.joints, area)
        if chosen is None or poses[chosen].visible.sum() < MIN_SEEN:
            return None
        region = region_of(poses[chosen].keypoints)
        looks = [self._trunk(photo.image, region, mirrored=mirrored) for mirrored in (False, True)]
        return _One(known, poses[chosen], region, np.stack(looks))


@dataclass(frozen=True, slots=True, eq=False)
class _One:
    """What is seen in one photo. maps: (2, 8, 8, 1280), or reduced."""

    known: KnownPhoto
    pose: Pose
    region: Region
    maps: NDArray[np.floating]


def _keep(path: Path, seen: Seen, beside: Path, components: Components) -> None:
    """Both on the disk; the part last, so that it never lacks its components."""
    try:
        if not beside.exists():
            _write(
                beside, {"mean": components.mean, "components": components.components, "scale": components.scale}
            )
        _write(path, {name: getattr(seen, name) for name in Seen.__dataclass_fields__})
    except OSError as error:
        raise DataError(
            f"{path_text(path)}: cannot be written ({error.strerror}); choose another folder"
        ) from error


def _write(path: Path, arrays: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez(stream, **arrays)
    part.replace(path)


def _kept(path: Path, beside: Path) -> tuple[Seen, Components] | None:
    """What was kept of a part, None where nothing was."""
    if not (path.exists() and beside.exists()):
        return None
    try:
        with np.load(path) as part, np.load(beside) as reduction:
            components = Components(reduction["mean"], reduction["components"], float(reduction["scale"]))
            return Seen(**{name: part[name] for name in Seen.__dataclass_fields__}), components
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{path_text(path)}: damaged ({error}); delete it to look again") from error
