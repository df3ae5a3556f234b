"""Decoded pictures of every mode to 8-bit RGB."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_AS_THEY_ARE = {"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr"}
"""Modes that are reduced as they are and converted afterwards, which is less work."""

_BLOCK = 1 << 22
"""Pixels of a deep picture that are converted at a time."""


def reduced_rgb(
    picture: Image.Image, size: tuple[int, int], extent: tuple[float, float, float, float]
) -> Image.Image:
    """8-bit RGB of `size` (width, height) from the part `extent` (left, top, right, bottom) of a decoded picture.

    Transparent parts become white. Deeper pixels are brought to 8 bits by `eight_bits`. CMYK is converted by its
    colour profile if it has one that works. RGB is taken as it is: converting a wide gamut to sRGB takes longer
    than finding the people, who are found as well in slightly paler colours.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith(("I", "F")):
        picture = Image.fromarray(eight_bits(picture))
    elif picture.has_transparency_data:
        picture = picture.convert("RGBA")
    elif picture.mode not in _AS_THEY_ARE:
        picture = picture.convert("L" if picture.mode == "1" else "RGB")
    if size != picture.size or extent != (0, 0, *size):
        picture = picture.resize(size, Image.Resampling.HAMMING, extent, reducing_gap=2.0)
    if picture.has_transparency_data:
        picture = Image.alpha_composite(Image.new("RGBA", size, "white"), picture.convert("RGBA"))
        picture = picture.convert("RGB")
    return _inked(picture, profile).convert("RGB")


def eight_bits(picture: Image.Image) -> NDArray[np.uint8]:
    """(H, W) uint8 from a picture of one channel of 16 or 32 bits, or of floating point.

    16 bits are divided by 257. Other numbers by the range that their largest one tells: 0..1, 0..255, 0..65,535,
    or else 0 to the largest. Below 0 is 0, no number is 0; 32 bits count as without a sign.
    """
    deep = np.asarray(picture)
    if deep.dtype == np.int32 and deep.size and int(deep.min()) < 0:
        deep = deep.view(np.uint32)
    factor = 1 / 257 if deep.dtype.itemsize == 2 else _factor(deep)
    out = np.empty(deep.shape, np.uint8)
    rows = max(1, _BLOCK // max(1, deep.shape[1]))
    for top in range(0, len(deep), rows):
        block = np.nan_to_num(deep[top : top + rows].astype(np.float64), posinf=np.inf, neginf=0.0)
        out[top : top + rows] = (block * factor).clip(0, 255).astype(np.uint8)
    return out


def _factor(deep: NDArray[np.generic]) -> float:
    rows = max(1, _BLOCK // max(1, deep.shape[1]))
    largest = 0.0
    for top in range(0, len(deep), rows):
        block = deep[top : top + rows].astype(np.float64)
        largest = max(largest, float(block[np.isfinite(block)].max(initial=0.0)))
    if deep.dtype.kind == "f" and largest <= 1:
        return 255.0
    return 1.0 if largest <= 255 else 255 / max(largest, 65535)


def _inked(picture: Image.Image, profile: object) -> Image.Image:
    """A CMYK picture as its profile says it looks; any other as it is."""
    if picture.mode != "CMYK" or not isinstance(profile, bytes):
        return picture
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except Exception:  # a damaged profile, or one of other colours; the picture itself can still be good
        return picture
    return made or picture
