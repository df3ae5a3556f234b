"""The one query object, for Python, the command line (`--query FILE`) and whatever comes later.

JSON form:

    {"parts": [{"pose": {"keypoints": {"left_wrist": [120, 40], "left_elbow": [110, 90], ...}},
                "joints": "arms", "metric": "2d", "mirror": false, "weight": 1.0}],
     "where": "people = 1", "top": 20}

A pose's keypoints are x, y in pixels of any picture, y down; a joint that is left out (or null) is left open. The
people that `contrapposto describe --json` lists can be pasted as they are.
"""

from __future__ import annotations

import difflib
import json
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry, skeleton
from contrapposto.errors import QueryError
from contrapposto.records import Pose
from contrapposto.search import where as conditions

Metric = Literal["2d"]
METRICS: tuple[Metric, ...] = get_args(Metric)

LARGEST_WEIGHT = 1000.0
"""Of a part or a joint: more changes no order and could overflow a sum."""

FAR_AWAY = 1e9
"""Pixels: a keypoint further from the origin than this is a mistake."""


@dataclass(frozen=True, slots=True)
class PosePart:
    """Asks for people in a pose.

    joints: which keypoints of the pose count, as `joint_weights` takes it; mirror: the mirror image of what is
    asked will do as well;
    weight: share of this part in the match of a query with several parts, more than 0.
    """

    pose: Pose
    joints: str = "all"
    metric: Metric = "2d"
    mirror: bool = False
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise QueryError(f"unknown metric {self.metric!r}; there is {', '.join(METRICS)}")
        if not 0 < self.weight <= LARGEST_WEIGHT:
            raise QueryError(
                f"the weight of a part must be more than 0 and at most {LARGEST_WEIGHT:g}, "
                f"got {reprlib.repr(self.weight)}"
            )
        asked = self.pose.visible & (joint_weights(self.joints) > 0)
        if asked.sum() < 2:
            raise QueryError(
                f"the query shows {asked.sum()} of the joints asked for ({self.joints}); "
                "at least 2 are needed: ask for more joints, or with a pose that shows them"
            )

        places = self.pose.keypoints[asked]
        if (places == places[0]).all():
            raise QueryError("the joints asked for all lie on one point in the query; give a pose with a shape")

    @property
    def missing(self) -> list[str]:
        """Names of joints that are asked for but that the query's own pose does not show."""
        wanted = (joint_weights(self.joints) > 0) & ~self.pose.visible
        return [name for name, absent in zip(skeleton.KEYPOINTS, wanted, strict=True) if absent]

    def asked(self, *, mirrored: bool = False) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What people are compared with: (17, 2) keypoints and (17,) weights. In the mirror image both have left
        and right swapped: a left arm that was asked for is found as a right arm."""
        weights = joint_weights(self.joints)
        if mirrored:
            return geometry.mirror(self.pose.keypoints), weights[skeleton.FLIP]
        return self.pose.keypoints, weights


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked: parts (all of them count), a condition on files as text, and how many answers at most."""

    parts: tuple[PosePart, ...]
    where: str | None = None
    top: int = 20
    condition: conditions.Condition | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if not self.parts:
            raise QueryError("nothing is asked: give a photo or a skeleton")
        if self.top < 1:
            raise QueryError(f"the number of answers must be at least 1, got {self.top}")
        if self.where is not None:
            object.__setattr__(self, "condition", conditions.parse(self.where))

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        parts = [
            {
                "pose": {"keypoints": pose_to_json(part.pose)},
                "joints": part.joints,
                "metric": part.metric,
                "mirror": part.mirror,
                "weight": part.weight,
            }
            for part in self.parts
        ]
        return {"parts": parts, "where": self.where, "top": self.top}

    @staticmethod
    def from_json(data: Any) -> Query:
        """From the JSON form. Raises QueryError that names the key that is wrong, unknown keys among them."""
        _check_keys(data, {"parts", "where", "top"}, "the query")
        parts = data.get("parts")
        if not isinstance(parts, list):
            raise QueryError("the query needs a list of parts, each with a pose")
        where, top = data.get("where"), data.get("top", 20)
        if not (where is None or isinstance(where, str)):
            raise QueryError("'where' in the query must be a text")
        if not isinstance(top, int) or isinstance(top, bool):
            raise QueryError("'top' in the query must be a whole number")
        return Query(tuple(_part_from_json(part, number) for number, part in enumerate(parts, 1)), where, top)


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


def pose_to_json(pose: Pose) -> dict[str, list[float] | None]:
    """Keypoint name to [x, y], null where unseen. Seven digits are kept, so that poses in small units (a picture
    of side 1) keep their shape too."""
    return {
        name: [float(f"{x:.7g}"), float(f"{y:.7g}")] if np.isfinite(x) else None
        for name, (x, y) in zip(skeleton.KEYPOINTS, pose.keypoints, strict=True)
    }


def pose_from_json(data: Any) -> Pose:
    """A pose from a skeleton: {"keypoints": {name: [x, y] or null}}, or the list form of `describe --json`
    ({"keypoints": [{"name", "x", "y", ...}]}, or all of its output for a photo of one person), or the keypoints
    alone. Raises QueryError."""
    if isinstance(data, Mapping) and isinstance(data.get("people"), list):
        people = data["people"]
        if len(people) != 1:
            raise QueryError(f"this describes a photo with {len(people)} people; give one of them as the skeleton")
        data = people[0]
    keypoints = data["keypoints"] if isinstance(data, Mapping) and "keypoints" in data else data
    if isinstance(keypoints, list) and all(isinstance(item, Mapping) and "name" in item for item in keypoints):
        names = [str(item["name"]) for item in keypoints]
        twice = [name for number, name in enumerate(names) if name in names[:number]]
        if twice:
            raise QueryError(f"keypoint {twice[0]!r} stands twice in the skeleton; give it once")
        places = [[item.get("x"), item.get("y")] for item in keypoints]
        keypoints = dict(zip(names, places, strict=True))
    if not isinstance(keypoints, Mapping) or not keypoints:
        raise QueryError('a skeleton is {"keypoints": {"left_wrist": [x, y], ...}}; names as in COCO')
    points = np.full((skeleton.COUNT, 2), np.nan)
    for name, place in keypoints.items():
        if name not in skeleton.INDEX:
            near = difflib.get_close_matches(str(name), skeleton.KEYPOINTS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(skeleton.KEYPOINTS)}"
            raise QueryError(f"unknown keypoint {name!r} in the skeleton; {hint}")
        if place is None or (isinstance(place, list) and place[:2] == [None, None]):
            continue
        numeric = isinstance(place, list) and len(place) in (2, 3)
        if not numeric or not all(_is_number(v) and abs(v) <= FAR_AWAY for v in place):
            raise QueryError(f"keypoint {name!r} in the skeleton must be [x, y] or null, got {reprlib.repr(place)}")
        points[skeleton.INDEX[name]] = place[:2]
    return Pose(points)


def load_json(path: Path) -> Any:
    """The JSON in a file. Raises QueryError with the path and what is wrong."""
    if path.exists() and not path.is_file():
        raise QueryError(f"{path}: not a regular file; give a JSON file")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))  # some editors write a byte order mark
    except OSError as error:
        raise QueryError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise QueryError(f"{path}: not JSON ({error})") from error


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
        if not isinstance(value, kinds[key]) or (key == "weight" and not _is_number(value)):
            raise QueryError(f"{key!r} in {place} has a value of the wrong kind: {reprlib.repr(value)}")
    return PosePart(pose_from_json(data["pose"]), **options)


def _is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are numbers to Python alone."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_keys(data: Any, known: set[str], place: str) -> None:
    if not isinstance(data, Mapping):
        raise QueryError(f"{place} must be a JSON object")
    unknown = [key for key in data if key not in known]
    if unknown:
        raise QueryError(f"unknown key {unknown[0]!r} in {place}; there are {', '.join(sorted(known))}")
