"""What the histogram detector keeps of a frame, and how two frames are compared."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

GREY = (27, 48)
"""Height and width of the grey picture."""
TINY = (9, 16)
"""Height and width of the coloured picture."""
BLOCK = (9, 8)
"""Height and width of the parts of the grey picture that move on their own; `GREY` is a multiple."""
BINS = 8
"""Of each of red, green and blue."""

EVEN = 40.0
"""Grey levels."""
NOTHING = 6.0
"""Grey levels: a picture shows nothing when their standard deviation is at most this,"""
DARK, BRIGHT = 50.0, 205.0
"""and their mean at most the first or at least the second."""

Floats = NDArray[np.float32]


@dataclass(slots=True, eq=False)
class Look:
    """One frame. grey: (27, 48) float32, 0..255; tiny: (432,) float32, (9, 16, 3) RGB 0..255 in a row; histogram:
    (512,) float32, shares of pixels; level, contrast: mean and standard deviation of grey.

    moved, dissolving: what is worked out later, once: `moved` from the frame before, and how much this frame looks
    like the middle of a dissolve.
    """

    grey: Floats
    tiny: Floats
    histogram: Floats
    level: float
    contrast: float
    moved: float | None = field(default=None)
    dissolving: float | None = field(default=None)

    @property
    def empty(self) -> bool:
        """Whether it is nothing but black or white."""
        return self.contrast <= NOTHING and not DARK < self.level < BRIGHT


def look(small: NDArray[np.uint8]) -> Look:
    """Of a (54, 96, 3) RGB picture."""
    import cv2

    grey = cv2.resize(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), GREY[::-1], interpolation=cv2.INTER_AREA)
    tiny = cv2.resize(small, TINY[::-1], interpolation=cv2.INTER_AREA)
    parts = (small >> 5).reshape(-1, 3) @ np.array([BINS * BINS, BINS, 1], dtype=np.uint16)
    counts = np.bincount(parts, minlength=BINS**3)
    floats = grey.astype(np.float32)
    return Look(
        floats,
        tiny.astype(np.float32).reshape(-1),
        (counts / len(parts)).astype(np.float32),
        float(floats.mean()),
        float(floats.std()),
    )


def colours(one: Look, other: Look) -> float:
    """Half the sum of the differences of the histograms, 0..1."""
    return float(np.abs(one.histogram - other.histogram).sum()) / 2


def plain_difference(one: Look, other: Look) -> float:
    """Mean difference of grey, 0..255; never less than `moved_difference`."""
    return float(np.abs(one.grey - other.grey).mean())


def moved_difference(one: Look, other: Look) -> float:
    """Mean difference of grey, 0..255, once each block of the other has been laid where it differs least from the
    one: up to 4 rows and 6 columns away."""
    return _moved(one.grey, other.grey)


def shape_difference(one: Look, other: Look) -> float:
    """As `moved_difference`, once both have the same light: grey with mean 0 and standard deviation `EVEN`."""
    return _moved(*(EVEN * (look.grey - look.level) / max(look.contrast, 1.0) for look in (one, other)))


def _moved(one: Floats, other: Floats) -> float:
    return float(_by_block(np.abs(_shifted(one, 4, 6) - other)).min(axis=0).mean())


def mixed_share(one: Look, middle: Look, other: Look, share: float) -> float:
    """Share of blocks, 0..1, of a frame that are explained by two others laid over each other, and not by one.

    share: how much of the second is in it. Blocks of both may have moved, up to 2 rows and 3 columns. A mixture
    explains a block when its difference is less than 0.6 of that to either one alone.
    """
    ones, others = _shifted(one.grey, 2, 3), _shifted(other.grey, 2, 3)
    alone = np.minimum(
        _by_block(np.abs(ones - middle.grey)).min(axis=0), _by_block(np.abs(others - middle.grey)).min(axis=0)
    )
    laid, mixed = other.grey, alone
    for _ in range(2):
        found = _by_block(np.abs((1 - share) * ones + (share * laid - middle.grey)))
        under = _picked(ones, found.argmin(axis=0))
        found = _by_block(np.abs(share * others + ((1 - share) * under - middle.grey)))
        laid, mixed = _picked(others, found.argmin(axis=0)), found.min(axis=0)
    return float((mixed < 0.6 * alone).mean())


def _shifted(grey: Floats, rows: int, columns: int) -> Floats:
    """(shifts, 27, 48): a picture moved by up to so many rows and columns, its edges repeated."""
    padded = np.pad(grey, ((rows, rows), (columns, columns)), mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, grey.shape)
    return np.ascontiguousarray(views.reshape(-1, *grey.shape))


def _by_block(differences: Floats) -> Floats:
    """(shifts, blocks) means of (shifts, 27, 48)."""
    down, across = GREY[0] // BLOCK[0], GREY[1] // BLOCK[1]
    parts = differences.reshape(-1, down, BLOCK[0], across, BLOCK[1])
    found: Floats = parts.sum(axis=4).sum(axis=2).reshape(-1, down * across) / (BLOCK[0] * BLOCK[1])
    return found


def _picked(shifted: Floats, best: NDArray[np.intp]) -> Floats:
    """(27, 48): each block from the shift that is best for it."""
    down, across = GREY[0] // BLOCK[0], GREY[1] // BLOCK[1]
    places = best.reshape(down, across).repeat(BLOCK[0], axis=0).repeat(BLOCK[1], axis=1)
    found: Floats = np.take_along_axis(shifted, places[np.newaxis], axis=0)[0]
    return found
