"""The truth about the collection's people as arrays; `contrapposto.demo` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from render import films
from render.scenes import Scene, Seen


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One person in one picture (frame -1) or frame of a film; number from 1, the largest box first."""

    file: str
    frame: int
    number: int
    pose: str
    ordinary: bool
    body: str
    size: tuple[int, int]
    focal: float
    seen: Seen


def rows(file: str, frame: int, scene: Scene, seen: list[Seen]) -> list[Row]:
    """The people of a picture: by the size of their boxes in a photo, in the order of the shot in a film."""
    order = list(range(len(seen)))
    if frame < 0:
        order.sort(key=lambda index: -seen[index].box[2] * seen[index].box[3])
    camera = scene.camera
    return [
        Row(
            file,
            frame,
            number,
            scene.actors[index].posture.name,
            scene.actors[index].posture.ordinary,
            scene.actors[index].body.name,
            camera.size,
            camera.focal,
            seen[index],
        )
        for number, index in enumerate(order, start=1)
    ]


def write(path: Path, people: list[Row], reels: list[str]) -> None:
    """Write the archive (compressed, no pickles): one row a person, one a shot."""
    shots = [(f"{name}.mp4", *span) for name in reels for span in films.spans(name)]
    np.savez_compressed(
        path,
        media=np.array([row.file for row in people]),
        frame=np.array([row.frame for row in people], dtype=np.int16),
        number=np.array([row.number for row in people], dtype=np.int8),
        pose=np.array([row.pose for row in people]),
        ordinary=np.array([row.ordinary for row in people]),
        body=np.array([row.body for row in people]),
        size=np.array([row.size for row in people], dtype=np.int16),
        focal=np.array([row.focal for row in people], dtype=np.float32),
        azimuth=np.array([row.seen.azimuth for row in people], dtype=np.float32),
        elevation=np.array([row.seen.elevation for row in people], dtype=np.float32),
        box=np.array([row.seen.box for row in people], dtype=np.float32),
        keypoints=np.array([row.seen.keypoints for row in people], dtype=np.float32),
        visible=np.array([row.seen.visible for row in people]),
        keypoints3d=np.array([row.seen.keypoints3d for row in people], dtype=np.float32),
        hips=np.array([row.seen.hips for row in people], dtype=np.float32),
        shot_file=np.array([shot[0] for shot in shots], dtype=np.str_),
        shot_start=np.array([shot[1] for shot in shots], dtype=np.int16),
        shot_end=np.array([shot[2] for shot in shots], dtype=np.int16),
        shot_fade=np.array([shot[3] for shot in shots], dtype=bool),
        rate=np.array(float(films.RATE)),
    )
