"""Phrases with what they stand for, found at a place of a text; the longest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Meaning = TypeVar("Meaning")

STRONG, SLIGHT = "strongly", "slightly"
STRENGTHS: Mapping[str, str] = {"strongly": STRONG, "far": STRONG, "wide": STRONG, "slightly": SLIGHT}
"""Words for how much, and which of two strengths they say."""


@dataclass(frozen=True, slots=True)
class Match(Generic[Meaning]):
    """A phrase at a place of a text. length: of all its words; strength: `STRONG`, `SLIGHT` or empty."""

    phrase: tuple[str, ...]
    meaning: Meaning
    length: int
    strength: str = ""


class Phrasebook(Generic[Meaning]):
    """What phrases stand for."""

    def __init__(self, phrases: Mapping[tuple[str, ...], Meaning]) -> None:
        self.phrases = phrases
        self._longest = max(map(len, phrases), default=0)

    def at(self, words: Sequence[str], at: int) -> Iterator[Match[Meaning]]:
        """The phrases at a place, the longest first."""
        for length in range(min(self._longest, len(words) - at), 0, -1):
            phrase = tuple(words[at : at + length])
            if phrase in self.phrases:
                yield Match(phrase, self.phrases[phrase], length)

    def best(self, words: Sequence[str], at: int) -> Match[Meaning] | None:
        """The longest phrase at a place, or one with a word of strength before, inside or after it."""
        plain = next(self.at(words, at), None)
        best = plain
        for place in range(at, min(at + self._longest + 1, len(words))):
            if words[place] in STRENGTHS:
                rest = [*words[at:place], *words[place + 1 : place + 1 + self._longest]]
                found = next(self.at(rest, 0), None)
                if found and found.length >= place - at and found.length + 1 > (best.length if best else 0):
                    best = Match(found.phrase, found.meaning, found.length + 1, STRENGTHS[words[place]])
        return best
