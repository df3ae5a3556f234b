"""Pictures that the tests draw, and files of them made in ways that are independent of the code under test."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 160, 40), (30, 40, 210), (230, 220, 40)


def quarters(width: int = 60, height: int = 40) -> NDArray[np.uint8]:
    """(height, width, 3): red, green / blue, yellow. No turn or mirror image of it is the same."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = RED
    image[: height // 2, width // 2 :] = GREEN
    image[height // 2 :, : width // 2] = BLUE
    image[height // 2 :, width // 2 :] = YELLOW
    return image


def stored_for(orientation: int, shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How a camera stores a picture that is to be shown so, by the table of the EXIF standard: which side of the
    shown picture the stored row 0 and column 0 are."""
    row_0, column_0 = {
        1: ("top", "left"),
        2: ("top", "right"),
        3: ("bottom", "right"),
        4: ("bottom", "left"),
        5: ("left", "top"),
        6: ("right", "top"),
        7: ("right", "bottom"),
        8: ("left", "bottom"),
    }[orientation]
    height, width = shown.shape[:2]
    across = row_0 in ("left", "right")  # stored rows run along shown columns
    stored = np.zeros((width, height, 3) if across else (height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            place = {"top": y, "bottom": height - 1 - y, "left": x, "right": width - 1 - x}
            stored[place[row_0], place[column_0]] = shown[y, x]
    return stored


def encode(image: NDArray[np.uint8] | Image.Image, kind: str = "PNG", **options: object) -> bytes:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def exif(orientation: int = 1, taken: str | None = None, changed: str | None = None) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    if changed:
        block[0x0132] = changed
    if taken:
        block.get_ifd(0x8769)[0x9003] = taken
    return block


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """(name, content) of each chunk."""
    found, at = [], 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        found.append((name, data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def png_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, content in chunks:
        parts += [struct.pack(">I", len(content)), name, content, struct.pack(">I", zlib.crc32(name + content))]
    return b"".join(parts)


def png_that_says(width: int, height: int) -> bytes:
    """A small PNG file whose header claims this size."""
    chunks = png_chunks(encode(quarters()))
    header = struct.pack(">II", width, height) + chunks[0][1][8:]
    return png_of([(b"IHDR", header), *chunks[1:]])


def jpeg_that_says(width: int, height: int) -> bytes:
    """A small JPEG file whose header claims this size."""
    data = bytearray(encode(quarters(), "JPEG"))
    at = data.index(b"\xff\xc0")  # baseline start of frame: length (2), precision (1), height, width
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_that_says(width: int, height: int) -> bytes:
    """A WebP file of the extended format whose canvas claims this size."""
    data = bytearray(encode(quarters(), "WEBP", lossless=True, exif=exif().tobytes()))
    at = data.index(b"VP8X") + 12
    data[at : at + 3] = (width - 1).to_bytes(3, "little")
    data[at + 3 : at + 6] = (height - 1).to_bytes(3, "little")
    return bytes(data)


def noise(width: int = 96, height: int = 64, seed: int = 7) -> NDArray[np.uint8]:
    """Smooth but busy, so that its file is a few kilobytes in every format."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
