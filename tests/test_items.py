"""Tables of items: what is read, what is left out and told, and what is near a moment."""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from contrapposto import demo
from contrapposto.errors import DataError
from contrapposto.items import film_named, near, read_items, seconds
from contrapposto.media.videos import Video
from contrapposto.records import Box, Item, Media

HEADER = "film,start,end,name,box,link,picture"


def media(path: Path, content: str, *, shots: int = 3, duration: float | None = 60.0) -> Media:
    return Media(path, path.parent, content, 1, 1, 640, 360, shots=shots, duration=duration)


@pytest.fixture
def films(tmp_path: Path) -> list[Media]:
    return [
        media(tmp_path / "films" / "play.mp4", "P"),
        media(tmp_path / "films" / "match.mp4", "M", duration=None),
        media(tmp_path / "old" / "match.mp4", "O"),
        media(tmp_path / "films" / "same.mp4", "S"),
        media(tmp_path / "copy" / "same.mp4", "S"),
        media(tmp_path / "films" / "photo.jpg", "J", shots=0, duration=None),
    ]


def table(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "wardrobe.csv"
    path.write_bytes("\n".join([header, *rows]).encode(encoding))
    return path


def test_all_columns(tmp_path: Path, films: list[Media]) -> None:
    path = table(tmp_path, "play.mp4,12.5,1:00,Red coat,10 20 30.5 40,https://shop.example/1,coat.jpg")
    read = read_items(path, films)
    box = Box(10, 20, 30.5, 40)
    picture = str(tmp_path / "coat.jpg")
    assert read.items == (Item("P", 12.5, 60, "Red coat", box, "https://shop.example/1", picture),)
    assert read.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_marks_and_ends_of_lines(tmp_path: Path, films: list[Media], encoding: str, end: str) -> None:
    wanted = (Item("P", 0.5, 3661.25 - 3600, 'Le "manteau"; ça', Box(1.5, 2, 3, 4)),)
    films = [media(films[0].path, "P", duration=61.25)]
    rows = {
        ",": ["Name , FILM,start,end,box", '"Le ""manteau""; ça",play.mp4,.5,1:01.25,1.5;2 3;4'],
        ";": ["Name ; FILM;start;end;box", '"Le ""manteau""; ça";play.mp4;0,5;1:01,25;"1,5;2 3;4"'],
    }
    for lines in rows.values():
        path = tmp_path / "wardrobe.csv"
        path.write_bytes(end.join(["", *lines, ""]).encode(encoding))
        read = read_items(path, films)
        assert read.items == wanted
        assert read.problems == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("gone.mp4,1,2,Coat,,,", "film 'gone.mp4' is not in the library: index it first"),
        ("photo.jpg,1,2,Coat,,,", "film 'films/photo.jpg' is a photo, or nothing of it could be read"),
        ("match.mp4,1,2,Coat,,,", "film 'match.mp4' may be one of 2 different files: write its path"),
        (",1,2,Coat,,,", "the film is empty"),
        ("play.mp4,5,3,Coat,,,", "end 3 s is before start 5 s"),
        ("play.mp4,1,61,Coat,,,", "end 61 s is after the end of the film, 60.0 s"),
        ("play.mp4,-1,2,Coat,,,", "start '-1' is no time; write seconds (12.5), m:ss or h:mm:ss"),
        ("play.mp4,1,nan,Coat,,,", "end 'nan' is no time; write seconds (12.5), m:ss or h:mm:ss"),
        ("play.mp4,0:61,2,Coat,,,", "start '0:61' is no time; write seconds (12.5), m:ss or h:mm:ss"),
        ('play.mp4,"1,5",2,Coat,,,', "start '1,5' is no time; write seconds (12.5), m:ss or h:mm:ss"),
        ("play.mp4,1,2, ,,,", "the name is empty"),
        ("play.mp4,1,2,Coat,1 2 3,,", "box '1 2 3' is not four numbers; write x y width height, in pixels"),
        ("play.mp4,1,2,Coat,1 2 3 inf,,", "box '1 2 3 inf' is not four numbers; write x y width height, in pixels"),
        ("play.mp4,1,2,Coat,1 2 0 4,,", "box '1 2 0 4': width and height must be above 0"),
        ("play.mp4,1,2,Coat,1 2 3 -4,,", "box '1 2 3 -4': width and height must be above 0"),
        ("play.mp4,1,2,Coat,-1 2 3 4,,", "box '-1 2 3 4' reaches out of the frame, 640 x 360 pixels"),
        ("play.mp4,1,2,Coat,600 2 41 4,,", "box '600 2 41 4' reaches out of the frame, 640 x 360 pixels"),
        ("play.mp4,1,2,Coat,0 350 1 11,,", "box '0 350 1 11' reaches out of the frame, 640 x 360 pixels"),
        ("play.mp4,1,2,Coat", "too few columns: 4, the header has 7"),
        ("play.mp4,1,2,Coat,,,,", "too many columns: 8, the header has 7"),
        ("play.mp4,9,8,,,,", "the name is empty; end 8 s is before start 9 s"),
        ('play.mp4,1,2,"Coat" red,,,', "cannot be told apart into columns (',' expected after '\"')"),
        ("gone.mp4,1,2,Coat" + "t" * 99 + ",1,,", "index it first; box '1' is not four numbers"),
    ],
)
def test_a_bad_row_is_told_and_left_out(tmp_path: Path, films: list[Media], row: str, said: str) -> None:
    """Those around it are kept, and its line is named."""
    row = row.replace("photo.jpg", "films/photo.jpg")
    good = "play.mp4,1,2,Coat,0 0 640 360,,"
    read = read_items(table(tmp_path, good, "", row, good.replace("Coat", "Hat")), films)
    assert [item.name for item in read.items] == ["Coat", "Hat"]
    (problem,) = read.problems
    assert problem.startswith("wardrobe.csv:4: ")
    assert said in problem
    assert "\n" not in problem


def test_the_line_of_a_row_is_where_it_begins(tmp_path: Path, films: list[Media]) -> None:
    read = read_items(table(tmp_path, 'play.mp4,1,2,"A\nlong\nname",,,', "play.mp4,1,2,,,,"), films)
    assert [item.name for item in read.items] == ["A long name"]
    assert read.problems == ("wardrobe.csv:5: the name is empty",)


def test_a_quotation_mark_that_does_not_close_is_told(tmp_path: Path, films: list[Media]) -> None:
    read = read_items(table(tmp_path, "play.mp4,1,2,Coat,,,", 'play.mp4,1,2,"Hat,,,', "play.mp4,1,2,Bag,,,"), films)
    assert [item.name for item in read.items] == ["Coat"]
    (problem,) = read.problems
    assert problem.startswith("wardrobe.csv:3: a quotation mark opens here and does not close")


def test_unknown_columns_are_told_once_and_passed_over(tmp_path: Path, films: list[Media]) -> None:
    path = table(tmp_path, "red,play.mp4,1,2,Coat,", header="colour,film,start,end,name,")
    read = read_items(path, films)
    assert len(read.items) == 1
    assert read.problems == ("wardrobe.csv:1: the column 'colour' is unknown and passed over",)
    shifted = read_items(table(tmp_path, "red,play.mp4,1,2,Coat,more", header="colour,film,start,end,name,"), films)
    assert shifted.items == ()
    assert "'more' stands in a column without a name" in shifted.problems[1]


def test_films_are_found_by_path_name_and_content(tmp_path: Path, films: list[Media]) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "films").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "films")
    rows = {
        "play.mp4": "P",
        "../films/match.mp4": "M",
        str(tmp_path / "old" / "match.mp4"): "O",
        "same.mp4": "S",  # two files of one content
        "../link/match.mp4": "M",
        "../link/../films/play.mp4": "P",
    }
    path = table(tmp_path / "tables", *(f"{name},1,2,{number},,," for number, name in enumerate(rows)))
    read = read_items(path, films)
    assert read.problems == ()
    assert [item.content for item in read.items] == list(rows.values())
    with pytest.raises(DataError, match=r"'films/gone\.mp4' is not in the library"):
        film_named("films/gone.mp4", tmp_path, films)
    with pytest.raises(DataError, match=r"'sub/play\.mp4' is not in the library"):
        film_named("sub/play.mp4", tmp_path, films)


def test_a_file_beside_the_table_comes_before_others_of_its_name(tmp_path: Path, films: list[Media]) -> None:
    (tmp_path / "films").mkdir()
    path = table(tmp_path / "films", "match.mp4,1,2,Coat,,,")
    assert [item.content for item in read_items(path, films).items] == ["M"]


def test_accents_may_be_composed_or_not(tmp_path: Path) -> None:
    whole, parts = (unicodedata.normalize(form, "défilé.mp4") for form in ("NFC", "NFD"))
    assert whole != parts
    for stored, written in ((whole, parts), (parts, whole)):
        known = [media(tmp_path / stored, "D")]
        assert film_named(written, tmp_path, known).content == "D"
        assert film_named(written, Path("/elsewhere"), known).content == "D"


def test_a_tilde_is_the_home_or_part_of_a_name(
    tmp_path: Path, films: list[Media], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    known = [*films, media(tmp_path / "~nobody at all.mp4", "T")]
    path = table(tmp_path, "~nobody at all.mp4,1,2,Coat,,,~/coat.jpg", "~/old/match.mp4,1,2,Hat,,,~hat.jpg")
    read = read_items(path, known)
    assert [(item.content, item.picture) for item in read.items] == [
        ("T", str(tmp_path / "coat.jpg")),
        ("O", str(tmp_path / "~hat.jpg")),
    ]
    assert read.problems == ()


def test_lengths_rounded_to_tenths_are_within_the_film(tmp_path: Path) -> None:
    known = [media(tmp_path / "play.mp4", "P", duration=10.56)]
    read = read_items(table(tmp_path, "play.mp4,0,10.6,Coat,,,", "play.mp4,0,10.7,Coat,,,"), known)
    assert [item.end for item in read.items] == [10.6]
    assert read.problems == ("wardrobe.csv:3: end 10.7 s is after the end of the film, 10.6 s",)


def test_pictures_are_files_beside_the_table_or_addresses(tmp_path: Path, films: list[Media]) -> None:
    rows = [f"play.mp4,1,2,Coat,,,{name}" for name in ("a/../b.jpg", "/c.jpg", "https://shop.example/d.jpg", "")]
    found = [item.picture for item in read_items(table(tmp_path, *rows), films).items]
    assert found == [str(tmp_path / "b.jpg"), "/c.jpg", "https://shop.example/d.jpg", ""]


def test_the_same_row_twice_is_one_item(tmp_path: Path, films: list[Media]) -> None:
    row = "play.mp4,1,2,Coat,,,"
    assert len(read_items(table(tmp_path, row, row, row.replace("1", "0:01.0")), films).items) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty; its first row must be film,start,end,name"),
        (b"\xef\xbb\xbf \n\n", "is empty"),
        (b",,,\n", "has no header; its first row must be film,start,end,name"),
        (b"play.mp4,1,2,Coat\n", "has no header"),
        (b"film,start,name\nplay.mp4,1,Coat\n", "the header lacks end; its first row names the columns"),
        (b"film;start;name;link\n", "the header lacks end"),
        (b"film\tstart\tend\tname\n", "has no header"),
        (b"film,start,end,name,Name\n", "the header has name twice"),
        (b'film,start,end,name,"box\nplay', "a quotation mark opens here"),
        ("film,start,end,name\nplay.mp4,1,2,Mütze".encode("latin-1"), "is not UTF-8 text; save the table as CSV"),
        ("film,start,end,name\n".encode("utf-16"), "is not UTF-8 text"),
        ("film,start,end,name\n".encode("utf-16-le"), "is no text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not UTF-8 text"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, films: list[Media], data: bytes, said: str) -> None:
    path = tmp_path / "wardrobe.csv"
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_items(path, films)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path, films: list[Media]) -> None:
    for path in (tmp_path, tmp_path / "gone.csv"):
        with pytest.raises(DataError, match=r"cannot be read \(.*\); name a CSV file"):
            read_items(path, films)
    assert read_items(table(tmp_path), films).items == ()  # a header alone


def test_every_row_of_a_shuffled_table_is_kept_or_told(tmp_path: Path, films: list[Media]) -> None:
    """Cells drawn by chance, most of them wrong: no row is lost without a word, and all that is kept is right."""
    rng = random.Random(7)
    cells = [
        ["play.mp4", "films/play.mp4", "gone.mp4", "", "photo.jpg", "../../../play.mp4"],
        ["0", "1:30", "59.9", "60", "61", "-1", "x", "", "1e3", "1:2:3", "::", "٣"],
        ["0", "0:59", "60", "1", "x", "", "99999999999"],
        ["Coat", "", "  ", "'; drop table", "<b>"],
        ["", "1 2 3 4", "1;2;3;4", "0 0 640 360", "0 0 641 360", "a b c d", "1 2 3 4 5", "-0 0 1 1"],
        ["", "javascript:alert(1)"],
        ["", "a.jpg"],
    ]
    rows = [f"{','.join(rng.choice(options) for options in cells)}" for _ in range(400)]
    read = read_items(table(tmp_path, *rows), films)
    lines = {int(problem.split(":")[1]) for problem in read.problems}
    assert len(lines) == len(read.problems)
    kept = [row for number, row in enumerate(rows, start=2) if number not in lines]
    assert 0 < len(read.items) <= len(kept)
    assert {item.name for item in read.items} == {" ".join(row.split(",")[3].split()) for row in kept}
    for item in read.items:
        assert item.content == "P"
        assert 0 <= item.start <= item.end <= 60
        assert item.name.strip()
        assert item.box is None or (item.box.width > 0 and item.box.x + item.box.width <= 640)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        *[("0", 0), ("12.5", 12.5), (".5", 0.5), ("90", 90), ("1:30", 90), ("1:30.25", 90.25), ("90:00", 5400)],
        *[("1:00:00", 3600), ("2:03:04.5", 7384.5), ("0:0:9", 9)],
    ],
)
def test_times(text: str, wanted: float) -> None:
    assert seconds(text) == wanted
    assert seconds(text.replace(".", ","), comma=True) == wanted


@pytest.mark.parametrize(
    "text", ["", "-1", "1:60", "1:60:00", "1:2:3:4", "1e3", "inf", "1 2", "1,5", "1:", "9" * 400]
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time; write seconds"):
        seconds(text)


def test_near_a_moment() -> None:
    """On show first, then by seconds away, before or after; ties by start, then by name."""
    items = [
        Item("A", 30, 40, "in 10 s"),
        Item("A", 0, 10, "10 s ago"),
        Item("A", 30.1, 40, "too late"),
        Item("A", 0, 9.9, "too early"),
        Item("A", 15, 20, "until now"),
        Item("A", 20, 25, "Z from now"),
        Item("A", 20, 30, "B from now"),
        Item("A", 5, 90, "long"),
        Item("B", 0, 90, "of another film"),
        Item("A", 22, 23, "in 2 s"),
        Item("A", 10, 17, "3 s ago"),
    ]
    names = [item.name for item in near(items, "A", 20)]
    assert names == [
        *("long", "until now", "B from now", "Z from now"),
        *("in 2 s", "3 s ago", "10 s ago", "in 10 s"),
    ]
    assert [item.name for item in near(items, "A", 20, within=0)] == names[:4]
    assert near(items, "C", 20) == ()


def test_the_worked_example_says_what_the_page_says(tmp_path: Path) -> None:
    """The table of docs/items.md, against the built-in films."""
    page = (Path(__file__).parents[1] / "docs" / "items.md").read_text(encoding="utf-8")
    found = re.search(r"```csv\n(.*?)```", page, re.S)
    assert found is not None
    path = tmp_path / "wardrobe.csv"
    path.write_text(found[1], encoding="utf-8")
    known = []
    for film in sorted(demo.films().iterdir()):
        with Video(film) as video:
            shown_as = media(film, film.name, duration=video.duration)
            known.append(replace(shown_as, width=video.width, height=video.height))
    read = read_items(path, known)
    assert len(read.problems) == 2
    said = "\n".join([*read.problems, f"{len(read.items)} items added, {len(read.problems)} problems."])
    assert said in page
    shown = near(read.items, "dance.mp4", 4.5)
    assert [item.name for item in shown] == ["Red jumper", "Checked floor", "Pink shirt"]
