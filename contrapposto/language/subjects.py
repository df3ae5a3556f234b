"""Noun phrases: which part of the body is meant, of which side, with the adjectives before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contrapposto.language.lexicon import BOTH, lexicon
from contrapposto.language.nouns import (
    EACH,
    EITHER,
    NONE,
    ONE,
    ONLY,
    SIDES,
    TURNED,
    Noun,
    NounPhrase,
    Object,
    noun_at,
)
from contrapposto.language.phrasebook import Match

_QUANTIFIERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("exactly", "one"), ONE),
    (("only", "one"), ONE),
    (("just", "one"), ONE),
    (("at", "least", "one"), EITHER),
    (("none", "of"), NONE),
    (("both",), EACH),
    (("all",), EACH),
    (("each",), EACH),
    (("every",), EACH),
    (("two",), EACH),
    (("either",), EITHER),
    (("any",), EITHER),
    (("one",), EITHER),
    (("no",), NONE),
    (("neither",), NONE),
    (("without",), NONE),
    (("only",), ONLY),
    (("just",), ONLY),
)
GRAMMAR = frozenset({word for words, _ in _QUANTIFIERS for word in words} | {"of", "own", "other", "opposite"})
"""Words that a noun phrase may have beside names of parts, sides and adjectives."""


@dataclass(frozen=True, slots=True)
class Found:
    """A noun phrase of a text, the adjectives before it, and where it ends."""

    phrase: NounPhrase
    adjectives: tuple[Match[None], ...]
    end: int


def noun_phrase(words: Sequence[str], at: int, last: NounPhrase | None) -> Found | None:
    """The noun phrase at a place. last: the one before; "the right one" and "the other" take the part from it."""
    how, side = "", ""
    sides: tuple[str, ...] = ()
    adjectives: list[Match[None]] = []
    place = described = at
    while place < len(words) and noun_at(words, place) is None:
        word = words[place]
        quantifier = next(((q, h) for q, h in _QUANTIFIERS if tuple(words[place : place + len(q)]) == q), None)
        if word in SIDES and tuple(words[place + 1 : place + 3]) in (
            ("and", TURNED[word]),
            ("or", TURNED[word]),
            ("nor", TURNED[word]),
        ):
            sides = (word, TURNED[word])
            how = how or (EACH if words[place + 1] == "and" else EITHER)
            place += 3
        elif word in SIDES:
            side, place = word, place + 1
        elif word in ("other", "opposite", "own"):
            side, place = "other" if word == "opposite" else word, place + 1
        elif quantifier and not (side and quantifier[0] == ("one",)):
            how, place = quantifier[1], place + len(quantifier[0])
        elif word == "of" and how:
            place += 1
        else:
            match = lexicon().modifiers.best(words, place)
            if match is None:
                break
            described = described if adjectives else place
            adjectives.append(match)
            place += match.length
    found = noun_at(words, place)
    if found is None:
        return _elliptic(words, described if adjectives else place, side, last)
    noun, end = found
    phrase = _phrase(
        noun, how, side, sides, last, correlative=how == EITHER and words[end - 2 : end - 1] == ["either"]
    )
    if phrase is None or not all(_describes(adjective, phrase) for adjective in adjectives):
        return None
    return Found(phrase, tuple(adjectives), end)


def _describes(adjective: Match[None], phrase: NounPhrase) -> bool:
    sides = (phrase.sides[0], BOTH) if phrase.many else (phrase.sides[0],)
    return any(lexicon().state(side, phrase.part, adjective.phrase) is not None for side in sides)


def _phrase(
    noun: Noun, how: str, side: str, sides: tuple[str, ...], last: NounPhrase | None, *, correlative: bool
) -> NounPhrase | None:
    if not noun.sided:
        return NounPhrase(noun.part, NONE if how == NONE else EACH, ("",))
    if side == "other":
        return _other(noun.part, last)
    if side in SIDES:
        return NounPhrase(noun.part, how if how in (ONLY, NONE) else EACH, (side,))
    if how == ONLY:
        return None
    if noun.many and correlative:
        how = EACH
    how = how or (EACH if noun.many else EITHER)
    return NounPhrase(noun.part, how, sides or SIDES, how == EACH)


def _elliptic(words: Sequence[str], at: int, side: str, last: NounPhrase | None) -> Found | None:
    if last is None or not side or side == "own" or last.sides == ("",):
        return None
    end = at + (at < len(words) and words[at] == "one")
    phrase = _other(last.part, last) if side == "other" else NounPhrase(last.part, EACH, (side,))
    return Found(phrase, (), end) if phrase else None


def _other(part: str, last: NounPhrase | None) -> NounPhrase | None:
    """After "one hand" the other hand, whichever; after "left hand" the right one."""
    if last is None or last.sides == ("",):
        return None
    if len(last.sides) == 1:
        return NounPhrase(part, EACH, (TURNED[last.sides[0]],))
    return NounPhrase(part, last.how, last.sides, turned=not last.turned)


def object_at(words: Sequence[str], at: int, subject: NounPhrase) -> tuple[Object, int] | None:
    """The object of a relation at a place, and where it ends; "the right one" is the subject's part."""
    side, place = "", at
    while place < len(words) and words[place] in (
        *SIDES,
        "own",
        "other",
        "opposite",
        "both",
        "each",
        "one",
        "either",
    ):
        if words[place] in ("opposite", "other"):
            side = "other"
        elif words[place] in (*SIDES, "own"):
            side = words[place]
        place += 1
    found = noun_at(words, place)
    if found:
        noun, end = found
        return Object(noun.part, side if noun.sided else ""), end
    if side and side != "own" and subject.sides != ("",):
        return Object(subject.part, side), place
    return None
