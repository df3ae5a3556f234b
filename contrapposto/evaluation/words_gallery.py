"""What methods know of the people who are asked, and of those of a development set: how they were found, their
image embeddings, and what an ImageNet classifier sees."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import Item
from contrapposto.evaluation.people3d import People3d, nearest_poses
from contrapposto.evaluation.predictions import for_photos
from contrapposto.evaluation.retrieval_methods import JOINT_BOX
from contrapposto.evaluation.words_questions import Answers
from contrapposto.indexing import Progress
from contrapposto.indexing.photos import people_of
from contrapposto.media.photos import Photo
from contrapposto.media.sampling import Region
from contrapposto.posebits.answers import People
from contrapposto.records import EMBEDDING, Box
from contrapposto.representations.pose_embedder import make_embedding_estimator
from contrapposto.representations.pose_embedding import WEIGHTS
from contrapposto.text import path_text
from contrapposto.training.embedded import embeddings_by_name
from contrapposto.weights import Progress as FetchProgress

Real = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """people: N, as they were found; embeddings: (N, D) of length 1, NaN where nobody was found, None where the
    method does not ask; looks: (N, L) ImageNet features of length 1, None as before."""

    people: People
    embeddings: Real | None = None
    looks: Real | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """The development set: what is true of it, and as in `Gallery`."""

    answers: Answers
    embeddings: Real | None = None
    looks: Real | None = None


def embeddings_of(
    people: People3d,
    folder: Path | None,
    fetching: FetchProgress | None = None,
    progress: Progress | None = None,
) -> Real:
    """(N, D) pose embeddings of the people of photos, NaN where nobody was found. Raises DataError, WeightsError.

    They are read from a folder of embeddings (`training.embedded`), which knows one person a photo; without one,
    or where it has no file of the split, the photos are looked at as indexing does it. Nobody was found in photos
    that the folder does not name.
    """
    if folder is None or not (folder / f"{people.split}.npz").is_file():
        estimator = make_embedding_estimator(progress=fetching)
        nobody = np.full(EMBEDDING, np.nan, np.float32)

        def one(item: Item, photo: Photo) -> list[Real]:
            poses = nearest_poses(people_of(photo, estimator), item)
            return [nobody if pose is None else pose.embedding for pose in poses]

        return np.stack([row for rows in for_photos(people.items, one, progress) for row in rows])
    by_name = embeddings_by_name(folder, str(people.split))
    files = [item.file.name for item in people.items for _ in item.people]
    if by_name.keys().isdisjoint(files):
        raise DataError(f"{path_text(folder)} has no embedding of {files[0]}, nor of any other: write it anew")
    nobody = np.full(EMBEDDING, np.nan, np.float32)
    return np.stack([by_name.get(file, nobody) for file in files])


def identity(people: People3d, folder: Path | None) -> dict[str, str]:
    """What stands for the embeddings in a run's configuration."""
    if folder is None or not (path := folder / f"{people.split}.npz").is_file():
        return {name: weights.identity(name) for name in WEIGHTS}
    return {"embeddings": hashlib.sha256(path.read_bytes()).hexdigest()[:16]}


def looks_of(
    people: People3d, folder: Path | None, fetching: FetchProgress | None, progress: Progress | None
) -> Real:
    """(N, 1280) ImageNet features of the squares around the true joints, as `imagenet` of the yardstick has them;
    kept in the folder of embeddings as `imagenet_SPLIT.npz`. Raises DataError, WeightsError."""
    from contrapposto.features.appearance import Appearance

    files = [item.file.name for item in people.items for _ in item.people]
    kept = folder / f"imagenet_{people.split}.npz" if folder is not None else None
    if kept is not None and kept.is_file():
        try:
            with np.load(kept, allow_pickle=False) as archive:
                if archive["name"].tolist() == files:
                    return np.asarray(archive["look"], dtype=np.float32)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise DataError(f"cannot read {path_text(kept)} ({error}): delete it") from error
    look = Appearance(progress=fetching)

    def one(item: Item, photo: Photo) -> list[Real]:
        boxes = [Box.around(_limbs(person.keypoints) / np.asarray(photo.scale)) for person in item.people]
        return [look(photo.image, Region.around(box, JOINT_BOX)) for box in boxes]

    found = np.stack([features for photo in for_photos(people.items, one, progress) for features in photo])
    if kept is not None:
        np.savez_compressed(kept, name=np.array(files), look=found.astype(np.float16))
    return found


def _limbs(keypoints: NDArray[Any]) -> NDArray[Any]:
    """The 12 limb joints, or all of a person who shows none of them."""
    limbs = keypoints[5:]
    return limbs if np.isfinite(limbs).any() else keypoints
