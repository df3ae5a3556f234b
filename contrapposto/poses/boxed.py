"""People found as `movenet` finds them, whose keypoints another network finds anew in the box of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from contrapposto.geometry import BOX_MARGIN
from contrapposto.poses.in_box import InBox
from contrapposto.poses.movenet import MoveNet
from contrapposto.records import Box, Person, Pose

MIN_KEYPOINT = 0.1
"""A keypoint with a lower score is unseen, 0..1."""

MIN_SEEN = 3
"""Where the network sees fewer keypoints of somebody, those that were found before stay."""


class BoxedPeople:
    """A pose estimator (`poses.PoseEstimator`). Who is a person, and how sure that is, `movenet` decides."""

    def __init__(self, name: str, finder: MoveNet, network: InBox) -> None:
        """name: its key in `ESTIMATORS`."""
        self.name = name
        self.accurate = finder.accurate
        self._finder = finder
        self._network = network

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """See `PoseEstimator`."""
        return self._finder.lifted([self._again(image, person) for person in self._finder.find(image)])

    def _again(self, image: NDArray[np.uint8], person: Person) -> Person:
        found, scores = self._network(image, box_of(person))
        pose = merged(person.pose, found, scores)
        if pose.visible.sum() < MIN_SEEN:
            return person
        return replace(person, box=Box.around(pose.keypoints), pose=pose)


def box_of(person: Person) -> Box:
    """What a network is shown of somebody: the box of the seen keypoints, grown as those were that it learned
    from."""
    return Box.around(person.pose.keypoints, BOX_MARGIN)


def merged(before: Pose, found: NDArray[np.floating], scores: NDArray[np.floating]) -> Pose:
    """The pose with (17, 2) keypoints found anew, and (17,) scores; those that the network does not know stay.
    Where it is never unsure (all of its scores are 1), what was unseen stays so, and scores stay."""
    known = np.isfinite(found).all(axis=1)
    never_unsure = known.any() and np.all(scores[known] == 1)
    sure = np.where(known & (not never_unsure), scores, before.scores)
    points = np.where(known[:, None], found, before.keypoints)
    return Pose(np.where((sure >= MIN_KEYPOINT)[:, None], points, np.nan), sure)
