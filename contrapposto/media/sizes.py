"""How large a picture may be, and the size at which it is decoded: memory stays bounded, whatever the file says.

Decoding one picture takes up to about 1 GB besides its file. A JPEG in one scan and a JPEG 2000 are decoded at a
reduced size, so they may be larger than other pictures.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, cast

from PIL import Image

from contrapposto.errors import UnreadableMedia

if TYPE_CHECKING:
    from PIL.TiffImagePlugin import TiffImageFile

WORKING_SIDE = 2048
"""Pixels: the longer side that pictures are reduced to."""

MAX_PIXELS = 180_000_000
"""A picture with more pixels than this is refused before it is decoded: Pillow takes 4 bytes a pixel and a little.
The limits are kept by this module alone: Pillow's own is a process-wide setting with two thresholds, so it is
switched off below."""

MAX_PIXELS_OF = {"WEBP": 65_000_000, "AVIF": 110_000_000, "HEIF": 110_000_000, "JPEG2000": 54_000_000}
"""Formats whose decoders take more (measured: 15, 9 and 19 bytes a pixel); of JPEG 2000 after it is reduced."""

MAX_SEQUENTIAL_JPEG = 1_000_000_000
"""The limit for a JPEG that is stored in one scan: it is decoded at up to an eighth of its size, a few rows at a
time. (One in several scans, such as a progressive one, is kept whole while it is decoded.)"""

Extent = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of a decoded picture: the part that is the picture. A JPEG that was decoded
smaller has parts of pixels at its edge."""

_TILE_WIDTH, _TILE_HEIGHT = 322, 323

Image.MAX_IMAGE_PIXELS = None


def check(picture: Image.Image, data: bytes) -> None:
    """Raises UnreadableMedia when decoding this picture, opened from `data`, would need too much memory."""
    width, height = picture.size
    pixels, limit = width * height, MAX_PIXELS_OF.get(picture.format or "", MAX_PIXELS)
    if picture.format == "JPEG2000":
        limit = min(MAX_PIXELS, limit * 4 ** _halvings(picture))
    elif pixels > limit and picture.format in ("JPEG", "MPO") and jpeg_in_one_scan(data):
        limit = MAX_SEQUENTIAL_JPEG
    if pixels > limit:
        raise UnreadableMedia(
            f"{width} x {height} is {pixels / 1e6:,.0f} megapixels, more than the limit of "
            f"{limit / 1e6:,.0f}; make a smaller copy"
        )
    if picture.format == "TIFF":
        tags = cast("TiffImageFile", picture).tag_v2
        across, down = tags.get(_TILE_WIDTH, 0), tags.get(_TILE_HEIGHT, 0)
        if not (isinstance(across, int) and isinstance(down, int)) or across * down > MAX_PIXELS:
            raise UnreadableMedia("its tiles are larger than a picture may be")


def reduced(width: int, height: int) -> tuple[int, int]:
    """The size in which a picture is worked on: at most `WORKING_SIDE` at its longer side, at least 1 pixel."""
    factor = min(1.0, WORKING_SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def load(picture: Image.Image) -> tuple[tuple[int, int], Extent]:
    """Decodes a picture, smaller where its format can do that. Returns its full size, and what part of the decoded
    pixels it is. What a decoder raises is passed on; ValueError when the pixels are not of the size that the
    header says (but of a HEIC, whose decoder alone knows what is cut off, it is theirs)."""
    width, height = expected = picture.size
    extent: Extent = (0.0, 0.0, float(width), float(height))
    if picture.format in ("JPEG", "MPO"):
        drafted = picture.draft("RGB", reduced(width, height))
        extent, expected = (drafted[1] if drafted else extent), picture.size
    elif picture.format == "JPEG2000" and (halvings := _halvings(picture)):
        picture.reduce = halvings  # type: ignore[assignment, method-assign]
        step = 1 << halvings
        expected = -(-width // step), -(-height // step)
        extent = (0.0, 0.0, width / step, height / step)
    picture.load()
    if picture.format == "HEIF":
        return picture.size, (0.0, 0.0, float(picture.width), float(picture.height))
    if picture.size != expected:
        raise ValueError(f"its pixels are {picture.width} x {picture.height}, its header says {width} x {height}")
    return (width, height), extent


def jpeg_in_one_scan(data: bytes) -> bool:
    """Whether the JPEG is sequential (baseline or extended) and its first scan holds all its colours."""
    at, colours = 2, 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if marker in (0xC0, 0xC1) and len(body) > 5:
            colours = body[5]
        elif marker == 0xDA:
            return colours > 0 and body[:1] == bytes([colours])
        at += 2 + length
    return False


def _halvings(picture: Image.Image) -> int:
    """How often a JPEG 2000 picture can be halved while it is decoded and still be as large as it is wanted."""
    width, height = picture.size
    small = reduced(width, height)
    wanted = min(width // small[0], height // small[1]).bit_length() - 1
    most = min(wanted, _levels(cast(BytesIO, picture.fp).getbuffer()))  # type: ignore[attr-defined]
    for halvings in range(most, 0, -1):
        step = 1 << halvings
        # Pillow rounds to the nearest, the decoder up: the larger steps are of use where both agree
        if all(-(-side // step) == (side + step // 2) // step for side in (width, height)):
            return halvings
    return 0


def _levels(data: memoryview) -> int:
    """Halvings that a JPEG 2000 file holds by its coding style (the COD segment of its main header); 0 if none."""
    head = bytes(data[: 1 << 16])
    at = head.find(b"\xff\x4f\xff\x51") + 2
    while 2 <= at < len(head) - 12 and head[at] == 0xFF and head[at + 1] not in (0x90, 0x93):
        if head[at + 1] == 0x52:
            return min(head[at + 9], 32)
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return 0
