"""Fingerprints: equal for copies, far apart for other pictures, and worked by an independent transform."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.fft import dctn

from contrapposto.media.fingerprint import SAME, distance, fingerprint
from contrapposto.media.photos import decode
from tests.media.encoded import encode, exif, noise, stored_for


def scene(seed: int, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """A smooth picture with most of its light in low frequencies, as photos have it."""
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width, 3))
    for side, strength in ((3, 1.0), (6, 0.6), (12, 0.35), (40, 0.1)):
        layer = Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8))
        picture += strength * np.asarray(layer.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float64)
    return (picture / 2.05).clip(0, 255).astype(np.uint8)


def of(image: NDArray[np.uint8] | Image.Image) -> int:
    found = fingerprint(np.array(image))
    assert found is not None
    return found


def test_against_scipy() -> None:
    """The signs of the 64 lowest frequencies, diagonal by diagonal."""
    image = scene(1, 64, 96)
    grey = image.astype(np.float64) @ [0.299, 0.587, 0.114]
    small = grey.reshape(32, 3, 32, 2).mean(axis=(1, 3))
    waves = dctn(small, norm="ortho")
    places = [(row, total - row) for total in range(1, 12) for row in range(total + 1)][:64]
    bits = [waves[place] > 0 for place in places]
    sure = [abs(waves[place]) > 3 for place in places]  # grey is rounded to 8 bits twice
    found = [of(image) >> (63 - number) & 1 for number in range(64)]
    assert sum(sure) > 40
    assert [b for b, s in zip(found, sure, strict=True) if s] == [b for b, s in zip(bits, sure, strict=True) if s]


def test_distance() -> None:
    assert distance(0, 0) == 0
    assert distance(0, 2**64 - 1) == 64
    assert distance(0b1011, 0b0110) == 3


def copies(image: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    picture = Image.fromarray(image)
    height, width = image.shape[:2]
    return {
        "jpeg 40": np.asarray(Image.open(io.BytesIO(encode(picture, "JPEG", quality=40))).convert("RGB")),
        "webp": np.asarray(Image.open(io.BytesIO(encode(picture, "WEBP", quality=75))).convert("RGB")),
        "half": np.asarray(picture.resize((width // 2, height // 2))),
        "double": np.asarray(picture.resize((width * 2, height * 2))),
        "cropped": image[: height - height // 50, width // 100 :],
        "brighter": (image * 1.15).clip(0, 255).astype(np.uint8),
        "darker": (image * 0.85).astype(np.uint8),
    }


@pytest.mark.parametrize("seed", range(10))
def test_copies_are_near(seed: int) -> None:
    image = scene(seed)
    for name, copy in copies(image).items():
        assert distance(of(image), of(copy)) <= SAME, name


def test_other_pictures_are_far() -> None:
    found = [of(scene(seed)) for seed in range(40)]
    apart = [distance(one, other) for at, one in enumerate(found) for other in found[:at]]
    assert min(apart) > SAME
    assert 24 < np.mean(apart) < 40, "bits of different pictures are as coins"


def test_turned_and_mirrored_pictures_are_others() -> None:
    image = scene(3)
    for other in (image[:, ::-1], image[::-1], image[::-1, ::-1], image.transpose(1, 0, 2), 255 - image):
        assert distance(of(image), of(other)) > 2 * SAME


def test_a_turn_that_was_baked_in_changes_nothing() -> None:
    shown = scene(4, 96, 64)
    turned = decode(encode(stored_for(6, shown), "PNG", exif=exif(6).tobytes()))
    baked = ImageOps.exif_transpose(Image.open(io.BytesIO(encode(stored_for(6, shown), "PNG", exif=exif(6)))))
    assert of(turned.image) == of(baked.convert("RGB")) == of(shown)


def test_a_single_colour_has_none() -> None:
    for colour in (0, 77, 255):
        assert fingerprint(np.full((40, 60, 3), colour, np.uint8)) is None
    faint = 100 + np.random.default_rng(1).integers(0, 2, (400, 600, 3))
    assert fingerprint(faint.astype(np.uint8)) is None
    assert fingerprint(noise()) is not None


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (31, 33), (2048, 1500)])
def test_any_size(size: tuple[int, int]) -> None:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[: size[1] // 2, : (size[0] + 1) // 2] = 255
    found = fingerprint(image)
    assert found is None or 0 <= found < 2**64


def test_views_and_read_only_pictures_are_taken() -> None:
    image = scene(5)
    wide = np.zeros((240, 640, 3), np.uint8)
    wide[:, ::2] = image
    view = wide[:, ::2]
    view.setflags(write=False)
    assert of(view) == of(image)
    assert fingerprint(view) == fingerprint(image)
