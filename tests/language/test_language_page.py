"""The page of the grammar is what the tables say."""

from __future__ import annotations

import re
from types import ModuleType

import pytest

from contrapposto.language.named import NAMED
from contrapposto.language.nouns import nouns
from contrapposto.language.parser import parse
from contrapposto.posebits.table import POSEBITS
from tests.test_docs import ROOT, script


@pytest.fixture(scope="module")
def made() -> ModuleType:
    return script("make_language")


def test_page_is_what_its_script_writes(made: ModuleType) -> None:
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert page == made.page(), "run: python docs/make_language.py"


def test_all_is_on_the_page(made: ModuleType) -> None:
    page = made.page()
    cells = {cell.strip() for line in page.splitlines() for cell in line.split(" | ")}
    assert [row.name for row in POSEBITS if f"`{row.name}`" not in page and row.name.startswith("left")] == []
    assert [name for name in NAMED if not any(name in cell for cell in cells)] == []
    assert [words for words in nouns().phrases if words[-1] not in page] == []


def test_examples_are_understood_and_the_refused_are_refused(made: ModuleType) -> None:
    for text in made.EXAMPLES:
        parse(text)
    errors = [made._error(text) for text in made.REFUSED]
    assert [error for error in errors if not re.search("not understood|contradict|degree", error)] == []
