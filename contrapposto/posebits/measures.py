"""What is measured on poses: angles, distances and directions, each of N people at once.

Lengths are in metres of a body of usual size: each body is scaled so that its arms, legs and torso have the lengths
of `BONES`. So children and adults, and people near to and far from the camera, compare. In the picture limbs look
shorter as they turn to the camera, so there the scale follows the bones that look longest.

Three frames (`table.FRAMES`): "picture", from 2D keypoints, x right and y up; "space", from 3D keypoints in the
camera frame of `records`, so that up is the picture's up; "body", from 3D keypoints in the axes of
`geometry.body_frame`, which do not depend on the camera.

Inside, a point of N people is a column of shape (2, N) or (3, N) in float32: one row of the table of posebits then
reads little and whole runs of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.geometry import PARALLEL
from contrapposto.posebits.vectors import (
    Array,
    angle_between,
    arccos,
    arcsin,
    arctan,
    cross,
    dot,
    length,
    mean_of_seen,
    over,
    unit,
)

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

INVERTED = -0.6
"""Upside down is a body whose unit vector from the knees (or the hips) to the neck rises by less than this."""

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
    metres in the camera frame, NaN where unknown (all of it without a 3D estimate). Points that were asked for are
    kept as columns, and so are the scales and axes."""

    def __init__(self, keypoints: NDArray[np.floating], keypoints3d: NDArray[np.floating]) -> None:
        self.keypoints = keypoints
        self.keypoints3d = keypoints3d
        self._columns: dict[tuple[int, str], Array] = {}

    def __len__(self) -> int:
        return len(self.keypoints)

    def measure(self, name: str, joints: Sequence[str]) -> NDArray[np.float64]:
        """(N,) of a measure in `MEASURES` between points (keypoints, `DERIVED` ones or "head"), in its unit; NaN
        where a point that it needs is unseen."""
        return MEASURES[name](self, *joints).astype(np.float64)

    def flat(self, point: str) -> Array:
        """(N, 2) a point in the picture, x right and y up, in scaled metres."""
        return (self.picture(point) * self.metres_per_pixel).T

    def deep(self, point: str) -> Array:
        """(N, 3) a point in the camera frame, in scaled metres."""
        return (self.space(point) * self.metres_per_metre).T

    def picture(self, point: str) -> Array:
        """(2, N) a point in the picture, x right and y up, in pixels."""
        return self._column(self.keypoints, point)

    def space(self, point: str) -> Array:
        """(3, N) a point in the camera frame, in metres as they were estimated."""
        return self._column(self.keypoints3d, point)

    @cached_property
    def spine(self) -> Array:
        """(3, N) unit vectors from the pelvis to the neck."""
        return unit(self.space("neck") - self.space("pelvis"))

    @cached_property
    def axes(self) -> tuple[Array, Array, Array]:
        """Unit vectors (3, N) to the own left, up the spine, and forward: the axes of `geometry.body_frame`."""
        across = unit(self.space("left_hip") - self.space("right_hip"))
        forward = unit(cross(across, self.spine), PARALLEL)
        return cross(self.spine, forward), self.spine, forward

    @cached_property
    def stance(self) -> tuple[Array, Array, Array]:
        """Unit vectors (3, N) on the level of the ground: to the person's left, and to where the front of the body
        looks once it is brought upright by the shortest turn; and (N,) 1, or -1 of those who stand on the head, who
        are brought upside down.

        So someone who bows, or lies on the side, faces where the chest or the hips do, and not the ground. Without
        shoulders and knees the body is taken to be upright.
        """
        across = unit(self.space("left_hip") - self.space("right_hip"))
        legs = self.space("pelvis") - (self.space("left_knee") + self.space("right_knee")) / 2
        tall = np.nan_to_num(self.space("neck") - self.space("pelvis")) + np.nan_to_num(legs)
        tall[1] += np.where(dot(tall, tall) > 0, np.float32(0), np.float32(1))
        up = unit(tall - dot(tall, across) * across)
        forward = cross(across, up)
        above = np.where(up[1] < INVERTED, np.float32(-1), np.float32(1))
        share = forward[1] / np.maximum(up[1] * above + 1, np.float32(1e-6)) * above
        turned = forward - share * up
        turned[1] = 0
        front = unit(turned)
        return np.stack([front[2], front[1], -front[0]]), front, above

    @cached_property
    def lowest(self) -> Array:
        """(N,) pixels up of the lowest of `GROUNDED` in the picture; NaN where a knee or an ankle is unseen."""
        lowest: Array = np.full(len(self), np.inf, np.float32)
        for name in GROUNDED:
            lowest = np.fmin(lowest, self.picture(name)[1])
        for side in _SIDES:
            for joint in ("knee", "ankle"):
                lowest = lowest + 0 * self.picture(f"{side}_{joint}")[1]
        return lowest

    @cached_property
    def metres_per_pixel(self) -> Array:
        """(N,) scale of the picture at each person; NaN where no bone is seen."""
        longest = [np.zeros(len(self), np.float32) for _ in range(LONGEST)]
        for a, b, usual in BONES:
            look = np.nan_to_num(length(self.picture(a) - self.picture(b)) / np.float32(usual))
            for place, longer in enumerate(longest):
                longest[place] = np.maximum(longer, look)
                look = np.minimum(longer, look)
        seen = np.sum([look > 0 for look in longest], axis=0, dtype=np.float32)
        return np.asarray(seen * np.float32(LONGEST_LOOK) / over(np.sum(longest, axis=0)))

    @cached_property
    def metres_per_metre(self) -> Array:
        """(N,) scale of the 3D estimate to a body of usual size; NaN where no bone is known."""
        usual, total = np.zeros(len(self), np.float32), np.zeros(len(self), np.float32)
        for first, second in zip(BONES[::2], (*BONES[1::2], None), strict=True):
            bones = [length(self.space(a) - self.space(b)) for a, b, _ in filter(None, (first, second))]
            total += np.sum([np.nan_to_num(bone) for bone in bones], axis=0)
            usual += np.sum([np.isfinite(bone) for bone in bones], axis=0, dtype=np.float32) * np.float32(first[2])
        return np.asarray(usual / over(total))

    def _column(self, points: NDArray[np.floating], name: str) -> Array:
        key = (points.shape[2], name)
        if key not in self._columns:
            self._columns[key] = self._made(points, name)
        return self._columns[key]

    def _made(self, points: NDArray[np.floating], name: str) -> Array:
        if name in skeleton.INDEX:
            column = np.empty((points.shape[2], len(points)), np.float32)
            for axis in range(len(column)):
                column[axis] = points[:, skeleton.INDEX[name], axis]
            if len(column) == 2:
                column[1] *= -1
            return column
        if name == "head":
            nose, *pairs = (self._column(points, part) for part in FACE)
            return mean_of_seen([[nose], pairs[:2], pairs[2:]])
        parts = ("neck", "pelvis") if name == "torso" else DERIVED[name]
        first, second = (self._column(points, part) for part in parts)
        return (first + second) / 2


_SIDES = ("left", "right")


def _angle(f: Figures, a: str, b: str, c: str) -> Array:
    """At b, between a and c, 0..180 degrees; 180 is straight."""
    corner = f.space(b)
    return angle_between(f.space(a) - corner, f.space(c) - corner)


def _less_bent(f: Figures, a: str, b: str, c: str, d: str, e: str, g: str) -> Array:
    """The angle of the first three points less that of the other three, degrees."""
    return _angle(f, a, b, c) - _angle(f, d, e, g)


def _distance(f: Figures, a: str, b: str) -> Array:
    """In space, metres."""
    return length(f.space(a) - f.space(b)) * f.metres_per_metre


def _wider(f: Figures, a: str, b: str, c: str, d: str) -> Array:
    """The distance of the first two points less that of the other two, metres."""
    return _distance(f, a, b) - _distance(f, c, d)


def _beyond(f: Figures, a: str, b: str) -> Array:
    """Metres by which a lies further from the torso's centre C than b, along the line from C through b:
    (a - b).(b - C) / |b - C|."""
    outward = f.space(b) - f.space("torso")
    return dot(f.space(a) - f.space(b), outward) / over(length(outward)) * f.metres_per_metre


def _along(axis: int, sign: int = 1) -> Callable[[Figures, str, str], Array]:
    """Metres of a from b along an axis of the body frame: 0 to the own left, 1 up the spine, 2 forward."""

    def measure(f: Figures, a: str, b: str) -> Array:
        return np.float32(sign) * dot(f.space(a) - f.space(b), f.axes[axis]) * f.metres_per_metre

    return measure


def _nearer(f: Figures, a: str, b: str) -> Array:
    """Metres by which a is nearer to the camera than b."""
    return np.asarray((f.space(a)[2] - f.space(b)[2]) * f.metres_per_metre)


def _higher(f: Figures, a: str, b: str) -> Array:
    """Metres of a over b in the picture."""
    return np.asarray((f.picture(a)[1] - f.picture(b)[1]) * f.metres_per_pixel)


def _to_the_right(f: Figures, a: str, b: str) -> Array:
    """Metres of a to the right of b in the picture."""
    return np.asarray((f.picture(a)[0] - f.picture(b)[0]) * f.metres_per_pixel)


def _tilt(f: Figures, a: str, b: str) -> Array:
    """Degrees by which the line from b up to a climbs in the picture, -90..90."""
    across, up = f.picture(a) - f.picture(b)
    return arctan(up, np.abs(across))


def _off_ground(f: Figures, a: str) -> Array:
    """Metres over the lowest joint in the picture."""
    return np.asarray((f.picture(a)[1] - f.lowest) * f.metres_per_pixel)


def _carries(f: Figures, a: str, b: str) -> Array:
    """Metres by which the hips stand, seen in the picture, nearer over a than over b."""
    pelvis = f.picture("pelvis")[0]
    nearer = np.abs(pelvis - f.picture(b)[0]) - np.abs(pelvis - f.picture(a)[0])
    return np.asarray(nearer * f.metres_per_pixel)


def _from_up(f: Figures, a: str, b: str) -> Array:
    """Degrees between the picture's up and the line from b to a in space: 0 up, 90 level, 180 down."""
    line = f.space(a) - f.space(b)
    return arccos(line[1] / over(length(line)))


def _from_level(f: Figures, a: str, b: str) -> Array:
    """Degrees between the line from b to a in space and the level, 0..90."""
    return np.asarray(np.abs(_from_up(f, a, b) - 90))


def _lean_left(f: Figures) -> Array:
    """Degrees by which the spine leans over to the own left, -90..90."""
    return arcsin(dot(f.spine, f.stance[0]))


def _lean_forward(f: Figures) -> Array:
    """Degrees by which the spine leans over forward, -180..180: its angle from the picture's up (of those who stand
    on the head: down), as far as it goes forward rather than sideways."""
    left, front, above = f.stance
    forward = dot(f.spine, front)
    aside = np.hypot(dot(f.spine, left), forward)
    share = forward / np.where(aside > 0, aside, np.float32(1))
    return arccos(f.spine[1] * above) * share


def _away(f: Figures) -> Array:
    """Degrees of the body's front from the camera: 0 faces it, 180 turns the back."""
    return arccos(f.stance[1][2])


def _sideways(f: Figures) -> Array:
    """Degrees of the body's front to the picture's right, -90..90: 90 is a profile that faces right."""
    return arcsin(f.stance[1][0])


def _twist(f: Figures) -> Array:
    """Degrees by which the shoulders are turned to the own left against the hips, about the spine."""
    shoulders = f.space("left_shoulder") - f.space("right_shoulder")
    left, _, forward = f.axes
    return -arctan(dot(shoulders, forward), dot(shoulders, left))


def _gaze(f: Figures) -> tuple[Array, Array, Array]:
    """The direction from the ears to the nose in the chest's axes: left, up, front."""
    look = f.space("nose") - f.space("ears")
    across = f.space("left_shoulder") - f.space("right_shoulder")
    left = unit(across - dot(across, f.spine) * f.spine)
    return dot(look, left), dot(look, f.spine), dot(look, cross(left, f.spine))


def _head_turn(f: Figures) -> Array:
    """Degrees by which the face is turned to the own left against the chest."""
    left, _, front = _gaze(f)
    return arctan(left, front)


def _head_lift(f: Figures) -> Array:
    """Degrees by which the line from the ears to the nose points up against the chest."""
    left, up, front = _gaze(f)
    return arctan(up, np.hypot(left, front))


def _head_tilt(f: Figures) -> Array:
    """Degrees by which the head is tilted to the own left against the chest: the left ear is lower then."""
    ears = unit(f.space("right_ear") - f.space("left_ear"))
    return arcsin(dot(ears, f.spine))


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
    "lean_left": _lean_left,
    "lean_forward": _lean_forward,
    "away": _away,
    "sideways": _sideways,
    "twist": _twist,
    "head_turn": _head_turn,
    "head_lift": _head_lift,
    "head_tilt": _head_tilt,
}
"""Each takes the figures and names of points and gives (N,) numbers, NaN where one is unseen."""
