"""`contrapposto describe`: sentences, posebits and keypoints of the people of a photo."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.language.sentences import sentence
from contrapposto.posebits.table import POSEBITS
from contrapposto.records import Person, Pose
from contrapposto.skeleton import KEYPOINTS
from tests.cli.conftest import Program
from tests.drawn import DrawnPeople, draw, keypoints
from tests.poses.small_networks import write_heatmaps


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Two people with the left arm up."""
    return draw(tmp_path / "a.png", people=2, pose=(255, 0), size=(400, 300))


def drawn(number: int) -> Pose:
    """The pose of a person of `photo`."""
    points = keypoints(number, 255, 0, 400, 300)
    deep = np.column_stack([points[:, 0], -points[:, 1], np.zeros(17)]) / 100
    return Pose(points, np.full(17, 0.8), deep)


@pytest.fixture
def right_arms_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's right elbow and wrist are seen."""
    estimate = DrawnPeople.__call__
    arm = [KEYPOINTS.index("right_elbow"), KEYPOINTS.index("right_wrist")]

    def seen(self: DrawnPeople, image: NDArray[np.uint8]) -> list[Person]:
        people = []
        for person in estimate(self, image):
            points, deep = person.pose.keypoints.copy(), person.pose.keypoints3d.copy()
            points[arm], deep[arm] = np.nan, np.nan
            people.append(Person(person.box, person.score, Pose(points, person.pose.scores, deep)))
        return people

    monkeypatch.setattr(DrawnPeople, "__call__", seen)


def test_json(program: Program, photo: Path) -> None:
    outcome = program("describe", "--json", photo)
    assert outcome.status == 0
    assert outcome.json["path"] == str(photo)
    assert [person["number"] for person in outcome.json["people"]] == [1, 2]
    for person, wanted in zip(outcome.json["people"], (1, 2), strict=True):
        points = [[row["x"], row["y"]] for row in person["keypoints"]]
        assert points == pytest.approx(keypoints(wanted, 255, 0, 400, 300).round(2), abs=0.011)
        assert all(row["visible"] and row["score"] == 0.8 for row in person["keypoints"])
        assert person["sentence"] == sentence(drawn(wanted))
        assert "the left arm pointing up" in person["sentence"]


@pytest.mark.usefixtures("right_arms_unseen")
def test_posebits_as_json(program: Program, photo: Path) -> None:
    rows = program("describe", "--json", photo).json["people"][0]["posebits"]
    assert [row["name"] for row in rows] == [row.name for row in POSEBITS]
    by_name = {row["name"]: row for row in rows}
    assert by_name["left_wrist_above_head"] == {
        "name": "left_wrist_above_head",
        "words": "left hand above the head",
        "value": True,
        "probability": pytest.approx(0.99, abs=0.01),
    }
    assert by_name["left_elbow_bent"]["value"] is False
    assert by_name["left_elbow_bent"]["probability"] < 0.1
    assert by_name["right_elbow_bent"]["value"] is None
    assert by_name["right_elbow_bent"]["probability"] is None


def test_text_has_the_sentence_first(program: Program, photo: Path) -> None:
    data = program("describe", "--json", photo).json["people"]
    text = program("describe", photo).out.splitlines()
    assert text[0] == f"{photo}: 2 people"
    first, second = (number for number, line in enumerate(text) if line.startswith("person "))
    assert first == 1
    assert text[first] == f"person 1: {data[0]['sentence']}"
    assert re.fullmatch(r"  \d+ x \d+ pixels at -?\d+, -?\d+, score 0\.\d\d", text[first + 1])
    assert [line.split()[0] for line in text[second - 17 : second]] == list(KEYPOINTS)
    listed = ", ".join(line.split(": ", 1)[1] for line in text[first + 2 : second - 17])
    sure = [row for row in data[0]["posebits"] if (row["probability"] or 0) >= 0.8]
    assert listed == ", ".join(f"{row['words']} {row['probability']:.2f}" for row in sure)
    assert text[first + 2].startswith("  angle: left elbow straight ")


@pytest.mark.usefixtures("right_arms_unseen")
def test_all_posebits(program: Program, photo: Path) -> None:
    text = program("describe", "--posebits", photo).out.splitlines()
    assert len(text) == 1 + 2 * (2 + len(POSEBITS) + 17)
    answers = {}
    for line in text[3 : 3 + len(POSEBITS)]:
        found = re.fullmatch(r"  \w+ +(.+?) +(true|false|unknown) *([\d.]*)", line)
        assert found
        answers[found[1]] = (found[2], found[3])
    assert list(answers) == [row.words for row in POSEBITS]
    assert answers["left hand above the head"][0] == "true"
    assert answers["left hand on the ground"][0] == "false"
    assert answers["right elbow bent"] == ("unknown", "")


def test_page(program: Program, photo: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    outcome = program("describe", photo, "--html", page)
    assert (outcome.status, outcome.err) == (0, f"Page: {page}\n")
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    said = program("describe", "--json", photo).json["people"][0]["sentence"]
    assert said in text


def test_nobody(program: Program, tmp_path: Path) -> None:
    path = draw(tmp_path / "a.png", people=0)
    assert program("describe", path, "--json").json["people"] == []
    assert program("describe", path).out == f"{path}: 0 people\n"


def test_what_cannot_be_described(program: Program, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    for path, said in [(tmp_path / "a.jpg", "the file is empty"), (tmp_path, "not a regular file")]:
        outcome = program("describe", "--json", path)
        assert (outcome.status, outcome.out) == (2, "")
        assert outcome.err.startswith(f"contrapposto: {path}: ")
        assert said in outcome.err


def test_by_a_trained_network(
    program: Program, photo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def make(*arguments: object, **settings: object) -> DrawnPeople:
        asked.append((arguments, settings["pose_weights"]))
        return DrawnPeople()

    monkeypatch.setattr("contrapposto.representations.pose_embedder.make_embedding_estimator", make)
    network = write_heatmaps(tmp_path / "net.onnx")
    assert len(program("describe", photo, "--estimator", network, "--json").json["people"]) == 2
    program("describe", photo)
    assert asked == [(("heatmap",), network), (("movenet",), None)]
