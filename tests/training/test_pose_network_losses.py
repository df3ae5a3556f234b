"""The losses of the recipe `default`, by hand and by naive loops."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.skeleton import LIMB_NUMBERS

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from torch import Tensor, nn  # noqa: E402

from contrapposto.networks import thunder  # noqa: E402
from contrapposto.networks.pose_network import Found  # noqa: E402
from contrapposto.networks.thunder import SIDE, Begun  # noqa: E402
from contrapposto.training.losses import log_ratio_of_all  # noqa: E402
from contrapposto.training.pose_losses import distances, joint_error, normalised, single_joints  # noqa: E402
from contrapposto.training.pose_network import Batch, PoseOptions, heat_loss, pose_loss  # noqa: E402
from tests.training.drawn_photos import figure  # noqa: E402

SHARP = 0.3


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def gaussian(place: Tensor, sigma: float = 2.0) -> np.ndarray:  # type: ignore[type-arg]
    """(64, 64) around a place of the picture in pixels."""
    x, y = (float(number) / 4 for number in place)
    return np.array(
        [
            [np.exp(-((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2) / (2 * sigma**2)) for column in range(64)]
            for row in range(64)
        ]
    )


def some_joints() -> Tensor:
    """(2, 3, 2), two of the six unknown."""
    joints = torch.tensor([[[33.3, 80.1], [200.7, 9.2], [0, 0]], [[0, 0], [128.9, 130.3], [60.6, 250.1]]])
    joints[0, 2] = joints[1, 0] = torch.nan
    return joints


def test_the_heat_loss_is_that_of_naive_loops() -> None:
    joints, logits, seen = some_joints(), 3 * torch.randn(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    plain, sharp = [], []
    for person in range(2):
        for joint in range(3):
            known = bool(torch.isfinite(joints[person, joint, 0]))
            wanted = gaussian(joints[person, joint]) if known else seen[person, joint].double().numpy()
            found = 1 / (1 + np.exp(-logits[person, joint].double().numpy()))
            inner = wanted.clip(1e-12, 1 - 1e-12)
            entropy = -(wanted * np.log(inner) + (1 - wanted) * np.log(1 - inner))
            crossed = -(wanted * np.log(found) + (1 - wanted) * np.log(1 - found))
            plain.append((crossed - entropy).sum() / (2 * np.pi * 2.0**2))
            if known:
                raised = np.exp(logits[person, joint].double().numpy())
                share, told = wanted / wanted.sum(), raised / raised.sum()
                sharp.append((share * np.log(share.clip(1e-12) / told)).sum())
    for weight in (0.0, SHARP):
        loss = heat_loss(logits, seen, joints, 2.0, weight)
        assert float(loss) == pytest.approx(np.mean(plain) + weight * np.mean(sharp), rel=1e-4)


def test_the_heat_loss_is_nothing_where_the_heatmaps_are_right() -> None:
    """The logit of the target, or of what the teacher sees where nothing is known; and no less anywhere beside."""
    joints, seen = some_joints(), torch.rand(2, 3, 64, 64)
    wanted = seen.clone()
    for person, joint in ((0, 0), (0, 1), (1, 1), (1, 2)):
        wanted[person, joint] = torch.from_numpy(gaussian(joints[person, joint]))
    right = torch.logit(wanted, eps=1e-6)
    least = float(heat_loss(right, seen, joints, 2.0, 0.0))
    assert least == pytest.approx(0, abs=1e-3)
    for moved in (right + 0.3, right - 0.3, right.roll(1, 2), right.roll(-1, 3)):
        assert float(heat_loss(moved, seen, joints, 2.0, 0.0)) > least + 0.01
    # as one distribution, the logarithm of the target is right, however high it is
    even = wanted.clamp(min=1e-20).log()
    for height in (0.0, 5.0):
        both = [float(heat_loss(even + height, seen, joints, 2.0, sharp)) for sharp in (0.0, 1.0)]
        assert both[1] - both[0] == pytest.approx(0, abs=1e-3)


def test_the_teacher_is_asked_where_joints_are_unknown_alone() -> None:
    joints = some_joints()
    logits = torch.zeros(2, 3, 64, 64, requires_grad=True)
    told = [torch.rand(2, 3, 64, 64) for _ in range(2)]
    gradients = [torch.autograd.grad(heat_loss(logits, seen, joints, 2.0, SHARP), logits)[0] for seen in told]
    differ = (gradients[0] - gradients[1]).abs().amax((2, 3)) > 0
    assert torch.equal(differ, ~torch.isfinite(joints[..., 0]))
    wrong = 0.5 - told[0]  # the sigmoid of 0 less what the teacher sees
    torch.testing.assert_close(gradients[0][0, 2], wrong[0, 2] / (2 * np.pi * 4) / 6)


class _Told(nn.Module):
    """In place of the network: what it finds is what is learned."""

    def __init__(self, people: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.randn(people, 17, 64, 64))
        self.embedding = nn.Parameter(nn.functional.normalize(torch.randn(people, 128), dim=1))
        self.pose = nn.Parameter(torch.randn(people, 12, 2) / 5)

    def found(self, images: Tensor) -> Found:
        return Found(self.logits, self.embedding, self.pose)


class _Seen:
    """In place of the teacher."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    def begun(self, images: Tensor, blocks: int) -> Begun:
        assert blocks == 0
        return Begun(0, images, ())

    def ended(self, begun: Begun) -> thunder.Found:
        return thunder.Found(self.logits, begun.map)


def test_the_loss_is_the_weighted_sum_of_all() -> None:
    """Of five people one has no joints, as those of other photos, and another of whom 7 are seen teaches the
    embedding nothing."""
    options = PoseOptions()
    joints = torch.from_numpy(np.stack([figure(number) for number in range(5)])).float() * SIDE / 300
    joints[3, 8:13] = torch.nan
    joints[4] = torch.nan
    network, seen = _Told(5), torch.randn(5, 17, 64, 64)
    batch = Batch(torch.zeros(5, 3, SIDE, SIDE), joints, 4)
    loss = pose_loss(network, _Seen(seen), batch, options)  # type: ignore[arg-type]
    truth, known = joints[:3, LIMB_NUMBERS] / SIDE - 0.5, torch.ones(3, 12, dtype=torch.bool)
    normal = normalised(truth, known)
    apart = distances(normal, known, options.shared)
    wanted = (
        10 * heat_loss(network.logits, torch.sigmoid(seen), joints, 2.0, 0.3)
        + 0.3 * joint_error(network.pose[:3], truth, known)
        + 10 * log_ratio_of_all(network.embedding[:3], apart, least=1.0)
        + 0.5 * single_joints(network.embedding[:3], normal, known, 200.0)
    )
    torch.testing.assert_close(loss, wanted, rtol=1e-4, atol=1e-4)
    loss.backward()
    assert network.embedding.grad.abs().amax(1).gt(0).tolist() == [True, True, True, False, False]
    assert network.pose.grad.abs().amax((1, 2)).gt(0).tolist() == [True, True, True, False, False]
    assert network.logits.grad.abs().amax((1, 2, 3)).gt(0).all(), "all people teach the heatmaps"
