"""Photo files to upright RGB arrays.

The picture is turned as its EXIF says, converted to 8-bit RGB (transparent parts on white) and, when its longer
side exceeds `WORKING_SIDE`, reduced: finding people needs no more, and it bounds memory. Sizes and dates are
those of the full picture.
"""

from __future__ import annotations

import io
import re
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contrapposto.errors import UnreadableMedia

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"})
"""Lower-case file suffixes that are read as photos."""

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 180_000_000
"""A picture with more pixels than this is refused: decoding it could exhaust memory. Kept by this module alone:
Pillow's own limit is a process-wide setting with two thresholds, so it is switched off below."""

MAX_FILE_BYTES = 1 << 30
"""A larger file is refused: no photo needs it."""

WORKING_SIDE = 2048
"""Pixels: the longer side that pictures are reduced to."""

_HEADERS = threading.Lock()
_ORIENTATION, _EXIF_FOLDER, _DATE_TAKEN, _DATE = 0x0112, 0x8769, 0x9003, 0x0132

Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """image: (H, W, 3) uint8 RGB, upright, perhaps reduced; width, height: pixels of the full picture, upright;
    taken: ISO date and time from EXIF (local time of the camera), or None."""

    image: NDArray[np.uint8]
    width: int
    height: int
    taken: str | None

    @property
    def scale(self) -> tuple[float, float]:
        """Full-picture pixels per pixel of `image`, along x and y; 1 or more."""
        return self.width / self.image.shape[1], self.height / self.image.shape[0]


def read_file(path: Path) -> bytes:
    """The bytes of a photo's file.

    Raises UnreadableMedia (without the path, which the caller knows) when it cannot be read, is no regular file
    (a pipe would wait for ever), or is larger than `MAX_FILE_BYTES`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableMedia("not a regular file")
        if status.st_size > MAX_FILE_BYTES:
            raise UnreadableMedia(f"{status.st_size / 1e9:.1f} GB is more than a photo's file may have")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableMedia(f"cannot be read ({error.strerror or error})") from error


def decode(data: bytes) -> Photo:
    """The photo in a file's bytes.

    Raises UnreadableMedia (without the path, which the caller knows) when the bytes are empty, not JPEG, PNG or
    WebP, damaged, or too large.
    """
    if not data:
        raise UnreadableMedia("the file is empty")
    try:
        with _header_warnings_off():
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except Exception as error:  # any failure of a decoder is the file's
        raise UnreadableMedia("not a JPEG, PNG or WebP picture, or its header is damaged") from error
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise UnreadableMedia(
            f"{width} x {height} is {width * height / 1e6:,.0f} megapixels, more than the limit of "
            f"{MAX_PIXELS / 1e6:.0f}; make a smaller copy"
        )
    try:
        small = _reduced(width, height)
        drafted = picture.draft("RGB", small)
        extent = drafted[1] if drafted else (0, 0, width, height)  # a JPEG half decoded has half pixels at its edge
        picture.load()  # before the EXIF block, which a PNG may hold after its pixels
        orientation, taken = _exif(picture)
        upright = _to_rgb(picture)
        if small != extent[2:]:
            upright = upright.resize(small, Image.Resampling.HAMMING, extent, reducing_gap=2.0)
        if orientation in _TURNS:
            upright = upright.transpose(_TURNS[orientation])
        if orientation in (5, 6, 7, 8):
            width, height = height, width
        return Photo(np.asarray(upright), width, height, taken)
    except Exception as error:
        raise UnreadableMedia(f"damaged or cut short ({_one_line(error)})") from error


@contextmanager
def _header_warnings_off() -> Iterator[None]:
    """Pillow warns about odd headers. Warnings can be silenced for the whole process only: one thread at a time."""
    with _HEADERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _reduced(width: int, height: int) -> tuple[int, int]:
    factor = min(1.0, WORKING_SIDE / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def _exif(picture: Image.Image) -> tuple[int, str | None]:
    """Orientation 1..8 and ISO date; a damaged EXIF block counts as none."""
    try:
        with _header_warnings_off():
            exif = picture.getexif()
            orientation = exif.get(_ORIENTATION, 1)
            date = exif.get_ifd(_EXIF_FOLDER).get(_DATE_TAKEN) or exif.get(_DATE)
    except Exception:  # the picture itself can still be good
        return 1, None
    return (orientation if orientation in range(1, 9) else 1), _iso(date)


def _iso(date: object) -> str | None:
    found = re.match(r"(\d{4}):(\d\d):(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?", str(date or ""))
    if not found or found[1] == "0000":
        return None
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return f"{day}T{found[4]}:{found[5]}:{found[6]}" if found[4] else day


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel
        deep = np.asarray(picture).astype(np.float64)
        picture = Image.fromarray((deep / 257).clip(0, 255).astype(np.uint8))
    if picture.has_transparency_data:
        clear = picture.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        picture = Image.alpha_composite(white, clear)
    return picture.convert("RGB")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
