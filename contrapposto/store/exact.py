"""The reference back end: everything in memory, every question answered by looking at every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto.store import KEYS, SCHEMAS, Neighbours, TableName
from contrapposto.store.border import column_names, conform, key_array, vector_query, vectors


class ExactStore:
    """A store in memory, gone with the process. The answers of other back ends are tested against it.

    Each table is one Arrow table in ascending order of key. A change builds a new table and then puts it in the
    place of the old one, so a reader in another thread sees all of a change or nothing.
    """

    def __init__(self) -> None:
        self._tables: dict[TableName, pa.Table] = {name: schema.empty_table() for name, schema in SCHEMAS.items()}
        self._versions: dict[TableName, int] = dict.fromkeys(SCHEMAS, 0)

    def upsert(self, table: TableName, rows: pa.Table) -> None:
        """See `Store.upsert`."""
        new = conform(table, rows)
        if new.num_rows:
            kept = self._without(table, new.column(KEYS[table]))
            self._replace(table, pa.concat_tables([kept, new]).sort_by(KEYS[table]))

    def delete(self, table: TableName, keys: Sequence[str]) -> None:
        """See `Store.delete`."""
        self._replace(table, self._without(table, key_array(keys)))

    def read(
        self, table: TableName, columns: Sequence[str] | None = None, keys: Sequence[str] | None = None
    ) -> pa.Table:
        """See `Store.read`."""
        names = column_names(table, columns)
        rows = self._tables[table]
        if keys is not None:
            rows = rows.filter(pc.is_in(rows.column(KEYS[table]), value_set=key_array(keys)))
        return rows.select(names)

    def batches(self, table: TableName, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """See `Store.batches`."""
        return iter(self.read(table, columns).to_batches())

    def count(self, table: TableName) -> int:
        """See `Store.count`."""
        return int(self._tables[table].num_rows)

    def version(self) -> tuple[int, ...]:
        """See `Store.version`."""
        return tuple(self._versions.values())

    def search(
        self,
        space: str,
        query: NDArray[np.float32],
        *,
        k: int,
        weights: NDArray[np.float32] | None = None,
        among: Sequence[str] | None = None,
    ) -> Neighbours:
        """See `Store.search`. Distances are summed in float64."""
        centre, scale = vector_query(space, query, k, weights)
        rows = self.read("people", ["id", space], among)
        differences = vectors(rows.column(space).combine_chunks()).astype(np.float64) - centre
        distances = (scale * differences**2).sum(axis=1)
        nearest = np.argsort(distances, kind="stable")[:k]  # rows come by id, so equal distances stay by id
        return Neighbours(rows.column("id").take(pa.array(nearest)).to_pylist(), distances[nearest])

    def optimize(self) -> None:
        """See `Store.optimize`; there is nothing to do."""

    def _without(self, table: TableName, keys: pa.Array | pa.ChunkedArray) -> pa.Table:
        rows = self._tables[table]
        return rows.filter(pc.invert(pc.is_in(rows.column(KEYS[table]), value_set=keys)))

    def _replace(self, table: TableName, rows: pa.Table) -> None:
        self._tables[table] = rows
        self._versions[table] += 1
