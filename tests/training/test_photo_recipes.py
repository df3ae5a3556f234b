"""The recipes on photos: they learn stick figures, repeat themselves, go on after a break, and write what they
learned."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner

from contrapposto.errors import DataError

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.cli import commands  # noqa: E402
from contrapposto.training import export  # noqa: E402
from contrapposto.training.log_ratio import LogRatioOptions, Loss, Network, learn_log_ratio, train_log_ratio  # noqa: E402
from contrapposto.training.loop import Schedule  # noqa: E402
from contrapposto.training.mori import MoriOptions, gap_of, learn_mori, rows_with_positives  # noqa: E402
from contrapposto.training.photo_task import Data, PhotoTask  # noqa: E402
from contrapposto.training.photos import Change, as_input  # noqa: E402
from contrapposto.training.sampling import Curriculum, Gap  # noqa: E402
from contrapposto.training.targets import TARGETS, Target  # noqa: E402
from contrapposto.training.thin_slicing import ThinSlicingOptions, learn_thin_slicing, tuple_of  # noqa: E402
from tests.networks import need  # noqa: E402
from tests.training.drawn_photos import sets, write_set  # noqa: E402

ROUND = 6
"""Photos of the smallest set: in so many steps each is the anchor once, so that losses of rounds compare."""

FEW = Schedule(steps=4 * ROUND, warm=2, check=ROUND, device="cpu")
STILL = Change(scale=0.0, shift=0.0, flip=0.0)
SMALL = Curriculum(near=2, positives=2, negatives=3)


def task(folder: Path, side: int, target: Target = "2d", train: int = 24) -> PhotoTask:
    return PhotoTask.of(*sets(folder / "set", side, train, 6), target)


def losses(out: Path) -> list[float]:
    with (out / "curve.csv").open(newline="") as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)][1:]


@pytest.mark.slow
def test_thin_slicing_learns(tmp_path: Path) -> None:
    given = task(tmp_path, 112, train=ROUND)
    options = ThinSlicingOptions(curriculum=SMALL, change=STILL, fall=0.8, schedule=FEW)
    trained = learn_thin_slicing(given, tmp_path / "out", options)
    found = losses(tmp_path / "out")
    assert found[-1] < found[0]
    assert trained.steps == 24
    assert trained.difference < 1e-4
    session = onnxruntime.InferenceSession(str(trained.weights), providers=["CPUExecutionProvider"])
    shown = as_input(given.held_out.middle(np.arange(6)))
    (embedded,) = session.run(["embedding"], {"image": shown.numpy()})
    assert embedded.shape == (6, 128)
    np.testing.assert_allclose(np.linalg.norm(embedded, axis=1), 1, atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map == {
        "name": "thin-slicing",
        "licence": "Apache-2.0",
        "source": "contrapposto train thin-slicing --target 2d",
    }
    assert json.loads((tmp_path / "out" / "options.json").read_text())["options"]["margin"] == 0.2


@pytest.mark.slow
def test_mori_learns(tmp_path: Path) -> None:
    options = MoriOptions(batch=24, gap=Gap(9, 12), change=STILL, schedule=replace(FEW, steps=12, check=4))
    trained = learn_mori(task(tmp_path, 128), tmp_path / "out", options)
    assert losses(tmp_path / "out")[-1] < losses(tmp_path / "out")[0]
    assert trained.difference < 1e-4


@pytest.mark.slow
def test_log_ratio_learns(tmp_path: Path) -> None:
    need("efficientnet-lite0")
    options = LogRatioOptions(side=64, batch=ROUND, change=STILL, schedule=replace(FEW, steps=8 * ROUND))
    trained = learn_log_ratio(task(tmp_path, 64, train=ROUND), tmp_path / "out", options)
    found = losses(tmp_path / "out")
    assert found[-1] < 0.3 * found[0]
    assert trained.difference < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(("network", "loss"), [("thin-slicing", "dense-triplet"), ("inception", "distance")])
def test_other_networks_and_losses(network: Network, loss: Loss, tmp_path: Path) -> None:
    options = LogRatioOptions(network=network, loss=loss, batch=ROUND, change=STILL, schedule=FEW)
    trained = learn_log_ratio(task(tmp_path, options.sees, train=ROUND), tmp_path / "out", options)
    found = losses(tmp_path / "out")
    assert min(found[1:]) < found[0]
    assert trained.difference < 1e-4


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    given = task(tmp_path, 64)
    options = LogRatioOptions(side=64, pretrained=False, batch=8, schedule=replace(FEW, steps=4, workers=2))
    made = [learn_log_ratio(given, tmp_path / str(run), options).weights.read_bytes() for run in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize("target", TARGETS)
def test_tuples_are_of_the_step(target: Target, tmp_path: Path) -> None:
    given = task(tmp_path, 32, target)
    first, again, next_one = (
        tuple_of(given, step, 0, np.random.default_rng([0, 1, step]), SMALL) for step in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.all(), again.all())
    assert first.anchor != next_one.anchor
    distances = given.targets.of_anchor(first.anchor)
    near, far = distances[first.positives].max(), distances[first.negatives].min()
    assert near < far if target == "posebits" else near <= far


def test_a_gap_in_other_units_keeps_the_same_share_of_the_pairs(tmp_path: Path) -> None:
    flat, deep = task(tmp_path / "a", 32), task(tmp_path / "b", 32, "procrustes")
    assert gap_of(flat, Gap(9, 12)) == Gap(9, 12)
    found = gap_of(deep, Gap(9, 12))
    assert 0 < found.near < found.far
    pairs = ~np.eye(24, dtype=bool)
    shares = [
        (given.targets.of_anchors(np.arange(24))[pairs] <= gap.near).mean()
        for given, gap in ((flat, Gap(9, 12)), (deep, found))
    ]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)
    rows = rows_with_positives(flat.targets, Gap(9, 12))
    assert 0 < len(rows) <= 24
    assert all(np.isnan(row[anchor]) and np.nanmin(row) <= 9 for anchor, row in rows.items())


def test_photos_without_a_positive_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photo has another one within"):
        learn_mori(task(tmp_path, 128), tmp_path / "out", MoriOptions(gap=Gap(near=0.1), schedule=FEW))


def test_a_file_that_is_not_the_network_is_not_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network = torch.nn.Linear(3, 2)
    path = tmp_path / "linear.onnx"
    assert export.write(network, [torch.randn(5, 3)], path, "test") < 1e-6
    assert export.same(network, path, [torch.randn(7, 3)]) < 1e-6, "N is free"
    other = torch.nn.Linear(3, 2)
    assert export.same(other, path, [torch.randn(5, 3)]) > 1e-2
    written = export.export(network, [torch.randn(2, 3)], {"name": "x"})
    monkeypatch.setattr(export, "export", lambda *_, **__: written)
    with pytest.raises(DataError, match="would differ"):
        export.write(other, [torch.randn(5, 3)], tmp_path / "other.onnx", "test")
    assert not (tmp_path / "other.onnx").exists()


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", 8, 4)
    arguments = ["--data", str(root), "--out", str(tmp_path / "out"), "--device", "cpu", "--minutes", "0.05"]
    done = CliRunner().invoke(
        commands, ["train", "log-ratio", "--network", "thin-slicing", *arguments, "--json"], catch_exceptions=False
    )
    report = json.loads(done.stdout)
    assert report["unit"] == "px of 128"
    assert report["steps"] >= 2
    assert Path(report["weights"]).is_file()


def test_commands_pass_their_options_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from contrapposto.training import log_ratio, mori, photo_task

    asked: list[object] = []

    def pretend(_: Path, out: Path, options: object, __: object) -> photo_task.Trained:
        asked.append(options)
        return photo_task.Trained(out / "x.onnx", 5, 12.5, 1e-6, 3.0)

    monkeypatch.setattr(mori, "train_mori", pretend)
    monkeypatch.setattr(log_ratio, "train_log_ratio", pretend)
    common = ["--data", str(tmp_path), "--out", str(tmp_path), "--seed", "3", "--threads", "2", "--target", "3d"]
    done = CliRunner().invoke(commands, ["train", "mori", *common])
    assert "5 steps" in done.stdout
    assert "12.5 mm" in done.stdout
    CliRunner().invoke(
        commands, ["train", "log-ratio", *common, "--network", "inception", "--loss", "distance", "--minutes", "2"]
    )
    first, second = asked
    assert isinstance(first, MoriOptions)
    assert isinstance(second, LogRatioOptions)
    assert first.target == second.target == "3d"
    assert (first.schedule.seed, first.schedule.threads, first.schedule.workers) == (3, 2, 2)
    assert first.schedule.minutes == MoriOptions().schedule.minutes
    assert (second.network, second.loss, second.schedule.minutes) == ("inception", "distance", 2)


@pytest.mark.slow
@pytest.mark.real_data
def test_a_falling_loss_on_real_photos(tmp_path: Path) -> None:
    folder = Path(os.environ.get("CONTRAPPOSTO_DATA", "../shared/data")) / "lspe"
    if not folder.is_dir():
        pytest.skip(f"no data folder {folder}")
    need("efficientnet-lite0")
    options = LogRatioOptions(
        side=96,
        batch=12,
        change=STILL,
        data=Data(most=12, most_held_out=60),
        schedule=Schedule(steps=36, check=12, device="cpu"),
    )
    train_log_ratio(folder, tmp_path / "out", options)
    found = losses(tmp_path / "out")
    assert found[-1] < 0.5 * found[0]
