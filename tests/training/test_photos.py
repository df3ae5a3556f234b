"""Photos as small pictures: where the joints come to lie, what is changed, what is wrong with a set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contrapposto.errors import DataError
from contrapposto.skeleton import INDEX

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.training.photo_task import PhotoTask, retrieval  # noqa: E402
from contrapposto.training.photos import Change, Photos, as_input, read_photos  # noqa: E402
from tests.training.drawn_photos import sets, write_set  # noqa: E402

STILL = Change(scale=0.0, shift=0.0, flip=0.0)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Photos, Photos]:
    return sets(tmp_path_factory.mktemp("photos") / "set", 64)


def test_people_stand_in_the_middle_at_their_size(pair: tuple[Photos, Photos]) -> None:
    photos, held_out = pair
    assert photos.images.shape == (24, 76, 76, 3)
    assert len(held_out) == 12
    assert photos.names[0] == "im000.png"
    assert photos.clusters.tolist()[:4] == [0, 0, 1, 1]
    assert np.isnan(photos.joints[0, [INDEX["left_shoulder"], INDEX["right_shoulder"]]]).all()
    low, high = np.nanmin(photos.joints, axis=1), np.nanmax(photos.joints, axis=1)
    np.testing.assert_allclose((low + high) / 2, 38, atol=1e-6)
    np.testing.assert_allclose((high - low).max(axis=1), 64 / 1.3, atol=1e-6)


def test_joints_lie_on_the_limbs_of_their_side(pair: tuple[Photos, Photos]) -> None:
    photos, _ = pair
    right = 0
    for image, joints in zip(photos.images, photos.joints, strict=True):
        for side, channel in (("left", 0), ("right", 1)):
            elbow = joints[INDEX[f"{side}_elbow"]]
            colour = image[int(elbow[1]), int(elbow[0])].astype(int)
            right += colour[channel] > colour[1 - channel] + 40
    assert right >= 44, "of 48; arms may cross"


def test_without_changes_the_middle_is_shown(pair: tuple[Photos, Photos]) -> None:
    photos, _ = pair
    numbers = np.array([3, 0, 3])
    shown = photos.changed(numbers, np.random.default_rng(0), STILL)
    assert shown.shape == (3, 64, 64, 3)
    np.testing.assert_array_equal(shown, photos.middle(numbers))
    mirrored = photos.changed(numbers, np.random.default_rng(0), STILL, flip=True)
    np.testing.assert_array_equal(mirrored, shown[:, :, ::-1])


def test_changes_are_within_their_limits_and_repeat_themselves(pair: tuple[Photos, Photos]) -> None:
    photos, _ = pair
    numbers = np.arange(24)
    change = Change(scale=0.0, shift=0.05, flip=0.0)
    first, again = (photos.changed(numbers, np.random.default_rng(4), change) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    plain = photos.middle(numbers).astype(float)
    middle = [np.argwhere(np.abs(image - image[0, 0]).sum(axis=2) > 60).mean(axis=0) for image in plain]
    moved = [
        np.argwhere(np.abs(image - image[0, 0]).sum(axis=2) > 60).mean(axis=0) for image in first.astype(float)
    ]
    away = np.abs(np.array(moved) - np.array(middle))
    assert 1.0 < away.max() < 0.05 * 64 + 1
    flips = [
        photos.changed(numbers[:2], np.random.default_rng(seed), Change(0.0, 0.0, 0.5))[0, 20:40].tobytes()
        for seed in range(20)
    ]
    assert len(set(flips)) == 2


def test_networks_are_given_numbers_about_zero() -> None:
    images = np.zeros((2, 4, 5, 3), np.uint8)
    images[0, 1, 2] = (255, 127, 0)
    found = as_input(images)
    assert found.shape == (2, 3, 4, 5)
    np.testing.assert_allclose(found[0, :, 1, 2].numpy(), [1, 0, -127 / 128])


def test_wrong_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give the folder of a keypoint set"):
        read_photos(tmp_path, "train", 64)
    root = write_set(tmp_path / "set", 4, 2)
    with pytest.raises(DataError, match="no split 'test'"):
        read_photos(root, "test", 64)
    (root / "images" / "im001.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="every photo of the set must be there"):
        read_photos(root, "train", 64)
    (root / "images" / "im001.png").unlink()
    with pytest.raises(DataError, match="every photo of the set must be there"):
        read_photos(root, "train", 64)
    (root / "split.csv").write_text("name\nim000.png\n")
    with pytest.raises(DataError, match="needs the columns"):
        read_photos(root, "train", 64)


def test_no_more_than_asked_for(tmp_path: Path) -> None:
    assert read_photos(write_set(tmp_path / "set", 6, 2), "train", 32, limit=3).names[-1] == "im002.png"


def test_the_held_out_error_is_what_a_loop_computes() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(30, 4))
    truth = rng.uniform(1, 50, (30, 30))
    truth[rng.random((30, 30)) < 0.3] = np.nan
    truth[7] = np.nan
    np.fill_diagonal(truth, np.nan)
    means, firsts = [], []
    for query in range(30):
        allowed = [i for i in range(30) if np.isfinite(truth[query, i])]
        allowed.sort(key=lambda i: np.linalg.norm(points[i] - points[query]))
        if allowed:
            means.append(np.mean([truth[query, i] for i in allowed[:10]]))
            firsts.append(truth[query, allowed[0]])
    found = retrieval(points.astype(np.float32), truth)
    assert list(found) == ["distance", "nearest"]
    assert found["distance"] == pytest.approx(np.mean(means))
    assert found["nearest"] == pytest.approx(np.mean(firsts))


def test_photos_of_one_scene_are_no_answers(pair: tuple[Photos, Photos]) -> None:
    task = PhotoTask.of(*pair, "2d")
    assert task.truth.shape == (12, 12)
    same = np.arange(12)[:, None] // 2 == np.arange(12) // 2
    np.testing.assert_array_equal(np.isnan(task.truth), same)
    assert task.targets.of_anchor(3)[3] == pytest.approx(0)
