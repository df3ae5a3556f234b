"""Scores of keypoints of the kinds that are published beside OKS: PCP, PCKh, and PCK joint by joint.

All pool over people. Left and right are as annotated, and count together where a joint or a limb is named. A joint
that is not found, and all joints of a person who is not found, are wrong. A measure over nothing is absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.datasets import AnnotatedPerson
from contrapposto.evaluation.keypoint_metrics import PCK_SHARE, torso_length
from contrapposto.skeleton import COUNT, INDEX, LIMB_NUMBERS

PCP_SHARE = 0.5
"""A limb is right when both of its ends lie within this share of its true length of theirs."""

PCKH_SHARE = 0.5
"""A joint is right within this share of the head's size."""

JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
LIMBS = {
    "upper_arm": ("shoulder", "elbow"),
    "forearm": ("elbow", "wrist"),
    "thigh": ("hip", "knee"),
    "shin": ("knee", "ankle"),
}
"""The four kinds of limbs of Toshev and Szegedy (2014)."""

_ENDS = np.array(
    [
        [INDEX[f"{side}_{first}"], INDEX[f"{side}_{second}"]]
        for first, second in LIMBS.values()
        for side in ("left", "right")
    ]
)


@dataclass(frozen=True, slots=True)
class PoseScore:
    """Of one annotated person: pcp_right of pcp_limbs limbs with both ends labelled; pckh_right of pckh_joints limb
    joints (0 of 0 where the head's size is not known)."""

    pcp_right: int
    pcp_limbs: int
    pckh_right: int
    pckh_joints: int


@dataclass(frozen=True, slots=True, eq=False)
class PoseScores:
    """measures: name to number; people: one row per person, in the order that they were given in."""

    measures: dict[str, float]
    people: tuple[PoseScore, ...]


def score_poses(pairs: Sequence[tuple[NDArray[np.floating] | None, AnnotatedPerson]]) -> PoseScores:
    """Score people against what was found of each: (17, 2) pixels, NaN where unseen, None for nobody.

    Measures: `pcp@0.5` share of limbs (both arms, both legs) that are right, strictly: both ends lie within half of
    the limb's true length of the true ends; `/upper_arm` and so on of a kind. `pckh@0.5` share of limb joints
    within half of the head's size, of people whose head is annotated. `pck@0.2/shoulder` and so on: as `pck@0.2`
    (`keypoint_metrics`), of one joint.
    """
    limbs = _Shares(len(_ENDS))
    heads, torsos = _Shares(len(LIMB_NUMBERS)), _Shares(len(LIMB_NUMBERS))
    people = []
    for found, person in pairs:
        true = person.keypoints
        away = np.full(COUNT, np.inf) if found is None else np.hypot(*(found - true).T)
        away = np.where(np.isnan(away), np.inf, away)
        shown: NDArray[np.bool_] = np.all(np.isfinite(true), axis=1)
        lengths = np.hypot(*(true[_ENDS[:, 0]] - true[_ENDS[:, 1]]).T)
        limb = limbs.add(away[_ENDS].max(axis=1) <= PCP_SHARE * lengths, shown[_ENDS].all(axis=1))
        joints = shown[LIMB_NUMBERS]
        head = heads.add(away[LIMB_NUMBERS] <= PCKH_SHARE * person.head, joints & np.isfinite(person.head))
        torso = torso_length(true)
        torsos.add(away[LIMB_NUMBERS] <= PCK_SHARE * (torso or 0.0), joints & (torso is not None))
        people.append(PoseScore(*limb, *head))
    pcp, pckh, pck = f"pcp@{PCP_SHARE}", f"pckh@{PCKH_SHARE}", f"pck@{PCK_SHARE}"
    measures = {
        **limbs.shares(pcp, LIMBS),
        **heads.shares(pckh, ()),
        **{name: share for name, share in torsos.shares(pck, JOINTS).items() if name != pck},
    }
    return PoseScores(measures, tuple(people))


class _Shares:
    """How often each of some things, left and right one after the other, was right."""

    def __init__(self, count: int) -> None:
        self._right = np.zeros(count, dtype=np.int64)
        self._asked = np.zeros(count, dtype=np.int64)

    def add(self, right: NDArray[np.bool_], asked: NDArray[np.bool_]) -> tuple[int, int]:
        """One person; how many were right, of how many."""
        right = right & asked
        self._right += right
        self._asked += asked
        return int(right.sum()), int(asked.sum())

    def shares(self, measure: str, names: Sequence[str] | dict[str, tuple[str, str]]) -> dict[str, float]:
        """Of all, and of each name, two things one after the other."""
        found = {measure: (self._right.sum(), self._asked.sum())}
        pairs = zip(self._right.reshape(-1, 2).sum(axis=1), self._asked.reshape(-1, 2).sum(axis=1), strict=True)
        found |= {f"{measure}/{name}": pair for name, pair in zip(names, pairs, strict=False)}
        return {name: float(right / asked) for name, (right, asked) in found.items() if asked}
