"""Cuts, fades, dissolves, and what looks like them, in drawn films of 10 frames a second."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contrapposto.shots import Border
from contrapposto.shots.cuts import CutOptions
from contrapposto.shots.histogram import HistogramDetector, HistogramOptions
from contrapposto.shots.looks import look, mixed_share, moved_difference, plain_difference
from tests.shots.drawn import Picture, borders, dissolved, faded, frames, mixed, place, shot


def found(pictures: list[Picture], rate: float = 10.0) -> list[tuple[float, str]]:
    return [(border.time, border.kind) for border in borders(HistogramDetector(), frames(pictures, rate))]


@pytest.mark.parametrize("level", [0.0, 255.0])
@pytest.mark.parametrize("length", [2, 5])
def test_a_fade_is_at_its_darkest(level: float, length: int) -> None:
    pictures = faded(shot(1, 25), shot(2, 25), length, level)
    assert found(pictures) == [(pytest.approx(2.5, abs=0.101), "fade")]


def test_a_short_black_is_one_border_and_a_long_one_two() -> None:
    one, two, black = shot(1, 25), shot(2, 25), np.zeros((216, 384, 3), np.uint8)
    assert found([*one, *[black] * 9, *two]) == [(2.9, "fade")]
    assert found([*one, *[black] * 25, *two]) == [(2.5, "fade"), (5.0, "fade")]
    assert found([*[black] * 25, *one, *[black] * 25]) == [(2.5, "fade"), (5.0, "fade")]


@pytest.mark.parametrize("length", [3, 5, 9, 13])
def test_a_dissolve_is_at_its_middle(length: int) -> None:
    pictures = dissolved(shot(4, 25 + length, 0.5), shot(5, 25 + length, 0.5), length)
    ((time, kind),) = found(pictures)
    assert kind == "dissolve"
    assert time == pytest.approx((25 + (length - 1) / 2) / 10, abs=0.101)


@pytest.mark.parametrize("flash", [[0.6], [0.95, 0.5, 0.25], [1.0]])
def test_a_flash_is_no_border(flash: list[float]) -> None:
    pictures = shot(6, 50, 1.0)
    for number, share in enumerate(flash):
        pictures[25 + number] = mixed(pictures[25 + number], 255.0, share)
    assert found(pictures) == []


def test_something_that_passes_is_no_border() -> None:
    pictures = shot(7, 50, 1.0)
    other = place(8)[:180, :250]
    for number, left in enumerate(range(-150, 384, 100)):
        seen = other[:, max(0, -left) : max(0, min(250, 384 - left))]
        pictures[22 + number][20:200, max(0, left) : max(0, left) + seen.shape[1]] = seen
    assert found(pictures) == []


@pytest.mark.parametrize("speed", [0.0, 0.7, 3.0, 12.0])
def test_a_pan_is_no_border(speed: float) -> None:
    assert found(shot(9, 48, speed)) == []


def test_a_light_that_goes_on_is_no_border() -> None:
    pictures = [
        mixed(picture, 0.0, 0.6 - 0.05 * max(0, min(12, number - 20))) for number, picture in enumerate(shot(9, 50))
    ]
    assert found(pictures) == []


@pytest.mark.parametrize("rate", [6.0, 12.0, 24.0, 60.0])
def test_rates(rate: float) -> None:
    count = int(3 * rate)
    pictures = [*shot(1, count, 25 / rate), *shot(2, count, 25 / rate)]
    assert found(pictures, rate) == [(pytest.approx(3.0), "cut")]


def test_options_are_used() -> None:
    pictures = [*shot(1, 25), *shot(2, 25)]
    blind = HistogramOptions(cuts=replace(CutOptions(), least=250.0))
    assert borders(HistogramDetector(blind), frames(pictures)) == []
    assert borders(HistogramDetector(), frames(pictures)) == [Border(2.5, "cut")]


def small(picture: Picture) -> Picture:
    return frames([picture])[0].small()


def test_looks() -> None:
    plain = look(np.full((54, 96, 3), 200, np.uint8))
    assert (plain.level, plain.contrast, plain.empty) == (200, 0, False)
    assert look(np.full((54, 96, 3), 255, np.uint8)).empty
    assert plain.histogram.sum() == pytest.approx(1)
    assert plain.histogram.argmax() == (6 * 8 + 6) * 8 + 6
    one = look(small(place(1)[:, :384]))
    assert (one.grey.shape, one.tiny.shape, one.histogram.shape) == ((27, 48), (432,), (512,))
    assert plain_difference(one, one) == moved_difference(one, one) == 0


def test_differences_after_moving() -> None:
    one, beside, other = (look(small(p)) for p in (place(1)[:, :384], place(1)[:, 16:400], place(2)[:, :384]))
    assert moved_difference(one, beside) < 0.3 * plain_difference(one, beside)
    assert moved_difference(one, other) <= plain_difference(one, other)
    assert moved_difference(one, other) > 10 > moved_difference(one, beside)


def test_a_mixture_is_told_from_a_picture_that_moved() -> None:
    ends = [place(4)[:, :384], place(5)[:, :384]]
    one, other = (look(small(picture)) for picture in ends)
    assert mixed_share(one, look(small(mixed(ends[0], ends[1], 0.4))), other, 0.4) > 0.9
    assert mixed_share(one, one, other, 0.4) == 0
    third = look(small(place(6)[:, :384]))
    assert mixed_share(one, third, other, 0.5) < 0.5
