"""Who is who over time: the people of the samples of one shot are joined to tracks (`docs/tracks.md`).

A sample's people go to the tracks that are still open by the cheapest one-to-one assignment. The cost of a pair is
how far the person's keypoints lie from the track's last ones, moved on as the track did lately or left where they
were, and how unlike the poses are, both in sides of the body, over how far that may be after the time that passed.
Seconds count, not samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.people.assignment import assigned
from contrapposto.records import Box, Person


@dataclass(frozen=True, slots=True)
class TrackOptions:
    """The defaults are the measured choice (`docs/tracks.md`)."""

    gap: float = 1.5
    """Seconds after which a track ends whose person was not found; that no samples were taken ends none."""
    reach: float = 0.5
    """How far someone may be from the one expected at once, in larger sides of the body's box."""
    drift: float = 1.0
    """How much further after each second, in the same unit."""
    memory: float = 0.6
    """Seconds back over which the speed of a track is measured."""
    coast: float = 0.6
    """Seconds for which a track that is not seen is expected to keep its speed; then it stands."""
    brake: float = 0.1
    """What it adds to be where the track stopped rather than where it was going; same unit."""
    missing: float = 0.3
    """What each second adds for which samples did not show the person, as a share of the farthest that is joined:
    whoever was just seen goes first."""
    shape: float = 1.0
    """How much it counts, beside the place, that the pose is another one."""
    growth: float = 0.2
    """What a doubled or halved size adds; same unit."""
    duplicate: float = 0.12
    """Of two people of a sample whose keypoints are this near, one starts no track and is not taken for somebody
    who was missing; same unit."""
    duplicate_iou: float = 0.7
    """Or whose boxes overlap this much, 0..1."""
    sure: float = 0.5
    """A track of one sample is dropped when the person's score is lower, 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The people of one frame. time: seconds; people: in any order."""

    time: float
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One person through a shot. number: from 1 within the shot; times: (T,) seconds, rising; people: T of them."""

    number: int
    times: NDArray[np.float64]
    people: tuple[Person, ...]

    def __post_init__(self) -> None:
        times = np.array(self.times, dtype=np.float64)
        if times.shape != (len(self.people),) or not len(times) or (np.diff(times) <= 0).any():
            raise ValueError(f"a track needs one rising time for each of its {len(self.people)} people")
        times.setflags(write=False)
        object.__setattr__(self, "times", times)


def join(
    samples: Sequence[Sample], before: Sequence[Track] = (), options: TrackOptions | None = None
) -> list[Track]:
    """The tracks of one shot, or of a piece of one, by number.

    samples: in order of time; before: the tracks of the shot so far (several may have one number). A track that
    goes on keeps its number and holds the new samples only; new tracks count on from the highest number. Of
    `before` only the last persons, and how they moved in the last `memory` seconds, count, the rest for its numbers
    alone. What comes out does not depend on the order of a sample's people. Raises ValueError for times that do not
    rise.
    """
    chosen = options or TrackOptions()
    opened = _carried(before)
    last = max((track.times[-1] for track in opened), default=-np.inf)
    for sample in samples:
        oldest, seen = min(sample.time - chosen.gap, last), last
        last = sample.time
        live = [track for track in opened if track.times[-1] >= oldest]
        if any(sample.time <= track.times[-1] for track in live):
            raise ValueError(f"samples must come in order of time, each once; {sample.time} s does not")
        people = sorted(sample.people, key=_prominence)
        costs = _costs([track.expected(sample.time, seen, chosen) for track in live], people, chosen)
        pairs = assigned(costs, 1.0)
        known: list[Person] = []
        for row, column in sorted(pairs, key=lambda pair: live[pair[0]].times[-1] < seen):
            if live[row].times[-1] >= seen or not _known(people[column], known, chosen):
                live[row].append(sample.time, people[column])
            known.append(people[column])
        taken = {column for _, column in pairs}
        for column, person in enumerate(people):
            if column not in taken and not _known(person, known, chosen):
                known.append(person)
                opened.append(_Open(0, [sample.time], [person]))
    return list(_numbered(opened, max((track.number for track in before), default=0), chosen))


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    """The last person of a track; how far it went on since, (2,) pixels, if it kept its speed; how far someone may
    be from it, in sides of the box; what its absence costs."""

    last: Person
    ahead: NDArray[np.float64]
    reach: float
    missing: float


@dataclass(slots=True)
class _Open:
    """A track that is being joined. number: 0 for a new one; old: how many of the people were there before."""

    number: int
    times: list[float]
    people: list[Person]
    old: int = 0
    moves: list[NDArray[np.float64]] = field(default_factory=list)

    def append(self, time: float, person: Person) -> None:
        self.moves.append(_move(self.people[-1], person))
        self.times.append(time)
        self.people.append(person)

    def expected(self, time: float, seen: float, options: TrackOptions) -> _Expected:
        """At a time, when the sample before was at `seen`."""
        passed = time - self.times[-1]
        ahead = self._speed(options.memory) * min(passed, options.coast)
        return _Expected(
            self.people[-1],
            ahead,
            options.reach + options.drift * min(passed, options.gap),
            options.missing * (seen - self.times[-1]),
        )

    def _speed(self, memory: float) -> NDArray[np.float64]:
        """(2,) pixels a second over the last seconds; 0 for a track of one sample."""
        first = len(self.times) - 1
        while first > 0 and self.times[-1] - self.times[first - 1] <= memory:
            first -= 1
        first = min(first, max(len(self.times) - 2, 0))
        passed = self.times[-1] - self.times[first]
        if passed <= 0:
            return np.zeros(2)
        speed: NDArray[np.float64] = np.sum(self.moves[first:], axis=0) / passed
        return speed


def _carried(before: Sequence[Track]) -> list[_Open]:
    tracks: dict[int, _Open] = {}
    for part in sorted(before, key=lambda track: (track.number, track.times[0])):
        for time, person in zip(part.times.tolist(), part.people, strict=True):
            if part.number in tracks:
                tracks[part.number].append(time, person)
            else:
                tracks[part.number] = _Open(part.number, [time], [person])
    for track in tracks.values():
        track.old = len(track.people)
    return list(tracks.values())


def _numbered(opened: Iterable[_Open], highest: int, options: TrackOptions) -> Iterable[Track]:
    """The tracks that hold something new, without the weak ones of a single sample."""
    for track in sorted(opened, key=lambda track: (track.number == 0, track.number)):
        if len(track.people) == track.old:
            continue
        number = track.number
        if number == 0:
            if len(track.people) == 1 and track.people[0].score < options.sure:
                continue
            number = highest = highest + 1
        yield Track(number, np.array(track.times[track.old :]), tuple(track.people[track.old :]))


def _costs(tracks: Sequence[_Expected], people: Sequence[Person], options: TrackOptions) -> NDArray[np.float64]:
    """(R, C) how far each person is from each track, over how far that may be: 0 where everything is as expected,
    inf beyond 1."""
    if not tracks or not people:
        return np.zeros((len(tracks), len(people)))
    last = [track.last for track in tracks]
    sides, own = (np.array([_side(person.box) for person in group]) for group in (last, people))
    size = np.maximum((sides[:, None] + own) / 2, 1e-9)
    ahead = np.stack([track.ahead for track in tracks])
    best = np.full(size.shape, np.inf)
    for turn in (np.arange(skeleton.COUNT), skeleton.FLIP):
        going, unlike = _apart(last, people, ahead, turn)
        standing, _ = _apart(last, people, np.zeros_like(ahead), turn)
        away = np.minimum(going / size, standing / size + options.brake) + options.shape * unlike / size
        best = np.minimum(best, away)
    best += options.growth * np.abs(np.log2((own + 1e-9) / (sides[:, None] + 1e-9)))
    costs = best / np.array([track.reach for track in tracks])[:, None]
    costs += np.array([track.missing for track in tracks])[:, None]
    return np.where(costs <= 1, costs, np.inf)


def _apart(
    last: Sequence[Person], people: Sequence[Person], ahead: NDArray[np.float64], turn: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(R, C) twice, in pixels: how far the keypoints of each person (numbered by `turn`) are from the last ones
    moved ahead, and how far they remain when laid over each other. Means weighted by both scores. Where fewer than
    3 are seen in both: how far the boxes' middles are, and 0."""
    expected = np.stack([person.pose.keypoints for person in last]) + ahead[:, None]
    found = np.stack([person.pose.keypoints[turn] for person in people])
    sure = np.stack([person.pose.scores for person in last])[:, None]
    weight = np.sqrt(sure * np.stack([person.pose.scores[turn] for person in people]))
    few = (weight > 0).sum(axis=2) < 3
    share = weight / np.maximum(weight.sum(axis=2, keepdims=True), 1e-9)
    steps = np.where(weight[..., None] > 0, found - expected[:, None], 0.0)
    rest = steps - (steps * share[..., None]).sum(axis=2, keepdims=True)
    away, unlike = ((np.hypot(way[..., 0], way[..., 1]) * share).sum(axis=2) for way in (steps, rest))
    middles = np.stack([_middle(person.box) for person in people])
    boxes = middles - (np.stack([_middle(person.box) for person in last]) + ahead)[:, None]
    return np.where(few, np.hypot(boxes[..., 0], boxes[..., 1]), away), np.where(few, 0.0, unlike)


def _move(last: Person, person: Person) -> NDArray[np.float64]:
    """(2,) pixels that a body moved: the median of its keypoints; of the box where fewer than 3 are in both."""
    steps = (person.pose.keypoints - last.pose.keypoints)[last.pose.visible & person.pose.visible]
    if len(steps) < 3:
        return _middle(person.box) - _middle(last.box)
    move: NDArray[np.float64] = np.median(steps, axis=0)
    return move


def _known(person: Person, others: Iterable[Person], options: TrackOptions) -> bool:
    """Whether somebody of a sample is rather one of the others of that sample."""
    return any(_same(person, other, options) for other in others)


def _same(person: Person, other: Person, options: TrackOptions) -> bool:
    """Whether two people of a sample are rather one."""
    away, _ = _apart([other], [person], np.zeros((1, 2)), np.arange(skeleton.COUNT))
    near = float(away[0, 0]) <= options.duplicate * max(_side(person.box), _side(other.box))
    return near or person.box.iou(other.box) >= options.duplicate_iou


def _prominence(person: Person) -> tuple[float, ...]:
    box = person.box
    return (-person.score * _side(box), box.x, box.y, box.width, box.height)


def _middle(box: Box) -> NDArray[np.float64]:
    return np.array([box.x + box.width / 2, box.y + box.height / 2])


def _side(box: Box) -> float:
    return max(box.width, box.height)
