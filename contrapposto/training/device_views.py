"""New views of people, made on a GPU: it learns faster than threads can cut and turn pictures.

Each person's surroundings are kept there as one square picture, from which the views of a batch are sampled at once
(bilinear, black outside). Views are drawn by the same chances as those of `pose_photos.view`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from contrapposto.media.sampling import Region
from contrapposto.poses.crops import region_of
from contrapposto.training.pose_photos import Change, KnownPerson, drawn, joints_in, picture_of

FINER = 2
"""Sides of what is kept, in pixels, over those of a view."""

Drawing = Callable[[KnownPerson, tuple[int, int], Change, np.random.Generator], tuple[Region, bool]]


@dataclass(frozen=True, slots=True, eq=False)
class DeviceViews:
    """pictures: (N, 3, S, S) uint8 on the device, the surroundings of each person; around: what they show; people:
    whose; size: rows and columns of a view."""

    pictures: Tensor
    around: tuple[Region, ...]
    people: tuple[KnownPerson, ...]
    size: tuple[int, int]

    @staticmethod
    def of(
        people: Sequence[KnownPerson], size: tuple[int, int], change: Change, device: torch.device
    ) -> DeviceViews:
        """Reads the photos. Raises DataError."""
        # a view reaches as far as its corners, turned and enlarged; halves of bodies lie within
        reach = float(np.hypot(1, size[1] / size[0])) * (1 + change.scale) if change.turned else 1 + change.scale
        around = tuple(_grown(region_of(person.box, size), reach) for person in people)
        stored = FINER * size[0]

        def one(number: int) -> NDArray[np.uint8]:
            return around[number].cut(picture_of(people[number]), stored)

        pictures = torch.empty((len(people), 3, stored, stored), dtype=torch.uint8, device=device)
        with ThreadPoolExecutor(cpu_count() or 1) as pool:
            for row, picture in enumerate(pool.map(one, range(len(people)))):
                pictures[row] = torch.from_numpy(picture).to(device).permute(2, 0, 1)
        return DeviceViews(pictures, around, tuple(people), size)

    def shown(self, rows: NDArray[np.intp], regions: Sequence[Region], mirrored: Sequence[bool]) -> Tensor:
        """(B, 3, rows, columns) float32, (RGB - 127) / 128, of these people."""
        height, width = self.size
        theta = np.stack(
            [self._map(int(row), *one) for row, one in zip(rows, zip(regions, mirrored, strict=True), strict=True)]
        )
        device = self.pictures.device
        shape = [len(rows), 3, height, width]
        grid = functional.affine_grid(torch.from_numpy(theta).float().to(device), shape, align_corners=False)
        pictures = self.pictures[torch.from_numpy(rows).to(device)].float()
        sampled = functional.grid_sample(pictures, grid, "bilinear", "zeros", align_corners=False)
        return (sampled - 127) / 128

    def batch(
        self, rows: NDArray[np.intp], change: Change, rng: np.random.Generator, draw: Drawing = drawn
    ) -> tuple[Tensor, NDArray[np.float32]]:
        """New views of these people, as `shown`, and their joints (B, 17, 2) in pixels of the view."""
        made = [draw(self.people[row], self.size, change, rng) for row in rows]
        joints = [
            joints_in(self.people[row], region, self.size, mirrored)
            for row, (region, mirrored) in zip(rows, made, strict=True)
        ]
        regions, mirrored = zip(*made, strict=True)
        return self.shown(rows, regions, mirrored), np.stack(joints).astype(np.float32)

    def _map(self, row: int, region: Region, mirrored: bool) -> NDArray[np.float64]:
        """(2, 3) from the view to the person's picture, both -1..1."""
        around = self.around[row]
        height, width = self.size
        flip = -1.0 if mirrored else 1.0
        cosine, sine = np.cos(region.turn), np.sin(region.turn)
        # of the view's sides in pixels of the photo, over half of those of what is kept
        across, down = region.side * width / height / around.side, region.side / around.side
        return np.array(
            [
                [cosine * across * flip, -sine * down, 2 * (region.x - around.x) / around.side],
                [sine * across * flip, cosine * down, 2 * (region.y - around.y) / around.side],
            ]
        )


def _grown(region: Region, by: float) -> Region:
    return Region(region.x, region.y, region.side * by)
