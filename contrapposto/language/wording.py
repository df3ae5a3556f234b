"""Conditions to words that ask for the same again."""

from __future__ import annotations

from contrapposto.language.conditions import All, Asked, Bit, Condition, Either, Named, Not, Scene
from contrapposto.language.counts import NUMBERS


def understood(asked: Asked) -> str:
    """What was understood, in words that `parser.parse` reads as the same."""
    person = "" if asked.person is None else _text(asked.person)
    if asked.scene is None:
        return person
    return _scene(asked.scene) + (f", {person}" if person else "")


def words_of(condition: Condition) -> str:
    """The words of one condition."""
    return _text(condition)


def _text(condition: Condition) -> str:
    """As a whole: its parts may be joined loosely."""
    if isinstance(condition, All) and any(isinstance(part, Either) for part in condition.parts):
        return ", ".join(_within_loose(part) for part in condition.parts)
    return _within_loose(condition)


def _within_loose(condition: Condition) -> str:
    if isinstance(condition, Either):
        return " or ".join(_within_or(part) for part in condition.parts)
    return _within_or(condition)


def _within_or(condition: Condition) -> str:
    if isinstance(condition, All):
        return " and ".join(_single(part) for part in condition.parts)
    return _single(condition)


def _single(condition: Condition) -> str:
    if isinstance(condition, Bit):
        return condition.row.words if condition.value else condition.row.denial
    if isinstance(condition, Named):
        return condition.name
    if isinstance(condition, Not):
        return f"not {_single(condition.part)}"
    return f"({_text(condition)})"


_WORDS = {number: word for word, number in NUMBERS.items()}


def _scene(scene: Scene) -> str:
    if scene.count == 1 and scene.exactly and scene.each is None:
        return "alone"
    number = _WORDS.get(scene.count, str(scene.count))
    people = "person" if scene.count == 1 else "people"
    text = f"{'exactly' if scene.exactly else 'at least'} {number} {people}"
    if scene.relation:
        text += f" {scene.relation}"
    return text if scene.each is None else f"{text}, {_text(scene.each)}"
