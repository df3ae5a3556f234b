"""One person in a box: Thunder with its second look, and which network an estimator has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.geometry import BOX_MARGIN
from contrapposto.media.sampling import Region
from contrapposto.poses import agreement, in_box
from contrapposto.poses.boxed import BoxedPeople, box_of, merged
from contrapposto.poses.deeppose import DeepPose
from contrapposto.poses.heatmap import HeatmapNetwork
from contrapposto.poses.in_box import ThunderInBox, make_in_box
from contrapposto.poses.movenet import MoveNetOptions
from contrapposto.poses.thunder import Estimate
from contrapposto.records import Box, Person, Pose
from contrapposto.skeleton import COUNT, LIMB_NUMBERS
from tests.poses.small_networks import write_cascade, write_heatmaps
from tests.poses.test_thunder import person as stick_figure

IMAGE = np.zeros((300, 400, 3), np.uint8)
BOX = Box(150, 100, 100, 100)


class Answers:
    """A Thunder that answers in turn with these estimates; regions: what it was shown."""

    def __init__(self, *estimates: Estimate) -> None:
        self.estimates = list(estimates)
        self.regions: list[Region] = []

    def __call__(self, image: NDArray[np.uint8], region: Region) -> Estimate:
        self.regions.append(region)
        return self.estimates[len(self.regions) - 1]


def figure(score: float, turn: float = 0.0) -> Estimate:
    return Estimate(stick_figure(turn), np.full(COUNT, score))


def thunder(monkeypatch: pytest.MonkeyPatch, *estimates: Estimate) -> tuple[ThunderInBox, Answers]:
    answers = Answers(*estimates)
    monkeypatch.setattr(in_box, "Thunder", lambda **_: answers)
    return ThunderInBox(), answers


def test_a_sure_upright_person_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network, answers = thunder(monkeypatch, figure(0.6))
    points, scores = network(IMAGE, BOX)
    np.testing.assert_array_equal(points, stick_figure())
    np.testing.assert_array_equal(scores, np.full(COUNT, 0.6))
    assert answers.regions == [Region(200, 150, 100 * MoveNetOptions().expand)]


def test_a_turned_person_is_looked_at_along_the_torso(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = np.deg2rad(80)
    network, answers = thunder(monkeypatch, figure(0.6, turn), figure(0.7, turn + 0.1))
    looks, best = network.looks(IMAGE, BOX)
    assert [look.name for look in looks] == ["first look", "last look"]
    assert best is looks[1]
    assert answers.regions[1].turn == pytest.approx(turn)
    assert answers.regions[1].side == pytest.approx(98 * MoveNetOptions().last_expand)
    less = thunder(monkeypatch, figure(0.6, turn), figure(0.5, turn))[0].looks(IMAGE, BOX)
    assert less[1] is less[0][0], "the surer look stays"


def test_quarter_turns_when_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = (0.2, 0.22, 0.4, 0.3, 0.1)
    looks, best = thunder(monkeypatch, *map(figure, scores))[0].looks(IMAGE, BOX)
    assert [look.name for look in looks[:4]] == ["first look", *(f"turned by {d} degrees" for d in (90, 180, 270))]
    assert [look.region.turn for look in looks[:4]] == pytest.approx([0, np.pi / 2, np.pi, 3 * np.pi / 2])
    assert best is looks[2]
    hardly = thunder(monkeypatch, *map(figure, (0.2, 0.24, 0.23, 0.1, 0.1)))[0].looks(IMAGE, BOX)
    assert hardly[1] is hardly[0][0], "a quarter turn must gain more"


def test_every_keypoint_counts_however_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = Estimate(stick_figure(), np.array([0.9] * 16 + [0.01]))
    points, scores = thunder(monkeypatch, estimate)[0](IMAGE, BOX)
    assert np.isfinite(points).all()
    assert scores[16] == 0.01


def test_a_network_finds_the_light_in_the_box(tmp_path: Path) -> None:
    network = make_in_box("heatmap", pose_weights=write_heatmaps(tmp_path / "a.onnx"))
    assert isinstance(network, HeatmapNetwork)
    image = IMAGE.copy()
    image[138:142, 218:222] = 255
    points, scores = network(image, BOX)
    np.testing.assert_allclose(points, np.tile([220, 140], (COUNT, 1)), atol=2)
    assert (scores > 0).all()


def test_the_network_that_comes_with_the_program() -> None:
    network = make_in_box("heatmap")
    assert isinstance(network, HeatmapNetwork)
    assert network.size == (256, 256)
    points, scores = network(IMAGE, BOX)
    assert np.isfinite(points).all(), "it knows all 17 keypoints"
    assert scores.max() < 0.3, "nobody is in a black picture"


def test_a_cascade_says_where_the_joints_are(tmp_path: Path) -> None:
    first, move = np.full((COUNT, 2), 0.25), np.full((COUNT, 2), 0.5)
    network = make_in_box("deeppose", pose_weights=write_cascade(tmp_path / "cascade", first, move))
    assert isinstance(network, DeepPose)
    points, scores = network(IMAGE, BOX)
    one, two = network.stages(IMAGE, BOX)
    side = max(100, 100 * 64 / 48) * 1.25
    np.testing.assert_allclose(
        one, np.tile([200 + 0.25 * side * 48 / 64, 150 + 0.25 * side], (COUNT, 1)), atol=1e-4
    )
    np.testing.assert_allclose(two - one, 0.5 * 0.1 * side, atol=1e-4)  # no torso: a tenth of what is shown
    np.testing.assert_array_equal(points, two)
    assert (scores == 1).all()


def test_agreed_looks_are_an_estimator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "Thunder", lambda **_: lambda *_, **__: figure(0.6))
    points, scores = make_in_box("agreement")(IMAGE, BOX)
    np.testing.assert_allclose(points, stick_figure())
    np.testing.assert_allclose(scores, 0.6)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("deeppose", None, r"no network of deeppose comes with this program: train one .*--pose-weights"),
        ("movenet", "a.onnx", "movenet takes no pose weights"),
        ("agreement", "a.onnx", "agreement takes no pose weights"),
        ("heatmap", "", "is a folder; heatmap takes the file"),
        ("deeppose", "a.onnx", "is no folder; deeppose takes the folder"),
        ("deeppose", "", "has no stage-1.onnx"),
        ("heatmap", "none.onnx", "cannot be read"),
    ],
)
def test_what_no_estimator_can_use(tmp_path: Path, name: str, given: str | None, said: str) -> None:
    write_heatmaps(tmp_path / "a.onnx")
    with pytest.raises(DataError, match=said):
        make_in_box(name, pose_weights=None if given is None else tmp_path / given)


class Finder:
    """As much of `MoveNet` as `BoxedPeople` uses."""

    accurate = True

    def __init__(self, *people: Person) -> None:
        self.people = list(people)

    def find(self, image: NDArray[np.uint8]) -> list[Person]:
        return self.people

    def lifted(self, people: list[Person]) -> list[Person]:
        assert people is not self.people
        return people


def found(keypoints: NDArray[np.float64], scores: NDArray[np.float64], score: float = 0.7) -> Person:
    return Person(Box.around(keypoints), score, Pose(keypoints, scores))


def test_people_are_found_anew_in_their_boxes() -> None:
    before = found(stick_figure(), np.full(COUNT, 0.4))
    boxes = []

    def network(image: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        boxes.append(box)
        return stick_figure() + 3, np.full(COUNT, 0.9)

    estimator = BoxedPeople("heatmap", Finder(before), network)  # type: ignore[arg-type]
    (after,) = estimator(IMAGE)
    assert (estimator.name, estimator.accurate) == ("heatmap", True)
    assert boxes == [Box.around(stick_figure(), BOX_MARGIN)] == [box_of(before)]
    np.testing.assert_array_equal(after.pose.keypoints, stick_figure() + 3)
    np.testing.assert_array_equal(after.pose.scores, np.full(COUNT, 0.9))
    assert after.score == before.score, "who is a person is the finder's word"
    assert after.box == Box.around(stick_figure() + 3)


def test_who_is_not_seen_by_the_network_stays_as_found() -> None:
    before = found(stick_figure(), np.full(COUNT, 0.4))
    blind = BoxedPeople("heatmap", Finder(before), lambda *_: (stick_figure(), np.full(COUNT, 0.05)))  # type: ignore[arg-type]
    assert blind(IMAGE) == [before]


def test_joints_that_the_network_does_not_know_stay() -> None:
    before = Pose(stick_figure(), np.linspace(0.2, 0.9, COUNT))
    limbs = np.full((COUNT, 2), np.nan)
    limbs[LIMB_NUMBERS] = stick_figure()[LIMB_NUMBERS] + 5
    scores = np.zeros(COUNT)
    scores[LIMB_NUMBERS] = 0.6
    scores[16] = 0.05
    after = merged(before, limbs, scores)
    np.testing.assert_array_equal(after.keypoints[:5], stick_figure()[:5])
    np.testing.assert_array_equal(after.scores[:5], before.scores[:5])
    np.testing.assert_array_equal(after.keypoints[5:16], stick_figure()[5:16] + 5)
    assert not after.visible[16], "unsure keypoints are unseen"
    assert after.scores[16] == 0


def test_a_network_that_is_never_unsure_leaves_scores_and_what_is_unseen() -> None:
    points = stick_figure()
    points[9] = np.nan
    before = Pose(points, np.where(np.arange(COUNT) == 9, 0.0, 0.4))
    after = merged(before, stick_figure() + 5, np.ones(COUNT))
    np.testing.assert_array_equal(after.scores, before.scores)
    assert not after.visible[9]
    np.testing.assert_array_equal(after.keypoints[10:], stick_figure()[10:] + 5)
