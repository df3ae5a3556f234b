"""The folder of ready ONNX files: `NAME.onnx`, and beside it `NAME.onnx.json`, its record.

A file counts only with a record that has the identity of its row and the file's own size and SHA-256. Both are
written under another name first and then renamed, so a file that is not whole is never taken for one that is.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from contrapposto.errors import WeightsError
from contrapposto.weights.table import Package, Weights

UNFINISHED = ".unfinished-"
"""How names of files and folders start that an interrupted call may leave behind."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a ready file: identity of its row, size in bytes, SHA-256 as hex digits."""

    identity: str
    size: int
    sha256: str


def cache_folder() -> Path:
    """The folder `weights` in this user's cache, or in what CONTRAPPOSTO_CACHE names. It may not exist."""
    import platformdirs

    chosen = os.environ.get("CONTRAPPOSTO_CACHE")
    return (Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("contrapposto"))) / "weights"


def sources_folder(folder: Path, package: Package) -> Path:
    """Where the verified source files of a package are kept in a cache folder."""
    return folder / "sources" / f"{package.name.replace('/', '-').removeprefix('@')}-{package.version}"


def onnx_file(folder: Path, row: Weights) -> Path:
    """Where the ready file of a row lies, if it exists."""
    return folder / f"{row.name}.onnx"


def recorded(folder: Path, row: Weights) -> Record | None:
    """The record of a file that was made from the row's present sources and has the right size; None otherwise.
    Reads no more than the record."""
    path = onnx_file(folder, row)
    try:
        record = Record(**json.loads(_record_file(path).read_bytes()))
        fits = record.identity == row.identity and path.stat().st_size == record.size
    except (OSError, ValueError, TypeError):
        return None
    return record if fits else None


def ready(folder: Path, row: Weights) -> Path | None:
    """The ready file of a row, after a look at each of its bytes; None if there is none or it is damaged."""
    record = recorded(folder, row)
    path = onnx_file(folder, row)
    if record is None:
        return None
    try:
        return path if sha256(path) == record.sha256 else None
    except OSError:
        return None


def keep(folder: Path, row: Weights, data: bytes) -> Path:
    """Writes a ready file and its record. Raises OSError."""
    path = onnx_file(folder, row)
    record = Record(row.identity, len(data), hashlib.sha256(data).hexdigest())
    write_whole(path, data)
    write_whole(_record_file(path), json.dumps(asdict(record)).encode())
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that it is there with all its bytes, or not at all. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def sha256(path: Path) -> str:
    """SHA-256 of a file as hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def locked(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Holds the folder, which is made if need be, for this process alone, and removes what calls that were cut
    short have left in it. Calls `waiting` once if another process holds it. Raises WeightsError when the folder
    cannot be written, also for an OSError inside the block."""
    import filelock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            waiting()
            lock.acquire()
        try:
            _remove_leftovers(folder)
            yield
        finally:
            lock.release()
    except OSError as error:
        raise CacheUnwritable(
            f"cannot write weights to {folder}: {error.strerror or error}; free some space there,"
            " or set CONTRAPPOSTO_CACHE to a folder that can be written"
        ) from error


@contextlib.contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """A temporary folder inside a cache folder. Raises OSError."""
    path = Path(tempfile.mkdtemp(dir=folder, prefix=UNFINISHED))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class CacheUnwritable(WeightsError):
    """The cache folder cannot be made or written."""


def _record_file(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(UNFINISHED + "*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
