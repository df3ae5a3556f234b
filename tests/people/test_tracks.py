"""Who is who over time, on hand-made samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from contrapposto.people.assignment import assigned
from contrapposto.people.tracks import Sample, Track, TrackOptions, join
from contrapposto.records import Box, Person, Pose
from tests.people.figures import figure, person, sample

STEP = 0.2


def places(track: Track) -> list[float]:
    """The x of the nose at each time."""
    return [float(found.pose.keypoints[0, 0]) for found in track.people]


def walk(start: float, speed: float, count: int = 16, **kwargs: float) -> list[Person]:
    return [person(figure(start + speed * STEP * row, **kwargs)) for row in range(count)]


def samples_of(*walks: Sequence[Person | None]) -> list[Sample]:
    rows = zip(*walks, strict=True)
    return [Sample(row * STEP, tuple(p for p in people if p is not None)) for row, people in enumerate(rows)]


def summary(tracks: Sequence[Track]) -> list[tuple[int, list[float], list[int]]]:
    return [(t.number, t.times.tolist(), [id(p) for p in t.people]) for t in tracks]


def test_nobody() -> None:
    assert join([]) == []
    assert join([Sample(0, ()), Sample(1, ())]) == []


def test_one_walks() -> None:
    people = walk(0, 120)
    (track,) = join(samples_of(people))
    assert track.number == 1
    assert list(track.people) == people
    assert track.times == pytest.approx(np.arange(16) * STEP)


def test_two_cross_and_keep_their_numbers() -> None:
    right, left = walk(0, 100), walk(300, -100, y=6)
    for tracks in (join(samples_of(right, left)), join(samples_of(left, right))):
        assert sorted(len(t.people) for t in tracks) == [16, 16]
        assert {tuple(map(id, t.people)) for t in tracks} == {tuple(map(id, right)), tuple(map(id, left))}


def test_two_cross_while_one_is_hidden() -> None:
    """Whoever is behind is not found for 0.8 s in the middle."""
    right, left = walk(0, 100), walk(300, -100, y=6)
    shown = [p if not 6 <= row <= 9 else None for row, p in enumerate(left)]
    tracks = join(samples_of(right, shown))
    assert {tuple(map(id, t.people)) for t in tracks} == {
        tuple(map(id, right)),
        tuple(id(p) for p in shown if p is not None),
    }


def test_two_meet_and_turn_back_are_told_apart_by_their_poses() -> None:
    up = {"left_wrist": (20.0, -20.0), "right_wrist": (-20.0, -20.0), "left_elbow": (26.0, 5.0)}
    away = [abs(row * STEP - 1.5) * 100 for row in range(16)]
    first = [person(figure(-x)) for x in away]
    second = [person(figure(x, **up)) for x in away]
    hidden = [p if row not in (7, 8) else None for row, p in enumerate(second)]
    tracks = join(samples_of(first, hidden))
    assert {tuple(map(id, t.people)) for t in tracks} == {
        tuple(map(id, first)),
        tuple(id(p) for p in hidden if p is not None),
    }


def test_a_gap_of_a_second_and_a_longer_one() -> None:
    people = walk(0, 60, 30)
    short = [p if not 8 <= row <= 11 else None for row, p in enumerate(people)]
    assert [t.number for t in join(samples_of(short))] == [1]
    long = [p if not 8 <= row <= 16 else None for row, p in enumerate(people)]
    tracks = join(samples_of(long))
    assert [(t.number, len(t.people)) for t in tracks] == [(1, 8), (2, 13)]


def test_time_without_samples_is_no_gap() -> None:
    """Where nothing changes no samples are taken."""
    still = person(figure())
    later = person(figure(3))
    (track,) = join([sample(0, still), sample(0.2, still), sample(6.0, later)])
    assert track.people == (still, still, later)


def test_who_enters_elsewhere_is_somebody_else() -> None:
    leaves = [*walk(0, -60, 6), *[None] * 10]
    enters = [*[None] * 8, *walk(600, -60, 8)]
    tracks = join(samples_of(leaves, enters))
    assert [(t.number, len(t.people)) for t in tracks] == [(1, 6), (2, 8)]


def test_weak_people_of_one_sample_are_dropped_and_sure_ones_kept() -> None:
    stays = walk(0, 0, 6)
    for score, count in ((0.3, 1), (0.7, 2)):
        once: list[Person | None] = [None] * 6
        once[3] = person(figure(400), score)
        tracks = join(samples_of(stays, once))
        assert len(tracks) == count
        assert [t.number for t in tracks] == list(range(1, count + 1))
    weak = [person(figure(400), 0.3)] * 2
    assert len(join([sample(0, weak[0]), sample(0.2, weak[1])])) == 1


def test_a_duplicate_makes_no_track() -> None:
    people = walk(0, 60, 10)
    twice = [*[None] * 4, *(person(p.pose.keypoints + 4, 0.6) for p in people[4:])]
    (track,) = join(samples_of(people, twice))
    assert list(track.people) == people
    both = [person(figure(row * 12.0 + 2), 0.6) for row in range(10)]
    assert len(join(samples_of(both, people))) == 1, "from the first sample on"


def test_a_duplicate_is_not_taken_for_somebody_who_is_missing() -> None:
    stays, goes = walk(0, 0, 12), walk(45, 0, 12)
    hidden: list[Person | None] = [p if row < 5 else None for row, p in enumerate(goes)]
    hidden[8] = person(figure(8), 0.6)
    hidden[9] = goes[9]
    tracks = join(samples_of(stays, hidden))
    assert {tuple(map(id, t.people)) for t in tracks} == {
        tuple(map(id, stays)),
        tuple(map(id, [*goes[:5], goes[9]])),
    }


def test_whoever_was_just_seen_goes_first() -> None:
    """One of two people who stand together vanishes: the other is not taken for him."""
    goes = walk(40, 0, 12)
    shown = [p if row < 5 else None for row, p in enumerate(goes)]
    tracks = join(samples_of([person(figure(4.0 * min(max(row - 4, 0), 4))) for row in range(12)], shown))
    assert sorted(len(t.people) for t in tracks) == [5, 12]


def test_order_of_the_people_of_a_sample_does_not_matter() -> None:
    random = np.random.default_rng(3)
    people = [walk(0, 100), walk(300, -100), walk(150, 20, y=200)]
    samples = samples_of(*people)
    mixed = [Sample(s.time, tuple(s.people[i] for i in random.permutation(len(s.people)))) for s in samples]
    assert summary(join(samples)) == summary(join(mixed))


def test_where_a_picture_lies_and_how_large_it_is_does_not_matter() -> None:
    samples = samples_of(walk(0, 100), walk(300, -100), walk(150, 20, y=200))

    def other(p: Person) -> Person:
        points = p.pose.keypoints * 2.5 + [70, -30]
        return Person(Box.around(points), p.score, Pose(points, p.pose.scores))

    moved = [Sample(s.time + 40, tuple(other(p) for p in s.people)) for s in samples]
    lengths = [(t.number, len(t.people)) for t in join(samples)]
    assert [(t.number, len(t.people)) for t in join(moved)] == lengths
    first, again = join(samples)[0], join(moved)[0]
    assert places(again) == pytest.approx([x * 2.5 + 70 for x in places(first)])


@pytest.mark.parametrize("cut", [1, 5, 9, 13])
def test_pieces_give_the_same_tracks(cut: int) -> None:
    late: list[Person | None] = [None] * 16
    late[7:] = walk(700, -40, 9)
    samples = samples_of(walk(0, 100), walk(300, -100, y=6), late)
    whole = {t.number: [id(p) for p in t.people] for t in join(samples)}
    first = join(samples[:cut])
    second = join(samples[cut:], first)
    pieces: dict[int, list[int]] = {}
    for track in (*first, *second):
        pieces.setdefault(track.number, []).extend(id(p) for p in track.people)
    assert pieces == whole
    assert all(t.times[0] >= cut * STEP - 1e-9 for t in second)


def test_numbers_count_on_from_those_before() -> None:
    old = Track(7, np.array([0.0]), (person(figure()),))
    (new,) = join([sample(9.0, person(figure(500)))], (old,))
    assert new.number == 8
    (goes_on,) = join([sample(0.2, person(figure(2)))], (old,))
    assert (goes_on.number, len(goes_on.people)) == (7, 1)


def test_faces_alone_are_followed_by_their_boxes() -> None:
    people = [person(figure(row * 1.0), seen=("nose", "left_eye")) for row in range(5)]
    (track,) = join(samples_of(people))
    assert len(track.people) == 5


def test_times_must_rise() -> None:
    with pytest.raises(ValueError, match="order of time"):
        join([sample(1, person(figure())), sample(1, person(figure()))])
    with pytest.raises(ValueError, match="rising"):
        Track(1, np.array([1.0, 1.0]), (person(figure()), person(figure())))


def test_options_matter() -> None:
    people = [person(figure(0)), person(figure(60))]
    assert len(join(samples_of(people))) == 1
    assert len(join(samples_of(people), options=TrackOptions(reach=0.1, drift=0.1))) == 2


def test_assignment_is_the_cheapest() -> None:
    """Against scipy, with forbidden pairs and rows that stay alone."""
    from scipy.optimize import linear_sum_assignment

    random = np.random.default_rng(0)
    for _ in range(300):
        rows, columns = random.integers(0, 7, 2)
        costs = random.random((rows, columns))
        costs[random.random((rows, columns)) < 0.2] = np.inf
        most = random.random() * 1.2
        pairs = assigned(costs, most)
        wide = np.concatenate([np.where(costs <= most, costs, 1e3), np.full((rows, rows), most)], axis=1)
        best = wide[linear_sum_assignment(wide)].sum()
        assert sum(costs[i, j] for i, j in pairs) + most * (rows - len(pairs)) == pytest.approx(best)
        assert all(costs[i, j] <= most for i, j in pairs)
        assert len({j for _, j in pairs}) == len({i for i, _ in pairs}) == len(pairs)
