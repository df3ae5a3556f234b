"""When frames are decided, and from what."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from contrapposto.shots import LOOK, Border
from contrapposto.shots.window import Window


class Asked:
    """Keeps what a decision is asked, and calls chosen times cuts."""

    def __init__(self, *cuts: float) -> None:
        self.cuts = cuts
        self.seen: dict[float, tuple[float, float]] = {}

    def __call__(self, times: Sequence[float], seen: Sequence[str], at: int) -> str | None:
        assert [f"{time:.2f}" for time in times] == list(seen)
        assert times[at] not in self.seen
        self.seen[times[at]] = (times[0], times[-1])
        return "cut" if times[at] in self.cuts else None


def test_each_frame_is_decided_once_from_what_is_around_it() -> None:
    asked = Asked()
    window = Window(asked)
    times = [number * 0.25 for number in range(41)]
    for time in times:
        window.add(time, f"{time:.2f}")
    window.finish()
    assert list(asked.seen) == times
    for time, (first, last) in asked.seen.items():
        assert first == max(0.0, time - LOOK)
        assert last == min(10.0, time + LOOK)


def test_borders_come_when_they_are_certain_and_are_settled_before() -> None:
    window = Window(Asked(1.0))
    assert window.settled == -math.inf
    for number in range(13):
        assert window.add(number * 0.25, f"{number * 0.25:.2f}") == []
        assert window.settled <= 1.0
    assert window.add(3.25, "3.25") == [Border(1.0, "cut")]
    assert window.settled == 1.25
    assert window.finish() == []
    assert window.settled == math.inf


def test_uneven_times_and_gaps() -> None:
    asked = Asked(7.0)
    window = Window(asked)
    found: list[Border] = []
    for time in (0.0, 0.1, 7.0, 7.05, 30.0):
        found += window.add(time, f"{time:.2f}")
    assert found == [Border(7.0, "cut")]
    assert window.settled == 30.0
    assert window.finish() == []
    assert asked.seen == {0.0: (0.0, 0.1), 0.1: (0.0, 0.1), 7.0: (7.0, 7.05), 7.05: (7.0, 7.05), 30.0: (30.0, 30.0)}


def test_frames_out_of_order_are_refused() -> None:
    window = Window(Asked())
    window.add(1.0, "1.00")
    for time in (1.0, 0.5):
        with pytest.raises(ValueError, match="not later"):
            window.add(time, f"{time:.2f}")
    window.finish()
    with pytest.raises(ValueError, match="before the end"):
        window.add(2.0, "2.00")


def test_no_frames() -> None:
    window = Window(Asked())
    assert window.finish() == []
    assert window.settled == math.inf
