"""Pages: one file that shows every hit, whatever its file is called."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contrapposto.records import Box, Hit, PartResult
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from contrapposto.web.results import Answer, people_page, results_page
from tests.search.people import only, person, pose

EVIL = "<b>&\"'.png"
VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """The texts, tags and attributes of a page; fails where tags do not close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / EVIL
    Image.new("RGB", (100, 180), "white").save(path)
    return path


def hit(path: Path, *, copies: tuple[Path, ...] = (), mirrored: bool = False, match: float = 0.5) -> Hit:
    distances = np.arange(17.0)
    why = PartResult("2d", 8.04, "px of 128", match, mirrored, distances)
    return Hit(path, 3, Box(20, 10, 60, 160), pose(), match, (why,), copies)


def answer(*hits: Hit, where: str | None = None, source: Path | None = None, joints: str = "all") -> Answer:
    return Answer(Query((PosePart(pose(), joints),), where), (source,), hits)


def test_every_hit_is_shown_with_its_path_escaped(photo: Path) -> None:
    copy = photo.with_name("<u>copy.png")
    page = results_page([answer(hit(photo, copies=(copy,)), hit(photo, match=0.25))], Path("/<u>lib"))
    parsed = Page(page)
    assert parsed.texts.count(str(photo)) == 2
    assert f"same photo: {copy}" in parsed.texts
    assert "2 found in /<u>lib" in parsed.texts
    assert not {"u", "script"} & set(parsed.tags)
    assert parsed.tags.count("i") == 2  # the two bars
    assert "<b>&" not in page
    assert page.count("&lt;b&gt;&amp;&#34;") == 2
    assert parsed.tags.count("figure") == 3
    assert parsed.tags.count("image") == 2
    assert {"match 0.50", "match 0.25"} <= {text.replace("\u2002", "").strip() for text in parsed.texts}
    assert "width:25.0%" in page


def test_words_of_the_user_are_escaped(photo: Path) -> None:
    page = results_page([answer(where='path ~ "<script>alert(1)</script>"', joints="arms , legs")], Path("lib"))
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert 'where: path ~ "<script>alert(1)</script>"' in parsed.texts
    assert "joints: arms , legs" in parsed.texts


def test_reasons(photo: Path) -> None:
    texts = Page(results_page([answer(hit(photo, mirrored=True))], Path("lib"))).texts
    assert "person 3" in texts
    assert "distance 8.0 px of 128 (2d, mirrored)" in texts
    assert "best: nose, left eye, right eye" in texts
    assert "worst: right ankle, left ankle, right knee" in texts


def test_a_missing_file_is_shown_as_missing(photo: Path) -> None:
    gone = photo.with_name("gone.png")
    damaged = photo.with_name("damaged.jpg")
    damaged.write_bytes(b"\xff\xd8 no picture")
    page = results_page([answer(hit(gone), hit(damaged), hit(photo), source=gone)], Path("lib"))
    parsed = Page(page)
    assert (
        sum("the picture cannot be shown: cannot be read" in text for text in parsed.texts) == 2
    )  # hit and source
    assert sum("the picture cannot be shown: not a JPEG" in text for text in parsed.texts) == 1
    assert parsed.texts.count(str(gone)) == 2
    assert parsed.tags.count("image") == 1


def test_nobody_found() -> None:
    texts = Page(results_page([answer()], Path("lib"))).texts
    assert "0 found in lib" in texts
    assert "Nobody in the library can be compared with what was asked." in texts


def test_several_answers_and_parts(photo: Path) -> None:
    two = Query((PosePart(pose()), PosePart(only(left_wrist=(1, 2), left_knee=(3, 4)), mirror=True)))
    answers = [
        Answer(two, (photo, None), (hit(photo),), "first <heading>"),
        Answer(Query((PosePart(pose()),)), (None,), (), "second"),
    ]
    texts = Page(results_page(answers, Path("lib"))).texts
    assert {"first <heading>", "second", "asked for, part 1", "asked for, part 2", "asked for"} <= set(texts)
    assert "metric: fused, mirror allowed" in texts
    with pytest.raises(ValueError, match="shorter"):
        results_page([Answer(two, (None,), ())], Path("lib"))


def test_people_of_a_photo(photo: Path) -> None:
    texts = Page(people_page(photo, [person(pose(), 0.876), person(pose("nose"))])).texts
    assert {"2 people", "person 1", "person 2", "score 0.88", "score 0.50"} <= set(texts)
    assert texts.count(str(photo)) == 4  # in the head, with the photo and with each person
    alone = Page(people_page(photo, [person(pose())])).texts
    assert "1 person" in alone
    nobody = Page(people_page(photo, [])).texts
    assert {"0 people", "Nobody was found."} <= set(nobody)


def test_a_page_is_one_file_that_refers_to_nothing(photo: Path) -> None:
    pages = [
        results_page([answer(hit(photo), source=photo), answer(hit(photo))], Path("lib")),
        people_page(photo, [person(pose())]),
    ]
    for page in pages:
        parsed = Page(page)
        assert page.lstrip().lower().startswith("<!doctype html>")
        assert not {"script", "link", "iframe", "img", "base", "object", "embed"} & set(parsed.tags)
        for tag, name, value in parsed.attributes:
            if name in ("href", "src", "xlink:href", "srcset", "action", "poster"):
                assert value.startswith("data:image/jpeg;base64,"), (tag, name, value[:80])
            assert not name.startswith("on"), (tag, name)
        rest = re.sub(r"data:image/jpeg;base64,[A-Za-z0-9+/=]*", "", page)
        assert set(re.findall(r"https?://[^\s\"'<>)]+", rest)) <= {"http://www.w3.org/2000/svg"}
        assert "@import" not in rest
        assert "url(" not in rest


def test_odd_paths_can_be_written_as_utf_8(tmp_path: Path) -> None:
    odd = Path("/p/\udcff\n\u202e.png")
    page = results_page([answer(hit(odd))], Path("/l\udcff"))
    page.encode("utf-8")
    assert "/p/\\xff\\n\\u202e.png" in Page(page).texts


def test_poses_without_height_or_width_can_be_drawn() -> None:
    for other in ((9, 5), (5, 9)):
        line = Query((PosePart(only(left_wrist=(5, 5), left_knee=other)),))
        Page(results_page([Answer(line, (None,), ())], Path("lib")))
