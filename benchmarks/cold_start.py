"""How long a search takes from the command line to the answer: python benchmarks/cold_start.py LIBRARY [PHOTO]

`contrapposto search` with a skeleton (and with a photo, whose networks must be loaded) in a fresh process, files in
the system's cache, several times; medians go to docs/results/cold_start.csv. The machine must be quiet.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report

from contrapposto.library import Library
from contrapposto.search.pose_json import pose_to_json


def seconds(command: list[str], times: int) -> list[float]:
    """Of each run, after one that warms up."""
    taken = []
    for _ in range(times + 1):
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        taken.append(time.perf_counter() - start)
    return taken[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("photo", type=Path, nargs="?")
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--out", type=Path, default=report.RESULTS / "cold_start.csv")
    options = parser.parse_args()
    program = shutil.which("contrapposto", path=str(Path(sys.executable).parent)) or "contrapposto"
    library = Library(options.library)
    shown = next(media for media in library.media() if media.people)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        skeleton = Path(place) / "skeleton.json"
        skeleton.write_text(json.dumps(pose_to_json(library.people(shown.path)[0].pose)), encoding="utf-8")
        asked = {
            "--help": ["--help"],
            "search --skeleton": ["search", "--skeleton", str(skeleton)],
            "search --skeleton --metric procrustes": [
                "search",
                "--skeleton",
                str(skeleton),
                "--metric",
                "procrustes",
            ],
            "search --image": ["search", "--image", str(options.photo or shown.path)],
        }
        people = sum(media.people for media in library.media())
        for name, arguments in asked.items():
            place_it = ["--library", str(options.library)] if name != "--help" else []
            taken = seconds([program, *arguments, *place_it], options.times)
            row = {
                "command": f"contrapposto {name}",
                "people": people,
                "median_s": round(statistics.median(taken), 2),
                "slowest_s": round(max(taken), 2),
            }
            rows.append(row)
    report.show(rows)
    report.write(options.out, rows)


if __name__ == "__main__":
    main()
