"""EfficientNet-lite2 features of a patch: what an ImageNet classifier sees (Tan and Le 2019, lite variant)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contrapposto.inference import open_session
from contrapposto.media.sampling import Region
from contrapposto.weights import Progress

SIDE = 260
DIMENSION = 1280


class Appearance:
    """Pooled features of square patches."""

    weights: tuple[str, ...] = ("efficientnet-lite2",)

    def __init__(self, *, threads: int = 1, progress: Progress | None = None) -> None:
        self._session = open_session(self.weights[0], threads=threads, progress=progress)

    def __call__(self, image: NDArray[np.uint8], region: Region) -> NDArray[np.float32]:
        """(1280,) float32 of unit length, for a square of a (H, W, 3) RGB picture."""
        patch = (region.cut(image, SIDE).astype(np.float32) - 127) / 128
        found = self._session.run(["features"], {"image": patch.transpose(2, 0, 1)[None]})[0][0]
        unit: NDArray[np.float32] = found / max(float(np.linalg.norm(found)), 1e-12)
        return unit
