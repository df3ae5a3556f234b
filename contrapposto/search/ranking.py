"""Parts score people; ranking fuses the parts and says why.

Each part gives every person a distance and a match; the fused match is the mean of the parts' matches, weighted
by the parts. People that any part cannot be compared with are left out: an answer fits all that was asked. A fast
scan (`scan`) tells who can be among the best, the exact distances decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto.distances import METRICS, joint_distances, pose_distances
from contrapposto.records import Hit, PartResult
from contrapposto.search.candidates import Block, Snapshot
from contrapposto.search.folding import Candidate, fold, window
from contrapposto.search.matching import match
from contrapposto.search.query import PosePart, Query
from contrapposto.store import Store
from contrapposto.store.rows import PeopleArrays, key_path

MORE = 4
"""When folding leaves too few answers, this many times as many people are looked at."""


def search(store: Store, snapshot: Snapshot, query: Query) -> list[Hit]:
    """The best people for a query, best first; equal ones in order of their id in the store.

    At most `query.top`, fewer when fewer can be compared or match well enough; none is legal.
    """
    met = snapshot.contents(query.condition)
    wanted = query.top if query.unfold else query.top + window(query.top)
    while True:
        found = [_best(block, query, met, wanted) for block in snapshot.blocks(store)]
        if not found:
            return []
        best = _concatenated(found).first(wanted)
        groups = [[row] for row in range(len(best))] if query.unfold else _folded(best, snapshot, query.top)
        if len(groups) >= query.top or len(best) < wanted:
            return _hits(best, groups[: query.top], snapshot, query)
        wanted *= MORE


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """Candidates in rank order: (N,) people, their contents, their fused matches, their distances of each part
    (P, N), and whether the mirror image of the part fitted better (P, N)."""

    people: PeopleArrays
    contents: NDArray[np.intp]
    matches: NDArray[np.float64]
    distances: NDArray[np.float64]
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.matches)

    def first(self, count: int) -> _Best:
        order = np.lexsort((self.people.ids.to_numpy(zero_copy_only=False), self.distances[0], -self.matches))[
            :count
        ]
        return _Best(
            self.people.take(order),
            self.contents[order],
            self.matches[order],
            self.distances[:, order],
            self.mirrored[:, order],
        )


def _best(block: Block, query: Query, met: NDArray[np.bool_], wanted: int) -> _Best:
    """At least the best `wanted` people of a block that are in files which meet the condition, with exact
    distances."""
    rows = np.flatnonzero(block.contents >= 0)
    rows = rows[met[block.contents[rows]]]
    rows = rows[_may_be_best(block, rows, query, wanted)]
    scored = [_exact(part, block, rows) for part in query.parts]
    distances = np.stack([distances for distances, _ in scored])
    matches = np.stack([match(part.metric, d) for part, d in zip(query.parts, distances, strict=True)])
    fused = np.average(matches, axis=0, weights=[part.weight for part in query.parts])
    kept = np.isfinite(distances).all(axis=0) & (fused >= query.min_match)
    return _Best(
        block.people.take(rows[kept]),
        block.contents[rows[kept]],
        fused[kept],
        distances[:, kept],
        np.stack([mirrored for _, mirrored in scored])[:, kept],
    )


def _may_be_best(block: Block, rows: NDArray[np.intp], query: Query, wanted: int) -> NDArray[np.intp]:
    """Places in `rows` of people who, as far as the scan can tell, may be among the best."""
    if len(rows) <= wanted:
        return np.arange(len(rows))
    low, high = zip(*(_bounds(part, block, rows) for part in query.parts), strict=True)
    if len(query.parts) == 1:
        worst, best = -high[0], -low[0]
    else:
        weights = [part.weight for part in query.parts]
        metrics = [part.metric for part in query.parts]
        worst = np.average([match(m, d) for m, d in zip(metrics, high, strict=True)], axis=0, weights=weights)
        best = np.average([match(m, d) for m, d in zip(metrics, low, strict=True)], axis=0, weights=weights)
    comparable = np.isfinite(low).all(axis=0)
    worst = np.where(comparable, worst, -np.inf)
    enough = np.partition(worst, -wanted)[-wanted]
    return np.flatnonzero(comparable & (best >= enough))


def _bounds(
    part: PosePart, block: Block, rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Between which the distances of people lie, as the scan sees them; NaN where not comparable."""
    gallery = block.gallery(part.metric)
    found = gallery.distances(part.metric, *part.asked())
    if part.mirror:
        found = np.fmin(found, gallery.distances(part.metric, *part.asked(mirrored=True)))
    found = found[rows].astype(np.float64)
    margin = gallery.margin(part.metric, found)
    return found - margin, found + margin


def _exact(part: PosePart, block: Block, rows: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Distances, and where the mirror image won."""
    poses = _points(part, block.people)[rows]
    points, weights = part.asked()
    distances = pose_distances(part.metric, points, poses, weights)
    mirrored = np.zeros(len(distances), dtype=bool)
    if part.mirror:
        points, weights = part.asked(mirrored=True)
        other = pose_distances(part.metric, points, poses, weights)
        mirrored = (other < distances) | (np.isnan(distances) & np.isfinite(other))
        distances = np.fmin(distances, other)
    return distances, mirrored


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
        matches = match(part.metric, distances)
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
