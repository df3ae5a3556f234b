"""Conditions that nobody can meet."""

from __future__ import annotations

import time

import numpy as np
import pytest

from contrapposto.demo import truth
from contrapposto.errors import QueryError
from contrapposto.language.conditions import All, Bit, Condition, Either, holds, negated, some
from contrapposto.language.contradictions import MOST_WAYS, contradiction
from contrapposto.language.parser import parse
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.posebits.table import POSEBITS


def both(first: str, second: str) -> Condition:
    """Of two rows, "!" before one that must be false."""
    bits = [Bit(name.strip("!"), not name.startswith("!")) for name in (first, second)]
    return All(tuple(bits))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("left_elbow_bent", "left_elbow_straight"),
        ("left_elbow_bent", "!left_elbow_bent"),
        ("left_elbow_strongly_bent", "!left_elbow_bent"),
        ("left_wrist_above_right_wrist", "right_wrist_above_left_wrist"),
        ("left_knee_in_front_of_right_knee", "right_knee_in_front_of_left_knee"),
        ("left_wrist_nearer", "right_wrist_nearer"),
        ("left_elbow_more_bent", "right_elbow_more_bent"),
        ("left_hip_higher", "right_hip_higher"),
        ("weight_left", "weight_right"),
        ("left_arm_horizontal", "left_arm_down"),
        ("left_leg_horizontal", "left_leg_down"),
        ("torso_upright", "torso_horizontal"),
        ("facing_camera", "facing_left"),
        ("from_behind", "facing_right"),
        ("facing_left", "facing_right"),
    ],
)
def test_no_room(first: str, second: str) -> None:
    for condition in (both(first, second), both(second, first)):
        found = contradiction(condition)
        assert found is not None
        assert isinstance(condition, All)
        assert set(found) == set(condition.parts)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("left_elbow_bent", "right_elbow_straight"),
        ("left_elbow_bent", "!left_elbow_strongly_bent"),
        ("!left_elbow_bent", "!left_elbow_straight"),
        ("!left_wrist_above_right_wrist", "!right_wrist_above_left_wrist"),
        ("left_arm_horizontal", "!left_arm_down"),
        ("!left_arm_horizontal", "left_arm_down"),
        ("left_thigh_vertical", "!left_leg_down"),
        ("away_from_camera", "facing_left"),
        ("!facing_camera", "facing_left"),
        ("facing_camera", "!facing_left"),
    ],
)
def test_room(first: str, second: str) -> None:
    assert contradiction(both(first, second)) is None


def test_nobody_meets_what_contradicts() -> None:
    """Of all pairs of rows: where two are called contradictory, nobody of the built-in collection meets both."""
    everyone = truth().people
    figures = Figures(
        np.array([person.keypoints for person in everyone]), np.array([person.keypoints3d for person in everyone])
    )
    people = People(figures, np.ones((len(everyone), 17)))
    bits = [Bit(row.name, value) for row in POSEBITS for value in (True, False)]
    meets = np.stack([holds(bit, people) for bit in bits])
    together = meets.astype(np.float64) @ meets.T.astype(np.float64)
    called = [
        (first, second)
        for number, first in enumerate(bits)
        for place, second in enumerate(bits[:number])
        if together[number, place] and contradiction(All((first, second))) is not None
    ]
    assert called == []


def test_ways_around() -> None:
    bent, straight, down = Bit("left_knee_bent"), Bit("left_knee_straight"), Bit("head_down")
    assert contradiction(Either((All((bent, straight)), down))) is None
    assert contradiction(Either((All((bent, straight)), All((down, negated(down)))))) == (straight, bent)
    assert contradiction(All((Either((bent, down)), straight))) is None
    assert contradiction(All((Either((bent, All((down, straight, bent)))), straight))) is not None


def test_many_ways_take_no_time() -> None:
    rows = iter(POSEBITS)
    pairs = [some([Bit(next(rows).name), Bit(next(rows).name)]) for _ in range(60)]
    bent, straight = Bit("left_knee_bent"), Bit("left_knee_straight")
    started = time.perf_counter()
    assert contradiction(Either((All((*pairs, bent)), All((*pairs, straight))))) is None
    assert (
        contradiction(All((*pairs[3:40], bent, straight))) is None
    )  # more than MOST_WAYS: not looked at to the end
    assert 2 ** len(pairs[3:40]) > MOST_WAYS
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("left elbow bent and straight", ["left elbow bent", "left elbow straight"]),
        ("facing left, facing the camera", ["facing left", "facing the camera"]),
        ("knees bent and not bent", ["left knee bent", "left knee not bent"]),
        (
            "kneeling on the left knee, left knee straight",
            ['(of "kneeling on the left knee")', "left knee straight"],
        ),
        ("two people with elbows bent and straight", ["left elbow bent", "left elbow straight"]),
    ],
)
def test_named_by_their_words(text: str, named: list[str]) -> None:
    with pytest.raises(QueryError, match="contradict each other") as error:
        parse(text)
    assert [words for words in named if words not in str(error.value)] == []
