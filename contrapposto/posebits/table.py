"""The table of posebits: yes/no relations of joints, after Pons-Moll et al. 2014 and the posecodes of PoseScript.

The rows are data: table.csv. There "own" and "other" stand for the two sides; such a row is there for the left and
for the right. Left and right are the person's own, but for "in the picture". docs/posebits.md says where the
thresholds come from.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from contrapposto.posebits.measures import DERIVED

FILE = "table.csv"

FAMILIES: tuple[str, ...] = (
    "angle",
    "distance",
    "beyond",
    "above",
    "side",
    "front",
    "direction",
    "torso",
    "ground",
    "view",
    "head",
    "compare",
)
"""Kinds of rows, as tables of results group them."""

FRAMES: tuple[str, ...] = ("picture", "space", "body")


@dataclass(frozen=True, slots=True)
class Posebit:
    """One yes/no relation.

    family: one of `FAMILIES`; frame: "body" is the same from every side, "space" goes by the picture's up or the
    camera, in 3D, "picture" needs 2D keypoints only; measure: a key of `measures.MEASURES`, of `points`;
    threshold: true where the measure is `over` it, or (`over` False) below it; band: hysteresis, half its width: an
    answer once given is kept as long as the measure is no further than this on the other side; sigma: spread of a
    detected measure about the true one, for keypoints that are surely seen; words, denial: that it is true, and
    false.
    """

    family: str
    frame: str
    name: str
    measure: str
    points: tuple[str, ...]
    over: bool
    threshold: float
    band: float
    sigma: float
    words: str
    denial: str

    @property
    def unit(self) -> str:
        """Of threshold, band and sigma: "deg", or "m" of a body of usual size."""
        return "deg" if self.measure in DEGREES else "m"

    @property
    def subject(self) -> tuple[str, tuple[str, ...]]:
        """What is measured: rows of one subject differ in threshold and direction only."""
        return self.measure, self.points

    @property
    def joints(self) -> tuple[str, ...]:
        """The keypoints that must be seen; of the face any one will do where "head" is among the points."""
        needed = [key for point in self.points for key in DERIVED.get(point, (point,)) if key != "head"]
        return tuple(dict.fromkeys((*needed, *_NEEDED.get(self.measure, ()))))


DEGREES = frozenset(
    (
        "angle",
        "less_bent",
        "tilt",
        "from_up",
        "from_level",
        "lean_left",
        "lean_forward",
        "away",
        "sideways",
        "twist",
        "head_turn",
        "head_lift",
        "head_tilt",
    )
)
"""Measures in degrees; the others are in metres."""

_HIPS, _TRUNK, _EARS = DERIVED["pelvis"], DERIVED["torso"], DERIVED["ears"]

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "beyond": _TRUNK,
    "toward_left": _TRUNK,
    "toward_right": _TRUNK,
    "up_the_spine": _TRUNK,
    "in_front": _TRUNK,
    "off_ground": ("left_knee", "right_knee", "left_ankle", "right_ankle"),
    "carries": _HIPS,
    "lean_left": _TRUNK,
    "lean_forward": _TRUNK,
    "away": _HIPS,
    "sideways": _HIPS,
    "twist": _TRUNK,
    "head_turn": ("nose", *_EARS, *_TRUNK),
    "head_lift": ("nose", *_EARS, *_TRUNK),
    "head_tilt": (*_EARS, *_TRUNK),
}
"""Keypoints that a measure needs beside its points."""

_SIDES = (("left", "right"), ("right", "left"))


def read_table(lines: Iterator[str]) -> tuple[Posebit, ...]:
    """The rows of a table in the form of table.csv, those with "own" once for each side."""
    rows = []
    for cells in csv.DictReader(lines):
        sides = _SIDES if re.search(_OWN, cells["name"]) else (("", ""),)
        for own, other in sides:
            texts = {key: re.sub(_OTHER, other, re.sub(_OWN, own, cell)) for key, cell in cells.items()}
            rows.append(_row(texts))
    return tuple(rows)


_OWN, _OTHER = r"(?<![a-z])own(?![a-z])", r"(?<![a-z])other(?![a-z])"


def _row(cells: Mapping[str, str]) -> Posebit:
    return Posebit(
        cells["family"],
        cells["frame"],
        cells["name"],
        cells["measure"],
        tuple(cells["points"].split()),
        cells["over"] == ">",
        float(cells["threshold"]),
        float(cells["band"]),
        float(cells["sigma"]),
        cells["words"],
        cells["denial"],
    )


def _shipped() -> tuple[Posebit, ...]:
    with resources.files(__package__).joinpath(FILE).open(encoding="utf-8") as file:
        return read_table(file)


POSEBITS: tuple[Posebit, ...] = _shipped()
"""All rows, in the order of the bits of a posebyte."""

INDEX: Mapping[str, int] = {row.name: number for number, row in enumerate(POSEBITS)}
"""The number of each row, by name."""
