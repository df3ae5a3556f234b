"""Pans over photos: windows inside the photo, smooth, at their rate; a frame shows what its window holds."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.training.pans import PanOptions, pan, smooth_path, windows


def ramp(height: int, width: int) -> np.ndarray:
    """Red says x, green y, in quarters of a pixel's middle."""
    y, x = np.mgrid[0.5:height, 0.5:width]
    return np.stack([x / 4, y / 4, np.zeros_like(x)], axis=-1).round().astype(np.uint8)


@pytest.mark.parametrize("size", [(300, 900), (900, 300), (360, 640)])
def test_windows_stay_inside_and_zoom_within_their_range(size: tuple[int, int]) -> None:
    options = PanOptions(zoom=2.0)
    largest = min(size[1], size[0] * 16 / 9)
    for seed in range(20):
        times = np.arange(50) / 12.5
        left, top, width = windows(size, times, np.random.default_rng(seed), options).T
        height = width * 9 / 16
        assert (left >= -1e-9).all()
        assert (top >= -1e-9).all()
        assert (left + width <= size[1] + 1e-9).all()
        assert (top + height <= size[0] + 1e-9).all()
        assert (width <= largest + 1e-9).all()
        assert (width >= largest / 2 - 1e-9).all()


def test_paths_are_smooth_and_keep_to_their_speed() -> None:
    fine = np.arange(0, 4, 0.001)
    for seed in range(5):
        path = smooth_path(fine, 3, np.random.default_rng(seed), 0.5)
        assert ((path >= 0) & (path <= 1)).all()
        velocity = np.diff(path, axis=0) / 0.001
        assert np.abs(velocity).max() <= 0.5 + 1e-6
        acceleration = np.diff(velocity, axis=0) / 0.001
        assert np.abs(np.diff(acceleration, axis=0)).max() < 0.05  # no jumps: a step changes it by a little
        assert np.ptp(path, axis=0).max() > 0.01
    np.testing.assert_allclose(
        smooth_path(fine, 2, np.random.default_rng(0), 0.0),
        smooth_path(fine[:1], 2, np.random.default_rng(0), 0.0).repeat(4000, 0),
    )


def test_times_sizes_and_lengths() -> None:
    photo = ramp(200, 300)
    seconds = []
    for seed in range(12):
        shown = list(pan(photo, np.random.default_rng(seed)))
        times = [time for time, _ in shown]
        np.testing.assert_allclose(np.diff(times), 1 / 12.5)
        assert times[0] == 0
        assert {(frame.shape, frame.dtype) for _, frame in shown} == {((360, 640, 3), np.dtype(np.uint8))}
        seconds.append(len(shown) / 12.5)
    assert 1 <= min(seconds) < 1.8
    assert 3.2 < max(seconds) <= 4.04


@pytest.mark.parametrize("size", [(200, 300), (720, 960)])
def test_a_frame_shows_its_window(size: tuple[int, int]) -> None:
    photo = ramp(*size)
    options = PanOptions(width=160, height=90, shortest=1, longest=1)
    shown = [frame for _, frame in pan(photo, np.random.default_rng(4), options)]
    rng = np.random.default_rng(4)
    rng.uniform(1, 1)  # the length
    expected = windows(size, np.arange(len(shown)) / 12.5, rng, options)
    for frame, (left, top, width) in zip(shown, expected, strict=True):
        step = width / 160
        y, x = np.mgrid[0.5:90, 0.5:160]
        np.testing.assert_allclose(frame[..., 0], (left + x * step) / 4, atol=1.5)
        np.testing.assert_allclose(frame[..., 1], (top + y * step) / 4, atol=1.5)


def test_the_same_seed_makes_the_same_shot() -> None:
    photo = ramp(200, 300)
    options = PanOptions(width=64, height=36)
    first, second, other = (
        np.stack([frame for _, frame in pan(photo, np.random.default_rng(seed), options)])[:12]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_what_cannot_be_is_refused() -> None:
    for wrong in (
        {"shortest": 0.0},
        {"shortest": 5.0},
        {"rate": 0.0},
        {"width": 0},
        {"zoom": 0.5},
        {"speed": -1.0},
    ):
        with pytest.raises(ValueError, match="pan"):
            PanOptions(**wrong)
