"""Walking folders: everything that can lie in them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from contrapposto.collection import Walk, absolute, content_hash, walk
from contrapposto.errors import LibraryError


def names(found: Walk, root: Path) -> list[str]:
    return [str(file.path.relative_to(root)) for file in found.photos]


def reasons(found: Walk) -> dict[str, str]:
    return {skipped.path.name: skipped.reason for skipped in found.skipped}


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 7)


def test_photos_of_all_levels_in_order_of_name(photos: Path) -> None:
    touch(
        *(
            photos / name
            for name in ("b.jpg", "a.png", "z/1.webp", "m/n/2.jpeg", "m/1.jpg", "c.txt", "jpg", "d.jpg.bak")
        )
    )
    found = walk([photos])
    assert names(found, photos) == ["a.png", "b.jpg", "m/1.jpg", "m/n/2.jpeg", "z/1.webp"]
    assert all(file.root == photos and file.size == 7 for file in found.photos)
    assert found.photos[0].modified == (photos / "a.png").stat().st_mtime_ns
    assert found == Walk(photos=found.photos)


def test_suffixes_in_capitals(photos: Path) -> None:
    touch(*(photos / name for name in ("A.JPG", "B.Jpeg", "C.MP4", "D.HEIC", "E.JXL")))
    found = walk([photos])
    assert names(found, photos) == ["A.JPG", "B.Jpeg", "D.HEIC"]
    assert [film.path.name for film in found.films] == ["C.MP4"]
    assert reasons(found) == {"E.JXL": "JXL pictures are not read yet"}


def test_films_and_later_formats_are_listed(photos: Path) -> None:
    touch(*(photos / f"a{suffix}" for suffix in (".mov", ".mkv", ".jxl", ".doc", "")))
    found = walk([photos])
    assert sorted(film.path.name for film in found.films) == ["a.mkv", "a.mov"]
    assert sorted(reasons(found)) == ["a.jxl"]
    assert not found.photos
    assert not found.unread


def test_pictures_of_all_kinds_are_found(photos: Path) -> None:
    kinds = [
        *("jpg", "jpeg", "jfif", "mpo", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif", "jp2"),
        *("ppm", "dng", "cr2", "cr3", "nef", "arw", "raf", "orf", "rw2"),
    ]
    touch(*(photos / f"a.{kind}" for kind in kinds))
    found = walk([photos])
    assert names(found, photos) == sorted(f"a.{kind}" for kind in kinds)
    assert not found.skipped


def test_hidden_files_and_library_folders_are_left_out(photos: Path) -> None:
    touch(
        *(
            photos / name
            for name in (
                ".a.jpg",
                ".cache/b.jpg",
                "x.library/c.jpg",
                "d/.e/f.jpg",
                "g/..h.jpg",
                "k.library.d/l.jpg",
            )
        )
    )
    found = walk([photos])
    assert names(found, photos) == ["k.library.d/l.jpg"]
    assert not found.skipped


ODD = [
    "Ärger.jpg",
    "日本語 写真.jpg",
    "e\u0301.jpg",
    "\u00e9.jpg",
    'it\'s "quoted".jpg',
    "new\nline.jpg",
    "tab\there.jpg",
    "100%20.jpg",
    "a;b&c$(d).jpg",
    " leading.jpg",
    "two  spaces .jpg",
    "..jpg.jpg"[1:],
    "\\back.jpg",
    "dots...jpg",
    "🤸‍♀️.jpg",
    "x" * 250 + ".jpg",
    "-rf.jpg",
    "~.jpg",
]


def test_odd_names(photos: Path) -> None:
    visible = [name for name in ODD if not name.startswith(".")]
    touch(*(photos / name for name in ODD), photos / "trailing.jpg.", photos / "trailing.jpg ")
    assert names(walk([photos]), photos) == sorted(visible)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_unicode(photos: Path) -> None:
    raw = os.fsencode(photos) + b"/caf\xe9\xff.jpg"
    with open(raw, "wb") as file:  # noqa: PTH123 (a path of bytes)
        file.write(b"1")
    os.mkdir(os.fsencode(photos) + b"/\xfe")  # noqa: PTH102
    with open(os.fsencode(photos) + b"/\xfe/a.jpg", "wb") as file:  # noqa: PTH123
        file.write(b"22")
    found = walk([photos])
    assert {os.fsencode(file.path): file.size for file in found.photos} == {
        raw: 1,
        os.fsencode(photos) + b"/\xfe/a.jpg": 2,
    }


def test_a_folder_named_as_a_photo(photos: Path) -> None:
    touch(photos / "album.jpg/a.jpg")
    assert names(walk([photos]), photos) == ["album.jpg/a.jpg"]


def test_link_loops(photos: Path) -> None:
    touch(photos / "a/b/c.jpg")
    (photos / "a/b/up").symlink_to(photos)
    (photos / "a/self").symlink_to("self")
    (photos / "x.jpg").symlink_to("y.jpg")
    (photos / "y.jpg").symlink_to("x.jpg")
    found = walk([photos])
    assert names(found, photos) == ["a/b/c.jpg"]
    assert reasons(found) == {
        "up": f"the same folder as {photos}, which was already walked",
        "x.jpg": "a link to nothing, or a link loop",
        "y.jpg": "a link to nothing, or a link loop",
    }


def test_two_links_to_one_folder_outside(photos: Path, tmp_path: Path) -> None:
    touch(tmp_path / "else/a.jpg")
    (photos / "one").symlink_to(tmp_path / "else")
    (photos / "two").symlink_to(tmp_path / "else")
    found = walk([photos])
    assert names(found, photos) == ["one/a.jpg"]
    assert reasons(found) == {"two": f"the same folder as {photos / 'one'}, which was already walked"}
    assert not found.unread, "its content is known"


def test_the_folder_itself_comes_before_links_to_it(photos: Path) -> None:
    touch(photos / "real/deep/a.jpg")
    (photos / "a link").symlink_to(photos / "real")
    (photos / "b link").symlink_to(photos / "real/deep")
    found = walk([photos])
    assert names(found, photos) == ["real/deep/a.jpg"]
    assert sorted(reasons(found)) == ["a link", "b link"]


def test_links_in_linked_folders(photos: Path, tmp_path: Path) -> None:
    touch(tmp_path / "one/a.jpg", tmp_path / "two/b.jpg")
    (photos / "l").symlink_to(tmp_path / "one")
    (tmp_path / "one/m").symlink_to(tmp_path / "two")
    (tmp_path / "two/n").symlink_to(photos)
    assert names(walk([photos]), photos) == ["l/a.jpg", "l/m/b.jpg"]


def test_links_to_files(photos: Path, tmp_path: Path) -> None:
    touch(tmp_path / "far.jpg")
    (photos / "near.jpg").symlink_to(tmp_path / "far.jpg")
    (photos / "lost.jpg").symlink_to(tmp_path / "nothing.jpg")
    found = walk([photos])
    assert names(found, photos) == ["near.jpg"]
    assert reasons(found) == {"lost.jpg": "a link to nothing, or a link loop"}
    assert found.unread == [photos / "lost.jpg"]


@pytest.mark.timeout(10)
def test_what_is_no_regular_file(photos: Path) -> None:
    os.mkfifo(photos / "pipe.jpg")
    (photos / "null.jpg").symlink_to("/dev/zero")
    found = walk([photos, photos / "pipe.jpg"])
    assert not found.photos
    assert reasons(found) == {"pipe.jpg": "not a regular file", "null.jpg": "not a regular file"}


def test_an_unreadable_folder(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(photos / "a.jpg", photos / "locked/b.jpg", photos / "z/c.jpg")
    (photos / "link").symlink_to(photos / "locked")
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name in ("locked", "link"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = walk([photos])
    assert names(found, photos) == ["a.jpg", "z/c.jpg"]
    assert reasons(found)["locked"] == "the folder cannot be read (Permission denied)"
    assert set(found.unread) == {photos / "locked", photos / "link"}


def test_a_folder_that_can_be_listed_but_not_entered(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mode r--: the names are known, nothing can be said of them."""
    touch(photos / "a.jpg", photos / "shut/b.jpg", photos / "shut/in/c.jpg", photos / "shut/d.txt")
    (photos / "shut/l.jpg").symlink_to("b.jpg")
    real = os.stat

    def status(path: object, **options: bool) -> os.stat_result:
        if "shut/" in os.fspath(path):
            raise PermissionError(13, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(os, "stat", status)
    found = walk([photos])
    assert names(found, photos) == ["a.jpg"]
    assert reasons(found) == {
        "b.jpg": "cannot be read (Permission denied)",
        "l.jpg": "cannot be read (Permission denied)",
        "in": "the folder cannot be read (Permission denied)",
    }
    assert set(found.unread) == {photos / "shut/b.jpg", photos / "shut/l.jpg", photos / "shut/in"}


def test_a_single_file_as_root(photos: Path) -> None:
    touch(photos / "a.jpg", photos / "b.jpg", photos / "notes.txt", photos / "f.mp4")
    found = walk([photos / "a.jpg", photos / "f.mp4", photos / "notes.txt"])
    assert names(found, photos) == ["a.jpg"]
    assert found.photos[0].root == photos
    assert [film.path.name for film in found.films] == ["f.mp4"]
    assert reasons(found) == {"notes.txt": "not named as a photo or film (.jpg, .png, .mp4 ...)"}


def test_a_missing_root(photos: Path) -> None:
    (photos / "dead.jpg").symlink_to("nothing")
    touch(photos / "a.jpg")
    for missing in (photos / "none", photos / "dead.jpg", photos / "a.jpg" / "below"):
        with pytest.raises(LibraryError, match="no such file or folder; give an existing one") as caught:
            walk([photos, missing])
        assert str(missing) in str(caught.value)


@pytest.mark.parametrize(
    "order", [("", "", "sub"), ("sub", ""), ("sub/deep", "sub", ""), ("", "sub", "sub/a.jpg"), ("sub/a.jpg", "")]
)
def test_roots_given_twice_or_nested(photos: Path, order: tuple[str, ...]) -> None:
    touch(photos / "r.jpg", photos / "sub/a.jpg", photos / "sub/deep/b.jpg", photos / "tail/c.jpg")
    found = walk([photos / name for name in order])
    assert sorted(names(found, photos)) == ["r.jpg", "sub/a.jpg", "sub/deep/b.jpg", "tail/c.jpg"]
    assert not found.skipped
    assert not found.unread, "or deletions below would never be seen"


def test_roots_are_made_absolute(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(photos / "a/b.jpg")
    monkeypatch.chdir(photos / "a")
    monkeypatch.setenv("HOME", str(photos))
    for root in (".", "../a", "~/a", "../../photos//a/./"):
        assert [file.path for file in walk([root]).photos] == [photos / "a/b.jpg"]
    (photos / "link").symlink_to("a")
    assert absolute("../link/b.jpg") == photos / "link/b.jpg", "links are kept"


def test_nothing(photos: Path) -> None:
    assert walk([]) == Walk()
    assert walk([photos]) == Walk()


def test_a_large_flat_folder(photos: Path) -> None:
    wanted = [f"{number:04}.jpg" for number in range(3000)]
    for name in reversed(wanted):
        (photos / name).touch()
    assert names(walk([photos]), photos) == wanted


def test_a_deep_folder(photos: Path) -> None:
    deep = photos.joinpath(*["d"] * 300)
    touch(deep / "a.jpg")
    assert [file.path for file in walk([photos]).photos] == [deep / "a.jpg"]


def test_content_hash() -> None:
    """BLAKE2b of nothing and of "abc" with 16 bytes, as `b2sum -l 128` prints them."""
    assert content_hash(b"") == "cae66941d9efbd404e4d88758ea67670"
    assert content_hash(b"abc") == "cf4ab791c62b8d2b2109c90275287816"
