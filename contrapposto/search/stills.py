"""The moments of films that a photo of a screen shows (Garcia and Vogiatzis 2017 and 2018; docs/image-to-video.md).

Two looks propose segments: votes of binary keypoints, and the likeness of whole pictures. What is proposed is
verified: keypoints of the photo must lie over key features of the segment as one view of a plane does. Of a shot
the best segment is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contrapposto.features.key_features import Keypoints
from contrapposto.items import near
from contrapposto.records import Item, Shot, StillHit
from contrapposto.representations.shot_embedding import DIMENSION
from contrapposto.search.candidates import Snapshot
from contrapposto.search.still_scoring import Segments, Verified, mapped, verify, votes
from contrapposto.search.where import Condition
from contrapposto.store import Store
from contrapposto.store.rows import items_of, key_path, segments_of, shots_of

Method = Literal["fused", "local", "global"]
METHODS: tuple[Method, ...] = get_args(Method)
"""Which looks propose: both, keypoints, or whole pictures; of the last nothing is verified."""

PROPOSED = 40
"""Segments that each look proposes."""

HALF = 15.0
"""Matched keypoints of which an answer is half sure."""

COMPARED = 60.0
"""Seconds of film that answers are laid over, at most; the surest answer is always."""

RIVAL = 0.25
"""Share of the matched keypoints of the surest answer that another one must have to be compared with it."""

CLEAR = 3.0
"""Power of the agreement with the film: of answers with much the same keypoints it decides."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """time: second of the frame of a film with which a photo agrees best; agreement: their correlation, -1..1."""

    time: float
    agreement: float


Moment = Callable[[Path, NDArray[np.float64], float, float], Agreement | None]
"""The frame, from one second to before another, with which a photo agrees best, from the path of a film and the
homography from photo to frame, in fractions of the width; None where the film cannot tell."""


@dataclass(frozen=True, slots=True, eq=False)
class StillIndex:
    """The segments of a library at one version of its store. contents: (S,) places among the snapshot's contents,
    -1 where no file has it any more; names: of the contents; shots: of the segments; spans: (S, 2) seconds; items:
    all of them."""

    version: tuple[int, ...]
    segments: Segments
    contents: NDArray[np.intp]
    names: tuple[str, ...]
    shots: tuple[Shot, ...]
    spans: NDArray[np.float64]
    items: tuple[Item, ...]

    def __len__(self) -> int:
        return len(self.spans)


def take_index(store: Store, snapshot: Snapshot) -> StillIndex:
    """Reads all segments whose shots are there."""
    stored = store.read("shots")
    known = dict(zip(stored["id"].to_pylist(), shots_of(stored), strict=True))
    rows = store.read("segments")
    whole = zip(rows["content"].to_pylist(), segments_of(rows), strict=True)
    pairs = [(name, one) for name, one in whole if f"{name}/{one.shot}" in known]
    names, found = [name for name, _ in pairs], [one for _, one in pairs]
    vectors = np.array([one.vector for one in found], np.float32).reshape(-1, DIMENSION)
    return StillIndex(
        snapshot.version,
        Segments.of([one.features for one in found], vectors),
        snapshot.places(pa.array(names, pa.string())),
        tuple(names),
        tuple(known[f"{name}/{one.shot}"] for name, one in pairs),
        np.array([(one.start, one.end) for one in found], np.float64).reshape(-1, 2),
        tuple(items_of(store.read("items"))),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo to ask with. keypoints: places in fractions of its width; vector: of `shot_embedding`, unit length;
    width: pixels."""

    keypoints: Keypoints
    vector: NDArray[np.float32]
    width: int


def search_stills(
    snapshot: Snapshot,
    index: StillIndex,
    photo: Photo,
    moment: Moment,
    *,
    top: int,
    method: Method = "fused",
    condition: Condition | None = None,
    min_match: float = 0.0,
) -> list[StillHit]:
    """Moments, the surest first, at most one in a shot. moment: finds the frame in the film of the answers."""
    there = index.contents >= 0
    there[there] = snapshot.contents(condition)[index.contents[there]]
    ordered = sorted(_scored(index, photo, there, method), key=lambda one: (-one.match, one.row))
    chosen: dict[tuple[int, int], _Scored] = {}
    for one in _compared(snapshot, index, ordered, moment):
        if one.match >= min_match:
            chosen.setdefault((int(index.contents[one.row]), index.shots[one.row].number), one)
    return [_hit(snapshot, index, photo, one) for one in list(chosen.values())[:top]]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """A segment, by its row; time: second in the film, None where the film was not asked."""

    row: int
    match: float
    likeness: float
    verified: Verified | None
    time: float | None = None

    @property
    def inliers(self) -> int:
        return self.verified.inliers if self.verified else 0


def _scored(index: StillIndex, photo: Photo, there: NDArray[np.bool_], method: Method) -> list[_Scored]:
    if not there.any():
        return []
    likeness = index.segments.vectors @ photo.vector
    if method == "global":
        rows = _first(likeness, there, len(index))
        return [_Scored(row, match_of(0, float(likeness[row])), float(likeness[row]), None) for row in rows]
    voted = votes(photo.keypoints, index.segments)
    share = voted / max(float(voted[there].max()), 1e-9)
    rows = _first(voted, there, PROPOSED)
    if method == "fused":
        rows = list(dict.fromkeys([*rows, *_first(likeness, there, PROPOSED)]))
    scored = []
    for row in rows:
        verified = verify(photo.keypoints, index.segments.features[row])
        alike = float(likeness[row]) if method == "fused" else 0.0
        looks = (max(0.0, alike) + float(share[row])) / 2
        scored.append(_Scored(row, match_of(verified.inliers if verified else 0, looks), alike, verified))
    return scored


def match_of(inliers: int, looks: float) -> float:
    """0..1: how sure an answer is by its matched keypoints, and, as far as these leave it open, by what proposed
    it: likeness, and its share of the most votes."""
    sure = inliers / (inliers + HALF)
    return sure + (1 - sure) * 0.5 * max(0.0, looks)


def _first(scores: NDArray[np.floating], there: NDArray[np.bool_], count: int) -> list[int]:
    """Rows of the highest scores above 0 among those that are there, the highest first."""
    rows = np.flatnonzero(there & (scores > 0))
    order = np.argsort(-scores[rows], kind="stable")[:count]
    return [int(row) for row in rows[order]]


def _compared(snapshot: Snapshot, index: StillIndex, found: list[_Scored], moment: Moment) -> list[_Scored]:
    """Answers in order of their match, those with about as many matched keypoints as the surest one in order of how
    well their films agree with the photo as well; the best of these takes the match of the surest."""
    most = max((one.inliers for one in found), default=0)
    rivals = [one for one in found if one.inliers and one.inliers >= RIVAL * most]
    lengths = np.cumsum([index.spans[one.row, 1] - index.spans[one.row, 0] for one in rivals])
    rivals = rivals[: max(1, int((lengths <= COMPARED).sum()))]
    if not rivals:
        return found
    told = [_agreement(snapshot, index, one, moment) for one in rivals]
    if None in told:  # a film that cannot be opened is not behind one that can
        scores = [float(one.inliers) for one in rivals]
    else:
        scores = [
            one.inliers * max(of.agreement, 0.01) ** CLEAR for one, of in zip(rivals, told, strict=True) if of
        ]
    surest = max(one.match for one in rivals)
    again = [
        replace(one, match=surest * score / max(scores), time=of.time if of else None)
        for one, score, of in zip(rivals, scores, told, strict=True)
    ]
    rest = [one for one in found if one not in rivals]
    return sorted([*again, *rest], key=lambda one: -one.match)


def _agreement(snapshot: Snapshot, index: StillIndex, one: _Scored, moment: Moment) -> Agreement | None:
    """By the first of the files with this content that can be opened."""
    assert one.verified is not None
    start, end = (float(second) for second in index.spans[one.row])
    paths = [key_path(key) for key in snapshot.files(int(index.contents[one.row]))["path"].to_pylist()]
    found = (moment(path, one.verified.homography, start, end) for path in paths)
    return next((agreement for agreement in found if agreement is not None), None)


def _hit(snapshot: Snapshot, index: StillIndex, photo: Photo, one: _Scored) -> StillHit:
    files = snapshot.files(int(index.contents[one.row]))
    paths = [key_path(key) for key in files["path"].to_pylist()]
    start, end = (float(second) for second in index.spans[one.row])
    shot, time = index.shots[one.row], one.time
    if time is None:
        time = min(start + one.verified.time, end) if one.verified else (start + end) / 2
    on_show = near(index.items, index.names[one.row], time)
    matched, outline = np.zeros((0, 2, 2)), None
    if one.verified is not None:
        width, height = files["width"][0].as_py(), files["height"][0].as_py()
        matched = one.verified.pairs * np.array([[photo.width], [width]], np.float64)
        corners = np.array([[0, 0], [1, 0], [1, height / width], [0, height / width]])
        outline = mapped(np.asarray(np.linalg.inv(one.verified.homography), np.float64), corners) * photo.width
    return StillHit(
        paths[0], time, shot, one.match, matched, one.likeness, outline, copies=tuple(paths[1:]), items=on_show
    )
