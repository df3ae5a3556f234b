"""The default pose estimator: MultiPose (and NanoDet) propose people, Thunder refines each, then they are lifted.

Proposals: MultiPose looks at the whole picture, and once more at twice the size where it saw small people. For
each box Thunder looks at a square around it; when it is unsure, at the same square turned by quarters; and then
at a square around the keypoints it found, turned with the torso when that is far from upright. The surest look
stays. Who was found away from the box, most often a neighbour, is looked for once more with everything outside the
box painted black. Unsure and tiny people go, then duplicates (OKS non-maximum suppression). The people of the
picture get their 3D keypoints together (`lifting`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contrapposto.geometry import oks
from contrapposto.media.sampling import Region, only
from contrapposto.people import Proposal, suppress
from contrapposto.people.multipose import MultiPose
from contrapposto.people.nanodet import NanoDet
from contrapposto.poses.lifting import Lifter
from contrapposto.poses.thunder import Estimate, Thunder, torso_turn, turned_region
from contrapposto.records import Box, Person, Pose
from contrapposto.weights import Progress

_SECOND_SIDE = 512
"""Pixels of the picture's longer side in MultiPose's second look."""

_SURE = 0.1
"""Keypoints scored above this decide the last square, 0..1."""


@dataclass(frozen=True, slots=True)
class MoveNetOptions:
    """Settings of the estimator; the defaults are the measured choice (`docs/poses.md`)."""

    accurate: bool = False
    """Add NanoDet's proposals: finds more and smaller people, takes about twice as long."""
    min_multipose: float = 0.11
    """Least score of a MultiPose proposal, 0..1."""
    min_nanodet: float = 0.3
    """Least score of a NanoDet proposal, 0..1."""
    small: float = 0.4
    """MultiPose looks again when the larger side of a box it proposes is less than this share of the picture's."""
    proposal_iou: float = 0.6
    """Overlap at which the weaker of two proposed boxes goes."""
    max_proposals: int = 24
    """Most proposals that are looked at in one picture."""
    expand: float = 1.2
    """Side of the first square, in larger sides of the proposed box."""
    unsure: float = 0.35
    """Below this mean keypoint score the quarter turns are tried, 0..1."""
    surer_by: float = 0.05
    """What a quarter turn must gain in mean keypoint score to be believed."""
    sure: float = 0.5
    """From this mean keypoint score on, an upright person gets no last look, 0..1."""
    turn_degrees: float = 40.0
    """The last square is turned with a torso that is further than this from upright."""
    last_expand: float = 1.35
    """Side of the last square, in larger sides of the keypoints' (turned) box."""
    astray: float = 0.3
    """One whose box overlaps the proposed one less (IoU), or another proposed one more, may be another person."""
    hopeful: float = 0.4
    """Least evidence (as below) for looking once more for somebody who may be another person."""
    alone_margin: float = 0.05
    """What stays around the box when the rest is painted black, in larger sides of the box."""
    min_evidence: float = 0.55
    """Least evidence for a person: the score (mean of the eight surest keypoints) plus the proposal's support."""
    multipose_support: float = 1.0
    """Support of a MultiPose proposal, in its score."""
    nanodet_support: float = 0.3
    """Support of a NanoDet proposal, in its score."""
    min_side: float = 36.0
    """Pixels: least larger side of the keypoints' box; smaller people are too coarse to have a pose."""
    min_keypoint: float = 0.1
    """A keypoint with a lower score is unseen, 0..1."""
    duplicate_oks: float = 0.5
    """Of two people this similar, the less sure one goes, 0..1."""


class MoveNet:
    """The pose estimator `movenet`; see `PoseEstimator`."""

    name = "movenet"

    def __init__(
        self,
        options: MoveNetOptions | None = None,
        *,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self.options = options or MoveNetOptions()
        self.accurate = self.options.accurate
        self._multipose = MultiPose(min_score=self.options.min_multipose, threads=threads, progress=progress)
        self._nanodet = (
            NanoDet(min_score=self.options.min_nanodet, threads=threads, progress=progress)
            if self.options.accurate
            else None
        )
        self._thunder = Thunder(threads=threads, progress=progress)
        self._lifter = Lifter(threads=threads, progress=progress)

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """The people of a (H, W, 3) RGB picture, most prominent (score times box side) first."""
        return self.lifted(self.find(image))

    def find(self, image: NDArray[np.uint8]) -> list[Person]:
        """The same, without 3D keypoints."""
        proposals = self._propose(image)
        people = []
        for proposal in proposals:
            person = self._find(image, proposal, proposals)
            evidence = person.score + proposal.score
            if evidence >= self.options.min_evidence and _side(person.box) >= self.options.min_side:
                people.append(person)
        people.sort(key=lambda person: -person.score)
        return sorted(self._distinct(people), key=lambda person: -person.score * np.sqrt(person.box.area))

    def _propose(self, image: NDArray[np.uint8]) -> list[Proposal]:
        """Boxes to look at, MultiPose's first; their scores are their support."""
        found = self._multipose(image)
        longer = max(image.shape[:2])
        if longer >= _SECOND_SIDE * 0.75 and any(_side(p.box) < self.options.small * longer for p in found):
            found += self._multipose(image, _SECOND_SIDE)
        proposals = [Proposal(p.box, self.options.multipose_support * p.score) for p in found]
        if self._nanodet:
            proposals += [Proposal(p.box, self.options.nanodet_support * p.score) for p in self._nanodet(image)]
        large = [p for p in proposals if _side(p.box) >= self.options.min_side]
        return suppress(large, self.options.proposal_iou)[: self.options.max_proposals]

    def _find(self, image: NDArray[np.uint8], proposal: Proposal, proposals: list[Proposal]) -> Person:
        """The person proposed; looked for alone where it seems that another one was found."""
        person = self._person(self._refine(image, proposal.box))
        overlap = person.box.iou(proposal.box)
        elsewhere = any(person.box.iou(other.box) > overlap for other in proposals)
        hopeful = person.score + proposal.score >= self.options.hopeful
        if not hopeful or (overlap >= self.options.astray and not elsewhere):
            return person
        region = Region.around(proposal.box, self.options.expand)
        alone = self._person(self._thunder(only(image, proposal.box, self.options.alone_margin), region))
        return alone if alone.box.iou(proposal.box) > overlap else person

    def _refine(self, image: NDArray[np.uint8], box: Box) -> Estimate:
        return looks(self._thunder, image, box, self.options)[1].estimate

    def lifted(self, people: list[Person]) -> list[Person]:
        """The same people with 3D keypoints, all lifted at once."""
        if not people:
            return people
        poses = [person.pose for person in people]
        deep = self._lifter(np.stack([pose.keypoints for pose in poses]), np.stack([pose.scores for pose in poses]))
        return [
            replace(person, pose=replace(person.pose, keypoints3d=points))
            for person, points in zip(people, deep, strict=True)
        ]

    def _distinct(self, people: list[Person]) -> Iterator[Person]:
        """Those that resemble no surer one; the people come surest first."""
        kept: list[Person] = []
        for person in people:
            if not any(self._same(other, person) for other in kept):
                kept.append(person)
                yield person

    def _same(self, surer: Person, person: Person) -> bool:
        area = 0.6 * max(surer.box.area, person.box.area, 1.0)
        return oks(surer.pose.keypoints, person.pose.keypoints, area) >= self.options.duplicate_oks

    def _person(self, estimate: Estimate) -> Person:
        """With the box of the keypoints that are seen (of the three surest where fewer are)."""
        seen = estimate.scores >= min(self.options.min_keypoint, np.sort(estimate.scores)[-3])
        points = np.where(seen[:, None], estimate.points, np.nan)
        return Person(Box.around(points), person_score(estimate.scores), Pose(points, estimate.scores))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look of Thunder at somebody. name: "first look", "turned by 90 degrees" and so on, or "last look";
    region: the square that was looked at."""

    name: str
    region: Region
    estimate: Estimate


def looks(thunder: Thunder, image: NDArray[np.uint8], box: Box, options: MoveNetOptions) -> tuple[list[Look], Look]:
    """All looks at the person in a box of a (H, W, 3) RGB picture, in their order, and the one to be believed."""

    def look(name: str, region: Region) -> Look:
        seen.append(Look(name, region, thunder(image, region)))
        return seen[-1]

    seen: list[Look] = []
    region = Region.around(box, options.expand)
    best = look("first look", region)
    if best.estimate.score < options.unsure:
        turned = [
            look(f"turned by {90 * quarter} degrees", replace(region, turn=quarter * np.pi / 2))
            for quarter in (1, 2, 3)
        ]
        surest = max(turned, key=lambda one: one.estimate.score)
        if surest.estimate.score > best.estimate.score + options.surer_by:
            best = surest
    turn = torso_turn(best.estimate.points)
    if turn is None or abs(turn) < np.deg2rad(options.turn_degrees):
        if best.estimate.score >= options.sure:
            return seen, best
        turn = 0.0
    last = look("last look", turned_region(best.estimate, turn, options.last_expand, _SURE))
    return seen, last if last.estimate.score > best.estimate.score else best


def person_score(scores: NDArray[np.float64]) -> float:
    """Mean of the eight surest keypoint scores (17,), 0..1: someone half hidden can still be sure."""
    return float(np.sort(scores)[-8:].mean())


def _side(box: Box) -> float:
    return max(box.width, box.height)
