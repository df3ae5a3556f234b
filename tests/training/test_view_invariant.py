"""The recipe of the view-invariant network on a tiny table: it learns, repeats itself, writes what it learned."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import DataError
from contrapposto.training.poses3d import CMU
from tests.training.motion import write_table

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.keypoint_embedder import KeypointEmbedder  # noqa: E402
from contrapposto.networks.lifter import LifterNetwork  # noqa: E402
from contrapposto.training import cross_view_losses as losses  # noqa: E402
from contrapposto.training.loop import Schedule  # noqa: E402
from contrapposto.training.view_invariant import ViewInvariantOptions, train_view_invariant  # noqa: E402
from contrapposto.training.warm_start import begin_with, layers_of  # noqa: E402

TINY = ViewInvariantOptions(
    width=64,
    blocks=1,
    start="",
    bodies=64,
    held_out_people=60,
    warm=5,
    schedule=Schedule(steps=60, minutes=5, warm=5, check=20, device="cpu"),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_table(folder / CMU)
    return folder


@pytest.mark.slow
def test_it_learns_repeats_itself_and_writes_what_it_learned(data: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    trained = train_view_invariant(data, tmp_path / "out", TINY, lambda *step: told.append(step))
    rows = list(csv.DictReader((tmp_path / "out" / "curve.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == [0, 20, 40, 60]
    loss = [float(row["loss"]) for row in rows[1:]]
    assert loss[2] < loss[1] < loss[0]
    assert loss[2] < 0.9 * loss[0]
    assert (trained.steps, told[-1][:2]) == (60, (60, 60))
    assert trained.difference < 1e-4, "ONNX and PyTorch agree"
    assert 0 <= trained.hit <= 1
    assert json.loads((tmp_path / "out" / "options.json").read_text())
    assert trained.weights.stat().st_size < 60_000, "weights are stored as float16"
    again = train_view_invariant(data, tmp_path / "again", TINY)
    assert again.weights.read_bytes() == trained.weights.read_bytes()


@pytest.mark.parametrize("loss", ["softmax", "triplet", "log-ratio", "distance"])
def test_every_loss_can_be_chosen(data: Path, tmp_path: Path, loss: str) -> None:
    short = replace(TINY.schedule, steps=2, check=2, warm=1)
    options = replace(TINY, loss=loss, bodies=8, held_out_people=20, schedule=short)  # type: ignore[arg-type]
    trained = train_view_invariant(data, tmp_path, options)
    assert trained.steps == 2
    assert np.isfinite(trained.difference)


def test_data_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        train_view_invariant(tmp_path, tmp_path / "out", TINY)


def test_the_losses_are_what_loops_compute() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 5, 3)).astype(np.float32)
    truth = np.abs(rng.normal(size=(5, 5))).astype(np.float32)
    truth = (truth + truth.T) / 4
    np.fill_diagonal(truth, 0)
    truth[0, 1] = truth[1, 0] = 0.05
    found = np.array([[np.linalg.norm(a - b) for b in second] for a in first])
    given = losses.distances_between(torch.from_numpy(first), torch.from_numpy(second))
    np.testing.assert_allclose(given.numpy(), found, rtol=1e-5)
    true = torch.from_numpy(truth)

    softmax = soft = triplet = ratio = 0.0
    for table in (found, found.T):
        for a in range(5):
            others = [i for i in range(5) if i == a or truth[a, i] >= 0.1]
            share = np.exp(-2 * table[a])
            softmax -= np.log(share[a] / share[others].sum()) / 10
            target = np.exp(-truth[a] / 0.2)
            soft -= float((target / target.sum() * np.log(share / share.sum())).sum()) / 10
            negatives = [i for i in range(5) if truth[a, i] >= 0.1]
            beyond = [table[a, i] for i in negatives if table[a, i] > table[a, a]]
            chosen = min(beyond) if beyond else max(table[a, i] for i in negatives)
            triplet += max(0.0, table[a, a] + 0.3 - chosen) / 10
            log = np.log(table[a]) - np.log(np.maximum(truth[a], 0.05))
            pairs = [(log[i] - log[j]) ** 2 for i in range(5) for j in range(5)]
            ratio += float(np.mean(pairs)) / 2 / 5
    assert float(losses.softmax_loss(given, true, near=0.1, scale=2.0)) == pytest.approx(softmax, rel=1e-4)
    assert float(losses.soft_target_loss(given, true, 0.2, scale=2.0)) == pytest.approx(soft, rel=1e-4)
    assert float(losses.triplet_loss(given, true, near=0.1, margin=0.3)) == pytest.approx(triplet, rel=1e-4)
    assert float(losses.log_ratio_loss(given, true, least=0.05)) == pytest.approx(ratio, rel=1e-4)
    expected = ((found - truth) ** 2 / (truth + 0.1)).mean()
    assert float(losses.distance_loss(given, true, floor=0.1)) == pytest.approx(expected, rel=1e-4)


def test_layers_that_are_there_are_begun_with() -> None:
    torch.manual_seed(0)
    lifter = LifterNetwork(32, 1).eval()
    lifter.simplify()
    network, inputs = KeypointEmbedder(32, 2), torch.randn(200, 51)
    begin_with(network, lifter.folded(), inputs)
    with torch.no_grad():
        expected = lifter.blocks(lifter.enter(inputs))
        found = network.eval().blocks[0](network.enter(inputs))
    torch.testing.assert_close(found, expected, atol=5e-3, rtol=0)
    begin_with(KeypointEmbedder(16, 1), lifter.folded(), inputs)  # other shapes: left as they are


def test_the_layers_of_shipped_weights_are_read() -> None:
    layers = layers_of("lifter")
    assert [tuple(weight.shape) for weight, _ in layers][:2] == [(512, 51), (512, 512)]
    assert layers[-1][0].shape == (51, 512 + 51)
