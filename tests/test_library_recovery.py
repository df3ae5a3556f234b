"""A damaged library is opened at its last good rows, says so in one line, and `index` finds again what was lost."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from contrapposto import indexing, manifest
from contrapposto.errors import LibraryBusy, LibraryError
from contrapposto.indexing import IndexOptions
from contrapposto.library import Library
from contrapposto.records import Pose
from contrapposto.store import TableName, lock
from contrapposto.store.exact import ExactStore
from contrapposto.store.rows import media_rows, people_rows
from tests.drawn import DrawnPeople, draw, keypoints

STANDING = Pose(keypoints(1, 0, 0, 100, 100))
PHOTOS = 24
PEOPLE = sum(number % 4 for number in range(PHOTOS))


@pytest.fixture
def whole(library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of 24 photos in 6 batches, so 6 commits a table; every fourth photo shows nobody."""
    for number in range(PHOTOS):
        draw(photos / f"{number}.png", number % 4, (number * 10, number * 5))
    draw(photos / "copy.png", 2, (20, 10))  # of 2.png
    run = indexing.index
    with monkeypatch.context() as patch:
        patch.setattr(
            "contrapposto.indexing.index",
            lambda *given: run(*given[:3], IndexOptions(2, commit_photos=4), given[4]),
        )
        assert library.index(photos).people == PEOPLE
    return library


def fresh(library: Library) -> Library:
    """As a new process opens it."""
    return Library(library.folder, estimator=DrawnPeople())


def contents(library: Library) -> str:
    store = library._open_store()
    return repr([store.read("media").to_pylist(), store.read("people").to_pylist()])


def table(library: Library, name: TableName) -> Path:
    return library.folder / "tables" / f"{name}.lance"


def newest(library: Library, name: TableName, which: int = 0) -> Path:
    """The version file of the newest commit but `which`."""
    return sorted((table(library, name) / "_versions").glob("*.manifest"))[which]


def no_versions(library: Library, name: TableName) -> None:
    shutil.rmtree(table(library, name) / "_versions")


def lose(library: Library, name: TableName, commits: int) -> None:
    for which in range(commits):
        newest(library, name, which).write_bytes(b"")


@pytest.mark.parametrize(("people", "media"), [(1, 0), (0, 1), (2, 2), (4, 1), (1, 4), (7, 7)])
def test_index_finds_again_what_was_lost(whole: Library, photos: Path, people: int, media: int) -> None:
    """However many commits each table has lost, beside the one that tidied up."""
    before = contents(whole)
    hits = len(whole.search(pose=STANDING, top=999))
    lose(whole, "people", people)
    lose(whole, "media", media)
    reader = fresh(whole)
    shown = reader.search(pose=STANDING, top=999)
    assert len(shown) <= hits
    assert {hit.path for hit in shown} <= set(photos.iterdir())
    assert len(reader.warnings) == (people > 0) + (media > 0)
    for line in reader.warnings:
        assert "\n" not in line
        assert str(whole.folder) in line
        assert "`contrapposto index` restores" in line
    writer = fresh(whole)
    writer.index()
    assert len(writer.warnings) == (people > 0) + (media > 0)
    assert contents(writer) == before
    assert len(reader.search(pose=STANDING, top=999)) == hits, "an open reader sees it"
    again = fresh(whole)
    assert again.index().unchanged == PHOTOS + 1
    assert again.warnings == ()
    assert contents(again) == before


def test_only_photos_that_lost_people_are_looked_at(whole: Library, photos: Path) -> None:
    """The last batch of people is lost, all photos are known: 4 photos, of which some show nobody."""
    before = contents(whole)
    counts = [whole._open_store().count("people")]
    lost = 0
    while counts[-1] == counts[0]:  # first the commit that merged files, which holds the same rows
        newest(whole, "people", lost).write_bytes(b"")
        lost += 1
        counts.append(fresh(whole)._open_store().count("people"))
    writer = fresh(whole)
    report = writer.index(photos)
    assert isinstance(writer._estimator, DrawnPeople)
    assert 1 <= writer._estimator.calls <= 4
    assert report.people == counts[0] - counts[-1]
    assert contents(writer) == before


@pytest.mark.parametrize("name", ["media", "people"])
@pytest.mark.parametrize("damage", [shutil.rmtree, None], ids=["versions gone", "versions empty"])
def test_a_table_without_a_good_commit(
    whole: Library, name: TableName, damage: Callable[[Path], None] | None
) -> None:
    before = contents(whole)
    if damage:
        damage(table(whole, name) / "_versions")
    else:
        lose(whole, name, len(list((table(whole, name) / "_versions").glob("*.manifest"))))
    with pytest.raises(LibraryError, match=rf"the table {name} is damaged.*`contrapposto index` moves it aside"):
        fresh(whole).search(pose=STANDING)
    writer = fresh(whole)
    writer.index()
    (line,) = writer.warnings
    assert "starts again with 0 rows" in line
    assert contents(writer) == before
    assert list((whole.folder / "tables").glob("damaged-*"))
    assert fresh(whole).index().unchanged == PHOTOS + 1


@pytest.mark.parametrize("name", ["media", "people"])
def test_a_table_that_is_gone(whole: Library, name: TableName) -> None:
    before = contents(whole)
    shutil.rmtree(table(whole, name))
    writer = fresh(whole)
    writer.index()
    assert contents(writer) == before


def test_people_that_were_lost_are_noticed_per_content() -> None:
    """Copies share their people; more people than stated are no loss."""
    store = ExactStore()
    estimator = DrawnPeople()
    image = np.full((30, 40, 3), (120, 0, 0), np.uint8)
    store.upsert("people", people_rows([("three", estimator(image)), ("less", estimator(image)[:2])]))
    row = indexing.Media(Path("/a"), Path("/"), "three", 1, 1, people=3, rows=3)
    known = [
        row,
        indexing.replace(row, content="less"),
        indexing.replace(row, content="none"),
        indexing.replace(row, content="nobody", rows=0),
        indexing.replace(row, rows=2),
    ]
    assert indexing.lost_people(store, known) == {"less", "none"}
    store.upsert("media", media_rows(known[:1]))
    assert indexing.lost_people(store, []) == set()


def test_what_happened_is_logged_once(whole: Library, caplog: pytest.LogCaptureFixture) -> None:
    lose(whole, "people", 1)
    reader = fresh(whole)
    with caplog.at_level(logging.WARNING, "contrapposto"):
        for _ in range(3):
            reader.search(pose=STANDING)
    assert [record.getMessage() for record in caplog.records] == list(reader.warnings)
    assert len(reader.warnings) == 1


def test_damage_that_comes_while_a_library_is_open(whole: Library, photos: Path) -> None:
    reader = fresh(whole)
    held = len(reader.media())
    draw(photos / "new.png")
    fresh(whole).index()
    while len(fresh(whole).media()) > held:
        next(path for path in media_versions(whole) if path.stat().st_size).write_bytes(b"")
    assert len(reader.media()) == held
    assert len(reader.search(pose=STANDING, top=999)) >= PEOPLE
    assert len(reader.warnings) == 1


def media_versions(library: Library) -> list[Path]:
    return sorted((table(library, "media") / "_versions").glob("*.manifest"))


def test_repair(whole: Library, photos: Path) -> None:
    before = contents(whole)
    assert fresh(whole).repair() == ()
    lose(whole, "media", 4)
    (whole.folder / manifest.FILE).unlink()
    said = fresh(whole).repair()
    assert len(said) == 2
    assert manifest.read(whole.folder) is not None
    reader = fresh(whole)
    media = reader.media()
    assert reader.warnings == ()
    assert 0 < len(media) < PHOTOS - 2
    stored = reader._open_store().read("people", ["content"])["content"].to_pylist()
    assert set(stored) <= {item.content for item in media}, "orphans are gone"
    writer = fresh(whole)
    writer.index()
    assert contents(writer) == before


def test_repair_reads_every_row(whole: Library) -> None:
    """A pose vector that is not that of its keypoints cannot be seen in sizes and end marks."""
    store = whole._open_store()
    rows = store.read("people")
    before = contents(whole)
    place = rows.schema.get_field_index("pose_vector")
    wrong = rows.set_column(
        place, rows.schema.field(place), rows["pose_vector"].combine_chunks().take(np.roll(range(PEOPLE), 1))
    )
    store.upsert("people", wrong.slice(0, 3))
    reader = fresh(whole)
    reader.search(pose=STANDING)
    assert reader.warnings == ()
    (line,) = reader.repair()
    assert "a pose vector in people is not that of its keypoints" in line
    fixed = fresh(whole)
    fixed.index()
    assert contents(fixed) == before


def test_repair_wants_the_lock_and_a_library(whole: Library, tmp_path: Path) -> None:
    import filelock

    with filelock.FileLock(whole.folder / lock.FILE), pytest.raises(LibraryBusy):
        whole.repair()
    with pytest.raises(LibraryError, match="no library here"):
        Library(tmp_path / "none").repair()
    assert not (tmp_path / "none").exists()


def test_forget_repairs_what_it_changes(whole: Library, photos: Path) -> None:
    lose(whole, "media", 1)
    assert fresh(whole).forget(photos / "2.png") == 1
    assert "2.png" not in {media.path.name for media in fresh(whole).media()}
    assert fresh(whole).warnings == ()


def test_a_library_that_may_only_be_read(whole: Library) -> None:
    """As from a write-protected disk: it opens at the last good rows, and nothing is made or moved."""
    lose(whole, "people", 1)
    found = {path: path.stat().st_mtime_ns for path in whole.folder.rglob("*")}
    reader = fresh(whole)
    assert reader.search(pose=STANDING)
    assert reader.media()
    assert {path: path.stat().st_mtime_ns for path in whole.folder.rglob("*")} == found


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux can mount a small disk"
)
def test_a_disk_that_fills_up_while_indexing(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(120):
        draw(photos / f"{number:03}.png", 1 + number % 3, (number, number * 2))
    run = indexing.index
    monkeypatch.setattr(
        "contrapposto.indexing.index", lambda *given: run(*given[:3], IndexOptions(1, commit_photos=4), given[4])
    )
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        library = Library(disk / "my.library", estimator=DrawnPeople())
        for _ in range(2):
            with pytest.raises(LibraryError, match=r"its disk is full.*free some space") as caught:
                library.index(photos)
            assert "\n" not in str(caught.value)
        held = len(fresh(library).media())
        assert 4 <= held < 120
        assert fresh(library).search(pose=STANDING)
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        last = fresh(library)
        report = last.index(photos)
        assert report.unchanged == held
        assert last.warnings == ()
        quiet = Library(tmp_path / "quiet.library", estimator=DrawnPeople())
        quiet.index(photos)
        assert contents(fresh(library)) == contents(quiet)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
