"""Which pictures are read, told by their content, and how each is opened: its header only, nothing is decoded here.

Pillow reads most. HEIC goes to pillow-heif, RAW to `media.raw`; both are imported when the first such file comes.
"""

from __future__ import annotations

import io
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

from PIL import Image

from contrapposto.errors import UnreadableMedia
from contrapposto.media import raw, sizes

SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
        *(".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm"),
        *raw.SUFFIXES,
    }
)
"""Lower-case file suffixes that are read as photos."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")
"""Pillow's names of what it may take a file for. It has more readers; those that are not named see no file."""

_HEADERS = threading.Lock()
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_JPEG_XL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints what Pillow logs to stderr


class DecoderMissing(UnreadableMedia):
    """The package that reads such files is not installed or cannot be loaded here; the file itself may be good."""


def open_picture(data: bytes) -> Image.Image:
    """The picture in a file's bytes (of several its first or main one), not decoded yet.

    Raises UnreadableMedia when the bytes are empty, of no format that is read, damaged at their start, or would
    need too much memory; DecoderMissing.
    """
    if not data:
        raise UnreadableMedia("the file is empty")
    if data.startswith(_JPEG_XL):
        raise UnreadableMedia("JPEG XL pictures are not read; make a JPEG or PNG copy")
    try:
        with warnings_off():
            picture = _heif(data) if _is_heif(data) else Image.open(io.BytesIO(data), formats=FORMATS)
            if picture.format == "TIFF":
                _silence_libtiff()
                _read_tags(picture)
    except DecoderMissing:
        raise
    except Exception as error:  # any failure of a decoder is the file's
        raise UnreadableMedia(
            "not a JPEG, PNG, HEIC or other picture that is read, or its header is damaged"
        ) from error
    sizes.check(picture, data)
    return picture


@contextmanager
def warnings_off() -> Iterator[None]:
    """Pillow warns about odd headers. Warnings can be silenced for the whole process only: one thread at a time."""
    with _HEADERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def brands(data: bytes) -> set[bytes]:
    """The brands of a file of the ISO base media format (HEIC, AVIF, CR3 ...), none of another."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    return {data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))}


def _is_heif(data: bytes) -> bool:
    found = brands(data)
    return bool(found & _HEIF_BRANDS) and not found & _AVIF_BRANDS


def _heif(data: bytes) -> Image.Image:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise DecoderMissing(
            f"HEIC pictures need the package pillow-heif, which cannot be loaded ({error})"
        ) from error
    opened: Callable[[io.BytesIO], Image.Image] = HeifImageFile
    return opened(io.BytesIO(data))


@cache
def _silence_libtiff() -> None:
    """It writes what it finds wrong to stderr, from C; the failure itself is reported as an exception. Where the
    library cannot be reached (it is linked into Pillow on some systems) it goes on writing."""
    import ctypes

    from PIL import _imaging

    with suppress(AttributeError, OSError):
        libtiff = ctypes.CDLL(_imaging.__file__)
        for set_handler in (libtiff.TIFFSetErrorHandler, libtiff.TIFFSetWarningHandler):
            set_handler.restype = ctypes.c_void_p
            set_handler(None)


def _read_tags(picture: Image.Image) -> None:
    """Pillow reads these again after decoding, where it would warn; it then finds them read."""
    exif = picture.getexif()
    for key in (0x8769, 0x8825, 0xA005):
        if key in exif:
            exif.get_ifd(key)
