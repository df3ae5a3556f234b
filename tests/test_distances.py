"""Pose distances: by hand, against plain loops and SciPy, and by what must not change them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial import procrustes
from scipy.spatial.transform import Rotation

from contrapposto import distances, geometry, skeleton
from contrapposto.distances import METRICS, Comparability, joint_distances, pose_distances, shared_weight

J = skeleton.INDEX
nan = math.nan
few = settings(max_examples=40, derandomize=True, deadline=None, database=None)
seeds = st.integers(0, 2**32 - 1)
DEEP = [name for name, metric in METRICS.items() if metric.dimension == 3]


def pose(**places: tuple[float, float]) -> NDArray[np.float64]:
    points = np.full((17, 2), nan)
    for name, place in places.items():
        points[J[name]] = place
    return points


def weights(**values: float) -> NDArray[np.float64]:
    return np.array([values.get(name, 0.0) for name in skeleton.KEYPOINTS])


def random_poses(seed: int, count: int, hidden: float = 0.25) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    points = random.uniform(-300, 300, (count, 17, 2))
    points[random.random((count, 17)) < hidden] = nan
    return points


def random_weights(seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng(seed + 1)
    return random.uniform(0.1, 2, 17) * (random.random(17) > 0.2)


def turned(points: NDArray[np.float64], radians: float) -> NDArray[np.float64]:
    cosine, sine = math.cos(radians), math.sin(radians)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def naive(
    query: NDArray[np.float64],
    other: NDArray[np.float64],
    weight: NDArray[np.float64],
    min_joints: int = 2,
    min_share: float = 0.5,
) -> tuple[float, list[float]]:
    """The 2D distance and its joint distances as the module's head says, in plain loops."""

    def seen(points: NDArray[np.float64], joint: int) -> bool:
        return math.isfinite(points[joint][0]) and math.isfinite(points[joint][1])

    nothing = (nan, [nan] * 17)
    asked = [joint for joint in range(17) if seen(query, joint) and weight[joint] > 0]
    shared = [joint for joint in asked if seen(other, joint)]
    share = sum(weight[joint] for joint in shared)
    if len(shared) < min_joints or share < min_share * sum(weight[joint] for joint in asked) - 1e-9:
        return nothing
    aligned = []
    for points in (query, other):
        xs, ys = ([points[joint][axis] for joint in shared] for axis in (0, 1))
        side = max(max(xs) - min(xs), max(ys) - min(ys))
        if side == 0:
            return nothing
        centre = [sum(weight[joint] * points[joint][axis] for joint in shared) / share for axis in (0, 1)]
        aligned.append(
            {joint: [(points[joint][axis] - centre[axis]) * 128 / side for axis in (0, 1)] for joint in shared}
        )
    joints = [nan] * 17
    for joint in shared:
        joints[joint] = math.dist(aligned[0][joint], aligned[1][joint])
    return sum(weight[joint] * joints[joint] for joint in shared) / share, joints


L_SHAPE = pose(left_shoulder=(0, 0), right_shoulder=(128, 0), left_hip=(0, 64))
OTHER = pose(left_shoulder=(10, 10), right_shoulder=(74, 10), left_hip=(10, 74))


def test_distance_by_hand() -> None:
    # Query: box 128 x 64, scale 1, mean (128/3, 64/3). Other: box 64 x 64, scale 2, so at (0,0), (128,0), (0,128)
    # about the mean (128/3, 128/3). In x they agree; in y the shoulders differ by -128/3 + 64/3 = -64/3, the hip
    # by (128 - 128/3) - (64 - 64/3) = 128/3. Mean: (64 + 64 + 128) / 9 = 256/9.
    found = pose_distances("2d", L_SHAPE, OTHER[None])
    np.testing.assert_allclose(found, [256 / 9], rtol=1e-12)
    joints = joint_distances("2d", L_SHAPE, OTHER[None])[0]
    assert joints[J["left_shoulder"]] == pytest.approx(64 / 3)
    assert joints[J["right_shoulder"]] == pytest.approx(64 / 3)
    assert joints[J["left_hip"]] == pytest.approx(128 / 3)
    assert np.isnan(joints).sum() == 14


def test_weighted_distance_by_hand() -> None:
    # Weights 1, 1, 2. Means in y: query (0 + 0 + 2 * 64) / 4 = 32, other 2 * 128 / 4 = 64. Shoulders differ by
    # -64 + 32 = -32, the hip by (128 - 64) - (64 - 32) = 32: every joint by 32.
    asked = weights(left_shoulder=1, right_shoulder=1, left_hip=2)
    joints = joint_distances("2d", L_SHAPE, OTHER[None], asked)[0]
    np.testing.assert_allclose(joints[[J["left_shoulder"], J["right_shoulder"], J["left_hip"]]], 32)
    np.testing.assert_allclose(pose_distances("2d", L_SHAPE, OTHER[None], asked), [32])


def test_box_is_of_the_shared_joints_only() -> None:
    # The far ankle, which the other does not see, must not change the scale.
    far = L_SHAPE.copy()
    far[J["left_ankle"]] = (0, 5000)
    np.testing.assert_allclose(pose_distances("2d", far, OTHER[None]), [256 / 9])


@few
@given(seeds, st.booleans(), st.integers(2, 6), st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_distance_agrees_with_plain_loops(seed: int, usual: bool, least: int, share: float) -> None:
    poses = random_poses(seed, 12, hidden=0.35)
    weight = skeleton.DEFAULT_WEIGHTS if usual else random_weights(seed)
    rule = Comparability(least, share)
    distances = pose_distances("2d", poses[0], poses, weight, rule)
    joints = joint_distances("2d", poses[0], poses, weight, rule)
    for row, other in enumerate(poses):
        distance, each = naive(poses[0], other, weight, least, share)
        np.testing.assert_allclose(distances[row], distance, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(joints[row], each, rtol=1e-9, atol=1e-9)


def test_plain_loops_meet_both_outcomes() -> None:
    """The comparison above is worth something only if some pairs are comparable and some are not."""
    poses = random_poses(3, 60, hidden=0.35)
    found = np.isfinite(pose_distances("2d", poses[0], poses))
    assert 10 < found.sum() < 60


@few
@given(seeds, st.floats(0.01, 100), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_moving_and_scaling_change_nothing(seed: int, scale: float, x: float, y: float) -> None:
    poses = random_poses(seed, 6)
    plain = pose_distances("2d", poses[0], poses)
    np.testing.assert_allclose(pose_distances("2d", poses[0] * scale + (x, y), poses), plain, atol=1e-6)
    np.testing.assert_allclose(pose_distances("2d", poses[0], poses * scale + (x, y)), plain, atol=1e-6)


@few
@given(seeds, st.floats(0.3, 2 * math.pi - 0.3))
def test_turning_changes_the_distance(seed: int, radians: float) -> None:
    one = random_poses(seed, 1, hidden=0.1)[0]
    assert pose_distances("2d", one, turned(one, radians)[None])[0] > 3


def test_a_quarter_turn_by_hand() -> None:
    # (0,0), (128,0), (0,64) turned by 90 degrees: (0,0), (0,128), (-64,0); mean (-64/3, 128/3), scale 1.
    # About their means: query (-128/3,-64/3), (256/3,-64/3), (-128/3,128/3); turned (64/3,-128/3), (64/3,256/3),
    # (-128/3,-128/3). Differences (64,-64/3), (-64,320/3), (0,-256/3).
    by_hand = (math.hypot(64, 64 / 3) + math.hypot(64, 320 / 3) + 256 / 3) / 3
    found = pose_distances("2d", L_SHAPE, turned(L_SHAPE, math.pi / 2)[None])
    np.testing.assert_allclose(found, [by_hand])


@few
@given(seeds)
def test_no_distance_to_itself_and_symmetric_on_equal_joints(seed: int) -> None:
    poses = random_poses(seed, 2, hidden=0.0)
    poses[:, np.random.default_rng(seed).random(17) < 0.3] = nan  # both see the same joints
    assume(np.isfinite(poses[0, :, 0]).sum() >= 2)
    weight = random_weights(seed) + 0.1
    there = pose_distances("2d", poses[0], poses, weight)
    back = pose_distances("2d", poses[1], poses, weight)
    assert there[0] == pytest.approx(0, abs=1e-9)
    assert there[1] == pytest.approx(back[0], rel=1e-9)
    assert there[1] > 0


@few
@given(seeds)
def test_mirror_twice_is_identity_and_mirroring_both_changes_nothing(seed: int) -> None:
    poses = random_poses(seed, 5)
    np.testing.assert_array_equal(geometry.mirror(geometry.mirror(poses)), poses)
    weight = random_weights(seed)
    np.testing.assert_allclose(
        pose_distances("2d", poses[0], poses, weight),
        pose_distances("2d", geometry.mirror(poses[0]), geometry.mirror(poses), weight[skeleton.FLIP]),
        atol=1e-9,
    )


@few
@given(seeds, st.permutations(range(9)))
def test_order_and_company_of_the_gallery_do_not_matter(seed: int, order: list[int]) -> None:
    poses = random_poses(seed, 9)
    together = pose_distances("2d", poses[0], poses)
    np.testing.assert_array_equal(pose_distances("2d", poses[0], poses[order]), together[order])
    alone = [pose_distances("2d", poses[0], one[None])[0] for one in poses]
    np.testing.assert_array_equal(alone, together)


@few
@given(seeds, st.integers(0, 16))
def test_a_joint_of_weight_0_or_unseen_changes_nothing(seed: int, joint: int) -> None:
    poses = random_poses(seed, 6)
    weight = random_weights(seed)
    weight[joint] = 0
    plain = pose_distances("2d", poses[0], poses, weight)
    other, hidden, query = poses.copy(), poses.copy(), poses[0].copy()
    other[:, joint] += 1000
    hidden[:, joint] = nan
    query[joint] = nan
    np.testing.assert_array_equal(pose_distances("2d", poses[0], other, weight), plain)
    np.testing.assert_array_equal(pose_distances("2d", poses[0], hidden, weight), plain)
    heavy = np.where(np.arange(17) == joint, 5.0, weight)  # unseen in the query: its weight does not matter
    np.testing.assert_array_equal(pose_distances("2d", query, poses, heavy), plain)


@few
@given(seeds, st.sampled_from([1e-12, 1e-3, 7.0, 1e6]))
def test_only_the_ratio_of_weights_counts(seed: int, factor: float) -> None:
    poses = random_poses(seed, 8, hidden=0.5)
    weight = random_weights(seed)
    np.testing.assert_allclose(
        pose_distances("2d", poses[0], poses, weight * factor),
        pose_distances("2d", poses[0], poses, weight),
        rtol=1e-9,
    )


@pytest.mark.parametrize(
    ("gallery", "rule", "comparable"),
    [
        (pose(left_shoulder=(0, 0)), Comparability(), False),  # 1 shared joint
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(), True),  # 2 of 3, share .67
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(3), False),
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(2, 0.7), False),
        (pose(left_shoulder=(0, 0), left_hip=(0, 9)), Comparability(2, 2 / 3), True),  # exactly the share
        (pose(left_shoulder=(4, 4), left_hip=(4, 4), right_shoulder=(4, 4)), Comparability(), False),  # one point
        (pose(left_shoulder=(0, 0), nose=(5, 5)), Comparability(), False),  # the nose was not asked for
        (pose(), Comparability(2, 0), False),
    ],
)
def test_when_poses_are_comparable(gallery: NDArray[np.float64], rule: Comparability, comparable: bool) -> None:
    found = pose_distances("2d", L_SHAPE, gallery[None], None, rule)
    joints = joint_distances("2d", L_SHAPE, gallery[None], None, rule)
    assert np.isfinite(found[0]) == comparable
    assert np.isfinite(joints).any() == comparable


def test_a_query_on_one_point_or_without_joints_is_not_comparable() -> None:
    point = pose(left_shoulder=(4, 4), right_shoulder=(4, 4), left_hip=(4, 4))
    for query, weight in ((point, None), (pose(), None), (L_SHAPE, np.zeros(17))):
        assert np.isnan(pose_distances("2d", query, OTHER[None], weight)).all()
        assert np.isnan(joint_distances("2d", query, OTHER[None], weight)).all()


def test_half_seen_points_are_unseen() -> None:
    half = OTHER.copy()
    half[J["left_hip"]] = (10, nan)
    two = OTHER.copy()
    two[J["left_hip"]] = nan
    assert pose_distances("2d", L_SHAPE, half[None]) == pose_distances("2d", L_SHAPE, two[None])


def test_blocks_equal_single_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    poses = random_poses(11, 23)
    whole = pose_distances("2d", poses[0], poses)
    joints = joint_distances("2d", poses[0], poses)
    monkeypatch.setattr(distances, "_ROWS_AT_ONCE", 5)  # 23 rows: four blocks and a rest of 3
    np.testing.assert_array_equal(pose_distances("2d", poses[0], poses), whole)
    np.testing.assert_array_equal(joint_distances("2d", poses[0], poses), joints)


def test_more_rows_than_one_block() -> None:
    poses = random_poses(12, 7)
    count = distances._ROWS_AT_ONCE + 1
    many = np.resize(poses, (count, 17, 2)).astype(np.float32)
    found = pose_distances("2d", poses[0], many)
    single = pose_distances("2d", poses[0], poses.astype(np.float32))
    np.testing.assert_array_equal(found, np.resize(single, count))  # the last row is a block of its own


def test_empty_gallery_and_wrong_input() -> None:
    assert pose_distances("2d", L_SHAPE, np.zeros((0, 17, 2))).shape == (0,)
    assert joint_distances("2d", L_SHAPE, np.zeros((0, 17, 2))).shape == (0, 17)
    with pytest.raises(ValueError, match=r"query of shape \(17, 2\), got \(16, 2\)"):
        pose_distances("2d", np.zeros((16, 2)), OTHER[None])
    for wrong in (np.ones(16), np.full(17, -1.0), np.full(17, nan)):
        with pytest.raises(ValueError, match="17 finite weights"):
            pose_distances("2d", L_SHAPE, OTHER[None], wrong)
    with pytest.raises(ValueError, match="min_joints must be at least 2, got 1"):
        Comparability(min_joints=1)
    with pytest.raises(ValueError, match="min_share"):
        Comparability(min_share=1.5)


def test_weighted_mean_by_hand() -> None:
    joints = np.array([[1.0, nan, 4.0], [nan, nan, nan], [2.0, 3.0, nan]])
    # (1 * 1 + 3 * 4) / 4; nothing; (1 * 2 + 2 * 3) / 3
    np.testing.assert_allclose(distances.weighted_mean(joints, np.array([1.0, 2, 3])), [13 / 4, nan, 8 / 3])


def test_what_each_metric_is() -> None:
    assert list(METRICS) == ["2d", "3d", "procrustes", "np-3d", "np-procrustes"]
    assert [(m.dimension, m.rotate, m.rescale) for m in METRICS.values()] == [
        (2, False, True),
        (3, False, False),
        (3, True, False),
        (3, False, True),
        (3, True, True),
    ]
    assert [m.unit for m in METRICS.values()] == ["px of 128", "mm", "mm", "of body size", "of body size"]


def deep(**places: tuple[float, float, float]) -> NDArray[np.float64]:
    points = np.full((17, 3), nan)
    for name, place in places.items():
        points[J[name]] = place
    return points


def random_bodies(seed: int, count: int, hidden: float = 0.2) -> NDArray[np.float64]:
    """Metres."""
    random = np.random.default_rng(seed)
    points = random.normal(0, 0.4, (count, 17, 3)) * (1.0, 1.5, 0.7)
    points[random.random((count, 17)) < hidden] = nan
    return points


def naive_3d(
    metric: str, query: NDArray[np.float64], other: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """The 3D metrics as the module's head says, with SciPy's rotation."""
    seen = np.isfinite(query).all(axis=1) & (weight > 0)
    shared = seen & np.isfinite(other).all(axis=1)
    least = 3 if "procrustes" in metric else 2
    if shared.sum() < least or weight[shared].sum() < 0.5 * weight[seen].sum():
        return nan, np.full(17, nan)
    w = weight[shared]
    first, second = (points[shared] - np.average(points[shared], axis=0, weights=w) for points in (query, other))
    unit = 1000.0
    if metric.startswith("np-"):
        first = first / math.sqrt(np.average((first**2).sum(axis=1), weights=w))
        second = second / math.sqrt(np.average((second**2).sum(axis=1), weights=w))
        unit = 1.0
    if "procrustes" in metric:
        turn, _ = Rotation.align_vectors(second, first, weights=w)
        first = turn.apply(first)
    joints = np.full(17, nan)
    joints[shared] = unit * np.linalg.norm(first - second, axis=1)
    return float(np.average(joints[shared], weights=w)), joints


THREE = deep(left_hip=(0, 0, 0), right_hip=(3, 0, 0), nose=(0, 3, 0))
EACH = weights(left_hip=1, right_hip=1, nose=1)


def test_3d_by_hand() -> None:
    # The nose is 3 m lower in z. Means: (1, 1, 0) and (1, 1, -1). Hips differ by 1 m, the nose by 2 m.
    other = deep(left_hip=(0, 0, 0), right_hip=(3, 0, 0), nose=(0, 3, -3))
    joints = joint_distances("3d", THREE, other[None], EACH)[0]
    np.testing.assert_allclose(joints[[J["left_hip"], J["right_hip"], J["nose"]]], [1000, 1000, 2000])
    np.testing.assert_allclose(pose_distances("3d", THREE, other[None], EACH), [4000 / 3])
    # With weight 2 for the nose: mean z -6/4, hips differ by 1.5 m, the nose by 1.5 m.
    np.testing.assert_allclose(pose_distances("3d", THREE, other[None], EACH + np.eye(17)[0]), [1500])


def test_procrustes_by_hand() -> None:
    # A cross of four arms, the other one turned by 90 degrees about z and one pair of arms of length 2, not 1.
    # After the best turn the short arms fit and the long ones are 1 m off: (0 + 0 + 1 + 1) / 4.
    asked = weights(left_wrist=1, right_wrist=1, left_ankle=1, right_ankle=1)
    query = deep(left_wrist=(1, 0, 0), right_wrist=(-1, 0, 0), left_ankle=(0, 1, 0), right_ankle=(0, -1, 0))
    other = deep(left_wrist=(0, 1, 0), right_wrist=(0, -1, 0), left_ankle=(-2, 0, 0), right_ankle=(2, 0, 0))
    joints = joint_distances("procrustes", query, other[None] + 7, asked)[0]
    np.testing.assert_allclose(joints[[J["left_wrist"], J["left_ankle"]]], [0, 1000], atol=1e-9)
    np.testing.assert_allclose(pose_distances("procrustes", query, other[None] + 7, asked), [500])
    # To one size: root-mean-squares 1 and sqrt((1 + 1 + 4 + 4) / 4) = sqrt(2.5).
    by_hand = ((1 - 1 / math.sqrt(2.5)) + (2 / math.sqrt(2.5) - 1)) / 2
    np.testing.assert_allclose(pose_distances("np-procrustes", query, other[None], asked), [by_hand])


def test_np_3d_by_hand() -> None:
    # About their middle the joints are at -1, 1 and at -3, 3 along x: to one size they are equal; the other way
    # round they are 2 apart.
    pair = deep(left_wrist=(0, 0, 0), right_wrist=(2, 0, 0))
    wide = deep(left_wrist=(1, 1, 1), right_wrist=(7, 1, 1))
    swapped = deep(left_wrist=(7, 1, 1), right_wrist=(1, 1, 1))
    asked = weights(left_wrist=1, right_wrist=1)
    np.testing.assert_allclose(pose_distances("np-3d", pair, np.stack([wide, swapped]), asked), [0, 2], atol=1e-12)


def test_a_mirror_image_is_no_rotation() -> None:
    # Four arms of different lengths in space, and their mirror image: no turn makes them equal.
    hand = deep(nose=(0, 0, 0), left_wrist=(1, 0, 0), left_hip=(0, 2, 0), left_ankle=(0, 0, 3))
    asked = weights(nose=1, left_wrist=1, left_hip=1, left_ankle=1)
    mirrored = hand * (-1, 1, 1)
    assert pose_distances("procrustes", hand, mirrored[None], asked)[0] > 100
    turned_round = hand * (-1, 1, -1)
    np.testing.assert_allclose(pose_distances("procrustes", hand, turned_round[None], asked), 0, atol=1e-9)


@few
@given(seeds, st.sampled_from(DEEP), st.booleans())
def test_3d_distances_agree_with_scipy(seed: int, metric: str, usual: bool) -> None:
    poses = random_bodies(seed, 8, hidden=0.3)
    weight = skeleton.DEFAULT_WEIGHTS if usual else random_weights(seed)
    found = pose_distances(metric, poses[0], poses, weight)
    joints = joint_distances(metric, poses[0], poses, weight)
    for row, other in enumerate(poses):
        distance, each = naive_3d(metric, poses[0], other, weight)
        np.testing.assert_allclose(found[row], distance, rtol=1e-6, atol=1e-4)
        np.testing.assert_allclose(joints[row], each, rtol=1e-6, atol=1e-3)


def test_the_best_turn_leaves_the_squares_that_scipy_leaves() -> None:
    """SciPy's Procrustes also allows reflections and the best scale: of turned copies of a pose it leaves nothing,
    and of others no more than ours."""
    poses = random_bodies(5, 20, hidden=0)
    ours = joint_distances("np-procrustes", poses[0], poses, np.ones(17))
    for other, joints in zip(poses, ours, strict=True):
        disparity = procrustes(other, poses[0])[2]  # of poses whose sum of squares is 1
        assert disparity <= (joints**2).sum() / 17 + 1e-9
    turn = Rotation.from_euler("xyz", (0.3, -1, 2)).as_matrix()
    np.testing.assert_allclose(
        pose_distances("np-procrustes", poses[0], (poses[0] * 3 @ turn.T + 1)[None]), 0, atol=1e-9
    )


@few
@given(seeds, st.sampled_from(DEEP))
def test_what_moving_turning_and_scaling_change(seed: int, metric: str) -> None:
    random = np.random.default_rng(seed)
    poses = random_bodies(seed, 5)
    plain = pose_distances(metric, poses[0], poses)
    turn = Rotation.random(rng=random).as_matrix()
    close = {"rtol": 1e-6, "atol": 1e-6}
    np.testing.assert_allclose(pose_distances(metric, poses[0] + (5, -3, 1), poses), plain, **close)
    np.testing.assert_allclose(pose_distances(metric, poses[0] @ turn.T, poses @ turn.T), plain, **close)
    both = pose_distances(metric, poses[0] * 2, poses * 2)
    np.testing.assert_allclose(both, plain * (1 if METRICS[metric].rescale else 2), **close)
    tilted = pose_distances(metric, poses[0] @ turn.T, poses)
    assert np.allclose(tilted, plain, equal_nan=True, **close) == METRICS[metric].rotate
    larger = pose_distances(metric, poses[0] * 2, poses)
    assert np.allclose(larger, plain, equal_nan=True, **close) == METRICS[metric].rescale
    assert plain[0] == pytest.approx(0, abs=1e-6)


@few
@given(seeds, st.sampled_from(DEEP))
def test_3d_distances_are_symmetric_on_equal_joints_and_mirror(seed: int, metric: str) -> None:
    poses = random_bodies(seed, 3, hidden=0)
    poses[:, np.random.default_rng(seed).random(17) < 0.3] = nan
    assume(np.isfinite(poses[0, :, 0]).sum() >= 4)
    weight = random_weights(seed) + 0.1
    there = pose_distances(metric, poses[0], poses, weight)
    np.testing.assert_allclose(pose_distances(metric, poses[2], poses, weight)[0], there[2], rtol=1e-6, atol=1e-5)
    shown = pose_distances(metric, geometry.mirror(poses[0]), geometry.mirror(poses), weight[skeleton.FLIP])
    np.testing.assert_allclose(shown, there, rtol=1e-6, atol=1e-5)


@few
@given(seeds, st.sampled_from(DEEP), st.integers(0, 16), st.permutations(range(9)))
def test_3d_order_company_and_hidden_joints(seed: int, metric: str, joint: int, order: list[int]) -> None:
    poses = random_bodies(seed, 9)
    together = pose_distances(metric, poses[0], poses)
    np.testing.assert_array_equal(pose_distances(metric, poses[0], poses[order]), together[order])
    alone = [pose_distances(metric, poses[0], one[None])[0] for one in poses]
    np.testing.assert_array_equal(alone, together)
    weight = random_weights(seed)
    weight[joint] = 0
    plain = pose_distances(metric, poses[0], poses, weight)
    moved, hidden, query = poses.copy(), poses.copy(), poses[0].copy()
    moved[:, joint] += 10
    hidden[:, joint] = nan
    query[joint] = nan
    np.testing.assert_array_equal(pose_distances(metric, poses[0], moved, weight), plain)
    np.testing.assert_array_equal(pose_distances(metric, poses[0], hidden, weight), plain)
    np.testing.assert_array_equal(pose_distances(metric, query, poses, weight + np.eye(17)[joint]), plain)


LINE = deep(left_shoulder=(0, 0, 0), left_elbow=(0.1, 0.2, 0.3), left_wrist=(0.2, 0.4, 0.6))
BENT = deep(left_shoulder=(0, 0, 0), left_elbow=(0.1, 0.2, 0.3), left_wrist=(0.2, 0.4, 0.5))
ARM = weights(left_shoulder=1, left_elbow=1, left_wrist=1)


@pytest.mark.parametrize(
    ("query", "other", "fixed", "turned"),
    [
        (BENT, BENT, True, True),
        (BENT, LINE, True, False),
        (LINE, BENT, True, False),
        (LINE, LINE, True, False),
        (BENT, deep(left_shoulder=(0, 0, 0), left_wrist=(1, 0, 0)), True, False),  # 2 joints
        (BENT, deep(left_shoulder=(0, 0, 0)), False, False),
        (BENT, deep(left_shoulder=(1, 1, 1), left_elbow=(1, 1, 1), left_wrist=(1, 1, 1)), False, False),
        (deep(), BENT, False, False),
    ],
)
def test_when_poses_in_space_are_comparable(
    query: NDArray[np.float64], other: NDArray[np.float64], fixed: bool, turned: bool
) -> None:
    for metric in DEEP:
        found = pose_distances(metric, query, other[None], ARM)
        joints = joint_distances(metric, query, other[None], ARM)
        expected = turned if METRICS[metric].rotate else fixed
        assert np.isfinite(found[0]) == np.isfinite(joints).any() == expected, metric


def test_wrong_metric_and_wrong_dimension() -> None:
    with pytest.raises(ValueError, match="unknown metric '4d'; there are 2d, 3d"):
        pose_distances("4d", THREE, THREE[None])
    with pytest.raises(ValueError, match=r"query of shape \(17, 3\), got \(17, 2\)"):
        pose_distances("3d", L_SHAPE, THREE[None])
    with pytest.raises(ValueError, match=r"gallery of shape \(N, 17, 3\), got \(1, 17, 2\)"):
        joint_distances("3d", THREE, L_SHAPE[None])
    for metric in DEEP:
        assert pose_distances(metric, THREE, np.zeros((0, 17, 3))).shape == (0,)


def test_the_share_of_what_was_asked_for() -> None:
    query, gallery = np.ones((17, 2)), np.ones((3, 17, 2))
    query[[1, 2]] = np.nan  # both eyes are not asked for
    gallery[1, 15:] = np.nan  # both ankles are hidden
    gallery[2] = np.nan
    asked = 12 + 3 * 0.2
    np.testing.assert_allclose(shared_weight(query, gallery), [1, (asked - 2) / asked, 0])
    arms = np.isin(np.arange(17), range(5, 11)) * 1.0
    assert shared_weight(query, gallery, arms).tolist() == [1, 1, 0]
    assert shared_weight(np.full((17, 3), np.nan), np.ones((2, 17, 3))).tolist() == [0, 0]
