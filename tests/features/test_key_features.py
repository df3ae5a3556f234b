"""Key features of drawn films: patches that move along known paths, and keypoints made up bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto.features.key_features import (
    DEFAULT_OPTIONS,
    STEPS,
    KeyFeatures,
    KeyOptions,
    Keypoints,
    key_features,
    keypoints_of,
    majority,
)

Bytes = NDArray[np.uint8]
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
ALL = replace(DEFAULT_OPTIONS, least=1)


def noise(seed: int, height: int = 200, width: int = 300) -> Bytes:
    """A grey picture with corners of several sizes, as RGB."""
    random = np.random.default_rng(seed)
    sizes = [(height // step, width // step) for step in (4, 10, 25)]
    parts = [cv2.resize(random.random(size), (width, height), interpolation=cv2.INTER_CUBIC) for size in sizes]
    grey = np.clip(85 * sum(parts), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def made(*places: tuple[float, float, int]) -> Keypoints:
    """Keypoints at x, y whose descriptors are drawn by a number: two numbers differ in about 128 bits."""
    points = np.array([place[:2] for place in places], np.float32).reshape(-1, 2)
    drawn = [np.random.default_rng(place[2]).integers(0, 256, 32, dtype=np.uint8) for place in places]
    return Keypoints(points, np.array(drawn, np.uint8).reshape(-1, 32))


def flipped(keypoints: Keypoints, bits: Sequence[int]) -> Keypoints:
    """The same, but with these bits of each descriptor the other way round."""
    found = np.unpackbits(keypoints.descriptors, axis=1)
    found[:, list(bits)] ^= 1
    return Keypoints(keypoints.points, np.packbits(found, axis=1))


def film(*frames: Keypoints, every: float = 0.2) -> list[tuple[float, Keypoints]]:
    return [(every * number, frame) for number, frame in enumerate(frames)]


def test_keypoints_are_fractions_of_the_width_and_follow_the_picture() -> None:
    """A patch that lies 60 pixels further right and 30 further down, of 480, in one picture than in the other."""
    patch = noise(1, 120, 160)
    found = []
    for x, y in ((100, 50), (160, 80)):
        picture = np.full((240, 480, 3), 128, np.uint8)
        picture[y : y + 120, x : x + 160] = patch
        found.append(keypoints_of(picture))
    one, other = found
    assert len(one) > 50
    assert (one.points >= 0).all()
    assert (one.points <= [1, 0.5]).all()
    inside = (np.abs(one.points * 480 - [180, 110]) < [60, 40]).all(axis=1)
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(one.descriptors[inside], other.descriptors)
    moved = [other.points[match.trainIdx] - one.points[inside][match.queryIdx] for match in matches]
    np.testing.assert_allclose(np.median(moved, axis=0), [60 / 480, 30 / 480], atol=0.002)


def test_places_do_not_depend_on_the_size_of_the_picture() -> None:
    """Middles of four squares at 1/4 and 3/4, of pictures of three sizes, at all levels of the pyramid."""
    corners = np.array([[x, y] for x in (0.375, 0.625) for y in (0.25, 0.5)])
    for width in (480, 960, 1440):
        picture = np.full((width * 3 // 4, width, 3), 30, np.uint8)
        left, right, top, bottom = (round(width * share) for share in (0.375, 0.625, 0.25, 0.5))
        picture[top:bottom, left:right] = 220
        found = keypoints_of(picture)
        away = np.abs(found.points[:, None] - corners[None]).max(axis=2).min(axis=1)
        assert len(found) > 8
        assert away.max() < 0.012
        mean = np.array(
            [found.points[(np.abs(found.points - corner) < 0.012).all(axis=1)].mean(axis=0) for corner in corners]
        )
        np.testing.assert_allclose(mean.mean(axis=0), [0.5, 0.375], atol=0.0015)


def test_a_plain_or_tiny_picture_has_none() -> None:
    for picture in (np.full((100, 200, 3), 90, np.uint8), noise(0)[:1, :2], noise(0)[:, :1]):
        found = keypoints_of(picture)
        assert (found.points.shape, found.descriptors.shape) == ((0, 2), (0, 32))
        assert (found.points.dtype, found.descriptors.dtype) == (np.float32, np.uint8)


@few
@given(st.lists(st.lists(st.booleans(), min_size=16, max_size=16), min_size=1, max_size=7))
def test_majority_bit_by_bit(rows: list[list[bool]]) -> None:
    found = np.unpackbits(majority(np.packbits(np.array(rows, np.uint8), axis=1)))
    assert found.tolist() == [int(2 * sum(column) >= len(rows)) for column in zip(*rows, strict=True)]


def test_one_key_feature_for_each_track_by_majority_and_ties_are_1() -> None:
    """Four frames; bit 0 is turned in two of them, bit 9 in one, bit 20 in three."""
    still = made((0.2, 0.3, 1), (0.7, 0.1, 2))
    frames = [flipped(still, bits) for bits in ([0, 20], [0, 9, 20], [20], [])]
    found = key_features(film(*frames), 0.0)
    assert len(found) == 2
    bits, plain = np.unpackbits(found.descriptors, axis=1), np.unpackbits(still.descriptors, axis=1)
    order = [int(np.abs(bits[row].astype(int) - plain).sum(axis=1).argmin()) for row in range(2)]
    for row, own in enumerate(order):
        assert bits[row, 0] == 1
        assert bits[row, 9] == plain[own, 9]
        assert bits[row, 20] == 1 - plain[own, 20]
    assert sorted(order) == [0, 1]


def test_a_track_is_alive_where_it_was_seen_and_lies_on_its_path() -> None:
    """From second 10 on: one goes right by 0.02 a frame, one stands still in frames 3 to 9."""
    frames = [
        made((0.1 + 0.02 * number, 0.2, 1), *([(0.5, 0.4, 2)] if number >= 3 else [])) for number in range(10)
    ]
    found = key_features([(10 + 0.2 * number, frame) for number, frame in enumerate(frames)], 10.0)
    assert found.counts.tolist() == [2, 2]
    np.testing.assert_allclose(found.alive(), [[0, 1.8], [0.6, 1.8]])
    rows, points = found.at(0.5)
    assert rows.tolist() == [0]
    np.testing.assert_allclose(points, [[0.15, 0.2]], atol=1e-4)
    rows, points = found.at(1.8)
    assert rows.tolist() == [0, 1]
    np.testing.assert_allclose(points, [[0.28, 0.2], [0.5, 0.4]], atol=1e-4)
    assert found.at(1.9)[0].tolist() == []
    assert np.isnan(found.paths(np.array([1]), np.array([0.5]))).all()


def test_short_tracks_are_left_out_unless_the_segment_is_short() -> None:
    lasting, passing = (0.2, 0.2, 1), (0.8, 0.2, 2)
    long = film(made(lasting), made(lasting, passing), made(lasting, passing), made(lasting), made(lasting))
    assert len(key_features(long, 0.0)) == 1
    assert len(key_features(long, 0.0, replace(DEFAULT_OPTIONS, least=2))) == 2
    assert len(key_features(long[:2], 0.0)) == 1
    assert len(key_features(long[1:2], 0.0)) == 2
    assert len(key_features([], 0.0)) == 0
    assert len(key_features(film(made(), made(), made()), 0.0)) == 0


def test_what_moves_or_changes_too_much_is_another_track() -> None:
    options = KeyOptions(bits=10, reach=0.1, least=1)
    start = made((0.3, 0.3, 1))
    for other, tracks in (
        (made((0.39, 0.3, 1)), 1),
        (made((0.41, 0.3, 1)), 2),
        (made((0.375, 0.375, 1)), 2),
        (flipped(start, range(10)), 1),
        (flipped(start, range(11)), 2),
    ):
        assert len(key_features(film(start, other), 0.0, options)) == tracks


def test_matches_are_each_others_nearest() -> None:
    """Two keypoints are near one of the frame before: the nearer one in bits goes on, the other begins a track;
    and one out of reach does not take part, however alike."""
    start = made((0.3, 0.3, 1))
    nearer, farther = flipped(start, [5]), flipped(start, [5, 6])
    alike = Keypoints(start.points + np.float32(0.3), start.descriptors)
    second = Keypoints(
        np.concatenate([part.points for part in (farther, nearer, alike)])
        + np.array([[0.01, 0], [0, 0.02], [0, 0]], np.float32),
        np.concatenate([part.descriptors for part in (farther, nearer, alike)]),
    )
    found = key_features(film(start, second), 0.0, ALL)
    assert sorted(found.counts.tolist()) == [1, 1, 2]
    knots = found.knots[: found.counts[0]] / [100, STEPS, STEPS]
    np.testing.assert_allclose(knots, [[0, 0.3, 0.3], [0.2, 0.3, 0.32]], atol=1e-4)


@pytest.mark.parametrize(("missed", "tracks"), [(0, 2), (1, 1)])
def test_a_keypoint_may_be_missed_in_one_frame(missed: int, tracks: int) -> None:
    seen, other = (0.3, 0.3, 1), (0.8, 0.3, 2)
    frames = film(made(seen, other), made(other), made(seen, other))
    found = key_features(frames, 0.0, replace(ALL, missed=missed))
    assert len(found) == tracks + 1
    gone = film(made(seen, other), made(other), made(other), made(seen, other))
    assert len(key_features(gone, 0.0, replace(ALL, missed=missed))) == 3


def test_the_same_picture_needs_no_matching(monkeypatch: pytest.MonkeyPatch) -> None:
    from contrapposto.features import key_features as module

    calls = []
    real = module._matches
    monkeypatch.setattr(module, "_matches", lambda *given: calls.append(1) or real(*given))
    still, moved = made((0.3, 0.3, 1), (0.5, 0.2, 2)), made((0.31, 0.3, 1), (0.5, 0.21, 2))
    same = key_features(film(still, still, still, moved, moved), 0.0)
    assert len(calls) == 2
    copies = [replace(frame) for frame in (still, still, still, moved, moved)]
    apart = key_features(film(*copies), 0.0)
    assert len(calls) == 7
    assert same.to_bytes() == apart.to_bytes()


def test_paths_are_simplified_to_within_the_error() -> None:
    times = np.arange(40)
    path = np.column_stack([0.1 + 0.015 * times, 0.3 + 0.15 * np.sin(times / 6)])
    found = key_features(film(*(made((x, y, 1)) for x, y in path)), 0.0)
    assert len(found) == 1
    assert 4 < found.counts[0] < 15
    laid = found.paths(np.array([0]), times * 0.2)[:, 0]
    away = np.linalg.norm(laid - path, axis=1)
    assert away.max() < 0.0102
    finer = key_features(film(*(made((x, y, 1)) for x, y in path)), 0.0, replace(DEFAULT_OPTIONS, error=0.001))
    assert finer.counts[0] > found.counts[0]
    assert np.linalg.norm(finer.paths(np.array([0]), times * 0.2)[:, 0] - path, axis=1).max() < 0.0012


def test_no_more_than_asked_the_long_lived_and_the_spread_first() -> None:
    """One lives longest; twenty more lie in its cell; one lies alone, and is short-lived."""
    crowd = [(0.05 + 0.001 * number, 0.05, 10 + number) for number in range(20)]
    frames = [
        made((0.06, 0.06, 1), *(crowd if n < 9 else []), *([(0.9, 0.4, 2)] if n < 3 else [])) for n in range(10)
    ]
    whole = key_features(film(*frames), 0.0)
    assert len(whole) == 22
    assert whole.alive()[0].tolist() == [0, 1.8]
    for most in (2, 5, 21):
        found = key_features(film(*frames), 0.0, replace(DEFAULT_OPTIONS, most=most))
        assert len(found) == most
        assert found.alive()[0].tolist() == [0, 1.8]
        places = found.knots[np.cumsum(found.counts) - 1, 1] / STEPS
        assert (places > 0.5).sum() == 1


def test_no_more_for_each_second() -> None:
    frame = made(*((0.01 + 0.09 * (number % 11), 0.05 * (number // 11), number) for number in range(50)))
    for frames, kept in ((1, 40), (2, 8), (5, 8), (6, 8), (7, 16), (12, 24), (60, 40)):
        options = replace(DEFAULT_OPTIONS, each=8, most=40)
        assert len(key_features(film(*[frame] * frames), 0.0, options)) == kept


def test_a_drawn_film_keeps_the_corners_of_what_moves() -> None:
    """A patch goes right over a still background: its key features lie where it is, at any second."""
    background, patch = noise(3, 240, 480), noise(4, 80, 100)
    frames = []
    for number in range(12):
        picture = background.copy()
        left = 60 + 15 * number
        picture[80:160, left : left + 100] = patch
        frames.append((0.2 * number, keypoints_of(picture)))
    found = key_features(frames, 0.0)
    moving = [
        row
        for row in range(len(found))
        if np.ptp(found.knots[np.cumsum(found.counts)[row] - found.counts[row] : np.cumsum(found.counts)[row], 1])
        > 0.06 * STEPS
    ]
    assert len(moving) > 10
    for second in (0.5, 1.0, 1.7):
        rows, points = found.at(second)
        places = points[np.isin(rows, moving)] * 480
        left = 60 + 15 * second / 0.2
        inside = (np.abs(places - [left + 50, 120]) < [56, 46]).all(axis=1)
        assert inside.mean() > 0.9
        assert len(inside) > 5


def test_stored_and_read_again() -> None:
    frames = film(*(made((0.1 + 0.01 * n, 0.2, 1), (0.5, 0.3 + 0.02 * (n % 3), 2)) for n in range(6)))
    found = key_features(frames, 0.0)
    stored = found.to_bytes()
    assert len(stored) == 8 + found.nbytes == 8 + 34 * len(found) + 6 * len(found.knots)
    read = KeyFeatures.from_bytes(stored)
    for name in ("descriptors", "knots", "counts"):
        np.testing.assert_array_equal(getattr(read, name), getattr(found, name))
    empty = key_features([], 0.0)
    assert len(KeyFeatures.from_bytes(empty.to_bytes())) == 0


def test_damaged_bytes_are_an_error() -> None:
    stored = key_features(film(made((0.1, 0.2, 1)), made((0.1, 0.2, 1))), 0.0).to_bytes()
    for damaged in (b"", stored[:-1], stored + b"\0", stored[:5], b"\0" * 9):
        with pytest.raises(ValueError, match="not the key features"):
            KeyFeatures.from_bytes(damaged)
    with pytest.raises(ValueError, match="damaged key features"):
        KeyFeatures.from_bytes(stored[:-2] + b"\7\0")


def test_frames_out_of_order_or_range_are_an_error() -> None:
    still = made((0.1, 0.2, 1))
    for times in ([0.2, 0.0], [-1.0, 0.0], [0.0, 700.0]):
        with pytest.raises(ValueError, match="in order of time"):
            key_features([(time, still) for time in times], 0.0)


def test_paths_far_below_the_picture_stay_in_range() -> None:
    found = key_features(film(made((0.5, 6.0, 1)), made((0.5, 6.0, 1))), 0.0)
    assert found.at(0.1)[1][0, 1] == pytest.approx(65535 / STEPS)
