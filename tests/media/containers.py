"""TIFF containers written by hand from the TIFF 6.0 and DNG tables: RAW photos, and plain pictures."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 7, 10
_CODES = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "I", SIGNED_RATIONAL: "i"}

Tag = tuple[int, tuple[int, ...] | bytes]
"""Kind of the values, and the values; of ASCII and UNDEFINED bytes. A rational is two numbers."""

Folder = dict[int, "Tag | bytes | Folder"]
"""Tags of a directory. Bytes alone stand for data whose place is the tag's value, a dict for a sub-directory."""


def tiff(folder: Folder, order: str = "<") -> bytes:
    """A TIFF file of one directory and those below it."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    out = bytearray(mark + struct.pack(order + "I", 8))
    _write(out, folder, order)
    return bytes(out)


def _write(out: bytearray, folder: Folder, order: str) -> int:
    """Appends a directory, then what it points to; returns where it starts."""
    start = len(out)
    out += bytes(2 + 12 * len(folder) + 4)
    struct.pack_into(order + "H", out, start, len(folder))
    for number, (tag, value) in enumerate(sorted(folder.items())):
        if isinstance(value, dict):
            kind, content = LONG, struct.pack(order + "I", _write(out, value, order))
        elif isinstance(value, bytes):
            kind, content = LONG, struct.pack(order + "I", _append(out, value))
        else:
            kind, values = value
            content = values if isinstance(values, bytes) else _packed(kind, values, order)
        size = {BYTE: 1, ASCII: 1, UNDEFINED: 1, SHORT: 2, LONG: 4, RATIONAL: 8, SIGNED_RATIONAL: 8}[kind]
        count = len(content) // size
        place = content.ljust(4, b"\0") if len(content) <= 4 else struct.pack(order + "I", _append(out, content))
        struct.pack_into(order + "HHI4s", out, start + 2 + 12 * number, tag, kind, count, place)
    return start


def _packed(kind: int, values: tuple[int, ...], order: str) -> bytes:
    return struct.pack(f"{order}{len(values)}{_CODES[kind]}", *values)


def _append(out: bytearray, content: bytes) -> int:
    out += bytes(len(out) % 2)
    out += content
    return len(out) - len(content)


def plain_tiff(image: NDArray[np.uint8], taken: str | None = None, order: str = "<") -> bytes:
    """An uncompressed RGB picture in one strip; taken: EXIF's DateTimeOriginal."""
    height, width = image.shape[:2]
    folder: Folder = {
        256: (LONG, (width,)),
        257: (LONG, (height,)),
        258: (SHORT, (8, 8, 8)),
        259: (SHORT, (1,)),
        262: (SHORT, (2,)),
        273: image.tobytes(),
        277: (SHORT, (3,)),
        278: (LONG, (height,)),
        279: (LONG, (image.nbytes,)),
    }
    if taken:
        folder[0x8769] = {0x9003: (ASCII, taken.encode() + b"\0")}
    return tiff(folder, order)


def dng(
    preview: bytes | None,
    size: tuple[int, int] = (64, 48),
    orientation: int = 1,
    taken: str | None = None,
    order: str = "<",
) -> bytes:
    """A minimal DNG: sensor data of `size` (width, height) in a Bayer pattern, and a JPEG preview of the same size
    as the first directory, as cameras and converters write it; without a preview the sensor data comes first."""
    width, height = size
    sensor = np.arange(width * height, dtype=np.uint16 if order == "<" else ">u2").tobytes()
    raw: Folder = {
        254: (LONG, (0,)),
        256: (LONG, (width,)),
        257: (LONG, (height,)),
        258: (SHORT, (16,)),
        259: (SHORT, (1,)),
        262: (SHORT, (32803,)),  # colour filter array
        273: sensor,
        277: (SHORT, (1,)),
        278: (LONG, (height,)),
        279: (LONG, (len(sensor),)),
        33421: (SHORT, (2, 2)),
        33422: (BYTE, (0, 1, 1, 2)),
        50714: (SHORT, (0,)),
        50717: (LONG, (65535,)),
    }
    camera: Folder = {
        271: (ASCII, b"Maker\0"),
        272: (ASCII, b"Model\0"),
        274: (SHORT, (orientation,)),
        50706: (BYTE, (1, 4, 0, 0)),
        50707: (BYTE, (1, 1, 0, 0)),
        50708: (ASCII, b"Maker Model\0"),
        50721: (SIGNED_RATIONAL, (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)),
        50728: (RATIONAL, (1, 1, 1, 1, 1, 1)),
        50778: (SHORT, (21,)),
    }
    if taken:
        camera[0x8769] = {0x9003: (ASCII, taken.encode() + b"\0")}
    if preview is None:
        return tiff(raw | camera, order)
    first: Folder = {
        254: (LONG, (1,)),
        256: (LONG, (width,)),
        257: (LONG, (height,)),
        258: (SHORT, (8, 8, 8)),
        259: (SHORT, (7,)),
        262: (SHORT, (6,)),
        273: preview,
        277: (SHORT, (3,)),
        278: (LONG, (height,)),
        279: (LONG, (len(preview),)),
        330: raw,
    }
    return tiff(first | camera, order)
