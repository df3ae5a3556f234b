"""Where records are kept: the Protocol that every back end satisfies, and the two that exist.

A store holds keyed tables of Arrow rows, `media` (key: path), `people`, `shots`, `segments` and `items` (key: id),
and answers nearest neighbour questions over the vector columns of `people`. It knows nothing of poses or files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contrapposto.records import EMBEDDING
from contrapposto.representations.shot_embedding import DIMENSION

TableName = Literal["media", "people", "shots", "segments", "items"]

SCHEMAS: dict[TableName, pa.Schema] = {
    "media": pa.schema(
        [
            pa.field("path", pa.string(), nullable=False),
            pa.field("root", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("modified", pa.int64(), nullable=False),
            pa.field("width", pa.int32(), nullable=False),
            pa.field("height", pa.int32(), nullable=False),
            pa.field("people", pa.int32(), nullable=False),
            pa.field("rows", pa.int32(), nullable=False),
            pa.field("shots", pa.int32(), nullable=False),
            pa.field("segments", pa.int32(), nullable=False),
            pa.field("duration", pa.float64()),
            pa.field("until", pa.float64()),
            pa.field("taken", pa.string()),
            pa.field("fingerprint", pa.uint64()),
            pa.field("problem", pa.string()),
        ]
    ),
    "people": pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("number", pa.int32(), nullable=False),
            pa.field("shot", pa.int32()),
            pa.field("track", pa.int32()),
            pa.field("time", pa.float64()),
            pa.field("start", pa.float64()),
            pa.field("end", pa.float64()),
            pa.field("box", pa.list_(pa.float32(), 4), nullable=False),
            pa.field("score", pa.float32(), nullable=False),
            pa.field("keypoints", pa.list_(pa.float32(), 34), nullable=False),
            pa.field("keypoint_scores", pa.list_(pa.float32(), 17), nullable=False),
            pa.field("keypoints3d", pa.list_(pa.float32(), 51), nullable=False),
            pa.field("fused", pa.list_(pa.float32(), 34), nullable=False),
            pa.field("embedding", pa.list_(pa.float16(), EMBEDDING), nullable=False),
            pa.field("pose_vector", pa.list_(pa.float32(), 34), nullable=False),
        ]
    ),
    "shots": pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("number", pa.int32(), nullable=False),
            pa.field("start", pa.float64(), nullable=False),
            pa.field("end", pa.float64(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
        ]
    ),
    "segments": pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("number", pa.int32(), nullable=False),
            pa.field("shot", pa.int32(), nullable=False),
            pa.field("start", pa.float64(), nullable=False),
            pa.field("end", pa.float64(), nullable=False),
            pa.field("key_features", pa.binary(), nullable=False),
            pa.field("vector", pa.list_(pa.float16(), DIMENSION), nullable=False),
        ]
    ),
    "items": pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("start", pa.float64(), nullable=False),
            pa.field("end", pa.float64(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("box", pa.list_(pa.float32(), 4), nullable=False),
            pa.field("link", pa.string(), nullable=False),
            pa.field("picture", pa.string(), nullable=False),
        ]
    ),
}
"""Columns of the tables. `keypoints` is x, y of the 17 keypoints in turn, NaN where unseen; `keypoints3d` is their
x, y, z in metres in the camera frame, NaN where unknown; `fused` is as `keypoints`; `embedding` is NaN where
there is none. `shot`, `track`, `time`, `start` and `end` of people are null in photos; seconds.
`key_features` is what `KeyFeatures.to_bytes` writes; `box` of items is NaN where there is none."""

KEYS: dict[TableName, str] = {"media": "path", "people": "id", "shots": "id", "segments": "id", "items": "id"}
"""The column that names a row."""

SPACES: tuple[str, ...] = ("pose_vector",)
"""Vector columns of `people` that `search` takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Rows of `people` nearest to a query, nearest first: ids, and (k,) float64 distances."""

    ids: list[str]
    distances: NDArray[np.float64]


class Store(Protocol):
    """What every back end does. Calls are safe while another process reads; one process writes at a time.

    A call that changes something has taken full effect, or none, when it returns, raises, or its process is killed.
    """

    def upsert(self, table: TableName, rows: pa.Table) -> None:
        """Write rows: those whose key exists are replaced, others added. Columns as in `SCHEMAS`, in any order
        (cast at the border). No rows is legal and does nothing. Raises ValueError, with nothing written, when a
        key stands twice, a column is missing or unknown, a value cannot be cast or is null where it must not be,
        or a vector that can be searched (`SPACES`) is not finite."""
        ...

    def delete(self, table: TableName, keys: Sequence[str]) -> None:
        """Remove the rows with these keys; absent keys are no error. Raises TypeError on anything but a sequence of
        strings (one string is not)."""
        ...

    def read(
        self, table: TableName, columns: Sequence[str] | None = None, keys: Sequence[str] | None = None
    ) -> pa.Table:
        """Rows, all or those with these keys (absent keys are left out), in ascending order of key;
        all columns, or those named, in that order. Raises ValueError on an unknown column or one named twice."""
        ...

    def batches(self, table: TableName, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows of one commit, piece by piece, in no order: for tables that do not fit in memory. Columns and
        errors as `read`."""
        ...

    def count(self, table: TableName) -> int:
        """Number of rows."""
        ...

    def version(self) -> tuple[int, ...]:
        """Changes whenever anything was written, by any process; equal means nothing changed."""
        ...

    def search(
        self,
        space: str,
        query: NDArray[np.float32],
        *,
        k: int,
        weights: NDArray[np.float32] | None = None,
        among: Sequence[str] | None = None,
    ) -> Neighbours:
        """The k nearest rows of `people` by squared weighted L2 in a vector column.

        query: (D,); weights: (D,) at least 0, None for ones; among: ids to search in, None for all.
        Distance = sum(weights * (row - query)^2). Equal distances come in ascending order of id. Fewer than k
        rows give fewer answers; none is legal. Raises ValueError on an unknown space, a wrong shape, k < 1, or
        a query or weight that is not finite."""
        ...

    def optimize(self) -> None:
        """Merge small files and drop old versions that no reader needs; changes no answer."""
        ...
