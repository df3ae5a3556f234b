"""Text to words: small letters, synonyms of single words replaced, words without a meaning left out."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

PAUSE = ","
"""Stands for every mark between the parts of a sentence."""

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[,;.:!?()]|[^\s\w\-'\"/]+", re.UNICODE)
_PAUSES = frozenset(",;.:!?")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": ",", "—": ",", "_": " ", "&": "&"})
_NOT = re.compile(r"(?:is|are|was|were|do|does|did|has|have|wo|ca|could|would|should)n't")


@dataclass(frozen=True, slots=True)
class Token:
    """One word or mark. word: as the tables know it; start, end: its place in the text."""

    word: str
    start: int
    end: int


def table(name: str) -> Iterator[dict[str, str]]:
    """The rows of a table of this package."""
    with resources.files(__package__).joinpath(name).open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


@cache
def words() -> Mapping[str, str]:
    """What a word is replaced by (words.csv), empty for those that mean nothing."""
    return {word: row["means"] for row in table("words.csv") for word in row["words"].split()}


def tokens(text: str) -> tuple[Token, ...]:
    """The words and marks of a text, without those that mean nothing."""
    known = words()
    found = []
    for match in _TOKEN.finditer(_lower(text)):
        word = match.group()
        if word in _PAUSES:
            word = PAUSE
        elif word == "&":
            word = "and"
        elif _NOT.fullmatch(word) or word == "cannot":
            word = "not"
        elif word not in known and "'" in word:
            word = word.split("'")[0]
        word = known.get(word, word)
        if word:
            found.append(Token(word, match.start(), match.end()))
    return tuple(found)


def normal(phrase: str) -> tuple[str, ...]:
    """The words of a phrase of a table, as `tokens` gives them."""
    return tuple(token.word for token in tokens(phrase))


def _lower(text: str) -> str:
    """In small letters, each letter at its place."""
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text.translate(_SAME))
