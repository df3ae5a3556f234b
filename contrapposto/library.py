"""The front door: open a library, index folders into it, search it."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs

from contrapposto import indexing, manifest
from contrapposto.collection import absolute, check_root
from contrapposto.errors import LibraryBusy, LibraryError, QueryError
from contrapposto.indexing.films import FilmProgress
from contrapposto.manifest import Manifest
from contrapposto.poses import DEFAULT_ESTIMATOR, ESTIMATORS, PoseEstimator
from contrapposto.records import Hit, Media, Person, Pose, Skipped
from contrapposto.search import ranking
from contrapposto.search.candidates import Snapshot, take_snapshot
from contrapposto.search.pose_part import DEFAULT_METRIC, Lift, PosePart
from contrapposto.search.query import Part, Query
from contrapposto.search.sequence_part import SequencePart, in_words
from contrapposto.search.timeline import Timeline
from contrapposto.store import Store, inspection
from contrapposto.store.lance import LanceStore
from contrapposto.store.rows import PeopleArrays, key_path, path_key, row_ids
from contrapposto.text import count
from contrapposto.weights import Progress

_LOG = logging.getLogger(__name__)
_LOG.addHandler(logging.NullHandler())

LOCK_FILE = "indexing.lock"
TABLES = "tables"

_LOST = "this watched folder cannot be reached now; `contrapposto forget` stops watching it"


def default_folder() -> Path:
    """Where the library lies when none is named: CONTRAPPOSTO_LIBRARY, else a folder of the user's data."""
    named = os.environ.get("CONTRAPPOSTO_LIBRARY")
    return (
        Path(named).expanduser() if named else Path(platformdirs.user_data_dir("contrapposto")) / "default.library"
    )


def pose_of(image: str | os.PathLike[str], people: Sequence[Person], number: int) -> Pose:
    """The pose of one of the people found in a picture, counted from 1. Raises QueryError when there is none."""
    if not people:
        raise QueryError(f"{image}: nobody was found in it; use a picture that shows a person, or a skeleton")
    if not 1 <= number <= len(people):
        raise QueryError(
            f"{image}: has {count(len(people), 'person', 'people')}, there is no number {number}; choose 1 to "
            f"{len(people)}"
        )
    return people[number - 1].pose


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
        self._store: LanceStore | None = None
        self._warnings: list[str] = []
        self._snapshot: Snapshot | None = None

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
        workers: int | None = None,
        rebuild: bool = False,
        wait: bool = False,
        progress: indexing.Progress | None = None,
        film_progress: FilmProgress | None = None,
    ) -> indexing.IndexReport:
        """Brings the library up to date with these folders (or single files), or with all that it was given
        before when none is named.

        accurate: find more and smaller people at about twice the time; every: seconds between two frames of a film
        that are looked at (0.2 in a new library); None keeps the library's setting.
        rebuild: forget everything found so far and start again, as after a change of weights. wait: wait for
        another process that is indexing, instead of raising LibraryBusy.
        A folder given before that cannot be reached now (an unplugged disk) is skipped with a reason; what was
        found in it stays. Damage is put right first (`warnings`), and what was lost is found again. Raises
        LibraryError (nothing to index, other weights, a folder that is something else than a library, a full disk),
        WeightsError.
        """
        self._make_folder()
        with self._locked(wait):
            stated = self._stated(rebuild)
            unstated = stated is None and self._has_tables()
            given = [absolute(folder) for folder in folders]
            roots_stated = self._roots_found() if unstated else stated.roots if stated else ()
            known = [key_path(root) for root in roots_stated]
            if not (given or known):
                raise LibraryError(f"{self.folder}: nothing to index; name a folder: contrapposto index FOLDER")
            for root in given:
                check_root(root)
            current = self._current_manifest(stated, accurate, rebuild, every)
            if stated and not rebuild:
                self._refuse_changed(stated, current)
            estimator = self._load_estimator(current)
            watched = list(dict.fromkeys([*known, *given]))
            store = self._open_store(to_write=True) if self._has_tables() else None
            if store and rebuild:
                self._clear(store)
            self._state(current.with_roots(tuple(path_key(root) for root in watched)))
            store = store or self._open_store(to_write=True)
            roots = given if given and not rebuild else watched
            lost = [root for root in roots if not root.exists()]
            report = indexing.index(
                store,
                [root for root in roots if root not in lost],
                estimator,
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

    def timelines(self, query: Query, hits: Sequence[Hit], most: int = 10) -> list[Timeline]:
        """How well the films among some hits match a query over all of their time, the first `most` of them.
        Raises as `search`."""
        films = list(dict.fromkeys(hit.path for hit in hits if hit.time is not None))[:most]
        store = self._store_to_read()
        return ranking.timelines(store, self._current_snapshot(), query.lifted(self._load_lifter), films)

    def why_nothing(self, query: Query) -> str:
        """Why `search` found nobody for a query, in words for the user. Raises as `search`."""
        store = self._store_to_read()
        if not store.count("people"):
            return "The library holds nobody yet; index photos or films of people into it."
        if query.where is not None and not self._current_snapshot().contents(query.condition).any():
            return f"No file in the library meets --where {query.where!r}."
        if query.min_match and (best := self.search(replace(query, min_match=0.0, top=1))):
            return f"Nobody matches that well: the best match is {best[0].match:.2f}; ask for less than that."
        if any(isinstance(part, SequencePart) for part in query.parts):
            return "Nobody in films is followed long enough; photos have no answer to one thing after the other."
        if query.of_pictures:
            return "No picture in the library shows so many people as asked for."
        return "Nobody in the library shows enough of the joints asked for to be compared; ask for fewer joints."

    def find_people(self, image: str | os.PathLike[str]) -> list[Person]:
        """The people of a picture file, most prominent first, in pixels of the full upright picture; nothing is
        stored. Raises UnreadableMedia with the path."""
        return indexing.find_people(Path(image), self._load_estimator(self._current_manifest(self._stated())))

    def people(self, path: str | os.PathLike[str]) -> list[Person]:
        """What the library holds of one file, of a film the distinct poses in order of time; empty when it holds
        nobody. Raises LibraryError when the file is not in it."""
        store = self._store_to_read()
        rows = store.read("media", ["content", "rows"], keys=[path_key(absolute(path))])
        if not len(rows):
            raise LibraryError(f"{path}: not in the library {self.folder}; index it first")
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
        with self._locked(wait):
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

    def repair(self, *, wait: bool = False) -> tuple[str, ...]:
        """Puts right what `index` would put right first, and more: every row is read, the newest commits whose rows
        are all good become the newest, people without a file go, small files are merged. Returns `warnings`; what
        was lost is found again by `index`. Raises LibraryBusy, LibraryError."""
        if not self._has_tables():
            raise LibraryError(f"{self.folder}: no library here; make one: contrapposto index FOLDER")
        with self._locked(wait):
            store = self._open_store(to_write=True)
            store.repair(inspection.CHECKS)
            self._warn(*store.problems)
            indexing.drop_orphans(store)
            store.optimize()
            stated = self._stated()
            if stated:
                self._state(stated)
        return self.warnings

    def _make_folder(self) -> None:
        """Raises LibraryError when the folder cannot be made, or holds something else than a library."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = {entry.name for entry in self.folder.iterdir()}
        except OSError as error:
            raise LibraryError(f"{self.folder}: cannot be made ({error.strerror}); name another place") from error
        foreign = {name for name in names if name not in (LOCK_FILE, TABLES) and not name.startswith(manifest.FILE)}
        if foreign and manifest.FILE not in names:
            raise LibraryError(
                f"{self.folder}: holds other files ({min(foreign)!r}) and is no library; name a new or empty folder"
            )

    def _current_manifest(
        self,
        stated: Manifest | None,
        accurate: bool | None = None,
        rebuild: bool = False,
        every: float | None = None,
    ) -> Manifest:
        """What this program would state of a library like the stated one; with an estimator it has if `rebuild`."""
        if accurate is None:
            accurate = stated.accurate if stated else bool(self._estimator and self._estimator.accurate)
        name = stated.estimator if stated else DEFAULT_ESTIMATOR
        kept = stated.every if stated else manifest.EVERY
        name = DEFAULT_ESTIMATOR if rebuild and name not in ESTIMATORS else name
        return Manifest.of(name, accurate, kept if every is None else every)

    def _load_estimator(self, wanted: Manifest) -> PoseEstimator:
        if self._estimator is None or self._estimator.accurate != wanted.accurate:
            from contrapposto.representations.pose_embedder import make_embedding_estimator

            self._estimator = make_embedding_estimator(
                wanted.estimator, accurate=wanted.accurate, progress=self._progress
            )
        return self._estimator

    def _load_lifter(self) -> Lift:
        if self._lifter is None:
            from contrapposto.poses.lifting import Lifter

            self._lifter = Lifter()
        return self._lifter

    def _refuse_changed(self, stated: Manifest, current: Manifest) -> None:
        differences = stated.differences(current)
        if differences:
            raise LibraryError(
                f"{self.folder}: was made with other settings or weights ({'; '.join(differences)}); rebuild it: "
                f"contrapposto index --rebuild{' --accurate' if current.accurate else ''}"
                f"{f' --every {current.every:g}' if current.every != manifest.EVERY else ''} "
                f"--library {shlex.quote(str(self.folder))}"
            )

    def _store_to_read(self) -> Store:
        stated = self._stated()
        if stated is None:
            raise LibraryError(f"{self.folder}: no library here; make one: contrapposto index FOLDER")
        self._refuse_changed(stated, self._current_manifest(stated))
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

    def _clear(self, store: Store) -> None:
        store.delete("media", store.read("media", ["path"])["path"].to_pylist())
        store.delete("people", store.read("people", ["id"])["id"].to_pylist())
        store.delete("shots", store.read("shots", ["id"])["id"].to_pylist())

    @contextmanager
    def _locked(self, wait: bool) -> Iterator[None]:
        import filelock

        lock = filelock.FileLock(self.folder / LOCK_FILE)
        try:
            lock.acquire(timeout=-1 if wait else 0)
        except filelock.Timeout:
            raise LibraryBusy(
                f"{self.folder}: another process is indexing into it; wait for it (--wait does), or stop it"
            ) from None
        except OSError as error:
            raise LibraryError(
                f"{self.folder}: cannot be written ({error.strerror or error}); check its permissions"
            ) from error
        try:
            yield
        finally:
            lock.release()
