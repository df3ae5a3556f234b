"""Pictures of poses: where the skeleton lies, which colour is which side, what the crop shows."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto import skeleton
from contrapposto.distances import METRICS
from contrapposto.errors import UnreadableMedia
from contrapposto.media import sizes
from contrapposto.records import Box, PartResult, Pose
from contrapposto.search import posebit_scoring, vector_scoring
from contrapposto.text import measure
from contrapposto.web.skeletons import CROP_SIDE, FAR, photo_svg, pose_svg
from tests.search.people import STANDING, only, pose

SVG = "{http://www.w3.org/2000/svg}"
ONES = np.ones(17)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """400 x 300: red in its left half, blue in its right half."""
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[:, :200, 0] = 255
    pixels[:, 200:, 2] = 255
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


def joints(svg: str) -> dict[str, tuple[float, float]]:
    """Title to place of each dot."""
    dots = ElementTree.fromstring(svg).iter(f"{SVG}circle")
    return {dot.findtext(f"{SVG}title", ""): (float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in dots}


def limbs(svg: str, kind: str) -> set[tuple[float, ...]]:
    lines = ElementTree.fromstring(svg).iter(f"{SVG}line")
    return {
        tuple(float(line.get(key, "")) for key in ("x1", "y1", "x2", "y2"))
        for line in lines
        if line.get("class") == kind
    }


def view(svg: str) -> list[float]:
    return [float(number) for number in ElementTree.fromstring(svg).get("viewBox", "").split()]


def shown(svg: str) -> tuple[NDArray[np.uint8], list[float]]:
    """The picture inside and its place: x, y, width, height."""
    image = ElementTree.fromstring(svg).find(f"{SVG}image")
    assert image is not None
    head, data = image.get("href", "").split(",")
    assert head == "data:image/jpeg;base64"
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    return pixels, [float(image.get(key, "")) for key in ("x", "y", "width", "height")]


def test_dots_lie_on_the_keypoints_that_are_seen(photo: Path) -> None:
    expected = {name.replace("_", " "): place for name, place in STANDING.items() if name != "left_wrist"}
    assert joints(photo_svg(photo, [pose("left_wrist")], None)) == expected
    assert joints(pose_svg(pose("left_wrist"), ONES)) == expected


def test_limbs_join_seen_keypoints_in_the_colour_of_their_side() -> None:
    svg = pose_svg(pose("left_wrist"), ONES)

    def lines(*pairs: tuple[str, str]) -> set[tuple[float, ...]]:
        return {(*map(float, STANDING[first]), *map(float, STANDING[second])) for first, second in pairs}

    left = [
        ("nose", "left_eye"),
        ("left_eye", "left_ear"),
        ("left_shoulder", "left_elbow"),
        ("left_shoulder", "left_hip"),
        ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"),
    ]
    right = [(first.replace("left", "right"), second.replace("left", "right")) for first, second in left]
    assert limbs(svg, "limb left") == lines(*left)
    assert limbs(svg, "limb right") == lines(*right, ("right_elbow", "right_wrist"))
    assert limbs(svg, "limb middle") == lines(("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"))
    assert len(limbs(svg, "under")) == 15


def test_joints_that_are_not_asked_for_are_not_drawn() -> None:
    weights = np.array([name in skeleton.GROUPS["arms"] for name in skeleton.KEYPOINTS], dtype=float)
    names = {name.replace("_", " ") for name in skeleton.GROUPS["arms"]}
    svg = pose_svg(pose(), weights)
    assert joints(svg).keys() == names
    # arms: x 32..68, y 40..88; margin .15 of the larger side 48
    assert view(svg) == pytest.approx([32 - 7.2, 40 - 7.2, 36 + 14.4, 48 + 14.4])


def test_skeletons_in_small_units_keep_their_shape() -> None:
    small = only(left_shoulder=(0.5, 0.25), left_elbow=(0.512, 0.301), left_wrist=(0.5437, 0.3333))
    svg = pose_svg(small, ONES)
    assert joints(svg)["left wrist"] == (0.5437, 0.3333)
    assert view(svg)[3] == pytest.approx(0.0833 * 1.3)


def test_a_whole_photo(photo: Path) -> None:
    svg = photo_svg(photo, [pose(), pose(nose=(9, 9))], None)
    assert view(svg) == [0, 0, 400, 300]
    assert len(ElementTree.fromstring(svg).findall(f"{SVG}circle")) == 34


def test_crop_by_hand(photo: Path) -> None:
    # Box 100 x 80 at (150, 100), grown by a quarter of 100 on each side: (125, 75) to (275, 205).
    svg = photo_svg(photo, [pose()], Box(150, 100, 100, 80))
    pixels, place = shown(svg)
    assert place == view(svg) == [125, 75, 150, 130]
    assert pixels.shape == (130, 150, 3)
    # the photo turns from red to blue at x = 200, so 75 pixels into the crop
    red, blue = pixels[:, :70].mean(axis=(0, 1)), pixels[:, 80:].mean(axis=(0, 1))
    assert red[0] > 240 > 15 > red[2]
    assert blue[2] > 240 > 15 > blue[0]


def test_crops_end_at_the_border_of_the_photo(photo: Path) -> None:
    assert view(photo_svg(photo, [], Box(-50, 250, 100, 200))) == [0, 200, 100, 100]
    # a box beside the photo cannot be shown: the whole photo is
    assert view(photo_svg(photo, [], Box(900, 900, 10, 10))) == [0, 0, 400, 300]


def test_reduced_photos_are_drawn_in_full_pixels(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "WORKING_SIDE", 100)  # the photo is read at a quarter of its size
    svg = photo_svg(photo, [pose()], Box(150, 100, 100, 80))
    pixels, place = shown(svg)
    # to whole pixels of the reduced picture, outwards: 124..276 and 72..208
    assert place == view(svg) == [124, 72, 152, 136]
    assert pixels.shape == (34, 38, 3)
    assert joints(svg)["left wrist"] == STANDING["left_wrist"]


def test_large_crops_are_reduced(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    Image.new("RGB", (1000, 500), "green").save(path)
    pixels, place = shown(photo_svg(path, [], None))
    assert pixels.shape == (CROP_SIDE // 2, CROP_SIDE, 3)
    assert place == [0, 0, 1000, 500]


@pytest.mark.parametrize(("unit", "half", "far"), [("px of 128", "20.0", "120.0"), ("mm", "200", "1200")])
def test_joints_are_coloured_by_distance(photo: Path, unit: str, half: str, far: str) -> None:
    distances = np.full(17, math.nan)
    distances[skeleton.INDEX["nose"]] = 0
    distances[skeleton.INDEX["left_wrist"]] = FAR[unit] / 2
    distances[skeleton.INDEX["right_wrist"]] = FAR[unit] * 3
    why = PartResult("metric", 1.0, unit, 0.5, False, distances)
    svg = photo_svg(photo, [pose(), pose()], None, why)
    dots = ElementTree.fromstring(svg).findall(f"{SVG}circle")
    fills = {dot.findtext(f"{SVG}title", ""): dot.get("fill") for dot in dots[:17]}
    assert fills[f"nose: {measure(0, unit)}"] == "#2ecc71"
    assert fills[f"right wrist: {far} {unit}"] == "#e74c3c"
    assert (
        fills[f"left wrist: {half} {unit}"] == "#8a8c56"
    )  # half way: (46+231)/2, (204+76)/2, (113+60)/2, cut to whole
    assert fills["left hip"] == "#fff"
    assert {dot.get("fill") for dot in dots[17:]} == {"#fff"}  # the second pose was not compared


def test_every_unit_has_a_far() -> None:
    assert set(FAR) == {posebit_scoring.UNIT, vector_scoring.UNIT, *(metric.unit for metric in METRICS.values())}


def test_a_pose_in_space_is_drawn_as_its_camera_sees_it() -> None:
    flat = pose("left_ear")
    deep = Pose(np.full((17, 2), np.nan), keypoints3d=np.column_stack([flat.keypoints, np.ones(17)]) * [1, -1, 1])
    assert joints(pose_svg(deep, ONES)) == joints(pose_svg(flat, ONES))


def test_files_that_cannot_be_shown(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="cannot be read"):
        photo_svg(tmp_path / "none.jpg", [pose()], None)
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(UnreadableMedia, match="not a JPEG"):
        photo_svg(tmp_path / "text.jpg", [pose()], None)
