"""One film: decoded once, looked at on chosen frames, cut into shots; its people joined to tracks and thinned to
distinct poses, its pictures to key features and the vector of a segment; committed piece by piece, so that a run
that is killed goes on inside the film.

A piece ends where a shot does, or after `FilmOptions.piece` seconds of a long one, and so bounds memory. Where
shots end depends on the frames at most `LOOK` away: a run that goes on from 2 * `LOOK` before finds the same shots.
The tracks of a shot that was left open go on from the poses that were stored of them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from contrapposto.errors import UnreadableMedia
from contrapposto.manifest import EVERY
from contrapposto.media.videos import Frame, Video
from contrapposto.people.tracks import Sample, Track, join
from contrapposto.poses import PoseEstimator
from contrapposto.poses.lifting import Lifter
from contrapposto.poses.moments import Moment, distinct
from contrapposto.poses.smoothing import smoothed_track
from contrapposto.records import Media, Person, Shot
from contrapposto.representations.segments import Segment
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS, LOOK, Border
from contrapposto.store import Store, TableName
from contrapposto.store.rows import (
    PeopleArrays,
    media_rows,
    moment_rows,
    row_ids,
    segment_rows,
    shot_rows,
    shots_of,
)

if TYPE_CHECKING:
    from contrapposto.representations.segment_maker import Glimpse, SegmentMaker

FilmProgress = Callable[[Path, float, float | None], None]
"""Called with a film, the seconds of it that are worked through, and its duration, None where it is not known."""

LAST = 4
"""Samples of a track that the next piece of its shot is given."""

_SAME = 1e-3
"""Seconds: times no further apart are the same."""


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """every: seconds between two frames that are looked at; still: mean difference of the small pictures, in 8-bit
    steps, up to which a frame shows the same people as the last one that was looked at, which is
    `longest_still` seconds back at most; piece: seconds of one shot that are worked on at a time; commit_seconds:
    of work between two commits; workers: frames looked at at the same time."""

    every: float = EVERY
    still: float = 0.5
    longest_still: float = 1.0
    piece: float = 30.0
    commit_seconds: float = 5.0
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Networks:
    """What looks at films: estimator finds people, lifter makes their poses 3D, segments makes segments."""

    estimator: PoseEstimator
    lifter: Lifter
    segments: SegmentMaker


def index_film(
    store: Store,
    media: Media,
    networks: Networks,
    options: FilmOptions,
    progress: FilmProgress | None = None,
    *,
    fresh: bool = False,
) -> Media:
    """Works through a film, or on from `media.until`, and commits it. media: its row, with its content; the row as
    it is stored at the end is the answer; fresh: nothing of this content is stored. The caller holds the library's
    write lock.

    Raises UnreadableMedia (without the path) when it cannot be opened or shows nothing; nothing is stored then.
    """
    with Video(media.path) as video:
        media = replace(media, width=video.width, height=video.height, duration=video.duration)
        media, after, before = (media, None, {}) if fresh else _resumed(store, media)
        batch = _Batch(store, media)
        reached = media.until or 0.0
        try:
            with closing(_pieces(video, networks, after, options)) as pieces:
                last = time.monotonic()
                for piece in pieces:
                    if after is None or piece.shot.number != after.number:
                        before = {}
                    after = piece.shot
                    samples = [Sample(look.time, look.seen.people) for look in piece.looks]
                    found, tracks = _moments(samples, tuple(before.values()), networks.lifter)
                    before |= {track.number: _end_of(track) for track in tracks}
                    batch.add(piece, found, networks.segments)
                    reached = piece.shot.end
                    if time.monotonic() - last > options.commit_seconds:
                        batch.commit(reached)
                        last = time.monotonic()
                    if progress:
                        progress(media.path, reached, video.duration)
        except BaseException:  # an interrupted run keeps what it has
            batch.commit(reached)
            raise
        return batch.commit(reached, whole=True, problem=_problem(video, reached))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen in a frame: the people, in pixels of the full frame, and the rest."""

    people: tuple[Person, ...]
    glimpse: Glimpse


@dataclass(frozen=True, slots=True)
class _Look:
    """When a frame is shown, and what was seen in it."""

    time: float
    seen: _Seen


@dataclass(frozen=True, slots=True)
class _Piece:
    """shot: the shot up to the end of the piece; start: second where the piece begins; looks: at its frames."""

    shot: Shot
    start: float
    looks: tuple[_Look, ...]


class _Batch:
    """What was found in a film and is not committed yet; `media` says what is."""

    def __init__(self, store: Store, media: Media) -> None:
        self._store = store
        self._media = media
        self._shots: dict[int, Shot] = {}
        self._moments: list[tuple[int, Moment]] = []
        self._segments: list[Segment] = []
        self._most = media.people

    def add(self, piece: _Piece, moments: Sequence[Moment], make_segment: SegmentMaker) -> None:
        shot = piece.shot
        self._shots[shot.number] = shot
        self._moments += [(shot.number, moment) for moment in moments]
        self._most = max([self._most, *(len(look.seen.people) for look in piece.looks)])
        if piece.looks:
            seen = [(look.time, look.seen.glimpse) for look in piece.looks]
            number = self._media.segments + len(self._segments) + 1
            self._segments.append(make_segment(number, shot.number, piece.start, shot.end, seen))

    def commit(self, reached: float, *, whole: bool = False, problem: str | None = None) -> Media:
        """The film comes last: what a kill leaves in between belongs to no film's row."""
        until = None if whole else reached
        media = self._media
        self._store.upsert("people", moment_rows(media.content, self._moments, media.rows + 1))
        self._store.upsert("shots", shot_rows(media.content, self._shots.values()))
        self._store.upsert("segments", segment_rows(media.content, self._segments))
        self._media = replace(
            media,
            people=self._most,
            rows=media.rows + len(self._moments),
            shots=max([media.shots, *self._shots]),
            segments=media.segments + len(self._segments),
            until=until,
            duration=reached if until is None and (problem or not media.duration) else media.duration,
            problem=problem,
        )
        self._store.upsert("media", media_rows([self._media]))
        self._shots, self._moments, self._segments = {}, [], []
        return self._media


def _resumed(store: Store, media: Media) -> tuple[Media, Shot | None, dict[int, Track]]:
    """The row to go on from, the last shot so far, and who was in it; what was stored beyond is removed."""
    if media.until is None:
        media = replace(media, people=0, rows=0, shots=0, segments=0)
    known = _only(store, "people", media.content, media.rows)
    _only(store, "segments", media.content, media.segments)
    shots = store.read("shots")
    found = sorted(shots_of(shots.filter(_is(shots["content"], media.content))), key=lambda shot: shot.number)
    store.delete("shots", [f"{media.content}/{shot.number}" for shot in found if shot.number > media.shots])
    if media.until is None or not media.shots:
        return replace(media, until=None), None, {}
    after = replace(found[media.shots - 1], end=media.until)
    rows = PeopleArrays.from_table(store.read("people", PeopleArrays.COLUMNS, keys=sorted(known)))
    before: dict[int, Track] = {}
    for row in np.argsort(rows.times[:, 2], kind="stable"):
        if rows.shots[row] == after.number:
            number = int(rows.tracks[row])
            before[number] = Track(number, rows.times[row, 2:], (rows.person(int(row)),))
    return media, after, before


def _only(store: Store, table: TableName, content: str, count: int) -> set[str]:
    """Removes the rows of a content but the first so many, whose keys it gives."""
    known = set(row_ids(content, count))
    stored = store.read(table, ["id", "content"])
    theirs = stored.filter(_is(stored["content"], content))["id"].to_pylist()
    store.delete(table, [identity for identity in theirs if identity not in known])
    return known


def _is(column: object, value: str) -> object:
    import pyarrow.compute as pc

    return pc.equal(column, value)


def _pieces(video: Video, networks: Networks, after: Shot | None, options: FilmOptions) -> Generator[_Piece]:
    """The pieces of a film, from the end of a shot's part on where there is one."""
    detector = DETECTORS[DEFAULT_DETECTOR]()
    shot = after or Shot(1, 0.0, 0.0, "start")
    begun, end = shot.end, shot.end
    with ThreadPoolExecutor(options.workers, thread_name_prefix="film") as pool:
        looks = _Looks(pool, networks, options)
        try:
            for frame in video.frames(max(0.0, begun - 2 * LOOK) if after else 0.0):
                looks.see(frame, wanted=frame.time >= begun - _SAME)
                end = frame.time + 1 / video.rate
                for border in detector.push(frame):
                    piece, shot = _at_border(border, shot, begun, looks)
                    if piece:
                        begun = piece.shot.end
                        yield piece
                while detector.settled - begun >= options.piece:
                    start, begun = begun, begun + options.piece
                    shot = replace(shot, end=begun)
                    yield _Piece(shot, start, looks.before(begun))
            for border in detector.finish():
                piece, shot = _at_border(border, shot, begun, looks)
                if piece:
                    begun = piece.shot.end
                    yield piece
            if end > begun + _SAME:
                yield _Piece(replace(shot, end=end), begun, looks.before(np.inf))
        finally:
            looks.cancel()


def _at_border(border: Border, shot: Shot, begun: float, looks: _Looks) -> tuple[_Piece | None, Shot]:
    """The piece that ends at a border, and the shot that begins there. A border before the piece was known when the
    piece before it was committed; one where the piece begins says that a new shot does."""
    if border.time < begun - _SAME:
        return None, shot
    new = Shot(shot.number + 1, border.time, border.time, border.kind)
    if border.time <= begun + _SAME:
        return None, new if shot.start < begun - _SAME else shot
    return _Piece(replace(shot, end=border.time), begun, looks.before(border.time)), new


class _Looks:
    """Frames that are looked at, in order of time, several at the same time and a bounded number waiting."""

    def __init__(self, pool: ThreadPoolExecutor, networks: Networks, options: FilmOptions) -> None:
        self._pool = pool
        self._networks = networks
        self._options = options
        self._waiting: deque[tuple[float, Future[_Seen]]] = deque()
        self._open: deque[Future[_Seen]] = deque()
        self._slot = -1
        self._last: tuple[float, NDArray[np.int16], Future[_Seen]] | None = None

    def see(self, frame: Frame, *, wanted: bool) -> None:
        """A frame of the film; where it is wanted and its turn has come, it is looked at."""
        slot = int(frame.time / self._options.every + _SAME)
        due, self._slot = slot > self._slot, slot
        if not (due and wanted):
            return
        small = frame.small().astype(np.int16)
        if self._last is not None:
            since, shown, found = self._last
            same = np.abs(small - shown).mean() <= self._options.still
            if same and frame.time - since <= self._options.longest_still:
                self._waiting.append((frame.time, found))
                return
        found = self._pool.submit(_seen_in, frame.image(), frame.width, frame.height, self._networks)
        self._last = (frame.time, small, found)
        self._waiting.append((frame.time, found))
        self._open.append(found)
        while len(self._open) > 2 * self._options.workers:
            self._open.popleft().result()

    def before(self, end: float) -> tuple[_Look, ...]:
        """What was seen before a second and not given yet."""
        looks = []
        while self._waiting and self._waiting[0][0] < end - _SAME:
            when, found = self._waiting.popleft()
            looks.append(_Look(when, found.result()))
        return tuple(looks)

    def cancel(self) -> None:
        """What waits is not looked at any more."""
        for _, found in self._waiting:
            found.cancel()


def _seen_in(image: NDArray[np.uint8], width: int, height: int, networks: Networks) -> _Seen:
    """In a frame, reduced from width x height pixels, which people are then in."""
    scale = (width / image.shape[1], height / image.shape[0])
    people = tuple(person.scaled(scale) for person in networks.estimator(image))
    return _Seen(people, networks.segments.glimpse(image))


def _moments(
    samples: Sequence[Sample], before: Sequence[Track], lifter: Lifter
) -> tuple[list[Moment], list[Track]]:
    """The distinct poses of a piece, in order of time, and its tracks."""
    tracks = join(samples, before)
    found = [moment for track in tracks for moment in distinct(smoothed_track(track))]
    found.sort(key=lambda moment: (moment.start, moment.track))
    if not found:
        return [], tracks
    poses = [moment.person.pose for moment in found]
    deep = lifter(np.stack([pose.keypoints for pose in poses]), np.stack([pose.scores for pose in poses]))
    lifted = [
        replace(moment, person=replace(moment.person, pose=replace(moment.person.pose, keypoints3d=points)))
        for moment, points in zip(found, deep, strict=True)
    ]
    return lifted, tracks


def _end_of(track: Track) -> Track:
    """Its last samples: where the person was, and how fast."""
    return replace(track, times=track.times[-LAST:], people=track.people[-LAST:])


def _problem(video: Video, reached: float) -> str | None:
    """What is wrong with a film that was worked through, None if nothing is."""
    if video.pictured and reached < video.pictured - max(0.5, 0.02 * video.pictured):
        return (
            f"damaged or cut short: {reached:.1f} s of {video.pictured:.1f} s could be decoded; these are indexed"
        )
    if video.damaged:
        return f"damaged in {video.damaged} places, which are left out; the rest is indexed"
    return None


def no_film(media: Media, error: UnreadableMedia) -> Media:
    """The row of a film that shows nothing."""
    return replace(media, problem=str(error), until=None, people=0, rows=0, shots=0, segments=0)
