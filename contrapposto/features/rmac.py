"""R-MAC: what a whole picture shows, as one vector to compare by its cosine (Tolias, Sicre and Jégou, "Particular
object retrieval with integral max-pooling of CNN activations", ICLR 2016, arXiv:1511.05879, section 3).

Square regions at three scales lie over the map of a convolutional network; each is described by the largest value
of every channel in it, made of unit length, PCA-whitened, and made of unit length again; their sum, of unit length,
is the vector. `rmac` takes the map of any network; `RMac` looks at pictures with EfficientNet-lite.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.media.sampling import fit
from contrapposto.weights import Progress

SCALES = 3
"""Regions at scale l have the side floor(2 s / (l + 1)) of the shorter side s, for l from 1 to this."""

OVERLAP = 0.4
"""Share of a region that the next one on the same scale should cover too."""

MOST_MORE = 6
"""Regions along the longer side, more than along the shorter one, at most."""

SIDE = 320
"""Pixels of the longer side of the picture that the network is given."""

DIMENSION = 512
"""Numbers of the vector of `RMac`."""

TINY = 1e-12
"""A vector that is shorter stays as it is."""

Whitening = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(N, C) vectors of unit length to (N, D) whitened ones."""


def regions(height: int, width: int, scales: int = SCALES) -> list[tuple[int, int, int]]:
    """Top, left and side, in cells, of the square regions of a map of so many cells, scale by scale, row by row.

    At scale l there are l regions along the shorter side and l + m along the longer one, spread evenly from edge to
    edge; m is 0 for a square map and else the number from 1 to `MOST_MORE` by which the overlap of two neighbours
    at scale 1 comes nearest to `OVERLAP`. Raises ValueError for a map without cells.
    """
    if min(height, width) < 1:
        raise ValueError(f"a map of {height} x {width} cells has no regions")
    short, long = min(height, width), max(height, width)
    more = 0 if short == long else min(range(1, MOST_MORE + 1), key=lambda count: _misses(short, long, count))
    found = []
    for scale in range(1, scales + 1):
        side = max(1, 2 * short // (scale + 1))
        down = scale + (more if height > width else 0)
        across = scale + (more if width > height else 0)
        found += [
            (top, left, side) for top in _places(height - side, down) for left in _places(width - side, across)
        ]
    return found


def pooled(seen: NDArray[np.float32], scales: int = SCALES) -> NDArray[np.float32]:
    """(R, C): of each of the `regions` of a map (C, h, w) the largest value of every channel, of unit length."""
    found = [
        seen[:, top : top + side, left : left + side].max(axis=(1, 2))
        for top, left, side in regions(seen.shape[1], seen.shape[2], scales)
    ]
    return unit(np.stack(found))


def rmac(
    seen: NDArray[np.float32], whitening: Whitening | None = None, scales: int = SCALES
) -> NDArray[np.float32]:
    """The R-MAC of a map (C, h, w) of any network: (D,) float32 of unit length; (C,) without a whitening. Raises
    ValueError for a map without cells."""
    vectors = pooled(np.asarray(seen, np.float32), scales)
    if whitening is not None:
        vectors = unit(whitening(vectors))
    return unit(vectors.sum(axis=0))


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """(..., D) float32 vectors of unit length; those shorter than `TINY` as they are."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    found: NDArray[np.float32] = (vectors / np.where(length < TINY, 1.0, length)).astype(np.float32)
    return found


class RMac:
    """R-MACs of pictures by EfficientNet-lite0, whitened; safe to call from several threads."""

    weights: tuple[str, ...] = ("efficientnet-lite0", "rmac-whitening")

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._trunk = Trunk(threads=threads, progress=progress)
        self._whitening = open_session(self.weights[1], threads=threads, progress=progress)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(`DIMENSION`,) float32 of unit length, of a (H, W, 3) uint8 RGB picture."""
        return rmac(self._trunk(image), self.whitened)

    def whitened(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, `DIMENSION`) of (N, 1280) vectors of unit length: less their mean, along the principal components,
        each over its deviation."""
        found: NDArray[np.float32] = self._whitening.run(["whitened"], {"vectors": vectors})[0]
        return found


class Trunk:
    """The last convolutional map of EfficientNet-lite0, or -lite2, of a whole picture."""

    def __init__(
        self,
        name: str = RMac.weights[0],
        *,
        side: int = SIDE,
        threads: int = 1,
        progress: Progress | None = None,
    ) -> None:
        """name: in the weights table; side: pixels of the longer side of what the network is given."""
        self._session = open_session(name, threads=threads, progress=progress)
        self._side = side

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(1280, h, w) float32, 0..6, of a (H, W, 3) uint8 RGB picture; h and w: a 32nd of the reduced picture's
        sides, rounded up."""
        scale = self._side / max(image.shape[:2])
        height, width = (max(1, round(scale * length)) for length in image.shape[:2])
        given = (fit(image, width, height).astype(np.float32) - 127) / 128
        found: NDArray[np.float32] = self._session.run(["map"], {"image": given.transpose(2, 0, 1)[None]})[0][0]
        return found


def _misses(short: int, long: int, more: int) -> float:
    """How far the overlap of regions of the shorter side is from `OVERLAP` with so many more than one of them."""
    return abs(1 - (long - short) / more / short - OVERLAP)


def _places(room: int, count: int) -> list[int]:
    """Where each of so many regions begins, evenly from 0 to the end of the room; in the middle if there is one."""
    return [room // 2] if count == 1 else [number * room // (count - 1) for number in range(count)]
