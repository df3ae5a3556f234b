"""The methods that answer photos of a screen in the protocol image-to-video: those of the program, the published
votes with and without the published tree, and the ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from contrapposto.collection import absolute
from contrapposto.evaluation.image_to_video_metrics import TOP, Answer
from contrapposto.evaluation.still_exhaustive import Exhaustive, look
from contrapposto.evaluation.still_library import Held
from contrapposto.evaluation.still_proposals import PUBLISHED, Proposals, grown, nbytes, seconds_of, segments_of
from contrapposto.library import Library
from contrapposto.search import stills
from contrapposto.search.still_scoring import query_keypoints, verify

METHODS = (*stills.METHODS, *PUBLISHED, "exhaustive")
"""fused, local, global: those of `Library.search_still`; nearest: each keypoint votes for the segments of its
nearest key features alone, all at equal distance, as published; tree: these are looked for in `scan.bit_tree`;
ivf: in `inverted_lists`; exhaustive: `still_exhaustive`."""

Image = NDArray[np.uint8]


class Method(Protocol):
    """Answers queries."""

    name: str
    """Of `METHODS`."""

    def __call__(self, image: Image) -> list[Answer]:
        """The shots of a photo (H, W, 3) RGB, best first, each once."""
        ...

    def costs(self, images: Sequence[Image]) -> dict[str, float]:
        """bytes: that it keeps; and more by name. images: photos to time it with."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What methods are made of. paths: of the films, in the order of `held`; every: seconds between two frames that
    are looked at; frames: decoded ones; hours: of film that a query is also timed among, None for none."""

    library: Library
    held: Held
    paths: tuple[Path, ...]
    every: float
    frames: int
    hours: float | None


def made(name: str, asked: Asked) -> Method:
    """The method of this name."""
    if name == "exhaustive":
        return _Exhaustive(asked)
    return _Published(name, asked) if name in PUBLISHED else _Program(name, asked)


class _Program:
    def __init__(self, name: str, asked: Asked) -> None:
        self.name = name
        self._method = next(own for own in stills.METHODS if own == name)
        self._asked = asked
        self._places = {absolute(path): place for place, path in enumerate(asked.paths)}

    def __call__(self, image: Image) -> list[Answer]:
        hits = self._asked.library.search_still(image, top=TOP, method=self._method)
        return [Answer(self._places[hit.path], hit.time, hit.shot.start, hit.shot.end, hit.match) for hit in hits]

    def costs(self, images: Sequence[Image]) -> dict[str, float]:
        return _costs(self.name, self._asked, images)


class _Published:
    """Votes of nearest key features; then verified as the program does it, and ranked by inliers."""

    def __init__(self, name: str, asked: Asked) -> None:
        self.name = name
        self._asked = asked
        self._segments = segments_of(asked.held)
        self._proposals = Proposals(name, self._segments)

    def __call__(self, image: Image) -> list[Answer]:
        query, rows = self._proposals(image)
        found = []
        for row in rows:
            verified = verify(query, self._segments.features[row])
            if verified is not None:
                segment = self._asked.held.segments[row]
                film = int(self._asked.held.films[row])
                found.append((film, segment.start + verified.time, float(verified.inliers)))
        return ranked(found, self._asked.held)

    def costs(self, images: Sequence[Image]) -> dict[str, float]:
        return _costs(self.name, self._asked, images)


class _Exhaustive:
    name = "exhaustive"

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._frames = look(asked.paths, asked.every)
        self._search = Exhaustive(self._frames, asked.held)

    def __call__(self, image: Image) -> list[Answer]:
        return ranked(self._search(query_keypoints(image)), self._asked.held)

    def costs(self, images: Sequence[Image]) -> dict[str, float]:
        frames, looked = self._frames, len(self._frames.film)
        whole = frames.nbytes / looked * self._asked.frames
        found = {"bytes": float(frames.nbytes), "bytes_all_frames": whole, "looked_at": float(looked)}
        if self._asked.hours is not None:
            found["bytes/grown"] = frames.nbytes * 3600 * self._asked.hours / self._asked.held.seconds
        return found


def ranked(found: Sequence[tuple[int, float, float]], held: Held) -> list[Answer]:
    """Answers from films, seconds and numbers of inliers: the most inliers first, at equal numbers in the given
    order; of each shot the best one."""
    best: dict[tuple[int, int], Answer] = {}
    for film, time, inliers in sorted(found, key=lambda one: -one[2]):
        shot = held.shot_at(film, time)
        best.setdefault((film, shot.number), Answer(film, time, shot.start, shot.end, inliers))
    return list(best.values())


def _costs(name: str, asked: Asked, images: Sequence[Image]) -> dict[str, float]:
    segments = segments_of(asked.held)
    proposals = Proposals(name, segments)
    found: dict[str, float] = {
        "bytes": nbytes(name, segments) + proposals.extra,
        "seconds/arrays": seconds_of(proposals, segments, images),
    }
    if asked.hours is not None:
        segments = grown(segments, asked.held.seconds, asked.hours, 0)
        proposals = Proposals(name, segments)
        found |= {
            "bytes/grown": nbytes(name, segments) + proposals.extra,
            "seconds/grown": seconds_of(proposals, segments, images),
        }
    return found
