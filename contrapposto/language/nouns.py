"""Parts of the body by their names: "left hand", "both knees", "either arm", "no elbow"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from contrapposto.language.phrasebook import Phrasebook
from contrapposto.language.tokens import normal, table

SIDES = ("left", "right")
TURNED: Mapping[str, str] = {"left": "right", "right": "left", "own": "other", "other": "own", "": ""}

EACH, EITHER, NONE, ONE, ONLY = "each", "either", "none", "one", "only"
"""Of which sides something is said: of each of `NounPhrase.sides`; of at least one; of none; of exactly one; of the
one side and not of the other."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A part of the body. part: its name in parts.csv; sided: there is a left and a right one; many: both."""

    part: str
    sided: bool
    many: bool


@cache
def nouns() -> Phrasebook[Noun]:
    """All words for parts (parts.csv)."""
    found = {}
    for row in table("parts.csv"):
        for column in ("one", "many"):
            for words in filter(None, row[column].split("/")):
                found[normal(words)] = Noun(row["part"], row["sides"] == "yes", column == "many")
    return Phrasebook(found)


def noun_at(words: Sequence[str], at: int) -> tuple[Noun, int] | None:
    """The part whose name stands at a place, and where it ends."""
    match = next(nouns().at(words, at), None)
    return (match.meaning, at + match.length) if match else None


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A part with its sides. how: `EACH` and so on; sides: ("left",), ("right",), both, or ("",) of a part without
    sides; turned: what is said of a side goes for the other ("the other hand", after "one hand"); many: said of
    both at once."""

    part: str
    how: str
    sides: tuple[str, ...]
    many: bool = False
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Object:
    """The second part of a relation. side: left, right, own, other, or empty: not said."""

    part: str
    side: str
