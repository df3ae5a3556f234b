"""Runs that are interrupted, and that use several threads and batches."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import indexing
from contrapposto.errors import LibraryError
from contrapposto.indexing import IndexOptions
from contrapposto.library import Library
from contrapposto.records import Person, Pose
from contrapposto.store.exact import ExactStore
from tests.drawn import DrawnPeople, draw, keypoints
from tests.outcomes import counts, names, people_rows


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_interrupted_run_keeps_what_it_has(
    library: Library, photos: Path, drawn_people: DrawnPeople, stop: type[BaseException]
) -> None:
    for number in range(30):
        draw(photos / f"{number:02}.png", people=1 + number % 2, pose=(number, 0))
    drawn_people.delay = 0.005

    def progress(done: int, total: int) -> None:
        assert total == 30
        if done == 10:
            raise stop

    with pytest.raises(stop):
        library.index(photos, workers=2, progress=progress)
    calls = drawn_people.calls
    assert calls < 30, "the rest was not looked at"
    assert list(names(library)) == [f"{number:02}.png" for number in range(10)]
    assert len(library.search(pose=Pose(keypoints(1, 3, 0, 40, 30)), top=100)) == 15
    assert counts(library.index()) == {"new": 20, "unchanged": 10, "people": 30}
    assert people_rows(library) == 45


def test_an_interrupt_while_a_photo_is_looked_at(tmp_path: Path, photos: Path) -> None:
    """A real signal, which the main thread gets while it waits for a result."""
    for number in range(6):
        draw(photos / f"{number}.png", pose=(number, 0))
    main = threading.main_thread().ident
    assert main is not None

    class Interrupting(DrawnPeople):
        def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
            if self.calls == 3:
                time.sleep(0.1)  # the three before are taken
                signal.pthread_kill(main, signal.SIGINT)
                time.sleep(0.1)
            return super().__call__(image)

    library = Library(tmp_path / "test.library", estimator=Interrupting())
    with pytest.raises(KeyboardInterrupt):
        library.index(photos, workers=1)
    assert list(names(library)) == ["0.png", "1.png", "2.png"]
    assert counts(Library(library.folder, estimator=DrawnPeople()).index()) == {
        "new": 3,
        "unchanged": 3,
        "people": 3,
    }


def test_progress_counts_the_photos_that_are_to_do(library: Library, photos: Path) -> None:
    for number in range(5):
        draw(photos / f"{number}.png", pose=(number, 0))
    seen: list[tuple[int, int]] = []
    library.index(photos, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 5) for done in range(1, 6)]
    draw(photos / "5.png")
    seen.clear()
    library.index(photos, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]


@pytest.mark.parametrize(("workers", "batch"), [(1, 1), (1, 3), (2, 4), (7, 2), (3, 1000)])
def test_workers_and_batches_change_nothing(photos: Path, workers: int, batch: int) -> None:
    """Against one worker and one batch, in memory."""
    random = np.random.default_rng(4)
    for number in range(25):
        draw(photos / f"{number % 5}/{number}.png", int(random.integers(0, 4)), (number % 7 * 30, 0))
    tables = []
    for options in (IndexOptions(workers=1), IndexOptions(workers, batch, optimize_commits=2)):
        store = ExactStore()
        indexing.index(store, [photos], DrawnPeople(delay=0.001), options)
        tables.append((store.read("media").to_pylist(), store.read("people").to_pylist()))
    assert tables[0] == tables[1]
    assert len(tables[0][1]) > 10


def test_people_are_committed_before_their_files(photos: Path) -> None:
    for number in range(7):
        draw(photos / f"{number}.png", people=2, pose=(number, 1))
        shutil.copy(photos / f"{number}.png", photos / f"{number} copy.png")

    class Watched(ExactStore):
        def upsert(self, table: object, rows: object) -> None:
            super().upsert(table, rows)
            known = set(self.read("people", ["id"])["id"].to_pylist())
            for media in self.read("media").to_pylist():
                assert {f"{media['content']}/{number}" for number in range(1, media["people"] + 1)} <= known

    store = Watched()
    indexing.index(store, [photos], DrawnPeople(delay=0.002), IndexOptions(workers=6, commit_photos=1))
    assert (store.count("media"), store.count("people")) == (14, 14)


def test_rebuild_covers_all_watched_folders(library: Library, tmp_path: Path) -> None:
    draw(tmp_path / "one/a.png")
    draw(tmp_path / "two/b.png", people=2)
    library.index(tmp_path / "one", tmp_path / "two")
    assert counts(library.index(tmp_path / "one", rebuild=True)) == {"new": 2, "people": 3}
    assert names(library) == {"a.png": 1, "b.png": 2}


def test_a_folder_of_other_files_is_no_place_for_a_library(tmp_path: Path, drawn_people: DrawnPeople) -> None:
    draw(tmp_path / "photos/a.png")
    with pytest.raises(LibraryError, match=r"holds other files \('a.png'\) and is no library"):
        Library(tmp_path / "photos", estimator=drawn_people).index(tmp_path / "photos")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a.png"]
