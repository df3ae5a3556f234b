"""Items on the command line: added row by row, listed, removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS
from tests.cli.conftest import Program
from tests.filmed import ColourCuts, write_film

HEADER = "film,start,end,name,box,link"
ROWS = (
    "street.mp4,0,1,Red coat,10 20 30 20,https://shop.example/1",
    "street.mp4,0.5,0:01.5,Bag,,",
    "dance.mp4,0,2,Hat,,",
)


@pytest.fixture
def films(program: Program, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library of two films of 2 s; their folder."""
    monkeypatch.setitem(DETECTORS, DEFAULT_DETECTOR, ColourCuts)
    write_film(photos / "street.mp4", [(1, 0, 0)] * 20)
    write_film(photos / "dance.mp4", [(1, 250, 0)] * 20)
    assert program("index", photos).status == 0
    return photos


@pytest.fixture
def added(program: Program, films: Path, tmp_path: Path) -> Path:
    """Those films with three items."""
    outcome = program("items", "add", table(tmp_path, *ROWS))
    assert (outcome.status, outcome.out, outcome.err) == (0, "", "3 items added.\n")
    return films


def table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "wardrobe.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


def listed(program: Program, *arguments: str) -> list[str]:
    return [item["name"] for item in program("items", "list", *arguments, "--json").json["items"]]


def test_items_are_listed_film_by_film_in_order_of_time(program: Program, added: Path) -> None:
    outcome = program("items", "list")
    assert outcome.status == 0
    assert outcome.out.splitlines() == [
        f"{added / 'dance.mp4'}  0:00:00.0 to 0:00:02.0  Hat",
        f"{added / 'street.mp4'}  0:00:00.0 to 0:00:01.0  Red coat  https://shop.example/1",
        f"{added / 'street.mp4'}  0:00:00.5 to 0:00:01.5  Bag",
    ]
    rows = program("items", "list", "--json").json["items"]
    assert rows[1] == {
        "film": str(added / "street.mp4"),
        "name": "Red coat",
        "start": 0.0,
        "end": 1.0,
        "box": {"x": 10.0, "y": 20.0, "width": 30.0, "height": 20.0},
        "link": "https://shop.example/1",
        "picture": "",
    }
    assert rows[0]["box"] is None


def test_a_film_is_named_by_path_or_by_name(program: Program, added: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert listed(program, "--film", "street.mp4") == ["Red coat", "Bag"]
    assert listed(program, "--film", str(added / "dance.mp4")) == ["Hat"]
    monkeypatch.chdir(added.parent)
    assert listed(program, "--film", f"{added.name}/dance.mp4") == ["Hat"]
    outcome = program("items", "list", "--film", "gone.mp4")
    assert (outcome.status, outcome.out) == (2, "")
    assert "film 'gone.mp4' is not in the library: index it first" in outcome.err


def test_the_same_table_again_adds_nothing(program: Program, added: Path, tmp_path: Path) -> None:
    outcome = program("items", "add", table(tmp_path, *ROWS, "dance.mp4,1,2,Shoes,,"))
    assert (outcome.status, outcome.err) == (0, "1 item added, 3 known before.\n")
    assert sorted(listed(program)) == ["Bag", "Hat", "Red coat", "Shoes"]


def test_bad_rows_are_said_and_the_others_kept(program: Program, films: Path, tmp_path: Path) -> None:
    rows = ("street.mp4,1,0.5,Coat,,", ROWS[0], "gone.mp4,0,1,Coat,,", "street.mp4,0,1,Coat,9 9 90 9,", "dance.mp4")
    outcome = program("items", "add", table(tmp_path, *rows))
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.splitlines() == [
        "wardrobe.csv:2: end 0.5 s is before start 1 s",
        "wardrobe.csv:4: film 'gone.mp4' is not in the library: index it first",
        "wardrobe.csv:5: box '9 9 90 9' reaches out of the frame, 64 x 48 pixels",
        "wardrobe.csv:6: too few columns: 1, the header has 6",
        "1 item added, 4 problems.",
    ]
    assert listed(program) == ["Red coat"]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "is empty"), (b"\xff\xfe", "is not UTF-8"), (b"film,start\n", "the header lacks end, name")],
)
def test_what_is_no_table_is_wrong_use(
    program: Program, films: Path, tmp_path: Path, data: bytes, said: str
) -> None:
    path = tmp_path / "wardrobe.csv"
    path.write_bytes(data)
    outcome = program("items", "add", path)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1
    assert listed(program) == []


def test_remove_by_film_by_name_and_all(program: Program, added: Path, tmp_path: Path) -> None:
    outcome = program("items", "remove", "--film", "street.mp4", "--name", "Hat")
    assert (outcome.status, outcome.err) == (0, "0 items removed.\n")
    assert program("items", "remove", "--film", "street.mp4", "--name", "Bag").err == "1 item removed.\n"
    assert listed(program) == ["Hat", "Red coat"]
    assert program("items", "remove", "--name", "Red coat").err == "1 item removed.\n"
    program("items", "add", table(tmp_path, *ROWS))
    assert program("items", "remove", "--film", "street.mp4").err == "2 items removed.\n"
    assert listed(program) == ["Hat"]
    program("items", "add", table(tmp_path, *ROWS))
    assert program("items", "remove", "--all").err == "3 items removed.\n"
    outcome = program("items", "list")
    assert (outcome.out, outcome.err) == ("", "No items; attach some: contrapposto items add ITEMS.csv\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--all removes every one"),
        (["--all", "--name", "Bag"], "--all removes every item; leave out"),
        (["--all", "--film", "street.mp4"], "--all removes every item; leave out"),
        (["--film", "gone.mp4"], "is not in the library"),
    ],
)
def test_nothing_is_removed_by_mistake(program: Program, added: Path, arguments: list[str], said: str) -> None:
    outcome = program("items", "remove", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert len(listed(program)) == 3


def test_items_stay_with_a_film_that_moves_and_one_that_goes(program: Program, added: Path) -> None:
    (added / "street.mp4").rename(added / "moved.mp4")
    assert program("index", added).status == 0
    assert listed(program, "--film", "moved.mp4") == ["Red coat", "Bag"]
    (added / "dance.mp4").unlink()
    assert program("index", added).status == 0
    shown = program("items", "list").out.splitlines()
    assert [line.split("  ")[0] for line in shown[-1:]] == ["(no film)"]
    assert program("items", "list", "--json").json["items"][-1]["film"] is None


def test_without_a_library(program: Program, tmp_path: Path) -> None:
    for arguments in (("add", table(tmp_path, *ROWS)), ("list",), ("remove", "--all")):
        outcome = program("items", *arguments)
        assert (outcome.status, outcome.out) == (2, "")
        assert "no library here; make one: contrapposto index FOLDER" in outcome.err
