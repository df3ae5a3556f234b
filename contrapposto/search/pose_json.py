"""A pose as JSON: the form of skeleton files and of the poses in a query.

    {"keypoints": {"left_wrist": [120, 40], ...}, "keypoints3d": {"left_wrist": [0.4, 0.6, 0.1], ...}}

`keypoints` are x, y in pixels of any picture, y down; `keypoints3d` (may be left out: they are then estimated where
a query needs them) are x, y, z in metres in the camera frame of `records`. A joint that is left out, or null, is
left open. `fused` (as `keypoints`) and `embedding` (128 numbers) are what the picture told, where there was one.
"""

from __future__ import annotations

import difflib
import json
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import QueryError
from contrapposto.records import EMBEDDING, Pose

FAR_AWAY = 1e9
"""Pixels or metres: a keypoint further from the origin than this is a mistake."""


def pose_to_json(pose: Pose) -> dict[str, Any]:
    """The JSON form; null where unseen. Seven digits are kept, so that poses in small units (a picture of side 1)
    keep their shape too."""
    data: dict[str, Any] = {"keypoints": _named(pose.keypoints)}
    if np.isfinite(pose.keypoints3d).any():
        data["keypoints3d"] = _named(pose.keypoints3d)
    if np.isfinite(pose.fused).any():
        data["fused"] = _named(pose.fused)
    if np.isfinite(pose.embedding).all():
        data["embedding"] = [float(f"{value:.5g}") for value in pose.embedding]
    return data


def pose_from_json(data: Any) -> Pose:
    """A pose from the JSON form, or from the list form of `describe --json` ({"keypoints": [{"name", "x", "y",
    ...}], ...}, or all of its output for a photo of one person), or from the keypoints alone. Raises QueryError."""
    if isinstance(data, Mapping) and isinstance(data.get("people"), list):
        people = data["people"]
        if len(people) != 1:
            raise QueryError(f"this describes a photo with {len(people)} people; give one of them as the skeleton")
        data = people[0]
    if isinstance(data, Mapping) and ("keypoints" in data or "keypoints3d" in data):
        flat = _points(data["keypoints"], "xy") if "keypoints" in data else np.full((skeleton.COUNT, 2), np.nan)
        deep, fused = data.get("keypoints3d"), data.get("fused")
        return Pose(
            flat,
            keypoints3d=np.zeros(0) if deep is None else _points(deep, "xyz"),
            fused=np.zeros(0) if fused is None else _points(fused, "xy"),
            embedding=_embedding(data.get("embedding")),
        )
    return Pose(_points(data, "xy"))


def _embedding(values: Any) -> NDArray[np.float32]:
    """(128,), or nothing."""
    if values is None:
        return np.zeros(0, np.float32)
    fits = isinstance(values, list) and len(values) == EMBEDDING
    if not fits or not all(_is_number(value) and abs(value) <= 1 for value in values):
        raise QueryError(f"the embedding in the skeleton must be {EMBEDDING} numbers from -1 to 1")
    return np.array(values, np.float32)


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


def _named(points: NDArray[np.float64]) -> dict[str, list[float] | None]:
    return {
        name: [float(f"{value:.7g}") for value in point] if np.isfinite(point[0]) else None
        for name, point in zip(skeleton.KEYPOINTS, points, strict=True)
    }


def _points(keypoints: Any, axes: str) -> NDArray[np.float64]:
    """(17, 2) or (17, 3) points from names and places, or from rows with a name."""
    if isinstance(keypoints, list) and all(isinstance(item, Mapping) and "name" in item for item in keypoints):
        names = [str(item["name"]) for item in keypoints]
        twice = [name for number, name in enumerate(names) if name in names[:number]]
        if twice:
            raise QueryError(f"keypoint {twice[0]!r} stands twice in the skeleton; give it once")
        places = [[item.get(axis) for axis in axes] for item in keypoints]
        keypoints = dict(zip(names, places, strict=True))
    if not isinstance(keypoints, Mapping) or not keypoints:
        raise QueryError('a skeleton is {"keypoints": {"left_wrist": [x, y], ...}}; names as in COCO')
    points = np.full((skeleton.COUNT, len(axes)), np.nan)
    for name, place in keypoints.items():
        if name not in skeleton.INDEX:
            near = difflib.get_close_matches(str(name), ["keypoints", "keypoints3d", *skeleton.KEYPOINTS], n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(skeleton.KEYPOINTS)}"
            raise QueryError(f"unknown keypoint {name!r} in the skeleton; {hint}")
        if place is None or (isinstance(place, list) and place and all(value is None for value in place)):
            continue
        sizes = (2, 3) if axes == "xy" else (3,)  # a 2D place may carry its score
        numeric = isinstance(place, list) and len(place) in sizes
        if not numeric or not all(_is_number(v) and abs(v) <= FAR_AWAY for v in place):
            wanted = f"[{', '.join(axes)}]"
            raise QueryError(
                f"keypoint {name!r} in the skeleton must be {wanted} or null, got {reprlib.repr(place)}"
            )
        if len(place) > len(axes) and place[-1] == 0:  # a score, or COCO's "not labelled"
            continue
        points[skeleton.INDEX[name]] = place[: len(axes)]
    return points


def _is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are numbers to Python alone."""
    return isinstance(value, int | float) and not isinstance(value, bool)
