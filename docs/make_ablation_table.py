"""Writes docs/results/pose-ablation.csv: python docs/make_ablation_table.py RUNS [NAME]

NAME: of the table, instead of `pose-ablation`.

RUNS: a folder with one named VARIANT-SEED for each network, in which `done.json` is what `contrapposto train
heatmap --json` printed and `test` the run folder of `contrapposto evaluate keypoints --boxes given`. A variant is
compared with `none`, and one with part-wise attention also with the holistic one below it, over the seeds that both
have: PCK@0.2 less that of the other, and the 95 % interval of a paired bootstrap over photos
(`compare_runs.compared`), with the joints of all seeds together.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from compare_runs import compared

RESULTS = Path(__file__).with_name("results")

Rows = list[dict[str, str]]


def main() -> None:
    """See the module."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    table = (sys.argv[2:] or ["pose-ablation"])[0]
    runs: dict[str, dict[str, Path]] = defaultdict(dict)
    for folder in sorted(Path(sys.argv[1]).iterdir()):
        variant, _, seed = folder.name.rpartition("-")
        if (folder / "test" / "summary.json").exists():
            runs[variant][seed] = folder
    rows = []
    for variant, seeds in runs.items():
        made = [json.loads((run / "done.json").read_text()) for run in seeds.values()]
        found = [_measures(run) for run in seeds.values()]
        row: dict[str, object] = {"variant": variant, "seeds": len(seeds), "parameters": made[0]["parameters"]}
        row |= {"steps": made[0]["steps"]}
        for name in ("pck@0.2", "pckh@0.5", "pcp@0.5", "oks", "ap"):
            row[name] = round(sum(one[name] for one in found) / len(found), 4)
        row["pck_by_seed"] = " ".join(f"{one['pck@0.2']:.3f}" for one in found)
        holistic, _, parts = variant.partition("-")
        for other in ("none", holistic if parts else None):
            prefix = "less_none" if other == "none" else "less_holistic"
            shared = other not in (None, variant) and runs[other].keys() & seeds.keys()
            apart = _apart(runs[other], seeds) if shared else ("", "", "")
            row |= dict(zip((prefix, f"{prefix}_low", f"{prefix}_high"), apart, strict=True))
        rows.append(row)
    with (RESULTS / f"{table}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _measures(run: Path) -> dict[str, float]:
    summary = json.loads((run / "test" / "summary.json").read_text())
    found: dict[str, float] = next(iter(summary["measures"].values()))
    return found


def _apart(theirs: Mapping[str, Path], mine: Mapping[str, Path]) -> tuple[float, float, float]:
    both = [seed for seed in mine if seed in theirs]
    first, second = (_rows(runs, both) for runs in (theirs, mine))
    found = compared(first, second, [row["file"] for row in first], "pck_right/pck_joints")
    low, middle, high = (round(value, 4) for value in (found[1], found[0], found[2]))
    return middle, low, high


def _rows(runs: Mapping[str, Path], seeds: list[str]) -> Rows:
    found: Rows = []
    for seed in seeds:
        path = runs[seed] / "test" / "per_query.csv"
        found += csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return found


if __name__ == "__main__":
    main()
