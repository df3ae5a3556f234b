"""Frames that are drawn: places of coloured noise, seen by a camera that moves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from contrapposto.shots import Border, ShotDetector

RATE = 10.0
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class DrawnFrame:
    time: float
    picture: Picture

    def image(self) -> Picture:
        return self.picture

    def small(self) -> Picture:
        return np.asarray(cv2.resize(self.picture, (96, 54), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def place(number: int) -> Picture:
    """A wide picture of blots, other ones for each number."""
    random = np.random.default_rng(number)
    palette = random.integers(0, 256, (2, 3))
    coarse = random.random((12, 36, 1)) * palette[0] + random.random((12, 36, 1)) * palette[1]
    fine = random.random((60, 180, 1)) * 60
    wide = cv2.resize(coarse, (960, 216), interpolation=cv2.INTER_CUBIC)
    wide = wide + cv2.resize(fine, (960, 216), interpolation=cv2.INTER_CUBIC)[:, :, None]
    return np.clip(wide, 0, 255).astype(np.uint8)


def shot(number: int, count: int, speed: float = 2.5) -> list[Picture]:
    """A place under a camera that moves so many pixels of 384 a frame."""
    wide = place(number)
    return [wide[:, int(speed * at) % 576 :][:, :384].copy() for at in range(count)]


def mixed(one: Picture, other: Picture | float, share: float) -> Picture:
    return np.clip((1 - share) * one + share * np.asarray(other, dtype=float), 0, 255).astype(np.uint8)


def dissolved(one: Sequence[Picture], other: Sequence[Picture], count: int) -> list[Picture]:
    """Two shots, the last and first frames of which lie over each other."""
    between = [
        mixed(a, b, (step + 1) / (count + 1))
        for step, (a, b) in enumerate(zip(one[-count:], other[:count], strict=True))
    ]
    return [*one[:-count], *between, *other[count:]]


def faded(one: Sequence[Picture], other: Sequence[Picture], count: int, level: float = 0.0) -> list[Picture]:
    """Two shots; so many frames of each go to black, or another level, with one of nothing else between."""
    out = [mixed(a, level, (step + 1) / (count + 1)) for step, a in enumerate(one[-count:])]
    into = [mixed(b, level, 1 - (step + 1) / (count + 1)) for step, b in enumerate(other[:count])]
    return [*one[:-count], *out, mixed(one[-1], level, 1.0), *into, *other[count:]]


def frames(pictures: Iterable[Picture], rate: float = RATE, begin: float = 0.0) -> list[DrawnFrame]:
    return [DrawnFrame(begin + number / rate, picture) for number, picture in enumerate(pictures)]


def borders(detector: ShotDetector, shown: Iterable[DrawnFrame]) -> list[Border]:
    found: list[Border] = []
    for frame in shown:
        found += detector.push(frame)
    return found + detector.finish()
