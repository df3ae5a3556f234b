"""The one query object, for Python, the command line (`--query FILE`) and whatever comes later.

JSON form:

    {"parts": [{"pose": {"keypoints": {"left_wrist": [120, 40], "left_elbow": [110, 90], ...}},
                "joints": "arms", "metric": "2d", "mirror": false, "weight": 1.0}],
     "where": "people = 1", "top": 20, "min_match": 0.0, "unfold": false}

A pose is written as `pose_json` says; the people that `contrapposto describe --json` lists can be pasted as they
are.
"""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.distances import METRICS
from contrapposto.errors import QueryError
from contrapposto.records import Pose
from contrapposto.search import where as conditions
from contrapposto.search.pose_json import pose_from_json, pose_to_json

Lift = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""(N, 17, 2) keypoints and (N, 17) scores to (N, 17, 3), as `poses.lifting.Lifter`."""

LARGEST_WEIGHT = 1000.0
"""Of a part or a joint: more changes no order and could overflow a sum."""


@dataclass(frozen=True, slots=True)
class PosePart:
    """Asks for people in a pose.

    pose: for a metric of dimension 3 its `keypoints3d` count, and where it has none they are estimated from
    `keypoints` when the query is run. joints: which keypoints of the pose count, as `joint_weights` takes it;
    metric: a name in `distances.METRICS`; mirror: the mirror image of what is asked will do as well;
    weight: share of this part in the match of a query with several parts, more than 0.
    """

    pose: Pose
    joints: str = "all"
    metric: str = "2d"
    mirror: bool = False
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise QueryError(f"unknown metric {self.metric!r}; there are {', '.join(METRICS)}")
        if not 0 < self.weight <= LARGEST_WEIGHT:
            raise QueryError(
                f"the weight of a part must be more than 0 and at most {LARGEST_WEIGHT:g}, "
                f"got {reprlib.repr(self.weight)}"
            )
        in_space = np.isfinite(self.pose.keypoints3d).any()
        if METRICS[self.metric].dimension == 2 and in_space and not self.pose.visible.any():
            raise QueryError(
                "the skeleton has keypoints3d only; ask with a metric in space (3d, procrustes) or give keypoints"
            )
        points = self._points()
        asked = np.isfinite(points[:, 0]) & (joint_weights(self.joints) > 0)
        least = METRICS[self.metric].least_joints
        if asked.sum() < least:
            raise QueryError(
                f"the query shows {asked.sum()} of the joints asked for ({self.joints}); at least {least} are "
                f"needed by the metric {self.metric}: ask for more joints, or with a pose that shows them"
            )
        places = points[asked]
        if (places == places[0]).all():
            raise QueryError("the joints asked for all lie on one point in the query; give a pose with a shape")

    @property
    def shown(self) -> list[str]:
        """Names of joints that are asked for and that the query's own pose shows."""
        wanted = (joint_weights(self.joints) > 0) & np.isfinite(self._points()[:, 0])
        return [name for name, there in zip(skeleton.KEYPOINTS, wanted, strict=True) if there]

    @property
    def missing(self) -> list[str]:
        """Names of joints that are asked for but that the query's own pose does not show."""
        wanted = (joint_weights(self.joints) > 0) & np.isnan(self._points()[:, 0])
        return [name for name, absent in zip(skeleton.KEYPOINTS, wanted, strict=True) if absent]

    @property
    def needs_lifting(self) -> bool:
        """Whether the metric compares 3D keypoints and the pose has none yet."""
        return METRICS[self.metric].dimension == 3 and not np.isfinite(self.pose.keypoints3d).any()

    def lifted(self, lift: Lift) -> PosePart:
        """The same with 3D keypoints estimated from the pose's 2D keypoints. Raises QueryError when it shows too
        few."""
        pose = self.pose
        deep = lift(pose.keypoints[None], pose.scores[None])[0]
        if not np.isfinite(deep).any():
            raise QueryError(
                f"the query shows {pose.visible.sum()} keypoints, too few to estimate 3D from; "
                "show more of the body, give keypoints3d, or ask with the metric 2d"
            )
        return replace(self, pose=Pose(pose.keypoints, pose.scores, deep))

    def asked(self, *, mirrored: bool = False) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What people are compared with: (17, 2) or (17, 3) keypoints, by the metric, and (17,) weights. In the
        mirror image both have left and right swapped: a left arm that was asked for is found as a right arm."""
        if self.needs_lifting:
            raise ValueError("lift the part first")
        weights = joint_weights(self.joints)
        if mirrored:
            return geometry.mirror(self._points()), weights[skeleton.FLIP]
        return self._points(), weights

    def _points(self) -> NDArray[np.float64]:
        flat = METRICS[self.metric].dimension == 2 or self.needs_lifting
        return self.pose.keypoints if flat else self.pose.keypoints3d


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: parts (all of them count), a condition on files as text, and how many answers at most.

    min_match: least match of an answer, 0..1; unfold: photos that look the same are answers of their own.
    """

    parts: tuple[PosePart, ...]
    where: str | None = None
    top: int = 20
    min_match: float = 0.0
    unfold: bool = False
    condition: conditions.Condition | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not self.parts:
            raise QueryError("nothing is asked: give a photo or a skeleton")
        if self.top < 1:
            raise QueryError(f"the number of answers must be at least 1, got {self.top}")
        if not 0 <= self.min_match <= 1:
            raise QueryError(f"the least match must lie in 0..1, got {reprlib.repr(self.min_match)}")
        if self.where is not None:
            object.__setattr__(self, "condition", conditions.parse(self.where))

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        parts = [
            {
                "pose": pose_to_json(part.pose),
                "joints": part.joints,
                "metric": part.metric,
                "mirror": part.mirror,
                "weight": part.weight,
            }
            for part in self.parts
        ]
        return {
            "parts": parts,
            "where": self.where,
            "top": self.top,
            "min_match": self.min_match,
            "unfold": self.unfold,
        }

    def lifted(self, lift: Callable[[], Lift]) -> Query:
        """The same, each part that needs it with 3D keypoints; `lift` makes the estimator, once if at all."""
        if not any(part.needs_lifting for part in self.parts):
            return self
        made = lift()
        return replace(self, parts=tuple(part.lifted(made) if part.needs_lifting else part for part in self.parts))

    @staticmethod
    def from_json(data: Any) -> Query:
        """From the JSON form. Raises QueryError that names the key that is wrong, unknown keys among them."""
        _check_keys(data, {"parts", *_OPTIONS}, "the query")
        parts = data.get("parts")
        if not isinstance(parts, list):
            raise QueryError("the query needs a list of parts, each with a pose")
        for key, (kinds, words) in _OPTIONS.items():
            value = data.get(key)
            if value is not None and (
                not isinstance(value, kinds) or isinstance(value, bool) != (kinds == (bool,))
            ):
                raise QueryError(f"{key!r} in the query must be {words}")
        options = {key: data[key] for key in _OPTIONS if data.get(key) is not None}
        return Query(tuple(_part_from_json(part, number) for number, part in enumerate(parts, 1)), **options)


_OPTIONS: dict[str, tuple[tuple[type, ...], str]] = {
    "where": ((str,), "a text"),
    "top": ((int,), "a whole number"),
    "min_match": ((int, float), "a number"),
    "unfold": ((bool,), "true or false"),
}
"""Keys of the JSON form beside the parts: kinds of value, in code and in words."""


def joint_weights(joints: str) -> NDArray[np.float64]:
    """(17,) weights from a text such as `all`, `arms`, `upper,left_knee` or `arms,legs=0.5`.

    Each name is a group or keypoint of `skeleton`, with an optional factor of its weight, 0 to `LARGEST_WEIGHT`
    (1 when left out). The keypoints of a group have their usual weights, a keypoint that is named alone has
    weight 1; later names win. Raises QueryError that offers the nearest name.
    """
    if not isinstance(joints, str):
        raise QueryError(f"joints must be a text such as 'arms,left_knee=0.5', got {reprlib.repr(joints)}")
    weights = np.zeros(skeleton.COUNT)
    for item in joints.split(","):
        name, equals, factor = (text.strip() for text in item.partition("="))
        name = name.lower().replace(" ", "_").replace("-", "_")
        members = skeleton.GROUPS.get(name) or ((name,) if name in skeleton.INDEX else ())
        if not members:
            known = [*skeleton.GROUPS, *skeleton.KEYPOINTS]
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise QueryError(f"unknown joints {name!r}; {hint}")
        try:
            scale = float(factor) if equals else 1.0
        except ValueError:
            scale = -1.0
        if not 0 <= scale <= LARGEST_WEIGHT:
            raise QueryError(f"{factor!r} is no weight for {name}; write a number from 0 to {LARGEST_WEIGHT:g}")
        for member in members:
            usual = skeleton.DEFAULT_WEIGHTS[skeleton.INDEX[member]] if len(members) > 1 else 1.0
            weights[skeleton.INDEX[member]] = usual * scale
    return weights


def _part_from_json(data: Any, number: int) -> PosePart:
    place = f"part {number} of the query"
    _check_keys(data, {"pose", "joints", "metric", "mirror", "weight"}, place)
    if "pose" not in data:
        raise QueryError(f"{place} has no pose")
    kinds: dict[str, type | tuple[type, ...]] = {
        "joints": str,
        "metric": str,
        "mirror": bool,
        "weight": (int, float),
    }
    options = {key: data[key] for key in kinds if key in data}
    for key, value in options.items():
        if not isinstance(value, kinds[key]) or (key == "weight" and isinstance(value, bool)):
            raise QueryError(f"{key!r} in {place} has a value of the wrong kind: {reprlib.repr(value)}")
    return PosePart(pose_from_json(data["pose"]), **options)


def _check_keys(data: Any, known: set[str], place: str) -> None:
    if not isinstance(data, Mapping):
        raise QueryError(f"{place} must be a JSON object")
    unknown = [key for key in data if key not in known]
    if unknown:
        raise QueryError(f"unknown key {unknown[0]!r} in {place}; there are {', '.join(sorted(known))}")
