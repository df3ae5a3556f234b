"""Captures: where points land, what is lost, and that each option does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.training import screens
from contrapposto.training.captures import LEVELS, MILD, STRONG, CaptureOptions, capture, mapped, projection

CLEAN = CaptureOptions(perspective=0.0, blur=0.0, jpeg=100, crop=0.0)


def frame_with_dots(points: NDArray[np.float64], size: tuple[int, int] = (360, 640)) -> NDArray[np.uint8]:
    """Grey, with a soft white dot (standard deviation 5 px) at each point (x, y)."""
    y, x = np.mgrid[0.5 : size[0], 0.5 : size[1]]
    light = sum(np.exp(-((x - px) ** 2 + (y - py) ** 2) / 50) for px, py in points)
    return np.repeat((60 + 180 * np.clip(light, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def middle_of_light(image: NDArray[np.uint8], near: NDArray[np.float64], reach: int = 40) -> NDArray[np.float64]:
    """Centre of what is brighter than grey around a place, in pixels with the origin at the corner."""
    left, top = np.maximum((near - reach).astype(int), 0)
    part = image[top : int(near[1]) + reach, left : int(near[0]) + reach].mean(axis=2)
    weight = np.clip(part - 110, 0, None)
    y, x = np.mgrid[0.5 : part.shape[0], 0.5 : part.shape[1]]
    return np.array([left + (x * weight).sum() / weight.sum(), top + (y * weight).sum() / weight.sum()])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("border", [False, True])
@pytest.mark.parametrize("size", [(360, 640), (1080, 1920), (90, 160)])
def test_a_known_point_lands_where_the_homography_says(seed: int, border: bool, size: tuple[int, int]) -> None:
    options = replace(CLEAN, perspective=30.0, crop=0.2, border=border, size=960)
    points = np.array([[0.35, 0.4], [0.6, 0.55], [0.45, 0.65]]) * size[::-1]
    rng = np.random.default_rng(seed)
    scale = size[1] / 640
    y, x = np.mgrid[0.5 : size[0], 0.5 : size[1]]
    light = sum(np.exp(-((x - px) ** 2 + (y - py) ** 2) / (50 * scale**2)) for px, py in points)
    frame = np.repeat((60 + 180 * np.clip(light, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)
    made = capture(frame, options, rng)
    checked = 0
    for place in mapped(made.homography, points):
        if (place > 45).all() and (place < np.array(made.image.shape[1::-1]) - 45).all():
            np.testing.assert_allclose(middle_of_light(made.image, place), place, atol=0.6)
            checked += 1
    assert checked >= 1


def test_the_camera_by_hand() -> None:
    """A screen 4 wide seen under 90 degrees stands 2 away. Turned by 30 degrees about its vertical axis (y), its
    right end lies at x = 2 cos 30, and 2 sin 30 = 1 nearer."""
    flat = projection(4, 2, 0.0, 0.3, 90.0)
    np.testing.assert_allclose(
        mapped(flat, np.array([[0.0, 0.0], [4.0, 2.0], [2.0, 1.0]])), [[-1, -0.5], [1, 0.5], [0, 0]], atol=1e-12
    )
    turned = projection(4, 2, 30.0, np.pi / 2, 90.0)
    right, left = mapped(turned, np.array([[4.0, 1.0], [0.0, 1.0]]))
    across = 2 * np.cos(np.pi / 6)
    np.testing.assert_allclose(right, [across / (2 - 1), 0], atol=1e-12)
    np.testing.assert_allclose(left, [-across / (2 + 1), 0], atol=1e-12)
    top = mapped(turned, np.array([[4.0, 0.0]]))[0]
    assert top[1] == pytest.approx(-1 / (2 - 1))


def test_a_plain_capture_is_the_frame() -> None:
    frame = frame_with_dots(np.array([[100.0, 90.0], [500.0, 300.0]]))
    made = capture(frame, replace(CLEAN, size=640), np.random.default_rng(0))
    assert made.image.shape == frame.shape
    assert (made.angle, made.lost) == (0.0, pytest.approx(0.0, abs=1e-9))
    np.testing.assert_allclose(made.homography, np.eye(3), atol=1e-9)
    assert np.abs(made.image.astype(int) - frame).max() <= 3  # JPEG at its best


@pytest.mark.parametrize("border", [False, True])
@pytest.mark.parametrize("crop", [0.05, 0.1, 0.3, 0.6])
def test_the_share_that_is_lost(border: bool, crop: float) -> None:
    """By a naive count: points spread over the screen that do not land in the capture."""
    options = replace(CLEAN, perspective=30.0, crop=crop, border=border, size=64)
    frame = np.full((90, 160, 3), 128, np.uint8)
    x, y = np.meshgrid(np.arange(0.25, 160, 0.5), np.arange(0.25, 90, 0.5))
    points = np.column_stack([x.ravel(), y.ravel()])
    for seed in range(5):
        made = capture(frame, options, np.random.default_rng(seed))
        at = mapped(made.homography, points)
        inside = ((at >= 0) & (at <= made.image.shape[1::-1])).all(axis=1)
        assert 1 - inside.mean() == pytest.approx(crop, abs=0.01)
        assert made.lost == pytest.approx(crop, abs=1e-6)
        assert max(made.image.shape) == 64


def test_turns_are_mostly_near_the_most() -> None:
    frame = np.full((9, 16, 3), 128, np.uint8)
    options = replace(CLEAN, perspective=30.0, size=16)
    rng = np.random.default_rng(3)
    angles = np.array([capture(frame, options, rng).angle for _ in range(300)])
    assert angles.max() <= 30
    assert (angles > 15).mean() == pytest.approx(7 / 8, abs=0.06)
    assert np.median(angles) == pytest.approx(30 * 0.5 ** (1 / 3), abs=1.5)


def test_the_same_seed_takes_the_same_photo() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (60, 100, 3), dtype=np.uint8)
    for options in LEVELS.values():
        first, second, other = (capture(frame, options, np.random.default_rng(seed)) for seed in (5, 5, 6))
        np.testing.assert_array_equal(first.image, second.image)
        np.testing.assert_array_equal(first.homography, second.homography)
        assert first.homography[2, 2] == 1
        assert not np.allclose(first.homography, other.homography)


def test_blur_is_a_gaussian_of_that_deviation() -> None:
    """The light of a dot of deviation s, blurred by b, has the deviation of sqrt(s^2 + b^2)."""
    frame = frame_with_dots(np.array([[320.0, 180.0]]))
    spread = []
    for blur in (0.0, 6.0):
        image = capture(frame, replace(CLEAN, size=640, blur=blur), np.random.default_rng(0)).image
        weight = image[150:211, 290:351].mean(axis=2) - 60
        weight[weight < 1] = 0
        x = np.arange(-29.5, 31)
        spread.append((weight.sum(axis=0) * x**2).sum() / weight.sum())
    assert spread[1] - spread[0] == pytest.approx(36, rel=0.1)


def test_glare_lies_on_its_share() -> None:
    for seed in range(5):
        light = screens.glare((120, 200), 0.2, np.random.default_rng(seed))
        assert (light > 0).mean() == pytest.approx(0.2, abs=0.01)
        assert light.min() == 0
        assert screens.LIGHT[0] * 0.9 <= light.max() <= screens.LIGHT[1]


def test_moire_and_cast() -> None:
    frame = np.full((90, 160, 3), 100, np.uint8)
    plain = capture(frame, replace(CLEAN, size=160), np.random.default_rng(1)).image
    assert np.ptp(plain) <= 2
    turned = replace(CLEAN, size=160, perspective=30.0)
    wavy = capture(frame, replace(turned, moire=0.2), np.random.default_rng(1)).image
    lit = capture(frame, turned, np.random.default_rng(1)).image.mean(axis=2) > 90
    assert 5 < wavy[lit].std() < 20
    at = screens.places(np.diag([0.9, 0.9, 1.0]), (90, 160))
    factors = screens.moire(at, (90, 160), 0.2, np.random.default_rng(0))
    assert factors.min() == pytest.approx(0.8, abs=0.01)
    assert factors.max() == pytest.approx(1.2, abs=0.01)
    assert factors.mean() == pytest.approx(1.0, abs=0.01)
    assert (factors[:80, 145:] == 1).all(), "beyond the screen: 145 px of the capture are 161 px of the frame"
    tinted = capture(frame, replace(CLEAN, size=160, cast=0.25), np.random.default_rng(1)).image
    colour = tinted.reshape(-1, 3).mean(axis=0)
    assert np.ptp(colour) > 5
    assert ((colour > 74) & (colour < 126)).all()


def test_jpeg_is_of_its_quality() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
    errors = []
    for quality in (95, 60, 25):
        made = capture(frame, replace(CLEAN, size=160, jpeg=quality), np.random.default_rng(0)).image
        errors.append(np.abs(made.astype(int) - frame).mean())
    assert errors[0] < errors[1] < errors[2]
    assert screens.area(np.zeros((0, 2))) == 0


def test_the_room_is_seen_only_with_a_border() -> None:
    frame = np.full((360, 640, 3), 220, np.uint8)
    dark = {}
    for border in (False, True):
        options = replace(CLEAN, perspective=10.0, crop=0.1, border=border, size=320)
        images = [capture(frame, options, np.random.default_rng(seed)).image for seed in range(20)]
        dark[border] = [float((image.mean(axis=2) < 100).mean()) for image in images]
    assert max(dark[False]) < 0.12
    assert np.mean(dark[False]) < 0.05
    assert min(dark[True]) > 0.08
    made = capture(frame, replace(STRONG, size=320), np.random.default_rng(0))
    assert (made.image.mean(axis=2) < 100).any()


def test_areas_of_what_is_left() -> None:
    square = np.array([[-1.0, -1.0], [1, -1], [1, 1], [-1, 1]])
    assert screens.area(square) == 4
    assert screens.area(screens.clipped(square, 4, 4)) == 1
    triangle = np.array([[0.0, 0.0], [4, 0], [0, 4]])
    assert screens.area(screens.clipped(triangle, 2, 3)) == pytest.approx(8 - 2 - 0.5)
    assert screens.area(screens.clipped(square - 5, 4, 4)) == 0


def test_the_levels_are_those_of_the_definition() -> None:
    assert LEVELS == {"mild": MILD, "strong": STRONG}
    mild = (MILD.perspective, MILD.blur, MILD.jpeg, MILD.crop, MILD.glare, MILD.moire, MILD.cast, MILD.border)
    assert mild == (10, 1, 60, 0.1, 0, 0, 0, False)
    assert (STRONG.perspective, STRONG.blur, STRONG.jpeg, STRONG.crop, STRONG.glare) == (30, 3, 25, 0.3, 0.2)
    assert STRONG.border
    assert min(STRONG.moire, STRONG.cast) > 0


@pytest.mark.parametrize(
    "wrong",
    [{"perspective": 70}, {"blur": -1}, {"jpeg": 0}, {"crop": 1.0}, {"glare": -0.1}, {"view": 0}, {"size": 2}],
)
def test_what_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="capture"):
        CaptureOptions(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shape"):
        capture(np.zeros((5, 5), np.uint8), MILD, np.random.default_rng(0))
