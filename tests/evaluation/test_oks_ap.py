"""Average precision: worked examples, and the field's own evaluator on random people."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from contrapposto.evaluation.datasets import AnnotatedPerson, Item
from contrapposto.evaluation.oks_ap import average_precision
from contrapposto.geometry import oks
from contrapposto.records import Box

AREA = 10_000.0
Points = NDArray[np.float64]


def pose(x: float = 0.0, y: float = 0.0) -> Points:
    """17 keypoints in a box of 100 x 200 pixels whose corner is x, y."""
    across = np.array([50, 52, 48, 55, 45, 70, 30, 80, 20, 90, 10, 60, 40, 62, 38, 64, 36], float)
    down = np.array([10, 8, 8, 9, 9, 40, 40, 70, 70, 100, 100, 105, 105, 150, 150, 195, 195], float)
    return np.column_stack([across + x, down + y])


def item(*keypoints: Points, listed: bool = True, area: float = AREA) -> Item:
    people = []
    for points in keypoints:
        seen = points[np.isfinite(points[:, 0])]
        box = Box.around(seen) if len(seen) else Box(300, 300, 50, 80)
        people.append(AnnotatedPerson(points, box, area))
    return Item(Path("photo.jpg"), 640, 480, None, tuple(people), listed)


def at_oks(true: Points, similarity: float) -> Points:
    """The pose moved so that its OKS is `similarity`, by bisection on a shift of all keypoints."""
    low, high = 0.0, 500.0
    for _ in range(60):
        middle = (low + high) / 2
        if oks(true + np.array([middle, 0]), true, AREA) > similarity:
            low = middle
        else:
            high = middle
    return true + np.array([low, 0])


def test_everybody_found_exactly() -> None:
    found = average_precision(
        [pose()[None], pose(9)[None]], [np.ones(1), np.ones(1)], [item(pose()), item(pose(9))]
    )
    assert found == pytest.approx({"ap": 1, "ap50": 1, "ap75": 1, "ar": 1})


def test_one_person_at_an_oks_of_0_72() -> None:
    """Right at .5, .55, .6, .65 and .7, wrong above: half of the thresholds."""
    found = average_precision([at_oks(pose(), 0.72)[None]], [np.ones(1)], [item(pose())])
    assert found == pytest.approx({"ap": 0.5, "ap50": 1, "ap75": 0, "ar": 0.5})


def test_a_surer_false_person_costs_precision_a_less_sure_one_does_not() -> None:
    """Of two people one is found, at rank 2: precision 1/2 up to a recall of 1/2 (51 of the 101 recalls)."""
    people = np.stack([pose(2000), pose()])
    truth = [item(pose(), pose(0, 500))]
    worse = average_precision([people], [np.array([0.9, 0.4])], truth)
    assert worse == pytest.approx({"ap": 51 / 101 / 2, "ap50": 51 / 101 / 2, "ap75": 51 / 101 / 2, "ar": 0.5})
    better = average_precision([people], [np.array([0.3, 0.4])], truth)
    assert better == pytest.approx({"ap": 51 / 101, "ap50": 51 / 101, "ap75": 51 / 101, "ar": 0.5})


def test_people_are_ranked_over_all_photos() -> None:
    """The false person of one photo comes before, or after, the right one of the other."""
    predictions = [pose(2000)[None], pose()[None]]
    truth = [item(), item(pose())]
    assert average_precision(predictions, [np.array([0.9]), np.array([0.8])], truth)["ap"] == pytest.approx(0.5)
    assert average_precision(predictions, [np.array([0.7]), np.array([0.8])], truth)["ap"] == pytest.approx(1)


def test_a_person_is_taken_once() -> None:
    """Two found on the same person: the surer is right, the other false, whichever lies nearer."""
    people = np.stack([at_oks(pose(), 0.99), pose()])
    assert average_precision([people], [np.array([0.9, 0.8])], [item(pose())])["ar"] == pytest.approx(1)
    both = average_precision([people], [np.array([0.9, 0.8])], [item(pose(), pose(0, 700))])
    assert both["ap50"] == pytest.approx(51 / 101)
    assert both["ar"] == pytest.approx(0.5)


def test_who_is_not_listed_is_not_held_against_those_found() -> None:
    people, sure = [np.stack([pose(2000), pose()])], [np.array([0.9, 0.4])]
    assert average_precision(people, sure, [item(pose(), listed=True)])["ap"] == pytest.approx(0.5)
    assert average_precision(people, sure, [item(pose(), listed=False)])["ap"] == pytest.approx(1)
    boxed = average_precision(people, sure, [item(pose(), listed=False)], nobody_else=True)
    assert boxed["ap"] == pytest.approx(0.5)


def test_people_with_too_few_keypoints_count_neither_way() -> None:
    few = np.full((17, 2), np.nan)
    few[0] = pose(0, 700)[0]
    people, sure = [np.stack([pose(0, 700), pose()])], [np.array([0.9, 0.4])]
    assert average_precision(people, sure, [item(few, pose())])["ap"] == pytest.approx(1)
    assert average_precision(people, sure, [item(few, pose())], 2)["ap"] == pytest.approx(1)
    assert average_precision([pose()[None]], [np.ones(1)], [item(few, pose())])["ar"] == pytest.approx(0.5)
    assert average_precision([pose()[None]], [np.ones(1)], [item(few, pose())], 2)["ar"] == pytest.approx(1)


def test_only_the_surest_twenty_of_a_photo_are_looked_at() -> None:
    crowd = np.stack([pose(3000)] * 20 + [pose()])
    assert average_precision([crowd], [np.arange(21)[::-1] / 21], [item(pose())])["ar"] == 0
    assert average_precision([crowd[1:]], [np.arange(20)[::-1] / 20], [item(pose())])["ar"] == 1


def test_nobody() -> None:
    assert average_precision([], [], []) == {}
    assert average_precision([np.zeros((0, 17, 2))], [np.zeros(0)], [item()]) == {}
    missed = average_precision([np.zeros((0, 17, 2))], [np.zeros(0)], [item(pose())])
    assert missed == {"ap": 0, "ap50": 0, "ap75": 0, "ar": 0}


FAR = 1e4
"""Pixels. COCO passes over people whose keypoints spread over more than 1e10 pixels squared."""


def by_pycocotools(
    predictions: list[Points], scores: list[NDArray[np.float64]], truth: list[Item], least: int = 1
) -> dict[str, float]:
    """The same by COCO's evaluator. Keypoints that are not seen lie far away. A photo with unlisted people gets a
    crowd region around everything; someone with too few labelled keypoints is marked as such."""
    annotations: list[dict[str, Any]] = []
    results: list[dict[str, Any]] = []
    for image, (one, found, sure) in enumerate(zip(truth, predictions, scores, strict=True), start=1):
        for person in one.people:
            seen = np.isfinite(person.keypoints[:, 0])
            box = person.box
            annotations.append(
                {
                    "keypoints": triples(person.keypoints, seen),
                    "num_keypoints": int(seen.sum()) if seen.sum() >= least else 0,
                    "bbox": [box.x, box.y, box.width, box.height],
                    "area": person.area,
                    "iscrowd": 0,
                    "image_id": image,
                }
            )
        if not one.all_people_listed:
            everywhere = [-FAR, -FAR, 4 * FAR, 4 * FAR]
            crowd = {"keypoints": [0] * 51, "num_keypoints": 0, "bbox": everywhere, "area": 1e12, "iscrowd": 1}
            annotations.append({**crowd, "image_id": image})
        for points, score in zip(found, sure, strict=True):
            placed = np.where(np.isfinite(points), points, FAR)
            results.append(
                {
                    "image_id": image,
                    "category_id": 1,
                    "keypoints": triples(placed, np.ones(17, bool)),
                    "score": float(score),
                }
            )
    for number, annotation in enumerate(annotations, start=1):
        annotation |= {"id": number, "category_id": 1}
    with contextlib.redirect_stdout(io.StringIO()):
        known = COCO()
        known.dataset = {
            "images": [{"id": number, "width": 640, "height": 480} for number in range(1, len(truth) + 1)],
            "annotations": annotations,
            "categories": [{"id": 1, "name": "person"}],
        }
        known.createIndex()
        evaluator = COCOeval(known, known.loadRes(results), "keypoints")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    stats = evaluator.stats
    return {"ap": stats[0], "ap50": stats[1], "ap75": stats[2], "ar": stats[5]}


def triples(points: Points, seen: NDArray[np.bool_]) -> list[float]:
    """x, y, 2 of each keypoint, zeros where unseen."""
    rows = np.column_stack([np.where(seen[:, None], points, 0.0), np.where(seen, 2.0, 0.0)])
    return [float(value) for value in rows.ravel()]


def random_photos(seed: int) -> tuple[list[Points], list[NDArray[np.float64]], list[Item]]:
    """Photos of up to four people near each other, some without keypoints, and people found more or less near them,
    twice, or anywhere, some keypoints unseen, with scores of which many are equal."""
    rng = np.random.default_rng(seed)
    predictions, scores, truth = [], [], []
    for _ in range(30):
        people = [pose(*rng.uniform(0, 150, 2)) for _ in range(rng.integers(0, 5))]
        found = [people[row] for row in rng.integers(0, len(people), rng.integers(0, 6))] if people else []
        found = [points + rng.normal(0, rng.choice([0, 3, 12]), (17, 2)) + rng.normal(0, 2, 2) for points in found]
        found += [pose(*rng.uniform(0, 500, 2)) for _ in range(rng.integers(0, 2))]
        for points in [*people, *found]:
            points[rng.random(17) < rng.choice([0.0, 0.0, 0.3])] = np.nan
        for points in people:
            points[:] = np.where(rng.random() < 0.2, np.nan, points)
        area = float(rng.uniform(2_000, 12_000))
        truth.append(item(*people, listed=bool(rng.random() < 0.7), area=area))
        predictions.append(np.array(found).reshape(-1, 17, 2))
        scores.append(rng.integers(0, 12, len(found)) / 12)
    return predictions, scores, truth


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("least", [1, 9])
def test_as_the_evaluator_of_coco(seed: int, least: int) -> None:
    predictions, scores, truth = random_photos(seed)
    mine = average_precision(predictions, scores, truth, least)
    assert mine == pytest.approx(by_pycocotools(predictions, scores, truth, least), abs=1e-6)
    assert 0.02 < mine["ap"] < mine["ap50"] < 0.98


def test_the_worked_examples_are_as_the_evaluator_of_coco_has_them() -> None:
    for predictions, scores, truth in [
        ([at_oks(pose(), 0.72)[None]], [np.ones(1)], [item(pose())]),
        ([np.stack([pose(2000), pose()])], [np.array([0.9, 0.4])], [item(pose(), pose(0, 500))]),
        ([np.stack([pose(2000), pose()])], [np.array([0.9, 0.4])], [item(pose(), listed=False)]),
        ([pose(2000)[None], pose()[None]], [np.array([0.9]), np.array([0.8])], [item(), item(pose())]),
    ]:
        wanted = by_pycocotools(predictions, scores, truth)
        assert average_precision(predictions, scores, truth) == pytest.approx(wanted, abs=1e-6)
