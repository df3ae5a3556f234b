import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.evaluation.datasets import read_keypoint_set
from contrapposto.evaluation.retrieval_metrics import (
    RetrievalScores,
    rank_by,
    same_scene,
    score_ranking,
    side_blind_distances,
    true_distances,
)

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("CONTRAPPOSTO_DATA", REPOSITORY.parent / "shared" / "data"))

NAMES = list(skeleton.LIMB_JOINTS)
SIDES = [NAMES.index(n.replace("left", "#").replace("right", "left").replace("#", "right")) for n in NAMES]


def poses(count: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0, 300, (count, 12, 2))


# --- true distances ---------------------------------------------------------------------------------------------


def test_true_distance_by_hand() -> None:
    # Two poses with box 128 x 128, so scale 1. One joint differs: it moves by 12 px down inside the box.
    # The second mean moves by 1 px, so after centring that joint is 11 off and the other eleven are 1 off:
    # (11 + 11 * 1) / 12 = 22 / 12.
    first = np.full((12, 2), 64.0)
    first[0], first[1] = [0, 0], [128, 128]
    second = first.copy()
    second[5] += [0, 12]
    distances = true_distances(np.array([first, second]))
    np.testing.assert_allclose(distances, [[0, 22 / 12], [22 / 12, 0]], atol=1e-12)
    # The same two poses at half and double size, elsewhere in the picture.
    moved = true_distances(np.array([first / 2 + 900, second * 2 - 31]))
    np.testing.assert_allclose(moved, distances, atol=1e-12)


def test_true_distances_agree_with_pure_python() -> None:
    joints = poses(7)

    def naive(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        shapes = []
        for pose in (a, b):
            xs, ys = [float(p[0]) for p in pose], [float(p[1]) for p in pose]
            side = max(max(xs) - min(xs), max(ys) - min(ys))
            cx, cy = sum(xs) / 12, sum(ys) / 12
            shapes.append([((x - cx) * 128 / side, (y - cy) * 128 / side) for x, y in zip(xs, ys, strict=True)])
        return sum(math.dist(p, q) for p, q in zip(*shapes, strict=True)) / 12

    strict = [[naive(a, b) for b in joints] for a in joints]
    blind = [[min(naive(a, b), naive(a, b[SIDES])) for b in joints] for a in joints]
    np.testing.assert_allclose(true_distances(joints), strict, atol=1e-9)
    np.testing.assert_allclose(side_blind_distances(joints), blind, atol=1e-9)


def test_blocks_leave_no_seam() -> None:
    joints = poses(300)
    whole = true_distances(joints)
    np.testing.assert_allclose(whole, whole.T, atol=1e-9)
    np.testing.assert_allclose(
        true_distances(joints[250:260], joints[120:140]), whole[250:260, 120:140], atol=1e-12
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-1000, 1000), st.floats(-1000, 1000), st.booleans())
def test_moving_and_scaling_a_pose_changes_nothing(
    seed: int, scale: float, across: float, down: float, side_blind: bool
) -> None:
    measure = side_blind_distances if side_blind else true_distances
    joints = poses(3, seed)
    changed = joints.copy()
    changed[1] = changed[1] * scale + [across, down]
    np.testing.assert_allclose(measure(changed), measure(joints), atol=1e-6)


def test_swapped_labels_are_no_difference_to_the_side_blind_distance_only() -> None:
    joints = poses(4)
    swapped = joints[:, SIDES]
    np.testing.assert_array_equal(swapped[:, SIDES], joints)
    np.testing.assert_allclose(np.diag(side_blind_distances(joints, swapped)), 0, atol=1e-9)
    assert (np.diag(true_distances(joints, swapped)) > 5).all()
    np.testing.assert_allclose(side_blind_distances(joints, swapped), side_blind_distances(joints), atol=1e-9)
    # Mirroring the picture is another thing: it does not bring the distance to 0.
    mirrored = joints * [-1, 1]
    assert (np.diag(side_blind_distances(joints, mirrored)) > 5).all()
    # Mirroring both poses, or swapping the labels of both, changes no distance.
    np.testing.assert_allclose(true_distances(mirrored), true_distances(joints), atol=1e-9)
    np.testing.assert_allclose(true_distances(swapped), true_distances(joints), atol=1e-9)


def test_true_distances_refuse_what_they_cannot_compare() -> None:
    unseen = poses(2)
    unseen[1, 3] = np.nan
    with pytest.raises(ValueError, match="all 12 limb joints"):
        true_distances(unseen)
    with pytest.raises(ValueError, match="no scale"):
        true_distances(np.ones((1, 12, 2)))
    with pytest.raises(ValueError, match=r"\(N, 12, 2\)"):
        true_distances(np.ones((1, 17, 2)))
    assert true_distances(np.zeros((0, 12, 2))).shape == (0, 0)


# --- measures of one ranking, by hand ---------------------------------------------------------------------------


def one(truth: list[float], order: list[int], excluded: list[int] | None = None) -> dict[str, float]:
    mask = np.zeros((1, len(truth)), dtype=bool)
    mask[0, excluded or []] = True
    return score_ranking(np.array([truth]), np.array([order]), mask).measures


def test_distance_is_the_mean_of_the_first_k() -> None:
    measures = one([4, 10, 1, 7], [1, 2, 0, 3])
    assert measures["distance@1"] == 10
    assert measures["distance@2"] == 5.5  # 10, 1
    assert measures["distance@3"] == 5  # 10, 1, 4
    assert measures["distance@10"] == 5.5  # only four there: 22 / 4


def test_ndcg_by_hand() -> None:
    # Gains 1/(d+1): 1 for d = 0, 1/2 for d = 1, 1/4 for d = 3. Discounts 1, 1/log2(3), 1/2.
    third = 1 / math.log2(3)
    got = (0.25 + third * 1 + 0.5 * 0.5) / (1 + third * 0.5 + 0.5 * 0.25)
    assert one([0, 1, 3], [2, 0, 1])["ndcg@10"] == pytest.approx(got, abs=1e-12)
    # Cut at 10: the eleventh item does not count, in the ranking nor in the ideal.
    truth = [9.0] * 10 + [0.0]
    last = one(truth, list(range(11)))
    weights = [1 / math.log2(i + 1) for i in range(1, 11)]
    ideal = weights[0] * 1 + sum(weights[1:]) * 0.1
    assert last["ndcg@10"] == pytest.approx(sum(weights) * 0.1 / ideal, abs=1e-12)
    assert last["ndcg@20"] > last["ndcg@10"]


def test_hit_nn_and_hit_rank50_are_each_other_transposed() -> None:
    # 200 items whose true order is their number.
    truth = [float(i) for i in range(200)]
    rest = list(range(200))

    def order(*first: int) -> list[int]:
        return [*first, *(i for i in rest if i not in first)]

    # hit_nn: the 50 nearest are 0..49.
    assert one(truth, order(49))["hit_nn@1"] == 1
    assert one(truth, order(50))["hit_nn@1"] == 0
    assert one(truth, order(60, 61, 62, 63, 64))["hit_nn@5"] == 0
    assert one(truth, order(60, 61, 62, 63, 3))["hit_nn@5"] == 1
    assert one(truth, order(60, 61, 62, 63, 64, 3))["hit_nn@5"] == 0
    # hit_rank50: where do the nearest land? Put far items in front so that item 0 gets rank 50, then 51.
    for front, hit in ((50, 1), (51, 0)):
        far = list(range(100, 100 + front))
        measures = one(truth, order(*far))
        assert measures["hit_rank50@1"] == hit
        assert measures["hit_rank50@10"] == hit
    # Item 4, the fifth nearest, in front, the four nearer ones behind 60 others.
    measures = one(truth, order(4, *range(100, 160)))
    assert (measures["hit_rank50@1"], measures["hit_rank50@5"]) == (0, 1)


def test_absolute_and_relative_hits_by_hand() -> None:
    truth = [12, 15, 15.5, 22, 22.5, 90, 91, 92, 93, 94, 95, 14]
    first = one(truth, [1, 2, 5, 6, 7, 0, 3, 4, 8, 9, 10, 11])
    assert (first["hit_abs_any@1"], first["hit_abs_share@1"]) == (1, 1)  # 15 is still close
    assert first["hit_abs_share@5"] == pytest.approx(1 / 5)
    assert first["hit_abs_share@10"] == pytest.approx(2 / 10)  # 15 and 12
    second = one(truth, [2, 5, 6, 7, 8, 1, 0, 3, 4, 9, 10, 11])
    assert (second["hit_abs_any@1"], second["hit_abs_any@5"], second["hit_abs_any@10"]) == (0, 0, 1)
    # The nearest is 12 away: up to 22 is a relative hit.
    rest = [i for i in range(12) if i not in (3, 4)]
    assert one(truth, [3, 4, *rest])["hit_rel@1"] == 1
    assert one(truth, [4, 3, *rest])["hit_rel@1"] == 0
    assert one(truth, [4, 3, *rest])["hit_rel@5"] == 1


def test_excluded_items_do_not_exist() -> None:
    # Without columns 1 (the nearest) and 3 the ranking 1, 3, 2, 0 is 2, 0 with true distances 30, 12.
    measures = one([12, 1, 30, 2], [1, 3, 2, 0], excluded=[1, 3])
    assert measures["distance@1"] == 30
    assert measures["distance@5"] == 21
    assert measures["hit_rel@1"] == 0  # nearest allowed is 12: 30 > 22
    assert measures["hit_rel@5"] == 1
    assert measures["hit_abs_share@5"] == 0.5  # of the two that are there
    # The truth of excluded pairs is never looked at.
    assert one([12, math.nan, 30, -1], [1, 3, 2, 0], excluded=[1, 3]) == measures


def test_queries_without_a_gallery_are_left_out_and_counted() -> None:
    truth = np.array([[0.0, 4.0], [4.0, 0.0], [8.0, 2.0]])
    mask = np.array([[True, False], [True, True], [False, False]])
    scores = score_ranking(truth, rank_by(truth), mask)
    assert (scores.scored, scores.left_out) == (2, 1)
    np.testing.assert_array_equal(scores.per_query["distance@1"], [4, np.nan, 2])
    assert scores.measures["distance@1"] == 3
    nothing = score_ranking(truth[1:2], rank_by(truth[1:2]), mask[1:2])
    assert (nothing.measures, nothing.per_query, nothing.left_out) == ({}, {}, 1)
    empty = score_ranking(np.zeros((2, 0)), np.zeros((2, 0), dtype=int))
    assert (empty.measures, empty.scored, empty.left_out) == ({}, 0, 2)


def test_ranking_ties_keep_the_order_of_the_gallery_and_missing_comes_last() -> None:
    predicted = np.array([[2, 1, np.nan, 1, np.inf, 0]])
    np.testing.assert_array_equal(rank_by(predicted), [[5, 1, 3, 0, 2, 4]])


def test_equal_true_distances_all_belong_to_the_nearest() -> None:
    # 49 at distance 1, then three at 2, then far: "the 50 nearest" takes in all three at 2.
    truth = [1.0] * 49 + [2.0] * 3 + [30.0] * 10
    for item in (49, 50, 51):
        assert one(truth, [item, *(i for i in range(62) if i != item)])["hit_nn@1"] == 1
    assert one(truth, [52, *(i for i in range(62) if i != 52)])["hit_nn@1"] == 0
    # Two nearest at distance 1: either one within the first 51 answers hit_rank50@1.
    truth = [1.0, 1.0] + [50.0] * 80
    assert one(truth, [1, *range(2, 82), 0])["hit_rank50@1"] == 1


def test_same_scene_masks_the_item_and_its_cluster() -> None:
    mask = same_scene([4, None, 4, None, 9])
    expected = np.eye(5, dtype=bool)
    expected[0, 2] = expected[2, 0] = True
    np.testing.assert_array_equal(mask, expected)
    assert same_scene([]).shape == (0, 0)


def test_bad_input_is_refused() -> None:
    truth = np.array([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"\(Q, G\) alike"):
        score_ranking(truth, np.array([[0, 1, 2]]))
    with pytest.raises(ValueError, match="every column"):
        score_ranking(truth, np.array([[0, 0]]))
    with pytest.raises(ValueError, match="finite and at least 0"):
        score_ranking(np.array([[1.0, np.nan]]), np.array([[0, 1]]))
    with pytest.raises(ValueError, match="finite and at least 0"):
        score_ranking(np.array([[1.0, -2.0]]), np.array([[0, 1]]))


# --- against an independent computation, and invariants -----------------------------------------------------------


def naive_measures(truth: list[float], order: list[int], excluded: list[bool]) -> dict[str, float]:
    """One query in plain Python, with sets of items where the library compares distances."""
    ranked = [i for i in order if not excluded[i]]
    ideal = sorted(ranked, key=lambda i: truth[i])

    def nearest(k: int) -> set[int]:
        bound = truth[ideal[min(k, len(ideal)) - 1]]
        return {i for i in ranked if truth[i] <= bound}

    result = {}
    for k in range(1, 11):
        first = [truth[i] for i in ranked[:k]]
        result[f"distance@{k}"] = sum(first) / len(first)
    for p in range(10, 101, 10):
        gain, best = (
            sum(1 / (truth[i] + 1) / math.log2(n + 1) for n, i in enumerate(items[:p], start=1))
            for items in (ranked, ideal)
        )
        result[f"ndcg@{p}"] = gain / best
    for k in (1, 5, 10):
        first_items = ranked[:k]
        near = [i for i in first_items if truth[i] <= 15]
        result[f"hit_nn@{k}"] = float(bool(nearest(50) & set(first_items)))
        result[f"hit_rank50@{k}"] = float(any(ranked.index(i) <= 50 for i in nearest(k)))
        result[f"hit_abs_any@{k}"] = float(len(near) > 0)
        result[f"hit_abs_share@{k}"] = len(near) / len(first_items)
        result[f"hit_rel@{k}"] = float(any(truth[i] <= truth[ideal[0]] + 10 for i in first_items))
    return result


def random_case(
    queries: int, gallery: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.bool_]]:
    generator = np.random.default_rng(seed)
    # Rounded to whole pixels, so that true distances tie often.
    truth = generator.uniform(5, 60, (queries, gallery)).round()
    order = rank_by(truth + generator.normal(0, 30, truth.shape))
    return truth, order, generator.random(truth.shape) < 0.2


def check_against_naive(
    scores: RetrievalScores, truth: NDArray[np.float64], order: NDArray[np.intp], excluded: NDArray[np.bool_]
) -> None:
    rows = [
        naive_measures(t.tolist(), o.tolist(), e.tolist()) for t, o, e in zip(truth, order, excluded, strict=True)
    ]
    assert scores.per_query.keys() == rows[0].keys()
    for name, values in scores.per_query.items():
        np.testing.assert_allclose(values, [row[name] for row in rows], atol=1e-10, err_msg=name)
        assert scores.measures[name] == pytest.approx(sum(row[name] for row in rows) / len(rows), abs=1e-10)


@pytest.mark.parametrize(("queries", "gallery"), [(140, 150), (20, 60), (30, 12), (40, 3)])
def test_agrees_with_plain_python(queries: int, gallery: int) -> None:
    truth, order, excluded = random_case(queries, gallery, seed=gallery)
    keep = ~excluded.all(axis=1)
    truth, order, excluded = truth[keep], order[keep], excluded[keep]
    check_against_naive(score_ranking(truth, order, excluded), truth, order, excluded)


def test_order_of_the_gallery_does_not_matter_without_ties() -> None:
    generator = np.random.default_rng(5)
    truth, predicted = generator.uniform(0, 60, (30, 80)), generator.random((30, 80))
    excluded = generator.random((30, 80)) < 0.1
    shuffle = generator.permutation(80)
    plain = score_ranking(truth, rank_by(predicted), excluded).per_query
    shuffled = score_ranking(truth[:, shuffle], rank_by(predicted[:, shuffle]), excluded[:, shuffle]).per_query
    for name, values in plain.items():
        np.testing.assert_allclose(shuffled[name], values, atol=1e-12, err_msg=name)


def test_oracle_is_the_bound_of_every_ranking() -> None:
    truth, order, excluded = random_case(60, 120, seed=9)
    oracle = score_ranking(truth, rank_by(truth), excluded)
    for name, value in oracle.measures.items():
        if name.startswith(("ndcg", "hit_nn", "hit_rank50", "hit_rel")):
            assert value == pytest.approx(1, abs=1e-12), name
    other = score_ranking(truth, order, excluded).per_query
    for name, values in other.items():
        sign = -1 if name.startswith("distance") else 1
        assert (sign * values <= sign * oracle.per_query[name] + 1e-9).all(), name
        if not name.startswith("distance"):
            assert ((values >= 0) & (values <= 1 + 1e-12)).all(), name


def test_chance_of_the_published_hits() -> None:
    # Chance of hit_rank50@k with G items: 1 - (1 - 51/G)^k, of hit_nn@1: 50/G. Here G = 255: .2, .36.. and .196.
    generator = np.random.default_rng(2)
    truth = generator.random((4000, 255))
    measures = score_ranking(truth, rank_by(generator.random(truth.shape))).measures
    assert measures["hit_rank50@1"] == pytest.approx(51 / 255, abs=0.03)
    assert measures["hit_rank50@5"] == pytest.approx(1 - (1 - 51 / 255) ** 5, abs=0.03)
    assert measures["hit_nn@1"] == pytest.approx(50 / 255, abs=0.03)


@pytest.mark.real_data
def test_random_and_oracle_rows_on_lsp_extended_are_near_the_known_ones() -> None:
    if not (DATA / "lspe").is_dir():
        pytest.skip(f"no folder lspe in {DATA}")
    items = [
        item
        for item in read_keypoint_set(DATA / "lspe", "test").items
        if np.isfinite(item.people[0].keypoints[5:]).all()
    ]
    joints = np.array([item.people[0].keypoints[5:] for item in items])
    excluded = same_scene([item.cluster for item in items])
    chance = rank_by(np.random.default_rng(0).random(excluded.shape))
    assert len(items) == 455
    # Known from another subset of the same photos: random 57.7 strict and 52.5 side-blind.
    for measure, known in ((true_distances, 57.7), (side_blind_distances, 52.5)):
        truth = measure(joints)
        assert score_ranking(truth, chance, excluded).measures["distance@10"] == pytest.approx(known, abs=1.5)
        assert score_ranking(truth, rank_by(truth), excluded).measures["distance@1"] < 20
