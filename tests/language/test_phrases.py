"""How many phrases of the benchmark are understood exactly: of those the parser was tuned on, of those held out."""

from __future__ import annotations

import pytest

from contrapposto.errors import QueryError
from contrapposto.language.conditions import Asked
from contrapposto.language.parser import parse
from contrapposto.language.wording import understood
from tests.language.notation import Refused, canonical, phrases, read, refused

COUNTS = {"develop": (505, 0, 1), "held_out": (223, 30, 2)}
"""Phrases whose conditions are exactly those asked for, that are refused, and that are taken for something else, as
docs/words.md has them."""


def parsed(text: str) -> Asked | None:
    """What is asked, None where that is not understood."""
    try:
        return parse(text)
    except QueryError:
        return None


@pytest.mark.parametrize("split", COUNTS)
def test_accuracy(split: str) -> None:
    found = [(parsed(phrase.phrase), read(phrase.conditions)) for phrase in phrases(split)]
    exactly = sum(asked is not None and canonical(asked) == canonical(truth) for asked, truth in found)
    refused_ones = sum(asked is None for asked, _ in found)
    assert (exactly, refused_ones, len(found) - exactly - refused_ones) == COUNTS[split], "then docs/words.md too"


def test_what_is_printed_back_is_understood_the_same() -> None:
    for phrase in phrases():
        asked = parsed(phrase.phrase)
        assert asked is None or parse(understood(asked)) == asked


@pytest.mark.parametrize("row", refused(), ids=lambda row: row.phrase[:30] or "empty")
def test_refused_with_the_words(row: Refused) -> None:
    with pytest.raises(QueryError) as error:
        parse(row.phrase)
    assert [words for words in row.quoted if words not in str(error.value)] == []
