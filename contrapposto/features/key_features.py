"""Binary keypoints of frames, and the few that stand for a whole stretch of film.

Follows Garcia and Vogiatzis, "Dress like a Star" (ICCVW 2017): ORB keypoints with 256-bit descriptors, matched
between consecutive frames where each is the other's nearest, the descriptors differ in few bits and the keypoint
moved little; a track of matches that lasts gives one key feature, each bit of which is the majority of the track's.
What differs: only frames that are looked at take part (five a second), so more bits may differ; a keypoint may be
missed in some frames of its track; and the path of a track is kept, as a line of few knots, so that a query can be
laid over the frame of any moment.

Places are fractions of the picture's WIDTH, in both directions: x in 0..1, y in 0..height / width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BYTES = 32
"""Of a descriptor."""

FAR = 8 * BYTES + 1
"""Bits: more than any two descriptors differ in."""

TICKS = 100
"""Steps of time in a second."""

STEPS = 16384
"""Steps of place in the width of the picture."""

_LONG = 2**17
"""Steps of time: more than there are in any segment."""

_LEVEL = 1.2
"""Ratio of the sizes of two levels of the detector's pyramid."""

_GRID = 8
"""Cells across the picture in which key features are spread."""

_SLOT = 1.0
"""Seconds: key features are spread in time by slots of this length."""


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """width: pixels of the grey frame; keypoints: the most of a frame; threshold: of the FAST detector, grey
    steps; bits: of 256, two descriptors in a row of one track differ in at most so many; reach: fraction of the
    width, a keypoint moves no more between two frames; missed: frames in a row in which a track may be unseen;
    least: frames in which a keypoint of a track is seen, all frames where there are fewer; each: key features of a
    segment for each second that its frames begin, at most; most: in all, and those of a single frame; error:
    fraction of the width, by which a path between its knots is at most wrong."""

    width: int = 480
    keypoints: int = 500
    threshold: int = 5
    bits: int = 48
    reach: float = 0.1
    missed: int = 3
    least: int = 3
    each: int = 100
    most: int = 1000
    error: float = 0.01


DEFAULT_OPTIONS = KeyOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Of one picture. points: (N, 2) float32, fractions of the width; descriptors: (N, 32) uint8."""

    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, slots=True, eq=False)
class KeyFeatures:
    """Of one segment of a film: N tracks, whose paths have M knots.

    descriptors: (N, 32) uint8, bit by bit what at least half of the track's frames have, 1 at a tie.
    knots: (M, 3) uint16, the paths one after another: time (1/100 s from the segment's start, rising), x and y
    (1/16384 of the width). A path runs straight from knot to knot; a track is alive from its first to its last.
    counts: (N,) uint16, knots of each track, at least 1.
    """

    descriptors: NDArray[np.uint8]
    knots: NDArray[np.uint16]
    counts: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.descriptors)

    @property
    def nbytes(self) -> int:
        """Bytes of the three arrays."""
        return int(self.descriptors.nbytes + self.knots.nbytes + self.counts.nbytes)

    def alive(self) -> NDArray[np.float64]:
        """(N, 2) first and last second of each track, from the segment's start."""
        ends = np.cumsum(self.counts, dtype=np.intp)
        return np.stack([self.knots[ends - self.counts, 0], self.knots[ends - 1, 0]], axis=1) / TICKS

    def at(self, time: float) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """The tracks alive at a second after the segment's start, rounded to 1/100 s: their rows (K,), rising, and
        where they are (K, 2), fractions of the width."""
        tick = round(time * TICKS)
        ends = np.cumsum(self.counts, dtype=np.intp)
        rows = np.flatnonzero((self.knots[ends - self.counts, 0] <= tick) & (tick <= self.knots[ends - 1, 0]))
        return rows, self.paths(rows, np.array([time]))[0].astype(np.float32)

    def paths(self, rows: NDArray[np.intp], times: NDArray[np.floating]) -> NDArray[np.float64]:
        """(T, K, 2) where tracks (K,) are at seconds (T,) after the segment's start, each rounded to 1/100 s; NaN
        where they are not alive."""
        ticks = np.rint(np.asarray(times) * TICKS)
        ends = np.cumsum(self.counts, dtype=np.intp)
        firsts, lasts = (ends - self.counts)[rows], ends[rows] - 1
        track = np.repeat(np.arange(len(self)), self.counts)
        reached = np.searchsorted(
            track * _LONG + self.knots[:, 0],
            np.asarray(rows) * _LONG + np.clip(ticks, -1, _LONG - 1)[:, None],
            "right",
        )
        before, after = np.maximum(reached - 1, firsts), np.minimum(reached, lasts)
        known, places = self.knots[:, 0].astype(np.float64), self.knots[:, 1:] / STEPS
        share = (ticks[:, None] - known[before]) / np.maximum(known[after] - known[before], 1)
        found = places[before] + share[..., None] * (places[after] - places[before])
        alive = (known[firsts] <= ticks[:, None]) & (ticks[:, None] <= known[lasts])
        return np.where(alive[..., None], found, np.nan)

    def to_bytes(self) -> bytes:
        """N and M as 32-bit numbers, then the arrays in the order of the fields; little-endian."""
        head = np.array([len(self), len(self.knots)], "<u4")
        return b"".join(
            part.tobytes() for part in (head, self.descriptors, self.knots.astype("<u2"), self.counts.astype("<u2"))
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> KeyFeatures:
        """What `to_bytes` wrote; arrays are not to be changed. Raises ValueError where it is anything else."""
        count, knots = (int(number) for number in np.frombuffer(data, "<u4", 2)) if len(data) >= 8 else (0, 0)
        at_knots = 8 + BYTES * count
        at_counts = at_knots + 6 * knots
        if len(data) != max(at_counts + 2 * count, 8):
            raise ValueError(f"{len(data)} bytes are not the key features of a segment")
        found = cls(
            np.frombuffer(data, np.uint8, BYTES * count, 8).reshape(count, BYTES),
            np.frombuffer(data, "<u2", 3 * knots, at_knots).reshape(knots, 3),
            np.frombuffer(data, "<u2", count, at_counts),
        )
        if found.counts.sum(dtype=np.intp) != knots or not found.counts.all():
            raise ValueError("damaged key features: the knots of the tracks are not those that are stored")
        return found


def keypoints_of(image: NDArray[np.uint8], options: KeyOptions = DEFAULT_OPTIONS) -> Keypoints:
    """ORB keypoints (Rublee et al., ICCV 2011; OpenCV's) of an (H, W, 3) RGB picture, made grey and
    `options.width` wide. None where the picture has no corners or is too small."""
    import cv2

    height = max(1, round(image.shape[0] * options.width / image.shape[1]))
    shrinks = image.shape[1] > options.width
    grey = cv2.resize(
        cv2.cvtColor(image, cv2.COLOR_RGB2GRAY),
        (options.width, height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
    )
    return keypoints_of_grey(grey, options)


def keypoints_of_grey(grey: NDArray[np.uint8], options: KeyOptions = DEFAULT_OPTIONS) -> Keypoints:
    """As `keypoints_of`, of an (H, W) grey picture as it is; `options.width` is not used."""
    import cv2

    most, threshold = options.keypoints, options.threshold
    detector = cv2.ORB.create(nfeatures=most, fastThreshold=threshold, scaleFactor=_LEVEL)  # for this thread alone
    found, descriptors = detector.detectAndCompute(grey, None)
    if descriptors is None:
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, BYTES), np.uint8))
    corners = np.array([point.pt for point in found], np.float32)  # of the pixels: level by level, from its corner
    half = 0.5 * np.float32(_LEVEL) ** np.array([point.octave for point in found], np.float32)
    points = ((corners + half[:, None]) / grey.shape[1]).astype(np.float32)
    return Keypoints(points, np.asarray(descriptors, np.uint8))


def key_features(
    frames: Sequence[tuple[float, Keypoints]], start: float, options: KeyOptions = DEFAULT_OPTIONS
) -> KeyFeatures:
    """The key features of a segment that begins at second `start`, from the keypoints of its looked-at frames
    (second, keypoints), in order of time. A frame that is given the same `Keypoints` object as the one before is
    the same picture: its tracks go on.

    Where there are more tracks than `options.each` and `options.most` allow, the longest come first, but a track
    that lies in a cell of the picture and a second that hold fewer tracks comes before one that does not
    (`_spread`).
    Raises ValueError for frames out of order, before the start, or more than 655 s after it.
    """
    times = np.array([time for time, _ in frames], np.float64) - start
    if len(times) and (times.min() < -0.5 / TICKS or times.max() > 65535 / TICKS or (np.diff(times) < 0).any()):
        raise ValueError("frames of a segment come in order of time, from its start to 655 s after it")
    seen = _tracks(frames, options)
    lengths = np.bincount(seen.track) if len(seen.track) else np.zeros(0, np.intp)
    stable = np.flatnonzero(lengths >= min(options.least, len(frames)))
    kept = _spread(seen, stable, lengths, times, _allowed(times, options))
    if not len(kept):
        return KeyFeatures(np.zeros((0, BYTES), np.uint8), np.zeros((0, 3), np.uint16), np.zeros(0, np.uint16))
    order = np.argsort(seen.track, kind="stable")
    starts = np.cumsum(lengths) - lengths
    rows = [order[starts[track] : starts[track] + lengths[track]] for track in kept]
    paths = [_path(times[seen.frame[own]], seen.points[own], options.error) for own in rows]
    knots = np.concatenate(paths)
    ticks = np.clip(np.rint(knots[:, :1] * TICKS), 0, 65535)
    places = np.clip(np.rint(knots[:, 1:] * STEPS), 0, 65535)
    return KeyFeatures(
        np.stack([majority(seen.descriptors[own]) for own in rows]),
        np.concatenate([ticks, places], axis=1).astype(np.uint16),
        np.array([len(path) for path in paths], np.uint16),
    )


def _allowed(times: NDArray[np.float64], options: KeyOptions) -> int:
    if len(times) < 2:
        return options.most
    seconds = max(1, int(np.ceil(times[-1] - times[0] - 0.5 / TICKS)))
    return min(options.most, seconds * options.each)


def majority(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(B,) uint8: each bit is 1 where it is in at least half of the descriptors (N, B), N at least 1."""
    bits = np.unpackbits(descriptors, axis=1)
    return np.packbits(2 * bits.sum(axis=0, dtype=np.intp) >= len(descriptors))


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Keypoints of all frames, in order of frames: which frame, which track (numbers from 0), points,
    descriptors."""

    frame: NDArray[np.intp]
    track: NDArray[np.intp]
    points: NDArray[np.float32]
    descriptors: NDArray[np.uint8]


def _tracks(frames: Sequence[tuple[float, Keypoints]], options: KeyOptions) -> _Seen:
    """Each keypoint is given to the track whose last descriptor is its nearest, and the other way round, among
    those within reach; else it begins a track."""
    found: list[NDArray[np.intp]] = []
    made = 0
    tracks = np.zeros(0, np.intp)  # those that can go on: number, frames since seen, place, descriptor
    unseen = np.zeros(0, np.intp)
    points, descriptors = np.zeros((0, 2), np.float32), np.zeros((0, BYTES), np.uint8)
    last: Keypoints | None = None
    for _, new in frames:
        if new is last:
            own = found[-1]
        else:
            own = np.full(len(new), -1, np.intp)
            old, there = _matches(Keypoints(points, descriptors), new, options)
            own[there] = tracks[old]
            fresh = np.flatnonzero(own < 0)
            own[fresh] = made + np.arange(len(fresh))
            made += len(fresh)
        found.append(own)
        last = new
        waiting = ~np.isin(tracks, own) & (unseen < options.missed)
        tracks = np.concatenate([own, tracks[waiting]])
        unseen = np.concatenate([np.zeros(len(own), np.intp), unseen[waiting] + 1])
        points = np.concatenate([new.points, points[waiting]])
        descriptors = np.concatenate([new.descriptors, descriptors[waiting]])
    return _Seen(
        np.repeat(np.arange(len(frames)), [len(own) for own in found]),
        np.concatenate(found) if found else np.zeros(0, np.intp),
        np.concatenate([new.points for _, new in frames]) if frames else points,
        np.concatenate([new.descriptors for _, new in frames]) if frames else descriptors,
    )


def _matches(old: Keypoints, new: Keypoints, options: KeyOptions) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of both (K,), (K,): each the other's nearest in bits among those within reach, the lowest row at a tie,
    and near enough in bits."""
    if not len(old) or not len(new):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    moved = (old.points[:, None, 0] - new.points[None, :, 0]) ** 2
    moved += (old.points[:, None, 1] - new.points[None, :, 1]) ** 2
    rows, there = np.nonzero(moved <= options.reach**2)
    ones, others = words(old.descriptors), words(new.descriptors)
    bits = np.bitwise_count(ones.take(rows, 0) ^ others.take(there, 0)).T
    away = bits[0].astype(np.int64) + bits[1] + bits[2] + bits[3]
    to_new = np.full(len(old), FAR * len(new))
    np.minimum.at(to_new, rows, away * len(new) + there)
    to_old = np.full(len(new), FAR * len(old))
    np.minimum.at(to_old, there, away * len(old) + rows)
    nearest = to_new % len(new)
    good = (to_old[nearest] % len(old) == np.arange(len(old))) & (to_new // len(new) <= options.bits)
    return np.flatnonzero(good), nearest[good]


def words(descriptors: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(N, 4) words of (N, 32) bytes."""
    return np.ascontiguousarray(descriptors).view(np.uint64)


def _spread(
    seen: _Seen, stable: NDArray[np.intp], lengths: NDArray[np.intp], times: NDArray[np.float64], most: int
) -> NDArray[np.intp]:
    """At most so many of the tracks: with q = 1, 2, 4, ... all, the longest first, that pass through a cell of the
    picture and a slot of time through which fewer than q of those taken so far pass."""
    ranked = stable[np.argsort(-lengths[stable], kind="stable")]
    if len(ranked) <= most:
        return ranked
    cell = (np.clip(seen.points, 0, 3.99) * _GRID).astype(np.int64)
    place = ((times[seen.frame] // _SLOT).astype(np.int64) * 4 * _GRID + cell[:, 1]) * 4 * _GRID + cell[:, 0]
    pairs = np.unique(np.stack([seen.track, place]), axis=1)
    _, place_of = np.unique(pairs[1], return_inverse=True)
    firsts = np.searchsorted(pairs[0], np.arange(len(lengths) + 1))
    held = np.zeros(place_of.max() + 1, np.intp)
    taken: list[int] = []
    left, quota = ranked.tolist(), 1
    while len(taken) < most:
        later = []
        for track in left:
            places = place_of[firsts[track] : firsts[track + 1]]
            if len(taken) < most and held[places].min() < quota:
                held[places] += 1
                taken.append(track)
            else:
                later.append(track)
        left, quota = later, 2 * quota
    return np.array(taken, np.intp)


def _path(times: NDArray[np.float64], points: NDArray[np.float32], error: float) -> NDArray[np.float64]:
    """(K, 3) time, x, y: those of the places (N, 2) at the times (N,) between which straight lines, run through
    evenly, are nowhere more than `error` off (Douglas and Peucker 1973, the distance at the same time)."""
    places = np.column_stack([times, points]).astype(np.float64)
    kept = {0, len(places) - 1}
    open_ = [(0, len(places) - 1)]
    while open_:
        first, last = open_.pop()
        if last - first < 2:
            continue
        part = places[first : last + 1]
        share = (part[:, :1] - part[0, 0]) / max(part[-1, 0] - part[0, 0], 1e-9)
        off = ((part[:, 1:] - part[0, 1:] - share * (part[-1, 1:] - part[0, 1:])) ** 2).sum(axis=1)
        worst = int(off.argmax())
        if off[worst] > error**2:
            kept.add(first + worst)
            open_ += [(first, first + worst), (first + worst, last)]
    return places[sorted(kept)]
