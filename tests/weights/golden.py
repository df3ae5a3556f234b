"""Inputs that are always the same, and what is stored of a network's outputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

FILE = Path(__file__).with_name("golden.npz")

SIZES = {
    "movenet-thunder": (1, 256, 256, 3),
    "movenet-multipose": (1, 192, 256, 3),
    "movenet-lightning": (1, 192, 192, 3),
    "nanodet": (1, 3, 416, 416),
    "blazepose-detector": (2, 224, 224, 3),
    "blazepose-lite": (2, 256, 256, 3),
    "blazepose-full": (1, 256, 256, 3),
    "blazepose-heavy": (1, 256, 256, 3),
    "efficientnet-lite2": (2, 3, 224, 192),
    "lifter": (4, 51),
    "efficientnet-lite0": (2, 3, 224, 192),
    "view-invariant": (4, 51),
    "language-stream": (4, 280),
    "partial-queries": (4, 560),
    "pose-network": (2, 3, 256, 256),
    "shot-encoder": (5, 512),
    "rmac-whitening": (4, 1280),
}
"""Shape of the first input that each network is run on."""

FURTHER = {"shot-encoder": {"pictures": (3, 512)}}
"""Shapes of other inputs, by name."""

KEPT = 600
"""Outputs of up to this many numbers are stored whole."""

SPACED = 200
SUMS = 20


def picture(name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Waves and a little noise in 0..1; the seed is the place in `SIZES`."""
    rng = np.random.default_rng(list(SIZES).index(name))
    grid = np.indices(shape)[1:].astype(np.float64)
    axes = len(grid)
    waves = sum(np.sin(np.tensordot(rng.uniform(-0.15, 0.15, axes), grid, 1) + rng.uniform(0, 6)) for _ in range(6))
    return np.clip(0.5 + waves / 8 + rng.normal(0, 0.03, shape), 0, 1)


def feed(name: str, dtype: str, further: str = "") -> NDArray[np.float32] | NDArray[np.int32]:
    """The picture in the range that the network takes; further: the name of an input that is not the first."""
    values = picture(name, FURTHER[name][further] if further else SIZES[name])
    if "int32" in dtype:
        return np.round(values * 255).astype(np.int32)
    if name == "blazepose-detector":
        values = values * 2 - 1
    if name.startswith(("nanodet", "efficientnet", "pose-network")):
        values = (values * 255 - 127) / (58 if name == "nanodet" else 128)
    return values.astype(np.float32)


def outputs(name: str, path: Path) -> dict[str, NDArray[np.float32]]:
    """Every output of the network at `path`, by name, as `digest` keeps it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    entry, *more = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    given = {other.name: feed(name, other.type, other.name) for other in more}
    found = session.run(None, {entry.name: feed(name, entry.type), **given})
    return {f"{name}/{key}": digest(value) for key, value in zip(names, found, strict=True)}


def digest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Small outputs whole; of large ones `SPACED` evenly spaced numbers, then `SUMS` sums with fixed random signs,
    over the square root of the count, which any change of many numbers moves."""
    flat = values.astype(np.float64).ravel()
    if flat.size <= KEPT:
        return flat.astype(np.float32)
    signs = np.random.default_rng(7).choice([-1.0, 1.0], (SUMS, flat.size))
    spaced = flat[np.linspace(0, flat.size - 1, SPACED).astype(int)]
    return np.concatenate([spaced, signs @ flat / np.sqrt(flat.size)]).astype(np.float32)
