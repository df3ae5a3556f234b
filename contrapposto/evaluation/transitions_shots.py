"""Shots to put transitions between: windows of clips, and photographs that a camera pans and zooms over.

All pictures are `SIZE`; those of another shape are cut, in the middle, to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.media.photos import decode, read_file
from contrapposto.media.videos import Video

SIZE = (360, 640)
"""Height and width in pixels of a rendered picture."""
STANDING, WHIPPING, SHAKING = 0.2, 0.2, 0.3
"""Shares of photographs over which the camera does not move, and over which it whips; and of all of them that
shake."""
WHIP = 0.3
"""Seconds that a whip takes."""
FLASHES, PASSING = 0.15, 0.15
"""Shares of shots with a flash, and with a thing that passes close to the camera."""
PASS = (0.3, 0.8)
"""Seconds, least and most, that a thing takes to pass."""

Picture = NDArray[np.uint8]
Random = np.random.Generator


class Source(Protocol):
    """What a shot shows. scene: equal where two sources may show the same place."""

    @property
    def scene(self) -> str:
        """Name of the place."""
        ...

    def pictures(self, count: int, rate: float, random: Random) -> Iterator[Picture]:
        """count pictures (360, 640, 3) RGB, at a rate in frames a second."""
        ...


@dataclass(frozen=True, slots=True)
class Clip:
    """A film file. Its frames follow one another, whatever its own rate; a window that is longer than the clip is
    played to and fro. Files whose names begin alike, up to a "_", are taken to show one place."""

    path: Path

    @property
    def scene(self) -> str:
        """What the name begins with."""
        return self.path.stem.split("_")[0]

    def pictures(self, count: int, rate: float, random: Random) -> Iterator[Picture]:
        """A window that begins by chance. Raises UnreadableMedia, DataError."""
        with Video(self.path) as video:
            length = (video.duration or 0.0) - count / video.rate
            start = float(random.uniform(0.0, max(length, 0.0)))
            with closing(video.frames(start)) as frames:
                found = [fitted(frame.image()) for frame in islice(frames, count)]
        if not found:
            raise DataError(f"{self.path} has no frame after {start:.1f} s: remove it")
        there_and_back = max(2 * len(found) - 2, 1)
        for number in range(count):
            place = number % there_and_back
            yield found[min(place, there_and_back - place)]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph file. The camera stands, or moves and zooms evenly, or whips over in `WHIP` seconds."""

    path: Path

    @property
    def scene(self) -> str:
        """Name of the file."""
        return self.path.name

    def pictures(self, count: int, rate: float, random: Random) -> Iterator[Picture]:
        """A path of the camera by chance. Raises UnreadableMedia."""
        photo = read_photo(self.path)
        seconds = count / rate
        manner = random.random()
        sizes = np.exp(random.uniform(np.log(0.45), np.log(0.95), 2))
        ends = random.uniform(0.0, 1.0, (2, 2))
        if manner < STANDING + WHIPPING:
            sizes[1] = sizes[0]
        if manner < STANDING:
            ends[1] = ends[0]
        whips = STANDING <= manner < STANDING + WHIPPING
        begin = float(random.uniform(0.3, 0.7)) * seconds - WHIP / 2
        shake = float(random.uniform(0.002, 0.015)) * (random.random() < SHAKING)
        phase = random.uniform(0, 2 * np.pi, 2)
        for number in range(count):
            time = number / rate
            done = float(np.clip((time - begin) / WHIP, 0, 1)) if whips else time / seconds
            place = ends[0] * (1 - done) + ends[1] * done
            place = place + shake * np.sin(2 * np.pi * np.array([1.7, 2.3]) * time + phase)
            share = float(sizes[0] ** (1 - done) * sizes[1] ** done)
            yield _seen(photo, share, np.clip(place, 0, 1))


@dataclass(frozen=True, slots=True)
class Shot:
    """into, pure, out: frames of it in the transition before, alone, and in the one after; stray: a photograph of
    which a part may pass close to the camera."""

    source: Source
    into: int
    pure: int
    out: int
    stray: Path
    seed: tuple[int, ...]

    def pictures(self, rate: float) -> Iterator[Picture]:
        """All of them, (360, 640, 3) RGB, perhaps with a flash or something that passes amid the pure ones."""
        random = np.random.default_rng(self.seed)
        kind = random.random()
        found = self.source.pictures(self.into + self.pure + self.out, rate, random)
        middle = self.into + self.pure / 2
        if kind < FLASHES:
            yield from _flashed(found, int(middle), random)
        elif kind < FLASHES + PASSING:
            yield from _passed(found, read_photo(self.stray), middle / rate, rate, random)
        else:
            yield from found


def read_photo(path: Path) -> Picture:
    """A photograph, upright. Raises UnreadableMedia."""
    return decode(read_file(path)).image


def fitted(image: Picture) -> Picture:
    """The middle of a picture, `SIZE`."""
    return _seen(image, 1.0, (0.5, 0.5))


def mixed(old: Picture, new: Picture, share: float) -> Picture:
    """(1 - share) of one picture and share of another."""
    import cv2

    found: Picture = cv2.addWeighted(old, 1 - share, new, share, 0)
    return found


def _flashed(pictures: Iterator[Picture], at: int, random: Random) -> Iterator[Picture]:
    """One to three pictures towards white, each less than the one before."""
    light = float(random.uniform(0.5, 0.95)) * 0.5 ** np.arange(random.integers(1, 4))
    for number, picture in enumerate(pictures):
        if at <= number < at + len(light):
            picture = mixed(picture, np.full_like(picture, 255), float(light[number - at]))
        yield picture


def _passed(
    pictures: Iterator[Picture], photo: Picture, middle: float, rate: float, random: Random
) -> Iterator[Picture]:
    """A part of a photo, 0.4 to 0.8 as wide and 0.6 to 1 as high as the picture, crosses it."""
    height, width = SIZE
    part = fitted(photo)[: int(height * random.uniform(0.6, 1)), : int(width * random.uniform(0.4, 0.8))]
    takes = float(random.uniform(*PASS))
    top = int(random.integers(0, height - len(part) + 1))
    leftwards = random.random() < 0.5
    for number, picture in enumerate(pictures):
        done = (number / rate - middle) / takes + 0.5
        if 0 < done < 1:
            done = 1 - done if leftwards else done
            left = round(-part.shape[1] + done * (width + part.shape[1]))
            first, last = max(left, 0), min(left + part.shape[1], width)
            picture = picture.copy()
            picture[top : top + len(part), first:last] = part[:, first - left : last - left]
        yield picture


def _seen(image: Picture, share: float, place: Sequence[float] | NDArray[np.float64]) -> Picture:
    """A window of the shape of `SIZE` that is `share` of the largest one, its place 0..1 between left and right,
    top and bottom."""
    import cv2

    height, width = image.shape[:2]
    scale = min(height / SIZE[0], width / SIZE[1]) * share
    left = place[0] * (width - SIZE[1] * scale)
    top = place[1] * (height - SIZE[0] * scale)
    if scale > 1.5:  # first shrink, so that no pixel is passed over
        size = (round(width / scale), round(height / scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        left, top, scale = left / scale, top / scale, 1.0
    matrix = np.array([[scale, 0, left + (scale - 1) / 2], [0, scale, top + (scale - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found: Picture = cv2.warpAffine(image, matrix, (SIZE[1], SIZE[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return found
