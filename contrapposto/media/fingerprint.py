"""A perceptual hash: 64 bits that hardly change when a picture is stored again, scaled, or made a little brighter.

The picture is reduced to 32 x 32 grey pixels and put through the discrete cosine transform; the bits are the signs
of its 64 lowest frequencies without the mean. Of five hashes of 64 bits that were compared (docs/media.md), this
one mistook the fewest different photos for one. A mirrored or turned picture is another picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAME = 10
"""Bits: two pictures with at most this distance count as near-duplicates, if what else is known of them agrees."""

_SIDE, _BITS = 32, 64
_FLAT = 2.0
"""Grey levels: standard deviation below which a picture shows nothing that a hash could tell from noise."""


def fingerprint(image: NDArray[np.uint8]) -> int | None:
    """The hash, 0..2**64 - 1, of a (H, W, 3) RGB picture; None of one that is of a single colour, or nearly."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    if small.std() < _FLAT:
        return None
    waves = cv2.dct(small)[_ROWS, _COLUMNS]
    return int.from_bytes(np.packbits(waves > 0).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """Bits in which two hashes differ, 0..64."""
    return (one ^ other).bit_count()


def _lowest() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the lowest frequencies, diagonal by diagonal, each from the top; not the mean."""
    rows, columns = np.indices((_SIDE, _SIDE)).reshape(2, -1)
    order = np.lexsort((rows, rows + columns))[1 : _BITS + 1]
    return rows[order], columns[order]


_ROWS, _COLUMNS = _lowest()
