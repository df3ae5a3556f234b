"""The part of a query that asks in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from contrapposto.errors import QueryError
from contrapposto.language.conditions import Asked
from contrapposto.language.parser import parse
from contrapposto.language.wording import understood
from contrapposto.search.joints import check_weight

SCORES = ("probability", "hamming")
"""How people are scored: by how surely the conditions hold, or by how many of them do not hold."""


@dataclass(frozen=True, slots=True)
class WordsPart:
    """Asks for people in words, such as "left elbow bent, right hand above the head" (docs/language.md).

    weight: share of this part in the match of a query with several parts; below 0 it asks for people of whom this
    does not hold; score: one of `SCORES`. Raises QueryError that quotes what is not understood.
    """

    words: str
    weight: float = 1.0
    score: str = "probability"
    asked: Asked = field(init=False)

    def __post_init__(self) -> None:
        check_weight(self.weight)
        if self.score not in SCORES:
            raise QueryError(f"unknown score {self.score!r}; there are {', '.join(SCORES)}")
        object.__setattr__(self, "asked", parse(self.words))

    @property
    def understood(self) -> str:
        """What was understood, in words."""
        return understood(self.asked)

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {"words": self.words, "score": self.score, "weight": self.weight}
