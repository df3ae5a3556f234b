"""More rendered people to learn from, as a COCO keypoint set: `python -m render.people --seeds 1 2 --out DIR`.

They are made as the collection is, by other seeds: other bodies, clothes, postures, cameras and backgrounds by the
same chances. Seed 0 is the collection itself, which is for evaluation.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from render import photos
from render.__main__ import photo
from render.truth import Row


def rendered(seed: int, folder: Path, number: int) -> list[Row]:
    """One picture of a seed's, whose name tells the seed."""
    part = folder / str(seed)
    rows = photo(seed, part, number)
    name = f"{seed}_{rows[0].file}"
    (part / rows[0].file).replace(folder / name)
    return [replace(row, file=name) for row in rows]


def annotations(people: list[Row]) -> dict[str, Any]:
    """COCO JSON: a keypoint that cannot be seen is not annotated."""
    sizes = {row.file: row.size for row in people}
    numbers = {file: number for number, file in enumerate(sizes)}
    return {
        "images": [
            {"id": numbers[file], "file_name": file, "width": width, "height": height}
            for file, (width, height) in sizes.items()
        ],
        "annotations": [
            {
                "id": number,
                "image_id": numbers[row.file],
                "category_id": 1,
                "iscrowd": 0,
                "bbox": [round(float(side), 1) for side in row.seen.box],
                "num_keypoints": int(row.seen.visible.sum()),
                "keypoints": np.column_stack(
                    [np.where(row.seen.visible[:, None], row.seen.keypoints, 0).round(2), 2 * row.seen.visible]
                )
                .ravel()
                .tolist(),
            }
            for number, row in enumerate(people)
        ],
        "categories": [{"id": 1, "name": "person"}],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m render.people", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", required=True, help="one for about 260 pictures")
    parser.add_argument("--out", type=Path, required=True, help="folder of the set")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--photos", type=int, help="only so many photos a seed")
    options = parser.parse_args()
    if 0 in options.seeds:
        parser.error("seed 0 is the collection that is evaluated on; give others")
    images = options.out / "images"
    people: list[Row] = []
    with ProcessPoolExecutor(options.workers) as workers:
        for seed in options.seeds:
            (images / str(seed)).mkdir(parents=True, exist_ok=True)
            count = len(photos.planned(seed))
            count = min(count, options.photos or count)
            made = workers.map(partial(rendered, seed, images), range(count))
            for found in tqdm(made, total=count, desc=f"seed {seed}"):
                people += found
            (images / str(seed)).rmdir()
    (options.out / "persons.json").write_text(json.dumps(annotations(people)), encoding="utf-8")


if __name__ == "__main__":
    main()
