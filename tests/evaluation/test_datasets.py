import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import read_keypoint_set

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CONTRAPPOSTO_DATA", REPOSITORY.parent / "shared" / "data"))


def add_images(folder: Path, *names: str, size: tuple[int, int] = (8, 6)) -> None:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", size).save(folder / "images" / name)


def joint_table(**changes: Any) -> dict[str, Any]:
    """Three photos; joints right_wrist, left_wrist, head_top."""
    table: dict[str, Any] = {
        "file_name": np.array(["a.jpg", "b.jpg", "c.jpg"]),
        "joints": np.array(
            [
                [[10, 20], [30, 20], [20, 70]],
                [[1, 2], [np.nan, np.nan], [3, 4]],
                [[5, 5], [6, 6], [7, 7]],
            ],
            dtype=np.float32,
        ),
        "visible": np.array([[True, True, True], [True, False, True], [False, False, False]]),
        "size": np.array([[100, 80], [50, 60], [10, 10]], dtype=np.int32),
        "cluster": np.array([7, 7, 9], dtype=np.int32),
        "joint_names": np.array(["right_wrist", "left_wrist", "head_top"]),
    }
    return {key: value for key, value in (table | changes).items() if value is not None}


def write_joints(folder: Path, split_csv: str | None = None, **changes: Any) -> Path:
    add_images(folder, "a.jpg", "b.jpg", "c.jpg")
    np.savez(folder / "joints.npz", **joint_table(**changes))
    if split_csv is not None:
        (folder / "split.csv").write_text(split_csv)
    return folder


def test_joint_table_becomes_people_with_boxes_and_areas(tmp_path: Path) -> None:
    loaded = read_keypoint_set(write_joints(tmp_path / "set"))
    assert (loaded.name, loaded.split) == ("set", None)
    assert [item.file.name for item in loaded.items] == ["a.jpg", "b.jpg", "c.jpg"]
    first = loaded.items[0]
    assert first.file.is_file()
    assert (first.width, first.height, first.cluster, first.all_people_listed) == (100, 80, 7, False)
    (person,) = first.people
    np.testing.assert_array_equal(person.keypoints[skeleton.INDEX["right_wrist"]], [10, 20])
    np.testing.assert_array_equal(person.keypoints[skeleton.INDEX["left_wrist"]], [30, 20])
    assert np.isfinite(person.keypoints).all(axis=1).sum() == 2
    # Joints of all names span x 10..30 and y 20..70: larger side 50, grown by 6 on each side.
    assert (person.box.x, person.box.y, person.box.width, person.box.height) == pytest.approx((4, 14, 32, 62))
    assert person.area == pytest.approx(0.53 * 32 * 62)


def test_joints_that_are_not_visible_are_unseen(tmp_path: Path) -> None:
    loaded = read_keypoint_set(write_joints(tmp_path))
    assert np.isnan(loaded.items[1].people[0].keypoints[skeleton.INDEX["left_wrist"]]).all()
    assert loaded.items[2].people == ()  # numbers, but none of them visible: nobody to place


def test_split_table_chooses_items_and_gives_clusters(tmp_path: Path) -> None:
    table = "file,split,cluster\na.jpg,train,1\nc.jpg,test,2\n"
    folder = write_joints(tmp_path, table, cluster=None)
    loaded = read_keypoint_set(folder, "test")
    assert [(item.file.name, item.cluster) for item in loaded.items] == [("c.jpg", 2)]
    assert loaded.split == "test"
    assert [item.cluster for item in read_keypoint_set(folder).items] == [1, None, 2]


def test_clusters_of_the_joint_table_come_first(tmp_path: Path) -> None:
    folder = write_joints(tmp_path, "file,split,cluster\na.jpg,test,1\n")
    assert [item.cluster for item in read_keypoint_set(folder).items] == [7, 7, 9]


def test_split_inside_the_joint_table(tmp_path: Path) -> None:
    folder = write_joints(tmp_path, split=np.array(["train", "test", "test"]))
    assert [item.file.name for item in read_keypoint_set(folder, "test").items] == ["b.jpg", "c.jpg"]
    assert len(read_keypoint_set(folder).items) == 3


def test_unknown_split_lists_the_known_ones(tmp_path: Path) -> None:
    folder = write_joints(tmp_path, "file,split\na.jpg,train\nb.jpg,val\n")
    with pytest.raises(DataError, match=r"no split 'test'.*train, val"):
        read_keypoint_set(folder, "test")


def test_folder_without_splits_is_one_split(tmp_path: Path) -> None:
    loaded = read_keypoint_set(write_joints(tmp_path), "test")
    assert (loaded.split, len(loaded.items)) == (None, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"visible": None}, "no key 'visible'"),
        ({"joint_names": None}, "no key 'joint_names'"),
        ({"joints": np.zeros((3, 4, 2))}, r"'joints' has shape \(3, 4, 2\), expected \(3, 3, 2\)"),
        ({"size": np.zeros((2, 2), dtype=int)}, "'size' has shape"),
        ({"cluster": np.zeros(4, dtype=int)}, "'cluster' has shape"),
        ({"joints": np.full((3, 3, 2), "x")}, "'joints' holds"),
        ({"file_name": np.array(["a.jpg", "b.jpg", "nowhere.jpg"])}, "nowhere.jpg, which is not in"),
        ({"file_name": np.array(["a.jpg", "b.jpg", "a.jpg"])}, "holds a.jpg twice"),
        ({"joint_names": np.array(["toe", "tail", "fin"])}, "joint_names"),
        ({"joint_names": np.array(["left_wrist", "left_wrist", "nose"])}, "joint_names"),
        ({"size": np.array([None] * 6, dtype=object).reshape(3, 2)}, "cannot read"),
    ],
)
def test_bad_joint_tables_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_joints(tmp_path, **changes)
    with pytest.raises(DataError, match=message):
        read_keypoint_set(tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name,split\na.jpg,test\n", "needs the columns file and split"),
        ("file,split\na.jpg,test\na.jpg,train\n", "a.jpg twice, in line 3"),
        ("file,split\nz.jpg,test\n", "z.jpg"),
        ("file,split,cluster\na.jpg,test,one\n", "line 2: cluster 'one'"),
        ("file,split\na.jpg\n", "a.jpg has no split"),
    ],
)
def test_bad_split_tables_are_refused(tmp_path: Path, table: str, message: str) -> None:
    write_joints(tmp_path, table)
    with pytest.raises(DataError, match=message):
        read_keypoint_set(tmp_path, "test")


def test_missing_folders_and_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere"):
        read_keypoint_set(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no folder 'images'"):
        read_keypoint_set(tmp_path)
    add_images(tmp_path, "a.jpg")
    (tmp_path / "joints.npz").write_bytes(b"not a zip file")
    with pytest.raises(DataError, match="cannot read"):
        read_keypoint_set(tmp_path)


def flat_keypoints(**points: tuple[float, float, int]) -> list[float]:
    numbers: list[float] = []
    for name in skeleton.KEYPOINTS:
        numbers += points.get(name, (0, 0, 0))
    return numbers


def coco_content() -> dict[str, Any]:
    """x.jpg: a person with a mask, a person without keypoints; y.jpg: an estimated area; z.jpg: a crowd only."""
    nose = flat_keypoints(nose=(5, 6, 2), left_hip=(7, 8, 1))
    nobody = flat_keypoints()
    return {
        "images": [
            {"id": 3, "file_name": "x.jpg", "width": 40, "height": 30},
            {"id": 1, "file_name": "y.jpg", "width": 20, "height": 30, "all_persons_listed": False},
            {"id": 2, "file_name": "z.jpg", "width": 20, "height": 30, "all_persons_listed": True},
        ],
        "annotations": [
            {"id": 1, "image_id": 3, "category_id": 1, "bbox": [1, 2, 10, 20], "area": 91.5, "keypoints": nose},
            {"id": 2, "image_id": 3, "category_id": 1, "bbox": [0, 0, 4, 5], "area": 11, "keypoints": nobody},
            {"id": 3, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 20], "keypoints": nose, "iscrowd": 0},
            {"id": 4, "image_id": 1, "category_id": 18, "bbox": [1, 2, 10, 20], "area": 5},
            {"id": 5, "image_id": 2, "category_id": 1, "bbox": [1, 2, 10, 20], "area": 5, "iscrowd": 1},
        ],
        "categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog"}],
    }


def write_coco(folder: Path, content: Any, name: str = "persons.json") -> Path:
    add_images(folder, "x.jpg", "y.jpg", "z.jpg")
    (folder / name).write_text(json.dumps(content))
    return folder


def test_coco_file_becomes_items(tmp_path: Path) -> None:
    x, y, z = read_keypoint_set(write_coco(tmp_path, coco_content())).items
    assert (x.file.name, x.width, x.height, x.cluster, x.all_people_listed) == ("x.jpg", 40, 30, None, True)
    assert [person.area for person in x.people] == [91.5, 11]
    assert (x.people[0].box.x, x.people[0].box.width) == (1, 10)
    np.testing.assert_array_equal(x.people[0].keypoints[skeleton.INDEX["nose"]], [5, 6])
    np.testing.assert_array_equal(x.people[0].keypoints[skeleton.INDEX["left_hip"]], [7, 8])
    assert np.isnan(x.people[0].keypoints).all(axis=1).sum() == 15
    assert np.isnan(x.people[1].keypoints).all()  # kept: somebody is there
    assert [person.area for person in y.people] == pytest.approx([0.53 * 200])  # no area given; the dog is nobody
    assert not y.all_people_listed
    assert z.people == ()
    assert not z.all_people_listed  # its crowd is left out


def test_coco_keypoints_go_by_the_names_of_the_category(tmp_path: Path) -> None:
    content = coco_content()
    content["categories"][0]["keypoints"] = ["head_top", "left_wrist"]
    for annotation in content["annotations"]:
        annotation["keypoints"] = [1, 2, 2, 3, 4, 2]
    person = read_keypoint_set(write_coco(tmp_path, content)).items[0].people[0]
    np.testing.assert_array_equal(person.keypoints[skeleton.INDEX["left_wrist"]], [3, 4])
    assert np.isfinite(person.keypoints).all(axis=1).sum() == 1


def test_person_without_a_box_gets_one_around_the_keypoints(tmp_path: Path) -> None:
    content = coco_content()
    del content["annotations"][0]["bbox"], content["annotations"][0]["area"]
    person = read_keypoint_set(write_coco(tmp_path, content)).items[0].people[0]
    # Nose (5, 6) and hip (7, 8): sides of 2, grown by 0.24.
    assert (person.box.x, person.box.y, person.box.width) == pytest.approx((4.76, 5.76, 2.48))
    assert person.area == pytest.approx(0.53 * 2.48**2)


def test_only_file_with_annotations_is_found(tmp_path: Path) -> None:
    write_coco(tmp_path, coco_content(), "people_of_today.json")
    (tmp_path / "other.json").write_text("[1, 2]")
    assert len(read_keypoint_set(tmp_path).items) == 3
    write_coco(tmp_path, coco_content(), "another.json")
    with pytest.raises(DataError, match=r"several COCO files, another.json, people_of_today.json"):
        read_keypoint_set(tmp_path)


def test_coco_folder_may_have_a_split_table(tmp_path: Path) -> None:
    write_coco(tmp_path, coco_content())
    (tmp_path / "split.csv").write_text("file,split,cluster\ny.jpg,test,4\n")
    (item,) = read_keypoint_set(tmp_path, "test").items
    assert (item.file.name, item.cluster) == ("y.jpg", 4)


@pytest.mark.parametrize(
    ("place", "key", "value", "message"),
    [
        ("images", "file_name", "q.jpg", "q.jpg, which is not in"),
        ("images", "width", None, "wrong kind"),
        ("annotations", "image_id", 99, "annotation 1 is of image 99"),
        ("annotations", "keypoints", [1, 2, 2], "3 keypoint numbers, expected 51"),
        ("annotations", "bbox", [1, 2, -3, 4], "wrong kind"),
        ("annotations", "bbox", "none", "wrong kind"),
    ],
)
def test_bad_coco_entries_are_refused(tmp_path: Path, place: str, key: str, value: Any, message: str) -> None:
    content = coco_content()
    content[place][0][key] = value
    with pytest.raises(DataError, match=message):
        read_keypoint_set(write_coco(tmp_path, content))


def test_bad_coco_files_are_refused(tmp_path: Path) -> None:
    content = coco_content()
    del content["images"][0]["id"]
    with pytest.raises(DataError, match="without 'id'"):
        read_keypoint_set(write_coco(tmp_path, content))
    content = coco_content()
    del content["annotations"][1]["bbox"]
    with pytest.raises(DataError, match="annotation 2 has neither bbox nor keypoints"):
        read_keypoint_set(write_coco(tmp_path, content))
    (tmp_path / "persons.json").write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        read_keypoint_set(tmp_path)


def test_folder_of_photos_only_shows_no_people(tmp_path: Path) -> None:
    add_images(tmp_path, "b.png", "a.jpg", size=(12, 5))
    (tmp_path / "images" / "notes.txt").write_text("not a photo")
    (tmp_path / "README.md").write_text("about")
    items = read_keypoint_set(tmp_path).items
    assert [item.file.name for item in items] == ["a.jpg", "b.png"]
    assert all((i.width, i.height, i.people, i.all_people_listed) == (12, 5, (), True) for i in items)


@pytest.mark.parametrize("name", ["captions.csv", "metadata.json", "poses.npz"])
def test_photos_with_another_table_do_not_pass_as_photos_without_people(tmp_path: Path, name: str) -> None:
    add_images(tmp_path, "a.jpg")
    (tmp_path / name).write_text("{}")
    with pytest.raises(DataError, match=name):
        read_keypoint_set(tmp_path)


def test_damaged_photo_is_named(tmp_path: Path) -> None:
    add_images(tmp_path)
    (tmp_path / "images" / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"broken\.jpg"):
        read_keypoint_set(tmp_path)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "split", "items", "with_keypoints", "people"),
    [
        ("lspe", "test", 1000, 1000, 1000),
        ("parse", "test", 205, 205, 205),
        ("coco", None, 60, 219, 283),
        ("negatives", None, 40, 0, 0),
    ],
)
def test_real_sets_have_the_stated_counts(
    name: str, split: str | None, items: int, with_keypoints: int, people: int
) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"no folder {name} in {DATA}")
    loaded = read_keypoint_set(DATA / name, split)
    listed = [person for item in loaded.items for person in item.people]
    assert len(loaded.items) == items
    assert len(listed) == people
    assert sum(bool(np.isfinite(person.keypoints).any()) for person in listed) == with_keypoints
    for item in loaded.items:
        for person in item.people:
            seen = person.keypoints[np.isfinite(person.keypoints).all(axis=1)]
            assert ((seen >= 0) & (seen <= [item.width, item.height])).all()


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["lspe", "coco", "parse"])
def test_real_sizes_are_those_of_the_files(name: str) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"no folder {name} in {DATA}")
    for item in read_keypoint_set(DATA / name).items[::97]:
        with Image.open(item.file) as image:
            assert image.size == (item.width, item.height)
