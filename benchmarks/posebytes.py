"""Times of masked Hamming distances among many posebytes: python benchmarks/posebytes.py [--people N]

Prints a table and writes docs/results/posebytes.csv. Posebytes are random, each bit true with a chance of three in
ten and unknown with one of one in ten. Ways: `memory pass`, np.sum over the words that hold the bits asked for;
`naive`, the plainest NumPy over the whole posebytes; `numpy`, what small galleries and the first queries of a
process get; `compiled`, the machine code. `naive` and `rows` have the words of a person side by side, the others
the words of one kind. `faiss`, where faiss-cpu is installed (or --faiss names a Python that has it): an exact
search for the 100 nearest by FAISS's BinaryFlat on doubled bits, one thread, where nothing is unknown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import report
from numpy.typing import NDArray

from contrapposto.posebits.table import POSEBITS
from contrapposto.scan import posebytes as scan

Words = NDArray[np.uint64]

CONDITIONS = (1, 3, 10)
QUERIES = 20
SLOW_QUERIES = 5
WORDS = (len(POSEBITS) + 63) // 64

FAISS = """
import json, sys, time
import faiss, numpy as np
faiss.omp_set_num_threads(1)
random = np.random.default_rng(1)
people, bytes_, queries = (int(text) for text in sys.argv[1:4])
true = random.integers(0, 256, (people, bytes_), dtype=np.uint8)
index = faiss.IndexBinaryFlat(16 * bytes_)
index.add(np.concatenate([true, ~true], axis=1))
taken = []
for _ in range(queries + 1):
    mask = np.zeros(bytes_, np.uint8)
    mask[random.integers(bytes_, size=3)] = 4
    wanted = random.integers(0, 256, bytes_, dtype=np.uint8)
    query = np.concatenate([wanted & mask, ~wanted & mask])[None]
    start = time.perf_counter()
    index.search(query, 100)
    taken.append(1000 * (time.perf_counter() - start))
print(json.dumps(taken[1:]))
"""


def people(count: int, random: np.random.Generator) -> Words:
    """(count, 2 W) posebytes, a person's words side by side."""
    true, known = (_words(count, chance, random) for chance in (0.3, 0.9))
    return np.concatenate([true & known, ~true & known], axis=1)


def question(conditions: int, random: np.random.Generator) -> tuple[Words, Words]:
    """(W,) bits asked to be true, and to be false."""
    sides = np.zeros((2, WORDS), np.uint64)
    for bit in random.choice(len(POSEBITS), conditions, replace=False):
        sides[random.integers(2), bit // 64] |= np.uint64(1 << int(bit % 64))
    return sides[0], sides[1]


def naive(posebytes: Words, asked_true: Words, asked_false: Words) -> NDArray[Any]:
    """(N, 2) bits that do not agree, and that are unknown, by whole arrays."""
    true, false = posebytes[:, :WORDS], posebytes[:, WORDS:]
    unmet = np.bitwise_count((false & asked_true) | (true & asked_false)).sum(axis=1)
    unknown = np.bitwise_count((asked_true | asked_false) & ~(true | false)).sum(axis=1)
    return np.stack([unmet, unknown], axis=1)


def measure(count: int, faiss: Path) -> list[dict[str, Any]]:
    """A row for each number of conditions and way."""
    random = np.random.default_rng(0)
    rows = people(count, random)
    columns = np.asfortranarray(rows)
    taken: dict[tuple[int, str, int], list[float]] = {}
    for conditions in CONDITIONS:
        for place in range(QUERIES + 1):
            asked = question(conditions, random)
            kinds = np.flatnonzero(asked[0] | asked[1])
            part = columns.T[np.concatenate([kinds, kinds + WORDS])]
            calls: dict[tuple[str, int], Callable[[], Any]] = {
                ("memory pass", 1): lambda part=part: part.sum(),
                ("compiled", 1): lambda asked=asked: _by(True, columns, asked, 1),
                ("compiled", 2): lambda asked=asked: _by(True, columns, asked, 2),
                ("compiled, rows", 1): lambda asked=asked: _by(True, rows, asked, 1),
                ("numpy", 1): lambda asked=asked: _by(False, columns, asked, 1),
            }
            if place <= SLOW_QUERIES:
                calls["naive", 1] = lambda asked=asked: naive(rows, *asked)
            found = {}
            for (way, threads), call in calls.items():
                start = time.perf_counter()
                found[way, threads] = call()
                if place:  # the first compiles
                    milliseconds = 1000 * (time.perf_counter() - start)
                    taken.setdefault((conditions, way, threads), []).append(milliseconds)
            if place <= SLOW_QUERIES and (np.stack(found["compiled", 1], axis=1) != found["naive", 1]).any():
                raise SystemExit("the compiled counts are not those of NumPy")
    if (times := _faiss(faiss, count)) is not None:
        taken[3, "faiss", 1] = times
    middle = {key: float(np.median(values)) for key, values in taken.items()}
    return [
        {
            "people": count,
            "bits": len(POSEBITS),
            "conditions": conditions,
            "way": way,
            "threads": threads,
            "queries": len(values),
            "p50_ms": round(middle[conditions, way, threads], 2),
            "p99_ms": round(float(np.percentile(values, 99)), 2),
            "of_naive": round(middle[conditions, way, threads] / middle[conditions, "naive", 1], 4),
            "of_memory_pass": round(middle[conditions, way, threads] / middle[conditions, "memory pass", 1], 2),
        }
        for (conditions, way, threads), values in taken.items()
    ]


def _words(count: int, chance: float, random: np.random.Generator) -> Words:
    bits = np.zeros((count, 64 * WORDS), bool)
    bits[:, : len(POSEBITS)] = random.random((count, len(POSEBITS)), dtype=np.float32) < chance
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def _by(compiled: bool, posebytes: Words, asked: tuple[Words, Words], threads: int) -> scan.Counts:
    scan.FEW, scan.AFTER = (0, 0) if compiled else (2**62, 0)
    return scan.masked_hamming(posebytes, *asked, threads)


def _faiss(python: Path, count: int) -> list[float] | None:
    """Milliseconds of each query, None where that Python has no FAISS."""
    sizes = [str(count), str(8 * WORDS), str(QUERIES)]
    done = subprocess.run([python, "-c", FAISS, *sizes], capture_output=True, text=True, check=False)
    return list(json.loads(done.stdout)) if done.returncode == 0 else None


def main() -> None:
    """Prints the table and writes the CSV file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--faiss", type=Path, default=Path(sys.executable))
    parser.add_argument("--out", type=Path, default=report.RESULTS / "posebytes.csv")
    chosen = parser.parse_args()
    rows = measure(chosen.people, chosen.faiss)
    report.show(rows)
    report.write(chosen.out, rows)


if __name__ == "__main__":
    main()
