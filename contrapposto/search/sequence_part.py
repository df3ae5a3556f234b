"""The part of a query that asks for several poses of one person, one after the other: "arms down, then hands above
the head within 2 s"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from contrapposto.errors import QueryError
from contrapposto.search.joints import check_weight
from contrapposto.search.pose_part import Lift, PosePart
from contrapposto.search.words_part import WordsPart

MOST_STEPS = 10

_THEN = re.compile(r"[\s,;.]*\b(?:(?:and\s+)?then|followed\s+by|(?:and\s+)?after\s+that)\b[\s,;:]*", re.IGNORECASE)
_WITHIN = re.compile(
    r"[\s,;]*\bwithin\s+(?:(?P<number>\d+(?:\.\d+)?)|(?P<word>a|one|two|three|four|five|ten))\s*(?P<unit>ms|"
    r"milliseconds?|s|secs?|seconds?|minutes?|min)\b\.?[\s,;]*",
    re.IGNORECASE,
)
_UNITS = {"mi": 60.0, "ms": 0.001, "s": 1.0, "se": 1.0}
"""Seconds, by the first letters of a unit; "milliseconds" is told apart before."""

_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10}


@dataclass(frozen=True, slots=True)
class Step:
    """One pose of a sequence. within: seconds at most from the end of the step before to the start of this one,
    None for any."""

    part: PosePart | WordsPart
    within: float | None = None

    def __post_init__(self) -> None:
        if self.within is not None and not (math.isfinite(self.within) and self.within >= 0):
            raise QueryError(f"'within' must be seconds, at least 0, got {self.within!r}")
        if isinstance(self.part, WordsPart) and self.part.asked.scene is not None:
            raise QueryError(f'"{self.part.words}": a sequence asks for one person, not for how many there are')

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {**self.part.to_json(), **({} if self.within is None else {"within": self.within})}


@dataclass(frozen=True, slots=True)
class SequencePart:
    """Asks for people in films who are in one pose after the other, in one shot. weight: share of this part in the
    match of a query with several parts; below 0 it asks for people who are not."""

    steps: tuple[Step, ...]
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_weight(self.weight)
        if not 2 <= len(self.steps) <= MOST_STEPS:
            raise QueryError(f"a sequence has 2 to {MOST_STEPS} steps, got {len(self.steps)}")
        if any(step.part.weight != 1 for step in self.steps):
            raise QueryError("a step of a sequence has no weight of its own; the sequence can have one")
        if self.steps[0].within is not None:
            raise QueryError("'within' is said of a step that comes after another; the first has none before it")

    @property
    def understood(self) -> str:
        """What was understood, in words."""
        told = [_told(step) for step in self.steps]
        return ", then ".join(told)

    @property
    def needs_lifting(self) -> bool:
        """Whether a step compares poses in 3D and has none."""
        return any(isinstance(step.part, PosePart) and step.part.needs_lifting for step in self.steps)

    def lifted(self, lift: Lift) -> SequencePart:
        """The same with 3D keypoints where they are needed."""

        def with_depth(step: Step) -> Step:
            if isinstance(step.part, PosePart) and step.part.needs_lifting:
                return replace(step, part=step.part.lifted(lift))
            return step

        return replace(self, steps=tuple(with_depth(step) for step in self.steps))

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        return {"then": [step.to_json() for step in self.steps], "weight": self.weight}


def _told(step: Step) -> str:
    what = step.part.understood if isinstance(step.part, WordsPart) else "a pose that is shown"
    return what if step.within is None else f"{what} within {step.within:g} s"


def in_words(words: str, weight: float = 1.0, score: str = "probability") -> WordsPart | SequencePart:
    """What a text asks for: one pose, or where "then" (and then, followed by, after that) joins several, a
    sequence; "within 2 s" is said of the step that it stands in. Raises QueryError that quotes what is not
    understood."""
    texts = _THEN.split(words)
    if len(texts) == 1:
        if re.search(r"\bwithin\b", words, re.IGNORECASE):
            raise QueryError(
                f'{_quoted(words)}: "within" is said of what comes after something: join both with "then"'
            )
        return WordsPart(words, weight, score)
    if not all(text.strip(" ,;.") for text in texts):
        raise QueryError(f'{_quoted(words)}: something is missing before or after "then"')
    return SequencePart(tuple(_step(text, score) for text in texts), weight)


def _quoted(text: str) -> str:
    return f'"{" ".join(text.split())[:80]}"'


def _step(text: str, score: str) -> Step:
    found = list(_WITHIN.finditer(text))
    if len(found) > 1:
        raise QueryError(f'{_quoted(text)}: "within" is said twice')
    if not found:
        if re.search(r"\bwithin\b", text, re.IGNORECASE):
            raise QueryError(f'{_quoted(text)}: "within" needs a time, such as "within 2 s"')
        return Step(WordsPart(text.strip(), score=score))
    number = float(found[0]["number"]) if found[0]["number"] else _NUMBERS[found[0]["word"].lower()]
    unit = found[0]["unit"].lower()
    seconds = number * (_UNITS["ms"] if unit.startswith("milli") else _UNITS[unit[:2]])
    rest = (text[: found[0].start()] + ", " + text[found[0].end() :]).strip(" ,;.")
    return Step(WordsPart(rest, score=score), seconds)


def step_from_json(data: Any, place: str, part: Callable[[Any, str], PosePart | WordsPart]) -> Step:
    """From the JSON form; `part` reads it without `within`."""
    if not isinstance(data, dict):
        raise QueryError(f"{place} must be a JSON object")
    rest = {key: value for key, value in data.items() if key != "within"}
    within = data.get("within")
    if within is not None and (not isinstance(within, int | float) or isinstance(within, bool)):
        raise QueryError(f"'within' in {place} must be seconds, got {within!r}")
    return Step(part(rest, place), None if within is None else float(within))
