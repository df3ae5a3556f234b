"""What the EXIF block of a picture says: how to turn it, and when it was taken."""

from __future__ import annotations

import re

from PIL import Image

from contrapposto.media.formats import warnings_off

_ORIENTATION, _EXIF_FOLDER, _DATE_TAKEN, _DATE = 0x0112, 0x8769, 0x9003, 0x0132

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Orientation to the turn that shows the stored picture upright; 1 needs none."""

ACROSS = (5, 6, 7, 8)
"""Orientations that swap width and height."""


def read(picture: Image.Image) -> tuple[int | None, str | None]:
    """Orientation 1..8, None where none is stated, and ISO date (local time of the camera); a damaged block counts
    as none. Of a loaded picture: TIFF and HEIC are turned while they are decoded, and then say so."""
    try:
        with warnings_off():
            exif = picture.getexif()
            orientation = exif.get(_ORIENTATION)
            date = exif.get_ifd(_EXIF_FOLDER).get(_DATE_TAKEN) or exif.get(_DATE)
    except Exception:  # the picture itself can still be good
        return None, None
    return (orientation if orientation in range(1, 9) else None), _iso(date)


def _iso(date: object) -> str | None:
    found = re.match(r"(\d{4}):(\d\d):(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?", str(date or ""))
    if not found or found[1] == "0000":
        return None
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return f"{day}T{found[4]}:{found[5]}:{found[6]}" if found[4] else day
