"""The vector of a shot, and of a picture that may show a moment of it: near each other where it does, by their
cosine (`docs/image-to-video.md`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.representations import Representation
from contrapposto.weights import Progress

DIMENSION = 256
"""Numbers of a vector."""

REPRESENTATION = Representation("shot_embedding", "shot", DIMENSION, "cosine", maskable=False, version=1)

RMAC_DIMENSION = 512
"""Numbers of the R-MACs that it is made of (`features.rmac`, which this module does not load)."""

WEIGHTS = ("efficientnet-lite0", "rmac-whitening", "shot-encoder")
"""Networks that make it, from a frame to the vector."""

EVERY = 1.0
"""Seconds between two frames of a shot that are looked at."""

LONGEST = 30.0
"""Seconds of a shot, or piece of one, that has one vector."""


class ShotEncoder:
    """Makes vectors of R-MACs (`features.rmac`); safe to call from several threads."""

    weights: tuple[str, ...] = WEIGHTS[-1:]

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)

    def shot(self, frames: NDArray[np.floating]) -> NDArray[np.float32]:
        """(`DIMENSION`,) float32 of unit length, of the R-MACs (T, D) of the frames of a shot, in order, about one
        each `EVERY` seconds. Raises ValueError for another shape, or no frames."""
        given = np.asarray(frames, np.float32)
        if given.ndim != 2 or given.shape[1] != RMAC_DIMENSION or len(given) == 0:
            raise ValueError(f"a shot needs R-MACs of shape (T, {RMAC_DIMENSION}), T at least 1, got {given.shape}")
        found: NDArray[np.float32] = self._session.run(
            ["shot"], {"frames": given, "pictures": np.empty((0, RMAC_DIMENSION), np.float32)}
        )[0][0]
        return found

    def frame(self, rmac: NDArray[np.floating]) -> NDArray[np.float32]:
        """(`DIMENSION`,) float32 of unit length, of the R-MAC (D,) of a picture to search with. Raises ValueError
        for another shape."""
        given = np.asarray(rmac, np.float32)
        if given.shape != (RMAC_DIMENSION,):
            raise ValueError(f"a picture needs an R-MAC of shape ({RMAC_DIMENSION},), got {given.shape}")
        found: NDArray[np.float32] = self._session.run(
            ["picture"], {"frames": given[None], "pictures": given[None]}
        )[0][0]
        return found
