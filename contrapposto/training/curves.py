"""Learning curves: a CSV file that grows by a row at every look at the held-out data, and its picture."""

from __future__ import annotations

import csv
import math
from pathlib import Path


class Curve:
    """Begins a new file, or goes on with the one that is there; every row is on the disk when `add` returns.

    until: None begins anew; otherwise the rows that are there are kept up to and with that number in the first
    column, as a run that was killed may have written more than it can go on from.
    """

    def __init__(self, path: Path, columns: tuple[str, ...], until: float | None = None) -> None:
        self._path, self._columns = path, columns
        kept = [] if until is None else _rows_until(path, columns, until)
        beside = path.with_name(f"{path.name}.part")
        with beside.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerows([columns, *kept])
        beside.replace(path)

    def add(self, *values: float) -> None:
        """One number a column. Raises ValueError for another number of them."""
        if len(values) != len(self._columns):
            raise ValueError(f"expected {len(self._columns)} values, got {len(values)}")
        with self._path.open("a", newline="", encoding="utf-8") as stream:
            csv.writer(stream, lineterminator="\n").writerow([f"{value:.6g}" for value in values])


def draw(curve: Path, picture: Path, loss: str = "loss", beside: tuple[str, ...] = ("seconds", "rate")) -> None:
    """Draws a curve's CSV as a PNG of 960 x 400 pixels: the loss on the left, on the right every other column that
    is not named in `beside`, each over its first value, all over the first column. Needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    with curve.open(newline="", encoding="utf-8") as stream:
        columns, *rows = list(csv.reader(stream))
    values = {name: [float(row[number]) for row in rows] for number, name in enumerate(columns)}
    figure = Figure(figsize=(9.6, 4.0), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    steps = values[columns[0]]
    left.plot(steps, values[loss], color="black", marker=".")
    left.set_title(loss)
    for name in columns[1:]:
        if name != loss and name not in beside:
            first = next((value for value in values[name] if math.isfinite(value) and value != 0), 1.0)
            right.plot(steps, [value / first for value in values[name]], marker=".", label=f"{name} / {first:.4g}")
    right.set_title("held out, over the first value")
    right.legend()
    for axes in (left, right):
        axes.set_xlabel(columns[0])
        axes.grid(alpha=0.3)
    figure.savefig(picture, metadata={"Software": None})


def _rows_until(path: Path, columns: tuple[str, ...], until: float) -> list[list[str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.reader(stream) if len(row) == len(columns)]
    return [row for row in rows[1:] if float(row[0]) <= until]
