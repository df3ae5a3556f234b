"""Compares two runs over the same queries or people: python docs/compare_runs.py RUN OTHER MEASURE [MEASURE ...]

RUN, OTHER: run folders of `contrapposto evaluate --out`; of each measure, a column of per_query.csv, the mean of
OTHER less RUN, and the 95 % interval of a paired bootstrap over the first column, queries or photos (5,000 draws,
seed 0). RIGHT/ASKED is the sum of one column over that of another: PCK is pck_right/pck_joints.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DRAWS = 5000

Rows = Sequence[Mapping[str, str]]


def main() -> None:
    """See the module."""
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    mine, theirs = (
        list(csv.DictReader((Path(run) / "per_query.csv").read_text(encoding="utf-8").splitlines()))
        for run in sys.argv[1:3]
    )
    names = [next(iter(row.values())) for row in mine]
    if names != [next(iter(row.values())) for row in theirs]:
        sys.exit("the runs have other queries: compare runs of the same data and split")
    for measure in sys.argv[3:]:
        apart, low, high = compared(mine, theirs, names, measure)
        print(f"{measure}: {apart:+.3f} [{low:+.3f}, {high:+.3f}]")


def compared(mine: Rows, theirs: Rows, names: Sequence[str], measure: str) -> tuple[float, float, float]:
    """The difference of a measure, and its 95 % interval. names: what each row belongs to, which is drawn."""
    right, asked = (measure, "") if measure in mine[0] else measure.split("/")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    unit = np.array([numbers[name] for name in names])

    def summed(column: str, rows: Rows) -> NDArray[np.float64]:
        """Of each unit."""
        values = [float(row[column]) for row in rows] if column else np.ones(len(rows))
        return np.bincount(unit, weights=values)

    sums = np.stack([summed(column, rows) for rows in (mine, theirs) for column in (right, asked)])
    sums = sums[:, sums[1] + sums[3] > 0]  # units without anything that is asked say nothing
    rng = np.random.default_rng(0)

    def apart(totals: NDArray[np.float64]) -> float:
        return float(totals[2] / totals[3] - totals[0] / totals[1])

    draws = [apart(sums[:, rng.integers(sums.shape[1], size=sums.shape[1])].sum(axis=1)) for _ in range(DRAWS)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return apart(sums.sum(axis=1)), float(low), float(high)


if __name__ == "__main__":
    main()
