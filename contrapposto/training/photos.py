"""Photos of one person each whose joints are known, as small pictures in memory, and what training does to them.

A picture shows the square whose side is `SQUARE` times the larger side of the box of the true joints, and `SPARE`
more, so that it can be moved and scaled without showing its edge.
"""

from __future__ import annotations

import csv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from contrapposto import skeleton
from contrapposto.errors import ContrappostoError, DataError
from contrapposto.media.photos import decode, read_file
from contrapposto.media.sampling import Region
from contrapposto.records import Box

SQUARE = 1.3
"""Side of what the network sees, in larger sides of the box of the true joints."""

SPARE = 1.2
"""Side of what is kept in memory, in sides of what the network sees."""

LEAST_JOINTS = 4
"""Photos with fewer seen joints are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Photos:
    """images: (N, S, S, 3) uint8 RGB, S about `SPARE` times side; side: pixels of what the network sees, the middle
    of it; joints: (N, 17, 2) pixels of the image, NaN unseen, y down; names: of the files; clusters: (N,) scenes,
    each photo its own where the set knows none."""

    images: NDArray[np.uint8]
    side: int
    joints: NDArray[np.float64]
    names: tuple[str, ...]
    clusters: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.images)

    def middle(self, numbers: NDArray[np.integer]) -> NDArray[np.uint8]:
        """(B, side, side, 3) of these photos as the network sees them without changes."""
        edge = (self.images.shape[1] - self.side) // 2
        return self.images[numbers, edge : edge + self.side, edge : edge + self.side]

    def changed(
        self, numbers: NDArray[np.integer], rng: np.random.Generator, change: Change, flip: bool | None = None
    ) -> NDArray[np.uint8]:
        """(B, side, side, 3) of these photos, each scaled and moved by chance; all of them mirrored or none, as
        distances between poses are those of their mirror images. flip: None to draw it."""
        count, stored = len(numbers), self.images.shape[1]
        scales = 1 + rng.uniform(-change.scale, change.scale, count)
        shifts = rng.uniform(-change.shift, change.shift, (count, 2)) * self.side
        mirrored = bool(rng.random() < change.flip) if flip is None else flip
        changed = np.empty((count, self.side, self.side, 3), np.uint8)
        for row, number in enumerate(numbers):
            changed[row] = _warped(self.images[number], scales[row], shifts[row], self.side, stored)
        return changed[:, :, ::-1] if mirrored else changed


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to photos by chance."""

    scale: float = 0.05
    """Most that they are enlarged or reduced, as a share."""
    shift: float = 0.05
    """Most that they are moved across and down, as a share of the side."""
    flip: float = 0.5
    """Share of the steps, 0..1, whose photos are all mirrored."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownPhoto:
    """A photo of one person. joints: (17, 2) pixels of the file, NaN unseen; cluster: its scene, below 0 where it
    is alone in its own."""

    file: Path
    joints: NDArray[np.float64]
    cluster: int


def known_photos(folder: Path, split: str) -> list[KnownPhoto]:
    """The photos of one split of a keypoint set whose people show at least `LEAST_JOINTS` joints: `images/`,
    joints.npz, split.csv with file, split and cluster. Raises DataError when something is missing, not as the
    format says, or there are none."""
    table = folder / "joints.npz"
    try:
        with np.load(table, allow_pickle=False) as archive:
            names = [str(name) for name in archive["file_name"]]
            joints = np.where(archive["visible"][..., None], archive["joints"].astype(np.float64), np.nan)
            points = skeleton.from_names(joints, [str(name) for name in archive["joint_names"]])
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {table} ({error}): give the folder of a keypoint set") from error
    clusters = splits_of(folder / "split.csv", split)
    seen = np.isfinite(points).all(axis=2).sum(axis=1)
    known = [
        KnownPhoto(folder / "images" / name, points[row], clusters[name])
        for row, name in enumerate(names)
        if name in clusters and seen[row] >= LEAST_JOINTS
    ]
    if not known:
        raise DataError(f"{folder} has no photos with {LEAST_JOINTS} joints in the split {split!r}")
    return known


def read_photos(folder: Path, split: str, side: int, limit: int | None = None, threads: int = 2) -> Photos:
    """The `known_photos` of one split. side: pixels of what a network will see; limit: no more than the first so
    many; threads: that read files. Raises DataError."""
    known = known_photos(folder, split)[:limit]
    stored = side + 2 * round(side * (SPARE - 1) / 2)

    def one(photo: KnownPhoto) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        return crop(photo.file, photo.joints, side, stored)

    with ThreadPoolExecutor(threads) as pool:
        made = list(pool.map(one, known))
    return Photos(
        np.stack([image for image, _ in made]),
        side,
        np.stack([moved for _, moved in made]),
        tuple(photo.file.name for photo in known),
        np.array([photo.cluster for photo in known], np.int64),
    )


def crop(
    file: Path, joints: NDArray[np.float64], side: int, stored: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """(stored, stored, 3) picture of a person with joints (17, 2), pixels of the photo, NaN unseen, and the joints
    in there; its middle `side` pixels show the square of `SQUARE`. Raises DataError when the photo is no picture.
    """
    square = Region.around(Box.around(joints, 0.0), SQUARE)
    region = Region(square.x, square.y, square.side * stored / side)
    try:
        image = decode(read_file(file)).image
    except ContrappostoError as error:
        raise DataError(f"{error}: every photo of the set must be there") from error
    moved = (joints - (region.x, region.y)) * (stored / region.side) + stored / 2
    return region.cut(image, stored), moved


def as_input(images: NDArray[np.uint8] | Tensor, device: torch.device | None = None) -> Tensor:
    """(N, 3, H, W) float32, (value - 127) / 128, on the device, of (N, H, W, 3) uint8 RGB, for networks."""
    given = images if isinstance(images, Tensor) else torch.from_numpy(np.ascontiguousarray(images))
    moved: Tensor = given.to(device).permute(0, 3, 1, 2).float()
    return ((moved - 127) / 128).contiguous()


def _warped(
    image: NDArray[np.uint8], scale: float, shift: NDArray[np.float64], side: int, stored: int
) -> NDArray[np.uint8]:
    matrix = np.array(
        [[scale, 0, side / 2 + shift[0] - scale * stored / 2], [0, scale, side / 2 + shift[1] - scale * stored / 2]]
    )
    matrix[:, 2] += 0.5 * scale - 0.5  # OpenCV counts from the centres of pixels
    moved = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


def splits_of(path: Path, split: str) -> dict[str, int]:
    """Scene of each file of a split of split.csv; a photo without one is alone in its own, of a negative number.
    Raises DataError."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        found = {
            row["file"]: int(row.get("cluster") or -1 - i) for i, row in enumerate(rows) if row["split"] == split
        }
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"cannot read {path} ({error}): it needs the columns file, split and cluster") from error
    if not found:
        raise DataError(f"{path} has no split {split!r}: choose one of {sorted({row['split'] for row in rows})}")
    return found
