"""What rows must be, whoever wrote them: the look at every row that finds damage inside files."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from contrapposto.features.key_features import KeyFeatures
from contrapposto.representations import pose_vector
from contrapposto.store import SCHEMAS, TableName
from contrapposto.store.border import conform, vectors
from contrapposto.store.recovery import RowCheck

TOLERANCE = 0.001
"""How far a stored pose vector may be from that of the stored keypoints, in sides of the keypoints' box, beside
what their float32 rounds."""


def media_flaw(rows: pa.RecordBatch) -> str | None:
    """What is wrong with rows of `media`, None if nothing is."""
    flaw = _unfit("media", rows)
    if flaw:
        return flaw
    if any(
        np.asarray(rows.column(name)).min(initial=0) < 0
        for name in ("size", "width", "height", "people", "rows", "shots", "segments")
    ):
        return "a size or a number of people in media is negative"
    return "a path in media is empty" if "" in rows.column("path").to_pylist() else None


def shots_flaw(rows: pa.RecordBatch) -> str | None:
    """What is wrong with rows of `shots`, None if nothing is."""
    flaw = _unfit("shots", rows)
    if flaw:
        return flaw
    names = zip(rows.column("content").to_pylist(), rows.column("number").to_pylist(), strict=True)
    if rows.column("id").to_pylist() != [f"{content}/{number}" for content, number in names]:
        return "an id in shots is not that of its content and number"
    starts, ends = (rows.column(name).to_numpy() for name in ("start", "end"))
    return "a shot ends before it starts" if not (starts <= ends).all() else None


def segments_flaw(rows: pa.RecordBatch) -> str | None:
    """What is wrong with rows of `segments`, None if nothing is."""
    flaw = _unfit("segments", rows)
    if flaw:
        return flaw
    names = zip(rows.column("content").to_pylist(), rows.column("number").to_pylist(), strict=True)
    if rows.column("id").to_pylist() != [f"{content}/{number}" for content, number in names]:
        return "an id in segments is not that of its content and number"
    starts, ends = (rows.column(name).to_numpy() for name in ("start", "end"))
    if not (starts <= ends).all():
        return "a segment ends before it starts"
    if not np.isfinite(rows.column("vector").flatten().to_numpy().astype(np.float32)).all():
        return "a vector in segments is not finite"
    try:
        for features in rows.column("key_features").to_pylist():
            KeyFeatures.from_bytes(features)
    except ValueError:
        return "key features in segments are not as they were written"
    return None


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
    apart = np.abs(pose_vector.encode(keypoints) - vectors(rows.column("pose_vector"))).max(axis=1, initial=0)
    if (apart > TOLERANCE + _rounding(keypoints)).any():
        return "a pose vector in people is not that of its keypoints"
    return None


def _rounding(keypoints: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N,) how much float32 coordinates can change a pose vector; infinite where they cannot tell points apart."""
    seen = np.isfinite(keypoints)
    low = np.where(seen, keypoints, np.inf).min(axis=1)
    high = np.where(seen, keypoints, -np.inf).max(axis=1)
    side = np.maximum((high - low).max(axis=1), 0).astype(np.float64)
    furthest = np.where(seen, np.abs(keypoints), 0).max(axis=(1, 2), initial=0)
    step = np.where(furthest > 0, np.spacing(furthest), 0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(step > 0, 8 * step / side, 0.0)


def items_flaw(rows: pa.RecordBatch) -> str | None:
    """What is wrong with rows of `items`, None if nothing is."""
    flaw = _unfit("items", rows)
    if flaw:
        return flaw
    starts, ends = (rows.column(name).to_numpy() for name in ("start", "end"))
    return "an item ends before it starts" if not (starts <= ends).all() else None


CHECKS: dict[TableName, RowCheck] = {
    "media": media_flaw,
    "shots": shots_flaw,
    "segments": segments_flaw,
    "items": items_flaw,
    "people": people_flaw,
}


def _unfit(table: TableName, rows: pa.RecordBatch) -> str | None:
    try:
        conform(table, pa.Table.from_batches([rows.select(SCHEMAS[table].names)]))
    except (ValueError, KeyError):
        return f"rows of {table} are not as they were written"
    return None
