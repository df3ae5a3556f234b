"""What words ask of two people in one picture: a table of relations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from contrapposto.language.conditions import Bit, Condition, Either
from contrapposto.language.phrasebook import Phrasebook
from contrapposto.language.tokens import normal, table


@dataclass(frozen=True, slots=True)
class Relation:
    """left, right: what must hold of the person further left in the picture, and of the one further right, None for
    nothing; within: metres (of a body of usual size) between their hips in the picture, at most."""

    left: Condition | None
    right: Condition | None
    within: float


RELATIONS: Mapping[str, Relation] = {
    "facing each other": Relation(Bit("facing_right"), Bit("facing_left"), 4.0),
    "back to back": Relation(Bit("facing_left"), Bit("facing_right"), 2.0),
    "side by side": Relation(
        Either((Bit("facing_camera"), Bit("from_behind"))), Either((Bit("facing_camera"), Bit("from_behind"))), 2.0
    ),
    "close together": Relation(None, None, 0.6),
}
"""By the words for it."""


@cache
def relation_phrases() -> Phrasebook[str]:
    """Words for relations of two people, with their names (scenes.csv)."""
    rows = table("scenes.csv")
    return Phrasebook({normal(words): row["relation"] for row in rows for words in row["words"].split("/")})
