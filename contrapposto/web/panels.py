"""Pictures side by side in one: crops with skeletons, and maps in colour, with titles, in rows with headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from contrapposto import skeleton

HEIGHT = 240
"""Pixels of a large panel."""

SMALL = 120
"""Pixels of a small one, of which there is one a joint."""

MOST_WIDTH = 1800
"""Pixels: a row that is wider goes on below."""

LEFT, RIGHT, MIDDLE = (31, 155, 255), (255, 122, 26), (180, 180, 180)
"""RGB of the person's sides, as in pages of results."""

_GAP, _TITLE, _HEADING = 8, 13, 16
_PAPER, _INK = (255, 255, 255), (20, 20, 20)


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """image: (H, W, 3) uint8 RGB."""

    title: str
    image: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """Panels under a heading."""

    heading: str
    panels: tuple[Panel, ...]


def enlarged(image: NDArray[np.uint8], height: int = HEIGHT) -> NDArray[np.uint8]:
    """(H, W, 3), or a map of another shape (H, W), at this height; its pixels stay to be seen."""
    rows, columns = image.shape[:2]
    width = max(1, round(columns * height / rows))
    method = cv2.INTER_AREA if rows > height else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), image.dtype)


def with_skeleton(
    image: NDArray[np.uint8], points: NDArray[np.floating], height: int = HEIGHT
) -> NDArray[np.uint8]:
    """(height, W, 3) picture, with lines for limbs and dots for keypoints; points: (17, 2) pixels of the (H, W, 3)
    one, NaN where there is none."""
    drawn = enlarged(image, height).copy()
    scaled = np.asarray(points, np.float64) * (height / image.shape[0])
    thick = max(1, height // 110)
    for first, second in skeleton.LIMBS:
        ends = scaled[[skeleton.INDEX[first], skeleton.INDEX[second]]]
        if np.isfinite(ends).all():
            a, b = (_pixel(end) for end in ends)
            cv2.line(drawn, a, b, (0, 0, 0), 2 * thick + 1, cv2.LINE_AA)
            cv2.line(drawn, a, b, _side(first, second), thick + 1, cv2.LINE_AA)
    for point in scaled[np.isfinite(scaled).all(axis=1)]:
        cv2.circle(drawn, _pixel(point), thick + 1, (0, 0, 0), -1, cv2.LINE_AA)
        cv2.circle(drawn, _pixel(point), thick, (255, 255, 255), -1, cv2.LINE_AA)
    return drawn


def with_squares(
    image: NDArray[np.uint8], middles: NDArray[np.floating], side: float, height: int = HEIGHT
) -> NDArray[np.uint8]:
    """(height, W, 3) picture with a square of `side` around each of (K, 2) points, pixels of the (H, W, 3) one."""
    drawn = enlarged(image, height).copy()
    scale = height / image.shape[0]
    for middle in np.asarray(middles, np.float64)[np.isfinite(middles).all(axis=1)]:
        low, high = (_pixel((middle + sign * side / 2) * scale) for sign in (-1, 1))
        cv2.rectangle(drawn, low, high, (255, 235, 60), 1, cv2.LINE_AA)
    return drawn


def heat(
    values: NDArray[np.floating], below: NDArray[np.uint8] | None = None, height: int = HEIGHT
) -> NDArray[np.uint8]:
    """(height, W, 3) picture of a (H, W) map in colour, from its least value (dark blue) to its largest (red), half
    over what it was made of where that is given; every cell is seen."""
    low, high = float(np.min(values)), float(np.max(values))
    bytes_ = np.round((values - low) / (high - low if high > low else 1.0) * 255).astype(np.uint8)
    colour = cv2.cvtColor(cv2.applyColorMap(enlarged(bytes_, height), cv2.COLORMAP_TURBO), cv2.COLOR_BGR2RGB)
    if below is None:
        return np.asarray(colour, np.uint8)
    shown = cv2.resize(below, (colour.shape[1], height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.addWeighted(shown, 0.45, colour, 0.55, 0), np.uint8)


def page(rows: Sequence[Row]) -> Image.Image:
    """All of them, one below the other."""
    heading, title = ImageFont.load_default(_HEADING), ImageFont.load_default(_TITLE)
    places: list[tuple[int, int, str, NDArray[np.uint8] | None]] = []
    top, widest = _GAP, 0
    for row in rows:
        places.append((_GAP, top, row.heading, None))
        widest = max(widest, int(heading.getlength(row.heading)))
        top += _HEADING + 2 * _GAP
        left, line = _GAP, 0
        for panel in row.panels:
            width = max(panel.image.shape[1], int(title.getlength(panel.title)) + 1)
            if left > _GAP and left + width > MOST_WIDTH:
                left, top, line = _GAP, top + line, 0
            places.append((left, top, panel.title, panel.image))
            left += width + _GAP
            line = max(line, panel.image.shape[0] + _TITLE + 2 * _GAP)
            widest = max(widest, left - 2 * _GAP)
        top += line + _GAP
    sheet = Image.new("RGB", (widest + 2 * _GAP, top), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for left, top, text, image in places:
        pen.text((left, top), text, fill=_INK, font=heading if image is None else title)
        if image is not None:
            sheet.paste(Image.fromarray(image), (left, top + _TITLE + 4))
    return sheet


def _pixel(point: NDArray[np.floating]) -> tuple[int, int]:
    """The pixel that a place lies in, kept where OpenCV can draw."""
    x, y = np.clip(np.floor(point), -10_000, 10_000)
    return int(x), int(y)


def _side(first: str, second: str) -> tuple[int, int, int]:
    sides = {name.split("_")[0] for name in (first, second)} & {"left", "right"}
    if len(sides) != 1:
        return MIDDLE
    return LEFT if sides == {"left"} else RIGHT
