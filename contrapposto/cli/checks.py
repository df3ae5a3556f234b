"""What `contrapposto doctor` looks at, check by check. Nothing here changes a file."""

from __future__ import annotations

import platform
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from contrapposto import manifest, weights
from contrapposto.errors import ContrappostoError
from contrapposto.indexing import known_media, lost_people
from contrapposto.library import TABLES
from contrapposto.manifest import Manifest
from contrapposto.poses import DEFAULT_ESTIMATOR, ESTIMATORS
from contrapposto.poses.kept import kept_weights
from contrapposto.representations.pose_embedding import WEIGHTS
from contrapposto.store import SCHEMAS, inspection, recovery
from contrapposto.store.lance import LanceStore
from contrapposto.text import count
from contrapposto.weights import cache, cache_folder, obtain, table

Status = Literal["ok", "note", "problem"]

PACKAGES = ("numpy", "onnxruntime", "pyarrow", "pylance", "pillow", "opencv-python-headless")
LEAST_SPACE = 500_000_000
"""Bytes that should be free where weights and libraries lie."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. name: of what; text: what was found and, for a problem, what to do."""

    name: str
    status: Status
    text: str


def program() -> Iterator[Check]:
    """Python and packages, weights, space for weights."""
    yield _packages()
    yield _own_weights()
    yield from _weights()
    yield _space("cache", cache_folder())


def library(folder: Path) -> Iterator[Check]:
    """Everything of a library in turn; one note when there is none."""
    has_tables = any((folder / TABLES).glob("*.lance"))
    if not has_tables and not (folder / manifest.FILE).exists():
        yield Check("library", "note", f"{folder}: none here yet; make one: contrapposto index FOLDER")
        return
    yield _space("space", folder)
    yield _manifest(folder)
    if not has_tables:
        yield Check("tables", "note", "none yet; contrapposto index FOLDER makes them")
        return
    for name in SCHEMAS:
        yield _versions(folder / TABLES / f"{name}.lance")
    try:
        store = LanceStore(folder / TABLES)
        yield from _rows(store)
        yield from _agreement(store)
        yield _files(store)
    except ContrappostoError as error:
        yield Check("rows", "problem", str(error))


def _packages() -> Check:
    found, missing = [f"Python {platform.python_version()}"], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    try:
        import lance
        import onnxruntime

        del lance, onnxruntime
    except Exception as error:
        missing.append(" ".join(str(error).split())[:200])
    if missing:
        text = f"cannot be used: {', '.join(missing)}; install the program again: pip install contrapposto"
        return Check("packages", "problem", text)
    return Check("packages", "ok", f"{', '.join(found)}, {sys.platform}")


def _own_weights() -> Check:
    """The networks that come with this package, by their hash."""
    names = [row.name for row in table.TABLE if row.shipped]
    try:
        weights.fetch(names)
    except ContrappostoError as error:
        return Check("own weights", "problem", str(error))
    return Check("own weights", "ok", f"{' '.join(names) or 'none'}: as they were made")


def _weights() -> Iterator[Check]:
    """Every network that was fetched, by its hash; those that are needed and not here."""
    needed = (*ESTIMATORS[DEFAULT_ESTIMATOR].accurate_weights, *WEIGHTS)
    try:
        folder = obtain.given_folder() or cache_folder()
    except ContrappostoError as error:
        yield Check("weights", "problem", str(error))
        return
    good, absent, damaged = [], [], []
    for row in table.TABLE:
        if row.shipped:
            continue
        if cache.ready(folder, row) is not None:
            good.append(row.name)
        elif cache.onnx_file(folder, row).exists():
            damaged.append(row.name)
        elif row.name in needed:
            absent.append(row.name)
    if damaged:
        names = " ".join(damaged)
        text = f"damaged or of another version in {folder}: {names}; fetch again: contrapposto models fetch {names}"
        yield Check("weights", "problem", text)
    if absent:
        text = f"not here yet: {' '.join(absent)}; fetched at first use, or now: contrapposto models fetch"
        yield Check("weights", "note", text)
    if good:
        yield Check("weights", "ok", f"{' '.join(good)}: as they were made, in {folder}")


def _space(name: str, folder: Path) -> Check:
    place = next((path for path in (folder, *folder.parents) if path.exists()), Path.cwd())
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check(name, "problem", f"{place}: cannot be read ({error.strerror}); check its permissions")
    if free < LEAST_SPACE:
        return Check(name, "problem", f"{place}: {free / 1e6:,.0f} MB free on its disk, that is little; free some")
    return Check(name, "ok", f"{folder}: {free / 1e9:,.1f} GB free on its disk")


def _manifest(folder: Path) -> Check:
    """What the library states of itself, against what this program would state."""
    name = "manifest"
    stated, trouble = _read_manifest(folder)
    copy, copy_trouble = _read_manifest(folder / TABLES)
    if stated is None and copy is not None:
        return Check(name, "problem", f"{trouble}; its copy is used; restore it: contrapposto doctor --repair")
    if stated is None:
        return Check(name, "problem", f"{trouble}, and so is its copy; contrapposto index --rebuild FOLDER")
    try:
        kept = kept_weights(folder, stated.estimator)
        differences = stated.differences(Manifest.of(stated.estimator, stated.accurate, pose_weights=kept))
    except ContrappostoError as error:
        return Check(name, "problem", str(error))
    if differences:
        text = f"made with other settings or weights ({'; '.join(differences)}); contrapposto index --rebuild"
        return Check(name, "problem", text)
    if copy != stated:
        return Check(
            name, "note", f"{copy_trouble or 'its copy is older'}; contrapposto index writes the copy again"
        )
    setting = ", accurate" if stated.accurate else ""
    return Check(name, "ok", f"{stated.estimator}{setting}, {count(len(stated.roots), 'watched folder')}")


def _read_manifest(folder: Path) -> tuple[Manifest | None, str]:
    """A folder's manifest, and why there is none."""
    try:
        stated = manifest.read(folder)
    except ContrappostoError:
        return None, f"{folder / manifest.FILE}: damaged, or of another version of this program"
    return stated, "" if stated else f"{folder / manifest.FILE}: lost"


def _versions(place: Path) -> Check:
    """The commits of one table that are on disk, each with a look at its files."""
    name = f"{place.stem} commits"
    try:
        numbers = recovery.versions(place)
        flaws = [(number, flaw) for number in numbers if (flaw := recovery.flaw_of(place, number))]
    except OSError as error:
        return Check(name, "problem", f"{place}: cannot be read ({error}); check its permissions")
    if not numbers:
        text = f"{place}: none are left; contrapposto doctor --repair, then contrapposto index"
        return Check(name, "problem", text)
    if not flaws:
        return Check(name, "ok", f"{len(numbers):,} on disk, the newest is {numbers[0]}, all are whole")
    number, flaw = flaws[0]
    text = f"{len(flaws):,} of {len(numbers):,} are damaged, the last is {number} ({flaw})"
    if number == numbers[0]:
        return Check(name, "problem", f"{text}; contrapposto doctor --repair, then contrapposto index")
    return Check(name, "note", f"{text}; the newest, {numbers[0]}, is whole")


def _rows(store: LanceStore) -> Iterator[Check]:
    """Every column of every row."""
    for name in SCHEMAS:
        flaw = store.damage(name, inspection.CHECKS[name])
        if flaw:
            text = f"{flaw}; contrapposto doctor --repair, then contrapposto index"
            yield Check(f"{name} rows", "problem", text)
        else:
            rows = count(store.count(name), "row")
            yield Check(f"{name} rows", "ok", f"{rows} read, every column")


def _agreement(store: LanceStore) -> Iterator[Check]:
    """The two tables against each other; media is read first, so that people of a running batch are no loss."""
    known = list(known_media(store).values())
    people = store.read("people", ["id", "content"])
    twice = people.num_rows - len(set(people["id"].to_pylist()))
    if twice:
        text = f"{count(twice, 'person', 'people')} stored twice; contrapposto index --rebuild"
        yield Check("people", "problem", text)
    lost = lost_people(store, known)
    if lost:
        what = f"{count(len(lost), 'file')} without all of their people, shots or segments"
        text = f"{what}; contrapposto index finds them again"
        yield Check("agreement", "problem", text)
    else:
        yield Check("agreement", "ok", "every file has the people, shots and segments that were found in it")
    contents = {media.content for media in known}
    orphans = sum(content not in contents for content in people["content"].to_pylist())
    if orphans:
        text = f"{count(orphans, 'person', 'people')} without a file, in no answer; contrapposto index drops them"
        yield Check("orphans", "note", text)


def _files(store: LanceStore) -> Check:
    """The files on disk against what is stored of them."""
    found: Counter[str] = Counter()
    for media in known_media(store).values():
        try:
            now = media.path.stat()
        except OSError:
            found["gone or out of reach"] += 1
            continue
        same = (now.st_size, now.st_mtime_ns) == (media.size, media.modified)
        found["as indexed" if same else "changed since"] += 1
    total = sum(found.values())
    if found["as indexed"] == total:
        return Check("files", "ok", f"{total:,}, all as indexed")
    parts = ", ".join(f"{number:,} {word}" for word, number in found.items() if number)
    return Check("files", "note", f"{parts}; contrapposto index brings the library up to date")
