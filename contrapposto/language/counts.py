"""How many people: "two people", "at least three women", "exactly one person", "a couple", "alone"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

NUMBERS: Mapping[str, int] = {
    word: number
    for number, word in enumerate(
        ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1
    )
}
GROUPS: Mapping[str, int] = {
    "couple": 2,
    "pair": 2,
    "duo": 2,
    "trio": 3,
    "several": 3,
    "group": 3,
    "crowd": 3,
    "many": 3,
}
"""Words for at least so many people."""

MOST = 1000
"""People that can be asked for."""

ALONE = (
    ("alone",),
    ("nobody", "else", "in", "picture"),
    ("nobody", "else"),
    ("no", "one", "else", "in", "picture"),
    ("no", "one", "else"),
    ("on", "own"),
)
"""Words for one person and nobody else."""

PEOPLE = ("people", "person")
GRAMMAR = frozenset(
    {*NUMBERS, *GROUPS, *PEOPLE, "exactly", "only", "just", "at", "least", "of"}
    | {word for words in ALONE for word in words}
)


@dataclass(frozen=True, slots=True)
class Count:
    """people: at least, or exactly; alone: nobody else is in the picture."""

    people: int
    exactly: bool
    alone: bool = False


@dataclass(frozen=True, slots=True)
class FoundCount:
    """A count in a text, and where its words end."""

    count: Count
    end: int


def count_at(words: Sequence[str], at: int) -> FoundCount | None:
    """How many people are said to be there at a place."""
    place, exactly = at, False
    for alone in ALONE:
        if tuple(words[at : at + len(alone)]) == alone:
            return FoundCount(Count(1, True, True), at + len(alone))
    if words[place : place + 1] and words[place] in ("exactly", "only", "just"):
        place, exactly = place + 1, True
    elif words[place : place + 2] == ["at", "least"]:
        place += 2
    if place >= len(words):
        return None
    word = words[place]
    number = NUMBERS.get(word) or GROUPS.get(word) or (int(word) if word.isascii() and word.isdigit() else 0)
    end = place + 1
    if not 1 <= number <= MOST:
        return None
    if end < len(words) and words[end] == "of":
        end += 1
    if not _people(words, end, word in GROUPS):
        return None
    end += words[end : end + 1] != [] and words[end] in PEOPLE
    if number == 1 and not exactly and place == at:
        return FoundCount(Count(1, True, True), end)
    return FoundCount(Count(number, exactly), end)


def _people(words: Sequence[str], at: int, group: bool) -> bool:
    """Whether people are counted: they are named next, or after up to three words ("two kneeling men")."""
    for word in words[at : at + 4]:
        if word in PEOPLE:
            return True
        if word in (",", "and", "or", "with"):
            break
    return group and words[at - 1 : at] != ["of"]
