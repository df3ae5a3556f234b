"""Items on show in films: a table that the user writes (CSV), checked row by row, and those near a moment.

One row an item: `film`, `start`, `end` and `name`, and where they are known `box`, `link` and `picture`.
docs/items.md describes the columns.
"""

from __future__ import annotations

import csv
import io
import math
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contrapposto.collection import absolute
from contrapposto.errors import DataError
from contrapposto.records import Box, Item, Media
from contrapposto.store import Store
from contrapposto.store.rows import item_rows
from contrapposto.text import clock, printable

REQUIRED = ("film", "start", "end", "name")
OPTIONAL = ("box", "link", "picture")
HEADER = f"{','.join(REQUIRED)} and, where known, {','.join(OPTIONAL)}"

WITHIN = 10.0
"""Seconds from a moment in which `near` looks for items."""

_ROUNDING = 0.051
"""Seconds by which a time may lie after the end of its film: lengths are shown in tenths."""

_CLOCK = re.compile(r"(?:(?:([0-9]+):)?([0-9]+):)?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
"""Hours, minutes, seconds."""

_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")

_LONGEST = 60
"""Characters of a cell that are repeated in a remark."""


@dataclass(frozen=True, slots=True)
class ItemsRead:
    """items: those of good rows, in order of the table, each once. problems: one line each about a row that was
    left out or a column that was passed over, such as `wardrobe.csv:12: end 3 s is before start 5 s`."""

    items: tuple[Item, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ItemsReport:
    """What attaching a table did. added: items that are new; known: those that the library had already; problems:
    as in `ItemsRead`."""

    added: int
    known: int
    problems: tuple[str, ...]


def read_items(path: Path, films: Sequence[Media]) -> ItemsRead:
    """The items of a table.

    path: a CSV file in UTF-8, separated by commas or semicolons, whose first row names the columns; films: of the
    library (photos among them are no films). Every row is checked by itself. Raises DataError where the file
    cannot be read, is no text, or lacks a column that is required.
    """
    text = _text(path)
    separator = _separator(path, text)
    rows = _rows(text, separator)
    first, header, _ = next(rows)
    columns = [cell.strip().lower() for cell in header]
    _check_columns(path, columns)
    place = f"{printable(path.name)}:"
    unknown = [name for name in columns if name and name not in (*REQUIRED, *OPTIONAL)]
    problems = [f"{place}{first}: the column {_quoted(name)} is unknown and passed over" for name in unknown]
    table = _Table(absolute(path).parent, _Films(films), tuple(columns), separator == ";")
    items: dict[Item, None] = {}
    for line, cells, flaw in rows:
        if flaw:
            problems.append(f"{place}{line}: {flaw}")
            continue
        found = table.item(cells)
        if isinstance(found, Item):
            items[found] = None
        else:
            problems.append(f"{place}{line}: {'; '.join(found)}")
    return ItemsRead(tuple(items), tuple(problems))


def film_named(name: str, folder: Path, films: Sequence[Media]) -> Media:
    """The film that is meant by a path, absolute or from a folder, or by a file name alone that one film of the
    library has (or several with the same content). Raises DataError, without a place, when there is none or when
    it may be one of several."""
    return _Films(films).named(name, folder)


def near(items: Sequence[Item], content: str, time: float, within: float = WITHIN) -> tuple[Item, ...]:
    """The items on show at a second of a film (`content`: hash of its bytes) or at most `within` seconds from it,
    the nearest in time first, then by start and name."""
    found = [item for item in items if item.content == content and item.away(time) <= within]
    return tuple(sorted(found, key=lambda item: (item.away(time), item.start, item.name)))


def when(item: Item, time: float) -> str:
    """When an item is on show, as seen from a second of its film: `on show 0:00:10.0 to 0:00:14.0`, or `2.5 s
    later, 0:00:10.0 to 0:00:14.0`."""
    span = f"{clock(item.start)} to {clock(item.end)}"
    away = item.away(time)
    if away == 0:
        return f"on show {span}"
    return f"{away:.1f} s {'later' if item.start > time else 'before'}, {span}"


def seconds(text: str, *, comma: bool = False) -> float:
    """Seconds of a time written as `12.5`, `m:ss` or `h:mm:ss`, with decimals; comma: a decimal comma will do too.
    Raises ValueError, saying how to write it."""
    parts = _CLOCK.fullmatch(text.replace(",", ".") if comma else text)
    hours, minutes, rest = (float(part or 0) for part in parts.groups()) if parts else (0.0, 0.0, math.nan)
    total = 3600 * hours + 60 * minutes + rest
    if not math.isfinite(total) or (":" in text and rest >= 60) or (text.count(":") == 2 and minutes >= 60):
        raise ValueError(f"{_quoted(text)} is no time; write seconds (12.5), m:ss or h:mm:ss")
    return total


class _Films:
    """Films by path and by name; case counts, but not how accents are composed."""

    def __init__(self, films: Sequence[Media]) -> None:
        self._all = films
        self._by_path: dict[str, list[Media]] = {}
        self._by_name: dict[str, list[Media]] = {}
        self._by_target: dict[str, list[Media]] | None = None
        self._known: dict[tuple[str, Path], list[Media]] = {}
        for film in films:
            self._by_path.setdefault(_composed(str(film.path)), []).append(film)
            self._by_name.setdefault(_composed(film.path.name), []).append(film)

    def named(self, name: str, folder: Path) -> Media:
        """See `film_named`."""
        key = (name, folder)
        if key not in self._known:
            self._known[key] = self._found(name, folder)
        found = self._known[key]
        shown = [film for film in found if film.shots]
        if not shown:
            why = "is a photo, or nothing of it could be read" if found else "is not in the library: index it first"
            raise DataError(f"film {_quoted(name)} {why}")
        if len({film.content for film in shown}) > 1:
            raise DataError(f"film {_quoted(name)} may be one of {len(shown)} different files: write its path")
        return shown[0]

    def _found(self, name: str, folder: Path) -> list[Media]:
        """All files that may be meant, photos among them."""
        whole = _from(folder, name)
        found = self._by_path.get(_composed(str(whole))) or self._linked(whole)
        alone = not found and Path(name).name == name
        return self._by_name.get(_composed(name), []) if alone else found

    def _linked(self, whole: Path) -> list[Media]:
        """Files that the path leads to over links."""
        if self._by_target is None:
            self._by_target = {}
            for film in self._all:
                self._by_target.setdefault(_composed(str(_target(film.path))), []).append(film)
        return self._by_target.get(_composed(str(_target(whole))), [])


@dataclass(frozen=True, slots=True)
class _Table:
    """What its rows have in common. folder: where it lies; comma: numbers may have a decimal comma."""

    folder: Path
    films: _Films
    columns: tuple[str, ...]
    comma: bool

    def item(self, cells: Sequence[str]) -> Item | list[str]:
        """The item of a row, or all that is wrong with it."""
        if len(cells) != len(self.columns):
            few = "few" if len(cells) < len(self.columns) else "many"
            return [f"too {few} columns: {len(cells)}, the header has {len(self.columns)}"]
        row = dict.fromkeys(OPTIONAL, "")
        for column, cell in zip(self.columns, cells, strict=True):
            if not column and cell.strip():
                return [f"{_quoted(cell)} stands in a column without a name: a separator too many?"]
            row[column] = " ".join(cell.split())
        wrong = [] if row["name"] else ["the name is empty"]
        film, box = None, None
        try:
            film = self._film(row["film"])
        except DataError as error:
            wrong.append(str(error))
        start, end = (self._second(row[name], name, film, wrong) for name in ("start", "end"))
        if start > end:
            wrong.append(f"end {end:g} s is before start {start:g} s")
        try:
            box = self._box(row["box"], film)
        except ValueError as error:
            wrong.append(str(error))
        if wrong or film is None:
            return wrong
        return Item(film.content, start, end, row["name"], box, row["link"], self._picture(row["picture"]))

    def _film(self, name: str) -> Media:
        if not name:
            raise DataError("the film is empty")
        return self.films.named(name, self.folder)

    def _second(self, text: str, name: str, film: Media | None, wrong: list[str]) -> float:
        """NaN where it is no time; what is wrong goes into the list."""
        try:
            time = seconds(text, comma=self.comma)
        except ValueError as error:
            wrong.append(f"{name} {error}")
            return math.nan
        if film is not None and film.duration is not None and time > film.duration + _ROUNDING:
            wrong.append(f"{name} {time:g} s is after the end of the film, {film.duration:.1f} s")
        return time

    def _box(self, text: str, film: Media | None) -> Box | None:
        """Raises ValueError."""
        if not text:
            return None
        cells = (text.replace(",", ".") if self.comma else text).replace(";", " ").split()
        values = [float(cell) if _NUMBER.fullmatch(cell) else math.nan for cell in cells]
        if len(values) != 4 or not all(map(math.isfinite, values)):
            raise ValueError(f"box {_quoted(text)} is not four numbers; write x y width height, in pixels")
        box = Box(*values[:2], *(max(0.0, value) for value in values[2:]))
        if min(values[2:]) <= 0:
            raise ValueError(f"box {_quoted(text)}: width and height must be above 0")
        if min(values[:2]) < 0 or (
            film is not None and film.width and (box.x + box.width > film.width or box.y + box.height > film.height)
        ):
            size = f", {film.width} x {film.height} pixels" if film is not None and film.width else ""
            raise ValueError(f"box {_quoted(text)} reaches out of the frame{size}")
        return box

    def _picture(self, text: str) -> str:
        """An address as it is; of a file the whole path, where it is text."""
        if not text or "://" in text:
            return text
        whole = str(_from(self.folder, text))
        return text if any("\udc80" <= char <= "\udcff" for char in whole) else whole


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); name a CSV file") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8 text; save the table as CSV in UTF-8") from None
    if "\0" in text:
        raise DataError(f"{path}: is no text; save the table as CSV in UTF-8")
    if not text.strip():
        raise DataError(f"{path}: is empty; its first row must be {HEADER}")
    return text


def _separator(path: Path, text: str) -> str:
    """Comma or semicolon: whichever parts the first row into more of the known columns."""

    flaws: list[str] = []

    def known(separator: str) -> int:
        _, header, flaw = next(_rows(text, separator), (1, [], ""))
        flaws.append(flaw)
        return len({cell.strip().lower() for cell in header} & {*REQUIRED, *OPTIONAL})

    comma, semicolon = known(","), known(";")
    if not comma and not semicolon:
        flaw = flaws[0] or flaws[1]
        why = f"its header cannot be read: {flaw}" if flaw else "has no header"
        raise DataError(f"{path}: {why}; its first row must be {HEADER}")
    return "," if comma >= semicolon else ";"


def _rows(text: str, separator: str) -> Iterator[tuple[int, list[str], str]]:
    """Line on which it begins, cells, and what is wrong with the form, of each row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lost = "a quotation mark opens here and does not close; nothing after it is read"
            yield line, [], lost if "end of data" in str(error) else f"cannot be told apart into columns ({error})"
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells, ""


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise DataError(f"{path}: the header lacks {', '.join(missing)}; its first row names the columns")
    twice = [name for name in (*REQUIRED, *OPTIONAL) if columns.count(name) > 1]
    if twice:
        raise DataError(f"{path}: the header has {', '.join(twice)} twice; leave one")


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _from(folder: Path, name: str) -> Path:
    """A path as it is, or from a folder; a `~` that is nobody's home is part of the name."""
    return absolute(folder / os.path.expanduser(name))  # noqa: PTH111 (the method would raise for such a name)


def _target(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def add(store: Store, read: ItemsRead) -> ItemsReport:
    """Stores items that were read. The caller holds the library's write lock."""
    rows = item_rows(read.items)
    known = len(store.read("items", ["id"], keys=rows["id"].to_pylist()))
    store.upsert("items", rows)
    return ItemsReport(len(rows) - known, known, read.problems)


def remove(store: Store, content: str | None, name: str | None) -> int:
    """Removes the items of a film, of a name, or both, all where both are None; returns how many. The caller holds
    the library's write lock."""
    rows = store.read("items", ["id", "content", "name"]).to_pylist()
    gone = [
        row["id"]
        for row in rows
        if (content is None or row["content"] == content) and (name is None or row["name"] == name)
    ]
    store.delete("items", gone)
    return len(gone)
