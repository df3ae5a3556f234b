"""Views sampled on a device, against those that are cut from the photo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.media.sampling import Region
from contrapposto.poses.crops import cut, region_of
from contrapposto.records import Box
from contrapposto.skeleton import LIMB_NUMBERS

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from torch import Tensor  # noqa: E402

from contrapposto.training.device_views import DeviceViews  # noqa: E402
from contrapposto.training.pose_batches import Batch, PoseData, of_device, of_photos  # noqa: E402
from contrapposto.training.pose_photos import Change, KnownPerson, joints_in, picture_of, view  # noqa: E402
from tests.training.drawn_photos import figure  # noqa: E402

CPU = torch.device("cpu")
SIZES = [(64, 64), (128, 96)]
STILL = Change(scale=0, turned=0, flip=0, half=0)
WILD = Change(scale=0.3, turn=60.0, turned=0.8, flip=0.5, half=0.4)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def people(tmp_path: Path) -> list[KnownPerson]:
    """In the middle, and at three edges of it, of a photo of soft colours."""
    rng = np.random.default_rng(0)
    soft = cv2.resize(rng.uniform(80, 210, (9, 11, 3)), (360, 300), interpolation=cv2.INTER_CUBIC)
    path = tmp_path / "soft.png"
    cv2.imwrite(str(path), soft.round().astype(np.uint8))
    found = []
    for number, moved in enumerate([(30, 0), (-90, 0), (120, 60), (20, -110)]):
        joints = figure(number) + moved
        found.append(KnownPerson(path, joints, Box.around(joints, 0.12)))
    return found


def pixels(images: Tensor) -> NDArray[np.float32]:
    """(B, rows, columns, 3) as grey levels."""
    return (images * 128 + 127).permute(0, 2, 3, 1).numpy()


def close(found: NDArray[np.float32], wanted: NDArray[np.uint8]) -> None:
    """The same picture, but for interpolation; that moves edges of the photo, where it gets black."""
    away = np.abs(found - wanted.astype(np.float32))
    assert away.mean() < 2
    assert np.median(away) < 1.5
    inside, outside = (within(seen) for seen in (wanted.min(axis=2) > 20, wanted.max(axis=2) == 0))
    assert inside.mean() > 0.2
    assert away[inside].max() < 4
    assert away[outside].max(initial=0) == 0, "black outside"


def within(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is more than 3 pixels from the edge."""
    nothing = {"borderType": cv2.BORDER_CONSTANT, "borderValue": 0}
    return cv2.erode(seen.astype(np.uint8), np.ones((7, 7)), **nothing).astype(bool)


@pytest.mark.parametrize("size", SIZES)
def test_the_box_as_it_is(people: list[KnownPerson], size: tuple[int, int]) -> None:
    views = DeviceViews.of(people, size, STILL, CPU)
    images, joints = views.batch(np.arange(4), STILL, np.random.default_rng(0))
    assert images.shape == (4, 3, *size)
    assert images.dtype == torch.float32
    for person, image, points in zip(people, pixels(images), joints, strict=True):
        wanted = view(person, picture_of(person), size)
        close(image, wanted.image)
        np.testing.assert_allclose(points, wanted.joints, atol=1e-3)
    assert np.isfinite(joints[0, LIMB_NUMBERS]).all()
    assert (pixels(images)[1:].max(axis=-1) == 0).mean() > 0.05, "these see beyond the photo"


@pytest.mark.parametrize("size", SIZES)
def test_changed_by_the_same_chances(people: list[KnownPerson], size: tuple[int, int]) -> None:
    """One after the other from the same random numbers, as `view` draws them."""
    views = DeviceViews.of(people, size, WILD, CPU)
    rows = np.array([2, 0, 1, 0, 3, 0, 0, 1])
    images, joints = views.batch(rows, WILD, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    for row, image, points in zip(rows, pixels(images), joints, strict=True):
        wanted = view(people[row], picture_of(people[row]), size, WILD, rng)
        close(image, wanted.image)
        np.testing.assert_allclose(points, wanted.joints, atol=1e-3)
    assert len({image.tobytes() for image in pixels(images)}) == len(rows), "no two are alike"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [0.0, 0.5, -1.7, np.pi])
def test_turned_moved_and_mirrored(
    people: list[KnownPerson], size: tuple[int, int], turn: float, mirrored: bool
) -> None:
    """Where a turned corner lies in what is kept, it shows what the photo shows."""
    person = people[0]
    views = DeviceViews.of([person], size, Change(scale=0.2, turned=1.0), CPU)
    plain = region_of(person.box, size)
    region = Region(plain.x + 5, plain.y - 9, plain.side * 1.1, turn)
    (image,) = pixels(views.shown(np.array([0]), [region], [mirrored]))
    wanted = cut(picture_of(person), region, size)
    close(image, wanted[:, ::-1] if mirrored else wanted)


def test_beyond_what_is_kept_is_black(people: list[KnownPerson]) -> None:
    """Of a view twice as large as what is kept, the middle is the same, and there is nothing around it."""
    views = DeviceViews.of(people[:1], (64, 64), STILL, CPU)
    kept = region_of(people[0].box, (64, 64))
    (image,) = pixels(views.shown(np.array([0]), [replace(kept, side=2 * kept.side)], [False]))
    close(image[16:48, 16:48], cut(picture_of(people[0]), kept, (32, 32)))
    image[15:49, 15:49] = 0
    assert image.max() == 0


def test_a_drawing_of_ones_own(people: list[KnownPerson]) -> None:
    views = DeviceViews.of(people, (64, 64), WILD, CPU)
    asked = []

    def draw(
        person: KnownPerson, size: tuple[int, int], change: Change, rng: np.random.Generator
    ) -> tuple[Region, bool]:
        asked.append((person, size, change))
        return replace(region_of(person.box, size), turn=0.3), True

    images, joints = views.batch(np.array([3, 1]), STILL, np.random.default_rng(0), draw)
    assert [(*one,) for one in asked] == [(people[row], (64, 64), STILL) for row in (3, 1)]
    region = replace(region_of(people[3].box, (64, 64)), turn=0.3)
    np.testing.assert_allclose(joints[0], joints_in(people[3], region, (64, 64), True), atol=1e-3)
    close(pixels(images)[0], cut(picture_of(people[3]), region, (64, 64))[:, ::-1])


def test_a_photo_that_is_gone_is_an_error(people: list[KnownPerson], tmp_path: Path) -> None:
    gone = replace(people[0], file=tmp_path / "gone.png")
    with pytest.raises(DataError, match="every photo of the set must be there"):
        DeviceViews.of([people[0], gone], (64, 64), STILL, CPU)


def test_batches_of_a_device_are_those_of_photos(people: list[KnownPerson]) -> None:
    data = PoseData(rows=128, columns=96, change=WILD, batch=3, seed=4)
    on_device, of_files = of_device(people, data, CPU), of_photos(people, data)
    for step in (1, 2):
        found, wanted = on_device(step), of_files(step)
        assert isinstance(found, Batch)
        np.testing.assert_allclose(found.joints.numpy(), wanted.joints.numpy(), atol=1e-3)
        for image, other in zip(pixels(found.given), pixels(wanted.given), strict=True):
            close(image, other.round().astype(np.uint8))
    assert not torch.equal(on_device(1).given, on_device(2).given)
