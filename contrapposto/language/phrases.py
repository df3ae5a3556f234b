"""What a description can say: phrases, each with the condition that its words mean.

The phrases are data: phrases.csv. There "own" and "other" stand for the two sides; such a row is there for the left
and for the right, and, where `both` gives words for it, for both sides at once.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from contrapposto.language.conditions import Bit, Condition, every, negated, pushed
from contrapposto.language.named import NAMED

FILE = "phrases.csv"

PARTS: tuple[str, ...] = ("posture", "view", "lean", "torso", "legs", "arms", "head")
"""Of a sentence, in the order in which they are said."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words for a condition.

    part: one of `PARTS`; about: topics: the phrase is left out where one of them is settled; settles: these and
    more topics; plain: the condition in posebits alone; when: must hold too for the phrase to be worth saying, None
    for nothing; subject: the first words, which phrases can share, empty for none; words: the rest; share: of the
    people of the built-in collection for whom condition and `when` hold, 0..1; pair: it is about both sides.
    """

    part: str
    about: tuple[str, ...]
    settles: tuple[str, ...]
    condition: Condition
    plain: Condition
    when: Condition | None
    subject: str
    words: str
    share: float
    pair: bool = False

    @property
    def text(self) -> str:
        """Subject and words."""
        return f"{self.subject} {self.words}".strip()


@cache
def phrases() -> tuple[Phrase, ...]:
    """All of them, in the order in which those of one part are said."""
    with resources.files(__package__).joinpath(FILE).open(encoding="utf-8") as file:
        return tuple(read(file))


_SIDES = (("left", "right"), ("right", "left"))
_OWN, _OTHER = r"(?<![a-z])own(?![a-z])", r"(?<![a-z])other(?![a-z])"


def read(lines: Iterable[str]) -> Iterator[Phrase]:
    """The phrases of a table in the form of phrases.csv."""
    for cells in csv.DictReader(lines):
        left, right = (_sided(cells, own, other) for own, other in _SIDES)
        topics = [[*mine, *others] for mine, others in zip(_topics(left), _topics(right), strict=True)]
        if not re.search(_OWN, cells["condition"]):
            yield _phrase(cells, topics)
            continue
        if cells["both"]:
            conditions = {key: " & ".join(filter(None, (left[key], right[key]))) for key in ("condition", "when")}
            both = {**left, **conditions, "words": cells["both"], "share": cells["share_of_both"]}
            yield replace(_phrase(both, topics), pair=True)
        yield _phrase(left, _topics(left))
        yield _phrase(right, _topics(right))


def _sided(cells: Mapping[str, str], own: str, other: str) -> dict[str, str]:
    return {key: re.sub(_OTHER, other, re.sub(_OWN, own, cell)) for key, cell in cells.items()}


def _topics(cells: Mapping[str, str]) -> list[list[str]]:
    """What a phrase is about, and what it settles."""
    topics = cells["topics"].split()
    return [topics[:1], topics]


def _phrase(cells: Mapping[str, str], topics: Sequence[Sequence[str]]) -> Phrase:
    subject, _, words = cells["words"].rpartition(" | ")
    when = pushed(_condition(cells["when"])) if cells["when"] else None
    about, settles = (tuple(dict.fromkeys(several)) for several in topics)
    share = float(cells["share"])
    condition = _condition(cells["condition"])
    return Phrase(cells["part"], about, settles, condition, pushed(condition), when, subject, words, share)


def _condition(text: str) -> Condition:
    """Posebits by name, "!" before those that must be false, or "=" and a named pose; " & " between them."""
    return every([_single(part) for part in text.split(" & ")])


def _single(text: str) -> Condition:
    if text.startswith("!"):
        return negated(_single(text[1:]))
    return NAMED[text[1:]] if text.startswith("=") else Bit(text)
