from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from contrapposto import skeleton
from contrapposto.errors import DataError
from contrapposto.evaluation.datasets import AnnotatedPerson, Item
from contrapposto.evaluation.keypoint_metrics import oks, score_keypoints, torso_length
from contrapposto.records import Box

NOSE = skeleton.INDEX["nose"]
WRIST = skeleton.INDEX["left_wrist"]
AREA = 10_000.0


def points(**places: tuple[float, float]) -> NDArray[np.float64]:
    keypoints = np.full((17, 2), np.nan)
    for name, place in places.items():
        keypoints[skeleton.INDEX[name]] = place
    return keypoints


def upright(x: float = 0.0) -> NDArray[np.float64]:
    """A whole person 300 px high whose torso diagonals are 50 px: 30 across, 40 down."""
    places: dict[str, tuple[float, float]] = {"nose": (x + 15, -40)}
    for side, at in (("left", 30), ("right", 0)):
        places |= {f"{side}_eye": (x + at, -45), f"{side}_ear": (x + at, -42)}
        places |= {f"{side}_shoulder": (x + at, 0), f"{side}_elbow": (x + at, 60), f"{side}_wrist": (x + at, 120)}
        places |= {f"{side}_hip": (x + at, 40), f"{side}_knee": (x + at, 150), f"{side}_ankle": (x + at, 250)}
    return points(**places)


def item(*keypoints: NDArray[np.float64], listed: bool = True, area: float = AREA) -> Item:
    people = tuple(AnnotatedPerson(each, Box(0, 0, 1, 1), area) for each in keypoints)
    return Item(Path("photo.jpg"), 100, 100, None, people, listed)


def found(*keypoints: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array(keypoints).reshape(-1, 17, 2)


def test_oks_by_hand() -> None:
    # Wrist: sigma 0.062, so 2 sigma = 0.124; d = 10 px, area 10,000:
    # 10^2 / (2 * 10,000 * 0.124^2) = 100 / 307.52 = 0.325182; exp(-0.325182) = 0.722396.
    truth = points(left_wrist=(100, 100))
    assert oks(points(left_wrist=(106, 108)), truth, AREA) == pytest.approx(0.722396, abs=1e-6)
    # With an exact nose (1) and a left hip that the prediction does not see (0): (0.722396 + 1 + 0) / 3.
    truth = points(left_wrist=(100, 100), nose=(50, 50), left_hip=(3, 4))
    predicted = points(left_wrist=(106, 108), nose=(50, 50), right_hip=(9, 9))
    assert oks(predicted, truth, AREA) == pytest.approx(0.574132, abs=1e-6)


def test_oks_takes_other_sigmas() -> None:
    truth, predicted = np.zeros((2, 2)), np.array([[0.0, 0.0], [3.0, 4.0]])
    # Second joint: 25 / (2 * 100 * (2 * 0.25)^2) = 0.5.
    expected = (1 + np.exp(-0.5)) / 2
    assert oks(predicted, truth, 100.0, np.array([0.1, 0.25])) == pytest.approx(expected, abs=1e-12)


def test_oks_of_the_truth_is_one_and_grows_with_the_area() -> None:
    assert oks(upright(), upright(), AREA) == 1.0
    assert oks(upright(), upright(), 0.0) == 1.0
    shifted = upright(5)
    assert oks(shifted, upright(), 100.0) < oks(shifted, upright(), 1000.0) < 1


def test_oks_does_not_change_when_everything_is_moved_and_scaled() -> None:
    generator = np.random.default_rng(1)
    predicted = upright() + generator.normal(0, 8, (17, 2))
    plain = oks(predicted, upright(), AREA)
    assert oks(predicted * 3 + 7, upright() * 3 + 7, AREA * 9) == pytest.approx(plain, abs=1e-12)


def test_oks_needs_a_label() -> None:
    with pytest.raises(ValueError, match="at least one labelled joint"):
        oks(upright(), points(), AREA)


def test_torso_is_the_longer_diagonal() -> None:
    torso = {
        "left_shoulder": (0.0, 0.0),
        "right_hip": (3.0, 4.0),
        "right_shoulder": (0.0, 0.0),
        "left_hip": (6.0, 8.0),
    }
    assert torso_length(points(**torso)) == 10
    del torso["left_hip"]
    assert torso_length(points(**torso)) == 5
    del torso["right_hip"]
    assert torso_length(points(**torso)) is None


def test_perfect_predictions() -> None:
    scores = score_keypoints([found(upright(200), upright())], [item(upright(), upright(200))])
    assert scores.measures == {
        "oks": 1.0,
        "oks_side_blind": 1.0,
        "recall@oks0.5": 1.0,
        "recall@oks0.75": 1.0,
        "pck@0.2": 1.0,
        "people_per_image": 2.0,
    }
    assert [row.prediction for row in scores.people] == [1, 0]
    assert [(row.labelled, row.pck_right, row.pck_joints) for row in scores.people] == [(17, 12, 12)] * 2


def test_unmatched_people_count_as_nothing_and_all_wrong() -> None:
    scores = score_keypoints([found(upright())], [item(upright(), upright(500))])
    assert scores.measures["oks"] == 0.5
    assert scores.measures["recall@oks0.75"] == 0.5
    assert scores.measures["pck@0.2"] == 0.5
    assert [row.prediction for row in scores.people] == [0, None]


def test_matching_takes_the_best_pair_first_and_each_prediction_once() -> None:
    # One nose each, area 10,000, 2 sigma = 0.052: e = d^2 / 54.08. The prediction at 10 is 10 from the first
    # person (OKS exp(-1.849)) and 4 from the second (exp(-0.2959)); the one at 0 - 8 is 8 from the first.
    people = item(points(nose=(0, 0)), points(nose=(14, 0)))
    scores = score_keypoints([found(points(nose=(10, 0)), points(nose=(-8, 0)))], [people])
    assert [row.prediction for row in scores.people] == [1, 0]
    assert [row.oks for row in scores.people] == pytest.approx([np.exp(-64 / 54.08), np.exp(-16 / 54.08)])
    # Alone, the prediction at 10 goes to the nearer, second person although the first comes first.
    scores = score_keypoints([found(points(nose=(10, 0)))], [people])
    assert [row.prediction for row in scores.people] == [None, 0]


def test_recall_bounds_are_included() -> None:
    # A nose at the d where exp(-d^2 / 54.08) is a hair above or below the bound.
    for bound, name in ((0.5, "recall@oks0.5"), (0.75, "recall@oks0.75")):
        distance = np.sqrt(-np.log(bound) * 54.08)
        for factor, recall in ((0.999, 1.0), (1.001, 0.0)):
            scores = score_keypoints([found(points(nose=(distance * factor, 0)))], [item(points(nose=(0, 0)))])
            assert scores.measures[name] == recall


def test_pck_pools_limb_joints_within_a_fifth_of_the_torso() -> None:
    # Torso 50, so 10 px is right and more is wrong. The head does not count; an unseen joint is wrong.
    predicted = upright()
    predicted[skeleton.INDEX["left_wrist"]] += [6, 8]
    predicted[skeleton.INDEX["right_wrist"]] += [6, 8.01]
    predicted[skeleton.INDEX["left_ankle"]] = np.nan
    predicted[NOSE] += 500
    # A second person with shoulders and hips hidden has no torso: left out of PCK, not of OKS.
    hidden = upright(1000)
    hidden[[skeleton.INDEX[name] for name in skeleton.GROUPS["torso"]]] = np.nan
    # A third person, not found, with one diagonal and a knee: 3 joints wrong.
    part = points(left_shoulder=(5000, 0), right_hip=(5000, 50), left_knee=(5000, 90))
    scores = score_keypoints([found(predicted, hidden)], [item(upright(), hidden, part)])
    assert scores.measures["pck@0.2"] == pytest.approx(10 / 15)
    assert [(row.pck_right, row.pck_joints) for row in scores.people] == [(10, 12), (0, 0), (0, 3)]


def test_side_blind_oks_takes_the_better_assignment_of_the_same_match() -> None:
    swapped = upright()[skeleton.FLIP]
    scores = score_keypoints([found(swapped)], [item(upright())])
    assert scores.measures["oks"] < 0.9
    assert scores.measures["oks_side_blind"] == 1.0
    right = score_keypoints([found(upright())], [item(upright())])
    assert right.measures["oks_side_blind"] == 1.0
    # Two predictions: the strictly better one is the match, though the other would be perfect when swapped.
    close = upright() + 3
    both = score_keypoints([found(swapped, close)], [item(upright())])
    assert both.people[0].prediction == 1
    assert both.people[0].oks_side_blind == both.people[0].oks < 1


def test_people_without_labels_are_left_out_of_scores_and_matching() -> None:
    scores = score_keypoints([found(upright())], [item(points(), upright(), points(nose=(15, -40)))])
    assert [row.person for row in scores.people] == [1, 2]
    scores = score_keypoints(
        [found(upright())], [item(points(), upright(), points(nose=(15, -40)))], min_keypoints=2
    )
    assert [(row.person, row.oks) for row in scores.people] == [(1, 1.0)]


def test_false_people_are_counted_only_where_surely_nobody_is() -> None:
    truth = [item(), item(), item(listed=False), item(points()), item(upright())]
    predictions = [found(upright(), upright(9)), found(), found(upright()), found(upright()), found(upright())]
    measures = score_keypoints(predictions, truth).measures
    assert measures["false_people_per_image"] == 1.0  # 2 and 0 in the first two
    assert measures["people_per_image"] == 1.0
    assert "false_people_per_image" not in score_keypoints(predictions[2:], truth[2:]).measures


def test_measures_over_nothing_are_absent() -> None:
    assert score_keypoints([], []).measures == {}
    assert score_keypoints([found()], [item()]).measures == {"people_per_image": 0.0, "false_people_per_image": 0.0}
    assert "pck@0.2" not in score_keypoints([found()], [item(points(nose=(1, 1)))]).measures


def test_predictions_must_fit_the_items() -> None:
    with pytest.raises(DataError, match="1 stored predictions for 2 photos"):
        score_keypoints([found()], [item(), item()])
    with pytest.raises(DataError, match=r"photo.jpg have shape \(1, 14, 2\)"):
        score_keypoints([np.zeros((1, 14, 2))], [item()])
    with pytest.raises(ValueError, match="min_keypoints"):
        score_keypoints([], [], min_keypoints=0)


def test_matching_agrees_with_a_search_in_pure_python() -> None:
    """Repeatedly look for the best pair that is left, with OKS written out joint by joint."""
    generator = np.random.default_rng(3)
    for _ in range(20):
        truth = [upright(generator.uniform(0, 60)) for _ in range(4)]
        predictions = [upright(generator.uniform(0, 60)) + generator.normal(0, 9, (17, 2)) for _ in range(3)]
        for keypoints in [*truth, *predictions]:
            keypoints[generator.random(17) < 0.3] = np.nan
        rows = score_keypoints([found(*predictions)], [item(*truth)]).people
        expected = dict.fromkeys(range(4), (None, 0.0))
        people, left = set(range(4)), set(range(3))
        while people and left:
            similarity, n, p = max((_naive_oks(predictions[p], truth[n]), n, p) for n in people for p in left)
            expected[n] = (p, similarity)
            people.remove(n)
            left.remove(p)
        assert [row.prediction for row in rows] == [expected[n][0] for n in range(4)]
        assert [row.oks for row in rows] == pytest.approx([expected[n][1] for n in range(4)], abs=1e-12)


def _naive_oks(predicted: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    parts = []
    for joint, sigma in enumerate(skeleton.OKS_SIGMA):
        if np.isnan(truth[joint, 0]):
            continue
        squared = sum((predicted[joint, axis] - truth[joint, axis]) ** 2 for axis in (0, 1))
        parts.append(0.0 if np.isnan(squared) else float(np.exp(-squared / (8 * AREA * sigma**2))))
    return sum(parts) / len(parts)
