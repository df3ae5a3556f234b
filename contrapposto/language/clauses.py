"""What is said of parts of the body: a subject and its predicates, with all that English leaves out.

A subject carries over ("left hand above the head and in front of the body"), and so do a part ("left arm raised,
right lowered"), a relation ("near the head or the neck") and a state ("head turned left or right").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contrapposto.language.claims import Claim, Node, joined
from contrapposto.language.conditions import Condition, every, some
from contrapposto.language.lexicon import lexicon
from contrapposto.language.nouns import EACH, EITHER, SIDES, TURNED, NounPhrase
from contrapposto.language.predicates import NotInTable, Predicate, claim, predicate
from contrapposto.language.reader import Reader
from contrapposto.language.subjects import Found, noun_phrase, object_at

HOLDING = "holding"
_LIMBS = ("hand", "foot", "elbow", "arm", "leg")
_DETERMINERS = ("one", "either", "any", "at")
_HANDS = NounPhrase("hand", EACH, SIDES, True)
_A_HAND = NounPhrase("hand", EITHER, SIDES)


class Clauses:
    """Clauses of one text, read from `at` on. subjects, said, of_person: what was spoken of last: the parts, what
    is said of them, or the words for a state of the person."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.words = reader.words
        self.at = 0
        self.start = 0
        self.subjects: tuple[NounPhrase, ...] = ()
        self.said: Predicate | None = None
        self.of_person: tuple[str, ...] = ()
        self._any_subject = False
        self._topic = 0

    def noun(self) -> Found | None:
        """The noun phrase that comes next."""
        return noun_phrase(self.words, self.at, self.subjects[-1] if self.subjects else None)

    def reach(self) -> int:
        """Where a subject that comes next ends, with its first predicate or its adjectives; 0 without these."""
        found = self.noun()
        said = predicate(self.words, found.end, found.phrase) if found else None
        if found is None or (said is None and not found.adjectives):
            return 0
        return said.end if said else found.end

    def spoken_of_person(self, phrase: tuple[str, ...], start: int) -> None:
        """A phrase of the whole person was read; what follows may go on with the part that it begins with, as in
        "arms crossed and raised"."""
        found = noun_phrase(self.words, start, None)
        self.subjects = (found.phrase,) if found else ()
        self.said, self.of_person = None, phrase

    def about_parts(self) -> Node | None:
        """A subject, or several, with all that is said of it directly; None where there is none."""
        first = self.noun()
        if first is None:
            return None
        phrases, place, any_subject = [first.phrase], first.end, False
        nodes: list[Node] = []
        topic = self._topic if first.phrase.turned else self._topic + 1
        for adjective in first.adjectives:
            said = Predicate(first.end, adjective.phrase, adjective.strength)
            nodes.append(self._claim(first.phrase, said, topic))
        following = predicate(self.words, place, first.phrase)
        while following is None and not nodes and (more := self._next_subject(place, phrases[-1])) is not None:
            found, alternative = more
            any_subject = any_subject or alternative
            phrases.append(found.phrase)
            place = found.end
            following = predicate(self.words, place, found.phrase)
        if following is None and not nodes:
            return self._another_object()
        self._topic, self._any_subject, self.at = topic, any_subject, place
        self.subjects = _merged(phrases, any_subject)
        while following is not None:
            nodes.append(self.say(following))
            if (next_one := self.noun()) is not None and next_one.adjectives:
                break
            following = predicate(self.words, self.at, self.subjects[0])
        return joined(nodes, every)

    def carried(self) -> Predicate | None:
        """A predicate of the parts that were spoken of last."""
        return predicate(self.words, self.at, self.subjects[0]) if self.subjects else None

    def say(self, said: Predicate) -> Node:
        """A predicate of the parts that are spoken of."""
        self.at, self.said, self.of_person = said.end, said, ()
        nodes = [self._claim(phrase, said, self._topic) for phrase in self.subjects]
        return nodes[0] if len(nodes) == 1 else joined(nodes, some if self._any_subject else every)

    def subject_last(self) -> Node | None:
        """ "holding the left knee with the right hand": the subject comes last."""
        for place in range(self.at + 1, min(self.at + 10, len(self.words))):
            if self.words[place] not in ("with", "in"):
                continue
            found = noun_phrase(self.words, place + 1, None)
            if found is None or found.adjectives or found.phrase.part not in _LIMBS:
                return None
            said = predicate(self.words, self.at, found.phrase)
            if said is None or said.end != place or predicate(self.words, found.end, found.phrase):
                return None
            node = self._of(found.phrase, said)
            self.at = found.end
            return node
        return None

    def holding(self) -> Node | None:
        """ "gripping both ankles": hands are not named."""
        if self.words[self.at] != HOLDING:
            return None
        found = noun_phrase(self.words, self.at + 1, None)
        if found is None or found.adjectives or predicate(self.words, found.end, found.phrase):
            return None
        said = predicate(self.words, self.at, _HANDS)
        if said is None or said.object is None:
            return None
        return self._of(_HANDS if found.phrase.many else _A_HAND, said)

    def turned_again(self) -> Condition | Claim | None:
        """ "facing left or right": the last state with the other side."""
        place = self.at + (self.words[self.at] == "to")
        if place >= len(self.words) or self.words[place] not in SIDES:
            return None
        side = self.words[place]
        last = self.said.phrase if self.said is not None else self.of_person
        phrase = tuple(side if word == TURNED[side] else word for word in last)
        if phrase == last:
            return None
        if self.said is not None:
            node = self.say(replace(self.said, phrase=phrase, end=place + 1))
            return node
        condition = lexicon().state("", "", phrase)
        if condition is not None:
            self.at, self.of_person = place + 1, phrase
        return condition

    def _of(self, subject: NounPhrase, said: Predicate) -> Node:
        self._topic += 1
        self.subjects, self._any_subject = (subject,), False
        return self.say(said)

    def _next_subject(self, at: int, last: NounPhrase) -> tuple[Found, bool] | None:
        """The next of several subjects, and whether "or" joins it; "left hand and foot": of the same side."""
        place = at
        while place < len(self.words) and self.words[place] in (",", "and", "or", "nor"):
            place += 1
        found = noun_phrase(self.words, place, last) if place > at else None
        if found is None or found.adjectives:
            return None
        phrase = found.phrase
        of_one_side = len(last.sides) == 1 and last.sides != ("",)
        if of_one_side and phrase.how == EITHER and phrase.sides == SIDES and self.words[place] not in _DETERMINERS:
            phrase = NounPhrase(phrase.part, last.how, last.sides)
        return Found(phrase, (), found.end), not {"or", "nor"}.isdisjoint(self.words[at:place])

    def _another_object(self) -> Node | None:
        """ "hand near the head or the neck": another object of the same relation."""
        if self.said is None or self.said.object is None or not self.subjects:
            return None
        found = object_at(self.words, self.at, self.subjects[0])
        return self.say(replace(self.said, object=found[0], end=found[1])) if found else None

    def _claim(self, phrase: NounPhrase, said: Predicate, topic: int) -> Claim:
        try:
            return claim(phrase, said, topic)
        except NotInTable as problem:
            if problem.strength:
                raise self.reader.no_strength(self.start, said.end) from None
            raise self.reader.not_in_table(self.start, said.end, phrase, said) from None


def _merged(phrases: Sequence[NounPhrase], alternatives: bool) -> tuple[NounPhrase, ...]:
    """ "left hand and right hand" are the hands."""
    if len(phrases) == 2 and not alternatives:
        first, second = phrases
        sides = (*first.sides, *second.sides)
        if first.part == second.part and first.how == second.how == EACH and sorted(sides) == sorted(SIDES):
            return (NounPhrase(first.part, EACH, sides, True),)
    return tuple(phrases)
