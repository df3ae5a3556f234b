"""Draws docs/demo.svg, the README's second picture, with the program itself: python docs/make_demo_picture.py

Indexes the built-in collection, asks for one of its named poses by Procrustes distance, and shows the answers.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from contrapposto import demo
from contrapposto.library import Library
from contrapposto.records import Hit
from contrapposto.web.skeletons import photo_svg

POSE, AZIMUTH = "jumping jack", 16
"""Asked with the person of this name who is seen from nearest this side, alone in the picture."""

PANEL, TALL, GAP, ANSWERS = 180, 230, 8, 4
STYLE = (
    ".left{stroke:#1f9bff}.right{stroke:#ff7a1a}.middle{stroke:#b4b4b4}.limb{stroke-linecap:round;fill:none}"
    ".under{stroke:#000a;stroke-linecap:round;fill:none}"
)


def panel(number: int, hit: Hit, words: str) -> str:
    """One picture with its words."""
    svg = photo_svg(hit.path, [hit.pose], hit.box, hit.why[0] if number else None)
    place = f'x="{number * (PANEL + GAP)}" y="0" width="{PANEL}" height="{TALL}"'
    inside = re.sub("^<svg", f'<svg {place} preserveAspectRatio="xMidYMid meet"', svg)
    middle = number * (PANEL + GAP) + PANEL / 2
    return f'{inside}<text x="{middle}" y="{TALL + 18}" text-anchor="middle">{words}</text>'


def picture(folder: Path) -> str:
    """The strip: what was asked, then the answers."""
    library = Library(folder / "demo.library")
    library.index(demo.photos())
    people = demo.truth().people
    alone = [true for true in people if true.pose == POSE and len(demo.truth().of(true.file)) == 1]
    asked = min(alone, key=lambda true: abs(true.azimuth - AZIMUTH))
    pose = library.people(demo.photos() / asked.file)[0].pose
    hits = library.search(pose=pose, metric="procrustes", top=ANSWERS + 1)
    words = [
        "asked for",
        *(f"{n}: {hit.distance:.0f} mm, match {hit.match:.2f}" for n, hit in enumerate(hits[1:], 1)),
    ]
    panels = "".join(panel(n, hit, text) for n, (hit, text) in enumerate(zip(hits, words, strict=True)))
    width, height = len(hits) * (PANEL + GAP) - GAP, TALL + 26
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="12" fill="#777"><style>{STYLE}</style>{panels}</svg>\n'
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        drawn = picture(Path(place))
    (Path(__file__).parent / "demo.svg").write_text(drawn, encoding="utf-8")
