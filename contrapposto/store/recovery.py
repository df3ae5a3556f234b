"""Which commit of a Lance table can be used when the newest is damaged, and how that one becomes the newest again.

Lance waits for no disk (no fsync), so a host that loses power can leave the last commits empty, cut short, zeroed
or without their files. Each commit names its files, and older commits stay for some minutes: so the newest that has
all of them is found by looking, without reading rows.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from contrapposto.errors import LibraryError

RowCheck = Callable[[pa.RecordBatch], str | None]
"""Says what is wrong with rows, None if nothing is."""

_VERSIONS = "_versions"
_NUMBERS = 2**64 - 1
"""Lance names the file of version n after this less n, so that the newest is listed first."""

_NAME = re.compile(r"(\d{20})\.manifest")
_LANCE_END = b"LANC"
_ARROW_END = b"ARROW1"
_FOOTER = struct.Struct("<QHH4s")
"""Last bytes of a version file: where its message starts, two version numbers, the end mark."""

_ATTEMPTS = 5


class NoVersion(LibraryError):
    """No commit of a table can be used."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Commits of a table that cannot be used.

    table: its name; commits: how many; reason: what is wrong with the newest; committed: when the commit that is
    used instead was made (local time); rows: how many it has; missing: how many more the newest had, None if
    that cannot be known.
    """

    table: str
    commits: int
    reason: str
    committed: datetime
    rows: int
    missing: int | None

    def text(self) -> str:
        """What was lost, without a full stop."""
        commits = "commit" if self.commits == 1 else f"{self.commits:,} commits"
        if self.missing is None:
            fewer = ", how many fewer is not known"
        elif self.missing > 0:
            fewer = f", {self.missing:,} fewer"
        else:
            fewer = ""
        return (
            f"the last {commits} of the table {self.table} cannot be used ({self.reason}), "
            f"the one of {self.committed:%Y-%m-%d %H:%M:%S} takes its place ({self.rows:,} rows{fewer})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A Lance dataset at the newest commit that can be used; newest: number of the newest on disk; loss: None when
    the two are the same."""

    table: Any
    newest: int
    loss: Loss | None = None


def versions(place: Path) -> list[int]:
    """Numbers of the commits of a table that are on disk, newest first; none when it is no table. Under 1 ms."""
    try:
        names = os.listdir(place / _VERSIONS)  # noqa: PTH208 (asked at every call of a store)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted((_NUMBERS - int(match[1]) for name in names if (match := _NAME.fullmatch(name))), reverse=True)


def open_newest(place: Path, rows: RowCheck | None = None) -> Opened:
    """A table at its newest good commit; nothing on disk is changed.

    Good: the version file is whole, each file that it names is there with the size that it states (deletion
    files: not empty) and the end mark of its kind. With `rows`, all rows are read as well and shown to it: zeros
    in the middle of a file can only be seen so. Another process may commit, tidy up or repair meanwhile. Raises
    NoVersion when there is none, OSError when files cannot be read for another reason than damage (permissions, too
    many open files).
    """
    for _ in range(_ATTEMPTS):
        numbers = versions(place)
        flaws: list[str] = []
        lost_rows: int | None = None
        for number in numbers:
            table, flaw = _look(place, number, rows)
            if flaw is None:
                if not flaws:
                    return Opened(table, number)
                break
            flaws.append(flaw)
            if table is not None and lost_rows is None and len(flaws) == 1:
                lost_rows = _total_rows(table)
        if versions(place)[:1] != numbers[:1]:
            continue  # another process has committed or repaired: what was looked at may be gone for good reasons
        if len(flaws) == len(numbers):
            raise NoVersion(
                f"none of its {len(numbers)} commits can be used ({flaws[0]})"
                if flaws
                else "all its commits are gone"
            )
        kept = _total_rows(table)
        missing = None if lost_rows is None else lost_rows - kept
        committed = table.get_version()["timestamp"]
        return Opened(table, numbers[0], Loss(place.stem, len(flaws), flaws[0], committed, kept, missing))
    raise OSError("other processes keep changing it")


def restore(place: Path, opened: Opened, aside: Path) -> None:
    """Makes the commit that was opened the newest: version files of later ones, and older ones that are not whole
    (tidying up would stumble over them), move to the folder `aside`. If there were later ones it is committed again
    until its number is above theirs, so that readers notice. The caller is the only writer. A kill in between
    leaves a table that opens, and can be restored again. Raises OSError."""
    import lance

    used = opened.table.version
    for number in versions(place):
        path = _version_file(place, number)
        if number > used or (number < used and _version_flaw(_read(path))):
            aside.mkdir(parents=True, exist_ok=True)
            path.rename(aside / f"{place.stem}-{number}.manifest")
    if opened.newest > used:
        table = lance.dataset(place)
        while table.version <= opened.newest:
            table.restore()


def salvage(place: Path, schema: pa.Schema, target: Path, rows: RowCheck | None = None) -> int:
    """Of a table without a good commit: writes the rows that can still be used to a new table, and returns their
    number; with 0 there is no new table. They are those of the newest commit whose version file is whole, without
    the fragments (rows that were written together) of which a file is damaged or, with `rows`, a row is wrong.
    Raises OSError."""
    import lance

    for number in versions(place):
        table = _dataset(place, number)[0]
        if table is None or not table.schema.equals(schema):
            continue
        good = [part for part in table.get_fragments() if _fragment_flaw(str(place), part) is None]
        check = rows or (lambda _: None)
        good = [part for part in good if _rows_flaw(part, part.count_rows(), check) is None]
        if good:
            lance.write_dataset(table.scanner(fragments=good).to_reader(), target, schema=schema)
        return sum(part.count_rows() for part in good)
    return 0


def write_through(place: Path, table: Any) -> None:
    """Waits until a commit is on the disk with all of its files (fsync), so that older commits, which could take
    its place, may go. Raises OSError."""
    for name in sorted(_file_names(table)):
        _fsync(place / name)
    _fsync(_version_file(place, table.version))
    if os.name == "posix":  # elsewhere folders cannot be written through
        for folder in (place / "data", place / "_deletions", place / _VERSIONS, place, place.parent):
            if folder.is_dir():
                _fsync(folder)


def flaw_of(place: Path, number: int, rows: RowCheck | None = None) -> str | None:
    """What is wrong with a commit, as `open_newest` looks at it; None when it is good. Raises OSError."""
    return _look(place, number, rows)[1]


def _look(place: Path, number: int, rows: RowCheck | None) -> tuple[Any, str | None]:
    """The dataset at a commit (None when its version file cannot be used), and what is wrong with it."""
    table, flaw = _dataset(place, number)
    if flaw is None:
        flaw = _files_flaw(place, table)
    if flaw is None and rows is not None:
        flaw = _rows_flaw(table, _total_rows(table), rows)
    return table, flaw


def _dataset(place: Path, number: int) -> tuple[Any, str | None]:
    """The dataset at a commit; or None, and what is wrong with its version file."""
    import lance

    try:
        flaw = _version_flaw(_read(_version_file(place, number)))
    except FileNotFoundError:
        return None, "the version file is gone"
    if flaw is not None:
        return None, f"the version file {flaw}"
    try:
        table = lance.dataset(place, version=number)
    except Exception as error:
        _raise_unless_damage(error)
        return None, "the version file is garbled"
    return (table, None) if table.version == number else (None, "the version file is garbled")


def _version_file(place: Path, number: int) -> Path:
    return place / _VERSIONS / f"{_NUMBERS - number:020d}.manifest"


def _file_names(table: Any) -> Iterator[str]:
    """Data and deletion files of a commit, relative to the table."""
    for fragment in table.get_fragments():
        stated = fragment.metadata
        yield from (f"data/{file.path}" for file in stated.files)
        if stated.deletion_file is not None:
            yield str(stated.deletion_file.path(stated.id))


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read()


def _version_flaw(data: bytes) -> str | None:
    """Lance itself takes a file of zeros for an empty table, so its frame is looked at first."""
    if not data:
        return "is empty"
    if len(data) < _FOOTER.size:
        return "is cut short"
    start, _, _, mark = _FOOTER.unpack(data[-_FOOTER.size :])
    if mark != _LANCE_END:
        return "is cut short or garbled"
    body = data[start : -_FOOTER.size]
    if len(body) < 4 or int.from_bytes(body[:4], "little") != len(body) - 4:
        return "is garbled"
    return None


def _files_flaw(place: Path, table: Any) -> str | None:
    """What is wrong with the files that a commit names."""
    top = str(place)
    return next((flaw for part in table.get_fragments() if (flaw := _fragment_flaw(top, part))), None)


def _fragment_flaw(top: str, fragment: Any) -> str | None:
    """What is wrong with the files of one fragment, the rows that were written together."""
    stated = fragment.metadata
    for file in stated.files:
        flaw = _file_flaw(f"{top}/data/{file.path}", file.file_size_bytes, _LANCE_END)
        if flaw is not None:
            return f"a data file {flaw}"
    deletions = stated.deletion_file
    if deletions is None:
        return None
    listed = deletions.file_type == "array"
    flaw = _file_flaw(f"{top}/{deletions.path(stated.id)}", None, _ARROW_END if listed else b"")
    if flaw is None and not listed:  # a bitmap, which has no end mark
        try:
            fragment.validate()
        except Exception as error:
            _raise_unless_damage(error)
            flaw = "is garbled"
    return None if flaw is None else f"a deletion file {flaw}"


def _file_flaw(path: str, size: int | None, end: bytes) -> str | None:
    """What is wrong with a file of which the size and the last bytes are known."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (half the time of Path.open)
            there = file.seek(0, 2)
            if there == 0:
                return "is empty"
            if there < (size or len(end)):
                return "is cut short"
            if size and there > size:
                return "is too long"
            file.seek(there - len(end))
            return None if file.read(len(end)) == end else "is garbled"
    except (FileNotFoundError, IsADirectoryError):
        return "is gone"


def _rows_flaw(rows_of: Any, expected: int, rows: RowCheck) -> str | None:
    """What is wrong with the rows of a dataset or fragment, after reading all of them."""
    count = 0
    try:
        for batch in rows_of.scanner(batch_size=8192).to_batches():
            batch.validate(full=True)
            count += batch.num_rows
            wrong = rows(batch)
            if wrong is not None:
                return wrong
    except Exception as error:
        _raise_unless_damage(error)
        return "rows cannot be read"
    return None if count == expected else f"{count:,} rows can be read, {expected:,} are stated"


def _total_rows(table: Any) -> int:
    return int(table.get_version()["metadata"]["total_rows"])


def _raise_unless_damage(error: Exception) -> None:
    """Raises OSError for what the system refused; a file that is gone is damage."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    if found and found[1] != "2":
        raise OSError(int(found[1]), " ".join(str(error).split())[:200]) from error
