"""A small table of motion capture, drawn by hand: someone swings the arms and bends the knees."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from contrapposto.skeleton import KEYPOINTS, LIMB_JOINTS
from contrapposto.training.poses3d import HELD_OUT
from tests.poses.figures import person, turned

ORDER = ("hip", "head", *reversed(LIMB_JOINTS))
"""Another order than the canonical one: tables are read by name."""


def write_table(path: Path, frames: int = 12, clips: tuple[str, ...] = ("indian/01", *HELD_OUT)) -> Path:
    """Each clip has `frames` frames; positions in centimetres, the person walks along x."""
    rows = []
    for clip in range(len(clips)):
        for frame in range(frames):
            swing = 0.3 * np.sin(frame + clip)
            points = person(
                left_wrist=(0.23, 0.05, 0.1 + swing),
                right_wrist=(-0.23, 0.05, 0.1 - swing),
                left_knee=(0.11, -0.40, 0.1 + swing / 3),
                left_ankle=(0.12, -0.75, -0.1 + swing / 3),
            )
            points = turned(points, 20.0 * clip) + np.array([0.1 * frame, 0.9, 0.0])
            named = dict(zip(KEYPOINTS, points, strict=True))
            named["hip"] = points[11:13].mean(axis=0)
            named["head"] = points[5:7].mean(axis=0) + np.array([0, 0.12, 0])
            rows.append([named[name] for name in ORDER])
    starts = np.arange(len(clips)) * frames
    np.savez(
        path,
        xyz=(100 * np.array(rows)).astype(np.float32),
        clip=np.array(clips),
        start=starts.astype(np.int32),
        length=np.full(len(clips), frames, np.int32),
        joint_names=np.array(ORDER),
    )
    return path
