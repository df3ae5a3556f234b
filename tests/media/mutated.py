"""Small valid files of every format that is read, and ways to spoil them that depend on a seed alone."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import numpy as np
from PIL import Image

from tests.media.containers import dng, plain_tiff
from tests.media.encoded import encode, exif, noise

Mutation = Callable[[bytes, np.random.Generator], bytes]


def valid_files() -> dict[str, bytes]:
    """Name (its suffix is that of the format) to bytes."""
    import pillow_heif

    shown = noise(48, 32)
    picture = Image.fromarray(shown)
    frames = {"save_all": True, "append_images": [Image.fromarray(noise(48, 32, seed=8))]}
    block = exif(6, "2023:06:01 12:30:59").tobytes()
    grey = np.asarray(picture.convert("L"))
    heic = io.BytesIO()
    pillow_heif.from_pillow(picture).save(heic, quality=60)
    return {
        "a.jpg": encode(picture, "JPEG", exif=block),
        "progressive.jpg": encode(picture, "JPEG", progressive=True),
        "cmyk.jpg": encode(picture.convert("CMYK"), "JPEG"),
        "a.png": encode(picture, "PNG", exif=block),
        "palette.png": encode(picture.quantize(32), "PNG"),
        "sixteen.png": encode(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"),
        "animated.png": encode(picture, "PNG", **frames),
        "a.webp": encode(picture, "WEBP", exif=block),
        "lossless.webp": encode(picture, "WEBP", lossless=True),
        "animated.webp": encode(picture, "WEBP", **frames),
        "a.gif": encode(picture, "GIF"),
        "animated.gif": encode(picture, "GIF", **frames),
        "a.bmp": encode(picture, "BMP"),
        "palette.bmp": encode(picture.quantize(32), "BMP"),
        "a.tif": plain_tiff(shown, "2023:06:01 12:30:59"),
        "big endian.tif": plain_tiff(shown, "2023:06:01 12:30:59", ">"),
        "lzw.tif": encode(picture, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encode(picture.convert("RGBA"), "TIFF", compression="tiff_adobe_deflate"),
        "jpeg.tif": encode(picture, "TIFF", compression="jpeg"),
        "fax.tif": encode(picture.convert("1"), "TIFF", compression="group4"),
        "float.tif": encode(Image.fromarray(grey.astype(np.float32) / 255), "TIFF", compression="tiff_lzw"),
        "pages.tif": encode(picture, "TIFF", compression="packbits", **frames),
        "a.avif": encode(picture, "AVIF", speed=10, exif=block),
        "animated.avif": encode(picture, "AVIF", speed=10, **frames),
        "a.heic": heic.getvalue(),
        "a.jp2": encode(picture, "JPEG2000"),
        "a.ppm": encode(picture, "PPM"),
        "a.dng": dng(encode(picture, "JPEG"), (48, 32), 6, "2023:06:01 12:30:59"),
        "big endian.dng": dng(encode(picture, "JPEG"), (48, 32), order=">"),
    }


def flipped_bits(data: bytes, random: np.random.Generator) -> bytes:
    """1 to 20 bits anywhere."""
    spoilt = bytearray(data)
    for place in random.integers(0, len(data), random.integers(1, 21)):
        spoilt[place] ^= 1 << int(random.integers(8))
    return bytes(spoilt)


def garbage_in_the_header(data: bytes, random: np.random.Generator) -> bytes:
    """1 to 16 bytes of the first 200, the mark of the format spared."""
    spoilt = bytearray(data)
    for place in random.integers(8, min(200, len(data)), random.integers(1, 17)):
        spoilt[place] = int(random.integers(256))
    return bytes(spoilt)


def cut_short(data: bytes, random: np.random.Generator) -> bytes:
    """The first part, of any length."""
    return data[: int(random.integers(0, len(data)))]


def zeros(data: bytes, random: np.random.Generator) -> bytes:
    """A run of zero bytes, of up to half the file."""
    start = int(random.integers(0, len(data)))
    length = int(random.integers(1, len(data) // 2))
    return (data[:start] + bytes(length) + data[start + length :])[: len(data)]


def swapped_parts(data: bytes, random: np.random.Generator) -> bytes:
    """Cut in four at any places, two of the parts exchanged."""
    cuts = [0, *sorted(int(cut) for cut in random.integers(1, len(data), 3)), len(data)]
    parts = [data[start:end] for start, end in itertools.pairwise(cuts)]
    one, other = random.choice(4, 2, replace=False)
    parts[one], parts[other] = parts[other], parts[one]
    return b"".join(parts)


def absurd_numbers(data: bytes, random: np.random.Generator) -> bytes:
    """A number of the first 400 bytes (size, offset, count ...) made very large, as 16 or 32 bits."""
    spoilt = bytearray(data)
    for place in random.integers(4, min(400, len(data) - 4), random.integers(1, 3)):
        number = bytes.fromhex(
            str(random.choice(["ffff", "ffffffff", "7fffffff", "ffffff7f", "0000ffff", "80000000"]))
        )
        spoilt[place : place + len(number)] = number
    return bytes(spoilt)


def doubled(data: bytes, random: np.random.Generator) -> bytes:
    """The file, whole or in part, and then itself once more."""
    return data[: int(random.integers(len(data) // 4, len(data) + 1))] + data


def inserted(data: bytes, random: np.random.Generator) -> bytes:
    """Up to 300 random bytes put in somewhere."""
    place = int(random.integers(0, len(data)))
    return data[:place] + random.bytes(int(random.integers(1, 301))) + data[place:]


MUTATIONS: dict[str, Mutation] = {
    function.__name__: function
    for function in (
        flipped_bits,
        garbage_in_the_header,
        cut_short,
        zeros,
        swapped_parts,
        absurd_numbers,
        doubled,
        inserted,
    )
}
