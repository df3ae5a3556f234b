"""The recipe `default`: what is kept of looking, its losses against naive loops, and a loss that falls."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contrapposto.errors import DataError
from contrapposto.media.sampling import Region
from contrapposto.records import Box, Person, Pose
from contrapposto.representations.pose_embedder import placed
from contrapposto.representations.pose_embedding import JOINT_WIDTH

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.networks.pose_embedder import Exported, PoseEmbedderNetwork, Reduction  # noqa: E402
from contrapposto.training import pose_embedding, seen  # noqa: E402
from contrapposto.training.loop import Schedule  # noqa: E402
from contrapposto.training.losses import log_ratio, log_ratio_of_all  # noqa: E402
from contrapposto.training.pose_embedding import (  # noqa: E402
    EmbeddingOptions,
    distances,
    joint_error,
    learn_embedding,
    normalised,
    single_joints,
)
from contrapposto.training.seen import Components, Seen, look  # noqa: E402
from tests.training.drawn_photos import figure, write_set  # noqa: E402

CHANNELS = 16


def people(count: int, first: int = 0) -> Seen:
    """Made-up people whose map tells where the joints are; found a little beside."""
    rng = np.random.default_rng(first)
    joints = np.stack([figure(first + number) for number in range(count)])
    keypoints = joints + rng.normal(0, 3, joints.shape)
    squares = [Region.around(Box.around(points), 1.35) for points in keypoints]
    regions = np.array([(square.x, square.y, square.side) for square in squares])
    cells = np.random.default_rng(7).normal(size=(24, CHANNELS * 64)) / 5
    maps = np.zeros((count, 2, CHANNELS, 8, 8), np.float16)
    for number, square in enumerate(squares):
        places = placed(joints[number], np.ones(17), square)[5:, :2]
        for mirrored in (False, True):
            told = places[[1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]] * [-1, 1] if mirrored else places
            maps[number, int(mirrored)] = (told.ravel() @ cells).reshape(CHANNELS, 8, 8)
    scores = np.where(np.isfinite(keypoints[..., 0]), 0.8, 0.0)
    names = np.array([f"im{first + number:03d}.png" for number in range(count)])
    deep = np.full((count, 17, 3), np.nan)
    return Seen(names, np.arange(count) // 2, joints, keypoints, scores, deep, regions, maps)


def components() -> Components:
    """Any orthonormal directions."""
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(1280, CHANNELS)))[0]
    return Components(rng.normal(size=1280).astype(np.float32), directions.astype(np.float32), 0.7)


def test_components_keep_what_varies_most() -> None:
    rng = np.random.default_rng(1)
    cells = rng.normal(size=(40, 8, 8, 2)) * [9, 4] @ np.linalg.qr(rng.normal(size=(300, 2)))[0].T + 3
    found = Components.of(cells)
    reduced = found.reduce(cells)
    assert reduced.shape == (40, seen.KEPT, 8, 8)
    back = np.moveaxis(reduced.astype(np.float64), 1, -1) @ found.components.T + found.mean
    assert np.abs(back - cells).max() < 0.05
    assert found.scale == pytest.approx(1 / 9, rel=0.1)


@pytest.mark.slow
def test_a_reduced_network_is_the_whole_one() -> None:
    kept = components()
    torch.manual_seed(0)
    network = PoseEmbedderNetwork(CHANNELS, 8).eval()
    torch.nn.init.normal_(network.move.weight, std=0.01)
    reduction = Reduction(torch.from_numpy(kept.mean), torch.from_numpy(kept.components), kept.scale)
    whole = Exported(reduction.folded(network))
    rng = np.random.default_rng(2)
    maps = rng.normal(size=(3, 8, 8, 1280)).astype(np.float32)
    keypoints = torch.rand(3, 17, 3)
    reduced = torch.from_numpy(kept.reduce(maps).astype(np.float32)) * kept.scale
    with torch.no_grad():
        wanted, found = network(reduced, keypoints), whole(torch.from_numpy(maps), keypoints)
    for one, other in zip(wanted, found, strict=True):
        torch.testing.assert_close(one, other, atol=2e-3, rtol=0)  # reduced maps are kept as float16
    assert torch.linalg.vector_norm(found[0], dim=1).numpy() == pytest.approx(1)


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


def options(**changes: Any) -> EmbeddingOptions:
    schedule = Schedule(steps=90, check=30, patience=9, device="cpu")
    return replace(EmbeddingOptions(cells=8, dropout=0.1, batch=20, rate=3e-3, schedule=schedule), **changes)


@pytest.mark.slow
def test_it_learns_and_is_written(tmp_path: Path) -> None:
    """Errors of joints fall; the file gives what the network gives; embeddings are there for `train partial`."""
    trained = learn_embedding(people(60), people(20, 200), components(), tmp_path, options())
    assert trained.steps == 90
    assert trained.difference < 1e-4
    rows = list(csv.DictReader((tmp_path / "curve.csv").read_text().splitlines()))
    assert float(rows[-1]["loss"]) < 0.9 * float(rows[1]["loss"])
    with np.load(tmp_path / "embeddings" / "val.npz") as kept:
        assert np.linalg.norm(kept["embedding"], axis=1) == pytest.approx(1, abs=1e-5)
        assert kept["name"].tolist() == [f"im{number:03d}.png" for number in range(200, 220)]
    again = learn_embedding(people(60), people(20, 200), components(), tmp_path / "again", options())
    assert again.weights.read_bytes() == trained.weights.read_bytes(), "one seed, one network"


def test_too_few_people_are_an_error(tmp_path: Path) -> None:
    few = people(3)
    few.joints[:, 5:10] = np.nan
    with pytest.raises(DataError, match="show 8 limb joints"):
        learn_embedding(few, people(4), components(), tmp_path, options())


class Beside:
    """Finds the drawn person of a photo in which there is one, by its colours."""

    name, accurate = "beside", False

    def __init__(self, **_: Any) -> None:
        self.calls = 0

    def __call__(self, image: np.ndarray) -> list[Person]:
        self.calls += 1
        rows, columns = np.nonzero(np.ptp(image.astype(int), axis=2) > 60)
        if not len(rows):
            return []
        points = np.full((17, 2), np.nan)
        low, high = (columns.min(), rows.min()), (columns.max(), rows.max())
        points[5:] = np.linspace(low, high, 12)
        return [Person(Box.around(points), 0.9, Pose(points))]


class Bright:
    """In place of the trunk: 1,280 channels of the picture."""

    def __init__(self, **_: Any) -> None:
        self.numbers = np.random.default_rng(0).normal(size=(3, 1280))

    def __call__(self, image: np.ndarray, region: Region, *, mirrored: bool = False) -> np.ndarray:
        patch = region.cut(image, 8)
        return (patch[:, ::-1] if mirrored else patch).astype(np.float32) / 255 @ self.numbers.astype(np.float32)


@pytest.fixture
def drawn_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(seen, "make_estimator", Beside)
    monkeypatch.setattr(seen, "Trunk", Bright)
    monkeypatch.setattr(seen, "PART", 5)
    return write_set(tmp_path / "set", train=12, val=6)


@pytest.mark.slow
def test_what_was_seen_is_kept(drawn_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, kept = look(drawn_set, "train", tmp_path / "seen")
    assert len(found) == 12
    assert found.maps.shape == (12, 2, seen.KEPT, 8, 8)
    np.testing.assert_array_equal(found.truth[0][5:] > 0, (found.joints[0] > found.regions[0, :2])[5:])
    monkeypatch.setattr(seen, "make_estimator", lambda **_: pytest.fail("looked again"))
    again, components_again = look(drawn_set, "train", tmp_path / "seen")
    np.testing.assert_array_equal(found.maps, again.maps)
    np.testing.assert_array_equal(kept.components, components_again.components)


@pytest.mark.slow
def test_a_run_that_was_broken_off_looks_at_the_rest(
    drawn_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = look(drawn_set, "train", tmp_path / "whole")
    look(drawn_set, "train", tmp_path / "seen")
    (tmp_path / "seen" / "train-001.npz").unlink()
    estimators: list[Beside] = []
    monkeypatch.setattr(seen, "make_estimator", lambda **_: estimators.append(Beside()) or estimators[-1])
    again, _ = look(drawn_set, "train", tmp_path / "seen")
    assert [estimator.calls for estimator in estimators] == [5]
    np.testing.assert_array_equal(again.maps, whole.maps)
    (tmp_path / "seen" / "train-001.npz").write_bytes(b"PK damaged")
    with pytest.raises(DataError, match="delete it to look again"):
        look(drawn_set, "train", tmp_path / "seen")


@pytest.mark.slow
def test_the_recipe_runs_from_photos_to_weights(drawn_set: Path, tmp_path: Path) -> None:
    told: list[str] = []
    quick = options(schedule=Schedule(steps=6, check=3, device="cpu"), batch=6)
    trained = pose_embedding.train_embedding(
        drawn_set, tmp_path / "out", quick, lambda done, total, line: told.append(line)
    )
    assert trained.weights.exists()
    assert {"photos of train looked at", "photos of val looked at"} <= set(told)
    assert (tmp_path / "out" / "curve.png").exists()
