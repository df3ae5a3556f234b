"""Whitening of R-MACs. By their principal components, of regions: learned from pictures, written as ONNX (Tolias et
al. 2016, section 3; Jégou and Chum, "Negative evidences and co-occurences in image retrieval", ECCV 2012). By pairs
that match, of whole R-MACs (Mikolajczyk and Matas, "Improving descriptors for fast tree matching by optimal linear
projection", ICCV 2007, section 2)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.networks.shot_encoder import WhiteningNetwork
from contrapposto.training.export import write

WEIGHTS = "rmac-whitening.onnx"

_LEAST = 1e-9


class PcaWhitening(NamedTuple):
    """mean: (C,); matrix: (C, D): principal components, the largest first, each over its deviation."""

    mean: NDArray[np.float64]
    matrix: NDArray[np.float64]

    def __call__(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, C) to (N, D) float32 of about unit deviation."""
        found: NDArray[np.float32] = ((vectors - self.mean) @ self.matrix).astype(np.float32)
        return found


def learn_whitening(vectors: Iterable[NDArray[np.floating]], dimension: int) -> PcaWhitening:
    """The whitening of vectors that come in portions (N, C), to so many numbers. Raises DataError when there are no
    more vectors than numbers: their components would be noise."""
    count, total, squares = 0, np.zeros(0), np.zeros((0, 0))
    for portion in vectors:
        given = np.asarray(portion, np.float64)
        if not count:
            total, squares = np.zeros(given.shape[1]), np.zeros((given.shape[1],) * 2)
        count, total = count + len(given), total + given.sum(axis=0)
        squares += given.T @ given
    if count <= dimension or len(total) < dimension:
        raise DataError(
            f"{count} regions of {len(total)} numbers are too few for {dimension} components: give more pictures"
        )
    mean = total / count
    values, components = np.linalg.eigh(squares / count - np.outer(mean, mean))
    largest = np.argsort(values)[::-1][:dimension]
    deviations = np.sqrt(np.maximum(values[largest], _LEAST))
    chosen = components[:, largest]
    signs = np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(dimension)])  # eigenvectors have no sign
    return PcaWhitening(mean, chosen * signs / deviations)


class PairWhitening(NamedTuple):
    """first, second: (D,) means of the two sides of pairs; matrix: (D, E), of columns that are the better to tell
    pairs apart, the earlier."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    matrix: NDArray[np.float64]


def learn_pair_whitening(
    first: NDArray[np.floating], second: NDArray[np.floating], dimension: int, shrink: float
) -> PairWhitening:
    """Makes differences within pairs alike in all directions, then keeps those in which vectors differ most.

    first, second: (N, D) vectors that match, row by row; dimension: E, at most D; shrink: of the mean variance of
    the differences so much is added to each, against directions in which they are small by chance. The first sides'
    projections have a mean square length of 1.
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    means = one.mean(axis=0), other.mean(axis=0)
    away = (one - means[0]) - (other - means[1])
    within = away.T @ away / len(away)
    values, vectors = np.linalg.eigh(within + shrink * np.trace(within) / len(within) * np.eye(len(within)))
    even = vectors / np.sqrt(np.maximum(values, _LEAST)) @ vectors.T
    centred = (one - means[0]) @ even
    kept = np.linalg.eigh(centred.T @ centred / len(centred))[1][:, ::-1][:, :dimension]
    length = np.sqrt(((centred @ kept) ** 2).sum(axis=1).mean())
    return PairWhitening(*means, even @ kept / max(float(length), _LEAST))


def write_whitening(whitening: PcaWhitening, path: Path, source: str) -> float:
    """Writes the ONNX file, as float16; gives its difference from PyTorch's form. source: the command that made it.
    Raises DataError."""
    network = WhiteningNetwork(whitening.mean, whitening.matrix).half().float()
    given = np.random.default_rng(0).normal(size=(16, len(whitening.mean)))
    examples = torch.from_numpy(given / np.linalg.norm(given, axis=1, keepdims=True)).float()
    return write(network, [examples], path, source, given=("vectors",), found=("whitened",))
