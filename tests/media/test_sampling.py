"""Patches of pictures: a light drawn at a known place is found in the patch and mapped back to where it was."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.media import sampling
from contrapposto.media.sampling import Region
from contrapposto.records import Box


def lit(width: int, height: int, x: int, y: int, size: int = 9) -> NDArray[np.uint8]:
    """Black, with a white square of odd size; its middle is the centre of pixel x, y, the point x + .5, y + .5."""
    image = np.zeros((height, width, 3), np.uint8)
    reach = size // 2
    image[y - reach : y + reach + 1, x - reach : x + reach + 1] = 255
    return image


def middle(patch: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(1, 2) x, y of the light, pixel centres at halves."""
    light = patch.mean(axis=2)
    assert light.sum() > 0
    y, x = np.indices(light.shape) + 0.5
    return np.array([[(x * light).sum(), (y * light).sum()]]) / light.sum()


TURNS = [0, 0.3, 1.1, np.pi / 2, 2.5, np.pi, -np.pi / 2, -0.7]


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("side", [100.0, 255.3, 300.0, 511.9, 512.0, 700.0, 1103.7, 2000.0])
def test_cut_and_to_picture_agree(turn: float, side: float) -> None:
    """From enlarged to reduced by 12.5, the square large enough for that. Within half a pixel of the picture, or
    6 % of one of the patch, which samples every 12.5 pixels; and no bias."""
    errors = []
    random = np.random.default_rng(int(side))
    for _ in range(12):
        size = 256 if side < 1500 else 160
        x, y = (int(v) for v in random.integers(600, 900, 2))
        centre = np.array([x, y]) + random.uniform(-0.3, 0.3, 2) * side * 0.8
        region = Region(float(centre[0]), float(centre[1]), side, turn)
        image = lit(1500, 1500, x, y, 9 if side < 1000 else 25 if side < 1500 else 75)
        patch = region.cut(image, size)
        assert patch.shape == (size, size, 3)
        assert patch.dtype == np.uint8
        errors.append(region.to_picture(middle(patch), size)[0] - [x + 0.5, y + 0.5])
    assert np.abs(errors).max() <= max(0.5, 0.06 * side / size)
    assert np.abs(np.mean(errors, axis=0)).max() < 0.25


@pytest.mark.parametrize("side", [64.0, 640.0])
def test_turn_is_clockwise(side: float) -> None:
    """A person who leans clockwise by a quarter (head to the right) stands upright in the patch."""
    image = lit(1000, 1000, 500 + round(side * 0.3), 500, 5 if side < 100 else 31)  # the head, right of the centre
    x, y = middle(Region(500.5, 500.5, side, np.pi / 2).cut(image, 64))[0] / 64
    assert x == pytest.approx(0.5, abs=0.02)
    assert y == pytest.approx(0.2, abs=0.02)
    x, y = middle(Region(500.5, 500.5, side).cut(image, 64))[0] / 64
    assert (x, y) == (pytest.approx(0.8, abs=0.02), pytest.approx(0.5, abs=0.02))


def test_a_patch_of_the_same_size_is_the_picture_itself() -> None:
    image = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    np.testing.assert_array_equal(Region(150, 120, 100).cut(image, 100), image[70:170, 100:200])
    quarter = Region(150, 120, 100, np.pi / 2).cut(image, 100)
    np.testing.assert_array_equal(quarter, np.rot90(image[70:170, 100:200]))
    np.testing.assert_array_equal(Region(150, 120, 100, np.pi).cut(image, 100), image[70:170, 100:200][::-1, ::-1])


@pytest.mark.parametrize("reduction", [2, 3, 8])
def test_reduction_is_by_area_averaging(reduction: int) -> None:
    image = np.random.default_rng(1).integers(0, 256, (64 * reduction, 64 * reduction, 3), dtype=np.uint8)
    patch = Region(32 * reduction, 32 * reduction, 64 * reduction).cut(image, 64)
    blocks = image.reshape(64, reduction, 64, reduction, 3).astype(float).mean(axis=(1, 3))
    np.testing.assert_allclose(patch, blocks, atol=1)


def test_fine_stripes_become_grey() -> None:
    image = np.zeros((900, 900, 3), np.uint8)
    image[:, ::2] = 255
    for turn in (0, 0.4, np.pi / 2):
        patch = Region(450, 450, 600, turn).cut(image, 128)
        assert 110 < patch.min() <= patch.max() < 146


@pytest.mark.parametrize("side", [90.0, 180.0, 361.0])
def test_outside_is_black(side: float) -> None:
    image = np.full((100, 140, 3), 200, np.uint8)
    size = 60
    for x, y, turn in [(0, 0, 0), (140, 50, 0.5), (70, 100, 2.0), (10, 90, -1.0), (70, 50, 0.8)]:
        region = Region(x, y, side, turn)
        patch = region.cut(image, size)
        grid = np.stack(np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5), axis=-1).reshape(-1, 2)
        px, py = region.to_picture(grid, size).T
        deep = np.minimum.reduce([px, 140 - px, py, 100 - py]).reshape(size, size)  # inside where positive
        edge = 1.5 * max(side / size, 1) + 1
        assert (patch[deep > edge] == 200).all()
        assert (patch[deep < -edge] == 0).all()
        assert (deep < -edge).any()


@pytest.mark.parametrize("place", [(-500, 50), (700, 50), (50, -900), (50, 900), (1e6, -1e6)])
@pytest.mark.parametrize("side", [20.0, 200.0, 800.0])
def test_a_region_off_the_picture_is_black(place: tuple[float, float], side: float) -> None:
    image = np.full((100, 100, 3), 255, np.uint8)
    assert not Region(*place, side).cut(image, 32).any()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 900), (900, 1), (2, 2), (3, 200), (5000, 20), (5000, 1)])
@pytest.mark.parametrize("factor", [0.01, 0.5, 1.0, 1.2, 10.0])
def test_tiny_and_thin_pictures(width: int, height: int, factor: float) -> None:
    image = np.full((height, width, 3), 255, np.uint8)
    for turn in (0.0, 0.9, np.pi / 2):
        region = Region(width / 2, height / 2, max(max(width, height) * factor, 1), turn)
        assert region.cut(image, 48).shape == (48, 48, 3)


def test_a_thin_picture_leaves_its_light_in_the_patch() -> None:
    """20 rows, reduced by 23: a grey line, not nothing. Its light is that of the area it covers."""
    image = np.full((20, 5000, 3), 255, np.uint8)
    patch = Region(2500, 10, 6000).cut(image, 256).mean(axis=2)
    expected = 255 * (5000 * 20) / (6000 / 256) ** 2
    assert patch.sum() == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("edge", ["left", "right", "top", "bottom"])
def test_light_at_the_edge_of_a_reduced_picture_is_kept(edge: str) -> None:
    """The size is no multiple of the reduction: the last columns and rows count as well."""
    width, height = 1003, 1001
    image = np.zeros((height, width, 3), np.uint8)
    band = 8
    strips = {"left": np.s_[:, :band], "right": np.s_[:, -band:], "top": np.s_[:band], "bottom": np.s_[-band:]}
    image[strips[edge]] = 255
    side, size = 1300.0, 128
    patch = Region(width / 2, height / 2, side).cut(image, size).mean(axis=2)
    length = height if edge in ("left", "right") else width
    assert patch.sum() == pytest.approx(255 * band * length * (size / side) ** 2, rel=0.03)


def test_to_picture_by_hand() -> None:
    region = Region(100, 60, 50)
    np.testing.assert_allclose(
        region.to_picture(np.array([[0, 0], [5, 5], [10, 10.0]]), 10), [[75, 35], [100, 60], [125, 85]]
    )
    turned = Region(100, 60, 50, np.pi / 2)  # the patch's up is the picture's right, its right the picture's down
    np.testing.assert_allclose(
        turned.to_picture(np.array([[5.0, 0], [10, 5]]), 10), [[125, 60], [100, 85]], atol=1e-9
    )


def test_around() -> None:
    assert Region.around(Box(10, 20, 30, 50), 1.2) == Region(25, 45, 60)
    assert Region.around(Box(10, 20, 0, 0), 2.0) == Region(10, 20, 2)


def test_fit_averages_when_it_shrinks_and_keeps_places() -> None:
    stripes = np.zeros((64, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    small = sampling.fit(stripes, 64, 64)
    assert small.shape == (64, 64, 3)
    assert 120 < small.min() <= small.max() < 135
    image = lit(600, 400, 450, 100, 21)
    for width, height in [(300, 200), (256, 171), (600, 100), (900, 600)]:
        x, y = middle(sampling.fit(image, width, height))[0]
        assert (x * 600 / width, y * 400 / height) == (pytest.approx(450.5, abs=0.6), pytest.approx(100.5, abs=0.6))
    for size in [(1, 1), (7, 300), (300, 7)]:
        assert sampling.fit(image[:1, :1], *size).shape == (size[1], size[0], 3)
