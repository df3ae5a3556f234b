"""The protocol of 3D keypoints on a small table of motion capture, and on pictures with hand-made truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto.errors import DataError
from contrapposto.evaluation.joints3d import FLAT_SIZE, evaluate_joints3d, flat
from contrapposto.evaluation.people3d import demo_people, nearest, projected_people, rendered_people
from contrapposto.poses.blazepose import in_camera_frame, torso_region
from contrapposto.records import Box, Person, Pose
from contrapposto.skeleton import BLAZEPOSE_33, INDEX
from contrapposto.training.poses3d import BANDAI, CMU, HELD_OUT
from tests.poses.figures import person, picture
from tests.training.motion import write_table

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def motion_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poses3d")
    write_table(folder / BANDAI, clips=("wave_001", "walk_001"))
    write_table(folder / CMU)
    return folder


def test_views_are_always_the_same_and_of_the_right_clips(motion_folder: Path) -> None:
    people = projected_people(motion_folder, "cmu", views=40)
    assert {name.partition(":")[0] for name in people.names} <= set(HELD_OUT)
    again = projected_people(motion_folder, "cmu", views=40)
    np.testing.assert_array_equal(people.truth, again.truth)
    assert people.simulated is not None
    assert again.simulated is not None
    np.testing.assert_array_equal(people.simulated.keypoints, again.simulated.keypoints)
    assert projected_people(motion_folder, views=5).split == "bandai"
    with pytest.raises(DataError, match="no split 'test'"):
        projected_people(motion_folder, "test")


def test_lifting_beats_the_flat_and_the_mean_pose(motion_folder: Path, tmp_path: Path) -> None:
    methods = ("lifted", "lifted-true", "flat-true", "mean")
    summary = evaluate_joints3d(motion_folder, methods=methods, out=tmp_path / "runs")
    measures = summary["measures"]
    assert (summary["task"], summary["split"], tuple(measures)) == ("joints3d", "bandai", methods)
    assert measures["lifted-true"]["pa-mpjpe"] < measures["lifted"]["pa-mpjpe"]
    assert measures["lifted-true"]["pa-mpjpe"] < 0.8 * measures["flat-true"]["pa-mpjpe"]
    assert measures["lifted-true"]["mpjpe"] < measures["mean"]["mpjpe"]
    assert measures["lifted-true"]["answered"] == 1
    assert 0.5 < measures["lifted"]["answered"] < 1
    rows = (tmp_path / "runs" / "lifted" / "per_query.csv").read_text().splitlines()
    assert len(rows) == 1 + summary["n"]
    again = evaluate_joints3d(motion_folder, methods=methods, out=tmp_path / "runs")
    assert again == summary


def test_methods_are_named_and_pictures_are_needed_for_some(motion_folder: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'lifted'"):
        evaluate_joints3d(motion_folder, methods=["lift"])
    with pytest.raises(DataError, match="blazepose-heavy needs pictures"):
        evaluate_joints3d(motion_folder, methods=["blazepose-heavy"])


def test_flat_is_the_picture_in_metres() -> None:
    points = picture(person())
    found = flat(np.stack([points, 3 * points + 100]))
    np.testing.assert_allclose(found[1], found[0], atol=1e-9)
    assert not found[..., 2].any()
    np.testing.assert_allclose((found[0, INDEX["left_hip"]] + found[0, INDEX["right_hip"]]) / 2, 0, atol=1e-9)
    assert found[0, INDEX["nose"], 1] > 0 > found[0, INDEX["left_ankle"], 1]
    around = found[0] - found[0].mean(axis=0)
    assert np.sqrt((around**2).sum(axis=1).mean()) == pytest.approx(FLAT_SIZE)
    points[INDEX["left_hip"]] = np.nan
    partly = flat(points[None])[0]
    assert np.isnan(partly[INDEX["left_hip"]]).all()
    np.testing.assert_allclose(np.nanmean(partly, axis=0), 0, atol=1e-9)
    assert np.isnan(flat(np.full((1, 17, 2), np.nan))).all()


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """As a person of the demo collection."""

    file: str
    keypoints: Array
    visible: NDArray[np.bool_]
    keypoints3d: Array
    size: tuple[int, int] = (640, 480)

    @property
    def seen_keypoints(self) -> Array:
        return np.where(self.visible[:, None], self.keypoints, np.nan)


def rendered(file: str, shift: float, hidden: tuple[str, ...] = ()) -> Rendered:
    visible = np.ones(17, bool)
    visible[[INDEX[name] for name in hidden]] = False
    return Rendered(file, picture(person()) + np.array([shift, 0]), visible, person())


def test_people_of_pictures_keep_their_order(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"")
    hidden = tuple(name for name in INDEX if "_" in name)[:12]
    people = [
        rendered("b.jpg", 0),
        rendered("a.jpg", 0, ("left_knee",)),
        rendered("b.jpg", 200),
        rendered("a.jpg", 50, hidden),
    ]
    found = rendered_people("demo", tmp_path, people)  # type: ignore[arg-type]
    assert found.names == ("b.jpg:1", "b.jpg:2", "a.jpg:1"), "one shows five keypoints only"
    assert [item.file.name for item in found.items] == ["b.jpg", "a.jpg"]
    np.testing.assert_allclose(found.true.keypoints[1], found.true.keypoints[0] + [200, 0])
    assert np.isnan(found.truth[2, INDEX["left_knee"]]).all()
    assert found.true.scores[2, INDEX["left_knee"]] == 0
    with pytest.raises(DataError, match=r"no photo c\.jpg"):
        rendered_people("demo", tmp_path, [rendered("c.jpg", 0)])  # type: ignore[list-item]


def test_the_nearest_detection_is_taken_and_none_far_away(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    people = [rendered("a.jpg", 0), rendered("a.jpg", 200)]
    item = rendered_people("demo", tmp_path, people).items[0]  # type: ignore[arg-type]
    pose = Pose(picture(person()) + np.array([203, 0]), np.full(17, 0.7))
    other = Pose(picture(person()) + np.array([900, 0]), np.full(17, 0.9))
    detections = [Person(Box.around(p.keypoints), 0.5, p) for p in (other, pose)]
    seen = nearest(detections, item)
    assert np.isnan(seen.keypoints[0]).all()
    np.testing.assert_array_equal(seen.keypoints[1], pose.keypoints)
    assert seen.scores[1].min() == 0.7
    assert np.isnan(nearest([], item).keypoints).all()


@pytest.mark.parametrize("degrees", [0, 35, 90, 180, -120])
def test_blazepose_landmarks_turn_back_with_the_region(degrees: float) -> None:
    """The patch shows the person upright; in the picture the torso leans by `degrees` clockwise."""
    turn = np.deg2rad(degrees)
    world = np.zeros((33, 3))
    for name, index in INDEX.items():
        world[BLAZEPOSE_33.index(name)] = person()[index] * [1, -1, -1]
    found = in_camera_frame(world, turn)
    up, across = found[INDEX["nose"]] - found[INDEX["left_hip"]], person()[INDEX["left_wrist"]]
    assert up[:2] @ [np.sin(turn), np.cos(turn)] == pytest.approx(0.66, abs=1e-9)
    expected = [
        across[0] * np.cos(turn) + across[1] * np.sin(turn),
        across[1] * np.cos(turn) - across[0] * np.sin(turn),
        across[2],
    ]
    np.testing.assert_allclose(found[INDEX["left_wrist"]], expected, atol=1e-9)


def test_the_region_stands_on_the_hips() -> None:
    points = picture(person(), away=50, focal=10000)  # 200 px a metre
    region = torso_region(points, np.ones(17))
    assert region is not None
    hips = (points[INDEX["left_hip"]] + points[INDEX["right_hip"]]) / 2
    assert (region.x, region.y) == pytest.approx(tuple(hips))
    assert region.turn == pytest.approx(0, abs=1e-9)
    reach = np.linalg.norm(points - hips, axis=1).max()
    assert region.side == pytest.approx(2 * 1.25 * reach)
    assert torso_region(np.where(np.arange(17)[:, None] == INDEX["left_hip"], np.nan, points), np.ones(17)) is None


def test_the_demo_collection_has_people_in_space() -> None:
    people = demo_people()
    assert len(people.names) > 100
    assert len(set(people.names)) == len(people.names)
    known = np.isfinite(people.truth).all(axis=2)
    np.testing.assert_array_equal(known, people.true.scores == 1)
    both = known[:, INDEX["left_hip"]] & known[:, INDEX["right_hip"]]
    hips = people.truth[both][:, [INDEX["left_hip"], INDEX["right_hip"]]].mean(axis=1)
    np.testing.assert_allclose(hips, 0, atol=1e-3)
    assert (people.truth[both, INDEX["left_hip"], 2] > 0).any()
    x, y = people.true.keypoints[both][:, INDEX["left_hip"]].T
    a, b = people.true.keypoints[both][:, INDEX["right_hip"]].T
    across, down = people.truth[both][:, INDEX["left_hip"], 0], people.truth[both][:, INDEX["left_hip"], 1]
    clear = np.hypot(x - a, y - b) > 10
    assert np.corrcoef(across[clear], (x - a)[clear])[0, 1] > 0.8, "x is the picture's right"
    assert np.corrcoef(down[clear], (b - y)[clear])[0, 1] > 0.8, "y is up"
