"""The one pass over the files: decode ahead, find people, commit, resume.

People belong to the content of a file, paths point to content. So an unchanged file is not opened, a moved or
copied one is read but not analysed again. Each batch commits people first and then their files: a run that is
killed leaves at most people without a file, which no search shows and the next run replaces.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from contrapposto.collection import FoundFile, Walk, absolute, file_hash, walk
from contrapposto.errors import UnreadableMedia
from contrapposto.indexing.films import FilmOptions, FilmProgress, Networks, index_film, no_film
from contrapposto.indexing.photos import Analysed, Contents, outcomes
from contrapposto.manifest import EVERY
from contrapposto.poses import PoseEstimator
from contrapposto.records import Media, Skipped
from contrapposto.store import Store, TableName
from contrapposto.store.rows import key_path, media_rows, path_key, people_rows

Progress = Callable[[int, int], None]
"""Called with photos done and photos to do."""

DERIVED: tuple[TableName, ...] = ("people", "shots", "segments")
"""Tables of what was found in contents."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """workers: pictures analysed at the same time; commit_photos, commit_seconds: a batch is committed when it
    holds this many photos or is this old; optimize_commits: the store is tidied after this many; every: seconds
    between two frames of a film that are looked at."""

    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    commit_photos: int = 256
    commit_seconds: float = 5.0
    optimize_commits: int = 100
    every: float = EVERY

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"at least 1 worker is needed, got {self.workers}")


@dataclass(slots=True)
class IndexReport:
    """What a run did: numbers of files by what happened to them, people found in the photos that were analysed, the
    paths that were left out or are damaged in part; of the films that were worked through their number, seconds,
    shots, and distinct poses of people."""

    new: int = 0
    changed: int = 0
    moved: int = 0
    unchanged: int = 0
    removed: int = 0
    people: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    films: int = 0
    film_seconds: float = 0.0
    shots: int = 0
    moments: int = 0
    seconds: float = 0.0


def index(
    store: Store,
    roots: Sequence[Path],
    estimator: PoseEstimator,
    options: IndexOptions | None = None,
    progress: Progress | None = None,
    film_progress: FilmProgress | None = None,
) -> IndexReport:
    """Brings a store up to date with the files below the roots, which exist. The caller holds the library's write
    lock."""
    started = time.monotonic()
    options = options or IndexOptions()
    found = walk(roots)
    films = set(found.films)
    known = known_media(store)
    lost = lost_people(store, known.values())
    report = IndexReport(skipped=list(found.skipped))
    todo: dict[bool, list[FoundFile]] = {False: [], True: []}
    for file in (*found.photos, *found.films):
        row = known.get(path_key(file.path))
        if row is None or not _same_file(row, file) or row.content in lost or row.until is not None:
            todo[file in films].append(file)
        else:
            if row.problem:
                report.skipped.append(Skipped(file.path, row.problem, partly=row.shots > 0))
            report.unchanged += not row.problem or row.shots > 0
    gone = _gone(known, found, roots)
    left = Counter(known[key].content for key in gone)
    whole = {key: media for key, media in known.items() if media.content not in lost}
    _analyse_all(store, todo[False], whole, left, estimator, options, progress, report)
    _index_films(store, todo[True], whole, left, estimator, options, film_progress, report)
    store.delete("media", gone)
    report.removed = len(gone) - report.moved
    if any(todo.values()) or gone:
        drop_orphans(store)
        store.optimize()
    report.skipped.sort(key=lambda skipped: str(skipped.path))
    report.seconds = time.monotonic() - started
    return report


def lost_people(store: Store, known: Iterable[Media]) -> set[str]:
    """Contents with fewer people, shots or segments stored than were found in them: a commit was lost."""
    people, shots, segments = (_stored(store, table) for table in DERIVED)
    return {
        media.content
        for media in known
        if people.get(media.content, 0) < media.rows
        or shots.get(media.content, 0) < media.shots
        or segments.get(media.content, 0) < media.segments
    }


def _stored(store: Store, table: TableName) -> dict[str, int]:
    """Rows of each content."""
    groups = store.read(table, ["content"]).group_by("content").aggregate([([], "count_all")])
    return dict(zip(groups["content"].to_pylist(), groups["count_all"].to_pylist(), strict=True))


def _same_file(row: Media, file: FoundFile) -> bool:
    return (row.size, row.modified) == (file.size, file.modified)


def drop_orphans(store: Store) -> None:
    """Removes people, shots and segments whose content no file has any more."""
    contents = set(store.read("media", ["content"])["content"].to_pylist())
    for table in DERIVED:
        rows = store.read(table, ["id", "content"])
        pairs = zip(rows["id"].to_pylist(), rows["content"].to_pylist(), strict=True)
        store.delete(table, [identity for identity, content in pairs if content not in contents])


def clear(store: Store) -> None:
    """Removes all files, and all that was found in them; what users attached stays."""
    store.delete("media", store.read("media", ["path"])["path"].to_pylist())
    for table in DERIVED:
        store.delete(table, store.read(table, ["id"])["id"].to_pylist())


def known_media(store: Store) -> dict[str, Media]:
    """Path key to what is stored of it."""
    known = {}
    for row in store.read("media").to_pylist():
        key = row["path"]
        known[key] = Media(**{**row, "path": key_path(key), "root": key_path(row["root"])})
    return known


def _gone(known: dict[str, Media], found: Walk, roots: Sequence[Path]) -> list[str]:
    """Keys of files that were below the roots and are not any more."""
    present = {path_key(file.path) for file in (*found.photos, *found.films)}
    kept = [str(path) for path in found.unread]
    tops = [str(absolute(root)) for root in roots]
    return [
        key
        for key, media in known.items()
        if key not in present
        and any(below(str(media.path), top) for top in tops)
        and not any(below(str(media.path), path) for path in kept)
    ]


def below(path: str, top: str) -> bool:
    """Whether a path is the top itself or lies in it."""
    return path == top or path.startswith(top.rstrip(os.sep) + os.sep)


def _analyse_all(
    store: Store,
    todo: Sequence[FoundFile],
    known: dict[str, Media],
    left: Counter[str],
    estimator: PoseEstimator,
    options: IndexOptions,
    progress: Progress | None,
    report: IndexReport,
) -> None:
    """left: contents of files that are gone, with their numbers."""
    contents = Contents(known.values())
    batch: list[Analysed] = []
    commits, last_commit = 0, time.monotonic()
    try:
        with closing(outcomes(todo, contents, estimator, options.workers)) as looked:
            for done, found in enumerate(looked, start=1):
                outcome = contents.take(found)
                if outcome.failed is None:
                    batch.append(outcome)
                _count(outcome, known.get(path_key(outcome.media.path)), left, report)
                late = time.monotonic() - last_commit > options.commit_seconds
                if batch and (late or len(batch) >= options.commit_photos):
                    _commit(store, batch)
                    commits += 1
                    if commits % options.optimize_commits == 0:
                        store.optimize()
                    batch, last_commit = [], time.monotonic()
                if progress:
                    progress(done, len(todo))
    finally:  # an interrupted run keeps what it has
        _commit(store, batch)


def _index_films(
    store: Store,
    todo: Sequence[FoundFile],
    known: dict[str, Media],
    left: Counter[str],
    estimator: PoseEstimator,
    options: IndexOptions,
    progress: FilmProgress | None,
    report: IndexReport,
) -> None:
    """One after the other, each by several threads."""
    if not todo:
        return
    from contrapposto.poses.lifting import Lifter
    from contrapposto.representations.segment_maker import SegmentMaker

    contents = {media.content: media for media in known.values() if media.until is None}
    present = {content for table in DERIVED for content in _stored(store, table)}
    networks = Networks(estimator, Lifter(), SegmentMaker(threads=options.workers))
    settings = FilmOptions(options.every, commit_seconds=options.commit_seconds, workers=options.workers)
    for file in todo:
        before = known.get(path_key(file.path))
        media = Media(file.path, file.root, "", file.size, file.modified)
        failed = None
        try:
            half = before is not None and _same_file(before, file) and before.until is not None
            content = before.content if before and half else file_hash(file.path)
            if content in contents:
                media = replace(contents[content], path=file.path, root=file.root, modified=file.modified)
                store.upsert("media", media_rows([media]))
            else:
                media = replace(before, root=file.root) if before and half else replace(media, content=content)
                fresh = content not in present
                present.add(content)
                media = index_film(store, media, networks, settings, progress, fresh=fresh)
                report.films += 1
                report.film_seconds += media.duration or 0.0
                report.shots += media.shots
                report.moments += media.rows
        except UnreadableMedia as error:
            media = no_film(media, error)
            store.upsert("media", media_rows([media]))
        except OSError as error:
            failed = f"cannot be read ({error.strerror or error})"
        except Exception as error:  # one film must not end the run
            failed = f"looking for people failed ({' '.join(f'{type(error).__name__} {error}'.split())[:200]})"
        if failed is None:
            contents[media.content] = media
        _count(Analysed(media, failed=failed), before, left, report)


def _count(outcome: Analysed, before: Media | None, left: Counter[str], report: IndexReport) -> None:
    media = outcome.media
    problem = outcome.failed or media.problem
    partly = outcome.failed is None and media.shots > 0
    if problem:
        report.skipped.append(Skipped(media.path, problem, partly))
    if problem and not partly:
        pass
    elif before is not None and before.content == media.content:
        report.unchanged += 1
    elif before is not None:
        report.changed += 1
    elif left[media.content]:
        left[media.content] -= 1
        report.moved += 1
    else:
        report.new += 1
    report.people += len(outcome.people or ())


def _commit(store: Store, batch: Sequence[Analysed]) -> None:
    people = {outcome.media.content: outcome.people for outcome in batch if outcome.people}
    store.upsert("people", people_rows(people.items()))
    store.upsert("media", media_rows(outcome.media for outcome in batch))
