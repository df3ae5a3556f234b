"""What is measured on poses: angles, distances and directions, each of N people at once.

Lengths are in metres of a body of usual size: each body is scaled so that its arms, legs and torso have the lengths
of `BONES`. So children and adults, and people near to and far from the camera, compare. In the picture limbs look
shorter as they turn to the camera, so there the scale follows the bones that look longest.

Three frames (`table.FRAMES`): "picture", from 2D keypoints, x right and y up; "space", from 3D keypoints in the
camera frame of `records`, so that up is the picture's up; "body", from 3D keypoints in the axes of
`geometry.body_frame`, which do not depend on the camera.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton

Array = NDArray[np.float64]

BONES: tuple[tuple[str, str, float], ...] = (
    ("left_shoulder", "left_elbow", 0.28),
    ("right_shoulder", "right_elbow", 0.28),
    ("left_elbow", "left_wrist", 0.25),
    ("right_elbow", "right_wrist", 0.25),
    ("left_hip", "left_knee", 0.41),
    ("right_hip", "right_knee", 0.41),
    ("left_knee", "left_ankle", 0.41),
    ("right_knee", "right_ankle", 0.41),
    ("neck", "pelvis", 0.53),
)
"""Metres of the bones of a body of usual size: the means of the bodies of the demo collection."""

LONGEST = 4
"""So many bones, those that look longest for their length, tell the scale of a body in a picture."""

LONGEST_LOOK = 1.03
"""How much longer than their true length those look, in the mean over the demo collection."""

FACE: tuple[str, ...] = skeleton.KEYPOINTS[:5]

DERIVED: Mapping[str, tuple[str, ...]] = {
    "neck": ("left_shoulder", "right_shoulder"),
    "pelvis": ("left_hip", "right_hip"),
    "torso": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    "ears": ("left_ear", "right_ear"),
}
"""Points that are the mean of keypoints, and NaN where one of these is unseen."""

GROUNDED: tuple[str, ...] = skeleton.LIMB_JOINTS
"""The lowest of these stands on the ground, when both ankles and knees are seen."""


class Figures:
    """N people to be measured. keypoints: (N, 17, 2) pixels, y down, NaN where unseen; keypoints3d: (N, 17, 3)
    metres in the camera frame, NaN where unknown (all of it without a 3D estimate)."""

    def __init__(self, keypoints: NDArray[np.floating], keypoints3d: NDArray[np.floating]) -> None:
        self.keypoints = keypoints
        self.keypoints3d = keypoints3d

    def __len__(self) -> int:
        return len(self.keypoints)

    def measure(self, name: str, joints: Sequence[str]) -> Array:
        """(N,) of a measure in `MEASURES` between points (keypoints, `DERIVED` ones or "head"), in its unit; NaN
        where a point that it needs is unseen."""
        return MEASURES[name](self, *joints)

    def flat(self, point: str) -> Array:
        """(N, 2) a point in the picture, x right and y up, in scaled metres."""
        return _point(self.keypoints, point) * self._flat_scale

    def deep(self, point: str) -> Array:
        """(N, 3) a point in the camera frame, in scaled metres."""
        return _point(self.keypoints3d, point) * self._deep_scale

    @cached_property
    def axes(self) -> Array:
        """(N, 3, 3) `geometry.body_frame`."""
        return geometry.body_frame(self.keypoints3d)

    @cached_property
    def level(self) -> tuple[Array, Array]:
        """Unit vectors (N, 3) on the level of the ground: to the person's left, from the right hip to the left
        one, and forward. NaN where the hips stand above each other."""
        across = self.deep("left_hip") - self.deep("right_hip")
        left = _unit(across * [1, 0, 1])
        return left, np.cross(left, np.broadcast_to([0.0, 1.0, 0.0], left.shape))

    @cached_property
    def lowest(self) -> Array:
        """(N,) height of the lowest of `GROUNDED` in the picture; NaN where a knee or an ankle is unseen."""
        heights = np.stack([self.flat(name)[:, 1] for name in GROUNDED])
        known = np.isfinite([self.flat(f"{side}_{joint}")[:, 1] for side in _SIDES for joint in ("knee", "ankle")])
        lowest = np.where(np.isfinite(heights), heights, np.inf).min(axis=0)
        return np.where(known.all(axis=0), lowest, np.nan)

    @cached_property
    def _flat_scale(self) -> Array:
        """(N, 2) scaled metres per pixel, negative in y, which turns up."""
        looks = np.sort(np.nan_to_num(_lengths(self.keypoints) / _USUAL[:, None]), axis=0)[-LONGEST:]
        seen = np.maximum((looks > 0).sum(axis=0), 1)
        pixels = looks.sum(axis=0) / seen / LONGEST_LOOK
        scale: Array = (1 / np.where(pixels > 0, pixels, np.nan))[:, None] * np.array([1.0, -1.0])
        return scale

    @cached_property
    def _deep_scale(self) -> Array:
        """(N, 1) scaled metres per metre."""
        lengths = _lengths(self.keypoints3d)
        known = np.isfinite(lengths)
        usual = np.where(known, _USUAL[:, None], 0.0).sum(axis=0)
        total = np.where(known, lengths, 0.0).sum(axis=0)
        scale: Array = (usual / np.where(total > 0, total, np.nan))[:, None]
        return scale


_SIDES = ("left", "right")
_USUAL = np.array([length for _, _, length in BONES])


def _point(points: NDArray[np.floating], name: str) -> Array:
    if name in skeleton.INDEX:
        return points[:, skeleton.INDEX[name]].astype(np.float64)
    if name == "head":
        face = points[:, : len(FACE)].astype(np.float64)
        seen = np.isfinite(face[..., :1])
        count = seen.sum(axis=1)
        middle: Array = np.where(seen, face, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)
        return middle
    derived: Array = np.mean([_point(points, part) for part in DERIVED[name]], axis=0)
    return derived


def _lengths(points: NDArray[np.floating]) -> Array:
    """(B, N) of `BONES`, in the unit of the points."""
    return np.stack([np.linalg.norm(_point(points, a) - _point(points, b), axis=1) for a, b, _ in BONES])


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Array = vectors / np.where(length > 1e-6, length, np.nan)
    return unit


def _dot(first: Array, second: Array) -> Array:
    product: Array = (first * second).sum(axis=-1)
    return product


def _degrees(first: Array, second: Array) -> Array:
    """(N,) angle between two vectors (N, 3), 0..180 degrees; NaN where one has no length."""
    product = np.clip(_dot(_unit(first), _unit(second)), -1, 1)
    return np.degrees(np.arccos(product))


def _angle(f: Figures, a: str, b: str, c: str) -> Array:
    """At b, between a and c, 0..180 degrees; 180 is straight."""
    return _degrees(f.deep(a) - f.deep(b), f.deep(c) - f.deep(b))


def _less_bent(f: Figures, a: str, b: str, c: str, d: str, e: str, g: str) -> Array:
    """The angle of the first three points less that of the other three, degrees."""
    return _angle(f, a, b, c) - _angle(f, d, e, g)


def _distance(f: Figures, a: str, b: str) -> Array:
    """In space, metres."""
    length: Array = np.linalg.norm(f.deep(a) - f.deep(b), axis=1)
    return length


def _wider(f: Figures, a: str, b: str, c: str, d: str) -> Array:
    """The distance of the first two points less that of the other two, metres."""
    return _distance(f, a, b) - _distance(f, c, d)


def _beyond(f: Figures, a: str, b: str) -> Array:
    """Metres by which a lies further from the torso's centre C than b, along the line from C through b:
    (a - b).(b - C) / |b - C|."""
    outward = f.deep(b) - f.deep("torso")
    return _dot(f.deep(a) - f.deep(b), _unit(outward))


def _along(axis: int, sign: int = 1) -> Callable[[Figures, str, str], Array]:
    """Metres of a from b along an axis of the body frame: 0 to the own left, 1 up the spine, 2 forward."""

    def measure(f: Figures, a: str, b: str) -> Array:
        return _dot(f.deep(a) - f.deep(b), sign * f.axes[:, axis])

    return measure


def _nearer(f: Figures, a: str, b: str) -> Array:
    """Metres by which a is nearer to the camera than b."""
    difference: Array = (f.deep(a) - f.deep(b))[:, 2]
    return difference


def _higher(f: Figures, a: str, b: str) -> Array:
    """Metres of a over b in the picture."""
    difference: Array = (f.flat(a) - f.flat(b))[:, 1]
    return difference


def _to_the_right(f: Figures, a: str, b: str) -> Array:
    """Metres of a to the right of b in the picture."""
    difference: Array = (f.flat(a) - f.flat(b))[:, 0]
    return difference


def _tilt(f: Figures, a: str, b: str) -> Array:
    """Degrees by which the line from b up to a climbs in the picture, -90..90."""
    line = f.flat(a) - f.flat(b)
    return np.degrees(np.arctan2(line[:, 1], np.abs(line[:, 0])))


def _off_ground(f: Figures, a: str) -> Array:
    """Metres over the lowest joint in the picture."""
    difference: Array = f.flat(a)[:, 1] - f.lowest
    return difference


def _carries(f: Figures, a: str, b: str) -> Array:
    """Metres by which the hips stand, seen in the picture, nearer over a than over b."""
    pelvis = f.flat("pelvis")[:, 0]
    return np.abs(pelvis - f.flat(b)[:, 0]) - np.abs(pelvis - f.flat(a)[:, 0])


def _from_up(f: Figures, a: str, b: str) -> Array:
    """Degrees between the picture's up and the line from b to a in space: 0 up, 90 level, 180 down."""
    line = f.deep(a) - f.deep(b)
    return _degrees(line, np.broadcast_to([0.0, 1.0, 0.0], line.shape))


def _from_level(f: Figures, a: str, b: str) -> Array:
    """Degrees between the line from b to a in space and the level, 0..90."""
    return np.abs(90 - _from_up(f, a, b))


def _lean(direction: int) -> Callable[[Figures], Array]:
    """Degrees by which the spine leans over, -180..180: 0 to the own left, 1 forward."""

    def measure(f: Figures) -> Array:
        spine = f.deep("neck") - f.deep("pelvis")
        return np.degrees(np.arctan2(_dot(spine, f.level[direction]), spine[:, 1]))

    return measure


def _azimuth(f: Figures) -> Array:
    """Degrees of the body's front from the camera, to the picture's right: 0 faces the camera, 180 or -180 away."""
    forward = f.level[1]
    return np.degrees(np.arctan2(forward[:, 0], forward[:, 2]))


def _away(f: Figures) -> Array:
    """Degrees of the body's front from the camera: 0 faces it, 180 turns the back."""
    return np.abs(_azimuth(f))


def _sideways(f: Figures) -> Array:
    """Degrees of the body's front to the picture's right, -90..90: 90 is a profile that faces right."""
    return np.degrees(np.arcsin(np.clip(f.level[1][:, 0], -1, 1)))


def _twist(f: Figures) -> Array:
    """Degrees by which the shoulders are turned to the own left against the hips, about the spine."""
    shoulders = f.deep("left_shoulder") - f.deep("right_shoulder")
    return -np.degrees(np.arctan2(_dot(shoulders, f.axes[:, 2]), _dot(shoulders, f.axes[:, 0])))


def _gaze(f: Figures) -> tuple[Array, Array, Array]:
    """The direction from the ears to the nose in the chest's axes: left, up, front."""
    look = f.deep("nose") - f.deep("ears")
    up = _unit(f.deep("neck") - f.deep("pelvis"))
    across = f.deep("left_shoulder") - f.deep("right_shoulder")
    left = _unit(across - _dot(across, up)[:, None] * up)
    return _dot(look, left), _dot(look, up), _dot(look, np.cross(left, up))


def _head_turn(f: Figures) -> Array:
    """Degrees by which the face is turned to the own left against the chest."""
    left, _, front = _gaze(f)
    return np.degrees(np.arctan2(left, front))


def _head_lift(f: Figures) -> Array:
    """Degrees by which the line from the ears to the nose points up against the chest."""
    left, up, front = _gaze(f)
    return np.degrees(np.arctan2(up, np.hypot(left, front)))


def _head_tilt(f: Figures) -> Array:
    """Degrees by which the head is tilted to the own left against the chest: the left ear is lower then."""
    up = _unit(f.deep("neck") - f.deep("pelvis"))
    ears = _unit(f.deep("left_ear") - f.deep("right_ear"))
    return -np.degrees(np.arcsin(np.clip(_dot(ears, up), -1, 1)))


MEASURES: Mapping[str, Callable[..., Array]] = {
    "angle": _angle,
    "less_bent": _less_bent,
    "distance": _distance,
    "wider": _wider,
    "beyond": _beyond,
    "toward_left": _along(0),
    "toward_right": _along(0, -1),
    "up_the_spine": _along(1),
    "in_front": _along(2),
    "nearer": _nearer,
    "higher": _higher,
    "to_the_right": _to_the_right,
    "tilt": _tilt,
    "off_ground": _off_ground,
    "carries": _carries,
    "from_up": _from_up,
    "from_level": _from_level,
    "lean_left": _lean(0),
    "lean_forward": _lean(1),
    "away": _away,
    "sideways": _sideways,
    "twist": _twist,
    "head_turn": _head_turn,
    "head_lift": _head_lift,
    "head_tilt": _head_tilt,
}
"""Each takes the figures and names of points and gives (N,) numbers, NaN where one is unseen."""
