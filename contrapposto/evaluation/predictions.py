"""What the estimator finds in the photos of a data set, as arrays that a run folder keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError, UnreadableMedia
from contrapposto.evaluation.datasets import Item
from contrapposto.indexing import Progress, people_of
from contrapposto.media import photos
from contrapposto.poses import PoseEstimator
from contrapposto.records import Person

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class PeopleArrays:
    """People of N photos end to end: keypoints (P, 17, 2) NaN where unseen, scores (P, 17), counts (N,)."""

    keypoints: NDArray[np.float64]
    scores: NDArray[np.float64]
    counts: NDArray[np.int64]

    @staticmethod
    def of(found: Sequence[Sequence[Person]]) -> PeopleArrays:
        """From lists of people, one a photo."""
        people = [person for photo in found for person in photo]
        return PeopleArrays(
            np.array([person.pose.keypoints for person in people]).reshape(-1, 17, 2),
            np.array([person.pose.scores for person in people]).reshape(-1, 17),
            np.array([len(photo) for photo in found], dtype=np.int64),
        )

    def by_photo(self) -> list[NDArray[np.float64]]:
        """N arrays (P_i, 17, 2)."""
        return np.split(self.keypoints, np.cumsum(self.counts)[:-1])


def find_people(
    items: Sequence[Item], estimator: PoseEstimator, progress: Progress | None = None
) -> list[list[Person]]:
    """People of each photo, in pixels of the picture file. Raises DataError when a photo cannot be read."""
    return for_photos(items, lambda _, photo: people_of(photo, estimator), progress)


def for_photos(
    items: Sequence[Item], work: Callable[[Item, photos.Photo], T], progress: Progress | None = None
) -> list[T]:
    """`work` of each decoded photo, in order, on all cores."""

    def one(item: Item) -> T:
        try:
            photo = photos.decode(photos.read_file(item.file))
        except UnreadableMedia as error:
            raise DataError(f"{item.file}: cannot be used ({error}); restore the data folder") from error
        return work(item, photo)

    results = []
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        for done, result in enumerate(pool.map(one, items), start=1):
            results.append(result)
            if progress:
                progress(done, len(items))
    return results
