"""People whose joints are known, for the pose networks: where they are in their photos, and the published changes
of what is shown of them (Xiao et al. 2018): scale, turn, mirror image with left and right swapped, half bodies."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.errors import ContrappostoError, DataError
from contrapposto.media.photos import decode, read_file
from contrapposto.media.sampling import Region
from contrapposto.poses.crops import cut, region_of, to_crop
from contrapposto.records import Box
from contrapposto.text import path_text
from contrapposto.training.photos import LEAST_JOINTS, splits_of

UPPER, LOWER = np.arange(0, 11), np.arange(11, skeleton.COUNT)
"""Keypoints of the halves of a body: head and arms; hips and legs."""

_HALF_EXPAND = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class KnownPerson:
    """joints: (17, 2) pixels of the photo, NaN unseen; box: around all annotated joints, also those that are not
    among the 17, grown by `geometry.BOX_MARGIN`, or the one that the set states."""

    file: Path
    joints: NDArray[np.float64]
    box: Box


@dataclass(frozen=True, slots=True)
class Change:
    """What is changed by chance; the defaults are the published ones."""

    scale: float = 0.3
    """Deviation of the factor on the side of what is shown, and the most that it differs from 1."""
    turn: float = 40.0
    """Deviation of the turn, degrees; at most twice as much."""
    turned: float = 0.6
    """Share of the people, 0..1, who are turned."""
    flip: float = 0.5
    """Share that is mirrored, 0..1."""
    half: float = 0.3
    """Share, 0..1, of those of whom more than `half_joints` joints are seen, who are shown by halves."""
    half_joints: int = 8
    """See `half`."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """image: (rows, columns, 3) RGB; joints: (17, 2) pixels of it, NaN unseen, also outside of it."""

    image: NDArray[np.uint8]
    joints: NDArray[np.float64]


def known_people(folder: Path, split: str) -> list[KnownPerson]:
    """The people of a split with at least `LEAST_JOINTS` joints, in the order of the set: a keypoint set with
    joints.npz, or COCO JSON (persons.json). A set without split.csv is one split as a whole.

    Raises DataError when something is missing or not as the format says, or there is nobody.
    """
    try:
        people = (_of_joints if (folder / "joints.npz").exists() else _of_coco)(folder)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(
            f"cannot read joints.npz or persons.json in {path_text(folder)} ({error}): give a keypoint set"
        ) from error
    if (folder / "split.csv").exists():
        files = splits_of(folder / "split.csv", split)
        people = [person for person in people if person.file.name in files]
    known = [person for person in people if np.isfinite(person.joints[:, 0]).sum() >= LEAST_JOINTS]
    if not known:
        raise DataError(f"{path_text(folder)} has nobody with {LEAST_JOINTS} joints in the split {split!r}")
    return known


def _of_joints(folder: Path) -> list[KnownPerson]:
    with np.load(folder / "joints.npz", allow_pickle=False) as table:
        joints = np.where(table["visible"][..., None], table["joints"].astype(np.float64), np.nan)
        points = skeleton.from_names(joints, [str(name) for name in table["joint_names"]])
        files = [folder / "images" / str(name) for name in table["file_name"]]
    return [
        KnownPerson(file, points[row], Box.around(joints[row], geometry.BOX_MARGIN))
        for row, file in enumerate(files)
        if np.isfinite(joints[row]).any()
    ]


def _of_coco(folder: Path) -> list[KnownPerson]:
    content: dict[str, Any] = json.loads((folder / "persons.json").read_text(encoding="utf-8"))
    files = {image["id"]: folder / "images" / image["file_name"] for image in content["images"]}
    people = []
    for row in content["annotations"]:
        if row.get("iscrowd") or not row.get("num_keypoints", 1) or not row.get("keypoints"):
            continue
        numbers = np.asarray(row["keypoints"], np.float64).reshape(-1, 3)
        points = np.where(numbers[:, 2:] > 0, numbers[:, :2], np.nan)
        joints = skeleton.from_names(points, skeleton.KEYPOINTS)
        people.append(KnownPerson(files[row["image_id"]], joints, Box(*map(float, row["bbox"]))))
    return people


def picture_of(person: KnownPerson) -> NDArray[np.uint8]:
    """(H, W, 3) RGB, the whole photo. Raises DataError when it is no picture, or was made smaller."""
    try:
        photo = decode(read_file(person.file))
    except ContrappostoError as error:
        raise DataError(f"{error}: every photo of the set must be there") from error
    if photo.scale != (1.0, 1.0):
        raise DataError(f"{path_text(person.file)}: too large to learn from; make it smaller, and its joints")
    return photo.image


def view(
    person: KnownPerson,
    image: NDArray[np.uint8],
    size: tuple[int, int],
    change: Change | None = None,
    rng: np.random.Generator | None = None,
    mirrored: bool = False,
) -> View:
    """What a network is shown of a person in a picture. size: rows, columns; change: None for the box as it is,
    which mirrored then mirrors; with a change rng decides."""
    if change is not None and rng is not None:
        region, mirrored = drawn(person, size, change, rng)
    else:
        region = region_of(person.box, size)
    shown = cut(image, region, size)
    if mirrored:
        shown = np.ascontiguousarray(shown[:, ::-1])
    return View(shown, joints_in(person, region, size, mirrored))


def drawn(
    person: KnownPerson, size: tuple[int, int], change: Change, rng: np.random.Generator
) -> tuple[Region, bool]:
    """By chance, what is shown of a person, and whether it is mirrored."""
    region = _half(person, size, change, rng)
    expand = float(np.clip(1 + change.scale * rng.normal(), 1 - change.scale, 1 + change.scale))
    most = np.deg2rad(2 * change.turn)
    turn = float(np.clip(np.deg2rad(change.turn) * rng.normal(), -most, most))
    turn = turn if rng.random() < change.turned else 0.0
    return replace(region, side=region.side * expand, turn=turn), bool(rng.random() < change.flip)


def joints_in(person: KnownPerson, region: Region, size: tuple[int, int], mirrored: bool) -> NDArray[np.float64]:
    """(17, 2) pixels of what is shown, NaN unseen or outside."""
    joints = to_crop(person.joints, region, size)
    if mirrored:
        joints = joints[skeleton.FLIP] * (-1, 1) + (size[1], 0)
    with np.errstate(invalid="ignore"):
        inside = np.all((joints >= 0) & (joints <= (size[1], size[0])), axis=1)
    found: NDArray[np.float64] = np.where(inside[:, None], joints, np.nan)
    return found


def _half(person: KnownPerson, size: tuple[int, int], change: Change, rng: np.random.Generator) -> Region:
    """What is shown, by chance half of the body."""
    seen = np.isfinite(person.joints[:, 0])
    if rng.random() < change.half and seen.sum() > change.half_joints:
        halves = [half[seen[half]] for half in (UPPER, LOWER)]
        if rng.random() < 0.5:
            halves.reverse()
        chosen = halves[0] if len(halves[0]) > 2 else halves[1]
        if len(chosen) > 2:
            box = Box.around(person.joints[chosen], 0.0)
            return region_of(box, size, _HALF_EXPAND)
    return region_of(person.box, size)
