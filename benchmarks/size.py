"""What many files cost in memory and on disk: python benchmarks/size.py [FILES ...]

Makes that many small photos (10,000 and 100,000 when none is named), each with one person at a place of its own,
indexes them with a stand-in for the networks (theirs is the same for every photo), and then searches once. Each
number runs in a process of its own; its peaks go to docs/results/size.csv.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import report
from numpy.typing import NDArray
from PIL import Image

from contrapposto.library import Library
from contrapposto.records import Box, Person, Pose

SIDE = 32


class OnePerson:
    """An estimator whose answer is computed from the mean colour of the picture."""

    name = "movenet"
    accurate = False

    def __call__(self, image: NDArray[np.uint8]) -> list[Person]:
        """One person, in another pose for each picture."""
        generator = np.random.default_rng(list(image[:: SIDE // 8].tobytes()[:64]))
        points = generator.random((17, 2)) * SIDE
        deep = generator.normal(size=(17, 3))
        return [Person(Box.around(points), 0.8, Pose(points, np.full(17, 0.8), deep))]


def make_photos(folder: Path, count: int) -> None:
    """Small JPEG files, no two alike, 1,000 in a folder."""
    generator = np.random.default_rng(0)
    for number in range(count):
        if number % 1000 == 0:
            inside = folder / f"{number // 1000:04d}"
            inside.mkdir()
        small = generator.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        data = io.BytesIO()
        Image.fromarray(small).resize((SIDE, SIDE)).save(data, "JPEG")
        (inside / f"{number:06d}.jpg").write_bytes(data.getvalue())


def inside(folder: Path, library: Path) -> dict[str, object]:
    """Indexes, searches, and says what it took (in this process)."""
    before = report.peak_memory()
    start = time.perf_counter()
    indexed = Library(library, estimator=OnePerson()).index(folder)
    took = time.perf_counter() - start
    return {"people": indexed.people, "index_s": round(took, 1), "index_mb": round(report.peak_memory() - before)}


def searching(library: Path) -> dict[str, object]:
    """Opens, searches twice, and says what it took (in this process)."""
    pose = OnePerson()(np.zeros((SIDE, SIDE, 3), np.uint8))[0].pose
    opened = Library(library, estimator=OnePerson())
    before = report.peak_memory()
    taken = []
    for _ in range(2):
        start = time.perf_counter()
        opened.search(pose=pose)
        taken.append(time.perf_counter() - start)
    return {
        "search_mb": round(report.peak_memory() - before),
        "first_search_s": round(taken[0], 2),
        "next_search_s": round(taken[1], 3),
    }


def measure(count: int) -> dict[str, object]:
    """One row."""
    with tempfile.TemporaryDirectory() as place:
        folder, library = Path(place) / "photos", Path(place) / "some.library"
        folder.mkdir()
        make_photos(folder, count)
        found = {**_apart("index", folder, library), **_apart("search", folder, library)}
        disk = sum(file.stat().st_size for file in library.rglob("*") if file.is_file())
    return {
        "files": count,
        **found,
        "disk_mb": round(disk / 1e6, 1),
        "disk_bytes_per_person": round(disk / count),
    }


def _apart(part: str, folder: Path, library: Path) -> dict[str, object]:
    command = [sys.executable, __file__, "--inside", part, str(folder), str(library)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=report.RESULTS / "size.csv")
    options = parser.parse_args()
    if options.inside:
        part, folder, library = options.inside
        found = inside(Path(folder), Path(library)) if part == "index" else searching(Path(library))
        print(json.dumps(found))
        return
    rows = [measure(count) for count in options.files]
    first = rows[0]
    for row in rows[1:]:  # what the program itself takes stands in both
        more = (float(str(row["search_mb"])) - float(str(first["search_mb"]))) * 2**20
        row["search_bytes_per_person"] = round(more / (int(str(row["files"])) - int(str(first["files"]))))
    first["search_bytes_per_person"] = ""
    report.show(rows)
    report.write(options.out, rows)


if __name__ == "__main__":
    main()
