"""Masks against naive loops, their ranges, and mean-field iterations worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks import attention  # noqa: E402
from contrapposto.networks.attention import (  # noqa: E402
    KINDS,
    extent,
    gaussian_masks,
    mean_field,
    softmax_masks,
    summed,
    transformed,
)

Array = NDArray[np.float64]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


def unary(count: int = 2, masks: int = 3, rows: int = 8, columns: int = 6) -> Array:
    return np.random.default_rng(5).normal(0, 2, (count, masks, rows, columns))


def sigmoid(value: Array) -> Array:
    return 1 / (1 + np.exp(-value))


def smoothed(map_: Array, kernel: Array) -> Array:
    """Cross-correlation with zeros beyond the edge, cell by cell."""
    rows, columns = map_.shape
    reach = len(kernel) // 2
    found = np.zeros_like(map_)
    for row in range(rows):
        for column in range(columns):
            for down in range(-reach, reach + 1):
                for across in range(-reach, reach + 1):
                    y, x = row + down, column + across
                    if 0 <= y < rows and 0 <= x < columns:
                        found[row, column] += kernel[reach + down, reach + across] * map_[y, x]
    return found


def test_softmax_masks_are_shares_times_cells() -> None:
    given = unary()
    found = softmax_masks(torch.from_numpy(given)).numpy()
    for number in range(2):
        for mask in range(3):
            share = np.exp(given[number, mask]) / np.exp(given[number, mask]).sum()
            np.testing.assert_allclose(found[number, mask], share * 48)
    np.testing.assert_allclose(found.mean(axis=(2, 3)), 1)
    np.testing.assert_allclose(softmax_masks(torch.zeros(1, 1, 4, 3)).numpy(), 1)


def test_gaussian_masks_have_the_moments_of_the_softmax() -> None:
    given = unary()
    found = gaussian_masks(torch.from_numpy(given)).numpy()
    for number in range(2):
        for mask in range(3):
            share = np.exp(given[number, mask]) / np.exp(given[number, mask]).sum()
            wanted = np.zeros((8, 6))
            places = [((row + 0.5) / 8, (column + 0.5) / 6) for row in range(8) for column in range(6)]
            weights = share.ravel()
            middle = np.array(places).T @ weights
            spread = ((np.array(places) - middle) ** 2).T @ weights + 0.02**2
            for place, cell in zip(places, np.ndindex(8, 6), strict=True):
                wanted[cell] = np.exp(-(((place - middle) ** 2) / spread).sum() / 2)
            np.testing.assert_allclose(found[number, mask], wanted)
    assert found.min() > 0
    assert found.max() <= 1


def test_a_gaussian_mask_lies_on_the_only_bright_cell() -> None:
    given = torch.full((1, 1, 8, 8), -50.0)
    given[0, 0, 2, 5] = 50.0
    found = gaussian_masks(given)[0, 0]
    assert float(found[2, 5]) == pytest.approx(1)
    assert float(found.sum()) == pytest.approx(1, abs=1e-6)


def test_mean_field_is_that_of_naive_loops() -> None:
    given = unary(masks=2)
    kernels = np.random.default_rng(1).normal(0, 0.3, (2, 1, 3, 3))
    found = mean_field(torch.from_numpy(given), torch.from_numpy(kernels)).numpy()
    for number in range(2):
        for mask in range(2):
            u, kernel = given[number, mask], kernels[mask, 0]
            q = sigmoid(smoothed(u, kernel) + u)
            for _ in range(3):
                q = sigmoid(smoothed(q, kernel) + u)
            np.testing.assert_allclose(found[number, mask], q)
    assert 0 < found.min() < found.max() < 1


def test_mean_field_worked_by_hand() -> None:
    """Two cells, u = (ln 3, 0), K sums its cell's neighbour only: Q0 = s(0 + ln 3), s(ln 3 + 0) = 3/4, 3/4. Then
    Q1 = s(3/4 + ln 3), s(3/4): 1 / (1 + e^-0.75 / 3) = 0.86396, 0.67918; Q2 = s(0.67918 + ln 3), s(0.86396) =
    0.85542, 0.70349; Q3 = s(0.70349 + ln 3), s(0.85542) = 0.85841, 0.70171."""
    kernel = torch.tensor([[0.0, 0, 0], [1, 0, 1], [0, 0, 0]])[None, None]
    found = mean_field(torch.tensor([[[[np.log(3), 0.0]]]], dtype=torch.float32), kernel)
    np.testing.assert_allclose(found.numpy().ravel(), [0.85841, 0.70171], atol=2e-5)


def test_a_kernel_with_extent_tells_neighbours_of_a_bright_cell() -> None:
    given = torch.zeros(1, 1, 9, 9)
    given[0, 0, 4, 4] = 3.0
    alone = mean_field(given, torch.full((1, 1, 1, 1), 0.5))[0, 0]
    spread = mean_field(given, torch.full((1, 1, 3, 3), 0.5))[0, 0]
    assert float(alone[4, 5]) == pytest.approx(float(alone[0, 0]))
    assert float(spread[4, 5]) > float(spread[0, 0]) + 0.01


def test_the_kernel_shrinks_with_the_map_and_is_never_one_cell() -> None:
    assert [extent(rows) for rows in (64, 48, 32, 16, 8, 4)] == [11, 9, 5, 3, 3, 3]


def test_an_identity_shows_the_template_as_large_as_the_map() -> None:
    template = torch.rand(2, 5, 4)
    theta = torch.tensor([[1.0, 0, 0], [0, 1, 0]]).expand(3, 2, 2, 3)
    found = transformed(template, theta, 5, 4)
    torch.testing.assert_close(found, template.expand(3, 2, 5, 4))


def test_a_template_is_moved_and_sampled_bilinearly() -> None:
    """x = 0.5 x' + 0.25 over -1..1, on a template of 4 columns: cells of the map at -0.75, -0.25, 0.25, 0.75 see
    -0.125, 0.125, 0.375, 0.625, which are columns 1.25, 1.75, 2.25, 2.75 from 0."""
    template = torch.tensor([[0.0, 1.0, 3.0, 2.0]] * 4)[None]
    theta = torch.tensor([[[0.5, 0, 0.25], [0, 1, 0]]])[None]
    found = transformed(template, theta, 4, 4)
    np.testing.assert_allclose(found[0, 0, 1].numpy(), [1.5, 2.5, 2.75, 2.25], rtol=1e-5)
    far = transformed(template, torch.tensor([[[1.0, 0, 5], [0, 1, 0]]])[None], 4, 4)
    assert float(far.abs().max()) == 0


def test_masks_are_summed_at_the_size_of_the_last() -> None:
    masks = [torch.rand(2, 1, 2 * size, size) for size in (1, 2, 4)]
    found = summed(masks)
    assert found.shape == (2, 1, 8, 4)
    for row in range(8):
        for column in range(4):
            wanted = sum(
                float(mask[1, 0, row * size // 4, column * size // 4])
                for mask, size in zip(masks, (1, 2, 4), strict=True)
            )
            assert float(found[1, 0, row, column]) == pytest.approx(wanted)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("count", [1, 3])
def test_each_kind_gives_masks_and_passes_gradients(kind: attention.Kind, count: int) -> None:
    masks = KINDS[kind](5, count, (16, 12), 2)
    features = torch.randn(2, 5, 16, 12, requires_grad=True)
    found = masks(features)
    assert found.shape == (2, count, 16, 12)
    assert float(found.detach().min()) >= 0
    if kind != "softmax":
        assert float(found.detach().max()) <= 1
    (found * torch.rand_like(found)).sum().backward()
    assert features.grad is not None
    if kind != "transformer":  # its place depends on nothing before it has learned
        assert float(features.grad.abs().max()) > 0
    silent = [name for name, weight in masks.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert [name for name in silent if not name.startswith(("narrow", "place.0"))] == []
