"""Compares two runs over the same queries: python docs/compare_runs.py RUN OTHER MEASURE [MEASURE ...]

RUN, OTHER: run folders of `contrapposto evaluate --out`; of each measure the mean of OTHER less RUN, and the 95 %
interval of a paired bootstrap over the queries (5,000 draws, seed 0).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

DRAWS = 5000


def main() -> None:
    """See the module."""
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    mine, theirs = (
        list(csv.DictReader((Path(run) / "per_query.csv").read_text().splitlines())) for run in sys.argv[1:3]
    )
    if [next(iter(row.values())) for row in mine] != [next(iter(row.values())) for row in theirs]:
        sys.exit("the runs have other queries: compare runs of the same data and split")
    for measure in sys.argv[3:]:
        apart = np.array([float(b[measure]) - float(a[measure]) for a, b in zip(mine, theirs, strict=True)])
        rng = np.random.default_rng(0)
        means = [apart[rng.integers(len(apart), size=len(apart))].mean() for _ in range(DRAWS)]
        low, high = np.quantile(means, [0.025, 0.975])
        print(f"{measure}: {apart.mean():+.3f} [{low:+.3f}, {high:+.3f}]")


if __name__ == "__main__":
    main()
