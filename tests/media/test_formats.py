"""Every format that is read: its modes, compressions, turns and frames."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto.media.formats import DecoderMissing
from contrapposto.media.photos import WORKING_SIDE, decode
from tests.media.containers import plain_tiff
from tests.media.encoded import encode, exif, noise, quarters, stored_for
from tests.media.test_photos import close

LOSSLESS = ("TIFF", "BMP", "GIF", "PPM", "JPEG2000")
COLOURS = {"within": 16}


def heic(image: NDArray[np.uint8] | Image.Image, **options: object) -> bytes:
    import pillow_heif

    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream, quality=90, **options)
    return stream.getvalue()


def avif(image: NDArray[np.uint8] | Image.Image, **options: object) -> bytes:
    return encode(image, "AVIF", quality=90, speed=10, subsampling="4:4:4", **options)


MODERN: dict[str, Callable[..., bytes]] = {"heic": heic, "avif": avif}


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats(kind: str) -> None:
    photo = decode(encode(quarters(), kind))
    np.testing.assert_array_equal(photo.image, quarters())
    assert (photo.width, photo.height, photo.taken) == (60, 40, None)


@pytest.mark.parametrize("kind", MODERN)
def test_modern_formats(kind: str) -> None:
    photo = decode(MODERN[kind](quarters()))
    assert (photo.width, photo.height, photo.taken) == (60, 40, None)
    assert close(photo.image, quarters(), **COLOURS)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_tiff_turns_once(compression: str, orientation: int) -> None:
    data = encode(stored_for(orientation, quarters()), "TIFF", exif=exif(orientation), compression=compression)
    photo = decode(data)
    np.testing.assert_array_equal(photo.image, quarters())
    assert (photo.width, photo.height) == (60, 40)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", MODERN)
def test_modern_formats_turn_once(kind: str, orientation: int) -> None:
    """The encoders write the turn into the container, where viewers look for it."""
    block = exif(orientation, "2023:06:01 12:30:59").tobytes()
    photo = decode(MODERN[kind](stored_for(orientation, quarters()), exif=block))
    assert (photo.width, photo.height) == (60, 40)
    assert close(photo.image, quarters(), **COLOURS)
    assert photo.taken == "2023-06-01T12:30:59"


@pytest.mark.parametrize("order", ["<", ">"])
def test_date_of_a_tiff(order: str) -> None:
    photo = decode(plain_tiff(quarters(), "2023:06:01 12:30:59", order))
    np.testing.assert_array_equal(photo.image, quarters())
    assert photo.taken == "2023-06-01T12:30:59"


@pytest.mark.parametrize("compression", ["tiff_adobe_deflate", "packbits", "tiff_lzw", "lzma", "zstd"])
def test_compressed_tiff(compression: str) -> None:
    np.testing.assert_array_equal(decode(encode(quarters(), "TIFF", compression=compression)).image, quarters())


def test_tiff_with_jpeg_inside() -> None:
    assert close(decode(encode(quarters(), "TIFF", compression="jpeg", quality=95)).image, quarters(), **COLOURS)


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_tiff_of_a_fax(compression: str) -> None:
    board = (np.indices((16, 24)).sum(axis=0) % 2 == 0).astype(np.uint8) * 255
    photo = decode(encode(Image.fromarray(board).convert("1"), "TIFF", compression=compression))
    np.testing.assert_array_equal(photo.image, np.repeat(board[:, :, None], 3, axis=2))


STEPS = np.array([[0, 1, 100, 200, 255]] * 4)


@pytest.mark.parametrize(
    ("deep", "wanted"),
    [
        ((STEPS * 257).astype(np.uint16), STEPS),
        ((STEPS / 255).astype(np.float32), STEPS),
        (STEPS.astype(np.float32), STEPS),
        ((STEPS * 257).astype(np.float32), STEPS),
        ((STEPS * 10000).astype(np.float32), STEPS),  # the largest is white
        (STEPS.astype(np.int32), STEPS),
        ((STEPS * 257).astype(np.int32), STEPS),
        ((STEPS * 2**23).astype(np.int32), STEPS),
        (np.array([[np.nan, -1, np.inf, 0.5, 1]], np.float32), np.array([[0, 0, 255, 127, 255]])),
    ],
)
def test_deep_tiff(deep: NDArray[np.generic], wanted: NDArray[np.int64]) -> None:
    found = decode(encode(Image.fromarray(deep), "TIFF")).image
    assert (found == found[:, :, :1]).all()
    assert np.abs(found[:, :, 0].astype(int) - wanted).max() <= 1  # cut off, not rounded


def test_tiff_of_32_bits_without_a_sign() -> None:
    done, file = cv2.imencode(".tiff", (STEPS.astype(np.uint64) * (2**32 // 256)).astype(np.uint32))
    assert done
    found = decode(file.tobytes()).image[:, :, 0]
    assert np.abs(found.astype(int) - STEPS).max() <= 1


def test_tiff_of_16_bits_a_colour() -> None:
    done, file = cv2.imencode(".tiff", quarters()[:, :, ::-1].astype(np.uint16) * 257)
    assert done
    np.testing.assert_array_equal(decode(file.tobytes()).image, quarters())


@pytest.mark.parametrize("mode", ["CMYK", "P", "LAB", "YCbCr", "RGBA", "RGBX", "LA"])
def test_modes_of_tiff(mode: str) -> None:
    from PIL import ImageCms

    picture = Image.fromarray(quarters())
    wanted = quarters()
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        picture = ImageCms.profileToProfile(picture, srgb, lab, outputMode="LAB")
    elif mode == "P":
        picture = picture.quantize(8)
    else:
        picture = picture.convert(mode)
        if mode == "LA":
            wanted = np.asarray(picture.convert("RGB"))
    assert close(decode(encode(picture, "TIFF")).image, wanted, within=4)


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_page_or_frame_is_taken(kind: str) -> None:
    later = [Image.new("RGB", (60, 40), colour) for colour in ("white", "black")]
    options = {"WEBP": {"lossless": True}, "AVIF": {"subsampling": "4:4:4", "quality": 90}}.get(kind, {})
    data = encode(quarters(), kind, save_all=True, append_images=later, **options)
    assert getattr(Image.open(io.BytesIO(data)), "n_frames", 1) == 3
    photo = decode(data)
    assert (photo.width, photo.height) == (60, 40)
    assert close(photo.image, quarters(), **COLOURS)


def test_the_main_picture_of_a_heic_is_taken() -> None:
    import pillow_heif

    file = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "white"))
    file.add_from_pillow(Image.fromarray(quarters()))
    stream = io.BytesIO()
    file.save(stream, quality=90, primary_index=1)
    assert close(decode(stream.getvalue()).image, quarters(), **COLOURS)


def test_transparent_gif_is_white_where_nothing_is() -> None:
    indices = np.zeros((10, 10), np.uint8)
    indices[:, 5:] = 1
    picture = Image.fromarray(indices)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    found = decode(encode(picture, "GIF", transparency=0)).image
    assert (found[:, :5] == 255).all()
    assert (found[:, 5:] == [200, 100, 50]).all()


@pytest.mark.parametrize("kind", MODERN)
def test_transparent_modern_pictures(kind: str) -> None:
    clear = np.dstack([quarters(), np.full((40, 60), 255, np.uint8)])
    clear[:20, :30, 3] = 0
    found = decode(MODERN[kind](Image.fromarray(clear))).image
    assert (found[4:16, 4:26] >= 250).all()
    assert close(found[20:], quarters()[20:], **COLOURS)


@pytest.mark.parametrize(("mark", "colours"), [("P1", 1), ("P2", 1), ("P3", 3)])
def test_text_pictures(mark: str, colours: int) -> None:
    values = " ".join(["0", "1"] * 3 * colours) if mark == "P1" else " ".join(["0", "9"] * 3 * colours)
    text = f"{mark}\n# note\n3 2\n" + ("" if mark == "P1" else "9\n") + values + "\n"
    photo = decode(text.encode())
    assert (photo.width, photo.height) == (3, 2)
    assert set(np.unique(photo.image)) == {0, 255}


def test_bmp_from_the_bottom_up() -> None:
    rows = b"".join(bytes([blue, 0, 255 - blue, 0, 0, 0, 0, 0]) for blue in (0, 255))  # 2 pixels, padded to 4 bytes
    header = (
        b"BM"
        + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, 24, *[0] * 6)
    )
    found = decode(header + rows).image
    np.testing.assert_array_equal(found[:, 0], [[0, 0, 255], [255, 0, 0]])


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "BMP", "JPEG2000", "AVIF"])
def test_large_pictures_of_other_formats_are_reduced(kind: str) -> None:
    image = np.zeros((300, 3000, 3), np.uint8)
    image[:, 1500:] = 255
    options = {"speed": 10} if kind == "AVIF" else {}
    photo = decode(encode(image, kind, **options))
    assert (photo.width, photo.height) == (3000, 300)
    assert photo.image.shape[:2] == (round(300 * WORKING_SIDE / 3000), WORKING_SIDE)
    assert photo.image[:, 1000].max() < 8
    assert photo.image[:, 1048].min() > 247


def test_a_missing_package_is_named_and_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic(quarters())
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DecoderMissing, match="HEIC pictures need the package pillow-heif"):
        decode(data)


def test_decoders_are_loaded_when_they_are_needed() -> None:
    code = (
        "import sys, contrapposto.media.photos\n"
        "print(*{'pillow_heif', 'rawpy', 'PIL.AvifImagePlugin', 'PIL.ImageCms', 'cv2'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []


def test_several_threads_decode_all_formats() -> None:
    shown = noise(64, 48)
    files = [
        *(encode(shown, kind) for kind in ("TIFF", "GIF", "WEBP", "JPEG2000")),
        encode(shown, "TIFF", compression="tiff_lzw"),
        heic(shown),
        avif(shown),
    ]
    alone = [decode(data).image for data in files]
    with ThreadPoolExecutor(6) as pool:
        for number, photo in enumerate(pool.map(decode, files * 12)):
            np.testing.assert_array_equal(photo.image, alone[number % len(files)])
