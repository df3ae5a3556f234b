"""Votes and geometry of photos of a screen: keypoints made up bit by bit, and drawn pictures seen askew."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto.features.key_features import KeyFeatures, Keypoints, key_features, keypoints_of
from contrapposto.search.still_scoring import (
    DEFAULT_VERIFY,
    DEFAULT_VOTES,
    QueryOptions,
    Segments,
    Verified,
    VoteOptions,
    mapped,
    query_keypoints,
    verify,
    votes,
)

Bytes = NDArray[np.uint8]
Array = NDArray[np.float64]
few = settings(max_examples=20, derandomize=True, deadline=None, database=None)

TILTED = np.array([[0.9, 0.12, 0.05], [-0.1, 0.85, 0.08], [0.15, 0.1, 1.0]])
"""From places in the query to places in the frame: turned, slanting, smaller."""


def descriptors(seed: int, count: int) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), dtype=np.uint8)


def noisy(given: Bytes, bits: int, seed: int) -> Bytes:
    """With so many bits of each the other way round."""
    found, random = np.unpackbits(given, axis=1), np.random.default_rng(seed)
    for row in found:
        row[random.permutation(256)[:bits]] ^= 1
    return np.packbits(found, axis=1)


def still(points: Array, given: Bytes, last: float = 1.0) -> KeyFeatures:
    """Key features that stand still for some seconds."""
    seen = Keypoints(points.astype(np.float32), given)
    return key_features([(0.1 * n, seen) for n in range(round(10 * last) + 1)], 0.0)


def segments(*features: KeyFeatures) -> Segments:
    return Segments.of(features, np.zeros((len(features), 1), np.float32))


def places(seed: int, count: int) -> Array:
    """At least 0.025 apart, in a frame that is 0.6 high."""
    random, found = np.random.default_rng(seed), np.zeros((0, 2))
    while len(found) < count:
        new = random.random(2) * [0.98, 0.58] + 0.01
        if not len(found) or np.linalg.norm(found - new, axis=1).min() > 0.025:
            found = np.vstack([found, new])
    return found


def noise(seed: int, height: int = 270, width: int = 480) -> Bytes:
    random = np.random.default_rng(seed)
    sizes = [(height // step, width // step) for step in (4, 10, 25)]
    parts = [cv2.resize(random.random(size), (width, height), interpolation=cv2.INTER_CUBIC) for size in sizes]
    grey = np.clip(85 * sum(parts), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def test_segments_hold_the_key_features_of_each_in_a_row() -> None:
    parts = [still(places(n, count), descriptors(n, count)) for n, count in enumerate((3, 0, 2))]
    held = segments(*parts)
    assert held.owners.tolist() == [0, 0, 0, 2, 2]
    assert held.owners.dtype == np.int32
    np.testing.assert_array_equal(held.descriptors[3:], parts[2].descriptors)
    assert len(segments().descriptors) == 0


def voted(query: Bytes, parts: list[Bytes], options: VoteOptions) -> list[float]:
    """One by one."""
    total = [0.0] * len(parts)
    for one in query:
        away = []
        for number, part in enumerate(parts):
            bits = [int(np.unpackbits(one ^ other).sum()) for other in part]
            if bits:
                away.append((min(bits), number))
        away.sort(key=lambda pair: pair[0])
        rest = min(128, away[options.segments][0] if len(away) > options.segments else 128)
        for bits_away, number in away[: options.segments]:
            total[number] += max(0, rest - bits_away) ** options.power
    return total


@few
@given(
    st.integers(0, 500),
    st.lists(st.integers(0, 4), max_size=7),
    st.integers(1, 4),
    st.sampled_from([1.0, 2.0, 4.0]),
)
def test_votes_as_counted_one_by_one(seed: int, counts: list[int], chosen: int, power: float) -> None:
    """Distances are so drawn that no two segments are at the same one."""
    query = descriptors(seed, 2)
    random = np.random.default_rng(seed)
    away = iter((random.permutation(40) * 4 + 1).tolist())
    parts = [
        np.vstack([descriptors(0, 0), *(noisy(query[n % 2 : n % 2 + 1], next(away), n) for n in range(count))])
        for count in counts
    ]
    held = segments(*(still(places(1, len(part)), part) for part in parts))
    found = votes(Keypoints(np.zeros((2, 2), np.float32), query), held, VoteOptions(chosen, power))
    expected = voted(query, parts, VoteOptions(chosen, power))
    if len({bits for one in query for bits in _to_each(one, parts)}) == 2 * len(
        [part for part in parts if len(part)]
    ):
        np.testing.assert_allclose(found, expected)


def _to_each(one: Bytes, parts: list[Bytes]) -> list[int]:
    return [min(int(np.unpackbits(one ^ other).sum()) for other in part) for part in parts if len(part)]


def test_a_keypoint_that_lies_anywhere_says_little_and_two_shots_of_a_scene_share() -> None:
    """One keypoint is 10 bits from two segments and about 128 from the rest, another about 128 from all."""
    query = descriptors(1, 2)
    parts = [descriptors(10 + n, 20) for n in range(6)]
    for n in (2, 4):
        parts[n][3] = noisy(query[:1], 10, n)[0]
    found = votes(
        Keypoints(np.zeros((2, 2), np.float32), query), segments(*(still(places(2, 20), part) for part in parts))
    )
    assert sorted(np.argsort(-found)[:2].tolist()) == [2, 4]
    assert found[[0, 1, 3, 5]].sum() < 0.01 * found[2]
    assert found[2] == pytest.approx(found[4], rel=0.01)


def test_without_keypoints_or_key_features_there_are_no_votes() -> None:
    none = Keypoints(np.zeros((0, 2), np.float32), descriptors(0, 0))
    some = still(places(0, 5), descriptors(0, 5))
    assert votes(none, segments(some, some)).tolist() == [0, 0]
    assert votes(
        Keypoints(np.zeros((1, 2), np.float32), descriptors(0, 1)), segments(still(places(0, 0), descriptors(0, 0)))
    ).tolist() == [0]
    assert votes(none, segments()).tolist() == []
    assert verify(none, some) is None
    assert (
        verify(
            Keypoints(places(0, 9).astype(np.float32), descriptors(0, 9)), still(places(0, 0), descriptors(0, 0))
        )
        is None
    )


def asked(frame: Array, given: Bytes, wrong: int, seed: int = 5, homography: Array = TILTED) -> Keypoints:
    """A query that sees the places in the frame by the inverse of a homography; the first ones lie elsewhere."""
    found = mapped(np.linalg.inv(homography), frame)
    found[:wrong] = np.random.default_rng(seed).random((wrong, 2)) * [1, 0.6]
    return Keypoints(found.astype(np.float32), noisy(given, 20, seed))


@pytest.mark.parametrize("wrong", [0, 20, 40])
def test_the_homography_is_found_among_wrong_pairs(wrong: int) -> None:
    frame, given = places(3, 80), descriptors(3, 80)
    found = verify(asked(frame, given, wrong), still(frame, given))
    assert found is not None
    assert found.inliers >= 0.8 * (80 - wrong)
    assert found.inliers <= 80 - wrong + 3
    assert found.pairs.shape == (found.inliers, 2, 2)
    assert found.homography[2, 2] == 1
    corners = np.array([[0.2, 0.1], [0.8, 0.1], [0.8, 0.4], [0.2, 0.4]])
    np.testing.assert_allclose(mapped(found.homography, corners), mapped(TILTED, corners), atol=0.003)
    np.testing.assert_allclose(
        mapped(found.homography, found.pairs[:, 0]), found.pairs[:, 1], atol=DEFAULT_VERIFY.error
    )
    np.testing.assert_allclose(mapped(TILTED, found.pairs[:, 0]), found.pairs[:, 1], atol=0.015)


def test_what_lies_elsewhere_or_differs_is_not_verified() -> None:
    frame, given = places(4, 60), descriptors(4, 60)
    assert verify(asked(frame, given, 60), still(frame, given)) is None
    other = Keypoints(frame.astype(np.float32), noisy(given, DEFAULT_VERIFY.bits + 1, 1))
    assert verify(other, still(frame, given)) is None
    near = Keypoints(frame.astype(np.float32), noisy(given, DEFAULT_VERIFY.bits, 1))
    assert verify(near, still(frame, given)) is not None
    assert verify(asked(frame[:7], given[:7], 0), still(frame, given)) is None


@pytest.mark.parametrize(
    "homography",
    [
        np.diag([-1.0, 1, 1]) + np.array([[0, 0, 1.0], [0, 0, 0], [0, 0, 0]]),
        np.array([[1.0, 0, 0], [0, 0.2, 0.2], [0, 0, 1]]),
        np.diag([0.15, 0.15, 1.0]),
        np.array([[0.3, 0, 0], [0, 0.3, 0], [-0.75, 0, 1.0]]),
    ],
    ids=["mirror", "squeezed", "small", "slanting"],
)
def test_what_no_camera_shows_is_not_verified(homography: Array) -> None:
    frame, given = places(6, 60), descriptors(6, 60)
    query = np.linalg.inv(homography)
    assert verify(Keypoints(mapped(query, frame).astype(np.float32), given), still(frame, given)) is None


def test_many_keypoints_of_one_corner_count_once() -> None:
    """Forty keypoints at five places."""
    middle = places(7, 5)
    frame = np.repeat(middle, 8, axis=0) + np.random.default_rng(7).random((40, 2)) * 0.002
    frame = np.floor(frame / 0.02) * 0.02 + 0.01 + np.random.default_rng(7).random((40, 2)) * 0.002
    given = descriptors(7, 40)
    query = Keypoints(frame.astype(np.float32), given)
    assert verify(query, still(frame, given)) is None
    found = verify(query, still(frame, given), replace(DEFAULT_VERIFY, least=4))
    assert found is not None
    assert found.inliers <= 5


def moving(seconds: float, speed: float) -> tuple[list[tuple[float, Keypoints]], Array, Bytes]:
    """A frame of still places, and a group of places that goes right."""
    frame, given = places(8, 90), descriptors(8, 90)
    frames = []
    for number in range(round(seconds / 0.2)):
        now = frame.copy()
        now[:40] = frame[:40] * 0.3 + [0.05 + speed * 0.2 * number, 0.2]
        frames.append((0.2 * number, Keypoints(now.astype(np.float32), given)))
    return frames, frame, given


@pytest.mark.parametrize("number", [0, 4, 11, 19])
def test_the_time_is_that_at_which_what_moves_is_there(number: int) -> None:
    frames, _, given = moving(4.0, 0.12)
    shown = frames[number][1]
    found = verify(asked(shown.points.astype(np.float64), given, 0), key_features(frames, 0.0))
    assert found is not None
    assert found.time == pytest.approx(0.2 * number, abs=0.11)


def test_the_time_is_that_at_which_tracks_are_alive() -> None:
    """Other places in the second half; the answer is the middle of a half."""
    one, other = places(9, 40), places(10, 40)
    first, second = descriptors(9, 40), descriptors(10, 40)
    frames = [
        (0.2 * n, Keypoints((one if n < 11 else other).astype(np.float32), first if n < 11 else second))
        for n in range(22)
    ]
    features = key_features(frames, 0.0)
    early, late = verify(asked(one, first, 5), features), verify(asked(other, second, 5), features)
    assert early is not None
    assert late is not None
    assert early.time == pytest.approx(1.0, abs=0.21)
    assert late.time == pytest.approx(3.2, abs=0.21)


def test_the_same_question_has_the_same_answer() -> None:
    frame, given = places(11, 70), descriptors(11, 70)
    query, features = asked(frame, given, 35), still(frame, given)
    one, other = verify(query, features), verify(query, features)
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.homography, other.homography)


def seen_askew(picture: Bytes, turn: float) -> tuple[Bytes, Array]:
    """A photo of it, and the homography from pixels of the picture to pixels of the photo: turned about the
    vertical by some degrees, as from 1.1 times its width, and 15 % smaller."""
    height, width = picture.shape[:2]
    angle = np.deg2rad(turn)
    distance = 1.1 * width
    centred = np.array([[1.0, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    view = np.array([[np.cos(angle), 0, 0], [0, 1, 0], [np.sin(angle) / distance, 0, 1]]) @ centred
    back = np.array([[0.85, 0, width / 2], [0, 0.85, height / 2], [0, 0, 1]]) @ view
    half = np.array([[1.0, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    photo = cv2.warpPerspective(
        picture, half @ back @ np.linalg.inv(half), (width, height), borderValue=(20, 20, 20)
    )
    return np.asarray(cv2.GaussianBlur(photo, (0, 0), 0.8), np.uint8), back / back[2, 2]


def test_a_photo_of_a_drawn_screen_finds_its_shot_its_second_and_its_place() -> None:
    """Five shots, each a window that moves over a drawn scene; photos of one of them from the side. Of a window
    that moves little in a second, all frames are views of the same plane: the time is less sure, but the
    homography is that of the frame at the time that is answered."""
    scenes = [noise(20 + n, 300, 640) for n in range(5)]
    shots = []
    for scene in scenes:
        frames = [
            (0.2 * n, keypoints_of(np.ascontiguousarray(scene[15:285, 10 * n : 10 * n + 480]))) for n in range(12)
        ]
        shots.append(key_features(frames, 0.0))
    for number, turn in ((2, 0.0), (6, 25.0), (9, -25.0)):
        frame = np.ascontiguousarray(scenes[3][15:285, 10 * number : 10 * number + 480])
        photo, homography = seen_askew(frame, turn)
        query = query_keypoints(photo)
        assert int(votes(query, segments(*shots)).argmax()) == 3
        found: list[Verified | None] = [verify(query, features) for features in shots]
        assert [one is not None for one in found] == [False, False, False, True, False]
        assert found[3] is not None
        assert found[3].inliers > 25
        inside = np.array([[150.0, 80], [330, 80], [330, 190], [150, 190]])
        laid = mapped(found[3].homography, mapped(homography, inside) / 480) * 480
        away = laid - inside - [10 * (number - found[3].time / 0.2), 0]
        assert np.abs(away).max() < 4
        assert found[3].time == pytest.approx(0.2 * number, abs=0.8)


def test_keypoints_of_a_query_lie_where_they_are_in_all_views() -> None:
    """A square in the middle of a wide photo: its corners, as seen squeezed and not."""
    photo = np.full((300, 600, 3), 40, np.uint8)
    photo[110:190, 260:340] = 210
    found = query_keypoints(photo)
    corners = np.array([[260, 110], [340, 110], [340, 190], [260, 190]]) / 600
    away = np.abs(found.points[:, None] - corners[None]).max(axis=2).min(axis=1)
    assert len(found) > 12
    assert away.max() < 0.015
    np.testing.assert_allclose(found.points.mean(axis=0), [0.5, 0.25], atol=0.003)
    assert len(query_keypoints(photo, QueryOptions(keypoints=2))) <= 3 * 4


def test_a_photo_without_corners_has_no_keypoints() -> None:
    for photo in (np.full((200, 300, 3), 77, np.uint8), noise(0)[:1, :1], noise(0)[:, :2]):
        assert len(query_keypoints(np.ascontiguousarray(photo))) == 0
    assert DEFAULT_VOTES.segments >= 1
