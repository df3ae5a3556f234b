"""Where a peak lies between cells, against drawn Gaussians, hand-worked cells and mirrored maps."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.media.sampling import Region
from contrapposto.poses.crops import cut, diameter, region_of, to_crop, to_picture
from contrapposto.poses.heatmaps import Decoding, decode, joints_of, mirrored
from contrapposto.records import Box
from contrapposto.skeleton import INDEX

ALL: tuple[Decoding, ...] = ("quarter", "taylor", "centroid")


def drawn(x: float, y: float, sigma: float, rows: int = 24, columns: int = 18) -> NDArray[np.float64]:
    across, down = np.arange(columns) + 0.5 - x, np.arange(rows) + 0.5 - y
    return np.exp(-(down[:, None] ** 2 + across**2) / (2 * sigma**2))


@pytest.mark.parametrize(("decoding", "most"), [("quarter", 0.26), ("taylor", 0.02), ("centroid", 0.2)], ids=ALL)
def test_peaks_of_drawn_gaussians_are_found(decoding: Decoding, most: float) -> None:
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(4, 14, 40), rng.uniform(4, 20, 40)])
    found, scores = decode(np.stack([drawn(x, y, 1.5) for x, y in places]), decoding)
    assert found.shape == (40, 2)
    assert np.abs(found - places).max() < most
    assert scores.min() > 0.85
    assert scores.max() <= 1


@pytest.mark.parametrize("decoding", ALL)
def test_a_peak_in_the_middle_of_a_cell_stays_there(decoding: Decoding) -> None:
    found, scores = decode(drawn(7.5, 11.5, 1.0), decoding)
    np.testing.assert_allclose(found, [7.5, 11.5], atol=1e-9)
    assert scores == pytest.approx(1)


def test_quarters_go_to_the_higher_neighbour() -> None:
    heatmap = np.zeros((5, 6))
    heatmap[2, 3], heatmap[2, 4], heatmap[1, 3], heatmap[3, 3] = 1.0, 0.5, 0.25, 0.125
    np.testing.assert_allclose(decode(heatmap, "quarter")[0], [3.75, 2.25])
    heatmap[2, 2] = 0.5
    np.testing.assert_allclose(decode(heatmap, "quarter")[0], [3.5, 2.25])


def test_taylor_without_blur_is_exact_for_a_gaussian() -> None:
    found, _ = decode(drawn(7.83, 11.31, 1.3), "taylor", blur=0.0)
    np.testing.assert_allclose(found, [7.83, 11.31], atol=1e-9)


def test_the_centroid_worked_by_hand() -> None:
    """Weights 1, 8, 1, 2 at columns 2 to 5: the mean is (-1 + 1 + 2 * 2) / 12 right of column 3."""
    heatmap = np.zeros((5, 8))
    heatmap[2, 2:6] = [1, 8, 1, 2]
    move = (-1 * 1 + 1 * 1 + 2 * 2) / 12
    np.testing.assert_allclose(decode(heatmap, "centroid")[0], [3.5 + move, 2.5])


@pytest.mark.parametrize("decoding", ALL)
def test_peaks_in_corners_and_on_flat_maps_stay_inside(decoding: Decoding) -> None:
    for row, column in ((0, 0), (0, 7), (5, 0), (5, 7), (0, 3), (2, 7)):
        heatmap = np.zeros((6, 8))
        heatmap[row, column] = 1.0
        found, _ = decode(heatmap, decoding)
        assert np.abs(found - (column + 0.5, row + 0.5)).max() < 1
    flat, scores = decode(np.zeros((2, 6, 8)), decoding)
    np.testing.assert_allclose(flat, 0.5)
    np.testing.assert_allclose(scores, 0)
    assert np.isfinite(decode(np.full((1, 6, 8), -3.0), decoding)[0]).all()


@pytest.mark.parametrize("decoding", ALL)
@pytest.mark.parametrize("count", [17, 12])
def test_mirrored_maps_have_mirrored_peaks(decoding: Decoding, count: int) -> None:
    rng = np.random.default_rng(count)
    maps = np.stack([drawn(x, y, 1.4) for x, y in rng.uniform(3, 15, (count, 2))])
    points, _ = decode(maps, decoding)
    turned, _ = decode(mirrored(maps), decoding)
    whole = np.full((17, 2), np.nan)
    whole[joints_of(count)] = points
    wanted = (whole[skeleton.FLIP] * (-1, 1) + (18, 0))[joints_of(count)]
    np.testing.assert_allclose(turned, wanted, atol=1e-9)
    np.testing.assert_array_equal(mirrored(mirrored(maps)), maps)


def test_counts_of_heatmaps_stand_for_keypoints() -> None:
    assert joints_of(17).tolist() == list(range(17))
    assert joints_of(12).tolist() == list(range(5, 17))
    with pytest.raises(ValueError, match="14 heatmaps"):
        joints_of(14)


@pytest.mark.parametrize("size", [(128, 96), (64, 64)])
def test_crops_go_to_the_picture_and_back(size: tuple[int, int]) -> None:
    region = region_of(Box(30, 20, 80, 50), size)
    assert region.side == pytest.approx(1.25 * 80 * size[0] / size[1])
    points = np.array([[40.0, 30.0], [90, 60]])
    for turn in (0.0, 0.7):
        turned = Region(region.x, region.y, region.side, turn)
        np.testing.assert_allclose(to_picture(to_crop(points, turned, size), turned, size), points)
    np.testing.assert_allclose(to_crop(np.array([[70, 45]]), region, size), [[size[1] / 2, size[0] / 2]])


def test_a_crop_shows_what_lies_at_its_pixels() -> None:
    image = np.zeros((100, 160, 3), np.uint8)
    image[40:48, 96:104] = 255
    region = region_of(Box(60, 10, 60, 80), (128, 96))
    shown = cut(image, region, (128, 96))
    assert shown.shape == (128, 96, 3)
    rows, columns = np.nonzero(shown[..., 0] > 128)
    middle = np.array([[columns.mean() + 0.5, rows.mean() + 0.5]])
    np.testing.assert_allclose(to_picture(middle, region, (128, 96)), [[100, 44]], atol=0.3)


def test_the_diameter_is_the_longer_diagonal_of_the_torso() -> None:
    points = np.full((3, 17, 2), np.nan)
    points[:2, INDEX["left_shoulder"]], points[:2, INDEX["right_hip"]] = (0, 0), (3, 4)
    points[0, INDEX["right_shoulder"]], points[0, INDEX["left_hip"]] = (0, 0), (6, 8)
    found = diameter(points)
    np.testing.assert_allclose(found[:2], [10, 5])
    assert np.isnan(found[2])
