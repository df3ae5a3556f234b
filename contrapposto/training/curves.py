"""Learning curves: a CSV file that grows by a row at every look at the held-out data."""

from __future__ import annotations

import csv
from pathlib import Path


class Curve:
    """Begins a new file; every row is on the disk when `add` returns."""

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self._path, self._columns = path, columns
        self._write("w", columns)

    def add(self, *values: float) -> None:
        """One number a column. Raises ValueError for another number of them."""
        if len(values) != len(self._columns):
            raise ValueError(f"expected {len(self._columns)} values, got {len(values)}")
        self._write("a", tuple(f"{value:.6g}" for value in values))

    def _write(self, mode: str, row: tuple[str, ...]) -> None:
        with self._path.open(mode, newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerow(row)
