"""The front door: open a library, index folders into it, search it."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs
import pyarrow as pa
from numpy.typing import NDArray

from contrapposto import indexing, items, manifest
from contrapposto.collection import absolute, check_root
from contrapposto.errors import LibraryError, QueryError
from contrapposto.indexing import photos
from contrapposto.indexing.films import FilmProgress
from contrapposto.items import ItemsReport
from contrapposto.manifest import Manifest, Wanted
from contrapposto.poses import POSE_WEIGHTS, PoseEstimator
from contrapposto.poses.kept import keep_weights, kept_weights
from contrapposto.records import Hit, Item, Media, Person, Pose, Skipped, StillHit
from contrapposto.search import nothing, ranking, stills
from contrapposto.search import where as conditions
from contrapposto.search.candidates import Snapshot, take_snapshot
from contrapposto.search.pose_part import DEFAULT_METRIC, Lift, PosePart, pose_of
from contrapposto.search.query import Part, Query
from contrapposto.search.sequence_part import in_words
from contrapposto.search.timeline import Timeline
from contrapposto.store import Store, inspection, lock
from contrapposto.store.lance import LanceStore
from contrapposto.store.lock import locked
from contrapposto.store.rows import PeopleArrays, items_of, key_path, path_key, row_ids
from contrapposto.weights import Progress

if TYPE_CHECKING:
    from contrapposto.representations.segment_maker import SegmentMaker

_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())

TABLES = "tables"

_LOST = "this watched folder cannot be reached now; `contrapposto forget` stops watching it"


def default_folder() -> Path:
    """Where the library lies when none is named: CONTRAPPOSTO_LIBRARY, else a folder of the user's data."""
    named = os.environ.get("CONTRAPPOSTO_LIBRARY")
    return (
        Path(named).expanduser() if named else Path(platformdirs.user_data_dir("contrapposto")) / "default.library"
    )


class Library:
    """People of photos, on disk, ready to be asked.

    folder: where it lies, created by the first `index`; `default_folder()` when None. estimator: finds the
    people, made from what the library says of itself when None. progress: told of weights being fetched.
    Several processes may search while one indexes.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        estimator: PoseEstimator | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.folder = Path(folder).expanduser() if folder is not None else default_folder()
        if self.folder.exists() and not self.folder.is_dir():
            raise LibraryError(f"{self.folder}: is a file, not a library; name another place")
        self._estimator = estimator
        self._progress = progress
        self._lifter: Lift | None = None
        self._segment_maker: SegmentMaker | None = None
        self._store: LanceStore | None = None
        self._warnings: list[str] = []
        self._snapshot: Snapshot | None = None
        self._stills: stills.StillIndex | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was found damaged, what is used instead, and what to do: one line each. Each is also logged, by the
        logger of this module, when it is first seen."""
        return tuple(self._warnings)

    def index(
        self,
        *folders: str | os.PathLike[str],
        accurate: bool | None = None,
        every: float | None = None,
        estimator: str | None = None,
        pose_weights: Path | None = None,
        workers: int | None = None,
        rebuild: bool = False,
        wait: bool = False,
        progress: indexing.Progress | None = None,
        film_progress: FilmProgress | None = None,
    ) -> indexing.IndexReport:
        """Brings the library up to date with these folders (or single files), or with all that it was given
        before when none is named.

        accurate: find more and smaller people at about twice the time; every: seconds between two frames of a film
        that are looked at (0.2 in a new library); estimator: name in `poses.ESTIMATORS`, pose_weights: its trained
        file or folder, of which the library keeps a copy; None keeps the library's setting.
        rebuild: forget everything found so far and start again, as after a change of weights. wait: wait for
        another process that is indexing, instead of raising LibraryBusy.
        A folder given before that cannot be reached now (an unplugged disk) is skipped with a reason; what was
        found in it stays. Damage is put right first (`warnings`), and what was lost is found again. Raises
        LibraryError (nothing to index, other weights, a folder that is something else than a library, a full disk),
        WeightsError.
        """
        manifest.make_folder(self.folder, (lock.FILE, TABLES, POSE_WEIGHTS))
        with locked(self.folder, wait):
            stated = self._stated(rebuild)
            unstated = stated is None and self._has_tables()
            given = [absolute(folder) for folder in folders]
            roots_stated = self._roots_found() if unstated else stated.roots if stated else ()
            known = [key_path(root) for root in roots_stated]
            if not (given or known):
                raise LibraryError(f"{self.folder}: nothing to index; name a folder: contrapposto index FOLDER")
            for root in given:
                check_root(root)
            wanted = Wanted(accurate, every, estimator, pose_weights)
            current = self._current_manifest(stated, wanted, rebuild)
            if stated and not rebuild:
                manifest.refuse_changed(self.folder, stated, current, wanted)
            look = self._load_estimator(current, pose_weights)
            keep_weights(self.folder, current.estimator, pose_weights)
            watched = list(dict.fromkeys([*known, *given]))
            store = self._open_store(to_write=True) if self._has_tables() else None
            if store and rebuild:
                indexing.clear(store)
            self._state(current.with_roots(tuple(path_key(root) for root in watched)))
            store = store or self._open_store(to_write=True)
            roots = given if given and not rebuild else watched
            lost = [root for root in roots if not root.exists()]
            report = indexing.index(
                store,
                [root for root in roots if root not in lost],
                look,
                indexing.IndexOptions(workers or os.cpu_count() or 1, every=current.every),
                progress,
                film_progress,
            )
            report.skipped[:0] = [Skipped(root, _LOST) for root in lost]
            return report

    def search(
        self,
        query: Query | None = None,
        *,
        words: str | None = None,
        image: str | os.PathLike[str] | None = None,
        person: int = 1,
        pose: Pose | None = None,
        joints: str = "all",
        metric: str = DEFAULT_METRIC,
        mirror: bool = False,
        where: str | None = None,
        top: int = 20,
        min_match: float = 0.0,
        unfold: bool = False,
    ) -> list[Hit]:
        """People in the pose asked for, best first.

        Ask with a whole `query`, or with words (docs/language.md), an image (its person number `person`, counted
        from 1, most prominent first), a pose, or several of these; joints: which count (`joints.joint_weights`);
        metric: a name in `pose_part.COMPARED`, those of 3D estimate 3D keypoints for a pose that has none; where:
        condition on files;
        min_match: least match, 0..1; unfold: photos that look the same are answers of their own.
        Raises QueryError, UnreadableMedia, LibraryError, WeightsError.
        """
        if query is None:
            poses = [pose_of(image, self.find_people(image), person)] if image is not None else []
            poses += [pose] if pose is not None else []
            parts: list[Part] = [] if words is None else [in_words(words)]
            parts += [PosePart(p, joints, metric, mirror) for p in poses]
            query = Query(tuple(parts), where, top, min_match, unfold)
        elif words is not None or image is not None or pose is not None:
            raise QueryError("give a whole query, or words, an image and a pose, not both")
        store = self._store_to_read()
        return ranking.search(store, self._current_snapshot(), query.lifted(self._load_lifter))

    def search_still(
        self,
        image: str | os.PathLike[str] | NDArray[np.uint8],
        *,
        top: int = 20,
        method: stills.Method = "fused",
        where: str | None = None,
        min_match: float = 0.0,
    ) -> list[StillHit]:
        """The moments of films that a photo of a screen (or a still, a file or an (H, W, 3) RGB array) shows, the
        surest first, at most one in a shot, with the items on show.

        method: in `stills.METHODS`; where: condition on files; min_match: least match, 0..1. Raises QueryError,
        UnreadableMedia (with the path), LibraryError, WeightsError.
        """
        from contrapposto.search import still_photo

        store, snapshot = self._store_to_read(), self._current_snapshot()
        if self._stills is None or self._stills.version != snapshot.version:
            self._stills = stills.take_index(store, snapshot)
        if isinstance(image, np.ndarray):
            seen, width = image, image.shape[1]
        else:
            photo = photos.read_picture(Path(image))
            seen, width = photo.image, photo.width
        asked = still_photo.look(seen, self._load_segment_maker(), width)
        condition = conditions.parse(where) if where is not None else None
        moment = still_photo.finder(seen)
        return stills.search_stills(
            *(snapshot, self._stills, asked, moment),
            top=top,
            method=method,
            condition=condition,
            min_match=min_match,
        )

    def timelines(self, query: Query, hits: Sequence[Hit], most: int = 10) -> list[Timeline]:
        """How well the films among some hits match a query over all of their time, the first `most` of them.
        Raises as `search`."""
        films = list(dict.fromkeys(hit.path for hit in hits if hit.time is not None))[:most]
        store = self._store_to_read()
        return ranking.timelines(store, self._current_snapshot(), query.lifted(self._load_lifter), films)

    def why_nothing(self, query: Query) -> str:
        """Why `search` found nobody for a query, in words for the user. Raises as `search`."""
        return nothing.why_nothing(self._store_to_read(), self._current_snapshot(), query, self.search)

    def find_people(self, image: str | os.PathLike[str]) -> list[Person]:
        """The people of a picture file, most prominent first, in pixels of the full upright picture; nothing is
        stored. Raises UnreadableMedia with the path."""
        return photos.find_people(Path(image), self._load_estimator(self._current_manifest(self._stated())))

    def people(self, path: str | os.PathLike[str]) -> list[Person]:
        """What the library holds of one file, of a film the distinct poses in order of time; empty when it holds
        nobody. Raises LibraryError when the file is not in it."""
        store = self._store_to_read()
        rows = self._row(path)
        ids = row_ids(rows["content"][0].as_py(), rows["rows"][0].as_py())
        found = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS, keys=ids))
        return [found.person(int(row)) for row in np.argsort(found.numbers, kind="stable")]

    def media(self) -> list[Media]:
        """All files that the library holds, in order of path, those skipped as damaged among them."""
        return list(indexing.known_media(self._store_to_read()).values())

    def forget(self, *paths: str | os.PathLike[str], wait: bool = False) -> int:
        """Drops files, or all files below folders, from the library; the files themselves stay. Returns how many.

        The folders are no longer watched when they were given to `index`. Raises LibraryBusy.
        """
        store = self._store_to_read()
        tops = [absolute(path) for path in paths]
        with locked(self.folder, wait):
            known = indexing.known_media(store)
            keys = [
                key
                for key, media in known.items()
                if any(indexing.below(str(media.path), str(top)) for top in tops)
            ]
            store.delete("media", keys)
            indexing.drop_orphans(store)
            stated = self._stated()
            if stated:
                self._state(stated.without_roots(tuple(path_key(top) for top in tops)))
        return len(keys)

    def add_items(self, table: str | os.PathLike[str], *, wait: bool = False) -> ItemsReport:
        """Attaches the items of a CSV file (docs/items.md) to the films of the library; rows that do not fit are
        left out and told. Raises DataError, LibraryBusy, LibraryError."""
        store = self._store_to_read()
        with locked(self.folder, wait):
            return items.add(store, items.read_items(Path(table), self.media()))

    def items(self) -> list[tuple[Path | None, Item]]:
        """All items, in order of film and time, with the path of their film, None where no file has it any more.
        They stay when a film is forgotten, until `remove_items`."""
        paths: dict[str, Path] = {}
        for media in self.media():
            paths.setdefault(media.content, media.path)
        found = [(paths.get(item.content), item) for item in items_of(self._store_to_read().read("items"))]
        return sorted(found, key=lambda one: (one[0] is None, str(one[0]), one[1].start, one[1].name))

    def remove_items(
        self, *, film: str | os.PathLike[str] | None = None, name: str | None = None, wait: bool = False
    ) -> int:
        """Removes the items of a film, those of a name, those that are both, or all; returns how many. Raises
        LibraryError when the film is not in the library, LibraryBusy."""
        store = self._store_to_read()
        content = None if film is None else str(self._row(film)["content"][0].as_py())
        with locked(self.folder, wait):
            return items.remove(store, content, name)

    def repair(self, *, wait: bool = False) -> tuple[str, ...]:
        """Puts right what `index` would put right first, and more: every row is read, the newest commits whose rows
        are all good become the newest, people without a file go, small files are merged. Returns `warnings`; what
        was lost is found again by `index`. Raises LibraryBusy, LibraryError."""
        if not self._has_tables():
            raise LibraryError(f"{self.folder}: no library here; make one: contrapposto index FOLDER")
        with locked(self.folder, wait):
            store = self._open_store(to_write=True)
            store.repair(inspection.CHECKS)
            self._warn(*store.problems)
            indexing.drop_orphans(store)
            store.optimize()
            stated = self._stated()
            if stated:
                self._state(stated)
        return self.warnings

    def _row(self, path: str | os.PathLike[str]) -> pa.Table:
        """The row of `media` of a file. Raises LibraryError when there is none."""
        rows = self._store_to_read().read("media", keys=[path_key(absolute(path))])
        if not len(rows):
            raise LibraryError(f"{path}: not in the library {self.folder}; index it first")
        return rows

    def _current_manifest(
        self, stated: Manifest | None, wanted: Wanted | None = None, rebuild: bool = False
    ) -> Manifest:
        """See `manifest.current`."""
        if stated is None and self._estimator and (wanted is None or wanted.accurate is None):
            wanted = replace(wanted or Wanted(), accurate=self._estimator.accurate)
        return manifest.current(stated, self.folder, wanted, rebuild)

    def _load_estimator(self, current: Manifest, pose_weights: Path | None = None) -> PoseEstimator:
        made = self._estimator and (self._estimator.name, self._estimator.accurate)
        if self._estimator is None or pose_weights or made != (current.estimator, current.accurate):
            from contrapposto.representations.pose_embedder import make_embedding_estimator

            name, kept = current.estimator, pose_weights or kept_weights(self.folder, current.estimator)
            self._estimator = make_embedding_estimator(
                name, accurate=current.accurate, progress=self._progress, pose_weights=kept
            )
        return self._estimator

    def _load_lifter(self) -> Lift:
        if self._lifter is None:
            from contrapposto.poses.lifting import Lifter

            self._lifter = Lifter()
        return self._lifter

    def _load_segment_maker(self) -> SegmentMaker:
        if self._segment_maker is None:
            from contrapposto.representations.segment_maker import SegmentMaker

            self._segment_maker = SegmentMaker(progress=self._progress)
        return self._segment_maker

    def _store_to_read(self) -> Store:
        stated = self._stated()
        if stated is None:
            raise LibraryError(f"{self.folder}: no library here; make one: contrapposto index FOLDER")
        manifest.refuse_changed(self.folder, stated, self._current_manifest(stated))
        return self._open_store()

    def _open_store(self, to_write: bool = False) -> LanceStore:
        """The store; opened anew, with damage put right, for the process that holds the lock and writes."""
        if self._store is None or to_write:
            self._store = LanceStore(self.folder / TABLES, repair=to_write)
        self._warn(*self._store.problems)
        return self._store

    def _has_tables(self) -> bool:
        return any((self.folder / TABLES).glob("*.lance"))

    def _stated(self, rebuild: bool = False) -> Manifest | None:
        """See `manifest.stated`; None where there is no library."""
        found, warning = manifest.stated(self.folder, self.folder / TABLES, self._has_tables(), rebuild)
        if warning:
            self._warn(warning)
        return found

    def _state(self, stated: Manifest) -> None:
        manifest.state(stated, (self.folder, self.folder / TABLES))

    def _roots_found(self) -> list[str]:
        """The folders in which the files of the tables were found, when no manifest states them."""
        return sorted(set(self._open_store(to_write=True).read("media", ["root"])["root"].to_pylist()))

    def _warn(self, *lines: str) -> None:
        for line in lines:
            if line not in self._warnings:
                self._warnings.append(line)
                _LOG.warning(line)

    def _current_snapshot(self) -> Snapshot:
        store = self._open_store()
        if self._snapshot is None or self._snapshot.version != store.version():
            self._snapshot = take_snapshot(store)
        return self._snapshot
