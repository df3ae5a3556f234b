"""What a run does with files that are new, changed, moved, copied, damaged, gone or out of reach."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import LibraryError, UnreadableMedia
from contrapposto.indexing import IndexOptions
from contrapposto.indexing.photos import find_people
from contrapposto.library import Library
from contrapposto.media.fingerprint import fingerprint
from contrapposto.records import Pose
from tests.drawn import DrawnPeople, draw, draw_failing, keypoints
from tests.media.containers import dng
from tests.media.encoded import encode, noise
from tests.outcomes import counts, names, people_rows


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose bytes were read, as they are read."""
    found: list[str] = []
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        found.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    return found


def test_new_then_unchanged(library: Library, photos: Path, drawn_people: DrawnPeople, opened: list[str]) -> None:
    for number in range(4):
        draw(photos / f"{number}.png", people=number, pose=(number, 0))
    assert counts(library.index(photos)) == {"new": 4, "people": 6}
    assert names(library) == {"0.png": 0, "1.png": 1, "2.png": 2, "3.png": 3}
    assert drawn_people.calls == 4
    assert sorted(opened) == ["0.png", "1.png", "2.png", "3.png"]
    before = library.media()
    opened.clear()
    assert counts(library.index(photos)) == {"unchanged": 4}
    assert counts(library.index()) == {"unchanged": 4}
    assert (drawn_people.calls, opened) == (4, [])
    assert library.media() == before


def test_what_is_stored_of_a_photo(library: Library, photos: Path) -> None:
    path = draw(photos / "in/a.png", people=2, pose=(100, 30), size=(90, 60))
    library.index(photos)
    (media,) = library.media()
    status = path.stat()
    assert (media.path, media.root) == (path, photos)
    assert (media.size, media.modified) == (status.st_size, status.st_mtime_ns)
    assert (media.width, media.height, media.people, media.taken, media.problem) == (90, 60, 2, None, None)
    for number, person in enumerate(library.people(path), start=1):
        wanted = keypoints(number, 100, 30, 90, 60)
        np.testing.assert_allclose(person.pose.keypoints, wanted, atol=1e-4)
        assert person.score == pytest.approx(0.9 / number)
        assert person.box.x == pytest.approx(wanted[:, 0].min(), abs=1e-4)


def test_people_of_a_large_photo_are_in_its_own_pixels(library: Library, photos: Path) -> None:
    path = draw(photos / "a.png", size=(4100, 1500))
    library.index(photos)
    (person,) = library.people(path)
    wanted = keypoints(1, 0, 0, 4100, 1500)
    np.testing.assert_allclose(person.pose.keypoints, wanted, atol=0.01)
    low, high = wanted.min(axis=0), wanted.max(axis=0)
    box = person.box
    np.testing.assert_allclose([box.x, box.y, box.width, box.height], [*low, *(high - low)], atol=0.01)


def test_changed(library: Library, photos: Path, drawn_people: DrawnPeople) -> None:
    path = draw(photos / "a.png", people=1)
    draw(photos / "b.png", people=1, pose=(9, 9))
    library.index(photos)
    draw(path, people=3)
    os.utime(path, ns=(1, 1))
    assert counts(library.index(photos)) == {"changed": 1, "unchanged": 1, "people": 3}
    assert names(library) == {"a.png": 3, "b.png": 1}
    assert drawn_people.calls == 3
    assert people_rows(library) == 4, "the earlier person of a.png is gone"


def test_touched(library: Library, photos: Path, drawn_people: DrawnPeople, opened: list[str]) -> None:
    path = draw(photos / "a.png")
    library.index(photos)
    os.utime(path, ns=(5, 5))
    opened.clear()
    assert counts(library.index(photos)) == {"unchanged": 1}
    assert opened == ["a.png"], "only reading it can tell"
    opened.clear()
    assert counts(library.index(photos)) == {"unchanged": 1}
    assert (drawn_people.calls, opened) == (1, [])


def test_moved(library: Library, photos: Path, drawn_people: DrawnPeople) -> None:
    path = draw(photos / "a.png", people=2)
    draw(photos / "gone.png", people=1, pose=(3, 3))
    library.index(photos)
    before = library.people(path)
    (photos / "new").mkdir()
    path.rename(photos / "new/b.png")
    (photos / "gone.png").unlink()
    assert counts(library.index(photos)) == {"moved": 1, "removed": 1}
    assert drawn_people.calls == 2
    assert names(library) == {"b.png": 2}
    for old, new in zip(before, library.people(photos / "new/b.png"), strict=True):
        np.testing.assert_array_equal(old.pose.keypoints, new.pose.keypoints)
    with pytest.raises(LibraryError, match="not in the library"):
        library.people(path)


def test_moved_over_another_file(library: Library, photos: Path, drawn_people: DrawnPeople) -> None:
    draw(photos / "a.png", people=1)
    draw(photos / "b.png", people=2)
    library.index(photos)
    (photos / "b.png").rename(photos / "a.png")
    assert counts(library.index(photos)) == {"changed": 1, "removed": 1}
    assert (names(library), drawn_people.calls, people_rows(library)) == ({"a.png": 2}, 2, 2)


def test_two_files_that_swap_names(library: Library, photos: Path, drawn_people: DrawnPeople) -> None:
    draw(photos / "a.png", people=1)
    draw(photos / "b.png", people=2, size=(41, 30))
    library.index(photos)
    (photos / "a.png").rename(photos / "c")
    (photos / "b.png").rename(photos / "a.png")
    (photos / "c").rename(photos / "b.png")
    assert counts(library.index(photos)) == {"changed": 2}
    assert (names(library), drawn_people.calls, people_rows(library)) == ({"a.png": 2, "b.png": 1}, 2, 3)


def test_moved_and_copied(library: Library, photos: Path) -> None:
    draw(photos / "a.png", people=1)
    draw(photos / "z.png", people=2)
    library.index(photos)
    shutil.copy(photos / "a.png", photos / "b.png")
    (photos / "a.png").rename(photos / "c.png")
    (photos / "z.png").unlink()
    assert counts(library.index(photos)) == {"moved": 1, "new": 1, "removed": 1}


@pytest.mark.parametrize("workers", [1, 8])
def test_copies_are_analysed_once(library: Library, photos: Path, drawn_people: DrawnPeople, workers: int) -> None:
    drawn_people.delay = 0.02
    path = draw(photos / "a.png", people=2, pose=(80, 20))
    for number in range(12):
        shutil.copy(path, photos / f"copy {number}.png")
    draw(photos / "other.png", people=1, pose=(200, 200))
    assert counts(library.index(photos, workers=workers)) == {"new": 14, "people": 3}
    assert drawn_people.calls == 2
    assert people_rows(library) == 3
    best = library.search(pose=Pose(keypoints(1, 80, 20, 40, 30)))[0]
    assert best.path == path
    assert sorted(copy.name for copy in best.copies) == sorted(f"copy {number}.png" for number in range(12))
    path.unlink()
    assert counts(library.index()) == {"unchanged": 13, "removed": 1}
    assert people_rows(library) == 3


def test_deleted(library: Library, photos: Path) -> None:
    draw(photos / "a.png", people=1)
    draw(photos / "b/c.png", people=2)
    library.index(photos)
    shutil.rmtree(photos / "b")
    assert counts(library.index()) == {"unchanged": 1, "removed": 1}
    assert (names(library), people_rows(library)) == ({"a.png": 1}, 1)


def test_damaged_then_repaired(library: Library, photos: Path, opened: list[str]) -> None:
    whole = draw(photos / "a.png", people=2).read_bytes()
    (photos / "a.png").write_bytes(whole[:60])
    draw(photos / "b.png")
    report = library.index(photos)
    assert counts(report) == {"new": 1, "people": 1, "skipped": 1}
    assert (report.skipped[0].path, "damaged or cut short" in report.skipped[0].reason) == (photos / "a.png", True)
    assert [bool(media.problem) for media in library.media()] == [True, False]
    opened.clear()
    assert counts(library.index()) == {"unchanged": 1, "skipped": 1}
    assert opened == [], "it is remembered"
    shutil.copy(photos / "a.png", photos / "copy.png")
    assert counts(library.index()) == {"unchanged": 1, "skipped": 2}
    (photos / "a.png").write_bytes(whole)
    assert counts(library.index()) == {"changed": 1, "unchanged": 1, "skipped": 1, "people": 2}
    assert names(library) == {"a.png": 2, "b.png": 1, "copy.png": 0}


def test_a_good_file_that_gets_damaged_loses_its_people(library: Library, photos: Path) -> None:
    path = draw(photos / "a.png", people=2)
    library.index(photos)
    path.write_bytes(b"no picture")
    assert counts(library.index()) == {"skipped": 1}
    assert (names(library), people_rows(library)) == ({"a.png": 0}, 0)


def lock_out(monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == folder:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_an_unreadable_folder_keeps_its_files(
    library: Library, photos: Path, drawn_people: DrawnPeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(photos / "in/a.png", people=2)
    draw(photos / "in/deep/b.png", people=1)
    draw(photos / "inner.png", people=1, pose=(7, 7))
    library.index(photos)
    with monkeypatch.context() as patch:
        lock_out(patch, "in")
        assert counts(library.index(photos)) == {"unchanged": 1, "skipped": 1}
        assert names(library) == {"a.png": 2, "b.png": 1, "inner.png": 1}
        shutil.move(photos / "in/a.png", photos / "a moved.png")
        assert counts(library.index(photos)) == {"new": 1, "unchanged": 1, "skipped": 1}
        assert drawn_people.calls == 3, "moved out of there, but not analysed again"
    assert counts(library.index(photos)) == {"unchanged": 3, "removed": 1}
    assert names(library) == {"a moved.png": 2, "b.png": 1, "inner.png": 1}


def test_a_link_whose_target_is_away_keeps_its_file(library: Library, photos: Path, tmp_path: Path) -> None:
    target = draw(tmp_path / "disk/a.png", people=2)
    (photos / "a.png").symlink_to(target)
    library.index(photos)
    target.rename(tmp_path / "away.png")
    assert counts(library.index(photos)) == {"skipped": 1}
    assert names(library) == {"a.png": 2}
    (photos / "a.png").unlink()
    assert counts(library.index(photos)) == {"removed": 1}


def test_a_linked_folder_that_is_walked_elsewhere_holds_nothing_back(library: Library, photos: Path) -> None:
    draw(photos / "real/a.png", people=1)
    draw(photos / "real/b.png", people=2)
    (photos / "link").symlink_to("real")
    library.index(photos)
    (photos / "real/b.png").unlink()
    assert counts(library.index(photos)) == {"unchanged": 1, "removed": 1, "skipped": 1}
    assert names(library) == {"a.png": 1}


def test_nested_and_repeated_roots_see_deletions(library: Library, photos: Path) -> None:
    draw(photos / "sub/a.png", people=1)
    draw(photos / "sub/b.png", people=2)
    assert counts(library.index(photos / "sub", photos, photos)) == {"new": 2, "people": 3}
    (photos / "sub/b.png").unlink()
    assert counts(library.index(photos / "sub", photos, photos)) == {"unchanged": 1, "removed": 1}
    (photos / "sub/a.png").unlink()
    assert counts(library.index()) == {"removed": 1}


def test_two_roots_are_kept_apart(library: Library, tmp_path: Path) -> None:
    draw(tmp_path / "one/a.png", people=1)
    draw(tmp_path / "one more/b.png", people=2)
    library.index(tmp_path / "one")
    library.index(tmp_path / "one more")
    assert names(library) == {"a.png": 1, "b.png": 2}
    (tmp_path / "one/a.png").unlink()
    (tmp_path / "one more/b.png").unlink()
    assert counts(library.index(tmp_path / "one")) == {"removed": 1}
    assert names(library) == {"b.png": 2}
    assert counts(library.index()) == {"removed": 1}


def test_a_watched_folder_that_is_not_there_is_skipped_and_its_people_stay(
    library: Library, tmp_path: Path
) -> None:
    draw(tmp_path / "one/a.png")
    draw(tmp_path / "two/b.png", people=2)
    library.index(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two").rename(tmp_path / "unplugged")
    draw(tmp_path / "one/c.png")
    report = library.index()
    assert counts(report) == {"new": 1, "unchanged": 1, "skipped": 1}
    assert [skipped.path for skipped in report.skipped] == [tmp_path / "two"]
    assert "contrapposto forget" in report.skipped[0].reason
    assert names(library) == {"a.png": 1, "b.png": 2, "c.png": 1}
    with pytest.raises(LibraryError, match="two: no such file or folder"):  # named now, so it must be there
        library.index(tmp_path / "two")
    assert library.forget(tmp_path / "two") == 1
    assert not library.index().skipped
    (tmp_path / "one/c.png").unlink()
    library.index()
    assert names(library) == {"a.png": 1}


def test_named_folders_are_enough(library: Library, tmp_path: Path) -> None:
    draw(tmp_path / "one/a.png")
    draw(tmp_path / "two/b.png", people=2)
    library.index(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two").rename(tmp_path / "unplugged")
    assert counts(library.index(tmp_path / "one")) == {"unchanged": 1}
    assert names(library) == {"a.png": 1, "b.png": 2}


def test_a_file_that_vanishes_during_the_run(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        draw(photos / f"{name}.png", pose=(ord(name), 0))
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "b.png":
            path.unlink()
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read_bytes)
        report = library.index(photos)
    assert counts(report) == {"new": 2, "people": 2, "skipped": 1}
    assert report.skipped[0].reason == "cannot be read (No such file or directory)"
    assert counts(library.index()) == {"unchanged": 2}


def test_a_picture_at_which_the_estimator_fails_is_skipped_and_tried_again(
    library: Library, photos: Path, drawn_people: DrawnPeople
) -> None:
    draw(photos / "a.png")
    draw_failing(photos / "b.png")
    shutil.copy(photos / "b.png", photos / "b copy.png")
    draw(photos / "c.png", people=2)
    report = library.index(photos, workers=1)
    assert counts(report) == {"new": 2, "people": 3, "skipped": 2}
    assert {skipped.path.name for skipped in report.skipped} == {"b.png", "b copy.png"}
    assert report.skipped[0].reason == "looking for people failed (RuntimeError a net has torn)"
    assert names(library) == {"a.png": 1, "c.png": 2}
    calls = drawn_people.calls
    assert counts(library.index()) == {"unchanged": 2, "skipped": 2}
    assert drawn_people.calls > calls
    draw(photos / "b.png", people=1, pose=(50, 50))
    assert counts(library.index()) == {"new": 1, "unchanged": 2, "people": 1, "skipped": 1}


def test_a_photo_whose_decoder_is_missing_is_tried_again(
    library: Library, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "a.dng").write_bytes(dng(encode(noise(), "JPEG"), (96, 64)))
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "rawpy", None)
        report = library.index(photos)
    assert "RAW photos need the package rawpy" in report.skipped[0].reason
    assert library.media() == []
    assert counts(library.index())["new"] == 1


def test_the_fingerprint_is_stored(library: Library, photos: Path) -> None:
    (photos / "a.png").write_bytes(encode(noise()))
    draw(photos / "one colour.png")
    library.index(photos)
    stored = {media.path.name: media.fingerprint for media in library.media()}
    assert stored == {"a.png": fingerprint(noise()), "one colour.png": None}


def test_everything_that_a_run_leaves_out_is_listed_in_order(library: Library, photos: Path) -> None:
    draw(photos / "good.png")
    for name in ("z.png", "a.png", "m/k.webp"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_text("no picture")
    (photos / "b.heic").touch()
    (photos / "f.mov").touch()
    report = library.index(photos)
    assert [str(skipped.path.relative_to(photos)) for skipped in report.skipped] == [
        "a.png",
        "b.heic",
        "f.mov",
        "m/k.webp",
        "z.png",
    ]
    assert counts(report) == {"new": 1, "people": 1, "skipped": 5}


def test_a_file_too_large_for_a_photo(library: Library, photos: Path, opened: list[str]) -> None:
    with (photos / "huge.jpg").open("wb") as file:
        file.truncate(3 << 30)
    report = library.index(photos)
    assert report.skipped[0].reason == "3.2 GB is more than a photo's file may have"
    assert opened == []


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="at least 1 worker is needed, got 0"):
        IndexOptions(workers=0)


def test_find_people_names_the_file(photos: Path, drawn_people: DrawnPeople) -> None:
    assert len(find_people(draw(photos / "a.jpg", people=2), drawn_people)) == 2
    (photos / "b.jpg").write_text("text")
    for path, reason in [
        (photos / "b.jpg", "not a JPEG"),
        (photos / "none.jpg", "No such file"),
        (photos, "not a regular file"),
    ]:
        with pytest.raises(UnreadableMedia, match=reason) as caught:
            find_people(path, drawn_people)
        assert str(caught.value).startswith(f"{path}: ")


def test_odd_names_survive(library: Library, photos: Path) -> None:
    odd = ['it\'s "q".png', "new\nline.png", "日本 語.png", "%41.png", "a'); DROP TABLE media; --.png", "\\.png"]
    for number, name in enumerate(odd):
        draw(photos / name, people=1, pose=(number, 0))
    raw = os.fsdecode(os.fsencode(photos) + b"/\xff\xfe.png")
    draw(Path(raw), people=3)
    library.index(photos)
    assert {str(media.path) for media in library.media()} == {*(str(photos / name) for name in odd), raw}
    assert len(library.people(raw)) == 3
    assert counts(library.index()) == {"unchanged": 7}
    Path(raw).unlink()
    (photos / odd[4]).unlink()
    assert counts(library.index()) == {"unchanged": 5, "removed": 2}
