"""`contrapposto evaluate` on tiny keypoint sets whose figures are known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contrapposto.poses import weights_digest
from contrapposto.skeleton import KEYPOINTS
from tests.cli.conftest import Program
from tests.drawn import draw, keypoints

POSES = [(0, 0), (60, 30), (130, 60), (190, 10), (250, 90), (20, 120)]


def keypoint_set(folder: Path, shift: float = 0.0, lost: tuple[int, ...] = ()) -> Path:
    """Six photos of one person each; the annotation is what the drawn people are, moved right by `shift` pixels.
    In the photos `lost` nobody will be found."""
    truth = []
    for number, pose in enumerate(POSES):
        draw(folder / f"images/{number}.png", people=0 if number in lost else 1, pose=pose, size=(200, 150))
        truth.append(keypoints(1, *pose, 200, 150) + np.array([shift, 0]))
    np.savez(
        folder / "joints.npz",
        file_name=np.array([f"{number}.png" for number in range(len(POSES))]),
        joints=np.array(truth, np.float32),
        visible=np.ones((len(POSES), 17), bool),
        size=np.tile([200, 150], (len(POSES), 1)),
        cluster=np.arange(len(POSES)),
        joint_names=np.array(KEYPOINTS),
    )
    return folder


def test_keypoints_found_exactly(program: Program, tmp_path: Path) -> None:
    data = keypoint_set(tmp_path / "tiny")
    outcome = program("evaluate", "keypoints", "--data", data, "--json")
    assert outcome.status == 0
    summary = outcome.json
    assert (summary["task"], summary["data"], summary["split"], summary["n"]) == ("keypoints", "tiny", None, 6)
    (measures,) = summary["measures"].values()
    assert measures["oks"] == pytest.approx(1, abs=1e-3)
    assert measures["pck@0.2"] == 1
    assert measures["recall@oks0.5"] == 1


def test_keypoints_of_people_who_are_not_found_count_0(program: Program, tmp_path: Path) -> None:
    data = keypoint_set(tmp_path / "tiny", lost=(1, 4))
    (measures,) = program("evaluate", "keypoints", "--data", data, "--json").json["measures"].values()
    assert measures["oks"] == pytest.approx(4 / 6, abs=1e-3)
    assert measures["recall@oks0.5"] == pytest.approx(4 / 6)


def test_keypoints_far_off(program: Program, tmp_path: Path) -> None:
    data = keypoint_set(tmp_path / "tiny", shift=100)
    (measures,) = program("evaluate", "keypoints", "--data", data, "--json").json["measures"].values()
    assert measures["oks"] < 0.01
    assert measures["pck@0.2"] == 0


def test_split_out_and_text(program: Program, tmp_path: Path) -> None:
    data = keypoint_set(tmp_path / "tiny")
    rows = ["file,split,cluster"] + [f"{n}.png,{'test' if n < 4 else 'train'},{n}" for n in range(6)]
    (data / "split.csv").write_text("\n".join(rows) + "\n")
    out = tmp_path / "run"
    text = program("evaluate", "keypoints", "--data", data, "--split", "test", "--out", out)
    assert text.status == 0
    assert "keypoints on tiny, split test: n = 4" in text.out
    assert "oks" in text.out
    assert any(out.iterdir())
    again = program("evaluate", "keypoints", "--data", data, "--split", "test", "--out", out)
    assert again.out == text.out
    other = program("evaluate", "keypoints", "--data", data, "--split", "train", "--out", out)
    assert other.status == 2
    assert "another configuration" in other.err
    assert (
        program("evaluate", "keypoints", "--data", data, "--split", "train", "--out", out, "--overwrite").status
        == 0
    )


def test_retrieval(program: Program, tmp_path: Path) -> None:
    """People that are found exactly rank as the truth does; at random they do not."""
    data = keypoint_set(tmp_path / "tiny")
    methods = ["--method", "keypoints-2d", "--method", "oracle", "--method", "random"]
    outcome = program("evaluate", "retrieval", "--data", data, *methods, "--json")
    assert outcome.status == 0
    measures = outcome.json["measures"]
    assert list(measures) == ["keypoints-2d", "oracle", "random"]
    assert outcome.json["n"] == 6
    assert measures["oracle"]["ndcg@10"] == pytest.approx(1)
    for name in ("distance@1", "distance@10", "ndcg@10"):
        assert measures["keypoints-2d"][name] == pytest.approx(measures["oracle"][name], abs=1e-6)
    assert measures["random"]["distance@1"] > measures["oracle"]["distance@1"]
    text = program("evaluate", "retrieval", "--data", data, *methods)
    assert "oracle" in text.out.splitlines()[1]


def embedding_file(path: Path, side: int | str = 8) -> Path:
    """A network whose embedding of a picture is its mean colour."""
    from onnx import TensorProto, helper, save

    path.parent.mkdir(parents=True)
    node = helper.make_node("ReduceMean", ["image", "axes"], ["embedding"], keepdims=0)
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, side, side])
    found = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph([node], "mean", [image], [found], [axes])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


def test_an_embedding_that_was_trained_is_a_method(program: Program, tmp_path: Path) -> None:
    """Called as its folder; the colours of the drawn people tell their poses."""
    pytest.importorskip("onnx")
    data = keypoint_set(tmp_path / "tiny")
    file = embedding_file(tmp_path / "mean-colour" / "it.onnx")
    outcome = program(
        "evaluate", "retrieval", "--data", data, "--embedding", file, "--out", tmp_path / "run", "--json"
    )
    assert outcome.status == 0
    assert list(outcome.json["measures"]) == ["mean-colour"]
    config = (tmp_path / "run" / "mean-colour" / "config.json").read_text()
    assert weights_digest(file) in config
    both = program("evaluate", "retrieval", "--data", data, "--embedding", file, "--method", "random", "--json")
    assert list(both.json["measures"]) == ["random", "mean-colour"]
    assert both.json["measures"]["mean-colour"]["distance@1"] < both.json["measures"]["random"]["distance@1"]


def test_embeddings_that_cannot_be_methods(program: Program, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    data = keypoint_set(tmp_path / "tiny")
    first, second = (embedding_file(tmp_path / place / "it" / "a.onnx") for place in "ab")
    free = embedding_file(tmp_path / "free" / "a.onnx", "S")
    for files, said in (
        (["--embedding", first, "--embedding", second], "one name"),
        (["--embedding", free], "any size"),
        (["--embedding", tmp_path / "tiny" / "joints.npz"], "cannot be read as ONNX"),
    ):
        outcome = program("evaluate", "retrieval", "--data", data, *files)
        assert (outcome.status, outcome.out) == (2, "")
        assert said in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["keypoints"], "Missing option '--data'"),
        (["keypoints", "--data", "nowhere"], "no folder nowhere"),
        (["retrieval", "--data", "nowhere"], "no folder nowhere"),
        (["keypoints", "--data", "tiny", "--min-keypoints", "0"], "not in the range"),
        (["retrieval", "--data", "tiny", "--method", "orakle"], "did you mean 'oracle'?"),
        (["verses", "--data", "tiny"], "No such command"),
        (["keypoints", "--data", "tiny", "--out", "tiny/joints.npz"], "cannot make the run folder"),
    ],
)
def test_wrong_use(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    keypoint_set(tmp_path / "tiny")
    monkeypatch.chdir(tmp_path)
    outcome = program("evaluate", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err
    assert "Traceback" not in outcome.err
