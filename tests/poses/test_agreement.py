"""Looks that agree: by hand, against naive loops, and which looks are taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.media.sampling import Region
from contrapposto.poses import agreement, thunder
from contrapposto.poses.agreement import AgreedLooks, AgreementOptions, agreed
from contrapposto.poses.crops import diameter
from contrapposto.poses.thunder import Estimate, Thunder
from contrapposto.records import Box
from contrapposto.skeleton import INDEX
from tests.people.stand_in import Session
from tests.poses.figures import person, picture

STANDING = picture(person())


def test_one_look_agrees_with_itself() -> None:
    scores = np.linspace(0.1, 0.9, 17)
    points, found = agreed(STANDING[None], scores[None], AgreementOptions())
    np.testing.assert_allclose(points, STANDING)
    np.testing.assert_allclose(found, scores)


def test_two_looks_outvote_a_surer_one() -> None:
    looks = np.stack([STANDING, STANDING, STANDING])
    wrist = INDEX["left_wrist"]
    torso = float(diameter(STANDING))
    looks[0, wrist] += (2 * torso, 0)
    looks[2, wrist] += (0.02 * torso, 0)
    scores = np.full((3, 17), 0.6)
    scores[0, wrist] = 0.7
    points, found = agreed(looks, scores, AgreementOptions())
    away = (points[wrist] - STANDING[wrist]) / torso
    np.testing.assert_allclose(away, [0.01, 0], atol=1e-3)
    assert found[wrist] == pytest.approx(0.4, abs=0.01), "of three looks two agree"
    np.testing.assert_allclose(np.delete(points, wrist, axis=0), np.delete(STANDING, wrist, axis=0))
    np.testing.assert_allclose(np.delete(found, wrist), 0.6)


def test_agreement_is_that_of_naive_loops() -> None:
    rng = np.random.default_rng(0)
    looks = STANDING + rng.normal(0, 12, (4, 17, 2))
    scores = rng.uniform(0.1, 0.9, (4, 17))
    options = AgreementOptions()
    points, found = agreed(looks, scores, options)
    reach = options.near * float(diameter(np.median(looks, axis=0)))
    for joint in range(17):

        def near(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
            return float(np.exp(-((first - second) ** 2).sum() / (2 * reach**2)))

        weight = [scores[look, joint] ** 2 * scores[look].mean() ** 4 for look in range(4)]
        density = [
            sum(weight[other] * near(looks[look, joint], looks[other, joint]) for other in range(4))
            for look in range(4)
        ]
        mode = looks[int(np.argmax(density)), joint]
        shares = [weight[look] * near(looks[look, joint], mode) for look in range(4)]
        wanted = sum(share * looks[look, joint] for look, share in enumerate(shares)) / sum(shares)
        np.testing.assert_allclose(points[joint], wanted)
        sure = [scores[look].mean() ** 4 for look in range(4)]
        score = sum(sure[look] * scores[look, joint] * near(looks[look, joint], mode) for look in range(4))
        assert found[joint] == pytest.approx(score / sum(sure))


def test_moving_scaling_and_reordering_change_nothing() -> None:
    rng = np.random.default_rng(1)
    looks = STANDING + rng.normal(0, 10, (5, 17, 2))
    scores = rng.uniform(0.2, 0.9, (5, 17))
    points, found = agreed(looks, scores, AgreementOptions())
    moved, same = agreed(looks * 3 + (50, -20), scores, AgreementOptions())
    np.testing.assert_allclose(moved, points * 3 + (50, -20))
    np.testing.assert_allclose(same, found)
    order = rng.permutation(5)
    for one, other in zip(agreed(looks[order], scores[order], AgreementOptions()), (points, found), strict=True):
        np.testing.assert_allclose(one, other)
    mirrored, _ = agreed(looks[:, skeleton.FLIP] * (-1, 1), scores[:, skeleton.FLIP], AgreementOptions())
    np.testing.assert_allclose(mirrored, points[skeleton.FLIP] * (-1, 1))


def test_looks_without_any_score_and_on_one_point_are_answered() -> None:
    points, found = agreed(np.full((2, 17, 2), 7.0), np.zeros((2, 17)), AgreementOptions())
    np.testing.assert_allclose(points, 7)
    np.testing.assert_allclose(found, 0)


class _Thunder:
    """Says the same pose whatever it sees; remembers what it was asked."""

    def __init__(self, score: float, points: NDArray[np.float64] = STANDING) -> None:
        self.asked: list[tuple[Region, bool]] = []
        self._score, self._points = score, points

    def __call__(self, image: NDArray[np.uint8], region: Region, *, mirrored: bool = False) -> Estimate:
        self.asked.append((region, mirrored))
        return Estimate(self._points, np.full(17, self._score + 0.01 * len(self.asked)))


@pytest.mark.parametrize(("score", "count"), [(0.6, 4), (0.3, 7)])
def test_the_unsure_are_looked_at_by_quarters(monkeypatch: pytest.MonkeyPatch, score: float, count: int) -> None:
    stand_in = _Thunder(score)
    monkeypatch.setattr(agreement, "Thunder", lambda **_: stand_in)
    points, _ = AgreedLooks()(np.zeros((400, 400, 3), np.uint8), Box(100, 60, 80, 200))
    np.testing.assert_allclose(points, STANDING)
    assert len(stand_in.asked) == count
    assert [mirrored for _, mirrored in stand_in.asked] == [False, True, *[False] * (count - 3), True]
    first, last = stand_in.asked[0][0], stand_in.asked[-1][0]
    assert (first.x, first.y, first.side, first.turn) == (140, 160, 240, 0)
    if count == 7:
        assert [round(np.degrees(region.turn)) for region, _ in stand_in.asked[2:5]] == [90, 180, 270]
    assert last.turn == 0
    assert last.side == pytest.approx(1.35 * np.ptp(STANDING, axis=0).max())


def test_the_last_square_turns_with_the_torso(monkeypatch: pytest.MonkeyPatch) -> None:
    lying = STANDING[:, ::-1] * (-1, 1)  # the head to the right: a quarter clockwise
    stand_in = _Thunder(0.6, lying)
    monkeypatch.setattr(agreement, "Thunder", lambda **_: stand_in)
    AgreedLooks()(np.zeros((400, 400, 3), np.uint8), Box(0, 0, 200, 80))
    assert abs(stand_in.asked[-1][0].turn) == pytest.approx(np.pi / 2)


def test_a_mirrored_look_says_where_things_are_in_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in that gives the brightest place as left wrist, and the darkest corner as all others."""

    def answer(pixels: NDArray[Any]) -> list[NDArray[np.float32]]:
        light = pixels[0].sum(axis=2)
        y, x = np.unravel_index(light.argmax(), light.shape)
        found = np.zeros((1, 1, 17, 3), np.float32)
        found[0, 0, INDEX["left_wrist"]] = (y + 0.5) / 256, (x + 0.5) / 256, 0.7
        return [found]

    monkeypatch.setattr(thunder, "open_session", lambda *_, **__: Session(answer))
    image = np.zeros((256, 256, 3), np.uint8)
    image[60, 200] = 255
    plain = Thunder()(image, Region(128, 128, 256))
    mirrored = Thunder()(image, Region(128, 128, 256), mirrored=True)
    np.testing.assert_allclose(plain.points[INDEX["left_wrist"]], [200.5, 60.5])
    np.testing.assert_allclose(mirrored.points[INDEX["right_wrist"]], [200.5, 60.5])
    assert mirrored.scores[INDEX["right_wrist"]] == pytest.approx(0.7)
    assert mirrored.scores[INDEX["left_wrist"]] == 0
