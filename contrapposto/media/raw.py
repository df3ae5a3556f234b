"""RAW photos: the preview that the camera put into the file. The sensor's own data is not developed.

Formats by their content: TIFF containers (DNG, NEF, ARW, CR2, PEF, SRW ...) that hold sensor data, and those with
a mark of their own (CR3, RAF, ORF, RW2 ...).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SUFFIXES = frozenset(
    {
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".raf", ".orf", ".rw2", ".raw"),
        *(".rwl", ".pef", ".srw", ".3fr", ".erf", ".kdc", ".dcr", ".mrw", ".mos", ".iiq", ".mef", ".x3f"),
    }
)

_MARKS = (
    b"FUJIFILMCCD-RAW",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"IIU\0",
    b"\0MRM",
    b"FOVb",
    b"II\x1a\0\0\0HEAPCCDR",
)
_PHOTOMETRIC, _SUB_IFDS, _DNG_VERSION = 262, 330, 50706
_SENSOR = {32803, 34892}
"""Photometric interpretations of sensor data: a colour filter array, and linear RAW."""

_TURNS = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""LibRaw's turn of the sensor (bits: 4 transpose, 2 upside down, 1 sideways) to EXIF's orientation."""

_MOST_IFDS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """picture: the bytes of a JPEG file, or (H, W, 3) uint8 RGB; orientation: EXIF's 1..8, for a picture that
    states none itself; taken: ISO date and time, or None."""

    picture: bytes | NDArray[np.uint8]
    orientation: int
    taken: str | None


def is_raw(data: bytes) -> bool:
    """Whether these are the bytes of a RAW photo."""
    if data.startswith(_MARKS) or data[4:12] == b"ftypcrx ":
        return True
    return any(
        tag == _DNG_VERSION or (tag == _PHOTOMETRIC and values[:1] and values[0] in _SENSOR) or tag == -1
        for tag, values in _tags(data)
    )


def preview(data: bytes) -> Preview:
    """The embedded preview of a RAW photo, as LibRaw chooses it (the largest that it can give).

    Raises ImportError without rawpy, and what rawpy raises about a damaged file or one without a preview.
    """
    import rawpy

    with rawpy.RawPy() as photo:
        photo.open_buffer(io.BytesIO(data))
        found = photo.extract_thumb()
        turn = _TURNS.get(photo.sizes.flip, 1)
        shot = getattr(photo, "other", None)  # older ones of rawpy do not tell when
    picture = found.data if isinstance(found.data, bytes) else np.ascontiguousarray(found.data)
    taken = shot.timestamp if shot else None
    return Preview(picture, turn, taken.isoformat(timespec="seconds") if taken and taken.year > 1970 else None)


def _tags(data: bytes) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Tag and first values of what a TIFF container's directories hold, sub-directories too; -1 where it says that
    it is Canon's RAW. Nothing of a file that is no TIFF; stops without a word where it is damaged."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return
    if data[8:10] == b"CR":
        yield -1, ()
    waiting, seen = [_number(data, order + "I", 4)], set[int]()
    while waiting and len(seen) < _MOST_IFDS:
        start = waiting.pop(0)
        if start in seen or not 8 <= start < len(data) - 2:
            continue
        seen.add(start)
        count = _number(data, order + "H", start)
        for entry in range(start + 2, min(start + 2 + 12 * count, len(data) - 12), 12):
            tag, kind, number = struct.unpack_from(order + "HHI", data, entry)
            values = _values(data, order, entry + 8, kind, number)
            if tag == _SUB_IFDS:
                waiting.extend(values)
            yield tag, values
        waiting.append(_number(data, order + "I", start + 2 + 12 * count))


def _values(data: bytes, order: str, at: int, kind: int, number: int) -> tuple[int, ...]:
    """The first few numbers of a tag of 16 or 32 bits; of another kind none."""
    code, size = {3: ("H", 2), 4: ("I", 4), 13: ("I", 4)}.get(kind, ("", 0))
    if not code:
        return ()
    if number * size > 4:
        at = _number(data, order + "I", at)
    number = min(number, 16)
    if at + number * size > len(data):
        return ()
    return struct.unpack_from(f"{order}{number}{code}", data, at)


def _number(data: bytes, form: str, at: int) -> int:
    size = struct.calcsize(form)
    return int(struct.unpack_from(form, data, at)[0]) if 0 <= at <= len(data) - size else 0
