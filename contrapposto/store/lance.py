"""The back end on disk: one Lance table a record type in a folder, laid out as LanceDB does.

Through `lance`, the library under LanceDB, which imports in 0.4 s where `lancedb` takes 2 s (most of it the REST
client of its catalogs): every command of this program pays that. LanceDB opens the same folder.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto.errors import LibraryBusy, LibraryError
from contrapposto.store import KEYS, SCHEMAS, Neighbours, TableName, recovery
from contrapposto.store.border import column_names, conform, key_array, vector_query, vectors

BATCH_ROWS = 65_536
"""Rows that a scan holds at once: 9 MB of a 34-d float32 column, 27 MB of whole people rows."""

PUSHED_KEYS = 500
"""Up to this many keys go into Lance's own filter, which then reads few pages; beyond it, a scan of all rows
with a hash set is as fast (both take 95 ms for 1,000 of 200,000 people)."""

_FULL = re.compile(r"No space left|Disk quota exceeded|\(os error (28|122)\)")


class LanceStore:
    """A store in a folder; it is created when absent.

    Each change is one Lance commit: it is there entirely or not at all, also after `kill -9`. Each call reads the
    newest commit of any process, and reads that one commit to its end. Only `optimize` waits for the disk (fsync):
    a host that loses power can lose the commits after it, or damage them. Then the newest commit that is whole is
    read, and `problems` says so; the first change makes that commit the newest again (`recovery`).

    folder: where the tables are. keep_versions: `optimize` leaves older versions on disk until they have this
    age (more than 0), so that a call of another process that is still reading one can finish. repair: put damage
    right at once, also a table of which no commit is left (it is moved aside, a new one takes the rows that can
    still be used); for the writer.
    Every call raises LibraryError when the files cannot be used, and LibraryBusy when another writer came first.
    """

    def __init__(
        self, folder: Path, *, keep_versions: timedelta = timedelta(minutes=10), repair: bool = False
    ) -> None:
        self._folder = folder
        self._keep_versions = keep_versions
        self._problems: list[str] = []
        self._opened: dict[TableName, recovery.Opened] = {}
        aside = self._aside()
        for name in SCHEMAS:
            if repair:
                self._repair(name, aside)
            with self._explained("opened"):
                self._opened[name] = self._open(name)

    @property
    def problems(self) -> tuple[str, ...]:
        """What was found damaged so far, and what is used instead: one line each."""
        return tuple(self._problems)

    def upsert(self, table: TableName, rows: pa.Table) -> None:
        """See `Store.upsert`. One commit."""
        new = conform(table, rows)
        if new.num_rows == 0:
            return
        with self._explained("written"):
            merge = self._newest_to_write(table).merge_insert(KEYS[table])
            merge.when_matched_update_all().when_not_matched_insert_all().execute(new)

    def delete(self, table: TableName, keys: Sequence[str]) -> None:
        """See `Store.delete`. One commit, however many keys."""
        wanted = key_array(keys)
        if len(wanted):
            with self._explained("written"):
                self._newest_to_write(table).delete(pc.field(KEYS[table]).isin(wanted))

    def read(
        self, table: TableName, columns: Sequence[str] | None = None, keys: Sequence[str] | None = None
    ) -> pa.Table:
        """See `Store.read`."""
        names = column_names(table, columns)
        key = KEYS[table]
        wanted = [key, *(name for name in names if name != key)]
        schema = pa.schema([SCHEMAS[table].field(name) for name in wanted])
        rows = pa.Table.from_batches(self._batches(table, wanted, keys), schema)
        return rows.take(pc.sort_indices(rows.column(key))).select(names)

    def batches(self, table: TableName, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """See `Store.batches`. At most `BATCH_ROWS` rows each."""
        return self._batches(table, column_names(table, columns), None)

    def count(self, table: TableName) -> int:
        """See `Store.count`."""
        with self._explained("read"):
            return int(self._newest(table).count_rows())

    def version(self) -> tuple[int, ...]:
        """See `Store.version`. The Lance versions of the tables that are on disk now, in the order of `SCHEMAS`."""
        with self._explained("read"):
            return tuple(self._number(name) for name in SCHEMAS)

    def search(
        self,
        space: str,
        query: NDArray[np.float32],
        *,
        k: int,
        weights: NDArray[np.float32] | None = None,
        among: Sequence[str] | None = None,
    ) -> Neighbours:
        """See `Store.search`. A scan in batches, summed in float64: as fast as Lance's own scan, which leaves the
        order of equal distances open and takes no weights."""
        centre, scale = vector_query(space, query, k, weights)
        found: list[pa.Table] = []
        bound = np.inf  # at least k rows seen so far are this near
        for batch in self._batches("people", ["id", space], among):
            differences = vectors(batch.column(space)) - centre
            distances = np.einsum("nd,nd->n", differences * scale, differences)
            if len(distances) >= k:
                bound = min(bound, float(np.partition(distances, k - 1)[k - 1]))
            near = np.flatnonzero(distances <= bound)
            found.append(
                pa.table({"id": batch.column("id").take(pa.array(near)), "distance": pa.array(distances[near])})
            )
        if not found:
            return Neighbours([], np.zeros(0))
        nearest = pa.concat_tables(found).sort_by([("distance", "ascending"), ("id", "ascending")]).slice(0, k)
        return Neighbours(nearest.column("id").to_pylist(), nearest.column("distance").to_numpy())

    def optimize(self) -> None:
        """See `Store.optimize`. Needs room for a second copy of what it merges until `keep_versions` has passed."""
        with self._explained("optimized"):
            for name in SCHEMAS:
                table = self._newest_to_write(name)
                table.optimize.compact_files()
                recovery.write_through(self._place(name), table)
                table.cleanup_old_versions(self._keep_versions)

    def repair(self, checks: Mapping[TableName, recovery.RowCheck]) -> None:
        """Makes the newest commit of each table that can be used the newest on disk, after a look at each of its
        rows with the check of its table. A table without such a commit is moved aside, a new one takes the rows
        that can still be used. `problems` then says what was lost. Reads everything. The caller is the only writer.
        """
        aside = self._aside()
        for name in SCHEMAS:
            self._repair(name, aside, checks.get(name))
            with self._explained("opened"):
                self._opened[name] = self._open(name)

    def damage(self, table: TableName, rows: recovery.RowCheck) -> str | None:
        """What is wrong with the commit in use, after reading all of its rows; None if nothing is."""
        with self._explained("read"):
            return recovery.flaw_of(self._place(table), int(self._newest(table).version), rows)

    def _place(self, name: TableName) -> Path:
        return self._folder / f"{name}.lance"

    def _number(self, name: TableName) -> int:
        """Number of the newest commit on disk, damaged or not."""
        numbers = recovery.versions(self._place(name))
        if not numbers:
            raise FileNotFoundError(f"{name}.lance has lost all its commits")
        return numbers[0]

    def _open(self, name: TableName) -> recovery.Opened:
        """The table, created when absent. Raises LibraryError when its columns are not those of `SCHEMAS`, and when
        there are rows of which no commit is left (creating it anew would hide them)."""
        import lance

        place = self._place(name)
        if not recovery.versions(place) and not (place / "data").is_dir():
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                lance.write_dataset(SCHEMAS[name].empty_table(), place, schema=SCHEMAS[name])
            except OSError:
                if not recovery.versions(place):  # else another process has just created it
                    raise
        try:
            opened = recovery.open_newest(place)
        except recovery.NoVersion as error:
            raise LibraryError(
                f"The library {self._folder} cannot be used, the table {name} is damaged: {error}; "
                "`contrapposto index` moves it aside and finds what was in it again"
            ) from error
        self._refuse_other_columns(name, opened.table)
        if opened.loss is not None:
            self._tell(f"{opened.loss.text()}; `contrapposto index` restores what is missing")
        return opened

    def _refuse_other_columns(self, name: TableName, table: Any) -> None:
        if not table.schema.equals(SCHEMAS[name]):
            raise LibraryError(
                f"The library {self._folder} was made by another version of this program, its {name} have other "
                "columns; index again into a new folder"
            )

    def _aside(self) -> Path:
        """A new name for the folder that takes what is damaged."""
        return self._folder / f"damaged-{datetime.now():%Y%m%d-%H%M%S-%f}"

    def _repair(self, name: TableName, aside: Path, rows: recovery.RowCheck | None = None) -> None:
        """Makes the newest good commit the newest, or moves the table aside; nothing when all is well."""
        place = self._place(name)
        if not recovery.versions(place) and not (place / "data").is_dir():
            return
        with self._explained("repaired"):
            try:
                opened = recovery.open_newest(place)
                self._refuse_other_columns(name, opened.table)
                if rows is not None:
                    opened = recovery.open_newest(place, rows)
                recovery.restore(place, opened, aside)
                if opened.loss is not None:
                    self._tell(
                        f"{opened.loss.text()}; what was damaged is kept in {aside.name}, "
                        "`contrapposto index` finds again what is missing"
                    )
            except recovery.NoVersion as error:
                salvaged = place.with_suffix(".salvaged")
                shutil.rmtree(salvaged, ignore_errors=True)  # of a repair that was killed
                kept = recovery.salvage(place, SCHEMAS[name], salvaged, rows)
                aside.mkdir(parents=True, exist_ok=True)
                place.rename(aside / place.name)
                if kept:
                    salvaged.rename(place)
                self._tell(
                    f"the table {name} is damaged, {error}, and starts again with {kept:,} rows; what was damaged "
                    f"is kept in {aside.name}, `contrapposto index` finds again what is missing"
                )

    def _tell(self, problem: str) -> None:
        line = f"The library {self._folder} is damaged: {problem}"
        if line not in self._problems:
            self._problems.append(line)

    def _newest(self, name: TableName) -> Any:
        """The table at its newest good commit on disk."""
        opened = self._opened[name]
        if self._number(name) not in (opened.newest, opened.table.version):
            opened = self._opened[name] = self._open(name)
        return opened.table

    def _newest_to_write(self, name: TableName) -> Any:
        """The same, which is the newest on disk afterwards."""
        table = self._newest(name)
        if self._opened[name].loss is not None:
            self._repair(name, self._aside())
            self._opened[name] = self._open(name)
            table = self._opened[name].table
        return table

    def _batches(
        self, table: TableName, columns: list[str], keys: Sequence[str] | None
    ) -> Iterator[pa.RecordBatch]:
        """Rows of one commit, those with these keys, in no order, at most BATCH_ROWS at a time."""
        wanted = None if keys is None else key_array(keys)
        if wanted is not None and len(wanted) == 0:
            return
        with self._explained("read"):
            pushed = wanted is not None and len(wanted) <= PUSHED_KEYS
            chosen = pc.field(KEYS[table]).isin(wanted) if pushed else None
            scan = self._newest(table).scanner(columns, filter=chosen, batch_size=BATCH_ROWS, scan_in_order=False)
            for batch in scan.to_batches():
                if wanted is None or pushed:
                    yield batch
                else:
                    yield batch.filter(pc.is_in(batch.column(KEYS[table]), value_set=wanted))

    @contextmanager
    def _explained(self, done: str) -> Iterator[None]:
        """Errors of Lance and of the file system as ours, in one line."""
        try:
            yield
        except LibraryError:
            raise
        except Exception as error:
            reason = re.sub(r",? /\S+\.rs\S*", "", " ".join(str(error).split()))[:200]
            if "conflict" in reason.lower():
                raise LibraryBusy(
                    f"The library {self._folder} was changed by another process at the same time ({reason}); "
                    "try again when that has finished"
                ) from error
            if _FULL.search(str(error)):
                raise LibraryError(
                    f"The library {self._folder} cannot be {done}, its disk is full; what was committed before is "
                    "kept: free some space, then the same command goes on from there"
                ) from error
            raise LibraryError(
                f"The library {self._folder} cannot be {done} ({reason}); `contrapposto doctor` says what is "
                "damaged, `contrapposto doctor --repair` and then `contrapposto index` restore it"
            ) from error
