"""True, false, unknown; how surely; packed bits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto.posebits.answers import ASTRAY, LEAST_SCORE, WORDS, People, pack, posebits
from contrapposto.posebits.measures import LONGEST_LOOK, Figures
from contrapposto.posebits.table import INDEX, POSEBITS
from contrapposto.records import Pose
from contrapposto.skeleton import INDEX as JOINT
from tests.posebits.figures import body, figures, people, picture, random_bodies

ABOVE = POSEBITS[INDEX["left_wrist_above_left_hip"]]
STRAIGHT = POSEBITS[INDEX["left_elbow_straight"]]
BENT = POSEBITS[INDEX["left_elbow_bent"]]


def lifted(height: float) -> People:
    """The left wrist so many metres of the measures over the left hip, beside the body."""
    return people(body(left_wrist=(0.18, height / LONGEST_LOOK, 0.0)))


def test_margins_are_positive_on_the_true_side() -> None:
    assert ABOVE.threshold == 0
    assert lifted(0.05).margin(ABOVE)[0] == pytest.approx(0.05, abs=1e-4)
    high_hip = body(left_hip=(0.10, 0.05, 0), left_knee=(0.10, -0.36, 0), left_ankle=(0.10, -0.77, 0))
    assert people(high_hip).margin(ABOVE)[0] == pytest.approx(-0.05 * LONGEST_LOOK, abs=1e-4)
    under = POSEBITS[INDEX["left_wrist_well_below_left_shoulder"]]
    assert not under.over
    assert people(body()).margin(under)[0] == pytest.approx(0.53 * LONGEST_LOOK + under.threshold, abs=1e-4)


def bent(degrees: float) -> People:
    """The angle at the left elbow; the forearm swings forward."""
    turn = math.radians(degrees)
    return people(body(left_wrist=(0.18, 0.25 + 0.25 * math.cos(turn), 0.25 * math.sin(turn))))


@pytest.mark.parametrize(("estimated", "taken_for"), [(100, 100), (122.5, 132.5), (140, 158.33), (170, 177.5)])
def test_estimated_elbows_are_straightened(estimated: float, taken_for: float) -> None:
    assert bent(estimated).margin(STRAIGHT)[0] == pytest.approx(taken_for - STRAIGHT.threshold, abs=0.05)
    assert bent(estimated).margin(BENT)[0] == pytest.approx(BENT.threshold - taken_for, abs=0.05)


def test_straightening_keeps_the_order() -> None:
    margins = [bent(degrees).margin(STRAIGHT)[0] for degrees in range(5, 180)]
    assert (np.diff(margins) > 0).all()


def test_hips_are_not_straightened() -> None:
    row = POSEBITS[INDEX["left_hip_straight"]]
    value = figures(body()).measure(row.measure, row.points)
    np.testing.assert_allclose(people(body()).margin(row), value - row.threshold)


def test_chances_are_a_logistic_curve() -> None:
    """One sigma over the threshold, all surely seen: 1 / (1 + exp(-1.7)) = 0.846, within 0.005 and 0.995."""
    chance = lifted(ABOVE.sigma).probability(ABOVE)[0]
    assert chance == pytest.approx(ASTRAY + (1 - 2 * ASTRAY) * 0.84553, abs=1e-3)
    assert lifted(0.0).probability(ABOVE)[0] == pytest.approx(0.5, abs=2e-3)
    assert lifted(0.6).probability(ABOVE)[0] == pytest.approx(1 - ASTRAY, abs=1e-6)
    assert lifted(-0.6).probability(ABOVE)[0] == pytest.approx(ASTRAY, abs=1e-4)


def scored(asked: People, score: float, **others: float) -> float:
    """The chance of `ABOVE` when all keypoints have a score, some another one."""
    scores = np.full((1, 17), float(score))
    for name, value in others.items():
        scores[0, JOINT[name]] = value
    return float(People(asked.figures, scores).probability(ABOVE)[0])


def test_low_scores_flatten_the_curve_and_keep_it_from_its_ends() -> None:
    """With a score of 0.25 two sigmas count as one, and the least chance is 0.005 + 0.1 * 0.75^2 = 0.06125."""
    asked = lifted(2 * ABOVE.sigma)
    assert scored(asked, 0.25) == pytest.approx(0.06125 + (1 - 2 * 0.06125) * 0.84553, abs=1e-3)
    assert scored(lifted(0.6), 0.25) == pytest.approx(1 - 0.06125, abs=1e-3)
    assert scored(lifted(-0.6), 0.25) == pytest.approx(0.06125, abs=5e-3)
    assert scored(lifted(0.0), 0.25) == pytest.approx(0.5, abs=2e-3)


def test_the_worst_needed_keypoint_tells_how_sure() -> None:
    asked = lifted(2 * ABOVE.sigma)
    assert scored(asked, 1, left_wrist=0.25) == scored(asked, 0.25)
    assert scored(asked, 1, left_hip=0.25, left_wrist=0.5) == scored(asked, 0.25)
    assert scored(asked, 0.01, left_wrist=1, left_hip=1) == scored(asked, 1)
    assert scored(asked, LEAST_SCORE / 2) == scored(asked, LEAST_SCORE) < scored(asked, 2 * LEAST_SCORE)


def test_the_surest_part_of_the_face_counts_for_the_head() -> None:
    row = POSEBITS[INDEX["left_wrist_above_head"]]
    figure = figures(body())
    scores = np.ones((2, 17))
    scores[1, [JOINT["nose"], JOINT["left_ear"]]] = 0.1
    chances = People(Figures(figure.keypoints.repeat(2, 0), figure.keypoints3d.repeat(2, 0)), scores).probability(
        row
    )
    assert chances[0] == chances[1]


@settings(max_examples=40, deadline=None)
@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0.0, 1.0))
def test_chances_grow_with_the_margin(height: float, more: float, score: float) -> None:
    low, high = (People(lifted(h).figures, np.full((1, 17), score)) for h in (height, height + more))
    if low.margin(ABOVE)[0] <= high.margin(ABOVE)[0]:
        assert low.probability(ABOVE)[0] <= high.probability(ABOVE)[0]
    assert 0 < low.probability(ABOVE)[0] < 1


def test_chances_and_answers_agree_on_every_row() -> None:
    asked = People(Figures(picture(random_bodies(50)), random_bodies(50)), np.full((50, 17), 0.6))
    true, known = posebits(asked)
    assert true.shape == known.shape == (50, len(POSEBITS))
    for number, row in enumerate(POSEBITS):
        chance = asked.probability(row)
        np.testing.assert_array_equal(np.isfinite(chance), known[:, number])
        np.testing.assert_array_equal(chance > 0.5, true[:, number])


def test_unknown_is_not_true() -> None:
    hidden = body()
    hidden[JOINT["left_wrist"]] = np.nan
    true, known = posebits(people(body(left_wrist=(0.18, 0.3, 0.0)), hidden), [ABOVE, STRAIGHT])
    assert known.tolist() == [[True, True], [False, False]]
    assert true[1].tolist() == [False, False]
    assert true[0, 0]
    assert np.isnan(people(hidden).probability(ABOVE)[0])


def test_people_are_made_of_poses() -> None:
    seen, unseen = picture(body()), np.full((17, 2), np.nan)
    poses = [
        Pose(seen, np.full(17, 0.7), body()),
        Pose(unseen, np.zeros(17), np.full((17, 3), np.nan)),
    ]
    asked = People.of(poses)
    assert len(asked) == 2
    assert asked.margin(ABOVE).tolist() == [people(body()).margin(ABOVE)[0], pytest.approx(np.nan, nan_ok=True)]
    assert asked.scores[0].tolist() == [0.7] * 17
    assert len(People.of([])) == 0
    assert posebits(People.of([]))[0].shape == (0, len(POSEBITS))


def unpacked(words: np.ndarray, number: int) -> tuple[bool, bool]:
    """Whether bit `number` of one posebyte is known to be true, and known to be false."""
    word, bit = divmod(number, 64)
    return bool(int(words[word]) >> bit & 1), bool(int(words[WORDS + word]) >> bit & 1)


def test_packed_bits_by_hand() -> None:
    """Rows 0 and 65 true, row 1 false, row 2 unknown, row 64 false, the last row true."""
    true, known = np.zeros((1, len(POSEBITS)), bool), np.zeros((1, len(POSEBITS)), bool)
    last = len(POSEBITS) - 1
    true[0, [0, 65, last]] = True
    known[0, [0, 1, 64, 65, last]] = True
    packed = pack(true, known)
    assert packed.shape == (1, 2 * WORDS)
    assert packed.dtype == np.uint64
    assert packed[0, :2].tolist() == [1, 2]
    assert int(packed[0, WORDS - 1]) == 1 << (last - 64 * (WORDS - 1))
    assert packed[0, WORDS : WORDS + 2].tolist() == [2, 1]


def test_packed_bits_come_back() -> None:
    random = np.random.default_rng(0)
    known = random.random((20, len(POSEBITS))) < 0.8
    true = (random.random(known.shape) < 0.4) & known
    packed = pack(true, known)
    for person in range(20):
        for number in range(len(POSEBITS)):
            is_true, is_false = unpacked(packed[person], number)
            assert is_true == true[person, number]
            assert is_false == (known[person, number] and not true[person, number])


def test_a_bit_that_is_unknown_is_never_packed_as_true() -> None:
    assert not pack(np.ones((1, 3), bool), np.zeros((1, 3), bool)).any()
