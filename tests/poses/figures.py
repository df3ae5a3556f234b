"""Hand-made people in space, and what a camera sees of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.skeleton import INDEX

Array = NDArray[np.float64]

STANDING: dict[str, tuple[float, float, float]] = {
    "nose": (0.00, 0.66, 0.13),
    "left_eye": (0.03, 0.70, 0.10),
    "right_eye": (-0.03, 0.70, 0.10),
    "left_ear": (0.075, 0.67, 0.02),
    "right_ear": (-0.075, 0.67, 0.02),
    "left_shoulder": (0.18, 0.48, 0.00),
    "right_shoulder": (-0.18, 0.48, 0.00),
    "left_elbow": (0.22, 0.20, -0.02),
    "right_elbow": (-0.22, 0.20, -0.02),
    "left_wrist": (0.23, -0.04, 0.05),
    "right_wrist": (-0.23, -0.04, 0.05),
    "left_hip": (0.10, 0.00, 0.00),
    "right_hip": (-0.10, 0.00, 0.00),
    "left_knee": (0.11, -0.42, 0.02),
    "right_knee": (-0.11, -0.42, 0.02),
    "left_ankle": (0.12, -0.84, -0.02),
    "right_ankle": (-0.12, -0.84, -0.02),
}
"""Metres from the middle of the hips; x to the own left, y up, z forward."""


def person(**moved: tuple[float, float, float]) -> Array:
    """(17, 3): someone who stands upright, with some joints elsewhere."""
    points = np.zeros((17, 3))
    for name, place in {**STANDING, **moved}.items():
        points[INDEX[name]] = place
    return points


def turned(points: Array, degrees: float) -> Array:
    """Turned about the vertical; at 90 someone who faced the camera faces the picture's right."""
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return points @ np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])


def picture(points: Array, away: float = 4.0, focal: float = 800.0) -> Array:
    """(17, 2) pixels, y down, of a camera that is `away` metres before the hips at chest height."""
    down = np.array([0.0, 0.3])
    return (points[:, :2] - down) * [1, -1] * focal / (away - points[:, 2:]) + [320, 240]
