"""The table of named poses: names, synonyms, and definitions in the language itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from contrapposto.language.nouns import SIDES, TURNED
from contrapposto.language.phrasebook import Phrasebook
from contrapposto.language.tokens import normal, table


@dataclass(frozen=True, slots=True)
class Pose:
    """name, synonyms: words for it; definition: what it means, in the language (`parser`)."""

    name: str
    synonyms: tuple[str, ...]
    definition: str


@cache
def poses() -> Mapping[str, Pose]:
    """All named poses (poses.csv) by name; a row whose name has "own" is there for the left
    and for the right; one whose definition alone has it holds either way round."""
    return MappingProxyType({pose.name: pose for cells in table("poses.csv") for pose in _poses(cells)})


@cache
def pose_phrases() -> Phrasebook[str]:
    """All words for named poses, with their names."""
    return Phrasebook(
        {normal(words): pose.name for pose in poses().values() for words in (pose.name, *pose.synonyms)}
    )


def _poses(cells: Mapping[str, str]) -> Iterator[Pose]:
    name, definition = cells["name"], cells["definition"]
    if not re.search(_OWN, name):
        if re.search(_OWN, definition):
            definition = " or ".join(f"({_of_side(definition, side)})" for side in SIDES)
        yield Pose(name, _words(cells["synonyms"]), definition)
        return
    for side in SIDES:
        synonyms = _words(_of_side(cells["synonyms"], side))
        yield Pose(_of_side(name, side), synonyms, _of_side(definition, side))


_OWN, _OTHER = r"\bown\b", r"\bother\b"


def _of_side(text: str, side: str) -> str:
    return re.sub(_OTHER, TURNED[side], re.sub(_OWN, side, text))


def _words(synonyms: str) -> tuple[str, ...]:
    return tuple(filter(None, synonyms.split("/")))
