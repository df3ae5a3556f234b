"""People whom the pipeline finds for training: whose boxes are kept, what is left out, and what is an error."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contrapposto.errors import DataError
from contrapposto.geometry import BOX_MARGIN
from contrapposto.media.photos import WORKING_SIDE
from contrapposto.records import Box, Person
from tests.drawn import DrawnPeople, draw, keypoints

pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from contrapposto.training import unlabelled
from contrapposto.training.unlabelled import SURE, found_people


@pytest.fixture(autouse=True)
def finder(monkeypatch: pytest.MonkeyPatch, drawn_people: DrawnPeople) -> DrawnPeople:
    monkeypatch.setattr(unlabelled, "make_estimator", lambda *_, **__: drawn_people)
    return drawn_people


def box(number: int, pose: tuple[int, int], size: tuple[int, int] = (40, 30)) -> Box:
    return Box.around(keypoints(number, *pose, *size), BOX_MARGIN)


def edges(found: Box) -> tuple[float, float, float, float]:
    return found.x, found.y, found.width, found.height


def test_everybody_is_found_and_kept(photos: Path, tmp_path: Path, finder: DrawnPeople) -> None:
    draw(photos / "b.png", people=2, pose=(40, 90))
    draw(photos / "a" / "deep" / "c.JPG", people=1, pose=(10, 0), size=(80, 60))
    draw(photos / "nobody.png", people=0)
    (photos / "notes.txt").write_text("no photo")
    told: list[tuple[int, int]] = []
    kept = tmp_path / "out" / "people.npz"
    found = found_people(photos, kept, lambda done, total, _: told.append((done, total)))
    wanted = [
        (photos / "a" / "deep" / "c.JPG", box(1, (10, 0), (80, 60))),
        (photos / "b.png", box(1, (40, 90))),
        (photos / "b.png", box(2, (40, 90))),
    ]
    assert [person.file for person in found] == [file for file, _ in wanted]
    for person, (_, expected) in zip(found, wanted, strict=True):
        assert edges(person.box) == pytest.approx(edges(expected))
    for person, (number, *pose) in zip(
        found, ((1, 10, 0, 80, 60), (1, 40, 90, 40, 30), (2, 40, 90, 40, 30)), strict=True
    ):
        np.testing.assert_allclose(person.joints, keypoints(number, *pose))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert finder.calls == 3
    assert [path.name for path in kept.parent.iterdir()] == ["people.npz"], "nothing half-written is left"


def test_joints_that_are_not_sure_are_not_known(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The box is around all that are seen."""
    asked: list[str] = []
    scores = np.where(np.arange(17) % 2, 0.9, SURE - 0.01)

    def unsure(image: Any) -> list[Person]:
        return [replace(one, pose=replace(one.pose, scores=scores)) for one in DrawnPeople()(image)]

    monkeypatch.setattr(unlabelled, "make_estimator", lambda name, **_: asked.append(name) or unsure)
    draw(photos / "a.png", pose=(40, 90))
    (person,) = found_people(photos, tmp_path / "people.npz")
    wanted = np.where((scores >= SURE)[:, None], keypoints(1, 40, 90, 40, 30), np.nan)
    np.testing.assert_allclose(person.joints, wanted)
    assert edges(person.box) == pytest.approx(edges(box(1, (40, 90))))
    assert asked == [unlabelled.ESTIMATOR]


def test_what_was_kept_is_read_again(photos: Path, tmp_path: Path, finder: DrawnPeople) -> None:
    draw(photos / "a.png", people=2, pose=(3, 7))
    first = found_people(photos, tmp_path / "people.npz")
    draw(photos / "b.png")
    again = found_people(photos, tmp_path / "people.npz")
    assert finder.calls == 1, "nothing is looked for"
    assert [(person.file, person.box) for person in again] == [(person.file, person.box) for person in first]


def test_photos_that_cannot_be_used_are_left_out(photos: Path, tmp_path: Path, finder: DrawnPeople) -> None:
    draw(photos / "good.png")
    draw(photos / "huge.png", size=(WORKING_SIDE + 500, 4))
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    (photos / "empty.png").write_bytes(b"")
    (photos / "folder.png").mkdir()
    turned = Image.new("RGB", (30, 40), (40, 0, 0))
    exif = Image.Exif()
    exif[274] = 6  # lies on its side
    turned.save(photos / "turned.png", exif=exif)
    found = found_people(photos, tmp_path / "people.npz")
    assert [person.file.name for person in found] == ["good.png", "turned.png"]
    assert finder.calls == 2
    assert edges(found[1].box) == pytest.approx(edges(found[0].box)), "in the frame of the upright picture"


def test_no_photos_and_nobody_are_errors(photos: Path, tmp_path: Path) -> None:
    for folder in (photos, photos / "none"):
        with pytest.raises(DataError, match=f"{folder.name}: no photos in it; give a folder of photos"):
            found_people(folder, tmp_path / "people.npz")
    assert not (tmp_path / "people.npz").exists()
    draw(photos / "a.png", people=0)
    (photos / "b.png").write_bytes(b"broken")
    with pytest.raises(DataError, match="nobody was found in its photos"):
        found_people(photos, tmp_path / "people.npz")


def damaged(**arrays: Any) -> Any:
    return lambda path: np.savez(path, **arrays)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PK damaged"),
        lambda path: path.write_bytes(path.read_bytes()[:200]),
        lambda path: (path.unlink(), path.mkdir()),
        damaged(name=np.array(["a.png"])),
        damaged(name=np.array(["a.png"]), box=np.zeros((2, 4))),
    ],
    ids=["empty", "no archive", "cut short", "folder", "no boxes", "of another length"],
)
def test_a_damaged_file_is_an_error(photos: Path, tmp_path: Path, spoil: Any) -> None:
    draw(photos / "a.png")
    kept = tmp_path / "people.npz"
    found_people(photos, kept)
    spoil(kept)
    with pytest.raises(DataError, match=r"people\.npz: damaged \(.*\); delete it to look again"):
        found_people(photos, kept)


def test_a_folder_that_cannot_be_written_is_an_error(photos: Path, tmp_path: Path) -> None:
    draw(photos / "a.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot be written .*; choose another folder"):
        found_people(photos, tmp_path / "file" / "people.npz")
