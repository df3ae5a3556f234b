"""1,000 damaged files of every format through indexing: no crash, nothing on stderr but RAW's, each file listed."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from contrapposto.library import Library
from tests.drawn import DrawnPeople
from tests.media.mutated import MUTATIONS, valid_files

FILES = 1000
LONGEST = 10.0
"""Seconds between two files that are done; most take milliseconds."""

MOST_MEMORY = 700_000
"""Kilobytes by which the process may grow."""


LIBRAW = ("unknown file: ", "Corrupt JPEG data: ", "Warning: ")
"""How lines start that LibRaw, and libjpeg in it, write to stderr; rawpy has no switch for them."""


def write_mutated(folder: Path) -> list[Path]:
    """All formats and all ways to spoil them in turn; the number of a file is its seed."""
    valid = list(valid_files().items())
    spoilers = list(MUTATIONS.items())
    written = []
    for seed in range(FILES):
        name, data = valid[seed % len(valid)]
        kind, spoil = spoilers[seed // len(valid) % len(spoilers)]
        path = folder / f"{seed:04} {kind} {name}"
        path.write_bytes(spoil(data, np.random.default_rng(seed)))
        written.append(path)
    return written


def test_the_files_are_good_before_they_are_spoilt(library: Library, photos: Path) -> None:
    for name, data in valid_files().items():
        (photos / name).write_bytes(data)
    report = library.index(photos)
    assert (report.new, report.skipped) == (len(valid_files()), [])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thousand_mutated_files(
    library: Library, photos: Path, drawn_people: DrawnPeople, capfd: pytest.CaptureFixture[str]
) -> None:
    written = write_mutated(photos)
    good = photos / "good.png"
    good.write_bytes(valid_files()["a.png"])
    times = [time.monotonic()]
    before = most_memory()
    report = library.index(photos, workers=2, progress=lambda *_: times.append(time.monotonic()))
    assert max(np.diff(times)) < LONGEST
    assert most_memory() - before < MOST_MEMORY

    skipped = Counter(item.path for item in report.skipped)
    indexed = {media.path for media in library.media() if not media.problem}
    assert set(skipped.values()) == {1}
    assert indexed | set(skipped) == {*written, good}
    assert not indexed & set(skipped)
    assert good in indexed
    assert report.new == len(indexed)
    assert report.new + len(report.skipped) == FILES + 1
    assert 200 < len(indexed) < 800, "a good part of them can still be read, a good part cannot"
    for item in report.skipped:
        assert item.reason
        assert item.reason.isprintable(), "one line"
        assert len(item.reason) < 250

    analysed = drawn_people.calls
    again = library.index(photos)
    failed = [item for item in report.skipped if "looking for people" in item.reason]  # these are tried again
    assert again.unchanged == report.new
    assert [(item.path, item.reason) for item in again.skipped] == [(s.path, s.reason) for s in report.skipped]
    assert drawn_people.calls - analysed <= len(failed)
    noise = [line for line in capfd.readouterr().err.splitlines() if not line.startswith(LIBRAW)]
    assert noise == []


def most_memory() -> int:
    """Kilobytes that the process has had at most; 0 where it cannot be told."""
    if sys.platform == "win32":
        return 0
    import resource

    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found // 1024 if sys.platform == "darwin" else found
