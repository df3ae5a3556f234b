"""Records to Arrow rows and back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.features.key_features import KeyFeatures
from contrapposto.poses.moments import Moment
from contrapposto.records import EMBEDDING, Box, Item, Media, Person, Pose, Shot
from contrapposto.representations import pose_vector
from contrapposto.representations.segments import Segment
from contrapposto.representations.shot_embedding import DIMENSION
from contrapposto.store import SCHEMAS

_BYTES = "bytes:"
"""Marks the key of a path that is not valid Unicode; absolute paths never start so."""


def path_key(path: Path) -> str:
    """The text that names a path in the store; reversible, also for names that are not valid Unicode."""
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _BYTES + os.fsencode(text).hex()
    return text


def key_path(key: str) -> Path:
    """The path behind a key of `path_key`."""
    return Path(os.fsdecode(bytes.fromhex(key.removeprefix(_BYTES)))) if key.startswith(_BYTES) else Path(key)


def row_ids(content: str, count: int, first: int = 1) -> list[str]:
    """Keys of the people, or shots, of a content, numbered from `first`."""
    return [f"{content}/{number}" for number in range(first, first + count)]


def media_rows(media: Iterable[Media]) -> pa.Table:
    """One row each, in the `media` schema."""
    rows = [
        {
            "path": path_key(item.path),
            "root": path_key(item.root),
            "content": item.content,
            "size": item.size,
            "modified": item.modified,
            "width": item.width,
            "height": item.height,
            "people": item.people,
            "rows": item.rows,
            "shots": item.shots,
            "segments": item.segments,
            "duration": item.duration,
            "until": item.until,
            "taken": item.taken,
            "fingerprint": item.fingerprint,
            "problem": item.problem,
        }
        for item in media
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["media"])


def people_rows(found: Iterable[tuple[str, Sequence[Person]]]) -> pa.Table:
    """One row a person of photos, in the `people` schema, from (content, people) pairs. Numbers count from 1."""
    rows = [
        _person_row(content, number, person)
        for content, people in found
        for number, person in enumerate(people, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["people"])


def moment_rows(content: str, found: Iterable[tuple[int, Moment]], first: int = 1) -> pa.Table:
    """One row a moment of a film, in the `people` schema, from (number of the shot, moment) pairs. Numbers count
    from `first`."""
    rows = [
        _person_row(content, number, moment.person)
        | {
            "shot": shot,
            "track": moment.track,
            "time": moment.time,
            "start": moment.start,
            "end": moment.end,
        }
        for number, (shot, moment) in enumerate(found, start=first)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["people"])


def shot_rows(content: str, shots: Iterable[Shot]) -> pa.Table:
    """One row a shot, in the `shots` schema."""
    rows = [{"id": f"{content}/{shot.number}", "content": content, **asdict(shot)} for shot in shots]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["shots"])


def shots_of(rows: pa.Table) -> list[Shot]:
    """The records of rows of `shots`."""
    return [Shot(**row) for row in rows.select([field.name for field in fields(Shot)]).to_pylist()]


def segment_rows(content: str, segments: Iterable[Segment]) -> pa.Table:
    """One row a segment, in the `segments` schema."""
    rows = [
        {
            "id": f"{content}/{segment.number}",
            "content": content,
            "number": segment.number,
            "shot": segment.shot,
            "start": segment.start,
            "end": segment.end,
            "key_features": segment.features.to_bytes(),
            "vector": segment.vector.astype(np.float16),
        }
        for segment in segments
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["segments"])


def segments_of(rows: pa.Table) -> list[Segment]:
    """The records of rows of `segments`."""
    vectors = _vectors(rows, "vector", DIMENSION, np.float16).astype(np.float32)
    features = [KeyFeatures.from_bytes(stored) for stored in rows["key_features"].to_pylist()]
    plain = rows.select(["number", "shot", "start", "end"]).to_pylist()
    return [Segment(**row, features=of, vector=to) for row, of, to in zip(plain, features, vectors, strict=True)]


def item_rows(items: Iterable[Item]) -> pa.Table:
    """One row an item, in the `items` schema; the key is the same for the same item."""
    rows = [
        {
            "id": hashlib.sha256(repr(item).encode("utf-8", "surrogatepass")).hexdigest()[:32],
            **{name: getattr(item, name) for name in ("content", "start", "end", "name", "link", "picture")},
            "box": [np.nan] * 4 if item.box is None else [*astuple(item.box)],
        }
        for item in items
    ]
    unique = {row["id"]: row for row in rows}
    return pa.Table.from_pylist(list(unique.values()), schema=SCHEMAS["items"])


def items_of(rows: pa.Table) -> list[Item]:
    """The records of rows of `items`."""
    boxes = [Box(*map(float, box)) if np.isfinite(box).all() else None for box in _vectors(rows, "box", 4)]
    plain = rows.select(["content", "start", "end", "name", "link", "picture"]).to_pylist()
    return [Item(**row, box=box) for row, box in zip(plain, boxes, strict=True)]


def _person_row(content: str, number: int, person: Person) -> dict[str, Any]:
    keypoints, box = person.pose.keypoints, person.box
    return {
        "id": f"{content}/{number}",
        "content": content,
        "number": number,
        "box": [box.x, box.y, box.width, box.height],
        "score": person.score,
        "keypoints": keypoints.astype(np.float32).ravel(),
        "keypoint_scores": person.pose.scores.astype(np.float32),
        "keypoints3d": person.pose.keypoints3d.astype(np.float32).ravel(),
        "fused": person.pose.fused.astype(np.float32).ravel(),
        "embedding": person.pose.embedding.astype(np.float16),
        "pose_vector": pose_vector.encode(keypoints),
    }


@dataclass(frozen=True, slots=True, eq=False)
class PeopleArrays:
    """Rows of `people` as arrays: ids (N,) and contents (N,) Arrow texts, numbers (N,), boxes (N, 4), scores (N,),
    keypoints (N, 17, 2) NaN where unseen, keypoint_scores (N, 17), keypoints3d (N, 17, 3) NaN where unknown, fused
    (N, 17, 2) and embeddings (N, 128) NaN where no picture was looked at; of
    people in films: shots (N,) and tracks (N,), 0 in photos, and times (N, 3) in seconds: of the frame that is
    stored, from when and until when it stands; NaN in photos."""

    ids: pa.Array
    contents: pa.Array
    numbers: NDArray[np.int32]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    keypoint_scores: NDArray[np.float32]
    keypoints3d: NDArray[np.float32]
    fused: NDArray[np.float32]
    embeddings: NDArray[np.float16]
    shots: NDArray[np.int32]
    tracks: NDArray[np.int32]
    times: NDArray[np.float64]

    COLUMNS = (
        *("id", "content", "number", "box", "score", "keypoints", "keypoint_scores", "keypoints3d"),
        *("fused", "embedding"),
        *("shot", "track", "time", "start", "end"),
    )

    @staticmethod
    def from_table(table: pa.Table) -> PeopleArrays:
        """From a table with at least `COLUMNS`."""
        return PeopleArrays(
            table["id"].combine_chunks(),
            table["content"].combine_chunks(),
            table["number"].to_numpy(),
            _vectors(table, "box", 4),
            table["score"].to_numpy(),
            _vectors(table, "keypoints", 34).reshape(-1, skeleton.COUNT, 2),
            _vectors(table, "keypoint_scores", skeleton.COUNT),
            _vectors(table, "keypoints3d", 51).reshape(-1, skeleton.COUNT, 3),
            _vectors(table, "fused", 34).reshape(-1, skeleton.COUNT, 2),
            _vectors(table, "embedding", EMBEDDING, np.float16),
            pc.fill_null(table["shot"], 0).to_numpy(),
            pc.fill_null(table["track"], 0).to_numpy(),
            np.stack([pc.fill_null(table[name], np.nan).to_numpy() for name in ("time", "start", "end")], axis=1),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.integer]) -> PeopleArrays:
        """These rows, in this order."""
        places = pa.array(rows, pa.int64())
        return PeopleArrays(
            self.ids.take(places), self.contents.take(places), *(array[rows] for array in self._numeric())
        )

    @staticmethod
    def concatenated(parts: Sequence[PeopleArrays]) -> PeopleArrays:
        """All rows of at least one, one after the other."""
        columns = zip(*(part._numeric() for part in parts), strict=True)
        return PeopleArrays(
            pa.concat_arrays([part.ids for part in parts]),
            pa.concat_arrays([part.contents for part in parts]),
            *(np.concatenate(column) for column in columns),
        )

    def _numeric(self) -> tuple[NDArray[Any], ...]:
        return (
            *(self.numbers, self.boxes, self.scores, self.keypoints, self.keypoint_scores, self.keypoints3d),
            *(self.fused, self.embeddings, self.shots, self.tracks, self.times),
        )

    def person(self, row: int) -> Person:
        """The record of one row."""
        x, y, width, height = (float(value) for value in self.boxes[row])
        scores = np.clip(self.keypoint_scores[row].astype(np.float64), 0, 1)
        return Person(
            Box(x, y, width, height),
            float(self.scores[row]),
            Pose(
                self.keypoints[row].astype(np.float64),
                scores,
                self.keypoints3d[row].astype(np.float64),
                self.fused[row].astype(np.float64),
                self.embeddings[row].astype(np.float32),
            ),
        )


def _vectors(table: pa.Table, column: str, dimension: int, kind: type[np.floating] = np.float32) -> NDArray[Any]:
    flat = table[column].combine_chunks().flatten()
    return np.asarray(flat.to_numpy(zero_copy_only=False), dtype=kind).reshape(-1, dimension)
