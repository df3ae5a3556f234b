"""`--where`: conditions on the file of a hit, parsed here into typed comparisons and never passed on as text.

    people = 2 and date >= 2023-06 and not path ~ "screenshots"

Fields: path (with `=` a pattern with * and ?, with `~` a part of the path; case does not count), date (when the
photo was taken, else when the file was last changed; YYYY, YYYY-MM or YYYY-MM-DD stand for the whole period),
size (bytes, or with kB, MB, GB) and people (number found). Comparisons: = != < <= > >= and ~. They are joined by
and, or, not and brackets.
"""

from __future__ import annotations

import datetime
import fnmatch
import operator
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto.errors import QueryError
from contrapposto.store.rows import key_path

COLUMNS = ("path", "size", "modified", "taken", "people")
"""Columns of `media` that a condition reads."""

FIELDS = ("path", "date", "size", "people")
_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<symbol>[()]|[<>!]=|[=<>~])|(?P<word>[^\s()<>=!~"']+))"""
)
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_SYMBOLS = frozenset({*_COMPARE, "~", "(", ")"})
_DEEPEST = 100


class Condition(Protocol):
    """A parsed condition."""

    def __call__(self, media: pa.Table) -> NDArray[np.bool_]:
        """(N,) which rows of a media table (with at least `COLUMNS`) meet it."""
        ...


@dataclass(frozen=True, slots=True)
class PathCondition:
    """The path matches a pattern of * and ? (`=`, `!=`) or holds a text (`~`); case does not count, and an
    accented letter is the same however it is written."""

    sign: str
    text: str

    def __call__(self, media: pa.Table) -> NDArray[np.bool_]:
        paths = [_folded(str(key_path(key))) for key in media["path"].to_pylist()]
        wanted = _folded(self.text)
        if self.sign == "~":
            return np.array([wanted in path for path in paths], dtype=bool)
        matches = re.compile(fnmatch.translate(wanted.replace("[", "[[]"))).match
        met = np.array([matches(path) is not None for path in paths], dtype=bool)
        return met if self.sign == "=" else ~met


@dataclass(frozen=True, slots=True)
class DateCondition:
    """The date, cut to the given precision, compares with the given period."""

    sign: str
    period: str

    def __call__(self, media: pa.Table) -> NDArray[np.bool_]:
        modified = [
            datetime.datetime.fromtimestamp(nanoseconds / 1e9).isoformat()
            for nanoseconds in media["modified"].to_pylist()
        ]
        dates = pc.coalesce(media["taken"].combine_chunks(), pa.array(modified, pa.string()))
        cut = pc.utf8_slice_codeunits(dates, 0, len(self.period)).to_numpy(zero_copy_only=False).astype(str)
        return np.asarray(_COMPARE[self.sign](cut, self.period), dtype=bool)


@dataclass(frozen=True, slots=True)
class NumberCondition:
    """A whole-number column (size in bytes, people) compares with a number."""

    column: str
    sign: str
    number: int

    def __call__(self, media: pa.Table) -> NDArray[np.bool_]:
        return np.asarray(_COMPARE[self.sign](media[self.column].to_numpy(), self.number), dtype=bool)


@dataclass(frozen=True, slots=True)
class All:
    """Every part is met."""

    parts: tuple[Condition, ...]

    def __call__(self, media: pa.Table) -> NDArray[np.bool_]:
        met: NDArray[np.bool_] = np.all([part(media) for part in self.parts], axis=0)
        return met


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part is met."""

    parts: tuple[Condition, ...]

    def __call__(self, media: pa.Table) -> NDArray[np.bool_]:
        met: NDArray[np.bool_] = np.any([part(media) for part in self.parts], axis=0)
        return met


@dataclass(frozen=True, slots=True)
class Not:
    """The part is not met."""

    part: Condition

    def __call__(self, media: pa.Table) -> NDArray[np.bool_]:
        return ~self.part(media)


def parse(text: str) -> Condition:
    """The condition that a text states. Raises QueryError that quotes what is not understood."""
    return _Parser(text).parse()


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def parse(self) -> Condition:
        if not self._tokens:
            raise QueryError("--where is empty; write for example: people = 2 and date >= 2023")
        condition = self._either()
        if self._at < len(self._tokens):
            raise self._error(f"{self._tokens[self._at]!r} is not expected here; join conditions with and, or")
        return condition

    def _either(self) -> Condition:
        parts = [self._all()]
        while self._accept("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._accept("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(f"more than {_DEEPEST} brackets and nots inside each other")
        condition = self._negated_or_plain()
        self._depth -= 1
        return condition

    def _negated_or_plain(self) -> Condition:
        if self._accept("not"):
            return Not(self._one())
        if self._accept("("):
            inside = self._either()
            if not self._accept(")"):
                raise self._error("a closing bracket is missing")
            return inside
        field = self._next("a field").lower()
        if field not in FIELDS:
            raise self._error(f"unknown field {field!r}; there are {', '.join(FIELDS)}")
        sign = self._next("a comparison such as =")
        if sign not in _COMPARE and sign != "~":
            raise self._error(f"{sign!r} is no comparison; use one of {' '.join(_COMPARE)} ~")
        value = self._next("a value")
        if value in _SYMBOLS:
            raise self._error(f"a value is missing before {value!r}")
        if field == "size" and self._at < len(self._tokens) and self._tokens[self._at].lower() in _UNITS:
            value += self._next("a unit")  # 1 MB as well as 1MB
        return self._comparison(field, sign, value)

    def _comparison(self, field: str, sign: str, value: str) -> Condition:
        if value[:1] in "\"'":
            value = value[1:-1]
        if field == "path":
            if sign not in ("=", "!=", "~"):
                raise self._error(f"a path is compared with =, != or ~, not {sign}")
            return PathCondition(sign, value)
        if sign == "~":
            raise self._error(f"~ is for paths; compare {field} with one of {' '.join(_COMPARE)}")
        if field == "date":
            return DateCondition(sign, self._period(value))
        number = r"\d+(?:\.\d+)?" if field == "size" else r"\d+"
        found = re.fullmatch(f"({number})([a-z]*)", value, re.ASCII | re.IGNORECASE)
        unit = found[2].lower() if found else ""
        if not found or unit not in (_UNITS if field == "size" else {""}):
            example = "500kB or 2MB" if field == "size" else "2"
            raise self._error(f"{value!r} is no value for {field}; write for example {example}")
        return NumberCondition(field, sign, round(Decimal(found[1]) * _UNITS[unit]))

    def _period(self, value: str) -> str:
        found = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", value, re.ASCII)
        try:
            if not found:
                raise ValueError
            datetime.date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
        except ValueError:
            raise self._error(f"{value!r} is no date; write 2024, 2024-05 or 2024-05-31") from None
        return value

    def _accept(self, word: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at].lower() == word:
            self._at += 1
            return True
        return False

    def _next(self, what: str) -> str:
        if self._at >= len(self._tokens):
            raise self._error(f"{what} is missing at the end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _error(self, reason: str) -> QueryError:
        return QueryError(f"--where {self._text!r}: {reason}")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if not found:
            raise QueryError(f"--where {text!r}: {text[at:].strip()[:20]!r} is not understood; is a quote missing?")
        tokens.append(found.group().strip())
        at = found.end()
    return tokens
