"""The keypoints of the person in a box on which several looks of MoveNet Thunder agree.

Thunder looks at a square around the box, and at its mirror image; where it is unsure, at the square turned by
quarters too; then at a square around the keypoints of the surest look, turned with the torso when that is far from
upright, and at its mirror image. Looks err in different ways: for each keypoint the place is taken that most of
them, weighted by how sure they are, lie near to, and the mean of those near it (a mode of their density, then one
step of mean shift: Comaniciu and Meer 2002).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contrapposto.media.sampling import Region
from contrapposto.poses.crops import diameter
from contrapposto.poses.heatmap import Found
from contrapposto.poses.thunder import Estimate, Thunder, torso_turn, turned_region
from contrapposto.records import Box
from contrapposto.weights import Progress

_SURE = 0.1
"""Keypoints scored above this decide the last square, 0..1."""

_LEAST_TORSO = 0.1
"""Of a pose, in larger sides of its box: a shorter torso counts as this long."""


@dataclass(frozen=True, slots=True)
class AgreementOptions:
    """The defaults are the measured choice (`docs/pose-networks.md`)."""

    expand: float = 1.2
    """Side of the first square, in larger sides of the box."""
    unsure: float = 0.45
    """Below this mean keypoint score the quarter turns are looked at, 0..1."""
    turn_degrees: float = 40.0
    """The last square is turned with a torso that is further than this from upright."""
    last_expand: float = 1.35
    """Side of the last square, in larger sides of the keypoints' (turned) box."""
    near: float = 0.2
    """How far looks lie from another that still agree, in lengths of the torso (deviation of a Gaussian)."""
    joint_power: float = 2.0
    """Power of a keypoint's score in the weight of a look."""
    look_power: float = 4.0
    """Power of the look's mean score in it."""


class AgreedLooks:
    """Estimates one person a box (`in_box.InBox`)."""

    weights: tuple[str, ...] = Thunder.weights

    def __init__(
        self, options: AgreementOptions | None = None, *, threads: int = 1, progress: Progress | None = None
    ) -> None:
        self.options = options or AgreementOptions()
        self._thunder = Thunder(threads=threads, progress=progress)

    def __call__(self, image: NDArray[np.uint8], box: Box) -> Found:
        """image: (H, W, 3) RGB; box: of the person. Always answers: low scores mean that nobody is there. A score
        is small also where looks disagree."""
        found = [estimate for _, estimate in self.looks(image, box)]
        points, scores = (np.stack([getattr(one, name) for one in found]) for name in ("points", "scores"))
        return agreed(points, scores, self.options)

    def looks(self, image: NDArray[np.uint8], box: Box) -> list[tuple[Region, Estimate]]:
        """All looks, in their order; the second and the last are at mirror images."""
        region = Region.around(box, self.options.expand)
        seen = [self._look(image, region, mirrored) for mirrored in (False, True)]
        if max(estimate.score for _, estimate in seen) < self.options.unsure:
            seen += [self._look(image, replace(region, turn=quarter * np.pi / 2)) for quarter in (1, 2, 3)]
        best = max((estimate for _, estimate in seen), key=lambda estimate: estimate.score)
        turn = torso_turn(best.points)
        if turn is None or abs(turn) < np.deg2rad(self.options.turn_degrees):
            turn = 0.0
        last = turned_region(best, turn, self.options.last_expand, _SURE)
        return seen + [self._look(image, last, mirrored) for mirrored in (False, True)]

    def _look(self, image: NDArray[np.uint8], region: Region, mirrored: bool = False) -> tuple[Region, Estimate]:
        return region, self._thunder(image, region, mirrored=mirrored)


def agreed(points: NDArray[np.float64], scores: NDArray[np.float64], options: AgreementOptions) -> Found:
    """(17, 2) points and (17,) scores, 0..1, on which L looks, (L, 17, 2) and (L, 17), agree.

    A look weighs w = s^a m^b in a keypoint, s being its score there and m its mean score. Of the places that were
    found the one with the highest density, the sum over all looks of w exp(-d^2 / (2 r^2)), is taken, r being
    `near` lengths of the torso (of the median pose), then the mean of all weighted so by their distance d from it.
    The score is the mean of s exp(-d^2 / (2 r^2)) over the looks, weighted by m^b. The same order of looks or
    another gives the same, but for exact ties.
    """
    sure = np.maximum(scores.mean(axis=1), 1e-6)[:, None] ** options.look_power
    weights = sure * np.maximum(scores, 1e-6) ** options.joint_power
    middle = np.median(points, axis=0)
    side = float(np.ptp(middle, axis=0).max())
    torso = max(float(diameter(middle)), _LEAST_TORSO * side, 1e-6)
    reach = 2 * (options.near * torso) ** 2
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    density = (np.exp(-apart / reach) * weights[None]).sum(axis=1)
    mode = np.take_along_axis(points, density.argmax(axis=0)[None, :, None], axis=0)[0]
    close = np.exp(-((points - mode) ** 2).sum(axis=-1) / reach)
    share = (close * weights / (close * weights).sum(axis=0))[..., None]
    return (points * share).sum(axis=0), (scores * close * sure).sum(axis=0) / sure.sum()
