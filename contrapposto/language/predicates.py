"""What is said of a noun phrase: a state ("strongly bent") or a relation to another part ("near the left hip")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contrapposto.language.claims import Claim
from contrapposto.language.conditions import Condition, negated
from contrapposto.language.lexicon import ALONG, BOTH, lexicon, relation_words, strengthened
from contrapposto.language.nouns import EACH, ONE, ONLY, SIDES, TURNED, NounPhrase, Object
from contrapposto.language.phrasebook import STRENGTHS
from contrapposto.language.subjects import object_at


@dataclass(frozen=True, slots=True)
class Predicate:
    """phrase: of a state; relation, object: else; negative: it is denied; end: where its words end."""

    end: int
    phrase: tuple[str, ...] = ()
    strength: str = ""
    relation: str = ""
    object: Object | None = None
    negative: bool = False


class NotInTable(Exception):
    """Words that are understood one by one and say nothing of the part; strength: it is a word for how much."""

    def __init__(self, *, strength: bool = False) -> None:
        super().__init__()
        self.strength = strength


def predicate(words: Sequence[str], at: int, subject: NounPhrase) -> Predicate | None:
    """The longest predicate of a subject at a place."""
    negative = at < len(words) and words[at] == "not"
    start = at + negative
    options = [_state(words, start, subject, negative), _relation(words, start, subject, negative)]
    return max(filter(None, options), key=lambda option: option.end, default=None)


def _state(words: Sequence[str], at: int, subject: NounPhrase, negative: bool) -> Predicate | None:
    places = [(BOTH, subject.part)] if subject.many else []
    places.append((subject.sides[0], subject.part))
    books = [lexicon().states[place] for place in places if place in lexicon().states]
    matches = [match for book in books if (match := book.best(words, at))]
    best = max(matches, key=lambda match: match.length, default=None)
    if best is None:
        return None
    end = at + best.length
    if best.phrase[-1:] != ("picture",) and tuple(words[end : end + 2]) == ("in", "picture"):
        return None
    return Predicate(end, best.phrase, best.strength, negative=negative)


def _relation(words: Sequence[str], at: int, subject: NounPhrase, negative: bool) -> Predicate | None:
    strength = ""
    if at < len(words) and words[at] in STRENGTHS and not any(relation_words().at(words, at)):
        strength, at = STRENGTHS[words[at]], at + 1
    for match in relation_words().at(words, at):
        found = object_at(words, at + match.length, subject)
        if found:
            to, end = found
            name, tail = match.meaning, tuple(words[end : end + 2])
            if tail == ALONG:
                name += " along"
            end += 2 * (tail in (ALONG, ("in", "picture")))
            return Predicate(end, (), strength, name, to, negative)
    return None


def claim(subject: NounPhrase, said: Predicate, topic: int) -> Claim:
    """What a predicate says of a subject. Raises NotInTable."""
    if subject.many and (together := _of(BOTH, subject, said)) is not None:
        return Claim({"": together}, EACH, ("",), topic)
    sides = SIDES if subject.how in (ONE, ONLY) and subject.sides != ("",) else subject.sides
    conditions = {}
    for side in sides:
        condition = _of(TURNED[side] if subject.turned else side, subject, said)
        if condition is None:
            raise NotInTable
        conditions[side] = condition
    return Claim(conditions, subject.how, subject.sides, topic)


def _of(side: str, subject: NounPhrase, said: Predicate) -> Condition | None:
    condition: Condition | None
    if said.object is None:
        condition = lexicon().state(side, subject.part, said.phrase)
    else:
        condition = lexicon().related(said.relation, side, subject.part, said.object)
    if condition is not None and said.strength:
        condition = strengthened(condition, said.strength)
        if condition is None:
            raise NotInTable(strength=True)
    return negated(condition) if condition is not None and said.negative else condition
