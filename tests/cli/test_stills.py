"""`contrapposto search --still`: what goes with it, lines, JSON, the page, and nothing found."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto.cli.stills import still_json
from contrapposto.library import Library
from contrapposto.records import Box, Item, Shot, StillHit
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS
from tests.cli.conftest import Program
from tests.drawn import draw
from tests.filmed import ColourCuts, write_film

ITEMS = (
    Item("c", 1.0, 2.0, "Red\u202e coat", Box(1, 2, 3, 4), "https://shop.example/1"),
    Item("c", 4.0, 5.0, "Bag"),
)


def hit(path: Path, **other: Any) -> StillHit:
    matched = np.arange(12.0).reshape(3, 2, 2)
    return StillHit(path, 1.25, Shot(2, 1.0, 2.0, "cut"), 0.75, matched, 0.5, **other)


@pytest.fixture
def asked(program: Program, photos: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A library of one film, in which a photo finds two answers; how it was asked."""
    calls: list[dict[str, Any]] = []
    film = write_film(photos / "film.mp4", [(1, 0, 0)] * 10 + [(1, 250, 0)] * 10)
    Image.new("RGB", (40, 30)).save(photos.parent / "screen.png")
    monkeypatch.setitem(DETECTORS, DEFAULT_DETECTOR, ColourCuts)
    assert program("index", photos).status == 0

    def search_still(_: Library, image: Path, **how: Any) -> list[StillHit]:
        calls.append({"image": image, **how})
        if how["where"]:
            return []
        outline = np.array([[0.0, 0], [39.123, 0], [np.inf, 29], [0, 29]])
        looks = StillHit(film, 0.5, Shot(1, 0.0, 1.0, "start"), 0.25, np.zeros((0, 2, 2)), math.nan)
        return [hit(film, outline=outline, copies=(Path("/copies/film.mp4"),), items=ITEMS), looks]

    monkeypatch.setattr(Library, "search_still", search_still)
    return calls


def test_lines(program: Program, asked: list[dict[str, Any]], photos: Path) -> None:
    screen = photos.parent / "screen.png"
    outcome = program("search", "--still", screen)
    assert outcome.status == 0
    film = photos / "film.mp4"
    assert outcome.out.splitlines() == [
        f"  1  match 0.75  {film}  at 0:00:01.2 (shot 2)  3 matched points, likeness 0.50",
        "     same film: /copies/film.mp4",
        "     Red\\u202e coat (on show 0:00:01.0 to 0:00:02.0)  https://shop.example/1",
        "     Bag (2.8 s later, 0:00:04.0 to 0:00:05.0)",
        f"  2  match 0.25  {film}  at 0:00:00.5 (shot 1)  by looks alone, likeness nan",
    ]
    assert asked == [{"image": screen, "top": 20, "where": None, "min_match": 0.0}]


def test_json(program: Program, asked: list[dict[str, Any]], photos: Path) -> None:
    screen = photos.parent / "screen.png"
    told = program("search", "--still", screen, "--top", "3", "--min-match", "0.1", "--json").json
    assert asked == [{"image": screen, "top": 3, "where": None, "min_match": 0.1}]
    assert told["still"] == str(screen)
    first, second = told["hits"]
    assert first == {
        "rank": 1,
        "path": str(photos / "film.mp4"),
        "time": 1.25,
        "shot": {"number": 2, "start": 1.0, "end": 2.0, "kind": "cut"},
        "match": 0.75,
        "inliers": 3,
        "likeness": 0.5,
        "outline": [[0.0, 0.0], [39.12, 0.0], [None, 29.0], [0.0, 29.0]],
        "copies": ["/copies/film.mp4"],
        "items": [
            {
                **{"name": "Red\u202e coat", "start": 1.0, "end": 2.0, "link": "https://shop.example/1"},
                **{"box": {"x": 1.0, "y": 2.0, "width": 3.0, "height": 4.0}, "picture": "", "away": 0.0},
            },
            {**{"name": "Bag", "start": 4.0, "end": 5.0, "link": "", "box": None, "picture": "", "away": 2.75}},
        ],
    }
    assert (second["rank"], second["inliers"], second["likeness"], second["outline"]) == (2, 0, None, None)


def test_numbers_of_arrays_are_json() -> None:
    found = StillHit(
        Path("/a.mp4"),
        np.float32(1.5),  # type: ignore[arg-type]
        Shot(1, 0.0, 2.0, "start"),
        np.float32(0.5),  # type: ignore[arg-type]
        np.zeros((0, 2, 2)),
        np.float32(0.25),  # type: ignore[arg-type]
    )
    told = json.loads(json.dumps(still_json(found), allow_nan=False))
    assert (told["time"], told["match"], told["likeness"]) == (1.5, 0.5, 0.25)


def test_page(program: Program, asked: list[dict[str, Any]], photos: Path, tmp_path: Path) -> None:
    page = tmp_path / "found.html"
    outcome = program("search", "--still", tmp_path / "screen.png", "--html", page)
    assert (outcome.status, outcome.err) == (0, f"Page: {page}\n")
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg") == 3
    assert f"{(photos / 'film.mp4').as_uri()}#t=0.75" in text
    nowhere = program("search", "--still", tmp_path / "screen.png", "--html", tmp_path / "no" / "found.html")
    assert (nowhere.status, nowhere.out) == (2, "")
    assert "choose another place" in nowhere.err


def test_nothing_found(program: Program, asked: list[dict[str, Any]], tmp_path: Path) -> None:
    outcome = program("search", "--still", tmp_path / "screen.png", "--where", "path = x", "--min-match", "0.5")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err == (
        "No film in the library shows this picture; try a --where other than 'path = x' or a lower --min-match.\n"
    )
    as_json = program("search", "--still", tmp_path / "screen.png", "--where", "path = x", "--json")
    assert as_json.json["hits"] == []


def test_a_library_without_films(program: Program, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(photos / "photo.png", 1)
    assert program("index", photos).status == 0
    monkeypatch.setattr(Library, "search_still", lambda *_, **__: [])
    outcome = program("search", "--still", photos / "photo.png", "--where", "people = 1")
    assert (outcome.status, outcome.out) == (0, "")
    assert outcome.err == "The library holds no films yet; index some into it: contrapposto index FOLDER\n"


def textured(seed: int) -> NDArray[np.uint8]:
    """(240, 320, 3) spots of several sizes."""
    rng = np.random.default_rng(seed)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (30 * k, 40 * k), np.uint8)).resize((320, 240)), float)
        for k in (1, 2, 4)
    ]
    return np.repeat(np.mean(layers, axis=0).astype(np.uint8)[..., None], 3, axis=2)


def moving(seed: int, at: int) -> NDArray[np.uint8]:
    """A picture before which another moves to the right, 6 px each frame."""
    picture = textured(seed)
    picture[80:180, 40 + 6 * at : 140 + 6 * at] = textured(seed + 10)[:100, :100]
    return picture


def test_a_still_finds_its_film_second_and_items(
    program: Program, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing stands in but the detectors of people and cuts. The still is a part of the frame at 1.0 s, twice as
    large."""
    monkeypatch.setitem(DETECTORS, DEFAULT_DETECTOR, ColourCuts)
    for name, seed in (("a.mp4", 1), ("b.mp4", 2)):
        write_film(photos / name, [], frames=[moving(seed, at) for at in range(20)])
    assert program("index", photos).status == 0
    table = tmp_path / "items.csv"
    table.write_text("film,start,end,name\na.mp4,0,2,Coat\nb.mp4,0,0.5,Hat\nb.mp4,0.8,1.2,Bag\n")
    assert program("items", "add", table).status == 0
    Image.fromarray(moving(2, 10)[20:220, 30:290]).resize((520, 400)).save(tmp_path / "screen.png")
    page = tmp_path / "found.html"
    first = program("search", "--still", tmp_path / "screen.png", "--json", "--html", page).json["hits"][0]
    assert Path(first["path"]).name == "b.mp4"
    assert abs(first["time"] - 1.0) <= 0.2
    assert first["inliers"] > 15
    assert [item["name"] for item in first["items"]] == ["Bag", "Hat"]
    corners = np.array(first["outline"])
    assert np.abs(corners - np.array([[-60, -40], [580, -40], [580, 440], [-60, 440]])).max() < 25
    assert page.read_text(encoding="utf-8").count("<line") >= 15


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["kneeling"], "words"),
        (["--image", "me.jpg"], "--image"),
        (["--person", "1"], "--person"),
        (["--skeleton", "a.json"], "--skeleton"),
        (["--query", "a.json"], "--query"),
        (["--joints", "all"], "--joints"),
        (["--metric", "fused"], "--metric"),
        (["--mirror"], "--mirror"),
        (["--weight", "words=1"], "--weight"),
        (["--score", "hamming"], "--score"),
        (["--then", "standing"], "--then"),
        (["--within", "2"], "--within"),
        (["--unfold"], "--unfold"),
        (["--plot", "a.svg"], "--plot"),
    ],
)
def test_what_does_not_go_with_it_is_refused(program: Program, arguments: list[str], shown: str) -> None:
    outcome = program("search", "--still", "screen.png", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    (line,) = outcome.err.splitlines()
    assert line.startswith("contrapposto: --still goes with --where, --top, ")
    assert line.endswith(f"leave out {shown}")
