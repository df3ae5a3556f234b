"""RAW photos, as far as they can be made here: DNG files written by hand, and the marks of other makers."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from contrapposto.errors import UnreadableMedia
from contrapposto.media.formats import DecoderMissing
from contrapposto.media.photos import WORKING_SIDE, decode
from contrapposto.media.raw import is_raw
from tests.media.containers import dng, plain_tiff
from tests.media.encoded import encode, exif, noise, quarters, stored_for
from tests.media.test_photos import close

BEST = {"quality": 95, "subsampling": 0}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_preview_is_shown_upright(order: str, orientation: int) -> None:
    stored = stored_for(orientation, quarters())
    data = dng(encode(stored, "JPEG", **BEST), stored.shape[1::-1], orientation, "2023:06:01 12:30:59", order)
    photo = decode(data)
    assert (photo.width, photo.height) == (60, 40)
    assert close(photo.image, quarters())
    assert photo.taken == "2023-06-01T12:30:59"


def test_a_preview_that_says_itself_how_it_is_turned() -> None:
    stored = stored_for(6, quarters())
    inside = encode(stored, "JPEG", exif=exif(6, "2021:02:03 04:05:06").tobytes(), **BEST)
    cameras = inside[:2] + inside[20:]  # without the JFIF block, as cameras write it
    assert cameras[6:10] == b"Exif"
    photo = decode(dng(cameras, stored.shape[1::-1], 1))
    assert close(photo.image, quarters())
    assert photo.taken == "2021-02-03T04:05:06"


def test_without_a_date() -> None:
    assert decode(dng(encode(quarters(), "JPEG"))).taken is None


def test_a_large_preview_is_reduced() -> None:
    photo = decode(dng(encode(noise(3000, 400), "JPEG"), (3000, 400)))
    assert (photo.width, photo.height) == (3000, 400)
    assert photo.image.shape[1] == WORKING_SIDE


def test_without_a_preview() -> None:
    with pytest.raises(
        UnreadableMedia, match=r"a RAW photo without a preview that can be read \(No thumbnail in file\)"
    ):
        decode(dng(None))


def test_a_preview_that_is_damaged() -> None:
    whole = encode(noise(), "JPEG")
    with pytest.raises(UnreadableMedia):
        decode(dng(whole[:200] + bytes(len(whole) - 200), (96, 64)))


def test_what_is_raw_and_what_is_not() -> None:
    assert is_raw(dng(None))
    assert is_raw(dng(encode(quarters(), "JPEG"), order=">"))
    for mark in (
        b"FUJIFILMCCD-RAW 0201",
        b"IIRO\x08\0\0\0",
        b"IIU\0\x08\0\0\0",
        b"\0\0\0\x18ftypcrx \0\0\0\x01",
        b"II*\0\x10\0\0\0CR\x02\0",
    ):
        assert is_raw(mark + bytes(100))
    assert not is_raw(plain_tiff(quarters(), "2023:06:01 12:30:59"))
    for kind in ("TIFF", "JPEG", "PNG", "AVIF"):
        assert not is_raw(encode(quarters(), kind))
    for data in (b"", b"II*\0", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08\xff\xff", b"II*\0\x08\0\0\0\0\0\x08\0\0\0"):
        assert not is_raw(data)


def test_sensor_data_without_the_mark_of_dng_is_raw() -> None:
    """As NEF, ARW and PEF have it: known by what a sub-directory says of its pixels."""
    data = bytearray(dng(encode(quarters(), "JPEG")))
    at = data.index(b"\x12\xc6\x01\0\x04\0\0\0")  # tag 50706, four bytes
    data[at : at + 2] = b"\x01\xf0"
    assert is_raw(bytes(data))


def test_a_raw_photo_that_its_library_does_not_know() -> None:
    with pytest.raises(UnreadableMedia, match="a RAW photo without a preview that can be read"):
        decode(b"FUJIFILMCCD-RAW 0201FF393101" + bytes(4000))


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(DecoderMissing, match="RAW photos need the package rawpy"):
        decode(dng(encode(quarters(), "JPEG")))


def test_a_raw_photo_that_is_named_as_a_tiff_shows_its_preview_not_its_sensor() -> None:
    photo = decode(dng(encode(quarters(), "JPEG", **BEST), (60, 40)))
    assert np.unique(photo.image.reshape(-1, 3), axis=0).shape[0] > 3
    assert close(photo.image, quarters())
