"""The recipe of the lifting network on a tiny table: it learns, repeats itself, and writes what it learned."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import DataError
from contrapposto.skeleton import INDEX, LIMBS
from contrapposto.training.poses3d import CMU
from tests.training.motion import write_table

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.lifter import LifterNetwork  # noqa: E402
from contrapposto.training.export import residual_perceptron  # noqa: E402
from contrapposto.training.lifting import Batch, LiftingOptions, lifting_loss, train_lifting  # noqa: E402

TINY = LiftingOptions(
    width=64, blocks=1, batch=64, steps=60, warm=10, check=20, held_out_people=200, threads=1, minutes=5
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_table(folder / CMU)
    return folder


def test_it_learns_and_writes_what_it_learned(data: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    trained = train_lifting(data, tmp_path / "out", TINY, lambda *step: told.append(step))
    rows = list(csv.DictReader((tmp_path / "out" / "curve.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == [20, 40, 60]
    errors = [float(row["held_out"]) for row in rows]
    assert trained.error < min(errors) + 1e-3, "the best state is kept, rounded"
    assert errors[-1] < 0.9 * errors[0]
    assert trained.steps == 60
    assert told[-1][:2] == (60, 60)
    assert "mm" in told[-1][2]
    assert trained.difference < 1e-4, "ONNX and PyTorch agree"
    assert json.loads((tmp_path / "out" / "options.json").read_text())["width"] == 64
    assert trained.weights.stat().st_size < 60_000, "weights are stored as float16"


def test_the_same_seed_gives_the_same_weights(data: Path, tmp_path: Path) -> None:
    made = [train_lifting(data, tmp_path / str(run), TINY).weights.read_bytes() for run in range(2)]
    assert made[0] == made[1]


def test_it_stops_when_it_gets_no_better(data: Path, tmp_path: Path) -> None:
    options = LiftingOptions(
        width=8,
        blocks=1,
        batch=16,
        steps=500,
        warm=1,
        check=5,
        held_out_people=50,
        threads=1,
        patience=2,
        rate=1e-12,
    )
    assert train_lifting(data, tmp_path, options).steps < 100


def test_a_short_time_allows_few_steps(data: Path, tmp_path: Path) -> None:
    options = LiftingOptions(
        width=16, blocks=1, batch=64, steps=100_000, warm=5, check=50, held_out_people=50, threads=1, minutes=0.005
    )
    assert train_lifting(data, tmp_path, options).steps < 2_000


def test_data_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        train_lifting(tmp_path, tmp_path / "out", TINY)


def test_a_simplified_network_gives_the_same_and_is_written_exactly() -> None:
    import onnxruntime

    torch.manual_seed(0)
    network = LifterNetwork(32, 2)
    for _ in range(20):  # running statistics that are not the initial ones
        network(torch.randn(64, 51) * 2 + 1)
    network.eval()
    given = torch.randn(10, 51)
    with torch.no_grad():
        before = network(given)
        network.simplify()
        after = network(given)
    torch.testing.assert_close(after, before, atol=5e-3, rtol=0)
    written = residual_perceptron(network.folded(), {"name": "test"}, given="in", found="out")
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"in": given.numpy()})
    np.testing.assert_allclose(found, after.numpy(), atol=1e-5)
    hips = found.reshape(-1, 17, 3)[:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1)
    np.testing.assert_allclose(hips, 0, atol=1e-5)


def test_the_loss_is_what_a_loop_computes() -> None:
    options = LiftingOptions(face=0.5, unseen=0.25, bones=2.0)
    random = np.random.default_rng(0)
    found, truth = random.normal(size=(2, 3, 17, 3)).astype(np.float32)
    seen = (random.random((3, 17)) < 0.7).astype(np.float32)
    batch = Batch(torch.zeros(3, 51), torch.from_numpy(truth), torch.from_numpy(seen))
    share = {
        (person, joint): (0.5 if joint < 5 else 1.0) * (1 if seen[person, joint] else 0.25)
        for person in range(3)
        for joint in range(17)
    }
    joints = sum(share[p, j] * np.linalg.norm(found[p, j] - truth[p, j]) for p, j in share) / sum(share.values())
    total = weight = 0.0
    for person in range(3):
        for first, second in LIMBS:
            a, b = INDEX[first], INDEX[second]
            least = min(share[person, a], share[person, b])
            bone = (found[person, a] - found[person, b]) - (truth[person, a] - truth[person, b])
            total, weight = total + least * float(np.linalg.norm(bone)), weight + least
    expected = joints + 2 * total / weight
    assert float(lifting_loss(torch.from_numpy(found), batch, options)) == pytest.approx(expected, rel=1e-4)
