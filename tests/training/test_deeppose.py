"""The recipe `deeppose`: squares and their displacements, losses by hand, and a cascade of three stages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.poses.crops import diameter
from contrapposto.poses.deeppose import DeepPose, squares_of
from contrapposto.records import Box
from contrapposto.skeleton import INDEX, LIMB_NUMBERS

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.training.deeppose import (  # noqa: E402
    DeepPoseOptions,
    box_loss,
    square_loss,
    train_deeppose,
)
from contrapposto.training.deeppose_squares import Errors, Squares, square_of  # noqa: E402
from contrapposto.training.loop import Schedule  # noqa: E402
from contrapposto.training.pose_batches import Batch, PoseData  # noqa: E402
from contrapposto.training.pose_photos import KnownPerson, known_people, picture_of  # noqa: E402
from tests.training.drawn_photos import drawn, figure, write_set  # noqa: E402
from tests.training.test_heatmaps import STILL, _parts  # noqa: E402


def people(count: int) -> list[KnownPerson]:
    return [
        KnownPerson(Path("none.png"), figure(number), Box.around(figure(number), 0.12)) for number in range(count)
    ]


def test_errors_are_means_and_deviations_in_torsos() -> None:
    known = people(3)
    known[1].joints[INDEX["left_wrist"]] = np.nan
    moves = [0.1, 0.7, 0.3]
    right = np.array([1.0, 0.0])
    found = [
        person.joints + move * diameter(person.joints) * right for person, move in zip(known, moves, strict=True)
    ]
    errors = Errors.of(found, known)
    np.testing.assert_allclose(errors.means[INDEX["left_knee"]], [1.1 / 3, 0], atol=1e-9)
    np.testing.assert_allclose(errors.means[INDEX["left_wrist"]], [0.2, 0], atol=1e-9)
    np.testing.assert_allclose(errors.deviations[INDEX["left_wrist"]], [0.1, 0], atol=1e-9)
    np.testing.assert_array_equal(errors.means[0], 0)


def test_squares_lie_as_far_from_joints_as_stages_err() -> None:
    (person,) = people(1)
    image = drawn(person.joints, 90)
    errors = Errors(np.tile([0.3, -0.1], (17, 1)), np.zeros((17, 2)))
    joint = INDEX["left_elbow"]
    seen = set()
    for seed in range(12):
        shown, number, move = square_of(person, image, joint, errors, 2.0, 64, np.random.default_rng(seed))
        mirrored = number == skeleton.FLIP[joint]
        assert mirrored or number == joint
        np.testing.assert_allclose(move, [0.15 if mirrored else -0.15, 0.05], atol=1e-9)
        x, y = ((move + 0.5) * 64).astype(int)
        assert int(shown[y, x, 0]) > int(shown[y, x, 1]) + 40, "the elbow is red"
        seen.add(mirrored)
    assert seen == {True, False}
    side = squares_of(person.joints, 2.0, 300)[joint].side
    assert side == pytest.approx(2 * float(diameter(person.joints)))
    assert squares_of(np.zeros((17, 2)), 2.0, 300)[0].side == pytest.approx(60), (
        "a torso is no shorter than a tenth"
    )


def test_losses_worked_by_hand() -> None:
    joints = torch.full((1, 17, 2), torch.nan)
    joints[0, 5], joints[0, 7] = torch.tensor([32.0, 48.0]), torch.tensor([16.0, 24.0])
    found = torch.zeros(1, 12, 2)
    found[0, 0] = torch.tensor([0.3, 0.0])

    class _Out(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = torch.nn.Parameter(torch.ones(1))

        def forward(self, given: torch.Tensor) -> torch.Tensor:
            return found[: len(given)] * self.one

    # the first lies in the middle of 96 x 64, and was put 0.3 beside; the second at (-0.25, -0.25)
    loss = box_loss(_Out(), LIMB_NUMBERS, (96, 64), Batch(torch.zeros(1, 3), joints))
    assert float(loss.detach()) == pytest.approx((0.09 + 0.125) / 2)
    batch = Squares(torch.zeros(1, 3), torch.tensor([0]), torch.tensor([[0.1, 0.2]]))
    assert float(square_loss(_Out(), batch).detach()) == pytest.approx(0.08)


@pytest.mark.slow
@pytest.mark.parametrize("views", [0, 2])
def test_a_cascade_learns_stage_after_stage(views: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrapposto.training.deeppose.trunk_parts", _parts)
    torch.set_num_threads(1)
    root = write_set(tmp_path / "set")
    schedule = Schedule(steps=60, minutes=5, check=30, patience=99, device="cpu")
    data = PoseData("efficientnet-lite0-short", 64, 64, views=views, change=STILL, batch=12)
    options = DeepPoseOptions(data, 3, square=32, hidden=32, dropout=0.0, rate=2e-3, schedule=schedule)
    trained = train_deeppose(root, tmp_path / "out", options)
    assert len(trained.misses) == 3
    assert trained.difference < 1e-4
    assert trained.misses[0] < 0.9
    again = train_deeppose(root, tmp_path / "out", options)
    assert again.misses == trained.misses, "stages that are done are not learned again"
    cascade = DeepPose(tmp_path / "out")
    person = known_people(root, "val")[1]
    stages = cascade.stages(picture_of(person), person.box)
    assert len(stages) == 3
    points, scores = cascade(picture_of(person), person.box)
    np.testing.assert_array_equal(points, stages[-1])
    assert scores.tolist() == [0.0] * 5 + [1.0] * 12
    assert all(np.isfinite(stage[5:]).all() and np.isnan(stage[:5]).all() for stage in stages)
    with pytest.raises(DataError, match="other options"):
        train_deeppose(root, tmp_path / "out", replace(options, rate=1e-3))
    with pytest.raises(DataError, match=r"has no stage-1\.onnx"):
        DeepPose(tmp_path)
