"""What the phrases of the benchmark ask for, in a formal notation of its own.

phrases.csv holds phrases as artists, coaches, archivists and curators would type them, each with the conditions
that it asks for. They were written before the parser was tuned, and without looking at it. About a third of each
kind, drawn at random, is held out (column `split`): whoever works on the parser looks at the others only.
refused.csv holds texts that must be refused, and the words, apart by "; ", that the error must quote.

The notation: the name of a row of the table of posebits; "the name of a pose" in quotes; `!` not, which binds
tightest; `&` and; `|` or, which binds loosest; parentheses. Of a picture: people(COUNT, exactly or at_least,
CONDITION or anybody), with one more argument for the relation of two, in quotes. Of both, the person first:
CONDITION ; people(...).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contrapposto.language.conditions import (
    All,
    Asked,
    Bit,
    Condition,
    Either,
    Named,
    Not,
    Scene,
    every,
    negated,
    some,
)
from contrapposto.language.scenes import RELATIONS

FOLDER = Path(__file__).parent

MEANS_NOTHING = Bit("torso_upright")
"""What a named pose stands for where no meanings are given: poses are compared by name."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A row of phrases.csv. kind: one word; split: "develop" or "held_out"."""

    phrase: str
    conditions: str
    kind: str
    split: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A row of refused.csv. quoted: what the error must contain, each of them; none for a text without words."""

    phrase: str
    quoted: tuple[str, ...]


def phrases(split: str | None = None) -> tuple[Phrase, ...]:
    """Those of one split, or all, in the order of the file."""
    with (FOLDER / "phrases.csv").open(encoding="utf-8", newline="") as file:
        rows = tuple(Phrase(**row) for row in csv.DictReader(file))
    return tuple(row for row in rows if split in (None, row.split))


def refused() -> tuple[Refused, ...]:
    """All, in the order of the file."""
    with (FOLDER / "refused.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Refused(row["phrase"], tuple(word for word in row["quoted"].split("; ") if word))
            for row in csv.DictReader(file)
        )


def read(text: str, poses: Mapping[str, Condition] | None = None) -> Asked:
    """What a text in the notation asks for; poses: what named poses mean (`MEANS_NOTHING` each without it).

    Raises ValueError where the text is not in the notation, or names a row, a pose or a relation that is not there.
    """
    reader = _Reader(text, poses)
    if reader.next == "people":
        asked = Asked(None, reader.people())
    else:
        person = reader.either()
        asked = Asked(person, reader.people() if reader.takes(";") else None)
    reader.expect("")
    return asked


_TOKEN = re.compile(r'\s*("[^"]+"|[A-Za-z_]+|\d+|[!&|(),;])')


def _tokens(text: str) -> Iterator[str]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{text!r} is not in the notation from {text[at:]!r} on")
        yield found[1]
        at = found.end()


class _Reader:
    """By recursive descent, one method for each level of binding."""

    def __init__(self, text: str, poses: Mapping[str, Condition] | None) -> None:
        self.text, self.poses = text, poses
        self.left = [*_tokens(text), ""]

    @property
    def next(self) -> str:
        """The first token that is not read yet, empty at the end."""
        return self.left[0]

    def takes(self, token: str) -> bool:
        """Whether it is next; then it is read."""
        if self.next != token:
            return False
        self.left.pop(0)
        return True

    def expect(self, *tokens: str) -> str:
        """Read the next token, which must be one of these."""
        if self.next not in tokens:
            raise ValueError(f"{self.text!r}: {self.next or 'the end'!r} instead of {' or '.join(tokens)!r}")
        return self.next if self.next == "" else self.left.pop(0)

    def people(self) -> Scene:
        self.expect("people")
        self.expect("(")
        if not self.next.isdigit() or int(self.next) < 1:
            raise ValueError(f"{self.text!r}: people() begins with how many, not {self.next!r}")
        count = int(self.left.pop(0))
        self.expect(",")
        exactly = self.expect("exactly", "at_least") == "exactly"
        self.expect(",")
        each = None if self.takes("anybody") else self.either()
        relation = None
        if self.takes(","):
            relation = self.expect(*(f'"{name}"' for name in RELATIONS)).strip('"')
        self.expect(")")
        return Scene(count, exactly, each, relation)

    def either(self) -> Condition:
        parts = [self.all()]
        while self.takes("|"):
            parts.append(self.all())
        return some(parts)

    def all(self) -> Condition:
        parts = [self.one()]
        while self.takes("&"):
            parts.append(self.one())
        return every(parts)

    def one(self) -> Condition:
        if self.takes("!"):
            return negated(self.one())
        if self.takes("("):
            inner = self.either()
            self.expect(")")
            return inner
        token = self.next
        if token.startswith('"'):
            name = self.left.pop(0).strip('"')
            if self.poses is not None and name not in self.poses:
                raise ValueError(f"{self.text!r}: no pose named {name!r}")
            return Named(name, MEANS_NOTHING if self.poses is None else self.poses[name])
        if not re.fullmatch("[A-Za-z_]+", token):
            raise ValueError(f"{self.text!r}: {token or 'the end'!r} instead of a condition")
        return Bit(self.left.pop(0))


def canonical(asked: Asked) -> Hashable:
    """The same for two that ask the same: neither order nor grouping nor repetition counts, negations stand at the
    rows and the names, and named poses are compared by name. No law beyond these is applied."""
    scene = asked.scene
    return (
        None if asked.person is None else _form(asked.person, True),
        None
        if scene is None
        else (scene.count, scene.exactly, None if scene.each is None else _form(scene.each, True), scene.relation),
    )


def _form(condition: Condition, true: bool) -> Hashable:
    """Of a condition, or (`true` False) of its opposite."""
    if isinstance(condition, Bit):
        return "row", condition.name, condition.value == true
    if isinstance(condition, Named):
        return "pose", condition.name, true
    if isinstance(condition, Not):
        return _form(condition.part, not true)
    assert isinstance(condition, All | Either)
    join = "all" if isinstance(condition, All) == true else "either"
    parts: set[Hashable] = set()
    for part in condition.parts:
        form = _form(part, true)
        if isinstance(form, tuple) and form[0] == join:
            parts |= form[1]
        else:
            parts.add(form)
    return next(iter(parts)) if len(parts) == 1 else (join, frozenset(parts))
