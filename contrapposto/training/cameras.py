"""Random cameras: from bodies in the world to camera frames and pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.skeleton import INDEX
from contrapposto.training import rotations

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CameraRange:
    """Where cameras stand. Angles in degrees, distances in metres from the middle of the hips, shares 0..1."""

    facing: float = 0.35
    """Share of the cameras that stand before the person; the others stand all round."""
    facing_spread: float = 45.0
    """Standard deviation of their azimuth from straight ahead."""
    low: float = -30.0
    """Least elevation: the camera looks up from the ground."""
    high: float = 60.0
    """Most elevation."""
    level: float = 0.6
    """Share of the cameras that look nearly level (5 +- 12)."""
    roll: float = 8.0
    """Standard deviation of the roll."""
    any_roll: float = 0.1
    """Share of the cameras with any roll."""
    near: float = 1.6
    far: float = 15.0
    """Distances are spread evenly in their logarithm."""
    aside: float = 7.0
    """Standard deviation of the angle between the person and the camera's axis, both ways."""


ALL_ROUND = CameraRange()
"""The default: what people are trained for and tested with."""


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """points3d: (N, 17, 3) metres in the camera frame (`records.py`); points2d: (N, 17, 2) pictures of focal
    length 1, y down; behind: (N,) whether the camera sees the chest from behind."""

    points3d: Array
    points2d: Array
    behind: NDArray[np.bool_]


def photograph(world: Array, rng: np.random.Generator, cameras: CameraRange = ALL_ROUND) -> Views:
    """Bodies (N, 17, 3) in the world, y up, each seen by a camera of its own."""
    count = len(world)
    azimuth = rng.uniform(-np.pi, np.pi, count)
    facing = rng.random(count) < cameras.facing
    before = -_heading(world) + np.deg2rad(rng.normal(0, cameras.facing_spread, count))
    azimuth = np.where(facing, before, azimuth)
    elevation = np.where(
        rng.random(count) < cameras.level,
        rng.normal(5, 12, count).clip(cameras.low, cameras.high),
        rng.uniform(cameras.low, cameras.high, count),
    )
    roll = np.where(
        rng.random(count) < cameras.any_roll, rng.uniform(-180, 180, count), rng.normal(0, cameras.roll, count)
    )
    turns = (
        rotations.about(2, np.deg2rad(roll))
        @ rotations.about(0, np.deg2rad(elevation))
        @ rotations.about(1, azimuth)
    )
    seen = rotations.turn(turns, world)
    away = np.exp(rng.uniform(np.log(cameras.near), np.log(cameras.far), count))
    away = np.maximum(away, seen[..., 2].max(axis=1) + 0.4)
    aside = np.tan(np.deg2rad(rng.normal(0, cameras.aside, (count, 2)))) * away[:, None]
    return Views(seen, project(seen, away, aside), _normal(seen)[:, 2] < 0)


def project(points3d: Array, away: Array, aside: Array) -> Array:
    """(N, 17, 2) perspective pictures of focal length 1, y down, of points (N, 17, 3) in the camera frame whose
    origin is `away` (N,) metres before the camera and `aside` (N, 2) metres right of and above its axis."""
    depth = away[:, None] - points3d[..., 2]
    picture: Array = (points3d[..., :2] + aside[:, None]) * [1, -1] / depth[..., None]
    return picture


def _normal(points: Array) -> Array:
    """(N, 3) forward out of the chest."""
    across = points[:, INDEX["left_shoulder"]] - points[:, INDEX["right_shoulder"]]
    shoulders = (points[:, INDEX["left_shoulder"]] + points[:, INDEX["right_shoulder"]]) / 2
    hips = (points[:, INDEX["left_hip"]] + points[:, INDEX["right_hip"]]) / 2
    return np.cross(across, shoulders - hips)


def _heading(points: Array) -> Array:
    """(N,) radians about y from z to where the chest looks."""
    forward = _normal(points)
    return np.arctan2(forward[:, 0], forward[:, 2])
