"""The recipe `default`: what is shown, a loss that falls, and what is written of it.

Runs are of Thunder with fewer channels and weights of chance, which needs no download."""

from __future__ import annotations

import csv
import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import numpy_helper

from contrapposto.distances import pose_distances
from contrapposto.errors import DataError
from contrapposto.poses.heatmap import HeatmapNetwork
from contrapposto.skeleton import LIMB_NUMBERS, LIMB_WEIGHTS
from tests.drawn import DrawnPeople, draw

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from torch import Tensor, nn  # noqa: E402

from contrapposto.cli import commands  # noqa: E402
from contrapposto.networks import thunder  # noqa: E402
from contrapposto.networks.pose_network import PoseNetwork  # noqa: E402
from contrapposto.networks.thunder import SIDE, ThunderNetwork  # noqa: E402
from contrapposto.training import pose_network, unlabelled  # noqa: E402
from contrapposto.training.embedded import embeddings_by_name, read_embedded, read_head  # noqa: E402
from contrapposto.training.heatmaps import targets  # noqa: E402
from contrapposto.training.loop import CHECKPOINT, Schedule  # noqa: E402
from contrapposto.training.pose_network import (  # noqa: E402
    EMBEDDINGS,
    FROZEN,
    WEIGHTS,
    Batch,
    PoseOptions,
    TrainedPose,
    pose_loss,
    train_pose,
)
from contrapposto.training.pose_photos import Change, known_people, picture_of, view  # noqa: E402
from tests.networks.fixed import fixed  # noqa: E402
from tests.training.drawn_photos import figure, write_set  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def slim_thunder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thunder with few channels, the same each time it is read."""
    monkeypatch.setattr(thunder, "_FIRST", 8)
    monkeypatch.setattr(thunder, "_ENTERING", 6)
    narrow = ((8, 2, 2), (10, 2, 3), (12, 2, 4), (14, 1, 3), (16, 2, 3), (20, 1, 1))
    monkeypatch.setattr(thunder, "_BLOCKS", narrow)
    real = pose_network.weights.path

    def path(name: str, progress: Any = None) -> Path:
        return Path("made up") if name == "movenet-thunder" else real(name, progress=progress)

    def of(file: Path) -> ThunderNetwork:
        assert file == Path("made up")
        network = fixed(ThunderNetwork())
        nn.init.normal_(network.heatmaps[-1].inner.weight, std=0.01)
        return network

    monkeypatch.setattr(pose_network.weights, "path", path)
    monkeypatch.setattr(ThunderNetwork, "of", of)


@pytest.mark.usefixtures("slim_thunder")
def test_what_does_not_learn_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first blocks frozen the loss and what the rest learns are the same as when teacher and network look
    for themselves, and no picture goes through these blocks twice."""
    thunder = ThunderNetwork.of(Path("made up"))
    teacher = deepcopy(thunder).eval().requires_grad_(False)
    thunder.freeze(FROZEN)
    network = PoseNetwork(thunder, dropout=0.0)
    joints = torch.from_numpy(np.stack([figure(number) for number in range(5)])).float() * SIDE / 300
    batch = Batch(torch.rand(5, 3, SIDE, SIDE) * 2 - 1, joints, 4)
    own = [value for value in network.parameters() if value.requires_grad]
    apart = pose_loss(network, teacher, batch, PoseOptions())
    wanted = torch.autograd.grad(apart, own)
    looked: list[int] = []
    inner = ThunderNetwork.begun
    monkeypatch.setattr(
        ThunderNetwork,
        "begun",
        lambda self, images, blocks: looked.append(len(images)) or inner(self, images, blocks),
    )
    loss = pose_loss(network, teacher, batch, PoseOptions(frozen=FROZEN))
    assert sum(looked) == 5
    torch.testing.assert_close(loss, apart)
    for found, other in zip(torch.autograd.grad(loss, own), wanted, strict=True):
        torch.testing.assert_close(found, other, rtol=1e-3, atol=1e-5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_set(tmp_path / "set", train=6, val=5)


@pytest.fixture
def also(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of other people; they are found once."""
    monkeypatch.setattr(unlabelled, "make_estimator", lambda *_, **__: DrawnPeople())
    for number in range(3):
        draw(tmp_path / "also" / f"{number}.png", people=1, pose=(40 * number, 9), size=(90, 120))
    return tmp_path / "also"


def quick(steps: int, check: int) -> PoseOptions:
    still = Change(scale=0.0, turned=0.0, flip=0.0, half=0.0)
    schedule = Schedule(steps=steps, check=check, device="cpu", patience=99)
    options = PoseOptions(change=still, anyhow=0.0, moved=0.0, shade=0.05, batch=3, others=1, rate=3e-3, warm=0.2)
    return replace(options, most=4, schedule=schedule)


@pytest.mark.slow
@pytest.mark.usefixtures("slim_thunder")
def test_it_learns_and_is_written(root: Path, also: Path, tmp_path: Path) -> None:
    """From people with joints and those found in other photos; as keypoints and embeddings are read elsewhere."""
    out = tmp_path / "out"
    trained = train_pose(root, out, quick(6, 2), also=[also])
    assert trained.steps == 6
    assert trained.difference < 1e-4
    with (out / "curve.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["step"] for row in rows] == ["0", "2", "4", "6"]
    assert float(rows[-1]["loss"]) < 0.7 * float(rows[1]["loss"])
    assert {"misses", "by_joints_px", "by_embedding_px", "by_both_px"} < set(rows[0])
    assert 0 <= trained.misses <= 1
    assert trained.first_ten > 0
    assert len(list(out.glob("people-*.npz"))) == 1

    held = [numpy_helper.to_array(item) for item in onnx.load(str(trained.weights)).graph.initializer]
    assert sum(values.size for values in held if values.dtype == np.int8) > 0.9 * sum(
        values.size for values in held
    )

    people = known_people(root, "val")[:4]
    network = HeatmapNetwork(trained.weights, flip=False)
    assert network.size == (SIDE, SIDE)
    points, scores = network(picture_of(people[2]), people[2].box)
    with np.load(out / EMBEDDINGS / "val.npz") as kept:
        assert kept["name"].tolist() == [person.file.name for person in people]
        np.testing.assert_array_equal(kept["true"], np.stack([person.joints for person in people]))
        assert np.linalg.norm(kept["embedding"], axis=1) == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(kept["scores"][2], scores, atol=1e-3)
        np.testing.assert_allclose(kept["keypoints"][2], points, atol=0.5)
    embedded = read_embedded(out / EMBEDDINGS, "train")
    assert embedded.embeddings.shape == (4, 128)
    assert set(embeddings_by_name(out / EMBEDDINGS, "val")) == {person.file.name for person in people}
    head = read_head(out / EMBEDDINGS)
    assert [layer.weight.shape for layer in head if isinstance(layer, nn.Linear)] == [(256, 512), (128, 256)]


@pytest.mark.slow
@pytest.mark.usefixtures("slim_thunder")
def test_frozen_blocks_stay_and_other_sets_are_learned_from(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is frozen has Thunder's weights to the end; the rest has others."""
    before = ThunderNetwork.of(Path("made up")).state_dict()
    shown: list[int] = []
    inner = pose_network._People.__init__

    def seen(self: Any, learned: Any, *rest: Any) -> None:
        shown.append(len(learned))
        inner(self, learned, *rest)

    monkeypatch.setattr(pose_network._People, "__init__", seen)
    more = write_set(tmp_path / "more", train=3, val=2)
    train_pose(root, tmp_path / "out", replace(quick(1, 1), frozen=5), known=[more])
    assert shown == [4 + 3]
    kept = torch.load(tmp_path / "out" / CHECKPOINT, weights_only=True)["network"]
    changed = {name for name, value in before.items() if not torch.equal(kept[f"thunder.{name}"], value)}
    assert not [
        name for name in changed if name.startswith(("enter.", *(f"blocks.{block}." for block in range(5))))
    ]
    assert {name for name in before if name.startswith(("blocks.5.", "blocks.15.", "heatmaps."))} <= changed


@pytest.mark.slow
@pytest.mark.usefixtures("slim_thunder")
def test_a_run_that_was_broken_off_ends_with_the_same_weights(
    root: Path, also: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train_pose(root, tmp_path / "whole", quick(2, 1), also=[also])

    class Killed(Exception):
        pass

    def stop(done: int, total: int, message: str) -> None:
        if (done, total) == (1, 2) and message:
            raise Killed

    with pytest.raises(Killed):
        train_pose(root, tmp_path / "parts", quick(2, 1), stop, also=[also])
    assert not (tmp_path / "parts" / WEIGHTS).exists()
    monkeypatch.setattr(unlabelled, "make_estimator", lambda *_, **__: pytest.fail("looked again"))
    parts = train_pose(root, tmp_path / "parts", quick(2, 1), also=[also])
    assert (parts.steps, parts.misses, parts.first_ten) == (2, whole.misses, whole.first_ten)
    assert parts.weights.read_bytes() == whole.weights.read_bytes()
    first, second = (
        torch.load(tmp_path / name / CHECKPOINT, weights_only=True)["network"] for name in ("whole", "parts")
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first), "also what was not the best"


class _Says(nn.Module):
    """In place of the network: what is told of the people who are asked for in turn."""

    def __init__(self, heatmaps: Tensor, embeddings: Tensor) -> None:
        super().__init__()
        self.heatmaps, self.embeddings, self.start = heatmaps, embeddings, 0

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        rows = slice(self.start, self.start + len(images))
        self.start += len(images)
        return self.heatmaps[rows], self.embeddings[rows]


def test_held_out_people_are_ranked_by_joints_and_by_embeddings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heatmaps of the true joints rank as the truth does; embeddings against loops over the true distances."""
    monkeypatch.setattr(pose_network, "_AT_ONCE", 6)
    people = known_people(write_set(tmp_path / "set", train=1, val=14), "val")
    checked = pose_network._HeldOut(people, torch.device("cpu"))
    joints = np.stack([view(person, picture_of(person), (SIDE, SIDE)).joints for person in people])
    heatmaps = targets(torch.from_numpy(np.nan_to_num(joints)).float() / 4, 64, 64, 2.0)
    embeddings = nn.functional.normalize(torch.randn(14, 128), dim=1)
    found = checked.errors(_Says(heatmaps, embeddings))  # type: ignore[arg-type]
    away = np.array([pose_distances("2d", pose, joints, LIMB_WEIGHTS) for pose in joints])
    best, embedded = [], []
    for row in range(14):
        others = [other for other in range(14) if other != row]
        best += sorted(away[row, others])[:10]
        near = sorted(others, key=lambda other: -float(embeddings[row] @ embeddings[other]))
        embedded += [away[row, other] for other in near[:10]]
    assert found["misses"] == 0
    assert found["by_joints_px"] == pytest.approx(np.mean(best), rel=1e-3)
    assert found["by_embedding_px"] == pytest.approx(np.mean(embedded), rel=1e-6)
    assert np.mean(best) < found["by_both_px"] < np.mean(embedded)
    blind = checked.errors(_Says(heatmaps.flip(3), embeddings))  # type: ignore[arg-type]
    assert blind["misses"] > 0.5


def test_without_whole_people_to_check_by_there_is_no_run(tmp_path: Path) -> None:
    people = known_people(write_set(tmp_path / "set", train=1, val=3), "val")
    for person in people[1:]:
        person.joints[LIMB_NUMBERS[-1]] = np.nan
    with pytest.raises(DataError, match="fewer than 2 people of the split val show all 12 limb joints"):
        pose_network._HeldOut(people, torch.device("cpu"))


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def train(
        data: Path, out: Path, options: PoseOptions, progress: Any, *, known: Any, also: Any, fetching: Any
    ) -> TrainedPose:
        asked.append((data, out, options, known, also))
        return TrainedPose(out / WEIGHTS, 24, 0.125, 17.25, 1e-6, 3.21)

    monkeypatch.setattr(pose_network, "train_pose", train)
    common = ["train", "default", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--device", "cpu"]
    done = CliRunner().invoke(
        commands, [*common, "--also", "a", "--also", "b", "--known", "c", "--steps", "24", "--most", "12", "--json"]
    )
    assert json.loads(done.stdout) == {
        "weights": str(tmp_path / "out" / WEIGHTS),
        "steps": 24,
        "seconds": 3.2,
        "pck@0.2": 0.875,
        "first_ten_px": 17.25,
        "difference": 1e-6,
    }
    plain = CliRunner().invoke(commands, [*common, "--batch", "64", "--minutes", "7"])
    assert "87.5 %" in plain.stdout
    assert "17.2 px of 128" in plain.stdout
    (data, out, first, known, also), (_, _, second, *none) = asked
    assert (data, out, known, also) == (tmp_path, tmp_path / "out", (Path("c"),), (Path("a"), Path("b")))
    assert none == [(), ()]
    assert (first.frozen, second.frozen) == (FROZEN, FROZEN), "without a GPU the later layers alone"
    assert (first.batch, first.others, first.most) == (24, 18, 12), "fewer where there is no GPU"
    assert (first.schedule.steps, first.schedule.check, first.schedule.device) == (24, 2, "cpu")
    assert (second.batch, second.others, second.most) == (64, 48, None)
    assert (second.schedule.steps, second.schedule.minutes) == (PoseOptions().schedule.steps, 7)
