"""Pictures side by side: what is drawn where."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.skeleton import COUNT, INDEX
from contrapposto.web.panels import (
    LEFT,
    MOST_WIDTH,
    RIGHT,
    Panel,
    Row,
    enlarged,
    heat,
    page,
    with_skeleton,
    with_squares,
)

GREY = np.full((60, 40, 3), 128, np.uint8)


def test_pixels_stay_to_be_seen() -> None:
    small = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    large = enlarged(small, 6)
    assert large.shape == (6, 6, 3)
    np.testing.assert_array_equal(large, small.repeat(3, axis=0).repeat(3, axis=1))
    assert enlarged(np.zeros((1000, 500, 3), np.uint8), 100).shape == (100, 50, 3)


def test_limbs_have_the_colour_of_their_side() -> None:
    points = np.full((COUNT, 2), np.nan)
    for side, x in (("left", 10), ("right", 30)):
        points[INDEX[f"{side}_shoulder"]] = x, 10
        points[INDEX[f"{side}_elbow"]] = x, 50
    drawn = with_skeleton(GREY, points, 240)
    assert drawn.shape == (240, 160, 3)
    assert tuple(drawn[120, 40]) == LEFT
    assert tuple(drawn[120, 120]) == RIGHT
    assert tuple(drawn[40, 40]) == (255, 255, 255), "a dot at the keypoint"
    assert (drawn[200:, 70:90] == 128).all()
    np.testing.assert_array_equal(GREY, 128)


def test_keypoints_far_outside_and_none_are_drawn_without_harm() -> None:
    np.testing.assert_array_equal(with_skeleton(GREY, np.full((COUNT, 2), np.nan), 60), GREY)
    far = np.full((COUNT, 2), 1e300)
    np.testing.assert_array_equal(with_skeleton(GREY, far, 60), GREY)


def test_squares() -> None:
    drawn = with_squares(GREY, np.array([[20.0, 30.0], [np.nan, np.nan]]), 20.0, 60)
    changed = np.argwhere((drawn != GREY).any(axis=2))
    np.testing.assert_allclose(changed.min(axis=0), [20, 10], atol=1)
    np.testing.assert_allclose(changed.max(axis=0), [40, 30], atol=1)
    assert (drawn[30, 20] == 128).all()


def test_heat_is_red_at_the_peak_and_blue_at_the_least() -> None:
    values = np.array([[0.1, 0.1], [0.1, 0.4]])
    shown = heat(values, None, 100)
    assert shown.shape == (100, 100, 3)
    high, low = shown[90, 90].astype(int), shown[10, 10].astype(int)
    assert high[0] > high[2] + 50
    assert low[2] > low[0]
    np.testing.assert_array_equal(shown[:50, :50], np.tile(shown[0, 0], (50, 50, 1)))
    over = heat(values, np.full((30, 30, 3), 255, np.uint8), 100)
    assert (over.astype(int).sum(axis=2) > shown.astype(int).sum(axis=2)).all(), "what lies below shows through"
    flat = heat(np.zeros((3, 4)), None, 30)
    assert (flat == flat[0, 0]).all()


def test_rows_go_on_below_where_they_are_wide() -> None:
    panel = Panel("a", np.full((100, 300, 3), 7, np.uint8))
    one, many = page([Row("few", (panel,) * 3)]), page([Row("many", (panel,) * 12)])
    assert one.width < many.width <= MOST_WIDTH + 20
    assert many.height > one.height + 200
    for sheet, count in ((one, 3), (many, 12)):
        assert (np.asarray(sheet) == 7).all(axis=2).sum() == count * 100 * 300


def test_rows_lie_one_below_the_other() -> None:
    first, second = Panel("a", np.full((50, 60, 3), 7, np.uint8)), Panel("b", np.full((50, 60, 3), 9, np.uint8))
    shown = np.asarray(page([Row("A", (first,)), Row("B", (second,))]))
    above, below = np.argwhere((shown == 7).all(axis=2)), np.argwhere((shown == 9).all(axis=2))
    assert above[:, 0].max() < below[:, 0].min()
    assert above[:, 1].min() == below[:, 1].min()
    assert (shown < 100).all(axis=2).sum() > 2 * 50 * 60 + 20, "there are words"


@pytest.mark.parametrize("title", ["", "a very long title that is wider than its picture by far"])
def test_titles_widen_the_page(title: str) -> None:
    sheet = page([Row("", (Panel(title, np.zeros((20, 20, 3), np.uint8)),))])
    assert (sheet.width > 200) == bool(title)
