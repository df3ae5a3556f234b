"""Photos of stick figures with known joints: a keypoint set on the disk, or in memory."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from contrapposto.skeleton import INDEX, KEYPOINTS, LIMB_JOINTS, LIMBS
from contrapposto.training.photos import Photos, read_photos
from tests.poses.figures import person, picture, turned

SIDE = 300
"""Pixels of the photos' sides."""


def figure(number: int) -> NDArray[np.float64]:
    """(17, 2) a person whose arms and legs follow the number; the face is unseen."""
    rng = np.random.default_rng(number)
    arms, legs = rng.uniform(-0.45, 0.6, (2, 2)), rng.uniform(-0.3, 0.3, 2)
    points = person(
        left_wrist=(0.3 + 0.3 * arms[0, 0], arms[0, 1], 0.1),
        right_wrist=(-0.3 - 0.3 * arms[1, 0], arms[1, 1], 0.1),
        left_ankle=(0.15 + abs(legs[0]), -0.8, 0.0),
        right_ankle=(-0.15 - abs(legs[1]), -0.8, 0.0),
    )
    points = picture(turned(points, float(rng.uniform(-40, 40))))
    points = (points - np.nanmean(points, axis=0)) * (140 / np.ptp(points, axis=0).max()) + SIDE / 2
    points[:5] = np.nan
    return points


def drawn(joints: NDArray[np.float64], shade: int) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 3): left limbs red, right ones green, on a grey ground."""
    image = np.full((SIDE, SIDE, 3), shade, np.uint8)
    for first, second in LIMBS:
        ends = joints[[INDEX[first], INDEX[second]]]
        if np.isfinite(ends).all():
            colour = (230, 40, 40) if first.startswith("left") else (40, 230, 40)
            start, end = (tuple(int(value) for value in point) for point in ends)
            cv2.line(image, start, end, colour, 7)
    return image


def write_set(folder: Path, train: int = 24, val: int = 12) -> Path:
    """images/, joints.npz and split.csv; two photos of each scene."""
    (folder / "images").mkdir(parents=True)
    names, joints = [], []
    for number in range(train + val):
        points = figure(number)
        name = f"im{number:03d}.png"
        picture_of = drawn(points, 90 + number % 5 * 20)
        cv2.imwrite(str(folder / "images" / name), picture_of[..., ::-1])
        names.append(name)
        joints.append([points[INDEX[joint]] for joint in LIMB_JOINTS])
    points = np.array(joints, np.float32)
    visible = np.ones(points.shape[:2], bool)
    visible[0, :2] = False
    np.savez(
        folder / "joints.npz",
        file_name=np.array(names),
        joints=points,
        visible=visible,
        size=np.full((len(names), 2), SIDE, np.int32),
        joint_names=np.array(LIMB_JOINTS),
    )
    with (folder / "split.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "split", "cluster"])
        for number, name in enumerate(names):
            writer.writerow([name, "train" if number < train else "val", number // 2])
    assert set(LIMB_JOINTS) <= set(KEYPOINTS)
    return folder


def sets(folder: Path, side: int, train: int = 24, val: int = 12) -> tuple[Photos, Photos]:
    """Train and val of a set that is written to the folder."""
    root = write_set(folder, train, val)
    return read_photos(root, "train", side), read_photos(root, "val", side)
