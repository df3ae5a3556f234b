"""What lies in the folders that a library watches: photos to index, films for later, and what cannot be read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from contrapposto.errors import LibraryError
from contrapposto.media import photos
from contrapposto.records import Skipped

FILM_SUFFIXES = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".wmv",
        ".flv",
        ".3gp",
        ".mts",
        ".ts",
        ".ogv",
    }
)
LATER_SUFFIXES = frozenset(
    {
        ".tif",
        ".tiff",
        ".gif",
        ".bmp",
        ".heic",
        ".heif",
        ".avif",
        ".jxl",
        ".dng",
        ".cr2",
        ".cr3",
        ".nef",
        ".arw",
        ".raf",
    }
)
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
    """What a walk over the roots found. `unread` are folders whose content is not known: files that were indexed
    below them must not be taken for deleted."""

    photos: list[FoundFile] = field(default_factory=list)
    films: list[Path] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)


def walk(roots: Iterable[str | os.PathLike[str]]) -> Walk:
    """All photos and films below the roots (folders, or single files), each path once, in order of name.

    Links are followed; a folder that was already walked (a link loop, or two links to one folder) is skipped
    with a reason. Hidden files and folders (leading dot) are left out, as are library folders.
    Raises LibraryError when a root does not exist.
    """
    found = Walk()
    seen_folders: set[tuple[int, int]] = set()
    seen_files: set[Path] = set()
    for given in roots:
        root = absolute(given)
        if not root.exists():
            raise LibraryError(f"{root}: no such file or folder; give an existing one")
        if root.is_dir():
            _walk_folder(root, root, found, seen_folders, seen_files)
        else:
            _take(root, root.parent, found, seen_files)
    return found


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path from the root of the file system, `~` and `..` resolved, links kept."""
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 (resolve() would follow links)


def content_hash(data: bytes) -> str:
    """Name of a file's content: 128-bit BLAKE2b of its bytes, in hex."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _walk_folder(
    folder: Path, root: Path, found: Walk, seen_folders: set[tuple[int, int]], seen_files: set[Path]
) -> None:
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        try:
            status = current.stat()
            if (status.st_dev, status.st_ino) in seen_folders:
                found.skipped.append(Skipped(current, "a link to a folder that was already walked"))
                found.unread.append(current)
                continue
            seen_folders.add((status.st_dev, status.st_ino))
            names = sorted(entry.name for entry in current.iterdir())
        except OSError as error:
            found.skipped.append(Skipped(current, f"the folder cannot be read ({error.strerror or error})"))
            found.unread.append(current)
            continue
        folders = []
        for name in names:
            if name.startswith("."):
                continue
            path = current / name
            if path.is_dir():
                if not name.endswith(".library"):
                    folders.append(path)
            else:
                _take(path, root, found, seen_files)
        waiting.extend(reversed(folders))


def _take(path: Path, root: Path, found: Walk, seen_files: set[Path]) -> None:
    suffix = path.suffix.lower()
    if path in seen_files or suffix not in photos.SUFFIXES | FILM_SUFFIXES | LATER_SUFFIXES:
        return
    seen_files.add(path)
    try:
        status = path.stat()
    except OSError as error:
        reason = "a link to nothing, or a link loop" if path.is_symlink() else f"cannot be read ({error.strerror})"
        found.skipped.append(Skipped(path, reason))
        return
    if not stat.S_ISREG(status.st_mode):
        found.skipped.append(Skipped(path, "not a regular file"))
    elif suffix in FILM_SUFFIXES:
        found.films.append(path)
    elif suffix in LATER_SUFFIXES:
        found.skipped.append(Skipped(path, f"{suffix[1:].upper()} pictures are not read yet"))
    else:
        found.photos.append(FoundFile(path, root, status.st_size, status.st_mtime_ns))
