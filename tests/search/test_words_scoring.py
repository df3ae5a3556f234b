"""Answers to words over hand-made people."""

from __future__ import annotations

import json

import numpy as np
import pytest

from contrapposto.errors import QueryError
from contrapposto.language.conditions import FLOOR, UNKNOWN
from contrapposto.posebits.answers import People
from contrapposto.posebits.table import INDEX, POSEBITS
from contrapposto.records import Hit, Pose, WordsResult
from contrapposto.search import ranking
from contrapposto.search.candidates import take_snapshot
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Part, Query
from contrapposto.search.words_part import WordsPart
from contrapposto.store import Store
from tests.search.people import filled, in_space, pose

DOWN = in_space(pose())
LEFT = in_space(pose(left_elbow=(70, 20), left_wrist=(68, 0)))
BOTH = in_space(pose(left_elbow=(70, 20), left_wrist=(68, 0), right_elbow=(30, 20), right_wrist=(32, 0)))
UNSEEN = in_space(pose("left_wrist", "left_elbow", right_elbow=(30, 20), right_wrist=(32, 0)))


def ask(store: Store, *parts: Part, top: int = 20, min_match: float = 0.0) -> list[Hit]:
    return ranking.search(store, take_snapshot(store), Query(parts, None, top, min_match))


def names(hits: list[Hit]) -> list[str]:
    return [hit.path.stem for hit in hits]


def chance(row: str, of: Pose) -> float:
    return float(People.of([of]).probability(POSEBITS[INDEX[row]])[0])


@pytest.fixture
def store() -> Store:
    return filled(
        {
            "/p/down.jpg": ("c1", [DOWN]),
            "/p/left.jpg": ("c2", [LEFT]),
            "/p/both.jpg": ("c3", [BOTH]),
            "/p/unseen.jpg": ("c4", [UNSEEN]),
        }
    )


def found(hit: Hit) -> WordsResult:
    (why,) = hit.why
    assert isinstance(why, WordsResult)
    return why


def test_the_match_is_the_product_of_the_chances(store: Store) -> None:
    hits = {hit.path.stem: hit for hit in ask(store, WordsPart("both hands above the head"))}
    left, right = "left_wrist_above_head", "right_wrist_above_head"
    assert hits["both"].match == pytest.approx(chance(left, BOTH) * chance(right, BOTH))
    assert hits["left"].match == pytest.approx(chance(left, LEFT) * max(chance(right, LEFT), FLOOR))
    assert hits["unseen"].match == pytest.approx(UNKNOWN * chance(right, UNSEEN))


def test_what_is_unknown_ranks_below_what_holds_and_above_what_does_not(store: Store) -> None:
    hits = ask(store, WordsPart("left hand above the head, right hand above the head"))
    assert names(hits) == ["both", "unseen", "left", "down"]


def test_each_answer_says_which_conditions_held(store: Store) -> None:
    hits = {
        hit.path.stem: found(hit) for hit in ask(store, WordsPart("left hand above the head, right knee straight"))
    }
    assert [row.words for row in hits["left"].conditions] == ["left hand above the head", "right knee straight"]
    assert [row.held for row in hits["left"].conditions] == [True, True]
    assert [row.held for row in hits["down"].conditions] == [False, True]
    assert [row.held for row in hits["unseen"].conditions] == [None, True]
    assert hits["unseen"].conditions[0].probability is None
    assert hits["down"].conditions[0].probability == pytest.approx(chance("left_wrist_above_head", DOWN))
    assert (hits["down"].distance, hits["left"].distance, hits["unseen"].distance) == (1, 0, 0)


def test_nobody_of_whom_nothing_is_known(store: Store) -> None:
    assert "unseen" not in names(ask(store, WordsPart("left elbow bent")))


def test_or_and_not(store: Store) -> None:
    assert names(ask(store, WordsPart("not left hand above the head"), min_match=0.5))[0] == "down"
    either = ask(store, WordsPart("left hand above the head or right hand above the head"), min_match=0.5)
    assert set(names(either)) == {"left", "both", "unseen"}


def test_plain_hamming_counts(store: Store) -> None:
    hits = ask(store, WordsPart("both hands above the head, left knee straight", score="hamming"))
    assert names(hits) == ["both", "unseen", "left", "down"]
    assert [hit.distance for hit in hits] == [0, 0, 1, 2]
    matches = [hit.match for hit in hits]
    assert matches == sorted(matches, reverse=True)
    assert matches[0] == 1


def test_a_weight_below_0_turns_the_order(store: Store) -> None:
    words = "both hands above the head"
    like, unlike = ask(store, WordsPart(words)), ask(store, WordsPart(words, weight=-1))
    assert names(unlike) == names(like)[::-1]
    assert unlike[0].match == pytest.approx(1 - like[-1].match)
    assert found(unlike[0]).unlike


def test_words_and_a_pose_together(store: Store) -> None:
    hits = ask(store, WordsPart("left hand above the head", weight=3), PosePart(BOTH))
    assert names(hits)[0] == "both"
    for hit in hits:
        said, compared = hit.why
        assert hit.match == pytest.approx((3 * said.match + compared.match) / 4)


def test_the_query_survives_json() -> None:
    query = Query(
        (WordsPart("Left elbow bent, not kneeling", -2.5, "hamming"), PosePart(DOWN, weight=-1)), "people = 1"
    )
    again = Query.from_json(json.loads(json.dumps(query.to_json())))
    assert again.parts[0] == query.parts[0]
    assert again.parts[1].weight == -1
    assert again.to_json() == query.to_json()


@pytest.mark.parametrize(
    ("part", "phrase"),
    [
        ({"words": "left elbow bent and straight"}, "contradict"),
        ({"words": "left elbow blue"}, "blue"),
        ({"words": "  "}, "no words"),
        ({"words": 3}, "'words' in part 1 of the query must be a text"),
        ({"words": "standing", "joints": "arms"}, "unknown key 'joints' in part 1 of the query; there are score"),
        ({"words": "standing", "score": "best"}, "unknown score 'best'; there are probability, hamming"),
        ({"words": "standing", "weight": 0}, "the weight of a part"),
        ({"words": "standing", "score": 1}, "'score' in part 1 of the query has a value of the wrong kind"),
    ],
)
def test_wrong_words_name_the_mistake(part: dict[str, object], phrase: str) -> None:
    with pytest.raises(QueryError) as caught:
        Query.from_json({"parts": [part]})
    assert phrase in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pictures_of_several_people_are_one_answer_each() -> None:
    store = filled(
        {
            "/p/two.jpg": ("c1", [DOWN, LEFT]),
            "/p/one.jpg": ("c2", [BOTH]),
            "/p/three.jpg": ("c3", [LEFT, BOTH, DOWN]),
        }
    )
    hits = ask(store, WordsPart("two people with the left hand above the head"))
    assert names(hits) == ["three", "two"]
    assert np.diff([hit.match for hit in hits])[0] < -0.5
    assert hits[0].number in (1, 2)  # one of those who raise it
    kneeling = ask(store, WordsPart("two people"), WordsPart("right hand above the head"))
    assert kneeling[0].path.stem == "three"
