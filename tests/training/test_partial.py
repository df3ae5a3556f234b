"""Asking for part of a pose: losses against plain loops, falling errors, the same by seed, files as networks."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'contrapposto[training]'")

from torch import nn  # noqa: E402

from contrapposto.errors import DataError  # noqa: E402
from contrapposto.networks.condition_query import ConditionQuery  # noqa: E402
from contrapposto.training import conditions  # noqa: E402
from contrapposto.training.conditions import (  # noqa: E402
    ConditionOptions,
    condition_loss,
    forget,
    learn_conditions,
    met,
    misses,
    random_sets,
    signed,
)
from contrapposto.training.embedded import (  # noqa: E402
    EmbeddedPeople,
    embeddings_by_name,
    read_embedded,
    read_head,
    with_face,
)
from contrapposto.training.language import LanguageOptions, cosine_loss, learn_language  # noqa: E402
from contrapposto.training.loop import Schedule  # noqa: E402
from contrapposto.training.masks import MaskOptions, askable, learn_masks, origin_triplets  # noqa: E402
from contrapposto.training.partial import (  # noqa: E402
    LANGUAGE,
    PARTIAL,
    PartialOptions,
    learn_partial,
    train_partial,
)
from tests.training.embedded_people import BITS, WIDTH, embedded_people  # noqa: E402

FEW = Schedule(steps=60, minutes=1.0, warm=2, check=20, device="cpu")
SMALL = PartialOptions(
    language=LanguageOptions(epochs=40, batch=32, rate=1e-2, dropout=0.2, schedule=FEW),
    masks=MaskOptions(epochs=2, steps=5),
    conditions=ConditionOptions(sets=16, people=200, hidden=8, least_of_each=20, schedule=FEW),
)


def head() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(24, 20), nn.ReLU(), nn.Linear(20, WIDTH))


def curve(path: Path) -> list[dict[str, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def test_the_loss_of_the_language_stream_by_hand() -> None:
    found = torch.tensor([[1.0, 0], [0, 2]])
    assert float(cosine_loss(found, torch.tensor([[0.0, 1], [0, 1]]))) == pytest.approx(0.5)


def test_the_triplets_of_masks_as_a_loop() -> None:
    distances = torch.from_numpy(np.random.default_rng(0).uniform(0, 1, (3, 11)))
    naive = [
        np.mean([max(0.0, float(row[p] - row[n]) + 0.2) for p in range(5) for n in range(5, 11)])
        for row in distances
    ]
    np.testing.assert_allclose(origin_triplets(distances, 5, 0.2), naive)


def test_one_step_of_masks_is_plain_gradient_descent() -> None:
    """All masks at once are what one mask alone would be."""
    people = embedded_people(130, unknown=0.0)
    options = MaskOptions(positives=50, negatives=50, epochs=1, steps=1, rate=0.7)
    made = learn_masks(people, options)
    number = 3
    row, value = int(made.rows[number]), bool(made.values[number])
    rng = np.random.default_rng([options.seed, 3])
    for asked, wanted in zip(made.rows[: number + 1], made.values[: number + 1], strict=True):
        sides = [np.flatnonzero((people.true[:, asked] == wanted) == side) for side in (True, False)]
        chosen = [rng.choice(side, 50, replace=False, shuffle=False) for side in sides]
    mask = torch.ones(WIDTH, requires_grad=True)
    near, far = ((torch.from_numpy(people.embeddings[side]) * mask).norm(dim=1) for side in chosen)
    loss = (near[:, None] - far[None] + 0.2).clamp(min=0).mean()
    loss.backward()
    assert (row, value) == (int(made.rows[2]), False)
    np.testing.assert_allclose(made.masks[number], 1 - 0.7 * mask.grad, atol=1e-5)


def test_masks_bring_those_who_have_the_value_nearer(tmp_path: Path) -> None:
    people = embedded_people(600)
    options = MaskOptions(rate=3.0)
    made = learn_masks(people, options, tmp_path / "masks.csv")
    rows = curve(tmp_path / "masks.csv")
    assert len(rows) == 100
    assert rows[0]["loss"] == pytest.approx(0.2, abs=1e-3)
    assert rows[-1]["loss"] < 0.185
    for row, value, mask in zip(made.rows, made.values, made.masks, strict=True):
        distances = np.linalg.norm(people.embeddings * mask, axis=1)
        has, known = people.true[:, row] == value, people.known[:, row]
        assert distances[has & known].mean() < distances[~has & known].mean()
    assert np.array_equal(made.masks, learn_masks(people, options).masks)
    assert not np.array_equal(made.masks, learn_masks(people, replace(options, seed=1)).masks)
    table = made.table(BITS)
    assert table.shape == (2 * BITS, WIDTH)
    np.testing.assert_array_equal(table[made.rows[1] + BITS], made.masks[1])


def test_rare_posebits_get_no_mask() -> None:
    people = embedded_people(300, unknown=0.0)
    people.true[:, 0] = np.arange(300) < 54
    people.true[:, 1] = np.arange(300) >= 54
    assert not {0, 1} & set(askable(people.true, people.known, 55).tolist())
    assert np.isnan(learn_masks(people, MaskOptions(epochs=1, steps=1)).table(BITS)[[0, 1, BITS, BITS + 1]]).all()
    assert len(learn_masks(embedded_people(30)).rows) == 0


def test_who_meets_a_set_as_a_loop() -> None:
    random = np.random.default_rng(0)
    answers = random.integers(-1, 2, (6, 40)).astype(np.int8)
    rows = np.array([[0, 3, -1], [5, -1, -1], [1, 2, 4]])
    values = random.random(rows.shape) < 0.5
    found = met(answers, rows, values)
    for number in range(3):
        pairs = [(row, value) for row, value in zip(rows[number], values[number], strict=True) if row >= 0]
        for person in range(40):
            agree = [int(answers[row, person]) * (1 if value else -1) for row, value in pairs]
            expected = -1 if -1 in agree else 0 if 0 in agree else 1
            assert found[number, person] == expected


def test_random_sets_are_met_by_enough() -> None:
    people = embedded_people(400)
    options = replace(SMALL.conditions, least_meeting=0.05)
    rng = np.random.default_rng(0)
    rows, _, meets = random_sets(signed(people), np.arange(BITS), rng, options, 50)
    assert len(rows) == 50
    assert {int((row >= 0).sum()) for row in rows} == {1, 2, 3, 4}
    assert int((meets == 1).sum(dim=1).min()) >= 20
    assert all(len(set(row[row >= 0].tolist())) == int((row >= 0).sum()) for row in rows)
    nothing = random_sets(signed(people), np.zeros(0, int), rng, options, 5)
    assert [len(part) for part in nothing] == [0, 0, 0]
    assert float(condition_loss(torch.zeros(0, 400), nothing[2], "both")) == 0.0


def test_losses_of_sets_as_loops() -> None:
    random = np.random.default_rng(1)
    scores, meets = torch.from_numpy(random.normal(size=(3, 9))), torch.from_numpy(random.integers(-1, 2, (3, 9)))
    meets[:, 0], meets[:, 1] = 1, -1
    logistic, ranking = [], []
    for row, known in zip(scores.numpy(), meets.numpy(), strict=True):
        right = [math.log1p(math.exp(-score)) for score in row[known == 1]]
        wrong = [math.log1p(math.exp(score)) for score in row[known == -1]]
        logistic.append((np.mean(right) + np.mean(wrong)) / 2)
        others = sum(math.exp(score) for score in row[known == -1])
        ranking.append(np.mean([-math.log(math.exp(s) / (math.exp(s) + others)) for s in row[known == 1]]))
    assert float(condition_loss(scores, meets, "logistic")) == pytest.approx(np.mean(logistic))
    assert float(condition_loss(scores, meets, "ranking")) == pytest.approx(np.mean(ranking))
    assert float(condition_loss(scores, meets, "both")) == pytest.approx(np.mean(logistic) + np.mean(ranking))


def test_misses_by_hand() -> None:
    scores = torch.tensor([[3.0, 2, 1, 0], [0, 1, 2, 3]])
    meets = torch.tensor([[0, 1, -1, 1], [1, 1, -1, -1]])
    assert misses(scores, meets, 2) == pytest.approx((0.5 + 1) / 2)


def test_errors_fall_and_a_seed_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "HELD_OUT_SETS", 60)
    people, held_out = embedded_people(500), embedded_people(200, seed=1)
    stream, spoken = learn_language(people, held_out, head(), tmp_path / "language", SMALL.language)
    rows = curve(tmp_path / "language" / "curve.csv")
    assert spoken.best == pytest.approx(min(row["apart"] for row in rows), rel=1e-4)
    assert rows[-1]["apart"] < 0.75 * rows[0]["apart"]
    network, learned = learn_conditions(people, held_out, tmp_path / "conditions", SMALL.conditions)
    rows = curve(tmp_path / "conditions" / "curve.csv")
    assert learned.best < 0.6 * rows[0]["miss@10"]
    again, _ = learn_language(people, held_out, head(), tmp_path / "language2", SMALL.language)
    torch.testing.assert_close(again.state_dict(), stream.state_dict(), rtol=0, atol=0)
    other, _ = learn_conditions(people, held_out, tmp_path / "conditions2", SMALL.conditions)
    torch.testing.assert_close(other.state_dict(), network.state_dict(), rtol=0, atol=0)


def test_files_are_as_the_networks(tmp_path: Path) -> None:
    people, held_out = embedded_people(300), embedded_people(100, seed=1)
    trained = learn_partial(people, held_out, head(), tmp_path / "out", SMALL)
    assert trained.difference < 1e-4
    assert trained.language == tmp_path / "out" / LANGUAGE
    assert json.loads((tmp_path / "out" / "language" / "options.json").read_text())["options"]["batch"] == 32
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "out" / PARTIAL), providers=["CPUExecutionProvider"])
    given = np.zeros((3, 2 * BITS), np.float32)
    given[1, 2] = given[2, 2] = given[2, BITS + 4] = 1
    found = dict(
        zip((o.name for o in session.get_outputs()), session.run(None, {"conditions": given}), strict=True)
    )
    assert {name: value.shape for name, value in found.items()} == {
        "weights": (3, WIDTH),
        "centre": (3, WIDTH),
        "offset": (3,),
        "mask": (3, WIDTH),
        "mean": (1, BITS),
        "covariance": (BITS, BITS),
        "learned": (1, 2 * BITS),
    }
    assert found["learned"].all()
    assert not found["mask"][0].any()
    mean = (people.true & people.known).sum(axis=0) / people.known.sum(axis=0)
    np.testing.assert_allclose(found["mean"][0], mean, atol=1e-3)


def test_difference_of_another_network_is_seen() -> None:
    from contrapposto.training.export import export, same

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.first(given), self.second(given)

    one, other = Two(), Two()
    other.first = one.first  # the outputs differ in the second alone
    given = torch.ones(3, 2)
    data = export(one, [given], {"name": "one"}, found=("first", "second"))
    assert same(one, data, [given]) < 1e-6
    assert same(other, data, [given]) > 1e-3


def photos(folder: Path, split: str, count: int) -> None:
    """A file of embeddings of people in random poses."""
    random = np.random.default_rng(count)
    joints = random.uniform(0, 100, (count, 17, 2))
    joints[:, :5] = np.nan
    joints[0, 8:] = np.nan
    embeddings = random.normal(size=(count, WIDTH))
    embeddings[1] = np.nan
    names = np.array([f"{split}{number}.jpg" for number in range(count)])
    np.savez(folder / f"{split}.npz", name=names, true=joints, embedding=embeddings, cluster=np.arange(count))


def test_people_are_read_and_those_without_an_embedding_left_out(tmp_path: Path) -> None:
    photos(tmp_path, "val", 20)
    people = read_embedded(tmp_path, "val")
    assert len(people) == 18
    assert people.names[0] == "val2.jpg"
    assert set(np.unique(people.posebytes)) == {-1.0, 0.0, 1.0}
    assert people.known.any(axis=0).sum() > 100, "posebits in space are known by lifting"
    by_name = embeddings_by_name(tmp_path, "val")
    assert np.isnan(by_name["val1.jpg"]).all()
    np.testing.assert_allclose(by_name["val2.jpg"], people.embeddings[0])


def test_faces_that_are_not_annotated_are_taken_as_found() -> None:
    true, found = np.full((2, 17, 2), np.nan), np.full((2, 17, 2), 7.0)
    true[:, 5:] = 3
    true[1, 0] = 4
    true[0, 9] = np.nan
    found[0, 2] = np.nan
    scores = np.full((2, 17), 0.9)
    scores[0, 1] = 0.1
    made = with_face({"true": true, "keypoints": found, "scores": scores})
    assert made[0, [0, 3, 5]].tolist() == [[7, 7], [7, 7], [3, 3]]
    assert np.isnan(made[0, [1, 2, 9]]).all()
    assert made[1, 0].tolist() == [4, 4]
    np.testing.assert_array_equal(with_face({"true": true}), true)


def test_a_network_is_deaf_to_what_it_did_not_learn() -> None:
    network = ConditionQuery(6, 2, 4)
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    forget(network, np.array([0, 2]))
    network.eval()
    people = torch.randn(5, 2)
    nothing, deaf, heard = (
        torch.zeros(1, 6),
        torch.tensor([[0.0, 1, 0, 0, 1, 0]]),
        torch.tensor([[1.0, 1, 0, 0, 1, 0]]),
    )
    torch.testing.assert_close(network.scores(deaf, people), network.scores(nothing, people))
    assert not torch.allclose(network.scores(heard, people), network.scores(nothing, people))


def test_what_is_missing_or_damaged_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no train\.npz"):
        train_partial(tmp_path, tmp_path / "out")
    (tmp_path / "val.npz").write_bytes(b"damaged")
    with pytest.raises(DataError, match="cannot read"):
        read_embedded(tmp_path, "val")
    with pytest.raises(DataError, match="cannot read"):
        embeddings_by_name(tmp_path, "val")
    with pytest.raises(DataError, match=r"has no head\.pt"):
        read_head(tmp_path)
    (tmp_path / "head.pt").write_bytes(b"damaged")
    with pytest.raises(DataError, match="cannot read"):
        read_head(tmp_path)
    torch.save({"0.weight": torch.zeros(2, 3), "0.bias": torch.zeros(2)}, tmp_path / "head.pt")
    assert len(read_head(tmp_path)) == 1
    photos(tmp_path, "few", 2)
    with pytest.raises(DataError, match="nobody"):
        read_embedded(tmp_path, "few")


def test_people_of_one_kind(tmp_path: Path) -> None:
    made = EmbeddedPeople.of((), np.zeros((0, 17, 2)), np.zeros((0, WIDTH)))
    assert len(made) == 0
    assert made.true.shape[0] == 0
