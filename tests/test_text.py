"""Paths and counts as people read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contrapposto.text import count, measure, path_text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/p/plain é 日本.jpg", "/p/plain é 日本.jpg"),
        ("/p/Screenshot 3.04.05\u202fPM.png", "/p/Screenshot 3.04.05\u202fPM.png"),  # as macOS names them
        ("/p/写真\u3000一.jpg", "/p/写真\u3000一.jpg"),
        ("/p/👩\u200d👧.jpg", "/p/👩\u200d👧.jpg"),
        ("/p/a\nb\x1b[31m\x7f", "/p/a\\nb\\x1b[31m\\x7f"),
        ("/p/\u202egpj.exe", "/p/\\u202egpj.exe"),  # would turn the direction of writing
        ("/p/\\udc41", "/p/\\udc41"),  # a backslash in a name is no byte
        ("/p/\ud800", "/p/\\ud800"),
    ],
)
def test_path_text(path: str, text: str) -> None:
    assert path_text(Path(path)) == text
    path_text(Path(path)).encode("utf-8")


def test_bytes_that_are_not_unicode() -> None:
    assert path_text(Path(os.fsdecode(b"/p/\xff\x80.jpg"))) == "/p/\\xff\\x80.jpg"


def test_count() -> None:
    assert count(0, "photo") == "0 photos"
    assert count(1, "photo") == "1 photo"
    assert count(1234567, "photo") == "1,234,567 photos"
    assert count(1, "person", "people") == "1 person"
    assert count(2, "person", "people") == "2 people"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (3e-15, "px of 128", "0.0 px of 128"),
        (9.449, "px of 128", "9.4 px of 128"),
        (104.4, "mm", "104 mm"),
        (0.03124, "of body size", "0.031 of body size"),
    ],
)
def test_measures(value: float, unit: str, shown: str) -> None:
    assert measure(value, unit) == shown
