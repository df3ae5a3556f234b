"""The one pass over the files: decode ahead, find people, commit, resume.

People belong to the content of a file, paths point to content. So an unchanged file is not opened, a moved or
copied one is read but not analysed again. Each batch commits people first and then their files: a run that is
killed leaves at most people without a file, which no search shows and the next run replaces.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from contrapposto.collection import FoundFile, Walk, absolute, content_hash, walk
from contrapposto.errors import UnreadableMedia
from contrapposto.media import photos
from contrapposto.poses import PoseEstimator
from contrapposto.records import Box, Media, Person, Pose, Skipped
from contrapposto.store import Store
from contrapposto.store.rows import key_path, media_rows, path_key, people_rows

Progress = Callable[[int, int], None]
"""Called with photos done and photos to do."""

MAX_FILE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """workers: pictures analysed at the same time; commit_photos, commit_seconds: a batch is committed when it
    holds this many photos or is this old; optimize_commits: the store is tidied after this many."""

    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    commit_photos: int = 256
    commit_seconds: float = 5.0
    optimize_commits: int = 100

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"at least 1 worker is needed, got {self.workers}")


@dataclass(slots=True)
class IndexReport:
    """What a run did: numbers of photos by what happened to them, people in the photos that were analysed, and
    the paths that were left out. `films` are known but not indexed."""

    new: int = 0
    changed: int = 0
    moved: int = 0
    unchanged: int = 0
    removed: int = 0
    people: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    films: list[Path] = field(default_factory=list)
    seconds: float = 0.0


def index(
    store: Store,
    roots: Sequence[Path],
    estimator: PoseEstimator,
    options: IndexOptions | None = None,
    progress: Progress | None = None,
) -> IndexReport:
    """Brings a store up to date with the files below the roots. The caller holds the library's write lock."""
    started = time.monotonic()
    options = options or IndexOptions()
    found = walk(roots)
    known = known_media(store)
    report = IndexReport(films=found.films, skipped=list(found.skipped))
    todo = []
    for file in found.photos:
        row = known.get(path_key(file.path))
        if row is None or (row.size, row.modified) != (file.size, file.modified):
            todo.append(file)
        else:
            report.unchanged += 1
            if row.problem:
                report.skipped.append(Skipped(file.path, row.problem))
    gone = _gone(known, found, roots)
    _analyse_all(store, todo, known, {known[key].content for key in gone}, estimator, options, progress, report)
    store.delete("media", gone)
    report.removed = max(0, len(gone) - report.moved)
    if todo or gone:
        drop_orphans(store)
        store.optimize()
    report.skipped.sort(key=lambda skipped: str(skipped.path))
    report.seconds = time.monotonic() - started
    return report


def drop_orphans(store: Store) -> None:
    """Removes people whose content no file has any more."""
    contents = set(store.read("media", ["content"])["content"].to_pylist())
    people = store.read("people", ["id", "content"])
    pairs = zip(people["id"].to_pylist(), people["content"].to_pylist(), strict=True)
    store.delete("people", [identity for identity, content in pairs if content not in contents])


@dataclass(frozen=True, slots=True)
class _Analysed:
    """One file's outcome. people is None when its content was known already."""

    media: Media
    people: list[Person] | None = None
    unreadable: str | None = None


def known_media(store: Store) -> dict[str, Media]:
    """Path key to what is stored of it."""
    known = {}
    for row in store.read("media").to_pylist():
        key = row["path"]
        known[key] = Media(**{**row, "path": key_path(key), "root": key_path(row["root"])})
    return known


def _gone(known: dict[str, Media], found: Walk, roots: Sequence[Path]) -> list[str]:
    """Keys of files that were below the roots and are not any more."""
    present = {path_key(file.path) for file in found.photos}
    kept = [str(path) for path in found.unread] + [str(skipped.path) for skipped in found.skipped]
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
    gone: set[str],
    estimator: PoseEstimator,
    options: IndexOptions,
    progress: Progress | None,
    report: IndexReport,
) -> None:
    by_content = {media.content: media for media in known.values()}
    batch: list[_Analysed] = []
    commits, last_commit = 0, time.monotonic()
    try:
        for done, outcome in enumerate(_outcomes(todo, by_content, estimator, options.workers), start=1):
            path = outcome.media.path
            if outcome.unreadable:
                report.skipped.append(Skipped(path, outcome.unreadable))
            else:
                batch.append(outcome)
                _count(outcome, path_key(path) in known, gone, report)
                by_content.setdefault(outcome.media.content, outcome.media)
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


def _count(outcome: _Analysed, was_known: bool, gone: set[str], report: IndexReport) -> None:
    if outcome.media.problem:
        report.skipped.append(Skipped(outcome.media.path, outcome.media.problem))
    elif was_known:
        report.changed += 1
    elif outcome.media.content in gone:
        report.moved += 1
    else:
        report.new += 1
    report.people += len(outcome.people or ())


def _commit(store: Store, batch: Sequence[_Analysed]) -> None:
    people = {outcome.media.content: outcome.people for outcome in batch if outcome.people}
    store.upsert("people", people_rows(people.items()))
    store.upsert("media", media_rows(outcome.media for outcome in batch))


def _outcomes(
    todo: Sequence[FoundFile], by_content: dict[str, Media], estimator: PoseEstimator, workers: int
) -> Iterator[_Analysed]:
    """Outcomes in order of the files, worked on by several threads, with a bounded number waiting."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="index")
    waiting: deque[Future[_Analysed]] = deque()
    files = iter(todo)
    try:
        while True:
            while len(waiting) < 4 * workers and (file := next(files, None)) is not None:
                waiting.append(pool.submit(_analyse, file, by_content, estimator))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _analyse(file: FoundFile, by_content: dict[str, Media], estimator: PoseEstimator) -> _Analysed:
    media = Media(file.path, file.root, "", file.size, file.modified)
    if file.size > MAX_FILE_BYTES:
        return _Analysed(media, unreadable=f"{file.size / 1e9:.1f} GB is more than a photo's file may have")
    try:
        data = file.path.read_bytes()
    except OSError as error:
        return _Analysed(media, unreadable=f"cannot be read ({error.strerror or error})")
    media = replace(media, content=content_hash(data))
    twin = by_content.get(media.content)
    if twin:
        return _Analysed(replace(twin, path=file.path, root=file.root, size=file.size, modified=file.modified))
    try:
        photo = photos.decode(data)
    except UnreadableMedia as error:
        return _Analysed(replace(media, problem=str(error)))
    people = people_of(photo, estimator)
    media = replace(media, width=photo.width, height=photo.height, taken=photo.taken, people=len(people))
    return _Analysed(media, people)


def people_of(photo: photos.Photo, estimator: PoseEstimator) -> list[Person]:
    """The people of a photo, in pixels of the full upright picture."""
    return [_to_full(person, photo.scale) for person in estimator(photo.image)]


def find_people(path: Path, estimator: PoseEstimator) -> list[Person]:
    """The people of a picture file, as indexing would find them. Raises UnreadableMedia with the path."""
    try:
        photo = photos.decode(path.read_bytes())
    except OSError as error:
        raise UnreadableMedia(f"{path}: cannot be read ({error.strerror or error})") from error
    except UnreadableMedia as error:
        raise UnreadableMedia(f"{path}: {error}") from error
    return people_of(photo, estimator)


def _to_full(person: Person, scale: tuple[float, float]) -> Person:
    """From the frame of the reduced picture to that of the full one."""
    box, (x, y) = person.box, scale
    return Person(
        Box(box.x * x, box.y * y, box.width * x, box.height * y),
        person.score,
        Pose(person.pose.keypoints * scale, person.pose.scores),
    )
