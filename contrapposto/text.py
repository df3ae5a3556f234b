"""Words for people to read."""

from __future__ import annotations

from pathlib import Path


def path_text(path: Path) -> str:
    """A path as text that can be printed anywhere: bytes that are not Unicode and control characters escaped."""
    text = str(path).encode("utf-8", "backslashreplace").decode("utf-8").replace("\\udc", "\\x")
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`1 photo`, `2 photos`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
