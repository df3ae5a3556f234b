"""Keypoints of one person smoothed over time, without lag (`docs/tracks.md`).

Each keypoint follows a smoothing spline, the most likely path when speeds change at random (more at the hands than
at the hips) and keypoints are found the less exactly the lower their score. So a sure keypoint hardly moves, and an
unsure one follows its neighbours in time; one that lies far off counts less. Before that, single samples whose left
and right are swapped are put right. Everything is symmetric in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.people.tracks import Track
from contrapposto.records import Box

Array = NDArray[np.float64]

_ENDS = ("left_wrist", "right_wrist", "left_ankle", "right_ankle")
_MIDDLES = ("left_elbow", "right_elbow", "left_knee", "right_knee")
_GROUPS = tuple(
    np.array([skeleton.INDEX[name] for name in skeleton.GROUPS[group]]) for group in ("head", "arms", "legs")
)
_RESTLESS = np.where(
    np.isin(skeleton.KEYPOINTS, _ENDS), 6.0, np.where(np.isin(skeleton.KEYPOINTS, _MIDDLES), 2.0, 0.6)
)
"""(17,) how much the speed of a keypoint changes: the variance that it gains in a second, in sides of the body's
box squared over seconds cubed. Of the order measured on the demo films; fast motion counts for more."""


@dataclass(frozen=True, slots=True)
class SmoothingOptions:
    """The defaults are the measured choice (`docs/tracks.md`)."""

    restless: float = 1.0
    """How fast bodies change their speed, in usual ones; lower is smoother, 0 does not smooth at all."""
    noise: float = 0.008
    """Standard deviation of a keypoint of score 1, in larger sides of the body's box."""
    noise_unsure: float = 0.05
    """What a score of 0 adds; between, by the cube of what is missing to 1."""
    apart: float = 1.0
    """Seconds: what is seen before and after a longer gap has nothing to do with each other."""
    far: float = 0.08
    """A keypoint of score 0 this far from where its neighbours say counts half, in larger sides of the box."""
    far_sure: float = 0.6
    """The same for a keypoint of score 1: a fast hand is no error."""
    neighbours: float = 0.5
    """Seconds: neighbours further apart say nothing about a sample between them."""
    swapped: float = 0.35
    """Sides are swapped when that brings arms, legs or head as near to their neighbours: the share that."""
    fill: float = 0.6
    """Seconds: an unseen keypoint is filled in between two seen ones no further apart in time; 0 fills nothing."""
    filled_score: float = 0.5
    """Score of a filled keypoint, as a share of the lower one of these two."""


def smoothed(
    times: NDArray[np.floating],
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    options: SmoothingOptions | None = None,
) -> tuple[Array, Array]:
    """The keypoints (T, 17, 2) and scores (T, 17) of one person at rising times (T,), smoothed.

    times: seconds, at any steps; keypoints: pixels, NaN where unseen; scores: 0..1. Scores stay, but follow their
    keypoints when sides are put right, and filled keypoints get one. Unseen keypoints stay NaN with score 0 unless
    they were seen shortly before and after. Motion at constant speed stays as it is; reversed time gives the
    reversed result; where a picture lies and how large it is changes nothing. Raises ValueError for other shapes.
    """
    chosen = options or SmoothingOptions()
    moments = np.asarray(times, dtype=np.float64)
    points, sure = np.array(keypoints, dtype=np.float64), np.array(scores, dtype=np.float64)
    shape = (len(moments), skeleton.COUNT)
    if moments.ndim != 1 or points.shape != (*shape, 2) or sure.shape != shape or (np.diff(moments) <= 0).any():
        raise ValueError("expected T rising times, keypoints of shape (T, 17, 2) and scores of shape (T, 17)")
    unseen = ~np.isfinite(points).all(axis=2)
    points[unseen], sure[unseen] = np.nan, 0.0
    sides = _sides(moments, points, chosen)
    points, sure = _taken(points, sides), _taken(sure, sides)
    return _filled(moments, _fitted(moments, points, sure, chosen), sure, chosen)


def smoothed_track(track: Track, options: SmoothingOptions | None = None) -> Track:
    """The track with its keypoints smoothed and the boxes around them, as an estimator draws them; fused keypoints
    stay as far from them as they were, on the sides that are right. The people have no 3D keypoints: lift them
    again. Someone without a seen keypoint stays."""
    points = np.stack([person.pose.keypoints for person in track.people])
    scores = np.stack([person.pose.scores for person in track.people])
    moved = np.stack([person.pose.fused for person in track.people]) - points
    moved = _taken(moved, _sides(track.times, points, options or SmoothingOptions()))
    people = []
    rows = zip(track.people, *smoothed(track.times, points, scores, options), moved, strict=True)
    for person, found, sure, move in rows:
        seen = bool(np.isfinite(found).any())
        pose = replace(person.pose, keypoints=found, scores=sure, keypoints3d=np.zeros(0), fused=found + move)
        people.append(replace(person, box=Box.around(found), pose=pose) if seen else person)
    return Track(track.number, track.times, tuple(people))


def _between(times: Array, points: Array, reach: float) -> Array:
    """(T, ...) where samples 1 to T - 2 would lie if both neighbours moved evenly; NaN at the ends, beside unseen
    neighbours and between neighbours more than `reach` seconds apart."""
    middle = np.full_like(points, np.nan)
    if len(times) < 3:
        return middle
    passed = times[2:] - times[:-2]
    share = ((times[1:-1] - times[:-2]) / passed).reshape(-1, *(1,) * (points.ndim - 1))
    near = (passed <= reach + 1e-9).reshape(share.shape)
    middle[1:-1] = np.where(near, points[:-2] + (points[2:] - points[:-2]) * share, np.nan)
    return middle


def _sides(times: Array, given: Array, options: SmoothingOptions) -> NDArray[np.intp]:
    """(T, 17) the keypoint that each one is in truth: left and right of the arms, of the legs or of the head are
    swapped in single samples, where both neighbours agree that the other way round is right. All are judged by the
    samples (T, 17, 2) as they came."""
    expected = _between(times, given, options.neighbours)
    sides = np.tile(np.arange(skeleton.COUNT), (len(given), 1))
    for group in _GROUPS:
        other = skeleton.FLIP[group]
        as_is = np.hypot(*np.moveaxis(given[:, group] - expected[:, group], 2, 0))
        turned = np.hypot(*np.moveaxis(given[:, other] - expected[:, group], 2, 0))
        both = np.isfinite(as_is) & np.isfinite(turned)
        there, swapped = (np.where(both, away, 0.0).sum(axis=1) for away in (as_is, turned))
        wrong = (both.sum(axis=1) >= 4) & (swapped < options.swapped * there)
        wrong &= ~(np.roll(wrong, 1) | np.roll(wrong, -1))
        sides[np.ix_(wrong, group)] = other
    return sides


def _taken(values: Array, sides: NDArray[np.intp]) -> Array:
    """(T, 17, ...) values of the keypoints `sides` (T, 17)."""
    taken: Array = np.take_along_axis(values, sides.reshape(*sides.shape, *(1,) * (values.ndim - 2)), axis=1)
    return taken


def _sizes(points: Array) -> Array:
    """(T,) larger side of the box of the seen keypoints, pixels; 0 where none is seen."""
    seen = np.isfinite(points)
    low, high = np.where(seen, points, np.inf).min(axis=1), np.where(seen, points, -np.inf).max(axis=1)
    side: Array = np.maximum((high - low).max(axis=1), 0.0)
    return side


def _trust(times: Array, points: Array, scores: Array, options: SmoothingOptions) -> Array:
    """(T, 17) 0..1, low for keypoints far from where both neighbours say."""
    away = np.hypot(*np.moveaxis(points - _between(times, points, options.neighbours), 2, 0))
    side = np.maximum(_sizes(points), 1e-9)[:, None]
    far = options.far + (options.far_sure - options.far) * scores**2
    trust: Array = 1.0 / (1.0 + np.nan_to_num(away / side / far) ** 2)
    return trust


def _fitted(times: Array, points: Array, scores: Array, options: SmoothingOptions) -> Array:
    """(T, 17, 2): the seen keypoints on their splines; one spline for each stretch without a long gap."""
    fitted = points.copy()
    if options.restless <= 0:
        return fitted
    side = _sizes(points)
    usual = float(np.median(side[side > 0])) if (side > 0).any() else 1.0
    noise = side[:, None] * (options.noise + options.noise_unsure * (1 - scores) ** 3)
    noise = noise / np.sqrt(np.maximum(_trust(times, points, scores, options), 1e-6))
    for joint in range(skeleton.COUNT):
        seen = np.flatnonzero(np.isfinite(points[:, joint, 0]))
        breaks = np.flatnonzero(np.diff(times[seen]) > options.apart + 1e-9) + 1
        stiff = 1.0 / (options.restless * _RESTLESS[joint] * usual**2)
        for rows in np.split(seen, breaks):
            if len(rows) > 2:
                fitted[rows, joint] = _spline(times[rows], points[rows, joint], noise[rows, joint], stiff)
    return fitted


def _spline(times: Array, values: Array, noise: Array, stiff: float) -> Array:
    """(N, D) the natural cubic spline f at its knots with the least sum of ((values - f) / noise)^2 plus stiff
    times the integral of its second derivative squared (Reinsch 1967). times, noise: (N,); N at least 3."""
    step = np.diff(times)
    inner = np.arange(len(step) - 1)
    bend = np.zeros((len(times), len(inner)))
    bend[inner, inner], bend[inner + 2, inner] = 1 / step[:-1], 1 / step[1:]
    bend[inner + 1, inner] = -1 / step[:-1] - 1 / step[1:]
    energy = np.diag((step[:-1] + step[1:]) / 3) + np.diag(step[1:-1] / 6, 1) + np.diag(step[1:-1] / 6, -1)
    loose = (stiff * noise**2)[:, None] * bend
    curve: Array = values - loose @ np.linalg.solve(energy + bend.T @ loose, bend.T @ values)
    return curve


def _filled(times: Array, points: Array, scores: Array, options: SmoothingOptions) -> tuple[Array, Array]:
    """Unseen keypoints between seen ones that are at most `fill` seconds apart, on the straight line."""
    points, scores = points.copy(), scores.copy()
    for joint in range(skeleton.COUNT):
        seen = np.flatnonzero(np.isfinite(points[:, joint, 0]))
        for left, right in pairwise(seen):
            if right == left + 1 or times[right] - times[left] > options.fill + 1e-9:
                continue
            gone = slice(left + 1, right)
            share = ((times[gone] - times[left]) / (times[right] - times[left]))[:, None]
            points[gone, joint] = points[left, joint] + (points[right, joint] - points[left, joint]) * share
            scores[gone, joint] = options.filled_score * min(scores[left, joint], scores[right, joint])
    return points, scores
