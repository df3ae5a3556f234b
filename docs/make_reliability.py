"""Draws docs/reliability.svg: python docs/make_reliability.py

From the bins that `contrapposto evaluate match --out` keeps (per_query.csv, here docs/results/match-*.csv). One
panel a metric: across, the match that was stated; up, the share of pairs that were alike; a dot for each bin of at
least 20 pairs, larger for more.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

HERE = Path(__file__).parent
FEW = 20
SIDE, GAP, TOP = 150, 34, 46
COLOURS = ("#1f9bff", "#ff7a1a", "#2e9e5b")
RUNS = {"lspe-val": "lspe val (fitted: 2d)", "lspe-test": "lspe test", "demo": "demo (fitted: the others)"}


def bins(run: str) -> dict[str, list[tuple[float, float, int]]]:
    """Metric to (stated, found, pairs) of each bin."""
    found: dict[str, list[tuple[float, float, int]]] = {}
    with (HERE / "results" / f"match-{run}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pairs = int(float(row["pairs"]))
            if pairs >= FEW:
                found.setdefault(row["metric"], []).append((float(row["stated"]), float(row["found"]), pairs))
    return found


def dots(points: list[tuple[float, float, int]], colour: str) -> str:
    """A line through the bins, and their dots."""
    places = [(SIDE * stated, SIDE * (1 - found), pairs) for stated, found, pairs in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    circles = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{1 + math.log10(pairs):.1f}" fill="{colour}"/>'
        for x, y, pairs in places
    )
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>{circles}'


def panel(metric: str, number: int, runs: dict[str, dict[str, list[tuple[float, float, int]]]]) -> str:
    """One metric."""
    drawn = "".join(
        dots(found[metric], colour) for found, colour in zip(runs.values(), COLOURS, strict=True) if metric in found
    )
    ticks = "".join(
        f'<text x="{SIDE * t}" y="{SIDE + 14}" text-anchor="middle">{t:g}</text>'
        f'<text x="-5" y="{SIDE * (1 - t) + 4}" text-anchor="end">{t:g}</text>'
        for t in (0, 0.5, 1)
    )
    return (
        f'<g transform="translate({GAP + number * (SIDE + GAP)} {TOP})">'
        f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="#888"/>'
        f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="#888" stroke-dasharray="4 4"/>{drawn}{ticks}'
        f'<text x="{SIDE / 2}" y="-8" text-anchor="middle" font-weight="bold">{metric}</text></g>'
    )


def picture() -> str:
    """The whole diagram."""
    runs = {run: bins(run) for run in RUNS}
    metrics = list(dict.fromkeys(metric for found in runs.values() for metric in found))
    width, height = GAP + len(metrics) * (SIDE + GAP), TOP + SIDE + 44
    panels = "".join(panel(metric, number, runs) for number, metric in enumerate(metrics))
    key = "".join(
        f'<circle cx="{GAP + 200 * n}" cy="14" r="4" fill="{colour}"/>'
        f'<text x="{GAP + 200 * n + 9}" y="18">{words}</text>'
        for n, (words, colour) in enumerate(zip(RUNS.values(), COLOURS, strict=True))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" fill="#555"><rect width="{width}" height="{height}" fill="#fff"/>'
        f'{key}{panels}<text x="{width / 2}" y="{height - 8}" text-anchor="middle">'
        "across: the match that was stated; up: the share of pairs that are alike</text></svg>\n"
    )


if __name__ == "__main__":
    (HERE / "reliability.svg").write_text(picture(), encoding="utf-8")
