"""The one keypoint table: names, sides, limbs, groups, weights, flips, and maps from other keypoint sets.

Canonical set: COCO-17, in COCO's order. Left and right are the person's own, everywhere. Other sets are mapped
here, once, by name; a joint that the other set does not have is missing (NaN, visible = False).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

KEYPOINTS: tuple[str, ...] = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""Names of the 17 keypoints, in canonical order (COCO)."""

COUNT = len(KEYPOINTS)
INDEX: Mapping[str, int] = {name: index for index, name in enumerate(KEYPOINTS)}

FLIP: NDArray[np.intp] = np.array(
    [
        INDEX[name.replace("left_", "right_") if name.startswith("left_") else name.replace("right_", "left_")]
        for name in KEYPOINTS
    ]
)
"""(17,) index of each keypoint's other side; `points[FLIP]` swaps left and right."""

LIMBS: tuple[tuple[str, str], ...] = (
    ("nose", "left_eye"),
    ("nose", "right_eye"),
    ("left_eye", "left_ear"),
    ("right_eye", "right_ear"),
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip"),
    ("left_hip", "left_knee"),
    ("left_knee", "left_ankle"),
    ("right_hip", "right_knee"),
    ("right_knee", "right_ankle"),
)
"""Pairs of keypoint names that are drawn as lines."""

OKS_SIGMA: NDArray[np.float64] = (
    np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89], dtype=np.float64) / 1000
)
"""(17,) COCO's per-keypoint standard deviations, as a share of the square root of the person's area."""

LIMB_JOINTS: tuple[str, ...] = KEYPOINTS[5:]
"""The 12 limb joints: shoulders, elbows, wrists, hips, knees, ankles."""

LIMB_NUMBERS: NDArray[np.intp] = np.arange(5, COUNT)
"""Rows of `LIMB_JOINTS` among the keypoints."""

LIMB_WEIGHTS: NDArray[np.float64] = np.isin(KEYPOINTS, LIMB_JOINTS).astype(np.float64)
"""(17,) weights of a distance over the 12 limb joints."""

_HEAD = KEYPOINTS[:5]
_ARMS = KEYPOINTS[5:11]
_LEGS = KEYPOINTS[11:]
GROUPS: Mapping[str, tuple[str, ...]] = {
    "all": KEYPOINTS,
    "head": _HEAD,
    "limbs": LIMB_JOINTS,
    "arms": _ARMS,
    "legs": _LEGS,
    "torso": ("left_shoulder", "right_shoulder", "left_hip", "right_hip"),
    "upper": _HEAD + _ARMS + ("left_hip", "right_hip"),
    "lower": _LEGS,
    "left_arm": ("left_shoulder", "left_elbow", "left_wrist"),
    "right_arm": ("right_shoulder", "right_elbow", "right_wrist"),
    "left_leg": ("left_hip", "left_knee", "left_ankle"),
    "right_leg": ("right_hip", "right_knee", "right_ankle"),
    "left": tuple(name for name in KEYPOINTS if name.startswith("left_")),
    "right": tuple(name for name in KEYPOINTS if name.startswith("right_")),
}
"""Names that stand for several keypoints, as `--joints` takes them."""

DEFAULT_WEIGHTS: NDArray[np.float64] = np.where(np.isin(KEYPOINTS, _HEAD), 0.2, 1.0)
"""(17,) weight of each keypoint in a distance when the user asks for nothing else: the five keypoints of the
head together count as one limb joint."""

LSP_14: tuple[str, ...] = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "neck",
    "head_top",
)
MPII_16: tuple[str, ...] = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "pelvis",
    "thorax",
    "upper_neck",
    "head_top",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
)
H36M_17: tuple[str, ...] = (
    "pelvis",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "spine",
    "thorax",
    "neck_base",
    "head",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
)
BLAZEPOSE_33: tuple[str, ...] = (
    "nose",
    "left_eye_inner",
    "left_eye",
    "left_eye_outer",
    "right_eye_inner",
    "right_eye",
    "right_eye_outer",
    "left_ear",
    "right_ear",
    "mouth_left",
    "mouth_right",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_pinky",
    "right_pinky",
    "left_index",
    "right_index",
    "left_thumb",
    "right_thumb",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
    "left_heel",
    "right_heel",
    "left_foot_index",
    "right_foot_index",
)


def from_names(points: NDArray[np.floating], names: Sequence[str]) -> NDArray[np.float64]:
    """Joints of any set, given by name, in canonical order.

    points: (..., J, D) coordinates in any frame, NaN where unseen; names: the J names.
    Returns (..., 17, D) float64, NaN for the keypoints that `names` does not hold.
    Raises ValueError if the number of names differs from J or a name stands twice.
    """
    if points.shape[-2] != len(names):
        raise ValueError(f"expected {points.shape[-2]} joint names for shape {points.shape}, got {len(names)}")
    if len(set(names)) != len(names):
        raise ValueError("a joint name stands twice")
    mapped = np.full((*points.shape[:-2], COUNT, points.shape[-1]), np.nan)
    for source, name in enumerate(names):
        if name in INDEX:
            mapped[..., INDEX[name], :] = points[..., source, :]
    return mapped


def midpoint(points: NDArray[np.floating], first: str, second: str) -> NDArray[np.float64]:
    """(..., D) point halfway between two keypoints of (..., 17, D); NaN where either is unseen."""
    middle: NDArray[np.float64] = (points[..., INDEX[first], :] + points[..., INDEX[second], :]) / 2
    return middle


def neck(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., D) midpoint of the shoulders of (..., 17, D)."""
    return midpoint(points, "left_shoulder", "right_shoulder")


def pelvis(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., D) midpoint of the hips of (..., 17, D)."""
    return midpoint(points, "left_hip", "right_hip")


def torso_centre(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """(..., D) point halfway between neck and pelvis of (..., 17, D)."""
    centre: NDArray[np.float64] = (neck(points) + pelvis(points)) / 2
    return centre
