"""Phrases about the whole person: named poses, states of the person, and how two people stand to each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from contrapposto.language.conditions import Condition
from contrapposto.language.lexicon import lexicon
from contrapposto.language.nouns import SIDES
from contrapposto.language.phrasebook import STRENGTHS
from contrapposto.language.poses import pose_phrases
from contrapposto.language.scenes import relation_phrases

_INSIDE = 4
"""Words of a phrase among which a "not", or "one" for a side, may stand."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A phrase at a place. length: its words. One of: poses: names, any of which will do; relation: of two people;
    condition: a state. strength: said of it; denied: a "not" stands inside."""

    length: int
    phrase: tuple[str, ...] = ()
    poses: tuple[str, ...] = ()
    relation: str = ""
    condition: Condition | None = None
    strength: str = ""
    denied: bool = False


def wholes_at(words: Sequence[str], at: int) -> list[Whole]:
    """The phrases at a place, the longest first."""
    found = [*_poses(words, at), *_relations(words, at), *_states(words, at)]
    return sorted(found, key=lambda whole: -whole.length)


def _poses(words: Sequence[str], at: int) -> Iterator[Whole]:
    for match in pose_phrases().at(words, at):
        yield Whole(match.length, poses=(match.meaning,))
    rest = words[at : at + 12]
    for place, word in enumerate(rest[: _INSIDE + 1]):
        if word == "not" and place:
            for match in pose_phrases().at([*rest[:place], *rest[place + 1 :]], 0):
                if match.length > place:
                    yield Whole(match.length + 1, poses=(match.meaning,), denied=True)
        elif word == "one" and place:
            yield from _either_side(rest, place)
        elif word in STRENGTHS:
            for match in pose_phrases().at([*rest[:place], *rest[place + 1 :]], 0):
                if match.length >= place:
                    yield Whole(match.length + 1, poses=(match.meaning,), strength=STRENGTHS[word])


def _either_side(words: Sequence[str], place: int) -> Iterator[Whole]:
    """ "kneeling on one knee": on the left or on the right one."""
    left, right = ([*words[:place], side, *words[place + 1 :]] for side in SIDES)
    for match in pose_phrases().at(left, 0):
        other = pose_phrases().phrases.get(tuple(right[: match.length]))
        if other is not None and match.length > place:
            yield Whole(match.length, poses=(match.meaning, other))


def _relations(words: Sequence[str], at: int) -> Iterator[Whole]:
    for match in relation_phrases().at(words, at):
        yield Whole(match.length, relation=match.meaning)


def _states(words: Sequence[str], at: int) -> Iterator[Whole]:
    book = lexicon().states[("", "")]
    for match in book.at(words, at):
        yield Whole(match.length, match.phrase, condition=match.meaning)
    best = book.best(words, at)
    if best is not None and best.strength:
        yield replace(Whole(best.length, best.phrase, condition=best.meaning), strength=best.strength)
