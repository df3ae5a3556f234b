"""Words to conditions: sides, states, relations, what English leaves out, joining, and what is refused."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto.errors import QueryError
from contrapposto.language.conditions import All, Asked, Bit, Condition, Either, Named, Scene, every, negated, some
from contrapposto.language.contradictions import contradiction
from contrapposto.language.lexicon import condition_of, lexicon
from contrapposto.language.named import NAMED
from contrapposto.language.nouns import nouns
from contrapposto.language.parser import LONGEST, parse
from contrapposto.language.poses import pose_phrases, poses
from contrapposto.language.scenes import RELATIONS, relation_phrases
from contrapposto.language.tokens import normal, table, tokens
from contrapposto.language.wording import understood, words_of
from contrapposto.posebits.table import INDEX, POSEBITS

SAID = {
    # sides
    "left fist near the skull": "left_wrist_near_head",
    "both palms near the face": "left_wrist_near_head & right_wrist_near_head",
    "a palm near the face": "left_wrist_near_head | right_wrist_near_head",
    "at least one palm near the face": "left_wrist_near_head | right_wrist_near_head",
    "neither palm near the face": "!left_wrist_near_head & !right_wrist_near_head",
    "no palms near the face": "!left_wrist_near_head & !right_wrist_near_head",
    "only the right palm near the face": "right_wrist_near_head & !left_wrist_near_head",
    "left and right knees bent": "left_knee_bent & right_knee_bent",
    "right or left knee bent": "right_knee_bent | left_knee_bent",
    "one of his hands on the ground": "left_wrist_on_ground | right_wrist_on_ground",
    # objects
    "right hand on the opposite knee": "right_wrist_near_left_knee",
    "hands on opposite shoulders": "left_wrist_near_right_shoulder & right_wrist_near_left_shoulder",
    "hands on the left knee": "left_wrist_near_left_knee & right_wrist_near_left_knee",
    "left foot on the knee": "left_ankle_near_right_knee",
    "head above the left hand": "!left_wrist_above_head",
    "left hip above the left hand": "!left_wrist_above_left_hip",
    "left foot behind the right one": "right_ankle_in_front_of_left_ankle",
    "right elbow less bent than the left": "left_elbow_more_bent",
    # what is left out
    "left elbow and right knee bent": "left_elbow_bent & right_knee_bent",
    "left elbow or right knee bent": "left_elbow_bent | right_knee_bent",
    "left elbow and knee bent": "left_elbow_bent & left_knee_bent",
    "left arm raised, right lowered": "left_wrist_above_left_shoulder & right_arm_down",
    "left arm raised, the other lowered": "left_wrist_above_left_shoulder & right_arm_down",
    "knees bent and together": "left_knee_bent & right_knee_bent & knees_together",
    "right hand near the hip or the knee": "right_wrist_near_right_hip | right_wrist_near_right_knee",
    "torso twisted left or right": "twisted_left | twisted_right",
    "touching the head with the left elbow": "left_elbow_near_head",
    "arms crossed and raised": '"arms crossed" & left_wrist_above_left_shoulder & right_wrist_above_right_shoulder',
    # strength
    "very bent left knee": "left_knee_strongly_bent",
    "left knee bent a little": "left_knee_bent & !left_knee_strongly_bent",
    "leaning slightly back": "leaning_back & !leaning_strongly_back",
    # negation
    "left hand not on the hip": "!(left_wrist_near_left_hip & left_elbow_bent)",
    "hands on the left hip": "left_wrist_near_left_hip & left_elbow_bent & right_wrist_near_left_hip",
    "hands near the hips": "left_wrist_near_left_hip & right_wrist_near_right_hip",
    "right hand off the hip": "!right_wrist_near_right_hip",
    "touching the floor with the left hand": "left_wrist_on_ground",
    "left elbow isn't bent": "!left_elbow_bent",
    "not standing": '!"standing"',
    "legs not crossed": '!"legs crossed"',
    "neither standing nor lying": '!"standing" & !"lying"',
    # joining
    "head up or head down, left knee bent": "(head_up | head_down) & left_knee_bent",
    "left knee bent and head up or head down": "left_knee_bent & head_up | head_down",
    "left knee bent and (head up or head down)": "left_knee_bent & (head_up | head_down)",
    "not (head up and left knee bent)": "!(head_up & left_knee_bent)",
    "kneeling facing right": '"kneeling" & facing_right',
    "Standing — arms out; head LOWERED!": '"standing" & left_wrist_out & right_wrist_out & head_down',
    "lunging with the left leg bent": '"lunging" & left_knee_bent',
}


def meaning(text: str) -> Condition:
    """Of rows by name and named poses in quotes; `!` binds tightest, then `&`, then `|`; one level of brackets."""
    if text.startswith("!(") and text.endswith(")"):
        return negated(meaning(text[2:-1]))
    depth, parts = 0, {"|": [""], "&": [""]}
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        for sign, found in parts.items():
            if letter == sign and depth == 0:
                found.append("")
            else:
                found[-1] += letter
    for sign, join in (("|", some), ("&", every)):
        if len(parts[sign]) > 1:
            return join([meaning(part.strip()) for part in parts[sign]])
    if text.startswith("("):
        return meaning(text[1:-1])
    if text.startswith("!"):
        return negated(meaning(text[1:]))
    return NAMED[text.strip('"')] if text.startswith('"') else Bit(text)


@pytest.mark.parametrize("text", SAID)
def test_said(text: str) -> None:
    assert parse(text) == Asked(meaning(SAID[text]))


def test_the_same_hand() -> None:
    """What is said twice of one hand is said of the same one, also when it is exactly one."""
    left, right = (All((Bit(f"{side}_wrist_above_head"), Bit(f"{side}_wrist_front"))) for side in ("left", "right"))
    assert parse("one hand above the head and in front of the body").person == Either((left, right))
    only = parse("exactly one hand above the head and in front of the body").person
    assert only == Either((every([left, negated(right)]), every([right, negated(left)])))
    either = parse("one arm raised, the other lowered").person
    assert either == Either(
        (
            All((Bit("left_wrist_above_left_shoulder"), Bit("right_arm_down"))),
            All((Bit("right_wrist_above_right_shoulder"), Bit("left_arm_down"))),
        )
    )


BACK = Bit("from_behind")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("three people", Asked(None, Scene(3, False))),
        ("12 people seen from behind", Asked(None, Scene(12, False, BACK))),
        ("exactly one person seen from behind", Asked(None, Scene(1, True, BACK))),
        ("one person seen from behind", Asked(BACK, Scene(1, True))),
        ("a man, alone, seen from behind", Asked(BACK, Scene(1, True))),
        ("several people from behind", Asked(None, Scene(3, False, BACK))),
        ("two kneeling women", Asked(None, Scene(2, False, NAMED["kneeling"]))),
        ("people from behind", Asked(BACK)),
        ("facing each other", Asked(None, Scene(2, False, None, "facing each other"))),
        ("a couple side by side, seen from behind", Asked(None, Scene(2, False, BACK, "side by side"))),
        ("a photo of a woman seen from behind", Asked(BACK)),
    ],
)
def test_people(text: str, asked: Asked) -> None:
    assert parse(text) == asked


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("left elbo bent", ['"elbo"', '"elbow"']),
        ("kneeling with a saxophone", ['"saxophone"']),
        ("left arm raised and purple", ['"purple"']),
        ("kneling", ['"kneling"', '"kneeling"']),
        ("left hand above the left foot", ['"left hand above the left foot"', "left knee"]),
        ("left knee clasped", ['"left knee clasped"']),
        ("arms strongly raised", ['"arms strongly raised"', '"strongly"']),
        ("strongly kneeling", ['"strongly"']),
        ("left hand", ['"left hand"']),
        ("left hand on", ['"left hand on"']),
        ("standing and", ['"and"']),
        ("(standing", ["bracket"]),
        ("standing)", ['"standing)"']),
        ("not", ['"not"']),
        ("", ["no words"]),
        (" \n", ["no words"]),
        ("...", ['"..."']),
        ("a person", ['"a person"']),
        ("сидит", ['"сидит"']),
        ("座る kneeling", ['"座る"']),
        ("two people and three people", ['"three people"']),
        ("alone, facing each other", ["facing each other"]),
        ("two people or kneeling", ["how many people"]),
        ("not two people", ['"not two people"']),
        ("x" * 10_000, ["10,000", f"{LONGEST:,}"]),
        ("(" * 50 + "standing" + ")" * 50, ["brackets"]),
        ("not " * 50 + "standing", ["negations"]),
    ],
)
def test_refused(text: str, quoted: list[str]) -> None:
    started = time.perf_counter()
    with pytest.raises(QueryError) as error:
        parse(text)
    message = str(error.value)
    assert [words for words in quoted if words not in message] == []
    assert "\n" not in message
    assert len(message) < 400
    assert time.perf_counter() - started < 0.5


def test_every_row_says_itself() -> None:
    """The words of a row and their denial, of one side and of both, are understood as that row."""
    for row in POSEBITS:
        turned = row.name.replace("left", "#").replace("right", "left").replace("#", "right")
        for bit in (Bit(row.name), Bit(row.name, False)):
            assert parse(words_of(bit)).person == bit
            assert words_of(bit) == (row.words if bit.value else row.denial)
            if row.words.startswith("left ") and turned in INDEX and turned != row.name:
                pair = (bit, Bit(turned, bit.value))
                assert words_of(Either(pair)).startswith("one "), row.name
                assert parse(words_of(Either(pair))).person == Either(pair)
                if contradiction(All(pair)) is None:
                    assert words_of(All(pair)).startswith("both "), row.name
                    assert parse(words_of(All(pair))).person == All(pair)


def test_words_shown() -> None:
    shown = understood(parse("standing with his arms up, left hand on the right shoulder or right knee bent"))
    assert shown == (
        "standing, both hands above the shoulders, left hand near the right shoulder or right knee bent"
    )
    assert understood(parse("three people with raised arms, side by side")) == (
        "at least three people side by side, both hands above the shoulders"
    )
    assert understood(parse("a man alone")) == "alone"


def test_every_word_of_the_tables_is_understood() -> None:
    """Each phrase of the tables says what its row says."""
    for cells in table("states.csv"):
        for words in cells["words"].split("/"):
            for part in cells["of"].split("/"):
                noun = nouns().phrases[normal(part)] if part else None
                side = "left " if noun and noun.sided and not noun.many else ""
                if (normal(f"{side}{part} {words}")) in pose_phrases().phrases:
                    continue
                expected = re.sub(r"(?<![a-z])own(?![a-z])", "left", cells["meaning"])
                expected = re.sub(r"(?<![a-z])other(?![a-z])", "right", expected)
                assert parse(f"{side}{part} {words}").person == condition_of(expected), (part, words)
    for phrase, name in pose_phrases().phrases.items():
        assert parse(" ".join(phrase)).person == NAMED[name], phrase
    for phrase, name in relation_phrases().phrases.items():
        assert parse(" ".join(phrase)) == Asked(None, Scene(2, False, None, name))
    assert set(relation_phrases().phrases.values()) == set(RELATIONS)


def test_no_phrase_stands_twice() -> None:
    said: dict[tuple[str, ...], str] = {}
    for pose in poses().values():
        for words in (pose.name, *pose.synonyms):
            assert said.setdefault(normal(words), pose.name) == pose.name, words
    single = [word for row in table("words.csv") for word in row["words"].split()]
    assert sorted(single) == sorted(set(single))
    replaced = {word: row["means"] for row in table("words.csv") for word in row["words"].split()}
    assert [word for word, means in replaced.items() if replaced.get(means, means) != means] == []


def test_places_in_the_text() -> None:
    text = "The LEFT hand’s  raised – isn't it"
    assert [text[token.start : token.end] for token in tokens(text)] == ["LEFT", "hand’s", "raised", "–", "isn't"]
    assert [token.word for token in tokens(text)] == ["left", "hand", "raised", ",", "not"]


bits_ = st.builds(Bit, st.sampled_from([row.name for row in POSEBITS]), st.booleans())
leaves: st.SearchStrategy[Condition] = st.one_of(bits_, st.sampled_from(list(NAMED.values())))
trees: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(every),
        st.lists(inner, min_size=2, max_size=4).map(some),
        inner.map(negated),
    ),
    max_leaves=10,
)
scenes = st.builds(
    Scene,
    st.integers(2, 30),
    st.booleans(),
    st.one_of(st.none(), trees),
    st.one_of(st.none(), st.sampled_from(list(RELATIONS))),
)


def test_a_pose_with_a_name_is_denied_whole() -> None:
    """Not the hands that were spoken of before."""
    assert understood(parse("hands up, not touching the toes")) == "hands up and not touching the toes"
    assert understood(parse("hands up, not near the head")) == "hands up and both hands away from the head"


@settings(max_examples=150, deadline=None)
@given(st.one_of(trees.map(Asked), scenes.map(lambda scene: Asked(None, scene))))
def test_what_is_printed_is_understood_the_same(asked: Asked) -> None:
    condition = asked.person or (asked.scene.each if asked.scene else None)
    text = understood(asked)
    if len(text) > LONGEST:
        return
    if condition is not None and contradiction(condition) is not None:
        with pytest.raises(QueryError, match="contradict"):
            parse(text)
        return
    assert parse(text) == asked


def parsed(text: str) -> Asked | str:
    """What is asked, or the error."""
    try:
        return parse(text)
    except QueryError as error:
        return str(error)


def _vocabulary() -> list[str]:
    books = [pose_phrases().phrases, nouns().phrases, relation_phrases().phrases]
    books += [book.phrases for book in lexicon().states.values()]
    words = {word for phrases in books for phrase in phrases for word in phrase}
    joining = "left right both either one no not and or nor neither with while but , ( ) the other own of to in on"
    return sorted(words | {*joining.split(), "people", "two", "exactly", "only", "alone", "strongly", "slightly"})


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(_vocabulary()), min_size=1, max_size=12))
def test_soups_of_words_are_understood_or_refused(words: list[str]) -> None:
    asked = parsed(" ".join(words))
    if isinstance(asked, Asked):
        assert parse(understood(asked)) == asked
    else:
        assert "\n" not in asked


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    asked = parsed(text)
    assert asked
    if isinstance(asked, Asked):
        assert asked.person is not None or asked.scene is not None


def test_names_are_kept() -> None:
    person = parse("kneeling").person
    assert isinstance(person, Named)
    assert person.name == "kneeling"
