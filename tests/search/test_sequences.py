"""One pose after the other: how a text is split into steps, and which moments of a track are taken."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contrapposto.errors import QueryError
from contrapposto.poses.moments import Moment
from contrapposto.records import Box, Media, Person, SequenceResult, Shot
from contrapposto.search.candidates import Block, take_snapshot
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from contrapposto.search.ranking import _scorer, search, timelines
from contrapposto.search.sequence_part import SequencePart, Step, in_words
from contrapposto.search.sequence_scoring import SequenceScorer
from contrapposto.search.words_part import WordsPart
from contrapposto.store.exact import ExactStore
from contrapposto.store.rows import PeopleArrays, media_rows, moment_rows, shot_rows
from tests.search.people import pose

DOWN = pose()
UP = pose(left_elbow=(70, 20), left_wrist=(68, 0), right_elbow=(30, 20), right_wrist=(32, 0))
SIDE = pose(left_elbow=(90, 40), left_wrist=(120, 40), right_elbow=(10, 40), right_wrist=(-20, 40))
POSES = {"down": DOWN, "up": UP, "side": SIDE}
WORDS = {
    "down": "hands well below the shoulders",
    "up": "hands above the head",
    "side": "hands above the hips, hands below the head",
}

Row = tuple[int, int, float, float, str]
"""Shot, track, start, end, name of the pose."""


def film(
    *rows: Row, content: str = "film", path: str = "/films/a.mp4", store: ExactStore | None = None
) -> ExactStore:
    store = store or ExactStore()
    moments = [
        (
            shot,
            Moment(
                track, start, end, (start + end) / 2, Person(Box.around(POSES[name].keypoints), 0.9, POSES[name])
            ),
        )
        for shot, track, start, end, name in rows
    ]
    last = {shot: max(row[3] for row in rows if row[0] == shot) for shot, *_ in rows}
    from pathlib import Path

    media = Media(
        Path(path),
        Path("/films"),
        content,
        1,
        1,
        100,
        180,
        1,
        rows=len(rows),
        shots=len(last),
        duration=max(last.values()),
    )
    store.upsert("media", media_rows([media]))
    store.upsert("people", moment_rows(content, moments))
    store.upsert("shots", shot_rows(content, (Shot(number, 0.0, end, "cut") for number, end in last.items())))
    return store


def found(
    store: ExactStore, words: str, top: int = 10, unfold: bool = False
) -> list[tuple[int, float, float, float]]:
    """Shot, start, end and match of the answers."""
    hits = search(store, take_snapshot(store), Query((in_words(words),), top=top, unfold=unfold))
    return [
        (hit.shot.number if hit.shot else 0, hit.start or 0.0, hit.end or 0.0, round(hit.match, 2)) for hit in hits
    ]


def test_a_text_is_split_at_then() -> None:
    part = in_words("Arms down, then hands above the head within 2 s, and then kneeling within 1.5 seconds", 2.0)
    assert isinstance(part, SequencePart)
    assert [step.within for step in part.steps] == [None, 2.0, 1.5]
    texts = [step.part.words for step in part.steps if isinstance(step.part, WordsPart)]
    assert [WordsPart(text).understood for text in texts] == [
        WordsPart("arms down").understood,
        WordsPart("hands above the head").understood,
        "kneeling",
    ]
    assert part.weight == 2.0
    assert in_words(part.understood) == SequencePart(in_words(part.understood).steps)  # type: ignore[union-attr]
    assert in_words(part.understood).understood == part.understood


@pytest.mark.parametrize(
    ("text", "steps", "within"),
    [
        ("sitting followed by standing", 2, None),
        ("sitting; after that within a minute standing", 2, 60.0),
        ("sitting then standing then kneeling", 3, None),
        ("sitting, then standing within three sec", 2, 3.0),
        ("sitting, then standing within 500 ms", 2, 0.5),
        ("sitting, then standing within 250 milliseconds", 2, 0.25),
        ("sitting, then standing within 2 min", 2, 120.0),
    ],
)
def test_ways_to_say_it(text: str, steps: int, within: float | None) -> None:
    part = in_words(text)
    assert isinstance(part, SequencePart)
    assert len(part.steps) == steps
    assert part.steps[1].within == within


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("then standing", "before or after"),
        ("standing, then", "before or after"),
        ("standing within 2 s, then sitting", "first has none"),
        ("standing, then two people sitting", "one person"),
        ("standing, then sittting", "sittting"),
        ("standing, within 2 s sitting", 'join both with "then"'),
        ("standing, then sitting within bananas", "needs a time"),
        ("standing, then sitting within 2 s within 3 s", "twice"),
        (" then ".join(["standing"] * 11), "2 to 10 steps"),
    ],
)
def test_refused(text: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        in_words(text)


def test_only_in_this_order_of_one_person_in_one_shot() -> None:
    store = film(
        (1, 1, 0.0, 1.0, "down"), (1, 1, 1.0, 2.0, "up"),  # the one
        (2, 1, 2.0, 3.0, "up"), (2, 1, 3.0, 4.0, "down"),  # the wrong way round
        (3, 1, 4.0, 5.0, "down"), (3, 2, 5.0, 6.0, "up"),  # two people
        (4, 1, 6.0, 7.0, "down"), (5, 1, 7.0, 8.0, "up"),  # two shots
    )  # fmt: skip
    answers = found(store, f"{WORDS['down']}, then {WORDS['up']}")
    assert answers[0][:3] == (1, 0.0, 2.0)
    assert answers[0][3] > 0.8
    assert all(match < 0.3 for *_, match in answers[1:])


def test_within() -> None:
    store = film((1, 1, 0.0, 1.0, "down"), (1, 1, 1.0, 4.0, "side"), (1, 1, 4.0, 5.0, "up"))
    for within, good in [(2.5, False), (3.0, True), (9.0, True)]:
        (answer,) = found(store, f"{WORDS['down']}, then {WORDS['up']} within {within} s")
        assert (answer[3] > 0.8) == good, within


def test_every_step_says_when_and_why() -> None:
    store = film((1, 1, 0.0, 1.0, "down"), (1, 1, 1.0, 4.0, "side"), (1, 1, 4.0, 5.0, "up"))
    part = SequencePart((Step(PosePart(DOWN)), Step(PosePart(SIDE)), Step(WordsPart(WORDS["up"]), 2.0)))
    (hit,) = search(store, take_snapshot(store), Query((part,)))
    (why,) = hit.why
    assert isinstance(why, SequenceResult)
    assert [step.time for step in why.steps] == [0.5, 2.5, 4.5]
    assert [step.why.unit for step in why.steps] == ["px of 128", "px of 128", "posebits"]
    assert (why.distance, why.unit) == (4.0, "s")
    assert (hit.time, hit.start, hit.end, hit.number) == (0.5, 0.0, 5.0, 1)
    np.testing.assert_allclose(why.steps[2].pose.keypoints, UP.keypoints)


def test_json_there_and_back() -> None:
    part = SequencePart((Step(PosePart(DOWN)), Step(WordsPart("kneeling"), 2.0)), 0.5)
    query = Query((part, WordsPart("facing left")), top=3)
    back = Query.from_json(query.to_json())
    assert back.to_json() == query.to_json()
    for wrong, said in [
        ({"then": [{"words": "kneeling"}]}, "2 to 10 steps"),
        ({"then": "kneeling"}, "a list of steps"),
        ({"then": [{"words": "kneeling"}, {"words": "standing", "within": "2"}]}, "within"),
        ({"then": [{"words": "kneeling"}, {"words": "standing", "after": 2}]}, "after"),
        ({"then": [{"words": "kneeling"}, 7]}, "step 2 of part 1"),
        ({"then": [], "speed": 1}, "speed"),
    ]:
        with pytest.raises(QueryError, match=said):
            Query.from_json({"parts": [wrong]})


def test_people_in_photos_do_nothing_one_after_the_other() -> None:
    from contrapposto.store.rows import people_rows
    from tests.search.people import media

    store = film((1, 1, 0.0, 1.0, "down"), (1, 1, 1.0, 2.0, "up"))
    store.upsert("media", media_rows([media("/photos/a.jpg", "photo", 1)]))
    store.upsert("people", people_rows([("photo", [Person(Box.around(UP.keypoints), 0.9, UP)])]))
    assert len(found(store, f"{WORDS['down']}, then {WORDS['up']}")) == 1
    assert len(found(store, WORDS["up"])) == 2


def test_of_a_shot_the_best_moment_is_the_answer() -> None:
    store = film(
        (1, 1, 0.0, 1.0, "down"), (1, 1, 1.0, 2.0, "up"), (1, 1, 2.0, 2.5, "up"), (1, 2, 0.0, 2.0, "down"),
        (2, 1, 3.0, 4.0, "side"), (2, 1, 4.0, 5.0, "down"),
    )  # fmt: skip
    answers = found(store, WORDS["up"])
    assert [row[:2] for row in answers] == [(1, 1.0), (2, 3.0)]
    assert answers[0][2] == 2.5
    assert len(found(store, WORDS["up"], unfold=True)) == 6


def test_people_at_one_time_in_films() -> None:
    """Of a film, who is in the same shot at the same second counts as in the picture."""
    store = film(
        (1, 1, 0.0, 2.0, "up"), (1, 2, 1.0, 3.0, "up"), (1, 1, 2.0, 4.0, "down"),
        (2, 1, 4.0, 5.0, "up"), (2, 2, 6.0, 7.0, "up"),
    )  # fmt: skip
    (answer, *others) = found(store, "two people with hands above the head")
    assert answer[0] == 1
    assert answer[3] > 0.8
    assert [row for row in others if row[3] > 0.3] == []
    assert [row[0] for row in found(store, "alone, hands above the head") if row[3] > 0.8] == [2]


def test_timelines() -> None:
    store = film((1, 1, 0.0, 1.0, "down"), (1, 1, 1.0, 2.0, "up"), (2, 1, 2.0, 4.0, "down"))
    film((1, 1, 0.0, 9.0, "up"), content="other", path="/films/b.mp4", store=store)
    snapshot = take_snapshot(store)
    query = Query((in_words(WORDS["up"]),))
    lines = timelines(store, snapshot, query, [hit.path for hit in search(store, snapshot, query)])
    assert [(line.path.name, line.duration, len(line.shots)) for line in lines] == [
        ("a.mp4", 4.0, 2),
        ("b.mp4", 9.0, 1),
    ] or [line.path.name for line in lines] == ["b.mp4", "a.mp4"]
    line = next(one for one in lines if one.path.name == "a.mp4")
    curve = line.over_time(8)
    assert (curve[2:4] > 0.8).all()
    assert (np.delete(curve, [2, 3]) < 0.3).all()
    sequence = Query((in_words(f"{WORDS['down']}, then {WORDS['up']}"),))
    (line,) = timelines(store, snapshot, sequence, [line.path])
    curve = line.over_time(8)
    assert (curve[:4] > 0.8).all()
    assert (curve[4:] == 0).all()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(1, 2), st.integers(1, 2), st.sampled_from(["down", "up", "side"])),
        min_size=1,
        max_size=14,
    ),
    asked=st.lists(st.sampled_from(["down", "up", "side"]), min_size=2, max_size=3),
    within=st.sampled_from([None, 0.0, 1.0, 2.5]),
)
def test_against_all_chains(rows: list[tuple[int, int, str]], asked: list[str], within: float | None) -> None:
    """The best chain of every moment, by trying all."""
    clock: dict[tuple[int, int], float] = {}
    made: list[Row] = []
    for shot, track, name in rows:
        start = clock.get((shot, track), 0.0)
        made.append((shot, track, start, start + 1.0, name))
        clock[shot, track] = start + 1.0
    people = PeopleArrays.from_table(film(*made).read("people", PeopleArrays.COLUMNS))
    order = np.argsort(people.numbers)
    people = people.take(order)
    block = Block(people, np.zeros(len(made), np.intp))
    steps = [Step(WordsPart(WORDS[name]), within if place else None) for place, name in enumerate(asked)]
    score = SequenceScorer(SequencePart(tuple(steps)), block, _scorer).exact(np.arange(len(made)))
    matches = [_scorer(step.part, block).exact(np.arange(len(made))).matches for step in steps]
    for first in range(len(made)):
        best = np.nan
        for later in product(range(len(made)), repeat=len(asked) - 1):
            chain = (first, *later)
            if all(
                made[one][:2] == made[two][:2]
                and made[two][2] > made[one][2]
                and (within is None or made[two][2] - made[one][3] <= within + 1e-6)
                for one, two in pairwise(chain)
            ):
                value = np.prod([of[row] for of, row in zip(matches, chain, strict=True)]) ** (1 / len(asked))
                best = np.nanmax([best, value])
        assert score.matches[first] == pytest.approx(np.nan_to_num(best))
        assert np.isfinite(score.order[first]) == np.isfinite(best)
