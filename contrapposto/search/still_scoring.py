"""How the binary keypoints of a photo of a screen score segments of films: by votes, then by geometry.

Votes follow Garcia and Vogiatzis, "Dress like a Star" (ICCVW 2017), where each keypoint of the query votes for the
segments of its nearest key features. What differs: it votes for several segments, and with more weight the nearer
they are than those it does not vote for (McCann and Lowe, "Local Naive Bayes Nearest Neighbor", CVPR 2012), so that
a keypoint that lies anywhere says little, and one that two shots of a scene share counts for both.

Then the query's keypoints must lie over a segment's, at one moment, as one view of a plane lies over another: by a
homography (MAGSAC, Barath et al., CVPR 2019; OpenCV's).

Places are fractions of the width of the picture they lie in, as in `features.key_features`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contrapposto.features.key_features import (
    BYTES,
    TICKS,
    KeyFeatures,
    KeyOptions,
    Keypoints,
    keypoints_of_grey,
)

Array = NDArray[np.float64]

THREADS = os.cpu_count() or 1
"""That a scan of many key features may use."""

_SCALE = 512.0
"""Steps of place that OpenCV is given for a width: it takes pixels."""

_SEEN = 0.3
"""What a pair still counts that an earlier moment had."""

_PLACE = 0.02
"""Fraction of the width: the side of a square that counts as one place."""

_FLAT = 0.01
"""Share by which agreement differs between moments that are the same."""


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """width: pixels of the grey picture; blur: standard deviation of a Gaussian, in its pixels, that takes off some
    of the moire; squeeze: the picture is looked at as it is, and squeezed to this share of its width, and of its
    height, as if it were seen from the side (Morel and Yu, "ASIFT", 2009); keypoints: the most of each of the
    three; threshold: of the FAST detector, grey steps."""

    width: int = 480
    blur: float = 0.5
    squeeze: float = 0.75
    keypoints: int = 400
    threshold: int = 8


DEFAULT_QUERY = QueryOptions()


@dataclass(frozen=True, slots=True)
class VoteOptions:
    """segments: that a keypoint votes for; power: of the number of bits by which a segment is nearer than the first
    that it does not vote for, the weight of its vote."""

    segments: int = 3
    power: float = 4.0


DEFAULT_VOTES = VoteOptions()


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """bits: of 256, a pair differs in at most so many; error: fraction of the frame's width, a pair that agrees
    with the homography is less than that off; least: places that must agree; moments: of a segment, at which a
    homography is looked for; every: seconds, about, between two moments that are told apart; zoom: a length of the
    query is at least 1 / zoom and at most zoom times as long in the frame; stretch: largest ratio of the lengths of
    two directions at one place, and of the lengths of one piece at two places."""

    bits: int = 64
    error: float = 0.012
    least: int = 8
    moments: int = 3
    every: float = 0.2
    zoom: float = 5.0
    stretch: float = 3.0


DEFAULT_VERIFY = VerifyOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """S segments to search. descriptors: (N, 32) uint8 of all key features, those of a segment in a row; owners:
    (N,) int32 number of the segment of each, from 0; features: the key features of each; vectors: (S, D) float32
    of unit length, one of the look of each."""

    descriptors: NDArray[np.uint8]
    owners: NDArray[np.int32]
    features: Sequence[KeyFeatures]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, features: Sequence[KeyFeatures], vectors: NDArray[np.float32]) -> Segments:
        """From the key features of each segment and vectors (S, D)."""
        none = np.zeros((0, BYTES), np.uint8)
        return cls(
            np.concatenate([none, *(own.descriptors for own in features)]),
            np.repeat(np.arange(len(features), dtype=np.int32), [len(own) for own in features]),
            features,
            vectors,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Verified:
    """A query that lies over a segment.

    inliers: places of keypoints that agree with the homography, at most one in each square of a grid over the
    query and over the frame; homography: (3, 3) from places in the query to places in the frame, its last entry 1;
    pairs: (inliers, 2, 2) place in the query and in the frame, x and y; time: seconds from the segment's start, of
    the moment that agrees best, the middle one of several in a row.
    """

    inliers: int
    homography: Array
    pairs: Array
    time: float


def query_keypoints(image: NDArray[np.uint8], options: QueryOptions = DEFAULT_QUERY) -> Keypoints:
    """Keypoints of an (H, W, 3) RGB photo of a screen. A corner may be among them more than once, as seen from
    several sides."""
    import cv2

    detector = KeyOptions(keypoints=options.keypoints, threshold=options.threshold)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    points, descriptors = [], []
    for x, y in ((1.0, 1.0), (options.squeeze, 1.0), (1.0, options.squeeze)):
        width, height = x * options.width, y * options.width * image.shape[0] / image.shape[1]
        view = cv2.resize(grey, (round(width), max(1, round(height))), interpolation=cv2.INTER_AREA)
        found = keypoints_of_grey(cv2.GaussianBlur(view, (0, 0), options.blur), detector)
        points.append(found.points * np.array([1, x / y], np.float32))
        descriptors.append(found.descriptors)
    return Keypoints(np.concatenate(points), np.concatenate(descriptors))


def votes(query: Keypoints, segments: Segments, options: VoteOptions = DEFAULT_VOTES) -> Array:
    """(S,) votes for each segment, 0 or more. A keypoint gives each of its nearest segments, by the key feature
    nearest to it in bits, the difference of that distance from the first one's that it gives none, to a power; in
    so small a collection that there is none, from 128 bits, which is where two descriptors lie that have nothing to
    do with each other."""
    from contrapposto.scan.hamming import NONE, nearest_owners

    found, away = nearest_owners(
        query.descriptors, segments.descriptors, segments.owners, options.segments + 1, threads=THREADS
    )
    unrelated = 4 * BYTES
    rest = np.minimum(np.where(away[:, -1:] == NONE, unrelated, away[:, -1:]), unrelated)
    weight = np.maximum(rest - away[:, :-1], 0).astype(np.float64) ** options.power
    there = found[:, :-1] >= 0
    given: Array = np.zeros(len(segments.features))
    np.add.at(given, found[:, :-1][there], weight[there])
    return given


def verify(query: Keypoints, features: KeyFeatures, options: VerifyOptions = DEFAULT_VERIFY) -> Verified | None:
    """How a query lies over a segment; None where it does not."""
    pairs = _Pairs.of(query, features, options)
    best, agreeing = None, 0.0
    for moment in pairs.moments(options.moments):
        found = _homography(*pairs.at(moment), options)
        if found is not None:
            agrees = float(pairs.agreement(moment, found, options.error).sum())
            if agrees > agreeing:
                best, agreeing = (moment, found), agrees
    return None if best is None else _refined(pairs, *best, options)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Each key feature that has a keypoint of the query near enough in bits, and the nearest one, the first of
    several: K pairs, the nearest first.

    asked: (K,) row of the keypoint; places: (K, 2) of it; times: (T,) moments of the segment, seconds from its
    start; paths: (T, K, 2) where the key feature is, NaN while it is not alive."""

    asked: NDArray[np.intp]
    places: Array
    times: Array
    paths: Array

    @classmethod
    def of(cls, query: Keypoints, features: KeyFeatures, options: VerifyOptions) -> _Pairs:
        from contrapposto.scan.hamming import nearest

        if not len(query) or not len(features):
            none = np.zeros(0, np.intp)
            return cls(none, np.zeros((0, 2)), np.zeros(0), np.zeros((0, 0, 2)))
        own = np.arange(len(query), dtype=np.int32)
        near = nearest(features.descriptors, query.descriptors, own, options.bits)
        rows = np.flatnonzero(near.distances <= options.bits)
        rows = rows[np.argsort(near.distances[rows], kind="stable")]
        asked = near.rows[near.starts[rows]]
        first, last = features.knots[:, 0].min() / TICKS, features.knots[:, 0].max() / TICKS
        times = np.linspace(first, last, round((last - first) / options.every) + 1)
        return cls(asked, query.points[asked].astype(np.float64), times, features.paths(rows, times))

    def moments(self, count: int) -> list[int]:
        """The moments with the most pairs, where one that an earlier moment of these has counts little."""
        alive = np.isfinite(self.paths[..., 0])
        worth = np.ones(len(self.asked))
        chosen: list[int] = []
        while len(chosen) < min(count, len(self.times)) and len(self.asked):
            moment = int((alive @ worth).argmax())
            if moment in chosen:
                break
            chosen.append(moment)
            worth[alive[moment]] *= _SEEN
        return chosen

    def at(self, moment: int) -> tuple[Array, Array]:
        """(P, 2) places in the query and in the frame of the pairs alive, the nearest in bits first, one for each
        keypoint."""
        some = np.flatnonzero(np.isfinite(self.paths[moment, :, 0]))
        _, first = np.unique(self.asked[some], return_index=True)
        some = some[np.sort(first)]
        return self.places[some], self.paths[moment, some]

    def agreement(self, moment: int, homography: Array, error: float) -> Array:
        """(K,) 1 for a pair that the homography lays on the same place, 0 for one that is `error` off, or not
        alive; one pair for each keypoint at most is above 0."""
        off = ((mapped(homography, self.places) - self.paths[moment]) ** 2).sum(axis=1)
        agrees = np.nan_to_num(np.maximum(0.0, 1.0 - off / error**2), nan=0.0)
        order = np.argsort(-agrees, kind="stable")
        _, first = np.unique(self.asked[order], return_index=True)
        kept: Array = np.zeros(len(agrees))
        kept[order[first]] = agrees[order[first]]
        return kept

    def apart(self, moment: int, agrees: Array) -> NDArray[np.intp]:
        """The pairs that agree, those that agree best first, but one for each place in the query and in the frame:
        that several keypoints of one corner agree says no more than that one does."""
        order = np.argsort(-agrees, kind="stable")[: np.count_nonzero(agrees)]
        for places in (self.places, self.paths[moment]):
            _, first = np.unique(np.floor(places[order] / _PLACE), axis=0, return_index=True)
            order = order[np.sort(first)]
        return order


def _refined(pairs: _Pairs, moment: int, homography: Array, options: VerifyOptions) -> Verified | None:
    """The moment at which most agrees, with the homography that fits best there to the pairs that agreed before."""
    rows = np.flatnonzero(pairs.agreement(moment, homography, options.error))
    fitted: dict[int, Array] = {}
    agrees = np.zeros(len(pairs.times))
    for other in range(len(pairs.times)):
        own = rows[np.isfinite(pairs.paths[other, rows, 0])]
        if len(own) < options.least:
            continue
        found = _fitted(pairs.places[own], pairs.paths[other, own], options)
        if found is not None:
            fitted[other] = found
            agrees[other] = pairs.agreement(other, found, options.error).sum()
    if not fitted:
        return None
    best = int(agrees.argmax())
    first = last = best
    while first > 0 and agrees[first - 1] >= (1 - _FLAT) * agrees[best]:
        first -= 1
    while last + 1 < len(agrees) and agrees[last + 1] >= (1 - _FLAT) * agrees[best]:
        last += 1
    middle = (first + last) // 2
    at = middle if middle in fitted else best
    final = pairs.apart(at, pairs.agreement(at, fitted[at], options.error))
    if len(final) < options.least:
        return None
    laid = np.stack([pairs.places[final], pairs.paths[at, final]], axis=1)
    return Verified(len(final), fitted[at], laid, float(pairs.times[at]))


def mapped(homography: Array, places: NDArray[np.floating]) -> Array:
    """Where a homography (3, 3) takes places (N, 2)."""
    found = places @ homography[:, :2].T + homography[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found[:, :2] / found[:, 2:])


def _homography(asked: Array, there: Array, options: VerifyOptions) -> Array | None:
    """From places (P, 2) to places (P, 2), the likeliest pairs first, most of which may be wrong."""
    import cv2

    if len(asked) < options.least:
        return None
    found, agrees = cv2.findHomography(
        _SCALE * asked, _SCALE * there, cv2.USAC_MAGSAC, _SCALE * options.error, maxIters=2000, confidence=0.999
    )
    if found is None:
        return None
    own = agrees[:, 0] > 0
    return _sane(_unscaled(found), asked[own], options) if own.sum() >= options.least else None


def _fitted(asked: Array, there: Array, options: VerifyOptions) -> Array | None:
    """The homography of least squares between places (P, 2) and places (P, 2)."""
    import cv2

    found, _ = cv2.findHomography(_SCALE * asked, _SCALE * there, 0)
    return None if found is None else _sane(_unscaled(found), asked, options)


def _unscaled(homography: Array) -> Array:
    found: Array = homography * [[1, 1, 1 / _SCALE], [1, 1, 1 / _SCALE], [_SCALE, _SCALE, 1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(found / found[2, 2])


def _sane(homography: Array, places: Array, options: VerifyOptions) -> Array | None:
    """The homography, unless no camera shows a screen so where the places lie: a mirror image, the horizon across
    it, much too large or small, too slanting."""
    if not np.isfinite(homography).all():
        return None
    low, high = places.min(axis=0), places.max(axis=0)
    box = np.array([low, [high[0], low[1]], high, [low[0], high[1]], (low + high) / 2])
    depth = box @ homography[2, :2] + homography[2, 2]
    if not (depth > 1e-9).all():
        return None
    to = mapped(homography, box)
    lengths = (homography[:2, :2] - to[:, :, None] * homography[2, :2]) / depth[:, None, None]
    largest, smallest = np.linalg.svd(lengths, compute_uv=False).T
    sizes = np.sqrt(largest * smallest)
    good = (
        (np.linalg.det(lengths) > 0).all()
        and (largest <= options.stretch * smallest).all()
        and sizes.max() <= options.stretch * sizes.min()
        and 1 / options.zoom <= sizes.min()
        and sizes.max() <= options.zoom
    )
    return homography if good else None
