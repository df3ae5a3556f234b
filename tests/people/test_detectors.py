"""Detectors with stand-in networks that "find" whatever is white: boxes must come back where it was drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.people import Proposal, multipose, nanodet, suppress
from contrapposto.people.multipose import MultiPose
from contrapposto.people.nanodet import NanoDet
from contrapposto.records import Box
from tests.people.stand_in import Session, bright_box

SIZES = [(300, 200), (200, 300), (512, 512), (640, 97), (97, 640), (40, 30)]


def picture(width: int, height: int, box: Box) -> NDArray[np.uint8]:
    image = np.zeros((height, width, 3), np.uint8)
    image[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)] = 255
    return image


def close(found: Box, wanted: Box, within: float) -> None:
    for name in ("x", "y", "width", "height"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=within)


def multipose_answer(pixels: NDArray[Any], scores: tuple[float, ...] = (0.7,)) -> list[NDArray[np.float32]]:
    left, top, right, bottom = bright_box(pixels[0].mean(axis=2))
    found = np.zeros((1, 6, 56), np.float32)
    height, width = pixels.shape[1:3]
    for row, score in enumerate(scores):
        found[0, row, 51:] = top / height, left / width, bottom / height, right / width, score
    return [found]


@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_multipose_boxes(monkeypatch: pytest.MonkeyPatch, width: int, height: int, side: int) -> None:
    session = Session(multipose_answer)
    monkeypatch.setattr(multipose, "open_session", lambda *_, **__: session)
    box = Box(width // 4, height // 2, width // 2, height // 3)
    (proposal,) = MultiPose()(picture(width, height, box), side)
    (pixels,) = session.inputs
    assert pixels.dtype == np.int32
    assert max(pixels.shape[1:3]) == side
    assert all(length % 32 == 0 for length in pixels.shape[1:3])
    close(proposal.box, box, within=1.01 * max(1, max(width, height) / side))
    assert proposal.score == pytest.approx(0.7)


def test_multipose_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(lambda pixels: multipose_answer(pixels, (0.2, 0.9, 0.05, 0.5)))
    monkeypatch.setattr(multipose, "open_session", lambda *_, **__: session)
    found = MultiPose(min_score=0.1)(picture(300, 200, Box(50, 50, 80, 80)))
    assert [proposal.score for proposal in found] == pytest.approx([0.9, 0.5, 0.2])
    assert MultiPose(min_score=0.95)(picture(300, 200, Box(50, 50, 80, 80))) == []


def test_multipose_drops_boxes_without_an_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: NDArray[Any]) -> list[NDArray[np.float32]]:
        found = np.zeros((1, 6, 56), np.float32)
        found[0, 0, 51:] = 0.5, 0.5, 0.4, 0.6, 0.9  # bottom above top
        found[0, 1, 51:] = 0.5, 0.5, 0.6, 0.5, 0.9  # no width
        return [found]

    monkeypatch.setattr(multipose, "open_session", lambda *_, **__: Session(answer))
    assert MultiPose()(np.zeros((50, 50, 3), np.uint8)) == []


def nanodet_answer(pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
    """The white box, from the cell of stride 32 that holds its middle; sides as sharp distributions between whole
    strides. Outputs in an order of their own."""
    left, top, right, bottom = bright_box(pixels[0].mean(axis=0))
    outputs: list[NDArray[np.float32]] = []
    for stride in (8, 16, 32):
        cells = 416 // stride
        scores = np.full((1, cells**2, 80), 0.01, np.float32)
        scores[:, :, 1:] = 0.9  # other classes are everywhere
        sides = np.zeros((1, cells**2, 44), np.float32)
        if stride == 32:
            column, row = int((left + right) / 2 // stride), int((top + bottom) / 2 // stride)
            x, y = (column + 0.5) * stride, (row + 0.5) * stride
            scores[0, row * cells + column, 0] = 0.8
            for index, reach in enumerate((x - left, y - top, right - x, bottom - y)):
                below, share = divmod(reach / stride, 1)
                logits = np.full(11, -30.0)
                logits[int(below)] = np.log(max(1 - share, 1e-12))
                logits[int(below) + 1] = np.log(max(share, 1e-12))
                sides[0, row * cells + column, index * 11 : index * 11 + 11] = logits
        outputs = [sides, *outputs, scores]
    return outputs


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nanodet_boxes(monkeypatch: pytest.MonkeyPatch, width: int, height: int) -> None:
    session = Session(nanodet_answer)
    monkeypatch.setattr(nanodet, "open_session", lambda *_, **__: session)
    box = Box(width // 4, height // 2, width // 2, height // 3)
    (proposal,) = NanoDet()(picture(width, height, box))
    close(proposal.box, box, within=1.01 * max(1, max(width, height) / 416))
    assert proposal.score == pytest.approx(0.8)


def test_nanodet_takes_blue_first_and_standardised(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(lambda _: [np.zeros((1, n, d), np.float32) for n in (2704, 676, 169) for d in (80, 44)])
    monkeypatch.setattr(nanodet, "open_session", lambda *_, **__: session)
    image = np.zeros((20, 20, 3), np.uint8)
    image[:] = 200, 100, 50  # red, green, blue
    assert NanoDet()(image) == []
    (pixels,) = session.inputs
    assert pixels.shape == (1, 3, 416, 416)
    assert pixels.dtype == np.float32
    expected = [(50 - 103.53) / 57.375, (100 - 116.28) / 57.12, (200 - 123.675) / 58.395]
    np.testing.assert_allclose(pixels[0, :, 5, 5], expected, rtol=1e-5)


def proposal(x: float, score: float) -> Proposal:
    return Proposal(Box(x, 0, 10, 10), score)


def test_suppress() -> None:
    """Boxes of 10 x 10 that are moved by 5 overlap by 50 of 150: 1/3."""
    first, near, far = proposal(0, 0.5), proposal(5, 0.9), proposal(30, 0.1)
    assert suppress([first, near, far], 0.3) == [first, far]
    assert suppress([near, first, far], 0.3) == [near, far], "the order given decides"
    assert suppress([first, near, far], 0.34) == [first, near, far]
    assert suppress([first, first], 1.0) == [first]
    assert suppress([], 0.5) == []


def test_suppress_only_by_what_is_kept() -> None:
    """The second goes for the first; the third overlaps only the second, and stays."""
    chain = [proposal(0, 0.9), proposal(5, 0.8), proposal(10, 0.7)]
    assert suppress(chain, 0.3) == [chain[0], chain[2]]
