"""The cheapest one-to-one assignment of rows to columns (shortest augmenting paths, Jonker and Volgenant 1987)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assigned(costs: NDArray[np.floating], most: float) -> list[tuple[int, int]]:
    """Pairs (row, column), by row, with the least sum of costs, where leaving a row without a column costs `most`:
    no pair costs more. costs: (R, C) in any unit, 0 or more, inf where a pair is forbidden; R and C may be 0.
    """
    table = np.asarray(costs, dtype=np.float64)
    rows, columns = table.shape
    if not rows or not columns:
        return []
    # A column of its own for each row that stays alone.
    wide = np.full((rows, columns + rows), most, dtype=np.float64)
    wide[:, :columns] = np.where(table <= most, table, 2.0 * (most + 1.0) * (rows + 1))
    owner = _owners(wide)
    pairs = [(int(owner[column]), column) for column in range(columns) if owner[column] >= 0]
    return sorted((row, column) for row, column in pairs if table[row, column] <= most)


def _owners(costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """(C,) the row that each column of (R, C) costs, R <= C, goes to; -1 for none."""
    rows, columns = costs.shape
    owner = np.full(columns + 1, -1, dtype=np.intp)  # the last column is where a path begins
    of_row, of_column = np.zeros(rows), np.zeros(columns + 1)
    for row in range(rows):
        column = columns
        owner[column] = row
        least = np.full(columns, np.inf)
        before = np.full(columns, columns, dtype=np.intp)
        done = np.zeros(columns + 1, dtype=bool)
        while owner[column] >= 0:
            done[column] = True
            here = int(owner[column])
            slack = np.where(done[:-1], np.inf, costs[here] - of_row[here] - of_column[:-1])
            nearer = slack < least
            least[nearer], before[nearer] = slack[nearer], column
            column = int(np.argmin(np.where(done[:-1], np.inf, least)))
            step = least[column]
            of_row[owner[done]] += step
            of_column[done] -= step
            least[~done[:-1]] -= step
        while column != columns:
            previous = int(before[column])
            owner[column] = owner[previous]
            column = previous
    return owner[:-1]
