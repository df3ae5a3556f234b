"""Colour profiles, and pictures of many bits."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from contrapposto.media import colour
from contrapposto.media.photos import decode
from tests.media.encoded import encode, quarters


def ink_profile() -> bytes:
    """An ICC profile of a made-up press on which only black ink shows: CMYK to Lab by a table of 8 bits (mft1)."""
    steps = bytes(range(256))
    nodes = b"".join(bytes([0 if key else 255, 128, 128]) for _ in range(8) for key in (0, 1))  # K changes fastest
    identity = struct.pack(">9i", *(65536 if number % 4 == 0 else 0 for number in range(9)))
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + steps * 4 + nodes + steps * 3
    text = b"text" + bytes(4) + b"made up\0"
    name = b"desc" + bytes(4) + struct.pack(">I", 8) + b"made up\0" + bytes(4 + 4 + 2 + 1 + 67)
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    tags = {b"A2B0": table, b"cprt": text, b"desc": name, b"wtpt": white}
    listed, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        listed += tag + struct.pack(">II", at + len(body), len(content))
        body += content
    header = bytearray(128)
    header[8:40] = struct.pack(">I", 0x02400000) + b"prtr" + b"CMYK" + b"Lab " + bytes(12) + b"acsp"
    header[68:80] = struct.pack(">iii", 63190, 65536, 54061)
    profile = bytes(header) + struct.pack(">I", len(tags)) + listed + body
    return struct.pack(">I", len(profile)) + profile[4:]


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_cmyk_is_shown_as_its_profile_says(kind: str) -> None:
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :16, 0] = 255  # cyan
    inks[:, 16:, 3] = 255  # black
    picture = Image.frombytes("CMYK", (32, 16), inks.tobytes())
    plain = decode(encode(picture, kind)).image
    assert plain[8, 4, 0] < 30 < 230 < plain[8, 4, 2], "without a profile cyan is cyan"
    found = decode(encode(picture, kind, icc_profile=ink_profile())).image
    assert found[:, :12].min() > 240
    assert found[:, 20:].max() < 15


@pytest.mark.parametrize("profile", [b"no profile", b"\0" * 200, ink_profile()[:300]])
def test_a_damaged_profile_does_not_stop_the_picture(profile: bytes) -> None:
    picture = Image.fromarray(quarters()).convert("CMYK")
    np.testing.assert_array_equal(decode(encode(picture, "TIFF", icc_profile=profile)).image, quarters())


def test_rgb_is_taken_as_it_is() -> None:
    from PIL import ImageCms

    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    for profile in (linear, ink_profile()):
        np.testing.assert_array_equal(decode(encode(quarters(), "PNG", icc_profile=profile)).image, quarters())


def test_deep_pictures_are_converted_piece_by_piece_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest number of a floating-point picture may be in any piece."""
    values = np.linspace(0, 3000, 40 * 30, dtype=np.float32).reshape(40, 30)
    whole = colour.eight_bits(Image.fromarray(values))
    monkeypatch.setattr(colour, "_BLOCK", 90)
    np.testing.assert_array_equal(colour.eight_bits(Image.fromarray(values)), whole)
    np.testing.assert_array_equal(whole, (values * (255 / 65535)).astype(np.uint8))
