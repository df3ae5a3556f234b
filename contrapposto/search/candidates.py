"""Which people of a library a query looks at: all of them while they fit, else those that an index proposes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contrapposto.representations import pose_vector
from contrapposto.search import where
from contrapposto.search.query import PosePart, Query
from contrapposto.store import Store
from contrapposto.store.rows import PeopleArrays

EXACT_BUDGET = 2_000_000
"""People: up to this many every distance is computed (about 400 bytes of memory each)."""

PROPOSALS = 20_000
"""People that each part of a query proposes beyond the budget; their distances are exact again."""


@dataclass(frozen=True)
class Snapshot:
    """A library's rows as they were at one version of its store. `people` is None beyond the budget."""

    version: tuple[int, ...]
    media: pa.Table
    people: PeopleArrays | None

    @cached_property
    def files(self) -> dict[str, list[int]]:
        """Content to rows of `media`, in order of path."""
        rows = defaultdict(list)
        for row, content in enumerate(self.media["content"].to_pylist()):
            rows[content].append(row)
        return dict(rows)

    def contents(self, condition: where.Condition | None) -> set[str]:
        """Contents with at least one file that meets the condition."""
        if condition is None:
            return set(self.files)
        met = self.media.filter(pa.array(condition(self.media)))
        return set(met["content"].to_pylist())


def take_snapshot(store: Store, budget: int = EXACT_BUDGET) -> Snapshot:
    """Reads what searching needs. The version is read first: a commit in between is seen at the next search."""
    version = store.version()
    columns = ("content", *where.COLUMNS)
    media = store.read("media", columns)
    people = (
        PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
        if store.count("people") <= budget
        else None
    )
    return Snapshot(version, media, people)


def candidates(store: Store, snapshot: Snapshot, query: Query) -> tuple[PeopleArrays, NDArray[np.intp]]:
    """People to compare, and the rows of them that lie in files which meet the query's condition."""
    contents = snapshot.contents(query.condition)
    people = snapshot.people
    if people is None:
        people = _proposed(store, query, contents)
    inside = np.fromiter((content in contents for content in people.contents), dtype=bool, count=len(people))
    return people, np.flatnonzero(inside)


def _proposed(store: Store, query: Query, contents: set[str]) -> PeopleArrays:
    among = None
    if query.condition is not None:
        known = store.read("people", ("id", "content"))
        inside = [content in contents for content in known["content"].to_pylist()]
        among = known.filter(pa.array(inside, pa.bool_()))["id"].to_pylist()
    ids: set[str] = set()
    for part in query.parts:
        ids.update(_propose(store, part, among))
    return PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS, keys=sorted(ids)))


def _propose(store: Store, part: PosePart, among: list[str] | None) -> list[str]:
    ids: list[str] = []
    for mirrored in (False, True) if part.mirror else (False,):
        keypoints, weights = part.asked(mirrored=mirrored)
        ids += store.search(
            pose_vector.REPRESENTATION.name,
            pose_vector.encode(keypoints),
            k=PROPOSALS,
            weights=pose_vector.component_weights(weights * np.isfinite(keypoints).all(axis=1)),
            among=among,
        ).ids
    return ids
