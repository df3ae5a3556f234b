"""A library's binary index, beside the tree of `scan.bit_tree`: FAISS's inverted lists of 256-bit descriptors."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import DataError

LISTS = 1024
"""Clusters at most; a cluster has `MEMBERS` descriptors at least on average."""

MEMBERS = 256

PROBES = 32
"""Clusters, the nearest ones, that a query looks through."""

TIES = 8
"""Of descriptors at equal distance at most so many are found."""

SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Equals:
    """As `scan.hamming.Nearest`: those at the smallest distance of query i are rows[starts[i] : starts[i + 1]]."""

    rows: NDArray[np.intp]
    starts: NDArray[np.intp]


class InvertedLists:
    """Of descriptors (N, 32) uint8. nbytes: what it adds to them. Raises DataError where FAISS is missing."""

    def __init__(self, descriptors: NDArray[np.uint8]) -> None:
        if not available():
            raise DataError("method 'ivf' needs FAISS: pip install faiss-cpu")
        import faiss

        lists = int(np.clip(len(descriptors) // MEMBERS, 1, LISTS))
        self._quantizer = faiss.IndexBinaryFlat(256)
        self._index: Any = faiss.IndexBinaryIVF(self._quantizer, 256, lists)
        self._index.cp.seed = SEED
        self._index.nprobe = PROBES
        self._index.train(descriptors)
        self._index.add(descriptors)
        self.nbytes = 8 * len(descriptors) + 32 * lists

    def nearest(self, queries: NDArray[np.uint8], limit: int, *, threads: int = 1) -> Equals:
        """For each of (Q, 32) the nearest that the lists it looks through hold, at most `limit` bits away."""
        import faiss

        faiss.omp_set_num_threads(threads)
        distances, rows = self._index.search(np.ascontiguousarray(queries), TIES)
        kept = (rows >= 0) & (distances <= limit) & (distances == distances[:, :1])
        return Equals(rows[kept], np.concatenate([[0], np.cumsum(kept.sum(1))]))


def available() -> bool:
    """Whether FAISS is installed."""
    return importlib.util.find_spec("faiss") is not None
