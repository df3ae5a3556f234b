"""What tests of several modules share."""

from __future__ import annotations

from pathlib import Path

import pytest

from contrapposto.library import Library
from tests.drawn import DrawnPeople


@pytest.fixture
def drawn_people() -> DrawnPeople:
    return DrawnPeople()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """An empty folder to draw photos in."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def library(tmp_path: Path, drawn_people: DrawnPeople) -> Library:
    """A library that is not made yet, whose people are found by `drawn_people`."""
    return Library(tmp_path / "test.library", estimator=drawn_people)
