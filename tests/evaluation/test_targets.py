"""Who asks for whom: the annotated people that the protocols of retrieval and of the match use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contrapposto import demo, skeleton
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import AnnotatedPerson
from contrapposto.evaluation.retrieval import evaluate_retrieval
from contrapposto.evaluation.targets import DEMO, POSES, nearest_person, read_targets
from contrapposto.records import Box
from contrapposto.training import poses3d
from tests.search.people import person, pose


def test_people_of_the_built_in_collection() -> None:
    targets = read_targets(Path(DEMO))
    assert len(targets) > 300
    assert targets.keypoints3d is not None
    assert targets.shown is not None
    for label, keypoints, (item, annotated), cluster in zip(
        targets.labels, targets.keypoints, targets.shown, targets.clusters, strict=True
    ):
        file, _, number = label.partition(":")
        true = demo.truth().of(file)[int(number) - 1]
        np.testing.assert_array_equal(keypoints, true.keypoints)
        np.testing.assert_array_equal(annotated.keypoints, true.keypoints)
        assert item.file == demo.photos() / file
        assert item.cluster == cluster
        limbs = keypoints[5:]
        assert (limbs >= 0).all()
        assert (limbs <= true.size).all()
    together = [targets.clusters[row] for row, label in enumerate(targets.labels) if label.startswith("photo_002")]
    assert len(together) > 1
    assert len(set(together)) == 1


def written_motion(folder: Path, name: str, frames: int) -> None:
    """A table in which somebody walks off with swinging arms."""
    names = ("head", *skeleton.LIMB_JOINTS)
    standing = {"head": (0, 150, 0), "shoulder": (18, 140, 0), "elbow": (25, 112, 0), "wrist": (28, 88, 5)}
    standing |= {"hip": (10, 90, 0), "knee": (11, 48, 2), "ankle": (11, 8, 0)}
    places = np.array([standing[name.split("_")[-1]] for name in names], dtype=float)
    places[[name.startswith("right") for name in names], 0] *= -1
    xyz = np.repeat(places[None], frames, axis=0)
    xyz[:, :, 2] += np.arange(frames)[:, None]
    xyz[:, names.index("left_wrist"), 2] += 20 * np.sin(np.arange(frames))
    table = {"xyz": xyz.astype(np.float32), "clip": np.array(["walk"]), "start": np.array([0])}
    np.savez(folder / name, **table, length=np.array([frames]), joint_names=np.array(names))


def test_each_pose_of_a_table_is_seen_twice(tmp_path: Path) -> None:
    written_motion(tmp_path, poses3d.BANDAI, 12)
    targets = read_targets(tmp_path, "bandai")
    assert len(targets) == 24
    assert targets.shown is None
    assert targets.keypoints3d is not None
    assert targets.simulated is not None
    assert [label.rpartition(":")[2] for label in targets.labels[:4]] == ["0", "1", "0", "1"]
    again = read_targets(tmp_path)
    np.testing.assert_array_equal(again.keypoints, targets.keypoints)
    assert POSES > 12
    with pytest.raises(DataError, match="no split 'train': choose one of bandai, cmu"):
        read_targets(tmp_path, "train")


def test_methods_that_need_what_the_data_has_not(tmp_path: Path) -> None:
    written_motion(tmp_path, poses3d.BANDAI, 6)
    with pytest.raises(DataError, match="'imagenet' needs photos"):
        evaluate_retrieval(tmp_path, methods=["imagenet"])
    with pytest.raises(DataError, match="did you mean 'procrustes'"):
        evaluate_retrieval(tmp_path, methods=["procrustean"])
    summary = evaluate_retrieval(tmp_path, methods=["random", "oracle-procrustes", "oracle-3d", "oracle"])
    measures = summary["measures"]
    assert summary["n"] == 12
    assert measures["oracle-procrustes"]["distance@1/procrustes"] == pytest.approx(0, abs=1e-6)  # its other view
    for metric, ending in (("oracle", ""), ("oracle-3d", "/3d"), ("oracle-procrustes", "/procrustes")):
        assert measures[metric][f"ndcg@10{ending}"] == pytest.approx(1)
        best = min(row[f"distance@1{ending}"] for row in measures.values())
        assert measures[metric][f"distance@1{ending}"] == pytest.approx(best)


def test_the_nearest_person_is_the_annotated_one() -> None:
    near, far = pose(left_wrist=(60, 80)), pose()
    far = type(far)(far.keypoints + 500)
    annotated = AnnotatedPerson(pose().keypoints, Box(0, 0, 100, 180), 9540)
    assert nearest_person([], annotated) is None
    for people in ([person(near), person(far)], [person(far), person(near)]):
        chosen = nearest_person(people, annotated)
        assert chosen is not None
        np.testing.assert_array_equal(chosen.keypoints, near.keypoints)
