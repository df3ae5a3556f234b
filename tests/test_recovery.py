"""Indexing is killed at random moments, over and over: the library stays whole, and ends as if undisturbed."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from contrapposto import manifest
from contrapposto.errors import LibraryError
from contrapposto.library import Library
from contrapposto.records import Pose
from contrapposto.store.rows import key_path
from tests.drawn import DrawnPeople, draw, keypoints
from tests.indexing_process import start

STANDING = Pose(keypoints(1, 0, 0, 100, 100))
PHOTOS = 60


def disturb(photos: Path, random: np.random.Generator) -> None:
    """Changes, moves, copies, deletes and adds some photos, damages one; their number stays about the same."""

    def new(path: Path) -> None:
        draw(path, int(random.integers(0, 4)), (int(random.integers(256)), int(random.integers(256))))

    files = sorted(photos.rglob("*.png"))
    random.shuffle(files)
    for path in files[:10]:
        new(path)
    for number, path in enumerate(files[10:14]):
        path.rename(path.with_name(f"moved {random.integers(10**6)} {number}.png"))
    for path in files[14:17]:
        shutil.copy(path, path.with_name(f"copy {random.integers(10**6)} of {path.name[-9:]}"))
    files[17].write_bytes(files[17].read_bytes()[:70])
    for path in files[18:25]:
        path.unlink()
    for number in range(PHOTOS - len(files) + 4):
        new(photos / f"{number % 3}" / f"new {random.integers(10**6)}.png")


def check_whole(library: Library) -> int:
    """Opens the library as a new process would; returns how many photos it holds."""
    fresh = Library(library.folder, estimator=DrawnPeople())
    if manifest.read(library.folder) is None:  # killed before it stated anything
        with pytest.raises(LibraryError, match="no library here"):
            fresh.media()
        return 0
    store = fresh._store_to_read()
    media, people = store.read("media").to_pylist(), store.read("people").to_pylist()
    assert max(Counter(row["path"] for row in media).values(), default=1) == 1
    assert max(Counter(row["id"] for row in people).values(), default=1) == 1
    of_content: dict[str, list[int]] = {}
    for row in people:
        assert row["id"] == f"{row['content']}/{row['number']}"
        of_content.setdefault(row["content"], []).append(row["number"])
    for row in media:
        numbers = sorted(of_content.get(row["content"], []))
        assert numbers == list(range(1, row["people"] + 1)), row["path"]
    hits = fresh.search(pose=STANDING, top=10_000)
    shown = {(row["content"], number) for row in media for number in range(1, row["people"] + 1)}
    assert len(hits) == len(shown)
    assert {hit.path for hit in hits} <= {key_path(row["path"]) for row in media}
    return len(media)


def contents(library: Library) -> list[list[dict[str, object]]]:
    store = library._store_to_read()
    return [store.read("media").to_pylist(), store.read("people").to_pylist()]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kills", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_killed_at_random_moments(tmp_path: Path, photos: Path, kills: int) -> None:
    random = np.random.default_rng(kills)
    for number in range(PHOTOS):
        draw(photos / f"{number % 3}" / f"{number}.png", number % 4, (number * 4, 255 - number * 4))
    library = Library(tmp_path / "killed.library", estimator=DrawnPeople())
    in_the_middle = 0
    for kill in range(kills):
        process = start(library.folder, photos, delay=0.005)
        time.sleep(float(random.uniform(0, 0.05 if kill % 4 == 0 else 0.4)))
        in_the_middle += process.is_alive()
        process.kill()
        process.join()
        check_whole(library)
        disturb(photos, random)
    assert in_the_middle >= kills // 2, "most kills must hit"
    process = start(library.folder, photos)
    process.join()
    assert process.exitcode == 0
    assert check_whole(library) == len(list(photos.rglob("*.png")))
    undisturbed = Library(tmp_path / "quiet.library", estimator=DrawnPeople())
    undisturbed.index(photos)
    assert contents(library) == contents(undisturbed)
    assert len(contents(library)[1]) > PHOTOS / 2


def test_a_killed_run_is_resumed_not_repeated(tmp_path: Path, photos: Path) -> None:
    for number in range(PHOTOS):
        draw(photos / f"{number}.png", 2, (number, 0))
    estimator = DrawnPeople()
    library = Library(tmp_path / "killed.library", estimator=estimator)
    process = start(library.folder, photos, delay=0.02)
    deadline = time.monotonic() + 60
    held = 0
    while held < 9 and time.monotonic() < deadline:
        time.sleep(0.02)
        held = len(library.media()) if manifest.read(library.folder) else 0
    process.kill()
    process.join()
    held = check_whole(library)
    assert 9 <= held < PHOTOS
    assert library.index(photos).unchanged == held
    assert estimator.calls == PHOTOS - held
