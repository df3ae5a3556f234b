"""What the estimator finds in the photos of a data set, as arrays that a run folder keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError, UnreadableMedia
from contrapposto.evaluation.boxes import NOBODY, PersonBox
from contrapposto.evaluation.datasets import Item
from contrapposto.geometry import AREA_OF_BOX, oks
from contrapposto.indexing import Progress
from contrapposto.indexing.photos import people_of
from contrapposto.media import photos
from contrapposto.poses import PoseEstimator
from contrapposto.poses.in_box import InBox
from contrapposto.poses.movenet import person_score
from contrapposto.records import Box, Person

T = TypeVar("T")


SAME_OKS = 0.9
"""Of two people found in boxes of a detector who are this similar, the less sure one goes (Xiao et al. 2018)."""


@dataclass(frozen=True, slots=True, eq=False)
class PeopleArrays:
    """People of N photos end to end: keypoints (P, 17, 2) pixels of the picture file, NaN where unseen; scores
    (P, 17); counts (N,); sure (P,) how sure each person is; person (P,) positions of the annotated people in whose
    boxes they were found, -1 where that is not known."""

    keypoints: NDArray[np.float64]
    scores: NDArray[np.float64]
    counts: NDArray[np.int64]
    sure: NDArray[np.float64]
    person: NDArray[np.int64]

    @staticmethod
    def of(found: Sequence[Sequence[Person]]) -> PeopleArrays:
        """From lists of people, one a photo."""
        return _arrays(
            [
                [_Found(one.pose.keypoints, one.pose.scores, one.score, NOBODY, one.box.area) for one in photo]
                for photo in found
            ]
        )

    def by_photo(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """N arrays of one of the arrays of people."""
        return np.split(values, np.cumsum(self.counts)[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """area: of the box."""

    keypoints: NDArray[np.float64]
    scores: NDArray[np.float64]
    sure: float
    person: int
    area: float


def _arrays(found: Sequence[Sequence[_Found]]) -> PeopleArrays:
    people = [one for photo in found for one in photo]
    return PeopleArrays(
        np.array([one.keypoints for one in people]).reshape(-1, 17, 2),
        np.array([one.scores for one in people]).reshape(-1, 17),
        np.array([len(photo) for photo in found], dtype=np.int64),
        np.array([one.sure for one in people], dtype=np.float64),
        np.array([one.person for one in people], dtype=np.int64),
    )


def find_in_boxes(
    items: Sequence[Item],
    boxes: Sequence[Sequence[PersonBox]],
    network: InBox,
    progress: Progress | None = None,
    same_oks: float | None = None,
) -> PeopleArrays:
    """One person a box (in pixels of the picture file). How sure: the mean of the eight surest keypoints, times the
    score of the box. same_oks: of two this similar the less sure one goes. Raises DataError when a photo cannot be
    read."""

    def look(item: Item, photo: photos.Photo) -> list[_Found]:
        across, down = photo.scale
        found = []
        for given in in_boxes[item.file]:
            box = given.box
            shown = Box(box.x / across, box.y / down, box.width / across, box.height / down)
            points, scores = network(photo.image, shown)
            sure = given.score * person_score(scores)
            found.append(_Found(points * photo.scale, scores, sure, given.person, box.area))
        return found if same_oks is None else _distinct(found, same_oks)

    in_boxes = {item.file: given for item, given in zip(items, boxes, strict=True)}
    return _arrays(for_photos(items, look, progress))


def _distinct(people: Sequence[_Found], same_oks: float) -> list[_Found]:
    """Those that resemble no surer one."""
    kept: list[_Found] = []
    for one in sorted(people, key=lambda one: -one.sure):
        if all(oks(one.keypoints, other.keypoints, AREA_OF_BOX * other.area) < same_oks for other in kept):
            kept.append(one)
    return kept


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
