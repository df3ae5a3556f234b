"""The protocol of borders between shots."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from contrapposto.errors import DataError
from contrapposto.evaluation import shots, transitions
from contrapposto.evaluation.shots import evaluate_shots, read_films
from contrapposto.shots import DETECTORS, Border
from tests.filmed import write_film
from tests.shots.drawn import place, shot

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CONTRAPPOSTO_DATA", REPOSITORY.parent / "shared" / "data"))
TABLE = "file,shot,first_frame,last_frame,starts_with\n"


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Two films of 20 frames a second; the first has a cut after 30 frames, the second none."""
    folder = tmp_path / "films"
    write_film(folder / "cut.avi", (), frames=[*shot(1, 30), *shot(2, 30)], rate=20)
    write_film(folder / "still.avi", (), frames=shot(3, 30), rate=20)
    (folder / "shots.csv").write_text(TABLE + "cut.avi,0,0,29,start\ncut.avi,1,30,59,cut\n")
    return folder


class Told:
    """A detector that says what it is told, on the first frame of each film."""

    name = "histogram"
    settled = float("-inf")

    def __init__(self, *borders: Border) -> None:
        self.left = list(borders)

    def push(self, frame: object) -> list[Border]:
        return [self.left.pop()] if self.left else []

    def finish(self) -> list[Border]:
        return []


def test_a_folder(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    seen = []
    summary = evaluate_shots(
        films, methods=["histogram"], out=out, progress=lambda done, total: seen.append((done, total))
    )
    assert (summary["task"], summary["data"], summary["n"], summary["split"]) == ("shots", "films", 2, None)
    row = summary["measures"]["histogram"]
    assert (row["f1"], row["f1/cut"], row["true"], row["false"]) == (1, 1, 1, 0)
    assert (row["uncut_false"], row["uncut_frames"]) == (0, 30)
    assert row["ms_per_frame"] > 0
    assert seen == [(1, 2), (2, 2)]
    folder = out / "histogram"
    with (folder / "per_query.csv").open() as stream:
        assert list(csv.DictReader(stream)) == [
            {"film": "cut.avi", "true_time": "1.5", "true_kind": "cut", "time": "1.5", "kind": "cut"}
        ]
    assert json.loads((folder / "config.json").read_text())["settings"]["tolerance"] == 0.25
    assert json.loads((folder / "summary.json").read_text())["measures"] == summary["measures"]


def test_wrong_borders_are_counted(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DETECTORS, "histogram", lambda: Told(Border(1.6, "fade"), Border(0.5, "cut")))
    row = evaluate_shots(films, methods=["histogram"])["measures"]["histogram"]
    assert (row["precision"], row["recall"]) == (1 / 4, 1)
    assert (row["precision/cut"], row["recall/cut"], row["found/cut"]) == (0, 0, 1)
    assert row["uncut_false"] == 2


def test_stored_predictions_are_used_again(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = evaluate_shots(films, methods=["histogram"], out=tmp_path / "out")
    monkeypatch.setattr(shots, "find", None)
    assert evaluate_shots(films, methods=["histogram"], out=tmp_path / "out") == first


def test_the_demo_films() -> None:
    films = read_films(Path("demo"))
    assert films.name == "demo"
    assert sum(len(film.marks) for film in films.films) == 9
    row = evaluate_shots(Path("demo"), methods=["histogram"])["measures"]["histogram"]
    assert row["f1"] == 1


@pytest.mark.slow
def test_rendered_films(films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(films / "other.avi", (), frames=shot(4, 30), rate=20)
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(4):
        Image.fromarray(place(20 + number)).save(photos / f"{number}.png")
    films_of = transitions.rendered_films
    monkeypatch.setattr(
        transitions, "rendered_films", lambda clips, pictures, seed: films_of(clips, pictures, seed, 10)
    )
    found = read_films(films, None, photos)
    assert (found.name, found.split, found.settings) == (
        "films-rendered",
        "test",
        {"seed": 1, "clips": 2, "photos": 4},
    )
    row = evaluate_shots(films, "tune", rendered=photos, methods=["histogram"])["measures"]["histogram"]
    assert row["true"] == 10
    assert row["recall/cut"] == 1
    with pytest.raises(DataError, match="tune, test"):
        read_films(films, "val", photos)
    with pytest.raises(DataError, match="no folder"):
        read_films(films, None, tmp_path / "none")


def test_what_is_wrong_is_said(films: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'tracks'"):
        evaluate_shots(films, methods=["track"])
    with pytest.raises(DataError, match=r"has no shots\.csv"):
        read_films(tmp_path)
    with pytest.raises(DataError, match="no split"):
        read_films(films, "test")
    for line, message in (
        ("gone.avi,1,30,59,cut", "no film"),
        ("cut.avi,1,x,59,cut", "number"),
        ("cut.avi,1,30,59,wipe", "start or one of cut, fade, dissolve"),
    ):
        (films / "shots.csv").write_text(TABLE + line + "\n")
        with pytest.raises(DataError, match=message):
            read_films(films)
    (films / "shots.csv").write_text("file,first_frame\n")
    with pytest.raises(DataError, match="columns"):
        read_films(films)
    (films / "shots.csv").write_text(TABLE + "cut.avi,1,99,100,cut\n")
    with pytest.raises(DataError, match="60 frames"):
        evaluate_shots(films, methods=["histogram"])


@pytest.mark.real_data
@pytest.mark.slow
def test_real_clips() -> None:
    if not (DATA / "video").is_dir():
        pytest.skip(f"no folder video in {DATA}")
    row = evaluate_shots(DATA / "video", methods=["histogram"])["measures"]["histogram"]
    assert (row["true"], row["given"], row["f1"], row["uncut_false"]) == (5, 5, 1, 0)
