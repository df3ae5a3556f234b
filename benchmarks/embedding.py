"""What the pose embedding costs: python benchmarks/embedding.py FOLDER [--photos N]

The same photos, decoded before, are shown to the pose estimator alone and to the one that also looks at the people
it found (`representations.pose_embedder`), by turns, one thread; medians, their ratio, and the bytes that a person
takes more go to docs/results/embedding.csv. The machine must be quiet.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import report

from contrapposto.collection import walk
from contrapposto.indexing.photos import people_of
from contrapposto.media import photos
from contrapposto.poses import make_estimator
from contrapposto.representations.pose_embedder import EmbeddingEstimator, PoseEmbedder
from contrapposto.store import SCHEMAS

ROUNDS = 3


def seconds(call: Callable[[], object]) -> float:
    """Of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="photos")
    parser.add_argument("--photos", type=int, default=100, help="at most so many")
    given = parser.parse_args()
    files = [file.path for file in walk([given.folder]).photos][: given.photos]
    decoded = [photos.decode(photos.read_file(file)) for file in files]
    alone = make_estimator()
    both = EmbeddingEstimator(alone, PoseEmbedder())
    people = sum(len(people_of(photo, both)) for photo in decoded)  # warms up too
    taken: dict[str, list[float]] = {"alone": [], "both": []}
    for _ in range(ROUNDS):
        taken["alone"].append(seconds(lambda: [people_of(photo, alone) for photo in decoded]))
        taken["both"].append(seconds(lambda: [people_of(photo, both) for photo in decoded]))
    middle = {name: statistics.median(values) for name, values in taken.items()}
    size = {name: SCHEMAS["people"].field(name).type for name in ("fused", "embedding")}
    row = {
        "photos": len(files),
        "people": people,
        "estimator_ms_a_photo": round(1000 * middle["alone"] / len(files), 1),
        "with_embedding_ms_a_photo": round(1000 * middle["both"] / len(files), 1),
        "ratio": round(middle["both"] / middle["alone"], 3),
        "embedding_ms_a_person": round(1000 * (middle["both"] - middle["alone"]) / max(people, 1), 1),
        "bytes_a_person": sum(kind.list_size * kind.value_type.bit_width // 8 for kind in size.values()),
    }
    report.write(report.RESULTS / "embedding.csv", [row])
    report.show([row])


if __name__ == "__main__":
    main()
