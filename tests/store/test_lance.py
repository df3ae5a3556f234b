"""What the Lance back end promises beyond the contract: other processes, kills, damage, versions on disk."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from contrapposto.errors import LibraryBusy, LibraryError
from contrapposto.store import SCHEMAS
from contrapposto.store.lance import LanceStore
from tests.store import writer
from tests.store.examples import at, media, people


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "a library"


@contextlib.contextmanager
def writers(folder: Path, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Writer processes that are ready and wait for their line; killed at the end. They start side by side, because
    the imports take a second."""
    processes = [writer.start(folder) for _ in range(count)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def manifests(folder: Path) -> list[Path]:
    """Version files of the people table, newest first (Lance counts their names down)."""
    return sorted((folder / "people.lance" / "_versions").glob("*.manifest"))


def test_the_module_does_not_import_lance() -> None:
    code = "import sys, contrapposto.store.lance; sys.exit('lance' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["plain", "with space", "100% #1?", "été", "it's", "a/b/c", "x.lance"])
def test_rows_are_there_when_the_folder_is_opened_again(tmp_path: Path, name: str) -> None:
    store = LanceStore(tmp_path / name)
    store.upsert("people", people(["b", "a"], np.stack([at(1), at(2)])))
    store.upsert("media", media(["m"]))
    store.delete("people", ["b"])
    again = LanceStore(tmp_path / name)
    assert again.read("people", ["id"]).column("id").to_pylist() == ["a"]
    assert again.search("pose_vector", at(), k=2).distances.tolist() == [4.0]
    assert again.count("media") == 1
    assert again.version() == store.version()
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == sorted(
        f"{table}.lance" for table in SCHEMAS
    )


def test_lancedb_opens_the_same_folder(folder: Path) -> None:
    import lancedb

    LanceStore(folder).upsert("people", people(["a", "b"], np.stack([at(1), at(2)])))
    found = lancedb.connect(folder).open_table("people").search(np.ravel(at(2)), vector_column_name="pose_vector")
    assert [row["id"] for row in found.limit(1).to_list()] == ["b"]


def test_an_open_reader_sees_every_new_commit(folder: Path) -> None:
    store, reader = LanceStore(folder), LanceStore(folder)
    seen = [reader.version()]
    for number in range(1, 4):
        store.upsert("people", people([f"{number}"], at(number)))
        assert reader.count("people") == number
        assert reader.read("people", ["id"]).column("id").to_pylist()[-1] == f"{number}"
        assert reader.search("pose_vector", at(), k=9).ids[-1] == f"{number}"
        seen.append(reader.version())
        assert seen[-1] == store.version()
    store.delete("people", ["1"])
    assert reader.count("people") == 2
    seen.append(reader.version())
    assert len(set(seen)) == 5


def test_one_change_is_one_commit(folder: Path) -> None:
    store = LanceStore(folder)
    ids = [f"{number:06d}" for number in range(20_000)]
    before = store.version()
    store.upsert("people", people(ids))
    assert store.version() == (before[0], before[1] + 1, *before[2:])
    store.upsert("people", people([*ids[::2], "new"]))
    assert store.version() == (before[0], before[1] + 2, *before[2:])
    store.delete("people", ids)
    assert store.version() == (before[0], before[1] + 3, *before[2:])
    assert store.read("people", ["id"]).column("id").to_pylist() == ["new"]


def test_a_reader_sees_whole_batches_while_another_process_writes(folder: Path) -> None:
    reader = LanceStore(folder)
    with writers(folder, 1) as (process,):
        go(process)
        seen = [0]
        stop = time.monotonic() + 20
        while len(set(seen)) < 6 and time.monotonic() < stop:
            seen.append(writer.batches(reader))
        assert process.poll() is None
    assert seen == sorted(seen)
    assert len(set(seen)) >= 6
    assert writer.batches(reader) >= seen[-1]  # the writer has been killed by now


def check_kills(folder: Path, kills: int, rng: np.random.Generator) -> None:
    """Kills that many writers of one folder, in turn, each at a random moment of its work."""
    done = 0
    with writers(folder, kills) as processes:
        for process in processes:
            go(process)
            time.sleep(float(rng.uniform(0.02, 0.25)))
            process.kill()
            printed = [int(line) for line in process.communicate()[0].split()]
            store = LanceStore(folder)
            there = writer.batches(store)
            assert there in ({done, done + 1} if not printed else {printed[-1], printed[-1] + 1})
            writer.write(store, there + 1)
            done = writer.batches(LanceStore(folder))
            assert done == there + 1
    assert done > kills  # some killed writers had written before


def test_kill_leaves_whole_batches(folder: Path) -> None:
    check_kills(folder, 3, np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_kills_leave_whole_batches(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for group in range(8):
        check_kills(tmp_path / f"{group}", 5, rng)


def test_optimize_merges_files_and_drops_old_versions_of_some_age(folder: Path) -> None:
    store = LanceStore(folder, keep_versions=timedelta(milliseconds=1))
    for number in range(12):
        store.upsert("people", people([f"{number}", "shared"], number=number))
    rows = store.read("people", ["id", "number"]).to_pylist()
    files = len(list((folder / "people.lance" / "data").iterdir()))
    assert files >= 12
    assert len(manifests(folder)) >= 13
    LanceStore(folder).optimize()
    assert len(manifests(folder)) >= 13
    time.sleep(0.01)
    store.optimize()
    assert len(manifests(folder)) <= 2
    assert len(list((folder / "people.lance" / "data").iterdir())) < files / 4
    assert store.read("people", ["id", "number"]).to_pylist() == rows
    assert LanceStore(folder).read("people", ["id", "number"]).to_pylist() == rows


@pytest.mark.parametrize("keep_versions", [timedelta(milliseconds=1), timedelta(minutes=10)])
def test_a_reader_that_was_open_before_optimize_still_reads(folder: Path, keep_versions: timedelta) -> None:
    store, reader = LanceStore(folder, keep_versions=keep_versions), LanceStore(folder)
    for number in range(5):
        store.upsert("people", people([f"{number}"], at(number)))
    assert reader.count("people") == 5
    time.sleep(0.01)
    store.optimize()
    assert reader.count("people") == 5
    assert reader.search("pose_vector", at(4), k=1).ids == ["4"]
    assert reader.read("people", keys=["2", "3"]).num_rows == 2
    store.upsert("people", people(["5"]))
    assert reader.count("people") == 6


def test_a_read_that_is_under_way_survives_optimize(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 files, more than Lance opens ahead: without the age of `keep_versions` the scan fails half-way."""
    monkeypatch.setattr("contrapposto.store.lance.BATCH_ROWS", 10)
    store, reader = LanceStore(folder), LanceStore(folder)
    for file in range(40):
        store.upsert("people", people([f"{file} {number}" for number in range(10)]))
    scan = reader._batches("people", ["id"], None)
    first = next(scan)
    store.delete("people", [f"{file} 0" for file in range(40)])
    store.optimize()
    assert sum(batch.num_rows for batch in [first, *scan]) == 400
    assert reader.count("people") == 360


def _halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _data(folder: Path) -> Path:
    return next((folder / "people.lance" / "data").iterdir())


DAMAGES: dict[str, Callable[[Path], object]] = {
    "newest version cut": lambda folder: _halve(manifests(folder)[0]),
    "newest version empty": lambda folder: manifests(folder)[0].write_bytes(b""),
    "newest version is noise": lambda folder: manifests(folder)[0].write_bytes(bytes(range(256)) * 4),
    "all versions lost": lambda folder: shutil.rmtree(folder / "people.lance" / "_versions"),
    "rows lost": lambda folder: _data(folder).unlink(),
    "rows cut": lambda folder: _halve(_data(folder)),
    "rows are noise": lambda folder: _data(folder).write_bytes(bytes(range(256)) * 40),
    "a file for the folder": lambda folder: _file(folder),
}


def _file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("not a library")


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_of_the_only_commit_is_a_library_error_in_one_line(
    folder: Path, damage: Callable[[Path], object]
) -> None:
    store = LanceStore(folder, keep_versions=timedelta(milliseconds=1))
    store.upsert("people", people(["a", "b"]))
    time.sleep(0.01)
    store.optimize()
    assert len(manifests(folder)) == 1
    damage(folder)
    with pytest.raises(LibraryError) as caught:
        LanceStore(folder).read("people")
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    assert "index" in message
    assert ".rs" not in message
    assert len(message) < 400 + len(str(folder))


def test_damage_while_a_store_is_open_is_a_library_error(folder: Path) -> None:
    store = LanceStore(folder)
    store.upsert("people", people(["a"]))
    shutil.rmtree(folder)
    with pytest.raises(LibraryError, match="cannot be read"):
        store.read("people")
    with pytest.raises(LibraryError, match="cannot be read"):
        store.search("pose_vector", at(), k=1)
    with pytest.raises(LibraryError, match="cannot be read"):
        store.count("people")


def test_an_empty_table_folder_is_an_absent_table(folder: Path) -> None:
    (folder / "people.lance").mkdir(parents=True)
    assert LanceStore(folder).count("people") == 0


def test_a_library_with_other_columns_is_a_library_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(SCHEMAS, "people", SCHEMAS["people"].append(pa.field("mood", pa.string())))
        LanceStore(folder)
    with pytest.raises(LibraryError, match=r"another version of this program.*people.*index"):
        LanceStore(folder)


def test_a_conflict_of_writers_is_library_busy(folder: Path) -> None:
    store = LanceStore(folder)
    with (
        pytest.raises(LibraryBusy, match="another process"),
        store._explained("written"),
    ):
        raise RuntimeError("Retryable commit conflict for version 7")
