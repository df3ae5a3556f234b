"""One process at a time writes a library: a lock file in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contrapposto.errors import LibraryBusy, LibraryError

FILE = "indexing.lock"


@contextmanager
def locked(folder: Path, wait: bool) -> Iterator[None]:
    """Holds the lock of a folder that exists. wait: for another process that has it; else LibraryBusy is raised,
    and LibraryError when the file cannot be written."""
    import filelock

    lock = filelock.FileLock(folder / FILE)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except filelock.Timeout:
        raise LibraryBusy(
            f"{folder}: another process is indexing into it; wait for it (--wait does), or stop it"
        ) from None
    except OSError as error:
        raise LibraryError(
            f"{folder}: cannot be written ({error.strerror or error}); check its permissions"
        ) from error
    try:
        yield
    finally:
        lock.release()
