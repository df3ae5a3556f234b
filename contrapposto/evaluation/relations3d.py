"""Yes/no relations of 3D poses, after the posebits of Pons-Moll et al. 2014, and how far two sets of poses agree.

Each relation has a margin: positive where it holds, and near 0 where one could argue. It is used here to compare
true and estimated poses; people whose true margin lies in the dead zone do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton

Array = NDArray[np.float64]
Family = Literal["bent", "near", "front", "above", "beyond"]

DEAD_ZONE: dict[Family, float] = {"bent": 15.0, "near": 0.08, "front": 0.08, "above": 0.08, "beyond": 0.05}
"""Least size of the true margin, in the unit of the family's margins."""

MIN_EACH = 10
"""A relation counts when this many people have it, and as many have it not."""


@dataclass(frozen=True, slots=True)
class Relation:
    """bent: the angle at the second of three joints, degrees below the threshold; near: two joints, metres closer
    than the threshold; front: the joint, metres before the torso's plane or further forward than the second joint;
    above: the first joint, metres higher in the picture than the second; beyond: the first joint, metres further
    from the torso's centre than the second, along the line from there to the second."""

    family: Family
    joints: tuple[str, ...]
    threshold: float = 0.0

    @property
    def name(self) -> str:
        """Such as "above left_wrist nose"."""
        return " ".join((self.family, *self.joints))

    def margin(self, points: Array) -> Array:
        """(N,) of poses (N, 17, 3) in the camera frame, metres (`bent`: degrees). NaN where a joint is unknown."""
        at = [points[:, skeleton.INDEX[name]] for name in self.joints]
        if self.family == "bent":
            return self.threshold - _angle(at[0] - at[1], at[2] - at[1])
        if self.family == "near":
            return self.threshold - _length(at[0] - at[1])
        if self.family == "above":
            return (at[0] - at[1])[:, 1]
        if self.family == "front":
            origin = at[1] if len(at) > 1 else skeleton.pelvis(points)
            return _dot(at[0] - origin, _forward(points))
        outward = at[1] - skeleton.torso_centre(points)
        return _dot(at[0] - at[1], outward) / np.maximum(_length(outward), 1e-9)


def _both(family: Family, *joints: str, threshold: float = 0.0) -> tuple[Relation, Relation]:
    """The relation for the left and for the right: "own_" and "other_" stand for the sides."""
    sides = (("left_", "right_"), ("right_", "left_"))
    left, right = (
        Relation(family, tuple(j.replace("own_", own).replace("other_", other) for j in joints), threshold)
        for own, other in sides
    )
    return left, right


RELATIONS: tuple[Relation, ...] = (
    *_both("bent", "own_shoulder", "own_elbow", "own_wrist", threshold=120),
    *_both("bent", "own_hip", "own_knee", "own_ankle", threshold=120),
    *_both("bent", "own_shoulder", "own_hip", "own_knee", threshold=120),
    *_both("near", "own_wrist", "nose", threshold=0.35),
    *_both("near", "own_wrist", "own_hip", threshold=0.30),
    *_both("near", "own_wrist", "other_elbow", threshold=0.30),
    *_both("near", "own_wrist", "own_shoulder", threshold=0.30),
    Relation("near", ("left_wrist", "right_wrist"), 0.30),
    Relation("near", ("left_knee", "right_knee"), 0.30),
    Relation("near", ("left_ankle", "right_ankle"), 0.30),
    *_both("front", "own_wrist"),
    *_both("front", "own_elbow"),
    *_both("front", "own_knee"),
    *_both("front", "own_ankle"),
    Relation("front", ("left_wrist", "right_wrist")),
    Relation("front", ("left_elbow", "right_elbow")),
    Relation("front", ("left_knee", "right_knee")),
    Relation("front", ("left_ankle", "right_ankle")),
    *_both("above", "own_wrist", "nose"),
    *_both("above", "own_wrist", "own_shoulder"),
    *_both("above", "own_wrist", "own_hip"),
    *_both("above", "own_elbow", "own_shoulder"),
    Relation("above", ("left_wrist", "right_wrist")),
    Relation("above", ("left_knee", "right_knee")),
    Relation("above", ("left_ankle", "right_ankle")),
    *_both("beyond", "own_wrist", "own_elbow"),
    *_both("beyond", "own_wrist", "own_shoulder"),
    *_both("beyond", "own_ankle", "own_knee"),
    *_both("beyond", "own_knee", "own_hip"),
)


def agreement(found: Array, truth: Array) -> dict[str, float]:
    """How often relations of found and true poses (N, 17, 3) agree, 0..1, by family and over all of them.

    For each relation the mean of two shares, so that always saying yes, or no, gives 0.5: of the people who truly
    have it, and of those who truly have it not. A family is the mean of its relations, `all` of all relations.
    People whose true margin is in the dead zone, or unknown on either side, do not count; nor do relations with
    fewer than `MIN_EACH` people on a side.
    """
    rows: dict[str, list[float]] = {}
    for relation in RELATIONS:
        true, answer = relation.margin(truth), relation.margin(found)
        sure = (np.abs(true) >= DEAD_ZONE[relation.family]) & np.isfinite(answer)
        yes, no = sure & (true > 0), sure & (true <= 0)
        if min(yes.sum(), no.sum()) >= MIN_EACH:
            share = float(((answer[yes] > 0).mean() + (answer[no] <= 0).mean()) / 2)
            rows.setdefault(relation.family, []).append(share)
            rows.setdefault("all", []).append(share)
    return {f"agreement/{name}": float(np.mean(shares)) for name, shares in sorted(rows.items())}


def _forward(points: Array) -> Array:
    """(N, 3) unit vectors out of the chest: right shoulder to left, cross hips to neck."""
    across = points[:, skeleton.INDEX["left_shoulder"]] - points[:, skeleton.INDEX["right_shoulder"]]
    normal = np.cross(across, skeleton.neck(points) - skeleton.pelvis(points))
    forward: Array = normal / np.maximum(_length(normal), 1e-9)[:, None]
    return forward


def _dot(first: Array, second: Array) -> Array:
    product: Array = (first * second).sum(axis=-1)
    return product


def _length(vectors: Array) -> Array:
    length: Array = np.linalg.norm(vectors, axis=-1)
    return length


def _angle(first: Array, second: Array) -> Array:
    """(N,) degrees, 0..180."""
    angle: Array = np.degrees(np.arctan2(_length(np.cross(first, second)), _dot(first, second)))
    return angle
