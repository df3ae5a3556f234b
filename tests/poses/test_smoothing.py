"""Smoothing over time: what it keeps, what it mends, and what it must not do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.people.tracks import Track
from contrapposto.poses.smoothing import SmoothingOptions, smoothed, smoothed_track
from contrapposto.records import Box
from contrapposto.skeleton import COUNT, FLIP, INDEX
from tests.people.figures import figure, person

Array = NDArray[np.float64]
WRIST = INDEX["left_wrist"]
TIMES = np.array([0.0, 0.2, 0.35, 0.6, 0.8, 1.05, 1.2, 1.4, 1.6, 1.8])


def noisy(seed: int = 0, times: Array = TIMES) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    points = np.stack([figure(40 * t, 5 * np.sin(3 * t)) for t in times])
    return points + random.normal(0, 1.5, points.shape), random.uniform(0.2, 0.95, points.shape[:2])


def test_motion_at_constant_speed_stays_as_it_is() -> None:
    points = np.stack([figure(90 * t, -30 * t) for t in TIMES])
    scores = np.random.default_rng(1).uniform(0.1, 1, points.shape[:2])
    found, sure = smoothed(TIMES, points, scores)
    assert found == pytest.approx(points, abs=1e-6)
    assert sure == pytest.approx(scores)


def test_reversed_time_gives_the_reversed_result() -> None:
    points, scores = noisy()
    points[4, WRIST] = np.nan
    points[6] = points[6][FLIP]
    forward, sure = smoothed(TIMES, points, scores)
    backward, sure_too = smoothed(-TIMES[::-1], points[::-1], scores[::-1])
    assert backward[::-1] == pytest.approx(forward, abs=1e-8, nan_ok=True)
    assert sure_too[::-1] == pytest.approx(sure)


def test_where_a_picture_lies_and_how_large_it_is_does_not_matter() -> None:
    points, scores = noisy()
    found, _ = smoothed(TIMES, points, scores)
    other, _ = smoothed(TIMES + 100, points * 3 + [50, -20], scores)
    assert other == pytest.approx(found * 3 + [50, -20], abs=1e-6)


def test_noise_of_unsure_keypoints_shrinks_and_sure_ones_move_less() -> None:
    random = np.random.default_rng(5)
    times = np.arange(40) * 0.1
    still = np.stack([figure()] * len(times))
    points = still + random.normal(0, 2.0, still.shape)
    moved = {}
    for score in (0.2, 0.95):
        found, _ = smoothed(times, points, np.full(points.shape[:2], score))
        moved[score] = np.abs(found - points).mean()
        assert np.abs(found - still).mean() < np.abs(points - still).mean() * (0.6 if score == 0.2 else 1.0)
    assert moved[0.95] < 0.6 * moved[0.2]


def test_a_punch_is_kept() -> None:
    """A wrist that is out for one sample of 0.2 s, by 0.4 of the body, keeps 90 % of its reach when it is sure."""
    times = np.arange(9) * 0.2
    points = np.stack([figure()] * 9)
    points[4, WRIST, 0] += 60
    found, _ = smoothed(times, points, np.full(points.shape[:2], 0.8))
    assert found[4, WRIST, 0] - points[0, WRIST, 0] > 0.9 * 60
    assert np.abs(found[:, INDEX["left_hip"]] - points[:, INDEX["left_hip"]]).max() < 1e-6


def test_an_unsure_outlier_is_drawn_back() -> None:
    times = np.arange(9) * 0.2
    points = np.stack([figure(30 * t) for t in times])
    right = points.copy()
    points[4, WRIST] += [60, -80]
    scores = np.full(points.shape[:2], 0.8)
    scores[4, WRIST] = 0.15
    found, _ = smoothed(times, points, scores)
    assert np.hypot(*(found[4, WRIST] - right[4, WRIST])) < 25
    neighbours = np.abs(found - right)
    neighbours[4] = 0
    assert neighbours.max() < 8


@pytest.mark.parametrize("part", ["all", "legs"])
def test_sides_swapped_in_one_sample_are_put_right(part: str) -> None:
    times = np.arange(7) * 0.2
    right = np.stack([figure(20 * t) for t in times])
    scores = np.tile(np.linspace(0.5, 0.9, COUNT), (7, 1))
    points, swapped = right.copy(), scores.copy()
    rows = slice(None) if part == "all" else slice(INDEX["left_hip"], None)
    points[3, rows], swapped[3, rows] = right[3][FLIP][rows], scores[3][FLIP][rows]
    found, sure = smoothed(times, points, swapped)
    assert found == pytest.approx(right, abs=1e-6)
    assert sure == pytest.approx(scores)
    as_is, _ = smoothed(times, points, swapped, SmoothingOptions(swapped=0))
    assert np.abs(as_is - right).max() > 5


def test_sides_that_stay_swapped_are_left_alone() -> None:
    """The person turned round."""
    times = np.arange(8) * 0.2
    points = np.stack([figure() if row < 4 else figure()[FLIP] for row in range(8)])
    options = SmoothingOptions(restless=0)
    found, _ = smoothed(times, points, np.ones(points.shape[:2]), options)
    assert found == pytest.approx(points)


def test_short_gaps_are_filled_with_a_lower_score_and_long_ones_and_ends_are_not() -> None:
    times = np.arange(12) * 0.2
    points = np.stack([figure(50 * t) for t in times])
    whole = points.copy()
    scores = np.full(points.shape[:2], 0.8)
    hip = INDEX["left_hip"]
    points[3:5, WRIST] = np.nan  # seen at 0.4 and 1.0 s: 0.6 s apart
    points[3:6, hip] = np.nan  # 0.8 s apart
    points[0, INDEX["nose"]] = np.nan
    found, sure = smoothed(times, points, scores)
    assert found[3:5, WRIST] == pytest.approx(whole[3:5, WRIST], abs=1e-6)
    assert sure[3:5, WRIST] == pytest.approx(0.4)
    assert np.isnan(found[3:6, hip]).all()
    assert (sure[3:6, hip] == 0).all()
    assert np.isnan(found[0, INDEX["nose"]]).all()
    unfilled, _ = smoothed(times, points, scores, SmoothingOptions(fill=0))
    assert np.isnan(unfilled[3:5, WRIST]).all()


def test_what_lies_beyond_a_long_gap_does_not_matter() -> None:
    points, scores = noisy()
    alone, _ = smoothed(TIMES, points, scores)
    later = np.concatenate([TIMES, TIMES + 20])
    both, _ = smoothed(later, np.concatenate([points, points * 1.0 + 4]), np.concatenate([scores, scores]))
    assert both[:10] == pytest.approx(alone, abs=1e-8)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_samples_stay(count: int) -> None:
    points, scores = noisy()
    found, sure = smoothed(TIMES[:count], points[:count], scores[:count])
    assert found == pytest.approx(points[:count])
    assert sure == pytest.approx(scores[:count])


def test_wrong_shapes_and_times() -> None:
    points, scores = noisy()
    for times in (TIMES[:-1], TIMES[::-1], np.zeros(10)):
        with pytest.raises(ValueError, match="rising times"):
            smoothed(times, points, scores)
    with pytest.raises(ValueError, match="shape"):
        smoothed(TIMES, points[:, :5], scores)


def test_a_track_has_boxes_around_its_smoothed_keypoints() -> None:
    points, scores = noisy()
    people = tuple(person(frame, 0.4) for frame in points)
    track = Track(3, TIMES, people)
    smooth = smoothed_track(track)
    assert (smooth.number, smooth.times.tolist()) == (3, TIMES.tolist())
    expected, _ = smoothed(TIMES, points, np.full(scores.shape, 0.4))
    for found, frame, before in zip(smooth.people, expected, people, strict=True):
        assert found.pose.keypoints == pytest.approx(frame)
        assert found.box == Box.around(found.pose.keypoints)
        assert found.score == before.score
        assert np.isnan(found.pose.keypoints3d).all()


def test_what_the_pictures_told_is_kept() -> None:
    """Fused keypoints stay as far from the keypoints as they were, on the sides that are right."""
    times = np.arange(7) * 0.2
    right = np.stack([figure(20 * t) for t in times])
    moves = np.stack([np.arange(COUNT), -np.arange(COUNT)], axis=1) / 4
    points, fused = right.copy(), right + moves
    points[3], fused[3] = right[3][FLIP], (right + moves)[3][FLIP]
    people = tuple(
        replace(
            person(shown),
            pose=replace(person(shown).pose, fused=put, embedding=np.full(128, 0.1 * row, np.float32)),
        )
        for row, (shown, put) in enumerate(zip(points, fused, strict=True))
    )
    track = smoothed_track(Track(1, times, people))
    for row, after in enumerate(track.people):
        assert after.pose.keypoints == pytest.approx(right[row], abs=1e-6)
        assert after.pose.fused == pytest.approx(right[row] + moves, abs=1e-6)
        np.testing.assert_array_equal(after.pose.embedding, people[row].pose.embedding)
