"""Words to conditions: what a text asks for, as a tree of posebits and named poses.

By recursive descent. Marks, "with", "while" and "but" bind loosest, then "or", then "and", then "not"; brackets group.
What stands side by side without a word between binds as with "and". What is not understood is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contrapposto.errors import QueryError
from contrapposto.language.claims import Claim, Node, joined, settled
from contrapposto.language.conditions import Asked, Condition, Scene, contradiction, every, negated, some
from contrapposto.language.counts import Count, count_at
from contrapposto.language.lexicon import lexicon, strengthened
from contrapposto.language.nouns import EACH, EITHER, SIDES, TURNED, NounPhrase
from contrapposto.language.phrasebook import STRENGTHS, Match
from contrapposto.language.poses import pose_phrases
from contrapposto.language.predicates import NotInTable, Predicate, claim, predicate
from contrapposto.language.scenes import relation_phrases
from contrapposto.language.subjects import Found, noun_phrase, object_at
from contrapposto.language.suggestions import Reader, contradicted

LONGEST = 2000
"""Characters of a text at most."""

DEEPEST = 20
"""Brackets inside each other at most."""

JOINERS = {",": ",", "with": ",", "while": ",", "but": ",", "then": ",", "and": "and", "or": "or", "nor": "or"}
"""Words that join, and how loosely: as a mark, as "and", as "or"."""


def parse(text: str) -> Asked:
    """What a text asks for. Raises QueryError with one line that quotes what is not understood, or says what
    contradicts, or that nothing is asked."""
    if len(text) > LONGEST:
        raise QueryError(f"the text has {len(text):,} characters; {LONGEST:,} at most are read: say less")
    parser = _Parser(Reader.of(text))
    asked = parser.asked()
    for condition in (asked.person, asked.scene.each if asked.scene else None):
        clash = contradiction(condition) if condition else None
        if condition and clash:
            raise QueryError(contradicted(condition, clash))
    return asked


class _Parser:
    """At a place of a text; knows what was spoken of last."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.words = reader.words
        self.at = 0
        self.depth = 0
        self.count: Count | None = None
        self.relation: str | None = None
        self.subjects: tuple[NounPhrase, ...] = ()
        self.or_subjects = False
        self.topic = 0
        self.said: Predicate | None = None
        self.person_said: tuple[str, ...] = ()
        self.clause_start = 0

    def asked(self) -> Asked:
        """The whole text."""
        self._skip(",", "with")
        node = self._loose()
        if self.at < len(self.words):
            raise self._error()
        each = settled(node) if node is not None else None
        if self.relation and self.count is None:
            self.count = Count(2, False)
        if self.count is None:
            if each is None:
                raise self.reader.nothing()
            return Asked(each)
        if self.relation and self.count.people < 2:
            raise QueryError(f'"{self.relation}" is said of two people, not of one')
        if self.count.alone:
            return Asked(each, Scene(1, True))
        return Asked(None, Scene(self.count.people, self.count.exactly, each, self.relation))

    # --- what joins -------------------------------------------------------------------------------------------

    def _joiner(self) -> tuple[str, int]:
        """How the next part is joined, and where it begins: ",", "or", "and", or empty: without a word."""
        self._skip("people", "person")
        place, kinds = self.at, set()
        while place < len(self.words) and self.words[place] in JOINERS:
            kinds.add(JOINERS[self.words[place]])
            place += 1
        kind = next((kind for kind in ("or", ",", "and") if kind in kinds), "")
        if place == len(self.words) or self.words[place] == ")":
            if not kinds:
                return "end", place
            if kinds == {","} and set(self.words[self.at : place]) == {","}:
                self.at = place
                return "end", place
            raise QueryError(f"{self.reader.quoted(self.at, place)}: something is missing after it")
        return kind or "and", place

    def _loose(self) -> Node | None:
        parts = [self._any()]
        while (found := self._joiner())[0] == ",":
            self.at = found[1]
            parts.append(self._any())
        kept = [part for part in parts if part is not None]
        return joined(kept, every) if kept else None

    def _any(self) -> Node | None:
        counted = self._counted()
        if counted and (self._joiner()[0] in (",", "end")):
            return None
        if counted and self._joiner()[0] != "and":
            raise QueryError(f"{self.reader.quoted(self.clause_start, self.at)} cannot be joined with or")
        if counted:
            self.at = self._joiner()[1]
        parts = [self._all()]
        while (found := self._joiner())[0] == "or":
            self.at = found[1]
            parts.append(self._all())
        kept = [part for part in parts if part is not None]
        if len(kept) < len(parts) > 1:
            raise QueryError("how many people there are, and how they stand, cannot be joined with or")
        return joined(kept, some) if kept else None

    def _all(self) -> Node | None:
        parts = [self._clause()]
        while (found := self._joiner())[0] == "and":
            self.at = found[1]
            parts.append(self._clause())
        kept = [part for part in parts if part is not None]
        return joined(kept, every) if kept else None

    # --- one clause -------------------------------------------------------------------------------------------

    def _clause(self) -> Node | None:
        self._skip("people", "person")
        self.clause_start = self.at
        if self.at >= len(self.words):
            return None
        word = self.words[self.at]
        if word == "(":
            return self._brackets()
        if word == "not" and self._carried() is None:
            return self._denied()
        if word == "without" and self._noun() is None:
            return self._denied()
        if word == "neither" and (found := self._neither()) is not None:
            return found
        if word in ("either", "both") and (self._noun() is None):
            self.at += 1
            return self._clause()
        if self._counted():
            return None
        return self._plain()

    def _brackets(self) -> Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise QueryError(f"more than {DEEPEST} brackets inside each other")
        self.at += 1
        self._skip(",", "with")
        before = (self.count, self.relation)
        node = self._loose()
        if (self.count, self.relation) != before:
            raise QueryError("how many people there are, and how they stand, is not said inside brackets")
        if self.at >= len(self.words) or self.words[self.at] != ")":
            raise QueryError(f"{self.reader.quoted(self.clause_start, self.at)}: a closing bracket is missing")
        self.at += 1
        self.depth -= 1
        return None if node is None else settled(node)

    def _denied(self) -> Condition:
        start, before = self.at, (self.count, self.relation)
        self.at += 1
        self.depth += 1
        if self.depth > DEEPEST:
            raise QueryError(f'more than {DEEPEST} times "not"')
        node = self._clause() if self.at < len(self.words) else None
        self.depth -= 1
        if node is None or (self.count, self.relation) != before:
            raise QueryError(f"{self.reader.quoted(start, max(self.at, start + 1))}: what is not, is missing")
        return negated(settled(node))

    def _neither(self) -> Condition | None:
        """Neither A nor B; None where "neither" belongs to a part: neither hand."""
        rest = self.words[self.at :]
        if "nor" not in rest:
            return None
        self.at += 1
        if rest[1:2] == ["of"]:
            self.at += 1
        parts = [self._clause()]
        while self.at < len(self.words) and self.words[self.at] == "nor":
            self.at += 1
            parts.append(self._clause())
        return every([negated(settled(part)) for part in parts if part is not None])

    def _counted(self) -> bool:
        """Take how many people there are, if that is said here."""
        self._skip("people", "person")
        found = count_at(self.words, self.at)
        if found is None:
            return False
        self.clause_start = self.at
        if self.count is not None and self.count != found.count:
            raise QueryError(f"{self.reader.quoted(self.at, found.end)}: another number of people is said before")
        self.count = found.count
        self.at = found.end
        return True

    def _plain(self) -> Node | None:
        """A pose, something of the person, of a part, or of the part that was spoken of last."""
        carried = self._carried()
        for place in (self.at, self.at + 1) if self.words[self.at] in ("in", "on") else (self.at,):
            for match, kind in self._whole(place):
                end = place + match.length
                if carried and self.at + carried[1] >= end:
                    break
                if self._may_end(end):
                    return self._person(match, kind, place)
        swapped = self._subject_last()
        if swapped is not None:
            return swapped
        found = self._noun()
        if found is not None and (node := self._about(found)) is not None:
            return node
        if carried:
            return self._again(carried)
        if (turned := self._turned_again()) is not None:
            return turned
        if self.words[self.at] == "holding":
            self.at += 1
            return self._clause()
        raise self._error()

    def _whole(self, at: int) -> list[tuple[Match[object], str]]:
        """Phrases about the whole person at a place, the longest first."""
        found: list[tuple[Match[object], str]] = []
        for place in range(at + 1, min(at + 4, len(self.words))):
            if self.words[place] == "not":
                rest = [*self.words[at:place], *self.words[place + 1 : place + 8]]
                found += [
                    (Match(match.phrase, match.meaning, match.length + 1), "denied pose")
                    for match in pose_phrases().at(rest, 0)
                    if match.length > place - at
                ]
        found += [(Match(m.phrase, m.meaning, m.length), "pose") for m in pose_phrases().at(self.words, at)]
        if at < len(self.words) and self.words[at] in STRENGTHS:
            found += [(Match(m.phrase, m.meaning, m.length + 1, self.words[at]), "pose") for m in pose_phrases().at(self.words, at + 1)]
        found += [(Match(m.phrase, m.meaning, m.length), "relation") for m in relation_phrases().at(self.words, at)]
        book = lexicon().states[("", "")]
        best = book.best(self.words, at)
        if best:
            found.append((Match(best.phrase, best.meaning, best.length, best.strength), "state"))
        found += [(Match(m.phrase, m.meaning, m.length), "state") for m in book.at(self.words, at)]
        return sorted(found, key=lambda pair: -pair[0].length)

    def _may_end(self, at: int) -> bool:
        """Whether a new part can begin at a place, or nothing more comes."""
        if at >= len(self.words) or self.words[at] in JOINERS or self.words[at] in ")(":
            return True
        if self.words[at] in ("not", "without", "people", "person", "either", "both"):
            return True
        if count_at(self.words, at) or noun_phrase(self.words, at, None):
            return True
        return bool(self._whole(at)) or (self.words[at] in ("in", "on") and bool(self._whole(at + 1)))

    def _person(self, match: Match[object], kind: str, at: int) -> Node | None:
        """Something of the whole person, or how two stand to each other."""
        found = noun_phrase(self.words, at, None)
        self.subjects = (found.phrase,) if found else ()
        self.said = None
        self.person_said = match.phrase if kind == "state" else ()
        start, self.at = self.at, at + match.length
        if kind == "relation":
            if self.relation not in (None, match.meaning):
                raise QueryError(f"{self.reader.quoted(start, self.at)}: how two people stand is said before")
            self.relation = str(match.meaning)
            return None
        if kind in ("pose", "denied pose"):
            from contrapposto.language.named import named

            if match.strength:
                raise self.reader.no_strength(start, self.at)
            pose = named(str(match.meaning))
            return pose if kind == "pose" else negated(pose)
        condition = match.meaning
        assert isinstance(condition, Condition)
        if match.strength:
            degree = strengthened(condition, match.strength)
            if degree is None:
                raise self.reader.no_strength(start, self.at)
            return degree
        return condition

    # --- parts of the body ------------------------------------------------------------------------------------

    def _noun(self) -> Found | None:
        return noun_phrase(self.words, self.at, self.subjects[-1] if self.subjects else None)

    def _about(self, first: Found) -> Node | None:
        """What is said of a noun phrase, or of several with one predicate."""
        start = self.at
        phrases, place, alternatives = [first.phrase], first.end, False
        nodes: list[Node] = []
        topic = self.topic if first.phrase.turned else self.topic + 1
        for adjective in first.adjectives:
            said = Predicate(first.end, adjective.phrase, adjective.strength)
            nodes.append(self._claim(first.phrase, said, topic, start, first.end))
        said_next = predicate(self.words, place, first.phrase)
        while said_next is None and not nodes:
            following = self._next_noun(place, phrases[-1])
            if following is None:
                break
            found, other = following
            alternatives = alternatives or other
            phrases.append(found.phrase)
            place = found.end
            said_next = predicate(self.words, place, found.phrase)
        if said_next is None and not nodes:
            return self._object(first)
        self.topic = max(topic, self.topic)
        self.subjects, self.or_subjects = _merged(phrases, alternatives), alternatives
        self.at = place
        while said_next is not None:
            nodes.append(self._say(said_next, start))
            if (more := self._noun()) is not None and more.adjectives:
                break
            said_next = predicate(self.words, self.at, self.subjects[0])
        return joined(nodes, every)

    def _next_noun(self, at: int, last: NounPhrase) -> tuple[Found, bool] | None:
        """The next of several noun phrases, and whether it is joined by "or"; "left hand and foot": of the same
        side."""
        place = at
        while place < len(self.words) and self.words[place] in (",", "and", "or", "nor"):
            place += 1
        joiners = set(self.words[at:place])
        found = noun_phrase(self.words, place, last) if joiners else None
        if found is None or found.adjectives:
            return None
        phrase = found.phrase
        one_side = len(last.sides) == 1 and last.sides != ("",)
        if phrase.how == EITHER and one_side and phrase.sides == SIDES and self.words[place] not in _DETERMINERS:
            phrase = NounPhrase(phrase.part, last.how, last.sides)
        return Found(phrase, (), found.end), bool(joiners & {"or", "nor"})

    def _say(self, said: Predicate, start: int) -> Node:
        """A predicate of the parts that are spoken of."""
        self.at, self.said, self.person_said = said.end, said, ()
        nodes = [self._claim(phrase, said, self.topic, start, said.end) for phrase in self.subjects]
        return nodes[0] if len(nodes) == 1 else joined(nodes, some if self.or_subjects else every)

    def _claim(self, phrase: NounPhrase, said: Predicate, topic: int, start: int, end: int) -> Claim:
        try:
            return claim(phrase, said, topic)
        except NotInTable as problem:
            if problem.strength:
                raise self.reader.no_strength(start, end) from None
            raise self.reader.not_in_table(start, end, phrase, said) from None

    def _carried(self) -> tuple[Predicate, int] | None:
        """A predicate of the parts that were spoken of last, with the number of its words."""
        if not self.subjects:
            return None
        found = predicate(self.words, self.at, self.subjects[0])
        return (found, found.end - self.at) if found else None

    def _again(self, carried: tuple[Predicate, int]) -> Node:
        return self._say(carried[0], self.clause_start)

    def _object(self, found: Found) -> Node | None:
        """ "hand near the head or the neck": another object of the same relation."""
        if self.said is None or self.said.object is None or not self.subjects:
            return None
        to = object_at(self.words, self.at, self.subjects[0])
        if to is None:
            return None
        return self._say(replace(self.said, object=to[0], end=to[1]), self.clause_start)

    def _subject_last(self) -> Node | None:
        """ "holding the left knee with the right hand": the part comes last."""
        for place in range(self.at + 1, min(self.at + 10, len(self.words))):
            if self.words[place] != "with":
                continue
            found = noun_phrase(self.words, place + 1, None)
            if found is None or found.adjectives or found.phrase.part not in ("hand", "foot", "elbow", "arm", "leg"):
                return None
            said = predicate(self.words, self.at, found.phrase)
            if said is None or said.end != place or predicate(self.words, found.end, found.phrase):
                return None
            self.topic += 1
            self.subjects, self.or_subjects = (found.phrase,), False
            node = self._say(said, self.at)
            self.at = found.end
            return node
        return None

    def _turned_again(self) -> Node | None:
        """ "facing left or right": the last state with the other side."""
        place = self.at + (self.words[self.at] == "to")
        if place >= len(self.words) or self.words[place] not in SIDES or not self._may_end(place + 1):
            return None
        side = self.words[place]
        if self.said is not None and self.said.phrase and self.subjects:
            phrase = tuple(side if word == TURNED[side] else word for word in self.said.phrase)
            if phrase != self.said.phrase:
                return self._say(replace(self.said, phrase=phrase, end=place + 1), self.clause_start)
        phrase = tuple(side if word == TURNED[side] else word for word in self.person_said)
        condition = lexicon().state("", "", phrase) if phrase != self.person_said else None
        if condition is not None:
            self.at, self.person_said = place + 1, phrase
        return condition

    def _skip(self, *words: str) -> None:
        while self.at < len(self.words) and self.words[self.at] in words:
            self.at += 1

    def _error(self) -> QueryError:
        end = self.at
        while end < len(self.words) and self.words[end] not in JOINERS:
            end += 1
        return self.reader.not_understood(self.clause_start, max(end, self.at))


_DETERMINERS = ("one", "either", "any", "at")


def _merged(phrases: Sequence[NounPhrase], alternatives: bool) -> tuple[NounPhrase, ...]:
    """ "left hand and right hand" are the hands."""
    if len(phrases) == 2 and not alternatives:
        first, second = phrases
        if first.part == second.part and first.how == second.how == EACH and {*first.sides, *second.sides} == set(SIDES):
            return (NounPhrase(first.part, EACH, (*first.sides, *second.sides)[:2], True),)
    return tuple(phrases)
