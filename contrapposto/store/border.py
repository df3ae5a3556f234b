"""What every back end checks before it reads or writes: rows, keys, column names, vector queries.

Back ends call these functions first, so that wrong input is a ValueError and nothing has been written yet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto.store import KEYS, SCHEMAS, SPACES, TableName


def conform(table: TableName, rows: pa.Table) -> pa.Table:
    """`rows` with the columns, their order and their types as `SCHEMAS` says; float64 becomes float32 here.

    Raises ValueError when a column is missing or unknown, a value cannot be cast (text for a number, a list of
    another length, an integer out of range), a value that must be there is null, a list holds a null, a key
    stands twice, or a vector that can be searched is not finite.
    """
    schema = SCHEMAS[table]
    if sorted(rows.column_names) != sorted(schema.names):
        raise ValueError(f"rows of {table} need the columns {schema.names}, got {rows.column_names}")
    try:
        cast = rows.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, ValueError) as error:
        raise ValueError(f"rows of {table} do not fit their columns: {error}") from error
    for field in schema:
        column = cast.column(field.name)
        if not field.nullable and column.null_count:
            raise ValueError(f"{field.name} of {table} must not be null")
        if not pa.types.is_fixed_size_list(field.type):
            continue
        if any(chunk.flatten().null_count for chunk in column.chunks):
            raise ValueError(f"{field.name} of {table} holds a null inside a list; an unseen number is NaN")
        if field.name in SPACES and not all(np.isfinite(vectors(chunk)).all() for chunk in column.chunks):
            raise ValueError(f"{field.name} of {table} must be finite, it is searched")
    if len(pc.unique(cast.column(KEYS[table]))) != cast.num_rows:
        raise ValueError(f"the rows for {table} hold the same {KEYS[table]} twice")
    return cast


def vectors(column: pa.FixedSizeListArray) -> NDArray[np.float32]:
    """(N, D) view of a list column without nulls: no copy, read-only."""
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=True)
    return flat.reshape(-1, column.type.list_size)


def key_array(keys: Sequence[str]) -> pa.Array:
    """Keys as an Arrow array of strings. Raises TypeError for anything that is not a sequence of strings, a
    single string among them (it would mean its letters), and ValueError for a text that UTF-8 cannot hold."""
    if isinstance(keys, str):
        raise TypeError("keys must be a sequence of strings, not one string")
    return pa.array(keys, type=pa.string())


def column_names(table: TableName, columns: Sequence[str] | None) -> list[str]:
    """The columns to read: those named, or all. Raises ValueError on an unknown one and on one named twice."""
    known = SCHEMAS[table].names
    if columns is None:
        return list(known)
    wanted = list(columns)
    unknown = [name for name in wanted if name not in known]
    if unknown or len(set(wanted)) != len(wanted):
        raise ValueError(f"columns of {table} are {known}, each at most once, got {wanted}")
    return wanted


def vector_query(
    space: str, query: NDArray[np.float32], k: int, weights: NDArray[np.float32] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The query and its weights (ones where None), both (D,) float64. Raises ValueError as `Store.search` says."""
    if space not in SPACES:
        raise ValueError(f"unknown space {space!r}, the spaces are {list(SPACES)}")
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    shape = (SCHEMAS["people"].field(space).type.list_size,)
    centre = np.asarray(query, dtype=np.float64)
    scale = np.ones(shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if centre.shape != shape or scale.shape != shape:
        raise ValueError(f"{space} takes query and weights of shape {shape}, got {centre.shape} and {scale.shape}")
    if not np.isfinite(centre).all() or not np.isfinite(scale).all() or (scale < 0).any():
        raise ValueError("a query must be finite, and its weights finite and at least 0")
    return centre, scale
