"""Photos, each read once and looked at by several threads: their people, whatever happens to single files."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from contrapposto.collection import FoundFile, content_hash
from contrapposto.errors import UnreadableMedia
from contrapposto.media import photos, videos
from contrapposto.media.fingerprint import fingerprint
from contrapposto.poses import PoseEstimator
from contrapposto.records import Media, Person


@dataclass(frozen=True, slots=True)
class Analysed:
    """One file's outcome. people is None when its content was known already; failed: why it could not be looked at
    now, which the next run tries again."""

    media: Media
    people: list[Person] | None = None
    failed: str | None = None


class Contents:
    """What is known of each content. Copies are analysed once: while one thread looks at a content, others that
    meet it wait for the answer."""

    def __init__(self, stored: Iterable[Media]) -> None:
        self._known = {media.content: media for media in stored}
        self._looks: dict[str, Future[Analysed]] = {}
        self._lock = Lock()

    def outcome(self, content: str, look: Callable[[], Analysed]) -> Analysed:
        """Of a file with this content: what is known, else what `look` answers in whichever thread came first."""
        with self._lock:
            if content in self._known:
                return Analysed(self._known[content])
            first = content not in self._looks
            answer = self._looks.setdefault(content, Future())
        if first:
            try:
                answer.set_result(look())
            except BaseException as error:
                answer.set_exception(error)
        return answer.result()

    def take(self, outcome: Analysed) -> Analysed:
        """Called for each outcome in the order in which they are committed: the first of a content keeps the
        people, and makes the content known."""
        with self._lock:
            content = outcome.media.content
            self._looks.pop(content, None)
            if content in self._known:
                return replace(outcome, people=None)
            if outcome.failed is None:
                self._known[content] = outcome.media
            return outcome


def outcomes(
    todo: Sequence[FoundFile], contents: Contents, estimator: PoseEstimator, workers: int
) -> Generator[Analysed]:
    """Outcomes in order of the files, worked on by several threads, with a bounded number waiting."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="index")
    waiting: deque[Future[Analysed]] = deque()
    files = iter(todo)
    try:
        while True:
            while len(waiting) < 4 * workers and (file := next(files, None)) is not None:
                waiting.append(pool.submit(_analyse, file, contents, estimator))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _analyse(file: FoundFile, contents: Contents, estimator: PoseEstimator) -> Analysed:
    media = Media(file.path, file.root, "", file.size, file.modified)
    try:
        data = photos.read_file(file.path)
    except UnreadableMedia as error:
        return Analysed(media, failed=str(error))
    media = replace(media, content=content_hash(data))
    found = contents.outcome(media.content, lambda: _look(media, data, estimator))
    mine = replace(found.media, path=file.path, root=file.root, size=file.size, modified=file.modified)
    return replace(found, media=mine)


def _look(media: Media, data: bytes, estimator: PoseEstimator) -> Analysed:
    try:
        photo = photos.decode(data)
    except photos.DecoderMissing as error:  # the file is as good once the package is there
        return Analysed(media, failed=str(error))
    except UnreadableMedia as error:
        return Analysed(replace(media, problem=str(error)))
    try:
        people = people_of(photo, estimator)
    except Exception as error:  # one picture must not end the run
        reason = " ".join(f"{type(error).__name__} {error}".split())[:200]
        return Analysed(media, failed=f"looking for people failed ({reason})")
    media = replace(
        media,
        width=photo.width,
        height=photo.height,
        people=len(people),
        rows=len(people),
        taken=photo.taken,
        fingerprint=fingerprint(photo.image),
    )
    return Analysed(media, people)


def people_of(photo: photos.Photo, estimator: PoseEstimator) -> list[Person]:
    """The people of a photo, in pixels of the full upright picture."""
    return [person.scaled(photo.scale) for person in estimator(photo.image)]


def find_people(path: Path, estimator: PoseEstimator) -> list[Person]:
    """The people of a picture file, as indexing would find them. Raises UnreadableMedia with the path."""
    return people_of(read_picture(path), estimator)


def read_picture(path: Path) -> photos.Photo:
    """A picture file to ask with. Raises UnreadableMedia with the path."""
    if path.suffix.lower() in videos.SUFFIXES:
        raise UnreadableMedia(f"{path}: is named as a film; give a photo, or index the film and search it")
    try:
        return photos.decode(photos.read_file(path))
    except UnreadableMedia as error:
        raise UnreadableMedia(f"{path}: {error}") from error
