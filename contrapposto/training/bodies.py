"""Bodies taken apart into directions and lengths, and put together again from parts of different frames.

Body axes (`records.py`): x to the own left, y up, z forward. The chest and the pelvis have such a frame each;
arms and head are kept in the chest's frame, legs and spine in the pelvis's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.training import rotations
from contrapposto.training.poses3d import Motion

Array = NDArray[np.float64]

_I = skeleton.INDEX
_MIRROR = np.array([-1.0, 1.0, 1.0])
_SIDES = ("left", "right")
_ARMS = tuple(tuple(_I[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist")) for side in _SIDES)
_LEGS = tuple(tuple(_I[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle")) for side in _SIDES)

EARS, EYES, NOSE = (0.073, 0.0, 0.0), (0.032, 0.030, 0.088), (0.0, -0.010, 0.115)
"""Metres from the middle between the ears to the left ear, the left eye and the nose, in the head's frame."""

SKULL = (0.0, 0.05, 0.02)
"""Metres from the joint at the skull's base to the middle between the ears, in the head's frame."""


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """N bodies in parts. pelvis: (N, 3, 3) its axes in the world, as columns; chest: (N, 3, 3) in the pelvis's
    frame; spine: (N, 3) mid-shoulders from mid-hips, in the pelvis's frame; neck: (N, 3) the skull's base from
    mid-shoulders, in the chest's frame; arms, legs: (N, 2, 2, 3) unit directions of left and right, of the upper
    and the lower bone; lengths: (N, 6) metres between the hips and between the shoulders, of upper arm, forearm,
    thigh and shin."""

    pelvis: Array
    chest: Array
    spine: Array
    neck: Array
    arms: Array
    legs: Array
    lengths: Array

    def __len__(self) -> int:
        return len(self.pelvis)

    def select(self, index: NDArray[np.integer]) -> Bodies:
        """The bodies of these numbers."""
        return Bodies(*(getattr(self, field.name)[index] for field in fields(self)))

    def with_mirrored(self) -> Bodies:
        """2N: these and their mirror images, left and right swapped."""
        turned = np.outer(_MIRROR, _MIRROR)
        mirrored = Bodies(
            self.pelvis * turned,
            self.chest * turned,
            self.spine * _MIRROR,
            self.neck * _MIRROR,
            self.arms[:, ::-1] * _MIRROR,
            self.legs[:, ::-1] * _MIRROR,
            self.lengths,
        )
        return Bodies(*(np.concatenate([getattr(self, f.name), getattr(mirrored, f.name)]) for f in fields(self)))


def take_apart(motion: Motion) -> Bodies:
    """The parts of each frame. Both sides get the mean of their lengths."""
    points = motion.limbs
    hips = points[:, _I["left_hip"]] - points[:, _I["right_hip"]]
    shoulders = points[:, _I["left_shoulder"]] - points[:, _I["right_shoulder"]]
    spine = skeleton.neck(points) - skeleton.pelvis(points)
    pelvis, chest = rotations.frame(hips, spine), rotations.frame(shoulders, spine)
    arms, upper_arm, forearm = _bones(points, _ARMS)
    legs, thigh, shin = _bones(points, _LEGS)
    widths = [np.linalg.norm(hips, axis=1), np.linalg.norm(shoulders, axis=1)]
    return Bodies(
        pelvis,
        pelvis.transpose(0, 2, 1) @ chest,
        rotations.back(pelvis, spine),
        rotations.back(chest, motion.head - skeleton.neck(points)),
        rotations.back(chest, arms),
        rotations.back(pelvis, legs),
        np.stack([*widths, upper_arm, forearm, thigh, shin], axis=1),
    )


def put_together(bodies: Bodies, turns: Array, head_size: Array) -> Array:
    """(N, 17, 3) metres in the world, the origin in the middle of the hips.

    turns: (N, 3) radians by which the head is nodded down, turned to the own left and tilted, from the chest;
    head_size: (N,), 1 for the skull of `EARS`, `EYES` and `NOSE`.
    """
    hip, shoulder, upper_arm, forearm, thigh, shin = bodies.lengths.T[:, :, None]
    half = np.array([1.0, 0, 0]) / 2
    local = np.zeros((len(bodies), skeleton.COUNT, 3))  # in the pelvis's frame
    arms = rotations.turn(bodies.chest, bodies.arms)
    for side, sign in enumerate((1, -1)):
        start, middle, end = _LEGS[side]
        local[:, start] = sign * hip * half
        local[:, middle] = local[:, start] + thigh * bodies.legs[:, side, 0]
        local[:, end] = local[:, middle] + shin * bodies.legs[:, side, 1]
        start, middle, end = _ARMS[side]
        local[:, start] = bodies.spine + rotations.turn(bodies.chest, sign * shoulder * half)
        local[:, middle] = local[:, start] + upper_arm * arms[:, side, 0]
        local[:, end] = local[:, middle] + forearm * arms[:, side, 1]
    head = bodies.chest @ _head_turn(turns)
    local[:, :5] = (bodies.spine + rotations.turn(bodies.chest, bodies.neck))[:, None]
    local[:, :5] += rotations.turn(head, head_size[:, None, None] * _skull())
    return rotations.turn(bodies.pelvis, local)


def with_face(motion: Motion, turns: Array) -> Array:
    """(F, 17, 3) metres: the frames of the data about their mid-hips, with a face on an average skull whose head
    is turned by `turns` (as in `put_together`)."""
    points = motion.limbs - skeleton.pelvis(motion.limbs)[:, None]
    shoulders = points[:, _I["left_shoulder"]] - points[:, _I["right_shoulder"]]
    chest = rotations.frame(shoulders, skeleton.neck(points))
    skull = rotations.turn(chest @ _head_turn(turns), np.broadcast_to(_skull(), (len(points), 5, 3)))
    points[:, :5] = (motion.head - skeleton.pelvis(motion.limbs))[:, None] + skull
    return points


def head_turns(rng: np.random.Generator, count: int) -> Array:
    """(count, 3) radians: nod, turn and tilt of a head that looks about (deviations of 18, 28, 10 degrees)."""
    turns = np.deg2rad(rng.normal(size=(count, 3)) * [18, 28, 10])
    return np.clip(turns, -np.deg2rad([55, 75, 35]), np.deg2rad([55, 75, 35]))


def _bones(points: Array, chains: tuple[tuple[int, ...], ...]) -> tuple[Array, Array, Array]:
    """Unit directions (N, 2, 2, 3), and the mean lengths (N,) of the upper and the lower bones of both sides."""
    bones = np.stack([np.diff(points[:, list(chain)], axis=1) for chain in chains], axis=1)
    lengths = np.linalg.norm(bones, axis=-1).mean(axis=1)
    return rotations.unit(bones), lengths[:, 0], lengths[:, 1]


def _head_turn(turns: Array) -> Array:
    nod, turned, tilt = turns.T
    return rotations.about(1, turned) @ rotations.about(0, nod) @ rotations.about(2, tilt)


def _skull() -> Array:
    """(5, 3): nose, eyes and ears from the skull's base, in the head's frame."""
    ear, eye = np.array(EARS), np.array(EYES)
    return np.array([NOSE, eye, eye * _MIRROR, ear, ear * _MIRROR]) + SKULL
