"""What lies in the folders that a library watches: photos and films to index, and what cannot be read."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from contrapposto.errors import LibraryError
from contrapposto.media import photos, videos
from contrapposto.records import Skipped
from contrapposto.text import path_text

LATER_SUFFIXES = frozenset({".jxl"})
"""Pictures of formats that are not read yet; they are listed as skipped, so that nobody thinks they are in."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file; size in bytes, modified in nanoseconds since the epoch."""

    path: Path
    root: Path
    size: int
    modified: int


@dataclass(slots=True)
class Walk:
    """What a walk over the roots found. `unread` are folders and files of which nothing is known now: what was
    indexed there must not be taken for deleted."""

    photos: list[FoundFile] = field(default_factory=list)
    films: list[FoundFile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)


def walk(roots: Iterable[str | os.PathLike[str]]) -> Walk:
    """All photos and films below the roots (folders, or single files), each path once, each folder's in order of
    name.

    Links are followed, links to folders last: one to a folder that was already walked (a link loop, or two links
    to one folder) is skipped with a reason. Hidden files and folders (leading dot) are left out, as are library
    folders. Raises LibraryError when a root does not exist.
    """
    walker = _Walker()
    for given in roots:
        root = absolute(given)
        check_root(root)
        if root.is_dir():
            walker.folders(root, root)
        else:
            walker.file(root, root.parent, given=True)
    walker.links()
    return walker.found


def check_root(root: Path) -> None:
    """Raises LibraryError when this is no existing file or folder, or it cannot be reached."""
    try:
        root.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise LibraryError(f"{root}: no such file or folder; give an existing one") from None
    except OSError as error:
        raise LibraryError(f"{root}: cannot be read ({error.strerror or error}); give another one") from error


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path from the root of the file system, `~` and `..` resolved, links kept."""
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 (resolve() would follow links)


def content_hash(data: bytes) -> str:
    """Name of a file's content: 128-bit BLAKE2b of its bytes, in hex."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def file_hash(path: Path) -> str:
    """`content_hash` of a file that is too large to be held. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


class _Walker:
    """One walk, and what it has seen so far."""

    def __init__(self) -> None:
        self.found = Walk()
        self._files: set[Path] = set()
        self._folders: dict[tuple[int, int], Path] = {}
        self._links: deque[tuple[Path, Path]] = deque()

    def folders(self, top: Path, root: Path) -> None:
        """A folder and all below it, links to folders put off."""
        waiting = [top]
        while waiting:
            current = waiting.pop()
            try:
                status = current.stat()
                walked = self._folders.get((status.st_dev, status.st_ino))
                if walked is not None:
                    if walked != current:  # equal where one root lies in another
                        reason = f"the same folder as {path_text(walked)}, which was already walked"
                        self.found.skipped.append(Skipped(current, reason))
                    continue
                with os.scandir(current) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self._unread(current, f"the folder cannot be read ({error.strerror or error})")
                continue
            self._folders[status.st_dev, status.st_ino] = current
            inner = []
            for entry in listed:
                path = current / entry.name
                if entry.name.startswith("."):
                    continue
                if not _is_folder(entry):
                    self.file(path, root)
                elif not entry.name.endswith(".library"):
                    if entry.is_symlink():
                        self._links.append((path, root))
                    else:
                        inner.append(path)
            waiting.extend(reversed(inner))

    def links(self) -> None:
        """The links to folders that were put off, and those found in them."""
        while self._links:
            self.folders(*self._links.popleft())

    def file(self, path: Path, root: Path, *, given: bool = False) -> None:
        """One path that is no folder. given: by the user, so that it is not passed over in silence."""
        suffix = path.suffix.lower()
        if path in self._files:
            return
        if suffix not in photos.SUFFIXES | videos.SUFFIXES | LATER_SUFFIXES:
            if given:
                self.found.skipped.append(Skipped(path, "not named as a photo or film (.jpg, .png, .mp4 ...)"))
            return
        self._files.add(path)
        try:
            status = path.stat()
        except OSError as error:
            lost = error.errno in (errno.ENOENT, errno.ELOOP)
            reason = "a link to nothing, or a link loop" if lost else f"cannot be read ({error.strerror or error})"
            self._unread(path, reason)
            return
        if not stat.S_ISREG(status.st_mode):
            self.found.skipped.append(Skipped(path, "not a regular file"))
        elif suffix in LATER_SUFFIXES:
            self.found.skipped.append(Skipped(path, f"{suffix[1:].upper()} pictures are not read yet"))
        else:
            found = self.found.films if suffix in videos.SUFFIXES else self.found.photos
            found.append(FoundFile(path, root, status.st_size, status.st_mtime_ns))

    def _unread(self, path: Path, reason: str) -> None:
        self.found.skipped.append(Skipped(path, reason))
        self.found.unread.append(path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link loop, or a target that cannot be reached
        return False
