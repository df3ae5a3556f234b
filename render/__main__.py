"""Render the demo collection: `python -m render --seed 0`. See README.md beside this file."""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from render import bodies, films, photos, truth
from render.bodies import Body
from render.scenes import backdrop, picture
from render.truth import Row

DEMO = Path(__file__).resolve().parent.parent / "contrapposto" / "demo"
QUALITY = 85
_GRAIN = 0.8
"""Standard deviation of the pictures' noise, of 255."""


@cache
def _bodies() -> dict[str, Body]:
    return bodies.load()


def photo(seed: int, folder: Path, number: int) -> list[Row]:
    """Render one picture of the collection; its people, the largest first."""
    people = photos.planned(seed)[number]
    random = np.random.default_rng([seed, 1, number])
    scene, shapes = photos.composed(_bodies(), people, random)
    image, seen = picture(scene, shapes)
    noisy = image + random.normal(0, _GRAIN, (*image.shape[:2], 1))
    file = f"photo_{number + 1:03d}.jpg"
    grained = np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
    Image.fromarray(grained).save(folder / file, quality=QUALITY, optimize=True)
    return truth.rows(file, -1, scene, seen)


def film(seed: int, folder: Path, name: str) -> list[Row]:
    """Render one film; its people, frame after frame."""
    pictures: list[NDArray[np.uint8]] = []
    found: list[Row] = []
    camera, behind = None, None
    for frame, scene in enumerate(films.frames(name, _bodies(), seed)):
        if scene.camera is not camera:
            camera, behind = scene.camera, backdrop(scene)
        image, seen = picture(scene, behind=behind)
        pictures.append(image)
        found += truth.rows(f"{name}.mp4", frame, scene, seen)
    films.written(folder / f"{name}.mp4", pictures)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m render", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=DEMO, help="folder of the collection")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--photos", type=int, help="only so many photos")
    parser.add_argument("--no-films", action="store_true")
    options = parser.parse_args()
    for name in ("photos", "films"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
        for old in (options.out / name).iterdir():
            old.unlink()
    count = len(photos.planned(options.seed))
    count = min(count, options.photos or count)
    rows: list[Row] = []
    with ProcessPoolExecutor(options.workers) as workers:
        made = workers.map(partial(photo, options.seed, options.out / "photos"), range(count))
        reels = [] if options.no_films else list(films.FILMS)
        running = [workers.submit(film, options.seed, options.out / "films", name) for name in reels]
        for found in tqdm(made, total=count, desc="photos"):
            rows += found
        for reel in tqdm(running, desc="films"):
            rows += reel.result()
    truth.write(options.out / "truth.npz", rows, reels)


if __name__ == "__main__":
    main()
