"""Parts score people; ranking fuses the parts and says why.

Each part gives every person a distance and a match; the fused match is the mean of the parts' matches, weighted
by the parts. People that any part cannot be compared with are left out: an answer fits all that was asked. A fast
scan (`scan`) tells who can be among the best, the exact distances decide.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.distances import METRICS, joint_distances, pose_distances, shared_weight
from contrapposto.records import Hit, PartResult
from contrapposto.scan import reaching
from contrapposto.search.candidates import Block, Snapshot
from contrapposto.search.folding import Candidate, fold, window
from contrapposto.search.matching import in_effect, match
from contrapposto.search.query import PosePart, Query
from contrapposto.store import Store
from contrapposto.store.rows import PeopleArrays, key_path

THREADS = os.cpu_count() or 1
"""That a scan of many people may use."""

MORE = 4
"""When folding leaves too few answers, this many times as many people are looked at."""

ROUNDING = 1e-12
"""Of a fused match: less than this is no difference."""


def search(store: Store, snapshot: Snapshot, query: Query) -> list[Hit]:
    """The best people for a query, best first; equal ones in order of their id in the store.

    At most `query.top`, fewer when fewer can be compared or match well enough; none is legal.
    """
    met = snapshot.contents(query.condition)
    top = min(query.top, snapshot.most)
    if not top:
        return []
    wanted = top if query.unfold else top + window(top)
    while True:
        found = [_best(block, query, met, wanted) for block in snapshot.blocks(store)]
        if not found:
            return []
        best = _concatenated(found).first(wanted)
        groups = [[row] for row in range(len(best))] if query.unfold else _folded(best, snapshot, top)
        if len(groups) >= top or len(best) < wanted:
            return _hits(best, groups[:top], snapshot, query)
        wanted *= MORE


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """Candidates in rank order: (N,) people, their contents, their fused matches, their distances of each part
    (P, N), these in effect (P, N), and whether the mirror image of the part fitted better (P, N)."""

    people: PeopleArrays
    contents: NDArray[np.intp]
    matches: NDArray[np.float64]
    distances: NDArray[np.float64]
    in_effect: NDArray[np.float64]
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.matches)

    def first(self, count: int) -> _Best:
        order = np.lexsort((self.people.ids.to_numpy(zero_copy_only=False), self.in_effect[0], -self.matches))[
            :count
        ]
        return _Best(
            self.people.take(order),
            self.contents[order],
            self.matches[order],
            self.distances[:, order],
            self.in_effect[:, order],
            self.mirrored[:, order],
        )


def _best(block: Block, query: Query, met: NDArray[np.bool_], wanted: int) -> _Best:
    """At least the best `wanted` people of a block that are in files which meet the condition."""
    inside = block.contents >= 0
    inside[inside] = met[block.contents[inside]]
    rows, _ = reaching(_bounds(block, query, inside), lambda rows: _order(block, query, rows), wanted)
    scored = [_exact(part, block, rows) for part in query.parts]
    distances = np.stack([score.distances for score in scored])
    fused = _fused(query, np.stack([score.in_effect for score in scored]))
    kept = np.isfinite(distances).all(axis=0) & (fused >= query.min_match)
    return _Best(
        block.people.take(rows[kept]),
        block.contents[rows[kept]],
        fused[kept],
        distances[:, kept],
        np.stack([score.in_effect for score in scored])[:, kept],
        np.stack([score.mirrored for score in scored])[:, kept],
    )


def _bounds(block: Block, query: Query, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) numbers that are at most those of `_order`, by the scans; NaN where not comparable or not inside."""
    low = []
    for part in query.parts:
        points, weights = part.asked()
        gallery = block.gallery(part.metric)
        low.append(gallery.lower_bounds(part.metric, points, weights, mirror=part.mirror, threads=THREADS))
    bounds = low[0].astype(np.float64) if len(low) == 1 else 1 - _fused(query, np.stack(low)) - ROUNDING
    known: NDArray[np.bool_] = inside & np.isfinite(low).all(axis=0)
    return np.where(known, bounds, np.nan)


def _order(block: Block, query: Query, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """What people are ordered by: the distance in effect of one part; of several, what the match lacks to 1."""
    if len(query.parts) == 1:
        return _exact(query.parts[0], block, rows).in_effect
    effects = np.stack([_exact(part, block, rows).in_effect for part in query.parts])
    return np.where(np.isfinite(effects).all(axis=0), 1 - _fused(query, effects), np.nan)


def _fused(query: Query, effects: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N,) the weighted mean of the parts' matches, from their distances in effect (P, N)."""
    matches = [match(part.metric, row) for part, row in zip(query.parts, effects, strict=True)]
    fused: NDArray[np.float64] = np.average(matches, axis=0, weights=[part.weight for part in query.parts])
    return fused


@dataclass(frozen=True, slots=True, eq=False)
class _Score:
    """Of M people: exact distances, distances in effect (`matching.in_effect`), and where the mirror image won."""

    distances: NDArray[np.float64]
    in_effect: NDArray[np.float64]
    mirrored: NDArray[np.bool_]


def _exact(part: PosePart, block: Block, rows: NDArray[np.intp]) -> _Score:
    poses = _points(part, block.people)[rows]
    plain = _scored(part, poses, mirrored=False)
    if not part.mirror:
        return plain
    other = _scored(part, poses, mirrored=True)
    won = (other.in_effect < plain.in_effect) | (np.isnan(plain.in_effect) & np.isfinite(other.in_effect))
    return _Score(
        np.where(won, other.distances, plain.distances), np.where(won, other.in_effect, plain.in_effect), won
    )


def _scored(part: PosePart, poses: NDArray[np.float32], *, mirrored: bool) -> _Score:
    points, weights = part.asked(mirrored=mirrored)
    distances = pose_distances(part.metric, points, poses, weights)
    effect = in_effect(distances, shared_weight(points, poses, weights))
    return _Score(distances, effect, np.full(len(distances), mirrored))


def _points(part: PosePart, people: PeopleArrays) -> NDArray[np.float32]:
    return people.keypoints if METRICS[part.metric].dimension == 2 else people.keypoints3d


def _concatenated(found: Sequence[_Best]) -> _Best:
    if len(found) == 1:
        return found[0]
    return _Best(
        PeopleArrays.concatenated([best.people for best in found]),
        np.concatenate([best.contents for best in found]),
        np.concatenate([best.matches for best in found]),
        np.concatenate([best.distances for best in found], axis=1),
        np.concatenate([best.in_effect for best in found], axis=1),
        np.concatenate([best.mirrored for best in found], axis=1),
    )


def _folded(best: _Best, snapshot: Snapshot, top: int) -> list[list[int]]:
    """Groups of candidates, best first, that are the same person of the same picture."""
    pictures = snapshot.pictures(best.contents)
    people = (
        Candidate(str(content), fingerprint, width, height, keypoints)
        for content, (fingerprint, width, height), keypoints in zip(
            best.contents, pictures, best.people.keypoints, strict=True
        )
    )
    return fold(people, top)


def _hits(best: _Best, groups: Sequence[Sequence[int]], snapshot: Snapshot, query: Query) -> list[Hit]:
    leaders = np.array([group[0] for group in groups], dtype=np.intp)
    why = _explained(best, leaders, query)
    hits = []
    for place, group in enumerate(groups):
        person = best.people.person(group[0])
        contents = dict.fromkeys(int(best.contents[row]) for row in group)
        paths = [path for content in contents for path in _paths(snapshot, content, query)]
        hits.append(
            Hit(
                paths[0],
                int(best.people.numbers[group[0]]),
                person.box,
                person.pose,
                float(best.matches[group[0]]),
                tuple(parts[place] for parts in why),
                tuple(paths[1:]),
            )
        )
    return hits


def _explained(best: _Best, rows: NDArray[np.intp], query: Query) -> list[list[PartResult]]:
    """What each part found in each of these candidates."""
    whole = []
    for number, part in enumerate(query.parts):
        mirrored = best.mirrored[number, rows]
        joints = np.full((len(rows), len(best.people.keypoints[0]) if len(rows) else 0), np.nan)
        for turned in (False, True):
            chosen = np.flatnonzero(mirrored == turned)
            if len(chosen):
                points, weights = part.asked(mirrored=turned)
                joints[chosen] = joint_distances(
                    part.metric, points, _points(part, best.people)[rows[chosen]], weights
                )
        distances = best.distances[number, rows]
        matches = match(part.metric, best.in_effect[number, rows])
        whole.append(
            [
                PartResult(part.metric, float(d), METRICS[part.metric].unit, float(m), bool(turned), row)
                for d, m, turned, row in zip(distances, matches, mirrored, joints, strict=True)
            ]
        )
    return whole


def _paths(snapshot: Snapshot, content: int, query: Query) -> list[Path]:
    """Files with this content; those that meet the query's condition first."""
    files = snapshot.files(content)
    met = query.condition(files) if query.condition else np.ones(len(files), dtype=bool)
    keys = files["path"].to_pylist()
    return [key_path(keys[row]) for row in np.argsort(~met, kind="stable")]
