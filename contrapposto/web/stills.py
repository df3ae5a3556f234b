"""The page of a photo of a screen: the photo beside each frame that was found, matched points joined by lines, and
what is on show there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contrapposto.errors import UnreadableMedia
from contrapposto.items import when
from contrapposto.media.photos import Photo
from contrapposto.records import Item, StillHit
from contrapposto.text import clock, count, path_text, printable
from contrapposto.web import skeletons
from contrapposto.web.results import Card, Section, Shown, playing, render

HEIGHT, GAP = 480.0, 16.0
"""Height of photo and frame in a picture, and what is between them, in units of the picture."""

SIDE = 854
"""Pixels: longer side of photo and frame in the page."""

MOST = 60
"""Matched points that are drawn for one answer."""

_GOLDEN = 137.508
"""Degrees: hues that follow each other so far apart are told apart, however many there are."""

_THUMB = 160


@dataclass(frozen=True, slots=True)
class _Side:
    """A picture in the drawing. left, width: in units; scale: units a pixel of the full picture; shown: its SVG."""

    left: float
    width: float
    scale: float
    shown: str

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) units of points in pixels of the full picture."""
        placed: NDArray[np.float64] = points * self.scale + [self.left, 0.0]
        return placed


def stills_page(photo: Path, hits: Sequence[StillHit], library: Path) -> str:
    """The page of a search by a photo of a screen, best answer first. Files that cannot be shown any more are said
    to be so."""
    try:
        asked = skeletons.picture(photo)
        side = _side(asked, 0.0, 'id="asked" ')
        first = Card("asked with", (), path_text(photo), _svg(side.width, side.shown))
        cards = tuple(_card(rank, hit, asked) for rank, hit in enumerate(hits, start=1))
    except UnreadableMedia as error:
        first = Card("asked with", (), path_text(photo), missing=f"the picture cannot be shown: {error}")
        cards = tuple(_card(rank, hit, None) for rank, hit in enumerate(hits, start=1))
    lines = [f"{count(len(hits), 'shot')} found in {path_text(library)}"]
    if hits:
        lines.append("Left the photo, with the outline of the frame; right the frame; lines join matched points.")
    nothing = "No film in the library shows this picture."
    return render(
        "Films that show a picture", lines, [Section("asked", (first,)), Section("wide", cards, "", nothing)]
    )


def matched_svg(photo: Photo, frame: Photo, hit: StillHit) -> str:
    """The photo beside the frame; the photo itself is that of the page (`<image id="asked">`)."""
    left = _side(photo, 0.0, "")
    right = _side(frame, left.width + GAP, "")
    parts = ['<use href="#asked"/>', right.shown]
    if hit.outline is not None and np.isfinite(hit.outline).all():
        corners = " ".join(f"{x:.6g},{y:.6g}" for x, y in left.place(hit.outline))
        drawn = _doubled(f'polygon points="{corners}" fill="none"', "#ffd43b")
        parts.append(f'<svg x="0" y="0" width="{left.width:.6g}" height="{HEIGHT:g}">{drawn}</svg>')
    parts += [_box(item, right) for item in hit.items if item.box is not None and item.away(hit.time) == 0]
    rows = evenly(hit.matched[:, 1], MOST)
    ends = zip(left.place(hit.matched[rows, 0]), right.place(hit.matched[rows, 1]), strict=True)
    parts += [_line(start, end, number) for number, (start, end) in enumerate(ends)]
    return _svg(right.left + right.width, "".join(parts))


def evenly(points: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Rows, rising, of at most so many of (K, 2) points, spread as evenly as they go: from the first, one after
    another the one that is farthest from all taken so far (Gonzalez 1985), the lowest row at a tie."""
    if len(points) <= most:
        return np.arange(len(points))
    taken = [0]
    away = ((points - points[0]) ** 2).sum(axis=1)
    while len(taken) < most:
        taken.append(int(away.argmax()))
        away = np.minimum(away, ((points - points[taken[-1]]) ** 2).sum(axis=1))
    return np.unique(taken)


def web_address(text: str) -> str:
    """The text where it is an http or https address; empty where it is anything else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc else ""


def _card(rank: int, hit: StillHit, photo: Photo | None) -> Card:
    drawn = f", {MOST} of them drawn" if hit.inliers > MOST else ""
    points = f"{count(hit.inliers, 'matched point')}{drawn}" if hit.inliers else "no matched points"
    lines = [
        f"{clock(hit.time)}, shot {hit.shot.number} ({clock(hit.shot.start)} to {clock(hit.shot.end)})",
        f"{points}; likeness as a whole {hit.likeness:.2f}",
        *(f"same film: {path_text(copy)}" for copy in hit.copies),
    ]
    svg, missing = None, "the photo cannot be shown"
    try:
        frame = skeletons.picture(hit.path, hit.time)
        if photo is not None:
            svg = matched_svg(photo, frame, hit)
    except UnreadableMedia as error:
        missing = f"the film cannot be opened any more: {error}"
    shown = tuple(_shown(item, hit.time) for item in hit.items)
    card = Card(f"{rank}", tuple(lines), path_text(hit.path), svg, missing, hit.match, shown=shown)
    return playing(card, hit.path, hit.time)


def _shown(item: Item, time: float) -> Shown:
    lines, picture = [when(item, time)], ""
    address = web_address(item.link)
    if item.link and not address:
        lines.append(printable(item.link))
    if item.picture:
        try:
            if web_address(item.picture):
                raise UnreadableMedia("an address")
            picture = skeletons.data_address(Image.fromarray(skeletons.picture(Path(item.picture)).image), _THUMB)
        except UnreadableMedia:
            lines.append(f"picture: {printable(item.picture)}")
    return Shown(printable(item.name), tuple(lines), address, picture)


def _side(photo: Photo, left: float, name: str) -> _Side:
    """name: an attribute of its image."""
    scale = HEIGHT / photo.height
    width = photo.width * scale
    data = skeletons.data_address(Image.fromarray(photo.image), SIDE)
    shown = (
        f'<image {name}href="{data}" x="{left:.6g}" y="0" width="{width:.6g}" height="{HEIGHT:g}" '
        'preserveAspectRatio="none"/>'
    )
    return _Side(left, width, scale, shown)


def _svg(width: float, content: str) -> str:
    return f'<svg viewBox="0 0 {width:.6g} {HEIGHT:g}" xmlns="http://www.w3.org/2000/svg">{content}</svg>'


def _box(item: Item, frame: _Side) -> str:
    """The box of an item, with its name."""
    assert item.box is not None
    (x, y), (right, bottom) = frame.place(
        np.array([[item.box.x, item.box.y], [item.box.x + item.box.width, item.box.y + item.box.height]])
    )
    name = escape(printable(item.name))
    shape = f'rect x="{x:.6g}" y="{y:.6g}" width="{right - x:.6g}" height="{bottom - y:.6g}" fill="none"'
    return (
        f"{_doubled(shape, '#fff')}"
        f'<text x="{x + 4:.6g}" y="{max(y - 5, 14):.6g}" font-size="14" font-family="sans-serif" fill="#fff" '
        f'stroke="#000a" stroke-width="3" stroke-linejoin="round" paint-order="stroke">{name}</text>'
    )


def _doubled(shape: str, colour: str) -> str:
    """An outline that is seen on bright and on dark."""
    strokes = ('stroke="#000" stroke-opacity=".6" stroke-width="4"', f'stroke="{colour}" stroke-width="2"')
    return "".join(f"<{shape} {stroke}/>" for stroke in strokes)


def _line(start: NDArray[np.float64], end: NDArray[np.float64], number: int) -> str:
    """A line from photo to frame with a ring at each end, in a colour of its own."""
    colour = f"hsl({number * _GOLDEN % 360:.0f},90%,60%)"
    ends = f'x1="{start[0]:.6g}" y1="{start[1]:.6g}" x2="{end[0]:.6g}" y2="{end[1]:.6g}"'
    rings = "".join(
        f'<circle cx="{x:.6g}" cy="{y:.6g}" r="3" fill="none" stroke="{colour}" stroke-width="1.2"/>'
        for x, y in (start, end)
    )
    return f'<line {ends} stroke="{colour}" stroke-width="0.9" stroke-opacity=".75"/>{rings}'
