"""Postures: what one is, small random changes of it, its mirror image, and the way from one to another.

Directions of limbs are (outwards to the limb's own side, up, forwards) in the frame of the posture: x to the
person's left, y up, z forward before `root` turns the whole. Arms are given in the frame of the chest (unless
`arms_upright`), legs in that of the posture. Angles of the trunk are degrees (forwards, to the own left side,
turned to the own left): the pelvis from upright, the chest from the pelvis, the head from the chest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from render.rotations import Array, Triple, about, unit

Limb = tuple[Triple, Triple]
"""Directions of upper arm and forearm, or of thigh and shin."""

HANGING: Limb = ((0.16, -1.0, 0.0), (0.06, -1.0, 0.18))
STRAIGHT: Limb = ((0.05, -1.0, 0.0), (0.03, -1.0, -0.03))
FLAT = (1.0, 0.0)
"""A foot: share of lying flat (1) or staying with its shin (0), and degrees that it is stretched in that case."""


@dataclass(frozen=True, slots=True)
class Posture:
    """seat: a box is put under the hips; lift: metres above the floor; ordinary: upright on the feet or seated on
    a box (False: on the floor, upside down, in the air)."""

    name: str
    pelvis: Triple = (0.0, 0.0, 0.0)
    chest: Triple = (0.0, 0.0, 0.0)
    head: Triple = (0.0, 0.0, 0.0)
    left_arm: Limb = HANGING
    right_arm: Limb = HANGING
    left_leg: Limb = STRAIGHT
    right_leg: Limb = STRAIGHT
    left_foot: tuple[float, float] = FLAT
    right_foot: tuple[float, float] = FLAT
    left_hand: float = 0.0
    right_hand: float = 0.0
    arms_upright: bool = False
    root: Triple = (0.0, 0.0, 0.0)
    lift: float = 0.0
    seat: bool = False
    ordinary: bool = True


TRUNK = ("pelvis", "chest", "head")
LIMBS = ("left_arm", "right_arm", "left_leg", "right_leg")
_PAIRS = (
    ("left_arm", "right_arm"),
    ("left_leg", "right_leg"),
    ("left_foot", "right_foot"),
    ("left_hand", "right_hand"),
)


def varied(posture: Posture, random: np.random.Generator, degrees: float = 4.0) -> Posture:
    """The posture with each limb and each angle of the trunk moved by about so many degrees (normal)."""
    changes: dict[str, object] = {}
    for name in TRUNK:
        angles = np.array(getattr(posture, name)) + random.normal(0, degrees * 0.7, 3)
        changes[name] = tuple(float(angle) for angle in angles)
    for name in LIMBS:
        changes[name] = tuple(_nudged(way, random, degrees) for way in getattr(posture, name))
    return replace(posture, **changes)  # type: ignore[arg-type]


def mirrored(posture: Posture, name: str) -> Posture:
    """The posture as a mirror shows it, under another name."""
    changes: dict[str, object] = {"name": name}
    for field in (*TRUNK, "root"):
        forwards, sideways, turn = getattr(posture, field)
        changes[field] = (forwards, -sideways, -turn)
    for left, right in _PAIRS:
        changes[left], changes[right] = getattr(posture, right), getattr(posture, left)
    return replace(posture, **changes)  # type: ignore[arg-type]


def blended(start: Posture, end: Posture, share: float) -> Posture:
    """On the way from one posture to another: `start` at 0, `end` at 1. Limbs swing on the shortest arc."""
    changes: dict[str, object] = {}
    for name in (*TRUNK, "root", "left_foot", "right_foot"):
        one, two = np.array(getattr(start, name)), np.array(getattr(end, name))
        changes[name] = tuple(float(value) for value in one + share * (two - one))
    for name in LIMBS:
        pairs = zip(getattr(start, name), getattr(end, name), strict=True)
        changes[name] = tuple(_on_the_way(one, two, share) for one, two in pairs)
    for name in ("left_hand", "right_hand", "lift"):
        changes[name] = getattr(start, name) + share * (getattr(end, name) - getattr(start, name))
    return replace(start if share < 0.5 else end, **changes)  # type: ignore[arg-type]


def _nudged(way: Triple, random: np.random.Generator, degrees: float) -> Triple:
    axis = random.normal(size=3)
    return _triple(about(axis, float(random.normal(0, degrees))) @ unit(np.array(way)))


def _on_the_way(start: Triple, end: Triple, share: float) -> Triple:
    one, two = unit(np.array(start)), unit(np.array(end))
    angle = float(np.arccos(np.clip(one @ two, -1.0, 1.0)))
    if angle < 1e-6:
        return _triple(one)
    if angle > np.pi - 1e-3:
        return _triple(unit((1 - share) * one + share * two + np.array([0.0, 0.0, 0.05])))
    return _triple((np.sin((1 - share) * angle) * one + np.sin(share * angle) * two) / np.sin(angle))


def _triple(values: Array) -> Triple:
    return float(values[0]), float(values[1]), float(values[2])
