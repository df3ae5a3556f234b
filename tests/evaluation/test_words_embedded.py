"""Asking in words among image embeddings: each method by hand, and whole runs on photos with made-up embeddings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from contrapposto import weights
from contrapposto.errors import DataError
from contrapposto.evaluation import joints3d, words_gallery
from contrapposto.evaluation.words import Setting, _fits, evaluate_words
from contrapposto.evaluation.words_embedded import (
    by_condition_network,
    by_conditional,
    by_direction,
    by_embedding_direction,
    by_embedding_mean,
    by_fused,
    by_fused_single,
    by_imagenet_mean,
    by_origin_mask,
)
from contrapposto.evaluation.words_gallery import Gallery, Learned, embeddings_of, identity, looks_of
from contrapposto.evaluation.words_methods import METHODS as METHODS_BY_NAME
from contrapposto.evaluation.words_people import lifted, read_people
from contrapposto.evaluation.words_questions import Answers, Question
from contrapposto.language.conditions import Bit
from contrapposto.posebits.answers import People
from contrapposto.posebits.measures import Figures
from contrapposto.posebits.table import INDEX, POSEBITS
from contrapposto.records import Box, Person, Pose
from contrapposto.representations.pose_embedding import WEIGHTS
from contrapposto.search.partial_queries import PartialQueries

nan = float("nan")
UP, SHOULDER = Bit("left_wrist_above_head"), Bit("left_wrist_above_left_shoulder")


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def people(count: int) -> People:
    """Nothing is seen of them."""
    points = np.full((count, 17, 2), nan)
    return People(Figures(points, np.full((count, 17, 3), nan)), np.zeros((count, 17)))


@pytest.fixture(scope="module")
def gallery() -> Gallery:
    embeddings = unit(np.random.default_rng(0).normal(size=(30, 128)))
    embeddings[4] = nan
    return Gallery(people(30), embeddings)


@pytest.mark.parametrize("conditions", [(UP,), (UP, Bit("facing_left", False))])
def test_scores_are_those_of_the_queries(gallery: Gallery, conditions: tuple[Bit, ...]) -> None:
    question, queries = Question("two", conditions), PartialQueries()
    assert gallery.embeddings is not None
    query = queries.embed(queries.complete(conditions)[None])[0]
    np.testing.assert_allclose(by_conditional(gallery, None)(question), gallery.embeddings @ query, rtol=1e-4)
    weighted = queries.query(conditions)
    apart = (gallery.embeddings - weighted.centre) ** 2 @ weighted.weights
    found = by_condition_network(gallery, None)(question)
    np.testing.assert_allclose(found, weighted.offset - apart, rtol=1e-3, atol=1e-3)
    squares = sum(gallery.embeddings**2 @ queries.mask([bit]) for bit in conditions)
    np.testing.assert_allclose(by_origin_mask(gallery, None)(question), -squares, rtol=1e-4)
    assert np.flatnonzero(np.isnan(found)).tolist() == [4]


def test_means_of_those_who_meet_it_by_hand() -> None:
    answers = Answers(np.zeros((4, len(POSEBITS)), bool), np.ones((4, len(POSEBITS)), bool))
    answers.true[:2, INDEX[UP.name]] = True
    vectors = unit(np.array([[1, 0], [0, 1], [-1, 0], [0, -1.0]]))
    learned = Learned(answers, vectors, vectors)
    shown = unit(np.array([[1, 1], [-1, -1], [1, 0.0]]))
    for method in (by_embedding_mean, by_imagenet_mean):
        found = method(Gallery(people(3), shown, shown), learned)(Question("above", (UP,)))
        np.testing.assert_allclose(found, [1, -1, np.sqrt(0.5)], rtol=1e-6)


def test_directions_by_hand(gallery: Gallery) -> None:
    """Who stands on the other side of the mean comes last, who stands where the mean is in between."""
    answers = Answers(np.zeros((4, len(POSEBITS)), bool), np.ones((4, len(POSEBITS)), bool))
    answers.true[:2, INDEX[UP.name]] = True
    vectors = unit(np.array([[1, 0.1], [1, -0.1], [0, 1], [0, 1.0]]))
    found = by_embedding_direction(
        Gallery(people(3), unit(np.array([[1, 1], [1, 0], [0, 1.0]]))), Learned(answers, vectors)
    )(Question("above", (UP,)))
    assert np.argsort(-found).tolist() == [1, 0, 2]
    queries = PartialQueries()
    step = queries.embed(queries.complete([SHOULDER])[None])[0] - queries.embed(queries.complete([])[None])[0]
    assert gallery.embeddings is not None
    expected = gallery.embeddings @ (step / np.linalg.norm(step))
    np.testing.assert_allclose(
        by_direction(gallery, None)(Question("above", (SHOULDER,))), expected, rtol=1e-3, atol=1e-5
    )


def test_fusing_is_between_posebits_and_the_network(gallery: Gallery) -> None:
    """People who all look alike to the posebits are ordered by the embedding."""
    points = np.full((30, 17, 2), nan)
    for joint, place in (
        (0, (0, 0)),
        (5, (-20, 30)),
        (6, (20, 30)),
        (11, (-15, 100)),
        (12, (15, 100)),
        (9, (-30, 0)),
    ):
        points[:, joint] = place
    alike = People(Figures(points, np.full((30, 17, 3), nan)), np.isfinite(points[..., 0]).astype(float))
    shown = Gallery(alike, gallery.embeddings)
    question = Question("above", (UP,))
    alone = by_condition_network(shown, None)(question)
    for method in (by_fused, by_fused_single):
        found = method(shown, None)(question)
        assert np.isfinite(found).all()
        known = np.isfinite(alone)
        assert np.argsort(found[known]).tolist() == np.argsort(alone[known]).tolist()


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A keypoint set of grey photos with splits, its people found exactly, and a folder of embeddings."""
    random = np.random.default_rng(0)
    count, folder = 260, tmp_path / "photos"
    (folder / "images").mkdir(parents=True)
    (tmp_path / "embeddings").mkdir()
    joints = random.uniform(5, 60, (count, 14, 2)).astype(np.float32)
    names = [f"{number}.png" for number in range(count)]
    for name in names:
        Image.new("RGB", (64, 64)).save(folder / "images" / name)
    order = "right_ankle right_knee right_hip left_hip left_knee left_ankle right_wrist right_elbow right_shoulder"
    labels = [*order.split(), "left_shoulder", "left_elbow", "left_wrist", "neck", "head_top"]
    np.savez(
        folder / "joints.npz",
        file_name=np.array(names),
        joints=joints,
        visible=np.ones((count, 14), bool),
        size=np.full((count, 2), 64),
        cluster=np.arange(count),
        joint_names=np.array(labels),
    )
    splits = ["train"] * 130 + ["test"] * 130
    rows = [f"{name},{split},{number}" for number, (name, split) in enumerate(zip(names, splits, strict=True))]
    (folder / "split.csv").write_text("\n".join(["file,split,cluster", *rows]), encoding="utf-8")
    embeddings = unit(random.normal(size=(count, 128)))
    embeddings[200] = nan
    for split, part in (("train", slice(0, 130)), ("test", slice(130, None))):
        np.savez(tmp_path / "embeddings" / f"{split}.npz", name=np.array(names[part]), embedding=embeddings[part])
    monkeypatch.setattr(joints3d, "detected", lambda people, _: people.true)
    monkeypatch.setattr("contrapposto.evaluation.words_questions.CONJUNCTIONS", 5)
    return folder


METHODS = ["probability", "conditional", "origin-mask", "condition-network", "embedding-mean-query", "fused"]


@pytest.mark.slow
def test_a_run_with_embeddings(photos: Path, tmp_path: Path) -> None:
    embeddings = tmp_path / "embeddings"
    runs = tmp_path / "runs"
    summary = evaluate_words(photos, "test", methods=METHODS, embeddings=embeddings, out=runs)
    assert list(summary["measures"]) == METHODS
    assert summary["measures"]["probability"]["precision@5"] == 1
    for name in METHODS[1:5]:
        assert 0.3 < summary["measures"][name]["precision@10"] < 0.7, "the embeddings are drawn by chance"
    assert evaluate_words(photos, "test", methods=METHODS, embeddings=embeddings, out=runs) == summary
    config = json.loads((runs / "conditional" / "config.json").read_text(encoding="utf-8"))
    assert {"embeddings", "language-stream", "partial-queries"} <= set(config["weights"])
    with np.load(embeddings / "test.npz") as archive:
        arrays = dict(archive)
    np.savez(embeddings / "test.npz", **{**arrays, "embedding": -arrays["embedding"]})
    with pytest.raises(DataError, match="embeddings"):
        evaluate_words(photos, "test", methods=["conditional"], embeddings=embeddings, out=runs)


def test_lifted_joints_answer_what_the_picture_does_not(photos: Path) -> None:
    flat = evaluate_words(photos, "test", methods=["chance"])
    deep = evaluate_words(photos, "test", methods=["chance"], lifted=True)
    families = [{name.split("/")[-1] for name in run["measures"]["chance"]} for run in (flat, deep)]
    assert "front" not in families[0]
    assert "front" in families[1]
    read = read_people(photos, "test")
    assert Answers.of(lifted(read)).known.sum() > 130 * 100


class Same:
    """An estimator that finds the same people in every photo."""

    name, accurate = "movenet", False

    def __init__(self, *people: Person) -> None:
        self.people = list(people)

    def __call__(self, _: NDArray[np.uint8]) -> list[Person]:
        return self.people


def looked_at(monkeypatch: pytest.MonkeyPatch, *poses: Pose) -> None:
    """Every photo that is looked at shows people in these poses."""
    same = Same(*(Person(Box.around(pose.keypoints), 0.9, pose) for pose in poses))
    monkeypatch.setattr(words_gallery, "make_embedding_estimator", lambda **_: same)


def test_without_a_folder_the_photos_are_looked_at(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = read_people(photos, "test")
    (true,) = read.items[7].people
    vectors = unit(np.random.default_rng(0).normal(size=(2, 128)))
    there, elsewhere = (
        Pose(true.keypoints + away, embedding=vector) for away, vector in zip((0, 1000), vectors, strict=True)
    )
    (tmp_path / "empty").mkdir()
    for folder in (None, tmp_path / "empty"):
        looked_at(monkeypatch, elsewhere, there)
        np.testing.assert_array_equal(embeddings_of(read, folder)[7], there.embedding)
        looked_at(monkeypatch)
        assert np.isnan(embeddings_of(read, folder)).all()
        assert identity(read, folder) == {name: weights.identity(name) for name in WEIGHTS}
    np.savez(tmp_path / "empty" / "test.npz", name=np.array(["x.png"]), embedding=np.zeros((1, 128)))
    with pytest.raises(DataError, match="no embedding of"):
        embeddings_of(read, tmp_path / "empty")
    assert list(identity(read, tmp_path / "empty")) == ["embeddings"]


def test_without_a_folder_what_learns_of_photos_is_left_out(photos: Path) -> None:
    people = read_people(photos, "test")
    for folder, learns in ((None, False), (photos, True)):
        setting = Setting(folder)
        found = {name for name, method in METHODS_BY_NAME.items() if _fits(method, False, people, setting)}
        assert {"probability", "hamming", "mean-query", "chance", "conditional", "fused"} <= found
        assert ("embedding-mean-query" in found, "imagenet-mean" in found) == (learns, learns)


def test_imagenet_features_are_kept_beside_the_embeddings(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Look:
        def __init__(self, **_: object) -> None: ...

        def __call__(self, image: NDArray[np.uint8], region: object) -> NDArray[np.float32]:
            asked.append(image.shape)
            return np.array([0.6, 0.8], np.float32)

    monkeypatch.setattr("contrapposto.features.appearance.Appearance", Look)
    read = read_people(photos, "test")
    for _ in range(2):
        assert looks_of(read, tmp_path / "embeddings", None, None).shape == (130, 2)
    assert len(asked) == 130
    assert len(looks_of(read, None, None, None)) == 130
    (tmp_path / "embeddings" / "imagenet_test.npz").write_bytes(b"damaged")
    with pytest.raises(DataError, match="delete it"):
        looks_of(read, tmp_path / "embeddings", None, None)
    assert words_gallery.JOINT_BOX == 1.3
