"""Times of the nearest poses among many: python benchmarks/scan.py [--people N ...] [--metric M ...] [--poses FILE]

Prints a table and writes docs/results/scan.csv. People are figures with limbs in random directions, from a seed,
seen from random sides; of each, every joint is hidden with a chance of one in ten. --poses takes a table of real
ones instead (an .npz with `xy` or `xyz` (N, J, D), and `joint_names`), repeated with a little noise up to the
number of people. Queries are people of the same kind who are not in the gallery.

Rows of the table: `memory pass`, np.sum over as many bytes as the joints asked for take in float32; `naive`, the
plainest NumPy on whole float32 arrays; `exact`, `distances.pose_distances`; `bounds`, the compiled scan that gives
a lower bound of every distance; `nearest`, the 100 nearest with exact distances, everything included. Recall is the
share of the first 10 and 100 of `exact` that `nearest` finds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import report
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.distances import METRICS, pose_distances
from contrapposto.scan import Gallery, gallery

HIDDEN = 0.1
K = 100
QUERIES = {100_000: 200, 1_000_000: 40}
SLOW_QUERIES = {100_000: 3, 1_000_000: 1}

LIMBS = (  # joint, the joint it hangs on, length in metres, usual direction (x left, y up, z forward)
    ("left_elbow", "left_shoulder", 0.28, (0.3, -1, 0.2)),
    ("right_elbow", "right_shoulder", 0.28, (-0.3, -1, 0.2)),
    ("left_wrist", "left_elbow", 0.25, (0.1, -0.6, 0.7)),
    ("right_wrist", "right_elbow", 0.25, (-0.1, -0.6, 0.7)),
    ("left_knee", "left_hip", 0.42, (0.1, -1, 0.3)),
    ("right_knee", "right_hip", 0.42, (-0.1, -1, 0.3)),
    ("left_ankle", "left_knee", 0.42, (0, -1, -0.3)),
    ("right_ankle", "right_knee", 0.42, (0, -1, -0.3)),
)
TRUNK = {
    "left_hip": (0.1, 0, 0),
    "right_hip": (-0.1, 0, 0),
    "left_shoulder": (0.18, 0.5, 0),
    "right_shoulder": (-0.18, 0.5, 0),
    "nose": (0, 0.72, 0.12),
    "left_eye": (0.03, 0.75, 0.1),
    "right_eye": (-0.03, 0.75, 0.1),
    "left_ear": (0.08, 0.73, 0),
    "right_ear": (-0.08, 0.73, 0),
}


def figures(count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """(count, 17, 3) metres."""
    points = np.zeros((count, skeleton.COUNT, 3), np.float32)
    for name, place in TRUNK.items():
        points[:, skeleton.INDEX[name]] = place
    bend = random.normal(0, 0.35, (count, 1))  # forward, of what is above the hips
    upper = [skeleton.INDEX[name] for name in TRUNK if "hip" not in name]
    y, z = points[:, upper, 1].copy(), points[:, upper, 2].copy()
    points[:, upper, 1] = y * np.cos(bend) - z * np.sin(bend)
    points[:, upper, 2] = y * np.sin(bend) + z * np.cos(bend)
    for joint, parent, length, usual in LIMBS:
        way = np.array(usual) + random.normal(0, 0.6, (count, 3))
        way *= length / np.linalg.norm(way, axis=1, keepdims=True)
        points[:, skeleton.INDEX[joint]] = points[:, skeleton.INDEX[parent]] + way
    side = random.normal(0, 1, count)
    x, z = points[..., 0].copy(), points[..., 2].copy()
    points[..., 0] = x * np.cos(side)[:, None] + z * np.sin(side)[:, None]
    points[..., 2] = z * np.cos(side)[:, None] - x * np.sin(side)[:, None]
    points *= random.normal(1, 0.06, (count, 1, 1)).astype(np.float32)
    return points


def from_table(file: Path, count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """(count, 17, D) poses of a table, in random order; centimetres become metres."""
    with np.load(file) as table:
        key = "xyz" if "xyz" in table else "xy"
        names = [str(name) for name in table["joint_names"]]
        points = skeleton.from_names(table[key], names)
    points = points[np.isfinite(points[..., 0]).sum(axis=1) >= 8]
    if key == "xyz":
        points = (points - skeleton.pelvis(points)[:, None]) / 100
    chosen = np.resize(random.permutation(len(points)), count)
    size = np.nanstd(points[:1000])
    noise = (
        random.normal(0, 0.02 * size, (count, *points.shape[1:])) * (np.arange(count) >= len(points))[:, None, None]
    )
    return (points[chosen] + noise).astype(np.float32)


def people(dimension: int, count: int, file: Path | None, seed: int) -> NDArray[np.float32]:
    """(count, 17, D) poses with hidden joints."""
    random = np.random.default_rng(seed)
    if file is not None:
        points = from_table(file, count, random)
        if np.isnan(points).any():
            return points
    else:
        points = figures(count, random)
        if dimension == 2:
            points = points[..., :2] * (1, -1) * random.uniform(50, 400, (count, 1, 1))
            points += random.uniform(200, 2000, (count, 1, 2))
    points[random.random(points.shape[:2]) < HIDDEN] = np.nan
    return points.astype(np.float32)


def naive(metric: str, query: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N,) distances by the plainest means: whole arrays, float32, einsum, the library's SVD. Too little in common
    is not looked for."""
    rule = METRICS[metric]
    asked = np.isfinite(query[:, 0])
    q, x = query[asked], points[:, asked]
    seen = np.isfinite(x[..., 0])
    w = seen * skeleton.DEFAULT_WEIGHTS[asked].astype(np.float32)
    w /= w.sum(axis=1, keepdims=True)
    hidden = ~seen[..., None]
    aligned = []
    for pose in (np.where(hidden, 0, x), np.broadcast_to(q, x.shape)):
        centred = pose - np.einsum("nk,nkd->nd", w, pose)[:, None]
        if metric == "2d":
            low = np.where(hidden, np.inf, pose).min(axis=1)
            side = (np.where(hidden, -np.inf, pose).max(axis=1) - low).max(axis=1)
            centred *= (128 / side)[:, None, None]
        elif rule.rescale:
            centred /= np.sqrt(np.einsum("nk,nkd,nkd->n", w, centred, centred))[:, None, None]
        aligned.append(centred)
    found, wanted = aligned
    if rule.rotate:
        u, _, v = np.linalg.svd(np.einsum("nk,nkd,nke->nde", w, wanted, found))
        u[:, :, 2] *= np.sign(np.linalg.det(u @ v))[:, None]
        wanted = wanted @ (u @ v)
    distances = np.einsum("nk,nk->n", w, np.linalg.norm(found - wanted, axis=2))
    return distances if rule.rescale else 1000 * distances


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds and the result."""
    start = time.perf_counter()
    result = call()
    return 1000 * (time.perf_counter() - start), result


def measure(metric: str, count: int, file: Path | None) -> list[dict[str, Any]]:
    """A row for each way."""
    rule = METRICS[metric]
    points = people(rule.dimension, count, file, 1)
    number, slow = QUERIES.get(count, 20), SLOW_QUERIES.get(count, 2)
    queries = people(rule.dimension, number + 50, file, 2)
    shown = np.isfinite(queries[..., 0]).sum(axis=1)
    queries = queries[shown >= 8][:number]
    searched = Gallery(points)
    laying_out, layout = timed(lambda: searched.layout)
    searched.nearest(metric, queries[0], k=K, threads=2)  # compiles
    searched.lower_bounds(metric, queries[0])
    memory = layout.blocks.reshape(-1)
    taken: dict[tuple[str, int], list[float]] = {}
    recalls: list[tuple[float, float]] = []
    for place, query in enumerate(queries):
        joints = int(np.isfinite(query[:, 0]).sum())
        part = memory[: len(memory) * joints // skeleton.COUNT]
        calls: dict[tuple[str, int], Callable[[], Any]] = {
            ("memory pass", 1): lambda part=part: part.sum(),
            ("bounds", 1): lambda query=query: searched.lower_bounds(metric, query),
            ("nearest", 1): lambda query=query: searched.nearest(metric, query, k=K),
            ("bounds", 2): lambda query=query: searched.lower_bounds(metric, query, threads=2),
            ("nearest", 2): lambda query=query: searched.nearest(metric, query, k=K, threads=2),
        }
        if place < slow:
            calls["naive", 1] = lambda query=query: naive(metric, query, points)
            calls["exact", 1] = lambda query=query: pose_distances(metric, query, points)
        results = {}
        for key, call in calls.items():
            milliseconds, results[key] = timed(call)
            taken.setdefault(key, []).append(milliseconds)
        if place < slow:
            best = np.argsort(results["exact", 1], kind="stable")  # NaN comes last
            found = results["nearest", 1][0]
            recalls.append(tuple(len(set(best[:k]) & set(found[:k])) / k for k in (10, 100)))
    middle = {key: float(np.median(values)) for key, values in taken.items()}
    return [
        {
            "people": count,
            "poses": file.stem if file else "figures",
            "metric": metric,
            "way": way,
            "threads": threads,
            "queries": len(values),
            "p50_ms": round(middle[way, threads], 3),
            "p99_ms": round(float(np.percentile(values, 99)), 3),
            "of_naive": round(middle[way, threads] / middle["naive", 1], 4),
            "of_memory_pass": round(middle[way, threads] / middle["memory pass", 1], 2),
            "recall@10": float(np.mean([r[0] for r in recalls])) if way == "nearest" else "",
            "recall@100": float(np.mean([r[1] for r in recalls])) if way == "nearest" else "",
            "layout_ms": round(laying_out),
            "sets_of_joints": len(layout.codes),
        }
        for (way, threads), values in taken.items()
    ]


def main() -> None:
    """Prints the table and writes the CSV file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, nargs="+", default=list(QUERIES))
    parser.add_argument("--metric", nargs="+", default=list(METRICS), choices=METRICS)
    parser.add_argument("--poses", type=Path)
    parser.add_argument("--out", type=Path, default=report.RESULTS / "scan.csv")
    chosen = parser.parse_args()
    gallery.AFTER = 0  # measure the machine code, however few have been looked at
    rows = []
    print("| people | metric | way | threads | p50 ms | p99 ms | of naive | of a memory pass | recall@10 | @100 |")
    print("|---" * 10 + "|")
    for count in chosen.people:
        for metric in chosen.metric:
            for row in measure(metric, count, chosen.poses):
                rows.append(row)
                print(
                    f"| {count:,} | {metric} | {row['way']} | {row['threads']} | {row['p50_ms']} | {row['p99_ms']}"
                    f" | {row['of_naive']} | {row['of_memory_pass']} | {row['recall@10']} | {row['recall@100']} |",
                    flush=True,
                )
    report.write(chosen.out, rows)


if __name__ == "__main__":
    main()
