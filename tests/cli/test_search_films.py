"""Moments on the command line: lines, JSON, sequences, the plot and the page."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from contrapposto.cli.output import hit_json
from contrapposto.records import Box, ConditionResult, Hit, SequenceResult, StepResult, WordsResult
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS
from tests.cli.conftest import Program
from tests.drawn import draw
from tests.filmed import ColourCuts, write_film
from tests.search.people import pose

ARM_DOWN, ARM_UP = 0, 250
"""Green of `drawn.DrawnPeople`: where the left arm points."""


@pytest.fixture
def films(program: Program, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A film of one shot in which somebody raises the left arm after 2 s; a photo of somebody with it raised."""
    monkeypatch.setitem(DETECTORS, DEFAULT_DETECTOR, ColourCuts)
    frames = [(1, ARM_DOWN, 0)] * 20 + [(1, 12 * step, 0) for step in range(1, 20)] + [(1, ARM_UP, 0)] * 20
    write_film(photos / "film.mp4", frames)
    draw(photos / "photo.png", 1, (ARM_UP, 0))
    assert program("index", photos).status == 0
    return photos


def test_lines_say_when(program: Program, films: Path) -> None:
    outcome = program("search", "left hand above the left shoulder", "--where", 'path ~ "film"')
    assert outcome.status == 0
    assert "film.mp4  at 0:00:0" in outcome.out
    assert ", shot " in outcome.out
    photo = program("search", "left hand above the left shoulder", "--where", 'path ~ "photo.png"')
    assert " at 0:" not in photo.out


def test_json_has_times(program: Program, films: Path) -> None:
    hits = program("search", "left hand above the left shoulder", "--json").json["hits"]
    by_name = {Path(hit["path"]).name: hit for hit in hits}
    film, photo = by_name["film.mp4"], by_name["photo.png"]
    assert 2.5 <= film["start"] <= film["time"] <= film["end"] <= 5.9
    assert film["shot"]["start"] == 0
    assert [photo[key] for key in ("time", "start", "end", "shot")] == [None] * 4


def test_one_thing_after_the_other(program: Program, films: Path) -> None:
    words = "left arm pointing down, then left hand above the left shoulder within 3 s"
    outcome = program("search", words, "--json")
    (hit,) = outcome.json["hits"]
    (why,) = hit["why"]
    first, last = why["steps"]
    assert first["time"] < 2.5 < last["time"]
    assert (hit["start"], hit["end"]) == (first["start"], last["end"])
    assert why["unit"] == "s"
    same = program(
        "search", "left arm pointing down", "--then", "left hand above the left shoulder", "--within", "3", "--json"
    )
    assert same.json["hits"] == outcome.json["hits"]
    assert same.json["query"]["parts"][0]["then"][1]["within"] == 3
    shown = program("search", words)
    assert "Asked: left arm pointing down, then left hand above the left shoulder within 3 s" in shown.err
    assert ", then 0:00:0" in shown.out


def test_skeletons_one_after_the_other(program: Program, films: Path, tmp_path: Path) -> None:
    people = program("describe", films / "photo.png", "--json")
    (tmp_path / "up.json").write_text(people.out)
    outcome = program("search", "left arm pointing down", "--then", tmp_path / "up.json", "--json")
    (hit,) = outcome.json["hits"]
    assert [step["why"]["unit"] for step in hit["why"][0]["steps"]] == ["posebits", "px of 128"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--then", "standing"], "nothing is given"),
        (["standing", "--plot", "match.png"], "name it .svg"),
        (["standing", "--within", "2"], "say what comes after"),
        (["standing", "--then", "nowhere.json"], "nowhere.json"),
        (["standing", "--then", "flying"], '"flying"'),
        (["standing, then"], "before or after"),
    ],
)
def test_wrong_sequences(program: Program, films: Path, arguments: list[str], said: str) -> None:
    outcome = program("search", *arguments)
    assert outcome.status == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err


def test_plot_and_page(program: Program, films: Path, tmp_path: Path) -> None:
    plot, page = tmp_path / "plot.svg", tmp_path / "page.html"
    words = "left arm pointing down, then left hand above the left shoulder"
    outcome = program("search", words, "--plot", plot, "--html", page)
    assert outcome.status == 0
    assert "film.mp4" in plot.read_text()
    text = page.read_text()
    assert text.count("<video") == 1
    address = f"{(films / 'film.mp4').as_uri()}#t="
    assert text.count(address) == 2  # the link and the player
    assert text.count("data:image/jpeg") == 2  # a frame for each step
    assert "play from 0:00:0" in text
    json.dumps(text)


def test_a_step_that_is_not_seen_is_null(program: Program) -> None:
    unseen = WordsResult("standing", 0.0, math.nan, (ConditionResult("standing", None),))
    step = StepResult(1.0, 0.5, 1.5, Box(0, 0, 1, 1), pose(), unseen)
    told = hit_json(
        Hit(Path("/a.mp4"), 1, step.box, step.pose, 0.0, (SequenceResult("x", math.nan, 0.0, (step,)),))
    )
    assert json.loads(json.dumps(told, allow_nan=False))["why"][0]["steps"][0]["why"]["distance"] is None
    assert told["distance"] is None


def test_unlike_a_sequence_is_the_same_in_both_ways_to_say_it(program: Program, films: Path) -> None:
    first, second = "left arm pointing down", "left hand above the left shoulder"
    one = program("search", f"{first}, then {second}", "--weight", "words=-1", "--json").json
    two = program("search", first, "--then", second, "--weight", "words=-1", "--json").json
    assert one["query"] == {**two["query"], "parts": one["query"]["parts"]}
    assert one["hits"] == two["hits"]


def test_no_films_to_search(program: Program, films: Path) -> None:
    outcome = program("search", "left arm down, then left arm raised", "--where", 'path ~ "photo.png"')
    assert (outcome.status, outcome.out) == (0, "")
    assert "photos have no answer" in outcome.err


def test_a_film_that_is_gone_is_said_on_the_page(program: Program, films: Path, tmp_path: Path) -> None:
    (films / "film.mp4").unlink()
    page = tmp_path / "page.html"
    assert program("search", "left hand above the left shoulder", "--html", page).status == 0
    assert "the picture cannot be shown" in page.read_text()
