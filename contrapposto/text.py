"""Words for people to read."""

from __future__ import annotations

import unicodedata
from pathlib import Path

_JOINERS = "\u200c\u200d"
"""Invisible, but part of how Persian words and some emoji are written."""


def printable(text: str) -> str:
    """Text that can be printed anywhere, on one line: bytes that are not Unicode, control characters and marks that
    turn the direction of writing are escaped. Spaces of all kinds stay, so that a path still names its file."""
    return "".join(map(_shown, text))


def path_text(path: Path) -> str:
    """A path as `printable` text."""
    return printable(str(path))


def _shown(char: str) -> str:
    if char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs":
        return char
    if "\udc80" <= char <= "\udcff":  # how Python holds a byte that is not Unicode
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 photo`, `2 photos`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


_DECIMALS = {"mm": 0, "of body size": 3, "of embedding": 3}


def measure(value: float, unit: str) -> str:
    """A distance and its unit: `9.4 px of 128`, `104 mm`, `0.031 of body size`."""
    return f"{value:.{_DECIMALS.get(unit, 1)}f} {unit}"


def clock(seconds: float) -> str:
    """A time in a film, such as 0:03:12.4 (hours, minutes, seconds)."""
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{tenths / 10:04.1f}"
