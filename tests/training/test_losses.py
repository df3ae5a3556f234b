"""Losses against plain loops, known values, and their gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.training.losses import (  # noqa: E402
    EPSILON,
    cosine_margin,
    dense_triplet,
    distance_regression,
    distances,
    log_ratio,
    triplet_hinge,
)


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def targets(count: int, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(1, 100, count))


def away(a: torch.Tensor, b: torch.Tensor, squared: bool = False) -> float:
    total = sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))
    return total if squared else math.sqrt(total)


def test_distances() -> None:
    anchor, others = numbers(6), numbers(4, 6, seed=1)
    for squared in (False, True):
        wanted = [away(anchor, other, squared) for other in others]
        np.testing.assert_allclose(distances(anchor, others, squared), wanted)
    assert distances(anchor.half(), others.half()).dtype == torch.float32, "sums of squares overflow in float16"
    assert distances(torch.full((4,), 300.0).half(), torch.zeros(1, 4).half(), squared=True)[0] == 360_000


@pytest.mark.parametrize("squared", [False, True])
def test_triplet_hinge_is_what_a_triple_loop_computes(squared: bool) -> None:
    anchors, positives, negatives = numbers(3, 5), numbers(3, 4, 5, seed=1), numbers(3, 6, 5, seed=2)
    terms = [
        max(0.0, away(anchors[a], p, squared) - away(anchors[a], n, squared) + 0.2)
        for a in range(3)
        for p in positives[a]
        for n in negatives[a]
    ]
    assert 0 < sum(term == 0 for term in terms) < len(terms)
    assert float(triplet_hinge(anchors, positives, negatives, 0.2, squared)) == pytest.approx(np.mean(terms))
    one = triplet_hinge(anchors[0], positives[0], negatives[0], 0.2, squared)
    assert float(one) == pytest.approx(np.mean(terms[:24]))


def test_triplet_hinge_by_hand() -> None:
    anchor = torch.tensor([0.0, 0.0])
    near, far = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.1, 0.0], [3.0, 0.0]])
    assert float(triplet_hinge(anchor, near, far)) == pytest.approx((1 - 1.1 + 0.2) / 2)
    assert float(triplet_hinge(anchor, near, far, squared=True)) == 0


def test_log_ratio_is_what_a_double_loop_computes() -> None:
    anchor, others, wanted = numbers(5), numbers(7, 5, seed=1), targets(7)
    terms = []
    for j in range(7):
        for i in range(j):
            embedded = (away(anchor, others[i]) + EPSILON) / (away(anchor, others[j]) + EPSILON)
            true = (float(wanted[i]) + EPSILON) / (float(wanted[j]) + EPSILON)
            terms.append((math.log(embedded) - math.log(true)) ** 2)
    assert float(log_ratio(anchor, others, wanted)) == pytest.approx(np.mean(terms))
    assert float(log_ratio(anchor, others, wanted * 7)) == pytest.approx(np.mean(terms)), "units do not matter"
    assert float(log_ratio(3 * anchor, 3 * others, wanted)) == pytest.approx(np.mean(terms), rel=1e-5)


def test_distances_that_are_true_up_to_a_scale_cost_nothing() -> None:
    anchor, others = numbers(5), numbers(7, 5, seed=1)
    wanted = 12.5 * distances(anchor, others)
    assert float(log_ratio(anchor, others, wanted)) == pytest.approx(0, abs=1e-10)
    assert float(distance_regression(anchor, others, wanted)) == pytest.approx(0, abs=1e-10)
    assert float(distance_regression(anchor, others, wanted, scale=0.08)) == pytest.approx(0, abs=1e-10)
    assert float(dense_triplet(anchor, others, wanted, margin=0.0)) == 0


def test_distance_regression_is_what_a_loop_computes() -> None:
    anchor, others, wanted = numbers(5), numbers(7, 5, seed=1), targets(7)
    embedded = np.array([away(anchor, other) for other in others])
    true = wanted.numpy()
    expected = np.mean([(d - 0.1 * t) ** 2 for d, t in zip(embedded, true, strict=True)])
    assert float(distance_regression(anchor, others, wanted, 0.1)) == pytest.approx(expected)
    best = min(
        sum((d - s * t) ** 2 for d, t in zip(embedded, true, strict=True)) for s in np.linspace(0, 0.2, 20_001)
    )
    stress = float(distance_regression(anchor, others, wanted))
    assert stress == pytest.approx(best / (embedded**2).sum(), rel=1e-4)
    assert 0 <= stress <= 1


def test_dense_triplet_is_what_a_double_loop_computes() -> None:
    anchor, others, wanted = numbers(5) / 5, numbers(7, 5, seed=1) / 5, targets(7)
    wanted[3] = wanted[4]
    terms = [
        max(0.0, away(anchor, others[i], True) - away(anchor, others[j], True) + 0.03)
        for i in range(7)
        for j in range(7)
        if wanted[i] < wanted[j]
    ]
    assert len(terms) == 20
    assert float(dense_triplet(anchor, others, wanted)) == pytest.approx(np.mean(terms))


@pytest.mark.parametrize("loss", [log_ratio, distance_regression, dense_triplet])
def test_what_cannot_be_compared_takes_no_part(loss) -> None:  # type: ignore[no-untyped-def]
    anchor, others, wanted = numbers(5), numbers(7, 5, seed=1), targets(7)
    known = wanted.clone()
    known[[1, 4]] = torch.nan
    kept = [0, 2, 3, 5, 6]
    assert float(loss(anchor, others, known)) == pytest.approx(float(loss(anchor, others[kept], wanted[kept])))
    leaf = others.clone().requires_grad_()
    loss(anchor, leaf, torch.full((7,), torch.nan)).backward()
    assert (leaf.grad == 0).all()


def test_gradients() -> None:
    anchor, others = numbers(4).requires_grad_(), numbers(5, 4, seed=1).requires_grad_()
    wanted = targets(5)
    for loss in (
        lambda a, o: log_ratio(a, o, wanted),
        lambda a, o: distance_regression(a, o, wanted),
        lambda a, o: distance_regression(a, o, wanted, 0.1),
        lambda a, o: dense_triplet(a, o, wanted),
        lambda a, o: triplet_hinge(a, o[:2], o[2:], 0.5),
        lambda a, o: triplet_hinge(a, o[:2], o[2:], 0.5, True),
    ):
        assert torch.autograd.gradcheck(loss, (anchor, others))


def test_equal_vectors_give_finite_gradients() -> None:
    anchor = torch.ones(4, requires_grad=True)
    others = torch.ones(5, 4, requires_grad=True)
    for loss in (log_ratio(anchor, others, targets(5)), triplet_hinge(anchor, others[:2], others[2:])):
        (gradient,) = torch.autograd.grad(loss, anchor)
        assert torch.isfinite(gradient).all()


def test_cosine_margin_is_what_a_double_loop_computes() -> None:
    scores = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (6, 9)))
    matching = torch.from_numpy(np.random.default_rng(1).random((6, 9)) < 0.25)
    for hardest in (0, 1, 3, 100):
        own, others = [], []
        for i in range(6):
            row = sorted((float(s) for j, s in enumerate(scores[i]) if not matching[i, j]), reverse=True)
            others += [max(0.0, s - 0.2) for s in row[: hardest or None]]
            own += [1 - float(s) for j, s in enumerate(scores[i]) if matching[i, j]]
        wanted = np.mean(own) + np.mean(others)
        assert float(cosine_margin(scores, matching, 0.2, hardest)) == pytest.approx(wanted)


def test_cosine_margin_by_hand() -> None:
    scores = torch.tensor([[1.0, 0.05], [0.5, 0.8]], requires_grad=True)
    loss = cosine_margin(scores, torch.eye(2, dtype=torch.bool), 0.1)
    assert float(loss.detach()) == pytest.approx((0 + 0.2) / 2 + (0 + 0.4) / 2)
    loss.backward()
    assert scores.grad is not None
    assert scores.grad.tolist() == [[-0.5, 0.0], [0.5, -0.5]], "what is far enough apart is left alone"
    nothing = torch.zeros(0, 0)
    assert float(cosine_margin(nothing, torch.zeros(0, 0, dtype=torch.bool))) == 0
    alone = torch.ones(2, 2)
    assert float(cosine_margin(alone, torch.ones(2, 2, dtype=torch.bool))) == 0
