"""Which people of a library a query looks at: all of them. While they fit in memory they are held there; beyond
that they are read from the store piece by piece, again for each search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto.distances import METRICS
from contrapposto.posebits.answers import People as AskedPeople
from contrapposto.posebits.answers import pack, posebits
from contrapposto.posebits.measures import Figures
from contrapposto.representations.view_invariant import ViewInvariant
from contrapposto.scan import Gallery
from contrapposto.scan.masked import doubled
from contrapposto.search import where
from contrapposto.search.matching import unsureness
from contrapposto.store import Store
from contrapposto.store.rows import PeopleArrays

HELD = 4_000_000
"""People: up to this many stay in memory between searches (docs/speed.md says what they take there)."""

MEDIA_COLUMNS = ("content", "width", "height", "rows", "fingerprint", *where.COLUMNS)


class Block:
    """Some people, laid out for comparing. contents: (N,) which content of the snapshot each belongs to, -1 for
    people whose files are gone."""

    def __init__(self, people: PeopleArrays, contents: NDArray[np.intp]) -> None:
        self.people = people
        self.contents = contents
        self._views: tuple[tuple[bool, ...], NDArray[np.float32]] | None = None

    @cached_property
    def flat(self) -> Gallery:
        """Their 2D poses."""
        return Gallery(self.people.keypoints)

    @cached_property
    def fused(self) -> NDArray[np.float32]:
        """(N, 17, 2) their keypoints, put right where the picture was looked at."""
        people = self.people
        return np.where(np.isfinite(people.fused), people.fused, people.keypoints)

    @cached_property
    def put_right(self) -> Gallery:
        """These."""
        return Gallery(self.fused)

    @cached_property
    def doubled(self) -> NDArray[np.float32]:
        """(N, 256) their pose embeddings as `scan.masked` compares them, NaN where there is none."""
        return doubled(self.people.embeddings)

    @cached_property
    def unsure(self) -> NDArray[np.float64]:
        """(N,) how unsure their keypoints are."""
        return unsureness(self.people.keypoint_scores)

    def views(self, counted: tuple[bool, ...]) -> NDArray[np.float32]:
        """(N, 32) their view-invariant embeddings by the keypoints that count; made at the first call, the
        last ones are kept."""
        if self._views is None or self._views[0] != counted:
            self._views = counted, self.view(self.people.keypoints, self.people.keypoint_scores, counted)
        return self._views[1]

    @staticmethod
    def view(
        keypoints: NDArray[np.floating], scores: NDArray[np.floating], counted: tuple[bool, ...]
    ) -> NDArray[np.float32]:
        """(M, 32) of poses (M, 17, 2) with scores (M, 17) by the keypoints that count."""
        shown = np.where(np.array(counted)[:, None], keypoints, np.nan)
        return _view_network()(shown, np.where(counted, scores, 0.0))

    @cached_property
    def deep(self) -> Gallery:
        """Their 3D poses."""
        return Gallery(self.people.keypoints3d)

    @cached_property
    def asked(self) -> AskedPeople:
        """Them, to be asked posebits."""
        figures = Figures(self.people.keypoints, self.people.keypoints3d)
        return AskedPeople(figures, self.people.keypoint_scores)

    @cached_property
    def posebytes(self) -> NDArray[np.uint64]:
        """(N, 2 W) their packed posebits, the words of one kind side by side."""
        return np.asfortranarray(pack(*posebits(self.asked)))

    @cached_property
    def pictures(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Who is seen with whom: (M,) people and (M,) the picture that each is in, and (N,) where among these
        everybody stands in the own picture. A photo is one picture; in a film everybody has one, of the frame that
        is stored, with all who are in the shot at that second."""
        together = companions(self.people, self.contents)
        rows, pictures = together[:, 0], together[:, 1]
        own = np.flatnonzero(pictures == _picture_of(self.people, self.contents)[rows])
        order = np.argsort(rows[own], kind="stable")
        return rows, pictures, own[order]

    def gallery(self, metric: str) -> Gallery:
        """Their poses, as the metric compares them."""
        if metric not in METRICS:
            return self.put_right
        return self.flat if METRICS[metric].dimension == 2 else self.deep


@cache
def _view_network() -> ViewInvariant:
    """The same for all searches of a process."""
    return ViewInvariant()


def _picture_of(people: PeopleArrays, contents: NDArray[np.intp]) -> NDArray[np.intp]:
    """(N,) the own picture of everybody: the content of a photo; in a film one that nobody else has."""
    beyond = int(contents.max(initial=0)) + 1
    own: NDArray[np.intp] = np.where(people.shots > 0, beyond + np.arange(len(people)), contents)
    return own


def companions(people: PeopleArrays, contents: NDArray[np.intp]) -> NDArray[np.intp]:
    """(M, 2) people and pictures: everybody in the own picture, and in films in those of others who are in the same
    shot while the frame of these is shown."""
    own = _picture_of(people, contents)
    pairs = [np.column_stack([np.arange(len(people)), own])]
    order = np.lexsort((people.times[:, 1], people.shots, contents))
    order = order[people.shots[order] > 0]
    keys = np.column_stack([contents[order], people.shots[order]])
    bounds: NDArray[np.intp] = np.flatnonzero(np.any(np.diff(keys, axis=0), axis=1)) + 1
    for shot in np.split(order, bounds):
        if not len(shot):
            continue
        shown, starts, ends = people.times[shot].T
        first = np.searchsorted(starts, shown - (ends - starts).max(), side="left")
        count = np.searchsorted(starts, shown, side="right") - first
        one = np.repeat(np.arange(len(shot)), count)
        other = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[one]
        there = (ends[other] >= shown[one]) & (people.tracks[shot[other]] != people.tracks[shot[one]])
        pairs.append(np.column_stack([shot[other[there]], own[shot[one[there]]]]))
    return np.concatenate(pairs)


@dataclass(frozen=True)
class Snapshot:
    """A library's rows as they were at one version of its store: `media`, in order of path, and the people, None
    where they are too many to be held."""

    version: tuple[int, ...]
    media: pa.Table
    people: PeopleArrays | None

    @cached_property
    def most(self) -> int:
        """There are no more people than this."""
        return int(self.media["rows"].to_numpy().sum())

    @cached_property
    def block(self) -> Block | None:
        """The people that are held."""
        return None if self.people is None else self._block_of(self.people)

    def blocks(self, store: Store) -> Iterator[Block]:
        """All people, those that are not held read from the store."""
        if self.block is not None:
            yield self.block
            return
        for batch in store.batches("people", PeopleArrays.COLUMNS):
            yield self._block_of(PeopleArrays.from_table(pa.Table.from_batches([batch])))

    def contents(self, condition: where.Condition | None) -> NDArray[np.bool_]:
        """(C,) which contents have at least one file that meets the condition."""
        met = np.full(len(self._names), condition is None)
        if condition is not None:
            met[self._content_of_file[condition(self.media)]] = True
        return met

    def places(self, names: pa.Array) -> NDArray[np.intp]:
        """(N,) the place of each content among those of the snapshot, -1 where no file has it."""
        return _indices(names, self._names)

    def files(self, content: int) -> pa.Table:
        """Rows of `media` with this content, in order of path."""
        order, starts = self._files_by_content
        return self.media.take(pa.array(order[starts[content] : starts[content + 1]]))

    def pictures(self, contents: NDArray[np.intp]) -> list[tuple[int | None, int, int]]:
        """Fingerprint (None without one), width and height in pixels of each of these contents."""
        order, starts = self._files_by_content
        rows = self.media.select(["fingerprint", "width", "height"]).take(pa.array(order[starts[contents]]))
        return list(zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True))

    @cached_property
    def _names(self) -> pa.Array:
        """(C,) the contents that some file has."""
        return pc.unique(self.media["content"])

    @cached_property
    def _content_of_file(self) -> NDArray[np.intp]:
        return _indices(self.media["content"], self._names)

    @cached_property
    def _files_by_content(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of `media` sorted by content, and where each content starts among them."""
        order = np.argsort(self._content_of_file, kind="stable")
        return order, np.searchsorted(self._content_of_file[order], np.arange(len(self._names) + 1))

    def _block_of(self, people: PeopleArrays) -> Block:
        return Block(people, _indices(people.contents, self._names))


def take_snapshot(store: Store, held: int = HELD) -> Snapshot:
    """Reads what searching needs. The version is read first: a commit in between is seen at the next search."""
    version = store.version()
    media = store.read("media", MEDIA_COLUMNS)
    people = None
    if store.count("people") <= held:
        people = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS))
    return Snapshot(version, media, people)


def _indices(values: pa.Array | pa.ChunkedArray, among: pa.Array) -> NDArray[np.intp]:
    """(N,) the place of each value in `among`, -1 where it is not there."""
    found = pc.fill_null(pc.index_in(values, value_set=among), -1)
    return np.asarray(
        found.to_numpy(zero_copy_only=False) if isinstance(found, pa.Array) else found.to_numpy(), np.intp
    )
