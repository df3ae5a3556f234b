"""Near-duplicates fold: the same person in copies of one photo that were stored anew is one answer, not several.

Two answers are the same person in the same photo when all of this agrees: the pictures' fingerprints, their aspect
ratios, the person's place in the picture, and the pose. So the photos of a burst stay apart as soon as the person
moves, and two people of one picture always do. The limits were measured (docs/media.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from contrapposto.media.fingerprint import SAME

ASPECT = 0.035
"""Relative difference of width / height up to which two pictures can be one; a crop of 3 % at one side is."""

PLACE = 0.04
"""Distance of the means of the joints, relative to the picture's diagonal, of the same place at most."""

POSE = 0.06
"""Mean distance of the joints after their means are put on each other, relative to the longer side of their box,
up to which the pose is the same."""

COPY = 1
"""Bits: pictures no further apart are copies rather than two of a burst, and joints that an estimator placed
differently in them count less: see `POSE_IN_COPIES`."""

POSE_IN_COPIES = 0.10
"""As `POSE`, where the fingerprints differ by at most `COPY`."""

LONGEST = 50
"""Windows that are walked at most."""

FEWEST_JOINTS = 4
"""Joints that both must have seen; also at least half of those that either has seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """An answer, as folding sees it. content: name of the file's content; fingerprint: of its picture, None without
    one; width, height: pixels of the picture; keypoints: (17, 2) pixels of the picture, NaN where unseen."""

    content: str
    fingerprint: int | None
    width: int
    height: int
    keypoints: NDArray[np.floating]


def fold(candidates: Iterable[Candidate], top: int) -> list[list[int]]:
    """The first `top` groups of candidates that come best first: places in that order, counted from 0.

    The first of a group leads it, and groups come in order of their leaders. A later candidate joins the first
    group whose leader is the same person in the same photo; members are not compared with each other, so that
    small steps do not add up. Of one content at most one person is in a group. A candidate without a fingerprint
    stays alone. When `top` groups are there, `window(top)` further candidates are looked at, which can still join;
    no more are taken from the iterable, so that it may make them as it goes. Fewer groups when it ends before, and
    where so much folds that `LONGEST * window(top)` candidates do not give enough.
    """
    leaders = _Leaders(max(0, top))
    groups: list[list[int]] = []
    left = window(top)
    for place, candidate in enumerate(islice(candidates, LONGEST * left)):
        joined = leaders.group(candidate)
        if joined is not None:
            groups[joined].append(place)
        elif len(groups) < top:
            leaders.add(candidate, len(groups))
            groups.append([place])
        if len(groups) >= top:
            if not left:
                break
            left -= 1
    return groups if top > 0 else []


def window(top: int) -> int:
    """Candidates that are looked at after the last group was opened. Near-duplicates stand close to each other in
    the order, as their poses are nearly equal."""
    return 4 * top + 100


def same_person(one: Candidate, other: Candidate, pose: float = POSE) -> bool:
    """Whether aspect, place and (to within `pose`) pose agree in two pictures that are taken for one, the second
    scaled to the size of the first."""
    aspect, other_aspect = one.width * other.height, other.width * one.height
    if abs(aspect - other_aspect) > ASPECT * max(aspect, other_aspect) or not other_aspect:
        return False
    first = np.asarray(one.keypoints, np.float64)
    second = other.keypoints * np.array([one.width / other.width, one.height / other.height])
    seen, seen_too = np.isfinite(first[:, 0]), np.isfinite(second[:, 0])
    shared = seen & seen_too
    if shared.sum() < max(FEWEST_JOINTS, np.count_nonzero(seen | seen_too) / 2):
        return False
    away = second[shared] - first[shared]
    shift = away.mean(axis=0)
    if np.hypot(*shift) > PLACE * np.hypot(one.width, one.height):
        return False
    size = float(np.ptp(first[shared], axis=0).max())
    return float(np.hypot(*(away - shift).T).mean()) <= pose * size


class _Leaders:
    """The leaders that have a fingerprint, and who is in their groups."""

    def __init__(self, most: int) -> None:
        self._fingerprints = np.zeros(min(most, 1024), np.uint64)
        self._leaders: list[tuple[int, Candidate, set[str]]] = []

    def add(self, candidate: Candidate, group: int) -> None:
        if candidate.fingerprint is None:
            return
        count = len(self._leaders)
        if count == len(self._fingerprints):
            self._fingerprints = np.concatenate([self._fingerprints, np.zeros_like(self._fingerprints)])
        self._fingerprints[count] = candidate.fingerprint
        self._leaders.append((group, candidate, {candidate.content}))

    def group(self, candidate: Candidate) -> int | None:
        """The first group that it belongs to; it is then one of it."""
        if candidate.fingerprint is None or not self._leaders:
            return None
        known = self._fingerprints[: len(self._leaders)]
        bits = np.bitwise_count(known ^ np.uint64(candidate.fingerprint))
        for near in np.flatnonzero(bits <= SAME):
            group, leader, contents = self._leaders[near]
            pose = POSE_IN_COPIES if bits[near] <= COPY else POSE
            if candidate.content not in contents and same_person(leader, candidate, pose):
                contents.add(candidate.content)
                return group
        return None
