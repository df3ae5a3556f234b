"""The protocol of searching in words: precision by hand, questions of hand-made answers, and whole runs."""

from __future__ import annotations

import csv
import json
import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.evaluation import joints3d, words, words_people
from contrapposto.evaluation.datasets import read_keypoint_set
from contrapposto.evaluation.people3d import MIN_SEEN
from contrapposto.evaluation.words import evaluate_words
from contrapposto.evaluation.words_methods import by_chance, by_hamming, by_mean_query, by_probability
from contrapposto.evaluation.words_metrics import DEPTH, mean_precision, precision
from contrapposto.evaluation.words_people import development, photographed_people, read_people, truth
from contrapposto.evaluation.words_questions import (
    CONJUNCTIONS,
    LEAST_MEETING,
    LEAST_OF_EACH,
    Answers,
    Question,
    conjunctions,
    single_questions,
)
from contrapposto.language.conditions import Bit
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.posebits.table import INDEX, POSEBITS
from contrapposto.training.poses3d import BANDAI, CMU
from tests.training.motion import write_table

nan = math.nan
few = settings(max_examples=20, derandomize=True, deadline=None, database=None)
UP, TURNED = Bit("left_wrist_above_head"), Bit("facing_left")


def bits(*values: object) -> NDArray[np.bool_]:
    return np.array(values, bool)


@pytest.fixture(scope="module")
def motion_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poses3d")
    write_table(folder / BANDAI, clips=("wave_001", "walk_001"))
    write_table(folder / CMU)
    return folder


@pytest.fixture
def few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_people, "VIEWS", 300)
    monkeypatch.setattr("contrapposto.evaluation.words_questions.CONJUNCTIONS", 20)


def test_precision_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0, -1.0])
    meets = bits(1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1)
    expected = [1, 1 / 2, 2 / 3, 3 / 4, 3 / 5, 3 / 6, 3 / 7, 3 / 8, 3 / 9, 3 / 10]
    np.testing.assert_allclose(precision(scores, meets), expected)
    order = np.random.default_rng(0).permutation(len(scores))
    np.testing.assert_allclose(precision(scores[order], meets[order]), expected)


def test_precision_of_a_tie_by_hand() -> None:
    """One ahead who does not meet it, then four alike of whom one does: each of the next places has a quarter."""
    scores = np.array([2, 1, 1, 1, 1, *[0] * 5, nan])
    meets = bits(0, 1, 0, 0, 0, *[1] * 5, 0)
    expected = [0, 1 / 8, 2 / 12, 3 / 16, 1 / 5, 2 / 6, 3 / 7, 4 / 8, 5 / 9, 6 / 10]
    np.testing.assert_allclose(precision(scores, meets), expected)


def test_what_is_unknown_comes_last() -> None:
    scores = np.array([nan, nan, *np.linspace(-5, -4, 10)])
    assert precision(scores, bits(1, 1, *[0] * 10)).tolist() == [0.0] * DEPTH
    np.testing.assert_allclose(precision(np.full(12, nan), bits(1, 1, 1, *[0] * 9)), 0.25)


@few
@given(seed=st.integers(0, 2**32 - 1))
def test_ties_are_the_mean_of_all_orders(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores = np.concatenate([random.integers(0, 2, 5), [-1, -2, -3, -4, -5, -6]]).astype(float)
    meets = random.random(11) < 0.5
    every_order = []
    for order in permutations(range(5)):
        rows = sorted(order, key=lambda row: -scores[row])  # a stable sort keeps the order of equal ones
        every_order.append(np.cumsum(meets[[*rows, *range(5, 10)]]) / np.arange(1, 11))
    np.testing.assert_allclose(precision(scores, meets), np.mean(every_order, axis=0))


@few
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.3, 0.7))
def test_a_perfect_order_an_inverted_one_and_chance(seed: int, share: float) -> None:
    meets = np.random.default_rng(seed).random(100) < share
    assert precision(meets.astype(float), meets).tolist() == [1.0] * DEPTH
    assert precision(1.0 - meets, meets).tolist() == [0.0] * DEPTH
    np.testing.assert_allclose(precision(np.zeros(100), meets), meets.mean())


def test_means_over_questions_by_hand() -> None:
    questions = [
        Question("above", (UP,)),
        Question("above", (Bit(UP.name, False),)),
        Question("view", (TURNED,)),
        Question("two", (UP, TURNED)),
    ]
    precisions = np.repeat([[1.0], [0.5], [0.0], [0.2]], DEPTH, axis=1)
    means = mean_precision(questions, precisions)
    assert means["precision@1"] == 0.5
    assert means["precision@10/above"] == 0.75
    assert means["precision@3/view"] == 0
    assert means["precision@1/two"] == 0.2
    assert (means["precision@1/true"], means["precision@1/false"]) == (0.5, 0.5)
    assert list(means)[:DEPTH] == [f"precision@{k}" for k in range(1, 11)]


def answers(count: int) -> Answers:
    """Nothing is known of `count` people."""
    return Answers(np.zeros((count, len(POSEBITS)), bool), np.zeros((count, len(POSEBITS)), bool))


def test_a_posebit_is_asked_when_enough_people_are_on_both_sides() -> None:
    made = answers(2 * LEAST_OF_EACH)
    for bit, true, known in (
        (UP, LEAST_OF_EACH, 2 * LEAST_OF_EACH),
        (TURNED, LEAST_OF_EACH, 2 * LEAST_OF_EACH - 1),
    ):
        made.true[:true, INDEX[bit.name]] = True
        made.known[:known, INDEX[bit.name]] = True
    asked = single_questions(made)
    assert [question.conditions for question in asked] == [(UP,), (Bit(UP.name, False),)]
    assert {question.family for question in asked} == {"above"}


def test_who_meets_a_conjunction_and_of_whom_it_is_known() -> None:
    made = answers(6)
    up, turned = INDEX[UP.name], INDEX[TURNED.name]
    made.true[:, up], made.known[:, up] = bits(1, 1, 1, 0, 0, 0), bits(1, 1, 1, 1, 1, 0)
    made.true[:, turned], made.known[:, turned] = bits(0, 1, 0, 0, 0, 1), bits(1, 1, 0, 1, 0, 1)
    meets, known = made.meet((UP, Bit(TURNED.name, False)))
    assert meets.tolist() == [True, False, False, False, False, False]
    assert known.tolist() == [True, True, False, True, True, True]


def test_conjunctions_differ_and_are_met_and_have_one_condition_a_subject() -> None:
    random = np.random.default_rng(0)
    made = Answers(random.random((400, len(POSEBITS))) < 0.5, np.ones((400, len(POSEBITS)), bool))
    singles = single_questions(made)
    for family, size in (("two", 2), ("four", 4)):
        asked = conjunctions(made, singles, family)
        assert len({frozenset(question.conditions) for question in asked}) == len(asked) == CONJUNCTIONS
        for question in asked:
            assert len({bit.row.subject for bit in question.conditions}) == size
            assert made.meet(question.conditions)[0].sum() >= LEAST_MEETING
        assert asked == conjunctions(made, singles, family)
    assert conjunctions(made, singles[:1], "two") == []


def gallery(wrists: list[float]) -> People:
    """Standing people in the picture whose left wrists are so many pixels above the nose; NaN for unseen."""
    points = np.full((len(wrists), 17, 2), nan)
    points[:, 0] = 0
    for joint, place in ((5, (-20, 30)), (6, (20, 30)), (11, (-15, 100)), (12, (15, 100))):
        points[:, joint] = place
    points[:, 9] = [[-30 + 0 * up, -up] for up in wrists]
    return People(Figures(points, np.full((len(wrists), 17, 3), nan)), np.isfinite(points[..., 0]).astype(float))


def test_each_method_on_people_by_hand() -> None:
    people = gallery([-80, 60, nan, 5, -5])
    chances = by_probability(people)(Question("above", (UP,)))
    assert np.argsort(-chances).tolist() == [1, 3, 4, 0, 2]
    assert np.isnan(chances[2])
    distances = by_hamming(people)(Question("above", (UP,)))
    np.testing.assert_array_equal(distances, [-1, 0, nan, 0, -1])
    np.testing.assert_array_equal(
        by_hamming(people)(Question("above", (Bit(UP.name, False),))), [0, -1, nan, -1, 0]
    )
    two = by_hamming(people)(Question("two", (UP, TURNED)))  # nothing is known of the second without 3D
    np.testing.assert_allclose(two, [-4 / 3, -1 / 3, nan, -1 / 3, -4 / 3])
    assert not by_chance(people)(Question("above", (UP,))).any()


def test_the_mean_query_by_hand() -> None:
    learned = answers(3)
    up, shoulder = INDEX[UP.name], INDEX["left_wrist_above_left_shoulder"]
    learned.known[:, [up, shoulder]] = True
    learned.true[:, up], learned.true[:, shoulder] = bits(1, 1, 0), bits(1, 0, 0)
    scores = by_mean_query(gallery([60, -10, -80, nan]), learned)(Question("above", (UP,)))
    # The mean of the two who meet it is (1, .5); the people are (1, 1), (0, 1), (0, 0) and unknown.
    np.testing.assert_allclose(scores, [-0.25, -0.75, -0.75, nan])


@pytest.mark.usefixtures("few_people")
def test_a_run_on_motion_capture(motion_folder: Path, tmp_path: Path) -> None:
    summary = evaluate_words(motion_folder, out=tmp_path / "runs")
    measures = summary["measures"]
    assert (summary["task"], summary["split"], summary["n"]) == ("words", "bandai", 300)
    assert set(measures) == {"probability", "hamming", "mean-query", "chance", "probability-true", "hamming-true"}
    for k in (1, 5, 10):
        assert measures["chance"][f"precision@{k}"] == pytest.approx(0.5)
    for size in ("", "/two", "/three"):
        name = f"precision@10{size}"
        assert measures["probability-true"][name] > measures["probability"][name] > measures["chance"][name]
        assert measures["hamming-true"][name] > measures["hamming"][name] > measures["chance"][name]
    with (tmp_path / "runs" / "chance" / "per_query.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(float(row["precision@7"]) == pytest.approx(int(row["meet"]) / int(row["gallery"])) for row in rows)
    assert {row["family"] for row in rows} >= {"angle", "above", "two", "three", "four"}
    assert evaluate_words(motion_folder, out=tmp_path / "runs") == summary


@pytest.mark.usefixtures("few_people")
def test_true_joints_in_place_of_found_ones_answer_every_question(motion_folder: Path) -> None:
    people = read_people(motion_folder)
    made = Answers.true_of(truth(people))
    scorer = by_hamming(People(truth(people), people.true.scores))
    for question in single_questions(made):
        if question.family in ("angle", "compare"):  # estimated angles are put right before they are compared
            continue
        meets, known = made.meet(question.conditions)
        assert precision(scorer(question)[known], meets[known]).tolist() == [1.0] * DEPTH


def test_true_angles_are_taken_as_they_are() -> None:
    row = next(row for row in POSEBITS if row.measure == "angle" and row.points[1] == "left_elbow" and not row.over)
    points = np.full((3, 17, 3), nan)
    for joint, angle in ((5, 0.0), (7, None), (9, row.threshold)):
        for person, change in enumerate((-1.0, 1.0, nan)):
            turn = np.deg2rad((angle or 0) + (change if joint == 9 else 0))
            points[person, joint] = 0 if angle is None else (np.cos(turn), np.sin(turn), 0)
    made = Answers.true_of(Figures(np.full((3, 17, 2), nan), points))
    assert made.true[:, INDEX[row.name]].tolist() == [True, False, False]
    assert made.known[:, INDEX[row.name]].tolist() == [True, True, False]


@pytest.mark.usefixtures("few_people")
def test_the_development_set_is_other_people(motion_folder: Path, tmp_path: Path) -> None:
    people = read_people(motion_folder, "cmu")
    others = development(motion_folder, people)
    assert others is not None
    assert len(others) == 300
    assert not np.isclose(others.keypoints[:, None, 0], people.true.keypoints[None, :, 0]).all(axis=2).any()
    write_table(tmp_path / BANDAI)
    assert development(tmp_path, read_people(tmp_path)) is None
    with pytest.raises(DataError, match="'mean-query' needs a development set"):
        evaluate_words(tmp_path, methods=("mean-query",))


def photos(folder: Path, keypoints: NDArray[np.float64]) -> Path:
    """A keypoint set with one person (17, 2) a photo."""
    from PIL import Image

    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for number, points in enumerate(keypoints):
        Image.new("RGB", (64, 64)).save(folder / "images" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 64, "height": 64})
        seen = np.isfinite(points[:, 0])
        triples = np.column_stack([np.nan_to_num(points), 2 * seen]).ravel().tolist()
        annotations.append({"id": number, "image_id": number, "keypoints": triples, "bbox": [0, 0, 64, 64]})
    text = json.dumps({"images": images, "annotations": annotations})
    (folder / "persons.json").write_text(text, encoding="utf-8")
    return folder


def test_photos_are_asked_in_the_picture_only(tmp_path: Path) -> None:
    points = np.random.default_rng(0).uniform(5, 60, (150, 17, 2))
    points[:, :5] = nan  # no face: what needs a head cannot be asked
    points[0, MIN_SEEN:] = nan
    data = photos(tmp_path / "photos", points)
    people = read_people(data)
    assert len(people.names) == 149
    asked = single_questions(Answers.true_of(truth(people)))
    assert {question.conditions[0].row.frame for question in asked} == {"picture"}
    assert all("head" not in question.conditions[0].row.points for question in asked)
    assert len(asked) > 10
    with pytest.raises(DataError, match="'hamming-true' needs true 3D"):
        evaluate_words(data, methods=("hamming-true",))
    assert development(data, people) is None


def test_photos_whose_people_are_found_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(1).uniform(5, 60, (200, 17, 2))
    points[np.random.default_rng(2).random((200, 17)) < 0.05] = nan
    data = photos(tmp_path / "photos", points)
    monkeypatch.setattr(joints3d, "detected", lambda people, _: people.true)
    summary = evaluate_words(data, out=tmp_path / "runs")
    assert (summary["n"], set(summary["measures"])) == (200, {"probability", "hamming", "chance"})
    for method in ("probability", "hamming"):
        assert all(
            value == 1
            for name, value in summary["measures"][method].items()
            if not name.endswith(("two", "three", "four"))
        )
    conjunctions = [summary["measures"]["hamming"][f"precision@5/{size}"] for size in ("two", "three", "four")]
    assert conjunctions == [1, 1, 1]


def test_what_cannot_be_asked_is_said(tmp_path: Path) -> None:
    data = photos(tmp_path / "photos", np.full((2, 17, 2), nan))
    dataset = read_keypoint_set(data)
    with pytest.raises(DataError, match="nobody with 6 annotated keypoints"):
        photographed_people("photos", None, dataset.items)
    with pytest.raises(DataError, match="did you mean 'hamming'"):
        evaluate_words(data, methods=("haming",))
    small = photos(tmp_path / "small", np.random.default_rng(0).uniform(5, 60, (20, 17, 2)))
    with pytest.raises(DataError, match="no posebit is true of 55 people"):
        words.evaluate_words(small, methods=("chance",))
