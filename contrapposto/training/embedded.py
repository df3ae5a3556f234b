"""Photos of one person each whose joints and image embedding are known: what the language stream, the masks and the
queries by conditions learn from.

Embeddings are read from a folder that holds, for a split such as `train`, a file `train.npz` with `name` (N,) of
the photos, `embedding` (N, D), NaN where nobody was found, and `true` (N, 17, 2) annotated joints in pixels, NaN
where unseen. It may have `found` (N,): embeddings of who was not found are left out; and `keypoints` and `scores`,
as they were found: see `with_face`. And `head.pt`, the state dict of the layers behind the image network's
features.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.posebits.answers import People, posebits
from contrapposto.posebits.measures import Figures
from contrapposto.poses.lifting import Lifter
from contrapposto.text import path_text

if TYPE_CHECKING:
    from torch import nn

Bits = NDArray[np.bool_]

FACE_KEYPOINTS = 5
"""The first so many keypoints are of the face."""

LEAST_FACE = 0.3
"""Least score, 0..1, of a found keypoint that stands for one that is not annotated."""

LEAST_JOINTS = 6
"""People with fewer annotated joints are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedPeople:
    """names: of the photos of N people; joints: (N, 17, 2) annotated, NaN unseen; embeddings: (N, D) float32 of
    length 1; true, known: (N, R) posebits, of the joints in the picture and lifted."""

    names: tuple[str, ...]
    joints: NDArray[np.float64]
    embeddings: NDArray[np.float32]
    true: Bits
    known: Bits

    def __len__(self) -> int:
        return len(self.names)

    @staticmethod
    def of(names: tuple[str, ...], joints: NDArray[np.float64], embeddings: NDArray[np.floating]) -> EmbeddedPeople:
        """With the posebits of these joints, lifted to 3D; people without an embedding, or with too few joints,
        are left out."""
        seen: NDArray[np.bool_] = np.all(np.isfinite(joints), axis=2)
        kept: NDArray[np.bool_] = np.all(np.isfinite(embeddings), axis=1) & (seen.sum(axis=1) >= LEAST_JOINTS)
        points, scores = joints[kept], seen[kept].astype(np.float64)
        true, known = posebits(People(Figures(points, Lifter()(points, scores)), scores))
        chosen = tuple(name for name, keep in zip(names, kept, strict=True) if keep)
        return EmbeddedPeople(chosen, points, embeddings[kept].astype(np.float32), true, known)

    @property
    def posebytes(self) -> NDArray[np.float32]:
        """(N, R) 1 where true, -1 where false, 0 where unknown: what the language stream is given."""
        return np.where(self.known, np.where(self.true, 1.0, -1.0), 0.0).astype(np.float32)


def read_embedded(folder: Path, split: str) -> EmbeddedPeople:
    """The people of a split. Raises DataError when the file is missing or not as said above."""
    path = _there(folder, f"{split}.npz")
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = tuple(str(name) for name in archive["name"])
            people = EmbeddedPeople.of(names, with_face(archive), _embeddings(archive))
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {path_text(path)} ({error}): write it anew") from error
    if not len(people):
        raise DataError(f"{path_text(path)} has nobody with an embedding and {LEAST_JOINTS} joints")
    return people


def with_face(archive: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """(N, 17, 2) annotated joints; of a face that is not annotated the `keypoints` (N, 17, 2) that were found with
    `scores` (N, 17) of at least `LEAST_FACE`, where the archive has these: else nothing would be learned of
    heads."""
    joints = np.array(archive["true"], dtype=np.float64)
    if "keypoints" in archive and "scores" in archive:
        seen = np.isfinite(archive["keypoints"]).all(axis=2) & (archive["scores"] >= LEAST_FACE)
        face = np.arange(joints.shape[1]) < FACE_KEYPOINTS
        filled = seen & face & np.isnan(joints).any(axis=2)
        joints[filled] = archive["keypoints"][filled]
    return joints


def embeddings_by_name(folder: Path, split: str) -> dict[str, NDArray[np.float32]]:
    """(D,) embedding of the person of each photo of a split, NaN where nobody was found. Raises DataError."""
    path = _there(folder, f"{split}.npz")
    try:
        with np.load(path, allow_pickle=False) as archive:
            pairs = zip(archive["name"], _embeddings(archive), strict=True)
            return {str(name): embedding for name, embedding in pairs}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {path_text(path)} ({error}): write it anew") from error


def read_head(folder: Path) -> nn.Sequential:
    """The layers behind the image network's features. Raises DataError."""
    import torch

    from contrapposto.networks.language_stream import head_of

    path = _there(folder, "head.pt")
    try:
        return head_of(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise DataError(f"cannot read {path_text(path)} ({error}): write it anew") from error


def _embeddings(archive: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """(N, D), NaN where nobody was found."""
    embeddings = archive["embedding"].astype(np.float32)
    if "found" in archive:
        embeddings[~archive["found"]] = np.nan
    return embeddings


def _there(folder: Path, name: str) -> Path:
    """A file of a folder. Raises DataError when it is missing."""
    if not (folder / name).is_file():
        raise DataError(f"{path_text(folder)} has no {name}: give the folder of the embeddings")
    return folder / name
