"""Damage of every kind to every kind of file: a store opens at the newest whole commit, and goes on from it.

The reference is an ExactStore that is given the same changes: what it held after each commit is what a fall back to
that commit must show. Which commits a damaged file spoils is asked of Lance while all is still well.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest

from contrapposto.errors import LibraryError
from contrapposto.store import SCHEMAS, TableName, recovery
from contrapposto.store.exact import ExactStore
from contrapposto.store.lance import LanceStore
from tests.store.examples import at, media, people

COMMITS = 16


@dataclass(frozen=True)
class History:
    """A library and what its people table held at each commit. rows: by number; files: what each commit needs."""

    folder: Path
    rows: dict[int, pa.Table]
    files: dict[int, set[str]]

    @property
    def newest(self) -> int:
        return max(self.rows)

    def expected(self, damaged: set[str]) -> int:
        """The newest commit that needs none of these files; 0 when there is none."""
        return max((number for number, needed in self.files.items() if not needed & damaged), default=0)


def version_file(number: int) -> str:
    return f"_versions/{2**64 - 1 - number:020d}.manifest"


def needed(table: Path, number: int) -> set[str]:
    """Files of a commit, relative to the table, as Lance names them."""
    names = {version_file(number)}
    for fragment in lance.dataset(table, version=number).get_fragments():
        names |= {f"data/{file.path}" for file in fragment.metadata.files}
        if fragment.metadata.deletion_file:
            names.add(str(fragment.metadata.deletion_file.path(fragment.fragment_id)))
    for name in names:
        assert (table / name).is_file()
    return names


def change(store: LanceStore | ExactStore, number: int) -> None:
    """The change with this number: new people, changed people, or people who go."""
    if number % 4 == 3:
        store.delete("people", [f"{number - 1} {place}" for place in range(5)])
    else:
        ids = [f"{number} {place}" for place in range(10)] + [f"shared {place}" for place in range(3)]
        store.upsert("people", people(ids, np.full((13, 34), number), number=number))


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("history") / "a library"
    store, exact = LanceStore(folder), ExactStore()
    table = folder / "people.lance"
    rows = {1: exact.read("people")}
    for number in range(COMMITS):
        if number == 9:
            store.optimize()  # the files before and after it share no rows
            for version in range(max(rows) + 1, store.version()[1] + 1):
                rows[version] = exact.read("people")
        for each in (store, exact):
            change(each, number)
        rows[store.version()[1]] = exact.read("people")
    assert list(rows) == list(range(1, max(rows) + 1))
    assert max(rows) > COMMITS + 1, "tidying up was a commit of its own"
    return History(folder, rows, {number: needed(table, number) for number in rows})


@pytest.fixture
def folder(history: History, tmp_path: Path) -> Path:
    """A copy of the history's library to damage."""
    return shutil.copytree(history.folder, tmp_path / "a library")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def garble(path: Path) -> None:
    path.write_bytes(bytes(range(255, -1, -1)) * (path.stat().st_size // 256 + 1))


DAMAGES: list[Callable[[Path], None]] = [cut, cut_the_end, empty, zero, garble, Path.unlink]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def shown(store: LanceStore | ExactStore | pa.Table, table: TableName = "people") -> str:
    """Rows to compare; in text NaN is NaN."""
    rows = store if isinstance(store, pa.Table) else store.read(table)
    return repr(rows.to_pylist())


def picture(folder: Path) -> dict[str, tuple[int, int]]:
    """Name, size and time of every file."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def check(folder: Path, history: History, damaged: set[str]) -> None:
    """Opens a damaged copy: the right rows, no garbage, nothing changed; then writes to it."""
    expected = history.expected(damaged)
    before = picture(folder)
    left = [number for number in history.rows if f"people.lance/{version_file(number)}" in before]
    lost = sum(number > expected for number in left)
    reader = LanceStore(folder)
    assert shown(reader) == shown(history.rows[expected])
    assert reader.count("people") == len(history.rows[expected])
    assert len(reader.problems) == (lost > 0)
    for problem in reader.problems:
        assert "\n" not in problem
        assert str(folder) in problem
        assert "`contrapposto index`" in problem
        assert ("the last commit of" if lost == 1 else f"the last {lost} commits of") in problem
        assert f"({len(history.rows[expected]):,} rows" in problem
    assert picture(folder) == before, "reading changes nothing"

    exact = ExactStore()
    exact.upsert("people", history.rows[expected])
    writer = LanceStore(folder)
    for store in (writer, exact):
        store.upsert("people", people(["after", "shared 1"], np.stack([at(1), at(2)]), number=99))
    again = LanceStore(folder)
    assert again.problems == ()
    for store in (reader, writer, again):
        assert shown(store) == shown(exact)
        assert store.version()[1] > max(left), "readers can see that something has changed"
    for store in (writer, exact):
        store.delete("people", ["after"])
        store.optimize()
    assert shown(LanceStore(folder)) == shown(exact)


@pytest.mark.parametrize(
    "seed", [*range(40), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(40, 90))]
)
def test_the_newest_whole_commit_is_opened(folder: Path, history: History, seed: int) -> None:
    """Each seed: some of the last commits lose some of their files; what they share with older ones is rarer."""
    random = np.random.default_rng(seed)
    table = folder / "people.lance"
    chosen: set[str] = set()
    for number in range(history.newest, history.newest - int(random.integers(1, 5)), -1):
        new = sorted(history.files[number] - history.files[number - 1])
        kinds = sorted({name.split("/")[0] for name in new})
        kind = kinds[int(random.integers(len(kinds)))]
        chosen |= {str(random.choice([name for name in new if name.startswith(kind)]))}
    if seed % 6 == 5:
        chosen.add(str(random.choice(sorted(history.files[history.newest]))))
    if seed % 3 == 2:
        chosen |= {f"_transactions/{random.choice(names(table / '_transactions'))}"}
    if seed % 9 == 8:
        chosen |= {"_versions/latest_version_hint.json"}
    for name in sorted(chosen):
        DAMAGES[int(random.integers(len(DAMAGES)))](table / name)
    check(folder, history, chosen)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", ["_versions", "data", "_deletions"])
def test_each_kind_of_damage_to_each_kind_of_file(
    folder: Path, history: History, kind: str, damage: Callable[[Path], None]
) -> None:
    new = history.files[history.newest] - history.files[history.newest - 1]
    number = history.newest if any(name.startswith(kind) for name in new) else history.newest - 1
    name = next(name for name in history.files[number] - history.files[number - 1] if name.startswith(kind))
    damage(folder / "people.lance" / name)
    assert history.expected({name}) in (history.newest - 1, history.newest - 2)
    check(folder, history, {name})


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_transaction_files_are_not_needed(folder: Path, history: History, damage: Callable[[Path], None]) -> None:
    for path in (folder / "people.lance" / "_transactions").iterdir():
        damage(path)
    check(folder, history, set())


def test_an_old_damaged_version_does_not_stop_tidying_up(folder: Path, history: History) -> None:
    empty(folder / "people.lance" / version_file(4))
    store = LanceStore(folder, repair=True)
    assert store.problems == (), "the rows are all there"
    store.optimize()
    assert shown(store) == shown(history.rows[history.newest])


def test_numbers_say_how_much_is_missing(folder: Path, history: History) -> None:
    """The version file is whole and states its rows; the data file that it added is gone."""
    number = history.newest
    while not any(name.startswith("data") for name in history.files[number] - history.files[number - 1]):
        empty(folder / "people.lance" / version_file(number))
        number -= 1
    (name,) = [name for name in history.files[number] - history.files[number - 1] if name.startswith("data")]
    for later in range(history.newest, number, -1):
        (folder / "people.lance" / version_file(later)).unlink()
    (folder / "people.lance" / name).unlink()
    (problem,) = LanceStore(folder).problems
    kept = len(history.rows[number - 1])
    assert f"({kept} rows, {len(history.rows[number]) - kept} fewer)" in problem
    assert "a data file is gone" in problem


def test_old_commits_go_only_when_the_new_one_is_on_the_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`optimize` may remove the commit that would take the place of what it has just written."""
    table = folder / "people.lance"
    store = LanceStore(folder, keep_versions=timedelta(milliseconds=1))
    store.upsert("people", people(["new"]))
    store.delete("people", ["new", "5 1"])
    time.sleep(0.01)
    before = names(table / "_versions")
    synced: set[int] = set()
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def counted(descriptor: int) -> None:
        place = Path(f"/proc/self/fd/{descriptor}")
        if not place.exists() or place.resolve().is_relative_to(
            table
        ):  # another table's turn comes after this one's
            assert set(before) <= set(names(table / "_versions")), "nothing has gone yet"
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(LibraryError, match="Input/output error"):
        store.optimize()
    assert set(before) <= set(names(table / "_versions"))
    monkeypatch.setattr(os, "fsync", counted)
    store.optimize()
    assert len(names(table / "_versions")) == 2, "the newest, and Lance's hint"
    for name in needed(table, store.version()[1]):
        assert (table / name).stat().st_ino in synced, name
    if os.name == "posix":
        for place in (table / "data", table / "_versions"):
            assert place.stat().st_ino in synced


def test_bitmaps_of_deleted_rows(tmp_path: Path) -> None:
    store = LanceStore(tmp_path / "l")
    ids = [f"{number:06d}" for number in range(12_000)]
    store.upsert("people", people(ids))
    store.delete("people", ids[:6_000])
    (path,) = (tmp_path / "l/people.lance/_deletions").iterdir()
    assert path.suffix == ".bin", "many deleted rows are kept in another form, which has no end mark"
    good = path.read_bytes()
    for damage in DAMAGES:
        path.write_bytes(good)
        assert LanceStore(tmp_path / "l").count("people") == 6_000
        damage(path)
        fallen = LanceStore(tmp_path / "l")
        assert len(fallen.read("people", ["id"])) == fallen.count("people") == 12_000, damage.__name__
        assert "a deletion file" in fallen.problems[0]


def spoil(folder: Path, history: History) -> None:
    for number in history.rows:
        path = folder / "people.lance" / version_file(number)
        DAMAGES[number % 5](path)


@pytest.mark.parametrize("gone", [False, True])
def test_a_table_without_any_good_commit(folder: Path, history: History, gone: bool) -> None:
    before = names(folder / "people.lance" / "data")
    LanceStore(folder).upsert("media", media(["m"]))
    if gone:
        shutil.rmtree(folder / "people.lance" / "_versions")
    else:
        spoil(folder, history)
    with pytest.raises(
        LibraryError, match=r"the table people is damaged.*`contrapposto index` moves it aside"
    ) as caught:
        LanceStore(folder)
    assert "\n" not in str(caught.value)
    store = LanceStore(folder, repair=True)
    (problem,) = store.problems
    assert "starts again with 0 rows" in problem
    assert store.count("people") == 0
    assert store.count("media") == 1
    (aside,) = folder.glob("damaged-*")
    assert aside.name in problem
    assert names(aside / "people.lance" / "data") == before
    store.upsert("people", people(["a"]))
    assert LanceStore(folder, repair=True).problems == ()


@pytest.mark.parametrize("kind", ["data", "_deletions"])
@pytest.mark.parametrize("deep", [False, True])
def test_what_can_be_used_of_a_table_without_any_good_commit(tmp_path: Path, kind: str, deep: bool) -> None:
    """Four writes, one commit left: what another write holds is kept when a file is lost, or zeroed inside."""
    folder = tmp_path / "l"
    store = LanceStore(folder, keep_versions=timedelta(milliseconds=1))
    for number in range(4):
        store.upsert("people", people([f"{number} {place}" for place in range(9)], number=number))
        store.delete("people", [f"{number} 0"])
    time.sleep(0.01)
    place = folder / "people.lance"
    lance.dataset(place).cleanup_old_versions(timedelta(milliseconds=1))
    lance_before = lance.dataset(place)
    assert len(lance_before.get_fragments()) == 4
    stated = lance_before.get_fragments()[2].metadata
    name = f"data/{stated.files[0].path}" if kind == "data" else stated.deletion_file.path(stated.id)
    data = (place / name).read_bytes()
    half = len(data) // 2
    (place / name).write_bytes(data[:64] + bytes(half) + data[64 + half :] if deep else b"")
    if deep:
        store = LanceStore(folder)
        store.repair(
            {"people": lambda rows: None if min(rows["number"].to_pylist(), default=0) >= 0 else "negative"}
        )
    else:
        with pytest.raises(LibraryError, match="`contrapposto index` moves it aside"):
            LanceStore(folder)
        (folder / "people.salvaged" / "left").mkdir(parents=True)
        store = LanceStore(folder, repair=True)
    (problem,) = store.problems
    assert "starts again with 24 rows" in problem
    expected = [f"{number} {place}" for number in (0, 1, 3) for place in range(1, 9)]
    assert store.read("people", ["id"])["id"].to_pylist() == expected
    store.upsert("people", people(["2 3"]))
    fresh = LanceStore(folder, repair=True)
    assert (fresh.problems, fresh.count("people")) == ((), 25)
    assert names(folder)[0].startswith("damaged-")
    assert names(folder)[1:] == sorted(f"{table}.lance" for table in SCHEMAS)


def test_a_repair_that_is_killed_is_done_again(
    folder: Path, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(history.newest - 2, history.newest + 1):
        cut(folder / "people.lance" / version_file(number))
    moved: list[Path] = []
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        if len(moved) == 1:
            raise KeyboardInterrupt
        moved.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            LanceStore(folder, repair=True)
    assert len(moved) == 1
    assert shown(LanceStore(folder)) == shown(history.rows[history.newest - 3])
    LanceStore(folder, repair=True)
    assert shown(LanceStore(folder)) == shown(history.rows[history.newest - 3])
    assert LanceStore(folder).problems == ()


def test_a_reader_that_fell_back_follows_the_repair(folder: Path, history: History) -> None:
    cut(folder / "people.lance" / version_file(history.newest))
    reader = LanceStore(folder)
    seen = [reader.version()]
    LanceStore(folder, repair=True)
    seen.append(reader.version())
    assert shown(reader) == shown(history.rows[history.newest - 1])
    LanceStore(folder).upsert("people", people(["new"]))
    seen.append(reader.version())
    assert reader.count("people") == len(history.rows[history.newest - 1]) + 1
    assert len(set(seen)) == 3


def test_a_reader_that_is_open_while_the_newest_is_damaged(folder: Path, history: History) -> None:
    """A commit of another process arrives damaged: the open store shows the last good one."""
    reader = LanceStore(folder)
    LanceStore(folder).upsert("people", people(["new"]))
    zero(folder / "people.lance" / version_file(history.newest + 1))
    assert shown(reader) == shown(history.rows[history.newest])
    assert len(reader.problems) == 1
    assert shown(reader) == shown(history.rows[history.newest])
    assert len(reader.problems) == 1, "said once"


def test_what_the_system_refuses_is_no_damage(
    folder: Path, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that may not be read now is not lost; nothing falls back, nothing is repaired."""

    def refused(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    before = picture(folder)
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "_read", refused)
        for repair in (False, True):
            with pytest.raises(LibraryError, match="Permission denied"):
                LanceStore(folder, repair=repair)
    assert picture(folder) == before
    with pytest.raises(OSError, match="Too many open files"):
        recovery._raise_unless_damage(RuntimeError("LanceError(IO): Too many open files (os error 24)"))
    recovery._raise_unless_damage(RuntimeError("LanceError(IO): No such file or directory (os error 2)"))
    assert shown(LanceStore(folder)) == shown(history.rows[history.newest])


def test_damage_inside_a_file_is_found_by_reading(folder: Path, history: History) -> None:
    """Zeros in the middle: the size and the end mark are right. Opening cannot see it, `damage` and `repair` do."""
    number = history.newest
    while not any(name.startswith("data") for name in history.files[number] - history.files[number - 1]):
        number -= 1
    (name,) = [name for name in history.files[number] - history.files[number - 1] if name.startswith("data")]
    path = folder / "people.lance" / name
    data = path.read_bytes()
    path.write_bytes(data[:64] + bytes(4000) + data[4064:])
    store = LanceStore(folder)
    assert store.problems == ()

    def good(rows: pa.RecordBatch) -> str | None:
        return (
            "a number of 0"
            if 0 in rows.column("number").to_pylist() and "" in rows.column("id").to_pylist()
            else None
        )

    assert store.damage("people", good) is not None
    assert store.damage("media", good) is None
    with pytest.raises(LibraryError, match="`contrapposto doctor` says what is damaged"):
        store.read("people")
    store.repair({"people": good})
    assert len(store.problems) == 1
    assert shown(store) == shown(history.rows[number - 1])
    assert store.damage("people", good) is None


def test_two_tables_fall_back_on_their_own(folder: Path, history: History) -> None:
    store = LanceStore(folder)
    for name in ("a", "b"):
        store.upsert("media", media([name]))
    newest = sorted((folder / "media.lance/_versions").glob("*.manifest"))[0]
    empty(newest)
    cut(folder / "people.lance" / version_file(history.newest))
    store = LanceStore(folder)
    assert store.read("media", ["path"]).column("path").to_pylist() == ["a"]
    assert shown(store) == shown(history.rows[history.newest - 1])
    assert [" media " in problem for problem in store.problems] == [True, False]


def test_a_commit_that_is_tidied_away_while_it_is_looked_at(
    folder: Path, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list of commits and the look at the files of the newest, a writer removes both: no damage."""
    writer = LanceStore(folder, keep_versions=timedelta(milliseconds=1))
    look = recovery._files_flaw
    done: list[bool] = []

    def slow(place: Path, table: object) -> str | None:
        if place.stem == "people" and not done:
            done.append(True)
            writer.upsert("people", people(["new"]))
            time.sleep(0.01)
            writer.optimize()
            assert look(place, table) == "a data file is gone"
        return look(place, table)

    monkeypatch.setattr(recovery, "_files_flaw", slow)
    reader = LanceStore(folder)
    assert done
    assert reader.problems == ()
    assert reader.count("people") == len(history.rows[history.newest]) + 1


def test_opening_while_a_writer_commits_and_tidies_up(folder: Path) -> None:
    """Old commits and files go at once here, the worst for those who look at them: never taken for damage."""
    code = (
        "import sys, time\nfrom datetime import timedelta\nfrom pathlib import Path\n"
        "from contrapposto.store.lance import LanceStore\nfrom tests.store.examples import people\n"
        "store = LanceStore(Path(sys.argv[1]), keep_versions=timedelta(milliseconds=1))\n"
        "end = time.monotonic() + 2\nnumber = 0\nprint('ready', flush=True)\n"
        "while time.monotonic() < end:\n"
        "    store.upsert('people', people([f'{number}', 'x']))\n    number += 1\n"
        "    if number % 3 == 0: store.optimize()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        opened = 0
        while process.poll() is None:
            assert LanceStore(folder).problems == ()
            opened += 1
    assert process.returncode == 0
    assert opened > 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 2 MB. Only Linux has it, and only root may make it."""
    place = tmp_path / "small disk"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small file system can only be mounted by root on Linux")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(*stores: LanceStore | ExactStore) -> None:
    """About 60 MB in batches of 0.3 MB."""
    for number in range(200):
        for store in stores:
            store.upsert("people", people([f"{number} {place}" for place in range(400)], number=number))


def test_a_full_disk(small_disk: Path) -> None:
    store, exact = LanceStore(small_disk / "l", keep_versions=timedelta(milliseconds=1)), ExactStore()
    with pytest.raises(LibraryError, match="its disk is full; what was committed before is kept") as caught:
        fill(store, exact)
    assert "\n" not in str(caught.value)
    assert 2 < exact.count("people") / 400 < 30
    for _ in range(3):  # tried again and again
        with pytest.raises(LibraryError, match="full"):
            store.upsert("people", people([f"x {place}" for place in range(2000)]))
    fresh = LanceStore(small_disk / "l")
    assert fresh.problems == ()
    assert shown(fresh) == shown(exact.read("people"))
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    for each in (store, exact):
        each.upsert("people", people(["0 1", "y"], number=7))
    assert shown(LanceStore(small_disk / "l")) == shown(exact)
    time.sleep(0.01)
    store.optimize()
    assert shown(LanceStore(small_disk / "l")) == shown(exact)
