"""What an embedding of poses is taught by, against naive loops."""

from __future__ import annotations

import numpy as np
import pytest

from contrapposto.representations.pose_embedding import JOINT_WIDTH

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.training.losses import log_ratio, log_ratio_of_all  # noqa: E402
from contrapposto.training.pose_losses import (  # noqa: E402
    LEAST_SIDE,
    POSE_SIDE,
    distances,
    joint_error,
    normalised,
    single_joints,
)


def test_log_ratio_of_all_is_that_of_each_anchor() -> None:
    torch.manual_seed(0)
    embeddings, targets = torch.randn(7, 5, dtype=torch.float64), torch.rand(7, 7, dtype=torch.float64) + 0.1
    targets[2, 4] = torch.nan
    total, weight = 0.0, 0
    for anchor in range(7):
        others = [other for other in range(7) if other != anchor and torch.isfinite(targets[anchor, other])]
        count = len(others)
        loss = log_ratio(embeddings[anchor], embeddings[others], targets[anchor, others] + 0.5)
        total += float(loss) * (count - 1) / count * count  # the variance of a population
        weight += count
    assert float(log_ratio_of_all(embeddings, targets, least=0.5)) == pytest.approx(total / weight, rel=1e-5)


def test_losses_are_those_of_naive_loops() -> None:
    rng = np.random.default_rng(3)
    truth = torch.from_numpy(rng.uniform(-0.4, 0.4, (4, 12, 2)))
    known = torch.from_numpy(rng.random((4, 12)) < 0.9)
    known[0] = True
    found = truth + 0.01
    side = [np.ptp(truth[n][known[n]].numpy(), axis=0).max() for n in range(4)]
    errors = [
        np.hypot(0.01, 0.01) * 128 / side[n] for n in range(4) for joint in range(12) if bool(known[n, joint])
    ]
    assert float(joint_error(found, truth, known)) == pytest.approx(np.mean(errors), rel=5e-3)
    normal = normalised(truth, known)
    shown = normal[1][known[1]].numpy()
    assert np.ptp(shown, axis=0).max() == pytest.approx(128)
    assert np.abs(shown.mean(axis=0)).max() < 1e-4
    apart = distances(normal, known, shared=1)
    both = (known[1] & known[2]).numpy()
    wanted = np.linalg.norm((normal[1] - normal[2]).numpy()[both], axis=1).mean()
    assert float(apart[1, 2]) == pytest.approx(wanted, rel=1e-4)
    assert torch.isnan(distances(normal, known, shared=13)).all()
    embedding = torch.from_numpy(rng.normal(size=(4, 128)))
    naive = []
    for joint in range(12):
        part = slice(joint * JOINT_WIDTH, (joint + 1) * JOINT_WIDTH)
        for one in range(4):
            for other in range(4):
                if one != other and known[one, joint] and known[other, joint]:
                    far = float(torch.linalg.vector_norm(normal[one, joint] - normal[other, joint]))
                    near = 200 * float(torch.linalg.vector_norm(embedding[one, part] - embedding[other, part]))
                    naive.append(abs(near - far) / (far + 10))
    assert float(single_joints(embedding, normal, known, 200)) == pytest.approx(np.mean(naive), rel=1e-5)


def test_a_pose_that_was_hardly_found_is_not_blown_up() -> None:
    """One known joint, and a pose of a hundredth of the picture: as if they were 0.15 of it."""
    truth = torch.zeros(2, 12, 2)
    truth[1, 3] = torch.tensor([0.01, 0.0])
    known = torch.zeros(2, 12, dtype=torch.bool)
    known[0, 3] = known[1, 2] = known[1, 3] = True
    normal = normalised(truth, known)
    assert normal[0, 3].tolist() == [0, 0]
    assert float(normal[1, 3, 0]) == pytest.approx(0.005 * POSE_SIDE / LEAST_SIDE)
    error = joint_error(truth + torch.tensor([0.03, 0.04]), truth, known)
    assert float(error) == pytest.approx(0.05 * POSE_SIDE / LEAST_SIDE, rel=1e-3)


def test_of_nothing_known_nothing_is_taught() -> None:
    truth, known = torch.rand(3, 12, 2), torch.zeros(3, 12, dtype=torch.bool)
    found, embedding = (torch.rand(3, 12, 2).requires_grad_(), torch.rand(3, 128).requires_grad_())
    normal = normalised(truth, known)
    loss = joint_error(found, truth, known) + single_joints(embedding, normal, known, 200.0)
    loss = loss + log_ratio_of_all(embedding, distances(normal, known, 10), least=1.0)
    assert float(loss.detach()) == 0
    loss.backward()
    assert not found.grad.any()
    assert not embedding.grad.any()
