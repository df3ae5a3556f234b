"""Rows and comparisons that the store tests share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contrapposto.records import EMBEDDING
from contrapposto.store import SCHEMAS, Neighbours

D = 34
ODD_KEYS = [
    "",
    " ",
    "'",
    "''",
    '"',
    "`",
    "%",
    "_",
    "\\",
    "\\n",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "a\0",
    "a",
    "A",
    "é",
    "e\u0301",
    "日本/写真.jpg",
    "😀",
    "\uffff",
    "\u202e",
    'it\'s 100% "real"; -- drop',
    "x') OR ('1'='1",
    "${HOME}",
    "NULL",
    "1",
    "true",
    "long" * 1000,
]
"""Keys that a query language could take for something else."""


def people(ids: Sequence[str], poses: NDArray[Any] | None = None, number: int = 1, content: str = "c") -> pa.Table:
    """People rows: `poses` (N, 34) or zeros; every third number of the keypoints is NaN, as if unseen; every second
    of them has an embedding."""
    count = len(ids)
    keypoints = np.arange(count * 34, dtype=np.float32)
    keypoints[::3] = np.nan
    embeddings = np.tile((np.arange(EMBEDDING) / 1024).astype(np.float16), (count, 1))
    embeddings[1::2] = np.nan
    flat = np.zeros(count * D, np.float32) if poses is None else np.asarray(poses, np.float32).reshape(-1)
    return pa.table(
        [
            pa.array(ids, pa.string()),
            pa.array([content] * count, pa.string()),
            pa.array([number] * count, pa.int32()),
            *(pa.nulls(count, pa.int32()) for _ in ("shot", "track")),
            *(pa.nulls(count, pa.float64()) for _ in ("time", "start", "end")),
            _lists(np.tile(np.array([1, 2, 30, 40], np.float32), count), 4),
            pa.array([0.5] * count, pa.float32()),
            _lists(keypoints, 34),
            _lists(np.full(count * 17, 0.25, np.float32), 17),
            _lists(np.full(count * 51, np.nan, np.float32), 51),
            _lists(keypoints + 1, 34),
            _lists(embeddings.reshape(-1), EMBEDDING),
            _lists(flat, D),
        ],
        schema=SCHEMAS["people"],
    )


def media(paths: Sequence[str], size: int = 1) -> pa.Table:
    """Media rows that differ in path only."""
    rows = [
        {
            "path": path,
            "root": "/photos",
            "content": "c",
            "size": size,
            "modified": 1_700_000_000_000_000_000,
            "width": 640,
            "height": 480,
            "people": 1,
            "rows": 1,
            "shots": 0,
            "segments": 0,
            "duration": None,
            "until": None,
            "taken": None,
            "fingerprint": None,
            "problem": None,
        }
        for path in paths
    ]
    return pa.Table.from_pylist(rows, SCHEMAS["media"])


def at(*values: float) -> NDArray[np.float32]:
    """(34,) vector that starts with these values; the rest is 0."""
    vector = np.zeros(D, np.float32)
    vector[: len(values)] = values
    return vector


def same_neighbours(got: Neighbours, expected: Neighbours, k: int, tolerance: float = 1e-9) -> bool:
    """Whether two answers to a search for `k` agree: the same distances in turn, within `tolerance` (of the
    distance, or of 1 if that is more), and the same ids, where those of equal distance may stand in another order.
    With k answers, those of the last distance may be other ones: either answer was cut off there."""
    count = len(expected.ids)
    if len(got.ids) != count or len(set(got.ids)) != count:
        return False
    margins = tolerance * np.maximum(1.0, expected.distances)
    if (np.abs(got.distances - expected.distances) > margins).any():
        return False
    ends = [place for place in range(1, count) if np.diff(expected.distances)[place - 1] > 2 * margins[place]]
    starts = [0, *ends]
    if count < k:
        ends.append(count)
    return all(
        set(got.ids[start:end]) == set(expected.ids[start:end]) for start, end in zip(starts, ends, strict=False)
    )


def _lists(flat: NDArray[np.floating], length: int) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(flat), length)
