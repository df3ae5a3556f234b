"""`contrapposto evaluate keypoints` with given boxes, and with networks that were trained."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contrapposto.evaluation.boxes import NOBODY, PersonBox, annotated_boxes, read_detections
from contrapposto.evaluation.datasets import read_keypoint_set
from contrapposto.poses import weights_digest
from contrapposto.records import Box
from contrapposto.skeleton import KEYPOINTS
from tests.cli.conftest import Program
from tests.cli.test_evaluate import keypoint_set
from tests.poses.small_networks import write_cascade, write_heatmaps

SPOTS = [(60, 80), (100, 60), (140, 100)]


def lit(folder: Path) -> Path:
    """Three photos of 200 x 160 with a light spot each, at which all 17 keypoints of the first person are
    annotated; a second person has keypoints in the last photo only, a third none. The box is 64 x 64."""
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for number, (x, y) in enumerate(SPOTS, start=7):
        picture = np.zeros((160, 200, 3), np.uint8)
        picture[y - 2 : y + 2, x - 2 : x + 2] = 255
        Image.fromarray(picture).save(folder / f"images/{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": 200, "height": 160})
        people = [[x, y, 2] * 17, [x, y, 2] * 17 if number == 9 else [0] * 51, [0] * 51]
        for keypoints in people:
            annotations.append(
                {
                    "image_id": number,
                    "category_id": 1,
                    "bbox": [x - 32, y - 32, 64, 64],
                    "keypoints": keypoints,
                    "num_keypoints": sum(keypoints[2::3]) // 2,
                    "area": 2000.0,
                    "iscrowd": 0,
                }
            )
    categories = [{"id": 1, "name": "person", "keypoints": list(KEYPOINTS)}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "persons.json").write_text(json.dumps(content))
    return folder


def detections(path: Path, *rows: tuple[Any, tuple[int, int, int, int], float], category: int = 1) -> Path:
    content = [{"image_id": i, "category_id": category, "bbox": list(box), "score": s} for i, box, s in rows]
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return lit(tmp_path / "lit")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_heatmaps(tmp_path / "heatmap.onnx")


def measures(program: Program, *arguments: object) -> tuple[str, dict[str, float]]:
    outcome = program("evaluate", "keypoints", *arguments, "--json")
    assert outcome.status == 0, outcome.err
    ((method, found),) = outcome.json["measures"].items()
    return method, found


def test_given_boxes(program: Program, data: Path, network: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    method, found = measures(program, "--data", data, "--boxes", "given", "--estimator", network, "--out", run)
    assert method == "heatmap-given"
    assert found["recall@oks0.5"] == 1
    assert found["ap50"] == found["ap"] == pytest.approx(1)
    assert "people_per_image" not in found
    rows = list(csv.DictReader((run / "per_query.csv").read_text().splitlines()))
    assert [(row["file"], row["person"], row["prediction"]) for row in rows] == [
        ("7.png", "0", "0"),
        ("8.png", "0", "0"),
        ("9.png", "0", "0"),
        ("9.png", "1", "1"),
    ]
    config = json.loads((run / "config.json").read_text())
    assert config["settings"]["boxes"] == "given"
    assert set(config["weights"]) == {"pose-weights"}
    other = write_heatmaps(tmp_path / "other.onnx", joints=12)
    again = program("evaluate", "keypoints", "--data", data, "--boxes", "given", "--estimator", other, "--out", run)
    assert again.status == 2
    assert "another configuration (weights.pose-weights" in again.err


def test_the_keypoints_of_a_face_that_a_network_does_not_know_are_wrong(
    program: Program, data: Path, tmp_path: Path
) -> None:
    limbs = write_heatmaps(tmp_path / "limbs.onnx", joints=12)
    _, found = measures(
        program, "--data", data, "--boxes", "given", "--estimator", "heatmap", "--pose-weights", limbs
    )
    assert 0.5 < found["oks"] <= 12 / 17


def test_a_cascade(program: Program, data: Path, tmp_path: Path) -> None:
    """It says that all joints are in the middle of the box, which is right; then that they are beside it."""
    middle = write_cascade(tmp_path / "middle", np.zeros((17, 2)))
    method, found = measures(program, "--data", data, "--boxes", "given", "--estimator", middle)
    assert method == "deeppose-given"
    assert found["oks"] == pytest.approx(1, abs=1e-4)
    beside = write_cascade(tmp_path / "beside", np.zeros((17, 2)), np.full((17, 2), 9.0))
    assert measures(program, "--data", data, "--boxes", "given", "--estimator", beside)[1]["oks"] < 0.1


def test_boxes_of_a_detector(program: Program, data: Path, network: Path, tmp_path: Path) -> None:
    boxes = [(x - 30, y - 30, 60, 60) for x, y in SPOTS]
    file = detections(
        tmp_path / "boxes.json",
        (7, boxes[0], 0.9),
        (7, boxes[0], 0.8),  # the same person once more
        ("8.png", boxes[1], 0.7),
        (99, boxes[1], 0.7),
        (9, (0, 0, 20, 20), 0.6),  # where nobody is
    )
    run = tmp_path / "run"
    arguments = ["--data", data, "--boxes", file, "--estimator", network]
    method, found = measures(program, *arguments, "--out", run)
    assert method == "heatmap-detections"
    assert found["recall@oks0.5"] == 2 / 4
    assert found["people_per_image"] == 1, "who is found twice is one"
    assert found["ap50"] == pytest.approx(51 / 101)
    detections(file, (7, boxes[0], 0.9))
    refused = program("evaluate", "keypoints", *arguments, "--out", run)
    assert "another configuration (settings.boxes" in refused.err


def test_found_with_a_trained_network(program: Program, data: Path, network: Path) -> None:
    """The people are found by the estimator (here: drawn ones, of which there are none)."""
    method, found = measures(program, "--data", data, "--estimator", "heatmap", "--pose-weights", network)
    assert method == "heatmap"
    assert found["people_per_image"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--boxes", "given", "--accurate"], "the accurate setting finds more people"),
        (["--boxes", "nowhere.json"], "nowhere.json: not a COCO file of detections"),
        (["--boxes", "persons.json"], "not a COCO file of detections"),
        (["--boxes", "foreign.json"], "has no person in any of these photos"),
        (["--boxes", "animals.json"], "has no person in any of these photos"),
        (["--estimator", "posenet"], "no estimator or file 'posenet'"),
        (["--estimator", "deeppose"], "no network of deeppose comes with this program"),
        (["--estimator", "persons.json", "--boxes", "given"], "cannot be read as ONNX"),
    ],
)
def test_wrong_use(
    program: Program, data: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(data)
    detections(data / "images/foreign.json", (1, (0, 0, 9, 9), 1.0)).rename(data.parent / "foreign.json")
    detections(data.parent / "animals.json", (7, (0, 0, 9, 9), 1.0), category=18)
    places = {name: data.parent / name for name in ("foreign.json", "animals.json")}
    outcome = program("evaluate", "keypoints", "--data", data, *(places.get(word, word) for word in arguments))
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_boxes_of_a_set(data: Path, tmp_path: Path) -> None:
    items = read_keypoint_set(data).items
    given = annotated_boxes(items)
    assert [[box.person for box in photo] for photo in given] == [[0], [0], [0, 1]]
    assert given[0][0] == PersonBox(Box(28, 48, 64, 64), 1.0, 0)
    file = detections(tmp_path / "boxes.json", (9, (1, 2, 3, 4), 0.5), ("7.png", (5, 6, 7, 8), 0.25))
    assert read_detections(file, items) == [
        [PersonBox(Box(5, 6, 7, 8), 0.25, NOBODY)],
        [],
        [PersonBox(Box(1, 2, 3, 4), 0.5, NOBODY)],
    ]
    assert read_detections(detections(tmp_path / "none.json"), ()) == []


@pytest.mark.parametrize(
    "bad", ['{"a": 1}', "[{}]", '[{"image_id": 7, "category_id": 1, "bbox": [1], "score": 1}]', "7"]
)
def test_files_that_hold_no_detections(data: Path, tmp_path: Path, program: Program, bad: str) -> None:
    (tmp_path / "bad.json").write_text(bad)
    outcome = program("evaluate", "keypoints", "--data", data, "--boxes", tmp_path / "bad.json")
    assert outcome.status == 2
    assert "bad.json: not a COCO file of detections" in outcome.err


def test_retrieval_states_its_estimator(program: Program, tmp_path: Path, network: Path) -> None:
    data = keypoint_set(tmp_path / "tiny")
    run = tmp_path / "run"
    arguments = ["evaluate", "retrieval", "--data", data, "--method", "keypoints-2d", "--out", run]
    assert program(*arguments, "--estimator", network, "--json").status == 0
    config = json.loads((run / "keypoints-2d/config.json").read_text())
    assert config["weights"]["estimator"].startswith("heatmap ")
    assert config["weights"]["pose-weights"] == weights_digest(network)
    assert "weights.pose-weights" in program(*arguments).err, "the default is another configuration"
