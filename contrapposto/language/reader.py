"""A text as words that are known, and errors that quote it and offer what is near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from contrapposto.errors import QueryError
from contrapposto.language import counts, subjects
from contrapposto.language.conditions import All, Bit, Condition, Named, bits
from contrapposto.language.lexicon import ALONG, BOTH, lexicon, relation_words
from contrapposto.language.nouns import NounPhrase, nouns
from contrapposto.language.phrasebook import STRENGTHS
from contrapposto.language.poses import pose_phrases, poses
from contrapposto.language.predicates import Predicate
from contrapposto.language.scenes import relation_phrases
from contrapposto.language.tokens import PAUSE, Token, tokens, words
from contrapposto.posebits.table import POSEBITS

MARKS = frozenset((PAUSE, "(", ")"))
JOINING = frozenset(
    ("and", "or", "nor", "not", "with", "while", "but", "then", "without", "neither", "in", "on", "to")
)
EXAMPLES = 'say for example "left hand above the head" or "kneeling"'
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Reader:
    """A text as words of the vocabulary."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def words(self) -> list[str]:
        """As the tables know them."""
        return [token.word for token in self.tokens]

    @staticmethod
    def of(text: str) -> Reader:
        """Raises QueryError where a word is in no table."""
        found = _without_people(tokens(text))
        reader = Reader(text, found)
        if not any(token.word not in MARKS for token in found):
            raise reader.nothing()
        unknown = [number for number, token in enumerate(found) if not _known(token.word)]
        if unknown:
            raise reader._unknown(unknown)
        return reader

    def quoted(self, start: int, end: int) -> str:
        """Words of the text as they are written there, in quotes."""
        if not self.tokens:
            return f'"{_short(self.text.strip())}"'
        start = min(start, len(self.tokens) - 1)
        last = max(min(end, len(self.tokens)) - 1, start)
        return f'"{_short(self.text[self.tokens[start].start : self.tokens[last].end])}"'

    def nothing(self) -> QueryError:
        """The text asks for nothing."""
        said = _short(self.text.strip())
        return QueryError(f'"{said}" asks for no pose: {EXAMPLES}' if said else f"no words: {EXAMPLES}")

    def not_understood(self, start: int, end: int) -> QueryError:
        """Known words that together mean nothing."""
        said = " ".join(self.words[start:end])
        near = difflib.get_close_matches(said, _sayings(), n=3, cutoff=0.5)
        return QueryError(f"{self.quoted(start, end)} is not understood; {_offer(near)}")

    def no_strength(self, start: int, end: int) -> QueryError:
        """A word for how much where there are no degrees."""
        strength = next((n for n in range(start, end) if self.words[n] in STRENGTHS), start)
        return QueryError(
            f"{self.quoted(start, end)}: there is no degree of this for {self.quoted(strength, strength + 1)}; "
            "there is of bent, apart, leaning and turned"
        )

    def not_in_table(self, start: int, end: int, phrase: NounPhrase, said: Predicate) -> QueryError:
        """A state or relation that is not known of a part."""
        if said.object is not None:
            others = lexicon().objects(said.relation, phrase.sides[0], phrase.part)
            name = said.relation.removesuffix(" along")
            subject = f"{phrase.sides[0]} {phrase.part}".strip()
            hint = f"what is known of {subject} {name}: {', '.join(others)}" if others else ""
        else:
            book = lexicon().states.get((phrase.sides[0], phrase.part))
            hint = f"of {phrase.part} is known: {', '.join(_few(book.phrases))}" if book else ""
        return QueryError(f"{self.quoted(start, end)} is not understood; {hint or EXAMPLES}")

    def _unknown(self, unknown: list[int]) -> QueryError:
        runs: list[list[int]] = []
        for number in unknown:
            if runs and number == runs[-1][-1] + 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        if runs[0][0] > 0 and self.tokens[runs[0][0] - 1].word == "holding":
            runs[0].insert(0, runs[0][0] - 1)
        said = ", ".join(self.quoted(run[0], run[-1] + 1) for run in runs[:5])
        near: list[str] = []
        for number in unknown[:5]:
            near += difflib.get_close_matches(self.tokens[number].word, _vocabulary(), n=2, cutoff=0.7)
        return QueryError(f"{said} {'is' if len(runs) == 1 else 'are'} not understood; {_offer(near)}")


def contradicted(condition: Condition, clash: tuple[Bit, Bit]) -> str:
    """Which two conditions stand against each other, and of which named poses they are."""
    first, second = (_source(condition, bit) for bit in clash)
    return f"{first} and {second} contradict each other; leave one out, or say or"


def _source(condition: Condition, bit: Bit) -> str:
    words = bit.row.words if bit.value else bit.row.denial
    parts = condition.parts if isinstance(condition, All) else (condition,)
    for part in parts:
        if isinstance(part, Named) and bit in set(bits(part)):
            return f'"{words}" (of "{part.name}")'
    return f'"{words}"'


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _offer(near: Iterable[str]) -> str:
    offered = list(dict.fromkeys(near))
    return "did you mean " + " or ".join(f'"{words}"' for words in offered) + "?" if offered else EXAMPLES


def _few(phrases: Iterable[tuple[str, ...]]) -> list[str]:
    return [" ".join(phrase) for phrase in phrases][:8]


def _without_people(found: tuple[Token, ...]) -> tuple[Token, ...]:
    """Without "person" that counts nobody, and without "a picture of"."""
    kept: list[Token] = []
    for number, token in enumerate(found):
        following = found[number + 1].word if number + 1 < len(found) else ""
        if token.word == "person" and not (kept and kept[-1].word == "one"):
            continue
        before = found[number - 1].word if number else ""
        if (token.word, following) == ("picture", "of") or (before, token.word) == ("picture", "of"):
            continue
        kept.append(token)
    return tuple(kept)


def _known(word: str) -> bool:
    return word in _all_words() or word in MARKS or (word.isascii() and word.isdigit() and len(word) < 5)


@cache
def _all_words() -> frozenset[str]:
    books = [book.phrases for book in (pose_phrases(), relation_words(), relation_phrases())]
    phrases = [*nouns().phrases, ALONG, *(phrase for book in books for phrase in book)]
    phrases += [phrase for states in lexicon().states.values() for phrase in states.phrases]
    found = {word for phrase in phrases for word in phrase}
    return frozenset(
        found | subjects.GRAMMAR | counts.GRAMMAR | JOINING | set(STRENGTHS) | {"left", "right", "holding"}
    )


@cache
def _vocabulary() -> tuple[str, ...]:
    return tuple(sorted(_all_words() | {word for word, means in words().items() if means}))


@cache
def _sayings() -> tuple[str, ...]:
    return tuple(dict.fromkeys(_each_saying()))


def _each_saying() -> Iterator[str]:
    yield from poses()
    for row in POSEBITS:
        yield row.words.replace(" the ", " ")
    for (side, part), book in lexicon().states.items():
        for phrase in book.phrases:
            plural = {"foot": "feet"}.get(part, f"{part}s") if side == BOTH else f"{side} {part}"
            yield " ".join((plural.strip(), *phrase)).strip()
