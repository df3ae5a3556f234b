"""What may be said of the parts of the body: the words of the table of posebits, and synonyms of states.csv.

The table of posebits is the base: a row whose words are "left hand near the left hip" gives a relation of two
parts, one whose words are "left elbow bent" a state of a part, and one whose words name no part ("leaning forward")
a state of the person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from contrapposto.language.conditions import All, Bit, Condition, Either, every, negated, some, stronger
from contrapposto.language.nouns import SIDES, TURNED, Object, noun_at, nouns
from contrapposto.language.phrasebook import SLIGHT, Phrasebook
from contrapposto.language.tokens import normal, table
from contrapposto.posebits.table import POSEBITS, Posebit

BOTH = "both"
"""Side of what is said of two parts at once: "hands together"."""

ALONG = ("along", "body")
"""Said after above or below: along the body, not in the picture."""


@dataclass(frozen=True, slots=True)
class Relation:
    """turned: what B is to A when A is this to B; opposite: what A is to B when it is not this; like: the relation
    that is meant where there is none of this kind; or empty."""

    name: str
    turned: str
    opposite: str
    like: str


Place = tuple[str, str]
"""Side and part; the side is empty for parts without sides and for the person, whose part is empty too."""

STAND_FOR: Mapping[str, tuple[str, ...]] = {
    "arm": ("hand", "elbow"),
    "leg": ("foot", "knee"),
    "chest": ("torso",),
    "torso": ("chest",),
}
"""Parts that a relation is told by, where there is none of the part itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """relations: by name, subject and object; states: by side and part; modifiers: words of all states of parts."""

    relations: Mapping[tuple[str, Place, Place], Condition]
    states: Mapping[Place, Phrasebook[Condition]]
    modifiers: Phrasebook[None]

    def state(self, side: str, part: str, phrase: tuple[str, ...]) -> Condition | None:
        """What a phrase says of a part, None where it says nothing."""
        book = self.states.get((side, part))
        return book.phrases.get(phrase) if book else None

    def related(self, name: str, side: str, part: str, to: Object) -> Condition | None:
        """What the relation of a part to another says, None where the table has none."""
        relation = relations_by_name()[name.removesuffix(" along")]
        along = " along" if name.endswith(" along") else ""
        subjects = [(side, own) for own in (part, *STAND_FOR.get(part, ()))]
        for subject in subjects:
            for target in _targets(to, side):
                for way, first, second, value in _ways(relation, subject, target):
                    condition = self.relations.get((way + along, first, second))
                    if condition is not None:
                        return condition if value else negated(condition)
        return None

    def objects(self, name: str, side: str, part: str) -> list[str]:
        """The parts to which a part can stand in a relation, for messages; with the side where not both will do."""
        relation = relations_by_name()[name.removesuffix(" along")]
        either, subjects = (name, relation.opposite), [(side, own) for own in (part, *STAND_FOR.get(part, ()))]
        places = []
        for key, first, second in self.relations:
            if key in either and first in subjects:
                places.append(second)
            if key == relation.turned and second in subjects:
                places.append(first)
        known = {place for place in places if (TURNED.get(place[0], ""), place[1]) in places}
        return list(dict.fromkeys(to if (own, to) in known else f"{own} {to}".strip() for own, to in places))


def _ways(relation: Relation, subject: Place, target: Place) -> Iterator[tuple[str, Place, Place, bool]]:
    """Names of relations that say the same of two places in some order, or the opposite (False)."""
    known = relations_by_name()
    yield relation.name, subject, target, True
    yield relation.like, subject, target, True
    yield relation.turned, target, subject, True
    if relation.opposite:
        opposite = known[relation.opposite]
        yield opposite.name, subject, target, False
        yield opposite.like, subject, target, False
        yield opposite.turned, target, subject, False


def _targets(to: Object, side: str) -> Iterator[Place]:
    for part in (to.part, *STAND_FOR.get(to.part, ())):
        if to.side == "own":
            yield side, part
        elif to.side == "other":
            yield TURNED.get(side, side), part
        elif to.side:
            yield to.side, part
        else:
            for own in dict.fromkeys((side, TURNED.get(side, ""), "")):
                yield own, part


@cache
def relations_by_name() -> Mapping[str, Relation]:
    """All kinds of relations (relations.csv)."""
    rows = table("relations.csv")
    return {row["relation"]: Relation(row["relation"], row["turned"], row["opposite"], row["like"]) for row in rows}


@cache
def relation_words() -> Phrasebook[str]:
    """Words for relations, with the names of these."""
    rows = table("relations.csv")
    return Phrasebook({normal(words): row["relation"] for row in rows for words in row["words"].split("/")})


@cache
def lexicon() -> Lexicon:
    """All that may be said of parts and of the person."""
    relations: dict[tuple[str, Place, Place], Condition] = {}
    states: dict[Place, dict[tuple[str, ...], Condition]] = {}
    for row in POSEBITS:
        words = normal(row.words)
        subject, at = _place(words, 0)
        if found := _relation(words, at) if at else None:
            name, to = found
            relations.setdefault((name, subject, to), Bit(row.name))
        else:
            states.setdefault(subject, {}).setdefault(words[at:], Bit(row.name))
    for cells in table("states.csv"):
        for subject, condition in _meanings(cells["of"], cells["meaning"]):
            for words in map(normal, cells["words"].split("/")):
                if found := _relation([subject[0] if word == "own" else word for word in words], 0):
                    relations.setdefault((found[0], subject, found[1]), condition)
                else:
                    states.setdefault(subject, {}).setdefault(words, condition)
    states[("", "torso")] = {**states[("", "")], **states[("", "torso")]}
    modifiers = {phrase for place, book in states.items() if place[1] for phrase in book}
    books = {place: Phrasebook(book) for place, book in states.items()}
    return Lexicon(relations, books, Phrasebook(dict.fromkeys(modifiers)))


def _place(words: Sequence[str], at: int) -> tuple[Place, int]:
    """The part at a place with its side, and where it ends; ("", "") where there is none."""
    side = words[at] if at < len(words) and words[at] in SIDES else ""
    found = noun_at(words, at + bool(side))
    if found is None:
        return ("", ""), at
    noun, end = found
    return (BOTH if noun.many and not side else side, noun.part), end


def _relation(words: Sequence[str], at: int) -> tuple[str, Place] | None:
    for match in relation_words().at(words, at):
        (side, part), end = _place(words, at + match.length)
        rest = tuple(words[end:])
        if part and rest in ((), ALONG, ("in", "picture")):
            name = match.meaning + (" along" if rest == ALONG else "")
            return name, ("" if side == BOTH else side, part)
    return None


def _meanings(of: str, meaning: str) -> Iterator[tuple[Place, Condition]]:
    if not of:
        yield ("", ""), condition_of(meaning)
    for word in filter(None, of.split("/")):
        noun = nouns().phrases[normal(word)]
        if noun.many:
            yield (BOTH, noun.part), condition_of(meaning)
        elif not noun.sided:
            yield ("", noun.part), condition_of(meaning)
        else:
            for side in SIDES:
                own = re.sub("(?<![a-z])own(?![a-z])", side, meaning)
                yield (side, noun.part), condition_of(re.sub("(?<![a-z])other(?![a-z])", TURNED[side], own))


def condition_of(meaning: str) -> Condition:
    """Of names of rows, "!" before those that must be false, joined by " & " or by " | "."""
    if " | " in meaning:
        return some([condition_of(part) for part in meaning.split(" | ")])
    if " & " in meaning:
        return every([condition_of(part) for part in meaning.split(" & ")])
    return negated(Bit(meaning[1:])) if meaning.startswith("!") else Bit(meaning)


def strengthened(condition: Condition, strength: str) -> Condition | None:
    """The condition more strongly, or slightly: met, but not strongly. None where there is no stronger row that
    says so."""
    if isinstance(condition, All | Either):
        parts = [strengthened(part, strength) for part in condition.parts]
        known = [part for part in parts if part is not None]
        join = every if isinstance(condition, All) else some
        return join(known) if len(known) == len(parts) else None
    if not isinstance(condition, Bit) or not condition.value:
        return None
    further = _by_degree(condition.row)
    if further is None:
        return None
    strong = Bit(further.name)
    return every([condition, negated(strong)]) if strength == SLIGHT else strong


def _by_degree(row: Posebit) -> Posebit | None:
    further = stronger(row)
    return further if further and re.search("strongly|wide", further.name) else None
