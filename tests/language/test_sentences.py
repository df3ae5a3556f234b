"""Sentences about poses: worked by hand, and true of every pose whatever it is."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto import demo, geometry, skeleton
from contrapposto.language.conditions import All, Bit, Condition, Either, bits, holds, pushed
from contrapposto.language.parser import parse
from contrapposto.language.phrases import PARTS, phrases
from contrapposto.language.sentences import LEVEL, MOST, Description, described, sentence
from contrapposto.posebits.answers import People
from contrapposto.records import Pose
from contrapposto.training.poses3d import BANDAI, CMU, read_motion
from tests.poses.figures import person, picture, turned
from tests.test_docs import script

DATA = Path(os.environ.get("CONTRAPPOSTO_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


def seen(points: np.ndarray, *, hidden: Sequence[str] = (), score: float = 1.0) -> Pose:
    """Of points in space (17, 3), a pose as a camera in front of it sees it."""
    flat, deep = picture(points), points - skeleton.pelvis(points)
    gone = [skeleton.INDEX[name] for name in hidden]
    flat[gone], deep[gone] = np.nan, np.nan
    return Pose(flat, np.full(17, score), deep)


HAND_ON_HIP = {"right_elbow": (-0.42, 0.26, -0.04), "right_wrist": (-0.16, 0.06, 0.08)}
UP = {"left_elbow": (0.24, 0.75, 0.0), "left_wrist": (0.26, 1.02, 0.0)}


def test_worked_by_hand() -> None:
    assert sentence(seen(person())) == ("Standing, seen from the front, with both arms hanging.")


def test_sides_are_joined_or_told_apart() -> None:
    pose = seen(person(**HAND_ON_HIP, **UP))
    words = sentence(pose)
    assert "the left arm pointing up" in words
    assert "the right elbow bent and the right hand on the hip" in words
    assert "above the shoulder" not in words
    assert "above the head" not in words


def test_views() -> None:
    for degrees, words in [
        (0, "seen from the front"),
        (90, "facing right in the picture"),
        (180, "seen from behind"),
        (270, "facing left in the picture"),
    ]:
        assert words in sentence(seen(turned(person(), degrees)))


LEGS = [name for name in skeleton.KEYPOINTS if name.endswith(("hip", "knee", "ankle"))]
FACE = list(skeleton.KEYPOINTS[:5])
LEFT_ARM = ["left_elbow", "left_wrist"]
RIGHT_ARM = ["right_elbow", "right_wrist"]


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ([], ""),
        ([*FACE], ""),
        ([name for name in LEGS if not name.endswith("hip")], "Only the upper body is visible"),
        ([*LEGS, *RIGHT_ARM], "Only the head and the left arm are visible"),
        ([*LEGS, *RIGHT_ARM, *LEFT_ARM], "Only the head is visible"),
        ([*FACE, *LEGS], "Only both arms are visible"),
        (skeleton.KEYPOINTS[:-1], "Hardly anything of the body is visible"),
        (skeleton.KEYPOINTS, "Hardly anything of the body is visible"),
    ],
)
def test_what_little_is_seen_is_said(hidden: Sequence[str], said: str) -> None:
    found = described(seen(person(), hidden=hidden))
    assert found.seen == said
    assert found.sentence.startswith(said)
    assert found.sentence.endswith(".")


def test_nothing_is_made_up_of_nobody() -> None:
    nobody = Pose(np.full((17, 2), np.nan))
    assert described(nobody).condition is None
    assert sentence(nobody) == "Hardly anything of the body is visible."


def test_unsure_keypoints_say_less() -> None:
    pose = turned(person(**HAND_ON_HIP, **UP), 30)
    said = [len(described(seen(pose, score=score)).said) for score in (1.0, 0.3, 0.1)]
    assert said[0] > said[1] >= said[2]


def is_true(pose: Pose, condition: Condition) -> bool:
    return bool(holds(condition, People.of([pose]))[0])


def check(pose: Pose) -> Description:
    """All that must hold of what is said of any pose."""
    found = described(pose)
    people = People.of([pose])
    assert len(found.said) <= MOST
    assert [PARTS.index(phrase.part) for phrase in found.said] == sorted(
        PARTS.index(phrase.part) for phrase in found.said
    )
    about = [topic for phrase in found.said for topic in phrase.about]
    assert len(about) == len(set(about)), found.sentence
    for phrase in found.said:
        assert is_true(pose, phrase.condition), phrase
        assert probable(phrase.condition, people)
    if found.condition is not None:
        asked = parse(found.words)
        assert asked.scene is None
        assert asked.person is not None
        assert is_true(pose, asked.person), found.sentence
        assert set(bits(asked.person)) == set(bits(found.condition)), found.sentence
    return found


def probable(condition: Condition, people: People) -> bool:
    """All of its posebits have a probability of at least LEVEL; of alternatives those of one."""
    plain = pushed(condition)
    if isinstance(plain, Bit):
        chance = people.probability(plain.row)[0]
        return bool((chance if plain.value else 1 - chance) >= LEVEL)
    assert isinstance(plain, All | Either)
    return (all if isinstance(plain, All) else any)(probable(part, people) for part in plain.parts)


def demo_poses() -> list[Pose]:
    return [Pose(one.keypoints, np.ones(17), one.keypoints3d) for one in demo.truth().people]


@pytest.mark.slow
def test_true_of_the_built_in_collection() -> None:
    assert sum(len(check(pose).said) for pose in demo_poses()[::2]) > 3.5 * 182


@pytest.mark.slow
def test_true_of_people_who_are_partly_seen() -> None:
    for one in demo.truth().people[1::2]:
        deep = np.where(one.visible[:, None], one.keypoints3d, np.nan)
        check(Pose(one.seen_keypoints, one.visible * 0.7, deep))


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 363),
    st.integers(0, 2**32 - 1),
    st.floats(0, 0.5),
    st.sets(st.integers(0, 16), max_size=12),
    st.floats(-180, 180),
)
def test_true_of_any_pose(number: int, seed: int, spread: float, hidden: set[int], degrees: float) -> None:
    generator = np.random.default_rng(seed)
    points = turned(demo.truth().people[number].keypoints3d, degrees) + generator.normal(0, spread, (17, 3))
    pose = seen(points, hidden=[skeleton.KEYPOINTS[joint] for joint in hidden])
    check(Pose(pose.keypoints, generator.uniform(0, 1, 17), pose.keypoints3d))


@pytest.mark.slow
@pytest.mark.parametrize("table", [CMU, BANDAI])
def test_true_of_motion_capture(table: str) -> None:
    path = DATA / "poses3d" / table
    if not path.is_file():
        pytest.skip(f"no file {path}")
    motion = read_motion(path)
    chosen = np.random.default_rng(7).choice(len(motion), 80, replace=False)
    for limbs, head, degrees in zip(
        motion.limbs[chosen], motion.head[chosen], range(0, 360 * 80, 47), strict=False
    ):
        points = limbs.copy()
        points[0] = head  # the data has no face: the head is seen as its nose
        check(seen(turned(points - skeleton.pelvis(limbs), float(degrees))))


def swapped(words: str) -> str:
    return re.sub(r"\b(left|right)\b", lambda found: "right" if found[0] == "left" else "left", words)


@pytest.mark.slow
def test_the_mirror_image_swaps_the_sides() -> None:
    for pose in demo_poses()[::6]:
        mirrored = Pose(
            geometry.mirror(pose.keypoints), pose.scores[skeleton.FLIP], geometry.mirror(pose.keypoints3d)
        )
        here = sorted(phrase.text for phrase in described(pose).said)
        there = sorted(swapped(phrase.text) for phrase in described(mirrored).said)
        assert here == there


def test_words_of_every_phrase_mean_its_condition() -> None:
    wrong = []
    for phrase in phrases():
        asked = parse(phrase.text)
        if asked.scene or asked.person is None or set(bits(asked.person)) != set(bits(phrase.condition)):
            wrong.append((phrase.text, asked))
    assert not wrong


def test_shares_are_as_measured() -> None:
    made = script("make_phrases")
    text = made.TABLE.read_text(encoding="utf-8")
    assert made.table(text) == text, "run: python docs/make_phrases.py"


def test_every_phrase_is_about_something_of_a_sentence() -> None:
    for phrase in phrases():
        assert phrase.part in PARTS
        assert phrase.about
        assert set(phrase.about) <= set(phrase.settles)
        assert 0 <= phrase.share <= 1
        assert "own" not in phrase.words.split()
        assert "other" not in phrase.words.split()
