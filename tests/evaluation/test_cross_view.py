"""The cross-view protocol: hits worked by hand, cameras, and a run over small made-up motion."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from contrapposto.distances import pose_distances
from contrapposto.errors import DataError
from contrapposto.evaluation.cross_view import (
    CAMERAS,
    METHODS,
    all_distances,
    evaluate_cross_view,
    filmed,
    hits,
    seen_by,
)
from contrapposto.skeleton import INDEX, LIMB_WEIGHTS
from contrapposto.training.poses3d import BANDAI, CMU, HELD_OUT
from tests.poses.figures import person
from tests.training.motion import write_table


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("poses3d")
    write_table(folder / BANDAI, clips=("wave_001", "walk_001"))
    write_table(folder / CMU)
    return folder


def test_hits_by_hand() -> None:
    correct = np.zeros((4, 30), bool)
    correct[0, 2] = True  # nearest
    correct[1, 5] = True  # tenth: nine are nearer
    correct[2, 7] = True  # has no distance
    distances = np.ones((4, 30)) * 9.0
    distances[0, 2] = 0.5
    distances[1, 5], distances[1, 10:19] = 2.0, 1.0
    distances[2, 7] = np.nan
    found = hits(distances, correct)
    assert {first: hit.tolist() for first, hit in found.items()} == {
        1: [True, False, False, False],
        10: [True, True, False, False],
        20: [True, True, False, False],
    }


def test_equal_distances_keep_the_order_of_the_gallery() -> None:
    correct = np.array([[False, True], [True, False]])
    assert hits(np.zeros((2, 2)), correct)[1].tolist() == [False, True]


def test_a_camera_stands_where_it_is_said() -> None:
    """Azimuth 90 degrees: from +x, where someone who faces +z has the left."""
    body = person()[None]
    front, left = seen_by((0.0, 0.0, 4.0), body), seen_by((90.0, 0.0, 4.0), body)
    np.testing.assert_allclose(front.points3d, body, atol=1e-12)
    wrist = INDEX["left_wrist"]
    x, y, z = body[0, wrist]
    np.testing.assert_allclose(front.points2d[0, wrist], [x / (4 - z), -y / (4 - z)])
    np.testing.assert_allclose(left.points2d[0, wrist], [-z / (4 - x), -y / (4 - x)])
    above = seen_by((0.0, 90.0, 4.0), body).points3d[0]
    assert above[INDEX["nose"], 2] > above[INDEX["left_ankle"], 2] + 1, "the head is nearer to who looks down"
    behind = [seen_by((azimuth, 0.0, 4.0), body).behind[0] for azimuth in (0.0, 80.0, 180.0)]
    assert behind == [False, False, True]


def test_poses_are_drawn_once_and_seen_by_every_camera(data: Path) -> None:
    scene = filmed(data, "cmu", poses=30)
    assert len(scene.names) == len(set(scene.names)) == len(scene.poses) == 30
    assert {name.partition(":")[0] for name in scene.names} <= set(HELD_OUT)
    assert len(scene.true) == len(scene.simulated) == len(CAMERAS) == 4
    assert all(np.isfinite(seen.keypoints).all() for seen in scene.true)
    assert any(np.isnan(seen.keypoints).any() for seen in scene.simulated)
    again = filmed(data, "cmu", poses=30)
    np.testing.assert_array_equal(again.poses, scene.poses)
    np.testing.assert_array_equal(again.simulated[3].keypoints, scene.simulated[3].keypoints)
    assert len(filmed(data, poses=1000).names) == 24
    with pytest.raises(DataError, match="no split 'test'"):
        filmed(data, "test")


def test_correct_is_the_procrustes_distance_of_the_limbs(data: Path) -> None:
    poses = filmed(data, poses=5).poses
    table = all_distances(poses)
    expected = pose_distances("np-procrustes", poses[0], poses[3:4], LIMB_WEIGHTS)[0]
    assert table[0, 3] == pytest.approx(expected)
    np.testing.assert_allclose(np.diag(table), 0, atol=1e-7)


def test_the_oracle_is_right_and_chance_is_what_it_must_be(data: Path, tmp_path: Path) -> None:
    summary = evaluate_cross_view(data, methods=["random", "oracle"], poses=12, out=tmp_path)
    measures = summary["measures"]
    assert (summary["task"], summary["split"], summary["n"]) == ("cross-view", "bandai", 12 * 12)
    assert all(value == 1 for value in measures["oracle"].values())
    assert set(measures["oracle"]) == {f"hit@{k}{end}" for k in (1, 10, 20) for end in ("", "/true")}
    share = float((all_distances(filmed(data, poses=12).poses) <= 0.1).mean())
    assert abs(measures["random"]["hit@1"] - share) < 0.15
    rows = list(csv.DictReader((tmp_path / "oracle" / "per_query.csv").read_text().splitlines()))
    assert len(rows) == 12 * 12
    assert {(row["camera"], row["gallery"]) for row in rows} == {
        (str(a), str(b)) for a in range(4) for b in range(4) if a != b
    }
    assert evaluate_cross_view(data, methods=["random", "oracle"], poses=12, out=tmp_path) == summary


@pytest.mark.slow
def test_all_methods_run_and_turning_helps(data: Path) -> None:
    measures = evaluate_cross_view(data, poses=24)["measures"]
    assert list(measures) == list(METHODS)
    for method in ("lifted-procrustes", "view-invariant"):
        assert measures[method]["hit@1/true"] > measures["random"]["hit@1/true"]


def test_an_unknown_method_is_refused(data: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'view-invariant'"):
        evaluate_cross_view(data, methods=["view-invariance"])
