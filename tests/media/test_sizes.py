"""Very large pictures: reduced while they are decoded where that is possible, else refused before."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from contrapposto.errors import UnreadableMedia
from contrapposto.media.photos import decode
from contrapposto.media.sizes import jpeg_in_one_scan
from tests.media.containers import plain_tiff
from tests.media.encoded import encode, exif, noise, quarters
from tests.media.test_photos import dot, middle


def grey_jpeg(width: int, height: int) -> bytes:
    """A flat grey JPEG of any size, written block by block: of 128, so that every coefficient is 0, and each block
    is the standard tables' code for "no change" (00) and for "end of block" (1010)."""
    data = encode(Image.new("L", (8, 8), 128), "JPEG")
    size, scan = data.index(b"\xff\xc0") + 5, data.index(b"\xff\xda")
    start = scan + 2 + int.from_bytes(data[scan + 2 : scan + 4], "big")
    blocks = -(-width // 8) * -(-height // 8)
    assert blocks % 4 == 0
    body = bytes([0b00101000, 0b10100010, 0b10001010]) * (blocks // 4)
    return data[:size] + struct.pack(">HH", height, width) + data[size + 4 : start] + body + b"\xff\xd9"


def test_a_jpeg_of_600_megapixels() -> None:
    photo = decode(grey_jpeg(30000, 20000))
    assert (photo.width, photo.height) == (30000, 20000)
    assert photo.image.shape == (1365, 2048, 3)
    assert (photo.image == 128).all()


def test_one_scan_or_several() -> None:
    assert jpeg_in_one_scan(encode(noise(), "JPEG"))
    assert jpeg_in_one_scan(encode(Image.fromarray(noise()).convert("L"), "JPEG", exif=exif(3).tobytes()))
    assert not jpeg_in_one_scan(encode(noise(), "JPEG", progressive=True))
    one = encode(noise(), "JPEG")
    scan = one.index(b"\xff\xda") + 4
    assert not jpeg_in_one_scan(one[:scan] + b"\x01" + one[scan + 1 :])  # the first of three
    assert not jpeg_in_one_scan(one[:200])
    assert not jpeg_in_one_scan(b"\xff\xd8")


def test_a_jpeg_in_several_scans_is_refused_above_the_limit() -> None:
    data = bytearray(encode(quarters(), "JPEG", progressive=True))
    at = data.index(b"\xff\xc2")
    data[at + 5 : at + 9] = struct.pack(">HH", 20000, 30000)
    with pytest.raises(UnreadableMedia, match="30000 x 20000 is 600 megapixels, more than the limit of 180"):
        decode(bytes(data))


def test_sizes_that_no_picture_has_are_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("was decoded")

    tif = bytearray(plain_tiff(quarters()))
    for tag, value in ((256, 60000), (257, 60000)):
        entry = tif.index(struct.pack("<HHI", tag, 4, 1))
        tif[entry + 8 : entry + 12] = struct.pack("<I", value)
    bmp = bytearray(encode(quarters(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 60000, 60000)
    gif = bytearray(encode(quarters(), "GIF"))
    gif[6:10] = struct.pack("<HH", 60000, 60000)
    jp2 = bytearray(encode(quarters(), "JPEG2000", no_jp2=True))
    jp2[8:16] = struct.pack(">II", 60000, 60000)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    for data in (tif, bmp, gif, jp2, b"P6 60000 60000 255\n" + bytes(100)):
        with pytest.raises(UnreadableMedia, match="60000 x 60000 is 3,600 megapixels"):
            decode(bytes(data))


@pytest.mark.parametrize("size", [(4099, 301), (5003, 150), (9000, 100)])
@pytest.mark.parametrize("resolutions", [1, 6])
def test_jpeg_2000_is_reduced_as_far_as_it_can_be(size: tuple[int, int], resolutions: int) -> None:
    width, height = size
    x, y = width * 0.31, height * 0.63
    photo = decode(encode(dot(width, height, x, y), "JPEG2000", num_resolutions=resolutions))
    assert (photo.width, photo.height) == size
    assert max(photo.image.shape[:2]) == 2048
    # the pixels of its smaller copies lie at every second (fourth ...) pixel, not between two (four ...)
    np.testing.assert_allclose(middle(photo.image) * photo.scale, [x, y], atol=2.5)


def test_tiles_larger_than_a_picture_may_be() -> None:
    data = bytearray(plain_tiff(quarters()))
    for tag, other in ((277, 322), (278, 323)):  # samples per pixel and rows per strip become the tile's sides
        for kind in (3, 4):
            at = data.find(struct.pack("<HHI", tag, kind, 1))
            if at >= 0:
                data[at : at + 12] = struct.pack("<HHII", other, 4, 1, 60000)
    with pytest.raises(UnreadableMedia):
        decode(bytes(data))
