"""Photo files of all kinds to upright RGB arrays."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto.media.photos import WORKING_SIDE, decode
from tests.media.encoded import encode, exif, noise, png_chunks, png_of, quarters, stored_for

KINDS = {"JPEG": {"quality": 95, "subsampling": 0}, "PNG": {}, "WEBP": {"lossless": True}}


def close(found: NDArray[np.uint8], wanted: NDArray[np.uint8], within: float = 12) -> bool:
    """All but the pixels next to an edge, where JPEG rings."""
    away = np.abs(found.astype(int) - wanted.astype(int)).max(axis=2)
    return found.shape == wanted.shape and float(np.percentile(away, 95)) <= within


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_turn_is_shown_upright(kind: str, orientation: int) -> None:
    shown = quarters(60, 40)
    data = encode(stored_for(orientation, shown), kind, exif=exif(orientation).tobytes(), **KINDS[kind])
    photo = decode(data)
    assert (photo.width, photo.height) == (60, 40)
    assert photo.scale == (1, 1)
    assert close(photo.image, shown)
    if kind != "JPEG":
        np.testing.assert_array_equal(photo.image, shown)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_unknown_orientation_counts_as_upright(orientation: int) -> None:
    photo = decode(encode(quarters(), "JPEG", exif=exif(orientation).tobytes(), **KINDS["JPEG"]))
    assert close(photo.image, quarters())


def test_a_png_may_keep_its_exif_after_the_pixels() -> None:
    chunks = png_chunks(encode(stored_for(6, quarters()), "PNG", exif=exif(6, "2021:02:03 04:05:06").tobytes()))
    block = next(chunk for chunk in chunks if chunk[0] == b"eXIf")
    rest = [chunk for chunk in chunks if chunk[0] != b"eXIf"]
    photo = decode(png_of([*rest[:-1], block, rest[-1]]))
    np.testing.assert_array_equal(photo.image, quarters())
    assert photo.taken == "2021-02-03T04:05:06"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("taken", "changed", "expected"),
    [
        ("2023:06:01 12:30:59", "2024:01:01 00:00:00", "2023-06-01T12:30:59"),
        (None, "2024:01:01 00:00:00", "2024-01-01T00:00:00"),
        ("2023:06:01", None, "2023-06-01"),
        ("0000:00:00 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("yesterday", None, None),
        (None, None, None),
    ],
)
def test_date_of_exif(kind: str, taken: str | None, changed: str | None, expected: str | None) -> None:
    data = encode(quarters(), kind, exif=exif(1, taken, changed).tobytes())
    assert decode(data).taken == expected


def test_a_damaged_exif_block_does_not_stop_the_picture(recwarn: pytest.WarningsRecorder) -> None:
    data = encode(quarters(), "JPEG", exif=exif(1, "2023:06:01 12:30:59", "x" * 40).tobytes())
    start = data.index(b"Exif\0\0") + 6
    length = int.from_bytes(data[start - 8 : start - 6], "big") - 8
    random = np.random.default_rng(3)
    for _ in range(150):
        spoilt = bytearray(data)
        for place in random.integers(start, start + length, 4):
            spoilt[place] = random.integers(256)
        photo = decode(bytes(spoilt))
        assert sorted((photo.width, photo.height)) == [40, 60]
    assert not recwarn.list


def test_grey() -> None:
    ramp = np.tile(np.arange(0, 250, 5, dtype=np.uint8), (20, 1))
    np.testing.assert_array_equal(decode(encode(ramp)).image, np.repeat(ramp[:, :, None], 3, axis=2))
    assert close(decode(encode(ramp, "JPEG")).image, np.repeat(ramp[:, :, None], 3, axis=2))


def test_one_bit() -> None:
    board = (np.indices((16, 24)).sum(axis=0) % 2 == 0).astype(np.uint8) * 255
    photo = decode(encode(Image.fromarray(board).convert("1")))
    np.testing.assert_array_equal(photo.image, np.repeat(board[:, :, None], 3, axis=2))


def test_sixteen_bits() -> None:
    steps = np.array([[0, 257, 100 * 257, 200 * 257, 65535]], np.uint16).repeat(8, axis=0)
    grey = decode(encode(Image.fromarray(steps)))
    np.testing.assert_array_equal(grey.image[3, :, 0], [0, 1, 100, 200, 255])
    assert (grey.image == grey.image[:, :, :1]).all()
    deep = np.stack([steps, steps[:, ::-1], np.full_like(steps, 50 * 257)], axis=2)  # as OpenCV has it: B, G, R
    done, file = cv2.imencode(".png", deep)
    assert done
    colour = decode(file.tobytes()).image[0]
    np.testing.assert_array_equal(colour, [[50, 255, 0], [50, 200, 1], [50, 100, 100], [50, 1, 200], [50, 0, 255]])


def test_palette() -> None:
    picture = Image.fromarray(quarters()).quantize(8)
    assert picture.mode == "P"
    assert close(decode(encode(picture)).image, quarters(), within=3)


def test_transparent_parts_are_white() -> None:
    clear = np.dstack([quarters(), np.full((40, 60), 255, np.uint8)])
    clear[:20, :30, 3] = 0
    clear[:20, 30:, 3] = 128
    for kind in ("PNG", "WEBP"):
        found = decode(encode(Image.fromarray(clear), kind, **KINDS[kind])).image
        assert (found[5, 5] == 255).all()
        half = np.round(np.array([30, 160, 40]) * 128 / 255 + 255 * 127 / 255)
        np.testing.assert_allclose(found[5, 50], half, atol=1)
        np.testing.assert_array_equal(found[30, 50], [230, 220, 40])
    grey = np.dstack([np.full((8, 8), 90, np.uint8), np.zeros((8, 8), np.uint8)])
    assert (decode(encode(Image.fromarray(grey))).image == 255).all()


def test_transparency_by_colour_or_palette_index() -> None:
    rgb = decode(encode(quarters(), transparency=(220, 30, 30))).image
    assert (rgb[5, 5] == 255).all()
    np.testing.assert_array_equal(rgb[5, 50], [30, 160, 40])
    indices = np.zeros((10, 10), np.uint8)
    indices[:, 5:] = 1
    picture = Image.fromarray(indices)
    picture.putpalette([10, 20, 30, 200, 100, 50])
    one = decode(encode(picture, transparency=0)).image
    several = decode(encode(picture, transparency=bytes([255, 0]))).image
    assert (one[0, 0] == 255).all()
    np.testing.assert_array_equal(one[0, 9], [200, 100, 50])
    np.testing.assert_array_equal(several[0, 0], [10, 20, 30])
    assert (several[0, 9] == 255).all()
    level = decode(encode(np.tile(np.array([0, 200], np.uint8), (4, 1)), transparency=0)).image
    np.testing.assert_array_equal(level[0], [[255] * 3, [200] * 3])


def test_cmyk_jpeg_has_about_its_colours() -> None:
    picture = Image.fromarray(quarters()).convert("CMYK")
    data = encode(picture, "JPEG", quality=95, subsampling=0)
    assert Image.open(io.BytesIO(data)).mode == "CMYK"
    assert close(decode(data).image, quarters(), within=25)


def test_the_content_decides_not_the_name() -> None:
    for kind in KINDS:
        assert close(decode(encode(quarters(), kind, **KINDS[kind])).image, quarters())


def dot(width: int, height: int, x: float, y: float) -> NDArray[np.uint8]:
    """White disc of 24 px radius on black; its middle is the point x, y."""
    across, down = np.arange(width) + 0.5 - x, np.arange(height) + 0.5 - y
    disc = across[None, :] ** 2 + down[:, None] ** 2 <= 24**2
    return np.repeat(disc[:, :, None], 3, axis=2).astype(np.uint8) * 255


def middle(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """x, y of the light in a picture, in its frame (pixel centres lie at halves)."""
    light = image.mean(axis=2)
    y, x = np.indices(light.shape) + 0.5
    return np.array([(x * light).sum(), (y * light).sum()]) / light.sum()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
@pytest.mark.parametrize("size", [(2501, 1003), (1000, 5003)])
def test_a_large_photo_is_reduced_and_its_points_map_back(
    kind: str, orientation: int, size: tuple[int, int]
) -> None:
    width, height = size
    x, y = width * 0.81, height * 0.13
    stored = turned_back(orientation, dot(width, height, x, y))
    speed = {"compress_level": 1} if kind == "PNG" else {}
    photo = decode(encode(stored, kind, exif=exif(orientation).tobytes(), **speed))
    assert (photo.width, photo.height) == (width, height)
    assert max(photo.image.shape[:2]) == WORKING_SIDE
    assert photo.image.shape[1] == pytest.approx(width * WORKING_SIDE / max(size), abs=1)
    assert photo.scale == (width / photo.image.shape[1], height / photo.image.shape[0])
    np.testing.assert_allclose(middle(photo.image) * photo.scale, [x, y], atol=0.6)


def turned_back(orientation: int, shown: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As `stored_for`, fast; checked against it below."""
    turn = {1: lambda a: a, 3: lambda a: a[::-1, ::-1], 6: lambda a: np.rot90(a), 7: lambda a: a[::-1, ::-1]}
    stored = turn[orientation](shown)
    return np.ascontiguousarray(stored.transpose(1, 0, 2) if orientation == 7 else stored)


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
def test_the_fast_turn_of_these_tests(orientation: int) -> None:
    np.testing.assert_array_equal(turned_back(orientation, quarters()), stored_for(orientation, quarters()))


@pytest.mark.parametrize("size", [(6000, 1), (1, 6000), (1, 1), (2048, 3), (2049, 1)])
def test_thin_pictures(size: tuple[int, int]) -> None:
    photo = decode(encode(np.full((size[1], size[0], 3), 77, np.uint8)))
    assert (photo.width, photo.height) == size
    assert max(photo.image.shape[:2]) == min(max(size), WORKING_SIDE)
    assert (photo.image == 77).all()


def test_the_working_side_itself_is_not_reduced() -> None:
    image = noise(WORKING_SIDE, 64)
    np.testing.assert_array_equal(decode(encode(image)).image, image)


def test_reduction_averages() -> None:
    """Stripes of one pixel become grey, not black or white."""
    stripes = np.zeros((400, 2 * WORKING_SIDE, 3), np.uint8)
    stripes[:, ::2] = 255
    found = decode(encode(stripes)).image[50:150, 100:-100]
    assert 110 < found.min() <= found.max() < 145


def test_the_picture_is_an_array_of_the_promised_kind() -> None:
    for mode in ("RGB", "L", "1", "P", "LA", "RGBA"):
        photo = decode(encode(Image.fromarray(quarters()).convert(mode)))
        assert photo.image.shape == (40, 60, 3)
        assert photo.image.dtype == np.uint8
