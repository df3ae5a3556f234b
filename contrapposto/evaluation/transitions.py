"""Films that are rendered shot by shot, with hard cuts, fades and dissolves at known times.

Each has `PER_FILM` transitions between shots of 1.2 to 2.5 s; half of the shots are photographs under a moving
camera, half windows of clips (`transitions_shots`). Within shots there are flashes, and things that pass close to
the camera. Nothing is written to disk: pictures are made while they are asked for, the same ones for a seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from contrapposto.errors import DataError
from contrapposto.evaluation.transitions_shots import SIZE, Clip, Photo, Picture, Random, Shot, Source, mixed
from contrapposto.media import videos
from contrapposto.shots import KINDS, Border

TRANSITIONS = 510
PER_FILM = 10
RATES = (12.0, 24.0, 25.0, 30.0)
"""Frames a second, one by chance for each film."""
PURE = (1.2, 2.5)
"""Seconds, least and most, that a shot is seen without a transition."""
GRADUAL = (0.25, 1.5)
"""Seconds, least and most, that a fade or dissolve takes."""
DARKEST = 0.3
"""The largest share of a fade at its darkest (or, in white, its brightest)."""
WHITE_SHARE = 0.25
"""Share of fades that go through white."""

TUNING_SEED, SEED = 0, 1
"""Detectors were tuned on films of the first seed, and are reported on those of the second. Even seeds have every
other photo, odd ones the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFrame:
    """As `contrapposto.media.videos.Frame`. picture: (360, 640, 3) RGB."""

    time: float
    picture: Picture

    def image(self) -> Picture:
        """(360, 640, 3) RGB."""
        return self.picture

    def small(self) -> Picture:
        """(54, 96, 3) RGB, each pixel the mean of its area."""
        import cv2

        height, width = videos.SMALL
        found: Picture = cv2.resize(self.picture, (width, height), interpolation=cv2.INTER_AREA)
        return found


@dataclass(frozen=True, slots=True)
class Transition:
    """kind: of `KINDS`; out, still, into: frames of the old shot alone, of nothing but `level` (0 black, 255
    white), and of the new shot alone; a dissolve has all its frames in `out` and shows both shots in them."""

    kind: str
    out: int = 0
    still: int = 0
    into: int = 0
    level: int = 0

    @property
    def frames(self) -> int:
        """Their number."""
        return self.out + self.still + self.into

    @property
    def middle(self) -> float:
        """Frames from the beginning of the transition to the border."""
        if self.kind == "fade":
            return self.out + (self.still - 1) / 2
        return (self.frames - 1) / 2 if self.kind == "dissolve" else 0.0


@dataclass(frozen=True, slots=True)
class RenderedFilm:
    """One film: shots with a transition between each two. rate: frames a second."""

    name: str
    rate: float
    shots: tuple[Shot, ...]
    transitions: tuple[Transition, ...]
    borders: tuple[Border, ...]

    def frames(self) -> Iterator[RenderedFrame]:
        """The pictures, in order of time from 0 on."""
        for number, picture in enumerate(self._pictures()):
            yield RenderedFrame(number / self.rate, picture)

    def _pictures(self) -> Iterator[Picture]:
        old = self.shots[0].pictures(self.rate)
        for shot, after, following in zip(self.shots, self.transitions, self.shots[1:], strict=False):
            for _ in range(shot.pure):
                yield next(old)
            new = following.pictures(self.rate)
            plain = np.full((*SIZE, 3), after.level, dtype=np.uint8)
            for step in range(1, after.out + 1):
                towards = next(new) if after.kind == "dissolve" else plain
                yield mixed(next(old), towards, step / (after.out + 1))
            for _ in range(after.still):
                yield plain
            for step in range(1, after.into + 1):
                yield mixed(plain, next(new), step / (after.into + 1))
            old = new
        yield from old


def rendered_films(
    clips: Sequence[Path], pictures: Sequence[Path], seed: int = SEED, transitions: int = TRANSITIONS
) -> tuple[RenderedFilm, ...]:
    """Films with as many transitions in all, of the three kinds in turn, in an order by chance.

    clips: film files without borders, of two places at least; pictures: photograph files; transitions: a multiple
    of `PER_FILM`. Raises DataError when there are too few files.
    """
    photographs = sorted(pictures)[seed % 2 :: 2]
    if len({Clip(path).scene for path in clips}) < 2 or len(photographs) < 2:
        raise DataError("rendered films need clips of two places (names that begin differently) and four photos")
    order = np.random.default_rng(seed).permutation(np.arange(transitions) % len(KINDS))
    return tuple(
        _film((seed, number), [KINDS[kind] for kind in kinds], sorted(clips), photographs)
        for number, kinds in enumerate(order.reshape(-1, PER_FILM))
    )


def _film(
    seed: tuple[int, int], kinds: Sequence[str], clips: Sequence[Path], photographs: Sequence[Path]
) -> RenderedFilm:
    random = np.random.default_rng(seed)
    rate = float(random.choice(RATES))
    transitions = [_transition(kind, rate, random) for kind in kinds]
    shots: list[Shot] = []
    borders: list[Border] = []
    begin = 0
    for number, (before, after) in enumerate(pairwise([Transition("cut"), *transitions, Transition("cut")])):
        source = _source(clips, photographs, shots[-1].source.scene if shots else "", random)
        pure = round(random.uniform(*PURE) * rate)
        into = before.out if before.kind == "dissolve" else before.into
        stray = photographs[int(random.integers(len(photographs)))]
        shots.append(Shot(source, into, pure, after.out, stray, (*seed, number)))
        begin += pure
        if number < len(transitions):
            borders.append(Border((begin + after.middle) / rate, after.kind))
            begin += after.frames
    name = f"rendered-{seed[0]}-{seed[1]:02}"
    return RenderedFilm(name, rate, tuple(shots), tuple(transitions), tuple(borders))


def _transition(kind: str, rate: float, random: Random) -> Transition:
    frames = max(2, round(random.uniform(*GRADUAL) * rate))
    if kind == "dissolve":
        return Transition(kind, frames)
    if kind == "fade":
        still = max(1, round(random.uniform(0, DARKEST) * frames))
        out = (frames - still + 1) // 2
        level = 255 if random.random() < WHITE_SHARE else 0
        return Transition(kind, out, still, max(frames - still - out, 0), level)
    return Transition(kind)


def _source(clips: Sequence[Path], photographs: Sequence[Path], last: str, random: Random) -> Source:
    """A clip or a photograph, each in half of the cases, that does not show the place of the shot before."""
    while True:
        from_clip = random.random() < 0.5
        files = clips if from_clip else photographs
        path = files[int(random.integers(len(files)))]
        source: Source = Clip(path) if from_clip else Photo(path)
        if source.scene != last:
            return source
