"""Writes the tables of docs/posebits.md: python docs/make_posebits.py

From the runs that `contrapposto evaluate posebits --out` keeps: per_query.csv and summary.json, here
docs/results/posebits-*.csv and -*.json. The tables stand between two comments of the page each.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

from contrapposto.posebits.table import FAMILIES, POSEBITS

HERE = Path(__file__).parent
PAGE = HERE / "posebits.md"
RUNS = {"demo": "demo", "poses3d-bandai": "Bandai", "poses3d-cmu": "CMU"}
PHOTOS = "lspe-test"
"""Real photos, known in the picture only."""
FEW = 10


def rows_of(run: str) -> dict[str, dict[str, str]]:
    """The lines of a run by posebit."""
    with (HERE / "results" / f"posebits-{run}.csv").open(newline="", encoding="utf-8") as file:
        return {row["posebit"]: row for row in csv.DictReader(file)}


def measures_of(run: str) -> dict[str, float]:
    """The measures of a run."""
    summary = json.loads((HERE / "results" / f"posebits-{run}.json").read_text(encoding="utf-8"))
    (measures,) = summary["measures"].values()
    return {str(name): float(value) for name, value in measures.items()}


def table(head: list[str], lines: list[list[str]]) -> str:
    """In Markdown."""
    rule = ["---"] * len(head)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *lines))


def families() -> str:
    """Agreement, accuracy, Brier score and calibration error of each family on each set."""
    runs = [measures_of(run) for run in (*RUNS, PHOTOS)]
    kinds = {"agreement": "{:.3f}", "accuracy": "{:.3f}", "brier": "{:.3f}", "ece": "{:.3f}"}
    lines = []
    for family in ("all", *FAMILIES):
        cells = [
            " / ".join(form.format(run[f"{kind}/{family}"]) if f"{kind}/{family}" in run else "-" for run in runs)
            for kind, form in kinds.items()
        ]
        lines.append([family, f"{runs[0][f'rows/{family}']:.0f}", *cells])
    return table(["family", "rows", *kinds], lines)


def worst() -> str:
    """The rows of the lowest agreement on the demo collection."""
    lines = []
    for row in list(rows_of("demo").values())[:FEW]:
        shares = [f"{100 * float(row[kind]):.1f}" for kind in ("true", "found")]
        lines.append([f"`{row['posebit']}`", f"{float(row['agreement']):.2f}", *shares])
    return table(["posebit", "agreement", "true, %", "found, %"], lines)


def clips() -> str:
    """Precision and recall of the words in the names of clips."""
    measures = measures_of("poses3d-bandai")
    names = [
        key[len("clips/") : -len(": recall")] for key in measures if key.startswith("clips/") and "recall" in key
    ]
    lines = []
    for name in names:
        words, row = name.split(": ")
        cells = [
            f"{measures[f'{kind}/{name}: {score}']:.3f}"
            for kind in ("clips", "clips-found")
            for score in ("precision", "recall")
        ]
        lines.append([words, f"`{row}`".replace("|", "` or `"), *cells])
    return table(["words", "posebit", "precision", "recall", "precision, found", "recall, found"], lines)


def thresholds() -> str:
    """Every row of the left side: threshold, spread of the true measure, share true, agreement."""
    runs = {run: rows_of(run) for run in RUNS}
    lines = []
    for row in POSEBITS:
        if row.name.startswith("right_") or row.name == "weight_right":
            continue
        cells = [f"`{row.name}`", f"{'>' if row.over else '<'} {row.threshold:g} {row.unit}", f"{row.sigma:g}"]
        form = "{:.2f}" if row.unit == "m" else "{:.0f}"
        for lines_of in runs.values():
            found = lines_of[row.name]
            cells.append(" ".join(form.format(float(found[key])) for key in ("p5", "p50", "p95")))
        cells.append(" / ".join(f"{100 * float(lines_of[row.name]['true']):.1f}" for lines_of in runs.values()))
        agreements = [lines_of[row.name]["agreement"] for lines_of in runs.values()]
        cells.append(" / ".join(f"{float(value):.2f}" if value else "-" for value in agreements))
        lines.append(cells)
    spreads = [f"5 50 95 % {name}" for name in RUNS.values()]
    return table(["posebit", "threshold", "sigma", *spreads, "true, %", "agreement"], lines)


TABLES = {"families": families, "worst": worst, "clips": clips, "thresholds": thresholds}


def filled(page: str) -> str:
    """The page with its tables written anew."""
    for name, made in TABLES.items():
        start, end = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = before + start + made() + end + after
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
