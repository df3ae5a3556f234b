"""R-MAC: its regions by hand, its pooling against plain loops, and what the shipped networks make of pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.features.rmac import DIMENSION, RMac, pooled, regions, rmac, unit

Array = NDArray[np.float32]


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_regions_of_a_square_map_by_hand() -> None:
    """One of side 6; four of side 4, 2 apart; nine of side 3, 1.5 apart, rounded down."""
    whole = [(0, 0, 6)]
    quarters = [(top, left, 4) for top in (0, 2) for left in (0, 2)]
    ninths = [(top, left, 3) for top in (0, 1, 3) for left in (0, 1, 3)]
    assert regions(6, 6) == whole + quarters + ninths
    assert regions(6, 6, scales=1) == whole


def test_regions_of_a_wide_map_by_hand() -> None:
    """6 x 10 cells: with two regions of side 6 they share 1/3 (with three, 2/3): nearer to 0.4. So one more along x
    than along y at every scale: 2, 2 x 3 and 3 x 4."""
    found = regions(6, 10)
    assert found[:2] == [(0, 0, 6), (0, 4, 6)]
    assert found[2:8] == [(top, left, 4) for top in (0, 2) for left in (0, 3, 6)]
    assert found[8:] == [(top, left, 3) for top in (0, 1, 3) for left in (0, 2, 4, 7)]
    turned = [(left, top, side) for top, left, side in found]
    assert sorted(regions(10, 6)) == sorted(turned)


def test_the_number_of_regions_brings_the_overlap_nearest_to_40_percent() -> None:
    """Of side 7 in 7 x 30 cells, 23 left over; 4, 5, 6 more: 5.75, 4.6, 3.83 apart, overlaps .18, .34, .45."""
    assert [left for _, left, _ in regions(7, 30, scales=1)] == [0, 3, 7, 11, 15, 19, 23]


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (3, 2), (4, 7), (12, 12), (5, 40)])
def test_regions_lie_in_the_map_and_cover_it(size: tuple[int, int]) -> None:
    height, width = size
    covered = np.zeros(size, int)
    for top, left, side in regions(height, width):
        assert side >= 1
        assert 0 <= top <= height - side
        assert 0 <= left <= width - side
        covered[top : top + side, left : left + side] += 1
    if max(size) <= 6 * min(size):
        assert covered.min() >= 1


def test_a_map_without_cells_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 x 4 cells"):
        rmac(np.zeros((3, 0, 4), np.float32))


def naive(seen: Array, mean: Array | None = None, matrix: Array | None = None) -> list[float]:
    """R-MAC by loops over plain numbers, after the paper."""

    def normal(vector: list[float]) -> list[float]:
        length = math.sqrt(sum(value * value for value in vector))
        return [value / length for value in vector]

    total: list[float] = []
    for top, left, side in regions(*seen.shape[1:]):
        cells = [(y, x) for y in range(top, top + side) for x in range(left, left + side)]
        vector = normal([max(float(channel[y, x]) for y, x in cells) for channel in seen])
        if mean is not None and matrix is not None:
            vector = [value - float(m) for value, m in zip(vector, mean, strict=True)]
            columns = range(matrix.shape[1])
            vector = [sum(v * float(matrix[i, j]) for i, v in enumerate(vector)) for j in columns]
            vector = normal(vector)
        total = [a + b for a, b in zip(total, vector, strict=True)] if total else vector
    return normal(total)


@pytest.mark.parametrize("size", [(5, 5), (4, 7), (9, 4)])
def test_pooling_is_what_loops_compute(size: tuple[int, int]) -> None:
    seen = noise(6, *size)
    np.testing.assert_allclose(rmac(seen), naive(seen), atol=1e-6)
    mean, matrix = 0.1 * noise(6, seed=1), noise(6, 4, seed=2)
    found = rmac(seen, lambda vectors: (vectors - mean) @ matrix)
    assert found.shape == (4,)
    np.testing.assert_allclose(found, naive(seen, mean, matrix), atol=1e-5)


def test_a_map_of_one_number_is_its_direction() -> None:
    seen = np.broadcast_to(np.array([3.0, 4.0], np.float32)[:, None, None], (2, 6, 9))
    np.testing.assert_allclose(rmac(seen), [0.6, 0.8], atol=1e-6)
    np.testing.assert_allclose(pooled(seen), np.tile([0.6, 0.8], (20, 1)), atol=1e-6)


def test_its_scale_does_not_matter_and_nothing_stays_nothing() -> None:
    seen = noise(6, 5, 8)
    np.testing.assert_allclose(rmac(7 * seen), rmac(seen), atol=1e-6)
    assert not rmac(np.zeros((6, 5, 8), np.float32)).any()
    assert not unit(np.zeros((2, 3))).any()


def waves(height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """A picture of a few waves in colour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x * rng.uniform(-0.2, 0.2) + y * rng.uniform(-0.2, 0.2) + rng.uniform(0, 6)) for _ in range(3)]
    return (127 + 120 * np.stack(waves, axis=-1)).astype(np.uint8)


@pytest.fixture(scope="module")
def look() -> RMac:
    return RMac()


@pytest.mark.slow
def test_pictures_have_vectors_of_unit_length(look: RMac) -> None:
    for picture in (waves(360, 640, 0), waves(640, 360, 1), np.full((200, 300, 3), 90, np.uint8), waves(3, 700, 2)):
        found = look(picture)
        assert found.shape == (DIMENSION,)
        assert found.dtype == np.float32
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow
def test_a_picture_is_nearer_to_its_copy_than_to_another(look: RMac) -> None:
    first, other = waves(360, 640, 3), waves(360, 640, 4)
    copy = np.ascontiguousarray(first[20:340, 30:600])  # cropped, and lighter
    copy = np.clip(1.15 * copy.astype(np.float32), 0, 255).astype(np.uint8)
    vectors = [look(picture) for picture in (first, copy, other)]
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    np.testing.assert_array_equal(look(first), vectors[0])
