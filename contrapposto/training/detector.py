"""Bodies as a keypoint detector would report them: noisy, unsure, partly unseen, sides sometimes swapped.

The noise follows what the default estimator does on photos with annotated people (`docs/poses3d.md`): its size is
told by the keypoint's score, hips are placed worst and faces best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.skeleton import FLIP, GROUPS, INDEX
from contrapposto.training.cameras import Views

_SIDES = tuple([INDEX[name] for name in GROUPS[side]] for side in ("left", "right"))

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
SPREAD = (0.22, 0.14, 0.085, 0.065, 0.055, 0.045, 0.04)
"""Standard deviation of a keypoint with each of `SCORES`, along x and along y, as a share of the person's size
(root mean square distance of the keypoints from their middle)."""
LOST = (0.2, 0.12, 0.05, 0.05, 0.02, 0.01, 0.01)
"""Share of the keypoints with each of `SCORES` that are somewhere else altogether."""

_FACTOR = np.array([0.45] * 5 + [1.0, 1.0, 1.0, 1.0, 1.15, 1.15, 1.5, 1.5, 1.1, 1.1, 1.2, 1.2])


@dataclass(frozen=True, slots=True)
class Detector:
    """Shares are 0..1, of all people unless said otherwise."""

    exact: float = 0.2
    """Drawn or annotated: no noise, all scores 1."""
    cut: float = 0.25
    """The picture ends somewhere between shoulders and ankles, or, for a fifth of these, above the hips."""
    guessed: float = 0.5
    """Share of the keypoints outside the picture that are guessed with a low score; the others are unseen."""
    drop: float = 0.12
    """Most of a person's single keypoints that may be unseen; the share itself is drawn evenly from 0."""
    sparse: float = 0.15
    """People of whom up to half of the keypoints are unseen instead."""
    far: float = 0.12
    """Most keypoints of the side further from the camera are hidden by the body."""
    limb: float = 0.1
    """One arm or one leg is hidden."""
    faceless: float = 0.08
    """No keypoint of the face is seen."""
    averted: float = 0.5
    """Share of those seen from behind whose nose and eyes are unseen."""
    swap: float = 0.02
    """Left and right are swapped throughout; as often in the arms alone, and in the legs alone. Twice as often
    from behind."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """keypoints: (N, 17, 2) in the units of the views, y down, NaN where unseen; scores: (N, 17) 0..1, 0 where
    unseen."""

    keypoints: Array
    scores: Array


def detect(views: Views, rng: np.random.Generator, detector: Detector) -> Detections:
    """What a detector reports of each person; at least 5 keypoints are seen."""
    count = len(views.points2d)
    points = views.points2d.copy()
    exact = rng.random(count) < detector.exact
    scores = (rng.normal(0.62, 0.13, (count, 1)) + rng.normal(0, 0.13, (count, 17))).clip(0.1, 0.95)
    hidden = _cut_off(points, rng, detector)
    guessed = hidden & (rng.random(hidden.shape) < detector.guessed) & ~exact[:, None]
    scores[guessed] = rng.uniform(0.1, 0.3, int(guessed.sum()))
    scores[exact] = 1.0
    points += _noise(points, scores, guessed, rng) * ~exact[:, None, None]
    points, scores = _swapped(points, scores, np.where(exact, 0.0, detector.swap * (1.0 + views.behind)), rng)
    unseen = (hidden & ~guessed) | _occluded(views, rng, detector)
    unseen[(~unseen).sum(axis=1) < 5] = False
    return Detections(np.where(unseen[..., None], np.nan, points), np.where(unseen, 0.0, scores))


def exactly(views: Views) -> Detections:
    """All keypoints where they are, all scores 1."""
    return Detections(views.points2d.copy(), np.ones(views.points2d.shape[:2]))


def _noise(points: Array, scores: Array, guessed: Mask, rng: np.random.Generator) -> Array:
    size = np.sqrt(((points - points.mean(axis=1, keepdims=True)) ** 2).sum(axis=2).mean(axis=1))
    spread = np.interp(scores, SCORES, SPREAD) * _FACTOR * rng.uniform(0.3, 1.3, (len(points), 1))
    lost = rng.random(scores.shape) < np.interp(scores, SCORES, LOST)
    spread = np.where(lost, 0.5, np.where(guessed, 0.3, spread))
    noise: Array = rng.normal(size=points.shape) * spread[..., None] * size[:, None, None]
    return noise


def _cut_off(points: Array, rng: np.random.Generator, detector: Detector) -> Mask:
    """(N, 17) keypoints below (or above) the picture's edge."""
    count = len(points)
    y = points[..., 1]
    shoulders, ankles = y[:, 5:7].mean(axis=1), y[:, 15:17].mean(axis=1)
    edge = shoulders + rng.uniform(0.15, 0.98, count) * (ankles - shoulders)
    below = (y - edge[:, None]) * np.sign(ankles - shoulders)[:, None] > 0
    headless = rng.random(count) < 0.2
    edge = y[:, 0] + rng.uniform(0, 0.45, count) * (ankles - y[:, 0])
    above = (y - edge[:, None]) * np.sign(ankles - y[:, 0])[:, None] < 0
    cut = rng.random(count) < detector.cut
    hidden: Mask = np.where(headless[:, None], above, below) & cut[:, None]
    return hidden


def _occluded(views: Views, rng: np.random.Generator, detector: Detector) -> Mask:
    count, behind = len(views.points3d), views.behind
    most = np.where(rng.random((count, 1)) < detector.sparse, 0.5, detector.drop)
    unseen = rng.random((count, 17)) < rng.uniform(0, 1, (count, 1)) * most
    nearer = views.points3d[:, _SIDES[0], 2].mean(axis=1) > views.points3d[:, _SIDES[1], 2].mean(axis=1)
    hides_side = (rng.random(count) < detector.far)[:, None] & (rng.random((count, 17)) < 0.8)
    for side, joints in enumerate(_SIDES):
        unseen[:, joints] |= (hides_side & (nearer == bool(side))[:, None])[:, joints]
    unseen[:, :5] |= (rng.random(count) < detector.faceless)[:, None]
    unseen[:, :3] |= (behind & (rng.random(count) < detector.averted))[:, None]
    limb = rng.integers(4, size=count)
    hides = rng.random(count) < detector.limb
    for number, name in enumerate(("left_arm", "right_arm", "left_leg", "right_leg")):
        joints = [INDEX[joint] for joint in GROUPS[name][1:]]
        unseen[:, joints] |= (hides & (limb == number))[:, None]
    return unseen


def _swapped(points: Array, scores: Array, share: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Left and right swapped in a share (N,) of the people: throughout, in the arms, in the legs."""
    for joints in (range(17), range(5, 11), range(11, 17)):
        order = np.arange(17)
        order[list(joints)] = FLIP[list(joints)]
        swap = rng.random(len(points)) < share
        points = np.where(swap[:, None, None], points[:, order], points)
        scores = np.where(swap[:, None], scores[:, order], scores)
    return points, scores
