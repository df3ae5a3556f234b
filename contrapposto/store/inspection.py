"""What rows must be, whoever wrote them: the look at every row that finds damage inside files."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from contrapposto.representations import pose_vector
from contrapposto.store import SCHEMAS, TableName
from contrapposto.store.border import conform, vectors
from contrapposto.store.recovery import RowCheck

TOLERANCE = 0.01
"""How far a stored pose vector may be from that of the stored keypoints, of the side of the person's box. Keypoints
are stored as float32: at pixel 10,000 a person of 1 pixel is rounded by 0.001."""


def media_flaw(rows: pa.RecordBatch) -> str | None:
    """What is wrong with rows of `media`, None if nothing is."""
    flaw = _unfit("media", rows)
    if flaw:
        return flaw
    if any(np.asarray(rows.column(name)).min(initial=0) < 0 for name in ("size", "width", "height", "people")):
        return "a size or a number of people in media is negative"
    return "a path in media is empty" if "" in rows.column("path").to_pylist() else None


def people_flaw(rows: pa.RecordBatch) -> str | None:
    """What is wrong with rows of `people`, None if nothing is."""
    flaw = _unfit("people", rows)
    if flaw:
        return flaw
    names = zip(rows.column("content").to_pylist(), rows.column("number").to_pylist(), strict=True)
    if rows.column("id").to_pylist() != [f"{content}/{number}" for content, number in names]:
        return "an id in people is not that of its content and number"
    scores = vectors(rows.column("keypoint_scores"))
    if not ((scores >= 0) & (scores <= 1)).all():
        return "a score of a keypoint in people is not between 0 and 1"
    keypoints = vectors(rows.column("keypoints")).reshape(-1, 17, 2)
    expected = pose_vector.encode(keypoints)
    if not (np.abs(expected - vectors(rows.column("pose_vector"))) <= TOLERANCE).all():
        return "a pose vector in people is not that of its keypoints"
    return None


CHECKS: dict[TableName, RowCheck] = {"media": media_flaw, "people": people_flaw}


def _unfit(table: TableName, rows: pa.RecordBatch) -> str | None:
    try:
        conform(table, pa.Table.from_batches([rows.select(SCHEMAS[table].names)]))
    except (ValueError, KeyError):
        return f"rows of {table} are not as they were written"
    return None
