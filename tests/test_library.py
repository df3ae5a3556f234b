"""The front door: who may write, what is refused, what one line the user gets."""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import numpy as np
import pytest

from contrapposto import manifest, weights
from contrapposto.errors import LibraryBusy, LibraryError, QueryError, UnreadableMedia
from contrapposto.library import Library, default_folder
from contrapposto.poses import ESTIMATORS
from contrapposto.records import Pose
from contrapposto.representations import pose_embedding, shot_embedding
from contrapposto.search.pose_part import PosePart
from contrapposto.search.query import Query
from contrapposto.store import lock
from tests import indexing_process
from tests.drawn import DrawnPeople, draw, keypoints

STANDING = Pose(keypoints(1, 0, 0, 100, 100))


def one_line(error: BaseException, *parts: str) -> None:
    text = str(error)
    assert "\n" not in text
    for part in parts:
        assert part in text, text


def test_there_is_no_library_yet(library: Library, tmp_path: Path) -> None:
    for ask in (
        lambda: library.search(pose=STANDING),
        library.media,
        lambda: library.people("a.jpg"),
        lambda: library.forget("a.jpg"),
    ):
        with pytest.raises(LibraryError) as caught:
            ask()
        one_line(caught.value, str(library.folder), "no library here; make one: contrapposto index FOLDER")
    assert not library.folder.exists(), "asking makes nothing"


def test_nothing_to_index(library: Library) -> None:
    with pytest.raises(LibraryError, match="nothing to index; name a folder"):
        library.index()


def test_a_missing_folder_is_refused_before_anything_is_written(library: Library, photos: Path) -> None:
    draw(photos / "a.png")
    with pytest.raises(LibraryError, match="none: no such file or folder"):
        library.index(photos, photos / "none")
    assert manifest.read(library.folder) is None


def test_a_file_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LibraryError, match="is a file, not a library; name another place"):
        Library(tmp_path / "file")
    with pytest.raises(LibraryError, match="cannot be made"):
        Library(tmp_path / "file/below", estimator=DrawnPeople()).index(tmp_path)


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTRAPPOSTO_LIBRARY", "~/named")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == Library().folder == tmp_path / "named"
    monkeypatch.delenv("CONTRAPPOSTO_LIBRARY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    if sys.platform == "linux":
        assert default_folder() == tmp_path / "data/contrapposto/default.library"


def test_an_empty_folder_gives_an_empty_library(library: Library, photos: Path) -> None:
    report = library.index(photos)
    assert (report.new, report.people) == (0, 0)
    assert library.media() == []
    assert library.search(pose=STANDING) == []


def test_search_finds_poses_again_also_in_a_new_process(library: Library, photos: Path) -> None:
    for number in range(8):
        draw(photos / f"{number}.png", pose=(number * 30, number * 20))
    library.index(photos)
    for asked in (library, Library(library.folder)):
        for number in range(8):
            hit = asked.search(pose=Pose(keypoints(1, number * 30, number * 20, 500, 375)), top=1)[0]
            assert (hit.path, hit.number, hit.time) == (photos / f"{number}.png", 1, None)
            assert hit.distance == pytest.approx(0, abs=0.01)
            assert hit.match == pytest.approx(1, abs=0.01)


def test_search_by_image_person_condition_and_query(library: Library, photos: Path) -> None:
    draw(photos / "a.png", people=3, pose=(10, 200))
    draw(photos / "b.png", people=1, pose=(250, 0))
    library.index(photos)
    hits = library.search(image=photos / "b.png")
    assert hits[0].path == photos / "b.png"
    assert len(hits) == 4
    assert library.search(image=photos / "a.png", person=3, top=1)[0].path == photos / "a.png"
    assert {hit.path.name for hit in library.search(image=photos / "b.png", where="people > 1")} == {"a.png"}
    assert library.search(image=photos / "b.png", where="people > 5") == []
    both = library.search(image=photos / "b.png", pose=STANDING)
    assert len(both[0].why) == 2
    query = Query((PosePart(STANDING),), top=2)
    assert len(library.search(query)) == 2


def test_what_cannot_be_asked(library: Library, photos: Path) -> None:
    draw(photos / "a.png", people=2)
    nobody = draw(photos / "nobody.png", people=0)
    library.index(photos)
    with pytest.raises(QueryError, match="nothing is asked"):
        library.search()
    with pytest.raises(QueryError, match="not both"):
        library.search(Query((PosePart(STANDING),)), pose=STANDING)
    with pytest.raises(QueryError, match=f"{nobody}: nobody was found in it"):
        library.search(image=nobody)
    for person in (0, 3, -1):
        with pytest.raises(QueryError, match=f"has 2 people, there is no number {person}"):
            library.search(image=photos / "a.png", person=person)
    with pytest.raises(UnreadableMedia, match=r"none.jpg: cannot be read"):
        library.search(image="none.jpg")


def test_people_and_media(library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(photos / "a.png", people=3)
    draw(photos / "nobody.png", people=0)
    (photos / "bad.png").write_text("no")
    library.index(photos)
    assert [person.score for person in library.people(photos / "a.png")] == pytest.approx([0.9, 0.45, 0.3])
    assert library.people(photos / "nobody.png") == []
    assert library.people(photos / "bad.png") == []
    monkeypatch.chdir(photos)
    assert len(library.people("a.png")) == 3
    with pytest.raises(LibraryError, match=r"not in the library .*; index it first"):
        library.people("c.png")
    assert [media.path.name for media in library.media()] == ["a.png", "bad.png", "nobody.png"]
    assert [media.people for media in library.media()] == [3, 0, 0]


def test_forget(library: Library, tmp_path: Path) -> None:
    draw(tmp_path / "one/a.png", people=2)
    draw(tmp_path / "one/b.png", people=1)
    draw(tmp_path / "one two/c.png", people=1, pose=(1, 1))
    shutil.copy(tmp_path / "one/a.png", tmp_path / "one two/copy.png")
    library.index(tmp_path / "one", tmp_path / "one two")
    assert library.forget(tmp_path / "nowhere") == 0
    assert library.forget(tmp_path / "one/b.png") == 1
    assert len(library.search(pose=STANDING)) == 3
    assert library.forget(tmp_path / "one") == 1, "not the folder whose name starts alike"
    assert {media.path.name for media in library.media()} == {"c.png", "copy.png"}
    assert len(library.people(tmp_path / "one two/copy.png")) == 2, "a copy keeps the people"
    library.index()
    assert len(library.media()) == 2, "the forgotten folder is no longer watched"
    assert (tmp_path / "one/a.png").exists()
    assert library.forget(tmp_path) == 2
    assert library.search(pose=STANDING) == []


def test_accurate_on_an_existing_library_is_refused(library: Library, photos: Path) -> None:
    draw(photos / "a.png")
    library.index(photos)
    with pytest.raises(LibraryError) as caught:
        library.index(photos, accurate=True)
    one_line(
        caught.value,
        "accurate False, now True",
        "weights nanodet",
        f"contrapposto index --rebuild --accurate --library {library.folder}",
    )
    assert library.search(pose=STANDING), "it still answers as before"
    library._estimator = DrawnPeople(accurate=True)
    assert library.index(rebuild=True, accurate=True).new == 1
    assert Library(library.folder, estimator=DrawnPeople(accurate=True)).index().unchanged == 1, "it remembers"
    stated = manifest.read(library.folder)
    assert stated is not None
    assert stated.accurate


def test_the_rebuild_command_can_be_pasted(tmp_path: Path, photos: Path) -> None:
    draw(photos / "a.png")
    odd = Library(tmp_path / "my photos & 'friends'.library", estimator=DrawnPeople())
    odd.index(photos)
    with pytest.raises(LibraryError) as caught:
        odd.index(photos, accurate=True)
    words = shlex.split(str(caught.value).split("rebuild it: ")[1])
    assert words == ["contrapposto", "index", "--rebuild", "--accurate", "--library", str(odd.folder)]


def test_other_weights_are_refused_until_rebuilt(
    library: Library, photos: Path, drawn_people: DrawnPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(photos / "a.png", people=2)
    draw(photos / "b.png", people=1)
    library.index(photos)
    monkeypatch.setattr(weights, "identity", lambda name: f"new {name}")
    fresh = Library(library.folder, estimator=drawn_people)
    for ask in (
        fresh.index,
        fresh.media,
        lambda: fresh.search(pose=STANDING),
        lambda: fresh.people(photos / "a.png"),
        lambda: fresh.forget(photos),
    ):
        with pytest.raises(LibraryError) as caught:
            ask()
        one_line(
            caught.value,
            "made with other settings or weights (weights efficientnet-lite0; weights lifter; weights movenet-",
            f"rebuild it: contrapposto index --rebuild --library {library.folder}",
        )
    (photos / "b.png").unlink()
    calls = drawn_people.calls
    report = fresh.index(rebuild=True)
    assert (report.new, report.people, drawn_people.calls - calls) == (1, 2, 1)
    assert [media.path.name for media in fresh.media()] == ["a.png"]
    assert len(fresh.search(pose=STANDING)) == 2


def test_a_library_of_an_unknown_estimator_can_be_rebuilt(library: Library, photos: Path) -> None:
    draw(photos / "a.png")
    library.index(photos)
    path = library.folder / manifest.FILE
    path.write_text(path.read_text().replace('"estimator": "movenet"', '"estimator": "posenet"'))
    for ask in (library.index, lambda: library.search(pose=STANDING)):
        with pytest.raises(
            LibraryError, match=r"'posenet' is not known .* rebuild it: contrapposto index --rebuild"
        ):
            ask()
    assert library.index(rebuild=True).new == 1
    assert library.search(pose=STANDING)


DAMAGED = ["", "{}", "not JSON", '{"name": "package", "version": "1.0"}', None]
"""Contents of a manifest that is none; None: the file is gone."""


def damage(path: Path, content: str | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_text(content)


@pytest.mark.parametrize("content", DAMAGED[:-1])
def test_a_foreign_manifest_is_left_as_it_was(library: Library, photos: Path, content: str) -> None:
    draw(photos / "a.png")
    library.folder.mkdir()
    (library.folder / manifest.FILE).write_text(content)
    for ask in (lambda: library.index(photos), lambda: library.search(pose=STANDING)):
        with pytest.raises(LibraryError) as caught:
            ask()
        one_line(caught.value, manifest.FILE, "damaged; move the library away")
    assert (library.folder / manifest.FILE).read_text() == content


@pytest.mark.parametrize("content", DAMAGED)
def test_a_lost_manifest_is_read_from_its_copy(library: Library, photos: Path, content: str | None) -> None:
    draw(photos / "a.png")
    library.index(photos)
    path = library.folder / manifest.FILE
    before = path.read_text()
    damage(path, content)
    fresh = Library(library.folder, estimator=DrawnPeople())
    assert len(fresh.search(pose=STANDING)) == len(fresh.search(image=photos / "a.png")) == 1
    word = "lost" if content is None else "damaged"
    assert fresh.warnings == (f"{path}: {word}; its copy is used, `contrapposto index` restores it",)
    assert path.exists() == (content is not None), "reading changes nothing"
    assert library.index().unchanged == 1
    assert path.read_text() == before


@pytest.mark.parametrize("content", DAMAGED)
def test_without_manifest_and_copy_only_a_rebuild_helps(
    library: Library, photos: Path, content: str | None
) -> None:
    draw(photos / "a.png")
    library.index(photos)
    stated = manifest.read(library.folder)
    damage(library.folder / manifest.FILE, content)
    damage(library.folder / "tables" / manifest.FILE, content)
    fresh = Library(library.folder, estimator=DrawnPeople())
    for ask in (lambda: fresh.index(photos), lambda: fresh.search(pose=STANDING)):
        with pytest.raises(LibraryError) as caught:
            ask()
        one_line(caught.value, manifest.FILE, "not known with which networks", "contrapposto index --rebuild")
    assert fresh.index(rebuild=True).new == 1
    assert manifest.read(fresh.folder) == stated, "the folder is known from the rows"


def test_a_second_indexer_is_told(library: Library, photos: Path) -> None:
    draw(photos / "a.png")
    library.index(photos)
    held = filelock.FileLock(library.folder / lock.FILE)
    with held:
        for change in (lambda: library.index(photos), lambda: library.forget(photos)):
            with pytest.raises(LibraryBusy) as caught:
                change()
            one_line(caught.value, str(library.folder), "another process is indexing into it", "--wait")
        assert library.search(pose=STANDING), "searching goes on"
    assert library.index(photos).unchanged == 1


def test_a_second_indexer_can_wait(library: Library, photos: Path) -> None:
    draw(photos / "a.png")
    library.index(photos)
    code = (
        "import sys, time, filelock\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(0.7)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(library.folder / lock.FILE)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        started = time.monotonic()
        assert library.index(photos, wait=True).unchanged == 1
        assert time.monotonic() - started > 0.4


@pytest.mark.timeout(60)
def test_searching_while_another_process_indexes(library: Library, photos: Path) -> None:
    """Each answer is a whole number of photos, and never fewer than before."""
    draw(photos / "0.png", people=3)
    library.index(photos)
    for number in range(1, 40):
        draw(photos / f"{number}.png", people=3, pose=(number, number))
    other = indexing_process.start(library.folder, photos, delay=0.02)
    seen = [0]
    while other.is_alive():
        hits = library.search(pose=STANDING, top=1000)
        assert len(hits) % 3 == 0
        assert len(hits) >= seen[-1]
        seen.append(len(hits))
    other.join()
    assert other.exitcode == 0
    assert len(library.search(pose=STANDING, top=1000)) == 120
    assert len(set(seen)) > 3, "it was watched while it grew"


def test_a_folder_that_cannot_be_written(library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a read-only disk: the lock cannot be taken. (Permissions do not stop the administrator.)"""
    draw(photos / "a.png")
    library.index(photos)
    real = os.open

    def open_(path: object, flags: int, *rest: object, **options: object) -> int:
        if str(path).endswith(lock.FILE):
            raise OSError(30, "Read-only file system", str(path))
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", open_)
    for change in (lambda: library.index(photos), lambda: library.forget(photos)):
        with pytest.raises(LibraryError) as caught:
            change()
        one_line(caught.value, str(library.folder), "cannot be written (Read-only file system)")
    assert library.search(pose=STANDING), "reading it is possible"


def test_a_full_disk(library: Library, photos: Path) -> None:
    """A limit on the size of files does to writes what a full disk does. What was there before stays."""
    for number in range(40):
        draw(photos / f"{number}.png", people=6, pose=(number, 0))
    library.index(photos / "0.png")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
        with pytest.raises(LibraryError) as caught:
            library.index(photos)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    one_line(caught.value, str(library.folder), "cannot be written")
    assert re.search("File too large|os error 27", str(caught.value))
    assert len(library.search(pose=STANDING)) == 6
    assert library.index(photos).new == 39
    assert len(library.search(pose=STANDING, top=1000)) == 240


def test_a_full_disk_when_the_library_is_made(tmp_path: Path, photos: Path) -> None:
    draw(photos / "a.png")
    library = Library(tmp_path / "x.library", estimator=DrawnPeople())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
        with pytest.raises(LibraryError) as caught:
            library.index(photos)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    one_line(caught.value, "cannot be written", "File too large")
    assert library.index(photos).new == 1


def test_the_manifest_on_disk(library: Library, photos: Path, tmp_path: Path) -> None:
    draw(photos / "a.png")
    draw(tmp_path / "more/b.png")
    library.index(photos)
    library.index(tmp_path / "more")
    data = json.loads((library.folder / manifest.FILE).read_text())
    assert data["roots"] == [str(photos), str(tmp_path / "more")]
    used = {*ESTIMATORS["movenet"].weights, *pose_embedding.WEIGHTS, *shot_embedding.WEIGHTS}
    assert data["weights"] == {name: weights.identity(name) for name in used}
    assert sorted(path.name for path in library.folder.iterdir()) == [lock.FILE, manifest.FILE, "tables"]


def test_records_come_back_as_they_went_in(library: Library, photos: Path) -> None:
    path = draw(photos / "a.png", people=2, pose=(33, 44))
    library.index(photos)
    found = library.find_people(path)
    for direct, stored in zip(found, library.people(path), strict=True):
        np.testing.assert_allclose(direct.pose.keypoints, stored.pose.keypoints, atol=1e-4)
        np.testing.assert_allclose(direct.pose.scores, stored.pose.scores, atol=1e-6)
        np.testing.assert_allclose(direct.pose.fused, stored.pose.fused, atol=1e-4)
        np.testing.assert_array_equal(direct.pose.embedding, stored.pose.embedding)
        assert np.isfinite(stored.pose.embedding).all()


def test_why_nobody_matches_well_enough(library: Library, photos: Path) -> None:
    draw(photos / "a.png", people=2)
    library.index(photos)
    query = Query((PosePart(STANDING),), min_match=1.0)
    assert library.search(query) == []
    best = library.search(pose=STANDING)[0].match
    assert library.why_nothing(query) == (
        f"Nobody matches that well: the best match is {best:.2f}; ask for less than that."
    )
