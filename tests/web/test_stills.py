"""The page of a photo of a screen: what is drawn, said and linked, and what is escaped."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from contrapposto.records import Box, Item, Shot, StillHit
from contrapposto.web.stills import GAP, HEIGHT, MOST, evenly, stills_page, web_address
from tests.filmed import write_film
from tests.web.test_results import Page

PHOTO = (300, 240)
"""Pixels: the scale of the photo is 2."""
FRAME = (64, 48)
"""Pixels: the scale of the frame is 10."""
LEFT = 600 + GAP
"""Where the frame begins."""

EVIL = "<script>\"'&"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "<u>photo.png"
    Image.new("RGB", PHOTO, "red").save(path)
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "<u>film.mp4", [(1, 0, 0)] * 10 + [(1, 250, 0)] * 10, size=FRAME)


def hit(path: Path, count: int = 2, *, items: tuple[Item, ...] = (), outline: bool = True) -> StillHit:
    ends = np.arange(count, dtype=float)
    photo, frame = np.stack([10 + ends, 20 + ends], axis=1), np.stack([1 + ends / 4, 2 + ends / 8], axis=1)
    corners = np.array([[-50.0, 30], [250, 30], [250, 200], [-50, 200]])
    return StillHit(
        path,
        1.2,
        Shot(2, 1.0, 2.0, "cut"),
        0.75,
        np.stack([photo, frame], axis=1),
        0.5,
        corners if outline else None,
        items=items,
    )


def numbers(page: str, tag: str, *names: str) -> list[tuple[float, ...]]:
    """Attributes of every element of a tag that has them."""
    found = [dict(re.findall(r'([\w-]+)="([^"]*)"', inner)) for inner in re.findall(rf"<{tag} ([^>]*)>", page)]
    return [tuple(float(one[name]) for name in names) for one in found if all(name in one for name in names)]


def test_matched_points_are_joined(photo: Path, film: Path) -> None:
    page = stills_page(photo, [hit(film)], Path("lib"))
    lines = numbers(page, "line", "x1", "y1", "x2", "y2")
    assert lines == [
        (20, 40, LEFT + 10, 20),
        (22, 42, LEFT + 12.5, 21.25),
    ]
    circles = numbers(page, "circle", "cx", "cy")
    assert {(x, y) for line in lines for x, y in (line[:2], line[2:])} == set(circles)
    colours = re.findall(r'<line [^>]*stroke="(hsl[^"]*)"', page)
    assert len(set(colours)) == 2
    assert f'viewBox="0 0 {LEFT + 640:g} {HEIGHT:g}"' in page
    polygons = set(re.findall(r'<polygon points="([^"]*)"', page))
    assert polygons == {"-100,60 500,60 500,400 -100,400"}


def test_photo_and_frame_are_shown_once_each(photo: Path, film: Path) -> None:
    """The frame is that of the second: after the cut."""
    page = stills_page(photo, [hit(film), hit(film)], Path("lib"))
    parsed = Page(page)
    assert parsed.tags.count("image") == 3
    assert parsed.tags.count("use") == 2
    assert page.count('id="asked"') == 1
    pictures = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
        for data in re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]*)", page)
    ]
    asked, frame, _ = pictures
    assert asked[100, 100, 0] > 200
    assert frame.shape == (48, 64, 3)
    assert frame[20, 20, 1] > 200


def test_at_most_so_many_points_are_drawn(photo: Path, film: Path) -> None:
    page = stills_page(photo, [hit(film, 200)], Path("lib"))
    assert len(numbers(page, "line", "x1")) == MOST
    assert f"200 matched points, {MOST} of them drawn; likeness as a whole 0.50" in Page(page).texts
    few = stills_page(photo, [hit(film, MOST)], Path("lib"))
    assert len(numbers(few, "line", "x1")) == MOST
    assert f"{MOST} matched points; likeness as a whole 0.50" in Page(few).texts
    none = stills_page(photo, [hit(film, 0, outline=False)], Path("lib"))
    assert "no matched points; likeness as a whole 0.50" in Page(none).texts
    assert "<polygon" not in none


def test_points_are_chosen_evenly() -> None:
    """Of a crowd and three outliers, the outliers are among the first; no two chosen are nearer to each other than
    one left out is to them."""
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.random((200, 2)), [[9, 9], [-9, 9], [9, -9]]])
    rows = evenly(points, 20)
    assert len(rows) == len(set(rows)) == 20
    assert (np.diff(rows) > 0).all()
    assert {0, 200, 201, 202} <= set(rows)
    between = np.linalg.norm(points[rows][:, None] - points[rows][None], axis=2)
    np.fill_diagonal(between, np.inf)
    left = np.delete(points, rows, axis=0)
    assert np.linalg.norm(left[:, None] - points[rows][None], axis=2).min(axis=1).max() <= between.min()
    assert list(evenly(points, 203)) == list(range(203))
    assert list(evenly(np.zeros((5, 2)), 3)) == [0]  # all in one place
    assert len(evenly(np.zeros((0, 2)), 3)) == 0


def test_what_is_on_show(photo: Path, film: Path) -> None:
    items = (
        Item("c", 1.0, 2.0, f"Coat {EVIL}", Box(8, 16, 24, 12), f"https://shop.example/?a={EVIL}"),
        Item("c", 4.0, 5.0, "Bag", Box(1, 1, 2, 2), "javascript:alert(1)"),
        Item("c", 0.0, 0.5, "Hat", None, "", "gone.jpg"),
    )
    page = stills_page(photo, [hit(film, items=items)], Path("lib"))
    parsed = Page(page)
    assert "script" not in parsed.tags
    assert {
        f"Coat {EVIL}",
        "on show 0:00:01.0 to 0:00:02.0",
        "2.8 s later, 0:00:04.0 to 0:00:05.0",
        "0.7 s before, 0:00:00.0 to 0:00:00.5",
        "javascript:alert(1)",
        "picture: gone.jpg",
    } <= set(parsed.texts)
    links = [value for tag, name, value in parsed.attributes if (tag, name) == ("a", "href")]
    assert links == [f"{film.as_uri()}#t=0.70", f"https://shop.example/?a={EVIL}"]
    boxes = set(numbers(page, "rect", "x", "y", "width", "height"))
    assert boxes == {(LEFT + 80, 160, 240, 120)}  # only of what is on show in this frame
    assert page.count("Coat &lt;script&gt;") >= 2  # in the list and at its box


def test_pictures_of_items(photo: Path, film: Path, tmp_path: Path) -> None:
    coat, bad = tmp_path / "coat.png", tmp_path / "bad.png"
    Image.new("RGB", (500, 100), "blue").save(coat)
    bad.write_bytes(b"no picture")
    items = tuple(
        Item("c", 1, 2, name, None, "", picture)
        for name, picture in (("a", str(coat)), ("b", str(bad)), ("c", "https://shop.example/c.jpg"))
    )
    parsed = Page(stills_page(photo, [hit(film, items=items)], Path("lib")))
    shown = [value for tag, name, value in parsed.attributes if (tag, name) == ("img", "src")]
    assert len(shown) == 1
    assert shown[0].startswith("data:image/jpeg;base64,")
    assert {f"picture: {bad}", "picture: https://shop.example/c.jpg"} <= set(parsed.texts)


def test_what_cannot_be_shown_is_said(photo: Path, film: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.mp4"
    parsed = Page(stills_page(photo, [hit(gone), hit(film)], Path("lib")))
    assert any(text.startswith("the film cannot be opened any more: cannot be read") for text in parsed.texts)
    assert parsed.tags.count("image") == 2
    texts = Page(stills_page(tmp_path / "gone.png", [hit(film), hit(gone)], Path("lib"))).texts
    assert any(text.startswith("the picture cannot be shown: cannot be read") for text in texts)
    assert "the photo cannot be shown" in texts
    assert any(text.startswith("the film cannot be opened") for text in texts)


def test_nothing_found_and_names_are_escaped(photo: Path, film: Path) -> None:
    parsed = Page(stills_page(photo, [], Path("/<u>lib")))
    assert {"0 shots found in /<u>lib", "No film in the library shows this picture.", str(photo)} <= set(
        parsed.texts
    )
    parsed = Page(stills_page(photo, [hit(film)], Path("/<u>lib")))
    assert {"1 shot found in /<u>lib", str(film), "0:00:01.2, shot 2 (0:00:01.0 to 0:00:02.0)"} <= set(parsed.texts)
    assert "u" not in parsed.tags
    assert "the person's left" not in parsed.texts


def test_a_page_is_one_file(photo: Path, film: Path) -> None:
    """What it loads by itself is in it; it leads to the film."""
    parsed = Page(stills_page(photo, [hit(film)], Path("lib")))
    assert not {"script", "link", "iframe", "base", "object", "embed"} & set(parsed.tags)
    for tag, name, value in parsed.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("href", "src") and tag not in ("a", "video"):
            assert value.startswith("data:image/jpeg;base64,") or (tag, value) == ("use", "#asked")


def test_an_outline_at_infinity_is_not_drawn(photo: Path, film: Path) -> None:
    found = hit(film)
    assert found.outline is not None
    found.outline[0] = np.inf
    assert "<polygon" not in stills_page(photo, [found], Path("lib"))


@pytest.mark.parametrize("text", ["http://a.example", "https://a.example/b?c=d#e", "HTTPS://A.EXAMPLE"])
def test_addresses(text: str) -> None:
    assert web_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.example", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https:", "https://"),
        *("//a.b", "http:/a.b", "https://[x", " javascript:alert(1)//http://a.b"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    assert web_address(text) == ""
