"""Times of the store on disk: python benchmarks/store.py [PEOPLE ...]

Prints a Markdown table, a column a number of people (200,000 when none is given). Medians; files in the system's
cache. The first row is a plain NumPy scan of the same vectors in memory, to read the others against.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from contrapposto.store import SCHEMAS
from contrapposto.store.lance import LanceStore

CHUNK = 200_000


def rows(start: int, count: int, generator: np.random.Generator) -> pa.Table:
    """People with random poses, their ids numbered from `start`."""
    columns = []
    for field in SCHEMAS["people"]:
        if field.name == "id":
            columns.append(pa.array([f"{number:032x}/1" for number in range(start, start + count)]))
        elif field.name == "content":
            columns.append(pa.array([f"{number:032x}" for number in range(start, start + count)]))
        elif pa.types.is_fixed_size_list(field.type):
            size = field.type.list_size
            values = generator.random(count * size, dtype=np.float32)
            columns.append(pa.FixedSizeListArray.from_arrays(pa.array(values), size))
        else:
            columns.append(pa.array(np.ones(count), field.type))
    return pa.Table.from_arrays(columns, schema=SCHEMAS["people"])


def milliseconds(call: Callable[[], object], times: int = 7) -> float:
    """Median over several calls, after one that warms up."""
    call()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def measure(people: int) -> dict[str, float]:
    """Row of the table to its value."""
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        store = LanceStore(Path(folder))
        start = time.perf_counter()
        for at in range(0, people, CHUNK):
            store.upsert("people", rows(at, min(CHUNK, people - at), generator))
        loading = time.perf_counter() - start
        on_disk = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
        query = generator.random(34, dtype=np.float32)
        weights = generator.random(34, dtype=np.float32)
        vectors = generator.random((people, 34), dtype=np.float32)
        some = [f"{number:032x}/1" for number in generator.choice(people, 20, replace=False)]
        many = [f"{number:032x}/1" for number in generator.choice(people, min(people, 10_000), replace=False)]
        numbers = iter(range(people, people + 10_000, 64))
        return {
            "NumPy scan in memory, ms": milliseconds(lambda: ((vectors - query) ** 2).sum(axis=1).argmin()),
            "search, k = 20, ms": milliseconds(lambda: store.search("pose_vector", query, k=20)),
            "the same with weights, ms": milliseconds(
                lambda: store.search("pose_vector", query, k=20, weights=weights)
            ),
            "the same among 10,000 ids, ms": milliseconds(
                lambda: store.search("pose_vector", query, k=20, among=many)
            ),
            "read everything, ms": milliseconds(lambda: store.read("people"), 3),
            "read 20 people by id, ms": milliseconds(lambda: store.read("people", keys=some)),
            "upsert of 64 new people, ms": milliseconds(
                lambda: store.upsert("people", rows(next(numbers), 64, generator))
            ),
            "load, with making the rows, s": loading,
            "on disk, bytes a person": on_disk / people,
        }


def main() -> None:
    """Prints the table."""
    sizes = [int(text) for text in sys.argv[1:]] or [200_000]
    columns = [measure(size) for size in sizes]
    print("| | " + " | ".join(f"{size:,} people" for size in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(f"{column[name]:,.1f}" for column in columns) + " |")


if __name__ == "__main__":
    main()
