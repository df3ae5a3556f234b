"""What pose networks in given boxes cost: python benchmarks/pose_networks.py DATA NETWORK... [--people N]

NETWORK: movenet, agreement, a file of `train heatmap` or a folder of `train deeppose`. The same people of the split
test of a keypoint set, their photos decoded before, are shown to each network by turns, one thread, a heatmap
network's mirror image too; medians over rounds and numbers of weights go to docs/results/pose-networks-cost.csv.
The machine must be quiet.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
import onnx
import report

from contrapposto import weights
from contrapposto.evaluation.datasets import read_keypoint_set
from contrapposto.media import photos
from contrapposto.poses import chosen, kind_of, weights_files
from contrapposto.poses.in_box import InBox, make_in_box
from contrapposto.poses.thunder import Thunder

ROUNDS = 3


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="a keypoint set")
    parser.add_argument("networks", nargs="+", help="names, files or folders")
    parser.add_argument("--people", type=int, default=60, help="at most so many")
    given = parser.parse_args()
    items = [item for item in read_keypoint_set(given.data, "test").items if item.people][: given.people]
    shown = [(photos.decode(photos.read_file(item.file)).image, item.people[0].box) for item in items]
    made = {name: _made(name) for name in given.networks}
    taken: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(ROUNDS + 1):  # the first warms up
        for name, network in made.items():
            start = time.perf_counter()
            for image, box in shown:
                network(image, box)
            taken[name].append(1000 * (time.perf_counter() - start) / len(shown))
    rows = [
        {
            "network": Path(name).parent.name if Path(name).is_file() else Path(name).name,
            "people": len(shown),
            "ms_a_person": round(statistics.median(times[1:]), 1),
            "weights": sum(_count(path) for path in _files(name)),
        }
        for name, times in taken.items()
    ]
    report.write(report.RESULTS / "pose-networks-cost.csv", rows)
    report.show(rows)


def _made(name: str) -> InBox:
    estimator, path = chosen(name)
    return make_in_box(estimator, pose_weights=path)


def _files(name: str) -> list[Path]:
    estimator, path = chosen(name)
    if path is not None:
        return weights_files(path)
    shipped = kind_of(estimator).shipped
    return [weights.path(row) for row in ((shipped,) if shipped else Thunder.weights)]


def _count(path: Path) -> int:
    """Numbers in the weights of a file."""
    return sum(int(np.prod(stored.dims)) for stored in onnx.load(path).graph.initializer)


if __name__ == "__main__":
    main()
