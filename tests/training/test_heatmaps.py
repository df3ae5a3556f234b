"""The recipe `heatmap`: what is shown of people, targets and losses by hand, a loss that falls, and going on."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.poses.crops import region_of
from contrapposto.poses.heatmap import HeatmapNetwork
from contrapposto.records import Box
from contrapposto.skeleton import INDEX, LIMB_NUMBERS

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from torch import nn  # noqa: E402

from contrapposto.training import pose_batches  # noqa: E402
from contrapposto.training.heatmaps import HeatmapOptions, heatmap_loss, targets, train_heatmap  # noqa: E402
from contrapposto.training.loop import Schedule  # noqa: E402
from contrapposto.training.pose_batches import PoseData, chosen_rows, misses  # noqa: E402
from contrapposto.training.pose_photos import (  # noqa: E402
    LOWER,
    UPPER,
    Change,
    KnownPerson,
    known_people,
    picture_of,
    view,
)
from tests.training.drawn_photos import SIDE, drawn, figure, write_set  # noqa: E402

SIZE = (64, 64)
STILL = Change(scale=0, turned=0, flip=0, half=0)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def somebody(number: int = 3) -> tuple[KnownPerson, np.ndarray]:  # type: ignore[type-arg]
    joints = figure(number)
    return KnownPerson(Path("none.png"), joints, Box.around(joints, 0.12)), drawn(joints, 90)


def colour_at(image: np.ndarray, point: np.ndarray) -> str:  # type: ignore[type-arg]
    red, green = (int(value) for value in image[int(point[1]), int(point[0]), :2])
    return "red" if red > green + 40 else "green" if green > red + 40 else "grey"


def test_the_box_holds_joints_that_are_not_among_the_17(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set")
    with np.load(root / "joints.npz") as table:
        arrays = dict(table)
    top = np.full((len(arrays["joints"]), 1, 2), (150, 2), np.float32)
    arrays["joints"] = np.concatenate([arrays["joints"], top], axis=1)
    arrays["visible"] = np.concatenate([arrays["visible"], np.ones((len(top), 1), bool)], axis=1)
    arrays["joint_names"] = np.append(arrays["joint_names"], "head_top")
    before = known_people(root, "train")
    np.savez(root / "joints.npz", **arrays)
    after = known_people(root, "train")
    assert len(before) == len(after) == 24
    np.testing.assert_array_equal(before[5].joints, after[5].joints)
    assert after[5].box.y < min(0, before[5].box.y)
    assert np.isnan(after[0].joints[LIMB_NUMBERS[:2], 0]).all(), "not visible in the set"


def test_coco_json_is_read_too(tmp_path: Path) -> None:
    keypoints = [[10 + 2 * number, 20 + number, 2] for number in range(17)]
    keypoints[3] = [0, 0, 0]
    numbers = [number for triple in keypoints for number in triple]
    content = {
        "images": [{"id": 7, "file_name": "a.png"}],
        "annotations": [
            {"image_id": 7, "bbox": [5, 6, 50, 60], "keypoints": numbers, "num_keypoints": 16},
            {"image_id": 7, "bbox": [5, 6, 50, 60], "keypoints": [0] * 51, "num_keypoints": 0},
            {"image_id": 7, "bbox": [0, 0, 9, 9], "keypoints": numbers, "iscrowd": 1},
        ],
    }
    (tmp_path / "persons.json").write_text(json.dumps(content))
    (person,) = known_people(tmp_path, "train")
    assert person.file == tmp_path / "images" / "a.png"
    assert person.box == Box(5, 6, 50, 60)
    np.testing.assert_array_equal(person.joints[4], [18, 24])
    assert np.isnan(person.joints[3]).all()
    with pytest.raises(DataError, match="give a keypoint set"):
        known_people(tmp_path / "images", "train")


def test_a_view_shows_the_joints_where_it_says() -> None:
    person, image = somebody()
    shown = view(person, image, (96, 64))
    assert shown.image.shape == (96, 64, 3)
    for name, colour in (("left_elbow", "red"), ("right_elbow", "green"), ("left_knee", "red")):
        assert colour_at(shown.image, shown.joints[INDEX[name]]) == colour
    assert np.isnan(shown.joints[:5]).all()


def test_a_mirrored_view_swaps_the_sides() -> None:
    person, image = somebody()
    plain, mirrored = view(person, image, SIZE), view(person, image, SIZE, mirrored=True)
    np.testing.assert_array_equal(mirrored.image, plain.image[:, ::-1])
    np.testing.assert_allclose(mirrored.joints[skeleton.FLIP, 0], 64 - plain.joints[:, 0])
    np.testing.assert_allclose(mirrored.joints[skeleton.FLIP, 1], plain.joints[:, 1])
    # what was the red left arm is the right arm of the person that the mirror shows
    assert colour_at(mirrored.image, mirrored.joints[INDEX["right_elbow"]]) == "red"


def test_changes_move_the_joints_with_the_picture() -> None:
    person, image = somebody()
    change = Change(half=0)
    turns = []
    for seed in range(25):
        shown = view(person, image, SIZE, change, np.random.default_rng(seed))
        elbow = shown.joints[INDEX["left_elbow"]]
        neck, pelvis = skeleton.neck(shown.joints), skeleton.pelvis(shown.joints)
        turns.append(np.degrees(np.arctan2(*(neck - pelvis)[[0]], -(neck - pelvis)[1])))
        if np.isfinite(elbow).all():
            # mirrored: the left elbow of the mirrored person was drawn green
            assert colour_at(shown.image, elbow) in ("red", "green")
    assert np.ptp(turns) > 40
    same = [view(person, image, SIZE, change, np.random.default_rng(4)).image for _ in range(2)]
    np.testing.assert_array_equal(*same)


def test_joints_outside_of_a_view_are_unseen() -> None:
    person, image = somebody()
    far = replace(person, box=Box(person.box.x, person.box.y, person.box.width / 3, person.box.height / 3))
    shown = view(far, image, SIZE)
    seen = np.isfinite(shown.joints[:, 0])
    assert 0 < seen.sum() < 12
    assert (shown.joints[seen] >= 0).all()
    assert (shown.joints[seen] <= 64).all()


def test_half_bodies_are_shown_larger_and_whole_halves() -> None:
    person, image = somebody()
    whole = view(person, image, SIZE).joints
    halves = {"upper": 0, "lower": 0}
    for seed in range(20):
        shown = view(person, image, SIZE, replace(STILL, half=1.0), np.random.default_rng(seed)).joints
        scale = np.linalg.norm(shown[INDEX["left_shoulder"]] - shown[INDEX["right_shoulder"]])
        upper = np.isfinite(shown[UPPER][5:, 0]).all()
        lower = np.isfinite(shown[LOWER, 0]).all()
        assert upper or lower
        if upper and not lower:
            halves["upper"] += 1
            wide = np.linalg.norm(whole[INDEX["left_shoulder"]] - whole[INDEX["right_shoulder"]])
            assert scale > 1.1 * wide
        elif lower and not upper:
            halves["lower"] += 1
    assert min(halves.values()) > 2
    few = replace(person, joints=np.where(np.arange(17)[:, None] < 13, person.joints, np.nan))
    shown = view(few, image, SIZE, replace(STILL, half=1.0), np.random.default_rng(0))
    np.testing.assert_array_equal(shown.image, view(few, image, SIZE).image)


def test_targets_are_gaussians_around_the_joints() -> None:
    found = targets(torch.tensor([[[3.25, 9.5]]]), 32, 24, 2.0)[0, 0].numpy()
    for row, column in ((9, 3), (11, 2), (0, 23)):
        away = (column + 0.5 - 3.25) ** 2 + (row + 0.5 - 9.5) ** 2
        assert found[row, column] == pytest.approx(np.exp(-away / 2), rel=1e-5), "deviation 2 of 64 is 1 of 32"
    assert found.max() == found[9, 3]


def test_the_loss_leaves_out_what_is_unseen() -> None:
    joints = torch.full((2, 17, 2), torch.nan)
    joints[0, 5], joints[1, 6] = torch.tensor([16.0, 16.0]), torch.tensor([30.0, 10.0])
    found = torch.rand(2, 12, 16, 16)
    total = 0.0
    for person, joint in ((0, 0), (1, 1)):
        place = joints[person, joint + 5][None, None] / 4
        total += float(((found[person, joint] - targets(place, 16, 16, 2.0)[0, 0]) ** 2).sum())
    loss = heatmap_loss(found, joints, LIMB_NUMBERS, 2.0)
    assert float(loss) == pytest.approx(total / found.numel(), rel=1e-5)
    assert float(heatmap_loss(found, torch.full((2, 17, 2), torch.nan), LIMB_NUMBERS, 2.0)) == 0


def test_misses_worked_by_hand() -> None:
    truth = figure(1)[None]
    torso = max(
        np.hypot(*(truth[0, INDEX[shoulder]] - truth[0, INDEX[hip]]))
        for shoulder, hip in (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))
    )
    found = truth.copy()
    found[0, INDEX["left_wrist"]] += (0.19 * torso, 0)
    found[0, INDEX["left_knee"]] += (0, 0.21 * torso)
    found[0, INDEX["right_knee"]] = np.nan
    assert misses(found, truth).sum() == 2
    assert misses(found, truth).size == 12
    truth[0, INDEX["left_hip"]] = truth[0, INDEX["right_hip"]] = np.nan
    assert misses(found, truth).size == 0


def test_every_person_comes_once_a_round() -> None:
    for round_ in range(2):
        rows = np.concatenate([chosen_rows(12, 4, 3 * round_ + step, 0)[0] for step in (1, 2, 3)])
        assert sorted(rows) == list(range(12))
    assert chosen_rows(3, 8, 1, 0)[0].size == 3


class _First(nn.Module):
    """Colours at a sixteenth: what a frozen trunk would see."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Conv2d(48, 112, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.mix(nn.functional.pixel_unshuffle(nn.functional.avg_pool2d(images, 4), 4)))


def _parts(name: str, fetching: object = None) -> tuple[nn.Module, nn.Module, int]:
    torch.manual_seed(7)
    return _First(), nn.Sequential(nn.Conv2d(112, 24, 3, 2, 1), nn.ReLU()), 24


def _options(views: int, steps: int = 60) -> HeatmapOptions:
    schedule = Schedule(steps=steps, minutes=5, check=30, patience=99, device="cpu")
    data = PoseData("efficientnet-lite0-short", *SIZE, views=views, change=STILL, batch=12)
    return HeatmapOptions(data, 12, "crf", "crf", sigma=6, rate=3e-3, schedule=schedule)


@pytest.fixture
def small_trunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contrapposto.training.heatmaps.trunk_parts", _parts)


@pytest.mark.slow
@pytest.mark.usefixtures("small_trunk")
@pytest.mark.parametrize("views", [0, 2])
def test_the_loss_falls_and_the_file_is_the_network(views: int, tmp_path: Path) -> None:
    root = write_set(tmp_path / "set")
    trained = train_heatmap(root, tmp_path / "out", _options(views))
    assert trained.steps == 60
    assert trained.difference < 1e-4
    with (tmp_path / "out" / "curve.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["step"] for row in rows] == ["0", "30", "60"]
    assert float(rows[-1]["mse"]) < 0.8 * float(rows[0]["mse"])
    assert trained.misses == pytest.approx(min(float(row["misses"]) for row in rows), rel=1e-4)
    network = HeatmapNetwork(trained.weights)
    person = known_people(root, "val")[0]
    points, scores = network(picture_of(person), person.box)
    assert np.isnan(points[:5]).all()
    assert np.isfinite(points[5:]).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    maps = network.maps(picture_of(person), person.box)
    assert {name: value.shape for name, value in maps.items()} == {
        "image": (64, 64, 3),
        "heatmaps": (12, 16, 16),
        **{f"scale{number}": (1, 2 * 2**number, 2 * 2**number) for number in range(4)},
        "holistic": (1, 16, 16),
        "parts": (12, 16, 16),
    }
    region = region_of(person.box, SIZE)
    inside = np.abs(points[5:] - (region.x, region.y)) <= region.side / 2 * 1.1
    assert inside.all()


@pytest.mark.slow
@pytest.mark.usefixtures("small_trunk")
def test_a_run_that_was_broken_off_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_set(tmp_path / "set")
    options = _options(2, steps=40)
    options = replace(options, schedule=replace(options.schedule, check=10))
    whole = train_heatmap(root, tmp_path / "whole", options, seen=tmp_path / "seen")

    class Killed(Exception):
        pass

    def stop(done: int, total: int, message: str) -> None:
        if done == 20 and total == 40 and message:
            raise Killed

    with pytest.raises(Killed):
        train_heatmap(root, tmp_path / "parts", options, stop, seen=tmp_path / "seen")
    monkeypatch.setattr(pose_batches, "looking", lambda *given: lambda images: pytest.fail("looked again"))
    parts = train_heatmap(root, tmp_path / "parts", options, seen=tmp_path / "seen")
    assert parts.misses == whole.misses
    assert (tmp_path / "parts" / "heatmap.onnx").read_bytes() == whole.weights.read_bytes()


def test_wrong_sizes_and_other_views_are_refused(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set")
    for data in (PoseData(rows=100), PoseData(rows=64, columns=96), PoseData("alexnet", views=2)):
        with pytest.raises(DataError):
            data.people(root)
    assert SIDE == 300
