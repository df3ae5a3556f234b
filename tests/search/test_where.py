"""Conditions on files: a small table by hand, the rows that each text selects, and what wrong texts are told."""

from __future__ import annotations

import dataclasses
import datetime
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contrapposto.errors import QueryError
from contrapposto.search import where
from contrapposto.store.rows import path_key


def local(*moment: int) -> int:
    """Nanoseconds since the epoch of a local date and time."""
    return int(datetime.datetime(*moment).timestamp()) * 10**9  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """New York, so that local time and UTC differ in year on 31 December."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


ODD = path_key(Path(os.fsdecode(b"/P/caf\xe9/odd.jpg")))


@pytest.fixture
def media() -> pa.Table:
    rows: list[tuple[str, int, int, str | None, int]] = [
        # path, size, modified, taken, people
        ("/P/Summer 2023/Anna.JPG", 1_500_000, local(2024, 1, 5), "2023-06-30T23:59:59", 1),  # 0: EXIF wins
        ("/P/screenshots/a (1).png", 999, local(2023, 12, 31, 22), None, 0),  # 1: 2024 in UTC
        ("/P/[old]/it's.jpg", 2_000, local(2022, 2, 28, 12), "2023-06-01", 2),  # 2: EXIF without a time
        ("/P/caf\u0065\u0301/two.jpg", 2_000_000, local(2024, 1, 1), None, 12),  # 3: e and an accent
        (ODD, 5_000_000_000, local(2021, 7, 4), None, 2),  # 4: a name that is not Unicode
    ]
    columns = zip(*rows, strict=True)
    types = (pa.string(), pa.int64(), pa.int64(), pa.string(), pa.int32())
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(where.COLUMNS))


TEXTS: list[tuple[str, list[int]]] = [
    ("people = 2", [2, 4]),
    ("people=2", [2, 4]),
    ("people != 2", [0, 1, 3]),
    ("people > 2", [3]),
    ("people >= 2", [2, 3, 4]),
    ("people < 1", [1]),
    ("people <= 1", [0, 1]),
    ('PEOPLE = "12"', [3]),
    ("people = 99999999999999999999999", []),
    ("people < 99999999999999999999999", [0, 1, 2, 3, 4]),
    # a date stands for its whole period; EXIF first, else the local time of the last change
    ("date = 2023", [0, 1, 2]),
    ("date = 2023-06", [0, 2]),
    ("date = 2023-06-30", [0]),
    ("date = 2023-12-31", [1]),
    ("date = 2024-01-01", [3]),
    ("date > 2023", [3]),
    ("date >= 2023-06-30", [0, 1, 3]),
    ("date < 2023-06-30", [2, 4]),
    ("date <= 2023-06", [0, 2, 4]),
    ("date != 2023", [3, 4]),
    ('date = "2021-07"', [4]),
    # sizes: bytes or decimal units
    ("size = 999", [1]),
    ("size >= 2kB", [0, 2, 3, 4]),
    ("size = 2kb or size = 2.0KB", [2]),
    ("size > 1.5MB", [3, 4]),
    ("size > 1.5 MB", [3, 4]),
    ("size >= 1.5MB", [0, 3, 4]),
    ("size = 5gb", [4]),
    ("size = 999B", [1]),
    # paths: = is a pattern of the whole path, ~ a part; case does not count
    ('path ~ "summer 2023"', [0]),
    ("path ~ 'SUMMER'", [0]),
    ("path ~ anna.jpg", [0]),
    ("path = *.jpg", [0, 2, 3, 4]),
    ('path = "/p/s*"', [0, 1]),
    ("path = *.jp?", [0, 2, 3, 4]),
    ("path = anna.jpg", []),
    ("path != *.jpg", [1]),
    ('path ~ "a (1)"', [1]),
    ('path ~ "it\'s"', [2]),
    ('path = "/P/[old]/*"', [2]),  # brackets are letters here
    ("path ~ caf\u00e9", [3]),  # one letter or letter and accent
    ("path ~ odd.jpg", [4]),
    ("path ~ bytes:", []),  # how such a path is stored cannot be asked for
    ('path ~ ""', [0, 1, 2, 3, 4]),
    # and before or; not before both; brackets
    ("people = 1 or people = 2 and size > 1GB", [0, 4]),
    ("(people = 1 or people = 2) and size > 1GB", [4]),
    ("not people = 2 and size > 1MB", [0, 3]),
    ("not (people = 2 and size > 1MB)", [0, 1, 2, 3]),
    ("not not people = 2", [2, 4]),
    ("NOT people=2 AND NOT people=12", [0, 1]),
    ("not people = 2 or people = 2", [0, 1, 2, 3, 4]),
    ("((people=1))or((people=0))", [0, 1]),
    ('people = 2 and date >= 2023-06 and not path ~ "screenshots"', [2]),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_rows(media: pa.Table, text: str, expected: list[int]) -> None:
    met = where.parse(text)(media)
    assert met.dtype == bool
    assert met.nonzero()[0].tolist() == expected


def test_no_rows_and_one_row(media: pa.Table) -> None:
    for text in ("people = 2", "date > 2020", "path ~ a", "path = *", "size < 1", "not (people=1 or date=2023)"):
        condition = where.parse(text)
        assert condition(media.slice(0, 0)).shape == (0,)
        whole = condition(media)
        assert [bool(condition(media.slice(row, 1))[0]) for row in range(5)] == whole.tolist()
        assert condition(pa.concat_tables([media, media])).tolist() == [*whole, *whole]  # columns of two chunks


WRONG: list[tuple[str, str]] = [
    ("", "--where is empty"),
    ("   ", "--where is empty"),
    ("person = 2", "unknown field 'person'; there are path, date, size, people"),
    ("people", "a comparison such as = is missing at the end"),
    ("people =", "a value is missing at the end"),
    ("people = 2 and", "a field is missing at the end"),
    ("and people = 2", "unknown field 'and'"),
    ("people = 2 people = 3", "'people' is not expected here; join conditions with and, or"),
    ("people = 2 or or people = 3", "unknown field 'or'"),
    ("people is 2", "'is' is no comparison; use one of = != < <= > >= ~"),
    ("people == 2", "a value is missing before '='"),
    ("people = two", "'two' is no value for people; write for example 2"),
    ("people > 1.5", "'1.5' is no value for people"),
    ("people = -1", "'-1' is no value for people"),
    ("people = 2kB", "'2kB' is no value for people"),
    ("people = \u0662", "is no value for people"),
    ("people ~ 2", "~ is for paths; compare people with one of = !="),
    ("size > 2TB", "'2TB' is no value for size; write for example 500kB or 2MB"),
    ("people = 2 kB", "'kB' is not expected here"),
    ("size ~ 2kB", "~ is for paths"),
    ("date = yesterday", "'yesterday' is no date; write 2024, 2024-05 or 2024-05-31"),
    ("date = 2023-02-29", "'2023-02-29' is no date"),
    ("date = 2023-13", "'2023-13' is no date"),
    ("date = 0000", "'0000' is no date"),
    ("date = 2023-6", "'2023-6' is no date"),
    ("date = \uff12\uff10\uff12\uff13", "is no date"),
    ("date ~ 2023", "~ is for paths; compare date with"),
    ("path < b", "a path is compared with =, != or ~, not <"),
    ("path ~ )", "a value is missing before ')'"),
    ("path = = x", "a value is missing before '='"),
    ("(people = 2", "a closing bracket is missing"),
    ("people = 2)", "')' is not expected here"),
    ("()", "unknown field ')'"),
    ("not", "a field is missing at the end"),
    ('path ~ "open', "is not understood; is a quote missing?"),
    ("people ! 2", "'! 2' is not understood"),
    ("(" * 5000 + "people = 2" + ")" * 5000, "more than 100 brackets and nots inside each other"),
    ("not " * 5000 + "people = 2", "more than 100 brackets and nots inside each other"),
]


@pytest.mark.parametrize(("text", "phrase"), WRONG, ids=[text[:24] for text, _ in WRONG])
def test_wrong_texts(text: str, phrase: str) -> None:
    with pytest.raises(QueryError) as caught:
        where.parse(text)
    assert phrase in str(caught.value)


def test_many_conditions_side_by_side_are_no_nesting(media: pa.Table) -> None:
    text = " or ".join(f"(not people = {number})" for number in range(500))
    assert where.parse(text)(media).all()


def leaves(condition: Any) -> Iterator[Any]:
    """All objects that a parsed condition consists of."""
    yield condition
    if dataclasses.is_dataclass(condition):
        for field in dataclasses.fields(condition):
            yield from leaves(getattr(condition, field.name))
    elif isinstance(condition, tuple):
        for part in condition:
            yield from leaves(part)


def test_only_typed_comparisons_come_out() -> None:
    """Nothing of the text is kept but values of known fields: no store is ever given words of a user."""
    evil = """path ~ "x' or 1=1; drop table media; --" or size > 3kB and not (date = 2023-05 or people != 2)"""
    parsed = where.parse(evil)
    assert parsed == where.Either(
        (
            where.PathCondition("~", "x' or 1=1; drop table media; --"),
            where.All(
                (
                    where.NumberCondition("size", ">", 3000),
                    where.Not(
                        where.Either(
                            (where.DateCondition("=", "2023-05"), where.NumberCondition("people", "!=", 2))
                        )
                    ),
                )
            ),
        )
    )
    kinds = (
        where.PathCondition,
        where.DateCondition,
        where.NumberCondition,
        where.All,
        where.Either,
        where.Not,
        tuple,
        str,
        int,
    )
    assert all(type(leaf) in kinds for leaf in leaves(parsed))
