"""The table of posebits: its form, its two sides, and that every row varies."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from contrapposto.posebits.measures import DERIVED, MEASURES
from contrapposto.posebits.table import DEGREES, FAMILIES, FRAMES, INDEX, POSEBITS, Posebit, read_table
from contrapposto.skeleton import KEYPOINTS

HEAD = "family,frame,name,measure,points,over,threshold,band,sigma,words,denial"


def other_side(text: str) -> str:
    """left for right and right for left, in names and in words."""
    swapped = {"left": "right", "right": "left"}
    return re.sub(r"(?<![a-z])(left|right)(?![a-z])", lambda found: swapped[found[0]], text)


def test_rows_with_own_stand_for_both_sides() -> None:
    line = "above,picture,own_wrist_above_other_hip,higher,own_wrist other_hip,>,0.1,0.04,0.1,own hand up,down"
    left, right = read_table(iter([HEAD, line]))
    assert (left.name, right.name) == ("left_wrist_above_right_hip", "right_wrist_above_left_hip")
    assert (left.points, right.points) == (("left_wrist", "right_hip"), ("right_wrist", "left_hip"))
    assert (left.words, right.words) == ("left hand up", "right hand up")
    assert left.over
    assert (left.threshold, left.band, left.sigma, left.unit) == (0.1, 0.04, 0.1, "m")
    plain = "torso,space,owner_leans,lean_left,,<,-3,5,15,another word,not so"
    (row,) = read_table(iter([HEAD, plain]))
    assert (row.name, row.points, row.over, row.unit) == ("owner_leans", (), False, "deg")


def test_names_are_different_and_numbered() -> None:
    assert len(INDEX) == len(POSEBITS) > 200
    assert [POSEBITS[number].name for number in INDEX.values()] == list(INDEX)
    assert len({row.words for row in POSEBITS}) == len(POSEBITS)


@pytest.mark.parametrize("row", POSEBITS, ids=lambda row: row.name)
def test_a_row_is_well_formed(row: Posebit) -> None:
    assert re.fullmatch(r"[a-z_]+", row.name)
    assert row.family in FAMILIES
    assert row.frame in FRAMES
    assert row.measure in MEASURES
    assert set(row.points) <= {*KEYPOINTS, *DERIVED, "head"}
    assert row.band > 0
    assert row.sigma > 0
    assert row.words != row.denial
    assert set(row.joints) <= set(KEYPOINTS)


def test_degrees_are_of_measures() -> None:
    assert set(MEASURES) > DEGREES


def test_every_row_has_its_other_side() -> None:
    """The same limits, and the words of the other side; rows of both sides at once are their own other side."""
    for row in POSEBITS:
        if row.frame == "picture" and row.family == "side":
            continue  # left and right of the picture: tests of the measures
        twin = POSEBITS[INDEX[other_side(row.name)]]
        assert (twin.family, twin.frame) == (row.family, row.frame)
        assert (twin.band, twin.sigma) == (row.band, row.sigma), row.name
        assert (twin.words, twin.denial) == (other_side(row.words), other_side(row.denial))
        if twin.over == row.over:
            assert twin.threshold == row.threshold, row.name
        else:
            assert twin.threshold == -row.threshold, row.name


def test_of_one_subject_no_two_rows_are_the_same() -> None:
    keys = [(row.subject, row.over, row.threshold) for row in POSEBITS]
    assert len(set(keys)) == len(keys)


def test_strongly_is_more() -> None:
    """Whoever leans strongly leans, whose hands are wide apart has them apart."""
    for row in POSEBITS:
        plain = row.name.replace("_wide_", "_").replace("strongly_", "")
        if plain != row.name:
            weak = POSEBITS[INDEX[plain]]
            assert weak.subject == row.subject
            assert weak.over == row.over
            assert row.threshold > weak.threshold if row.over else row.threshold < weak.threshold


def script() -> ModuleType:
    """docs/make_posebits.py, imported from its file."""
    path = Path(__file__).resolve().parents[2] / "docs" / "make_posebits.py"
    spec = importlib.util.spec_from_file_location("make_posebits", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_tables_of_the_stored_runs() -> None:
    made = script()
    page = made.PAGE.read_text(encoding="utf-8")
    assert page == made.filled(page), "run: python docs/make_posebits.py"


@pytest.mark.parametrize("run", ["demo", "poses3d-bandai", "poses3d-cmu"])
def test_the_stored_runs_are_of_this_table(run: str) -> None:
    """Else: contrapposto evaluate posebits, and its summary.json and per_query.csv to docs/results."""
    rows = script().rows_of(run)
    assert set(rows) == set(INDEX)
    for row in POSEBITS:
        assert float(rows[row.name]["threshold"]) == row.threshold, row.name
