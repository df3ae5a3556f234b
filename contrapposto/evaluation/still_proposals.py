"""How the methods of the protocol image-to-video propose segments for a photo, on arrays alone; and what this takes
in a library that has grown to many hours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from contrapposto.evaluation.inverted_lists import Equals, InvertedLists
from contrapposto.evaluation.still_library import Held
from contrapposto.features.key_features import KeyFeatures, Keypoints
from contrapposto.features.rmac import RMac
from contrapposto.representations.shot_embedding import DIMENSION, ShotEncoder
from contrapposto.search.still_scoring import THREADS, Segments, query_keypoints, verify, votes
from contrapposto.search.stills import PROPOSED

if TYPE_CHECKING:
    from contrapposto.scan.bit_tree import BitTree
    from contrapposto.scan.hamming import Nearest

PUBLISHED = ("nearest", "tree", "ivf")
"""Methods by which each keypoint votes for the segments of its nearest key features alone."""

LIMIT = 64
"""Bits of 256 that a keypoint and its nearest key feature differ in at most, to vote as published."""

VECTOR_BYTES = 2 * DIMENSION
"""Of a vector in the store."""

NOISE = 0.5
"""Length of what is added to the vectors of copies, whose length is 1."""

Image = NDArray[np.uint8]


def segments_of(held: Held) -> Segments:
    """What a library holds, as it is searched."""
    vectors = np.stack([one.vector for one in held.segments])
    return Segments.of([one.features for one in held.segments], vectors)


def grown(segments: Segments, seconds: float, hours: float, seed: int) -> Segments:
    """Segments of so many hours: those of so many seconds, and copies of them. In a copy about one bit of eight of
    every descriptor is another, and its vector is moved by `NOISE` in a direction of chance; paths are the same
    arrays."""
    rng = np.random.default_rng(seed)
    count = max(1, round(3600 * hours / seconds * len(segments.features)))
    features, vectors = list(segments.features), [segments.vectors]
    while len(features) < count:
        chosen = list(segments.features)[: count - len(features)]
        features += [_copied(one, rng) for one in chosen]
        moved = rng.normal(size=(len(chosen), segments.vectors.shape[1]))
        moved = segments.vectors[: len(chosen)] + NOISE * moved / np.linalg.norm(moved, axis=1, keepdims=True)
        vectors.append((moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32))
    return Segments.of(features[:count], np.concatenate(vectors)[:count])


def _copied(features: KeyFeatures, rng: np.random.Generator) -> KeyFeatures:
    flips = rng.integers(0, 256, (3, *features.descriptors.shape), dtype=np.uint8)
    changed = features.descriptors ^ (flips[0] & flips[1] & flips[2])
    return KeyFeatures(changed, features.knots, features.counts)


class Proposals:
    """Proposes segments to verify. name: of a method; extra: bytes that it keeps beside the segments."""

    def __init__(self, name: str, segments: Segments) -> None:
        self.name = name
        self.extra = 0
        self._segments = segments
        self._index: BitTree | InvertedLists | None = None
        if name == "tree":
            from contrapposto.scan.bit_tree import BitTree

            self._index = BitTree.of(segments.descriptors, segments.owners)
        elif name == "ivf":
            self._index = InvertedLists(segments.descriptors)
        if self._index is not None:
            self.extra = self._index.nbytes

    def __call__(self, image: Image) -> tuple[Keypoints, list[int]]:
        """Keypoints of a photo (H, W, 3) RGB, and the segments, the best first; of "global" no keypoints."""
        none = Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8))
        query = none if self.name == "global" else query_keypoints(image)
        found: list[int] = []
        if self.name in PUBLISHED:
            found = first(self._published(query))
        if self.name in ("local", "fused"):
            found = first(votes(query, self._segments))
        if self.name in ("global", "fused"):
            look, encoder = _networks()
            found += first(self._segments.vectors @ encoder.frame(look(image)))
        return query, list(dict.fromkeys(found))

    def _published(self, query: Keypoints) -> NDArray[np.float64]:
        """(S,) how many keypoints have their nearest there; one whose nearest are equally near votes for all."""
        from contrapposto.scan.hamming import nearest

        segments, asked = self._segments, query.descriptors
        found: Nearest | Equals
        if self._index is None:
            found = nearest(asked, segments.descriptors, segments.owners, LIMIT, threads=THREADS)
        else:
            found = self._index.nearest(asked, LIMIT, threads=THREADS)
        asking = np.repeat(np.arange(len(query)), np.diff(found.starts))
        pairs = np.unique(np.stack([asking, segments.owners[found.rows]]), axis=1)
        return np.bincount(pairs[1], minlength=len(segments.features)).astype(np.float64)


def first(scores: NDArray[np.floating]) -> list[int]:
    """The `PROPOSED` highest scores above 0, the highest first."""
    order = np.argsort(-scores, kind="stable")[:PROPOSED]
    return [int(row) for row in order if scores[row] > 0]


def seconds_of(proposals: Proposals, segments: Segments, images: Sequence[Image]) -> float:
    """Mean seconds from a photo to its verified segments."""
    took = []
    for image in [images[0], *images]:
        begin = time.perf_counter()
        query, rows = proposals(image)
        for row in rows if len(query) else ():
            verify(query, segments.features[row])
        took.append(time.perf_counter() - begin)
    return float(np.mean(took[1:]))  # the first one loads and compiles


def nbytes(name: str, segments: Segments) -> int:
    """Bytes of segments that a method keeps."""
    features = sum(one.nbytes for one in segments.features) if name != "global" else 0
    return features + (VECTOR_BYTES * len(segments.features) if name in ("global", "fused") else 0)


@cache
def _networks() -> tuple[RMac, ShotEncoder]:
    return RMac(threads=THREADS), ShotEncoder(threads=THREADS)
