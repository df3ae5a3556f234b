"""Photos of a screen as queries: frames of random seconds of films, captured by `training.captures`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.still_films import Film
from contrapposto.media.videos import Video
from contrapposto.training.captures import LEVELS, Capture, capture

LEAST_CONTRAST = 8.0
"""Standard deviation of the grey values of a frame, 8-bit steps, below which it shows nothing to be found by, such
as the black within a fade; another second is drawn then."""

_TRIES = 100


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """film: its place among the films; time: second of the frame; picture: (H, W, 3) RGB."""

    film: int
    time: float
    picture: NDArray[np.uint8]


def moments(films: Sequence[Film], count: int, seed: int, by_film: bool = False) -> Iterator[Moment]:
    """The frames that films show at random seconds, spread evenly over all of their time; by_film: of one film
    after the other, again and again, spread evenly over its own."""
    rng = np.random.default_rng([seed, 0])
    ends = np.cumsum([film.duration for film in films])
    for query in range(count):
        for _ in range(_TRIES):
            number = query % len(films)
            if not by_film:
                number = int(np.searchsorted(ends, rng.uniform(0, ends[-1]), side="right"))
            with Video(films[number].path) as video:
                frame = video.at(float(rng.uniform(0, films[number].duration)))
                found = Moment(number, frame.time, frame.image())
            if found.picture.mean(axis=2).std() >= LEAST_CONTRAST:
                break
        yield found


def captured(moment: Moment, number: int, level: str, seed: int) -> Capture:
    """The photo of the screen at a moment; number: of the query; level: in `captures.LEVELS`."""
    return capture(
        moment.picture, LEVELS[level], np.random.default_rng([seed, 1, number, list(LEVELS).index(level)])
    )
