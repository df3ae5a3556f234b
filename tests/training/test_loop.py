"""The training loop: what it learns, when it ends, that a killed run goes on as if nothing had been."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import DataError

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.training.loop import CHECKPOINT, CURVE, Learned, Schedule, learn  # noqa: E402

SHORT = Schedule(steps=40, warm=3, check=10, threads=1, device="cpu")


@dataclass(frozen=True)
class Options:
    """width: units of the only hidden layer; rate: of Adam."""

    width: int = 16
    rate: float = 0.01


def run(
    out: Path, schedule: Schedule = SHORT, options: Options | None = None, nap: float = 0.0
) -> tuple[Learned, dict]:
    """Learns to add up four numbers, with dropout, so that PyTorch's random numbers matter."""
    options = options or Options()
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, options.width), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(options.width, 1)
    )

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        time.sleep(nap)
        given = torch.from_numpy(
            np.random.default_rng([schedule.seed, step]).normal(size=(32, 4)).astype(np.float32)
        )
        return given, given.sum(dim=1, keepdim=True)

    def loss(pair: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.mse_loss(network(pair[0]), pair[1])

    def held_out() -> dict[str, float]:
        assert not network.training
        assert not torch.is_grad_enabled()
        error = float(loss(batch(10**6)))
        return {"error": error, "root": error**0.5}

    optimizer = torch.optim.Adam(network.parameters(), lr=options.rate)
    cosine = lambda step, total: 1 - 0.5 * step / total  # noqa: E731
    learned = learn(network, optimizer, loss, batch, held_out, schedule, out, options, cosine)
    assert not network.training
    assert float(loss(batch(10**6)).detach()) == pytest.approx(learned.best)
    return learned, {name: value.clone() for name, value in network.state_dict().items()}


def rows(out: Path) -> list[dict[str, str]]:
    with (out / CURVE).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_it_learns_and_draws_its_curve(tmp_path: Path) -> None:
    learned, _ = run(tmp_path)
    found = rows(tmp_path)
    assert [int(row["step"]) for row in found] == [0, 10, 20, 30, 40]
    assert list(found[0]) == ["step", "seconds", "rate", "loss", "error", "root"]
    assert float(found[-1]["error"]) < 0.7 * float(found[0]["error"])
    assert learned.best == pytest.approx(min(float(row["error"]) for row in found), rel=1e-4)
    assert learned.steps == 40
    assert float(found[-1]["rate"]) == pytest.approx(0.005)
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert '"width": 16' in (tmp_path / "options.json").read_text()


def test_a_run_that_has_ended_is_not_done_again(tmp_path: Path) -> None:
    first, weights = run(tmp_path)
    again, same = run(tmp_path)
    assert (again.steps, again.best) == (first.steps, first.best)
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    assert len(rows(tmp_path)) == 5


def test_it_ends_when_it_gets_no_better(tmp_path: Path) -> None:
    schedule = replace(SHORT, steps=1000, check=5, patience=2)
    learned, _ = run(tmp_path, schedule, Options(rate=0.0))
    assert learned.steps == 15


def test_a_short_time_allows_few_steps(tmp_path: Path) -> None:
    learned, _ = run(tmp_path, replace(SHORT, steps=100_000, minutes=0.01))
    assert 3 < learned.steps < 5_000
    assert learned.seconds < 5


def test_other_options_are_refused_by_name(tmp_path: Path) -> None:
    run(tmp_path, replace(SHORT, steps=10))
    with pytest.raises(DataError, match=r"other options \(steps, width\): choose another folder"):
        run(tmp_path, replace(SHORT, steps=12), Options(width=8))
    assert '"width": 16' in (tmp_path / "options.json").read_text(), "what was there is left as it was"


def test_a_damaged_checkpoint_is_an_error(tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT).write_bytes(b"no checkpoint")
    with pytest.raises(DataError, match="delete it to begin anew"):
        run(tmp_path)


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="choose another folder"):
        run(tmp_path / "file")


def test_a_loss_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="choose a lower learning rate"):
        run(tmp_path, options=Options(rate=1e30))


def test_no_gpu_where_there_is_none(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(DataError, match="no GPU"):
        run(tmp_path, replace(SHORT, device="cuda"))


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_very_same_weights(tmp_path: Path) -> None:
    whole, expected = run(tmp_path / "whole", replace(SHORT, steps=60))
    code = (
        "from pathlib import Path; from dataclasses import replace; from tests.training.test_loop import *;"
        f"run(Path({str(tmp_path / 'killed')!r}), replace(SHORT, steps=60), nap=0.05)"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], env=environment)
    try:
        until = time.monotonic() + 120
        while not (tmp_path / "killed" / CURVE).exists() or len(rows(tmp_path / "killed")) < 3:
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    begun = len(rows(tmp_path / "killed"))
    assert begun < 7, "it was killed on the way"
    learned, found = run(tmp_path / "killed", replace(SHORT, steps=60))
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert (learned.steps, learned.best) == (whole.steps, whole.best)
    for broken, unbroken in zip(rows(tmp_path / "killed"), rows(tmp_path / "whole"), strict=True):
        for column in ("step", "rate", "loss", "error"):
            assert broken[column] == unbroken[column]
