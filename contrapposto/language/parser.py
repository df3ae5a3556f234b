"""Words to conditions: what a text asks for, as a tree of posebits and named poses.

By recursive descent. Marks, "with", "while" and "but" bind loosest, then "or", then "and", then "not"; brackets
group. What stands side by side without a word between binds as with "and". What is not understood is an error.
"""

from __future__ import annotations

from collections.abc import Mapping

from contrapposto.errors import QueryError
from contrapposto.language.claims import Node, joined, settled
from contrapposto.language.clauses import HOLDING, Clauses
from contrapposto.language.conditions import Asked, Condition, Either, Scene, every, negated, some
from contrapposto.language.contradictions import contradiction
from contrapposto.language.counts import Count, count_at
from contrapposto.language.lexicon import strengthened
from contrapposto.language.reader import Reader, contradicted
from contrapposto.language.subjects import noun_phrase
from contrapposto.language.whole import Whole, wholes_at

LONGEST = 2000
"""Characters of a text at most."""

DEEPEST = 20
"""Brackets and negations inside each other at most."""

JOINERS: Mapping[str, str] = {
    **dict.fromkeys((",", "with", "while", "but", "then"), ","),
    **dict.fromkeys(("or", "nor"), "or"),
    "and": "and",
}
"""Words that join, and how: loosely, as a mark, as "or", as "and"."""

_PEOPLE = ("people", "person")
_NO_OR = "how many people there are, and how they stand, cannot be joined with or"


def parse(text: str) -> Asked:
    """What a text asks for. Raises QueryError with one line that quotes what is not understood, or says what
    contradicts, or that nothing is asked."""
    if len(text) > LONGEST:
        raise QueryError(f"the text has {len(text):,} characters; at most {LONGEST:,} are read: say less")
    asked = _Parser(Reader.of(text)).asked()
    for condition in (asked.person, asked.scene.each if asked.scene else None):
        clash = contradiction(condition) if condition is not None else None
        if condition is not None and clash is not None:
            raise QueryError(contradicted(condition, clash))
    return asked


class _Parser:
    """Of one text: how clauses are joined, and what is said of the picture."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.words = reader.words
        self.clauses = Clauses(reader)
        self.depth = 0
        self.count: Count | None = None
        self.relation: str | None = None

    @property
    def word(self) -> str:
        """The word that comes next, empty at the end."""
        return self.words[self.clauses.at] if self.clauses.at < len(self.words) else ""

    def asked(self) -> Asked:
        """All of the text."""
        self._skip(",", "with")
        node = self._loose()
        if self.word:
            raise self._error()
        each = None if node is None else settled(node)
        count = self.count or (Count(2, False) if self.relation else None)
        if count is None:
            if each is None:
                raise self.reader.nothing()
            return Asked(each)
        if self.relation and count.people < 2:
            raise QueryError(f'"{self.relation}" is said of two people: leave out that there is one')
        if count.alone:
            return Asked(each, Scene(1, True))
        return Asked(None, Scene(count.people, count.exactly, each, self.relation))

    # How clauses are joined. A node is None where only something of the picture is said.

    def _loose(self) -> Node | None:
        parts = [self._any()]
        while self._joined_by(","):
            parts.append(self._any())
        kept = [part for part in parts if part is not None]
        return joined(kept, every) if kept else None

    def _any(self) -> Node | None:
        counted = self._counted()
        if counted and self._joiner()[0] in (",", "end"):
            return None
        if counted and not self._joined_by("and"):
            raise QueryError(_NO_OR)
        parts = [self._all()]
        while self._joined_by("or"):
            parts.append(self._all())
        kept = [part for part in parts if part is not None]
        if len(kept) < len(parts) > 1:
            raise QueryError(_NO_OR)
        return joined(kept, some) if kept else None

    def _all(self) -> Node | None:
        parts = [self._clause()]
        while self._joined_by("and"):
            parts.append(self._clause())
        kept = [part for part in parts if part is not None]
        return joined(kept, every) if kept else None

    def _joined_by(self, kind: str) -> bool:
        """Whether the next part is joined in one way; then go to where it begins."""
        found, place = self._joiner()
        if found == kind:
            self.clauses.at = place
        return found == kind

    def _joiner(self) -> tuple[str, int]:
        """How the next part is joined, and where it begins; "and" where no word joins, "end" at the end."""
        self._skip(*_PEOPLE)
        start = place = self.clauses.at
        while place < len(self.words) and self.words[place] in JOINERS:
            place += 1
        joiners = self.words[start:place]
        kinds = {JOINERS[word] for word in joiners}
        if place == len(self.words) or self.words[place] == ")":
            if not {*joiners} <= {","}:
                raise QueryError(f"{self.reader.quoted(start, place)}: something is missing after it")
            self.clauses.at = place
            return "end", place
        return next((kind for kind in ("or", ",", "and") if kind in kinds), "and"), place

    # One clause.

    def _clause(self) -> Node | None:
        self._skip(*_PEOPLE)
        self.clauses.start = self.clauses.at
        if self.word == "(":
            return self._brackets()
        if (self.word == "not" and self._denies_anew()) or (self.word == "without" and not self.clauses.noun()):
            return self._denied()
        if self.word == "neither" and "nor" in self.words[self.clauses.at :]:
            return self._neither()
        if self.word in ("either", "both") and not self.clauses.noun():
            self.clauses.at += 1
            return self._clause()
        if not self.word or self._counted():
            return None
        return self._plain()

    def _denies_anew(self) -> bool:
        """Whether a "not" is not about the part that was spoken of last: there is none, or a pose with a name
        follows that reaches as far ("hands up, not touching the toes")."""
        carried, place = self.clauses.carried(), self.clauses.at + 1
        poses = (whole for whole in wholes_at(self.words, place) if whole.poses)
        return carried is None or any(place + whole.length >= carried.end for whole in poses)

    def _plain(self) -> Node | None:
        """A pose, something of the person, of a part, or of the part that was spoken of last."""
        clauses, carried = self.clauses, self.clauses.carried()
        reach, again = clauses.reach(), carried.end if carried else 0
        for place in range(clauses.at, clauses.at + 1 + (self.word in ("in", "on"))):
            for whole in wholes_at(self.words, place):
                end = place + whole.length
                first = end > again or (end == again and whole.poses and self.word not in ("in", "on", "at"))
                if first and end >= reach and self._may_end(end):
                    return self._whole(whole, place)
        node = clauses.subject_last() or clauses.holding()
        if node is None and again < reach:
            node = clauses.about_parts()
        if node is None and carried is not None:
            node = clauses.say(carried)
        node = node or clauses.about_parts()
        if node is not None:
            return node
        turned = clauses.turned_again()
        if turned is None and self.word == HOLDING:
            clauses.at += 1
            return self._clause()
        if turned is None:
            raise self._error()
        return turned

    def _whole(self, whole: Whole, start: int) -> Node | None:
        first, self.clauses.at = self.clauses.at, start + whole.length
        self.clauses.spoken_of_person(whole.phrase, start)
        if whole.relation:
            if self.relation not in (None, whole.relation):
                raise QueryError(f"{self.reader.quoted(first, self.clauses.at)}: how they stand is said before")
            self.relation = whole.relation
            return None
        condition = whole.condition
        if whole.poses:
            from contrapposto.language.named import named

            condition = some([named(name) for name in whole.poses])
        assert condition is not None
        if whole.strength:
            condition = None if whole.poses else strengthened(condition, whole.strength)
        if condition is None:
            raise self.reader.no_strength(first, self.clauses.at)
        return negated(condition) if whole.denied else condition

    def _may_end(self, at: int) -> bool:
        """Whether a new part can begin at a place, or nothing more comes: no phrase ends inside a clause."""
        if at >= len(self.words) or self.words[at] in JOINERS:
            return True
        if self.words[at] in (*_PEOPLE, "not", "without", "either", "both", "neither", "(", ")", HOLDING):
            return True
        if count_at(self.words, at) or noun_phrase(self.words, at, None) or wholes_at(self.words, at):
            return True
        return self.words[at] in ("in", "on") and bool(wholes_at(self.words, at + 1))

    def _brackets(self) -> Node | None:
        start = self._deeper()
        self._skip(",")
        node = self._loose()
        if self.word != ")":
            raise QueryError(f"{self.reader.quoted(start, self.clauses.at)}: a closing bracket is missing")
        self._same_picture(start)
        self.clauses.at += 1
        self.depth -= 1
        return None if node is None else settled(node)

    def _denied(self) -> Condition:
        start = self._deeper()
        node = self._clause() if self.word else None
        self.depth -= 1
        if node is None:
            raise QueryError(f"{self.reader.quoted(start, self.clauses.at)}: what is not so, is missing")
        self._same_picture(start)
        return negated(settled(node))

    def _neither(self) -> Condition:
        start = self._deeper()
        parts = [self._clause()]
        while self.word == "nor":
            self.clauses.at += 1
            parts.append(self._clause())
        self.depth -= 1
        kept = [settled(part) for part in parts if part is not None]
        if len(kept) < len(parts):
            raise QueryError(f"{self.reader.quoted(start, self.clauses.at)}: what is not so, is missing")
        each = [one for part in kept for one in (part.parts if isinstance(part, Either) else (part,))]
        return every([negated(condition) for condition in each])

    def _deeper(self) -> int:
        self.depth += 1
        if self.depth > DEEPEST:
            raise QueryError(f"more than {DEEPEST} brackets and negations inside each other: say less")
        self._before = (self.count, self.relation)
        self.clauses.at += 1
        return self.clauses.at - 1

    def _same_picture(self, start: int) -> None:
        if (self.count, self.relation) != self._before:
            said = self.reader.quoted(start, self.clauses.at)
            raise QueryError(f"{said}: how many people there are, and how they stand, is not said here")

    def _counted(self) -> bool:
        """Read how many people there are, where that is said next."""
        self._skip(*_PEOPLE)
        found = count_at(self.words, self.clauses.at)
        if found is None:
            return False
        if self.count not in (None, found.count):
            said = self.reader.quoted(self.clauses.at, found.end)
            raise QueryError(f"{said}: another number of people is said before; say one")
        self.count, self.clauses.at = found.count, found.end
        return True

    def _skip(self, *words: str) -> None:
        while self.word and self.word in words:
            self.clauses.at += 1

    def _error(self) -> QueryError:
        end = self.clauses.at
        while end < len(self.words) and self.words[end] not in JOINERS:
            end += 1
        return self.reader.not_understood(self.clauses.start, max(end, self.clauses.start + 1))
