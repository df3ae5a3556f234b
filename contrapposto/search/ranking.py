"""Parts score people; ranking fuses the parts and says why.

Each part gives every person a distance and a match; the fused match is the mean of the parts' matches, weighted
by the parts. People that any part cannot be compared with are left out: an answer fits all that was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contrapposto import geometry
from contrapposto.records import Hit, PartResult
from contrapposto.search.candidates import Snapshot, candidates
from contrapposto.search.matching import match
from contrapposto.search.query import PosePart, Query
from contrapposto.store import Store
from contrapposto.store.rows import key_path


def search(store: Store, snapshot: Snapshot, query: Query) -> list[Hit]:
    """The best people for a query, best first; equal ones in order of their id in the store.

    At most `query.top`, fewer when fewer can be compared; none is legal.
    """
    people, rows = candidates(store, snapshot, query)
    if not len(rows):
        return []
    keypoints = people.keypoints[rows]
    scored = [_score(part, keypoints) for part in query.parts]
    matches = np.stack(
        [match(part.metric, score.distances) for part, score in zip(query.parts, scored, strict=True)]
    )
    comparable: NDArray[np.bool_] = np.all([np.isfinite(score.distances) for score in scored], axis=0)
    fused = np.average(matches, axis=0, weights=[part.weight for part in query.parts])
    order = np.lexsort((rows, scored[0].distances, -fused))  # rows come in order of id
    best = order[comparable[order]][: query.top]
    hits = []
    for at in best:
        person = people.person(int(rows[at]))
        why = tuple(
            _explain(part, bool(score.mirrored[at]), person.pose.keypoints)
            for part, score in zip(query.parts, scored, strict=True)
        )
        paths = _paths(snapshot, str(people.contents[rows[at]]), query)
        hits.append(
            Hit(
                paths[0],
                int(people.numbers[rows[at]]),
                person.box,
                person.pose,
                float(fused[at]),
                why,
                tuple(paths[1:]),
            )
        )
    return hits


@dataclass(frozen=True, slots=True, eq=False)
class _Score:
    """distances: (N,) in the metric's unit, NaN where not comparable; mirrored: (N,) the mirror image won."""

    distances: NDArray[np.float64]
    mirrored: NDArray[np.bool_]


def _score(part: PosePart, keypoints: NDArray[np.float32]) -> _Score:
    points, weights = part.asked()
    distances = geometry.pose_distances(points, keypoints, weights)
    mirrored = np.zeros(len(distances), dtype=bool)
    if part.mirror:
        points, weights = part.asked(mirrored=True)
        other = geometry.pose_distances(points, keypoints, weights)
        mirrored = (other < distances) | (np.isnan(distances) & np.isfinite(other))
        distances = np.fmin(distances, other)
    return _Score(distances, mirrored)


def _explain(part: PosePart, mirrored: bool, keypoints: NDArray[np.float64]) -> PartResult:
    points, weights = part.asked(mirrored=mirrored)
    joints = geometry.joint_distances(points, keypoints[None], weights)
    distance = geometry.weighted_mean(joints, weights)
    return PartResult(
        part.metric, float(distance[0]), geometry.UNIT_2D, float(match(part.metric, distance)[0]), mirrored, joints[0]
    )


def _paths(snapshot: Snapshot, content: str, query: Query) -> list[Path]:
    """Files with this content; those that meet the query's condition first."""
    files = snapshot.media.take(snapshot.files[content])
    met = query.condition(files) if query.condition else np.ones(len(files), dtype=bool)
    keys = files["path"].to_pylist()
    return [key_path(keys[row]) for row in np.argsort(~met, kind="stable")]
