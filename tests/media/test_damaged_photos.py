"""Whatever the bytes are: a photo, or UnreadableMedia with one line; no other exception, no warning."""

from __future__ import annotations

import io
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from contrapposto.errors import UnreadableMedia
from contrapposto.media.photos import Photo, decode
from tests.media.encoded import encode, exif, jpeg_that_says, noise, png_that_says, quarters, webp_that_says

FILES = {
    "jpeg": encode(noise(), "JPEG", exif=exif(6).tobytes()),
    "progressive": encode(noise(), "JPEG", progressive=True),
    "png": encode(noise(), "PNG", exif=exif(6).tobytes()),
    "webp": encode(noise(), "WEBP", exif=exif(6).tobytes()),
    "lossless webp": encode(noise(), "WEBP", lossless=True),
}


def refused(data: bytes) -> str:
    """The reason, which must be one line."""
    with pytest.raises(UnreadableMedia) as caught:
        decode(data)
    reason = str(caught.value)
    assert reason
    assert "\n" not in reason
    assert len(reason) < 200
    return reason


@pytest.mark.parametrize("name", FILES)
def test_truncated_files(name: str, recwarn: pytest.WarningsRecorder) -> None:
    data = FILES[name]
    last = len(data) - (24 if name == "png" else 1)  # a PNG is whole without its checksums and empty last chunk
    for length in sorted({1, 2, 3, 4, 8, 10, 12, 16, 20, 30, 40, *np.linspace(50, last, 60).astype(int)}):
        refused(data[:length])
    assert not recwarn.list


def test_nothing() -> None:
    assert refused(b"") == "the file is empty"


@pytest.mark.parametrize(
    "data",
    [
        b"hello, this is no picture\n" * 50,
        b"\0" * 5000,
        b"\xff" * 5000,
        b"%PDF-1.7\n...",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x24\0\0\0WEBPVP8 ",
        b"RIFF\xff\xff\xff\xffWEBPVP8X",
        np.random.default_rng(5).bytes(4000),
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    refused(data)


@pytest.mark.parametrize("kind", ["ICO", "TGA", "PDF", "PCX", "SGI", "DDS"])
def test_other_formats_are_not_read(kind: str) -> None:
    assert refused(encode(quarters(), kind)).startswith("not a JPEG, PNG, HEIC or other picture that is read")


@pytest.mark.parametrize("mark", [b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"])
def test_jpeg_xl_is_named(mark: bytes) -> None:
    assert refused(mark + bytes(100)) == "JPEG XL pictures are not read; make a JPEG or PNG copy"


@pytest.mark.parametrize("data", [png_that_says(60000, 60000), jpeg_that_says(60000, 60000)])
def test_a_bomb_is_refused_before_it_is_decoded(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("was decoded")

    monkeypatch.setattr(Image.Image, "load", never)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    reason = refused(data)
    assert reason.startswith("60000 x 60000 is 3,600 megapixels")
    assert "make a smaller copy" in reason


def test_a_size_that_the_pixels_do_not_have() -> None:
    refused(png_that_says(200, 200))
    either(jpeg_that_says(4000, 4000))  # the decoder makes up what is missing


def test_a_webp_whose_canvas_is_not_that_of_its_pixels() -> None:
    refused(webp_that_says(16384, 16384))


def test_a_png_that_says_nothing_wide() -> None:
    refused(png_that_says(0, 40))
    refused(png_that_says(2**31 - 1, 2**31 - 1))


def test_zeros_in_the_middle() -> None:
    refused(with_zeros("png"))


@pytest.mark.parametrize("name", ["jpeg", "progressive", "webp", "lossless webp"])
def test_zeros_in_the_middle_that_may_not_be_noticed(name: str) -> None:
    """These formats have no checksum, and runs of zeros are legal in them: what the decoder reads is taken."""
    either(with_zeros(name))
    middle = len(FILES[name]) // 2
    either(FILES[name][:middle] + bytes(len(FILES[name]) - middle))


def with_zeros(name: str) -> bytes:
    data = bytearray(FILES[name])
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    return bytes(data)


def either(data: bytes) -> Photo | None:
    reason = ""
    try:
        return decode(data)
    except UnreadableMedia as error:
        reason = str(error)
    assert "\n" not in reason
    return None


@pytest.mark.parametrize("name", FILES)
def test_random_damage(name: str, recwarn: pytest.WarningsRecorder) -> None:
    random = np.random.default_rng(len(name))
    data, read = FILES[name], 0
    for round_ in range(200):
        spoilt = bytearray(data)
        for place in random.integers(0, len(data) if round_ % 2 else 200, random.integers(1, 6)):
            spoilt[place] = random.integers(256)
        photo = either(bytes(spoilt))
        if photo is not None:
            read += 1
            assert photo.image.ndim == 3
            assert photo.image.dtype == np.uint8
    assert not recwarn.list
    assert read < 200


def test_threads_leave_the_warning_filters_as_they_were() -> None:
    damaged = bytearray(encode(quarters(), "JPEG", exif=exif(6, "2020:01:01 00:00:00").tobytes()))
    start = damaged.index(b"Exif\0\0") + 14
    damaged[start : start + 2] = b"\xff\x7f"  # says that it holds 32,767 entries
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Image.open(io.BytesIO(bytes(damaged))).getexif()
        assert caught, "the premise: Pillow warns about this file"
        caught.clear()
        before = list(warnings.filters)
        gate = threading.Barrier(8)

        def work(_: int) -> None:
            gate.wait()
            for _ in range(20):
                decode(bytes(damaged))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert warnings.filters == before
        assert not caught
