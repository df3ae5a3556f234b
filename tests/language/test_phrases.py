"""How many phrases of the benchmark are understood exactly: of those the parser was tuned on, of those held out."""

from __future__ import annotations

import pytest

from contrapposto.errors import QueryError
from contrapposto.language.conditions import Asked
from contrapposto.language.parser import parse
from contrapposto.language.wording import understood
from tests.language.notation import Refused, canonical, phrases, read, refused

FLOORS = {"develop": 0.98, "held_out": 0.86}
"""Least share of phrases whose conditions are exactly those asked for."""


def parsed(text: str) -> Asked | None:
    """What is asked, None where that is not understood."""
    try:
        return parse(text)
    except QueryError:
        return None


def right(split: str) -> list[bool]:
    """Of each phrase of a split, whether its conditions are exactly those asked for."""
    found = [(parsed(phrase.phrase), read(phrase.conditions)) for phrase in phrases(split)]
    return [asked is not None and canonical(asked) == canonical(truth) for asked, truth in found]


@pytest.mark.parametrize("split", FLOORS)
def test_accuracy(split: str) -> None:
    answers = right(split)
    assert len(answers) > 200
    assert sum(answers) / len(answers) >= FLOORS[split]


def test_what_is_printed_back_is_understood_the_same() -> None:
    for phrase in phrases():
        asked = parsed(phrase.phrase)
        assert asked is None or parse(understood(asked)) == asked


@pytest.mark.parametrize("row", refused(), ids=lambda row: row.phrase[:30] or "empty")
def test_refused_with_the_words(row: Refused) -> None:
    with pytest.raises(QueryError) as error:
        parse(row.phrase)
    assert [words for words in row.quoted if words not in str(error.value)] == []
