"""People placed by hand, as figures to be measured: bones of the usual lengths, so that metres are metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.skeleton import INDEX

Array = NDArray[np.float64]

UPRIGHT: dict[str, tuple[float, float, float]] = {
    "nose": (0.00, 0.70, 0.12),
    "left_eye": (0.03, 0.73, 0.10),
    "right_eye": (-0.03, 0.73, 0.10),
    "left_ear": (0.07, 0.70, 0.00),
    "right_ear": (-0.07, 0.70, 0.00),
    "left_shoulder": (0.18, 0.53, 0.00),
    "right_shoulder": (-0.18, 0.53, 0.00),
    "left_elbow": (0.18, 0.25, 0.00),
    "right_elbow": (-0.18, 0.25, 0.00),
    "left_wrist": (0.18, 0.00, 0.00),
    "right_wrist": (-0.18, 0.00, 0.00),
    "left_hip": (0.10, 0.00, 0.00),
    "right_hip": (-0.10, 0.00, 0.00),
    "left_knee": (0.10, -0.41, 0.00),
    "right_knee": (-0.10, -0.41, 0.00),
    "left_ankle": (0.10, -0.82, 0.00),
    "right_ankle": (-0.10, -0.82, 0.00),
}
"""Metres from the middle of the hips; x to the own left, y up, z forward. Faces the camera."""


def body(**moved: tuple[float, float, float]) -> Array:
    """(17, 3): someone who stands straight with hanging arms, with some joints elsewhere."""
    points = np.zeros((17, 3))
    for name, place in {**UPRIGHT, **moved}.items():
        points[INDEX[name]] = place
    return points


def picture(points: Array) -> Array:
    """(..., 17, 2) pixels, y down, of a camera far away: 100 px are a metre."""
    seen: Array = points[..., :2] * [1, -1] * 100 + [320, 240]
    return seen


def figures(*bodies: Array) -> Figures:
    """To be measured, as a camera far away sees them."""
    points = np.stack(bodies)
    return Figures(picture(points), points)


def people(*bodies: Array) -> People:
    """To be asked; all keypoints have score 1."""
    return People(figures(*bodies), np.ones((len(bodies), 17)))


def random_bodies(count: int, seed: int = 0) -> Array:
    """(count, 17, 3) bodies whose joints lie some way off where they are in someone who stands straight."""
    offsets = np.random.default_rng(seed).normal(0, 0.25, (count, 17, 3))
    return body() + offsets


def about(axis: int, degrees: float) -> Array:
    """(3, 3) right-handed turn about x, y or z; points @ turn.T."""
    cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.eye(3)
    turn[first, first], turn[first, second] = cosine, -sine
    turn[second, first], turn[second, second] = sine, cosine
    return turn
