"""Conditions to words that ask for the same again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from contrapposto.language.conditions import All, Asked, Bit, Condition, Either, Named, Not, Scene
from contrapposto.language.counts import NUMBERS
from contrapposto.language.tokens import table


def understood(asked: Asked) -> str:
    """What was understood, in words that `parser.parse` reads as the same."""
    person = "" if asked.person is None else words_of(asked.person)
    if asked.scene is None:
        return person
    return _scene(asked.scene) + (f", {person}" if person else "")


def words_of(condition: Condition) -> str:
    """The words of one condition. "or" binds looser than "and"; brackets stand where that is not meant."""
    if isinstance(condition, All) and any(_is_or(part) for part in condition.parts):
        return _joined(condition.parts, "both", ", ", _alternatives)
    return _alternatives(condition)


def _alternatives(condition: Condition) -> str:
    if isinstance(condition, Either):
        return _joined(condition.parts, "one", " or ", _together)
    return _together(condition)


def _together(condition: Condition) -> str:
    if isinstance(condition, All):
        return _joined(condition.parts, "both", " and ", _single)
    return _single(condition)


def _single(condition: Condition) -> str:
    if isinstance(condition, Bit):
        return condition.row.words if condition.value else condition.row.denial
    if isinstance(condition, Named):
        return condition.name
    if isinstance(condition, Not):
        return f"not {_single(condition.part)}"
    if _is_pair(condition.parts):
        return _together(condition) if isinstance(condition, All) else _alternatives(condition)
    return f"({words_of(condition)})"


def _is_or(condition: Condition) -> bool:
    return isinstance(condition, Either) and not _is_pair(condition.parts)


def _joined(parts: Sequence[Condition], both: str, joiner: str, words: Callable[[Condition], str]) -> str:
    return joiner.join(_pairs_together(parts, both, words))


def _pairs_together(parts: Sequence[Condition], both: str, words: Callable[[Condition], str]) -> Iterator[str]:
    """The words of each part; of the same of the left and of the right side once: "both elbows bent"."""
    place = 0
    while place < len(parts):
        if _is_pair(parts[place : place + 2]):
            yield _of_both(_single(parts[place]), both)
            place += 2
        else:
            yield words(parts[place])
            place += 1


def _is_pair(parts: Sequence[Condition]) -> bool:
    """Whether these are the same of the left and of the right side."""
    if len(parts) != 2:
        return False
    left, right = parts
    if not isinstance(left, Bit) or not isinstance(right, Bit) or left.value != right.value:
        return False
    if not left.row.words.startswith("left "):
        return False
    return _mirrored(left.row.words) == right.row.words and _mirrored(left.row.denial) == right.row.denial


def _mirrored(words: str) -> str:
    return re.sub(r"\b(left|right)\b", lambda side: "right" if side[0] == "left" else "left", words)


def _of_both(words: str, both: str) -> str:
    """ "left hand near the left hip" of both or of one: "both hands near the hips", "one hand near the hip"."""
    part = re.match(rf"left ({'|'.join(sorted(_plurals(), key=len, reverse=True))})\b", words)
    assert part is not None
    many = both == "both"
    subject = _plurals()[part[1]] if many else part[1]
    rest = words[part.end() :].replace("the right ", "the other ")
    if many:
        rest = re.sub(r"the left (\w+)", lambda own: f"the {_plurals()[own[1]]}", rest)
    return f"{both} {subject}{rest.replace('the left ', 'the ')}"


@cache
def _plurals() -> Mapping[str, str]:
    return {row["part"]: row["many"].split("/")[0] for row in table("parts.csv") if row["sides"] == "yes"}


_WORDS = {number: word for word, number in NUMBERS.items()}


def _scene(scene: Scene) -> str:
    if scene.count == 1 and scene.exactly and scene.each is None:
        return "alone"
    number = _WORDS.get(scene.count, str(scene.count))
    people = "person" if scene.count == 1 else "people"
    text = f"{'exactly' if scene.exactly else 'at least'} {number} {people}"
    if scene.relation:
        text += f" {scene.relation}"
    return text if scene.each is None else f"{text}, {words_of(scene.each)}"
