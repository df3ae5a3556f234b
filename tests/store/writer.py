"""A process that writes batch after batch into a Lance store until it is killed.

`python -m tests.store.writer FOLDER`: imports, prints "ready", and waits for a line on stdin. Each batch is one
upsert of ROWS new people, whose ids start with the number of the batch, and of SHARED people who are in every
batch and carry its number; its number is printed when it is done. It goes on after the last batch that is there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lance  # noqa: F401  (so that "ready" comes after the slow import)
import numpy as np

from contrapposto.store import Store
from contrapposto.store.lance import LanceStore
from tests.store.examples import people

ROWS = 400
SHARED = 50
SHARED_IDS = [f"shared {place}" for place in range(SHARED)]


def batch_ids(batch: int) -> list[str]:
    """Ids of the rows that only this batch writes."""
    return [f"{batch:06d} {place}" for place in range(ROWS)]


def write(store: Store, batch: int) -> None:
    """One batch, in one upsert."""
    ids = batch_ids(batch) + SHARED_IDS
    store.upsert("people", people(ids, np.full((len(ids), 34), batch), number=batch))


def batches(store: Store) -> int:
    """Number of batches in a store, from one read. Raises AssertionError unless every batch is whole and the shared
    rows are those of the last."""
    rows = store.read("people", ["id", "number"])
    if rows.num_rows == 0:
        return 0
    ids, numbers = rows.column("id").to_pylist(), rows.column("number").to_pylist()
    last = (len(ids) - SHARED) // ROWS
    expected = dict.fromkeys(SHARED_IDS, last)
    for batch in range(1, last + 1):
        expected.update(dict.fromkeys(batch_ids(batch), batch))
    assert len(ids) == len(expected)
    assert dict(zip(ids, numbers, strict=True)) == expected
    return last


def start(folder: Path) -> subprocess.Popen[str]:
    """A writer process, on its way to "ready"."""
    command = [sys.executable, "-m", "tests.store.writer", str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    store = LanceStore(Path(sys.argv[1]))
    batch = batches(store)
    while True:
        batch += 1
        write(store, batch)
        print(batch, flush=True)
