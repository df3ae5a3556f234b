"""The table of named poses: names, synonyms, and definitions in the language itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from contrapposto.language.nouns import TURNED
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
    """All named poses (poses.csv) by name; a row with "own" is there for the left and for the right."""
    return MappingProxyType({pose.name: pose for cells in table("poses.csv") for pose in _poses(cells)})


@cache
def pose_phrases() -> Phrasebook[str]:
    """All words for named poses, with their names."""
    return Phrasebook({normal(words): pose.name for pose in poses().values() for words in (pose.name, *pose.synonyms)})


def _poses(cells: Mapping[str, str]) -> Iterator[Pose]:
    sides = TURNED if re.search(r"\bown\b", cells["name"]) else ()
    for own in [side for side in sides if side in ("left", "right")] or [""]:
        name, synonyms, definition = (
            re.sub(r"\bother\b", TURNED[own], re.sub(r"\bown\b", own, cell)) if own else cell
            for cell in (cells["name"], cells["synonyms"], cells["definition"])
        )
        yield Pose(name, tuple(filter(None, synonyms.split("/"))), definition)
