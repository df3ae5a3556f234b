"""Photo files to upright RGB arrays.

The picture is turned as its EXIF says, converted to 8-bit RGB (transparent parts on white) and, when its longer
side exceeds `WORKING_SIDE`, reduced: finding people needs no more, and it bounds memory. Sizes and dates are
those of the full picture; of a RAW photo those of its embedded preview.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from contrapposto.errors import UnreadableMedia
from contrapposto.media import exif, raw, sizes
from contrapposto.media.colour import reduced_rgb
from contrapposto.media.formats import SUFFIXES, DecoderMissing, open_picture
from contrapposto.media.sizes import WORKING_SIDE

__all__ = ["SUFFIXES", "WORKING_SIDE", "DecoderMissing", "Photo", "decode", "read_file"]

MAX_FILE_BYTES = 1 << 30
"""A larger file is refused: no photo needs it."""


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
    """The photo in a file's bytes; its format is told by them.

    Raises UnreadableMedia (without the path, which the caller knows) when the bytes are empty, of no format that
    is read, damaged, or too large; DecoderMissing when the package that reads such files cannot be loaded.
    """
    return _raw(data) if raw.is_raw(data) else _upright(open_picture(data))


def _raw(data: bytes) -> Photo:
    try:
        found = raw.preview(data)
    except ImportError as error:
        raise DecoderMissing(f"RAW photos need the package rawpy, which cannot be loaded ({error})") from error
    except Exception as error:
        raise UnreadableMedia(f"a RAW photo without a preview that can be read ({_one_line(error)})") from error
    picture = open_picture(found.picture) if isinstance(found.picture, bytes) else Image.fromarray(found.picture)
    photo = _upright(picture, found.orientation)
    stated = photo.taken if photo.taken and photo.taken > "1971" else None  # LibRaw puts 1970 into the preview
    return replace(photo, taken=found.taken or stated)


def _upright(picture: Image.Image, unless_stated: int = 1) -> Photo:
    """unless_stated: the orientation of a picture that states none itself."""
    try:
        (width, height), extent = sizes.load(picture)
        stated, taken = exif.read(picture)  # only now: a PNG may hold its EXIF block after its pixels
        orientation = stated or unless_stated
        upright = reduced_rgb(picture, sizes.reduced(width, height), extent)
        if orientation in exif.TURNS:
            upright = upright.transpose(exif.TURNS[orientation])
        if orientation in exif.ACROSS:
            width, height = height, width
        return Photo(np.asarray(upright), width, height, taken)
    except Exception as error:
        raise UnreadableMedia(f"damaged or cut short ({_one_line(error)})") from error


def _one_line(error: Exception) -> str:
    text = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else str(error)
    return " ".join(text.split())[:150] or type(error).__name__
