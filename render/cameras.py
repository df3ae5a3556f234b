"""A pinhole camera: where it stands, what it sees, and points in its frame and picture.

World frame: metres, y up, the floor at y = 0. Camera frame: x to the picture's right, y up, z towards the camera,
the camera at the origin. Pixels: x right, y down, from the top-left corner of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from render.rotations import Array, about, unit


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """position: (3,) world; rotation: (3, 3) world to camera; focal: pixels; size: width, height in pixels. The
    view axis meets the middle of the picture."""

    position: Array
    rotation: Array
    focal: float
    size: tuple[int, int]

    def see(self, points: Array) -> Array:
        """(..., 3) world to camera frame."""
        seen: Array = (points - self.position) @ self.rotation.T
        return seen

    def project(self, points: Array) -> Array:
        """(..., 3) in the camera frame to (..., 2) pixels."""
        middle = np.array(self.size) / 2
        flat: Array = points[..., :2] * np.array([1.0, -1.0]) * (self.focal / -points[..., 2:]) + middle
        return flat

    def scaled(self, factor: int) -> Camera:
        """The same camera with so many times the pixels on each side."""
        return Camera(
            self.position, self.rotation, self.focal * factor, (self.size[0] * factor, self.size[1] * factor)
        )


def looking(position: Array, target: Array, roll: float, focal: float, size: tuple[int, int]) -> Camera:
    """A camera at `position` that looks at `target`, turned about its axis by `roll` degrees."""
    towards = unit(position - target)
    right = unit(np.cross(np.array([0.0, 1.0, 0.0]), towards))
    rotation = np.stack([right, np.cross(towards, right), towards])
    return Camera(position, about(np.array([0.0, 0.0, 1.0]), roll) @ rotation, focal, size)


def around(azimuth: float, elevation: float, distance: float, centre: Array) -> Array:
    """(3,) position: azimuth degrees from the front (+z) to +x (the left of someone who faces +z), elevation
    degrees above the horizontal."""
    turn, rise = np.radians(azimuth), np.radians(elevation)
    way = np.array([np.sin(turn) * np.cos(rise), np.sin(rise), np.cos(turn) * np.cos(rise)])
    placed: Array = centre + distance * way
    return placed
