"""What indexing costs beside the networks and the decoder: python benchmarks/indexing.py FOLDER [--photos N]

For each number of workers the same photos are decoded (alone), shown to the networks (alone, decoded before), and
indexed into a new library, several times by turns; medians and their ratio go to docs/results/indexing.csv.
The machine must be quiet.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import report

from contrapposto.collection import walk
from contrapposto.indexing.photos import people_of
from contrapposto.library import Library
from contrapposto.media import photos
from contrapposto.poses import PoseEstimator
from contrapposto.representations.pose_embedder import make_embedding_estimator


def seconds(call: Callable[[], object]) -> float:
    """Of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def on_all(workers: int, work: Callable[[object], object], items: list[object]) -> Callable[[], object]:
    """A call that does the work of all items on this many threads."""

    def run() -> None:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(work, items):
                pass

    return run


def index_into_new(folder: Path, workers: int, estimator: PoseEstimator) -> int:
    """People found."""
    with tempfile.TemporaryDirectory() as place:
        library = Library(Path(place) / "new.library", estimator=estimator)
        return library.index(folder, workers=workers).people


def measure(
    folder: Path, files: list[Path], workers: int, rounds: int, estimator: PoseEstimator
) -> dict[str, object]:
    """One row."""
    decoded = [photos.decode(photos.read_file(file)) for file in files]
    decode = on_all(workers, lambda file: photos.decode(photos.read_file(file)), files)
    infer = on_all(workers, lambda photo: people_of(photo, estimator), decoded)
    people = index_into_new(folder, workers, estimator)  # warms up too
    taken: dict[str, list[float]] = {"decoding": [], "inference": [], "indexing": []}
    for _ in range(rounds):
        taken["decoding"].append(seconds(decode))
        taken["inference"].append(seconds(infer))
        taken["indexing"].append(seconds(lambda: index_into_new(folder, workers, estimator)))
    middle = {name: statistics.median(values) for name, values in taken.items()}
    return {
        "workers": workers,
        "photos": len(files),
        "people": people,
        "rounds": rounds,
        **{f"{name}_s": round(value, 2) for name, value in middle.items()},
        "ratio": round(middle["indexing"] / (middle["decoding"] + middle["inference"]), 3),
        "photos_per_s": round(len(files) / middle["indexing"], 1),
        "people_per_s": round(people / middle["indexing"], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="photos")
    parser.add_argument("--photos", type=int, default=200, help="how many of them are used")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=report.RESULTS / "indexing.csv")
    options = parser.parse_args()
    files = [file.path for file in walk([options.folder]).photos][: options.photos]
    estimator = make_embedding_estimator(threads=1)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for file in files:
            (Path(place) / file.name).symlink_to(file.resolve())
        for workers in options.workers:
            rows.append(measure(Path(place), files, workers, options.rounds, estimator))
            report.show(rows[-1:])
    report.write(options.out, rows)


if __name__ == "__main__":
    main()
