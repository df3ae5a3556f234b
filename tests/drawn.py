"""Small pictures with drawn "people", and an estimator that reads them: quick, exact, and counting its calls.

A picture is of one colour: red says how many people there are, green and blue in what pose.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contrapposto.records import EMBEDDING, Box, Person, Pose

RED_STEP = 40
"""Red per person."""

FAILS = 255
"""Red of a picture at which the estimator raises."""

_STANDING = np.array(
    [
        (50, 10), (52, 8), (48, 8), (55, 9), (45, 9),  # head
        (60, 22), (40, 22), (65, 38), (35, 38), (67, 52), (33, 52),  # arms
        (56, 52), (44, 52), (57, 74), (43, 74), (57, 95), (43, 95),  # legs
    ],
    dtype=np.float64,
)  # fmt: skip


def draw(path: Path, people: int = 1, pose: tuple[int, int] = (0, 0), size: tuple[int, int] = (40, 30)) -> Path:
    """Writes a picture (PNG inside, whatever its name) with so many people; pose: two numbers 0..255."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour = (people * RED_STEP, *pose)
    Image.new("RGB", size, colour).save(path, "PNG")
    return path


def draw_failing(path: Path) -> Path:
    """Writes a good picture that the estimator cannot take."""
    Image.new("RGB", (40, 30), (FAILS, 1, 2)).save(path, "PNG")
    return path


def keypoints(number: int, green: float, blue: float, width: int, height: int) -> NDArray[np.float64]:
    """(17, 2) pixels of person `number` (from 1): the left arm points where green says, the right leg where blue
    says, and each further person is smaller."""
    points = _STANDING.copy()
    arm, leg = green / 255 * 3, blue / 255 * 1.5
    points[7] = points[5] + 16 * np.array([np.sin(arm), np.cos(arm)])
    points[9] = points[5] + 31 * np.array([np.sin(arm), np.cos(arm)])
    points[14] = points[12] + 22 * np.array([-np.sin(leg), np.cos(leg)])
    points[16] = points[12] + 43 * np.array([-np.sin(leg), np.cos(leg)])
    return points / 100 * np.array([width, height]) / number


def embedding(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """(128,) of (17, 2) points: where they lie around their middle, over the length, as 16 bits hold it."""
    around = (points - points.mean(axis=0)).ravel()
    numbers = np.pad(around / np.linalg.norm(around), (0, EMBEDDING - around.size))
    return numbers.astype(np.float16).astype(np.float32)


class DrawnPeople:
    """An estimator (`contrapposto.poses.PoseEstimator`) for such pictures. calls: how often it was asked; delay:
    seconds that each call takes."""

    name = "movenet"

    def __init__(self, delay: float = 0.0, accurate: bool = False) -> None:
        self.accurate = accurate
        self.calls = 0
        self.delay = delay
        self._lock = threading.Lock()

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        with self._lock:
            self.calls += 1
        time.sleep(self.delay)
        red, green, blue = image.reshape(-1, 3).astype(np.float64).mean(axis=0)
        if red > 250:
            raise RuntimeError("a net has\ntorn")
        height, width = image.shape[:2]
        people = []
        for number in range(1, round(red / RED_STEP) + 1):
            points = keypoints(number, green, blue, width, height)
            deep = np.column_stack([points[:, 0], -points[:, 1], np.full(17, float(number))]) / 100
            pose = Pose(points, np.full(17, 0.8), deep, points + 0.25, embedding(points))
            people.append(Person(Box.around(points), 0.9 / number, pose))
        return people
