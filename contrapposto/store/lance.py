"""The back end on disk: one Lance table a record type in a folder, laid out as LanceDB does.

Through `lance`, the library under LanceDB, which imports in 0.4 s where `lancedb` takes 2 s (most of it the REST
client of its catalogs): every command of this program pays that. LanceDB opens the same folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto.errors import LibraryBusy, LibraryError
from contrapposto.store import KEYS, SCHEMAS, Neighbours, TableName
from contrapposto.store.border import column_names, conform, key_array, vector_query, vectors

BATCH_ROWS = 65_536
"""Rows that a scan holds at once: 9 MB of a 34-d float32 column, 27 MB of whole people rows."""

PUSHED_KEYS = 500
"""Up to this many keys go into Lance's own filter, which then reads few pages; beyond it, a scan of all rows
with a hash set is as fast (both take 95 ms for 1,000 of 200,000 people)."""


class LanceStore:
    """A store in a folder; it is created when absent.

    Each change is one Lance commit: it is there entirely or not at all, also after `kill -9`. Each call reads the
    newest commit of any process, and reads that one commit to its end. There is no fsync: a host that loses power
    can lose the last commits or damage them.

    folder: where the tables are. keep_versions: `optimize` leaves older versions on disk until they have this
    age (more than 0), so that a call of another process that is still reading one can finish.
    Every call raises LibraryError when the files cannot be used, and LibraryBusy when another writer came first.
    """

    def __init__(self, folder: Path, *, keep_versions: timedelta = timedelta(minutes=10)) -> None:
        self._folder = folder
        self._keep_versions = keep_versions
        with self._explained("opened"):
            self._opened: dict[TableName, Any] = {name: self._open(name) for name in SCHEMAS}

    def upsert(self, table: TableName, rows: pa.Table) -> None:
        """See `Store.upsert`. One commit."""
        new = conform(table, rows)
        if new.num_rows == 0:
            return
        with self._explained("written"):
            merge = self._newest(table).merge_insert(KEYS[table])
            merge.when_matched_update_all().when_not_matched_insert_all().execute(new)

    def delete(self, table: TableName, keys: Sequence[str]) -> None:
        """See `Store.delete`. One commit, however many keys."""
        wanted = key_array(keys)
        if len(wanted):
            with self._explained("written"):
                self._newest(table).delete(pc.field(KEYS[table]).isin(wanted))

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

    def count(self, table: TableName) -> int:
        """See `Store.count`."""
        with self._explained("read"):
            return int(self._newest(table).count_rows())

    def version(self) -> tuple[int, ...]:
        """See `Store.version`. The Lance versions of the tables that are on disk now, in the order of `SCHEMAS`."""
        with self._explained("read"):
            return tuple(int(table.latest_version) for table in self._opened.values())

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
                table = self._newest(name)
                table.optimize.compact_files()
                table.cleanup_old_versions(self._keep_versions)

    def _open(self, name: TableName) -> Any:
        """The table, created when absent. Raises LibraryError when its columns are not those of `SCHEMAS`, and when
        there are rows of which no commit is left (creating it anew would hide them)."""
        import lance

        place = self._folder / f"{name}.lance"
        if not any((place / "_versions").glob("*.manifest")):
            if (place / "data").is_dir():
                raise LibraryError(
                    f"The library {self._folder} has lost its {place.name}/_versions; index it again"
                )
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                lance.write_dataset(SCHEMAS[name].empty_table(), place, schema=SCHEMAS[name])
            except OSError:
                if not any((place / "_versions").glob("*.manifest")):  # else another process has just created it
                    raise
        table = lance.dataset(place)
        if not table.schema.equals(SCHEMAS[name]):
            raise LibraryError(
                f"The library {self._folder} was made by another version of this program, its {name} have other "
                "columns; index again into a new folder"
            )
        return table

    def _newest(self, name: TableName) -> Any:
        """The table at its newest commit on disk."""
        table = self._opened[name]
        newest = table.latest_version
        if newest != table.version:
            table = self._opened[name] = table.checkout_version(newest)
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
            raise LibraryError(
                f"The library {self._folder} cannot be {done} ({reason}); "
                "if it is damaged, move it aside and index again, or choose another folder"
            ) from error
