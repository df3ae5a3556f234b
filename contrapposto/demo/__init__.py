"""The built-in collection: photos and films that this project rendered itself, and the exact truth about them.

`render/` at the repository root made it (not part of the installed package). The people are bodies of a parametric
model in hand-written and generated postures, so keypoints, 3D, cameras and the right neighbours are known from
geometry. The bodies are no real people.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.records import Box

GENERATED = "generated"
"""Pose name of people whose posture was drawn by chance."""

_HOME = Path(__file__).parent


@dataclass(frozen=True, slots=True, eq=False)
class DemoPerson:
    """One person in a photo, or in one frame of a film.

    file: name of the photo or film, without folder; frame: of the film, from 0, None in a photo; number: from 1 in
    the picture, in a photo the largest box first, in a film the same person through a shot;
    pose: name of the posture (its sides are the person's own), `GENERATED`, or in a film the posture that the
    person is nearest to in time; each named person of a photo differs from the posture by a few degrees a joint;
    ordinary: upright on the feet or seated on a box, False on the floor, upside down or in the air;
    body: name of the shape; size: width and height of the picture in pixels.

    keypoints: (17, 2) float64 pixels in the image frame, exact, in canonical order; never NaN: also of keypoints
    that are hidden or outside the picture. visible: (17,) inside the picture and not hidden behind a body or a box;
    a joint inside its own limb is visible.
    keypoints3d: (17, 3) float64 metres in the camera frame of `contrapposto.records`.
    hips: (3,) float64 metres, the middle of the hips in the same axes, from the camera (z below 0: in front of it).
    focal: pixels; the view axis meets the middle of the picture. With p = keypoints3d + hips a keypoint lies at
    x = width / 2 - focal * p.x / p.z and y = height / 2 + focal * p.y / p.z.
    azimuth, elevation: degrees, where the camera stands as seen from the hips: azimuth 0 is the side that the
    posture faces (upright: in front of the person), 90 its left, 180 or -180 its back; elevation from the
    horizontal up.
    box: of the whole surface of the body, cut at the edges of the picture.
    """

    file: str
    frame: int | None
    number: int
    pose: str
    ordinary: bool
    body: str
    size: tuple[int, int]
    keypoints: NDArray[np.float64]
    visible: NDArray[np.bool_]
    keypoints3d: NDArray[np.float64]
    hips: NDArray[np.float64]
    focal: float
    azimuth: float
    elevation: float
    box: Box

    @property
    def seen_keypoints(self) -> NDArray[np.float64]:
        """(17, 2) the keypoints with NaN where not visible, as a `Pose` holds them."""
        return np.where(self.visible[:, None], self.keypoints, np.nan)


@dataclass(frozen=True, slots=True)
class DemoShot:
    """Frames `start` to `end` - 1 of a film; fade: it comes in through black (`start` is in the middle of the
    black), else by a hard cut."""

    start: int
    end: int
    fade: bool


@dataclass(frozen=True, slots=True)
class DemoFilm:
    """rate: frames a second; frames: their number; shots: without gaps, in order."""

    file: str
    rate: float
    frames: int
    shots: tuple[DemoShot, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """people: of the photos, by file and number; film_people: of the films, by film, frame and number;
    films: by file name."""

    people: tuple[DemoPerson, ...]
    film_people: tuple[DemoPerson, ...]
    films: Mapping[str, DemoFilm]

    def of(self, file: str) -> tuple[DemoPerson, ...]:
        """The people of a photo by its file name, number 1 first; empty for an unknown name."""
        return tuple(person for person in self.people if person.file == file)

    def at(self, file: str, frame: int) -> tuple[DemoPerson, ...]:
        """The people of one frame of a film, number 1 first; empty for an unknown one."""
        return tuple(person for person in self.film_people if person.file == file and person.frame == frame)


def photos() -> Path:
    """Folder of the photos."""
    return _HOME / "photos"


def films() -> Path:
    """Folder of the films."""
    return _HOME / "films"


@cache
def truth() -> Truth:
    """Who is in the photos and films, and how. Read once, then kept. Raises DataError when the collection is
    missing or damaged."""
    path = _HOME / "truth.npz"
    try:
        with np.load(path, allow_pickle=False) as archive:
            columns = {name: archive[name] for name in archive.files}
        return _read(columns)
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as problem:
        raise DataError(
            f"the built-in collection {path} cannot be read ({problem}): install the package again"
        ) from None


def _read(columns: dict[str, NDArray[np.generic]]) -> Truth:
    rows = [_person(columns, row) for row in range(len(columns["media"]))]
    people = tuple(person for person in rows if person.frame is None)
    return Truth(people, tuple(person for person in rows if person.frame is not None), _films(columns))


def _person(columns: dict[str, NDArray[np.generic]], row: int) -> DemoPerson:
    def numbers(name: str, *shape: int) -> NDArray[np.float64]:
        values = np.array(columns[name][row], dtype=np.float64).reshape(shape)
        values.setflags(write=False)
        return values

    visible = np.array(columns["visible"][row], dtype=np.bool_).reshape(skeleton.COUNT)
    visible.setflags(write=False)
    frame = int(columns["frame"][row])
    width, height = (int(side) for side in columns["size"][row])
    return DemoPerson(
        file=str(columns["media"][row]),
        frame=None if frame < 0 else frame,
        number=int(columns["number"][row]),
        pose=str(columns["pose"][row]),
        ordinary=bool(columns["ordinary"][row]),
        body=str(columns["body"][row]),
        size=(width, height),
        keypoints=numbers("keypoints", skeleton.COUNT, 2),
        visible=visible,
        keypoints3d=numbers("keypoints3d", skeleton.COUNT, 3),
        hips=numbers("hips", 3),
        focal=float(columns["focal"][row]),
        azimuth=float(columns["azimuth"][row]),
        elevation=float(columns["elevation"][row]),
        box=Box(*(float(value) for value in columns["box"][row])),
    )


def _films(columns: dict[str, NDArray[np.generic]]) -> Mapping[str, DemoFilm]:
    shots: dict[str, list[DemoShot]] = {}
    for file, start, end, fade in zip(
        columns["shot_file"], columns["shot_start"], columns["shot_end"], columns["shot_fade"], strict=True
    ):
        shots.setdefault(str(file), []).append(DemoShot(int(start), int(end), bool(fade)))
    rate = float(columns["rate"])
    return MappingProxyType(
        {file: DemoFilm(file, rate, parts[-1].end, tuple(parts)) for file, parts in shots.items()}
    )
