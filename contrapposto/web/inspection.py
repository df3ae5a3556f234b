"""What a pose estimator saw of one person, as pictures: looks, heatmaps, attention maps, stages, and skeletons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.media.sampling import Region
from contrapposto.poses.agreement import AgreedLooks
from contrapposto.poses.boxed import box_of
from contrapposto.poses.crops import cut, region_of, to_crop
from contrapposto.poses.deeppose import SIGMA, DeepPose, squares_of
from contrapposto.poses.heatmaps import joints_of
from contrapposto.poses.in_box import InBox, SeesMaps, ThunderInBox
from contrapposto.poses.thunder import Estimate
from contrapposto.records import Box, Person
from contrapposto.web.panels import SMALL, Panel, Row, enlarged, heat, with_skeleton, with_squares

_SHOWN = (256, 256)
"""Rows and columns that a crop is shown at where the network has no size of its own."""

_SCALES = ("scale0", "scale1", "scale2", "scale3")


def inspected(image: NDArray[np.uint8], person: Person, network: InBox, name: str) -> list[Row]:
    """Rows of pictures. image: (H, W, 3) RGB; person: as `movenet` found it there; network: what finds keypoints in
    boxes for the estimator of this name, which is asked once more, without a mirror image where it shows maps."""
    box = person.box if isinstance(network, ThunderInBox) else box_of(person)
    points, scores = network(image, box)
    rows = [_compared(image, person, points, scores, name)]
    if isinstance(network, ThunderInBox):
        looks, best = network.looks(image, box)
        shown = [(look.name + (", believed" if look is best else ""), look.region, look.estimate) for look in looks]
        rows.append(_looks(image, shown))
    elif isinstance(network, AgreedLooks):
        agreed = network.looks(image, box)
        mirrored = (1, len(agreed) - 1)
        names = [f"look {n + 1}{', mirrored' if n in mirrored else ''}" for n in range(len(agreed))]
        rows.append(_looks(image, [(name, *look) for name, look in zip(names, agreed, strict=True)]))
    elif isinstance(network, DeepPose):
        rows.append(_stages(image, box, network))
    elif isinstance(network, SeesMaps):
        rows += _maps(image, box, network)
    return rows


def _compared(
    image: NDArray[np.uint8],
    person: Person,
    points: NDArray[np.floating],
    scores: NDArray[np.floating],
    name: str,
) -> Row:
    region = region_of(box_of(person), _SHOWN)
    shown = cut(image, region, _SHOWN)
    found = to_crop(person.pose.keypoints, region, _SHOWN)
    again = to_crop(points, region, _SHOWN)
    known = np.isfinite(points[:, 0])
    panels = (
        Panel("the person", enlarged(shown)),
        Panel(f"found by movenet, score {person.pose.score:.2f}", with_skeleton(shown, found)),
        Panel(f"{name}, all keypoints, score {scores[known].mean():.2f}", with_skeleton(shown, again)),
    )
    return Row("Skeletons; the score is the mean over the keypoints, the person's left is blue", panels)


def _looks(image: NDArray[np.uint8], looks: Sequence[tuple[str, Region, Estimate]]) -> Row:
    """The squares that Thunder was shown, turned as it was shown them, with what it found."""
    panels = []
    for name, region, estimate in looks:
        points = to_crop(estimate.points, region, _SHOWN)
        drawn = with_skeleton(region.cut(image, _SHOWN[0]), points)
        panels.append(Panel(f"{name}, score {estimate.score:.2f}", drawn))
    return Row("Looks of MoveNet Thunder", tuple(panels))


def _stages(image: NDArray[np.uint8], box: Box, network: DeepPose) -> Row:
    region, size = region_of(box, network.size), network.size
    shown = cut(image, region, size)
    scale = size[0] / region.side
    panels = [Panel(f"shown, {size[0]}x{size[1]}", enlarged(shown))]
    after = network.stages(image, box)
    for number, points in enumerate(after, start=1):
        placed = to_crop(points, region, size)
        moved = (
            "" if number == 1 else f", moved by {_moved(after[number - 2], points, region.side):.3f} of the crop"
        )
        panels.append(Panel(f"stage {number}{moved}", with_skeleton(shown, placed)))
        if number < len(after):
            side = squares_of(points, _sigma(network, number), region.side)[0].side
            panels.append(Panel(f"shown to stage {number + 1}", with_squares(shown, placed, side * scale)))
    return Row("Stages of the cascade", tuple(panels))


def _sigma(network: DeepPose, number: int) -> float:
    """Of the stage after the one of this number."""
    return float(network._later[number - 1].get_modelmeta().custom_metadata_map[SIGMA])


def _moved(before: NDArray[np.floating], after: NDArray[np.floating], side: float) -> float:
    """Mean over the joints, in sides."""
    return float(np.nanmean(np.hypot(*(after - before).T))) / side


def _maps(image: NDArray[np.uint8], box: Box, network: SeesMaps) -> Iterator[Row]:
    maps = network.maps(image, box)
    shown = np.round(maps["image"] * 255).astype(np.uint8)
    heatmaps = maps["heatmaps"]
    rows, columns = shown.shape[:2]
    placed = to_crop(network(image, box)[0], region_of(box, (rows, columns)), (rows, columns))
    largest = Panel(f"heatmaps, the largest, to {heatmaps.max():.2f}", heat(heatmaps.max(axis=0), shown))
    found = Panel("keypoints", with_skeleton(shown, placed))
    yield Row(
        "What the network is shown, and finds", (Panel(f"shown, {rows}x{columns}", enlarged(shown)), largest, found)
    )
    yield Row("Heatmap of each keypoint, up to its peak", _each(heatmaps, shown))
    scales = [(name, maps[name][0]) for name in _SCALES if name in maps]
    if scales:
        panels = [
            Panel(f"{name}, {values.shape[0]}x{values.shape[1]}, {_range(values)}", heat(values, shown))
            for name, values in [*scales, ("sum", maps["holistic"][0])]
        ]
        yield Row("Holistic attention, from the trunk's map to the last one, and their sum", tuple(panels))
    if "parts" in maps:
        yield Row("Part-wise attention", _each(maps["parts"], shown))


def _each(maps: NDArray[np.floating], shown: NDArray[np.uint8]) -> tuple[Panel, ...]:
    names = [skeleton.KEYPOINTS[joint].replace("_", " ") for joint in joints_of(len(maps))]
    return tuple(
        Panel(f"{name} {values.max():.2f}", heat(values, shown, SMALL))
        for name, values in zip(names, maps, strict=True)
    )


def _range(values: NDArray[np.floating]) -> str:
    return f"{values.min():.2g} to {values.max():.2g}"
