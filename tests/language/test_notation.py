"""The notation of the benchmark of phrases, and that its files are well-formed."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from contrapposto.language.conditions import (
    All,
    Asked,
    Bit,
    Condition,
    Either,
    Named,
    Not,
    Scene,
)
from contrapposto.language.contradictions import contradiction
from contrapposto.posebits.table import POSEBITS
from tests.language.notation import MEANS_NOTHING, canonical, phrases, read, refused

BENT, STRAIGHT, DOWN = Bit("left_elbow_bent"), Bit("left_elbow_straight"), Bit("head_down")
SITTING, KNEELING = Named("sitting", MEANS_NOTHING), Named("kneeling", MEANS_NOTHING)

NAMES = """
standing; sitting; kneeling; kneeling on the left knee; kneeling on the right knee; squatting; crouching; lunging;
lunging with the left leg; lunging with the right leg; side lunge; lying; lying on the back; lying on the front;
lying on the side; on all fours; plank; bridge; downward dog; arms akimbo; T-pose; Y-pose; hands up; arms overhead;
arms crossed; legs crossed; contrapposto; arabesque; splits; front split; straddle; handstand; headstand; cartwheel;
running; walking; jumping; star jump; pointing; pointing with the left hand; pointing with the right hand; waving;
saluting; praying; boxing guard; punching; kicking; high kick; throwing; serving; archer; bowing; touching the toes;
side bend; side bend to the left; side bend to the right; tree; triangle; warrior one; warrior two; hand on chin;
thinker; hands behind the head; hands behind the back; hugging the knees; sitting cross-legged;
sitting on the heels; sitting on the floor; standing on one leg; standing on the left leg;
standing on the right leg; facepalm; cheering; leaning on one leg
"""
POSES = {" ".join(name.split()): MEANS_NOTHING for name in NAMES.split(";")}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("left_elbow_bent", Asked(BENT)),
        ("!left_elbow_bent", Asked(Bit("left_elbow_bent", False))),
        ("!!head_down", Asked(DOWN)),
        (
            "left_elbow_bent & head_down | left_elbow_straight",
            Asked(Either((All((BENT, DOWN)), STRAIGHT))),
        ),
        (
            "left_elbow_bent & (head_down | left_elbow_straight)",
            Asked(All((BENT, Either((DOWN, STRAIGHT))))),
        ),
        ('!"sitting" & head_down', Asked(All((Not(SITTING), DOWN)))),
        ("!(head_down | left_elbow_bent)", Asked(Not(Either((DOWN, BENT))))),
        ("people(3, at_least, anybody)", Asked(None, Scene(3, False))),
        (
            'people(2, exactly, "sitting" | head_down, "back to back")',
            Asked(None, Scene(2, True, Either((SITTING, DOWN)), "back to back")),
        ),
        ('"kneeling" ; people(1, exactly, anybody)', Asked(KNEELING, Scene(1, True))),
    ],
)
def test_read(text: str, asked: Asked) -> None:
    assert read(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "left_elbow_blue",
        "head_down &",
        "(head_down",
        "head_down)",
        "head_down left_elbow_bent",
        "head_down ; left_elbow_bent",
        "people(2, at_least, anybody",
        "people(0, exactly, anybody)",
        "people(two, exactly, anybody)",
        "people(2, about, anybody)",
        'people(2, exactly, anybody, "hand in hand")',
        "people(2, exactly, anybody) & head_down",
        '"sitting',
        "head_down + head_up",
    ],
)
def test_not_in_the_notation(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text
        read(text)


def test_poses_that_are_given() -> None:
    assert read('"sitting"', {"sitting": DOWN}).person == Named("sitting", DOWN)
    with pytest.raises(ValueError, match="no pose named 'kneeling'"):
        read('"kneeling"', {"sitting": DOWN})


SAME = [
    ("head_down & left_elbow_bent", "left_elbow_bent & head_down"),
    ("head_down | left_elbow_bent", "left_elbow_bent | head_down | left_elbow_bent"),
    ("head_down & (left_elbow_bent & head_up)", "(head_up & head_down) & left_elbow_bent"),
    ("!(head_down & left_elbow_bent)", "!left_elbow_bent | !head_down"),
    ("!(head_down | !left_elbow_bent)", "left_elbow_bent & !head_down"),
    ('!(!"sitting" & !"kneeling")', '"kneeling" | "sitting"'),
    ('!!"sitting"', '"sitting"'),
    ('!(head_up & !("sitting" | head_down))', '!head_up | head_down | "sitting"'),
    ("people(2, exactly, head_down & head_up)", "people(2, exactly, head_up & head_down)"),
]
GROUPS = [
    "head_down & left_elbow_bent",
    "head_down | left_elbow_bent",
    "head_down",
    "!head_down",
    '"sitting"',
    '!"sitting"',
    '"kneeling"',
    "(head_down | left_elbow_bent) & head_up",
    "head_down | left_elbow_bent & head_up",
    "people(2, exactly, anybody)",
    "people(2, at_least, anybody)",
    "people(3, exactly, anybody)",
    "people(2, exactly, head_down)",
    'people(2, exactly, anybody, "back to back")',
    "head_down ; people(2, exactly, anybody)",
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_canonical_same(one: str, other: str) -> None:
    assert canonical(read(one)) == canonical(read(other))
    assert hash(canonical(read(one))) == hash(canonical(read(other)))


def test_canonical_different() -> None:
    assert len({canonical(read(text)) for text in GROUPS}) == len(GROUPS)


def test_canonical_of_trees_that_no_text_gives() -> None:
    nested = All((All((BENT, All((DOWN, BENT)))), Not(Not(SITTING))))
    assert canonical(Asked(nested)) == canonical(read('left_elbow_bent & head_down & "sitting"'))
    assert canonical(Asked(Not(BENT))) == canonical(read("!left_elbow_bent"))
    assert canonical(Asked(All((BENT, BENT)))) == canonical(Asked(BENT))
    assert canonical(Asked(Named("sitting", DOWN))) == canonical(Asked(Named("sitting", BENT)))


def value(condition: Condition, truth: dict[str, bool]) -> bool:
    """Of a tree, straight from what its nodes mean."""
    if isinstance(condition, Bit | Named):
        return truth[condition.name] == (not isinstance(condition, Bit) or condition.value)
    if isinstance(condition, Not):
        return not value(condition.part, truth)
    join = all if isinstance(condition, All) else any
    return join(value(part, truth) for part in condition.parts)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_texts_have_the_same_truth(one: str, other: str) -> None:
    names = ("head_down", "head_up", "left_elbow_bent", "sitting", "kneeling")
    mine, its = (asked.person or (asked.scene.each if asked.scene else None) for asked in (read(one), read(other)))
    assert mine is not None
    assert its is not None
    for values in product((False, True), repeat=len(names)):
        truth = dict(zip(names, values, strict=True))
        assert value(mine, truth) == value(its, truth)


def test_every_phrase_is_in_the_notation() -> None:
    assert len(phrases()) >= 700
    for phrase in phrases():
        read(phrase.conditions, POSES)


def test_phrases_are_all_different() -> None:
    plain = Counter(" ".join(phrase.phrase.casefold().split()) for phrase in phrases())
    assert [text for text, times in plain.items() if times > 1] == []
    assert all(phrase.phrase == phrase.phrase.strip() != "" for phrase in phrases())


def test_a_third_of_each_kind_is_held_out() -> None:
    kinds = Counter(phrase.kind for phrase in phrases())
    held = Counter(phrase.kind for phrase in phrases("held_out"))
    assert len(phrases("develop")) + len(phrases("held_out")) == len(phrases())
    assert all(kind.isalpha() and abs(held[kind] - number / 3) < 1 for kind, number in kinds.items())


def test_every_named_pose_is_asked_for_in_two_ways() -> None:
    asked = Counter(name for phrase in phrases() for name in POSES if f'"{name}"' in phrase.conditions)
    assert [name for name in POSES if asked[name] < 2] == []


def test_no_phrase_contradicts_itself() -> None:
    for phrase in phrases():
        asked = read(phrase.conditions)
        person = asked.person or (asked.scene.each if asked.scene else None)
        if person is not None and '"' not in phrase.conditions:
            assert contradiction(person) is None, phrase


def test_refused_texts() -> None:
    rows = refused()
    assert len({row.phrase for row in rows}) == len(rows) >= 60
    assert {row.phrase for row in rows}.isdisjoint(phrase.phrase for phrase in phrases())
    assert [row.phrase for row in rows if not row.quoted and row.phrase.strip()] == []


def test_refused_for_a_contradiction() -> None:
    """The two that the error must quote leave no room: nobody meets both."""
    pairs = [row.quoted for row in refused() if len(row.quoted) == 2]
    assert len(pairs) >= 10
    for pair in pairs:
        stated = [
            next(
                Bit(row.name)
                for row in POSEBITS
                if words in (row.words, row.words.partition(" ")[2]) or row.words == f"{words} in the picture"
            )
            for words in pair
        ]
        assert contradiction(All(tuple(stated))) is not None, pair
