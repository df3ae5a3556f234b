"""Distinct poses of a track: they cover it, stand near what they stand for, and are few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contrapposto.distances import joint_distances, pose_distances
from contrapposto.people.tracks import Track
from contrapposto.poses.moments import Moment, MomentOptions, distinct
from contrapposto.records import Box, Person, Pose
from tests.people.figures import figure, person

RAISED = {"left_wrist": (26.0, -20.0), "left_elbow": (30.0, 5.0)}
SQUAT = {"left_knee": (35.0, 100.0), "right_knee": (-35.0, 100.0), "left_hip": (12.0, 105.0)}


def track(people: list[Person], step: float = 0.2) -> Track:
    return Track(4, np.arange(len(people)) * step, tuple(people))


def wandering(seed: int, count: int = 40) -> Track:
    """Somebody whose joints wander, walks off and is now and then half hidden."""
    random = np.random.default_rng(seed)
    drift = np.cumsum(random.normal(0, 2.5, (count, 17, 2)), axis=0)
    people = []
    for row in range(count):
        hidden = random.random(17) < 0.1
        points = np.where(hidden[:, None], np.nan, figure(3.0 * row) + drift[row])
        scores = np.where(hidden, 0.0, random.uniform(0.2, 0.9))
        people.append(Person(Box.around(points), 0.5, Pose(points, scores)))
    times = np.cumsum(random.choice([0.2, 0.25, 0.4, 1.2], count, p=[0.4, 0.3, 0.2, 0.1]))
    return Track(2, times, tuple(people))


def standing(moments: list[Moment], time: float) -> Moment:
    return next(m for m in moments if m.start <= time <= m.end)


def test_somebody_who_stands_still_is_one_moment_in_each_long_time() -> None:
    people = [person(figure()) for _ in range(21)]
    (moment,) = distinct(track(people))
    assert (moment.track, moment.start, moment.end) == (4, 0, pytest.approx(4.0))
    assert len(distinct(track(people + people))) == 2
    assert len(distinct(track([*people, *people, people[0]]))) == 3
    assert len(distinct(track(people), MomentOptions(long=1.0))) == 4


def test_each_pose_is_a_moment_with_its_own_time() -> None:
    first, second, third = figure(), figure(**RAISED), figure(**SQUAT)
    people = [person(p) for p in [first] * 5 + [second] * 4 + [third] * 6]
    moments = distinct(track(people))
    assert [m.start for m in moments] == pytest.approx([0, 0.9, 1.7])
    assert [m.end for m in moments] == pytest.approx([0.9, 1.7, 2.8])
    for moment, points in zip(moments, (first, second, third), strict=True):
        assert moment.person.pose.keypoints == pytest.approx(points)


def test_a_pose_of_one_sample_is_kept() -> None:
    people = [person(figure(**(RAISED if row == 5 else {}))) for row in range(11)]
    moments = distinct(track(people))
    assert len(moments) == 3
    assert moments[1].time == pytest.approx(1.0)


def test_one_raised_hand_is_another_pose() -> None:
    """The mean distance alone would not tell: one wrist of 12 limb joints."""
    half = figure(left_wrist=(60.0, 55.0))
    people = [person(p) for p in [figure()] * 4 + [half] * 4]
    assert pose_distances("2d", figure(), half[None])[0] < MomentOptions().far
    assert joint_distances("2d", figure(), half[None]).max() > MomentOptions().joint
    assert len(distinct(track(people))) == 2
    assert len(distinct(track(people), MomentOptions(joint=100, price=100))) == 1


def test_somebody_who_moves_through_the_picture_is_several_moments() -> None:
    people = [person(figure(15.0 * row)) for row in range(16)]
    assert len(distinct(track(people))) > 2
    assert len(distinct(track(people), MomentOptions(moved=10))) == 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("options", [MomentOptions(), MomentOptions(far=4, joint=12, long=1.0, price=1)])
def test_moments_cover_the_track_within_the_limits(seed: int, options: MomentOptions) -> None:
    whole = wandering(seed)
    moments = distinct(whole, options)
    assert moments[0].start == whole.times[0]
    assert moments[-1].end == whole.times[-1]
    assert [m.end for m in moments[:-1]] == [m.start for m in moments[1:]]
    by_time = dict(zip(whole.times.tolist(), whole.people, strict=True))
    for moment in moments:
        assert moment.start <= moment.time <= moment.end
        assert moment.person is by_time[moment.time]
        inside = [t for t in by_time if moment.start < t < moment.end or t == moment.time]
        assert max(inside) - min(inside) <= options.long + 1e-9
        for time in inside:
            points, kept = by_time[time].pose.keypoints, moment.person.pose.keypoints
            assert pose_distances("2d", points, kept[None])[0] <= options.far
            assert np.nanmax(joint_distances("2d", points, kept[None])) <= options.joint
            away = np.nanmean(np.hypot(*(points - kept).T))
            side = max(moment.person.box.width, moment.person.box.height)
            assert away <= options.moved * side + 1e-9


def test_the_cut_is_the_cheapest() -> None:
    """Against all cuts of a short track, tried one by one."""
    whole = wandering(7, 9)
    options = MomentOptions(far=5, joint=15, price=0.5, unseen=0, long=2)
    found = distinct(whole, options)
    cheapest = min(cost for bits in range(2**8) if (cost := _cost(whole, _cuts(bits, 9), options)) is not None)
    starts = [0, *(next(k for k, t in enumerate(whole.times) if t > m.start) for m in found[1:])]
    assert _cost(whole, starts, options) == pytest.approx(cheapest)
    assert 1 < len(found) < 9


def _cuts(bits: int, count: int) -> list[int]:
    return [0, *(k for k in range(1, count) if bits >> (k - 1) & 1)]


def _cost(whole: Track, starts: list[int], options: MomentOptions) -> float | None:
    steps = np.diff(whole.times)
    around = np.concatenate([[np.median(steps)], steps, [np.median(steps)]])
    lasting = (around[1:] + around[:-1]) / 2
    total = 0.0
    for start, end in zip(starts, [*starts[1:], len(whole.people)], strict=True):
        if whole.times[end - 1] - whole.times[start] > options.long:
            return None
        sums = []
        for kept in range(start, end):
            alone = replace(options, price=0)
            away = [_away(whole, row, kept, alone) for row in range(start, end)]
            sums.append(sum(a * s for a, s in zip(away, lasting[start:end], strict=True)))
        total += min(sums) + options.price
    return total if np.isfinite(total) else None


def _away(whole: Track, row: int, kept: int, options: MomentOptions) -> float:
    if row == kept:
        return 0.0
    points, other = whole.people[row].pose.keypoints, whole.people[kept].pose.keypoints
    joints = joint_distances("2d", points, other[None])[0]
    seen = np.isfinite(points[:, 0])
    weight = np.where(np.arange(17) < 5, 0.2, 1.0)
    shared = seen & np.isfinite(other[:, 0])
    if weight[shared].sum() < options.share * weight[seen].sum():
        return np.inf
    mean = float(np.average(joints[shared], weights=weight[shared]))
    box = whole.people[kept].box
    moved = np.hypot(*(points - other)[shared].T).mean() / max(box.width, box.height)
    fits = mean <= options.far and joints[shared].max() <= options.joint and moved <= options.moved
    return mean if fits else np.inf


def test_where_and_how_large_does_not_matter() -> None:
    whole = wandering(3)

    def other(p: Person) -> Person:
        points = p.pose.keypoints * 2 + [30, 90]
        return Person(Box.around(points), p.score, Pose(points, p.pose.scores))

    moved = Track(2, whole.times, tuple(other(p) for p in whole.people))
    assert [m.time for m in distinct(moved)] == [m.time for m in distinct(whole)]


def test_the_better_seen_of_equal_poses_stands() -> None:
    people = [person(figure(), score) for score in (0.3, 0.3, 0.9, 0.3, 0.3, 0.3)]
    (moment,) = distinct(track(people))
    assert moment.time == pytest.approx(0.4)


def test_who_shows_half_does_not_stand_for_who_shows_all() -> None:
    upper = ("nose", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_hip", "right_hip")
    people = [person(figure(), seen=upper)] * 3 + [person(figure())] * 3
    moments = distinct(track(people))
    assert any(m.person.pose.visible.all() for m in moments)
    assert standing(moments, 1.0).person.pose.visible.all()


def test_one_sample() -> None:
    (moment,) = distinct(track([person(figure())]))
    assert (moment.start, moment.time, moment.end) == (0, 0, 0)
